//! 256-bit magnitudes, for the rare rows whose numerator or divisor does not fit in 128 bits.
//!
//! Made to be seen right at a glance, not to be fast: a row comes here only after 128 bits have failed.

/// A magnitude of 256 bits. The order of the fields makes the derived order that of the numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wide {
    high: u128,
    low: u128,
}

impl Wide {
    /// The product of two magnitudes; 256 bits hold any.
    pub const fn product(a: u128, b: u128) -> Self {
        let (a_high, a_low) = (a >> 64, a & LOW_HALF);
        let (b_high, b_low) = (b >> 64, b & LOW_HALF);
        // A product of two halves is at most (2^64 - 1)^2 = 2^128 - 2^65 + 1, so two more halves can be added to it
        // without leaving 128 bits. No product or sum below wraps.
        let low = a_low.wrapping_mul(b_low);
        let middle = a_high.wrapping_mul(b_low).wrapping_add(low >> 64);
        let other = a_low.wrapping_mul(b_high).wrapping_add(middle & LOW_HALF);
        Self {
            high: a_high.wrapping_mul(b_high).wrapping_add(middle >> 64).wrapping_add(other >> 64),
            low: (other << 64) | (low & LOW_HALF),
        }
    }

    /// The upper and the lower 128 bits.
    pub(crate) const fn halves(self) -> (u128, u128) {
        (self.high, self.low)
    }

    /// The difference to a magnitude that is not larger.
    pub const fn minus(self, smaller: Self) -> Self {
        let (low, borrow) = self.low.overflowing_sub(smaller.low);
        Self { high: self.high.wrapping_sub(smaller.high).wrapping_sub(borrow as u128), low }
    }

    /// Quotient and remainder, by long division in base two. None if the divisor is zero or the quotient has more
    /// than 128 bits.
    pub fn divide(self, divisor: Self) -> Option<(u128, Self)> {
        if divisor == Self::default() {
            return None;
        }
        if self < divisor {
            // A numerator of 128 bits over a longer divisor: a whole column may be so, and must not wait for bits.
            return Some((0, self));
        }
        let (mut quotient, mut remainder) = (Self::default(), Self::default());
        let mut rest = self;
        for _ in 0..256 {
            // The remainder is below the divisor, so its double with one more bit is below twice the divisor: one
            // subtraction is enough, also where the double has a 257th bit.
            let beyond = remainder.top_bit();
            remainder = remainder.shifted_in(rest.top_bit());
            rest = rest.shifted_in(false);
            let goes = beyond || remainder >= divisor;
            if goes {
                remainder = remainder.minus(divisor);
            }
            quotient = quotient.shifted_in(goes);
        }
        (quotient.high == 0).then_some((quotient.low, remainder))
    }

    const fn top_bit(self) -> bool {
        self.high >> 127 == 1
    }

    /// All bits one place up, the top one dropped, and `bit` as the lowest.
    const fn shifted_in(self, bit: bool) -> Self {
        Self { high: (self.high << 1) | (self.low >> 127), low: (self.low << 1) | bit as u128 }
    }
}

impl From<u128> for Wide {
    fn from(low: u128) -> Self {
        Self { high: 0, low }
    }
}

const LOW_HALF: u128 = u64::MAX as u128;

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::panic,
        clippy::expect_used
    )]

    use super::*;
    use crate::arithmetic::naive::{Natural, draw};

    fn natural(wide: Wide) -> Natural {
        Natural::from(wide.high).times(&Natural::from(1 << 127)).times(&Natural::from(2)).plus(&Natural::from(wide.low))
    }

    fn magnitudes() -> Vec<u128> {
        let mut draw = draw(1);
        let edges = (0..128).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1]);
        let powers = (0..39).flat_map(|power| [10_u128.pow(power) - 1, 10_u128.pow(power)]);
        let drawn = (0..60).map(|_| (u128::from(draw()) << 64 | u128::from(draw())) >> (draw() % 128));
        edges.chain(powers).chain(drawn).chain([u128::MAX, u128::MAX - 1]).collect()
    }

    #[test]
    fn products_agree_with_schoolbook_digits() {
        let magnitudes = magnitudes();
        for (index, &a) in magnitudes.iter().enumerate() {
            for &b in magnitudes.iter().skip(index % 7).step_by(7) {
                assert_eq!(natural(Wide::product(a, b)), Natural::from(a).times(&Natural::from(b)), "{a} * {b}");
            }
        }
    }

    #[test]
    fn quotient_times_divisor_plus_remainder_is_the_dividend() {
        let magnitudes = magnitudes();
        let mut draw = draw(2);
        let mut pick = || magnitudes[usize::try_from(draw()).unwrap() % magnitudes.len()];
        for _ in 0..20_000 {
            let (dividend, divisor) = (Wide::product(pick(), pick()), Wide::product(pick(), pick()));
            match dividend.divide(divisor) {
                Some((quotient, remainder)) => {
                    assert!(remainder < divisor);
                    let back = natural(divisor).times(&Natural::from(quotient)).plus(&natural(remainder));
                    assert_eq!(back, natural(dividend), "{dividend:?} / {divisor:?}");
                }
                // The quotient needs 129 bits if and only if the dividend is at least 2^128 times the divisor.
                None => assert!(divisor.high == 0 && dividend.high >= divisor.low, "{dividend:?} / {divisor:?}"),
            }
        }
    }

    #[test]
    fn a_divisor_of_the_full_width_loses_no_carry() {
        let all = Wide { high: u128::MAX, low: u128::MAX };
        let most = Wide { high: u128::MAX, low: u128::MAX - 1 };
        assert_eq!(all.divide(most), Some((1, Wide::from(1))));
        assert_eq!(most.divide(all), Some((0, most)));
        assert_eq!(all.divide(Wide::from(0)), None);
        assert_eq!(all.divide(Wide::from(1)), None);
    }
}
