//! A guess where the cut between the rows that get a unit and the others lies, from a fixed sample of the rows.
//!
//! The guess decides only how soon the cut is found, never where it is: that is proven by counting all rows.

use super::blocks::Blocks;
use super::floor::{Divide, Key};

/// The largest sample: its sorting costs a thousandth of a pass over the columns for which it is taken.
const SAMPLE_MAX: usize = 1 << 14;

/// Rows for which one row of sample is taken.
const ROWS_PER_SAMPLE: usize = 64;

/// The rows of the sample: one from every stretch of the column, at a place within it that follows no pattern, so
/// that a column that repeats itself is not seen at the same phase each time.
pub(super) fn sample_rows(rows: usize) -> impl Iterator<Item = usize> {
    let size = (rows / ROWS_PER_SAMPLE).clamp(256, SAMPLE_MAX).min(rows);
    let stretch = rows.checked_div(size).unwrap_or(0).max(1);
    let mut mix = 0_usize;
    (0..size).map(move |index| {
        // A multiplicative congruential sequence; only its upper bits are used.
        mix = mix.wrapping_mul(0x2545_F491).wrapping_add(0x9E37_79B9) & 0xFFFF_FFFF;
        let place = (mix >> 8).checked_rem(stretch).unwrap_or(0);
        // Below size * stretch, which is at most `rows`.
        index.wrapping_mul(stretch).wrapping_add(place)
    })
}

/// How many of the sampled rows would get a unit: the sum of their fractions.
pub(super) fn expected_units<D: Divide>(divide: D, weights: &[i64]) -> usize {
    // Sixteen thousand numbers of at most 33 bits.
    let fraction = |&weight: &i64| divide.roughly(divide.split(weight.cast_unsigned()).1);
    let sampled = sample_rows(weights.len()).filter_map(|row| weights.get(row));
    (sampled.map(fraction).fold(0, u64::wrapping_add) >> 32) as usize
}

/// The ranks of the sampled rows.
pub(super) struct Sample<K> {
    /// The largest first.
    ranks: Vec<K>,
    /// The place among them at which the cut is expected.
    place: usize,
    /// How many places up and down from there the cut may be.
    reach: usize,
    /// A rank found more often than this in the sample is worth a pass of its own.
    heavy: usize,
}

impl<K: Key> Sample<K> {
    pub(super) fn new(rows: &dyn Blocks<K>, count: usize) -> Self {
        let mut ranks: Vec<K> = sample_rows(count).filter_map(|row| rows.rank_at(row)).collect();
        ranks.sort_unstable_by(|a, b| b.cmp(a));
        // A place in the sample strays from that in the column by at most half the root of the sample's size, one
        // standard deviation; four of them are missed once in twenty thousand calls.
        let reach = ranks.len().isqrt().wrapping_mul(2);
        Self { ranks, place: 0, reach, heavy: reach.wrapping_mul(2) }
    }

    /// Expects the cut after so many rows of the sample.
    pub(super) fn expect_at(&mut self, place: usize) {
        self.place = place;
    }

    /// Expects the cut after `wanted` rows of `population`.
    pub(super) fn expect_after(&mut self, wanted: u64, population: u64) {
        let place = u128::from(wanted).wrapping_mul(self.ranks.len() as u128).checked_div(u128::from(population));
        self.place = place.map_or(0, |place| place as usize);
    }

    /// After a guess that missed: looks further around.
    pub(super) fn widen(&mut self) {
        self.reach = self.reach.saturating_mul(4);
    }

    /// A range of ranks within `low..=high` that is likely to hold the cut and holds few rows, or one rank that many
    /// rows have.
    pub(super) fn guess(&self, low: K, high: K) -> (K, K) {
        let first = self.ranks.partition_point(|&rank| rank > high);
        let end = self.ranks.partition_point(|&rank| rank >= low);
        let within = self.ranks.get(first..end).unwrap_or_default();
        let place = self.place.saturating_sub(first).min(within.len().saturating_sub(1));
        let Some(&pivot) = within.get(place) else { return (low, high) };
        // Nearly all rows of a narrow range may have one rank, even if they are few among all rows.
        if self.is_heavy(pivot) || self.count(pivot) > within.len().saturating_sub(within.len() / 4).max(2) {
            return (pivot, pivot);
        }
        let mut top = place.checked_sub(self.reach).and_then(|place| within.get(place)).copied().unwrap_or(high);
        let mut bottom = within.get(place.saturating_add(self.reach)).copied().unwrap_or(low);
        // A rank that many rows have is left out at the edges: a band is for few rows. The pivot, which is no such
        // rank, stays inside.
        if self.is_heavy(top) {
            top = top.previous().unwrap_or(top);
        }
        if self.is_heavy(bottom) {
            bottom = bottom.next().unwrap_or(bottom);
        }
        (bottom, top)
    }

    /// Whether many rows have the rank.
    fn is_heavy(&self, rank: K) -> bool {
        self.count(rank) > self.heavy
    }

    /// How often the rank is found in the sample.
    fn count(&self, rank: K) -> usize {
        let larger = self.ranks.partition_point(|&other| other > rank);
        let not_smaller = self.ranks.partition_point(|&other| other >= rank);
        not_smaller.wrapping_sub(larger)
    }
}
