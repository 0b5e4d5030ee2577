//! The proof of a day: its laws over whole funds, portfolios, currencies and netting sets, each with both sides.

use std::collections::BTreeMap;

use super::bucket::Context;
use super::flows::{Flow, FlowKind, Sums};
use super::laws::{Scope, Violation};
use super::ledger::{Account, Ledger, Moved, Posting, Step};
use super::obligations::{Obligation, Parties, PartyNet, Purpose, Set, Settlement};
use super::totals::{FundTotals, RegisterTotals, Totals};
use super::types::Kind;
use crate::scale::power_of_ten;
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

fn rows(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
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

    /// O1 and O2 by fund and kind, O3 and O5 of the day.
    fn orders(&mut self) -> Result<(), Violation> {
        let kinds = [Kind::Subscribe, Kind::Periodic, Kind::Redeem, Kind::Switch, Kind::Unsupported];
        let scale = self.ctx.terms.scales;
        for (fund, totals) in (0..).zip(&self.totals.funds) {
            for (kind, t) in kinds.into_iter().zip(&totals.kinds).filter(|(_, t)| t.orders > 0) {
                let left = sum(&[t.requested, t.top_up]);
                let right = sum(&[t.confirmed, t.deferred, t.cancelled, t.rejected, t.carried]);
                // Quantities stand at the scale of orders: that of cash and the places that its factor adds.
                let places = self.ctx.cash_factor.checked_ilog10().and_then(|places| u8::try_from(places).ok());
                let scale = scale.cash.wrapping_add(places.unwrap_or_default());
                for law in ["O1", "O2"] {
                    self.equal(law, Scope::Orders(fund, kind), (left, right), scale, t.orders)?;
                }
            }
        }
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

    /// G1 and G2 by portfolio with A1 of the limit; G3 and G4 row by row.
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
            if gate.limit.is_some() {
                self.equal("A1", scope, (accepted, limit), units, count)?;
            }
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

    /// V4: the fund's cash is what its units are worth at the unswung value, and what fees, rounding and swing leave it.
    fn whole_value(&mut self, number: u32, [sub, red, out, into]: [Sums; 4]) -> Result<(), Violation> {
        let orders = sum(&[sub.orders, red.orders, out.orders, into.orders]);
        let price = price_of(self.facts.prices, number);
        let nav = self.ctx.day(number).map_or(0, |day| i128::from(day.nav));
        let kept = red.fee_to_fund.wrapping_add(out.fee_to_fund);
        let change = sum(&[sub.units, into.units]).wrapping_sub(sum(&[red.units, out.units]));
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

    /// U1 to U3 by fund, U4 row by row.
    fn register(&mut self) -> Result<(), Violation> {
        let units = self.ctx.terms.scales.units;
        let mut positions = 0_u64;
        for number in (0..).take(self.ctx.terms.funds.len()) {
            let r = self.registered(number);
            let moved = self.moved(number);
            let [sub, red, out, into, income] = FlowKind::ALL.map(|kind| self.flow(number, kind).units);
            positions = positions.wrapping_add(r.positions);
            let scope = Scope::Fund(number);
            let right = sum(&[r.opening, r.issued, r.income_units, r.moved]).wrapping_sub(r.cancelled);
            self.equal("U1", scope, (r.units, right), units, r.positions)?;
            self.equal("U2", scope, (r.issued, sub.wrapping_add(into)), units, r.positions)?;
            self.equal("U2", scope, (r.cancelled, red.wrapping_add(out)), units, r.positions)?;
            self.equal("U2", scope, (r.income_units, income), units, r.positions)?;
            let forced = moved.credited.wrapping_sub(moved.debited);
            self.equal("U2", scope, (r.moved, forced), units, r.positions)?;
            let deferred =
                self.fund_totals(number).kinds.iter().fold(0_i128, |all, kind| all.wrapping_add(kind.deferred));
            let pending = r.pending.wrapping_mul(i128::from(self.ctx.unit_factor));
            self.equal("U2", scope, (pending, deferred), units, r.positions)?;
            if self.ctx.fund(number).is_some_and(|fund| fund.keeps_lots) {
                self.equal("U3", scope, (r.lots, r.units), units, r.positions)?;
            }
        }
        self.checked("U4", positions)
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

    /// I1, I4 and A1 by fund and date, I3 by fund, I2 row by row.
    fn income(&mut self) -> Result<(), Violation> {
        let scales = self.ctx.terms.scales;
        let mut paid: BTreeMap<u32, (i128, u64)> = BTreeMap::new();
        for row in self.facts.incomes {
            let scope = Scope::Income(row.fund, row.date);
            let shared = i128::from(row.paid).wrapping_add(i128::from(row.kept));
            for law in ["I1", "A1"] {
                self.equal(law, scope, (i128::from(row.income), shared), scales.cash, 1)?;
            }
            let keeps = self.ctx.fund(row.fund).and_then(|fund| fund.income).is_some_and(|policy| policy.keeps_residue);
            if row.kept != 0 && !keeps {
                return Err(Violation { law: "I1", scope, left: i128::from(row.kept), right: 0 });
            }
            self.published(row)?;
            let (sum, dates) = paid.entry(row.fund).or_default();
            *sum = sum.wrapping_add(i128::from(row.paid));
            *dates = dates.wrapping_add(1);
        }
        for (fund, (paid, _)) in paid {
            let r = self.registered(fund);
            let power = |places: u8| power_of_ten(u32::from(places)).map_or(1, u128::cast_signed);
            let (up, down) =
                (power(scales.units.saturating_sub(scales.cash)), power(scales.cash.saturating_sub(scales.units)));
            let right =
                sum(&[r.income_cash, r.unpaid]).wrapping_mul(up).wrapping_add(r.income_units.wrapping_mul(down));
            self.equal(
                "I3",
                Scope::Fund(fund),
                (r.income.wrapping_mul(up), right),
                scales.units.max(scales.cash),
                r.positions,
            )?;
            self.equal("T1", Scope::Fund(fund), (r.income, paid), scales.cash, r.positions)?;
            self.checked("I2", r.positions)?;
        }
        Ok(())
    }

    /// I4: the published income of 10,000 units is the exact one, rounded half up.
    fn published(&mut self, row: &IncomeRow) -> Result<(), Violation> {
        let scales = self.ctx.terms.scales;
        let power = |places: u32| power_of_ten(places).map_or(1, u128::cast_signed);
        let (cash, units) = (u32::from(scales.cash), u32::from(scales.units));
        // Four places, and 10,000 units: eight powers of ten, and those by which units are finer than cash. Values of
        // 18 digits times powers of at most 10^26 are taken modulo 2^128, which is beyond any difference compared.
        let places = units.wrapping_add(8);
        let exact = i128::from(row.income).wrapping_mul(power(places.saturating_sub(cash)));
        let step = i128::from(row.entitled).wrapping_mul(power(cash.saturating_sub(places)));
        let published = i128::from(row.per_10k).wrapping_mul(step);
        // The published magnitude is above the exact one by more than minus half a step, and by at most half a step.
        let off = published.wrapping_sub(exact).wrapping_mul(if row.income < 0 { -2 } else { 2 });
        let scope = Scope::Income(row.fund, row.date);
        if off > step || off <= step.wrapping_neg() {
            return Err(Violation { law: "I4", scope, left: published, right: exact });
        }
        self.equal("I4", scope, (i128::from(row.per_10k), i128::from(row.per_10k)), 4, 1)
    }

    /// S1 and S3 by netting set, S2 by fund, S4 by currency.
    fn settlement(&mut self) -> Result<(), Violation> {
        let cash = self.ctx.terms.scales.cash;
        let settlement = self.facts.settlement;
        let mut owed: BTreeMap<Set, i128> = BTreeMap::new();
        for row in self.facts.open_before.iter().chain(&settlement.new) {
            let set = Set { currency: row.currency, value_date: row.value_date, netting_set: row.netting_set };
            let sum = owed.entry(set).or_default();
            *sum = sum.wrapping_add(i128::from(row.amount));
        }
        for (set, owed) in owed {
            let scope = Scope::Netting(set);
            let of_set: Vec<_> = settlement.positions.iter().filter(|row| row.set == set).collect();
            let count = rows(of_set.len());
            let nets: Vec<_> = of_set.iter().map(|row| (row.party, i128::from(row.net))).collect();
            self.equal("S1", scope, (nets.iter().fold(0, |sum, (_, net)| sum.wrapping_add(*net)), 0), cash, count)?;
            for side in [|row: &PartyNet| row.receives, |row: &PartyNet| row.pays] {
                self.equal("S1", scope, (total(of_set.iter().map(|row| side(row))), owed), cash, count)?;
            }
            for row in &of_set {
                let right = i128::from(row.receives).wrapping_sub(i128::from(row.pays));
                if i128::from(row.net) != right {
                    return Err(Violation { law: "S1", scope, left: i128::from(row.net), right });
                }
            }
            let legs: Vec<_> = settlement.payments.iter().filter(|row| row.set == set).map(|row| row.amount).collect();
            let (paid, due) = (total(legs.iter().copied()), total(of_set.iter().map(|row| row.net.max(0))));
            if !settles(&nets, legs.iter().map(|leg| i128::from(*leg))) {
                return Err(Violation { law: "S3", scope, left: paid, right: due });
            }
            self.equal("S3", scope, (paid, due), cash, rows(legs.len()))?;
        }
        self.custody()?;
        self.carried_forward()
    }

    /// S2: what a fund's custody account gets and gives for the day's dealing.
    fn custody(&mut self) -> Result<(), Violation> {
        let (cash, parties) = (self.ctx.terms.scales.cash, self.facts.parties);
        let mut sides: BTreeMap<u32, (i128, u64)> = BTreeMap::new();
        for row in &self.facts.settlement.new {
            let (sum, count) = sides.entry(row.fund).or_default();
            *sum = sum.wrapping_add(parties.custody_side(row));
            *count = count.wrapping_add(1);
        }
        for number in (0..).take(self.ctx.terms.funds.len()) {
            // An account that clears for itself pays itself, and its cash cannot be told from the clearing's.
            if parties.custody_of(number) == Some(parties.clearing) {
                continue;
            }
            let (sum, count) = sides.get(&number).copied().unwrap_or_default();
            let right = self.dealing_cash(number).wrapping_sub(self.flow(number, FlowKind::Income).net);
            self.equal("S2", Scope::Fund(number), (sum, right), cash, count)?;
        }
        Ok(())
    }

    /// S4: what is open after the day.
    fn carried_forward(&mut self) -> Result<(), Violation> {
        let mut sums: BTreeMap<u32, [(i128, u64); 4]> = BTreeMap::new();
        let settlement = self.facts.settlement;
        let tables = [self.facts.open_before, &settlement.new, &settlement.settled, &settlement.open];
        for (place, table) in tables.into_iter().enumerate() {
            for row in table {
                if let Some((sum, count)) = sums.entry(row.currency).or_default().get_mut(place) {
                    *sum = sum.wrapping_add(i128::from(row.amount));
                    *count = count.wrapping_add(1);
                }
            }
        }
        for (currency, [before, new, settled, open]) in sums {
            let right = sum(&[before.0, new.0]).wrapping_sub(settled.0);
            let cash = self.ctx.terms.scales.cash;
            self.equal("S4", Scope::Currency(currency), (open.0, right), cash, open.1)?;
            let right = sum(&[before.1, new.1].map(i128::from)).wrapping_sub(i128::from(settled.1));
            self.equal("S4", Scope::Currency(currency), (i128::from(open.1), right), 0, open.1)?;
        }
        let early = settlement.open.iter().find(|row| row.value_date <= self.ctx.date);
        let late = settlement.settled.iter().find(|row| row.value_date > self.ctx.date);
        match early.or(late) {
            None => Ok(()),
            Some(row) => {
                let (left, right) = (i128::from(row.value_date), i128::from(self.ctx.date));
                Err(Violation { law: "S4", scope: Scope::Currency(row.currency), left, right })
            }
        }
    }

    /// L1 by fund, ledger and step; L3 of the accounts by fund.
    fn postings(&mut self) -> Result<(), Violation> {
        let scales = self.ctx.terms.scales;
        let mut sets: BTreeMap<(u32, Ledger, Step), (i128, i128, u64)> = BTreeMap::new();
        let mut accounts: BTreeMap<(u32, Account), i128> = BTreeMap::new();
        for row in self.facts.postings {
            let (debit, credit) = row.sides();
            let (debits, credits, count) = sets.entry((row.fund, row.ledger, row.step)).or_default();
            *debits = debits.wrapping_add(i128::from(debit));
            *credits = credits.wrapping_add(i128::from(credit));
            *count = count.wrapping_add(1);
            let balance = accounts.entry((row.fund, row.account)).or_default();
            *balance = balance.wrapping_add(i128::from(debit)).wrapping_sub(i128::from(credit));
        }
        for ((fund, ledger, step), (debits, credits, count)) in sets {
            let scale = match ledger {
                Ledger::Money => scales.cash,
                Ledger::Units => scales.units,
                Ledger::Rounding => self.value,
            };
            self.equal("L1", Scope::Postings(fund, ledger, step), (debits, credits), scale, count)?;
        }
        let mut open: BTreeMap<(u32, Account), i128> = BTreeMap::new();
        let settlement = self.facts.settlement;
        for (row, sign) in
            settlement.new.iter().map(|row| (row, 1)).chain(settlement.settled.iter().map(|row| (row, -1)))
        {
            let side = self.facts.parties.custody_side(row);
            let account = match (side > 0, row.purpose) {
                (true, _) => Account::SubscriptionReceivable,
                (false, Purpose::Income) => Account::IncomePayable,
                (false, _) => Account::RedemptionPayable,
            };
            let change = open.entry((row.fund, account)).or_default();
            *change = change.wrapping_add(side.wrapping_mul(sign));
        }
        for number in (0..).take(self.ctx.terms.funds.len()) {
            let balance = |account| accounts.get(&(number, account)).copied().unwrap_or_default();
            let payable = sum(&[
                balance(Account::RedemptionPayable),
                balance(Account::FeePayableDistributor),
                balance(Account::FeePayableManager),
            ]);
            let owed = |account| open.get(&(number, account)).copied().unwrap_or_default();
            let [sub, red, out, into] =
                [FlowKind::Subscription, FlowKind::Redemption, FlowKind::SwitchOut, FlowKind::SwitchIn]
                    .map(|kind| self.flow(number, kind));
            let kept = sum(&[red.fee_to_fund, out.fee_to_fund]).wrapping_neg();
            let rounding = sum(&[sub.rounding, red.rounding, out.rounding, into.rounding]);
            let cash = scales.cash;
            let mut sides = vec![
                (balance(Account::RedemptionFeeIncome), kept, cash),
                (balance(Account::Rounding), rounding, self.value),
                (balance(Account::SwitchClearing), 0, cash),
            ];
            if self.facts.parties.custody_of(number) != Some(self.facts.parties.clearing) {
                sides.push((balance(Account::SubscriptionReceivable), owed(Account::SubscriptionReceivable), cash));
                sides.push((payable, owed(Account::RedemptionPayable), cash));
                sides.push((balance(Account::IncomePayable), owed(Account::IncomePayable), cash));
            }
            for (left, right, scale) in sides {
                self.equal("L3", Scope::Fund(number), (left, right), scale, 0)?;
            }
        }
        Ok(())
    }

    /// L2: units in issue move from the opening to the closing of the register; L3: units held move as U1 says.
    fn units_ledger(&mut self) -> Result<(), Violation> {
        let mut changes: BTreeMap<u32, (i128, i128, u64)> = BTreeMap::new();
        for row in self.facts.postings.iter().filter(|row| row.ledger == Ledger::Units) {
            let (held, issued, count) = changes.entry(row.fund).or_default();
            let change = i128::from(row.units_debit).wrapping_sub(i128::from(row.units_credit));
            match row.account {
                Account::UnitsHeld => *held = held.wrapping_add(change),
                _ => *issued = issued.wrapping_sub(change),
            }
            *count = count.wrapping_add(1);
        }
        for number in (0..).take(self.ctx.terms.funds.len()) {
            let (held, issued, count) = changes.get(&number).copied().unwrap_or_default();
            let r = self.registered(number);
            let units = self.ctx.terms.scales.units;
            self.equal("L2", Scope::Fund(number), (r.units, r.opening.wrapping_add(issued)), units, count)?;
            let change = sum(&[r.issued, r.income_units, r.moved]).wrapping_sub(r.cancelled);
            self.equal("L3", Scope::Fund(number), (held, change), units, count)?;
        }
        Ok(())
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
