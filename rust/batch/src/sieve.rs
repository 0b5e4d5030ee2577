//! Which order ids may be there twice: one bit for each, in a table that all workers share.
//!
//! Ids that lie close together have bits of their own for a few distributors each; others share bits by chance, a few
//! in a hundred. Whoever finds his bit set is a suspect, and is looked at exactly later.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

use fundclear_kernel::day::scatter::mix;

/// Bits for each order, where ids lie far apart.
const BITS_A_ROW: u64 = 16;

/// The most bits of the table: one gibibyte.
const MOST_BITS: u64 = 1 << 33;

/// Distributors that have bits of their own, where ids lie close together.
const DISTRIBUTORS: u64 = 8;

/// Suspects that are expected by chance, in parts of all rows, are far fewer than one in so many.
const CHANCE: u64 = 8;

/// The table.
#[derive(Debug)]
pub struct Sieve {
    bits: Vec<AtomicU64>,
    /// The smallest id, where ids lie close together.
    low: Option<i64>,
    most: u64,
    found: AtomicU64,
}

/// More suspects than chance and honest mistakes explain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

impl Sieve {
    /// For so many orders, whose ids lie between these bounds if they are known; `most` duplicates are too few to stop.
    #[must_use]
    pub fn new(rows: usize, bounds: Option<(i64, i64)>, most: usize) -> Self {
        let rows = u64::try_from(rows).unwrap_or(u64::MAX);
        let wanted = rows.saturating_mul(BITS_A_ROW).next_power_of_two().clamp(64, MOST_BITS);
        let near = bounds.and_then(|(low, high)| {
            let span = high.abs_diff(low).checked_add(1)?.checked_mul(DISTRIBUTORS)?;
            (span <= wanted.max(1 << 16)).then_some((low, span))
        });
        let bits = near.map_or(wanted, |(_, span)| span);
        let words = usize::try_from(bits.div_ceil(64)).unwrap_or(usize::MAX);
        let mut table = Vec::new();
        table.resize_with(words, AtomicU64::default);
        let most = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(rows / CHANCE);
        Self { bits: table, low: near.map(|(low, _)| low), most, found: AtomicU64::new(0) }
    }

    #[inline]
    fn slot(&self, distributor: i64, id: i64) -> (usize, u64) {
        let slot = match self.low {
            // Far beyond the bounds there is no bit.
            Some(low) => {
                let first = id.abs_diff(low).saturating_mul(DISTRIBUTORS);
                first.saturating_add(distributor.cast_unsigned() & (DISTRIBUTORS - 1))
            }
            None => mix(id.wrapping_add(distributor.wrapping_mul(0x9e37_79b9))),
        };
        let word = usize::try_from(slot >> 6).unwrap_or(usize::MAX);
        (if self.low.is_some() { word } else { word & (self.bits.len() - 1) }, 1 << (slot & 63))
    }

    /// Notes orders; those that may have been there before are added to the suspects.
    ///
    /// # Errors
    /// They are too many.
    pub fn see(
        &self,
        distributors: impl Iterator<Item = i64>,
        ids: &[i64],
        suspects: &mut HashSet<(i64, i64)>,
    ) -> Result<(), TooMany> {
        let mut found = 0;
        for (distributor, id) in distributors.zip(ids) {
            let (word, bit) = self.slot(distributor, *id);
            // The bounds are what the files say of themselves; whoever lies beyond them has no bit, and is looked at.
            let is_new = self.bits.get(word).is_some_and(|word| word.fetch_or(bit, Ordering::Relaxed) & bit == 0);
            if !is_new {
                suspects.insert((distributor, *id));
                found += 1;
            }
        }
        let before = self.found.fetch_add(found, Ordering::Relaxed);
        if before + found > self.most { Err(TooMany) } else { Ok(()) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ids_beyond_bounds_that_are_wrong_are_suspects() {
        let sieve = Sieve::new(1_000, Some((10, 20)), 100);
        let mut suspects = HashSet::new();
        for ids in [[12, i64::MAX, i64::MIN, 1 << 40], [13, i64::MAX, i64::MIN, 1 << 40]] {
            sieve.see([0; 4].into_iter(), &ids, &mut suspects).unwrap();
        }
        assert!([i64::MAX, i64::MIN, 1 << 40].iter().all(|id| suspects.contains(&(0, *id))));
        assert!(!suspects.contains(&(0, 12)) && !suspects.contains(&(0, 13)));
    }

    #[test]
    fn every_id_that_is_there_twice_is_a_suspect_and_few_others_are() {
        for bounds in [Some((-5, 100_000)), None] {
            let sieve = Sieve::new(100_000, bounds, 100);
            let ids: Vec<i64> = (0..50_000).map(|id| id * 2 - 5).collect();
            let mut suspects = HashSet::new();
            sieve.see(ids.iter().map(|id| id % 3), &ids, &mut suspects).unwrap();
            assert!(suspects.len() < 3_000 && (bounds.is_none() || suspects.is_empty()), "{}", suspects.len());
            let again = [7_i64, 7, 99_991];
            sieve.see(again.iter().map(|id| id % 3), &again, &mut suspects).unwrap();
            assert!(again.iter().all(|id| suspects.contains(&(id % 3, *id))));
            assert_eq!(sieve.see(ids.iter().map(|id| id % 3), &ids, &mut suspects), Err(TooMany));
        }
    }
}
