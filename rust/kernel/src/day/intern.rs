//! Keys numbered: the funds of the terms first, unknown ones after them; distributors by rising key.

use std::ops::Range;

use super::input::lane;
use super::scatter::mix;
use crate::arithmetic::Operand;
use crate::error::Error;
use crate::exec::Exec;

/// Rows that one task looks through.
const CHUNK_ROWS: usize = 1 << 17;

/// Keys that were seen last are remembered by so many of their low bits.
const RECENT: usize = 1 << 10;

/// A set of keys.
struct KeySet {
    slots: Vec<Option<i64>>,
    count: usize,
    /// The last key of each pattern of low bits: most rows end here.
    recent: Vec<i64>,
}

impl KeySet {
    fn new() -> Self {
        // At first each place holds a key that does not belong there, so that none is taken for seen.
        Self { slots: vec![None; 16], count: 0, recent: (1..).take(RECENT).collect() }
    }

    /// Where a key is, or belongs. A quarter of the slots is free, so the search ends.
    fn slot(&mut self, key: i64) -> Option<&mut Option<i64>> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut place = usize::try_from(mix(key) >> 32).unwrap_or_default() & mask;
        while self.slots.get(place).is_some_and(|slot| slot.is_some_and(|other| other != key)) {
            place = place.wrapping_add(1) & mask;
        }
        self.slots.get_mut(place)
    }

    #[inline(never)]
    fn insert(&mut self, key: i64) {
        let Some(slot) = self.slot(key) else { return };
        if slot.is_some() {
            return;
        }
        *slot = Some(key);
        self.count = self.count.wrapping_add(1);
        // A count of slots is far below a quarter of what fits in a word.
        if self.count.wrapping_mul(4) > self.slots.len().wrapping_mul(3) {
            let wider = vec![None; self.slots.len().wrapping_mul(2)];
            let old = std::mem::replace(&mut self.slots, wider);
            self.count = 0;
            old.into_iter().flatten().for_each(|key| self.insert(key));
        }
    }

    /// Adds a key, which most often is there already.
    #[inline(always)]
    fn see(&mut self, key: i64) {
        let place = usize::try_from(key.cast_unsigned() & (RECENT as u64).wrapping_sub(1)).unwrap_or_default();
        let Some(recent) = self.recent.get_mut(place) else { return };
        if *recent != key {
            *recent = key;
            self.insert(key);
        }
    }
}

/// All keys that stand in some columns, each with its number of rows; rising, each once.
pub(super) fn distinct(exec: &Exec<'_>, columns: &[(Operand<'_>, usize)]) -> Result<Vec<i64>, Error> {
    let mut keys = Vec::new();
    for &(column, rows) in columns {
        match column {
            _ if rows == 0 => {}
            Operand::Scalar(key) => keys.push(key),
            Operand::Column(_) => {
                let sets = exec.run(rows, chunks(rows, CHUNK_ROWS), KeySet::new, |seen, _, chunk| {
                    let values = lane(column, chunk.start, chunk.len());
                    (0..chunk.len()).for_each(|row| seen.see(values.at(row)));
                    Ok(())
                })?;
                keys.extend(sets.into_iter().flat_map(|set| set.slots.into_iter().flatten()));
            }
        }
    }
    keys.sort_unstable();
    keys.dedup();
    Ok(keys)
}

/// The stretches of so many rows that a table falls into.
pub(super) fn chunks(rows: usize, size: usize) -> impl Iterator<Item = Range<usize>> + Send {
    (0..rows.div_ceil(size.max(1))).map(move |chunk| {
        // The last chunk begins before `rows`, so neither product nor sum leaves a word by more than a chunk.
        let first = chunk.wrapping_mul(size);
        first..first.saturating_add(size).min(rows)
    })
}

/// From keys to their numbers.
#[derive(Clone, Debug)]
pub struct Numbers {
    /// The keys by number.
    pub keys: Vec<i64>,
    /// The numbers plus one of the keys from `base` on; zero for none.
    dense: Vec<u32>,
    base: i64,
    /// Slots of keys and their numbers, for those that lie far from the others.
    sparse: Vec<Option<(i64, u32)>>,
}

/// Of rising keys, where most of them lie that a table of so many places has room for.
fn near(keys: &[i64], room: u64) -> Range<usize> {
    let mut most = 0..0;
    let mut first = 0;
    for (last, key) in keys.iter().enumerate() {
        while keys.get(first).is_some_and(|low| key.abs_diff(*low) >= room) {
            first = first.wrapping_add(1);
        }
        if last.wrapping_sub(first) >= most.len() {
            most = first..last.wrapping_add(1);
        }
    }
    most
}

impl Numbers {
    /// Numbers keys as they stand; they are distinct.
    pub fn new(keys: Vec<i64>) -> Self {
        // A table of a span is cheap only where it is not much longer than the list of keys.
        let room = u64::try_from(keys.len()).unwrap_or(u64::MAX).saturating_mul(16).max(1 << 10);
        let mut sorted = keys.clone();
        sorted.sort_unstable();
        let most = near(&sorted, room);
        let far = sorted.len().wrapping_sub(most.len());
        let most = sorted.get(most).unwrap_or_default();
        let base = most.first().copied().unwrap_or_default();
        let span = most.last().map_or(0, |last| last.abs_diff(base).saturating_add(1));
        let size = if far == 0 { 0 } else { far.saturating_mul(2).next_power_of_two() };
        let mut numbers =
            Self { keys, dense: vec![0; usize::try_from(span).unwrap_or_default()], base, sparse: vec![None; size] };
        for (number, &key) in (0_u32..).zip(&numbers.keys) {
            if let Some(slot) = Self::offset(base, key).and_then(|offset| numbers.dense.get_mut(offset)) {
                *slot = number.wrapping_add(1);
            } else {
                let place = Self::place(&numbers.sparse, key);
                if let Some(slot) = numbers.sparse.get_mut(place) {
                    *slot = Some((key, number));
                }
            }
        }
        numbers
    }

    /// The place of a key in the table; one below the base comes out far beyond the table's end.
    #[inline(always)]
    fn offset(base: i64, key: i64) -> Option<usize> {
        usize::try_from(key.wrapping_sub(base).cast_unsigned()).ok()
    }

    fn place(slots: &[Option<(i64, u32)>], key: i64) -> usize {
        let mask = slots.len().wrapping_sub(1);
        let mut place = usize::try_from(mix(key) >> 32).unwrap_or_default() & mask;
        while slots.get(place).is_some_and(|slot| slot.is_some_and(|(other, _)| other != key)) {
            place = place.wrapping_add(1) & mask;
        }
        place
    }

    /// The number of a key; `u32::MAX` for a key that has none.
    #[inline]
    pub fn of(&self, key: i64) -> u32 {
        if let Some(number) = Self::offset(self.base, key).and_then(|offset| self.dense.get(offset)) {
            return number.wrapping_sub(1);
        }
        self.of_far(key)
    }

    #[cold]
    fn of_far(&self, key: i64) -> u32 {
        let slot = self.sparse.get(Self::place(&self.sparse, key)).copied().flatten();
        slot.map_or(u32::MAX, |(_, number)| number)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_once_and_numbered_by_its_place() {
        let far: Vec<i64> = (0..100_000).map(|row| (row % 701) * 1_000_003_i64.pow(2)).collect();
        let near: Vec<i64> = (0..100_000).map(|row| row % 37 - 5).collect();
        let columns = [(Operand::Column(&far), far.len()), (Operand::Column(&near), near.len())];
        let keys = distinct(&Exec::inline(), &columns).unwrap();
        let mut naive = [far, near].concat();
        naive.sort_unstable();
        naive.dedup();
        assert_eq!(keys, naive);
        let with_a_far_one = [999_999].into_iter().chain((-5..32).rev()).collect();
        let on_both_sides = [i64::MAX, 7, 9, 5_000_000, 8, i64::MIN].to_vec();
        for keys in [keys, with_a_far_one, on_both_sides, vec![i64::MIN, i64::MAX], vec![7], vec![]] {
            let numbers = Numbers::new(keys.clone());
            for (number, key) in keys.iter().enumerate() {
                assert_eq!(numbers.of(*key), u32::try_from(number).unwrap());
            }
            for stranger in [-6, 32, i64::MAX - 1, i64::MIN + 1, 1_000] {
                assert_eq!(numbers.of(stranger) == u32::MAX, !keys.contains(&stranger), "{stranger}");
            }
        }
        assert_eq!(distinct(&Exec::inline(), &[(Operand::Scalar(3), 0), (Operand::Scalar(4), 1)]).unwrap(), [4]);
    }
}
