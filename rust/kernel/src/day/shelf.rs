//! The rows of a bucket while nobody works on it: short, without what all rows of the day have in common.
//!
//! A day touches every bucket a few times and holds all of them at once, and a fresh page of memory costs more than the
//! arithmetic on the rows that it takes. So a bucket lies on its shelf as short rows; a worker takes it down, which
//! makes whole rows of them in memory that it uses for one bucket after another, and puts it back. Rows that have more
//! to say than a short one can hold lie beside the others as they are.

use std::mem;

use super::bucket::{Bucket, Context, Ruling};
use super::types::{Kind, Order, Position, Reason};
use super::validate::discount;

/// What the rows of a day have in common, where they have enough of it.
#[derive(Clone, Debug, Default)]
pub struct Shelves {
    /// An order like all of today's, but for what a short one holds; none if orders are kept whole.
    pub(super) order: Option<Order>,
    /// What each of the caller's kinds of today's orders is.
    pub(super) kinds: Vec<Kind>,
    /// A position like all others, but for what a short one holds; none if positions are kept whole.
    pub(super) position: Option<Position>,
}

/// The short rows of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shelf {
    /// Orders, in their order once they are ruled about.
    pub(super) orders: Vec<ShortOrder>,
    /// The orders that are not short, each with its place among the others. Before they are ruled about, orders that
    /// have no place yet stand in the bucket itself.
    long_orders: Vec<(usize, Order)>,
    rulings: Vec<ShortRuling>,
    long_rulings: Vec<(usize, Ruling)>,
    /// Positions, in their order once the bucket is open.
    pub(super) positions: Vec<ShortPosition>,
}

/// What an order has of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ShortOrder {
    pub(super) account: i64,
    pub(super) id: i64,
    pub(super) placed_at: i64,
    pub(super) quantity: i64,
    pub(super) fund: u16,
    /// The largest number if there is none.
    pub(super) target: u16,
    pub(super) distributor: u16,
    pub(super) kind_code: u8,
    pub(super) refused: Reason,
}

/// What is ruled about an order of which all that goes on is accepted as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ShortRuling {
    position: u32,
    reason: Reason,
}

/// What a position has of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ShortPosition {
    pub(super) account: i64,
    /// Opening units, which are also those that are entitled.
    pub(super) units: i64,
    pub(super) fund: u32,
    pub(super) distributor: u32,
}

/// A worker's memory for the whole rows of one bucket.
#[derive(Debug, Default)]
pub struct Tray {
    orders: Vec<Order>,
    rulings: Vec<Ruling>,
    positions: Vec<Position>,
}

impl ShortOrder {
    /// An order without what a short one cannot hold.
    fn of(order: &Order) -> Self {
        let narrow = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
        Self {
            account: order.account,
            id: order.id,
            placed_at: order.placed_at,
            quantity: order.quantity,
            fund: narrow(order.fund),
            target: narrow(order.target),
            distributor: narrow(order.distributor),
            kind_code: order.kind_code,
            refused: order.refused,
        }
    }

    #[inline]
    fn whole(&self, common: &Order, kinds: &[Kind]) -> Order {
        Order {
            account: self.account,
            id: self.id,
            placed_at: self.placed_at,
            quantity: self.quantity,
            fund: self.fund.into(),
            target: if self.target == u16::MAX { u32::MAX } else { self.target.into() },
            distributor: self.distributor.into(),
            kind: kinds.get(usize::from(self.kind_code)).copied().unwrap_or(Kind::Unsupported),
            kind_code: self.kind_code,
            refused: self.refused,
            ..*common
        }
    }
}

impl ShortRuling {
    #[inline]
    fn whole(self, ctx: &Context<'_>, order: &Order) -> Ruling {
        let factor = ctx.factor(order.kind);
        let amount = if factor == 1 { Some(order.quantity) } else { order.quantity.checked_div(factor) };
        let quantity = amount.filter(|_| self.reason == Reason::None).unwrap_or(0);
        Ruling {
            reason: self.reason,
            position: self.position,
            quantity,
            top_up: 0,
            cut: 0,
            accepted: quantity,
            discount: discount(ctx, order),
        }
    }
}

impl ShortPosition {
    fn of(position: &Position) -> Self {
        let &Position { account, opening: units, fund, distributor, .. } = position;
        Self { account, units, fund, distributor }
    }

    #[inline]
    fn whole(&self, common: &Position) -> Position {
        let &Self { account, units, fund, distributor } = self;
        Position { account, opening: units, entitled: units, fund, distributor, ..*common }
    }
}

impl Shelves {
    /// Takes a bucket down: its rows become whole.
    pub fn take_down(&self, ctx: &Context<'_>, bucket: &mut Bucket, tray: &mut Tray) {
        self.take_positions_down(bucket, tray);
        let Some(common) = &self.order else { return };
        let Bucket { orders, rulings, shelf, .. } = bucket;
        mem::swap(orders, &mut tray.orders);
        mem::swap(rulings, &mut tray.rulings);
        orders.clear();
        orders.extend(shelf.orders.iter().map(|order| order.whole(common, &self.kinds)));
        for (place, order) in &shelf.long_orders {
            if let Some(slot) = orders.get_mut(*place) {
                *slot = *order;
            }
        }
        // Orders that stood in the bucket itself are taken once, and have their places from then on.
        orders.append(&mut tray.orders);
        rulings.clear();
        rulings.extend(shelf.rulings.iter().zip(orders.iter()).map(|(ruling, order)| ruling.whole(ctx, order)));
        for (place, ruling) in &shelf.long_rulings {
            if let Some(slot) = rulings.get_mut(*place) {
                *slot = *ruling;
            }
        }
    }

    /// The same of the positions alone.
    pub(super) fn take_positions_down(&self, bucket: &mut Bucket, tray: &mut Tray) {
        if let Some(common) = &self.position {
            mem::swap(&mut bucket.positions, &mut tray.positions);
            bucket.positions.clear();
            bucket.positions.extend(bucket.shelf.positions.iter().map(|position| position.whole(common)));
        }
    }

    /// Puts a bucket back whose orders were put in order and ruled about.
    pub(super) fn put_orders_back(&self, ctx: &Context<'_>, bucket: &mut Bucket, tray: &mut Tray) {
        if let Some(common) = &self.order {
            let Bucket { orders, shelf, .. } = bucket;
            shelf.orders.clear();
            shelf.orders.reserve_exact(orders.len());
            shelf.orders.extend(orders.iter().map(ShortOrder::of));
            let pairs = orders.iter().zip(&shelf.orders).enumerate();
            let long = pairs.filter(|(_, (order, short))| short.whole(common, &self.kinds) != **order);
            shelf.long_orders.extend(long.map(|(place, (order, _))| (place, *order)));
        }
        self.put_rulings_back(ctx, bucket, tray);
    }

    /// Puts a bucket back about whose orders something was ruled.
    pub(super) fn put_rulings_back(&self, ctx: &Context<'_>, bucket: &mut Bucket, tray: &mut Tray) {
        if self.order.is_some() {
            let Bucket { orders, rulings, shelf, .. } = bucket;
            shelf.long_rulings.clear();
            shelf.rulings.clear();
            shelf.rulings.reserve_exact(rulings.len());
            for (place, (order, ruling)) in orders.iter().zip(rulings.iter()).enumerate() {
                let short = ShortRuling { position: ruling.position, reason: ruling.reason };
                shelf.rulings.push(short);
                if short.whole(ctx, order) != *ruling {
                    shelf.long_rulings.push((place, *ruling));
                }
            }
        }
        self.put_back(bucket, tray);
    }

    /// Puts a bucket back whose positions were put in order.
    pub(super) fn put_positions_back(&self, bucket: &mut Bucket, tray: &mut Tray) {
        if self.position.is_some() {
            for (slot, position) in bucket.shelf.positions.iter_mut().zip(&bucket.positions) {
                *slot = ShortPosition::of(position);
            }
            mem::swap(&mut bucket.positions, &mut tray.positions);
        }
    }

    /// Puts a bucket back as it was.
    pub fn put_back(&self, bucket: &mut Bucket, tray: &mut Tray) {
        if self.order.is_some() {
            mem::swap(&mut bucket.orders, &mut tray.orders);
            mem::swap(&mut bucket.rulings, &mut tray.rulings);
        }
        if self.position.is_some() {
            mem::swap(&mut bucket.positions, &mut tray.positions);
        }
    }
}

impl Bucket {
    /// How many orders it has, on the shelf or not.
    pub fn order_rows(&self) -> usize {
        self.orders.len().max(self.shelf.orders.len())
    }

    /// How many positions it has, on the shelf or not.
    pub fn position_rows(&self) -> usize {
        self.positions.len().max(self.shelf.positions.len())
    }
}
