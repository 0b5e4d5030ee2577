//! Allocation without loss: a total is shared by weights, and the shares add up to it.
//!
//! Each row gets the floor of its exact share; the policy says who gets the units that are left. Every call proves law
//! A1 on the shares as they were written: their sum plus the residual is the total.

mod award;
mod blocks;
mod cascade;
mod cut;
pub(crate) mod floor;
mod groups;
mod guess;
mod partition;
mod rows;
mod single;
mod small;
mod weights;

use crate::error::{Code, Error};
use crate::exec::Exec;
use crate::rounding::Rounding;
use crate::scale::{MAX_MINOR, POISON};
use single::{Split, failure};
use small::Scratch;
use weights::Extent;

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
/// that a policy holds equal, the smaller key comes first. After an error
/// other than [`Code::Cancelled`] every share is [`POISON`].
///
/// # Errors
/// [`Code::NoWeights`], [`Code::ZeroWeights`] and, for the total itself, [`Code::Digits`], without a row and with the
/// total as operand; [`Code::NegativeWeight`], [`Code::Digits`] and, from a cascade that may not round,
/// [`Code::Inexact`] with the row and the weight; [`Code::Law`] if columns differ in length or the weights changed
/// during the call.
pub fn allocate(
    exec: &Exec<'_>,
    total: i64,
    weights: &[i64],
    policy: Policy,
    tie_key: Option<&[i64]>,
    shares: &mut [i64],
) -> Result<i64, Error> {
    share(exec, total, weights, policy, tie_key, shares).inspect_err(|error| error.spoil(shares, POISON))
}

/// Shares each total by the weights of its group: `groups` says for each row which total it shares in. The residuals,
/// one a total, are zero under every policy but [`Policy::Keep`].
///
/// Each group is shared as [`allocate`] shares its rows alone, in the order in which they stand. After an error other
/// than [`Code::Cancelled`] every share and every residual is [`POISON`].
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
    call.run(exec, shares, residuals).inspect_err(|error| {
        error.spoil(shares, POISON);
        error.spoil(residuals, POISON);
    })
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
    let extent = Extent::of(exec, weights)?;
    Split { total, weights, extent, ties, policy }.run(exec, &mut Scratch::default(), shares)
}

#[cfg(test)]
mod tests;
