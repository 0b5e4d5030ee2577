//! The composition of the day: everything up to the prices, over buckets of accounts.

use super::bucket::{Bucket, Context, Settled};
use super::events::{EventOutcome, apply_events};
use super::gate::{Gated, Gates};
use super::income::{IncomeResult, distribute};
use super::input::DayInput;
use super::opening::Opener;
use super::rows::{Rows, by_order};
use super::scatter::{Sorter, bucket_bits, bucket_of, scatter};
use super::stretch::Progress;
use super::survey::{Needs, Survey, Surveyor};
use super::swing::{Swung, prices};
use super::types::Order;
use super::validate::{Validator, validate};
use crate::dealing::Pricing;
use crate::error::{Code, Error, Fault};
use crate::exec::{Exec, SMALL_ROWS};
use crate::terms::Fund;

/// A day whose prices are decided: what is left is to settle each bucket.
#[derive(Debug)]
pub struct Day<'a> {
    /// What all buckets share.
    pub ctx: Context<'a>,
    /// The buckets, by the top bits of the mixed account.
    pub buckets: Vec<Bucket>,
    /// The number of buckets, as a power of two.
    pub bits: u32,
    /// The totals from which gates and swings were decided.
    pub survey: Survey,
    /// The portfolios that have a gate.
    pub gates: Vec<Gated>,
    /// The portfolios that swing.
    pub swings: Vec<Swung>,
    /// What became of the register events.
    pub events: Vec<EventOutcome>,
    /// The splits of the day's income.
    pub incomes: Vec<IncomeResult>,
    /// How many of today's orders are refused for their ids.
    pub duplicates: usize,
    /// The dealing prices by fund.
    pub prices: Vec<i64>,
    /// The funds' terms at their dealing prices; none for a fund that nobody deals in today.
    pub pricings: Vec<Option<Pricing<'a>>>,
    /// Rows of all tables together.
    rows: usize,
}

/// A day before any order is ruled about: the register is open, events and income are applied.
pub(super) struct Opened<'i, 'a> {
    pub(super) ctx: Context<'a>,
    pub(super) rows: Rows<'i>,
    pub(super) buckets: Vec<Bucket>,
    pub(super) events: Vec<EventOutcome>,
    incomes: Vec<IncomeResult>,
    /// Rows of all tables together.
    pub(super) count: usize,
}

impl<'i, 'a> Opened<'i, 'a> {
    /// Opens the register, and applies the day's events and income.
    pub(super) fn new(exec: &Exec<'_>, input: &'i DayInput<'a>) -> Result<Self, Error> {
        input.check()?;
        for (number, day) in input.days.iter().enumerate() {
            if day.nav <= 0 {
                return Err(price_fault(number));
            }
        }
        let rows = Rows::new(exec, input)?;
        let mut buckets = fill(exec, input, &rows)?;
        let tables = [input.orders.rows, input.deferred.rows, input.positions.rows, input.lots.rows];
        let count = tables.into_iter().fold(0_usize, usize::saturating_add);
        exec.run(count, buckets.iter_mut(), Opener::default, |opener, _, bucket| {
            opener.open(&rows, input.terms, bucket)
        })?;
        let ctx = input.context(rows.funds.keys.clone(), rows.distributors.keys.clone())?;
        let bits = buckets.len().trailing_zeros();
        let events = apply_events(&ctx, input.events, &mut buckets, |account| bucket_of(account, bits))?;
        let incomes = distribute(exec, &ctx, input.incomes, &mut buckets)?;
        Ok(Self { ctx, rows, buckets, events, incomes, count })
    }
}

/// A worker's memory for ruling about the orders of buckets.
#[derive(Default)]
pub(super) struct Ruler {
    sorter: Sorter<Order>,
    validator: Validator,
}

impl Ruler {
    /// Sorts the orders of a bucket and rules about them.
    pub(super) fn rule(&mut self, ctx: &Context<'_>, rows: &Rows<'_>, bucket: &mut Bucket) -> Result<(), Error> {
        self.sorter.sort(&mut bucket.orders, |order| (order.account, order.fund), by_order);
        validate(ctx, &mut self.validator, bucket).map_err(|position| {
            let row = position.and_then(|position| rows.position_row(&position));
            Error { row, ..Error::whole(Code::Day(Fault::Pending)) }
        })
    }
}

impl<'a> Day<'a> {
    /// Opens the register, applies the day's income, rules about every order, and decides gates, swings and prices.
    ///
    /// # Errors
    /// The faults of a whole day, [`Code::Day`]; [`Code::Digits`] and [`Code::Overflow`]; [`Code::Law`] for columns
    /// that do not fit together; [`Code::Cancelled`].
    pub fn open(exec: &Exec<'_>, input: &DayInput<'a>) -> Result<Self, Error> {
        let Opened { ctx, rows, mut buckets, events, incomes, count } = Opened::new(exec, input)?;
        let bits = buckets.len().trailing_zeros();
        let dealt = Dealt::new(&ctx, &buckets, count);
        let needs = Needs::new(&ctx);
        let mut pricings = dealt.pricings(&ctx)?;
        let survey = rule(exec, &ctx, &rows, &needs, &pricings, &mut buckets, count)?;
        let mut gates = Gates::new(&ctx, &survey)?;
        let survey = if gates.accept_all() {
            survey
        } else {
            gates.share(exec, count, &mut buckets)?;
            accepted(exec, &ctx, &gates, &needs, &pricings, &mut buckets, count)?
        };
        let (prices, swings) = prices(&ctx, &survey)?;
        for (number, (pricing, price)) in pricings.iter_mut().zip(&prices).enumerate() {
            if let Some(pricing) = pricing.as_mut().filter(|pricing| pricing.price() != *price) {
                *pricing = price_at(&ctx, pricing.fund(), number, *price)?;
            }
        }
        let (gates, duplicates) = (gates.decided, rows.duplicates());
        Ok(Self {
            ctx,
            buckets,
            bits,
            survey,
            gates,
            swings,
            events,
            incomes,
            duplicates,
            prices,
            pricings,
            rows: count,
        })
    }

    /// Settles the next accounts of a bucket, with so many orders and positions together or a few more, and appends
    /// what they come to.
    pub fn settle_stretch(
        &self,
        bucket: &Bucket,
        settled: &mut Settled,
        progress: &mut Progress,
        rows: usize,
    ) -> Result<(), Error> {
        super::settle::settle_stretch(&self.ctx, &self.pricings, bucket, settled, progress, rows)
    }

    /// Rows of all tables together.
    pub const fn rows(&self) -> usize {
        self.rows
    }
}

/// The rows of all tables in their buckets.
fn fill(exec: &Exec<'_>, input: &DayInput<'_>, rows: &Rows<'_>) -> Result<Vec<Bucket>, Error> {
    let received = input.orders.rows.saturating_add(input.deferred.rows);
    let bits = bucket_bits(received, input.positions.rows);
    let positions = [(input.positions.account, input.positions.rows)];
    let positions = scatter(exec, bits, &positions, |_, range, out| rows.positions(range, out), |row| row.account)?;
    let lots = [(input.lots.account, input.lots.rows)];
    let lots = scatter(exec, bits, &lots, |_, range, out| rows.lots(range, out), |row| row.account)?;
    let orders = [(input.orders.account, input.orders.rows), (input.deferred.account, input.deferred.rows)];
    let orders = scatter(exec, bits, &orders, |table, range, out| rows.orders(table, range, out), |row| row.account)?;
    let tables = orders.into_iter().zip(positions.into_iter().zip(lots));
    Ok(tables.map(|(orders, (positions, lots))| Bucket { orders, positions, lots, ..Bucket::default() }).collect())
}

/// Sorts, rules about and surveys the orders of all buckets.
fn rule(
    exec: &Exec<'_>,
    ctx: &Context<'_>,
    rows: &Rows<'_>,
    needs: &Needs,
    unswung: &[Option<Pricing<'_>>],
    buckets: &mut [Bucket],
    count: usize,
) -> Result<Survey, Error> {
    let funds = ctx.terms.funds.len();
    let init = || (Ruler::default(), Surveyor::new(funds));
    let states = exec.run(count, buckets.iter_mut(), init, |(ruler, surveyor), _, bucket| {
        ruler.rule(ctx, rows, bucket)?;
        surveyor.add(ctx, needs, unswung, bucket)
    })?;
    let mut survey = Survey::new(funds);
    states.iter().for_each(|(_, surveyor)| survey.merge(&surveyor.survey));
    Ok(survey)
}

/// Writes what the gates accept into all buckets, and surveys that.
fn accepted(
    exec: &Exec<'_>,
    ctx: &Context<'_>,
    gates: &Gates,
    needs: &Needs,
    unswung: &[Option<Pricing<'_>>],
    buckets: &mut [Bucket],
    count: usize,
) -> Result<Survey, Error> {
    let funds = ctx.terms.funds.len();
    let states = exec.run(
        count,
        buckets.iter_mut(),
        || Surveyor::new(funds),
        |surveyor, _, bucket| {
            gates.accept(bucket);
            surveyor.add(ctx, needs, unswung, bucket)
        },
    )?;
    let mut survey = Survey::new(funds);
    states.iter().for_each(|surveyor| survey.merge(&surveyor.survey));
    Ok(survey)
}

/// Which funds somebody deals in.
struct Dealt {
    /// By fund; empty if no fund is left out.
    funds: Vec<bool>,
}

impl Dealt {
    /// A fund's terms take longer to prepare than a few orders to deal, so a small day prepares those that it needs.
    fn new(ctx: &Context<'_>, buckets: &[Bucket], rows: usize) -> Self {
        if rows > SMALL_ROWS {
            return Self { funds: Vec::new() };
        }
        let mut funds = vec![false; ctx.terms.funds.len()];
        for order in buckets.iter().flat_map(|bucket| &bucket.orders) {
            for fund in [order.fund, order.target] {
                if let Some(dealt) = usize::try_from(fund).ok().and_then(|fund| funds.get_mut(fund)) {
                    *dealt = true;
                }
            }
        }
        Self { funds }
    }

    /// The terms at the net asset values.
    fn pricings<'a>(&self, ctx: &Context<'a>) -> Result<Vec<Option<Pricing<'a>>>, Error> {
        let funds = ctx.terms.funds.iter().zip(ctx.days).enumerate();
        let pricings = funds.map(|(number, (fund, day))| match self.funds.get(number) {
            Some(false) => Ok(None),
            _ => price_at(ctx, fund, number, day.nav).map(Some),
        });
        pricings.collect()
    }
}

/// A fund's terms at a price.
fn price_at<'a>(ctx: &Context<'a>, fund: &'a Fund, number: usize, price: i64) -> Result<Pricing<'a>, Error> {
    Pricing::new(fund, ctx.terms.scales, price).ok_or_else(|| price_fault(number))
}

/// A fund has no price that can be dealt at.
fn price_fault(fund: usize) -> Error {
    let operands = vec![i128::try_from(fund).unwrap_or_default()];
    Error { operands, ..Error::whole(Code::Day(Fault::Price)) }
}

#[cfg(test)]
mod tests;
