//! Records to columns, a block of records at a time.
//!
//! Neighbouring records are alike in most of their fields. So a record is compared with the one before, 32 bytes at a
//! time, and only the fields that differ are read; a column in which nothing changes is one value and not a vector.

use std::collections::HashMap;
use std::ops::Range;

use crate::body::Body;
use crate::fault::Fault;
use crate::header::LINE_END;
use crate::layout::{Kind, Layout, Place};
use crate::number;
use crate::text::{self, Made};

/// Records in a block: enough for the columns' vectors to be worth their allocation.
pub const BLOCK_RECORDS: usize = 4096;

/// The texts of so many records are numbered together, while the bytes of these are in the cache.
const NUMBERED_RECORDS: usize = 256;

/// The bytes that are compared at once.
const CHUNK: usize = 32;

/// Who keeps the distinct texts.
pub trait Texts {
    /// Puts the codes of texts of a field, in UTF-8, behind others; `None` if there is no room for one of them.
    ///
    /// Many at once, because finding one text mostly is waiting for memory, and the waits of several can overlap.
    fn codes(&mut self, field: usize, texts: &[&[u8]], codes: &mut Vec<u32>) -> Option<()>;
}

/// The values of a block's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run<T> {
    /// The same in all of them.
    Constant(T),
    /// One a row.
    Values(Vec<T>),
}

/// The values of a block's rows, while they come.
#[derive(Clone, Debug, Default)]
struct Growing<T> {
    values: Vec<T>,
    last: T,
}

impl<T: Copy + PartialEq> Growing<T> {
    fn set(&mut self, row: usize, value: T) {
        if row == 0 {
            self.last = value;
        } else if value != self.last {
            if self.values.is_empty() {
                self.values.reserve(BLOCK_RECORDS);
            }
            self.values.resize(row, self.last);
            self.values.push(value);
            self.last = value;
        }
    }

    fn finish(mut self, rows: usize) -> Run<T> {
        if self.values.is_empty() {
            return Run::Constant(self.last);
        }
        self.values.resize(rows, self.last);
        Run::Values(self.values)
    }
}

/// What a block holds: by field its numbers or the codes of its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// Minor units, or whole numbers.
    Numbers(Run<i64>),
    /// Codes of texts, as the worker's [`Texts`] number them.
    Codes(Run<u32>),
}

/// A block of records as columns.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The rows that were read.
    pub rows: usize,
    /// By field.
    pub columns: Vec<Column>,
    /// The records that were not; the first alone unless all were asked for.
    pub faults: Vec<Fault>,
    /// Whether a record has a line end within it, so that the file is not what it seemed to be.
    pub is_broken: bool,
    /// Why the block as a whole cannot be kept.
    pub refused: Option<Fault>,
}

/// What a worker keeps from one block to the next.
pub struct Worker<'a, T> {
    /// The distinct texts.
    pub texts: T,
    /// By field, the codes of texts that are not ASCII by their bytes in the file: these are decoded once.
    wide: Vec<HashMap<Box<[u8]>, u32>>,
    changed: Vec<(usize, Value<'a>)>,
    /// By field, the rows of the block whose text is not that of the row before.
    found: Vec<Vec<(usize, Found<'a>)>>,
    /// What a field's texts are numbered with.
    plain: Vec<&'a [u8]>,
    codes: Vec<u32>,
}

#[derive(Clone, Copy)]
enum Value<'a> {
    Number(i64),
    Text(Found<'a>),
}

/// A text of a row: one that is in the file as it is in memory, and is numbered with the others of its block; or the
/// code of one that had to be decoded.
#[derive(Clone, Copy)]
enum Found<'a> {
    Plain(&'a [u8]),
    Coded(u32),
}

/// Why a text gets no code.
const FULL: &str = "a column has at most 2,147,483,647 distinct texts";

impl<'a, T: Texts> Worker<'a, T> {
    /// A worker that has seen nothing yet.
    pub fn new(texts: T, layout: &Layout) -> Self {
        let fields = layout.places.len();
        let (wide, found) = (vec![HashMap::new(); fields], vec![Vec::new(); fields]);
        Self { texts, wide, changed: Vec::new(), found, plain: Vec::new(), codes: Vec::new() }
    }

    fn read(&mut self, layout: &Layout, number: usize, record: &'a [u8]) -> Result<Value<'a>, String> {
        let Some(place) = layout.places.get(number) else { return Ok(Value::Number(0)) };
        let bytes = place.of(record);
        if place.field.kind == Kind::Number {
            let bad = || format!("{} is not a number that fills the field with digits", text::shown(bytes));
            return number::parse(bytes).map(Value::Number).ok_or_else(bad);
        }
        let bytes = text::cut(bytes);
        if text::made_of(bytes) == Made::Ascii {
            return Ok(Value::Text(Found::Plain(bytes)));
        }
        if let Some(code) = self.wide.get(number).and_then(|known| known.get(bytes)) {
            return Ok(Value::Text(Found::Coded(*code)));
        }
        let utf8 = text::decoded(bytes)?;
        if place.field.kind == Kind::Ascii {
            return Err(text::NOT_ASCII.to_owned());
        }
        self.codes.clear();
        let code = self.texts.codes(number, &[utf8.as_bytes()], &mut self.codes).and_then(|()| self.codes.pop());
        let code = code.ok_or_else(|| FULL.to_owned())?;
        if let Some(known) = self.wide.get_mut(number) {
            known.insert(bytes.into(), code);
        }
        Ok(Value::Text(Found::Coded(code)))
    }

    /// Numbers the texts that were found; the error is the field that has no room for one of them.
    fn number(&mut self, columns: &mut [Growing<u32>]) -> Result<(), usize> {
        for (field, (found, column)) in self.found.iter_mut().zip(columns).enumerate() {
            if found.is_empty() {
                continue;
            }
            self.plain.clear();
            self.codes.clear();
            self.plain.extend(found.iter().filter_map(|(_, text)| match text {
                Found::Plain(text) => Some(*text),
                Found::Coded(_) => None,
            }));
            self.texts.codes(field, &self.plain, &mut self.codes).ok_or(field)?;
            let mut codes = self.codes.iter();
            for (row, text) in found.drain(..) {
                let code = match text {
                    Found::Plain(_) => *codes.next().ok_or(field)?,
                    Found::Coded(code) => code,
                };
                column.set(row, code);
            }
        }
        Ok(())
    }

    /// Reads the fields from one number up to another that differ from those of the record before.
    fn read_changed(
        &mut self,
        layout: &Layout,
        fields: Range<usize>,
        record: &'a [u8],
        before: Option<&[u8]>,
    ) -> Result<(), (usize, String)> {
        for number in fields {
            let is_same = layout.places.get(number).zip(before).is_some_and(|(p, old)| p.of(record) == p.of(old));
            if !is_same {
                let value = self.read(layout, number, record).map_err(|why| (number, why))?;
                self.changed.push((number, value));
            }
        }
        Ok(())
    }

    fn read_record(
        &mut self,
        layout: &Layout,
        chunks: &[Range<usize>],
        record: &'a [u8],
        before: Option<&[u8]>,
    ) -> Result<(), (usize, String)> {
        self.changed.clear();
        let Some(old) = before else { return self.read_changed(layout, 0..layout.places.len(), record, None) };
        let ((new_chunks, new_rest), (old_chunks, old_rest)) = (record.as_chunks::<CHUNK>(), old.as_chunks::<CHUNK>());
        let mut next = 0;
        for ((new, old_chunk), fields) in new_chunks.iter().zip(old_chunks).zip(chunks) {
            if new != old_chunk {
                self.read_changed(layout, fields.start.max(next)..fields.end, record, before)?;
                next = fields.end;
            }
        }
        if new_rest != old_rest
            && let Some(fields) = chunks.get(new_chunks.len())
        {
            self.read_changed(layout, fields.start.max(next)..fields.end, record, before)?;
        }
        Ok(())
    }

    /// Reads a block of records. With `all` a record that cannot be read is left out and noted; without it the first
    /// one ends the block.
    pub fn decode(&mut self, data: &'a [u8], plan: &Plan<'_>, records: Range<usize>, all: bool) -> Block {
        let layout = plan.layout;
        let mut numbers: Vec<Growing<i64>> = vec![Growing::default(); layout.places.len()];
        let mut texts: Vec<Growing<u32>> = vec![Growing::default(); layout.places.len()];
        let mut block = Block::default();
        let first_line = plan.first_line + records.start;
        let mut refused = None;
        let mut before = None;
        for number in records {
            let record = plan.body.record(data, number);
            let line = plan.first_line + number;
            let fault = if record.len() == layout.width {
                match self.read_record(layout, &plan.chunks, record, before) {
                    Ok(()) => None,
                    Err((place, why)) => {
                        block.is_broken |= record.windows(LINE_END.len()).any(|pair| pair == LINE_END);
                        let name = layout.places.get(place).map_or("", |place| place.field.name.as_str());
                        Some(Fault::of_field(line, name, why))
                    }
                }
            } else {
                let size = if record.len() < layout.width { "short" } else { "long" };
                let why = format!("{} bytes are too {size} for a record of {}", record.len(), layout.width);
                Some(Fault::of_line(line, why))
            };
            if let Some(fault) = fault {
                block.faults.push(fault);
                if !all {
                    break;
                }
                continue;
            }
            for (place, value) in self.changed.drain(..) {
                match value {
                    Value::Number(value) => numbers.get_mut(place).into_iter().for_each(|c| c.set(block.rows, value)),
                    Value::Text(text) => self.found.get_mut(place).into_iter().for_each(|f| f.push((block.rows, text))),
                }
            }
            block.rows += 1;
            before = Some(record);
            if block.rows.is_multiple_of(NUMBERED_RECORDS) {
                refused = refused.or(self.number(&mut texts).err());
            }
        }
        refused = refused.or(self.number(&mut texts).err());
        let name = |field: usize| layout.places.get(field).map_or("", |place| place.field.name.as_str());
        block.refused = refused.map(|field| Fault::of_field(first_line, name(field), FULL));
        let finish = |(place, (numbers, codes)): (&Place, (Growing<i64>, Growing<u32>))| match place.field.kind {
            Kind::Number => Column::Numbers(numbers.finish(block.rows)),
            Kind::Text | Kind::Ascii => Column::Codes(codes.finish(block.rows)),
        };
        block.columns = layout.places.iter().zip(numbers.into_iter().zip(texts)).map(finish).collect();
        block
    }
}

/// How the records of a file are read.
pub struct Plan<'a> {
    layout: &'a Layout,
    body: &'a Body,
    first_line: usize,
    /// By chunk of a record's bytes the fields that reach into it.
    chunks: Vec<Range<usize>>,
}

impl<'a> Plan<'a> {
    /// The plan of a file whose first record stands on this line.
    pub fn new(layout: &'a Layout, body: &'a Body, first_line: usize) -> Self {
        let reaches = |chunk: usize| {
            let bytes = chunk * CHUNK..(chunk + 1) * CHUNK;
            let start = layout.places.partition_point(|place| place.start + place.field.width <= bytes.start);
            start..layout.places.partition_point(|place| place.start < bytes.end)
        };
        Self { layout, body, first_line, chunks: (0..layout.width.div_ceil(CHUNK)).map(reaches).collect() }
    }

    /// The fields of a record.
    pub const fn layout(&self) -> &'a Layout {
        self.layout
    }

    /// The number of records.
    pub fn records(&self) -> usize {
        self.body.records()
    }

    /// The blocks of the file, as numbers of records.
    pub fn blocks(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let records = self.records();
        (0..records).step_by(BLOCK_RECORDS).map(move |first| first..(first + BLOCK_RECORDS).min(records))
    }
}
