//! The composition of the day: everything up to the prices, over buckets of accounts.

use super::bucket::{Bucket, Context, Settled};
use super::events::{EventOutcome, apply_events};
use super::gate::{Gated, Gates};
use super::income::{IncomeResult, distribute};
use super::input::DayInput;
use super::opening::Opener;
use super::rows::{Rows, by_order};
use super::scatter::{Sorter, bucket_bits, bucket_of, scatter};
use super::shelf::{Shelves, Tray};
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
    /// How the rows of the buckets are kept.
    pub shelves: Shelves,
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

/// How the rows of buckets are kept while nobody works on them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As they are.
    Whole,
    /// On shelves, where they are shorter there.
    Short,
}

/// A day before any order is ruled about: the register is open, events and income are applied.
pub(super) struct Opened<'i, 'a> {
    pub(super) ctx: Context<'a>,
    pub(super) rows: Rows<'i>,
    pub(super) buckets: Vec<Bucket>,
    shelves: Shelves,
    pub(super) events: Vec<EventOutcome>,
    incomes: Vec<IncomeResult>,
    /// Rows of all tables together.
    pub(super) count: usize,
}

impl<'i, 'a> Opened<'i, 'a> {
    /// Opens the register, and applies the day's events and income.
    pub(super) fn new(exec: &Exec<'_>, input: &'i DayInput<'a>, form: Form) -> Result<Self, Error> {
        input.check()?;
        for (number, day) in input.days.iter().enumerate() {
            if day.nav <= 0 {
                return Err(price_fault(number));
            }
        }
        let rows = Rows::new(exec, input)?;
        let bits = bucket_bits(input.orders.rows.saturating_add(input.deferred.rows), input.positions.rows);
        let tables = [input.orders.rows, input.deferred.rows, input.positions.rows, input.lots.rows];
        let count = tables.into_iter().fold(0_usize, usize::saturating_add);
        let shelves = if form == Form::Short { rows.shelves(count) } else { Shelves::default() };
        let mut buckets = fill(exec, input, &rows, &shelves, bits)?;
        exec.run(count, buckets.iter_mut(), <(Opener, Tray)>::default, |(opener, tray), _, bucket| {
            shelves.take_positions_down(bucket, tray);
            opener.open(&rows, input.terms, bucket)?;
            shelves.put_positions_back(bucket, tray);
            Ok(())
        })?;
        let ctx = input.context(rows.funds.keys.clone(), rows.distributors.keys.clone())?;
        let events = apply_events(&ctx, input.events, &mut buckets, |account| bucket_of(account, bits))?;
        let incomes = distribute(exec, &ctx, input.incomes, &mut buckets)?;
        Ok(Self { ctx, rows, buckets, shelves, events, incomes, count })
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
        let Opened { ctx, rows, mut buckets, shelves, events, incomes, count } = Opened::new(exec, input, Form::Short)?;
        let bits = buckets.len().trailing_zeros();
        let dealt = Dealt::new(&ctx, &buckets, count);
        let needs = Needs::new(&ctx);
        let mut pricings = dealt.pricings(&ctx)?;
        let passes = Passes { exec, ctx: &ctx, shelves: &shelves, needs: &needs, count };
        let survey = passes.rule(&rows, &pricings, &mut buckets)?;
        let mut gates = Gates::new(&ctx, &survey)?;
        let survey = if gates.accept_all() {
            survey
        } else {
            passes.share(&mut gates, &mut buckets)?;
            passes.accept(&gates, &pricings, &mut buckets)?
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
            shelves,
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
fn fill(
    exec: &Exec<'_>,
    input: &DayInput<'_>,
    rows: &Rows<'_>,
    shelves: &Shelves,
    bits: u32,
) -> Result<Vec<Bucket>, Error> {
    let mut buckets = vec![Bucket::default(); 1 << bits];
    let positions = [(input.positions.account, input.positions.rows)];
    if shelves.position.is_some() {
        let short = |_, range, out: &mut Vec<_>| rows.short_positions(range, out);
        let positions = scatter(exec, bits, &positions, short, |row| row.account)?;
        buckets.iter_mut().zip(positions).for_each(|(bucket, rows)| bucket.shelf.positions = rows);
    } else {
        let whole = |_, range, out: &mut Vec<_>| rows.positions(range, out);
        let positions = scatter(exec, bits, &positions, whole, |row| row.account)?;
        buckets.iter_mut().zip(positions).for_each(|(bucket, rows)| bucket.positions = rows);
    }
    let lots = [(input.lots.account, input.lots.rows)];
    let lots = scatter(exec, bits, &lots, |_, range, out| rows.lots(range, out), |row| row.account)?;
    buckets.iter_mut().zip(lots).for_each(|(bucket, rows)| bucket.lots = rows);
    let orders = [(input.orders.account, input.orders.rows), (input.deferred.account, input.deferred.rows)];
    let [today, earlier] = &orders;
    let whole = if shelves.order.is_some() {
        let short = |_, range, out: &mut Vec<_>| rows.short_orders(range, out);
        let today = scatter(exec, bits, std::slice::from_ref(today), short, |row| row.account)?;
        buckets.iter_mut().zip(today).for_each(|(bucket, rows)| bucket.shelf.orders = rows);
        let earlier = std::slice::from_ref(earlier);
        scatter(exec, bits, earlier, |_, range, out| rows.orders(1, range, out), |row| row.account)?
    } else {
        scatter(exec, bits, &orders, |table, range, out| rows.orders(table, range, out), |row| row.account)?
    };
    buckets.iter_mut().zip(whole).for_each(|(bucket, rows)| bucket.orders = rows);
    Ok(buckets)
}

/// What all passes over the orders of all buckets need.
struct Passes<'p, 'a> {
    exec: &'p Exec<'p>,
    ctx: &'p Context<'a>,
    shelves: &'p Shelves,
    needs: &'p Needs,
    /// Rows of all tables together.
    count: usize,
}

impl Passes<'_, '_> {
    /// Sorts, rules about and surveys the orders of all buckets.
    fn rule(&self, rows: &Rows<'_>, unswung: &[Option<Pricing<'_>>], buckets: &mut [Bucket]) -> Result<Survey, Error> {
        let &Self { exec, ctx, shelves, needs, count } = self;
        let funds = ctx.terms.funds.len();
        let init = || (Ruler::default(), Surveyor::new(funds), Tray::default());
        let states = exec.run(count, buckets.iter_mut(), init, |(ruler, surveyor, tray), _, bucket| {
            shelves.take_down(ctx, bucket, tray);
            ruler.rule(ctx, rows, bucket)?;
            surveyor.add(ctx, needs, unswung, bucket)?;
            shelves.put_orders_back(ctx, bucket, tray);
            Ok(())
        })?;
        let mut survey = Survey::new(funds);
        states.iter().for_each(|(_, surveyor, _)| survey.merge(&surveyor.survey));
        Ok(survey)
    }

    /// Shares what the gates accept over the orders of all buckets.
    fn share(&self, gates: &mut Gates, buckets: &mut [Bucket]) -> Result<(), Error> {
        let mut open = true;
        while open {
            let now = &*gates;
            let init = || (now.tallies(), Tray::default());
            let states = self.exec.run(self.count, buckets.iter_mut(), init, |(tallies, tray), _, bucket| {
                self.shelves.take_down(self.ctx, bucket, tray);
                now.tally(tallies, bucket);
                self.shelves.put_back(bucket, tray);
                Ok(())
            })?;
            open = gates.next(states.into_iter().map(|(tallies, _)| tallies));
        }
        Ok(())
    }

    /// Writes what the gates accept into all buckets, and surveys that.
    fn accept(&self, gates: &Gates, unswung: &[Option<Pricing<'_>>], buckets: &mut [Bucket]) -> Result<Survey, Error> {
        let &Self { exec, ctx, shelves, needs, count } = self;
        let funds = ctx.terms.funds.len();
        let init = || (Surveyor::new(funds), Tray::default());
        let states = exec.run(count, buckets.iter_mut(), init, |(surveyor, tray), _, bucket| {
            shelves.take_down(ctx, bucket, tray);
            gates.accept(bucket);
            surveyor.add(ctx, needs, unswung, bucket)?;
            shelves.put_rulings_back(ctx, bucket, tray);
            Ok(())
        })?;
        let mut survey = Survey::new(funds);
        states.iter().for_each(|(surveyor, _)| survey.merge(&surveyor.survey));
        Ok(survey)
    }
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
