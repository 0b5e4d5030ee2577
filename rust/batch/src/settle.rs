//! Settled partitions on their way into files: one part of every output table each.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fundclear_kernel::day::bucket::{Bucket, Settled};
use fundclear_kernel::day::confirmations::ConfirmationTable;
use fundclear_kernel::day::fingerprint::{Field, Ints, Printer};
use fundclear_kernel::day::finish::Sums;
use fundclear_kernel::day::rebuilt::Sink;
use fundclear_kernel::day::tables::{LotColumns, OpeningColumns, PositionColumns, Slice};
use fundclear_kernel::day::types::Status;
use fundclear_kernel::error::Error as KernelError;
use fundclear_store::pack::{Buffers, Chunk, Kind, PartEnding, PartWriter};

use crate::error::{Error, Failures};
use crate::journal::{Finished, Journal, Noted, Record, text_of};
use crate::out::{Desk, OutColumn};
use crate::progress::Meter;

/// An output table that has a part for each partition.
#[derive(Clone, Debug)]
pub struct OutTable {
    /// The name of the table and of its files.
    pub name: String,
    /// Which of the kernel's columns it has, in their order.
    pub places: Vec<usize>,
    /// Its columns.
    pub columns: Vec<OutColumn>,
    /// Its fingerprints: the name under which each is taken, the columns that it looks at (one that is not there counts
    /// as nothing), and the places, among these, of columns of which a row must have one to count; none if all rows do.
    pub fingerprints: Vec<(String, Vec<Option<usize>>, Vec<usize>)>,
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
    pub finished: &'t BTreeMap<usize, Noted>,
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
    printer: Printer,
    fingerprints: Vec<u128>,
}

/// A part whose end is being written.
#[derive(Debug)]
struct PartEnd {
    path: PathBuf,
    file: String,
    ending: PartEnding,
}

/// A partition whose files are being finished while the next one is settled.
#[derive(Debug)]
struct Ending {
    /// What is known of it, but for the files.
    record: Record,
    sums: String,
    parts: Vec<PartEnd>,
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
    /// The partition before.
    ending: Option<Ending>,
    /// The partitions that were finished here.
    records: Vec<Record>,
}

impl OutTables {
    /// All tables, in the order of a record.
    pub fn all(&self) -> impl Iterator<Item = &OutTable> {
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
        let fingerprints = vec![0; table.fingerprints.len()];
        Ok(Self { table, path, file, writer, desk: Desk::default(), printer: Printer::default(), fingerprints })
    }

    /// Adds the rows of a bucket; `slices` are all of the kernel's columns.
    fn add(&mut self, slices: &[Slice<'_>]) -> Result<(), Error> {
        let Self { table, path, writer, desk, printer, fingerprints, .. } = self;
        let chosen: Vec<Slice<'_>> = table.places.iter().filter_map(|place| slices.get(*place).copied()).collect();
        desk.look_up(&table.columns, &chosen);
        let mut fields = Vec::with_capacity(chosen.len());
        for (place, (column, slice)) in table.columns.iter().zip(&chosen).enumerate() {
            let chunk = constant(desk.chunk(place, column, *slice));
            fields.push(desk.field(place, column, &chunk));
            writer.push(place, chunk).map_err(|error| Error::file(&*path, error))?;
        }
        for (sum, about) in fingerprints.iter_mut().zip(&table.fingerprints) {
            // Modulo 2^128.
            *sum = sum.wrapping_add(print_of(printer, &about.0, about, &fields)?);
        }
        Ok(())
    }

    /// Has the file finished.
    fn end(self) -> Result<(PartEnd, Vec<u128>, Buffers), Error> {
        let Self { path, file, writer, fingerprints, .. } = self;
        let (ending, spare) = writer.end().map_err(|error| Error::file(&path, error))?;
        Ok((PartEnd { path, file, ending }, fingerprints, spare))
    }
}

impl PartEnd {
    /// Waits until the file is finished, and gives it its name.
    fn finish(self, target: &Target<'_>, spare: &mut Buffers) -> Result<Finished, Error> {
        let Self { path, file, ending } = self;
        let written = ending.wait(spare).map_err(|error| Error::file(&path, error))?;
        fs::rename(&path, target.folder.join(&file)).map_err(|error| Error::file(&path, error))?;
        let rows = u64::try_from(written.rows).unwrap_or(u64::MAX);
        target.meter.wrote(written.bytes);
        Ok(Finished { file, rows, bytes: written.bytes, sha256: written.sha256 })
    }
}

/// Values that are all the same as one of them.
fn constant(chunk: Chunk<'_>) -> Chunk<'_> {
    fn only<T: Copy + PartialEq + Into<i64>>(values: &[T]) -> Option<(i64, usize)> {
        let first = *values.first()?;
        // All rows are looked at, many at a time; but most columns differ at once.
        let differs = *values.last()? != first || values.iter().fold(false, |any, value| any | (*value != first));
        (!differs).then_some((first.into(), values.len()))
    }
    let same = match chunk {
        Chunk::I64(values) => only(values),
        Chunk::I32(values) => only(values),
        Chunk::U32(values) => only(values),
        Chunk::U8(values) => only(values),
        Chunk::Repeat(..) => None,
    };
    same.map_or(chunk, |(value, rows)| Chunk::Repeat(value, rows))
}

/// The fingerprint of some rows.
fn print_of(
    printer: &mut Printer,
    name: &str,
    (_, looked_at, counted): &(String, Vec<Option<usize>>, Vec<usize>),
    columns: &[Field<'_>],
) -> Result<u128, Error> {
    let rows = columns.first().map_or(0, |column| column.values.len());
    let nothing = Field { values: Ints::Same(0, rows), texts: None };
    let field = |place: &Option<usize>| place.and_then(|place| columns.get(place)).copied().unwrap_or(nothing);
    let fields: Vec<Field<'_>> = looked_at.iter().map(field).collect();
    Ok(printer.print(name, &fields, counted)?)
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
            ending: None,
            records: Vec::new(),
        }
    }

    fn start(&mut self, partition: usize) -> Result<(), Error> {
        self.left = 0;
        self.parts.clear();
        let mut spare = std::mem::take(&mut self.spare).into_iter();
        for table in self.target.tables.all() {
            let spare = spare.next().unwrap_or_default();
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

    fn take(&mut self, confirmations: &ConfirmationTable, settled: &Settled) -> Result<(), Error> {
        self.positions.clear();
        self.positions.extend(&settled.positions);
        self.lots.clear();
        self.lots.extend(&settled.lots);
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
        let rows: Vec<usize> = (0..confirmations.rows()).filter(is_left).collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.left_rows.gather(confirmations, &rows);
        let Some(table) = self.part("confirmations").map(|part| part.table) else { return Ok(()) };
        let slices = self.left_rows.slices();
        let mut desk = Desk::default();
        desk.look_up(&table.columns, &slices);
        let mut fields: Vec<Field<'_>> = Vec::with_capacity(slices.len());
        for (place, (column, slice)) in table.columns.iter().zip(&slices).enumerate() {
            fields.push(desk.field(place, column, &desk.chunk(place, column, *slice)));
        }
        if let Some(about) = table.fingerprints.first() {
            // Modulo 2^128.
            self.left = self.left.wrapping_add(print_of(&mut Printer::default(), "deferred", about, &fields)?);
        }
        Ok(())
    }

    /// Has the files of a partition finished; those of the one before are by now.
    fn finish(&mut self, partition: usize, sums: &Sums) -> Result<(), Error> {
        let mut record = Record { partition, ..Record::default() };
        let mut parts = Vec::with_capacity(self.parts.len());
        for part in std::mem::take(&mut self.parts) {
            let is_first = parts.is_empty();
            let (end, prints, spare) = part.end()?;
            parts.push(end);
            self.spare.push(spare);
            record.fingerprints.extend(prints);
            if is_first {
                // What is left of the confirmations stands after their own.
                record.fingerprints.push(self.left);
            }
        }
        let before = self.ending.replace(Ending { record, sums: text_of(sums), parts });
        before.map_or(Ok(()), |before| self.note(before))
    }

    /// Waits until the files of a partition are finished, and notes it.
    fn note(&mut self, ending: Ending) -> Result<(), Error> {
        let Ending { mut record, sums, parts } = ending;
        self.spare.resize_with(parts.len(), Buffers::default);
        for (part, spare) in parts.into_iter().zip(&mut self.spare) {
            record.files.push(part.finish(self.target, spare)?);
        }
        self.target.journal.add(&record, &sums).map_err(|error| Error::file(self.target.folder, error))?;
        self.target.meter.finished();
        self.records.push(record);
        Ok(())
    }

    /// The partitions that were finished here, once the last of them is.
    ///
    /// # Errors
    /// What the system says of its files.
    pub fn into_records(mut self) -> Result<Vec<Record>, Error> {
        if let Some(last) = self.ending.take() {
            self.note(last)?;
        }
        Ok(self.records)
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

    fn settled(&mut self, confirmations: &ConfirmationTable, settled: &Settled) -> Result<(), KernelError> {
        self.target.meter.go_on()?;
        let done = self.take(confirmations, settled);
        self.target.meter.settled(confirmations.rows());
        self.keep(done)
    }

    fn end(&mut self, partition: usize, sums: &Sums) -> Result<(), KernelError> {
        let done = self.finish(partition, sums);
        self.keep(done)
    }
}
