//! Many totals: the rows of each group are brought together and share its total.

use super::Policy;
use super::partition::{Part, share_by_range};
use super::single::{Split, failure};
use super::small::Scratch;
use super::weights::Extent;
use crate::error::{Code, Error};
use crate::exec::{BLOCK_ROWS, Exec, SMALL_ROWS};
use crate::rounding::Rounding;
use crate::scale::MAX_MINOR;

/// The arguments of a call.
pub(super) struct Call<'a> {
    pub totals: &'a [i64],
    pub weights: &'a [i64],
    pub groups: &'a [i64],
    pub policy: Policy,
    pub ties: Option<&'a [i64]>,
}

/// Memory that a worker keeps from one part to the next.
#[derive(Default)]
pub(super) struct GroupScratch {
    /// Where the next row of each group goes, and in the end where the group ends.
    ends: Vec<u32>,
    /// The rows by group, and what belongs to each.
    order: Vec<u32>,
    weights: Vec<i64>,
    ties: Vec<i64>,
    shares: Vec<i64>,
    small: Scratch,
}

impl Call<'_> {
    pub(super) fn run(&self, exec: &Exec<'_>, shares: &mut [i64], residuals: &mut [i64]) -> Result<(), Error> {
        let rows = self.weights.len();
        let same_length = shares.len() == rows
            && self.groups.len() == rows
            && residuals.len() == self.totals.len()
            && self.ties.is_none_or(|ties| ties.len() == rows);
        if !same_length {
            return Err(Error::whole(Code::Law));
        }
        let fits = |total: &i64| total.unsigned_abs() <= MAX_MINOR.unsigned_abs();
        if let Some((group, total)) = self.totals.iter().enumerate().find(|(_, total)| !fits(total)) {
            return Err(Error::at(Code::Digits, group, &[(*total).into()]));
        }
        self.check_rows(exec)?;
        match self.share_out(exec, shares, residuals) {
            Err(Error { code: Code::NoWeights | Code::ZeroWeights | Code::Inexact, .. }) => Err(self.first_failure()),
            Err(error) => Err(error),
            Ok(()) => self.check_law(exec, shares, residuals),
        }
    }

    fn share_out(&self, exec: &Exec<'_>, shares: &mut [i64], residuals: &mut [i64]) -> Result<(), Error> {
        let Self { totals, weights, ties, policy, .. } = *self;
        let scratch = &mut GroupScratch::default();
        let part = Part { first: 0, totals, residuals, weights, ties, slots: shares };
        if totals.len() == 1 {
            share_one(exec, policy, scratch, part)
        } else if weights.len() <= SMALL_ROWS {
            part.slots.copy_from_slice(self.groups);
            share_by_group(policy, scratch, part)
        } else {
            share_by_range(exec, policy, scratch, self.groups, part)
        }
    }

    /// Checks each weight and each group.
    fn check_rows(&self, exec: &Exec<'_>) -> Result<(), Error> {
        let last = i64::try_from(self.totals.len()).unwrap_or(i64::MAX).wrapping_sub(1);
        let tasks = self.weights.chunks(BLOCK_ROWS).zip(self.groups.chunks(BLOCK_ROWS));
        exec.run(
            self.weights.len(),
            tasks,
            || (),
            |(), block, (weights, groups)| {
                // A number is below zero if the group is, or if it is above the last one; `last - group` wraps only
                // for groups below zero.
                let bad = groups.iter().fold(0, |bad, &group| bad | group | last.wrapping_sub(group));
                // A row's number fits in usize.
                let first_row = block.wrapping_mul(BLOCK_ROWS);
                if bad < 0 {
                    return Err(first_bad_row(weights, groups, last, first_row));
                }
                Extent::of_block(weights, first_row).map(|_| ())
            },
        )?;
        Ok(())
    }

    /// Law A1, on the shares as they stand in the end: with the residuals they add up to the totals, and so do they
    /// times the number of their group, so that no share went to another group.
    pub(super) fn check_law(&self, exec: &Exec<'_>, shares: &[i64], residuals: &[i64]) -> Result<(), Error> {
        let tasks = shares.chunks(BLOCK_ROWS).zip(self.groups.chunks(BLOCK_ROWS));
        let sums = exec.run(shares.len(), tasks, Moments::default, |moments, _, (shares, groups)| {
            shares.iter().zip(groups).for_each(|(&share, &group)| moments.add(share, group));
            Ok(())
        })?;
        let written = sums.into_iter().fold(Moments::default(), Moments::join);
        let mut wanted = Moments::default();
        for ((&total, &residual), group) in self.totals.iter().zip(residuals).zip(0..) {
            // Both have at most 18 digits.
            wanted.add(total.wrapping_sub(residual), group);
        }
        if written == wanted { Ok(()) } else { Err(Error::whole(Code::Law)) }
    }

    /// After a failure: what is wrong with the first group that cannot be shared out. Slow and simple.
    fn first_failure(&self) -> Error {
        let rows = || {
            let groups = self.groups.iter().map(|&group| usize::try_from(group).unwrap_or(usize::MAX));
            groups.zip(self.weights).enumerate()
        };
        let mut is_used = vec![false; self.totals.len()];
        for (_, (group, _)) in rows() {
            if let Some(used) = is_used.get_mut(group) {
                *used = true;
            }
        }
        let first_empty = is_used.iter().position(|used| !used).unwrap_or(is_used.len());
        // There are as many rows as groups before the first one without rows, or more.
        let totals = self.totals.get(..first_empty).unwrap_or_default();
        let mut sums = vec![0_u128; totals.len()];
        for (_, (group, weight)) in rows() {
            if let Some(sum) = sums.get_mut(group) {
                *sum = sum.saturating_add(weight.unsigned_abs().into());
            }
        }
        let first_zero = sums.iter().zip(totals).position(|(&sum, &total)| sum == 0 && total != 0);
        let first_lost =
            self.first_inexact(rows(), &sums).filter(|&(group, _)| first_zero.is_none_or(|zero| group < zero));
        let total = |group: usize| self.totals.get(group).copied().unwrap_or(0).into();
        if let Some((_, row)) = first_lost {
            Error::at(Code::Inexact, row, &[self.weights.get(row).copied().unwrap_or(0).into()])
        } else if let Some(group) = first_zero {
            Error::at(Code::ZeroWeights, group, &[total(group)])
        } else if first_empty < self.totals.len() {
            Error::at(Code::NoWeights, first_empty, &[total(first_empty)])
        } else {
            // The weights changed during the call.
            Error::whole(Code::Law)
        }
    }

    /// The first group of those summed whose running total is not whole after some row, and the first such row.
    fn first_inexact<'a>(
        &self,
        rows: impl Iterator<Item = (usize, (usize, &'a i64))>,
        sums: &[u128],
    ) -> Option<(usize, usize)> {
        if self.policy != Policy::Cascade(Rounding::Exact) {
            return None;
        }
        let mut remainders = vec![0_u128; sums.len()];
        let mut first: Option<(usize, usize)> = None;
        for (row, (group, weight)) in rows {
            let Some(((&sum, remainder), &total)) =
                sums.get(group).zip(remainders.get_mut(group)).zip(self.totals.get(group))
            else {
                continue;
            };
            // Both factors are below 2^64; both remainders are below the divisor, which is below 2^124.
            let product = u128::from(total.unsigned_abs()).wrapping_mul(weight.unsigned_abs().into());
            let sum_of_remainders = remainder.wrapping_add(product.checked_rem(sum).unwrap_or(0));
            *remainder = sum_of_remainders.checked_rem(sum).unwrap_or(0);
            if *remainder != 0 && first.is_none_or(|(other, _)| group < other) {
                first = Some((group, row));
            }
        }
        first
    }
}

/// The first row of a block whose weight is none or whose group is none.
fn first_bad_row(weights: &[i64], groups: &[i64], last: i64, first_row: usize) -> Error {
    let Some(position) = groups.iter().position(|group| !(0..=last).contains(group)) else {
        // Another thread changed the column meanwhile.
        return Error::whole(Code::Law);
    };
    let before = weights.get(..=position).unwrap_or(weights);
    match Extent::of_block(before, first_row) {
        Err(error) => error,
        Ok(_) => {
            let group = groups.get(position).copied().unwrap_or(0);
            Error::at(Code::GroupRange, first_row.wrapping_add(position), &[group.into()])
        }
    }
}

/// The sum of numbers, and the sum of each times one more than its group, the latter modulo 2^64.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Moments {
    sum: i128,
    by_group: i64,
}

impl Moments {
    #[inline(always)]
    fn add(&mut self, value: i64, group: i64) {
        // At most 2^60 values of 64 bits.
        self.sum = self.sum.wrapping_add(value.into());
        self.by_group = self.by_group.wrapping_add(value.wrapping_mul(group.wrapping_add(1)));
    }

    fn join(self, other: Self) -> Self {
        Self { sum: self.sum.wrapping_add(other.sum), by_group: self.by_group.wrapping_add(other.by_group) }
    }
}

/// The rows of one group, all of them.
pub(super) fn share_one(
    exec: &Exec<'_>,
    policy: Policy,
    scratch: &mut GroupScratch,
    part: Part<'_>,
) -> Result<(), Error> {
    let (Some(&total), Some(residual)) = (part.totals.first(), part.residuals.first_mut()) else {
        return Ok(());
    };
    if part.weights.is_empty() {
        return Err(failure(Code::NoWeights, total));
    }
    let extent = Extent::of(exec, part.weights)?;
    let split = Split { total, weights: part.weights, extent, ties: part.ties, policy };
    *residual = split.run(exec, &mut scratch.small, part.slots)?;
    Ok(())
}

/// The rows of some groups, few enough to be sorted in a core's cache.
pub(super) fn share_by_group(policy: Policy, scratch: &mut GroupScratch, part: Part<'_>) -> Result<(), Error> {
    scratch.sort(&part)?;
    let GroupScratch { ends, order, weights, ties, shares, small } = scratch;
    let exec = Exec::inline();
    let mut start = 0;
    for ((&total, residual), &end) in part.totals.iter().zip(part.residuals).zip(ends.iter()) {
        let range = start..end as usize;
        start = end as usize;
        let (Some(weights), Some(shares)) = (weights.get(range.clone()), shares.get_mut(range.clone())) else {
            return Err(failure(Code::Law, total));
        };
        if weights.is_empty() {
            return Err(failure(Code::NoWeights, total));
        }
        let extent = Extent::of_block(weights, 0)?;
        let ties = part.ties.and_then(|_| ties.get(range));
        *residual = Split { total, weights, extent, ties, policy }.run(&exec, small, shares)?;
    }
    for (&row, &share) in order.iter().zip(shares.iter()) {
        if let Some(slot) = part.slots.get_mut(row as usize) {
            *slot = share;
        }
    }
    Ok(())
}

impl GroupScratch {
    /// Sorts the rows of a part by group, rows of one group in the order in which they stand.
    fn sort(&mut self, part: &Part<'_>) -> Result<(), Error> {
        let rows = part.slots.len();
        let local = |slot: i64| (slot as usize).wrapping_sub(part.first);
        if part.totals.len() > rows {
            // Some group has no row; the caller finds out which.
            return Err(Error::whole(Code::NoWeights));
        }
        self.ends.clear();
        self.ends.resize(part.totals.len(), 0);
        for &slot in part.slots.iter() {
            if let Some(count) = self.ends.get_mut(local(slot)) {
                // The rows that are sorted are few.
                *count = count.wrapping_add(1);
            }
        }
        let mut start = 0_u32;
        for end in &mut self.ends {
            start = start.wrapping_add(std::mem::replace(end, start));
        }
        self.order.resize(rows, 0);
        self.weights.resize(rows, 0);
        self.shares.resize(rows, 0);
        self.ties.resize(if part.ties.is_some() { rows } else { 0 }, 0);
        for ((row, &slot), &weight) in (0_u32..).zip(part.slots.iter()).zip(part.weights) {
            let Some(end) = self.ends.get_mut(local(slot)) else { return Err(Error::whole(Code::Law)) };
            let place = *end as usize;
            *end = end.wrapping_add(1);
            if let (Some(order), Some(sorted)) = (self.order.get_mut(place), self.weights.get_mut(place)) {
                (*order, *sorted) = (row, weight);
            }
        }
        for (tie, &row) in self.ties.iter_mut().zip(&self.order) {
            *tie = part.ties.and_then(|ties| ties.get(row as usize)).copied().unwrap_or(0);
        }
        Ok(())
    }
}
