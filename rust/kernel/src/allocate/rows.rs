//! A column of weights seen as ranked rows: what each gets for certain, and the key by which the rest is given out.

use super::floor::{Divide, Key};
use crate::exec::BLOCK_ROWS;

/// One row: its floor, and where it stands when the leftover units are given out.
#[derive(Clone, Copy)]
pub(super) struct Row<K> {
    /// The share before any leftover unit.
    pub floor: u64,
    /// It gets a unit whatever its key is: it stood before the tie that the keys are to break.
    pub before: bool,
    /// It takes part in the ranking by key.
    pub ranked: bool,
    /// The larger, the earlier it gets a unit. Neighbouring keys may stand for one rank.
    pub key: K,
}

/// Rows with a rank. Nothing is stored: a row is computed from its weight whenever it is looked at.
pub(super) trait Rows: Sync {
    type Key: Key;

    /// The rows of one block of [`BLOCK_ROWS`].
    fn block(&self, block: usize) -> impl Iterator<Item = Row<Self::Key>>;

    /// Whether each row of a block may be ranked with a key from `least` to `largest`: found out at less cost than the
    /// row, and never wrongly denied.
    fn suspects(&self, block: usize, least: Self::Key, largest: Self::Key) -> impl Iterator<Item = bool>;

    /// One row.
    fn at(&self, row: usize) -> Option<Row<Self::Key>>;

    /// The rank that a key stands for. Rows of one rank are tied.
    fn rank(&self, key: Self::Key) -> Self::Key;

    /// The least and the largest key that stand for a rank.
    fn keys(&self, rank: Self::Key) -> (Self::Key, Self::Key);

    /// The largest rank that a row can have.
    fn largest_rank(&self) -> Self::Key;
}

/// The values of one block of a column; none beyond its end.
#[inline(always)]
fn block_of(column: &[i64], block: usize) -> &[i64] {
    // A block starts at or before the end of the column, whose length fits in usize.
    let rest = column.get(block.wrapping_mul(BLOCK_ROWS)..).unwrap_or_default();
    rest.get(..BLOCK_ROWS).unwrap_or(rest)
}

/// Rows ranked by remainder. One of zero never wins: the remainders sum to the leftover times the divisor and each is
/// below the divisor, so more rows than there are leftover units have one above zero.
pub(super) struct ByRemainder<'a, D> {
    pub weights: &'a [i64],
    /// No weight is larger.
    pub bound: u64,
    pub divide: D,
}

impl<D: Divide> ByRemainder<'_, D> {
    #[inline(always)]
    fn row(divide: D, weight: i64) -> Row<D::Fraction> {
        let (floor, key) = divide.split(weight.cast_unsigned());
        Row { floor, before: false, ranked: true, key }
    }
}

impl<D: Divide> Rows for ByRemainder<'_, D> {
    type Key = D::Fraction;

    #[inline(always)]
    fn block(&self, block: usize) -> impl Iterator<Item = Row<D::Fraction>> {
        let divide = self.divide;
        block_of(self.weights, block).iter().map(move |&weight| Self::row(divide, weight))
    }

    #[inline(always)]
    fn suspects(&self, block: usize, least: D::Fraction, largest: D::Fraction) -> impl Iterator<Item = bool> {
        let divide = self.divide;
        let slack = divide.slack(self.bound);
        let (least, span) = (least.above(slack), largest.above(least).plus(slack));
        let weights = block_of(self.weights, block).iter();
        weights.map(move |&weight| divide.nearly(weight.cast_unsigned()).within(least, span))
    }

    fn at(&self, row: usize) -> Option<Row<D::Fraction>> {
        self.weights.get(row).map(|&weight| Self::row(self.divide, weight))
    }

    #[inline(always)]
    fn rank(&self, key: D::Fraction) -> D::Fraction {
        self.divide.remainder(key)
    }

    fn keys(&self, rank: D::Fraction) -> (D::Fraction, D::Fraction) {
        self.divide.fractions(rank)
    }

    fn largest_rank(&self) -> D::Fraction {
        self.divide.largest_remainder()
    }
}

/// Rows ranked by a function of the weight that is zero for a weight of zero. Such a row never wins: there are fewer
/// leftover units than weights above zero.
pub(super) struct ByWeight<'a, D, F> {
    pub weights: &'a [i64],
    pub divide: D,
    pub rank: F,
}

/// The weight itself: the larger, the earlier.
pub(super) fn size(weight: u64) -> u64 {
    weight
}

/// All weights above zero alike, so that the order of the rows alone decides.
pub(super) fn presence(weight: u64) -> u64 {
    u64::from(weight != 0)
}

impl<D: Divide, F: Fn(u64) -> u64 + Copy + Sync> ByWeight<'_, D, F> {
    #[inline(always)]
    fn row(divide: D, rank: F, weight: i64) -> Row<u64> {
        let weight = weight.cast_unsigned();
        Row { floor: divide.split(weight).0, before: false, ranked: true, key: rank(weight) }
    }
}

impl<D: Divide, F: Fn(u64) -> u64 + Copy + Sync> Rows for ByWeight<'_, D, F> {
    type Key = u64;

    #[inline(always)]
    fn block(&self, block: usize) -> impl Iterator<Item = Row<u64>> {
        let (divide, rank) = (self.divide, self.rank);
        block_of(self.weights, block).iter().map(move |&weight| Self::row(divide, rank, weight))
    }

    #[inline(always)]
    fn suspects(&self, block: usize, least: u64, largest: u64) -> impl Iterator<Item = bool> {
        let (rank, span) = (self.rank, largest.above(least));
        let weights = block_of(self.weights, block).iter();
        weights.map(move |&weight| rank(weight.cast_unsigned()).within(least, span))
    }

    fn at(&self, row: usize) -> Option<Row<u64>> {
        self.weights.get(row).map(|&weight| Self::row(self.divide, self.rank, weight))
    }

    #[inline(always)]
    fn rank(&self, key: u64) -> u64 {
        key
    }

    fn keys(&self, rank: u64) -> (u64, u64) {
        (rank, rank)
    }

    fn largest_rank(&self) -> u64 {
        u64::MAX
    }
}

/// The rows of one rank, ranked by their tie key: the smaller, the earlier.
pub(super) struct Tied<'a, R: Rows> {
    pub rows: &'a R,
    /// The least and the largest key of that rank.
    pub keys: (R::Key, R::Key),
    pub ties: &'a [i64],
}

/// A tie key as a rank: the order of signed numbers, upside down.
#[inline(always)]
pub(super) fn rank_of_tie(tie: i64) -> u64 {
    !(tie.cast_unsigned() ^ (1 << 63))
}

impl<R: Rows> Tied<'_, R> {
    #[inline(always)]
    fn row(keys: (R::Key, R::Key), row: Row<R::Key>, tie: i64) -> Row<u64> {
        let ranked = row.key.within(keys.0, keys.1.above(keys.0));
        Row { floor: row.floor, before: row.key > keys.1, ranked, key: rank_of_tie(tie) }
    }
}

impl<R: Rows> Rows for Tied<'_, R> {
    type Key = u64;

    #[inline(always)]
    fn block(&self, block: usize) -> impl Iterator<Item = Row<u64>> {
        let keys = self.keys;
        let ties = block_of(self.ties, block);
        self.rows.block(block).zip(ties).map(move |(row, &tie)| Self::row(keys, row, tie))
    }

    #[inline(always)]
    fn suspects(&self, block: usize, least: u64, largest: u64) -> impl Iterator<Item = bool> {
        let span = largest.above(least);
        block_of(self.ties, block).iter().map(move |&tie| rank_of_tie(tie).within(least, span))
    }

    fn at(&self, row: usize) -> Option<Row<u64>> {
        Some(Self::row(self.keys, self.rows.at(row)?, *self.ties.get(row)?))
    }

    #[inline(always)]
    fn rank(&self, key: u64) -> u64 {
        key
    }

    fn keys(&self, rank: u64) -> (u64, u64) {
        (rank, rank)
    }

    fn largest_rank(&self) -> u64 {
        u64::MAX
    }
}
