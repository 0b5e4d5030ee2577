//! From an order to the position that it changes.

use super::bucket::Closing;
use super::types::{Lot, Order, Position};

/// Finds the closing positions of orders, which both stand by account and fund.
pub(super) struct Search<'a> {
    positions: &'a [Closing],
    /// The first position of the account at hand.
    account: usize,
    /// The first position of the account and fund at hand.
    place: usize,
}

/// So many positions are looked at one by one before the rest is searched.
const NEAR: usize = 8;

impl<'a> Search<'a> {
    /// Over positions in their written order.
    pub(super) const fn new(positions: &'a [Closing]) -> Self {
        Self { positions, account: 0, place: 0 }
    }

    /// The position that an order is for; orders must come by account and fund.
    #[inline]
    pub(super) fn own(&mut self, order: &Order) -> Option<usize> {
        let account = self.first(self.account, |position| position.account < order.account);
        if account != self.account {
            self.account = account;
            self.place = account;
        }
        self.place = self.first(self.place, |p| (p.account, p.fund) < (order.account, order.fund));
        self.exact(self.place, order, order.fund)
    }

    /// The position that a switch goes into.
    pub(super) fn target(&self, order: &Order) -> Option<usize> {
        self.exact(self.account, order, order.target)
    }

    fn exact(&self, from: usize, order: &Order, fund: u32) -> Option<usize> {
        let key = (order.account, fund, order.transaction_account, order.distributor, order.charge);
        let place = self.first(from, |position| position.key() < key);
        self.positions.get(place).filter(|position| position.key() == key).map(|_| place)
    }

    /// The first place from `from` on where the positions are no longer `before`.
    #[inline]
    fn first(&self, from: usize, before: impl Fn(&Closing) -> bool) -> usize {
        let rest = self.positions.get(from..).unwrap_or_default();
        let near = rest.iter().take(NEAR).take_while(|position| before(position)).count();
        if near < NEAR {
            // Places of one slice, here and below.
            return from.wrapping_add(near);
        }
        // What is looked for is most often near, so the stretch in which it must be is found by doubling.
        let mut low = NEAR;
        let mut high = NEAR << 1;
        while rest.get(high).is_some_and(&before) {
            low = high;
            high = high.saturating_mul(2);
        }
        let stretch = rest.get(low..high.min(rest.len())).unwrap_or_default();
        from.wrapping_add(low).wrapping_add(stretch.partition_point(before))
    }
}

/// What rows of positions and lots stand by.
pub(super) type Key = (i64, u32, i64, u32, u8);

macro_rules! keyed {
    ($($row:ty)*) => {$(
        impl $row {
            #[inline]
            pub(super) fn key(&self) -> Key {
                (self.account, self.fund, self.transaction_account, self.distributor, self.charge)
            }
        }
    )*};
}

keyed! { Closing Position Lot }
