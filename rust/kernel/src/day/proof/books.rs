//! The laws of the ledgers.

use std::collections::BTreeMap;

use super::{Account, FlowKind, Ledger, Proof, Purpose, Scope, Step, Violation, sum};

impl Proof<'_> {
    /// L1 by fund, ledger and step; L3 of the accounts by fund.
    pub(super) fn postings(&mut self) -> Result<(), Violation> {
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
    pub(super) fn units_ledger(&mut self) -> Result<(), Violation> {
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
}
