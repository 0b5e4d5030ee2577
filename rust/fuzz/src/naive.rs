//! What a text is worth, worked out on strings of digits: slow, plain, and written without a look at the kernel.

use std::cmp::Ordering;

/// What the parser should say; places of faults are the kernel's own tests' business.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Minor units.
    Value(i64),
    NotANumber,
    Overflow,
    Inexact,
}

/// Sign, digits, and the power of ten of the last digit.
pub struct Number {
    negative: bool,
    digits: String,
    exponent: i128,
}

/// Splits a text of the grammar `[+-]? ( D+ ('.' D*)? | '.' D+ ) ([eE] [+-]? D+)?`; the exponent only if allowed.
pub fn split(text: &[u8], exponents: bool) -> Option<Number> {
    let text = std::str::from_utf8(text).ok()?;
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(mark) if exponents => (&text[..mark], integer(&text[mark + 1..])?),
        _ => (text, 0),
    };
    let (negative, mantissa) = sign(mantissa);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Number { negative, digits, exponent: exponent - fraction.len() as i128 })
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// An exponent; those too far out for any text to make up for are all the same.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = sign(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    let magnitude = if digits.len() > 20 { 10_i128.pow(20) } else { format!("0{digits}").parse().ok()? };
    Some(if negative { -magnitude } else { magnitude })
}

impl Number {
    /// The decimals written.
    pub fn decimals(&self) -> i128 {
        (-self.exponent).max(0)
    }

    /// The value in minor units of so many places, by the name of the rounding.
    pub fn value(&self, places: u8, rounding: &str) -> Verdict {
        let digits = self.digits.trim_start_matches('0');
        if digits.is_empty() {
            return Verdict::Value(0);
        }
        // How many of the digits are minor units; the others are cut off.
        let kept = digits.len() as i128 + self.exponent + i128::from(places);
        if kept > 18 {
            return Verdict::Overflow;
        }
        let (quotient, lost) = match usize::try_from(kept) {
            Ok(kept) if kept >= digits.len() => (format!("{digits:0<kept$}"), String::new()),
            Ok(kept) => (format!("0{}", &digits[..kept]), digits[kept..].to_owned()),
            // A zero stands for all that are between the unit and the first digit.
            Err(_) => ("0".to_owned(), format!("0{digits}")),
        };
        let some = lost.bytes().any(|byte| byte != b'0');
        if some && rounding == "Exact" {
            return Verdict::Inexact;
        }
        let quotient: i64 = quotient.parse().expect("at most 18 digits");
        let away = away(rounding, self.negative, quotient % 10, some, half(&lost));
        match quotient + i64::from(away) {
            1_000_000_000_000_000_000.. => Verdict::Overflow,
            magnitude => Verdict::Value(if self.negative { -magnitude } else { magnitude }),
        }
    }
}

/// Digits after the unit against a half.
fn half(lost: &str) -> Ordering {
    let lost = lost.trim_end_matches('0');
    lost.cmp("5")
}

fn away(rounding: &str, negative: bool, last: i64, some: bool, half: Ordering) -> bool {
    match rounding {
        "HalfUp" => half != Ordering::Less,
        "HalfEven" => half == Ordering::Greater || (half == Ordering::Equal && last % 2 == 1),
        "HalfDown" => half == Ordering::Greater,
        "Up" => some,
        "Ceiling" => some && !negative,
        "Floor" => some && negative,
        "ZeroFiveUp" => some && (last == 0 || last == 5),
        _ => false,
    }
}
