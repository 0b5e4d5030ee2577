//! Elementwise arithmetic on columns: each result rounded once, each failure with its row.
//!
//! Operands of one call are columns of `out.len()` rows, or scalars. The caller checks lengths; a wrong one is
//! [`Law`](crate::error::Code::Law) here. After a failure other than
//! [`Code::Cancelled`](crate::error::Code::Cancelled) every row of `out` is [`POISON`]. Of several failing rows the
//! smallest is reported, and results are the same, for any number of threads.

mod blocks;
#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::expect_used
)]
pub(crate) mod naive;
mod quotient;
#[cfg(test)]
mod tests;

pub use blocks::Operand;
pub(crate) use blocks::each_row;

use crate::bounds::beyond;
use crate::error::Error;
use crate::exec::Exec;
use crate::rounding::Rounding;
use crate::scalar::{self, Shift, ratio};
use crate::scale::{MAX_MINOR, POISON, Scale};
use crate::with_mode;
use quotient::Fraction;

/// `values` at another scale.
pub fn rescale(
    exec: &Exec<'_>,
    values: Operand<'_>,
    from: Scale,
    to: Scale,
    rounding: Rounding,
    out: &mut [i64],
) -> Result<(), Error> {
    let shift = Shift::between([from, Scale::ZERO], [to, Scale::ZERO]);
    let row = |[value]: [i64; 1]| scalar::rescale(value, from, to, rounding);
    if shift.down == 0 {
        // Ten to the 18th at most, and no digit is lost, so the mode is no matter.
        let factor = i64::try_from(shift.numerator()).unwrap_or(i64::MAX);
        let limit = MAX_MINOR.checked_div(factor).unwrap_or_default();
        return each_row(exec, [values], out, POISON, |[values], out| times(values, factor, limit, out), row);
    }
    let fraction = Fraction::with_divisor(shift, 1);
    with_mode!(rounding, M => {
        each_row(exec, [values], out, POISON, |[values], out| fraction.block::<M>(values, None, &[], out), row)
    })
}

/// Multiplies by a factor; false if a product is beyond 18 digits, which values beyond `limit` have.
fn times(values: &[i64], factor: i64, limit: i64, out: &mut [i64]) -> bool {
    let mut over = 0;
    for (&value, out) in values.iter().zip(out) {
        over |= beyond(value, limit);
        *out = value.wrapping_mul(factor);
    }
    over >= 0
}

/// a + b, both at one scale, which is the result's.
pub fn add(exec: &Exec<'_>, a: Operand<'_>, b: Operand<'_>, out: &mut [i64]) -> Result<(), Error> {
    let fast = |[a, b]: [&[i64]; 2], out: &mut [i64]| pairs(a, b, i64::wrapping_add, out);
    each_row(exec, [a, b], out, POISON, fast, |[a, b]| scalar::add(a, b))
}

/// a − b, both at one scale, which is the result's.
pub fn subtract(exec: &Exec<'_>, a: Operand<'_>, b: Operand<'_>, out: &mut [i64]) -> Result<(), Error> {
    let fast = |[a, b]: [&[i64]; 2], out: &mut [i64]| pairs(a, b, i64::wrapping_sub, out);
    each_row(exec, [a, b], out, POISON, fast, |[a, b]| scalar::subtract(a, b))
}

/// Sums or differences; false if an operand or a result has more than 18 digits.
#[inline(always)]
fn pairs(a: &[i64], b: &[i64], operation: impl Fn(i64, i64) -> i64, out: &mut [i64]) -> bool {
    let mut over = 0;
    for ((&a, &b), out) in a.iter().zip(b).zip(out) {
        let result = operation(a, b);
        over |= beyond(a, MAX_MINOR) | beyond(b, MAX_MINOR) | beyond(result, MAX_MINOR);
        *out = result;
    }
    over >= 0
}

/// −value.
pub fn negate(exec: &Exec<'_>, values: Operand<'_>, out: &mut [i64]) -> Result<(), Error> {
    let fast = |[values]: [&[i64]; 1], out: &mut [i64]| signs(values, i64::wrapping_neg, out);
    each_row(exec, [values], out, POISON, fast, |[value]| scalar::negate(value))
}

/// |value|.
pub fn absolute(exec: &Exec<'_>, values: Operand<'_>, out: &mut [i64]) -> Result<(), Error> {
    let fast = |[values]: [&[i64]; 1], out: &mut [i64]| signs(values, i64::wrapping_abs, out);
    each_row(exec, [values], out, POISON, fast, |[value]| scalar::absolute(value))
}

/// Values with another sign; false if one has more than 18 digits.
#[inline(always)]
fn signs(values: &[i64], operation: impl Fn(i64) -> i64, out: &mut [i64]) -> bool {
    let mut over = 0;
    for (&value, out) in values.iter().zip(out) {
        over |= beyond(value, MAX_MINOR);
        *out = operation(value);
    }
    over >= 0
}

/// a·b at `scale`, rounded once.
#[expect(clippy::too_many_arguments, reason = "two operands, each with its scale, and the result's")]
pub fn multiply(
    exec: &Exec<'_>,
    a: Operand<'_>,
    a_scale: Scale,
    b: Operand<'_>,
    b_scale: Scale,
    scale: Scale,
    rounding: Rounding,
    out: &mut [i64],
) -> Result<(), Error> {
    let shift = Shift::between([a_scale, b_scale], [scale, Scale::ZERO]);
    let fraction = Fraction::with_divisor(shift, 1);
    with_mode!(rounding, M => {
        let fast = |[a, b]: [&[i64]; 2], out: &mut [i64]| fraction.block::<M>(a, Some(b), &[], out);
        each_row(exec, [a, b], out, POISON, fast, |[a, b]| ratio::<M>(a, b, 1, shift))
    })
}

/// a/b at `scale`, rounded once.
#[expect(clippy::too_many_arguments, reason = "two operands, each with its scale, and the result's")]
pub fn divide(
    exec: &Exec<'_>,
    a: Operand<'_>,
    a_scale: Scale,
    b: Operand<'_>,
    b_scale: Scale,
    scale: Scale,
    rounding: Rounding,
    out: &mut [i64],
) -> Result<(), Error> {
    let shift = Shift::between([a_scale, Scale::ZERO], [scale, b_scale]);
    let fraction = over(shift, b);
    with_mode!(rounding, M => {
        let fast = |[a, b]: [&[i64]; 2], out: &mut [i64]| fraction.block::<M>(a, None, b, out);
        each_row(exec, [a, b], out, POISON, fast, |[a, b]| ratio::<M>(a, 1, b, shift))
    })
}

/// a·b/c at `scale`, rounded once, however long a·b is.
///
/// ```
/// use fundclear_kernel::arithmetic::{Operand, mul_div};
/// use fundclear_kernel::{exec::Exec, rounding::Rounding, scale::Scale};
/// let (cents, whole) = (Scale::new(2).unwrap(), Scale::ZERO);
/// // 100.00 and 0.05 of income, shared 1 : 3 by units, to the cent.
/// let income = Operand::Column(&[100_00, 0_05]);
/// let (one, three) = (Operand::Scalar(1), Operand::Scalar(3));
/// let mut share = [0; 2];
/// mul_div(&Exec::inline(), income, cents, one, whole, three, whole, cents, Rounding::HalfUp, &mut share).unwrap();
/// assert_eq!(share, [33_33, 0_02]);
/// ```
#[expect(clippy::too_many_arguments, reason = "three operands, each with its scale, and the result's")]
pub fn mul_div(
    exec: &Exec<'_>,
    a: Operand<'_>,
    a_scale: Scale,
    b: Operand<'_>,
    b_scale: Scale,
    c: Operand<'_>,
    c_scale: Scale,
    scale: Scale,
    rounding: Rounding,
    out: &mut [i64],
) -> Result<(), Error> {
    let shift = Shift::between([a_scale, b_scale], [scale, c_scale]);
    let fraction = over(shift, c);
    with_mode!(rounding, M => {
        let fast = |[a, b, c]: [&[i64]; 3], out: &mut [i64]| fraction.block::<M>(a, Some(b), c, out);
        each_row(exec, [a, b, c], out, POISON, fast, |[a, b, c]| ratio::<M>(a, b, c, shift))
    })
}

/// The fraction over a divisor that is a column or one for all rows.
fn over(shift: Shift, divisor: Operand<'_>) -> Fraction {
    match divisor {
        Operand::Column(_) => Fraction::new(shift),
        Operand::Scalar(value) => Fraction::with_divisor(shift, value),
    }
}
