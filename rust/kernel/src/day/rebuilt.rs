//! Buckets that nobody keeps: a day of more rows than memory, partition by partition.
//!
//! A partition is a stretch of buckets, those that the first bits of the mixed account have in common. For each pass a
//! worker reads one partition after another from where its rows are, hands the rows to their buckets, and makes all
//! that was decided before happen to each bucket again: what is decided is small, and to do it again is cheaper than to
//! keep what came of it.

use std::collections::BTreeMap;
use std::ops::Range;

use super::bucket::{Bucket, Context, PositionIncome, Settled};
use super::confirmations::ConfirmationTable;
use super::events::{Event, EventOutcome, Held, Register, by_bucket, happen, named, put_back, take};
use super::finish::{Settler, Shares, Sums};
use super::gate::Gates;
use super::hold::{Hold, Pricings, Ruler};
use super::income::{Given, Holders, IncomeResult, Plans, distribute, with_income};
use super::input::DayInput;
use super::intern::Numbers;
use super::opening::{Opener, Origins};
use super::rows::Rows;
use super::run::Day;
use super::scatter::{bucket_bits, bucket_of};
use super::survey::{Needs, Survey, Surveyor};
use super::types::{Income, Lot, Order, Position};
use crate::error::Error;
use crate::exec::Exec;
use crate::split::Tally;

/// Settled accounts are handed on when they have so many orders and positions: what they are written as stays in a
/// core's second-level cache.
const PIECE_ROWS: usize = 1 << 10;

/// Which rows of a partition are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted<'w> {
    /// Positions of some funds, by fund. More rows do no harm, here and below.
    Holders(&'w [bool]),
    /// Positions and their lots.
    Register,
    /// All rows.
    All,
    /// What gates and swings of some funds look at, by fund: all rows of these funds, and of every account that
    /// switches into one of them all rows of the fund that it leaves.
    Around(&'w [bool]),
}

impl Wanted<'_> {
    /// Whether rows of a fund are wanted of every account.
    #[inline]
    #[must_use]
    pub fn has(&self, fund: u32) -> bool {
        match self {
            Self::Holders(funds) | Self::Around(funds) => {
                usize::try_from(fund).ok().and_then(|fund| funds.get(fund)) == Some(&true)
            }
            _ => true,
        }
    }
}

/// Where the rows of a day are.
pub trait Source: Sync {
    /// A worker's memory for reading.
    type Scratch: Send;

    /// A worker's memory before it has read anything.
    fn scratch(&self) -> Self::Scratch;

    /// The number of partitions, as a power of two; at most as many as there are buckets.
    fn bits(&self) -> u32;

    /// Orders of all partitions, those of earlier days included.
    fn orders(&self) -> usize;

    /// Positions of all partitions.
    fn positions(&self) -> usize;

    /// The number of a partition's first order among the confirmations.
    fn first_order(&self, partition: usize) -> usize;

    /// Hands the rows of a partition to their buckets.
    ///
    /// # Errors
    /// The source's own, of which only the code gets through, and values of more than 18 digits.
    fn read(
        &self,
        scratch: &mut Self::Scratch,
        partition: usize,
        wanted: Wanted<'_>,
        buckets: &mut Buckets,
    ) -> Result<(), Error>;
}

/// The orders that earlier days left over, of keys that are numbered already.
///
/// # Errors
/// [`crate::error::Fault::DuplicateOrder`] if two of them have one id; values of more than 18 digits.
pub fn earlier_orders(input: &DayInput<'_>, funds: &Numbers, distributors: &Numbers) -> Result<Vec<Order>, Error> {
    Rows::earlier(input, funds, distributors)
}

/// The buckets of a partition while its rows come in.
#[derive(Debug)]
pub struct Buckets {
    list: Vec<Bucket>,
    bits: u32,
    /// Positions that are looked at in any order, and what they were given so far.
    loose: Option<(Vec<Position>, Vec<PositionIncome>)>,
}

impl Buckets {
    fn new(bits: u32, of_partitions: u32) -> Self {
        Self { list: vec![Bucket::default(); 1 << bits.saturating_sub(of_partitions)], bits, loose: None }
    }

    fn clear(&mut self) {
        for bucket in &mut self.list {
            let Bucket { orders, rulings, positions, lots, lot_ranges, income, .. } = bucket;
            orders.clear();
            rulings.clear();
            positions.clear();
            lots.clear();
            lot_ranges.clear();
            income.clear();
        }
    }

    #[inline]
    fn of(&mut self, account: i64) -> Option<&mut Bucket> {
        let mask = self.list.len().wrapping_sub(1);
        self.list.get_mut(bucket_of(account, self.bits) & mask)
    }

    /// Takes an order of the partition.
    #[inline]
    pub fn order(&mut self, order: &Order) {
        if let Some(bucket) = self.of(order.account) {
            bucket.orders.push(*order);
        }
    }

    /// Takes orders of the partition. Rows that are made already and only copied leave the processor free to fetch the
    /// places of many of them at once.
    pub fn orders(&mut self, orders: &[Order]) {
        orders.iter().for_each(|order| self.order(order));
    }

    /// Takes positions of the partition.
    pub fn positions(&mut self, positions: &[Position]) {
        if let Some((all, _)) = &mut self.loose {
            all.extend_from_slice(positions);
            return;
        }
        for position in positions {
            if let Some(bucket) = self.of(position.account) {
                bucket.positions.push(*position);
            }
        }
    }

    /// Takes a lot of the partition.
    #[inline]
    pub fn lot(&mut self, lot: &Lot) {
        if let Some(bucket) = self.of(lot.account) {
            bucket.lots.push(*lot);
        }
    }
}

/// What was decided so far, as far as it changes buckets.
#[derive(Debug, Default)]
struct Decided {
    /// Positions that events have changed, by bucket.
    moved: BTreeMap<usize, Vec<Held>>,
    /// The income that is shared out, portion by portion.
    portions: Vec<Plans>,
    /// The funds whose orders decide anything, by fund; `None` if all do.
    chosen: Option<Vec<bool>>,
    /// Whether orders are ruled about.
    is_ruled: bool,
    gates: Option<Gates>,
}

/// Buckets that are built again for each pass.
struct Rebuilt<'e, 'k, S> {
    exec: &'e Exec<'e>,
    recipe: Recipe<'k, S>,
}

/// How they are built.
struct Recipe<'k, S> {
    source: &'k S,
    /// The number of buckets, as a power of two.
    bits: u32,
    decided: Decided,
}

/// A worker's memory for building buckets.
struct Builder<R> {
    scratch: R,
    buckets: Buckets,
    opener: Opener,
    ruler: Ruler,
}

/// Of rows that come from several files nobody looks up where they stand: the account tells.
struct Nowhere;

impl Origins for Nowhere {
    fn row_of(&self, _: &Position) -> Option<usize> {
        None
    }
}

/// What takes the settled buckets of a worker's partitions.
pub trait Sink: Send {
    /// Before a partition; whether it is to be settled.
    fn begin(&mut self, partition: usize) -> Result<bool, Error>;

    /// The opened register of its next bucket, before events.
    fn opening(&mut self, bucket: &Bucket) -> Result<(), Error>;

    /// The next confirmations, and the closing positions and lots of their accounts.
    fn settled(&mut self, confirmations: &ConfirmationTable, settled: &Settled) -> Result<(), Error>;

    /// After all buckets of the partition, with what they add up to.
    fn end(&mut self, partition: usize, sums: &Sums) -> Result<(), Error>;
}

impl Decided {
    /// Makes what was decided about a bucket that is open happen to it.
    fn apply(&self, ctx: &Context<'_>, number: usize, ruler: &mut Ruler, bucket: &mut Bucket) -> Result<(), Error> {
        if let Some(moved) = self.moved.get(&number) {
            put_back(bucket, moved.clone());
        }
        self.pay(&bucket.positions, &mut bucket.income)?;
        if self.is_ruled {
            ruler.rule(ctx, &Nowhere, bucket)?;
        }
        if let Some(gates) = &self.gates {
            gates.accept(bucket);
        }
        Ok(())
    }

    /// Gives positions what was shared out so far.
    fn pay(&self, positions: &[Position], income: &mut Vec<PositionIncome>) -> Result<(), Error> {
        income.clear();
        for (portion, plans) in self.portions.iter().enumerate() {
            plans.give(positions, income, portion, &mut plans.nothing_given())?;
        }
        Ok(())
    }
}

impl<S: Source> Recipe<'_, S> {
    fn builder(&self) -> Builder<S::Scratch> {
        Builder {
            scratch: self.source.scratch(),
            buckets: Buckets::new(self.bits, self.source.bits()),
            opener: Opener::default(),
            ruler: Ruler::default(),
        }
    }

    /// The number of a partition's first bucket.
    fn first_bucket(&self, partition: usize) -> usize {
        partition << self.bits.saturating_sub(self.source.bits())
    }

    fn rows(&self) -> usize {
        self.source.orders().saturating_add(self.source.positions())
    }

    fn all(&self) -> Range<usize> {
        0..1 << self.source.bits()
    }
}

impl<'e, 'k, S: Source> Rebuilt<'e, 'k, S> {
    fn new(exec: &'e Exec<'_>, source: &'k S) -> Self {
        let bits = bucket_bits(source.orders(), source.positions());
        Self { exec, recipe: Recipe { source, bits, decided: Decided::default() } }
    }

    /// Works on the open buckets of some partitions, to each of which all happened that was decided.
    fn pass<T: Send>(
        &self,
        ctx: &Context<'_>,
        wanted: Wanted<'_>,
        chosen: impl Iterator<Item = usize> + Send,
        init: impl Fn() -> T + Sync,
        work: impl Fn(&mut T, &mut Ruler, usize, &mut Bucket) -> Result<(), Error> + Sync,
    ) -> Result<Vec<T>, Error> {
        let Self { exec, recipe } = self;
        let init = || (recipe.builder(), init());
        let states = exec.run(recipe.rows(), chosen, init, |(builder, state), _, partition| {
            let Builder { scratch, buckets, opener, ruler } = builder;
            buckets.clear();
            recipe.source.read(scratch, partition, wanted, buckets)?;
            for (number, bucket) in (recipe.first_bucket(partition)..).zip(&mut buckets.list) {
                opener.open(&Nowhere, ctx.terms, bucket)?;
                recipe.decided.apply(ctx, number, ruler, bucket)?;
                work(state, ruler, number, bucket)?;
            }
            Ok(())
        })?;
        Ok(states.into_iter().map(|(_, state)| state).collect())
    }

    /// The same for the orders and positions of all partitions that decide anything. An event may touch a position
    /// whose orders decide nothing; it would stand there without them.
    fn pass_all<T: Send>(
        &self,
        ctx: &Context<'_>,
        init: impl Fn() -> T + Sync,
        work: impl Fn(&mut T, &mut Ruler, &mut Bucket) -> Result<(), Error> + Sync,
    ) -> Result<Vec<T>, Error> {
        let work = |state: &mut T, ruler: &mut Ruler, _: usize, bucket: &mut Bucket| work(state, ruler, bucket);
        let decided = &self.recipe.decided;
        let wanted = match &decided.chosen {
            Some(funds) if decided.moved.is_empty() => Wanted::Around(funds),
            _ => Wanted::All,
        };
        self.pass(ctx, wanted, self.recipe.all(), init, work)
    }
}

/// Positions as the source has them: to be looked at, they need not stand in order. Those of days with events do,
/// because events change some of them.
struct Open<'h, 'e, 'k, 'a, S> {
    hold: &'h mut Rebuilt<'e, 'k, S>,
    ctx: &'h Context<'a>,
    /// The funds whose positions are looked at, by fund.
    funds: Vec<bool>,
}

impl<S: Source> Open<'_, '_, '_, '_, S> {
    fn pass<T: Send>(
        &self,
        init: impl Fn() -> T + Sync,
        work: impl Fn(&mut T, &[Position], &mut Vec<PositionIncome>) -> Result<(), Error> + Sync,
    ) -> Result<Vec<T>, Error> {
        let (Rebuilt { exec, recipe }, funds) = (&*self.hold, &self.funds);
        if !recipe.decided.moved.is_empty() {
            let work = |state: &mut T, _: &mut Ruler, _: usize, bucket: &mut Bucket| {
                work(state, &bucket.positions, &mut bucket.income)
            };
            return self.hold.pass(self.ctx, Wanted::Register, recipe.all(), init, work);
        }
        let init = || (recipe.builder(), init());
        let states = exec.run(recipe.rows(), recipe.all(), init, |(builder, state), _, partition| {
            let Builder { scratch, buckets, .. } = builder;
            buckets.loose.get_or_insert_default().0.clear();
            recipe.source.read(scratch, partition, Wanted::Holders(funds), buckets)?;
            let Some((positions, income)) = &mut buckets.loose else { return Ok(()) };
            recipe.decided.pay(positions, income)?;
            work(state, positions, income)
        })?;
        Ok(states.into_iter().map(|(_, state)| state).collect())
    }
}

impl<S: Source> Holders for Open<'_, '_, '_, '_, S> {
    fn look<T: Send>(
        &self,
        init: impl Fn() -> T + Sync,
        look: impl Fn(&mut T, &[Position], &[PositionIncome]) + Sync,
    ) -> Result<Vec<T>, Error> {
        self.pass(init, |state, positions, income| {
            look(state, positions, income);
            Ok(())
        })
    }

    fn give(&mut self, plans: &Plans, portion: usize) -> Result<Vec<Vec<Given>>, Error> {
        let given = self
            .pass(|| plans.nothing_given(), |given, positions, income| plans.give(positions, income, portion, given))?;
        self.hold.recipe.decided.portions.push(plans.clone());
        Ok(given)
    }
}

impl<S: Source> Hold for Rebuilt<'_, '_, S> {
    /// Every pass that needs an open register opens it.
    fn open(&mut self, _: &Context<'_>) -> Result<(), Error> {
        Ok(())
    }

    fn apply(&mut self, ctx: &Context<'_>, events: &[Event]) -> Result<Vec<EventOutcome>, Error> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let bits = self.recipe.bits;
        let of_partition = bits.saturating_sub(self.recipe.source.bits());
        let mut by_number = BTreeMap::<usize, Vec<_>>::new();
        for key in named(ctx, events)? {
            by_number.entry(bucket_of(key.0, bits)).or_default().push(key);
        }
        let mut chosen: Vec<_> = by_number.keys().map(|number| number >> of_partition).collect();
        chosen.dedup();
        let found =
            self.pass(ctx, Wanted::Register, chosen.into_iter(), Register::new, |register, _, number, bucket| {
                let keys = by_number.get(&number).into_iter().flatten();
                register.extend(keys.filter_map(|key| Some((*key, take(bucket, *key)?))));
                Ok(())
            })?;
        let mut register: Register = found.into_iter().flatten().collect();
        let outcomes = happen(ctx, events, &mut register)?;
        self.recipe.decided.moved = by_bucket(register, |account| bucket_of(account, bits));
        Ok(outcomes)
    }

    fn distribute(&mut self, ctx: &Context<'_>, incomes: &[Income]) -> Result<Vec<IncomeResult>, Error> {
        distribute(ctx, incomes, &mut Open { hold: self, ctx, funds: with_income(ctx, incomes) })
    }

    fn dealt(&self, _: usize) -> Vec<bool> {
        Vec::new()
    }

    fn rule(&mut self, ctx: &Context<'_>, needs: &Needs, unswung: Pricings<'_>) -> Result<Survey, Error> {
        let funds = ctx.terms.funds.len();
        self.recipe.decided.chosen = needs.chosen();
        // Who needs no totals does not look at the orders before they are settled.
        let surveyors = if needs.any() {
            self.pass_all(
                ctx,
                || Surveyor::new(funds),
                |surveyor, ruler, bucket| {
                    ruler.rule(ctx, &Nowhere, bucket)?;
                    surveyor.add(ctx, needs, unswung, bucket)
                },
            )?
        } else {
            Vec::new()
        };
        self.recipe.decided.is_ruled = true;
        Ok(Survey::of(funds, surveyors.iter()))
    }

    fn tally(&mut self, ctx: &Context<'_>, gates: &Gates) -> Result<Vec<Vec<Option<Tally>>>, Error> {
        self.pass_all(
            ctx,
            || gates.tallies(),
            |tallies, _, bucket| {
                gates.tally(tallies, bucket);
                Ok(())
            },
        )
    }

    fn accept(
        &mut self,
        ctx: &Context<'_>,
        gates: &Gates,
        needs: &Needs,
        unswung: Pricings<'_>,
    ) -> Result<Survey, Error> {
        self.recipe.decided.gates = Some(gates.clone());
        let funds = ctx.terms.funds.len();
        let surveyors = self.pass_all(
            ctx,
            || Surveyor::new(funds),
            |surveyor, _, bucket| surveyor.add(ctx, needs, unswung, bucket),
        )?;
        Ok(Survey::of(funds, surveyors.iter()))
    }
}

/// A day whose prices are decided, and whose buckets can be built again.
pub struct RebuiltDay<'k, 'a, S> {
    /// What is decided.
    pub day: Day<'a>,
    recipe: Recipe<'k, S>,
}

impl<'k, 'a, S: Source> RebuiltDay<'k, 'a, S> {
    /// Takes the day up to its prices. The input's tables are empty: their rows are the source's, and in these funds
    /// and distributors are the numbers of the keys that are given here, those of the terms' funds first.
    ///
    /// # Errors
    /// As [`super::run::HeldDay::open`], and those of the source.
    pub fn open(
        exec: &Exec<'_>,
        input: &DayInput<'a>,
        source: &'k S,
        (funds, distributors): (Vec<i64>, Vec<i64>),
    ) -> Result<Self, Error> {
        input.check()?;
        let ctx = input.context(funds, distributors)?;
        let mut hold = Rebuilt::new(exec, source);
        let day = Day::decide(ctx, input, &mut hold)?;
        Ok(Self { day, recipe: hold.recipe })
    }

    /// Settles and proves the partitions one after another, and hands them to the workers' sinks, which come back with
    /// what the partitions add up to.
    ///
    /// # Errors
    /// As [`super::finish::finish`], and those of the source and of the sinks.
    pub fn settle<K: Sink>(&self, exec: &Exec<'_>, sink: impl Fn() -> K + Sync) -> Result<(Vec<K>, Sums), Error> {
        let Self { day, recipe } = self;
        let shares = Shares::of(day);
        let settler = || (Settler::new(day, &shares), ConfirmationTable::default());
        let init = || (recipe.builder(), settler(), sink(), Sums::default());
        let states = exec.run(recipe.rows(), recipe.all(), init, |state, _, partition| {
            let (builder, (settler, table), sink, sums) = state;
            if !sink.begin(partition)? {
                return Ok(());
            }
            let Builder { scratch, buckets, opener, ruler } = builder;
            buckets.clear();
            recipe.source.read(scratch, partition, Wanted::All, buckets)?;
            let mut first = recipe.source.first_order(partition);
            for (number, bucket) in (recipe.first_bucket(partition)..).zip(&mut buckets.list) {
                opener.open(&Nowhere, day.ctx.terms, bucket)?;
                sink.opening(bucket)?;
                recipe.decided.apply(&day.ctx, number, ruler, bucket)?;
                settler.take_pieces(day, bucket, first, PIECE_ROWS, table, |table, settled| {
                    sink.settled(table, settled)
                })?;
                // Rows of a day.
                first = first.wrapping_add(bucket.orders.len());
            }
            sums.merge(&day.ctx, settler.sums());
            sink.end(partition, settler.sums())?;
            settler.clear();
            Ok(())
        })?;
        let mut all = Sums::default();
        states.iter().for_each(|(.., sums)| all.merge(&day.ctx, sums));
        Ok((states.into_iter().map(|(_, _, sink, _)| sink).collect(), all))
    }
}

#[cfg(test)]
mod tests;
