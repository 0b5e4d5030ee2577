//! Records to columns, a block of records at a time.
//!
//! Neighbouring records are alike in most of their fields. So a record is compared with the one before, 32 bytes at a
//! time, and only the fields that differ are read; a column in which nothing changes is one value and not a vector.

use std::collections::HashMap;
use std::ops::Range;

use crate::body::Body;
use crate::fault::Fault;
use crate::header::LINE_END;
use crate::layout::{Kind, Layout};
use crate::number;
use crate::text::{self, Made};

/// Records in a block: enough for the columns' vectors to be worth their allocation.
pub const BLOCK_RECORDS: usize = 4096;

/// The bytes that are compared at once.
const CHUNK: usize = 32;

/// Who keeps the distinct texts.
pub trait Texts {
    /// The code of a text of a field, in UTF-8; `None` if there is no room for it.
    fn code(&mut self, field: usize, text: &[u8]) -> Option<u32>;
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
}

/// What a worker keeps from one block to the next.
pub struct Worker<T> {
    /// The distinct texts.
    pub texts: T,
    /// By field, the codes of texts that are not ASCII by their bytes in the file: these are decoded once.
    wide: Vec<HashMap<Box<[u8]>, u32>>,
    changed: Vec<(usize, Value)>,
}

#[derive(Clone, Copy)]
enum Value {
    Number(i64),
    Code(u32),
}

impl<T: Texts> Worker<T> {
    /// A worker that has seen nothing yet.
    pub fn new(texts: T, layout: &Layout) -> Self {
        Self { texts, wide: vec![HashMap::new(); layout.places.len()], changed: Vec::new() }
    }

    fn read(&mut self, layout: &Layout, number: usize, record: &[u8]) -> Result<Value, String> {
        let Some(place) = layout.places.get(number) else { return Ok(Value::Number(0)) };
        let bytes = place.of(record);
        if place.field.kind == Kind::Number {
            let bad = || format!("{} is not a number that fills the field with digits", text::shown(bytes));
            return number::parse(bytes).map(Value::Number).ok_or_else(bad);
        }
        let bytes = text::cut(bytes);
        let full = || "a column has at most 2,147,483,647 distinct texts".to_owned();
        if text::made_of(bytes) == Made::Ascii {
            return self.texts.code(number, bytes).map(Value::Code).ok_or_else(full);
        }
        if let Some(code) = self.wide.get(number).and_then(|known| known.get(bytes)) {
            return Ok(Value::Code(*code));
        }
        let utf8 = text::decoded(bytes)?;
        let code = self.texts.code(number, utf8.as_bytes()).ok_or_else(full)?;
        if let Some(known) = self.wide.get_mut(number) {
            known.insert(bytes.into(), code);
        }
        Ok(Value::Code(code))
    }

    /// Reads the fields from one number up to another that differ from those of the record before.
    fn read_changed(
        &mut self,
        layout: &Layout,
        fields: Range<usize>,
        record: &[u8],
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
        record: &[u8],
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
    pub fn decode(&mut self, data: &[u8], plan: &Plan<'_>, records: Range<usize>, all: bool) -> Block {
        let layout = plan.layout;
        let mut columns: Vec<(Growing<i64>, Growing<u32>)> = vec![Default::default(); layout.places.len()];
        let mut block = Block::default();
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
                if let Some((numbers, codes)) = columns.get_mut(place) {
                    match value {
                        Value::Number(value) => numbers.set(block.rows, value),
                        Value::Code(code) => codes.set(block.rows, code),
                    }
                }
            }
            block.rows += 1;
            before = Some(record);
        }
        let finish =
            |(place, (numbers, codes)): (&crate::layout::Place, (Growing<i64>, Growing<u32>))| match place.field.kind {
                Kind::Number => Column::Numbers(numbers.finish(block.rows)),
                Kind::Text => Column::Codes(codes.finish(block.rows)),
            };
        block.columns = layout.places.iter().zip(columns).map(finish).collect();
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
