//! Rows on their way into the buckets of their accounts, and into the order in which they are written.
//!
//! Every table is read once, in order, block by block. A worker builds the rows of a block in memory of its own and
//! hands each bucket its rows at once. In what order blocks arrive does not matter: a bucket is sorted by all that its
//! rows are, so rows that a sort cannot tell apart are equal.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::intern::chunks;
use crate::arithmetic::Operand;
use crate::error::Error;
use crate::exec::Exec;

/// A bucket has at most so many orders and so many positions, unless an account has more.
const BUCKET_ROWS: usize = 1 << 14;

/// The most buckets, as a power of two.
const MAX_BITS: u32 = 24;

/// Rows that a worker builds before it hands them out: few enough to stay in a core's own caches.
const BLOCK_ROWS: usize = 1 << 13;

/// Rows that one task counts.
const CHUNK_ROWS: usize = 1 << 17;

/// Up to so many rows are sorted as they are.
const FEW_ROWS: usize = 24;

/// From so many rows on, keys are sorted digit by digit.
const LONG_ROWS: usize = 1 << 10;

/// The bits of a digit of a sorted key: its places fit in a core's first-level cache.
const DIGIT_BITS: u32 = 11;

const DIGIT_MASK: usize = (1 << DIGIT_BITS) - 1;

/// A fixed mix of the 64 bits of a key, so that any choice of accounts fills all buckets alike.
#[inline]
pub const fn mix(key: i64) -> u64 {
    let mut bits = key.cast_unsigned();
    bits ^= bits >> 30;
    bits = bits.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits ^= bits >> 27;
    bits = bits.wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The number of the buckets of a day, as a power of two.
pub fn bucket_bits(orders: usize, positions: usize) -> u32 {
    let rows = orders.max(positions);
    (0..MAX_BITS).find(|bits| rows >> bits <= BUCKET_ROWS).unwrap_or(MAX_BITS)
}

/// The number of an account's bucket: the top bits of the mixed key.
#[inline]
pub fn bucket_of(account: i64, bits: u32) -> usize {
    // A shift by all 64 bits is no shift at all to the processor, so no bucket number is taken of no bits.
    if bits == 0 { 0 } else { usize::try_from(mix(account) >> 64_u32.wrapping_sub(bits)).unwrap_or_default() }
}

/// The number of rows of each bucket.
fn counts(exec: &Exec<'_>, bits: u32, tables: &[(Operand<'_>, usize)]) -> Result<Vec<usize>, Error> {
    let mut totals = vec![0_usize; 1 << bits];
    for &(accounts, rows) in tables {
        let init = || vec![0_u32; 1 << bits];
        let states = match accounts {
            Operand::Scalar(account) => {
                if let Some(total) = totals.get_mut(bucket_of(account, bits)) {
                    *total = total.saturating_add(rows);
                }
                continue;
            }
            Operand::Column(values) => exec.run(rows, values.chunks(CHUNK_ROWS), init, |counts, _, chunk| {
                for &account in chunk {
                    if let Some(count) = counts.get_mut(bucket_of(account, bits)) {
                        // A worker sees fewer than 2^32 rows of one bucket: they would not fit in memory.
                        *count = count.wrapping_add(1);
                    }
                }
                Ok(())
            })?,
        };
        for state in states {
            for (total, count) in totals.iter_mut().zip(state) {
                *total = total.saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
            }
        }
    }
    Ok(totals)
}

/// A worker's memory for one block.
struct Block<T> {
    rows: Vec<T>,
    buckets: Vec<u32>,
    /// Where the next row of each bucket stands in `order`.
    next: Vec<u32>,
    order: Vec<u32>,
}

/// The rows of some tables in buckets, each bucket's in no particular order.
///
/// `build` appends the rows of a stretch of a table, given by its number; `account` is what a row's bucket goes by.
pub fn scatter<T: Copy + Send + Sync>(
    exec: &Exec<'_>,
    bits: u32,
    tables: &[(Operand<'_>, usize)],
    build: impl Fn(usize, Range<usize>, &mut Vec<T>) -> Result<(), Error> + Sync,
    account: impl Fn(&T) -> i64 + Sync,
) -> Result<Vec<Vec<T>>, Error> {
    let total = tables.iter().fold(0_usize, |total, (_, rows)| total.saturating_add(*rows));
    if bits == 0 {
        let mut rows = Vec::with_capacity(total);
        for (table, &(_, count)) in tables.iter().enumerate() {
            build(table, 0..count, &mut rows)?;
        }
        return Ok(vec![rows]);
    }
    let counts = counts(exec, bits, tables)?;
    let buckets: Vec<_> = counts.into_iter().map(|count| Mutex::new(Vec::with_capacity(count))).collect();
    let size = BLOCK_ROWS.max(2 << bits).min(CHUNK_ROWS);
    let tasks =
        tables.iter().enumerate().flat_map(|(table, &(_, rows))| chunks(rows, size).map(move |rows| (table, rows)));
    let init = || Block { rows: Vec::new(), buckets: Vec::new(), next: Vec::new(), order: Vec::new() };
    exec.run(total, tasks, init, |block: &mut Block<T>, _, (table, rows)| {
        block.rows.clear();
        build(table, rows, &mut block.rows)?;
        block.hand_out(bits, &buckets, &account);
        Ok(())
    })?;
    let unlock = |bucket: Mutex<Vec<T>>| bucket.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(buckets.into_iter().map(unlock).collect())
}

impl<T: Copy> Block<T> {
    /// Appends each row to its bucket, all rows of a bucket at once.
    fn hand_out(&mut self, bits: u32, buckets: &[Mutex<Vec<T>>], account: &impl Fn(&T) -> i64) {
        let Self { rows, buckets: numbers, next, order } = self;
        numbers.clear();
        next.clear();
        next.resize(buckets.len(), 0);
        for row in rows.iter() {
            let bucket = bucket_of(account(row), bits);
            // At most 2^24 buckets, and fewer than 2^32 rows in a block.
            numbers.push(u32::try_from(bucket).unwrap_or(u32::MAX));
            if let Some(count) = next.get_mut(bucket) {
                *count = count.wrapping_add(1);
            }
        }
        let mut first = 0_u32;
        for count in next.iter_mut() {
            let start = first;
            first = first.wrapping_add(*count);
            *count = start;
        }
        order.clear();
        order.resize(rows.len(), 0);
        for (row, &bucket) in (0..).zip(numbers.iter()) {
            if let Some(place) = next.get_mut(usize::try_from(bucket).unwrap_or(usize::MAX)) {
                if let Some(slot) = order.get_mut(usize::try_from(*place).unwrap_or(usize::MAX)) {
                    *slot = row;
                }
                *place = place.wrapping_add(1);
            }
        }
        let mut rest = order.as_slice();
        let mut start = 0_u32;
        for (end, bucket) in next.iter().zip(buckets) {
            let count = usize::try_from(end.wrapping_sub(start)).unwrap_or_default();
            start = *end;
            let Some((mine, others)) = rest.split_at_checked(count).filter(|_| count > 0) else { continue };
            rest = others;
            let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
            let mine = mine.iter().filter_map(|&row| rows.get(usize::try_from(row).unwrap_or(usize::MAX)));
            bucket.extend(mine.copied());
        }
    }
}

/// A worker's memory for sorting buckets.
pub struct Sorter<T> {
    rows: Vec<T>,
    keys: Vec<u64>,
    spare: Vec<u64>,
}

impl<T> Default for Sorter<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), keys: Vec::new(), spare: Vec::new() }
    }
}

impl<T: Copy> Sorter<T> {
    /// Sorts rows into an order that begins with `leading`: the account, then the fund.
    ///
    /// The rows are long, so short keys are sorted in their place: account, fund and the row's number in one word.
    /// Only rows of one account and fund are compared by all that they are.
    pub fn sort(&mut self, rows: &mut [T], leading: impl Fn(&T) -> (i64, u32), order: impl Fn(&T, &T) -> Ordering) {
        if rows.is_sorted_by(|a, b| order(a, b) != Ordering::Greater) {
            return;
        }
        let bounds =
            rows.iter().map(&leading).fold((i64::MAX, i64::MIN, 0_u32), |(low, high, top), (account, fund)| {
                (low.min(account), high.max(account), top.max(fund))
            });
        let (low, high, top) = bounds;
        let width = |largest: u64| u64::BITS.wrapping_sub(largest.leading_zeros());
        let (fund_bits, row_bits) = (width(u64::from(top)), width(u64::try_from(rows.len()).unwrap_or(u64::MAX)));
        // Widths of at most 64 bits each.
        let bits = width(high.abs_diff(low)).wrapping_add(fund_bits).wrapping_add(row_bits);
        if rows.len() <= FEW_ROWS || bits > u64::BITS {
            rows.sort_unstable_by(order);
            return;
        }
        self.keys.clear();
        self.keys.extend((0_u64..).zip(rows.iter()).map(|(row, value)| {
            let (account, fund) = leading(value);
            ((account.abs_diff(low) << fund_bits) | u64::from(fund)) << row_bits | row
        }));
        self.sort_keys(row_bits, bits);
        self.rows.clear();
        self.rows.extend_from_slice(rows);
        let mask = (1_u64 << row_bits).wrapping_sub(1);
        for (slot, key) in rows.iter_mut().zip(&self.keys) {
            if let Some(row) = usize::try_from(key & mask).ok().and_then(|row| self.rows.get(row)) {
                *slot = *row;
            }
        }
        let mut rest = rows;
        for ties in self.keys.chunk_by(|a, b| a >> row_bits == b >> row_bits) {
            let Some((run, others)) = rest.split_at_mut_checked(ties.len()) else { break };
            if run.len() > 1 {
                run.sort_unstable_by(&order);
            }
            rest = others;
        }
    }
}

impl<T> Sorter<T> {
    /// Sorts the keys by their bits from `low` up to `high`, those below being the rows' numbers: digit by digit, from
    /// the last to the first, each time keeping the order of equal digits.
    fn sort_keys(&mut self, low: u32, high: u32) {
        if self.keys.len() < LONG_ROWS {
            self.keys.sort_unstable();
            return;
        }
        let mut shift = low;
        while shift < high {
            let digit = |key: u64| usize::try_from(key >> shift).unwrap_or_default() & DIGIT_MASK;
            let mut next = [0_usize; DIGIT_MASK + 1];
            for &key in &self.keys {
                if let Some(count) = next.get_mut(digit(key)) {
                    // A count of rows in memory.
                    *count = count.wrapping_add(1);
                }
            }
            let mut first = 0_usize;
            for count in &mut next {
                first = first.wrapping_add(std::mem::replace(count, first));
            }
            self.spare.clear();
            self.spare.resize(self.keys.len(), 0);
            for &key in &self.keys {
                if let Some(place) = next.get_mut(digit(key)) {
                    if let Some(slot) = self.spare.get_mut(*place) {
                        *slot = key;
                    }
                    *place = place.wrapping_add(1);
                }
            }
            std::mem::swap(&mut self.keys, &mut self.spare);
            // At most 64 bits and a digit.
            shift = shift.wrapping_add(DIGIT_BITS);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::cast_possible_wrap)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    #[test]
    fn the_number_of_buckets_follows_the_rows_alone() {
        assert_eq!([0, 1 << 14, (1 << 14) + 1, 1 << 15, 20_000_000].map(|rows| bucket_bits(rows, 0)), [0, 0, 1, 1, 11]);
        assert_eq!(bucket_bits(1, usize::MAX), MAX_BITS);
        assert_eq!(mix(0), 0);
        assert_eq!(mix(1), 0x5692_161d_100b_05e5);
    }

    #[test]
    fn every_row_comes_into_its_bucket_in_order_for_any_number_of_threads() {
        let accounts: Vec<i64> = (0..200_001).map(|row| (row * 7_919) % 50_021 - 17).collect();
        let build = |_: usize, rows: Range<usize>, out: &mut Vec<(i64, usize)>| {
            out.extend(rows.map(|row| (accounts[row], row)));
            Ok(())
        };
        for (bits, threads) in [(0, 1), (1, 2), (4, 1), (4, 3)] {
            let go_on = || true;
            let exec = Exec::new(NonZeroUsize::new(threads).unwrap(), &go_on);
            let tables = [(Operand::Column(&accounts), accounts.len())];
            let mut buckets = scatter(&exec, bits, &tables, build, |row| row.0).unwrap();
            assert_eq!(buckets.len(), 1 << bits);
            let mut sorter = Sorter::default();
            let mut seen = 0;
            for (number, bucket) in buckets.iter_mut().enumerate() {
                let mut naive = bucket.clone();
                naive.sort_unstable();
                sorter.sort(
                    bucket,
                    |row| (row.0, u32::try_from(row.1 % 3).unwrap()),
                    |a, b| (a.0, a.1 % 3, a.1).cmp(&(b.0, b.1 % 3, b.1)),
                );
                assert!(bucket.iter().all(|row| bucket_of(row.0, bits) == number));
                assert!(bucket.is_sorted_by_key(|row| (row.0, row.1 % 3, row.1)));
                bucket.sort_unstable();
                assert_eq!(*bucket, naive);
                seen += bucket.len();
            }
            assert_eq!(seen, accounts.len());
        }
    }
}
