//! The cascade: the running total is rounded, and each row gets what it has grown by.
//!
//! Row i gets c(i) - c(i-1), where c(i) = round(T * (w(1) + ... + w(i)) / W).

use super::award::write_blocks;
use super::floor::{Above, Below, Divide, Key, Wide};
use crate::error::{Code, Error};
use crate::exec::{BLOCK_ROWS, Exec};
use crate::rounding::{Mode, Remainder, Rounding};
use crate::with_mode;

/// A division that can follow the running total.
pub(super) trait Follow: Divide {
    /// How far the weights have run.
    type Run: Copy + Default + Send + Sync;

    /// One run after another.
    fn join(self, a: Self::Run, b: Self::Run) -> Self::Run;

    /// The run of one weight.
    fn run(self, weight: u64) -> Self::Run;

    /// Quotient and remainder of the running total.
    fn total(self, run: Self::Run) -> (u64, Self::Fraction);
}

macro_rules! follow_sums {
    ($($divide:ty)*) => {$(
        /// The sum of all weights is below 2^63, so a running sum of weights is divided like a weight.
        impl Follow for $divide {
            type Run = u64;

            #[inline(always)]
            fn join(self, a: u64, b: u64) -> u64 {
                a.wrapping_add(b)
            }

            #[inline(always)]
            fn run(self, weight: u64) -> u64 {
                weight
            }

            #[inline(always)]
            fn total(self, run: u64) -> (u64, u64) {
                let (quotient, fraction) = self.split(run);
                (quotient, self.remainder(fraction))
            }
        }
    )*};
}

follow_sums! { Below Above }

/// The product of a total and a running sum could have 184 bits. So quotients and remainders are summed, each
/// remainder brought below the divisor again.
impl Follow for Wide {
    type Run = (u64, u128);

    #[inline(always)]
    fn join(self, a: Self::Run, b: Self::Run) -> Self::Run {
        // Both remainders are below 2^124, and the quotients add up to at most the total.
        let (sum, largest) = (a.1.wrapping_add(b.1), self.largest_remainder());
        let over = sum > largest;
        let remainder = if over { sum.wrapping_sub(largest).wrapping_sub(1) } else { sum };
        (a.0.wrapping_add(b.0).wrapping_add(u64::from(over)), remainder)
    }

    #[inline(always)]
    fn run(self, weight: u64) -> Self::Run {
        self.split(weight)
    }

    #[inline(always)]
    fn total(self, run: Self::Run) -> (u64, u128) {
        run
    }
}

/// Writes the shares, below zero if the total is, and returns their sum as written. With [`Rounding::Exact`] a running
/// total that is not whole is [`Code::Inexact`].
pub(super) fn cascade<D: Follow>(
    exec: &Exec<'_>,
    divide: D,
    negative: bool,
    weights: &[i64],
    rounding: Rounding,
    shares: &mut [i64],
) -> Result<i128, Error> {
    let starts = starts(exec, divide, weights)?;
    with_mode!(rounding, M => differences::<D, M>(exec, divide, negative, weights, &starts, shares))
}

/// How far the weights have run before each block.
fn starts<D: Follow>(exec: &Exec<'_>, divide: D, weights: &[i64]) -> Result<Vec<D::Run>, Error> {
    let mut starts = vec![D::Run::default(); weights.len().div_ceil(BLOCK_ROWS)];
    if starts.len() > 1 {
        let tasks = weights.chunks(BLOCK_ROWS).zip(starts.iter_mut());
        exec.run(
            weights.len(),
            tasks,
            || (),
            |(), _, (weights, sum)| {
                *sum = weights
                    .iter()
                    .fold(D::Run::default(), |sum, weight| divide.join(sum, divide.run(weight.cast_unsigned())));
                Ok(())
            },
        )?;
        let mut before = D::Run::default();
        for start in &mut starts {
            let block = std::mem::replace(start, before);
            before = divide.join(before, block);
        }
    }
    Ok(starts)
}

/// The running total rounded as a magnitude: a negative total mirrors a positive one. Also whether it was whole.
#[inline(always)]
fn rounded<D: Follow, M: Mode>(divide: D, run: D::Run) -> (u64, bool) {
    let (quotient, remainder) = divide.total(run);
    // largest - remainder + 1: what the remainder lacks to the divisor.
    let rest = divide.largest_remainder().above(remainder).next().unwrap_or_default();
    let up = M::goes_up(false, quotient, Remainder { remainder, rest });
    (quotient.wrapping_add(u64::from(up)), remainder == D::Fraction::default())
}

fn differences<D: Follow, M: Mode>(
    exec: &Exec<'_>,
    divide: D,
    negative: bool,
    weights: &[i64],
    starts: &[D::Run],
    shares: &mut [i64],
) -> Result<i128, Error> {
    let mirror = 0_i64.wrapping_sub(negative.into());
    write_blocks(exec, shares, &|block, shares| {
        // A row's number fits in usize.
        let first_row = block.wrapping_mul(BLOCK_ROWS);
        let weights = weights.get(first_row..).unwrap_or_default();
        let mut run = starts.get(block).copied().unwrap_or_default();
        let (mut before, _) = rounded::<D, M>(divide, run);
        for ((&weight, share), row) in weights.iter().zip(shares).zip(first_row..) {
            run = divide.join(run, divide.run(weight.cast_unsigned()));
            let (after, whole) = rounded::<D, M>(divide, run);
            if M::EXACT && !whole {
                return Err(Error::at(Code::Inexact, row, &[weight.into()]));
            }
            // Rounding keeps order, so the difference is not below zero. With all bits set, `mirror` negates it.
            *share = (after.wrapping_sub(before).cast_signed() ^ mirror).wrapping_sub(mirror);
            before = after;
        }
        Ok(())
    })
}
