//! The laws of the rows: every order, position and lot of a settled bucket is proven before it is written.
//!
//! Nothing here is computed the way it was settled: a law takes the written values and multiplies out.

use std::hint::select_unpredictable;

use super::bucket::{Bucket, Closing, Context, Ruling, Settled};
use super::running::Running;
use super::search::Search;
use super::stretch::Stretch;
use super::totals::{FundTotals, Totals};
use super::types::{Kind, Order, Outcome, Position, Reason, Status};
pub use super::violation::{Scope, Violation};
use crate::rounding::Rounding;
use crate::scale::power_of_ten;
use crate::wide::Wide;

/// A broken row law: its name and both sides.
type Broken = (&'static str, i128, i128);

/// Both sides must be equal.
fn same(law: &'static str, left: i128, right: i128) -> Result<(), Broken> {
    if left == right { Ok(()) } else { Err((law, left, right)) }
}

/// The left side must not be above the right.
fn at_most(law: &'static str, left: i128, right: i128) -> Result<(), Broken> {
    if left <= right { Ok(()) } else { Err((law, left, right)) }
}

/// How a gate's limit was shared over the outgoing orders of a portfolio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateShare {
    /// The day of origin that was shared pro rata, where older orders come first and younger ones get nothing.
    pub since: Option<i32>,
    /// What was asked for by the orders that were shared pro rata.
    pub requested: i128,
    /// What they got.
    pub limit: i128,
}

/// How a fund's income was shared, where that was one split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncomeShare {
    /// The income.
    pub income: i128,
    /// The entitled units of all positions.
    pub entitled: i128,
}

/// What was decided before the bucket was settled.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given<'a> {
    /// The dealing price by fund.
    pub prices: &'a [i64],
    /// By the number of a portfolio's head: the share of a gate that limits; `None` if all is accepted.
    pub gates: &'a [Option<GateShare>],
    /// By fund: `None` where income is shared day by day, or there is none.
    pub incomes: &'a [Option<IncomeShare>],
}

/// What the laws need of a fund, prepared once: those of all funds together should stay near a core.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Rule {
    price: i64,
    cash_quantum: i64,
    unit_quantum: i64,
    /// A quantum of cash at the scale of units and prices together.
    cash_step: i128,
    /// A quantum of units at the price.
    unit_step: i128,
    cash_mode: Rounding,
    unit_mode: Rounding,
    whole_units: bool,
    keeps_lots: bool,
    /// Whether a gate limits what goes out of it.
    is_gated: bool,
    /// Whether its income was one split.
    has_share: bool,
}

/// What a position's orders say of it, modulo 2^64: the sums that are compared with it are below 2^63, and sums that
/// differ by a multiple of 2^64 are told apart by the fund's totals of 128 bits.
#[derive(Clone, Copy, Debug, Default)]
struct Turnover {
    issued: u64,
    cancelled: u64,
    pending: u64,
}

/// Proves buckets; a worker keeps one for its scratch.
#[derive(Clone, Debug)]
pub struct Prover {
    rules: Vec<Rule>,
    /// By fund: how a gate that limits was shared, and how income was that was one split.
    shares: Vec<(Option<GateShare>, Option<IncomeShare>)>,
    funds: usize,
    /// 10^(S + N − C): cash at the scale of units and prices together.
    value_of_cash: i64,
    cash_to_units: i64,
    units_to_cash: i64,
    turnovers: Vec<Turnover>,
    running: Running,
}

impl Prover {
    /// For the day that `given` was decided for.
    pub fn new(ctx: &Context<'_>, given: &Given<'_>) -> Self {
        let scales = ctx.terms.scales;
        let power =
            |places: u8| power_of_ten(u32::from(places)).and_then(|power| i64::try_from(power).ok()).unwrap_or(1);
        // Units and prices have at most 18 places together, cash at most as many.
        let value_of_cash = power(scales.units.wrapping_add(scales.nav).saturating_sub(scales.cash));
        let shares: Vec<(Option<GateShare>, Option<IncomeShare>)> = ctx
            .terms
            .funds
            .iter()
            .enumerate()
            .map(|(number, fund)| {
                let head = usize::try_from(fund.portfolio).unwrap_or(usize::MAX);
                (given.gates.get(head).copied().flatten(), given.incomes.get(number).copied().flatten())
            })
            .collect();
        let rules = ctx.terms.funds.iter().zip(&shares).enumerate().map(|(number, (fund, (gate, income)))| {
            let price = given.prices.get(number).copied().unwrap_or_default();
            Rule {
                price,
                cash_quantum: fund.cash_quantum,
                unit_quantum: fund.unit_quantum,
                // Products of 18 digits each.
                cash_step: i128::from(value_of_cash).wrapping_mul(i128::from(fund.cash_quantum)),
                unit_step: i128::from(price).wrapping_mul(i128::from(fund.unit_quantum)),
                cash_mode: fund.modes.cash,
                unit_mode: fund.modes.units,
                whole_units: fund.whole_units,
                keeps_lots: fund.keeps_lots,
                is_gated: gate.is_some(),
                has_share: income.is_some(),
            }
        });
        Self {
            rules: rules.collect(),
            shares,
            funds: ctx.funds.len(),
            value_of_cash,
            cash_to_units: power(scales.units.saturating_sub(scales.cash)),
            units_to_cash: power(scales.cash.saturating_sub(scales.units)),
            turnovers: Vec::new(),
            running: Running::of(ctx.funds.len()),
        }
    }

    /// Proves every row of a settled bucket and adds both sides of its laws to the totals.
    pub fn prove(
        &mut self,
        ctx: &Context<'_>,
        bucket: &Bucket,
        settled: &Settled,
        totals: &mut Totals,
    ) -> Result<(), Violation> {
        self.prove_stretch(ctx, &Stretch::whole(bucket, settled), totals)?;
        self.fold(totals);
        Ok(())
    }

    /// Adds to the totals what the rows so far said and is not there yet.
    pub(super) fn fold(&mut self, totals: &mut Totals) {
        self.running.fold(totals);
    }

    /// Proves the rows of some accounts of a bucket. What they say is in the totals once it is folded.
    pub(super) fn prove_stretch(
        &mut self,
        ctx: &Context<'_>,
        stretch: &Stretch<'_>,
        totals: &mut Totals,
    ) -> Result<(), Violation> {
        if totals.funds.len() < self.funds {
            totals.funds.resize(self.funds, FundTotals::default());
        }
        let &Stretch { orders, rulings, outcomes, closing, .. } = stretch;
        if outcomes.len() != orders.len() || rulings.len() != orders.len() {
            let sides = (outcomes.len(), orders.len());
            let [left, right] = [sides.0, sides.1].map(|count| i128::try_from(count).unwrap_or(i128::MAX));
            return Err(Violation { law: "O3", scope: Scope::Day, left, right });
        }
        self.turnovers.clear();
        self.turnovers.resize(closing.len(), Turnover::default());
        let mut search = Search::new(closing);
        for (row, ((order, ruling), outcome)) in (stretch.first_order..).zip(orders.iter().zip(rulings).zip(outcomes)) {
            let named = |(law, left, right)| Violation { law, scope: Scope::Order(row), left, right };
            self.order(ctx, order, ruling, outcome).map_err(named)?;
            self.turn_over(&mut search, order, outcome).map_err(named)?;
            self.running.count(totals, ctx.factor(order.kind), order, ruling, outcome);
        }
        self.positions(stretch, totals)
    }

    fn rule(&self, fund: u32) -> Option<&Rule> {
        self.rules.get(usize::try_from(fund).ok()?)
    }

    fn shares_of(&self, fund: u32) -> (Option<GateShare>, Option<IncomeShare>) {
        usize::try_from(fund).ok().and_then(|fund| self.shares.get(fund)).copied().unwrap_or_default()
    }

    /// The laws of one order.
    #[inline]
    fn order(&self, ctx: &Context<'_>, order: &Order, ruling: &Ruling, outcome: &Outcome) -> Result<(), Broken> {
        if self.is_plain(ctx, order, ruling, outcome) {
            return Ok(());
        }
        self.any_order(ctx, order, ruling, outcome)
    }

    /// Whether all laws hold of an order that no gate has touched, all of which is dealt without fees, refund or
    /// rounding; of any other one this says nothing. Buying and selling are told apart without a branch, because which
    /// of them comes next is not foreseen by the processor.
    #[inline]
    fn is_plain(&self, ctx: &Context<'_>, order: &Order, ruling: &Ruling, outcome: &Outcome) -> bool {
        // Of orders that are not plain, most say so here.
        if (outcome.fee | outcome.rounding) != 0 {
            return false;
        }
        let Outcome { top_up, confirmed, deferred, cancelled, amount, net, units, net_in, .. } = *outcome;
        let Outcome { fee, back_end, top_up_fee, fee_to_fund, fee_to_distributor, fee_to_manager, refund, .. } =
            *outcome;
        let fees = fee | back_end | top_up_fee | fee_to_fund | fee_to_distributor | fee_to_manager;
        let others = top_up | deferred | cancelled | net_in | refund | ruling.cut;
        let Some(rule) = self.rule(order.fund) else { return false };
        let whole = [order.quantity, ruling.quantity, ruling.accepted].iter().all(|quantity| *quantity == confirmed);
        let buys = order.kind.carries_cash();
        let (given, value, quantum) =
            select_unpredictable(buys, (amount, units, rule.unit_quantum), (units, amount, rule.cash_quantum));
        // Products of 18 digits each.
        let product = |left: i64, right: i64| i128::from(left).wrapping_mul(i128::from(right));
        (fees | others) == 0
            && outcome.status == Status::Confirmed
            && whole
            && ctx.factor(order.kind) == 1
            && (buys || order.kind == Kind::Redeem)
            && !rule.is_gated
            && outcome.price == rule.price
            && confirmed > 0
            && given == confirmed
            && amount == net
            && amount.min(units) > 0
            && product(units, rule.price) == product(amount, self.value_of_cash)
            && rule.cash_step.min(rule.unit_step) > 0
            && is_multiple(value, quantum)
    }

    /// The laws of any order.
    fn any_order(&self, ctx: &Context<'_>, order: &Order, ruling: &Ruling, outcome: &Outcome) -> Result<(), Broken> {
        let Outcome { top_up, confirmed, deferred, cancelled, .. } = *outcome;
        if (top_up | confirmed | deferred | cancelled) < 0 {
            return Err(("O1", i128::from(top_up.min(confirmed).min(deferred).min(cancelled)), 0));
        }
        // What most orders come to: all that was asked for is confirmed, at the scale of quantities, and says so.
        let factor = ctx.factor(order.kind);
        let is_whole = (top_up | deferred | cancelled) == 0 && outcome.status == Status::Confirmed && confirmed > 0;
        if is_whole && factor == 1 && confirmed == order.quantity {
            if order.kind.is_outgoing() {
                self.gated(order, ruling, outcome)?;
            }
            return self.dealt(order, outcome);
        }
        let settled = i128::from(confirmed).wrapping_add(i128::from(deferred)).wrapping_add(i128::from(cancelled));
        // Values of 64 bits times factors of 64 bits.
        let factor = i128::from(factor);
        let requested = i128::from(order.quantity);
        let left = requested.wrapping_add(i128::from(top_up).wrapping_mul(factor));
        if matches!(outcome.status, Status::Rejected | Status::Carried) {
            same("O1", left, requested)?;
            same("O1", settled, 0)?;
            let reason = if outcome.status == Status::Carried { Reason::Late } else { outcome.reason };
            same("O3", i128::from(outcome.reason as u8), i128::from(reason as u8))?;
            return at_most("O3", 1, i128::from(outcome.reason as u8));
        }
        same("O1", left, settled.wrapping_mul(factor))?;
        same("O3", i128::from(outcome.status as u8), i128::from(status_of(outcome) as u8))?;
        if order.kind.is_outgoing() {
            self.gated(order, ruling, outcome)?;
        }
        if confirmed > 0 { self.dealt(order, outcome) } else { Ok(()) }
    }

    /// G3 and G4: what the gate accepted of an outgoing order, and what became of the rest.
    fn gated(&self, order: &Order, ruling: &Ruling, outcome: &Outcome) -> Result<(), Broken> {
        let (asked, accepted) = (i128::from(ruling.quantity), i128::from(ruling.accepted));
        at_most("G3", 0, accepted)?;
        at_most("G3", accepted, asked)?;
        // Differences and sums of values of 64 bits. A switch that buys nothing cancels what was accepted.
        let undealt = accepted.wrapping_sub(i128::from(outcome.confirmed));
        if outcome.confirmed != 0 || order.kind != Kind::Switch {
            same("G4", undealt, 0)?;
        }
        let not_accepted = i128::from(outcome.deferred)
            .wrapping_add(i128::from(outcome.cancelled))
            .wrapping_sub(undealt)
            .wrapping_sub(i128::from(ruling.cut));
        same("G4", asked, accepted.wrapping_add(not_accepted))?;
        let Some(rule) = self.rule(order.fund) else { return Err(("G3", 0, 1)) };
        let gate = if rule.is_gated { self.shares_of(order.fund).0 } else { None };
        let Some(gate) = gate else { return same("G2", accepted, asked) };
        match gate.since {
            Some(since) if order.since < since => same("G3", accepted, asked),
            Some(since) if order.since > since => same("G3", accepted, 0),
            _ => pro_rata("G3", (accepted, gate.requested), (gate.limit, asked), rule.unit_quantum),
        }
    }

    /// C1 to C4 and V1 to V3 of a dealt order.
    #[inline]
    fn dealt(&self, order: &Order, outcome: &Outcome) -> Result<(), Broken> {
        let Outcome { amount, net, fee, back_end, top_up_fee, refund, net_in, units, units_in, .. } = *outcome;
        let Outcome { fee_to_fund, fee_to_distributor, fee_to_manager, rounding, rounding_in, .. } = *outcome;
        let signs = amount | net | fee | back_end | top_up_fee | refund | net_in;
        if (signs | fee_to_fund | fee_to_distributor | fee_to_manager) < 0 {
            return Err(("C4", -1, 0));
        }
        let Some(rule) = self.rule(order.fund) else { return Err(("O3", 0, 1)) };
        same("V1", i128::from(outcome.price), i128::from(rule.price))?;
        let sum = |values: &[i64]| values.iter().fold(0_i128, |sum, value| sum.wrapping_add(i128::from(*value)));
        // Without fees nobody gets any.
        if (fee | back_end | top_up_fee | fee_to_fund | fee_to_distributor | fee_to_manager) != 0 {
            let payees = sum(&[fee_to_fund, fee_to_distributor, fee_to_manager]);
            same("C4", sum(&[fee, back_end, top_up_fee]), payees)?;
        }
        match order.kind {
            Kind::Subscribe | Kind::Periodic => {
                same("C1", i128::from(amount), i128::from(outcome.confirmed))?;
                same("C1", i128::from(amount), sum(&[fee, net, refund]))?;
                at_most("V1", 1, i128::from(units))?;
                self.bought("V1", rule, net, units, rounding)
            }
            Kind::Redeem => {
                same("C2", i128::from(amount), sum(&[net, fee, back_end]))?;
                self.sold("V2", rule, outcome)
            }
            Kind::Switch => {
                same("C3", i128::from(amount), sum(&[net, fee, back_end]))?;
                same("C3", i128::from(net), sum(&[net_in, top_up_fee, refund]))?;
                self.sold("V3", rule, outcome)?;
                let Some(into) = self.rule(order.target) else { return Err(("V3", 0, 1)) };
                same("V3", i128::from(outcome.price_in), i128::from(into.price))?;
                at_most("V3", 1, i128::from(units_in))?;
                self.bought("V3", into, net_in, units_in, rounding_in)
            }
            Kind::Unsupported => Err(("O3", 0, 1)),
        }
    }

    /// Cash = units × price + rounding, the rounding within its mode's bound.
    #[inline]
    fn bought(&self, law: &'static str, rule: &Rule, cash: i64, units: i64, rounding: i64) -> Result<(), Broken> {
        // Products of 18 digits each, and the sum of two of them.
        let value = i128::from(units).wrapping_mul(i128::from(rule.price));
        let cash = i128::from(cash).wrapping_mul(i128::from(self.value_of_cash));
        same(law, cash, value.wrapping_add(i128::from(rounding)))?;
        let multiple = is_multiple(units, rule.unit_quantum);
        let (error, step, mode) = if rule.whole_units {
            (i128::from(rounding), rule.cash_step, rule.cash_mode)
        } else {
            (i128::from(rounding).wrapping_neg(), rule.unit_step, rule.unit_mode)
        };
        // Whole units are paid for at most with what there is, so that rounding up is cut at the net amount.
        let within = within(mode, error, step) || rule.whole_units && (0..step).contains(&error);
        if within && multiple { Ok(()) } else { Err((law, error, step)) }
    }

    /// Units × price = cash + rounding, the rounding within its mode's bound.
    #[inline]
    fn sold(&self, law: &'static str, rule: &Rule, outcome: &Outcome) -> Result<(), Broken> {
        same("G4", i128::from(outcome.units), i128::from(outcome.confirmed))?;
        // As in `bought`.
        let value = i128::from(outcome.units).wrapping_mul(i128::from(rule.price));
        let cash = i128::from(outcome.amount).wrapping_mul(i128::from(self.value_of_cash));
        same(law, value, cash.wrapping_add(i128::from(outcome.rounding)))?;
        let error = i128::from(outcome.rounding).wrapping_neg();
        let holds = within(rule.cash_mode, error, rule.cash_step) && is_multiple(outcome.amount, rule.cash_quantum);
        if holds { Ok(()) } else { Err((law, error, rule.cash_step)) }
    }

    /// Books an order with the positions that it changes.
    #[inline]
    fn turn_over(&mut self, search: &mut Search<'_>, order: &Order, outcome: &Outcome) -> Result<(), Broken> {
        let dealt = outcome.confirmed > 0;
        if !dealt && outcome.deferred == 0 {
            return Ok(());
        }
        let missing = ("U1", i128::from(outcome.units), 0);
        let place = search.own(order).ok_or(missing)?;
        let turnover = self.turnovers.get_mut(place).ok_or(missing)?;
        // Modulo 2^64, as the type says.
        turnover.pending = turnover.pending.wrapping_add(outcome.deferred.cast_unsigned());
        if !dealt {
            return Ok(());
        }
        let units = outcome.units.cast_unsigned();
        // Both are written, so that nothing depends on what kind of order is next.
        let (issued, cancelled) = select_unpredictable(order.kind.is_outgoing(), (0, units), (units, 0));
        turnover.issued = turnover.issued.wrapping_add(issued);
        turnover.cancelled = turnover.cancelled.wrapping_add(cancelled);
        if order.kind == Kind::Switch {
            let place = search.target(order).ok_or(missing)?;
            let turnover = self.turnovers.get_mut(place).ok_or(missing)?;
            turnover.issued = turnover.issued.wrapping_add(outcome.units_in.cast_unsigned());
        }
        Ok(())
    }

    /// The laws of the positions and lots, once all orders are proven.
    fn positions(&mut self, stretch: &Stretch<'_>, totals: &mut Totals) -> Result<(), Violation> {
        let mut opening = stretch.positions;
        let mut income = stretch.income.iter();
        let mut lots = stretch.lots;
        let mut last = None;
        for (row, (closing, turnover)) in (stretch.first_closing..).zip(stretch.closing.iter().zip(&self.turnovers)) {
            let named = |(law, left, right)| Violation { law, scope: Scope::Position(row), left, right };
            let place = closing.place();
            if last.replace(place).is_some_and(|last| last >= place) {
                return Err(named(("U1", 0, 1)));
            }
            while let Some((lost, rest)) = opening.split_first().filter(|(position, _)| position.place().before(&place))
            {
                nothing_left(lost).map_err(named)?;
                income.next();
                opening = rest;
            }
            let before = opening.first().filter(|position| position.place() == place);
            let mut amount = 0;
            if before.is_some() {
                opening = opening.get(1..).unwrap_or_default();
                amount = income.next().map_or(0, |income| income.amount);
            }
            let rule = self.rule(closing.fund).ok_or_else(|| named(("U1", 0, 1)))?;
            self.position(rule, closing, turnover, before, amount).map_err(named)?;
            let mut units = 0_i128;
            while let Some((lot, rest)) = lots.split_first().filter(|(lot, _)| lot.place() == place) {
                at_most("U3", 1, i128::from(lot.units)).map_err(named)?;
                // Fewer than 2^64 values below 2^63.
                units = units.wrapping_add(i128::from(lot.units));
                lots = rest;
            }
            same("U3", units, if rule.keeps_lots { i128::from(closing.units) } else { 0 }).map_err(named)?;
            self.running.add_closing(totals, closing, units, before.map_or(0, |position| position.unpaid));
        }
        // The number of a position after the last one.
        let row = stretch.first_closing.wrapping_add(stretch.closing.len());
        let end = |(law, left, right)| Violation { law, scope: Scope::Position(row), left, right };
        opening.iter().try_for_each(nothing_left).map_err(end)?;
        lots.first().map_or(Ok(()), |lot| Err(end(("U3", i128::from(lot.units), 0))))
    }

    /// U1, U4, U5 within the day, I2 and I3 of one position.
    fn position(
        &self,
        rule: &Rule,
        closing: &Closing,
        turnover: &Turnover,
        before: Option<&Position>,
        income: i64,
    ) -> Result<(), Broken> {
        let [opening, moved, frozen, unpaid, entitled] =
            before.map_or([0; 5], |p| [p.opening, p.moved, p.frozen, p.unpaid, p.entitled]);
        let pair = |law, left: i64, right: i64| same(law, i128::from(left), i128::from(right));
        pair("U5", closing.opening, opening)?;
        pair("U1", closing.moved, moved)?;
        pair("U4", closing.frozen, frozen)?;
        let turned = |law, left: i64, right: u64| same(law, i128::from(left), i128::from(right));
        turned("U1", closing.issued, turnover.issued)?;
        turned("U1", closing.cancelled, turnover.cancelled)?;
        turned("U4", closing.pending, turnover.pending)?;
        // Sums of five values of 64 bits.
        let [issued, cancelled, added, moved] =
            [closing.issued, closing.cancelled, closing.income_units, closing.moved].map(i128::from);
        let units = i128::from(opening).wrapping_add(issued).wrapping_sub(cancelled);
        same("U1", i128::from(closing.units), units.wrapping_add(added).wrapping_add(moved))?;
        at_most("U4", 0, i128::from(closing.frozen.min(closing.pending)))?;
        let bound = i128::from(closing.frozen).wrapping_add(i128::from(closing.pending));
        at_most("U4", bound, i128::from(closing.units))?;
        pair("I2", closing.income, income)?;
        // Values of 64 bits times powers of ten up to 10^18, and sums of three of them.
        let unpaid = i128::from(closing.unpaid).wrapping_sub(i128::from(unpaid));
        let [to_units, to_cash] = [self.cash_to_units, self.units_to_cash].map(i128::from);
        let paid = i128::from(closing.income_cash).wrapping_add(unpaid).wrapping_mul(to_units);
        let income = i128::from(closing.income);
        let reinvested = added.wrapping_mul(to_cash);
        same("I3", income.wrapping_mul(to_units), reinvested.wrapping_add(paid))?;
        match if rule.has_share { self.shares_of(closing.fund).1 } else { None } {
            None => Ok(()),
            Some(share) if income.signum().wrapping_mul(share.income.signum()) < 0 => Err(("I2", income, share.income)),
            Some(share) => {
                let (paid, total) = (income.wrapping_abs(), share.income.wrapping_abs());
                pro_rata("I2", (paid, share.entitled), (total, i128::from(entitled)), rule.cash_quantum)
            }
        }
    }
}

/// Whether a value is a multiple of a quantum; the division is spared where every value is.
#[inline]
fn is_multiple(value: i64, quantum: i64) -> bool {
    quantum == 1 || value.checked_rem(quantum) == Some(0)
}

/// The status that the amounts of an order speak of.
#[inline]
fn status_of(outcome: &Outcome) -> Status {
    let left = (outcome.deferred | outcome.cancelled) != 0;
    match (outcome.confirmed > 0, left) {
        (true, false) => Status::Confirmed,
        (true, true) => Status::Part,
        (false, _) if outcome.deferred > 0 => Status::Deferred,
        (false, _) => Status::Cancelled,
    }
}

/// Whether a result that is `error` above the exact value, of which it keeps multiples of `step`, was rounded so. No
/// value here is below zero, so that up is the ceiling and down the floor.
#[inline]
fn within(mode: Rounding, error: i128, step: i128) -> bool {
    // Most results are exact.
    if error == 0 && step > 0 {
        return true;
    }
    // The errors have at most 19 digits, and a step at most 37.
    let double = error.wrapping_mul(2);
    let back = step.wrapping_neg();
    match mode {
        Rounding::HalfUp => back < double && double <= step,
        Rounding::HalfEven => back <= double && double <= step,
        Rounding::HalfDown => back <= double && double < step,
        Rounding::Up | Rounding::Ceiling => (0..step).contains(&error),
        Rounding::Down | Rounding::Floor => back < error && error <= 0,
        Rounding::ZeroFiveUp => back < error && error < step,
        Rounding::Exact => error == 0,
    }
}

/// |a·b − c·d| < b·quantum, none below zero: `a` is what `d` gets of `c` shared over `b`, at most a quantum off.
fn pro_rata(law: &'static str, (a, b): (i128, i128), (c, d): (i128, i128), quantum: i64) -> Result<(), Broken> {
    let quantum = i128::from(quantum);
    if let [Ok(a), Ok(b), Ok(c), Ok(d), Ok(quantum)] = [a, b, c, d, quantum].map(u64::try_from) {
        // Products of 64 bits each, as most are.
        let product = |left: u64, right: u64| u128::from(left).wrapping_mul(u128::from(right));
        if product(a, b).abs_diff(product(c, d)) < product(b, quantum) {
            return Ok(());
        }
    }
    let product = |left: i128, right: i128| Wide::product(left.unsigned_abs(), right.unsigned_abs());
    let (share, exact) = (product(a, b), product(c, d));
    let off = if share > exact { share.minus(exact) } else { exact.minus(share) };
    if off < product(b, quantum) || (b == 0 && a == 0) { Ok(()) } else { Err((law, a, d)) }
}

/// A position that is not written must have had nothing, and have moved nothing.
fn nothing_left(lost: &Position) -> Result<(), Broken> {
    let rest = lost.opening | lost.moved | lost.frozen | lost.unpaid | i64::from(lost.dividend_option);
    same("U1", i128::from(rest), 0)
}

/// Proves a bucket on its own; workers keep a [`Prover`] instead.
pub fn prove_bucket(
    ctx: &Context<'_>,
    bucket: &Bucket,
    settled: &Settled,
    given: &Given<'_>,
    totals: &mut Totals,
) -> Result<(), Violation> {
    Prover::new(ctx, given).prove(ctx, bucket, settled, totals)
}

#[cfg(test)]
mod tests;
