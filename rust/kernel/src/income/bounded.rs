//! Positive numbers of any size, known to lie between two bounds of 128 bits with an exponent.

use std::cmp::Ordering;

use crate::wide::Wide;

/// `mantissa × 2^exponent`; the mantissa has its top bit set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scaled {
    mantissa: u128,
    /// Powers that are compared here have some 2^19 bits, so exponents never wrap.
    exponent: i32,
}

impl Scaled {
    /// The exact value of a number above zero.
    const fn of(number: u128) -> Self {
        let zeros = number.leading_zeros();
        Self { mantissa: number << zeros, exponent: 0_i32.wrapping_sub(zeros.cast_signed()) }
    }

    /// The product cut to 128 bits, or the next larger one if anything is cut off.
    fn times(self, other: Self, up: bool) -> Self {
        let (high, low) = Wide::product(self.mantissa, other.mantissa).halves();
        let exponent = self.exponent.wrapping_add(other.exponent).wrapping_add(128);
        // Two mantissas of at least 2^127: the product has 255 or 256 bits.
        let has_top_bit = high >> 127 == 1;
        let (mantissa, rest, exponent) = if has_top_bit {
            (high, low, exponent)
        } else {
            ((high << 1) | (low >> 127), low << 1, exponent.wrapping_sub(1))
        };
        if up && rest != 0 {
            return match mantissa.checked_add(1) {
                Some(mantissa) => Self { mantissa, exponent },
                None => Self { mantissa: 1 << 127, exponent: exponent.wrapping_add(1) },
            };
        }
        Self { mantissa, exponent }
    }
}

impl PartialOrd for Scaled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scaled {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.exponent, self.mantissa).cmp(&(other.exponent, other.mantissa))
    }
}

/// A number between two bounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounded {
    low: Scaled,
    high: Scaled,
}

impl Bounded {
    /// A number above zero, exactly.
    pub(super) const fn of(number: u128) -> Self {
        Self { low: Scaled::of(number), high: Scaled::of(number) }
    }

    pub(super) fn times(self, other: Self) -> Self {
        Self { low: self.low.times(other.low, false), high: self.high.times(other.high, true) }
    }

    /// The number to a power above zero.
    pub(super) fn power(self, exponent: u32) -> Self {
        let mut result = None;
        let (mut square, mut left) = (self, exponent);
        while left > 0 {
            if left & 1 == 1 {
                result = Some(result.map_or(square, |result: Self| result.times(square)));
            }
            square = square.times(square);
            left >>= 1;
        }
        result.unwrap_or_else(|| Self::of(1))
    }

    /// How the number stands to another, if the bounds tell.
    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        if self.low > other.high {
            Some(Ordering::Greater)
        } else if self.high < other.low {
            Some(Ordering::Less)
        } else {
            None
        }
    }
}
