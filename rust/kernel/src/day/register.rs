//! The register at the end of the day: positions and lots in their written order.

use std::cmp::Ordering;
use std::ops::Range;

use super::bucket::{Bucket, Closing, Context, PositionIncome};
use super::lots;
use super::search::Key;
use super::settle::{Account, Work, wide};
use super::types::{Lot, Order, Outcome, Position};
use crate::bounds::fits;
use crate::error::{Code, Error};
use crate::scale::power_of_ten;

/// What the day's outgoing orders take from a position.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken {
    cancelled: i64,
    pending: i64,
}

/// Units that an order brings to a position, which may be there or not.
#[derive(Clone, Debug)]
pub struct Addition {
    /// The number of the order in the bucket.
    order: u32,
    fund: u32,
    units: i64,
    /// The price at which they were bought.
    nav: i64,
    rate_paid: i64,
    /// The lots that they make, if these keep dates of their own.
    dates: Range<u32>,
}

/// Units of a lot that keeps the date of one that it came from.
#[derive(Clone, Copy, Debug)]
pub struct Dated {
    pub(super) confirmed: i32,
    pub(super) units: i64,
}

/// A bucket's register on its way to be written.
pub(super) struct Register<'a> {
    pub(super) ctx: &'a Context<'a>,
    pub(super) bucket: &'a Bucket,
    pub(super) positions: &'a mut Vec<Closing>,
    pub(super) lots: &'a mut Vec<Lot>,
}

/// What a position is worth closing with.
struct Movements<'a> {
    position: &'a Position,
    lots: &'a [Lot],
    left: &'a [i64],
    income: PositionIncome,
    taken: Taken,
    additions: &'a [Addition],
}

impl Taken {
    pub(super) fn add(&mut self, outcome: &Outcome) -> Result<(), Code> {
        self.cancelled = self.cancelled.checked_add(outcome.confirmed).ok_or(Code::Overflow)?;
        self.pending = self.pending.checked_add(outcome.deferred).ok_or(Code::Overflow)?;
        Ok(())
    }
}

impl Addition {
    pub(super) fn new(order: usize, fund: u32, units: i64, nav: i64, rate_paid: i64) -> Self {
        // A bucket has far fewer than 2^32 orders: its positions are numbered so.
        let order = u32::try_from(order).unwrap_or(u32::MAX);
        Self { order, fund, units, nav, rate_paid, dates: 0..0 }
    }

    pub(super) fn keeping(self, dates: Range<usize>) -> Self {
        let narrow = |place| u32::try_from(place).unwrap_or(u32::MAX);
        Self { dates: narrow(dates.start)..narrow(dates.end), ..self }
    }

    fn order<'a>(&self, bucket: &'a Bucket) -> Option<&'a Order> {
        bucket.orders.get(wide(self.order))
    }
}

/// The position that an order brings units to.
fn key_into(addition: &Addition, order: &Order) -> Key {
    (order.account, addition.fund, order.transaction_account, order.distributor, order.charge)
}

/// A position that is not there before its first units come.
pub(super) const fn empty((account, fund, transaction_account, distributor, charge): Key) -> Position {
    Position {
        account,
        transaction_account,
        fund,
        distributor,
        charge,
        dividend_option: 0,
        opening: 0,
        moved: 0,
        frozen: 0,
        pending: 0,
        unpaid: 0,
        entitled: 0,
    }
}

impl Register<'_> {
    /// Closes all positions of an account, those that its orders open among them.
    pub(super) fn close(&mut self, account: &Account<'_>, work: &mut Work) -> Result<(), Error> {
        let Work { left, taken, additions, dates } = work;
        self.sort(additions);
        let mut rest: &[Addition] = additions;
        for (place, (position, taken)) in account.positions.iter().zip(taken.iter()).enumerate() {
            rest = self.open_up_to(Some(position), account, rest, dates)?;
            let (to_it, others) = rest.split_at(self.count(rest, |key| key == position.key()));
            rest = others;
            let range = account.lots_of(place);
            // The account's positions are a stretch of the bucket's.
            let number = account.first_position.wrapping_add(place);
            let movements = Movements {
                position,
                lots: account.lots.get(range.clone()).unwrap_or_default(),
                left: left.get(range).unwrap_or_default(),
                income: self.bucket.income.get(number).copied().unwrap_or_default(),
                taken: *taken,
                additions: to_it,
            };
            self.close_position(&movements, dates)?;
        }
        self.open_up_to(None, account, rest, dates).map(drop)
    }

    /// Brings additions into the order of their positions, those of one position into canonical order.
    fn sort(&self, additions: &mut [Addition]) {
        let compare = |left: &Addition, right: &Addition| {
            let (Some(first), Some(second)) = (left.order(self.bucket), right.order(self.bucket)) else {
                return Ordering::Equal;
            };
            let canonical = |order: &Order| (order.since, order.placed_at, order.distributor, order.id);
            let by_key = key_into(left, first).cmp(&key_into(right, second));
            by_key.then_with(|| canonical(first).cmp(&canonical(second)))
        };
        if !additions.is_sorted_by(|left, right| compare(left, right) != Ordering::Greater) {
            additions.sort_unstable_by(compare);
        }
    }

    /// How many of the first additions go to positions of which a condition holds.
    fn count(&self, additions: &[Addition], holds: impl Fn(Key) -> bool) -> usize {
        let goes =
            |addition: &Addition| addition.order(self.bucket).is_some_and(|order| holds(key_into(addition, order)));
        additions.iter().take_while(|addition| goes(addition)).count()
    }

    /// Opens the new positions in front of a position that is there; the additions to others.
    fn open_up_to<'a>(
        &mut self,
        position: Option<&Position>,
        account: &Account<'_>,
        mut additions: &'a [Addition],
        dates: &[Dated],
    ) -> Result<&'a [Addition], Error> {
        while let Some(first) = additions.first() {
            let order = first.order(self.bucket).ok_or(Error::whole(Code::Law))?;
            let key = key_into(first, order);
            if position.is_some_and(|position| key >= position.key()) {
                break;
            }
            let (to_it, others) = additions.split_at(self.count(additions, |other| other == key));
            additions = others;
            let movements = Movements {
                position: &empty(key),
                lots: &[],
                left: &[],
                income: PositionIncome::default(),
                taken: Taken::default(),
                additions: to_it,
            };
            debug_assert!(account.positions.iter().all(|position| position.key() != key));
            self.close_position(&movements, dates)?;
        }
        Ok(additions)
    }

    fn close_position(&mut self, movements: &Movements<'_>, dates: &[Dated]) -> Result<(), Error> {
        let position = movements.position;
        let figures = movements.figures();
        let figures = figures.ok_or_else(|| movements.overflow())?;
        if !movements.is_kept(&figures) {
            return Ok(());
        }
        let Figures { units, unpaid, cash, issued } = figures;
        let Movements { income, taken, .. } = *movements;
        self.positions.push(Closing {
            account: position.account,
            transaction_account: position.transaction_account,
            fund: position.fund,
            distributor: position.distributor,
            charge: position.charge,
            dividend_option: position.dividend_option,
            units,
            frozen: position.frozen,
            pending: taken.pending,
            unpaid,
            opening: position.opening,
            issued,
            cancelled: taken.cancelled,
            income: income.amount,
            income_units: income.units,
            income_cash: cash,
            moved: position.moved,
        });
        if self.ctx.fund(position.fund).is_some_and(|fund| fund.keeps_lots) {
            self.close_lots(movements, dates)?;
        }
        Ok(())
    }

    /// Writes what is left of a position's lots, and its new ones: first what income brought, then what orders did.
    fn close_lots(&mut self, movements: &Movements<'_>, dates: &[Dated]) -> Result<(), Error> {
        let &Movements { position, lots, left, income, additions, .. } = movements;
        let first = self.lots.len();
        let remaining = lots.iter().zip(left).filter(|(_, left)| **left > 0);
        self.lots.extend(remaining.map(|(lot, &units)| Lot { units, ..*lot }));
        if income.units <= 0 && additions.is_empty() {
            return Ok(());
        }
        let day = self.ctx.day(position.fund).ok_or(Error::whole(Code::Law))?;
        let mut next = new_lot(position, day.confirmation, lots::next_number(lots));
        if income.units > 0 {
            let par = power_of_ten(u32::from(self.ctx.terms.scales.nav)).and_then(|par| i64::try_from(par).ok());
            let nav = par.ok_or(Error::whole(Code::Law))?;
            self.lots.push(Lot { units: income.units, nav, reinvested: true, ..next });
            next.number = next.number.saturating_add(1);
        }
        for addition in additions {
            let &Addition { units, nav, rate_paid, .. } = addition;
            let bought = Lot { units, nav, rate_paid, ..next };
            let dated = dates.get(wide(addition.dates.start)..wide(addition.dates.end)).unwrap_or_default();
            for (&Dated { confirmed, units }, number) in dated.iter().zip(bought.number..) {
                self.lots.push(Lot { confirmed, units, number, ..bought });
            }
            if dated.is_empty() {
                self.lots.push(bought);
            }
            // Far fewer lots than numbers.
            let made = i64::try_from(dated.len().max(1)).unwrap_or(i64::MAX);
            next.number = next.number.saturating_add(made);
        }
        if let Some(written) = self.lots.get_mut(first..) {
            let order = |lot: &Lot| (lot.confirmed, lot.number);
            if !written.is_sorted_by_key(order) {
                written.sort_unstable_by_key(order);
            }
        }
        Ok(())
    }
}

/// A lot of a position without units.
pub(super) const fn new_lot(position: &Position, confirmed: i32, number: i64) -> Lot {
    Lot {
        account: position.account,
        transaction_account: position.transaction_account,
        fund: position.fund,
        distributor: position.distributor,
        charge: position.charge,
        reinvested: false,
        confirmed,
        number,
        units: 0,
        nav: 0,
        rate_paid: 0,
    }
}

/// What a position comes to at the end of the day.
struct Figures {
    units: i64,
    unpaid: i64,
    cash: i64,
    issued: i64,
}

impl Movements<'_> {
    /// A failure of the last order that brings units, if one does.
    fn overflow(&self) -> Error {
        let row = self.additions.last().map(|addition| wide(addition.order));
        Error { row, operands: vec![self.position.opening.into()], ..Error::whole(Code::Overflow) }
    }

    /// `None` if a value has more than 18 digits.
    fn figures(&self) -> Option<Figures> {
        let Self { position, income, taken, additions, .. } = *self;
        let issued = additions.iter().try_fold(0_i64, |sum, addition| sum.checked_add(addition.units))?;
        let before = position.opening.checked_add(position.moved)?.checked_add(issued)?;
        let units = before.checked_sub(taken.cancelled)?.checked_add(income.units)?;
        let mut unpaid = position.unpaid.checked_add(income.unpaid)?;
        let mut cash = income.cash;
        // Unpaid income does not outlive the units that earned it, unless it is a debt.
        if units == 0 && unpaid > 0 {
            cash = cash.checked_add(unpaid)?;
            unpaid = 0;
        }
        let fit = [issued, units, unpaid, cash, taken.pending, taken.cancelled].into_iter().all(fits);
        fit.then_some(Figures { units, unpaid, cash, issued })
    }

    /// Whether a position has anything to say: empty ones that nothing happened to are dropped.
    fn is_kept(&self, figures: &Figures) -> bool {
        let Self { position, income, taken, .. } = self;
        let Figures { units, unpaid, cash, issued } = *figures;
        // A value is zero if no bit of it is set, and so are several.
        let held = units | unpaid | position.frozen | taken.pending | i64::from(position.dividend_option);
        let moved = position.opening | position.moved | issued | taken.cancelled | income.amount | income.units | cash;
        held | moved != 0
    }
}
