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
pub(super) fn share_part(
    exec: &Exec<'_>,
    policy: Policy,
    scratch: &mut GroupScratch,
    part: Part<'_>,
) -> Result<(), Error> {
    if part.totals.len() == 1 {
        share_one(exec, policy, scratch, part)
    } else if part.slots.len() <= SMALL_ROWS {
        share_by_group(policy, scratch, part)
    } else {
        share_by_range(exec, policy, scratch, part)
    }
}

/// Splits a part into ranges of groups and shares out each.
fn share_by_range(exec: &Exec<'_>, policy: Policy, scratch: &mut GroupScratch, part: Part<'_>) -> Result<(), Error> {
    let rows = part.slots.len();
    let ranges = Ranges::new(exec, part.first, part.totals.len(), part.slots)?;
    let weights = ranges.bring_together(exec, part.slots, part.weights)?;
    let ties = part.ties.map(|ties| ranges.bring_together(exec, part.slots, ties)).transpose()?;
    // In a range of one group the numbers of the groups are not asked for.
    let mut slots =
        if ranges.shift == 0 { vec![0; rows] } else { ranges.bring_together(exec, part.slots, part.slots)? };
    let whole = Part {
        first: part.first,
        totals: part.totals,
        residuals: part.residuals,
        weights: &weights,
        ties: ties.as_deref(),
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
    ranges.bring_back(exec, &mut slots, part.slots)
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
    fn new(exec: &Exec<'_>, first: usize, groups: usize, slots: &[i64]) -> Result<Self, Error> {
        let wanted = (slots.len() / RANGE_ROWS).next_power_of_two().clamp(2, RANGES_MAX);
        // The number of the last group, in steps of a range, is below the number of ranges.
        let last = groups.saturating_sub(1);
        let shift = (usize::BITS.wrapping_sub(last.leading_zeros())).saturating_sub(wanted.trailing_zeros());
        let count = (last >> shift).wrapping_add(1);
        let mut ranges = Self { first, shift, count, counts: Vec::new() };
        let mut counts = vec![0_usize; slots.len().div_ceil(CHUNK_ROWS).wrapping_mul(count)];
        let tasks = slots.chunks(CHUNK_ROWS).zip(counts.chunks_mut(count));
        exec.run(
            slots.len(),
            tasks,
            || (),
            |(), _, (slots, counts)| {
                for &slot in slots {
                    if let Some(count) = counts.get_mut(ranges.range(slot)) {
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

    /// The values of a column in the order of the ranges.
    fn bring_together(&self, exec: &Exec<'_>, slots: &[i64], values: &[i64]) -> Result<Vec<i64>, Error> {
        let mut together = vec![0; values.len()];
        let places = self.places(&mut together);
        let tasks = slots.chunks(CHUNK_ROWS).zip(values.chunks(CHUNK_ROWS)).zip(places);
        exec.run(
            slots.len(),
            tasks,
            || (),
            |(), _, ((slots, values), mut places)| {
                for (&slot, &value) in slots.iter().zip(values) {
                    if let Some(place) = places.get_mut(self.range(slot)).and_then(Iterator::next) {
                        *place = value;
                    }
                }
                Ok(())
            },
        )?;
        Ok(together)
    }

    /// Replaces each row's group by its share.
    fn bring_back(&self, exec: &Exec<'_>, together: &mut [i64], slots: &mut [i64]) -> Result<(), Error> {
        let rows = slots.len();
        let tasks = slots.chunks_mut(CHUNK_ROWS).zip(self.places(together));
        exec.run(
            rows,
            tasks,
            || (),
            |(), _, (slots, mut places)| {
                for slot in slots {
                    if let Some(share) = places.get_mut(self.range(*slot)).and_then(Iterator::next) {
                        *slot = *share;
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
