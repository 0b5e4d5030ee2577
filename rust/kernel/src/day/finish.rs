//! The end of the day: every bucket is settled, proven and written, and what they add up to becomes the day's tables.

use std::mem;

use super::bucket::{Bucket, Context, Settled};
use super::events::EventOutcome;
use super::flows::{Flow, FlowTotals};
use super::input::{DayInput, Small};
use super::laws::{GateShare, Given, IncomeShare, Prover};
use super::ledger::{Moved, Posting, moved_by_fund, postings};
use super::obligations::{Obligation, Parties, Settlement, obligations, settle};
use super::proof::{Entry, Facts, GateFacts, IncomeRow, Received, prove_day};
use super::run::Day;
use super::shelf::Tray;
use super::stretch::{Progress, Stretch};
use super::tables::{BLOCK_ROWS, ConfirmationColumns, LotColumns, PositionColumns};
use super::totals::Totals;
use super::turns::{Turn, Turns};
use super::types::{Origin, Reason};
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

/// A worker's memory for settling buckets, and what its buckets add up to.
struct Worker {
    tray: Tray,
    settled: Settled,
    prover: Prover,
    totals: Totals,
    flows: FlowTotals,
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
    day: &mut Day<'_>,
    input: &DayInput<'_>,
    parties: &Parties,
    open_before: &[Obligation],
    mut columns: ConfirmationColumns<'_>,
) -> Result<Cleared, Error> {
    let buckets = mem::take(&mut day.buckets);
    let day = &*day;
    let ctx = &day.ctx;
    let (gates, incomes) = (gate_shares(day), income_shares(day));
    let given = Given { prices: &day.prices, gates: &gates, incomes: &incomes };
    let init = || Worker {
        tray: Tray::default(),
        settled: Settled::default(),
        prover: Prover::new(ctx, &given),
        totals: Totals::of(ctx.funds.len()),
        flows: FlowTotals::default(),
        lots: Vec::new(),
    };
    let (positions, mut workers) = settle_all(exec, day, buckets, &init, &mut columns)?;
    let mut totals = Totals::default();
    let mut flows = FlowTotals::default();
    for worker in &workers {
        totals.merge(&worker.totals);
        flows.merge(ctx, &worker.flows);
    }
    let mut of_buckets: Vec<_> = workers.iter_mut().flat_map(|worker| mem::take(&mut worker.lots)).collect();
    of_buckets.sort_unstable_by_key(|(index, _)| *index);
    let mut lots = LotColumns::default();
    for (_, of_bucket) in of_buckets {
        lots.append(of_bucket);
    }
    let (rows, switched) = (flows.rows()?, flows.switched());
    let settlement = settle(ctx.date, obligations(ctx, parties, &rows, &switched)?, open_before)?;
    let moved = moved(&day.events, ctx.terms.funds.len());
    let postings = postings(ctx, parties, &rows, &moved, &settlement.settled)?;
    let incomes = income_rows(day)?;
    let facts = Facts {
        prices: &day.prices,
        received: received(input, day.duplicates),
        gates: &gate_facts(day),
        incomes: &incomes,
        moved: &moved,
        flows: &rows,
        parties,
        open_before,
        settlement: &settlement,
        postings: &postings,
    };
    let entries = prove_day(ctx, &facts, &totals)?;
    Ok(Cleared { positions, lots, flows: rows, settlement, postings, incomes, entries, totals })
}

/// Settles, proves and writes all buckets: the closing positions, and what the workers keep.
fn settle_all(
    exec: &Exec<'_>,
    day: &Day<'_>,
    buckets: Vec<Bucket>,
    init: &(impl Fn() -> Worker + Sync),
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
    let workers = exec.run(day.rows(), tasks, init, |worker, index, (first, mut bucket, mut columns)| {
        day.shelves.take_down(&day.ctx, &mut bucket, &mut worker.tray);
        worker.take(day, &bucket, first, &mut columns, turns.at(index))?;
        day.shelves.put_back(&mut bucket, &mut worker.tray);
        Ok(())
    })?;
    let rows = turns.rows();
    positions.cut(rows);
    Ok((positions, workers))
}

impl Worker {
    /// Settles a bucket, and proves and writes it while it is in the cache.
    fn take(
        &mut self,
        day: &Day<'_>,
        bucket: &Bucket,
        first: usize,
        columns: &mut ConfirmationColumns<'_>,
        turn: Turn<'_, '_>,
    ) -> Result<(), Error> {
        let index = turn.index();
        let of_table = |error: Error| Error { row: error.row.map(|row| row.wrapping_add(first)), ..error };
        self.settled.clear();
        let mut done = Progress::default();
        while done != Progress::end(bucket) {
            let from = done;
            let before = (self.settled.positions.len(), self.settled.lots.len());
            self.settled.outcomes.clear();
            day.settle_stretch(bucket, &mut self.settled, &mut done, STRETCH_ROWS).map_err(of_table)?;
            self.write(&day.ctx, bucket, (from, done), before, (first, columns))?;
        }
        let mut register = turn.take(self.settled.positions.len())?;
        register.fill(&self.settled.positions);
        if !self.settled.lots.is_empty() {
            self.lots.push((index, self.settled.lots.as_slice().into()));
        }
        Ok(())
    }

    /// Proves, sums and writes a stretch of the settled bucket.
    fn write(
        &mut self,
        ctx: &Context<'_>,
        bucket: &Bucket,
        (from, to): (Progress, Progress),
        before: (usize, usize),
        (first, columns): (usize, &mut ConfirmationColumns<'_>),
    ) -> Result<(), Error> {
        let stretch = Stretch::between(bucket, &self.settled, (from, to), before);
        self.prover.prove_stretch(ctx, &stretch, &mut self.totals).map_err(|broken| broken.error(first))?;
        self.flows.add_orders(ctx, stretch.orders, stretch.outcomes);
        self.flows.add_positions(ctx, stretch.closing);
        for (orders, outcomes) in stretch.orders.chunks(BLOCK_ROWS).zip(stretch.outcomes.chunks(BLOCK_ROWS)) {
            columns.write(ctx, orders, outcomes).ok_or(Error::whole(Code::Overflow))?;
        }
        Ok(())
    }
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
fn received(input: &DayInput<'_>, duplicates: usize) -> Received {
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
