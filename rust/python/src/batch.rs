//! A day of files: read, settled and written by partitions; Python says what the columns mean and who the parties are.

mod dictionaries;
mod planned;
mod watching;
mod written;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use fundclear_batch::blocks::{Budget, Partitions, Shuffle, Spill};
use fundclear_batch::duplicates::MOST;
use fundclear_batch::error::{Error, Failures};
use fundclear_batch::journal::{Journal, Record};
use fundclear_batch::packed::Packed;
use fundclear_batch::read::{Found, Reads};
use fundclear_batch::resolve::resolve;
use fundclear_batch::scan::Source;
use fundclear_batch::settle::{OutTables, PartSink, Target};
use fundclear_batch::source::{Choices, DayRows};
use fundclear_kernel::day::Numbers;
use fundclear_kernel::day::finish::{Sums, end};
use fundclear_kernel::day::obligations::{Obligation, Parties};
use fundclear_kernel::day::proof::Received;
use fundclear_kernel::day::rebuilt::{RebuiltDay, earlier_orders};
use fundclear_kernel::day::scatter::bucket_of;
use fundclear_kernel::day::types::{Order, Origin};
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use self::planned::{Asked, Registries};
use self::watching::{Watch, raised};
use crate::call::Threads;
use crate::day::{Start, add_ended, inputs};
use crate::terms::CompiledTerms;

pub use self::dictionaries::TextDictionary;
pub use self::planned::plan_file;

/// The tables of a run's input, in the order in which they are read.
const TABLES: [&str; 3] = ["orders", "positions", "lots"];

/// Where a run works.
struct Place {
    folder: PathBuf,
    journal: PathBuf,
    /// What the names of its unfinished files begin with.
    attempt: String,
    bits: u32,
}

/// What a run needs all the time.
struct Run<'r, 'py> {
    py: Python<'py>,
    threads: Threads,
    watch: &'r Watch<'py>,
    failures: &'r Failures,
    place: &'r Place,
    /// The rows of all input tables together.
    rows: usize,
}

/// Runs a day from files to files. `asked` says what is read; `understand` gets what was found in it, and gives what a
/// day starts from besides; `settle_with` is as for a day in memory, and names the tables that are written.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "all that a run starts from")]
pub fn run_day<'py>(
    py: Python<'py>,
    asked: &Bound<'py, PyDict>,
    terms: &CompiledTerms,
    understand: &Bound<'py, PyAny>,
    settle_with: &Bound<'py, PyAny>,
    progress: &Bound<'py, PyAny>,
    place: (PathBuf, PathBuf, String),
    memory: u64,
    threads: Threads,
) -> PyResult<Bound<'py, PyDict>> {
    let asked = Asked::extract(asked)?;
    let mut registries = Registries::new(&asked);
    let sources = asked.sources(py)?;
    let (folder, journal, attempt) = place;
    let (failures, watch) = (Failures::default(), Watch::new(progress));
    let working = folder.parent().map_or_else(PathBuf::new, Path::to_owned);
    let spill = Spill::new(&working, &format!("{attempt}-spill"));
    let spill = spill.map_err(|error| raised(py, Error::file(&working, error)))?;
    let place = Place { folder, journal, attempt, bits: asked.bits };
    let rows = sources.iter().flatten().map(Source::rows).sum();
    let run = Run { py, threads, watch: &watch, failures: &failures, place: &place, rows };
    registries.dictionaries = run.dictionaries(&asked, &sources, (&working, memory))?;
    let budget = Budget::new(memory.saturating_sub(registries.dictionaries.memory()));
    let mut tables = run.read(&asked, &registries, &sources, (&budget, &spill))?;
    let facts = PyDict::new(py);
    asked.tell(&facts, &registries, &tables)?;
    let understood = understand.call1((&facts,))?.cast_into::<PyDict>()?;
    let start = Start::of(&understood)?;
    let input = start.received.input(terms.terms());
    let numbers = (Numbers::new(start.funds.clone()), Numbers::new(start.distributors.clone()));
    let suspects = tables.first_mut().and_then(Option::as_mut).map(|(found, _)| std::mem::take(&mut found.suspects));
    let mut packed = Vec::new();
    for (name, table) in TABLES.iter().zip(tables) {
        packed.push(match table {
            Some((_, partitions)) => Some(Packed { partitions, columns: asked.columns(name, &understood, &numbers)? }),
            None => None,
        });
    }
    let mut packed = packed.into_iter();
    let (orders, positions, lots) = (packed.next().flatten(), packed.next().flatten(), packed.next().flatten());
    let orders = orders.ok_or_else(|| planned::missing(py, "orders"))?;
    let earlier = earlier_orders(&input, &numbers.0, &numbers.1).map_err(|error| start.told(py, &error))?;
    let ids: HashSet<(u32, i64)> = earlier.iter().map(|order| (order.distributor, order.id)).collect();
    let (partitions, suspects) = (1_usize << place.bits, suspects.unwrap_or_default());
    let refused =
        run.work("duplicates", &start, |exec| resolve(exec, &orders, partitions, &suspects, &ids, &failures))?;
    let today = (0..partitions).map(|partition| orders.partitions.rows(partition)).sum();
    let received = received(today, &earlier, refused.count());
    let earlier = by_partition(earlier, place.bits);
    let (kinds, date, failures) = (start.kinds.clone(), input.date, &failures);
    let (bits, meter) = (place.bits, watch.meter());
    let choices = Choices::new(bits);
    let rows = DayRows { bits, orders, earlier, positions, lots, kinds, refused, choices, date, failures, meter };
    let keys = (start.funds.clone(), start.distributors.clone());
    let day = run.work("decide", &start, |exec| {
        RebuiltDay::open(exec, &input, &rows, keys).map_err(|error| failures.or(error))
    })?;
    let (parties, open, out) = run.ask(settle_with, &day)?;
    let settled = run.settle(&start, &day, &out)?;
    let ended = end(&day.day, received, &parties, &open, settled.sums);
    let ended = ended.map_err(|error| start.told(py, &error))?;
    let made = PyDict::new(py);
    add_ended(&made, &day.day, ended)?;
    written::add_parts(&made, &out, &settled.records)?;
    made.set_item("resumed", settled.resumed)?;
    made.set_item("memory", budget.used())?;
    made.set_item("dictionaries", registries.dictionaries.about())?;
    made.set_item("spilled", spill.bytes())?;
    made.set_item("seconds", watch.seconds())?;
    Ok(made)
}

/// A table that was read, with what was found in it.
type Read<'s> = Option<(Found, Partitions<'s>)>;

impl<'py> Run<'_, 'py> {
    /// Does work that fails as a day does.
    fn work<T: Send>(
        &self,
        phase: &'static str,
        start: &Start<'_>,
        work: impl FnOnce(&fundclear_kernel::exec::Exec<'_>) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        let done = self.watch.run(self.py, phase, self.threads, self.rows, work)?;
        done.map_err(|error| match error {
            Error::Kernel(error) => start.told(self.py, &error),
            other => raised(self.py, other),
        })
    }

    /// Reads all tables.
    fn read<'s>(
        &self,
        asked: &Asked,
        registries: &Registries,
        sources: &[Vec<Source>],
        (budget, spill): (&'s Budget, &'s Spill),
    ) -> PyResult<Vec<Read<'s>>> {
        let mut tables = Vec::new();
        for ((name, sources), table) in TABLES.iter().zip(sources).zip(&asked.tables) {
            let Some(table) = table else {
                tables.push(None);
                continue;
            };
            let shuffle = Shuffle::new(self.place.bits, table.width(), budget, spill);
            let sieve = table.sieve(sources, MOST);
            let read = table.read(name, registries, sources);
            let (bits, failures, meter) = (self.place.bits, self.failures, self.watch.meter());
            let reads = Reads { bits, shuffle: &shuffle, sieve: sieve.as_ref(), failures, meter };
            let done = self.watch.run(self.py, "read", self.threads, self.rows, |exec| read.run(exec, &reads))?;
            let found =
                done.map_err(|error| registries.not_digits(self.py).unwrap_or_else(|| raised(self.py, error)))?;
            tables.push(Some((found, shuffle.finish())));
        }
        Ok(tables)
    }

    /// Asks who the parties are, and what is written.
    fn ask(
        &self,
        settle_with: &Bound<'py, PyAny>,
        day: &RebuiltDay<'_, '_, DayRows<'_>>,
    ) -> PyResult<(Parties, Vec<Obligation>, OutTables)> {
        let funds = PyArray1::from_slice(self.py, &day.day.ctx.funds);
        let distributors = PyArray1::from_slice(self.py, &day.day.ctx.distributors);
        let (parties, open, specs) =
            settle_with
                .call1((funds, distributors))?
                .extract::<(Bound<'_, PyDict>, Vec<inputs::OpenRow>, Bound<'_, PyDict>)>()?;
        Ok((inputs::parties(&parties)?, inputs::obligations(open), written::tables(&specs)?))
    }

    /// Settles the partitions that are not finished.
    fn settle(
        &self,
        start: &Start<'_>,
        day: &RebuiltDay<'_, '_, DayRows<'_>>,
        out: &OutTables,
    ) -> PyResult<AllSettled> {
        let Place { folder, journal: path, attempt, bits } = self.place;
        let opened = Journal::open(path);
        let (journal, noted) = opened.map_err(|error| raised(self.py, Error::file(path, error)))?;
        let finished = self.work("check", start, |exec| written::still_there(exec, folder, noted))?;
        let target = Target {
            tables: out,
            folder,
            partitions: 1 << bits,
            finished: &finished,
            journal: &journal,
            attempt,
            failures: self.failures,
            meter: self.watch.meter(),
        };
        let (settled, mut sums) = self.work("settle", start, |exec| {
            let settled = day.settle(exec, || PartSink::new(&target)).map_err(|error| self.failures.or(error));
            let (sinks, sums) = settled?;
            let records = sinks.into_iter().map(PartSink::into_records).collect::<Result<Vec<_>, _>>()?;
            Ok((records, sums))
        })?;
        let mut records: BTreeMap<_, _> =
            settled.into_iter().flatten().map(|record| (record.partition, record)).collect();
        let resumed = finished.len();
        for (partition, noted) in finished {
            let of_partition = noted.sums(&day.day.ctx);
            sums.merge(&day.day.ctx, &of_partition.ok_or_else(|| planned::missing(self.py, "journal"))?);
            records.insert(partition, noted.record);
        }
        Ok(AllSettled { resumed, records, sums })
    }
}

/// All partitions, once they are settled.
struct AllSettled {
    /// How many were finished before.
    resumed: usize,
    records: BTreeMap<usize, Record>,
    /// What they add up to.
    sums: Sums,
}

/// How many orders came in, by where they came from.
fn received(today: usize, earlier: &[Order], refused: usize) -> Received {
    let count = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
    let carried = earlier.iter().filter(|order| order.origin == Origin::Carried).count();
    Received {
        origins: [count(today), count(earlier.len() - carried), count(carried)],
        standing: count(today + earlier.len() - refused),
    }
}

fn by_partition(orders: Vec<Order>, bits: u32) -> Vec<Vec<Order>> {
    let mut partitions = vec![Vec::new(); 1 << bits];
    for order in orders {
        if let Some(partition) = partitions.get_mut(bucket_of(order.account, bits)) {
            partition.push(order);
        }
    }
    partitions
}
