//! The composition of the day: everything up to the prices, over buckets of accounts.

use super::bucket::{Bucket, Context};
use super::events::EventOutcome;
use super::gate::{Gated, Gates};
use super::hold::{Hold, Keeper, Kept};
use super::income::IncomeResult;
use super::input::{DayInput, price_fault};
use super::rows::Rows;
use super::scatter::{bucket_bits, scatter};
use super::shelf::Shelves;
use super::survey::{Needs, Survey};
use super::swing::{Swung, prices};
use crate::dealing::Pricing;
use crate::error::Error;
use crate::exec::Exec;
use crate::terms::Fund;

/// A day whose prices are decided: what is left is to settle each bucket.
#[derive(Debug)]
pub struct Day<'a> {
    /// What all buckets share.
    pub ctx: Context<'a>,
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
    /// The dealing prices by fund.
    pub prices: Vec<i64>,
    /// The funds' terms at their dealing prices; none for a fund that nobody deals in today.
    pub pricings: Vec<Option<Pricing<'a>>>,
}

/// A day in memory, with its buckets.
#[derive(Debug)]
pub struct HeldDay<'a> {
    /// What is decided.
    pub day: Day<'a>,
    /// The buckets.
    pub kept: Kept,
    /// How many of today's orders are refused for their ids.
    pub duplicates: usize,
    /// Rows of all tables together.
    pub rows: usize,
}

/// How the rows of buckets are kept while nobody works on them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As they are.
    Whole,
    /// On shelves, where they are shorter there.
    Short,
}

/// The register of a day in memory after its events and its income, before any order is ruled about.
pub(super) struct Opened<'i, 'a> {
    pub(super) ctx: Context<'a>,
    pub(super) rows: Rows<'i>,
    pub(super) kept: Kept,
    pub(super) events: Vec<EventOutcome>,
    /// Rows of all tables together.
    pub(super) count: usize,
}

impl<'i, 'a> Opened<'i, 'a> {
    /// Opens the register, and applies the day's events and income.
    pub(super) fn new(exec: &Exec<'_>, input: &'i DayInput<'a>) -> Result<Self, Error> {
        let rows = in_rows(exec, input)?;
        let (kept, count) = fill(exec, input, &rows, Form::Whole)?;
        let ctx = input.context(rows.funds.keys.clone(), rows.distributors.keys.clone())?;
        let mut keeper = Keeper { exec, rows: &rows, kept, count };
        let (events, _) = open(&ctx, input, &mut keeper)?;
        let Keeper { kept, .. } = keeper;
        Ok(Self { ctx, rows, kept, events, count })
    }
}

impl<'a> HeldDay<'a> {
    /// Opens the register, applies the day's income, rules about every order, and decides gates, swings and prices.
    ///
    /// # Errors
    /// The faults of a whole day, [`Code::Day`]; [`Code::Digits`] and [`Code::Overflow`]; [`Code::Law`] for columns
    /// that do not fit together; [`Code::Cancelled`].
    pub fn open(exec: &Exec<'_>, input: &DayInput<'a>) -> Result<Self, Error> {
        let rows = in_rows(exec, input)?;
        let (kept, count) = fill(exec, input, &rows, Form::Short)?;
        let ctx = input.context(rows.funds.keys.clone(), rows.distributors.keys.clone())?;
        let mut keeper = Keeper { exec, rows: &rows, kept, count };
        let day = Day::decide(ctx, input, &mut keeper)?;
        let Keeper { kept, .. } = keeper;
        Ok(Self { day, kept, duplicates: rows.duplicates(), rows: count })
    }
}

impl<'a> Day<'a> {
    /// Takes a day up to its prices, pass by pass over its buckets, wherever they are.
    pub(super) fn decide(ctx: Context<'a>, input: &DayInput<'a>, hold: &mut impl Hold) -> Result<Self, Error> {
        let (events, incomes) = open(&ctx, input, hold)?;
        let needs = Needs::new(&ctx);
        let mut pricings = pricings(&ctx, &hold.dealt(ctx.terms.funds.len()))?;
        let survey = hold.rule(&ctx, &needs, &pricings)?;
        let mut gates = Gates::new(&ctx, &survey)?;
        let survey = if gates.accept_all() {
            survey
        } else {
            while gates.next(hold.tally(&ctx, &gates)?) {}
            hold.accept(&ctx, &gates, &needs, &pricings)?
        };
        let (prices, swings) = prices(&ctx, &survey)?;
        for (number, (pricing, price)) in pricings.iter_mut().zip(&prices).enumerate() {
            if let Some(pricing) = pricing.as_mut().filter(|pricing| pricing.price() != *price) {
                *pricing = price_at(&ctx, pricing.fund(), number, *price)?;
            }
        }
        let gates = gates.decided;
        Ok(Self { ctx, survey, gates, swings, events, incomes, prices, pricings })
    }
}

/// Opens the register, and applies the day's events and income.
fn open(
    ctx: &Context<'_>,
    input: &DayInput<'_>,
    hold: &mut impl Hold,
) -> Result<(Vec<EventOutcome>, Vec<IncomeResult>), Error> {
    hold.open(ctx)?;
    let events = hold.apply(ctx, input.events)?;
    Ok((events, hold.distribute(ctx, input.incomes)?))
}

/// The rows of all tables, once those of the input are found to fit together.
fn in_rows<'i>(exec: &Exec<'_>, input: &'i DayInput<'_>) -> Result<Rows<'i>, Error> {
    input.check()?;
    Rows::new(exec, input)
}

/// The rows of all tables in their buckets, and how many they are.
fn fill(exec: &Exec<'_>, input: &DayInput<'_>, rows: &Rows<'_>, form: Form) -> Result<(Kept, usize), Error> {
    let bits = bucket_bits(input.orders.rows.saturating_add(input.deferred.rows), input.positions.rows);
    let tables = [input.orders.rows, input.deferred.rows, input.positions.rows, input.lots.rows];
    let count = tables.into_iter().fold(0_usize, usize::saturating_add);
    let shelves = if form == Form::Short { rows.shelves(count) } else { Shelves::default() };
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
    Ok((Kept { buckets, shelves }, count))
}

/// The terms of the funds at their net asset values, but for those that nobody deals in.
fn pricings<'a>(ctx: &Context<'a>, dealt: &[bool]) -> Result<Vec<Option<Pricing<'a>>>, Error> {
    let funds = ctx.terms.funds.iter().zip(ctx.days).enumerate();
    let pricings = funds.map(|(number, (fund, day))| match dealt.get(number) {
        Some(false) => Ok(None),
        _ => price_at(ctx, fund, number, day.nav).map(Some),
    });
    pricings.collect()
}

/// A fund's terms at a price.
fn price_at<'a>(ctx: &Context<'a>, fund: &'a Fund, number: usize, price: i64) -> Result<Pricing<'a>, Error> {
    Pricing::new(fund, ctx.terms.scales, price).ok_or_else(|| price_fault(number))
}

#[cfg(test)]
pub(super) mod tests;
