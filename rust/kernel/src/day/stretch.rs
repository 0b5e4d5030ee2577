//! Stretches of a bucket: whole accounts that are settled, proven and written one after the other, so that what is
//! settled is still in a core's nearest caches when it is proven and written.

use super::bucket::{Bucket, Closing, PositionIncome, Ruling, Settled};
use super::types::{Lot, Order, Outcome, Position};

/// How far a bucket is settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The orders that are settled.
    pub orders: usize,
    /// The positions that are closed.
    pub positions: usize,
}

impl Progress {
    /// The end of a bucket.
    pub const fn end(bucket: &Bucket) -> Self {
        Self { orders: bucket.orders.len(), positions: bucket.positions.len() }
    }
}

/// The rows of whole accounts that lie together, and what they were settled to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stretch<'a> {
    pub(super) orders: &'a [Order],
    pub(super) rulings: &'a [Ruling],
    pub(super) outcomes: &'a [Outcome],
    pub(super) positions: &'a [Position],
    /// Empty if the bucket has no income.
    pub(super) income: &'a [PositionIncome],
    pub(super) closing: &'a [Closing],
    pub(super) lots: &'a [Lot],
    /// The number of its first order in the bucket.
    pub(super) first_order: usize,
    /// The number of its first closing position in the bucket.
    pub(super) first_closing: usize,
}

impl<'a> Stretch<'a> {
    /// A whole bucket.
    pub(super) fn whole(bucket: &'a Bucket, settled: &'a Settled) -> Self {
        Self::between(bucket, settled, (Progress::default(), Progress::end(bucket)), (0, 0))
    }

    /// The rows from one progress to another. The outcomes are those of the stretch alone; of the closing positions and
    /// the lots so many are of the stretches before.
    pub(super) fn between(
        bucket: &'a Bucket,
        settled: &'a Settled,
        (from, to): (Progress, Progress),
        (closing, lots): (usize, usize),
    ) -> Self {
        let (orders, positions) = (from.orders..to.orders, from.positions..to.positions);
        Self {
            orders: bucket.orders.get(orders.clone()).unwrap_or_default(),
            rulings: bucket.rulings.get(orders).unwrap_or_default(),
            outcomes: &settled.outcomes,
            positions: bucket.positions.get(positions.clone()).unwrap_or_default(),
            income: bucket.income.get(positions).unwrap_or_default(),
            closing: settled.positions.get(closing..).unwrap_or_default(),
            lots: settled.lots.get(lots..).unwrap_or_default(),
            first_order: from.orders,
            first_closing: closing,
        }
    }
}
