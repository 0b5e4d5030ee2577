//! Reading a table: every row is checked, counted in the table's fingerprint, and kept packed in its partition.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use fundclear_kernel::day::fingerprint::{Field, Ints, Printer};
use fundclear_kernel::day::scatter::bucket_of;
use fundclear_kernel::error::Error as KernelError;
use fundclear_kernel::exec::Exec;
use fundclear_kernel::scale::{MAX_MINOR, power_of_ten};
use fundclear_store::error::Error as StoreError;

use crate::blocks::{Shuffle, Writer};
use crate::dictionary::ABSENT;
use crate::error::{Error, Failures};
use crate::measures::{Measures, quantities};
use crate::progress::Meter;
use crate::scan::{Column, Form, Memory, Source};
use crate::sieve::Sieve;
use crate::texts::{Cache, Reading, digits_hash};

/// Rows that are read, checked and handed out at a time: their columns stay in a core's second-level cache.
const CHUNK_ROWS: usize = 4096;

/// Values that were seen last are remembered by so many patterns of their low bits.
const RECENT: usize = 1 << 10;

/// So many orders may give more than one charge of their own: they are kept as a whole.
const MOST_SEVERAL: usize = 1 << 20;

/// A column of a table that is read.
#[derive(Clone, Debug)]
pub struct InColumn {
    /// Its name in the files.
    pub name: &'static str,
    /// Its place among the packed columns; none if nothing of it is kept.
    pub packed: Option<usize>,
    /// Its decimals in the files, the most of any; of money only.
    pub scale: u8,
    /// The decimals that it is kept with; of money only.
    pub kept: u8,
    /// Whether it is money.
    pub is_money: bool,
    /// The hash of the text that a column that is not there stands for; zero for none.
    pub default: u64,
}

/// A table that is read.
#[derive(Debug)]
pub struct TableRead<'r> {
    /// The name under which its fingerprint is taken.
    pub name: &'static str,
    /// Its files.
    pub sources: &'r [Source],
    /// The columns, in the order in which the sources were planned.
    pub columns: Vec<InColumn>,
    /// What the texts of each column become.
    pub texts: Vec<Reading<'r>>,
    /// The columns that its fingerprint looks at, in that order; those that are not there count as nothing.
    pub looked_at: Vec<usize>,
    /// The places, among these, of columns of which a row must have one to count; none if all rows count.
    pub counted: Vec<usize>,
    /// The column that partitions go by.
    pub account: usize,
    /// Columns of integers of which the distinct values are wanted.
    pub distinct: Vec<usize>,
    /// Where ids and distributors stand, if they are to be sifted.
    pub sifted: Option<(usize, usize)>,
    /// The charges that an order may give of its own; rows that give more than one are kept as they were given.
    pub charges: Vec<usize>,
    /// The id of the first row, where rows are their own ids.
    pub own_ids: Option<(usize, i64)>,
    /// What quantities are made of, if they have no column of their own.
    pub measures: Option<Measures>,
}

/// What all workers share.
#[derive(Debug)]
pub struct Reads<'r> {
    /// The number of partitions, as a power of two.
    pub bits: u32,
    /// Where rows go.
    pub shuffle: &'r Shuffle<'r>,
    /// Who sifts ids.
    pub sieve: Option<&'r Sieve>,
    /// Where failures are left.
    pub failures: &'r Failures,
    /// What is done so far.
    pub meter: &'r Meter,
}

/// What was found in a table.
#[derive(Debug, Default)]
pub struct Found {
    /// Its fingerprint.
    pub fingerprint: u128,
    /// The distinct values of the columns that were asked for, one set for each.
    pub distinct: Vec<BTreeSet<i64>>,
    /// Distributor and id of orders that may be there twice.
    pub suspects: HashSet<(i64, i64)>,
    /// All columns of the orders that give more than one charge of their own, row after row.
    pub several: Vec<i64>,
}

/// A worker's memory.
struct Worker<'r> {
    writer: Writer<'r>,
    /// Memory of columns that were read.
    spare: Vec<Memory>,
    caches: Vec<Cache<'r>>,
    partitions: Vec<u32>,
    rows: Vec<i64>,
    /// The columns of a chunk, in their files' decimals.
    values: Vec<Vec<i64>>,
    hashes: Vec<Vec<i64>>,
    printer: Printer,
    /// Values that were seen, and those of them that were seen last, by their low bits: most rows end there.
    seen: Vec<(Vec<i64>, HashSet<i64>)>,
    found: Found,
}

impl TableRead<'_> {
    /// Reads all row groups of all files.
    ///
    /// # Errors
    /// What is wrong with a file, or the disk; the caller asked to stop.
    pub fn run(&self, exec: &Exec<'_>, reads: &Reads<'_>) -> Result<Found, Error> {
        let mut tasks = Vec::new();
        let mut first = 0;
        for source in self.sources {
            for group in 0..source.groups() {
                tasks.push((source, group, first));
                first += source.group_rows(group);
            }
        }
        let total = Mutex::new(Found { distinct: vec![BTreeSet::new(); self.distinct.len()], ..Found::default() });
        let init = || self.worker(reads);
        let states = exec.run(first, tasks.into_iter(), init, |worker, _, (source, group, first)| {
            let done = self.group(worker, reads, (source, group), first);
            done.map_err(|error| reads.failures.keep(error))
        });
        for worker in states.map_err(|error| reads.failures.or(error))? {
            let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
            // Modulo 2^128.
            total.fingerprint = total.fingerprint.wrapping_add(worker.found.fingerprint);
            total.suspects.extend(worker.found.suspects);
            total.several.extend(worker.found.several);
            for (all, (_, seen)) in total.distinct.iter_mut().zip(worker.seen) {
                all.extend(seen);
            }
            worker.writer.finish()?;
        }
        let total = total.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.check_several(&total.several)?;
        Ok(total)
    }

    fn worker<'w>(&'w self, reads: &'w Reads<'_>) -> Worker<'w> {
        Worker {
            writer: reads.shuffle.writer(),
            spare: Vec::new(),
            caches: self.texts.iter().map(|reading| Cache::new(*reading)).collect(),
            partitions: Vec::new(),
            rows: Vec::new(),
            values: vec![Vec::new(); self.columns.len()],
            hashes: vec![Vec::new(); self.columns.len()],
            printer: Printer::default(),
            // At first each place holds a value that does not belong there, so that none is taken for seen.
            seen: vec![((1..).take(RECENT).collect(), HashSet::new()); self.distinct.len()],
            found: Found::default(),
        }
    }

    fn group(
        &self,
        worker: &mut Worker<'_>,
        reads: &Reads<'_>,
        (source, group): (&Source, usize),
        first: usize,
    ) -> Result<(), Error> {
        let path = source.path();
        let at = |place: usize, error: StoreError| named(path, self.columns.get(place), group, error);
        let mut columns = Vec::with_capacity(self.columns.len());
        for place in 0..self.columns.len() {
            let opened = source.open(group, place, &mut worker.spare);
            columns.push(opened.map_err(|error| Error::file(path, error))?);
        }
        let rows = source.group_rows(group);
        let mut done = 0;
        while done < rows {
            reads.meter.go_on()?;
            let count = CHUNK_ROWS.min(rows - done);
            for (place, (column, cache)) in columns.iter_mut().zip(&mut worker.caches).enumerate() {
                let Some(column) = column else { continue };
                if column.advance(count, cache).map_err(|error| at(place, error))? != count {
                    let short = StoreError::Content("it has fewer values than its row group has rows".to_owned());
                    return Err(at(place, short));
                }
            }
            self.chunk(worker, reads, &columns, (source, first + done, count))?;
            reads.meter.read(count);
            done += count;
        }
        // Memory is taken from the end, each by the column that had it before.
        worker.spare.extend(columns.into_iter().flatten().rev().map(Column::into_memory));
        Ok(())
    }

    /// Takes the rows that all columns have reached.
    fn chunk(
        &self,
        worker: &mut Worker<'_>,
        reads: &Reads<'_>,
        columns: &[Option<Column<'_>>],
        (source, first, count): (&Source, usize, usize),
    ) -> Result<(), Error> {
        let path = source.path();
        for (place, (column, into)) in columns.iter().zip(&mut worker.values).enumerate() {
            into.clear();
            if let Some((column, about)) = column.as_ref().zip(self.columns.get(place)) {
                let row = first;
                scaled(column.values(), about, source.form(place), into)
                    .map_err(|(offset, error)| at_row(path, about, row + offset, error))?;
            }
        }
        self.measure(worker, path, first)?;
        self.check_texts(worker, path, first)?;
        self.keep_several(worker, first)?;
        self.print(worker, count)?;
        self.note(worker, reads, count)?;
        let Worker { writer, partitions, rows, values, .. } = worker;
        let width = self.columns.iter().filter(|column| column.packed.is_some()).count();
        partitions.clear();
        let accounts = values.get(self.account).map(Vec::as_slice).unwrap_or_default();
        partitions.extend(accounts.iter().map(|account| {
            // At most 2^24 partitions.
            u32::try_from(bucket_of(*account, reads.bits)).unwrap_or(u32::MAX)
        }));
        rows.resize(count * width, 0);
        for (place, (about, values)) in self.columns.iter().zip(values.iter()).enumerate() {
            let Some(packed) = about.packed else { continue };
            let slots = rows.get_mut(packed..).unwrap_or_default().iter_mut().step_by(width);
            if let Some((_, base)) = self.own_ids.filter(|(own, _)| *own == place) {
                let base = base + i64::try_from(first).unwrap_or(i64::MAX);
                slots.zip(base..).for_each(|(slot, id)| *slot = id);
                continue;
            }
            match factor(about.kept.abs_diff(about.scale)) {
                1 => slots.zip(values).for_each(|(slot, value)| *slot = *value),
                factor if about.kept > about.scale => {
                    for (offset, (slot, value)) in slots.zip(values).enumerate() {
                        *slot = value
                            .checked_mul(factor)
                            .filter(|value| fits(*value))
                            .ok_or_else(|| at_row(path, about, first + offset, long(*value)))?;
                    }
                }
                factor => {
                    for (offset, (slot, value)) in slots.zip(values).enumerate() {
                        if value % factor != 0 {
                            return Err(at_row(path, about, first + offset, fine(*value, about)));
                        }
                        *slot = value / factor;
                    }
                }
            }
        }
        let rows = rows.get(..count * width).unwrap_or_default();
        writer.add(partitions, rows)
    }

    /// Makes quantities of cash and units.
    fn measure(&self, worker: &mut Worker<'_>, path: &Path, first: usize) -> Result<(), Error> {
        let Some(about) = &self.measures else { return Ok(()) };
        let Worker { caches, values, .. } = worker;
        let mut made = values.get_mut(about.quantity).map(std::mem::take).unwrap_or_default();
        let column = |place: usize| values.get(place).map(Vec::as_slice).unwrap_or_default();
        let hashes = caches.get(about.kind).map(Cache::hashes).unwrap_or_default();
        let given = (column(about.amount), column(about.units));
        let done = quantities(about, column(about.kind), hashes, given, &mut made);
        if let Some(slot) = values.get_mut(about.quantity) {
            *slot = made;
        }
        let Err(other) = done else { return Ok(()) };
        let (name, row) = (self.columns.get(other.column).map_or("", |column| column.name), first + other.row);
        let why = format!("column {name:?}, row {row}: an order of its kind has the other measure");
        Err(Error::file(path, StoreError::Content(why)))
    }

    /// Refuses texts that no dictionary has, though all texts of the files are in it.
    fn check_texts(&self, worker: &Worker<'_>, path: &Path, first: usize) -> Result<(), Error> {
        for ((cache, about), values) in worker.caches.iter().zip(&self.columns).zip(&worker.values) {
            let absent = matches!(cache.reading(), Reading::Keys(_)).then_some(values);
            if let Some(row) = absent.and_then(|values| values.iter().position(|value| *value == ABSENT)) {
                let why = "the file has changed while it was read".to_owned();
                return Err(at_row(path, about, first + row, StoreError::Content(why)));
            }
        }
        Ok(())
    }

    /// Keeps the orders that give more than one charge of their own: what becomes of them tells only that.
    fn keep_several(&self, worker: &mut Worker<'_>, first: usize) -> Result<(), Error> {
        let Worker { values, found, .. } = worker;
        let column = |place: &usize| values.get(*place).map(Vec::as_slice).filter(|values| !values.is_empty());
        let given: Vec<&[i64]> = self.charges.iter().filter_map(column).collect();
        let [one, others @ ..] = given.as_slice() else { return Ok(()) };
        for (row, value) in one.iter().enumerate().filter(|_| !others.is_empty()) {
            let more = others.iter().filter(|values| values.get(row).is_some_and(|value| *value != 0)).count();
            if more + usize::from(*value != 0) < 2 {
                continue;
            }
            found.several.extend(values.iter().enumerate().map(|(place, values)| match self.own_ids {
                Some((own, base)) if own == place => base + i64::try_from(first + row).unwrap_or(i64::MAX),
                _ => values.get(row).copied().unwrap_or_default(),
            }));
            self.check_several(&found.several)?;
        }
        Ok(())
    }

    /// Refuses files of which so many orders give more than one charge that something else is wrong with them.
    fn check_several(&self, several: &[i64]) -> Result<(), Error> {
        if several.len() / self.columns.len().max(1) <= MOST_SEVERAL {
            return Ok(());
        }
        let path = self.sources.first().map_or_else(PathBuf::new, |source| source.path().to_owned());
        let why = format!("it and the files beside it have more than {MOST_SEVERAL} orders with several own charges");
        Err(Error::file(path, StoreError::Content(why)))
    }

    /// Adds a chunk to the fingerprint.
    fn print(&self, worker: &mut Worker<'_>, count: usize) -> Result<(), KernelError> {
        let Worker { caches, values, hashes, printer, found, .. } = worker;
        for ((cache, values), hashes) in caches.iter().zip(values.iter()).zip(hashes.iter_mut()) {
            match cache.reading() {
                Reading::Digits(digits) => {
                    if let Some(width) = digits.width() {
                        hashes.clear();
                        hashes.extend(values.iter().map(|value| digits_hash(*value, width).cast_signed()));
                    }
                }
                Reading::Keys(dictionary) => {
                    hashes.clear();
                    hashes.extend(values.iter().map(|value| dictionary.hash(*value).cast_signed()));
                }
                Reading::Listed(_) | Reading::None => {}
            }
        }
        let nothing = Ints::Same(0, count);
        let defaults: Vec<[u64; 1]> = self.columns.iter().map(|column| [column.default]).collect();
        let field = |place: &usize| {
            let (Some(values), Some(cache), Some(hashes)) =
                (values.get(*place), caches.get(*place), hashes.get(*place))
            else {
                return Field { values: nothing, texts: None };
            };
            match cache.reading() {
                _ if values.is_empty() => {
                    Field { values: nothing, texts: defaults.get(*place).map(<[u64; 1]>::as_slice) }
                }
                Reading::Listed(_) => Field { values: Ints::I64(values), texts: Some(cache.hashes()) },
                Reading::Digits(_) | Reading::Keys(_) => Field { values: Ints::I64(hashes), texts: None },
                Reading::None => Field { values: Ints::I64(values), texts: None },
            }
        };
        let fields: Vec<_> = self.looked_at.iter().map(field).collect();
        let print = printer.print(self.name, &fields, &self.counted)?;
        // Modulo 2^128.
        found.fingerprint = found.fingerprint.wrapping_add(print);
        Ok(())
    }

    /// Notes distinct values, and ids that may have been there.
    fn note(&self, worker: &mut Worker<'_>, reads: &Reads<'_>, count: usize) -> Result<(), Error> {
        let Worker { values, seen, found, .. } = worker;
        for (place, (recent, seen)) in self.distinct.iter().zip(seen) {
            for value in values.get(*place).into_iter().flatten() {
                let slot = usize::try_from(value.cast_unsigned() & (RECENT as u64 - 1)).unwrap_or_default();
                if let Some(last) = recent.get_mut(slot).filter(|last| **last != *value) {
                    *last = *value;
                    seen.insert(*value);
                }
            }
        }
        let Some((sieve, (ids, distributors))) = reads.sieve.zip(self.sifted) else { return Ok(()) };
        let ids = values.get(ids).map(Vec::as_slice).unwrap_or_default();
        let distributors = values.get(distributors).map(Vec::as_slice).unwrap_or_default();
        let distributors = (0..count).map(|row| distributors.get(row).copied().unwrap_or_default());
        sieve.see(distributors, ids, &mut found.suspects).map_err(|_| {
            let first = self.sources.first().map_or_else(PathBuf::new, |source| source.path().to_owned());
            let last = self.sources.last().map_or_else(PathBuf::new, |source| source.path().to_owned());
            let last = last.display();
            Error::file(
                first,
                StoreError::Content(format!("most of its orders stand in {last} too: the same input twice?")),
            )
        })
    }
}

/// Values of a column in the decimals that all files have in common; the offset of one that does not fit.
fn scaled(
    values: &[i64],
    about: &InColumn,
    form: Option<Form>,
    into: &mut Vec<i64>,
) -> Result<(), (usize, StoreError)> {
    let Some(Form::Decimals(scale)) = form.filter(|_| about.is_money) else {
        into.extend_from_slice(values);
        return Ok(());
    };
    let factor = factor(about.scale.saturating_sub(scale));
    for (offset, value) in values.iter().enumerate() {
        let whole = value.checked_mul(factor).filter(|value| fits(*value));
        into.push(whole.ok_or_else(|| (offset, long(*value)))?);
    }
    Ok(())
}

/// Whether a value has at most 18 digits.
const fn fits(value: i64) -> bool {
    value.unsigned_abs() <= MAX_MINOR.unsigned_abs()
}

fn factor(places: u8) -> i64 {
    power_of_ten(u32::from(places)).and_then(|power| i64::try_from(power).ok()).unwrap_or(i64::MAX)
}

fn long(value: i64) -> StoreError {
    StoreError::Content(format!("the value of {value} minor units has more than 18 digits"))
}

fn fine(value: i64, about: &InColumn) -> StoreError {
    StoreError::Content(format!("{value} minor units have more than the {} decimals of the terms", about.kept))
}

fn at_row(path: &Path, about: &InColumn, row: usize, error: StoreError) -> Error {
    let error = match error {
        StoreError::Content(why) => StoreError::Content(format!("column {:?}, row {row}: {why}", about.name)),
        other => other,
    };
    Error::file(path, error)
}

fn named(path: &Path, about: Option<&InColumn>, group: usize, error: StoreError) -> Error {
    let name = about.map_or("", |about| about.name);
    let error = match error {
        StoreError::Content(why) => StoreError::Content(format!("column {name:?}, row group {group}: {why}")),
        other => other,
    };
    Error::file(path, error)
}
