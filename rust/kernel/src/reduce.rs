//! Columns to one value, or to true and false: sums, extremes, comparisons.

use crate::arithmetic::{Operand, each_row};
use crate::bounds::{beyond, first_unfit, fit, fits};
use crate::error::{Code, Error};
use crate::exec::{BLOCK_ROWS, Exec};
use crate::scale::MAX_MINOR;

/// How two columns are compared. The discriminant is the code that crosses to Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Comparison {
    /// a < b
    Lt = 0,
    /// a ≤ b
    Le = 1,
    /// a = b
    Eq = 2,
    /// a ≠ b
    Ne = 3,
    /// a > b
    Gt = 4,
    /// a ≥ b
    Ge = 5,
}

impl Comparison {
    /// Every comparison, in the order of its code.
    pub const ALL: [Self; 6] = [Self::Lt, Self::Le, Self::Eq, Self::Ne, Self::Gt, Self::Ge];

    /// The comparison of a code, if there is one.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

/// The exact sum, in minor units at the column's scale.
pub fn sum(exec: &Exec<'_>, values: &[i64]) -> Result<i128, Error> {
    let sums = each_block(
        exec,
        values,
        || 0,
        |sum: &mut i128, block| {
            let (over, block_sum) = block_sum(block);
            // A column has fewer than 2^60 rows of less than 2^60 each.
            *sum = sum.wrapping_add(block_sum);
            over >= 0
        },
    )?;
    Ok(sums.into_iter().fold(0, i128::wrapping_add))
}

/// The sum of a block; with it a number below zero if a value has more than 18 digits.
///
/// The halves of the values, made positive by a bias, are summed apart in 64 bits: unlike sums of 128 bits, these are
/// done on several values at a time.
pub(crate) fn block_sum(block: &[i64]) -> (i64, i128) {
    let (mut over, mut high, mut low) = (0, 0_u64, 0_u64);
    for &value in block {
        over |= beyond(value, MAX_MINOR);
        let biased = value.cast_unsigned() ^ BIAS;
        // A block has 2^13 rows, so sums of halves stay below 2^45.
        high = high.wrapping_add(biased >> 32);
        low = low.wrapping_add(biased & 0xffff_ffff);
    }
    let biased = (i128::from(high) << 32).wrapping_add(i128::from(low));
    let bias = i128::try_from(block.len()).unwrap_or_default().wrapping_mul(i128::from(BIAS));
    (over, biased.wrapping_sub(bias))
}

/// Flipping the sign bit adds this, in the numbers without sign.
const BIAS: u64 = 1 << 63;

/// The smallest and the largest value; none of an empty column.
pub fn min_max(exec: &Exec<'_>, values: &[i64]) -> Result<Option<(i64, i64)>, Error> {
    // Every value is between these, so the first one replaces both.
    let extremes = each_block(
        exec,
        values,
        || (i64::MAX, i64::MIN),
        |extremes: &mut (i64, i64), block| {
            *extremes = block.iter().fold(*extremes, |(low, high), &value| (low.min(value), high.max(value)));
            fits(extremes.0) && fits(extremes.1)
        },
    )?;
    let merged = extremes.into_iter().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    Ok(merged.filter(|_| !values.is_empty()))
}

/// Whether every value has at most 18 digits; [`Code::Digits`] with the first that has not.
pub fn check_digits(exec: &Exec<'_>, values: &[i64]) -> Result<(), Error> {
    each_block(exec, values, || (), |(), block| fit(block))?;
    Ok(())
}

/// Hands every block to `work`, which returns false if a value has more than 18 digits.
fn each_block<S: Send>(
    exec: &Exec<'_>,
    values: &[i64],
    init: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &[i64]) -> bool + Sync,
) -> Result<Vec<S>, Error> {
    exec.run(values.len(), values.chunks(BLOCK_ROWS), init, |state, index, block| {
        if work(state, block) {
            return Ok(());
        }
        // The value is found again unless somebody else writes to the column meanwhile.
        let (offset, value) = first_unfit(block).unwrap_or_default();
        // Blocks are pieces of one slice, so the row is below its length.
        let row = index.wrapping_mul(BLOCK_ROWS).wrapping_add(offset);
        Err(Error::at(Code::Digits, row, &[i128::from(value)]))
    })
}

/// Compares row by row, both at one scale. After a failure every row of `out` is false.
pub fn compare(exec: &Exec<'_>, a: Operand<'_>, b: Operand<'_>, op: Comparison, out: &mut [bool]) -> Result<(), Error> {
    match op {
        Comparison::Lt => compare_by(exec, a, b, |a, b| a < b, out),
        Comparison::Le => compare_by(exec, a, b, |a, b| a <= b, out),
        Comparison::Eq => compare_by(exec, a, b, |a, b| a == b, out),
        Comparison::Ne => compare_by(exec, a, b, |a, b| a != b, out),
        Comparison::Gt => compare_by(exec, a, b, |a, b| a > b, out),
        Comparison::Ge => compare_by(exec, a, b, |a, b| a >= b, out),
    }
}

fn compare_by(
    exec: &Exec<'_>,
    a: Operand<'_>,
    b: Operand<'_>,
    holds: impl Fn(i64, i64) -> bool + Sync,
    out: &mut [bool],
) -> Result<(), Error> {
    let fast = |[a, b]: [&[i64]; 2], out: &mut [bool]| {
        let mut over = 0;
        for ((&a, &b), out) in a.iter().zip(b).zip(out) {
            over |= beyond(a, MAX_MINOR) | beyond(b, MAX_MINOR);
            *out = holds(a, b);
        }
        over >= 0
    };
    let row = |[a, b]: [i64; 2]| if fits(a) && fits(b) { Ok(holds(a, b)) } else { Err(Code::Digits) };
    each_row(exec, [a, b], out, false, fast, row)
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
    use crate::arithmetic::naive::{any_i64, draw, value};
    use crate::exec::SMALL_ROWS;
    use Operand::{Column, Scalar};

    fn column(seed: u64, rows: usize) -> Vec<i64> {
        let mut draw = draw(seed);
        (0..rows).map(|_| value(&mut draw)).collect()
    }

    #[test]
    fn block_sums_are_exact_for_any_bits() {
        let mut draw = draw(10);
        for block in [vec![i64::MIN; BLOCK_ROWS], vec![i64::MAX; BLOCK_ROWS], vec![-1; 5], Vec::new()] {
            assert_eq!(block_sum(&block).1, block.iter().copied().map(i128::from).sum());
        }
        for rows in [1, 2, 3, 100, BLOCK_ROWS] {
            let block: Vec<_> = (0..rows).map(|_| any_i64(&mut draw)).collect();
            assert_eq!(block_sum(&block).1, block.iter().copied().map(i128::from).sum());
        }
    }

    #[test]
    fn reductions_are_the_same_on_any_number_of_threads() {
        for rows in [0, 1, 7, BLOCK_ROWS, BLOCK_ROWS + 1, 3 * SMALL_ROWS + 5] {
            let values = column(11, rows);
            let total = values.iter().copied().map(i128::from).sum();
            let extremes = values.iter().min().copied().zip(values.iter().max().copied());
            for threads in [1, 2, 3, 7] {
                let exec = Exec::new(threads.try_into().unwrap(), &|| true);
                assert_eq!(sum(&exec, &values), Ok(total));
                assert_eq!(min_max(&exec, &values), Ok(extremes));
                assert_eq!(check_digits(&exec, &values), Ok(()));
            }
        }
        let many = vec![-MAX_MINOR; 2 * SMALL_ROWS];
        assert_eq!(sum(&Exec::inline(), &many), Ok(i128::from(-MAX_MINOR) * i128::try_from(many.len()).unwrap()));
        assert_eq!(min_max(&Exec::inline(), &many), Ok(Some((-MAX_MINOR, -MAX_MINOR))));
    }

    #[test]
    fn the_first_value_of_too_many_digits_is_refused() {
        let mut values = column(12, 2 * SMALL_ROWS);
        let first = BLOCK_ROWS * 9 + 77;
        (values[first], values[first + 1], values[BLOCK_ROWS * 10]) = (-MAX_MINOR - 1, i64::MIN, i64::MAX);
        let failure = Error::at(Code::Digits, first, &[i128::from(-MAX_MINOR - 1)]);
        for threads in [1, 2, 3, 7] {
            let exec = Exec::new(threads.try_into().unwrap(), &|| true);
            assert_eq!(sum(&exec, &values), Err(failure.clone()));
            assert_eq!(min_max(&exec, &values), Err(failure.clone()));
            assert_eq!(check_digits(&exec, &values), Err(failure.clone()));
            let mut out = vec![true; values.len()];
            let done = compare(&exec, Column(&values), Scalar(5), Comparison::Lt, &mut out);
            assert_eq!(done, Err(Error::at(Code::Digits, first, &[i128::from(-MAX_MINOR - 1), 5])));
            assert!(out.iter().all(|holds| !holds));
        }
    }

    #[test]
    fn comparisons_order_as_integers_do() {
        let edges = [-MAX_MINOR, -2, -1, 0, 1, 2, MAX_MINOR];
        let pairs: Vec<_> = edges.iter().flat_map(|a| edges.map(|b| (*a, b))).collect();
        let (a, b): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
        for (code, op) in (0..).zip(Comparison::ALL) {
            assert_eq!(Comparison::from_code(code), Some(op));
            let holds = |a: i64, b: i64| match op {
                Comparison::Lt => a.cmp(&b).is_lt(),
                Comparison::Le => a.cmp(&b).is_le(),
                Comparison::Eq => a.cmp(&b).is_eq(),
                Comparison::Ne => a.cmp(&b).is_ne(),
                Comparison::Gt => a.cmp(&b).is_gt(),
                Comparison::Ge => a.cmp(&b).is_ge(),
            };
            let mut out = vec![false; pairs.len()];
            compare(&Exec::inline(), Column(&a), Column(&b), op, &mut out).unwrap();
            assert!(pairs.iter().zip(&out).all(|(&(a, b), out)| holds(a, b) == *out), "{op:?}");
            compare(&Exec::inline(), Column(&a), Scalar(1), op, &mut out).unwrap();
            assert!(a.iter().zip(&out).all(|(a, out)| holds(*a, 1) == *out), "{op:?}");
        }
        assert_eq!(Comparison::from_code(6), None);
    }
}
