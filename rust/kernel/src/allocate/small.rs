//! Few rows: floors first, then the rows that come next are selected from a list in reused memory.

use super::award::sum_of;
use super::floor::Key;
use super::rows::{Rows, rank_of_tie};
use crate::exec::BLOCK_ROWS;

/// Up to so many rows, a list of candidates is faster than counting in passes.
pub(super) const FEW_ROWS: usize = 4096;

const _: () = assert!(FEW_ROWS <= BLOCK_ROWS, "few rows are one block");

/// A row that may get a leftover unit; the order of the fields, read from the largest, is that of the units.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate<K> {
    rank: K,
    tie: u64,
    /// The larger, the earlier the row.
    place: u32,
}

/// Memory for candidates, kept from one small group to the next.
#[derive(Default)]
pub(super) struct Scratch {
    narrow: Vec<Candidate<u64>>,
    wide: Vec<Candidate<u128>>,
}

/// A rank that has its place in the scratch memory.
pub(super) trait SmallKey: Key {
    fn candidates(scratch: &mut Scratch) -> &mut Vec<Candidate<Self>>;
}

impl SmallKey for u64 {
    fn candidates(scratch: &mut Scratch) -> &mut Vec<Candidate<Self>> {
        &mut scratch.narrow
    }
}

impl SmallKey for u128 {
    fn candidates(scratch: &mut Scratch) -> &mut Vec<Candidate<Self>> {
        &mut scratch.wide
    }
}

/// Writes the floors of at most [`FEW_ROWS`] rows, and one unit more for the first rows by rank, tie key and
/// place until the total is reached.
pub(super) fn share_out<R: Rows<Key: SmallKey>>(
    rows: &R,
    total: u64,
    ties: Option<&[i64]>,
    scratch: &mut Scratch,
    shares: &mut [i64],
) {
    let candidates = R::Key::candidates(scratch);
    candidates.clear();
    let mut left = total;
    let mut place = u32::MAX;
    for (share, row) in shares.iter_mut().zip(rows.block(0)) {
        *share = row.floor.cast_signed();
        // The floors add up to at most the total.
        left = left.wrapping_sub(row.floor);
        candidates.push(Candidate { rank: rows.rank(row.key), tie: 0, place });
        place = place.wrapping_sub(1);
    }
    for (candidate, &tie) in candidates.iter_mut().zip(ties.unwrap_or_default()) {
        candidate.tie = rank_of_tie(tie);
    }
    give_units(candidates, left, shares);
}

/// One unit more for each of the first candidates.
fn give_units<K: Key>(candidates: &mut [Candidate<K>], units: u64, shares: &mut [i64]) {
    // Fewer units are left than there are rows.
    let units = candidates.len().min(units as usize);
    if units == 0 {
        return;
    }
    if units < candidates.len() {
        candidates.select_nth_unstable_by(units, |a, b| b.cmp(a));
    }
    for candidate in candidates.iter().take(units) {
        if let Some(share) = shares.get_mut(u32::MAX.wrapping_sub(candidate.place) as usize) {
            *share = share.wrapping_add(1);
        }
    }
}

/// Turns the shares of a magnitude into those of its negative, if asked to, and adds them up as they then stand.
pub(super) fn mirror(negative: bool, shares: &mut [i64]) -> i128 {
    if negative {
        shares.iter_mut().for_each(|share| *share = share.wrapping_neg());
    }
    sum_of(shares)
}
