//! Settled partitions on their way into files: one part of every output table each.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fundclear_kernel::day::bucket::Bucket;
use fundclear_kernel::day::finish::{Settler, Sums};
use fundclear_kernel::day::fingerprint::{Field, fingerprint};
use fundclear_kernel::day::rebuilt::Sink;
use fundclear_kernel::day::tables::{ConfirmationTable, LotColumns, OpeningColumns, PositionColumns, Slice};
use fundclear_kernel::day::types::Status;
use fundclear_kernel::error::Error as KernelError;
use fundclear_kernel::exec::Exec;
use fundclear_store::pack::{Buffers, Kind, PartWriter};

use crate::error::{Error, Failures};
use crate::journal::{Finished, Journal, Record};
use crate::out::{Desk, OutColumn};
use crate::progress::Meter;

/// An output table that has a part for each partition.
#[derive(Clone, Debug)]
pub struct OutTable {
    /// The name of the table and of its files.
    pub name: String,
    /// The name under which its fingerprint is taken; none if it has none.
    pub fingerprint: Option<String>,
    /// Which of the kernel's columns it has, in their order.
    pub places: Vec<usize>,
    /// Its columns.
    pub columns: Vec<OutColumn>,
    /// The columns of which a row must have something to count in the fingerprint; none if all rows count.
    pub counted: Vec<usize>,
    /// The columns that the fingerprint looks at.
    pub looked_at: Vec<usize>,
}

/// The tables that have parts, in the order of a record.
#[derive(Clone, Debug)]
pub struct OutTables {
    /// What became of the orders.
    pub confirmations: OutTable,
    /// The register at the end.
    pub positions: OutTable,
    /// Its lots.
    pub lots: OutTable,
    /// The register at the opening, if one was given.
    pub opening_positions: Option<OutTable>,
    /// Its lots, if any were given.
    pub opening_lots: Option<OutTable>,
}

/// Where partitions are written to.
#[derive(Debug)]
pub struct Target<'t> {
    /// The tables.
    pub tables: &'t OutTables,
    /// The folder of the files.
    pub folder: &'t Path,
    /// The number of partitions.
    pub partitions: usize,
    /// Partitions that are finished.
    pub finished: &'t BTreeMap<usize, Record>,
    /// Where finished partitions are noted.
    pub journal: &'t Journal,
    /// What a file of an attempt is called before it is finished begins with this.
    pub attempt: &'t str,
    /// Where failures are left.
    pub failures: &'t Failures,
    /// What is done so far.
    pub meter: &'t Meter,
}

/// The name of the file of a table's part: parts are numbered where there is more than one.
#[must_use]
pub fn part_name(table: &str, partition: usize, partitions: usize) -> String {
    if partitions == 1 {
        return format!("{table}.parquet");
    }
    let width = (partitions - 1).to_string().len().max(3);
    format!("{table}-{partition:0width$}.parquet")
}

/// A part that is being written.
#[derive(Debug)]
struct Part<'t> {
    table: &'t OutTable,
    path: PathBuf,
    file: String,
    writer: PartWriter,
    desk: Desk,
    fingerprint: u128,
}

/// Writes the settled buckets of a worker's partitions.
pub struct PartSink<'t> {
    target: &'t Target<'t>,
    /// Memory of finished writers, by table.
    spare: Vec<Buffers>,
    parts: Vec<Part<'t>>,
    /// What the next day begins with, of this partition.
    left: u128,
    opening: OpeningColumns,
    opening_lots: LotColumns,
    positions: PositionColumns,
    lots: LotColumns,
    left_rows: ConfirmationTable,
    /// The partitions that were finished here.
    pub records: Vec<Record>,
}

impl OutTables {
    fn all(&self) -> impl Iterator<Item = &OutTable> {
        [&self.confirmations, &self.positions, &self.lots]
            .into_iter()
            .chain(&self.opening_positions)
            .chain(&self.opening_lots)
    }
}

impl<'t> Part<'t> {
    fn new(target: &Target<'t>, table: &'t OutTable, partition: usize, spare: Buffers) -> Result<Self, Error> {
        let file = part_name(&table.name, partition, target.partitions);
        let path = target.folder.join(format!("{}-{file}", target.attempt));
        let columns: Vec<(&str, Kind)> =
            table.columns.iter().map(|column| (column.name.as_str(), column.kind.clone())).collect();
        let about = [("fundclear.table", table.name.clone())];
        let writer = PartWriter::reusing(spare, &path, &columns, &about).map_err(|error| Error::file(&path, error))?;
        Ok(Self { table, path, file, writer, desk: Desk::default(), fingerprint: 0 })
    }

    /// Adds the rows of a bucket; `slices` are all of the kernel's columns.
    fn add(&mut self, slices: &[Slice<'_>]) -> Result<(), Error> {
        let Self { table, path, writer, desk, .. } = self;
        let chosen: Vec<Slice<'_>> = table.places.iter().filter_map(|place| slices.get(*place).copied()).collect();
        desk.look_up(&table.columns, &chosen);
        for (place, (column, slice)) in table.columns.iter().zip(&chosen).enumerate() {
            let chunk = desk.chunk(place, column, *slice);
            writer.push(place, chunk).map_err(|error| Error::file(&*path, error))?;
        }
        if let Some(name) = &table.fingerprint {
            let print = print_of(name, table, desk, &chosen)?;
            // Modulo 2^128.
            self.fingerprint = self.fingerprint.wrapping_add(print);
        }
        Ok(())
    }

    /// Finishes the file and gives it its name.
    fn finish(self, target: &Target<'_>) -> Result<(Finished, u128, Buffers), Error> {
        let Self { path, file, writer, fingerprint, .. } = self;
        let (written, spare) = writer.finish_and_keep().map_err(|error| Error::file(&path, error))?;
        fs::rename(&path, target.folder.join(&file)).map_err(|error| Error::file(&path, error))?;
        let rows = u64::try_from(written.rows).unwrap_or(u64::MAX);
        target.meter.wrote(written.bytes);
        Ok((Finished { file, rows, bytes: written.bytes, sha256: written.sha256 }, fingerprint, spare))
    }
}

/// The fingerprint of some rows.
fn print_of(name: &str, table: &OutTable, desk: &Desk, chosen: &[Slice<'_>]) -> Result<u128, Error> {
    let fields: Vec<Field<'_>> = table
        .looked_at
        .iter()
        .filter_map(|place| Some(desk.field(*place, table.columns.get(*place)?, *chosen.get(*place)?)))
        .collect();
    Ok(fingerprint(&Exec::inline(), name, &fields, &table.counted)?)
}

impl<'t> PartSink<'t> {
    /// A worker's sink.
    #[must_use]
    pub fn new(target: &'t Target<'t>) -> Self {
        Self {
            target,
            spare: Vec::new(),
            parts: Vec::new(),
            left: 0,
            opening: OpeningColumns::default(),
            opening_lots: LotColumns::default(),
            positions: PositionColumns::default(),
            lots: LotColumns::default(),
            left_rows: ConfirmationTable::default(),
            records: Vec::new(),
        }
    }

    fn start(&mut self, partition: usize) -> Result<(), Error> {
        self.left = 0;
        self.parts.clear();
        for table in self.target.tables.all() {
            let spare = self.spare.pop().unwrap_or_default();
            self.parts.push(Part::new(self.target, table, partition, spare)?);
        }
        Ok(())
    }

    fn part(&mut self, name: &str) -> Option<&mut Part<'t>> {
        self.parts.iter_mut().find(|part| part.table.name == name)
    }

    fn open(&mut self, bucket: &Bucket) -> Result<(), Error> {
        self.opening.clear();
        self.opening.extend(&bucket.positions);
        self.opening_lots.clear();
        self.opening_lots.extend(&bucket.lots);
        let Self { parts, opening, opening_lots, .. } = self;
        for part in parts {
            match part.table.name.as_str() {
                "opening_positions" => part.add(&opening.slices())?,
                "opening_lots" => part.add(&opening_lots.slices())?,
                _ => {}
            }
        }
        Ok(())
    }

    fn take(&mut self, confirmations: &ConfirmationTable, settler: &Settler) -> Result<(), Error> {
        self.positions.clear();
        self.positions.extend(&settler.settled.positions);
        self.lots.clear();
        self.lots.extend(&settler.settled.lots);
        let Self { parts, positions, lots, .. } = self;
        for part in parts {
            match part.table.name.as_str() {
                "confirmations" => part.add(&confirmations.slices())?,
                "positions" => part.add(&positions.slices())?,
                "lots" => part.add(&lots.slices())?,
                _ => {}
            }
        }
        self.add_left(confirmations)
    }

    /// Adds the rows that the next day begins with to their fingerprint.
    fn add_left(&mut self, confirmations: &ConfirmationTable) -> Result<(), Error> {
        let is_left = |row: &usize| {
            let deferred = confirmations.deferred.get(*row).is_some_and(|units| *units != 0);
            deferred || confirmations.status.get(*row) == Some(&(Status::Carried as u8))
        };
        let rows: Vec<usize> = (0..confirmations.status.len()).filter(is_left).collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.left_rows.gather(confirmations, &rows);
        let Some(table) = self.part("confirmations").map(|part| part.table) else { return Ok(()) };
        let slices = self.left_rows.slices();
        let mut desk = Desk::default();
        desk.look_up(&table.columns, &slices);
        let print = print_of("deferred", table, &desk, &slices)?;
        // Modulo 2^128.
        self.left = self.left.wrapping_add(print);
        Ok(())
    }

    fn finish(&mut self, partition: usize, sums: &Sums) -> Result<(), Error> {
        let mut record = Record { partition, ..Record::default() };
        for part in std::mem::take(&mut self.parts) {
            let (file, print, spare) = part.finish(self.target)?;
            record.files.push(file);
            record.fingerprints.push(print);
            self.spare.push(spare);
        }
        // Buffers are taken from the end, each by the table that had it before.
        self.spare.reverse();
        record.fingerprints.push(self.left);
        record.sums = sums.to_numbers();
        self.target.journal.add(&record).map_err(|error| Error::file(self.target.folder, error))?;
        self.target.meter.finished();
        self.records.push(record);
        Ok(())
    }

    fn keep(&self, done: Result<(), Error>) -> Result<(), KernelError> {
        done.map_err(|error| self.target.failures.keep(error))
    }
}

impl Sink for PartSink<'_> {
    fn begin(&mut self, partition: usize) -> Result<bool, KernelError> {
        if self.target.finished.contains_key(&partition) {
            self.target.meter.finished();
            return Ok(false);
        }
        let done = self.start(partition);
        self.keep(done).map(|()| true)
    }

    fn opening(&mut self, bucket: &Bucket) -> Result<(), KernelError> {
        let done = self.open(bucket);
        self.keep(done)
    }

    fn settled(&mut self, confirmations: &ConfirmationTable, settler: &Settler) -> Result<(), KernelError> {
        let done = self.take(confirmations, settler);
        self.target.meter.settled(confirmations.status.len());
        self.keep(done)
    }

    fn end(&mut self, partition: usize, sums: Sums) -> Result<(), KernelError> {
        let done = self.finish(partition, &sums);
        self.keep(done)
    }
}
