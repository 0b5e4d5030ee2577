//! Numbers of other widths and scales brought to a column, and a column widened for those who want 128 bits.
//!
//! Other systems keep decimals in 32 to 256 bits, with a scale that may be negative or far above 18. [`narrow`] brings
//! such numbers to a column exactly, or rounded by a named mode; [`widen`] goes the other way and can lose nothing.

use std::num::{NonZeroU64, NonZeroU128};

use crate::bounds::beyond;
use crate::error::{Code, Error};
use crate::exec::{BLOCK_ROWS, Exec};
use crate::rounding::{Mode, Remainder, Rounding, Tail};
use crate::scalar::round;
use crate::scale::{MAX_MINOR, Scale, power_of_ten};
use crate::with_mode;

/// The digits of the largest power of ten that fits in a limb.
const LIMB_DIGITS: u32 = 19;

const TEN: NonZeroU64 = NonZeroU64::MIN.saturating_add(9);

/// A magnitude of up to 256 bits: 64-bit limbs, the least first.
type Limbs = [u64; 4];

/// A whole number of some width, as other systems store integers and the digits of decimals.
pub trait Whole: Copy + Send + Sync {
    /// The number, if it fits in 64 bits.
    fn small(self) -> Option<i64>;

    /// Whether the number is below zero, and its magnitude in 64-bit limbs, the least first.
    fn magnitude(self) -> (bool, [u64; 4]);
}

macro_rules! whole_integers {
    ($($integer:ty)*) => {$(
        impl Whole for $integer {
            #[inline(always)]
            fn small(self) -> Option<i64> {
                i64::try_from(self).ok()
            }

            fn magnitude(self) -> (bool, Limbs) {
                let wide = i128::from(self);
                (wide < 0, limbs(wide.unsigned_abs(), 0))
            }
        }
    )*};
}

whole_integers! { i8 i16 i32 i64 i128 u8 u16 u32 u64 }

/// A 256-bit two's complement number, its least byte first.
impl Whole for [u8; 32] {
    #[inline(always)]
    fn small(self) -> Option<i64> {
        let (low, high) = halves(&self);
        let low = low.cast_signed();
        let sign = if low < 0 { -1 } else { 0 };
        if high == sign { i64::try_from(low).ok() } else { None }
    }

    fn magnitude(self) -> (bool, Limbs) {
        let (low, high) = halves(&self);
        if high >= 0 {
            return (false, limbs(low, high.cast_unsigned()));
        }
        // Negating two's complement flips every bit and adds one. The sum leaves the high half only for zero, which
        // is not negative, so nothing is lost.
        let (low, carry) = (!low).overflowing_add(1);
        (true, limbs(low, (!high.cast_unsigned()).wrapping_add(u128::from(carry))))
    }
}

/// The low and the high half of a 256-bit number.
#[inline(always)]
fn halves(bytes: &[u8; 32]) -> (u128, i128) {
    let low = bytes.first_chunk().copied().unwrap_or_default();
    let high = bytes.last_chunk().copied().unwrap_or_default();
    (u128::from_le_bytes(low), i128::from_le_bytes(high))
}

#[expect(clippy::cast_possible_truncation, reason = "a limb is the low half of what is left")]
const fn limbs(low: u128, high: u128) -> Limbs {
    [low as u64, (low >> 64) as u64, high as u64, (high >> 64) as u64]
}

/// Numbers at any scale brought to a column's scale.
///
/// `from` counts decimal places and may be negative (hundreds have scale -2) or larger than any column's scale. A
/// number that has more than 18 digits at the new scale is [`Code::Overflow`]; else one of which digits would be lost
/// is [`Code::Inexact`] under [`Rounding::Exact`]. `out` must be as long as `values`, or nothing is done
/// ([`Code::Law`]).
pub fn narrow<W: Whole>(
    exec: &Exec<'_>,
    values: &[W],
    from: i32,
    to: Scale,
    rounding: Rounding,
    out: &mut [i64],
) -> Result<(), Error> {
    if values.len() != out.len() {
        return Err(Error::whole(Code::Law));
    }
    let shift = Shift::new(from.saturating_sub(i32::from(to.places())));
    let blocks = values.chunks(BLOCK_ROWS).zip(out.chunks_mut(BLOCK_ROWS));
    with_mode!(rounding, M => exec.run(values.len(), blocks, || (), |(), block, (values, out)| {
        narrow_block::<W, M>(values, &shift, out).map_err(|(row, code)| at_row(code, block, row))
    }))?;
    Ok(())
}

/// One block of [`narrow`]; a failure is the first row's of the block.
fn narrow_block<W: Whole, M: Mode>(values: &[W], shift: &Shift, out: &mut [i64]) -> Result<(), (usize, Code)> {
    if shift.places == 0 && copy_small(values, out) {
        return Ok(());
    }
    for (row, (value, out)) in values.iter().zip(out).enumerate() {
        *out = match value.small() {
            Some(small) => shifted_small::<M>(small, shift),
            None => shifted::<M>(value.magnitude(), shift.places),
        }
        .map_err(|code| (row, code))?;
    }
    Ok(())
}

/// Copies numbers that keep their scale; false, and `out` unspecified, if one of them has more than 18 digits.
fn copy_small<W: Whole>(values: &[W], out: &mut [i64]) -> bool {
    let mut over = 0;
    for (value, out) in values.iter().zip(out) {
        // A number beyond 64 bits becomes one beyond 18 digits, so that the loop needs one test only and no branch.
        *out = value.small().unwrap_or(i64::MIN);
        over |= beyond(*out, MAX_MINOR);
    }
    over >= 0
}

/// How far the decimal point moves: so many places to the left, or to the right if negative.
struct Shift {
    places: i32,
    /// Ten to the power of the places, if a number of 64 bits is divided by it.
    divisor: Option<NonZeroU64>,
    /// Ten to the power of minus the places, if a number of 64 bits is multiplied by it.
    factor: Option<NonZeroU64>,
}

impl Shift {
    fn new(places: i32) -> Self {
        let power = limb_power(places.unsigned_abs()).filter(|_| places.unsigned_abs() < LIMB_DIGITS);
        let (divisor, factor) = if places > 0 { (power, None) } else { (None, power) };
        Self { places, divisor, factor }
    }
}

/// A number of 64 bits whose decimal point moves; the common case of [`shifted`].
#[inline(always)]
fn shifted_small<M: Mode>(value: i64, shift: &Shift) -> Result<i64, Code> {
    let magnitude = value.unsigned_abs();
    if let Some(factor) = shift.factor {
        let raised = magnitude.checked_mul(factor.get()).ok_or(Code::Overflow)?;
        return round::<M>(value < 0, u128::from(raised), Tail::Zero);
    }
    let Some(divisor) = shift.divisor else { return shifted::<M>(value.magnitude(), shift.places) };
    let (quotient, remainder) = (magnitude / divisor, magnitude % divisor);
    let rest = divisor.get().wrapping_sub(remainder);
    round::<M>(value < 0, u128::from(quotient), Remainder { remainder, rest })
}

/// A number whose decimal point moves `shift` places to the left (to the right, if negative), to at most 18 digits.
fn shifted<M: Mode>((negative, mut limbs): (bool, Limbs), shift: i32) -> Result<i64, Code> {
    if shift <= 0 {
        let raised = raised(limbs, shift.unsigned_abs()).ok_or(Code::Overflow)?;
        return round::<M>(negative, u128::from(raised), Tail::Zero);
    }
    // All digits but one are cut off first, remembering only whether they held anything: the last digit cut off, and
    // that memory, decide every rounding.
    let mut sticky = false;
    let mut left = shift.unsigned_abs().saturating_sub(1);
    while left > 0 && limbs != [0; 4] {
        let step = left.min(LIMB_DIGITS);
        sticky |= cut(&mut limbs, limb_power(step).unwrap_or(TEN)) != 0;
        left = left.saturating_sub(step);
    }
    let tail = match (cut(&mut limbs, TEN), sticky) {
        (0, false) => Tail::Zero,
        (0..=4, _) => Tail::BelowHalf,
        (5, false) => Tail::Half,
        _ => Tail::AboveHalf,
    };
    let [quotient, 0, 0, 0] = limbs else { return Err(Code::Overflow) };
    round::<M>(negative, u128::from(quotient), tail)
}

/// A magnitude times ten to a power, if it fits in a limb.
fn raised([low, rest @ ..]: Limbs, power: u32) -> Option<u64> {
    match (low, rest) {
        (0, [0, 0, 0]) => Some(0),
        (_, [0, 0, 0]) => low.checked_mul(limb_power(power)?.get()),
        _ => None,
    }
}

/// Ten to a power, if it fits in a limb.
fn limb_power(power: u32) -> Option<NonZeroU64> {
    power_of_ten(power).and_then(|power| u64::try_from(power).ok()).and_then(NonZeroU64::new)
}

/// Divides a magnitude in place and returns the rest.
#[expect(clippy::cast_possible_truncation, reason = "quotient and rest of each step fit in a limb")]
fn cut(limbs: &mut Limbs, divisor: NonZeroU64) -> u64 {
    let wide = NonZeroU128::from(divisor);
    let mut rest = 0_u64;
    for limb in limbs.iter_mut().rev() {
        // The rest is below the divisor, so the quotient is below 2^64.
        let part = (u128::from(rest) << 64) | u128::from(*limb);
        *limb = (part / wide) as u64;
        rest = (part % wide) as u64;
    }
    rest
}

/// The column in 128 bits. A value of more than 18 digits is [`Code::Digits`]; `out` must be as long as `values`, or
/// nothing is done ([`Code::Law`]).
pub fn widen(exec: &Exec<'_>, values: &[i64], out: &mut [i128]) -> Result<(), Error> {
    if values.len() != out.len() {
        return Err(Error::whole(Code::Law));
    }
    let blocks = values.chunks(BLOCK_ROWS).zip(out.chunks_mut(BLOCK_ROWS));
    exec.run(
        values.len(),
        blocks,
        || (),
        |(), block, (values, out)| {
            let mut over = 0;
            for (value, out) in values.iter().zip(&mut *out) {
                *out = i128::from(*value);
                over |= beyond(*value, MAX_MINOR);
            }
            if over >= 0 { Ok(()) } else { Err(too_long(block, out)) }
        },
    )?;
    Ok(())
}

/// The failure of the first value of more than 18 digits. It is looked for in what was written, for the column itself
/// may have been changed meanwhile.
fn too_long(block: usize, written: &[i128]) -> Error {
    let found =
        written.iter().enumerate().find(|(_, value)| value.unsigned_abs() > i128::from(MAX_MINOR).unsigned_abs());
    let (row, value) = found.map_or((0, 0), |(row, value)| (row, *value));
    let mut error = at_row(Code::Digits, block, row);
    error.operands.push(value);
    error
}

/// A failure in a row of a block.
fn at_row(code: Code, block: usize, row: usize) -> Error {
    // Blocks are pieces of one slice, so the row is below its length.
    Error::at(code, block.wrapping_mul(BLOCK_ROWS).wrapping_add(row), &[])
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

    fn scale(places: u8) -> Scale {
        Scale::new(places).unwrap()
    }

    fn one<W: Whole>(value: W, from: i32, to: u8, rounding: Rounding) -> Result<i64, Code> {
        let mut out = [7];
        narrow(&Exec::inline(), &[value], from, scale(to), rounding, &mut out).map_err(|error| error.code)?;
        Ok(out[0])
    }

    /// The 256-bit form of a number, and of its multiple by 2^128 (which has no small form).
    fn wide(value: i128, high: i128) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&value.to_le_bytes());
        bytes[16..].copy_from_slice(&high.to_le_bytes());
        bytes
    }

    fn sign_extended(value: i128) -> [u8; 32] {
        wide(value, if value < 0 { -1 } else { 0 })
    }

    /// The rounded quotient by ten to `shift` of a number small enough for plain integers.
    fn expected(value: i128, shift: u32, rounding: Rounding) -> Result<i64, Code> {
        let divisor = 10_i128.pow(shift);
        let (quotient, rest) = ((value / divisor).unsigned_abs(), (value % divisor).unsigned_abs());
        let (half, negative) = (rest.cmp(&(divisor.unsigned_abs() - rest)), value < 0);
        if quotient > i128::from(MAX_MINOR).unsigned_abs() {
            return Err(Code::Overflow);
        }
        let up = match rounding {
            _ if rest == 0 => false,
            Rounding::Exact => return Err(Code::Inexact),
            Rounding::HalfUp => half.is_ge(),
            Rounding::HalfEven => half.is_gt() || (half.is_eq() && quotient % 2 == 1),
            Rounding::HalfDown => half.is_gt(),
            Rounding::Up => true,
            Rounding::Down => false,
            Rounding::Ceiling => !negative,
            Rounding::Floor => negative,
            Rounding::ZeroFiveUp => quotient % 5 == 0,
        };
        let rounded = i128::try_from(quotient).unwrap() + i128::from(up);
        if rounded > i128::from(MAX_MINOR) {
            return Err(Code::Overflow);
        }
        Ok(i64::try_from(if negative { -rounded } else { rounded }).unwrap())
    }

    #[test]
    fn every_width_agrees_with_plain_integers() {
        let edges = [0, 1, 4, 5, 6, 9, 10, 14, 15, 16, 25, 50, 95, 105, 49_999, 50_000, 50_001];
        let far = [i128::from(MAX_MINOR), i128::from(i64::MAX), i128::from(u64::MAX), 10_i128.pow(37), i128::MAX];
        for magnitude in edges.into_iter().chain(far.into_iter().flat_map(|far| [far, far - 1, far / 2])) {
            for value in [magnitude, -magnitude] {
                for rounding in Rounding::ALL {
                    for shift in [0, 1, 2, 3, 5, 17, 18, 19, 20, 37, 38] {
                        let expected = expected(value, shift, rounding);
                        let from = 2 + i32::try_from(shift).unwrap();
                        assert_eq!(one(value, from, 2, rounding), expected, "{value} / 10^{shift} {rounding:?}");
                        assert_eq!(one(sign_extended(value), from, 2, rounding), expected, "{value} in 256 bits");
                        if let Ok(value) = i64::try_from(value) {
                            assert_eq!(one(value, from, 2, rounding), expected, "{value} in 64 bits");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_point_moves_right_or_the_result_overflows() {
        assert_eq!(one(12_i8, 0, 2, Rounding::Exact), Ok(1_200));
        assert_eq!(one(-12_i128, -2, 2, Rounding::Exact), Ok(-120_000));
        assert_eq!(one(9_u64, 0, 17, Rounding::Exact), Ok(900_000_000_000_000_000));
        assert_eq!(one(10_u64, 0, 17, Rounding::Exact), Err(Code::Overflow));
        assert_eq!(one(1_i64, -128, 18, Rounding::HalfUp), Err(Code::Overflow));
        assert_eq!(one(0_i128, -128, 18, Rounding::HalfUp), Ok(0));
        assert_eq!(one(u64::MAX, 0, 0, Rounding::Exact), Err(Code::Overflow));
        assert_eq!(one(i64::MIN, 0, 0, Rounding::Exact), Err(Code::Overflow));
    }

    #[test]
    fn numbers_beyond_128_bits_are_rounded_by_every_digit() {
        // 2^128 is 340282366920938463463374607431768211456.
        assert_eq!(one(wide(0, 1), 38, 0, Rounding::Down), Ok(3));
        assert_eq!(one(wide(0, 1), 38, 16, Rounding::HalfUp), Ok(34_028_236_692_093_846));
        assert_eq!(one(wide(0, -1), 38, 0, Rounding::Floor), Ok(-4));
        assert_eq!(one(wide(0, 1), 2, 2, Rounding::Exact), Err(Code::Overflow));
        assert_eq!(one(wide(0, 1), 127, 18, Rounding::Up), Ok(1));
        assert_eq!(one(wide(0, i128::MIN), 127, 0, Rounding::Down), Ok(0));
        // Five times ten to the 39th is a tie at scale 40, which a single digit far below breaks.
        let low = 236046863106861511512755495955245039616_u128.cast_signed();
        assert_eq!(one(wide(low, 14), 40, 0, Rounding::HalfDown), Ok(0));
        assert_eq!(one(wide(low, 14), 40, 0, Rounding::HalfUp), Ok(1));
        assert_eq!(one(wide(low + 1, 14), 40, 0, Rounding::HalfDown), Ok(1));
        assert_eq!(one(wide(low - 1, 14), 40, 0, Rounding::HalfUp), Ok(0));
    }

    #[test]
    fn the_smallest_row_fails_on_any_number_of_threads() {
        let mut values = vec![1_i128; 200_000];
        values[70_001] = i128::MAX;
        values[150_000] = i128::MAX;
        let mut out = vec![0; values.len()];
        for threads in [1, 2, 5] {
            let exec = Exec::new(threads.try_into().unwrap(), &|| true);
            let error = narrow(&exec, &values, 2, scale(2), Rounding::HalfUp, &mut out).unwrap_err();
            assert_eq!((error.code, error.row), (Code::Overflow, Some(70_001)));
        }
        let error = narrow(&Exec::inline(), &values, 2, scale(2), Rounding::HalfUp, &mut []).unwrap_err();
        assert_eq!(error.code, Code::Law);
    }

    #[test]
    fn widening_keeps_values_and_refuses_long_ones() {
        let mut values: Vec<i64> = (-100_000..100_000).collect();
        values[0] = -MAX_MINOR;
        values[1] = MAX_MINOR;
        let mut out = vec![0; values.len()];
        for threads in [1, 3] {
            let exec = Exec::new(threads.try_into().unwrap(), &|| true);
            widen(&exec, &values, &mut out).unwrap();
            assert!(values.iter().zip(&out).all(|(narrow, wide)| i128::from(*narrow) == *wide));
        }
        values[90_000] = MAX_MINOR + 1;
        values[90_001] = i64::MIN;
        let error = widen(&Exec::inline(), &values, &mut out).unwrap_err();
        assert_eq!(error, Error::at(Code::Digits, 90_000, &[i128::from(MAX_MINOR) + 1]));
        assert_eq!(widen(&Exec::inline(), &values, &mut []).unwrap_err().code, Code::Law);
    }
}
