//! Any text at all, byte by byte: the grammar, its errors, and the exact value of what was written.
//!
//! The parser comes here with what its fast path does not take: long texts, exponents, and every error.

use crate::error::Code;
use crate::rounding::Tail;
use crate::scale::{DIGITS, MAX_MINOR};
use crate::text::{Syntax, TextError};

/// Rounds a magnitude of this sign, given what was cut off; `None` if digits are lost and may not be.
pub(super) type Round = fn(negative: bool, quotient: u64, tail: Tail) -> Option<u64>;

/// An exponent further out than this is not told apart from this: no text is long enough to make up for it (memory
/// ends long before 2^60 bytes), and sums of it with lengths stay within an `i64`.
const FAR: i64 = 1 << 61;

/// A number as it was written.
pub(super) struct Written<'a> {
    negative: bool,
    /// The digits before the decimal point, perhaps none.
    whole: &'a [u8],
    whole_start: usize,
    /// The digits after the decimal point, perhaps none; one of the two has some.
    fraction: &'a [u8],
    fraction_start: usize,
    exponent: i64,
}

/// Reads a text by the grammar of its syntax.
pub(super) fn read(text: &[u8], syntax: Syntax) -> Result<Written<'_>, TextError> {
    let stray = |position| TextError { code: Code::Stray, position };
    let Some(first) = text.first() else { return Err(TextError { code: Code::Empty, position: 0 }) };
    let whole_start = usize::from(matches!(first, b'+' | b'-'));
    let whole_end = digits_end(text, whole_start);
    let has_point = text.get(whole_end) == Some(&b'.');
    let fraction_start = after(whole_end, usize::from(has_point));
    let end = if has_point { digits_end(text, fraction_start) } else { whole_end };
    if whole_end == whole_start && end == fraction_start {
        return Err(word(text, whole_start, syntax).unwrap_or_else(|| stray(end)));
    }
    let exponent = match text.get(end) {
        None => 0,
        Some(b'e' | b'E') if syntax == Syntax::Decimal => read_exponent(text, after(end, 1)).map_err(stray)?,
        Some(_) => return Err(stray(end)),
    };
    Ok(Written {
        negative: *first == b'-',
        whole: text.get(whole_start..whole_end).unwrap_or_default(),
        whole_start,
        fraction: text.get(fraction_start..end).unwrap_or_default(),
        fraction_start,
        exponent,
    })
}

/// The place `count` bytes after a place inside a text.
const fn after(position: usize, count: usize) -> usize {
    // A text is at most isize::MAX bytes long, so neither a place in it nor the sum of two wraps.
    position.wrapping_add(count)
}

/// Where the run of digits ends that begins at `start`.
fn digits_end(text: &[u8], start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    after(start, rest.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

/// The exponent that begins at `start` and ends the text, no further out than [`FAR`]; or the place of the fault.
fn read_exponent(text: &[u8], start: usize) -> Result<i64, usize> {
    let sign = text.get(start).filter(|byte| matches!(byte, b'+' | b'-'));
    let digits_start = after(start, usize::from(sign.is_some()));
    let end = digits_end(text, digits_start);
    if end == digits_start || end != text.len() {
        return Err(end);
    }
    let digits = text.get(digits_start..end).unwrap_or_default();
    let magnitude = digits.iter().fold(0_i64, |sum, byte| {
        // At most 10 * 2^61 + 9 would wrap; saturated arithmetic ends at FAR all the same.
        sum.saturating_mul(10).saturating_add(i64::from(byte.wrapping_sub(b'0'))).min(FAR)
    });
    Ok(if sign == Some(&b'-') { magnitude.wrapping_neg() } else { magnitude })
}

/// The error of a text that is, after its sign, a word of Python's `Decimal` and no number.
fn word(text: &[u8], start: usize, syntax: Syntax) -> Option<TextError> {
    let rest = text.get(start..)?;
    let is = |word: &[u8]| rest.eq_ignore_ascii_case(word);
    // Python prints the payload of a NaN behind it.
    let payload = rest.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let name = match syntax {
        Syntax::Plain => rest,
        Syntax::Decimal => rest.get(..rest.len().saturating_sub(payload))?,
    };
    let code = if is(b"infinity") || is(b"inf") {
        Code::Infinity
    } else if name.eq_ignore_ascii_case(b"nan") || name.eq_ignore_ascii_case(b"snan") {
        Code::Nan
    } else {
        return None;
    };
    Some(TextError { code, position: start })
}

impl Written<'_> {
    /// The decimal places written, zeros and all, after the exponent has moved the point; never below zero.
    pub(super) fn decimals(&self) -> u32 {
        let places = length(self.fraction).saturating_sub(self.exponent).max(0);
        u32::try_from(places).unwrap_or(u32::MAX)
    }

    /// The value in minor units of `places` decimals.
    pub(super) fn value(&self, places: usize, round: Round) -> Result<i64, TextError> {
        let mut digits = self.whole.iter().chain(self.fraction).map(|byte| byte.wrapping_sub(b'0'));
        let leading_zeros = digits.clone().take_while(|digit| *digit == 0).count();
        let written = after(self.whole.len(), self.fraction.len());
        if leading_zeros == written {
            return Ok(0);
        }
        // So many digits, from the first that is not zero, make the quotient. The sums of an exponent within FAR
        // and three lengths are within an i64.
        let zeros = i64::try_from(leading_zeros).unwrap_or(FAR);
        let places = i64::try_from(places).unwrap_or(FAR);
        let kept = length(self.whole).saturating_sub(zeros).saturating_add(self.exponent).saturating_add(places);
        if kept > i64::from(DIGITS) {
            return Err(TextError { code: Code::Overflow, position: self.position(leading_zeros) });
        }
        let mut digits = digits.by_ref().skip(leading_zeros);
        let mut quotient = 0_u64;
        for _ in 0..kept.max(0) {
            // At most 18 digits, so the sum stays below ten to the 18th.
            quotient = quotient.wrapping_mul(10).wrapping_add(u64::from(digits.next().unwrap_or(0)));
        }
        let tail = if kept < 0 { Tail::BelowHalf } else { tail_of(digits) };
        let overflow = TextError { code: Code::Overflow, position: self.position(leading_zeros) };
        match round(self.negative, quotient, tail) {
            None => Err(TextError { code: Code::Inexact, position: self.first_lost(leading_zeros, kept) }),
            Some(magnitude) => signed(self.negative, magnitude).ok_or(overflow),
        }
    }

    /// Where the first digit stands that is not zero and comes after the quotient.
    fn first_lost(&self, leading_zeros: usize, kept: i64) -> usize {
        let cut = after(leading_zeros, usize::try_from(kept).unwrap_or(0));
        let rest = self.whole.iter().chain(self.fraction).skip(cut);
        self.position(after(cut, rest.take_while(|byte| **byte == b'0').count()))
    }

    /// Where a digit stands in the text, the digits counted without the point.
    fn position(&self, digit: usize) -> usize {
        match digit.checked_sub(self.whole.len()) {
            None => after(self.whole_start, digit),
            Some(digit) => after(self.fraction_start, digit),
        }
    }
}

fn length(text: &[u8]) -> i64 {
    i64::try_from(text.len()).unwrap_or(FAR)
}

/// What digits are worth, however many, as the decimals of one unit.
fn tail_of(mut digits: impl Iterator<Item = u8>) -> Tail {
    let first = digits.next().unwrap_or(0);
    let more = digits.any(|digit| digit != 0);
    match (first, more) {
        (0, false) => Tail::Zero,
        (0..5, _) => Tail::BelowHalf,
        (5, false) => Tail::Half,
        _ => Tail::AboveHalf,
    }
}

/// A value of a magnitude and a sign, if it has no more digits than a value may have.
fn signed(negative: bool, magnitude: u64) -> Option<i64> {
    let value = i64::try_from(magnitude).ok().filter(|value| *value <= MAX_MINOR)?;
    // A value from 0 to MAX_MINOR has a negative.
    Some(if negative { value.wrapping_neg() } else { value })
}
