//! The laws of obligations and their settlement.

use std::collections::BTreeMap;

use super::{FlowKind, PartyNet, Proof, Scope, Set, Violation, count_of, settles, sum, total};

impl Proof<'_> {
    /// S1 and S3 by netting set, S2 by fund, S4 by currency.
    pub(super) fn settlement(&mut self) -> Result<(), Violation> {
        self.custody()?;
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
            let count = count_of(&of_set);
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
            self.equal("S3", scope, (paid, due), cash, count_of(&legs))?;
        }
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
}
