//! One total over one column of weights that were checked and summed before.

use std::num::NonZeroU128;

use super::Policy;
use super::award::award;
use super::blocks::Blocks;
use super::cascade::{Follow, cascade};
use super::cut::{Cut, Tie, Wanted, find};
use super::floor::{Divide, Key, with_division};
use super::guess::{Sample, expected_units};
use super::rows::{ByRemainder, ByWeight, Rows, Tied, presence, size};
use super::small::{FEW_ROWS, Scratch, SmallKey, mirror, share_out};
use super::weights::Extent;
use crate::error::{Code, Error};
use crate::exec::Exec;

/// A total and what it is shared by.
#[derive(Clone, Copy)]
pub(super) struct Split<'a> {
    /// At most 18 digits.
    pub total: i64,
    /// At least one, each of 0 to 18 digits.
    pub weights: &'a [i64],
    pub extent: Extent,
    /// The smaller, the earlier among rows that are otherwise equal.
    pub ties: Option<&'a [i64]>,
    pub policy: Policy,
}

impl Split<'_> {
    /// Writes the shares and returns the residual.
    pub(super) fn run(&self, exec: &Exec<'_>, scratch: &mut Scratch, shares: &mut [i64]) -> Result<i64, Error> {
        let Some(sum) = NonZeroU128::new(self.extent.sum) else {
            shares.fill(0);
            return if self.total == 0 { Ok(0) } else { Err(failure(Code::ZeroWeights, self.total)) };
        };
        with_division!(self.total.unsigned_abs(), sum, divide => self.run_with(exec, divide, scratch, shares))
    }

    fn run_with<D: Follow<Fraction: SmallKey>>(
        &self,
        exec: &Exec<'_>,
        divide: D,
        scratch: &mut Scratch,
        shares: &mut [i64],
    ) -> Result<i64, Error> {
        let weights = self.weights;
        let by_remainder = ByRemainder { weights, bound: self.extent.bound, divide };
        let written = match self.policy {
            Policy::Cascade(rounding) => cascade(exec, divide, self.total < 0, weights, rounding, shares)?,
            Policy::Keep => award(exec, &by_remainder, &Cut::none(), self.total < 0, shares)?,
            Policy::LargestRemainder => self.ranked(exec, divide, &by_remainder, scratch, shares)?,
            Policy::LargestWeight => {
                let by_weight = ByWeight { weights, divide, rank: size };
                self.ranked(exec, divide, &by_weight, scratch, shares)?
            }
            Policy::First => {
                let by_place = ByWeight { weights, divide, rank: presence };
                self.placed(exec, divide, &by_place, scratch, shares)?
            }
        };
        self.residual(written)
    }

    /// Floors, and one unit more for the first rows by rank, tie key and place. Returns the sum of what was written.
    fn ranked<D: Divide, R: Rows<Key: SmallKey>>(
        &self,
        exec: &Exec<'_>,
        divide: D,
        rows: &R,
        scratch: &mut Scratch,
        shares: &mut [i64],
    ) -> Result<i128, Error> {
        if shares.len() <= FEW_ROWS {
            return Ok(self.few(rows, self.ties, scratch, shares));
        }
        let cut = self.cut(exec, divide, rows)?;
        let (Some(ties), Tie::First { wanted, counts }) = (self.ties, &cut.tied) else {
            return award(exec, rows, &cut, self.total < 0, shares);
        };
        let tied = Tied { rows, keys: cut.keys, ties };
        let population = counts.iter().fold(0_u64, |sum, &count| sum.wrapping_add(count.into()));
        let mut sample = Sample::new(&tied, shares.len());
        sample.expect_after(*wanted, population);
        let cut = find(exec, &tied, shares.len(), population, sample, Wanted::Known(*wanted))?;
        award(exec, &tied, &cut, self.total < 0, shares)
    }

    /// The same by rank and place alone.
    fn placed<D: Divide, R: Rows<Key: SmallKey>>(
        &self,
        exec: &Exec<'_>,
        divide: D,
        rows: &R,
        scratch: &mut Scratch,
        shares: &mut [i64],
    ) -> Result<i128, Error> {
        if shares.len() <= FEW_ROWS {
            return Ok(self.few(rows, None, scratch, shares));
        }
        award(exec, rows, &self.cut(exec, divide, rows)?, self.total < 0, shares)
    }

    fn few<R: Rows<Key: SmallKey>>(
        &self,
        rows: &R,
        ties: Option<&[i64]>,
        scratch: &mut Scratch,
        shares: &mut [i64],
    ) -> i128 {
        share_out(rows, self.total.unsigned_abs(), ties, scratch, shares);
        mirror(self.total < 0, shares)
    }

    /// The cut below the rows that get a leftover unit, or that share the last of them with rows of their rank.
    fn cut<D: Divide, K: Key>(&self, exec: &Exec<'_>, divide: D, rows: &dyn Blocks<K>) -> Result<Cut<K>, Error> {
        let count = self.weights.len();
        let mut sample = Sample::new(rows, count);
        sample.expect_at(expected_units(divide, self.weights));
        find(exec, rows, count, count as u64, sample, Wanted::LeftOf(self.total.unsigned_abs()))
    }

    /// Law A1: what was written and what is kept back add up to the total, and only `keep` keeps anything back.
    pub(super) fn residual(&self, written: i128) -> Result<i64, Error> {
        let residual = i128::from(self.total).wrapping_sub(written);
        // The floors cut off less than one unit a row, and nothing beyond the total.
        let lawful = match self.policy {
            Policy::Keep => {
                let mirrored = if self.total < 0 { residual.wrapping_neg() } else { residual };
                (0..self.weights.len() as i128).contains(&mirrored)
            }
            _ => residual == 0,
        };
        match i64::try_from(residual) {
            Ok(residual) if lawful => Ok(residual),
            _ => Err(failure(Code::Law, self.total)),
        }
    }
}

/// A failure of a whole total.
pub(super) fn failure(code: Code, total: i64) -> Error {
    Error { operands: vec![total.into()], ..Error::whole(code) }
}
