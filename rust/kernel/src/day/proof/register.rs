//! The laws of the register and of income.

use std::collections::BTreeMap;

use super::{FlowKind, IncomeRow, Proof, RegisterTotals, Scope, Violation, count_of, power_of_ten, sum, total};

impl Proof<'_> {
    /// U1 to U3 by fund, U4 row by row.
    pub(super) fn register(&mut self) -> Result<(), Violation> {
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

    /// I1 by fund and what was shared at once, I4 by date, A1 and I3 by fund, I2 row by row.
    pub(super) fn income(&mut self) -> Result<(), Violation> {
        let mut funds: BTreeMap<u32, Vec<IncomeRow>> = BTreeMap::new();
        for row in self.facts.incomes {
            self.published(row)?;
            funds.entry(row.fund).or_default().push(*row);
        }
        for (fund, rows) in funds {
            let policy = self.ctx.fund(fund).and_then(|fund| fund.income);
            let (daily, keeps) = policy.map_or((false, false), |policy| (policy.daily, policy.keeps_residue));
            // All dates that are shared at once stand in the last one's row.
            let at_once = if daily { 1 } else { rows.len() };
            for shared in rows.chunks(at_once.max(1)) {
                let Some(last) = shared.last() else { continue };
                let scope = Scope::Income(fund, last.date);
                let income = total(shared.iter().map(|row| row.income));
                let kept = total(shared.iter().map(|row| row.kept));
                let right = total(shared.iter().map(|row| row.paid)).wrapping_add(kept);
                self.equal("I1", scope, (income, right), self.ctx.terms.scales.cash, count_of(shared))?;
                if kept != 0 && !keeps {
                    return Err(Violation { law: "I1", scope, left: kept, right: 0 });
                }
            }
            let kept = total(rows.iter().map(|row| row.kept));
            let income = total(rows.iter().map(|row| row.income));
            let r = self.registered(fund);
            let shared = r.income.wrapping_add(kept);
            self.equal("A1", Scope::Fund(fund), (income, shared), self.ctx.terms.scales.cash, r.positions)?;
        }
        let mut positions = 0_u64;
        for number in (0..).take(self.ctx.terms.funds.len()) {
            let r = self.registered(number);
            if (r.income | r.income_cash | r.income_units | r.unpaid) != 0 {
                self.reinvested(number, &r)?;
                positions = positions.wrapping_add(r.positions);
            }
        }
        self.checked("I2", positions)
    }

    /// I3: income is what was reinvested, paid in cash and left unpaid.
    fn reinvested(&mut self, number: u32, r: &RegisterTotals) -> Result<(), Violation> {
        let scales = self.ctx.terms.scales;
        let power = |places: u8| power_of_ten(u32::from(places)).map_or(1, u128::cast_signed);
        let up = power(scales.units.saturating_sub(scales.cash));
        let down = power(scales.cash.saturating_sub(scales.units));
        let paid = r.income_cash.wrapping_add(r.unpaid).wrapping_mul(up);
        let right = paid.wrapping_add(r.income_units.wrapping_mul(down));
        let scale = scales.units.max(scales.cash);
        self.equal("I3", Scope::Fund(number), (r.income.wrapping_mul(up), right), scale, r.positions)
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
        let nobody = row.entitled == 0 && row.income == 0 && row.per_10k == 0;
        if !nobody && (off > step || off <= step.wrapping_neg()) {
            return Err(Violation { law: "I4", scope, left: published, right: exact });
        }
        self.equal("I4", scope, (i128::from(row.per_10k), i128::from(row.per_10k)), 4, 1)
    }
}
