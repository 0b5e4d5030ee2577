//! What one round sees of some of the rows.

use super::window::Window;
use super::{Key, split_exactly};
use crate::allocate::floor::Division;

/// Bins of a histogram, as a power of two: few enough that the tallies of many funds fit in a core's caches together.
const BIN_BITS: u32 = 11;

/// So many rows are remembered before a histogram is begun: a small total is then shared in one round.
const FEW_ROWS: usize = 1024;

/// A row that may get a unit; the smaller, the earlier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    /// The distance of its remainder from the largest possible one.
    pub place: u128,
    pub key: Key,
}

impl Candidate {
    /// The remainder, given the sum of all weights.
    pub(super) const fn remainder(&self, weights: u128) -> u128 {
        place_of(self.place, weights)
    }
}

/// The distance of a remainder from the largest possible one, and back.
#[inline(always)]
const fn place_of(remainder: u128, weights: u128) -> u128 {
    // The sum of the weights is not zero.
    weights.wrapping_sub(1).wrapping_sub(remainder)
}

/// Rows whose numbers are close together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bin {
    pub count: u64,
    least: u64,
    largest: u64,
}

impl Bin {
    const EMPTY: Self = Self { count: 0, least: u64::MAX, largest: 0 };

    #[inline(always)]
    fn add(&mut self, other: Self) {
        // Rows are fewer than 2^64.
        self.count = self.count.wrapping_add(other.count);
        self.least = self.least.min(other.least);
        self.largest = self.largest.max(other.largest);
    }
}

/// The rows of a window by bins of equal width.
#[derive(Clone, Debug)]
pub(super) struct Bins {
    pub bins: Vec<Bin>,
    /// The least and the largest major part of all their keys, if the window is one of remainders.
    pub majors: (i64, i64),
    /// The start of the window.
    low: u128,
    /// The end of the window.
    high: u128,
    /// An offset loses so many bits to fit in 64.
    coarse: u32,
    /// And so many more to be the number of a bin.
    shift: u32,
}

impl Bins {
    fn new(window: &Window) -> Self {
        let bits = u128::BITS.wrapping_sub(window.span().leading_zeros());
        let coarse = bits.saturating_sub(u64::BITS);
        let shift = bits.wrapping_sub(coarse).saturating_sub(BIN_BITS);
        // Low and span add up to a number of the window.
        let high = window.low().wrapping_add(window.span());
        Self {
            bins: vec![Bin::EMPTY; 1 << BIN_BITS],
            majors: (i64::MAX, i64::MIN),
            low: window.low(),
            high,
            coarse,
            shift,
        }
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "without its coarse bits an offset fits in 64")]
    fn count(&mut self, offset: u128, major: i64) {
        let offset = (offset >> self.coarse) as u64;
        if let Some(bin) = self.bins.get_mut((offset >> self.shift) as usize) {
            bin.add(Bin { count: 1, least: offset, largest: offset });
        }
        self.majors = (self.majors.0.min(major), self.majors.1.max(major));
    }

    fn add(&mut self, other: &Self) {
        self.bins.iter_mut().zip(&other.bins).for_each(|(bin, other)| bin.add(*other));
        self.majors = (self.majors.0.min(other.majors.0), self.majors.1.max(other.majors.1));
    }

    /// The numbers from and to which the rows of a bin lie.
    pub(super) fn span_of(&self, bin: &Bin) -> (u128, u128) {
        let fine = (1_u128 << self.coarse).wrapping_sub(1);
        // Both are offsets of rows of the window, the largest with its lost bits all set.
        let low = self.low.wrapping_add(u128::from(bin.least) << self.coarse);
        let high = self.low.wrapping_add(u128::from(bin.largest) << self.coarse).wrapping_add(fine);
        (low, high.min(self.high))
    }
}

/// The undecided rows: all of them if they are few, else their histogram.
#[derive(Clone, Debug)]
pub(super) enum Seen {
    Rows(Vec<Candidate>),
    Bins(Box<Bins>),
}

/// What one round sees of some of the rows; see [`super::Split`].
#[derive(Clone, Debug)]
pub struct Tally {
    division: Division,
    weights: u128,
    window: Window,
    floors: u64,
    seen: Seen,
}

impl Tally {
    pub(super) fn new(division: Division, weights: u128, window: Window) -> Self {
        Self { division, weights, window, floors: 0, seen: Seen::Rows(Vec::new()) }
    }

    /// Adds a row. A weight below zero counts as zero.
    #[inline]
    pub fn add(&mut self, weight: i64, key: impl FnOnce() -> Key) {
        let (floor, remainder) = split_exactly(self.division, weight);
        // Floors add up to at most the total, or to nonsense if the rows are not those of the weights' sum.
        self.floors = self.floors.wrapping_add(floor);
        let place = place_of(remainder, self.weights);
        if self.window.level() > 0 {
            if self.window.is_tied(place) {
                self.remember(Candidate { place, key: key() });
            }
            return;
        }
        let Some(offset) = self.window.offset_of_place(place) else { return };
        match &mut self.seen {
            Seen::Bins(bins) => bins.count(offset, key().major),
            Seen::Rows(_) => self.remember(Candidate { place, key: key() }),
        }
    }

    /// Adds a row that may be in the window.
    fn remember(&mut self, row: Candidate) {
        let Some(offset) = self.window.offset(&row) else { return };
        match &mut self.seen {
            Seen::Bins(bins) => bins.count(offset, row.key.major),
            Seen::Rows(rows) => {
                rows.push(row);
                if rows.len() > FEW_ROWS && !self.window.collects() {
                    let rows = std::mem::take(rows);
                    self.seen = Seen::Bins(Box::new(Bins::new(&self.window)));
                    rows.into_iter().for_each(|row| self.remember(row));
                }
            }
        }
    }

    /// Adds what another tally of the same round saw.
    pub fn merge(&mut self, other: Self) {
        self.floors = self.floors.wrapping_add(other.floors);
        let other = match (other.seen, &mut self.seen) {
            (Seen::Bins(other), Seen::Bins(bins)) => {
                bins.add(&other);
                return;
            }
            (Seen::Rows(rows), _) => rows,
            (Seen::Bins(other), Seen::Rows(rows)) => {
                let rows = std::mem::take(rows);
                self.seen = Seen::Bins(other);
                rows
            }
        };
        other.into_iter().for_each(|row| self.remember(row));
    }

    pub(super) const fn floors(&self) -> u64 {
        self.floors
    }

    pub(super) fn into_seen(self) -> Seen {
        self.seen
    }
}
