//! What the passes do with one block of rows: the loops, compiled for each way to divide and to rank.
//!
//! Everything around these loops sees rows through [`Blocks`] and is compiled once a key type: a call through it costs
//! nothing against a block of rows.

use super::floor::Key;
use super::rows::{Row, Rows};
use crate::exec::BLOCK_ROWS;

/// What is counted in a block.
#[derive(Clone, Copy, Default)]
pub(super) struct BlockCount {
    /// The sum of the floors.
    pub floors: u64,
    /// The ranked rows above a range of keys.
    pub above: u32,
    /// The ranked rows inside it.
    pub inside: u32,
}

/// The ranks of some rows of a block, in reused memory.
pub(super) struct Found<K> {
    /// A place for each row of a block.
    ranks: Vec<K>,
    /// Rows of the block to look at, likewise.
    rows: Vec<u32>,
    /// How many ranks were found.
    count: usize,
}

impl<K: Key> Found<K> {
    pub(super) fn new() -> Self {
        Self { ranks: vec![K::default(); BLOCK_ROWS], rows: vec![0; BLOCK_ROWS], count: 0 }
    }

    pub(super) fn ranks(&self) -> &[K] {
        self.ranks.get(..self.count).unwrap_or_default()
    }
}

/// Writes an item at the end of a list, whose `count` grows if it is to stay; if not, the next one is written over it.
///
/// Whether a row is to stay cannot be foretold, and a wrong guess of the processor costs more than a row: so every row
/// is written, without a branch.
#[inline(always)]
fn put<T>(list: &mut [T], count: &mut usize, item: T, stays: bool) {
    if let Some(place) = list.get_mut(*count) {
        *place = item;
    }
    *count = count.wrapping_add(usize::from(stays));
}

/// Ranked rows, block by block.
pub(super) trait Blocks<K>: Sync {
    /// The rank of one row, if it is ranked.
    fn rank_at(&self, row: usize) -> Option<K>;

    /// The least and the largest key that stand for a rank.
    fn keys_of(&self, rank: K) -> (K, K);

    /// The largest rank that a row can have.
    fn top_rank(&self) -> K;

    /// Counts a block's rows above a range of keys and inside it.
    fn count(&self, block: usize, keys: (K, K)) -> BlockCount;

    /// Counts likewise and finds the ranks of the rows inside.
    fn count_and_find(&self, block: usize, keys: (K, K), found: &mut Found<K>) -> BlockCount;

    /// Only finds the ranks of the rows inside.
    fn find(&self, block: usize, keys: (K, K), found: &mut Found<K>);

    /// Writes the shares of a block, below zero if `negative`. Rows with larger keys than these get one unit more than
    /// their floor, and so do the first `quota` of those that have such a key.
    fn write(&self, block: usize, keys: (K, K), quota: u32, negative: bool, shares: &mut [i64]);
}

impl<R: Rows> Blocks<R::Key> for R {
    fn rank_at(&self, row: usize) -> Option<R::Key> {
        self.at(row).filter(|row| row.ranked).map(|row| self.rank(row.key))
    }

    fn keys_of(&self, rank: R::Key) -> (R::Key, R::Key) {
        self.keys(rank)
    }

    fn top_rank(&self) -> R::Key {
        self.largest_rank()
    }

    fn count(&self, block: usize, (least, largest): (R::Key, R::Key)) -> BlockCount {
        let (mut floors, mut above, mut reached) = (0_u64, 0_u32, 0_u32);
        for row in self.block(block) {
            // Floors add up to at most the total, or to nonsense if the weights change meanwhile. A block has few rows.
            floors = floors.wrapping_add(row.floor);
            above = above.wrapping_add(u32::from(row.ranked & (row.key > largest)));
            reached = reached.wrapping_add(u32::from(row.ranked & (row.key >= least)));
        }
        BlockCount { floors, above, inside: reached.wrapping_sub(above) }
    }

    fn count_and_find(
        &self,
        block: usize,
        (least, largest): (R::Key, R::Key),
        found: &mut Found<R::Key>,
    ) -> BlockCount {
        let span = largest.above(least);
        let ranks = found.ranks.as_mut_slice();
        let (mut floors, mut above, mut inside) = (0_u64, 0_u32, 0_usize);
        for row in self.block(block) {
            floors = floors.wrapping_add(row.floor);
            above = above.wrapping_add(u32::from(row.ranked & (row.key > largest)));
            put(ranks, &mut inside, row.key, row.ranked & row.key.within(least, span));
        }
        for key in ranks.iter_mut().take(inside) {
            *key = self.rank(*key);
        }
        found.count = inside;
        BlockCount { floors, above, inside: inside as u32 }
    }

    fn find(&self, block: usize, (least, largest): (R::Key, R::Key), found: &mut Found<R::Key>) {
        let rows = found.rows.as_mut_slice();
        let mut suspected = 0;
        for (suspect, row) in self.suspects(block, least, largest).zip(0_u32..) {
            put(rows, &mut suspected, row, suspect);
        }
        let (ranks, mut inside) = (found.ranks.as_mut_slice(), 0);
        // A row's number fits in usize.
        let first_row = block.wrapping_mul(BLOCK_ROWS);
        for &row in rows.iter().take(suspected) {
            if let Some(row) = self.at(first_row.wrapping_add(row as usize)) {
                let is_inside = row.ranked & (row.key >= least) & (row.key <= largest);
                put(ranks, &mut inside, self.rank(row.key), is_inside);
            }
        }
        found.count = inside;
    }

    fn write(&self, block: usize, keys: (R::Key, R::Key), quota: u32, negative: bool, shares: &mut [i64]) {
        let (rows, (least, largest)) = (self.block(block), keys);
        match quota {
            0 => write(rows, negative, shares, |row| row.key > largest),
            u32::MAX => write(rows, negative, shares, |row| row.key >= least),
            mut left => write(rows, negative, shares, |row| {
                let is_tied = row.ranked & (row.key >= least) & (row.key <= largest) & (left > 0);
                left = left.wrapping_sub(u32::from(is_tied));
                is_tied | (row.key > largest)
            }),
        }
    }
}

#[inline(always)]
fn write<K: Key>(
    rows: impl Iterator<Item = Row<K>>,
    negative: bool,
    shares: &mut [i64],
    mut wins: impl FnMut(&Row<K>) -> bool,
) {
    let mirror = 0_i64.wrapping_sub(negative.into());
    for (share, row) in shares.iter_mut().zip(rows) {
        let unit = row.before | (row.ranked & wins(&row));
        // A share is at most the total, which has 18 digits. With all bits set, `mirror` negates in two's complement.
        let magnitude = row.floor.wrapping_add(u64::from(unit)).cast_signed();
        *share = (magnitude ^ mirror).wrapping_sub(mirror);
    }
}
