//! What the tests of arithmetic measure it by: decimal digits in vectors, added, multiplied and divided as at school.

use std::cmp::Ordering;

use crate::error::Code;
use crate::rounding::Rounding;

/// A natural number as its decimal digits, the last digit first, without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Natural(Vec<u8>);

impl From<u128> for Natural {
    fn from(number: u128) -> Self {
        Self(number.to_string().bytes().rev().map(|byte| byte - b'0').collect()).trimmed()
    }
}

impl Natural {
    fn trimmed(mut self) -> Self {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        self
    }

    /// Ten to a power.
    pub(crate) fn power(power: u32) -> Self {
        let mut digits = vec![0; usize::try_from(power).unwrap()];
        digits.push(1);
        Self(digits)
    }

    fn digit(&self, place: usize) -> u8 {
        self.0.get(place).copied().unwrap_or(0)
    }

    pub(crate) fn plus(&self, other: &Self) -> Self {
        let (mut digits, mut carry) = (Vec::new(), 0);
        for place in 0..=self.0.len().max(other.0.len()) {
            let sum = self.digit(place) + other.digit(place) + carry;
            digits.push(sum % 10);
            carry = sum / 10;
        }
        Self(digits).trimmed()
    }

    fn minus(&self, smaller: &Self) -> Self {
        let (mut digits, mut borrow) = (Vec::new(), 0);
        for place in 0..self.0.len() {
            let taken = smaller.digit(place) + borrow;
            borrow = u8::from(self.digit(place) < taken);
            digits.push(self.digit(place) + 10 * borrow - taken);
        }
        assert_eq!(borrow, 0);
        Self(digits).trimmed()
    }

    pub(crate) fn times(&self, other: &Self) -> Self {
        let mut sums = vec![0_u32; self.0.len() + other.0.len() + 1];
        for (place, a) in self.0.iter().enumerate() {
            for (offset, b) in other.0.iter().enumerate() {
                sums[place + offset] += u32::from(a * b);
            }
        }
        let mut carry = 0;
        let digits = sums.into_iter().map(|sum| {
            let sum = sum + carry;
            carry = sum / 10;
            u8::try_from(sum % 10).unwrap()
        });
        Self(digits.collect()).trimmed()
    }

    fn compare(&self, other: &Self) -> Ordering {
        let by_digits = || self.0.iter().rev().cmp(other.0.iter().rev());
        self.0.len().cmp(&other.0.len()).then_with(by_digits)
    }

    /// Quotient and remainder by long division: bring down a digit, subtract as often as it goes.
    fn divide(&self, divisor: &Self) -> (Self, Self) {
        let (mut quotient, mut remainder) = (Vec::new(), Self(Vec::new()));
        for digit in self.0.iter().rev() {
            remainder.0.insert(0, *digit);
            remainder = remainder.trimmed();
            let mut times = 0;
            while remainder.compare(divisor).is_ge() {
                remainder = remainder.minus(divisor);
                times += 1;
            }
            quotient.insert(0, times);
        }
        (Self(quotient).trimmed(), remainder)
    }

    fn value(&self) -> Option<i64> {
        let text: String = self.0.iter().rev().map(|digit| char::from(digit + b'0')).collect();
        if text.is_empty() { Some(0) } else { text.parse().ok() }
    }
}

/// What a·b/c times ten to `up` minus `down` rounds to, by the words of the rules and nothing else.
pub(crate) fn ratio(factors: [i64; 3], up: u32, down: u32, rounding: Rounding) -> Result<i64, Code> {
    if factors.iter().any(|value| value.unsigned_abs() > 999_999_999_999_999_999) {
        return Err(Code::Digits);
    }
    let [a, b, c] = factors.map(|value| Natural::from(u128::from(value.unsigned_abs())));
    if factors[2] == 0 {
        return Err(Code::DivisionByZero);
    }
    let negative = factors.iter().filter(|value| **value < 0).count() % 2 == 1;
    let divisor = c.times(&Natural::power(down));
    let (kept, cut) = a.times(&b).times(&Natural::power(up)).divide(&divisor);
    if kept.0.len() > 18 {
        return Err(Code::Overflow);
    }
    let half = cut.plus(&cut).compare(&divisor);
    let last = kept.digit(0);
    let exact = cut.0.is_empty();
    let away = match rounding {
        _ if exact => false,
        Rounding::Exact => return Err(Code::Inexact),
        Rounding::HalfUp => half != Ordering::Less,
        Rounding::HalfDown => half == Ordering::Greater,
        Rounding::HalfEven => half == Ordering::Greater || (half == Ordering::Equal && last % 2 == 1),
        Rounding::Up => true,
        Rounding::Down => false,
        Rounding::Ceiling => !negative,
        Rounding::Floor => negative,
        Rounding::ZeroFiveUp => last == 0 || last == 5,
    };
    let rounded = if away { kept.plus(&Natural::from(1)) } else { kept };
    if rounded.0.len() > 18 {
        return Err(Code::Overflow);
    }
    let value = rounded.value().unwrap();
    Ok(if negative { -value } else { value })
}

/// A stream of numbers that look random and are the same on every run.
pub(crate) fn draw(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Any 64 bits, of any length.
pub(crate) fn any_i64(draw: &mut impl FnMut() -> u64) -> i64 {
    let length = draw() % 64;
    draw().cast_signed() >> length
}

/// A value of at most 18 digits: any, of any length, or at an edge.
pub(crate) fn value(draw: &mut impl FnMut() -> u64) -> i64 {
    let power = 10_i64.pow(u32::try_from(draw() % 19).unwrap());
    let bit = 1_i64 << (draw() % 60);
    let magnitude = match draw() % 8 {
        0 => power - 1,
        1 => power,
        2 => power + 1,
        3 => bit + i64::try_from(draw() % 3).unwrap() - 1,
        4 => power / 2 * i64::try_from(draw() % 4).unwrap(),
        _ => any_i64(draw) % power,
    };
    let magnitude = magnitude.clamp(-999_999_999_999_999_999, 999_999_999_999_999_999);
    if draw().is_multiple_of(2) { magnitude } else { -magnitude }
}
