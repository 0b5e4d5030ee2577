//! The cut between the rows that get a leftover unit and those that do not, found by counting.
//!
//! No rank of a row is kept. Each pass computes them anew, counts the rows above a range of ranks and looks closer at
//! those inside. The range, at first a guess from a sample, is either one rank (equal remainders are the normal case:
//! many holders with one balance), whose rows are counted block by block; or it is a band of few rows, of which a
//! histogram with the least and the largest rank of each bin is taken, and the next range is one bin of it. Threads
//! only add integers and take minima and maxima, so the cut is the same for any number of them.

use std::ops::ControlFlow;

use super::blocks::{BlockCount, Blocks, Found};
use super::floor::Key;
use super::guess::Sample;
use crate::error::{Code, Error};
use crate::exec::{BLOCK_ROWS, Exec};

/// Bins of a band's histogram, as a power of two: few enough for a core's second-level cache.
const BIN_BITS: u32 = 13;

/// Where the units go: to every row of a larger rank, and to some of those of the rank at the cut.
pub(super) struct Cut<K> {
    /// The least and the largest key of that rank.
    pub keys: (K, K),
    pub tied: Tie,
}

/// Which rows of the rank at the cut get a unit.
pub(super) enum Tie {
    /// All of them.
    All,
    /// None of them.
    None,
    /// So many of them, in the order of the rows. How many of them there are in each block is known.
    First { wanted: u64, counts: Vec<u32> },
}

impl<K: Key> Cut<K> {
    /// No row gets a unit.
    pub(super) fn none() -> Self {
        Self { keys: (K::MAX, K::MAX), tied: Tie::None }
    }
}

/// Rows of a band whose ranks are close together.
#[derive(Clone, Copy)]
struct Bin<K> {
    count: u64,
    least: K,
    largest: K,
}

impl<K: Key> Bin<K> {
    fn empty() -> Self {
        Self { count: 0, least: K::MAX, largest: K::default() }
    }

    fn add(&mut self, other: Self) {
        self.count = self.count.wrapping_add(other.count);
        self.least = self.least.min(other.least);
        self.largest = self.largest.max(other.largest);
    }
}

/// What a pass over the rows saw of a range of ranks.
struct Seen<K> {
    /// The sum of all floors; zero if the pass was a lean one over a band.
    floors: u64,
    /// The rows above the range; zero likewise.
    above: u64,
    /// The rows in the range.
    inside: u64,
    detail: Detail<K>,
}

/// A closer look at the rows of a range.
enum Detail<K> {
    /// The range is one rank: how many rows of each block have it.
    Counts(Vec<u32>),
    /// The range is a band: its histogram.
    Bins(Vec<Bin<K>>),
}

/// How many rows are to get a unit.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// As many as the floors leave over of a total.
    LeftOf(u64),
    /// So many.
    Known(u64),
}

/// Where the search stands: the cut is at a rank in `low..=high`, and `above` rows have a larger one than these.
struct Search<K> {
    low: K,
    high: K,
    above: u64,
}

/// Finds the cut below the wanted number of rows by falling rank. Of the `count` rows, `population` are ranked.
pub(super) fn find<K: Key>(
    exec: &Exec<'_>,
    rows: &dyn Blocks<K>,
    count: usize,
    population: u64,
    mut sample: Sample<K>,
    mut wanted: Wanted,
) -> Result<Cut<K>, Error> {
    let mut search = Search { low: K::default(), high: rows.top_rank(), above: 0 };
    // The range gets smaller with every pass, also if the weights change meanwhile; so the loop ends.
    while search.low <= search.high {
        let range = sample.guess(search.low, search.high);
        // All that is left to search is looked at, and what lies above it is known.
        let is_lean = matches!(wanted, Wanted::Known(_)) && range == (search.low, search.high);
        let mut seen = if range.0 == range.1 {
            at_rank(exec, rows, count, range.0)?
        } else {
            in_band(exec, rows, count, range, is_lean)?
        };
        if is_lean {
            seen.above = search.above;
        }
        let units = match wanted {
            Wanted::Known(units) => units,
            Wanted::LeftOf(total) => total.wrapping_sub(seen.floors),
        };
        wanted = Wanted::Known(units);
        sample.expect_after(units, population);
        match search.next(rows, range, seen, units) {
            ControlFlow::Break(cut) => return cut.ok_or(Error::whole(Code::Law)),
            ControlFlow::Continue(true) => {}
            ControlFlow::Continue(false) => sample.widen(),
        }
    }
    Err(Error::whole(Code::Law))
}

impl<K: Key> Search<K> {
    /// Goes on from what a pass saw: breaks with the cut, or with none if there can be none (then the weights changed
    /// meanwhile); otherwise says whether the cut was in the range.
    fn next(
        &mut self,
        rows: &dyn Blocks<K>,
        (bottom, top): (K, K),
        seen: Seen<K>,
        wanted: u64,
    ) -> ControlFlow<Option<Cut<K>>, bool> {
        let cut = |rank, tied| ControlFlow::Break(Some(Cut { keys: rows.keys_of(rank), tied }));
        let Some(units) = wanted.checked_sub(seen.above) else {
            let Some(low) = top.next() else { return ControlFlow::Break(None) };
            self.low = low;
            return ControlFlow::Continue(false);
        };
        if units == 0 {
            return cut(top, Tie::None);
        }
        if units > seen.inside {
            let Some(high) = bottom.previous() else { return ControlFlow::Break(None) };
            // Rows are fewer than 2^60.
            (self.high, self.above) = (high, seen.above.wrapping_add(seen.inside));
            return ControlFlow::Continue(false);
        }
        let bins = match seen.detail {
            _ if units == seen.inside => return cut(bottom, Tie::All),
            Detail::Counts(counts) => return cut(top, Tie::First { wanted: units, counts }),
            Detail::Bins(bins) => bins,
        };
        let mut above = seen.above;
        for bin in bins.iter().rev() {
            let next = above.wrapping_add(bin.count);
            if next >= wanted {
                // Of two rows with different ranks one is wanted: the one with the larger.
                if bin.count == 2 && next > wanted && bin.least < bin.largest {
                    return cut(bin.largest, Tie::All);
                }
                if next == wanted {
                    return cut(bin.least, Tie::All);
                }
                *self = Self { low: bin.least, high: bin.largest, above };
                return ControlFlow::Continue(true);
            }
            above = next;
        }
        ControlFlow::Break(None)
    }
}

/// Counts the rows of one rank in each block, and those above it.
fn at_rank<K: Key>(exec: &Exec<'_>, rows: &dyn Blocks<K>, count: usize, rank: K) -> Result<Seen<K>, Error> {
    let keys = rows.keys_of(rank);
    let mut counts = vec![BlockCount::default(); count.div_ceil(BLOCK_ROWS)];
    exec.run(
        count,
        counts.iter_mut(),
        || (),
        |(), block, count| {
            *count = rows.count(block, keys);
            Ok(())
        },
    )?;
    let (floors, above, inside) = counts.iter().fold((0, 0, 0), |(floors, above, inside), count| {
        let add = |sum: u64, part: u32| sum.wrapping_add(part.into());
        (count.floors.wrapping_add(floors), add(above, count.above), add(inside, count.inside))
    });
    let counts = counts.into_iter().map(|count| count.inside).collect();
    Ok(Seen { floors, above, inside, detail: Detail::Counts(counts) })
}

/// What one thread counts in and above a band.
struct BandCount<K> {
    floors: u64,
    above: u64,
    bins: Vec<Bin<K>>,
    /// The ranks inside the band of the block that is being read.
    found: Found<K>,
}

impl<K: Key> BandCount<K> {
    fn empty() -> Self {
        let bins = vec![Bin::empty(); 1 << BIN_BITS];
        Self { floors: 0, above: 0, bins, found: Found::new() }
    }
}

/// Counts the rows in and above a band of ranks, those inside by bins. A lean pass counts only these.
fn in_band<K: Key>(
    exec: &Exec<'_>,
    rows: &dyn Blocks<K>,
    count: usize,
    (bottom, top): (K, K),
    is_lean: bool,
) -> Result<Seen<K>, Error> {
    let shift = top.above(bottom).bits().saturating_sub(BIN_BITS);
    let keys = (rows.keys_of(bottom).0, rows.keys_of(top).1);
    let blocks = 0..count.div_ceil(BLOCK_ROWS);
    let mut parts = exec.run(count, blocks, BandCount::empty, |band, block, _| {
        if is_lean {
            rows.find(block, keys, &mut band.found);
        } else {
            let count = rows.count_and_find(block, keys, &mut band.found);
            band.floors = band.floors.wrapping_add(count.floors);
            band.above = band.above.wrapping_add(count.above.into());
        }
        for &rank in band.found.ranks() {
            if let Some(bin) = band.bins.get_mut(rank.above(bottom).steps(shift) as usize) {
                bin.add(Bin { count: 1, least: rank, largest: rank });
            }
        }
        Ok(())
    })?;
    let mut all = parts.pop().unwrap_or_else(BandCount::empty);
    for part in parts {
        all.floors = all.floors.wrapping_add(part.floors);
        all.above = all.above.wrapping_add(part.above);
        all.bins.iter_mut().zip(part.bins).for_each(|(bin, other)| bin.add(other));
    }
    let inside = all.bins.iter().fold(0_u64, |sum, bin| sum.wrapping_add(bin.count));
    Ok(Seen { floors: all.floors, above: all.above, inside, detail: Detail::Bins(all.bins) })
}
