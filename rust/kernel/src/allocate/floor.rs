//! The floor of `total * weight / weights` and what it cuts off, exactly, for one total and many weights.
//!
//! The divisor is the same in every row, so its reciprocal is taken once and a row costs multiplications only.

use std::num::{NonZeroU64, NonZeroU128};

/// A number by which rows are ranked: what a floor cut off, a weight, or a tie key.
pub(crate) trait Key: Copy + Ord + Default + Send + Sync + 'static {
    /// The largest key.
    const MAX: Self;

    /// The next larger key, if there is one.
    fn next(self) -> Option<Self>;

    /// The next smaller key, if there is one.
    fn previous(self) -> Option<Self>;

    /// The distance to a smaller key; modulo the size of the type for a larger one.
    fn above(self, low: Self) -> Self;

    /// The sum, or the largest key if that is smaller.
    fn plus(self, other: Self) -> Self;

    /// Whether the key is `low` or at most `span` above it: one comparison instead of two.
    fn within(self, low: Self, span: Self) -> bool;

    /// A distance in steps of two to the power of `shift`.
    fn steps(self, shift: u32) -> u64;

    /// How many bits the number has.
    fn bits(self) -> u32;
}

macro_rules! keys {
    ($($key:ty)*) => {$(
        impl Key for $key {
            const MAX: Self = <$key>::MAX;

            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }

            fn previous(self) -> Option<Self> {
                self.checked_sub(1)
            }

            #[inline(always)]
            fn above(self, low: Self) -> Self {
                self.wrapping_sub(low)
            }

            fn plus(self, other: Self) -> Self {
                self.saturating_add(other)
            }

            #[inline(always)]
            fn within(self, low: Self, span: Self) -> bool {
                // A smaller key wraps to a distance larger than any span that starts at `low`.
                self.wrapping_sub(low) <= span
            }

            #[inline(always)]
            #[allow(clippy::unnecessary_cast, reason = "one of the types is u64 itself")]
            fn steps(self, shift: u32) -> u64 {
                (self >> shift) as u64
            }

            fn bits(self) -> u32 {
                Self::BITS.wrapping_sub(self.leading_zeros())
            }
        }
    )*};
}

keys! { u64 u128 }

/// Divides `total * weight` by the sum of all weights.
pub(crate) trait Divide: Copy + Send + Sync {
    /// What a floor cuts off, as a number that is larger for a larger remainder.
    type Fraction: Key;

    /// Floor and fraction for one weight. A weight above the sum (another thread changed the column meanwhile) gives
    /// wrong numbers, never a panic; the law that closes every call then fails.
    fn split(self, weight: u64) -> (u64, Self::Fraction);

    /// A number that is cheaper than the fraction: the fraction itself, or less, modulo the size of its type.
    fn nearly(self, weight: u64) -> Self::Fraction;

    /// The most by which the cheaper number is too small for weights up to a bound.
    fn slack(self, bound: u64) -> Self::Fraction;

    /// The remainder that a fraction stands for.
    fn remainder(self, fraction: Self::Fraction) -> Self::Fraction;

    /// The least and the largest fraction that stand for a remainder, which is at most the largest.
    fn fractions(self, remainder: Self::Fraction) -> (Self::Fraction, Self::Fraction);

    /// The largest remainder: one less than the sum of the weights.
    fn largest_remainder(self) -> Self::Fraction;

    /// A fraction in steps of 2^-32, roughly.
    fn roughly(self, fraction: Self::Fraction) -> u64;
}

/// The total is below the sum of the weights, and that is below 2^63.
///
/// Let T be the total, W the sum, w <= W a weight or a sum of weights, and T * w = a * W + r with 0 <= r < W. Let M be
/// T * 2^128 / W rounded up, M = T * 2^128 / W + d with 0 <= d < 1; it is below 2^128 because T < W. What `split`
/// computes is p = floor(w * M / 2^64), exactly, and
///
/// p = floor(2^64 * a + 2^64 * r / W + e) with e = w * d / 2^64 < 1/2.
///
/// - Floor: r / W <= 1 - 1 / W, and 2^64 / W > 2 > e, so the upper half of p is a, and the lower half is the fraction
///   f = floor(2^64 * r / W + e).
/// - Order: let F(s) = floor(2^64 * s / W). If r >= s then f >= F(s). If r <= s - 1 then f <= 2^64 * s / W - 2 + e,
///   which is below F(s). So r >= s exactly when f >= F(s): the fractions of a remainder s lie in F(s)..F(s + 1), and
///   no others do.
/// - Remainder: f * W / 2^64 is above r - W / 2^64 > r - 1/2 and below r + e / 2, so r is f * W / 2^64 rounded to the
///   nearest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Below {
    weights: u64,
    reciprocal: u128,
}

/// The total is not below the sum of the weights, and that is below 2^63: whole units for every unit of weight, and
/// the rest as in [`Below`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Above {
    whole: u64,
    rest: Below,
}

/// The sum of the weights W is 2^63 or more, above any total T, and up to 2^124. The fraction is the remainder itself.
///
/// With M = floor(T * 2^64 / W), T * w / W is M * w / 2^64 and less than w / 2^64 < 1 more, so the floor is the upper
/// half of M * w or one more, and one comparison decides. T * w < 2^120 and 2W < 2^125.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wide {
    total: u64,
    weights: u128,
    reciprocal: u64,
}

/// One of the three ways to divide.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Division {
    Below(Below),
    Above(Above),
    Wide(Wide),
}

impl Division {
    /// The way for a total of at most 18 digits and the sum of the weights.
    pub(crate) fn new(total: u64, weights: NonZeroU128) -> Self {
        let narrow = u64::try_from(weights.get()).ok().filter(|&sum| sum < 1 << 63).and_then(NonZeroU64::new);
        match narrow {
            None => Self::Wide(Wide::new(total, weights)),
            Some(sum) if total < sum.get() => Self::Below(Below::new(total, sum)),
            Some(sum) => Self::Above(Above { whole: total / sum, rest: Below::new(total % sum, sum) }),
        }
    }
}

/// Calls a generic expression with the division that fits: `with_division!(total, weights, d => f(d))`.
macro_rules! with_division {
    ($total:expr, $weights:expr, $divide:ident => $call:expr) => {
        match $crate::allocate::floor::Division::new($total, $weights) {
            $crate::allocate::floor::Division::Below($divide) => $call,
            $crate::allocate::floor::Division::Above($divide) => $call,
            $crate::allocate::floor::Division::Wide($divide) => $call,
        }
    };
}
pub(crate) use with_division;

/// The upper half of a 128-bit product.
#[inline(always)]
fn upper_half(a: u64, b: u64) -> u64 {
    (u128::from(a).wrapping_mul(u128::from(b)) >> 64) as u64
}

impl Below {
    fn new(total: u64, weights: NonZeroU64) -> Self {
        // Long division, 64 bits at a time. Total and rest are below the divisor, so each quotient fits in 64 bits.
        let divisor = NonZeroU128::from(weights);
        let divide = |numerator: u128| {
            let quotient = numerator / divisor;
            (quotient, numerator.wrapping_sub(quotient.wrapping_mul(divisor.get())))
        };
        let (high, rest) = divide(u128::from(total) << 64);
        let (low, rest) = divide(rest << 64);
        // Rounded up it is still below 2^128.
        let reciprocal = ((high << 64) | low).wrapping_add(u128::from(rest != 0));
        Self { weights: weights.get(), reciprocal }
    }

    /// The least fraction of this remainder or a larger one: F in the proof.
    fn least_fraction(self, remainder: u64) -> u64 {
        // The sum of the weights is not zero. F of the sum itself is 2^64 and wraps to zero.
        (u128::from(remainder) << 64).checked_div(self.weights.into()).unwrap_or(0) as u64
    }
}

impl Divide for Below {
    type Fraction = u64;

    #[inline(always)]
    fn split(self, weight: u64) -> (u64, u64) {
        let (high, low) = ((self.reciprocal >> 64) as u64, self.reciprocal as u64);
        // The sum is floor(w * M / 2^64), and w * M <= W * M < 2^192.
        let product = u128::from(weight).wrapping_mul(high.into()).wrapping_add(upper_half(weight, low).into());
        ((product >> 64) as u64, product as u64)
    }

    #[inline(always)]
    fn nearly(self, weight: u64) -> u64 {
        // The lower half of M is left out: it adds less than the weight to floor(w * M / 2^64).
        weight.wrapping_mul((self.reciprocal >> 64) as u64)
    }

    fn slack(self, bound: u64) -> u64 {
        bound
    }

    #[inline(always)]
    fn remainder(self, fraction: u64) -> u64 {
        // The product is below 2^127, so adding half of 2^64 cannot wrap.
        let product = u128::from(fraction).wrapping_mul(self.weights.into());
        (product.wrapping_add(1 << 63) >> 64) as u64
    }

    fn fractions(self, remainder: u64) -> (u64, u64) {
        // Remainders are below 2^63. After the last one F wraps from 2^64 to zero, and one less wraps back.
        let next = self.least_fraction(remainder.wrapping_add(1));
        (self.least_fraction(remainder), next.wrapping_sub(1))
    }

    fn largest_remainder(self) -> u64 {
        self.weights.wrapping_sub(1)
    }

    fn roughly(self, fraction: u64) -> u64 {
        fraction >> 32
    }
}

impl Divide for Above {
    type Fraction = u64;

    #[inline(always)]
    fn split(self, weight: u64) -> (u64, u64) {
        let (floor, fraction) = self.rest.split(weight);
        // whole * w <= whole * W <= T, so nothing wraps.
        (self.whole.wrapping_mul(weight).wrapping_add(floor), fraction)
    }

    #[inline(always)]
    fn nearly(self, weight: u64) -> u64 {
        self.rest.nearly(weight)
    }

    fn slack(self, bound: u64) -> u64 {
        self.rest.slack(bound)
    }

    #[inline(always)]
    fn remainder(self, fraction: u64) -> u64 {
        self.rest.remainder(fraction)
    }

    fn fractions(self, remainder: u64) -> (u64, u64) {
        self.rest.fractions(remainder)
    }

    fn largest_remainder(self) -> u64 {
        self.rest.largest_remainder()
    }

    fn roughly(self, fraction: u64) -> u64 {
        self.rest.roughly(fraction)
    }
}

impl Wide {
    fn new(total: u64, weights: NonZeroU128) -> Self {
        // Below 2^64 because the total is below the sum of the weights.
        let reciprocal = ((u128::from(total) << 64) / weights) as u64;
        Self { total, weights: weights.get(), reciprocal }
    }
}

impl Divide for Wide {
    type Fraction = u128;

    #[inline(always)]
    fn split(self, weight: u64) -> (u64, u128) {
        let quotient = upper_half(weight, self.reciprocal);
        // q * W <= T * w < 2^120, so no product wraps.
        let product = u128::from(self.total).wrapping_mul(u128::from(weight));
        let excess = product.wrapping_sub(u128::from(quotient).wrapping_mul(self.weights));
        let one_more = excess >= self.weights;
        let remainder = if one_more { excess.wrapping_sub(self.weights) } else { excess };
        (quotient.wrapping_add(u64::from(one_more)), remainder)
    }

    #[inline(always)]
    fn nearly(self, weight: u64) -> u128 {
        self.split(weight).1
    }

    fn slack(self, _bound: u64) -> u128 {
        0
    }

    #[inline(always)]
    fn remainder(self, fraction: u128) -> u128 {
        fraction
    }

    fn fractions(self, remainder: u128) -> (u128, u128) {
        (remainder, remainder)
    }

    fn largest_remainder(self) -> u128 {
        self.weights.wrapping_sub(1)
    }

    fn roughly(self, fraction: u128) -> u64 {
        let shift = self.weights.bits().saturating_sub(32);
        (fraction.steps(shift) << 32).checked_div(self.weights.steps(shift)).unwrap_or(0)
    }
}
