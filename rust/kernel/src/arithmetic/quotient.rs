//! The fraction a·b/c, rounded once: loops over a block, each for as many bits as the block has been proven to need.

use std::iter;
use std::num::{NonZeroU64, NonZeroU128};

use crate::bounds::Bounds;
use crate::rounding::{CutOff, Mode, Remainder};
use crate::scalar::Shift;
use crate::scale::MAX_MINOR;

/// What is the same in every block of a fraction a·b/c.
pub(super) struct Fraction {
    /// Ten to the power that the numerator is multiplied by, and a bound of it in bits.
    up: u128,
    up_bits: u32,
    /// The same of the denominator.
    down: u128,
    down_bits: u32,
    /// The divisor c, if it is the same in every row.
    constant: Option<i64>,
    reciprocal: Option<Reciprocal>,
}

impl Fraction {
    /// A fraction with its own divisor in each row.
    pub(super) fn new(shift: Shift) -> Self {
        let (up, down) = (shift.numerator(), shift.denominator());
        Self { up, up_bits: bits(up), down, down_bits: bits(down), constant: None, reciprocal: None }
    }

    /// A fraction with the same divisor in every row.
    pub(super) fn with_divisor(shift: Shift, divisor: i64) -> Self {
        let denominator = u128::from(divisor.unsigned_abs()).checked_mul(shift.denominator());
        let reciprocal = denominator.and_then(|wide| u64::try_from(wide).ok()).and_then(Reciprocal::of);
        Self { constant: Some(divisor), reciprocal, ..Self::new(shift) }
    }

    /// Computes a block of a·b/c, or of a/c without `b`; false, and anything in `out`, if a row fails or if the block
    /// needs more than 128 bits. `c` is looked at only if each row has its own divisor.
    pub(super) fn block<M: Mode>(&self, a: &[i64], b: Option<&[i64]>, c: &[i64], out: &mut [i64]) -> bool {
        match b {
            Some(b) => self.product::<M>(a, b.iter().copied(), Bounds::of(b), c, out),
            // Times one adds no bits.
            None => self.product::<M>(a, iter::repeat(1), Bounds::of(&[]), c, out),
        }
    }

    #[inline(always)]
    fn product<M: Mode>(
        &self,
        a: &[i64],
        b: impl Iterator<Item = i64>,
        b_bounds: Bounds,
        c: &[i64],
        out: &mut [i64],
    ) -> bool {
        let a_bounds = Bounds::of(a);
        let c_bounds = self.constant.map_or_else(|| Bounds::of(c), |divisor| Bounds::of(&[divisor]));
        // At most 64 bits each, but for the powers of ten, which have up to 120.
        let numerator = a_bounds.bits().wrapping_add(b_bounds.bits()).wrapping_add(self.up_bits);
        let denominator = c_bounds.bits().wrapping_add(self.down_bits);
        if !(a_bounds.fit() && b_bounds.fit() && c_bounds.fit()) || numerator > 128 || denominator > 128 {
            return false;
        }
        let narrow_up = u64::try_from(self.up).ok().filter(|_| numerator <= 64);
        let narrow_down = u64::try_from(self.down).ok().filter(|_| denominator <= 64);
        let divisors = || c.iter().copied();
        match (self.constant, &self.reciprocal, narrow_up, narrow_down) {
            (Some(divisor), Some(reciprocal), Some(up), _) if numerator <= 63 => {
                by_reciprocal::<M>(a, b, divisor, up, reciprocal, out)
            }
            (None, _, Some(up), Some(down)) => in_64_bits::<M>(a, b, divisors(), [up, down], out),
            (Some(divisor), ..) => in_128_bits::<M>(a, b, iter::repeat(divisor), [self.up, self.down], out),
            (None, ..) => in_128_bits::<M>(a, b, divisors(), [self.up, self.down], out),
        }
    }
}

/// The bits that multiplying by a power adds to a bound at most: the power is at most two to this.
const fn bits(power: u128) -> u32 {
    u128::BITS.wrapping_sub(power.saturating_sub(1).leading_zeros())
}

/// A divisor of 1 to 2^63 as a multiplication: processors divide far slower than they multiply.
struct Reciprocal {
    divisor: u64,
    /// 2^(63 + length) / divisor, rounded up, where 2^length is the smallest power of two not below the divisor.
    factor: u64,
    length: u32,
}

impl Reciprocal {
    fn of(divisor: u64) -> Option<Self> {
        let wide = NonZeroU128::new(u128::from(divisor)).filter(|_| divisor <= 1 << 63)?;
        let length = divisor.checked_next_power_of_two()?.trailing_zeros();
        // At most 2^126 + 2^63. The divisor is above 2^(length - 1), so the factor is below 2^64.
        let dividend = (1_u128 << 63_u32.wrapping_add(length)).wrapping_add(u128::from(divisor)).wrapping_sub(1);
        Some(Self { divisor, factor: u64::try_from(dividend / wide).ok()?, length })
    }

    /// Quotient and remainder of a numerator below 2^63.
    #[inline(always)]
    fn divide(&self, numerator: u64) -> (u64, u64) {
        // The factor is above the true ratio by e < 1, so that the product below is above the true quotient by
        // numerator·e / 2^(63 + length) < 2^63 / (2^63 · divisor) = 1 / divisor: too little to reach the next whole
        // number, for the true quotient is below that by 1 / divisor at least.
        let product = u128::from(numerator << 1).wrapping_mul(u128::from(self.factor));
        let quotient = high(product) >> self.length;
        (quotient, numerator.wrapping_sub(quotient.wrapping_mul(self.divisor)))
    }
}

const fn high(number: u128) -> u64 {
    (number >> 64) as u64
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is asked for")]
const fn low(number: u128) -> u64 {
    number as u64
}

/// All ones for a value below zero, else zero.
#[inline(always)]
const fn sign(value: i64) -> i64 {
    value >> 63
}

/// Rounds a row's quotient and gives it its sign. `failed` becomes nonzero if the row fails.
#[inline(always)]
fn finish<M: Mode>(sign: i64, quotient: u64, cut: impl CutOff, failed: &mut u64) -> i64 {
    // A quotient at the end of 64 bits stays there, so that it fails instead of wrapping to zero.
    let rounded = quotient.saturating_add(u64::from(M::goes_up(sign < 0, quotient, cut)));
    *failed |= u64::from(rounded > MAX_MINOR.unsigned_abs()) | u64::from(M::EXACT & cut.some());
    // Flipping every bit and adding one negates; with a sign of zero nothing happens.
    (rounded.cast_signed() ^ sign).wrapping_sub(sign)
}

/// Numerators below 2^63 over one divisor.
fn by_reciprocal<M: Mode>(
    a: &[i64],
    b: impl Iterator<Item = i64>,
    c: i64,
    up: u64,
    reciprocal: &Reciprocal,
    out: &mut [i64],
) -> bool {
    let mut failed = 0;
    for ((&a, b), out) in a.iter().zip(b).zip(out) {
        let numerator = a.unsigned_abs().wrapping_mul(b.unsigned_abs()).wrapping_mul(up);
        let (quotient, remainder) = reciprocal.divide(numerator);
        let rest = reciprocal.divisor.wrapping_sub(remainder);
        *out = finish::<M>(sign(a ^ b ^ c), quotient, Remainder { remainder, rest }, &mut failed);
    }
    failed == 0
}

/// Numerators and denominators below 2^64.
fn in_64_bits<M: Mode>(
    a: &[i64],
    b: impl Iterator<Item = i64>,
    c: impl Iterator<Item = i64>,
    [up, down]: [u64; 2],
    out: &mut [i64],
) -> bool {
    let mut failed = 0;
    for (((&a, b), c), out) in a.iter().zip(b).zip(c).zip(out) {
        let numerator = a.unsigned_abs().wrapping_mul(b.unsigned_abs()).wrapping_mul(up);
        let divisor = NonZeroU64::new(c.unsigned_abs().wrapping_mul(down));
        failed |= u64::from(divisor.is_none());
        let divisor = divisor.unwrap_or(NonZeroU64::MIN);
        let quotient = numerator / divisor;
        let remainder = numerator.wrapping_sub(quotient.wrapping_mul(divisor.get()));
        let rest = divisor.get().wrapping_sub(remainder);
        *out = finish::<M>(sign(a ^ b ^ c), quotient, Remainder { remainder, rest }, &mut failed);
    }
    failed == 0
}

/// Numerators and denominators below 2^128.
fn in_128_bits<M: Mode>(
    a: &[i64],
    b: impl Iterator<Item = i64>,
    c: impl Iterator<Item = i64>,
    [up, down]: [u128; 2],
    out: &mut [i64],
) -> bool {
    let mut failed = 0;
    for (((&a, b), c), out) in a.iter().zip(b).zip(c).zip(out) {
        let product = u128::from(a.unsigned_abs()).wrapping_mul(u128::from(b.unsigned_abs()));
        let numerator = product.wrapping_mul(up);
        let divisor = NonZeroU128::new(u128::from(c.unsigned_abs()).wrapping_mul(down));
        failed |= u64::from(divisor.is_none());
        let divisor = divisor.unwrap_or(NonZeroU128::MIN);
        let quotient = numerator / divisor;
        failed |= high(quotient);
        let remainder = numerator.wrapping_sub(quotient.wrapping_mul(divisor.get()));
        let rest = divisor.get().wrapping_sub(remainder);
        *out = finish::<M>(sign(a ^ b ^ c), low(quotient), Remainder { remainder, rest }, &mut failed);
    }
    failed == 0
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
    use crate::arithmetic::naive::draw;

    #[test]
    fn reciprocals_divide_like_the_processor() {
        let mut draw = draw(9);
        let edges = (0..64).flat_map(|bit| [(1_u64 << bit).wrapping_sub(1), 1 << bit, (1 << bit) + 1]);
        let powers = (0..19).flat_map(|power| [10_u64.pow(power) - 1, 10_u64.pow(power), 10_u64.pow(power) + 1]);
        let numbers: Vec<_> = edges.chain(powers).chain((0..200).map(|_| draw() >> (draw() % 64))).collect();
        for &divisor in numbers.iter().filter(|divisor| (1..=1 << 63).contains(*divisor)) {
            let reciprocal = Reciprocal::of(divisor).unwrap();
            let multiples = numbers.iter().flat_map(|number| {
                let multiple = number % (1 << 63) / divisor * divisor;
                [*number, multiple.wrapping_sub(1), multiple, multiple + divisor - 1]
            });
            for numerator in multiples.filter(|numerator| *numerator < 1 << 63) {
                let expected = (numerator / divisor, numerator % divisor);
                assert_eq!(reciprocal.divide(numerator), expected, "{numerator} / {divisor}");
            }
        }
        assert!(Reciprocal::of(0).is_none() && Reciprocal::of((1 << 63) + 1).is_none());
    }

    #[test]
    fn powers_add_so_many_bits() {
        assert_eq!([1, 10, 100, 10_u128.pow(36)].map(bits), [0, 4, 7, 120]);
    }
}
