//! The day's income: shared out exactly over the entitled units of all buckets, and paid in units, in cash or later.
//!
//! All buckets are passed over once for the entitled units, once or a few times to find the cut of each split, and
//! once to give each position its share. Funds that distribute day by day do so once for each date.

use super::bucket::{Bucket, Context, PositionIncome};
use super::types::{Income, Position};
use crate::bounds::fits;
use crate::error::{Code, Error, Fault};
use crate::exec::Exec;
use crate::scale::power_of_ten;
use crate::split::{Cut, Key, Split, Tally};
use crate::terms::{IncomePolicy, Payment};

/// A position's own choice of how its income is paid; zero leaves it to the fund.
pub mod option {
    /// In units.
    pub const REINVEST: u8 = 1;
    /// In cash.
    pub const CASH: u8 = 2;
}

/// What came of the income of one date. A fund that distributes all dates together does so at the last of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncomeResult {
    /// Number of the fund.
    pub fund: u32,
    /// The calendar date.
    pub date: i32,
    /// The income of the date.
    pub income: i64,
    /// What was distributed: equal to what was paid and what was kept.
    pub total: i64,
    /// The sum of the entitled units.
    pub entitled: i128,
    /// What the positions got, in whatever way.
    pub paid: i64,
    /// What the fund keeps.
    pub kept: i64,
    /// The last position that got one quantum more than the floor of its share.
    pub cut: Option<Cut>,
}

/// The positions of all buckets of a day, for those who look at them or give them something.
pub(super) trait Holders {
    /// Looks at all positions, some of one bucket at a time, in any order. Beside each stands what it was given so far;
    /// nothing does if nobody was given anything.
    fn look<S: Send>(
        &self,
        init: impl Fn() -> S + Sync,
        look: impl Fn(&mut S, &[Position], &[PositionIncome]) + Sync,
    ) -> Result<Vec<S>, Error>;

    /// Gives all positions one portion of the plans' income; what all workers have given.
    fn give(&mut self, plans: &Plans, portion: usize) -> Result<Vec<Vec<Given>>, Error>;
}

/// The positions of buckets in memory.
pub(super) struct InMemory<'e, 'b> {
    exec: &'e Exec<'e>,
    buckets: &'b mut [Bucket],
    rows: usize,
}

impl<'e, 'b> InMemory<'e, 'b> {
    pub(super) fn new(exec: &'e Exec<'_>, buckets: &'b mut [Bucket]) -> Self {
        let rows = buckets.iter().fold(0_usize, |rows, bucket| rows.saturating_add(bucket.positions.len()));
        for bucket in buckets.iter_mut() {
            bucket.income.clear();
        }
        Self { exec, buckets, rows }
    }
}

impl Holders for InMemory<'_, '_> {
    fn look<S: Send>(
        &self,
        init: impl Fn() -> S + Sync,
        look: impl Fn(&mut S, &[Position], &[PositionIncome]) + Sync,
    ) -> Result<Vec<S>, Error> {
        self.exec.run(self.rows, self.buckets.iter(), init, |state, _, bucket| {
            look(state, &bucket.positions, &bucket.income);
            Ok(())
        })
    }

    fn give(&mut self, plans: &Plans, portion: usize) -> Result<Vec<Vec<Given>>, Error> {
        let init = || plans.nothing_given();
        self.exec.run(self.rows, self.buckets.iter_mut(), init, |given, _, bucket| {
            plans.give(&bucket.positions, &mut bucket.income, portion, given)
        })
    }
}

/// The income of a fund.
#[derive(Clone, Debug)]
struct Plan {
    fund: u32,
    policy: IncomePolicy,
    /// Whether unpaid income is paid out.
    pays_out: bool,
    /// The fund's quantum of cash.
    quantum: i64,
    /// The units that a quantum of cash is at 1.0000; `None` if the fund's units cannot hold them.
    units: Option<i64>,
    /// Dates and amounts of income that is only distributed with later income.
    earlier: Vec<(i32, i64)>,
    /// What is split by itself.
    portions: Vec<Portion>,
    /// The entitled units of the portion that is split now.
    entitled: u128,
    split: Option<Split>,
    /// Whether the split's cut is still looked for.
    is_open: bool,
}

/// What one split distributes.
#[derive(Clone, Debug)]
struct Portion {
    date: i32,
    /// The income of the date.
    income: i64,
    /// That of all dates that are distributed with it.
    total: i64,
}

/// What giving out one portion of a plan came to in some of the buckets.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Given {
    paid: i128,
    /// Units that earn on the next date.
    grown: u128,
}

/// The plans of all funds that have any.
#[derive(Clone, Debug)]
pub(super) struct Plans {
    list: Vec<Plan>,
    /// The number of a fund's plan.
    of_fund: Vec<Option<u32>>,
}

/// Shares the income out and fills `income` of all buckets; leaves it empty if no fund has any and none pays out what
/// was not paid before. The results stand by fund and date.
///
/// # Errors
/// [`Fault::IncomeUnits`] for income that nobody is entitled to, [`Code::Inexact`] for one that the fund's cash cannot
/// hold; the operand of both is the number of the fund.
pub(super) fn distribute(
    ctx: &Context<'_>,
    incomes: &[Income],
    holders: &mut impl Holders,
) -> Result<Vec<IncomeResult>, Error> {
    let mut plans = Plans::new(ctx, incomes)?;
    let mut results = Vec::new();
    if plans.list.is_empty() {
        return Ok(results);
    }
    plans.sum_entitled(holders)?;
    let rounds = plans.list.iter().map(|plan| plan.portions.len()).max().unwrap_or(0).max(1);
    for portion in 0..rounds {
        plans.open(portion)?;
        plans.find_cuts(holders)?;
        let given = plans.sum(holders.give(&plans, portion)?);
        for (plan, given) in plans.list.iter_mut().zip(given) {
            plan.add_results(portion, given, &mut results)?;
            plan.entitled = plan.entitled.wrapping_add(given.grown);
        }
    }
    results.sort_by_key(|result| (result.fund, result.date));
    Ok(results)
}

/// The funds that have income or pay out, by fund: no others' positions matter.
pub(super) fn with_income(ctx: &Context<'_>, incomes: &[Income]) -> Vec<bool> {
    let mut funds: Vec<bool> = ctx.days.iter().map(|day| day.pays_out).collect();
    for income in incomes {
        if let Some(fund) = usize::try_from(income.fund).ok().and_then(|fund| funds.get_mut(fund)) {
            *fund = true;
        }
    }
    funds
}

/// Fails a fund.
fn failed(code: Code, fund: u32) -> Error {
    Error { operands: vec![fund.into()], ..Error::whole(code) }
}

impl Plans {
    fn new(ctx: &Context<'_>, incomes: &[Income]) -> Result<Self, Error> {
        let mut sorted: Vec<&Income> = incomes.iter().collect();
        sorted.sort_by_key(|income| (income.fund, income.date, income.amount));
        let mut plans = Self { list: Vec::new(), of_fund: Vec::with_capacity(ctx.terms.funds.len()) };
        for number in (0_u32..).take(ctx.terms.funds.len()) {
            let first = sorted.partition_point(|income| income.fund < number);
            let end = sorted.partition_point(|income| income.fund <= number);
            let plan = Plan::new(ctx, number, sorted.get(first..end).unwrap_or_default())?;
            plans.of_fund.push(plan.as_ref().and_then(|_| u32::try_from(plans.list.len()).ok()));
            plans.list.extend(plan);
        }
        Ok(plans)
    }

    /// The number of the plan of a position's fund.
    #[inline]
    fn number_of(&self, position: &Position) -> Option<usize> {
        let number = *self.of_fund.get(usize::try_from(position.fund).ok()?)?;
        usize::try_from(number?).ok()
    }

    fn sum_entitled(&mut self, holders: &impl Holders) -> Result<(), Error> {
        let plans = &*self;
        let init = || vec![0_u128; plans.list.len()];
        let sums = holders.look(init, |sums, positions, _| {
            for position in positions {
                if let Some(sum) = plans.number_of(position).and_then(|number| sums.get_mut(number)) {
                    // Fewer than 2^64 positions of fewer than 2^63 units.
                    *sum = sum.wrapping_add(position.entitled.max(0).cast_unsigned().into());
                }
            }
        })?;
        for sums in sums {
            for (plan, sum) in self.list.iter_mut().zip(sums) {
                plan.entitled = plan.entitled.wrapping_add(sum);
            }
        }
        Ok(())
    }

    /// Begins the splits of one portion of each plan.
    fn open(&mut self, portion: usize) -> Result<(), Error> {
        for plan in &mut self.list {
            let (income, total) = plan.portions.get(portion).map_or((0, 0), |portion| (portion.income, portion.total));
            plan.is_open = total != 0;
            plan.split = None;
            let is_idle = income == 0 && total == 0 && plan.earlier.iter().all(|(_, income)| *income == 0);
            if plan.entitled == 0 && !is_idle {
                return Err(failed(Code::Day(Fault::IncomeUnits), plan.fund));
            }
            if total == 0 {
                continue;
            }
            let quanta = total.checked_div(plan.quantum).filter(|_| total.checked_rem(plan.quantum) == Some(0));
            let quanta = quanta.ok_or_else(|| failed(Code::Inexact, plan.fund))?;
            let make = if plan.policy.keeps_residue { Split::keep } else { Split::new };
            plan.split = Some(make(quanta, plan.entitled).map_err(|code| failed(code, plan.fund))?);
        }
        Ok(())
    }

    fn find_cuts(&mut self, holders: &impl Holders) -> Result<(), Error> {
        while self.list.iter().any(|plan| plan.is_open) {
            let plans = &*self;
            let tally = |plan: &Plan| plan.split.as_ref().filter(|_| plan.is_open).map(Split::tally);
            let init = || plans.list.iter().map(tally).collect::<Vec<Option<Tally>>>();
            let tallies = holders.look(init, |tallies, positions, income| {
                let mut grown = income.iter();
                for position in positions {
                    let grown = grown.next().map_or(0, |income| income.units);
                    let number = plans.number_of(position);
                    if let Some(Some(tally)) = number.and_then(|number| tallies.get_mut(number)) {
                        tally.add(weight(position, grown), || key_of(position));
                    }
                }
            })?;
            let merged = tallies.into_iter().reduce(|mut merged, others| {
                for (tally, other) in merged.iter_mut().zip(others) {
                    if let (Some(tally), Some(other)) = (tally, other) {
                        tally.merge(other);
                    }
                }
                merged
            });
            for (plan, tally) in self.list.iter_mut().zip(merged.unwrap_or_default()) {
                if let (Some(split), Some(tally)) = (&mut plan.split, tally) {
                    plan.is_open = !split.next(tally);
                }
            }
        }
        Ok(())
    }

    /// Gives each position its share, and after the last portion decides how all of them are paid.
    pub(super) fn give(
        &self,
        positions: &[Position],
        incomes: &mut Vec<PositionIncome>,
        portion: usize,
        given: &mut [Given],
    ) -> Result<(), Error> {
        incomes.resize(positions.len(), PositionIncome::default());
        for (position, income) in positions.iter().zip(incomes) {
            let Some(number) = self.number_of(position) else { continue };
            if let (Some(plan), Some(given)) = (self.list.get(number), given.get_mut(number)) {
                let done = plan.give(position, income, portion, given);
                done.map_err(|code| failed(code, plan.fund))?;
            }
        }
        Ok(())
    }

    /// What a worker has given before it begins.
    pub(super) fn nothing_given(&self) -> Vec<Given> {
        vec![Given::default(); self.list.len()]
    }

    fn sum(&self, states: Vec<Vec<Given>>) -> Vec<Given> {
        states.into_iter().fold(self.nothing_given(), |mut sums, given| {
            for (sum, given) in sums.iter_mut().zip(given) {
                // Both are far from the ends of 128 bits, as the sums of units are.
                sum.paid = sum.paid.wrapping_add(given.paid);
                sum.grown = sum.grown.wrapping_add(given.grown);
            }
            sums
        })
    }
}

/// The units by which a position takes part: those entitled when the day opened and those that earlier dates brought.
#[inline]
fn weight(position: &Position, grown: i64) -> i64 {
    position.entitled.max(0).saturating_add(grown)
}

/// Ties go to the smaller account, then to the smaller rest of the position's key.
fn key_of(position: &Position) -> Key {
    let rest = [position.transaction_account, position.distributor.into(), position.charge.into()];
    Key { major: position.account, minor: rest }
}

impl Plan {
    /// The plan of a fund that has income or pays out.
    fn new(ctx: &Context<'_>, number: u32, incomes: &[&Income]) -> Result<Option<Self>, Error> {
        let (Some(fund), Some(day)) = (ctx.fund(number), ctx.day(number)) else { return Ok(None) };
        let total = incomes.iter().try_fold(0_i64, |sum, income| sum.checked_add(income.amount));
        let total = total.filter(|total| fits(*total)).ok_or_else(|| failed(Code::Overflow, number))?;
        let Some(policy) = fund.income else {
            let is_idle = incomes.iter().all(|income| income.amount == 0);
            return if is_idle { Ok(None) } else { Err(failed(Code::Day(Fault::IncomeUnits), number)) };
        };
        let pays_out = day.pays_out;
        if incomes.is_empty() && !pays_out {
            return Ok(None);
        }
        let alone = |income: &&Income| Portion { date: income.date, income: income.amount, total: income.amount };
        let (earlier, portions) = match incomes.split_last() {
            Some((last, earlier)) if !policy.daily => {
                let earlier = earlier.iter().map(|income| (income.date, income.amount)).collect();
                (earlier, vec![Portion { total, ..alone(last) }])
            }
            _ => (Vec::new(), incomes.iter().map(alone).collect()),
        };
        let scales = ctx.terms.scales;
        let unit = power_of_ten(scales.units.into()).zip(power_of_ten(scales.cash.into()));
        let units = unit.and_then(|(unit, cash)| {
            let units = unit.checked_mul(u128::try_from(fund.cash_quantum).ok()?)?;
            let whole = units.checked_rem(cash)? == 0;
            i64::try_from(units.checked_div(cash)?).ok().filter(|units| whole && *units > 0)
        });
        let units = units.filter(|units| units.checked_rem(fund.unit_quantum) == Some(0));
        let quantum = fund.cash_quantum;
        let (entitled, split, is_open) = (0, None, false);
        Ok(Some(Self { fund: number, policy, pays_out, quantum, units, earlier, portions, entitled, split, is_open }))
    }

    #[inline]
    fn give(
        &self,
        position: &Position,
        income: &mut PositionIncome,
        portion: usize,
        given: &mut Given,
    ) -> Result<(), Code> {
        if let Some(split) = &self.split {
            let quanta = split.share(weight(position, income.units), || key_of(position));
            let share = quanta.checked_mul(self.quantum).ok_or(Code::Overflow)?;
            income.amount = income.amount.checked_add(share).ok_or(Code::Overflow)?;
            given.paid = given.paid.wrapping_add(share.into());
            if quanta > 0 && self.policy.daily && self.policy.payment != Payment::Unpaid && self.reinvests(position) {
                let units = quanta.checked_mul(self.units.ok_or(Code::Inexact)?).ok_or(Code::Overflow)?;
                let grown = income.units.checked_add(units).filter(|grown| fits(weight(position, *grown)));
                income.units = grown.ok_or(Code::Overflow)?;
                given.grown = given.grown.wrapping_add(units.cast_unsigned().into());
            }
        }
        // Portions are as many as there are dates.
        if portion.wrapping_add(1) == self.portions.len().max(1) {
            *income = self.paid(position, income.amount)?;
        }
        Ok(())
    }

    /// Whether what a position is paid comes in units.
    const fn reinvests(&self, position: &Position) -> bool {
        match position.dividend_option {
            option::REINVEST => true,
            option::CASH => false,
            _ => !matches!(self.policy.payment, Payment::Cash),
        }
    }

    /// How a position is paid the income of all dates.
    fn paid(&self, position: &Position, amount: i64) -> Result<PositionIncome, Code> {
        let is_later = self.policy.payment == Payment::Unpaid;
        if is_later && !self.pays_out {
            return Ok(PositionIncome { amount, unpaid: amount, ..PositionIncome::default() });
        }
        let before = if self.pays_out { position.unpaid } else { 0 };
        let due = amount.checked_add(before).filter(|due| fits(*due)).ok_or(Code::Overflow)?;
        if due == 0 || (due > 0 && !self.reinvests(position)) {
            return Ok(PositionIncome { amount, units: 0, cash: due, unpaid: before.wrapping_neg() });
        }
        let per_quantum = self.units.ok_or(Code::Inexact)?;
        let mut quanta = due.checked_div(self.quantum).ok_or(Code::Inexact)?;
        if due < 0 {
            // Units that are frozen are not cut; a debt in cash that they would have paid stays.
            let units = position.opening.saturating_add(position.moved).saturating_sub(position.frozen).max(0);
            quanta = quanta.max(units.checked_div(per_quantum).ok_or(Code::Inexact)?.saturating_neg());
        }
        let units = quanta.checked_mul(per_quantum).filter(|units| fits(*units)).ok_or(Code::Overflow)?;
        // The quanta are a part of what is due, and their cash too: values of 18 digits.
        let rest = due.wrapping_sub(quanta.wrapping_mul(self.quantum));
        Ok(PositionIncome { amount, units, cash: 0, unpaid: rest.wrapping_sub(before) })
    }

    /// Appends what came of a portion, if there is one.
    fn add_results(&self, portion: usize, given: Given, results: &mut Vec<IncomeResult>) -> Result<(), Error> {
        let Some(&Portion { date, income, total }) = self.portions.get(portion) else { return Ok(()) };
        let law = || failed(Code::Law, self.fund);
        let paid = i64::try_from(given.paid).map_err(|_| law())?;
        let leftover = self.split.as_ref().filter(|_| self.policy.keeps_residue).map_or(0, Split::leftover);
        let kept = leftover.checked_mul(self.quantum).ok_or_else(law)?;
        if paid.checked_add(kept) != Some(total) {
            return Err(law());
        }
        let entitled = i128::try_from(self.entitled).map_err(|_| law())?;
        let cut = self.split.as_ref().and_then(Split::cut);
        let result = IncomeResult { fund: self.fund, date, income, total, entitled, paid, kept, cut };
        let none = IncomeResult { total: 0, paid: 0, kept: 0, cut: None, ..result };
        let earlier = self.earlier.iter();
        results.extend(earlier.map(|&(date, income)| IncomeResult { date, income, ..none }));
        results.push(result);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
