//! Decimal text: what counts as a number, what it is worth in minor units, and minor units as text again.
//!
//! No float and no rounding but the one that is named: a text of any length is worth its exact value, whose digits
//! after the scale decide the rounding however many they are.
//!
//! One value at a time: [`parse()`] and [`format()`], or a [`Parser`] that is made once and kept. Columns, over
//! threads: [`parse_column`], [`decimals_column`], [`format_column`].
//!
//! ```
//! use fundclear_kernel::{rounding::Rounding, scale::Scale, text};
//!
//! let cents = Scale::new(2).unwrap();
//! let minor = text::parse(b"-12.345", text::Syntax::Plain, cents, Rounding::HalfEven);
//! assert_eq!(minor, Ok(-1234));
//! assert_eq!(text::format(-1234, cents, &mut [0; text::TEXT_MAX]), b"-12.34");
//! ```

mod column;
mod format;
mod grammar;
mod parse;
mod short;
mod words;

pub use column::{FormattedText, Formatter, Texts, decimals_column, format_column, parse_column};
pub use format::{TEXT_MAX, format, format_wide};
pub use parse::{Parser, decimals, parse};

use crate::error::Code;

/// How a number may be written. ASCII digits only; no blanks, no separators of thousands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Syntax {
    /// `[+-]? ( D+ ('.' D*)? | '.' D+ )`
    Plain,
    /// Plain, and then perhaps `[eE] [+-]? D+`: what Python's `str(Decimal)` prints.
    Decimal,
}

/// Why a text has no value in minor units.
///
/// A text with several faults is reported with the first of: not a number ([`Code::Empty`], [`Code::Nan`],
/// [`Code::Infinity`], [`Code::Stray`]), too many digits ([`Code::Overflow`]), lost digits ([`Code::Inexact`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TextError {
    /// What is wrong.
    pub code: Code,
    /// The byte at fault, counted from zero: the first that cannot continue a number (the text's length if it ends
    /// too early), the word that is no number, the first digit of a value that is too long, or the first digit that
    /// would be lost.
    pub position: usize,
}

#[cfg(test)]
mod tests;
