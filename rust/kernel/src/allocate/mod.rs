//! Allocation without loss: a total is shared by weights, and the shares add up to it.
//!
//! Each row gets the floor of its exact share; the policy says who gets the units that are left. Every call proves law
//! A1 on the shares as they were written: their sum plus the residual is the total.

mod award;
mod blocks;
mod cascade;
mod cut;
mod floor;
mod groups;
mod guess;
mod partition;
mod rows;
mod single;
mod small;

use crate::error::{Code, Error};
use crate::exec::{BLOCK_ROWS, Exec};
use crate::rounding::Rounding;
use crate::scale::{MAX_MINOR, POISON};
use single::{Split, failure};
use small::Scratch;

/// Who gets what the floors leave over. A row of weight zero never gets a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    /// One unit each by falling remainder; ties by tie key, then to the earlier row.
    LargestRemainder,
    /// One unit each by falling weight; ties by tie key, then to the earlier row.
    LargestWeight,
    /// One unit each in the order of the rows; a tie key has no say.
    First,
    /// No floors: the running total is rounded, and a row gets what it has grown by. A tie key has no say.
    Cascade(Rounding),
    /// Nobody: it is returned as the residual.
    Keep,
}

/// Shares `total` by `weights` and returns the residual, zero under every policy but [`Policy::Keep`].
///
/// A negative total gives minus the shares of its magnitude. `tie_key`, if given, is as long as the weights: among rows
/// that a policy holds equal, the smaller key comes first. After an error every share is [`POISON`].
///
/// # Errors
/// [`Code::NoWeights`], [`Code::ZeroWeights`] and, for the total itself, [`Code::Digits`], without a row and with the
/// total as operand; [`Code::NegativeWeight`], [`Code::Digits`] and, from a cascade that may not round,
/// [`Code::Inexact`] with the row and the weight; [`Code::Law`] if columns differ in length or
/// the weights changed during the call.
pub fn allocate(
    exec: &Exec<'_>,
    total: i64,
    weights: &[i64],
    policy: Policy,
    tie_key: Option<&[i64]>,
    shares: &mut [i64],
) -> Result<i64, Error> {
    let result = share(exec, total, weights, policy, tie_key, shares);
    if result.is_err() {
        shares.fill(POISON);
    }
    result
}

/// Shares each total by the weights of its group: `groups` says for each row which total it shares in. The residuals,
/// one a total, are zero under every policy but [`Policy::Keep`].
///
/// Each group is shared as [`allocate`] shares its rows alone, in the order in which they stand. After an error every
/// share and every residual is [`POISON`].
///
/// # Errors
/// [`Code::Digits`] with the number and the value of a total; [`Code::Digits`] and [`Code::NegativeWeight`] with the
/// row and the weight, [`Code::GroupRange`] with the row and the group, of the first row at fault; then, of the first
/// group at fault, [`Code::NoWeights`] and [`Code::ZeroWeights`] with the number of the group as row and its total, or
/// [`Code::Inexact`] with the row and the weight; [`Code::Law`] as in [`allocate`].
#[expect(clippy::too_many_arguments, reason = "four columns in, two out, and how to do it")]
pub fn allocate_groups(
    exec: &Exec<'_>,
    totals: &[i64],
    weights: &[i64],
    groups: &[i64],
    policy: Policy,
    tie_key: Option<&[i64]>,
    shares: &mut [i64],
    residuals: &mut [i64],
) -> Result<(), Error> {
    let call = groups::Call { totals, weights, groups, policy, ties: tie_key };
    let result = call.run(exec, shares, residuals);
    if result.is_err() {
        shares.fill(POISON);
        residuals.fill(POISON);
    }
    result
}

fn share(
    exec: &Exec<'_>,
    total: i64,
    weights: &[i64],
    policy: Policy,
    ties: Option<&[i64]>,
    shares: &mut [i64],
) -> Result<i64, Error> {
    if shares.len() != weights.len() || ties.is_some_and(|ties| ties.len() != weights.len()) {
        return Err(failure(Code::Law, total));
    }
    if total.unsigned_abs() > MAX_MINOR.unsigned_abs() {
        return Err(failure(Code::Digits, total));
    }
    if weights.is_empty() {
        return Err(failure(Code::NoWeights, total));
    }
    let sum = sum_of_weights(exec, weights)?;
    Split { total, weights, sum, ties, policy }.run(exec, &mut Scratch::default(), shares)
}

/// The exact sum of the weights, each of which is found to be one.
fn sum_of_weights(exec: &Exec<'_>, weights: &[i64]) -> Result<u128, Error> {
    let sums = exec.run(weights.len(), weights.chunks(BLOCK_ROWS), u128::default, |sum, block, weights| {
        // A row's number fits in usize, and at most 2^60 weights are below 2^60 each.
        let part = sum_of_block(weights, block.wrapping_mul(BLOCK_ROWS))?;
        *sum = sum.wrapping_add(part);
        Ok(())
    })?;
    Ok(sums.into_iter().fold(0, u128::wrapping_add))
}

/// The exact sum of a block of weights whose first row has this number.
fn sum_of_block(weights: &[i64], first_row: usize) -> Result<u128, Error> {
    // Halves of 32 bits in sums of 64 cannot wrap for a block. A value is negative, or MAX_MINOR minus it is, if and
    // only if it is no weight; the bitwise or of many such numbers is negative if one of them is.
    let (mut low, mut high, mut bad) = (0_u64, 0_u64, 0_i64);
    for &weight in weights {
        bad |= weight | MAX_MINOR.wrapping_sub(weight);
        low = low.wrapping_add(weight.cast_unsigned() & 0xFFFF_FFFF);
        high = high.wrapping_add(weight.cast_unsigned() >> 32);
    }
    if bad < 0 {
        return Err(first_bad_weight(weights, first_row));
    }
    Ok((u128::from(high) << 32).wrapping_add(low.into()))
}

fn first_bad_weight(weights: &[i64], first_row: usize) -> Error {
    let bad = weights.iter().zip(first_row..).find(|&(&weight, _)| !(0..=MAX_MINOR).contains(&weight));
    match bad {
        Some((&weight, row)) if weight.unsigned_abs() > MAX_MINOR.unsigned_abs() => {
            Error::at(Code::Digits, row, &[weight.into()])
        }
        Some((&weight, row)) => Error::at(Code::NegativeWeight, row, &[weight.into()]),
        // Another thread changed the column meanwhile.
        None => Error::whole(Code::Law),
    }
}

#[cfg(test)]
mod tests;
