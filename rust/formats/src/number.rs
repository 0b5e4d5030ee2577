//! Numbers of a field: digits that fill it, maybe a minus before them, the decimal point implied.

use crate::text::BLANK;

/// The most bytes of a number: its digits fit in an `i64` with room to spare.
pub const MOST_DIGITS: usize = 18;

/// The number of a field; blank is zero. `None` if a byte is no digit, or there are more than [`MOST_DIGITS`].
///
/// ```
/// use fundclear_formats::number::parse;
/// assert_eq!(parse(b"0000000000010010"), Some(10010));
/// assert_eq!(parse(b"-012"), Some(-12));
/// assert_eq!(parse(b"    "), Some(0));
/// assert_eq!(parse(b"  12"), None);
/// ```
#[inline]
pub fn parse(field: &[u8]) -> Option<i64> {
    let (digits, is_negative) = match field {
        [b'-', rest @ ..] if !rest.is_empty() => (rest, true),
        _ => (field, false),
    };
    if digits.len() > MOST_DIGITS {
        return None;
    }
    let mut value: i64 = 0;
    let mut is_good = true;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        is_good &= digit <= 9;
        // Eighteen digits stay below 10^18; what is made of other bytes is thrown away.
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
    }
    if is_good {
        return Some(if is_negative { -value } else { value });
    }
    field.iter().all(|byte| *byte == BLANK).then_some(0)
}

/// Writes a number so that it fills the field; `false` if it has more digits than the field.
#[inline]
pub fn write(value: i64, field: &mut [u8]) -> bool {
    let mut rest = value.unsigned_abs();
    for place in field.iter_mut().rev() {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    if rest != 0 {
        return false;
    }
    match field.first_mut() {
        Some(first) if value < 0 => {
            let is_free = *first == b'0';
            *first = b'-';
            is_free && field.len() > 1
        }
        _ => true,
    }
}
