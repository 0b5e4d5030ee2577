//! The totals of the row laws while a worker proves rows.
//!
//! The next row's fund is as good as any, and the wide totals of some hundred funds are more than a core keeps near. So
//! what most rows add to is summed here first, in a line of the caches for each fund and kind.

use std::hint::select_unpredictable;

use super::bucket::{Closing, Ruling};
use super::line::Line;
use super::totals::{FundTotals, Totals};
use super::types::{Kind, Order, Outcome, Reason, Status};

/// What a fund's rows add to.
#[derive(Clone, Copy, Debug, Default)]
struct Lines {
    /// By order kind: orders, requested, confirmed, amount, net, units, rounding, outgoing orders that go on.
    kinds: [Line; 5],
    /// Of switches into the fund: amount, net, units, rounding.
    switched_in: Line,
    /// Positions, opening, issued, cancelled, units and lots of the register; what outgoing orders ask for, and what
    /// the gate accepts, beyond what is confirmed of them.
    register: Line,
}

/// The totals of some rows, as far as they are not added to [`Totals`] yet.
#[derive(Clone, Debug)]
pub(super) struct Running {
    /// By number of the fund, unknown funds included.
    funds: Vec<Lines>,
}

/// Adds values to sums.
fn add<const COUNT: usize>(sums: [&mut i128; COUNT], values: [i64; COUNT]) {
    // Sums of fewer than 2^64 values below 2^63, here and below.
    sums.into_iter().zip(values).for_each(|(sum, value)| *sum = sum.wrapping_add(i128::from(value)));
}

/// Adds the rows of a line to a count.
fn add_count(count: &mut u64, rows: i64) {
    *count = count.wrapping_add(rows.cast_unsigned());
}

impl FundTotals {
    /// Adds what a line of orders of a kind said.
    fn add_kind(&mut self, kind: usize, line: [i64; 8]) {
        let [orders, requested, confirmed, amount, net, units, rounding, outgoing] = line;
        let Some(of_kind) = self.kinds.get_mut(kind) else { return };
        add_count(&mut of_kind.orders, orders);
        add([&mut of_kind.requested, &mut of_kind.confirmed], [requested, confirmed]);
        add_count(&mut self.outgoing, outgoing);
        if kind == REDEEM || kind == SWITCH {
            add([&mut self.asked, &mut self.accepted], [confirmed, confirmed]);
        }
        let [subscription, redemption, switch_out, _] = &mut self.dealt;
        let dealt = match kind {
            REDEEM => redemption,
            SWITCH => switch_out,
            _ => subscription,
        };
        let sums = [&mut dealt.amount, &mut dealt.net, &mut dealt.units, &mut dealt.rounding];
        add(sums, [amount, net, units, rounding]);
    }

    /// Adds what a line of switches into the fund said.
    fn add_switched_in(&mut self, line: [i64; 8]) {
        let [amount, net, units, rounding, ..] = line;
        let [_, _, _, dealt] = &mut self.dealt;
        let sums = [&mut dealt.amount, &mut dealt.net, &mut dealt.units, &mut dealt.rounding];
        add(sums, [amount, net, units, rounding]);
    }

    /// Adds what a line of the register said.
    fn add_register(&mut self, line: [i64; 8]) {
        let [positions, opening, issued, cancelled, units, lots, asked, accepted] = line;
        let of_fund = &mut self.register;
        add_count(&mut of_fund.positions, positions);
        let sums = [&mut of_fund.opening, &mut of_fund.issued, &mut of_fund.cancelled, &mut of_fund.units];
        add(sums, [opening, issued, cancelled, units]);
        add([&mut of_fund.lots, &mut self.asked, &mut self.accepted], [lots, asked, accepted]);
    }
}

/// Redemptions among the kinds.
const REDEEM: usize = Kind::Redeem as usize;
/// Switches among the kinds.
const SWITCH: usize = Kind::Switch as usize;

/// The place of a fund among the funds.
fn place(fund: u32) -> usize {
    usize::try_from(fund).unwrap_or(usize::MAX)
}

impl Running {
    /// Of no rows, for so many funds.
    pub(super) fn of(funds: usize) -> Self {
        Self { funds: vec![Lines::default(); funds] }
    }

    /// Adds all that is not there yet to the totals.
    pub(super) fn fold(&mut self, totals: &mut Totals) {
        for (lines, totals) in self.funds.iter_mut().zip(&mut totals.funds) {
            for (kind, line) in lines.kinds.iter_mut().enumerate() {
                totals.add_kind(kind, line.take());
            }
            totals.add_switched_in(lines.switched_in.take());
            totals.add_register(lines.register.take());
        }
    }

    /// Adds an order.
    #[inline]
    pub(super) fn count(
        &mut self,
        totals: &mut Totals,
        factor: i64,
        order: &Order,
        ruling: &Ruling,
        outcome: &Outcome,
    ) {
        let one_more = |count: Option<&mut u64>| count.map_or((), |count| *count = count.wrapping_add(1));
        one_more(totals.statuses.get_mut(usize::from(outcome.status as u8)));
        one_more(totals.origins.get_mut(usize::from(order.origin as u8)));
        totals.standing = totals.standing.wrapping_add(u64::from(order.refused == Reason::None));
        let kind = usize::from(order.kind as u8);
        let Some(lines) = self.funds.get_mut(place(order.fund)) else { return };
        let Some(line) = lines.kinds.get_mut(kind) else { return };
        let is_dealt = outcome.confirmed > 0;
        let is_outgoing = order.kind.is_outgoing();
        let goes_on = is_outgoing & (ruling.reason == Reason::None);
        let of_dealt = |value: i64| if is_dealt { value } else { 0 };
        // The factor brings values to at most 18 digits, here and below.
        let confirmed = outcome.confirmed.wrapping_mul(factor);
        let [amount, net, units] = [outcome.amount, outcome.net, outcome.units].map(of_dealt);
        let values = [1, order.quantity, confirmed, amount, net, units, of_dealt(outcome.rounding), i64::from(goes_on)];
        let of_kind = line.add(values);
        // Values of 18 digits each. Of most orders as much is asked for and accepted as is confirmed.
        let beyond = |value: i64| {
            select_unpredictable(goes_on, value, 0).wrapping_sub(select_unpredictable(is_outgoing, confirmed, 0))
        };
        let [asked, accepted] = [ruling.quantity, ruling.accepted].map(beyond);
        let of_register =
            if (asked | accepted) == 0 { None } else { lines.register.add([0, 0, 0, 0, 0, 0, asked, accepted]) };
        let is_refused = matches!(outcome.status, Status::Rejected | Status::Carried);
        let rare = outcome.top_up | outcome.deferred | outcome.cancelled;
        if is_refused || rare != 0 || of_kind.is_some() || of_register.is_some() {
            let Some(fund) = totals.funds.get_mut(place(order.fund)) else { return };
            of_kind.into_iter().for_each(|line| fund.add_kind(kind, line));
            of_register.into_iter().for_each(|line| fund.add_register(line));
            let Some(of_kind) = fund.kinds.get_mut(kind) else { return };
            match outcome.status {
                Status::Rejected => add([&mut of_kind.rejected], [order.quantity]),
                Status::Carried => add([&mut of_kind.carried], [order.quantity]),
                _ => (),
            }
            let parts = [outcome.top_up, outcome.deferred, outcome.cancelled].map(|part| part.wrapping_mul(factor));
            add([&mut of_kind.top_up, &mut of_kind.deferred, &mut of_kind.cancelled], parts);
        }
        if is_dealt && order.kind == Kind::Switch {
            let Some(lines) = self.funds.get_mut(place(order.target)) else { return };
            let Outcome { net_in, units_in, rounding_in, .. } = *outcome;
            let full = lines.switched_in.add([net_in, net_in, units_in, rounding_in, 0, 0, 0, 0]);
            if let (Some(line), Some(fund)) = (full, totals.funds.get_mut(place(order.target))) {
                fund.add_switched_in(line);
            }
        }
    }

    /// Adds a closing position, with the units of its lots and what it had unpaid before.
    #[inline]
    pub(super) fn add_closing(&mut self, totals: &mut Totals, closing: &Closing, lots: i128, unpaid: i64) {
        let Some(lines) = self.funds.get_mut(place(closing.fund)) else { return };
        let Closing { opening, issued, cancelled, units, .. } = *closing;
        let narrow = i64::try_from(lots);
        let full = lines.register.add([1, opening, issued, cancelled, units, narrow.unwrap_or_default(), 0, 0]);
        // Most positions have none of these.
        let rare = closing.income_units | closing.moved | closing.pending | closing.income | closing.income_cash;
        if (rare | closing.unpaid | unpaid) == 0 && full.is_none() && narrow.is_ok() {
            return;
        }
        let Some(fund) = totals.funds.get_mut(place(closing.fund)) else { return };
        full.into_iter().for_each(|line| fund.add_register(line));
        let register = &mut fund.register;
        if narrow.is_err() {
            register.lots = register.lots.wrapping_add(lots);
        }
        let sums = [&mut register.income_units, &mut register.moved, &mut register.pending];
        add(sums, [closing.income_units, closing.moved, closing.pending]);
        add([&mut register.income, &mut register.income_cash], [closing.income, closing.income_cash]);
        add([&mut register.unpaid], [closing.unpaid]);
        register.unpaid = register.unpaid.wrapping_sub(i128::from(unpaid));
    }
}
