//! Dealing days of any size that look like real ones: orders, the register of the morning and its lots.
//!
//! Every row is made from the seed and its number alone, so that threads share the work as they like and the bytes are
//! the same. Money is integers of minor units throughout.

#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod files;
pub mod orders;
pub mod random;
pub mod register;

/// What kind of day it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// One money-market fund with many small orders.
    Yuebao,
    /// Hundreds of funds with fees, lots, switches, a gate and a swing.
    TransferAgent,
}

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What kind of day.
    pub profile: Profile,
    /// How many orders.
    pub orders: u64,
    /// How many accounts.
    pub accounts: u64,
    /// What all random numbers start from.
    pub seed: u64,
    /// The dealing day, in days since 1970.
    pub day: i64,
    /// Whether ids of orders are in no order.
    pub shuffled_ids: bool,
    /// Digits of accounts that are texts; accounts are integers without it.
    pub account_digits: Option<usize>,
    /// The ids of the funds, by number.
    pub funds: Vec<String>,
    /// The ids of the distributors, by number.
    pub distributors: Vec<String>,
}

/// A fund that is none.
pub const NO_FUND: u32 = u32::MAX;

#[cfg(test)]
mod tests;
