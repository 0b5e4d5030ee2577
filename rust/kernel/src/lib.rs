//! The arithmetic of fundclear: exact fixed-point decimals on int64 columns, and the steps of a clearing day.
//!
//! No Python, no I/O, no `unsafe`, no panic. A value is an `i64` of minor units with a scale of 0 to 18, at most
//! 18 digits; products are held in 128 bits and, where that is not enough, in 256.
#![forbid(unsafe_code)]
// Tests write 50_000_00 for fifty thousand and no cents.
#![cfg_attr(test, allow(clippy::inconsistent_digit_grouping))]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

pub mod allocate;
pub mod arithmetic;
mod bounds;
pub mod day;
pub mod dealing;
pub mod error;
pub mod exec;
pub mod income;
pub mod netting;
pub mod reduce;
pub mod rounding;
pub mod scalar;
pub mod scale;
pub mod settlement;
pub mod split;
pub mod terms;
pub mod text;
pub mod wide;
pub mod width;
