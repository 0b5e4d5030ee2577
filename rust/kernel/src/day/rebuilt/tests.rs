//! Days of partitions against days in memory.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::num::NonZeroUsize;

use super::super::events::EventKind;
use super::super::finish::{Ended, end, finish, received};
use super::super::hand_made::DATE;
use super::super::obligations::Parties;
use super::super::run::HeldDay;
use super::super::run::tests::{Tables, tables, with_input};
use super::super::tables::{LotColumns, OpeningColumns, PositionColumns};
use super::super::types::Kind;
use super::*;
use crate::error::Code;

/// Rows in memory, by partition.
struct Piles {
    bits: u32,
    orders: Vec<Vec<Order>>,
    positions: Vec<Vec<Position>>,
    lots: Vec<Vec<Lot>>,
}

impl Piles {
    fn new(rows: &Rows<'_>, input: &DayInput<'_>, bits: u32) -> Self {
        let mut piles = Self {
            bits,
            orders: vec![vec![]; 1 << bits],
            positions: vec![vec![]; 1 << bits],
            lots: vec![vec![]; 1 << bits],
        };
        let (mut orders, mut positions, mut lots) = (vec![], vec![], vec![]);
        rows.orders(0, 0..input.orders.rows, &mut orders).unwrap();
        rows.orders(1, 0..input.deferred.rows, &mut orders).unwrap();
        rows.positions(0..input.positions.rows, &mut positions).unwrap();
        rows.lots(0..input.lots.rows, &mut lots).unwrap();
        orders.into_iter().for_each(|row| piles.orders[bucket_of(row.account, bits)].push(row));
        positions.into_iter().for_each(|row| piles.positions[bucket_of(row.account, bits)].push(row));
        lots.into_iter().for_each(|row| piles.lots[bucket_of(row.account, bits)].push(row));
        piles
    }
}

impl Source for Piles {
    type Scratch = ();

    fn scratch(&self) {}

    fn bits(&self) -> u32 {
        self.bits
    }

    fn orders(&self) -> usize {
        self.orders.iter().map(Vec::len).sum()
    }

    fn positions(&self) -> usize {
        self.positions.iter().map(Vec::len).sum()
    }

    fn first_order(&self, partition: usize) -> usize {
        self.orders[..partition].iter().map(Vec::len).sum()
    }

    fn read(&self, (): &mut (), partition: usize, wanted: Wanted<'_>, buckets: &mut Buckets) -> Result<(), Error> {
        let orders = &self.orders[partition];
        let leaves = |account: i64, fund: u32| {
            orders.iter().any(|order| {
                (order.account, order.fund, order.kind) == (account, fund, Kind::Switch) && wanted.has(order.target)
            })
        };
        let is_in = |account: i64, fund: u32| wanted.has(fund) || leaves(account, fund);
        let positions = self.positions[partition].iter().filter(|row| is_in(row.account, row.fund));
        buckets.positions(&positions.copied().collect::<Vec<_>>());
        if !matches!(wanted, Wanted::Holders(_)) {
            let lots = self.lots[partition].iter().filter(|row| is_in(row.account, row.fund));
            lots.for_each(|row| buckets.lot(row));
        }
        if matches!(wanted, Wanted::All | Wanted::Around(_)) {
            let orders = orders.iter().filter(|row| is_in(row.account, row.fund));
            orders.for_each(|row| buckets.order(row));
        }
        Ok(())
    }
}

/// What a day wrote.
#[derive(Debug, Default, PartialEq)]
struct Written {
    confirmations: ConfirmationTable,
    positions: PositionColumns,
    lots: LotColumns,
}

/// Keeps what each partition wrote.
#[derive(Default)]
struct Shelf {
    parts: Vec<(usize, Written, Sums)>,
    opening: OpeningColumns,
}

macro_rules! append {
    ($($name:ident: $kind:ty),*) => {
        /// Columns of zeros may be empty, and are not any more.
        fn append(into: &mut ConfirmationTable, from: &ConfirmationTable) {
            let before = into.rows();
            let mut whole = ConfirmationTable::zeroed(before + from.rows());
            $(
                whole.$name[..into.$name.len()].copy_from_slice(&into.$name);
                whole.$name[before..][..from.$name.len()].copy_from_slice(&from.$name);
            )*
            *into = whole;
        }
    };
}

crate::confirmation_columns!(append);

impl Sink for Shelf {
    fn begin(&mut self, partition: usize) -> Result<bool, Error> {
        self.parts.push((partition, Written::default(), Sums::default()));
        Ok(true)
    }

    fn opening(&mut self, bucket: &Bucket) -> Result<(), Error> {
        self.opening.extend(&bucket.positions);
        Ok(())
    }

    fn settled(&mut self, confirmations: &ConfirmationTable, settled: &Settled) -> Result<(), Error> {
        let (_, written, _) = self.parts.last_mut().unwrap();
        append(&mut written.confirmations, confirmations);
        written.positions.extend(&settled.positions);
        written.lots.extend(&settled.lots);
        Ok(())
    }

    fn end(&mut self, partition: usize, sums: &Sums) -> Result<(), Error> {
        let last = self.parts.last_mut().unwrap();
        assert_eq!(last.0, partition);
        last.2 = sums.clone();
        Ok(())
    }
}

fn parties(ctx: &Context<'_>) -> Parties {
    let numbers = |count: usize, first: u32| (first..).take(count).collect::<Vec<_>>();
    let funds = ctx.terms.funds.len();
    Parties {
        custody: numbers(funds, 1),
        manager: numbers(funds, 100),
        netting_set: vec![0; funds],
        distributor: numbers(ctx.distributors.len(), 200),
        clearing: 0,
    }
}

/// What must be alike however a day was cleared.
fn essence(day: &Day<'_>, ended: &Ended) -> String {
    let Day { gates, swings, events, incomes, prices, .. } = day;
    let Ended { flows, settlement, postings, incomes: table, totals, entries } = ended;
    assert!(entries.iter().all(|entry| entry.left == entry.right));
    let decided = format!("{gates:?} {swings:?} {events:?} {incomes:?} {prices:?}");
    format!("{decided} {flows:?} {settlement:?} {postings:?} {table:?} {totals:?}")
}

fn in_memory(input: &DayInput<'_>) -> Result<(Written, String), Error> {
    let exec = Exec::new(NonZeroUsize::MIN, &|| true);
    let mut held = HeldDay::open(&exec, input)?;
    let mut confirmations = ConfirmationTable::zeroed(input.orders.rows + input.deferred.rows);
    let parties = parties(&held.day.ctx);
    let cleared = finish(&exec, &mut held, input, &parties, &[], confirmations.columns())?;
    let written = Written { confirmations, positions: cleared.positions, lots: cleared.lots };
    Ok((written, essence(&held.day, &cleared.ended)))
}

fn numbers(sums: &Sums) -> Vec<i128> {
    let mut numbers = Vec::new();
    sums.each(&mut |number| numbers.push(number));
    numbers
}

fn in_partitions(input: &DayInput<'_>, threads: usize, bits: u32) -> Result<(Written, String), Error> {
    let exec = Exec::new(NonZeroUsize::new(threads).unwrap(), &|| true);
    let rows = Rows::new(&exec, input)?;
    let piles = Piles::new(&rows, input, bits);
    let keys = (rows.funds.keys.clone(), rows.distributors.keys.clone());
    let day = RebuiltDay::open(&exec, input, &piles, keys)?;
    let (sinks, all) = day.settle(&exec, Shelf::default)?;
    let opening: usize = sinks.iter().map(|sink| sink.opening.account.len()).sum();
    assert_eq!(opening, input.positions.rows);
    let mut parts: Vec<_> = sinks.into_iter().flat_map(|sink| sink.parts).collect();
    parts.sort_by_key(|(partition, ..)| *partition);
    let (mut written, mut sums) = (Written::default(), Sums::default());
    let ctx = &day.day.ctx;
    for (_, part, of_part) in parts {
        append(&mut written.confirmations, &part.confirmations);
        written.positions.append(part.positions);
        written.lots.append(part.lots);
        let numbers = numbers(&of_part);
        let again = Sums::from_numbers(ctx, numbers.iter().copied()).unwrap();
        assert_eq!(self::numbers(&again), numbers);
        assert_eq!(Sums::from_numbers(ctx, numbers[1..].iter().copied()).map(|_| ()), None);
        sums.merge(ctx, &again);
    }
    assert_eq!(
        (&sums.totals, sums.flows.rows(), sums.flows.switched()),
        (&all.totals, all.flows.rows(), all.flows.switched())
    );
    let ended = end(&day.day, received(input, rows.duplicates()), &parties(ctx), &[], sums)?;
    Ok((written, essence(&day.day, &ended)))
}

/// Register events of all kinds on the accounts of the tables.
fn events(tables: &Tables) -> Vec<Event> {
    let kinds = [EventKind::Transfer, EventKind::Freeze, EventKind::ForcedCredit, EventKind::ForcedDebit];
    let moved = tables.positions.iter().step_by(7).zip(1..).map(|(position, id)| Event {
        placed_at: id,
        distributor: position[2],
        id,
        kind_code: 0,
        kind: kinds[usize::try_from(id % 4).unwrap()],
        account: position[0],
        transaction_account: 0,
        fund: position[1],
        charge: 0,
        units: 1 + id % 30,
        to_account: position[0] + 5,
        to_transaction_account: 0,
        to_distributor: position[2],
        option: 0,
    });
    moved.collect()
}

#[test]
fn a_day_of_partitions_is_the_day_in_memory() {
    let mut with_events = 0;
    for (orders, seeds, bits) in
        [(3, 0..20, 0), (80, 20..40, 0), (400, 40..45, 0), (40_000, 45..47, 1), (70_000, 47..48, 3)]
    {
        for seed in seeds {
            let tables = tables(orders, seed);
            let events = if seed % 2 == 0 { events(&tables) } else { Vec::new() };
            with_input(&tables, |input| {
                let input = DayInput { events: &events, ..*input };
                match (in_memory(&input), in_partitions(&input, 1 + orders % 3, bits)) {
                    (Ok(memory), Ok(partitions)) => {
                        assert_eq!(memory.1, partitions.1, "{seed}");
                        assert!(memory.0 == partitions.0, "{seed}");
                        with_events += usize::from(!events.is_empty());
                    }
                    (Err(memory), Err(partitions)) => assert_eq!(memory.code, partitions.code, "{seed}"),
                    (memory, partitions) => assert_eq!(memory.is_ok(), partitions.is_ok(), "{seed}"),
                }
            });
        }
    }
    assert!(with_events > 10);
}

#[test]
fn income_of_several_dates_is_shared_out_date_by_date() {
    let mut tables = tables(300, 5);
    tables.income = 0;
    let incomes =
        [1_000, 70_007, 3].map(|amount| Income { fund: 3, date: DATE - 2 + amount % 3, amount: i64::from(amount) });
    with_input(&tables, |input| {
        let mut terms = input.terms.clone();
        terms.funds[3].income =
            terms.funds[3].income.map(|policy| crate::terms::IncomePolicy { daily: true, ..policy });
        let input = DayInput { incomes: &incomes, terms: &terms, ..*input };
        let (memory, partitions) = (in_memory(&input).unwrap(), in_partitions(&input, 1, 0).unwrap());
        assert_eq!(memory.1, partitions.1);
        assert!(memory.0 == partitions.0);
        assert!(memory.0.positions.income.iter().any(|income| *income != 0));
    });
}

#[test]
fn a_register_that_does_not_tie_is_refused_by_whoever_opens_it() {
    let mut tables = tables(60, 9);
    tables.positions[6][3] = -1;
    with_input(&tables, |input| {
        let error = in_partitions(input, 1, 0).map(|_| ()).unwrap_err();
        assert_eq!(error.code, Code::Day(crate::error::Fault::Position));
        assert_eq!(error.operands, [i128::from(tables.positions[6][0])]);
    });
}
