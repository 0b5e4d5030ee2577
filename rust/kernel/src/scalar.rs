//! The arithmetic of one value: what every column function does to a row, and what it falls back to.
//!
//! Every operation is one fraction of whole numbers, rounded once. Failures of a row have an order: a value of more
//! than 18 digits, then a divisor of zero, then a result of more than 18 digits, then lost digits.

use std::num::NonZeroU128;

use crate::bounds::fits;
use crate::error::Code;
use crate::rounding::{CutOff, Mode, Remainder, Rounding};
use crate::scale::{MAX_MINOR, Scale, power_of_ten};
use crate::wide::Wide;
use crate::with_mode;

/// The powers of ten that bring a fraction of minor units to the scale of its result: the numerator is multiplied by
/// ten to `up`, the denominator by ten to `down`. One of them is zero, neither is above 36.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shift {
    pub(crate) up: u32,
    pub(crate) down: u32,
}

impl Shift {
    /// Brings a numerator that has the places of `have` (together) to those of `want` (together).
    pub(crate) fn between(have: [Scale; 2], want: [Scale; 2]) -> Self {
        // Two scales of at most 18 each.
        let places = |[a, b]: [Scale; 2]| u32::from(a.places()).wrapping_add(u32::from(b.places()));
        let (have, want) = (places(have), places(want));
        Self { up: want.saturating_sub(have), down: have.saturating_sub(want) }
    }

    /// Ten to `up`.
    pub(crate) fn numerator(self) -> u128 {
        // The powers up to 38 exist, so the default is never taken.
        power_of_ten(self.up).unwrap_or_default()
    }

    /// Ten to `down`.
    pub(crate) fn denominator(self) -> u128 {
        power_of_ten(self.down).unwrap_or_default()
    }
}

/// a·b/c in the units that `shift` leads to, rounded once.
pub(crate) fn ratio<M: Mode>(a: i64, b: i64, c: i64, shift: Shift) -> Result<i64, Code> {
    if !(fits(a) && fits(b) && fits(c)) {
        return Err(Code::Digits);
    }
    if c == 0 {
        return Err(Code::DivisionByZero);
    }
    let negative = (a ^ b ^ c) < 0;
    // Below 10^36, well within 128 bits.
    let product = u128::from(a.unsigned_abs()).wrapping_mul(u128::from(b.unsigned_abs()));
    let divisor = u128::from(c.unsigned_abs());
    let numerator = product.checked_mul(shift.numerator());
    let denominator = divisor.checked_mul(shift.denominator()).and_then(NonZeroU128::new);
    if let (Some(numerator), Some(denominator)) = (numerator, denominator) {
        let quotient = numerator / denominator;
        // The remainder by multiplication, for a second division of 128 bits would cost as much as the first.
        let remainder = numerator.wrapping_sub(quotient.wrapping_mul(denominator.get()));
        let rest = denominator.get().wrapping_sub(remainder);
        return round::<M>(negative, quotient, Remainder { remainder, rest });
    }
    // The numerator has up to 72 digits, the denominator up to 54. A quotient of more than 128 bits has more than 18.
    let divisor = Wide::product(divisor, shift.denominator());
    let divided = Wide::product(product, shift.numerator()).divide(divisor);
    let (quotient, remainder) = divided.ok_or(Code::Overflow)?;
    let rest = divisor.minus(remainder);
    round::<M>(negative, quotient, Remainder { remainder, rest })
}

/// Rounds a magnitude by what was cut off, and gives it its sign.
pub(crate) fn round<M: Mode>(negative: bool, quotient: u128, cut: impl CutOff) -> Result<i64, Code> {
    let kept = u64::try_from(quotient).ok().filter(|kept| *kept <= MAX_MINOR.unsigned_abs()).ok_or(Code::Overflow)?;
    if M::EXACT && cut.some() {
        return Err(Code::Inexact);
    }
    // At most 10^18, so neither the sum nor the sign wraps.
    let magnitude = kept.wrapping_add(u64::from(M::goes_up(negative, kept, cut))).cast_signed();
    if magnitude > MAX_MINOR {
        return Err(Code::Overflow);
    }
    Ok(if negative { magnitude.wrapping_neg() } else { magnitude })
}

/// `value` at another scale.
///
/// ```
/// use fundclear_kernel::{error::Code, rounding::Rounding, scalar, scale::Scale};
/// let (mills, cents) = (Scale::new(3).unwrap(), Scale::new(2).unwrap());
/// assert_eq!(scalar::rescale(1_005, mills, cents, Rounding::HalfUp), Ok(101)); // 1.005 is 1.01
/// assert_eq!(scalar::rescale(1_005, mills, cents, Rounding::HalfEven), Ok(100)); // or 1.00
/// assert_eq!(scalar::rescale(1_005, mills, cents, Rounding::Exact), Err(Code::Inexact));
/// ```
pub fn rescale(value: i64, from: Scale, to: Scale, rounding: Rounding) -> Result<i64, Code> {
    let shift = Shift::between([from, Scale::ZERO], [to, Scale::ZERO]);
    with_mode!(rounding, M => ratio::<M>(value, 1, 1, shift))
}

/// a + b, at the scale that both have.
pub fn add(a: i64, b: i64) -> Result<i64, Code> {
    // Two values of 18 digits add up to less than 2^61. The sum of longer ones may wrap, and is not looked at.
    settled([a, b], a.wrapping_add(b))
}

/// a − b, at the scale that both have.
pub fn subtract(a: i64, b: i64) -> Result<i64, Code> {
    // As in `add`.
    settled([a, b], a.wrapping_sub(b))
}

/// −value.
pub fn negate(value: i64) -> Result<i64, Code> {
    settled([value], value.wrapping_neg())
}

/// |value|.
pub fn absolute(value: i64) -> Result<i64, Code> {
    settled([value], value.wrapping_abs())
}

fn settled<const N: usize>(operands: [i64; N], result: i64) -> Result<i64, Code> {
    match operands.into_iter().all(fits) {
        false => Err(Code::Digits),
        true if fits(result) => Ok(result),
        true => Err(Code::Overflow),
    }
}

/// a·b at `scale`, rounded once.
pub fn multiply(a: i64, a_scale: Scale, b: i64, b_scale: Scale, scale: Scale, rounding: Rounding) -> Result<i64, Code> {
    let shift = Shift::between([a_scale, b_scale], [scale, Scale::ZERO]);
    with_mode!(rounding, M => ratio::<M>(a, b, 1, shift))
}

/// a/b at `scale`, rounded once.
pub fn divide(a: i64, a_scale: Scale, b: i64, b_scale: Scale, scale: Scale, rounding: Rounding) -> Result<i64, Code> {
    let shift = Shift::between([a_scale, Scale::ZERO], [scale, b_scale]);
    with_mode!(rounding, M => ratio::<M>(a, 1, b, shift))
}

/// a·b/c at `scale`, rounded once, however long a·b is.
///
/// ```
/// use fundclear_kernel::{rounding::Rounding, scalar, scale::Scale};
/// let (whole, cents) = (Scale::ZERO, Scale::new(2).unwrap());
/// let income = 99_999_999_999_999_999; // A third of it, though the product with 100 has 19 digits.
/// let third = scalar::mul_div(income, cents, 100, whole, 300, whole, cents, Rounding::HalfUp);
/// assert_eq!(third, Ok(33_333_333_333_333_333));
/// ```
#[expect(clippy::too_many_arguments, reason = "three values, each with its scale, and the result's")]
pub fn mul_div(
    a: i64,
    a_scale: Scale,
    b: i64,
    b_scale: Scale,
    c: i64,
    c_scale: Scale,
    scale: Scale,
    rounding: Rounding,
) -> Result<i64, Code> {
    let shift = Shift::between([a_scale, b_scale], [scale, c_scale]);
    with_mode!(rounding, M => ratio::<M>(a, b, c, shift))
}
