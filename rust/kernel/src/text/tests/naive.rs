//! A parser that is slow and plain: one state for each place in the grammar, and values as strings of digits.

use crate::error::Code;
use crate::rounding::Rounding;
use crate::text::{Syntax, TextError};

#[derive(Clone, Copy, PartialEq)]
enum State {
    Start,
    Sign,
    Whole,
    BarePoint,
    Fraction,
    Mark,
    MarkSign,
    Exponent,
}

/// More than any text here makes up for with its digits.
const FAR: i64 = 100;

/// The value of a text of less than [`FAR`] digits.
pub fn parse(text: &[u8], syntax: Syntax, places: u8, rounding: Rounding) -> Result<i64, TextError> {
    let (negative, digits, exponent) = read(text, syntax)?;
    let (mut kept, mut lost) = (digits, String::new());
    let shift = (exponent + i64::from(places)).clamp(-FAR, FAR);
    for _ in 0..shift {
        kept.push('0');
    }
    for _ in shift..0 {
        lost.insert(0, kept.pop().unwrap_or('0'));
    }
    let kept = kept.trim_start_matches('0');
    let error = |code| Err(TextError { code, position: usize::MAX });
    if kept.len() > 18 {
        return error(Code::Overflow);
    }
    let mut magnitude: i64 = if kept.is_empty() { 0 } else { kept.parse().unwrap() };
    // Strings of digits compare as numbers do if they are equally long.
    let half = format!("{:0<width$}", "5", width = lost.len().max(1));
    let (some, half) = (lost.contains(|digit| digit != '0'), (lost.as_str()).cmp(&half));
    let away = match rounding {
        Rounding::HalfUp => half.is_ge(),
        Rounding::HalfEven => half.is_gt() || half.is_eq() && magnitude % 2 == 1,
        Rounding::HalfDown => half.is_gt(),
        Rounding::Up => some,
        Rounding::Down => false,
        Rounding::Ceiling => some && !negative,
        Rounding::Floor => some && negative,
        Rounding::ZeroFiveUp => some && matches!(magnitude % 10, 0 | 5),
        Rounding::Exact if some => return error(Code::Inexact),
        Rounding::Exact => false,
    };
    magnitude += i64::from(away);
    if magnitude > 999_999_999_999_999_999 {
        return error(Code::Overflow);
    }
    Ok(if negative { -magnitude } else { magnitude })
}

/// The decimals of a text.
pub fn decimals(text: &[u8], syntax: Syntax) -> Result<u32, TextError> {
    let (_, _, exponent) = read(text, syntax)?;
    Ok(u32::try_from((-exponent).max(0)).unwrap_or(u32::MAX))
}

/// Sign, digits, and the power of ten of the last digit.
fn read(text: &[u8], syntax: Syntax) -> Result<(bool, String, i64), TextError> {
    if text.is_empty() {
        return Err(TextError { code: Code::Empty, position: 0 });
    }
    let start = usize::from(text[0] == b'-' || text[0] == b'+');
    let word = String::from_utf8_lossy(&text[start..]).to_lowercase();
    let name =
        if syntax == Syntax::Decimal { word.trim_end_matches(|letter: char| letter.is_ascii_digit()) } else { &word };
    if ["inf", "infinity"].contains(&word.as_str()) {
        return Err(TextError { code: Code::Infinity, position: start });
    }
    if ["nan", "snan"].contains(&name) {
        return Err(TextError { code: Code::Nan, position: start });
    }
    let (mut state, mut digits, mut places, mut exponent) = (State::Start, String::new(), 0, String::new());
    for (position, byte) in text.iter().enumerate() {
        state = match (state, byte) {
            (State::Start, b'+' | b'-') => State::Sign,
            (State::Start | State::Sign | State::Whole, b'0'..=b'9') => State::Whole,
            (State::Start | State::Sign, b'.') => State::BarePoint,
            (State::Whole, b'.') => State::Fraction,
            (State::BarePoint | State::Fraction, b'0'..=b'9') => State::Fraction,
            (State::Whole | State::Fraction, b'e' | b'E') if syntax == Syntax::Decimal => State::Mark,
            (State::Mark, b'+' | b'-') => State::MarkSign,
            (State::Mark | State::MarkSign | State::Exponent, b'0'..=b'9') => State::Exponent,
            _ => return Err(TextError { code: Code::Stray, position }),
        };
        match (state, byte) {
            (State::Whole, _) => digits.push(char::from(*byte)),
            (State::Fraction, b'0'..=b'9') => {
                digits.push(char::from(*byte));
                places += 1;
            }
            (State::MarkSign | State::Exponent, _) => exponent.push(char::from(*byte)),
            _ => {}
        }
    }
    if !matches!(state, State::Whole | State::Fraction | State::Exponent) {
        return Err(TextError { code: Code::Stray, position: text.len() });
    }
    let exponent: i64 = if exponent.is_empty() { 0 } else { exponent.parse().unwrap() };
    Ok((text[0] == b'-', digits, exponent - places))
}
