//! Bounds of a block of values: cheap to take, and enough to choose a loop that cannot overflow.

use crate::scale::MAX_MINOR;

/// Below zero if and only if the magnitude of `value` is above `limit` (which is at most [`MAX_MINOR`]).
///
/// The bitwise or of many such numbers is below zero if and only if one of them is, so that a loop over a column needs
/// neither a branch nor a comparison.
#[inline(always)]
pub(crate) const fn beyond(value: i64, limit: i64) -> i64 {
    // For a value within the limit both terms are in 0..=2 * limit. For one above it, limit - value is below zero and
    // cannot wrap; for one below -limit, the same is true of limit + value. What the other term does is no matter.
    limit.wrapping_sub(value) | limit.wrapping_add(value)
}

/// Whether a value has at most 18 digits.
#[inline(always)]
pub(crate) const fn fits(value: i64) -> bool {
    beyond(value, MAX_MINOR) >= 0
}

/// Magnitudes below two to the power of this have at most 18 digits.
const SHORT_BITS: u32 = 59;

/// What is known of all values of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    bits: u32,
    fit: bool,
}

impl Bounds {
    /// One pass over a block, and another only if its values are near the limit.
    pub(crate) fn of(values: &[i64]) -> Self {
        let spread = values.iter().fold(0, |spread, value| spread | value.unsigned_abs());
        // Never below zero, for a number has at most as many leading zeros as bits.
        let bits = u64::BITS.wrapping_sub(spread.leading_zeros());
        Self { bits, fit: bits <= SHORT_BITS || fit(values) }
    }

    /// Whether every value has at most 18 digits.
    pub(crate) const fn fit(self) -> bool {
        self.fit
    }

    /// Every magnitude is below two to the power of this.
    pub(crate) const fn bits(self) -> u32 {
        self.bits
    }
}

/// Whether every value has at most 18 digits.
pub(crate) fn fit(values: &[i64]) -> bool {
    values.iter().fold(0, |over, &value| over | beyond(value, MAX_MINOR)) >= 0
}

/// The first value of more than 18 digits.
pub(crate) fn first_unfit(values: &[i64]) -> Option<(usize, i64)> {
    values.iter().copied().enumerate().find(|&(_, value)| !fits(value))
}

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
    use crate::arithmetic::naive::{any_i64, draw};

    #[test]
    fn beyond_is_the_comparison_of_magnitudes() {
        let mut draw = draw(3);
        let limits = (0..=18).map(|power| 10_i64.pow(power) - 1).chain([MAX_MINOR / 7]);
        for limit in limits {
            let edges = [0, limit - 1, limit, limit + 1, MAX_MINOR, i64::MAX - limit, i64::MAX - limit + 1, i64::MAX];
            let values = edges.into_iter().flat_map(|edge| [edge, -edge, -edge - 1]);
            for value in values.chain((0..2_000).map(|_| any_i64(&mut draw))) {
                assert_eq!(beyond(value, limit) < 0, value.unsigned_abs() > limit.unsigned_abs(), "{value} {limit}");
            }
        }
    }

    #[test]
    fn bits_bound_every_magnitude_tightly() {
        for power in 0..60 {
            let edge = 1_i64 << power;
            for (values, bits) in [([edge, 0], power + 1), ([-edge, 0], power + 1), ([0, 1 - edge], power)] {
                assert_eq!(Bounds::of(&values).bits(), bits, "{values:?}");
                assert!(Bounds::of(&values).fit() == values.into_iter().all(fits));
            }
        }
        assert_eq!(Bounds::of(&[]).bits(), 0);
        assert_eq!(Bounds::of(&[i64::MIN]).bits(), 64);
    }
}
