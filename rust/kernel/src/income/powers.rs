//! Where a compounded yield stands among the halves of its last digit.
//!
//! Let B be 10,000 at the scale of the incomes rᵢ, P = ∏(B + rᵢ) over the seven days, and T a gain of the whole in
//! the last digit of the yield: 100 % at its scale. The yield is y = ((P / B^7)^(365/7) − 1) × T of those digits, and
//! it is at least k halves of one if and only if P^365 × (2T)^7 ≥ (2T + k)^7 × B^(7 × 365): all are integers.

use std::cmp::Ordering;

use num_bigint::BigUint;

use super::bounded::Bounded;
use super::{UNITS_DIGITS, YEAR_DAYS, YIELD_DAYS};
use crate::scale::{MAX_MINOR, Scale, power_of_ten};

const DAYS: u32 = YIELD_DAYS as u32;

/// What is the same for all yields of a call.
pub(super) struct Ladder {
    /// B.
    base: u128,
    /// 2T.
    whole: u128,
    /// B^(7 × 365).
    base_power: Bounded,
    /// (2T)^7.
    whole_power: Bounded,
}

impl Ladder {
    pub(super) fn new(scale: Scale, yield_scale: Scale) -> Self {
        // Powers of ten up to the 22nd.
        let power = |digits: u32, scale: Scale| power_of_ten(digits.wrapping_add(scale.places().into())).unwrap_or(1);
        let base = power(UNITS_DIGITS, scale);
        let whole = power(2, yield_scale).wrapping_mul(2);
        Self {
            base,
            whole,
            base_power: Bounded::of(base).power(DAYS.wrapping_mul(YEAR_DAYS)),
            whole_power: Bounded::of(whole).power(DAYS),
        }
    }

    /// Whether an income takes all there is, or more.
    pub(super) const fn is_all(&self, income: i64) -> bool {
        income < 0 && income.unsigned_abs() as u128 >= self.base
    }

    /// What 10,000 units have become after a day: above zero, for the income does not take all.
    const fn after(&self, income: i64) -> u128 {
        // Below 2^74.
        self.base.wrapping_add_signed(income as i128)
    }

    /// The yield in halves of the last digit, cut down to a whole number of them, and whether nothing was cut off.
    /// None if it has more than 18 digits.
    pub(super) fn halves(&self, days: &[i64]) -> Option<(i128, bool)> {
        let grown = days.iter().fold(Bounded::of(1), |grown, &income| grown.times(Bounded::of(self.after(income))));
        let power = grown.power(YEAR_DAYS).times(self.whole_power);
        // A yield is above minus the whole, and at most 18 digits; both in halves.
        let (mut low, mut high) =
            (self.whole.cast_signed().wrapping_neg(), (MAX_MINOR as i128).wrapping_mul(2).wrapping_add(2));
        let mut is_exact = false;
        while high.wrapping_sub(low) > 1 {
            let middle = low.wrapping_add(high) >> 1;
            match self.compare(days, power, middle) {
                Ordering::Less => high = middle,
                Ordering::Greater => low = middle,
                Ordering::Equal => {
                    (low, is_exact) = (middle, true);
                    break;
                }
            }
        }
        let most = (MAX_MINOR as i128).wrapping_mul(2).wrapping_add(1);
        (low <= most).then_some((low, is_exact))
    }

    /// How the yield stands to a number of halves above minus the whole.
    fn compare(&self, days: &[i64], power: Bounded, halves: i128) -> Ordering {
        let reached = self.whole.wrapping_add_signed(halves);
        let wanted = Bounded::of(reached).power(DAYS).times(self.base_power);
        power.compare(wanted).unwrap_or_else(|| self.compare_in_full(days, reached))
    }

    #[cold]
    #[expect(clippy::arithmetic_side_effects, reason = "numbers as long as they need to be do not overflow")]
    fn compare_in_full(&self, days: &[i64], reached: u128) -> Ordering {
        let grown: BigUint = days.iter().map(|&income| BigUint::from(self.after(income))).product();
        let left = grown.pow(YEAR_DAYS) * BigUint::from(self.whole).pow(DAYS);
        let right = BigUint::from(reached).pow(DAYS) * BigUint::from(self.base).pow(DAYS.wrapping_mul(YEAR_DAYS));
        left.cmp(&right)
    }
}
