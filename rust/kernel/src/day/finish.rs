//! The end of the day: every bucket is settled, proven and written, and what they add up to becomes the day's tables.

use std::mem;

use super::bucket::{Bucket, Context, Settled};
use super::confirmations::{ConfirmationColumns, ConfirmationTable};
use super::events::EventOutcome;
use super::flows::{Flow, FlowTotals};
use super::input::{DayInput, Small};
use super::laws::{GateShare, Given, IncomeShare, Prover};
use super::ledger::{Moved, Posting, moved_by_fund, postings};
use super::obligations::{Obligation, Parties, Settlement, obligations, settle};
use super::proof::{Entry, Facts, GateFacts, IncomeRow, Received, prove_day};
use super::run::{Day, HeldDay};
use super::settle::settle_stretch;
use super::shelf::Tray;
use super::stretch::{Progress, Stretch};
use super::tables::{BLOCK_ROWS, LotColumns, PositionColumns};
use super::totals::Totals;
use super::turns::Turns;
use super::types::{Order, Origin, Outcome, Reason};
use crate::bounds::fits;
use crate::error::{Code, Error};
use crate::exec::Exec;
use crate::scale::{MAX_MINOR, power_of_ten};
use crate::wide::Wide;

/// So many orders and positions, or an account's more, are settled, proven and written at a time: they and what they
/// come to stay in a core's nearest caches.
const STRETCH_ROWS: usize = 256;

/// What a finished day gives besides the confirmations.
#[derive(Debug)]
pub struct Cleared {
    /// The register at the end of the day.
    pub positions: PositionColumns,
    /// The lots at the end of the day.
    pub lots: LotColumns,
    /// All else.
    pub ended: Ended,
}

/// What the settled buckets of a day come to.
#[derive(Debug)]
pub struct Ended {
    /// The flows by fund, distributor and kind.
    pub flows: Vec<Flow>,
    /// The obligations and how they are settled.
    pub settlement: Settlement,
    /// The postings.
    pub postings: Vec<Posting>,
    /// The income by fund and date.
    pub incomes: Vec<IncomeRow>,
    /// The laws that hold, with both sides.
    pub entries: Vec<Entry>,
    /// Sums of the tables' columns.
    pub totals: Totals,
}

/// What is decided of a day, as the laws of its rows need it.
#[derive(Debug)]
pub struct Shares {
    gates: Vec<Option<GateShare>>,
    incomes: Vec<Option<IncomeShare>>,
}

impl Shares {
    /// Of a day whose prices are decided.
    pub fn of(day: &Day<'_>) -> Self {
        Self { gates: gate_shares(day), incomes: income_shares(day) }
    }
}

/// What some settled buckets add up to; merged in any order.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    /// Both sides of the row laws.
    pub totals: Totals,
    /// The flows.
    pub flows: FlowTotals,
}

impl Sums {
    fn none(ctx: &Context<'_>) -> Self {
        Self { totals: Totals::of(ctx.funds.len()), flows: FlowTotals::default() }
    }

    /// Forgets all of it; the memory stays.
    pub fn clear(&mut self) {
        self.totals.clear();
        self.flows.clear();
    }

    /// Hands out the sums as numbers, for those who keep them.
    pub fn each(&self, visit: &mut impl FnMut(i128)) {
        self.totals.clone().each(&mut |number| visit(*number));
        self.flows.each(visit);
    }

    /// The sums from their numbers; `None` if they are not those of sums of such a day.
    pub fn from_numbers(ctx: &Context<'_>, mut numbers: impl Iterator<Item = i128>) -> Option<Self> {
        let mut sums = Self::none(ctx);
        let mut whole = true;
        sums.totals.each(&mut |number| match numbers.next() {
            Some(kept) => *number = kept,
            None => whole = false,
        });
        sums.flows = FlowTotals::from_numbers(ctx, numbers)?;
        whole.then_some(sums)
    }

    /// Adds the sums of other buckets.
    pub fn merge(&mut self, ctx: &Context<'_>, other: &Self) {
        self.totals.merge(&other.totals);
        self.flows.merge(ctx, &other.flows);
    }
}

/// Settles, proves and writes bucket after bucket; a worker keeps one for its memory.
#[derive(Debug)]
pub struct Settler {
    /// The positions and lots of the bucket that was settled last.
    pub settled: Settled,
    sums: Sums,
    prover: Prover,
}

impl Settler {
    /// For a day whose prices are decided.
    pub fn new(day: &Day<'_>, shares: &Shares) -> Self {
        let given = Given { prices: &day.prices, gates: &shares.gates, incomes: &shares.incomes };
        let sums = Sums::none(&day.ctx);
        Self { settled: Settled::default(), sums, prover: Prover::new(&day.ctx, &given) }
    }

    /// Settles a bucket, and proves and writes its confirmations while it is in the cache, into columns that are as
    /// long as it and zero; `first` is the number of its first order in the table. Its positions and lots stay in
    /// `settled`.
    ///
    /// # Errors
    /// As [`finish`].
    pub fn take(
        &mut self,
        day: &Day<'_>,
        bucket: &Bucket,
        first: usize,
        columns: &mut ConfirmationColumns<'_>,
    ) -> Result<(), Error> {
        let of_table = |error: Error| Error { row: error.row.map(|row| row.wrapping_add(first)), ..error };
        self.settled.clear();
        let mut done = Progress::default();
        while done != Progress::end(bucket) {
            let from = done;
            let before = (self.settled.positions.len(), self.settled.lots.len());
            self.settled.outcomes.clear();
            let settled = &mut self.settled;
            settle_stretch(&day.ctx, &day.pricings, bucket, settled, &mut done, STRETCH_ROWS).map_err(of_table)?;
            let write = |orders: &[Order], outcomes: &[Outcome]| columns.write(&day.ctx, orders, outcomes);
            self.prove(&day.ctx, bucket, (from, done), before, first, write)?;
        }
        Ok(())
    }

    /// Settles a bucket like [`Self::take`], and hands it on piece by piece, each of at least so many orders and
    /// positions but for the last one: its confirmations, and its closing positions and lots.
    ///
    /// # Errors
    /// As [`finish`], and those of who takes the pieces.
    pub fn take_pieces(
        &mut self,
        day: &Day<'_>,
        bucket: &Bucket,
        first: usize,
        rows: usize,
        table: &mut ConfirmationTable,
        mut hand_on: impl FnMut(&ConfirmationTable, &Settled) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let of_table = |error: Error| Error { row: error.row.map(|row| row.wrapping_add(first)), ..error };
        self.settled.clear();
        table.clear();
        let (mut done, mut handed) = (Progress::default(), 0_usize);
        let end = Progress::end(bucket);
        while done != end {
            let from = done;
            let before = (self.settled.positions.len(), self.settled.lots.len());
            self.settled.outcomes.clear();
            let settled = &mut self.settled;
            settle_stretch(&day.ctx, &day.pricings, bucket, settled, &mut done, STRETCH_ROWS).map_err(of_table)?;
            let write = |orders: &[Order], outcomes: &[Outcome]| table.add(&day.ctx, orders, outcomes);
            self.prove(&day.ctx, bucket, (from, done), before, first, write)?;
            // Rows of a bucket.
            let now = done.orders.wrapping_add(done.positions);
            if done == end || now.wrapping_sub(handed) >= rows {
                table.even_out();
                hand_on(table, &self.settled)?;
                handed = now;
                self.settled.clear();
                table.clear();
            }
        }
        Ok(())
    }

    /// What the buckets so far add up to.
    pub fn sums(&mut self) -> &Sums {
        self.prover.fold(&mut self.sums.totals);
        self.sums.flows.fold();
        &self.sums
    }

    /// Forgets what the buckets so far add up to.
    pub fn clear(&mut self) {
        self.sums();
        self.sums.clear();
    }

    /// Proves, sums and writes a stretch of the settled bucket.
    fn prove(
        &mut self,
        ctx: &Context<'_>,
        bucket: &Bucket,
        (from, to): (Progress, Progress),
        before: (usize, usize),
        first: usize,
        mut write: impl FnMut(&[Order], &[Outcome]) -> Option<()>,
    ) -> Result<(), Error> {
        let stretch = Stretch::between(bucket, &self.settled, (from, to), before);
        let Sums { totals, flows } = &mut self.sums;
        self.prover.prove_stretch(ctx, &stretch, totals).map_err(|broken| broken.error(first))?;
        flows.add_orders(ctx, stretch.orders, stretch.outcomes);
        flows.add_positions(ctx, stretch.closing);
        for (orders, outcomes) in stretch.orders.chunks(BLOCK_ROWS).zip(stretch.outcomes.chunks(BLOCK_ROWS)) {
            write(orders, outcomes).ok_or(Error::whole(Code::Overflow))?;
        }
        Ok(())
    }
}

/// A worker's memory for settling buckets in memory.
struct Worker {
    tray: Tray,
    settler: Settler,
    lots: Vec<(usize, LotColumns)>,
}

/// Settles a day whose prices are decided, proves it, and writes its confirmations into zeroed columns.
///
/// The day's buckets are used up: each gives its memory back as soon as it is written, so that the pages of the first
/// ones take in what is written of the last ones, and the day at no time needs fresh pages for both.
///
/// # Errors
/// [`Code::Law`] with the law's name if one does not hold; [`Code::Overflow`] if a result has more than 18 digits, with
/// the row of the confirmations if it is one's; [`Code::Cancelled`].
pub fn finish(
    exec: &Exec<'_>,
    held: &mut HeldDay<'_>,
    input: &DayInput<'_>,
    parties: &Parties,
    open_before: &[Obligation],
    mut columns: ConfirmationColumns<'_>,
) -> Result<Cleared, Error> {
    let buckets = mem::take(&mut held.kept.buckets);
    let (positions, mut workers) = settle_all(exec, held, buckets, &mut columns)?;
    let mut sums = Sums::default();
    workers.iter_mut().for_each(|worker| sums.merge(&held.day.ctx, worker.settler.sums()));
    let mut of_buckets: Vec<_> = workers.iter_mut().flat_map(|worker| mem::take(&mut worker.lots)).collect();
    of_buckets.sort_unstable_by_key(|(index, _)| *index);
    let mut lots = LotColumns::default();
    for (_, of_bucket) in of_buckets {
        lots.append(of_bucket);
    }
    let ended = end(&held.day, received(input, held.duplicates), parties, open_before, sums)?;
    Ok(Cleared { positions, lots, ended })
}

/// Ends a day all of whose buckets are settled: what they add up to becomes the day's tables, and the day is proven.
///
/// # Errors
/// As [`finish`].
pub fn end(
    day: &Day<'_>,
    received: Received,
    parties: &Parties,
    open_before: &[Obligation],
    sums: Sums,
) -> Result<Ended, Error> {
    let ctx = &day.ctx;
    let Sums { totals, flows } = sums;
    let (flows, switched) = (flows.rows()?, flows.switched());
    let settlement = settle(ctx.date, obligations(ctx, parties, &flows, &switched)?, open_before)?;
    let moved = moved(&day.events, ctx.terms.funds.len());
    let postings = postings(ctx, parties, &flows, &moved, &settlement.settled)?;
    let incomes = income_rows(day)?;
    let facts = Facts {
        prices: &day.prices,
        received,
        gates: &gate_facts(day),
        incomes: &incomes,
        moved: &moved,
        flows: &flows,
        parties,
        open_before,
        settlement: &settlement,
        postings: &postings,
    };
    let entries = prove_day(ctx, &facts, &totals)?;
    Ok(Ended { flows, settlement, postings, incomes, entries, totals })
}

/// Settles, proves and writes all buckets: the closing positions, and what the workers keep.
fn settle_all(
    exec: &Exec<'_>,
    held: &HeldDay<'_>,
    buckets: Vec<Bucket>,
    columns: &mut ConfirmationColumns<'_>,
) -> Result<(PositionColumns, Vec<Worker>), Error> {
    // An order opens one position at most.
    let rows = |bucket: &Bucket| bucket.position_rows().saturating_add(bucket.order_rows());
    let room = buckets.iter().fold(0_usize, |room, bucket| room.saturating_add(rows(bucket)));
    let mut positions = PositionColumns::zeroed(room);
    let turns = Turns::new(positions.written());
    let mut base = 0_usize;
    let tasks = buckets.into_iter().map(|bucket| {
        let first = base;
        // Rows in memory.
        let rows = bucket.order_rows();
        base = base.wrapping_add(rows);
        (first, bucket, columns.take(rows))
    });
    let (day, shelves) = (&held.day, &held.kept.shelves);
    let shares = Shares::of(day);
    let init = || Worker { tray: Tray::default(), settler: Settler::new(day, &shares), lots: Vec::new() };
    let workers = exec.run(held.rows, tasks, init, |worker, index, (first, mut bucket, mut columns)| {
        let Worker { tray, settler, lots } = worker;
        let turn = turns.at(index);
        shelves.take_down(&day.ctx, &mut bucket, tray);
        settler.take(day, &bucket, first, &mut columns)?;
        turn.take(settler.settled.positions.len())?.fill(&settler.settled.positions);
        if !settler.settled.lots.is_empty() {
            lots.push((index, settler.settled.lots.as_slice().into()));
        }
        shelves.put_back(&mut bucket, tray);
        Ok(())
    })?;
    let rows = turns.rows();
    positions.cut(rows);
    Ok((positions, workers))
}

/// How each limiting gate was shared, by the number of the portfolio's head.
fn gate_shares(day: &Day<'_>) -> Vec<Option<GateShare>> {
    let mut shares = vec![None; day.ctx.terms.funds.len()];
    for gate in &day.gates {
        let place = usize::try_from(gate.portfolio).ok().and_then(|head| shares.get_mut(head));
        if let (Some(place), Some((requested, limit))) = (place, gate.shared()) {
            *place = Some(GateShare { since: gate.shared_day(), requested, limit });
        }
    }
    shares
}

/// How each fund's income was shared, where it was one split.
fn income_shares(day: &Day<'_>) -> Vec<Option<IncomeShare>> {
    let mut shares = vec![None; day.ctx.terms.funds.len()];
    for result in &day.incomes {
        let daily = day.ctx.fund(result.fund).and_then(|fund| fund.income).is_some_and(|policy| policy.daily);
        if let Some(place) = usize::try_from(result.fund).ok().and_then(|fund| shares.get_mut(fund)).filter(|_| !daily)
        {
            let share = place.get_or_insert(IncomeShare { income: 0, entitled: result.entitled });
            // Fewer than 2^64 values below 2^63.
            share.income = share.income.wrapping_add(i128::from(result.income));
        }
    }
    shares
}

fn gate_facts(day: &Day<'_>) -> Vec<GateFacts> {
    let fact = |gate: &super::gate::Gated| GateFacts {
        portfolio: gate.portfolio,
        requested: gate.totals.requested,
        // Sums of fewer than 2^64 values below 2^63.
        incoming: gate.totals.subscribed.wrapping_add(gate.totals.switched),
        outstanding: gate.totals.opening,
        tripped: gate.tripped,
        limit: gate.shared().map(|_| gate.accepted),
    };
    day.gates.iter().map(fact).collect()
}

/// How many orders came, counted where they came in.
pub(super) fn received(input: &DayInput<'_>, duplicates: usize) -> Received {
    let count = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
    let left = input.deferred.rows;
    let carried = match input.deferred.origin {
        Small::Column(codes) => codes.iter().filter(|code| **code == Origin::Carried as u8).count(),
        Small::Scalar(code) => {
            if code == Origin::Carried as u8 {
                left
            } else {
                0
            }
        }
    };
    let all = input.orders.rows.saturating_add(left);
    Received {
        origins: [count(input.orders.rows), count(left.saturating_sub(carried)), count(carried)],
        standing: count(all.saturating_sub(duplicates)),
    }
}

/// What the events moved, by fund.
fn moved(events: &[EventOutcome], funds: usize) -> Vec<Moved> {
    let happened = events.iter().filter(|outcome| outcome.reason == Reason::None);
    moved_by_fund(happened.map(|outcome| (outcome.fund, outcome.event.kind, outcome.event.units)), funds)
}

/// The table of income.
fn income_rows(day: &Day<'_>) -> Result<Vec<IncomeRow>, Error> {
    let scales = day.ctx.terms.scales;
    let row = |result: &super::income::IncomeResult| {
        let failed =
            || Error { operands: vec![i128::from(result.income), result.entitled], ..Error::whole(Code::Overflow) };
        Ok(IncomeRow {
            fund: result.fund,
            date: result.date,
            income: result.income,
            entitled: i64::try_from(result.entitled).ok().filter(|units| fits(*units)).ok_or_else(failed)?,
            paid: result.paid,
            kept: result.kept,
            per_10k: per_10k(result.income, scales.cash, result.entitled, scales.units).ok_or_else(failed)?,
        })
    };
    day.incomes.iter().map(row).collect()
}

/// The income of 10,000 units, four decimal places, half up; zero where nobody is entitled.
fn per_10k(income: i64, cash: u8, units: i128, unit_places: u8) -> Option<i64> {
    if units == 0 {
        return Some(0);
    }
    // Eight places more: four for the ten thousand units, four of the result.
    let up = power_of_ten(u32::from(unit_places).checked_add(8)?)?;
    let numerator = Wide::product(u128::from(income.unsigned_abs()), up);
    let divisor = Wide::product(units.unsigned_abs(), power_of_ten(u32::from(cash))?);
    let (quotient, rest) = numerator.divide(divisor)?;
    let up = rest >= divisor.minus(rest);
    let magnitude = i64::try_from(quotient.checked_add(u128::from(up))?).ok().filter(|value| *value <= MAX_MINOR)?;
    // A magnitude of at most 18 digits.
    Some(if income < 0 { magnitude.wrapping_neg() } else { magnitude })
}
