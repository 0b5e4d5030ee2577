//! Settling a bucket: every order that is accepted is dealt at the day's price, and the register is closed.
//!
//! Account by account, so that all that an account's orders and positions need stays in a core's nearest cache. Orders
//! of one position stand in canonical order, which is the order in which they consume its lots.

use std::iter::once;
use std::ops::Range;

use super::bucket::{Bucket, Context, Ruling, Settled};
use super::lots::{self, Parts};
use super::register::{Addition, Dated, Register, Taken};
use super::stretch::Progress;
use super::survey;
use super::types::{Kind, Lot, Order, Outcome, Position, Reason, Status};
use crate::dealing::{Pricing, Redemption, Refusal, Switched, redeem, switch};
use crate::error::{Code, Error};
use crate::terms::Fund;

/// The code of a back-end charged position or order.
pub(super) const BACK_END: u8 = 1;

/// What a worker needs while it settles an account; kept from one account to the next.
#[derive(Clone, Debug, Default)]
pub struct Work {
    /// What is left of each of the account's lots.
    pub(super) left: Vec<i64>,
    /// What orders take from each of the account's positions.
    pub(super) taken: Vec<Taken>,
    /// What orders bring, to positions that are there or not.
    pub(super) additions: Vec<Addition>,
    /// The dates that the units of switches keep.
    pub(super) dates: Vec<Dated>,
}

/// The rows of one account in its bucket.
#[derive(Clone, Copy)]
pub(super) struct Account<'a> {
    pub(super) orders: &'a [Order],
    pub(super) rulings: &'a [Ruling],
    /// The number of its first position in the bucket.
    pub(super) first_position: usize,
    pub(super) positions: &'a [Position],
    /// Where the lots of its positions stand; empty if the bucket has no lots.
    pub(super) lot_ranges: &'a [Range<u32>],
    /// The lots of all its positions.
    pub(super) lots: &'a [Lot],
}

/// Deals the orders of a bucket at the prices of `swung`, by fund, and closes its register. `settled` is a worker's
/// memory, overwritten. A row of an error is the order's number in the bucket.
pub fn settle(
    ctx: &Context<'_>,
    swung: &[Option<Pricing<'_>>],
    bucket: &Bucket,
    settled: &mut Settled,
) -> Result<(), Error> {
    settled.clear();
    settle_stretch(ctx, swung, bucket, settled, &mut Progress::default(), usize::MAX)
}

/// Settles the next accounts of a bucket, with so many orders and positions together or a few more, and appends what
/// they come to.
pub(super) fn settle_stretch(
    ctx: &Context<'_>,
    swung: &[Option<Pricing<'_>>],
    bucket: &Bucket,
    settled: &mut Settled,
    progress: &mut Progress,
    rows: usize,
) -> Result<(), Error> {
    let Settled { outcomes, positions, lots, work } = settled;
    let done = |progress: &Progress| progress.orders.saturating_add(progress.positions);
    let end = done(progress).saturating_add(rows);
    let desk = Desk { ctx, swung };
    let mut register = Register { ctx, bucket, positions, lots };
    while done(progress) < end {
        let Progress { orders: first_order, positions: first_position } = *progress;
        let (orders, rest) = (bucket.orders.get(first_order..), bucket.positions.get(first_position..));
        let (orders, rest) = (orders.unwrap_or_default(), rest.unwrap_or_default());
        let key = match (orders.first(), rest.first()) {
            (Some(order), Some(position)) => order.account.min(position.account),
            (Some(order), None) => order.account,
            (None, Some(position)) => position.account,
            (None, None) => return Ok(()),
        };
        let orders = leading(orders, |order| order.account == key);
        let rest = leading(rest, |position| position.account == key);
        let account = Account::of(bucket, (first_order, orders), (first_position, rest));
        work.begin(&account, bucket)?;
        for (row, (order, ruling)) in account.orders.iter().zip(account.rulings).enumerate() {
            // The account's orders are a part of the bucket's.
            let row = first_order.wrapping_add(row);
            // An outcome is too large to be handed about, so it is filled in where it stays.
            outcomes.push(NOTHING);
            if let Some(outcome) = outcomes.last_mut() {
                let dealt = desk.order(&account, work, row, (order, ruling), outcome);
                dealt.map_err(|code| Error::at(code, row, &[i128::from(order.quantity)]))?;
            }
        }
        register.close(&account, work)?;
        // Both stay at most the lengths of their columns, and one of them grows.
        progress.orders = first_order.wrapping_add(orders.len());
        progress.positions = first_position.wrapping_add(rest.len());
    }
    Ok(())
}

/// The rows in front of which a condition holds.
fn leading<T>(rows: &[T], holds: impl Fn(&T) -> bool) -> &[T] {
    let length = rows.iter().position(|row| !holds(row)).unwrap_or(rows.len());
    rows.get(..length).unwrap_or_default()
}

impl<'a> Account<'a> {
    fn of(
        bucket: &'a Bucket,
        (first_order, orders): (usize, &'a [Order]),
        (first_position, positions): (usize, &'a [Position]),
    ) -> Self {
        // Both are stretches of the bucket's columns.
        let order_end = first_order.wrapping_add(orders.len());
        let position_end = first_position.wrapping_add(positions.len());
        let rulings = bucket.rulings.get(first_order..order_end).unwrap_or_default();
        let lot_ranges = bucket.lot_ranges.get(first_position..position_end).unwrap_or_default();
        let lots = match (lot_ranges.first(), lot_ranges.last()) {
            (Some(first), Some(last)) => bucket.lots.get(wide(first.start)..wide(last.end)).unwrap_or_default(),
            _ => &[],
        };
        Self { orders, rulings, first_position, positions, lot_ranges, lots }
    }

    /// Where the lots of one of its positions stand among its lots.
    pub(super) fn lots_of(&self, place: usize) -> Range<usize> {
        let (Some(first), Some(range)) = (self.lot_ranges.first(), self.lot_ranges.get(place)) else { return 0..0 };
        // Ranges rise, so no start is before the first one's.
        wide(range.start.wrapping_sub(first.start))..wide(range.end.wrapping_sub(first.start))
    }
}

/// A number of a row as an index.
pub(super) fn wide(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Work {
    /// Forgets the account before, and takes from the lots what negative income takes.
    fn begin(&mut self, account: &Account<'_>, bucket: &Bucket) -> Result<(), Error> {
        self.additions.clear();
        self.dates.clear();
        self.taken.clear();
        self.taken.resize(account.positions.len(), Taken::default());
        self.left.clear();
        self.left.extend(account.lots.iter().map(|lot| lot.units));
        if account.lots.is_empty() {
            return Ok(());
        }
        let incomes = bucket.income.get(account.first_position..).unwrap_or_default();
        for (place, income) in incomes.iter().enumerate().take(account.positions.len()) {
            let range = account.lots_of(place);
            if income.units < 0
                && !range.is_empty()
                && lots::cut(self.left.get_mut(range).unwrap_or_default(), income.units.saturating_neg()) != 0
            {
                return Err(Error::whole(Code::Law));
            }
        }
        Ok(())
    }
}

/// Where orders are dealt.
struct Desk<'a> {
    ctx: &'a Context<'a>,
    swung: &'a [Option<Pricing<'a>>],
}

impl<'a> Desk<'a> {
    fn order(
        &self,
        account: &Account<'_>,
        work: &mut Work,
        row: usize,
        (order, ruling): (&Order, &Ruling),
        outcome: &mut Outcome,
    ) -> Result<(), Code> {
        if ruling.reason != Reason::None {
            self.refuse(order, ruling.reason, outcome);
            return Ok(());
        }
        match order.kind {
            Kind::Subscribe | Kind::Periodic => self.subscription(work, row, (order, ruling), outcome),
            Kind::Redeem | Kind::Switch => self.outgoing(account, work, row, (order, ruling), outcome),
            Kind::Unsupported => {
                self.refuse(order, Reason::UnsupportedKind, outcome);
                Ok(())
            }
        }
    }

    /// An order that is not dealt at all. The cash of a subscription goes back, if it is an amount of cash.
    fn refuse(&self, order: &Order, reason: Reason, outcome: &mut Outcome) {
        if reason == Reason::Late {
            *outcome = Outcome { status: Status::Carried, reason, ..NOTHING };
            return;
        }
        *outcome = Outcome { status: Status::Rejected, reason, ..NOTHING };
        if order.kind.carries_cash() {
            let factor = self.ctx.cash_factor;
            let is_cash = order.quantity > 0 && order.quantity.checked_rem(factor) == Some(0);
            outcome.refund_cause = reason;
            outcome.refund = order.quantity.checked_div(factor).filter(|_| is_cash).unwrap_or(0);
        }
    }

    fn pricing(&self, fund: u32) -> Result<&'a Pricing<'a>, Code> {
        self.swung.get(wide(fund)).and_then(Option::as_ref).ok_or(Code::Law)
    }

    /// The confirmation date of a fund.
    fn confirmation(&self, fund: u32) -> Result<i32, Code> {
        self.ctx.day(fund).map(|day| day.confirmation).ok_or(Code::Law)
    }

    fn subscription(
        &self,
        work: &mut Work,
        row: usize,
        (order, ruling): (&Order, &Ruling),
        outcome: &mut Outcome,
    ) -> Result<(), Code> {
        let pricing = self.pricing(order.fund)?;
        let asked = survey::subscription(order, ruling);
        let amount = asked.amount;
        let dealt = match pricing.subscribe(&asked) {
            Ok(dealt) => dealt,
            Err(Refusal::Rejected(reason)) => {
                self.refuse(order, reason, outcome);
                return Ok(());
            }
            Err(Refusal::Failed(code)) => return Err(code),
        };
        let price = pricing.price();
        work.additions.push(Addition::new(row, order.fund, dealt.units, price, dealt.rate_paid));
        outcome.refund_cause = whole_units(dealt.refund);
        outcome.confirmed = amount;
        outcome.amount = amount;
        outcome.net = dealt.invested;
        outcome.fee = dealt.fee;
        outcome.fee_to_distributor = dealt.fee_to_distributor;
        outcome.fee_to_manager = dealt.fee_to_manager;
        outcome.refund = dealt.refund;
        outcome.units = dealt.units;
        outcome.price = price;
        outcome.rounding = dealt.rounding;
        Ok(())
    }

    /// A redemption or a switch: what the gate accepts is dealt, if anything.
    fn outgoing(
        &self,
        account: &Account<'_>,
        work: &mut Work,
        row: usize,
        (order, ruling): (&Order, &Ruling),
        outcome: &mut Outcome,
    ) -> Result<(), Code> {
        let fund = self.ctx.fund(order.fund).ok_or(Code::Law)?;
        let place = wide(ruling.position).checked_sub(account.first_position).ok_or(Code::Law)?;
        let range = account.lots_of(place);
        self.part(fund, order, ruling, outcome);
        if ruling.accepted > 0 {
            let lots = account.lots.get(range.clone()).unwrap_or_default();
            let left = work.left.get(range.clone()).unwrap_or_default();
            let until = self.confirmation(order.fund)?;
            let parts = || Parts::new(lots, left, ruling.accepted, until);
            if order.kind == Kind::Redeem {
                self.redemption(order, fund.keeps_lots.then(parts), outcome)?;
            } else if let Some(switched) = self.switched(order, ruling.accepted, fund.keeps_lots.then(parts))? {
                let addition = self.switch_in(row, order, &switched, fund.keeps_lots.then(parts), &mut work.dates)?;
                work.additions.push(addition);
                self.note_switch(order, &switched, outcome)?;
            } else if outcome.deferred == 0 && outcome.cancelled == 0 {
                self.refuse(order, Reason::ZeroUnits, outcome);
                return Ok(());
            } else {
                // What the gate or negative income left is accounted for already, so the rest is only not kept.
                outcome.cancelled = outcome.cancelled.wrapping_add(outcome.confirmed);
                outcome.confirmed = 0;
            }
            if fund.keeps_lots && lots::take(work.left.get_mut(range).unwrap_or_default(), outcome.confirmed) != 0 {
                return Err(Code::Law);
            }
        }
        outcome.status = status(outcome);
        work.taken.get_mut(place).ok_or(Code::Law)?.add(outcome)
    }

    /// What becomes of the parts of an order if all that the gate accepts is dealt.
    fn part(&self, fund: &Fund, order: &Order, ruling: &Ruling, outcome: &mut Outcome) {
        let &Ruling { quantity, accepted, cut, top_up, .. } = ruling;
        outcome.top_up = top_up;
        outcome.confirmed = accepted;
        // What the gate accepts is a part of the quantity.
        let stopped = quantity.wrapping_sub(accepted);
        if stopped == 0 && cut == 0 {
            return;
        }
        let defers = order.kind == Kind::Redeem
            || self.ctx.fund(fund.portfolio).and_then(|head| head.gate).is_some_and(|gate| gate.defers_switches);
        outcome.deferred = if defers && !order.cancel_on_gate { stopped } else { 0 };
        // A cut is a part of what was requested, and the quantity the other: together they are units of one position.
        outcome.cancelled = stopped.wrapping_sub(outcome.deferred).wrapping_add(cut);
        outcome.reason = if stopped == 0 { Reason::NegativeIncome } else { Reason::Gate };
    }

    fn redemption(&self, order: &Order, parts: Option<Parts<'_>>, outcome: &mut Outcome) -> Result<(), Code> {
        let pricing = self.pricing(order.fund)?;
        let (units, back_end) = (outcome.confirmed, order.charge == BACK_END);
        let dealt = match parts {
            Some(parts) => redeem(pricing, units, parts, back_end)?,
            None => redeem(pricing, units, once(lots::whole(units)), back_end)?,
        };
        note_leg_out(outcome, pricing.price(), &dealt);
        Ok(())
    }

    /// Both legs of a switch; `None` if it would come to nothing.
    fn switched(&self, order: &Order, units: i64, parts: Option<Parts<'_>>) -> Result<Option<Switched>, Code> {
        let (out, into) = (self.pricing(order.fund)?, self.pricing(order.target)?);
        let back_end = order.charge == BACK_END;
        let of = |fund| self.ctx.discount(fund, order.distributor);
        let discounts = (of(order.fund), of(order.target));
        let dealt = match parts {
            Some(parts) => switch(out, into, units, parts, back_end, discounts),
            None => switch(out, into, units, once(lots::whole(units)), back_end, discounts),
        };
        match dealt {
            Ok(switched) => Ok(Some(switched)),
            Err(Refusal::Rejected(_)) => Ok(None),
            Err(Refusal::Failed(code)) => Err(code),
        }
    }

    /// The units that a switch brings, and the dates that they keep if the target's terms say so.
    fn switch_in(
        &self,
        row: usize,
        order: &Order,
        switched: &Switched,
        parts: Option<Parts<'_>>,
        dates: &mut Vec<Dated>,
    ) -> Result<Addition, Code> {
        let price = self.pricing(order.target)?.price();
        let addition = Addition::new(row, order.target, switched.units_in, price, switched.rate_in);
        let target = self.ctx.fund(order.target).ok_or(Code::Law)?;
        let Some(parts) = parts.filter(|_| target.switches.keeps_dates && target.keeps_lots) else {
            return Ok(addition);
        };
        let until = self.confirmation(order.fund)?;
        let consumed: Vec<i64> = parts.clone().map(|part| part.units).collect();
        let shares = lots::over_dates(switched.units_in, target.unit_quantum, &consumed)?;
        let first = dates.len();
        let dated = parts.zip(shares).filter(|(_, units)| *units > 0);
        dates.extend(dated.map(|(part, units)| Dated { confirmed: until.saturating_sub(part.held_days), units }));
        Ok(addition.keeping(first..dates.len()))
    }

    fn note_switch(&self, order: &Order, switched: &Switched, outcome: &mut Outcome) -> Result<(), Code> {
        note_leg_out(outcome, self.pricing(order.fund)?.price(), &switched.redemption);
        outcome.refund_cause = whole_units(switched.refund);
        outcome.top_up_fee = switched.top_up_fee;
        // Fees are parts of the gross, so that sums of their parts are too.
        outcome.fee_to_distributor = outcome.fee_to_distributor.wrapping_add(switched.top_up_to_distributor);
        outcome.fee_to_manager = outcome.fee_to_manager.wrapping_add(switched.top_up_to_manager);
        outcome.refund = switched.refund;
        outcome.net_in = switched.net;
        outcome.units_in = switched.units_in;
        outcome.price_in = self.pricing(order.target)?.price();
        outcome.rounding_in = switched.rounding_in;
        Ok(())
    }
}

/// Why cash of a whole-unit fund goes back, if some does.
const fn whole_units(refund: i64) -> Reason {
    if refund > 0 { Reason::WholeUnits } else { Reason::None }
}

fn note_leg_out(outcome: &mut Outcome, price: i64, dealt: &Redemption) {
    outcome.amount = dealt.gross_cash;
    outcome.net = dealt.paid;
    outcome.fee = dealt.fee;
    outcome.back_end = dealt.back_end;
    outcome.fee_to_fund = dealt.fee_to_fund;
    outcome.fee_to_distributor = dealt.fee_to_distributor;
    outcome.fee_to_manager = dealt.fee_to_manager;
    outcome.units = outcome.confirmed;
    outcome.price = price;
    outcome.rounding = dealt.rounding;
}

/// The status of an order that was accepted, by what became of its parts.
const fn status(outcome: &Outcome) -> Status {
    match (outcome.confirmed > 0, outcome.deferred > 0, outcome.cancelled > 0) {
        (true, false, false) => Status::Confirmed,
        (true, ..) => Status::Part,
        (false, true, _) => Status::Deferred,
        (false, false, _) => Status::Cancelled,
    }
}

/// The outcome of an order of which nothing is known yet.
pub(super) const NOTHING: Outcome = Outcome {
    status: Status::Confirmed,
    reason: Reason::None,
    refund_cause: Reason::None,
    top_up: 0,
    confirmed: 0,
    deferred: 0,
    cancelled: 0,
    amount: 0,
    net: 0,
    fee: 0,
    back_end: 0,
    top_up_fee: 0,
    fee_to_fund: 0,
    fee_to_distributor: 0,
    fee_to_manager: 0,
    refund: 0,
    net_in: 0,
    units: 0,
    units_in: 0,
    price: 0,
    price_in: 0,
    rounding: 0,
    rounding_in: 0,
};

#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;
