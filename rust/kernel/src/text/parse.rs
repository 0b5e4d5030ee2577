//! One text to minor units: a short one in one go, every other by [`grammar`].

use std::cmp::Ordering;

use crate::rounding::{Mode, Rounding, Tail};
use crate::scale::Scale;
use crate::text::grammar::{self, Round};
use crate::text::short::{Shape, Short, signed};
use crate::text::words::POWERS;
use crate::text::{Syntax, TextError};
use crate::with_mode;

/// The value of a text in minor units of a scale, rounded if digits after the scale are not zero.
///
/// `-0` is 0. For many values make a [`Parser`] once.
pub fn parse(text: &[u8], syntax: Syntax, scale: Scale, rounding: Rounding) -> Result<i64, TextError> {
    Parser::new(syntax, scale, rounding).parse(text)
}

/// The decimal places that a text writes, trailing zeros and all; with an exponent, those that are left after the
/// point has moved, at least 0. More than a `u32` holds are `u32::MAX`.
pub fn decimals(text: &[u8], syntax: Syntax) -> Result<u32, TextError> {
    decimals_of_last(text, text.len(), syntax)
}

/// [`decimals`] of the last `length` bytes of `bytes`; see [`Parser::parse_last`].
#[inline]
pub(super) fn decimals_of_last(bytes: &[u8], length: usize, syntax: Syntax) -> Result<u32, TextError> {
    match Short::read(bytes, length) {
        Some(short) => Ok(short.decimals),
        None => Ok(grammar::read(last(bytes, length), syntax)?.decimals()),
    }
}

/// A parser of values of one scale: whatever does not change from value to value is chosen when it is made.
#[derive(Clone, Copy, Debug)]
pub struct Parser {
    syntax: Syntax,
    places: u32,
    round: Round,
}

impl Parser {
    /// A parser of texts into minor units of a scale.
    pub fn new(syntax: Syntax, scale: Scale, rounding: Rounding) -> Self {
        let round = with_mode!(rounding, M => round::<M> as Round);
        Self { syntax, places: u32::from(scale.places()), round }
    }

    /// The value of a text in minor units; see [`parse()`].
    #[inline]
    pub fn parse(&self, text: &[u8]) -> Result<i64, TextError> {
        self.parse_last(text, text.len())
    }

    /// The value of the last `length` bytes of `bytes`, whatever stands before them.
    #[inline]
    pub(super) fn parse_last(&self, bytes: &[u8], length: usize) -> Result<i64, TextError> {
        match Short::read(bytes, length).and_then(|short| self.value(&short)) {
            Some(value) => Ok(value),
            None => self.parse_any(last(bytes, length)),
        }
    }

    /// The shape of a text, for [`Shape::value`] to try on the texts that follow it in a column.
    pub(super) fn shape_of(&self, bytes: &[u8], length: usize) -> Shape {
        Shape::of(bytes, length, self.places)
    }

    /// The value of a short text; `None` if it is an error, which [`Self::parse_any`] will name.
    #[inline(always)]
    fn value(&self, short: &Short) -> Option<i64> {
        let widen = self.places.wrapping_sub(short.decimals);
        // Wrapped below zero, the difference is no index of the table.
        let magnitude = match usize::try_from(widen).ok().and_then(|widen| POWERS.get(widen)) {
            // A product with ten to the `widen` has at most 18 digits if the factor has at most 18 - `widen`.
            Some(power) => {
                let limit = POWERS.get(18_u32.wrapping_sub(widen) as usize)?;
                (short.magnitude < *limit).then(|| short.magnitude.wrapping_mul(*power))?
            }
            None => self.cut(short, short.decimals.wrapping_sub(self.places))?,
        };
        Some(signed(short.negative, magnitude))
    }

    /// A short text's magnitude without its last `cut` digits, at least one, rounded.
    #[inline]
    fn cut(&self, short: &Short, cut: u32) -> Option<u64> {
        let divisor = *POWERS.get(cut as usize)?;
        let quotient = short.magnitude.checked_div(divisor)?;
        let lost = short.magnitude.checked_rem(divisor)?;
        let tail = match lost.cmp(&(divisor / 2)) {
            _ if lost == 0 => Tail::Zero,
            Ordering::Less => Tail::BelowHalf,
            Ordering::Equal => Tail::Half,
            Ordering::Greater => Tail::AboveHalf,
        };
        // Of at most 18 digits, which a text with a point has here, at least one was cut off: one up is none too many.
        (self.round)(short.negative, quotient, tail)
    }

    #[cold]
    fn parse_any(&self, text: &[u8]) -> Result<i64, TextError> {
        grammar::read(text, self.syntax)?.value(self.places as usize, self.round)
    }
}

/// The rule of a mode as a function that a [`Parser`] can keep.
fn round<M: Mode>(negative: bool, quotient: u64, tail: Tail) -> Option<u64> {
    if M::EXACT && tail != Tail::Zero {
        return None;
    }
    // A quotient has at most 19 digits, and the largest such number is below 2^64 - 1.
    Some(quotient.wrapping_add(u64::from(M::goes_up(negative, quotient, tail))))
}

/// The last `length` bytes; all of them if there are not so many.
fn last(bytes: &[u8], length: usize) -> &[u8] {
    bytes.get(bytes.len().wrapping_sub(length)..).unwrap_or(bytes)
}
