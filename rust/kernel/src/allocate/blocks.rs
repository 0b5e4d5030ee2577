//! What the passes do with one block of rows: the loops, compiled for each way to divide and to rank.
//!
//! Everything around these loops sees rows through [`Blocks`] and is compiled once a key type: a call through it costs
//! nothing against a block of rows.

use super::floor::Key;
use super::rows::{Row, Rows};

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

    /// Counts likewise and puts the ranks of the rows inside first in `found`, which has a place for each row. If
    /// `is_lean`, only these are counted.
    fn find(&self, block: usize, keys: (K, K), is_lean: bool, found: &mut [K]) -> BlockCount;

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

    fn find(&self, block: usize, keys: (R::Key, R::Key), is_lean: bool, found: &mut [R::Key]) -> BlockCount {
        let count = if is_lean {
            gather::<_, true>(self.block(block), keys, found)
        } else {
            gather::<_, false>(self.block(block), keys, found)
        };
        for key in found.iter_mut().take(count.inside as usize) {
            *key = self.rank(*key);
        }
        count
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
fn gather<K: Key, const LEAN: bool>(
    rows: impl Iterator<Item = Row<K>>,
    (least, largest): (K, K),
    found: &mut [K],
) -> BlockCount {
    let span = largest.above(least);
    let (mut floors, mut above, mut inside) = (0_u64, 0_u32, 0_usize);
    for row in rows {
        if !LEAN {
            floors = floors.wrapping_add(row.floor);
            above = above.wrapping_add(u32::from(row.ranked & (row.key > largest)));
        }
        // The key is written in any case, and the next one over it if it is not in the range: whether it is cannot be
        // foretold, and a wrong guess of the processor costs more than a row.
        if let Some(place) = found.get_mut(inside) {
            *place = row.key;
        }
        inside = inside.wrapping_add(usize::from(row.ranked & row.key.within(least, span)));
    }
    BlockCount { floors, above, inside: inside as u32 }
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
