//! The proof of a day: its laws over whole funds, portfolios, currencies and netting sets, each with both sides.

mod books;
mod cash;
mod register;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::bucket::Context;
use super::flows::{Flow, FlowKind, Sums, short};
use super::income::IncomeResult;
use super::laws::{Scope, Violation};
use super::ledger::{Account, Ledger, Moved, Posting, Step};
use super::obligations::{Obligation, Parties, PartyNet, Purpose, Set, Settlement};
use super::totals::{FundTotals, RegisterTotals, Totals};
use super::types::Kind;
use crate::error::{Code, Error};
use crate::rounding::Rounding;
use crate::scalar::mul_div;
use crate::scale::{Scale, power_of_ten};
use crate::settlement::settles;
use crate::terms::ONE;

/// A law that holds: both sides, and over how many rows they were summed or counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The law's name in DAY.md.
    pub law: &'static str,
    /// Where.
    pub scope: Scope,
    /// One side.
    pub left: i128,
    /// The other; equal.
    pub right: i128,
    /// The decimal places of both.
    pub scale: u8,
    /// The rows that were checked one by one, or summed.
    pub rows: u64,
}

/// A fund's income of one date, as published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncomeRow {
    /// Number of the fund.
    pub fund: u32,
    /// The calendar date, in days since 1970.
    pub date: i32,
    /// The income, signed.
    pub income: i64,
    /// The units that it was shared over.
    pub entitled: i64,
    /// What the positions got of it.
    pub paid: i64,
    /// What the fund keeps of it.
    pub kept: i64,
    /// The income of 10,000 units, four decimal places.
    pub per_10k: i64,
}

impl IncomeRow {
    /// The row of a result, with its income of 10,000 units.
    ///
    /// # Errors
    /// [`Code::Overflow`](crate::error::Code::Overflow) if the entitled units or the published income have more than
    /// 18 digits.
    pub fn new(ctx: &Context<'_>, result: &IncomeResult) -> Result<Self, Error> {
        let IncomeResult { fund, date, income, entitled, paid, kept, .. } = *result;
        let entitled = short(entitled)?;
        let scales = [ctx.terms.scales.cash, ctx.terms.scales.units, 4].map(Scale::new);
        let [Some(cash), Some(units), Some(published)] = scales else { return Err(Error::whole(Code::Law)) };
        let whole = Scale::ZERO;
        let per_10k = match entitled {
            // Income for nobody is refused unless it is zero.
            0 => 0,
            _ => mul_div(income, cash, 10_000, whole, entitled, units, published, Rounding::HalfUp)
                .map_err(|code| Error { operands: vec![i128::from(income)], ..Error::whole(code) })?,
        };
        Ok(Self { fund, date, income, entitled, paid, kept, per_10k })
    }
}

/// What the gate of a portfolio saw and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateFacts {
    /// Number of the portfolio's head.
    pub portfolio: u32,
    /// Units asked for by redemptions and switches out.
    pub requested: i128,
    /// Units of subscriptions and of switches in.
    pub incoming: i128,
    /// Units outstanding at the start of the day.
    pub outstanding: i128,
    /// Whether the gate tripped.
    pub tripped: bool,
    /// What is accepted in all; `None` if all is.
    pub limit: Option<i128>,
}

/// How many orders the day received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// By origin: new, deferred, carried.
    pub origins: [u64; 3],
    /// How many ids have an order that stands: duplicates are refused before.
    pub standing: u64,
}

/// What a day's laws are about.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The dealing price by fund.
    pub prices: &'a [i64],
    /// How many orders came.
    pub received: Received,
    /// The gates that there are.
    pub gates: &'a [GateFacts],
    /// The income by fund and date.
    pub incomes: &'a [IncomeRow],
    /// What events moved, by fund.
    pub moved: &'a [Moved],
    /// The flows, as written.
    pub flows: &'a [Flow],
    /// The parties.
    pub parties: &'a Parties,
    /// The obligations that were open before.
    pub open_before: &'a [Obligation],
    /// The obligations and how they are settled.
    pub settlement: &'a Settlement,
    /// The postings, as written.
    pub postings: &'a [Posting],
}

/// Proves the day; the entries stand by law group, and within it by scope.
///
/// # Errors
/// The first law that does not hold, with both sides.
pub fn prove_day(ctx: &Context<'_>, facts: &Facts<'_>, totals: &Totals) -> Result<Vec<Entry>, Violation> {
    let scales = ctx.terms.scales;
    let power = |places: u8| power_of_ten(u32::from(places)).map_or(1, u128::cast_signed);
    let mut flows: BTreeMap<(u32, FlowKind), Sums> = BTreeMap::new();
    for flow in facts.flows {
        flows.entry((flow.fund, flow.kind)).or_default().add(&flow.sums());
    }
    let mut proof = Proof {
        ctx,
        facts,
        totals,
        flows,
        // Terms have at most 18 places of units and prices together, and cash has not more.
        value: scales.units.wrapping_add(scales.nav),
        value_of_cash: power(scales.units.wrapping_add(scales.nav).saturating_sub(scales.cash)),
        entries: Vec::new(),
    };
    proof.orders()?;
    proof.gates()?;
    proof.funds()?;
    proof.register()?;
    proof.income()?;
    proof.settlement()?;
    proof.postings()?;
    proof.units_ledger()?;
    proof.tables()?;
    Ok(proof.entries)
}

struct Proof<'a> {
    ctx: &'a Context<'a>,
    facts: &'a Facts<'a>,
    totals: &'a Totals,
    flows: BTreeMap<(u32, FlowKind), Sums>,
    value: u8,
    value_of_cash: i128,
    entries: Vec<Entry>,
}

/// Sums here are of fewer than 2^64 values below 2^63; products of such a sum and a price or a power of ten are taken
/// modulo 2^128, on both sides alike.
fn sum(values: &[i128]) -> i128 {
    values.iter().fold(0, |sum, value| sum.wrapping_add(*value))
}

fn total(values: impl Iterator<Item = i64>) -> i128 {
    values.fold(0, |sum, value| sum.wrapping_add(i128::from(value)))
}

fn count_of<T>(rows: &[T]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}

fn price_of(prices: &[i64], fund: u32) -> i128 {
    usize::try_from(fund).ok().and_then(|fund| prices.get(fund)).copied().map_or(0, i128::from)
}

impl Proof<'_> {
    fn equal(
        &mut self,
        law: &'static str,
        scope: Scope,
        (left, right): (i128, i128),
        scale: u8,
        rows: u64,
    ) -> Result<(), Violation> {
        if left != right {
            return Err(Violation { law, scope, left, right });
        }
        self.entries.push(Entry { law, scope, left, right, scale, rows });
        Ok(())
    }

    /// A law of rows that was checked row by row while the buckets were proven.
    fn checked(&mut self, law: &'static str, count: u64) -> Result<(), Violation> {
        self.equal(law, Scope::Day, (i128::from(count), i128::from(count)), 0, count)
    }

    fn funds_of_terms(&self) -> impl Iterator<Item = (u32, FundTotals)> + use<'_> {
        (0..).zip(self.totals.funds.iter().copied()).take(self.ctx.terms.funds.len())
    }

    fn flow(&self, fund: u32, kind: FlowKind) -> Sums {
        self.flows.get(&(fund, kind)).copied().unwrap_or_default()
    }

    /// O1 row by row, O2 by fund and kind, O3 and O5 of the day.
    fn orders(&mut self) -> Result<(), Violation> {
        let kinds = [Kind::Subscribe, Kind::Periodic, Kind::Redeem, Kind::Switch, Kind::Unsupported];
        let scale = self.ctx.terms.scales;
        let mut orders = 0_u64;
        for (fund, totals) in (0..).zip(&self.totals.funds) {
            for (kind, t) in kinds.into_iter().zip(&totals.kinds).filter(|(_, t)| t.orders > 0) {
                let left = sum(&[t.requested, t.top_up]);
                let right = sum(&[t.confirmed, t.deferred, t.cancelled, t.rejected, t.carried]);
                // Quantities stand at the scale of orders: that of cash and the places that its factor adds.
                let places = self.ctx.cash_factor.checked_ilog10().and_then(|places| u8::try_from(places).ok());
                let scale = scale.cash.wrapping_add(places.unwrap_or_default());
                // Fewer than 2^64 rows.
                orders = orders.wrapping_add(t.orders);
                self.equal("O2", Scope::Orders(fund, kind), (left, right), scale, t.orders)?;
            }
        }
        self.checked("O1", orders)?;
        let counted = |counts: &[u64]| counts.iter().fold(0_i128, |sum, count| sum.wrapping_add(i128::from(*count)));
        for (origin, received) in self.totals.origins.iter().zip(&self.facts.received.origins) {
            self.equal("O3", Scope::Day, (i128::from(*received), i128::from(*origin)), 0, *received)?;
        }
        let received = counted(&self.facts.received.origins);
        let count = u64::try_from(received).unwrap_or(u64::MAX);
        self.equal("O3", Scope::Day, (received, counted(&self.totals.statuses)), 0, count)?;
        let standing = (i128::from(self.totals.standing), i128::from(self.facts.received.standing));
        self.equal("O5", Scope::Day, standing, 0, count)
    }

    /// G1 and G2 by portfolio; G3 and G4 row by row.
    fn gates(&mut self) -> Result<(), Violation> {
        let units = self.ctx.terms.scales.units;
        let mut portfolios: BTreeMap<u32, (i128, i128, i128, u64)> = BTreeMap::new();
        for ((_, totals), fund) in self.funds_of_terms().zip(&self.ctx.terms.funds) {
            let (asked, accepted, opening, count) = portfolios.entry(fund.portfolio).or_default();
            *asked = asked.wrapping_add(totals.asked);
            *accepted = accepted.wrapping_add(totals.accepted);
            *opening = opening.wrapping_add(totals.register.opening);
            *count = count.wrapping_add(totals.outgoing);
        }
        let outgoing = portfolios.values().fold(0_u64, |sum, portfolio| sum.wrapping_add(portfolio.3));
        for gate in self.facts.gates {
            let scope = Scope::Portfolio(gate.portfolio);
            let (asked, accepted, opening, count) = portfolios.remove(&gate.portfolio).unwrap_or_default();
            self.equal("G1", scope, (gate.requested, asked), units, count)?;
            self.equal("G1", scope, (gate.outstanding, opening), units, count)?;
            let threshold = self.ctx.fund(gate.portfolio).and_then(|fund| fund.gate).map_or(0, |gate| gate.threshold);
            let excess = gate.requested.wrapping_sub(gate.incoming).wrapping_mul(i128::from(ONE));
            let trips = excess > i128::from(threshold).wrapping_mul(gate.outstanding);
            self.equal("G1", scope, (i128::from(gate.tripped), i128::from(trips)), 0, count)?;
            let limit = gate.limit.filter(|_| gate.tripped).unwrap_or(asked);
            self.equal("G2", scope, (accepted, limit), units, count)?;
        }
        for (portfolio, (asked, accepted, _, count)) in portfolios {
            self.equal("G2", Scope::Portfolio(portfolio), (accepted, asked), units, count)?;
        }
        self.checked("G3", outgoing)?;
        self.checked("G4", outgoing)
    }

    /// C1 to C4 and V1 to V4 by fund, C3 by currency.
    fn funds(&mut self) -> Result<(), Violation> {
        let mut transfers: BTreeMap<u32, [i128; 3]> = BTreeMap::new();
        for number in (0..).take(self.ctx.terms.funds.len()) {
            let [sub, red, out, into] =
                [FlowKind::Subscription, FlowKind::Redemption, FlowKind::SwitchOut, FlowKind::SwitchIn]
                    .map(|kind| self.flow(number, kind));
            if [sub, red, out, into].iter().all(|sums| *sums == Sums::default()) {
                continue;
            }
            let orders = |sums: &Sums| u64::try_from(sums.orders).unwrap_or_default();
            let scope = Scope::Fund(number);
            let cash = self.ctx.terms.scales.cash;
            self.equal("C1", scope, (sub.amount, sum(&[sub.net, sub.fee, sub.refund])), cash, orders(&sub))?;
            self.equal("C2", scope, (red.amount, sum(&[red.net, red.fee, red.back_end])), cash, orders(&red))?;
            self.equal("C3", scope, (out.amount, sum(&[out.net, out.fee, out.back_end])), cash, orders(&out))?;
            let mut fees = Sums::default();
            [sub, red, out, into].iter().for_each(|sums| fees.add(sums));
            let left = sum(&[fees.fee, fees.back_end, fees.top_up_fee]);
            let payees = sum(&[fees.fee_to_fund, fees.fee_to_distributor, fees.fee_to_manager]);
            self.equal("C4", scope, (left, payees), cash, orders(&fees))?;
            let price = price_of(self.facts.prices, number);
            let value = |units: i128| units.wrapping_mul(price);
            let exact = |cash: i128| cash.wrapping_mul(self.value_of_cash);
            let sides = [
                ("V1", exact(sub.net), value(sub.units).wrapping_add(sub.rounding), orders(&sub)),
                ("V2", value(red.units), exact(red.amount).wrapping_add(red.rounding), orders(&red)),
                ("V3", value(out.units), exact(out.amount).wrapping_add(out.rounding), orders(&out)),
                ("V3", exact(into.net), value(into.units).wrapping_add(into.rounding), orders(&into)),
            ];
            for (law, left, right, count) in sides {
                self.equal(law, scope, (left, right), self.value, count)?;
            }
            self.whole_value(number, [sub, red, out, into])?;
            let currency = self.ctx.fund(number).map_or(0, |fund| fund.currency);
            let [left, net, rest] = transfers.entry(currency).or_default();
            *left = left.wrapping_add(out.net);
            *net = net.wrapping_add(into.net);
            *rest = sum(&[*rest, into.top_up_fee, into.refund]);
        }
        for (currency, [left, net, rest]) in transfers {
            let cash = self.ctx.terms.scales.cash;
            self.equal("C3", Scope::Currency(currency), (left, net.wrapping_add(rest)), cash, 0)?;
        }
        Ok(())
    }

    /// V4: the fund's cash is its units' worth at the unswung value, and what fees, rounding and swing leave it.
    fn whole_value(&mut self, number: u32, [sub, red, out, into]: [Sums; 4]) -> Result<(), Violation> {
        let orders = sum(&[sub.orders, red.orders, out.orders, into.orders]);
        let price = price_of(self.facts.prices, number);
        let nav = self.ctx.day(number).map_or(0, |day| i128::from(day.nav));
        let kept = red.fee_to_fund.wrapping_add(out.fee_to_fund);
        // As the register has it, not as the flows do.
        let register = self.registered(number);
        let change = register.issued.wrapping_sub(register.cancelled);
        let rounding = sum(&[sub.rounding, red.rounding, out.rounding, into.rounding]);
        let swing = price.wrapping_sub(nav).wrapping_mul(change);
        let held = sum(&[nav.wrapping_mul(change), kept.wrapping_mul(self.value_of_cash), rounding, swing]);
        let cash = self.dealing_cash(number).wrapping_mul(self.value_of_cash);
        let count = u64::try_from(orders).unwrap_or_default();
        self.equal("V4", Scope::Fund(number), (cash, held), self.value, count)
    }

    /// Φ: what dealing brings the fund in cash.
    fn dealing_cash(&self, number: u32) -> i128 {
        let [sub, red, out, into] =
            [FlowKind::Subscription, FlowKind::Redemption, FlowKind::SwitchOut, FlowKind::SwitchIn]
                .map(|kind| self.flow(number, kind));
        let taken = sum(&[red.net, red.fee, red.back_end, out.net, out.fee, out.back_end]);
        sum(&[sub.net, into.net, red.fee_to_fund, out.fee_to_fund]).wrapping_sub(taken)
    }

    fn fund_totals(&self, number: u32) -> FundTotals {
        usize::try_from(number).ok().and_then(|at| self.totals.funds.get(at)).copied().unwrap_or_default()
    }

    fn registered(&self, number: u32) -> RegisterTotals {
        self.fund_totals(number).register
    }

    fn moved(&self, number: u32) -> Moved {
        usize::try_from(number).ok().and_then(|at| self.facts.moved.get(at)).copied().unwrap_or_default()
    }

    /// T1: confirmations and flows say the same by fund and kind, and so do the register and the flows of income; what
    /// the clearing account gets for the day it gives.
    fn tables(&mut self) -> Result<(), Violation> {
        let scales = self.ctx.terms.scales;
        for number in (0..).take(self.ctx.terms.funds.len()) {
            let totals = self.fund_totals(number);
            for (kind, dealt) in FlowKind::ALL.into_iter().zip(&totals.dealt) {
                let flow = self.flow(number, kind);
                let scope = Scope::Flows(number, kind);
                let count = u64::try_from(flow.orders).unwrap_or_default();
                self.equal("T1", scope, (dealt.amount, flow.amount), scales.cash, count)?;
                self.equal("T1", scope, (dealt.net, flow.net), scales.cash, count)?;
                self.equal("T1", scope, (dealt.units, flow.units), scales.units, count)?;
                self.equal("T1", scope, (dealt.rounding, flow.rounding), self.value, count)?;
            }
            let (flow, scope) = (self.flow(number, FlowKind::Income), Scope::Flows(number, FlowKind::Income));
            let r = totals.register;
            self.equal("T1", scope, (r.income, flow.amount), scales.cash, r.positions)?;
            self.equal("T1", scope, (r.income_cash, flow.net), scales.cash, r.positions)?;
            self.equal("T1", scope, (r.unpaid, flow.unpaid), scales.cash, r.positions)?;
        }
        let mut clearing: BTreeMap<u32, (i128, i128, u64)> = BTreeMap::new();
        let party = self.facts.parties.clearing;
        for row in &self.facts.settlement.new {
            let (gets, gives, count) = clearing.entry(row.currency).or_default();
            let of = |is_clearing: bool| if is_clearing { i128::from(row.amount) } else { 0 };
            *gets = gets.wrapping_add(of(row.payee == party));
            *gives = gives.wrapping_add(of(row.payer == party));
            *count = count.wrapping_add(1);
        }
        for (currency, (gets, gives, count)) in clearing {
            self.equal("T1", Scope::Currency(currency), (gets, gives), scales.cash, count)?;
        }
        Ok(())
    }
}
