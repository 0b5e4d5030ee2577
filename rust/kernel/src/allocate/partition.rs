//! Rows brought together by group, and their shares brought back to where the rows stand.
//!
//! The rows are split by ranges of groups, each range into a stretch of memory of its own, in the order in which they
//! stand. Every pass reads and writes in order, on as many places at once as there are ranges, so that neither the
//! number of groups nor their order makes it slow. A range with many rows is split again.

use std::slice::IterMut;

use super::Policy;
use super::groups::{GroupScratch, share_by_group, share_one};
use crate::error::Error;
use crate::exec::{Exec, SMALL_ROWS};

/// Rows that one task moves.
const CHUNK_ROWS: usize = 1 << 17;

/// The most ranges that rows are split into at once: about as many pages as a core can write to at a time.
const RANGES_MAX: usize = 1 << 11;

/// Rows a range should have: few enough to be sorted in the caches of a core.
const RANGE_ROWS: usize = 1 << 15;

/// Ranges of more rows are worked on by all threads together, one range after another.
const LONE_ROWS: usize = 1 << 20;

/// The rows of neighbouring groups.
pub(super) struct Part<'a> {
    /// The number of the first group.
    pub first: usize,
    /// One total a group.
    pub totals: &'a [i64],
    pub residuals: &'a mut [i64],
    pub weights: &'a [i64],
    pub ties: Option<&'a [i64]>,
    /// The numbers of the groups, into whose place the shares are written.
    pub slots: &'a mut [i64],
}

/// Shares out the totals of a part.
fn share_part(exec: &Exec<'_>, policy: Policy, scratch: &mut GroupScratch, part: Part<'_>) -> Result<(), Error> {
    if part.totals.len() == 1 {
        share_one(exec, policy, scratch, part)
    } else if part.slots.len() <= SMALL_ROWS {
        share_by_group(policy, scratch, part)
    } else {
        let groups = part.slots.to_vec();
        share_by_range(exec, policy, scratch, &groups, part)
    }
}

/// Splits a part into ranges of groups and shares out each. The groups are given apart; what the slots hold does not
/// matter.
pub(super) fn share_by_range(
    exec: &Exec<'_>,
    policy: Policy,
    scratch: &mut GroupScratch,
    groups: &[i64],
    part: Part<'_>,
) -> Result<(), Error> {
    let rows = groups.len();
    let ranges = Ranges::new(exec, part.first, part.totals.len(), groups)?;
    // Fresh memory costs more than what is done with it. So the weights are brought together where the shares will
    // stand in the end.
    ranges.bring_together(exec, groups, part.weights, part.slots)?;
    let mut ties = vec![0; if part.ties.is_some() { rows } else { 0 }];
    if let Some(values) = part.ties {
        ranges.bring_together(exec, groups, values, &mut ties)?;
    }
    let mut slots = vec![0; rows];
    if ranges.shift > 0 {
        // In a range of one group the numbers of the groups are not asked for.
        ranges.bring_together(exec, groups, groups, &mut slots)?;
    }
    let whole = Part {
        first: part.first,
        totals: part.totals,
        residuals: part.residuals,
        weights: part.slots,
        ties: part.ties.map(|_| ties.as_slice()),
        slots: &mut slots,
    };
    let (lone, large): (Vec<_>, Vec<_>) =
        ranges.parts(whole).into_iter().partition(|range| range.slots.len() <= LONE_ROWS);
    exec.run(rows, lone.into_iter(), GroupScratch::default, |scratch, _, range| {
        share_part(&Exec::inline(), policy, scratch, range)
    })?;
    for range in large {
        share_part(exec, policy, scratch, range)?;
    }
    ranges.bring_back(exec, groups, &mut slots, part.slots)
}

/// How rows are split into ranges of groups.
struct Ranges {
    /// The number of the first group.
    first: usize,
    /// A range has two to the power of this many groups.
    shift: u32,
    /// How many ranges there are.
    count: usize,
    /// Rows of each range in each chunk, chunk by chunk.
    counts: Vec<usize>,
}

impl Ranges {
    fn new(exec: &Exec<'_>, first: usize, totals: usize, groups: &[i64]) -> Result<Self, Error> {
        let wanted = (groups.len() / RANGE_ROWS).next_power_of_two().clamp(2, RANGES_MAX);
        // The number of the last group, in steps of a range, is below the number of ranges.
        let last = totals.saturating_sub(1);
        let shift = (usize::BITS.wrapping_sub(last.leading_zeros())).saturating_sub(wanted.trailing_zeros());
        let count = (last >> shift).wrapping_add(1);
        let mut ranges = Self { first, shift, count, counts: Vec::new() };
        let mut counts = vec![0_usize; groups.len().div_ceil(CHUNK_ROWS).wrapping_mul(count)];
        let tasks = groups.chunks(CHUNK_ROWS).zip(counts.chunks_mut(count));
        exec.run(
            groups.len(),
            tasks,
            || (),
            |(), _, (groups, counts)| {
                for &group in groups {
                    if let Some(count) = counts.get_mut(ranges.range(group)) {
                        *count = count.wrapping_add(1);
                    }
                }
                Ok(())
            },
        )?;
        ranges.counts = counts;
        Ok(ranges)
    }

    /// The range of a group.
    #[inline(always)]
    fn range(&self, group: i64) -> usize {
        (group as usize).wrapping_sub(self.first) >> self.shift
    }

    /// The places in a column brought together to which each chunk's rows of each range go.
    fn places<'a>(&self, column: &'a mut [i64]) -> Vec<Vec<IterMut<'a, i64>>> {
        let mut places: Vec<_> =
            self.counts.chunks(self.count).map(|counts| Vec::with_capacity(counts.len())).collect();
        let mut rest = column;
        for range in 0..self.count {
            for (counts, places) in self.counts.chunks(self.count).zip(&mut places) {
                let count = counts.get(range).copied().unwrap_or(0);
                if let Some(piece) = rest.split_off_mut(..count) {
                    places.push(piece.iter_mut());
                }
            }
        }
        places
    }

    /// Writes the values of a column in the order of the ranges.
    fn bring_together(
        &self,
        exec: &Exec<'_>,
        groups: &[i64],
        values: &[i64],
        together: &mut [i64],
    ) -> Result<(), Error> {
        let places = self.places(together);
        let tasks = groups.chunks(CHUNK_ROWS).zip(values.chunks(CHUNK_ROWS)).zip(places);
        exec.run(
            groups.len(),
            tasks,
            || (),
            |(), _, ((groups, values), mut places)| {
                for (&group, &value) in groups.iter().zip(values) {
                    if let Some(place) = places.get_mut(self.range(group)).and_then(Iterator::next) {
                        *place = value;
                    }
                }
                Ok(())
            },
        )?;
        Ok(())
    }

    /// Writes values that stand in the order of the ranges to where their rows stand.
    fn bring_back(
        &self,
        exec: &Exec<'_>,
        groups: &[i64],
        together: &mut [i64],
        values: &mut [i64],
    ) -> Result<(), Error> {
        let places = self.places(together);
        let tasks = groups.chunks(CHUNK_ROWS).zip(values.chunks_mut(CHUNK_ROWS)).zip(places);
        exec.run(
            groups.len(),
            tasks,
            || (),
            |(), _, ((groups, values), mut places)| {
                for (&group, value) in groups.iter().zip(values) {
                    if let Some(place) = places.get_mut(self.range(group)).and_then(Iterator::next) {
                        *value = *place;
                    }
                }
                Ok(())
            },
        )?;
        Ok(())
    }

    /// The ranges of a part whose rows were brought together.
    fn parts<'a>(&self, whole: Part<'a>) -> Vec<Part<'a>> {
        let Part { mut first, mut totals, mut residuals, mut weights, mut ties, mut slots } = whole;
        let mut parts = Vec::with_capacity(self.count);
        for range in 0..self.count {
            let rows: usize = self.counts.iter().skip(range).step_by(self.count).sum();
            let groups = totals.len().min(1 << self.shift);
            let (Some(range_totals), Some(range_residuals)) =
                (totals.split_off(..groups), residuals.split_off_mut(..groups))
            else {
                break;
            };
            let (Some(range_weights), Some(range_slots)) = (weights.split_off(..rows), slots.split_off_mut(..rows))
            else {
                break;
            };
            parts.push(Part {
                first,
                totals: range_totals,
                residuals: range_residuals,
                weights: range_weights,
                ties: ties.as_mut().and_then(|ties| ties.split_off(..rows)),
                slots: range_slots,
            });
            first = first.wrapping_add(groups);
        }
        parts
    }
}
