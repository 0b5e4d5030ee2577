//! From an order to the position that it changes.

use super::bucket::Closing;
use super::types::{Lot, Order, Position};

/// Finds the closing positions of orders, which both stand by account and fund.
pub(super) struct Search<'a> {
    positions: &'a [Closing],
    /// The first position of the account and fund at hand.
    place: usize,
}

/// So many positions are looked at together, whether they are before what is looked for or not: how many are is not
/// foreseen by the processor, and to guess it wrongly takes longer.
const NEAR: usize = 4;

impl<'a> Search<'a> {
    /// Over positions in their written order.
    pub(super) const fn new(positions: &'a [Closing]) -> Self {
        Self { positions, place: 0 }
    }

    /// The position that an order is for; orders must come by account and fund.
    #[inline]
    pub(super) fn own(&mut self, order: &Order) -> Option<usize> {
        // The orders of a position follow one another.
        if self.positions.get(self.place).is_some_and(|position| position.is_of(order)) {
            return Some(self.place);
        }
        let wanted = of_fund(order.account, order.fund);
        self.place = self.first(self.place, |position| of_fund(position.account, position.fund) < wanted);
        self.exact(self.place, &Place::of(order, order.fund))
    }

    /// The position that a switch goes into, whose own position was looked for last.
    pub(super) fn target(&self, order: &Order) -> Option<usize> {
        let before = self.positions.get(..self.place).unwrap_or_default();
        let others = before.iter().rev().take_while(|position| position.account == order.account).count();
        // The positions are as many as those before at least.
        self.exact(self.place.wrapping_sub(others), &Place::of(order, order.target))
    }

    #[inline]
    fn exact(&self, from: usize, place: &Place) -> Option<usize> {
        let is_at = |at: usize| self.positions.get(at).is_some_and(|position| position.place() == *place);
        if is_at(from) {
            return Some(from);
        }
        Some(self.first(from, |position| position.place().before(place))).filter(|at| is_at(*at))
    }

    /// The first place from `from` on where the positions are no longer `before`.
    #[inline]
    fn first(&self, from: usize, before: impl Fn(&Closing) -> bool) -> usize {
        let rest = self.positions.get(from..).unwrap_or_default();
        let near = match rest.first_chunk::<NEAR>() {
            Some(near) => {
                near.iter().fold(0_usize, |count, position| count.wrapping_add(usize::from(before(position))))
            }
            None => rest.iter().take_while(|position| before(position)).count(),
        };
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

/// An account and a fund as one number, which is compared at once.
#[inline(always)]
fn of_fund(account: i64, fund: u32) -> i128 {
    (i128::from(account) << 32) | i128::from(fund)
}

/// A [`Key`] as two numbers, which stand as it does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The account and the fund.
    fund: i128,
    /// The transaction account, the distributor and the charge.
    rest: i128,
}

impl Place {
    #[inline(always)]
    const fn new(fund: i128, transaction_account: i64, distributor: u32, charge: u8) -> Self {
        // A key, and a number of 32 bits and one of eight below it.
        let rest = ((transaction_account as i128) << 40) | ((distributor as i128) << 8) | charge as i128;
        Self { fund, rest }
    }

    /// The position of an order in a fund.
    #[inline(always)]
    fn of(order: &Order, fund: u32) -> Self {
        Self::new(of_fund(order.account, fund), order.transaction_account, order.distributor, order.charge)
    }

    /// Whether it stands before another one; both parts are compared whether that is needed or not.
    #[inline(always)]
    pub(super) const fn before(&self, other: &Self) -> bool {
        (self.fund < other.fund) | ((self.fund == other.fund) & (self.rest < other.rest))
    }
}

/// What rows of positions and lots stand by.
pub(super) type Key = (i64, u32, i64, u32, u8);

impl Position {
    #[inline]
    pub(super) fn key(&self) -> Key {
        (self.account, self.fund, self.transaction_account, self.distributor, self.charge)
    }
}

impl Closing {
    /// Whether an order is for it.
    #[inline(always)]
    const fn is_of(&self, order: &Order) -> bool {
        self.account == order.account
            && self.fund == order.fund
            && self.transaction_account == order.transaction_account
            && self.distributor == order.distributor
            && self.charge == order.charge
    }
}

macro_rules! placed {
    ($($row:ty)*) => {$(
        impl $row {
            #[inline(always)]
            pub(super) fn place(&self) -> Place {
                let fund = of_fund(self.account, self.fund);
                Place::new(fund, self.transaction_account, self.distributor, self.charge)
            }
        }
    )*};
}

placed! { Closing Position Lot }
