//! Where the buckets of a day are while nobody works on them: the passes of the day over them.
//!
//! The day is composed once, in [`super::run`]; it asks the hold for one pass after another. A hold in memory keeps its
//! buckets as each pass leaves them. One that keeps none builds them again for each pass, and makes all that was
//! decided before happen to them again.

use super::bucket::{Bucket, Context};
use super::events::{Event, EventOutcome, apply_events};
use super::gate::Gates;
use super::income::{InMemory, IncomeResult, distribute};
use super::opening::{Opener, Origins};
use super::rows::{Rows, by_order};
use super::scatter::{Sorter, bucket_of};
use super::shelf::{Shelves, Tray};
use super::survey::{Needs, Survey, Surveyor};
use super::types::{Income, Order};
use super::validate::{Validator, validate};
use crate::dealing::Pricing;
use crate::error::{Code, Error, Fault};
use crate::exec::{Exec, SMALL_ROWS};
use crate::split::Tally;

/// The terms of the funds at a price each; none for a fund that nobody deals in.
pub(super) type Pricings<'p> = &'p [Option<Pricing<'p>>];

/// The buckets of a day, pass by pass.
pub(super) trait Hold {
    /// Opens the register: every bucket stands in order and is tied to its lots.
    fn open(&mut self, ctx: &Context<'_>) -> Result<(), Error>;

    /// Lets the day's events happen.
    fn apply(&mut self, ctx: &Context<'_>, events: &[Event]) -> Result<Vec<EventOutcome>, Error>;

    /// Shares the day's income out.
    fn distribute(&mut self, ctx: &Context<'_>, incomes: &[Income]) -> Result<Vec<IncomeResult>, Error>;

    /// Whether anybody deals in a fund, by fund; empty if that is not worth knowing.
    fn dealt(&self, funds: usize) -> Vec<bool>;

    /// Rules about every order, and surveys those that go on.
    fn rule(&mut self, ctx: &Context<'_>, needs: &Needs, unswung: Pricings<'_>) -> Result<Survey, Error>;

    /// What all workers have tallied for the gates that share.
    fn tally(&mut self, ctx: &Context<'_>, gates: &Gates) -> Result<Vec<Vec<Option<Tally>>>, Error>;

    /// Writes what the gates accept into the rulings, and surveys that.
    fn accept(
        &mut self,
        ctx: &Context<'_>,
        gates: &Gates,
        needs: &Needs,
        unswung: Pricings<'_>,
    ) -> Result<Survey, Error>;
}

/// A worker's memory for ruling about the orders of buckets.
#[derive(Default)]
pub(super) struct Ruler {
    sorter: Sorter<Order>,
    validator: Validator,
}

impl Ruler {
    /// Sorts the orders of a bucket and rules about them.
    pub(super) fn rule(&mut self, ctx: &Context<'_>, origins: &impl Origins, bucket: &mut Bucket) -> Result<(), Error> {
        self.sorter.sort(&mut bucket.orders, |order| (order.account, order.fund), by_order);
        validate(ctx, &mut self.validator, bucket).map_err(|position| {
            let row = position.and_then(|position| origins.row_of(&position));
            let operands = position.iter().map(|position| i128::from(position.account)).collect();
            Error { row, operands, ..Error::whole(Code::Day(Fault::Pending)) }
        })
    }
}

/// Buckets in memory, on their shelves.
#[derive(Debug)]
pub struct Kept {
    /// The buckets, by the top bits of the mixed account.
    pub buckets: Vec<Bucket>,
    /// How their rows are kept.
    pub shelves: Shelves,
}

/// The same with what the passes need besides.
pub(super) struct Keeper<'k, 'i> {
    pub(super) exec: &'k Exec<'k>,
    pub(super) rows: &'k Rows<'i>,
    pub(super) kept: Kept,
    /// Rows of all tables together.
    pub(super) count: usize,
}

impl Hold for Keeper<'_, '_> {
    fn open(&mut self, ctx: &Context<'_>) -> Result<(), Error> {
        let Self { exec, rows, kept: Kept { buckets, shelves }, count } = self;
        let init = <(Opener, Tray)>::default;
        exec.run(*count, buckets.iter_mut(), init, |(opener, tray), _, bucket| {
            shelves.take_positions_down(bucket, tray);
            opener.open(*rows, ctx.terms, bucket)?;
            shelves.put_positions_back(bucket, tray);
            Ok(())
        })?;
        Ok(())
    }

    fn apply(&mut self, ctx: &Context<'_>, events: &[Event]) -> Result<Vec<EventOutcome>, Error> {
        let bits = self.kept.bits();
        apply_events(ctx, events, &mut self.kept.buckets, |account| bucket_of(account, bits))
    }

    fn distribute(&mut self, ctx: &Context<'_>, incomes: &[Income]) -> Result<Vec<IncomeResult>, Error> {
        distribute(ctx, incomes, &mut InMemory::new(self.exec, &mut self.kept.buckets))
    }

    /// A fund's terms take longer to prepare than a few orders to deal, so a small day prepares those that it needs.
    fn dealt(&self, funds: usize) -> Vec<bool> {
        if self.count > SMALL_ROWS {
            return Vec::new();
        }
        let mut dealt = vec![false; funds];
        for order in self.kept.buckets.iter().flat_map(|bucket| &bucket.orders) {
            for fund in [order.fund, order.target] {
                if let Some(dealt) = usize::try_from(fund).ok().and_then(|fund| dealt.get_mut(fund)) {
                    *dealt = true;
                }
            }
        }
        dealt
    }

    fn rule(&mut self, ctx: &Context<'_>, needs: &Needs, unswung: Pricings<'_>) -> Result<Survey, Error> {
        let Self { exec, rows, kept: Kept { buckets, shelves }, count } = self;
        let funds = ctx.terms.funds.len();
        let init = || (Ruler::default(), Surveyor::new(funds), Tray::default());
        let states = exec.run(*count, buckets.iter_mut(), init, |(ruler, surveyor, tray), _, bucket| {
            shelves.take_down(ctx, bucket, tray);
            ruler.rule(ctx, *rows, bucket)?;
            surveyor.add(ctx, needs, unswung, bucket)?;
            shelves.put_orders_back(ctx, bucket, tray);
            Ok(())
        })?;
        Ok(Survey::of(funds, states.iter().map(|(_, surveyor, _)| surveyor)))
    }

    fn tally(&mut self, ctx: &Context<'_>, gates: &Gates) -> Result<Vec<Vec<Option<Tally>>>, Error> {
        let Self { exec, kept: Kept { buckets, shelves }, count, .. } = self;
        let init = || (gates.tallies(), Tray::default());
        let states = exec.run(*count, buckets.iter_mut(), init, |(tallies, tray), _, bucket| {
            shelves.take_down(ctx, bucket, tray);
            gates.tally(tallies, bucket);
            shelves.put_back(bucket, tray);
            Ok(())
        })?;
        Ok(states.into_iter().map(|(tallies, _)| tallies).collect())
    }

    fn accept(
        &mut self,
        ctx: &Context<'_>,
        gates: &Gates,
        needs: &Needs,
        unswung: Pricings<'_>,
    ) -> Result<Survey, Error> {
        let Self { exec, kept: Kept { buckets, shelves }, count, .. } = self;
        let funds = ctx.terms.funds.len();
        let init = || (Surveyor::new(funds), Tray::default());
        let states = exec.run(*count, buckets.iter_mut(), init, |(surveyor, tray), _, bucket| {
            shelves.take_down(ctx, bucket, tray);
            gates.accept(bucket);
            surveyor.add(ctx, needs, unswung, bucket)?;
            shelves.put_rulings_back(ctx, bucket, tray);
            Ok(())
        })?;
        Ok(Survey::of(funds, states.iter().map(|(surveyor, _)| surveyor)))
    }
}

impl Kept {
    /// The number of the buckets, as a power of two.
    pub const fn bits(&self) -> u32 {
        self.buckets.len().trailing_zeros()
    }
}
