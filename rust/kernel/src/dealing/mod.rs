//! Dealing: what an order comes to at a price, row by row and over columns.
//!
//! A [`Pricing`] is a fund's terms at one price with every fraction that they need prepared once. All results are
//! exact integers at the table's scales; a result of more than 18 digits is [`Code::Overflow`].

mod columns;
mod pricing;
mod ratio;
mod redeem;
mod redeeming;
mod subscribe;
mod subscribing;
mod switch;
#[cfg(test)]
mod tests;

use crate::day::types::Reason;
use crate::error::Code;

pub use columns::{Codes, FundColumn, FundNumbers, Prices, UNKNOWN};
pub use pricing::Pricing;
pub use redeem::{LotPart, Redemption, redeem};
pub use redeeming::{Redeeming, Switching, redeem_columns, switch_columns};
pub use subscribe::{Charged, Subscription, SubscriptionRow, own_charge_is_valid};
pub use subscribing::{Subscribing, subscribe_columns};
pub use switch::{Switched, switch};

/// Why an order is not dealt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The rules reject this one order.
    Rejected(Reason),
    /// A result cannot be held: a failure of the whole call.
    Failed(Code),
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self::Failed(code)
    }
}
