//! Reading a CSV file: a header line, and every column as text, which the table that wants it types.
//!
//! The format is RFC 4180 with UTF-8, any line end, and a byte order mark or none.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::DataType;
use csv_core::{ReadRecordResult, Reader};
use fundclear_kernel::error::Error as Stopped;
use fundclear_kernel::exec::Exec;
use memchr::{memchr, memchr_iter};

use crate::error::Error;
use crate::frame::{self, Frame, Role, Wanted};
use crate::moments;

/// Bytes of a file that one thread reads at a time.
const PART_BYTES: usize = 4 << 20;

/// The most bytes of a record: what a column's 32-bit offsets hold with room to spare.
const RECORD_BYTES: usize = 1 << 28;

/// Bytes of texts after which a column begins a new batch.
const BATCH_BYTES: usize = 1 << 30;

/// Rows after which a new batch begins.
const BATCH_ROWS: usize = 1 << 20;

/// What is wrong with a file, and at which of its bytes; the line is counted when someone wants to know.
struct Fault {
    at: usize,
    why: String,
}

/// Reads the wanted columns of a file.
///
/// Dates and instants of the usual form are read here; a column with any other text stays one of texts. The result is
/// `None` if the caller asked to stop.
///
/// # Errors
/// What the system says; no header line, a name that stands in it twice, a line with more or fewer values than it, an
/// open quote, bytes that are not UTF-8, a text that is no integer where one is wanted. The text names line and column.
pub fn read(path: &Path, wanted: &[Wanted], exec: &Exec<'_>) -> Result<Option<Frame>, Error> {
    let bytes = fs::read(path)?;
    let text = content(&bytes)?;
    read_text(text, wanted, exec)
        .map_err(|fault| Error::Content(format!("line {}: {}", line_at(text, fault.at), fault.why)))
}

/// The line, counted from one, on which a row begins.
///
/// # Errors
/// What the system says.
pub fn line_of(path: &Path, row: usize) -> Result<Option<usize>, Error> {
    let bytes = fs::read(path)?;
    let text = content(&bytes)?;
    let mut records = Records::new(text, 0..text.len(), usize::MAX);
    for _ in 0..=row {
        if !matches!(records.next(), Ok(Some(_))) {
            return Ok(None);
        }
    }
    Ok(records.next().ok().flatten().map(|at| line_at(text, at)))
}

/// What a file says, without the mark of its byte order.
fn content(bytes: &[u8]) -> Result<&[u8], Error> {
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return Err(Error::Content("line 1: it is UTF-16; a CSV file is UTF-8".to_owned()));
    }
    Ok(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes))
}

fn line_at(text: &[u8], at: usize) -> usize {
    memchr_iter(b'\n', text.get(..at).unwrap_or(text)).count() + 1
}

fn read_text(text: &[u8], wanted: &[Wanted], exec: &Exec<'_>) -> Result<Option<Frame>, Fault> {
    let mut records = Records::new(text, 0..text.len(), usize::MAX);
    let Some(at) = records.next()? else {
        return Err(Fault { at: 0, why: "the file is empty; its first line names the columns".to_owned() });
    };
    let mut names = Vec::new();
    for (place, field) in records.fields().enumerate() {
        let name = std::str::from_utf8(field);
        names.push(name.map_err(|_| fault(at, format!("the name of column {} is not UTF-8", place + 1)))?.to_owned());
    }
    let roles = frame::places(&names, wanted).map_err(|error| fault(at, error.to_string()))?;
    let plan = Plan { names: &names, roles: &roles };
    let body = records.at..text.len();
    let parts = parts(text, body.clone());
    let mut read: Vec<Option<Result<Vec<Part>, Fault>>> = Vec::new();
    read.resize_with(parts.len(), || None);
    let work = |(): &mut (), _, (range, place): (Range<usize>, &mut Option<_>)| {
        *place = Some(plan.read(text, range));
        Ok::<(), Stopped>(())
    };
    if exec.run(body.len(), parts.into_iter().zip(&mut read), || (), work).is_err() {
        return Ok(None);
    }
    let mut found = Vec::new();
    for part in read.into_iter().flatten() {
        found.extend(part?);
    }
    plan.finish(found).map(Some).map_err(|error| fault(at, error.to_string()))
}

fn fault(at: usize, why: String) -> Fault {
    Fault { at, why }
}

/// The records of a file in parts that can be read at the same time. With a quote in it a line end may be one of a
/// value, and the file is one part.
fn parts(text: &[u8], body: Range<usize>) -> Vec<Range<usize>> {
    let bytes = text.get(body.clone()).unwrap_or_default();
    if bytes.len() <= PART_BYTES || memchr(b'"', bytes).is_some() {
        return vec![body];
    }
    let mut parts = Vec::new();
    let mut start = body.start;
    while start < body.end {
        let near = start.saturating_add(PART_BYTES).min(body.end);
        let end =
            text.get(near..body.end).and_then(|rest| memchr(b'\n', rest)).map_or(body.end, |more| near + more + 1);
        parts.push(start..end);
        start = end;
    }
    parts
}

/// Some rows: the wanted columns, and how many rows there are.
type Part = (Vec<ArrayRef>, usize);

/// What is to be read.
#[derive(Clone, Copy)]
struct Plan<'a> {
    names: &'a [String],
    roles: &'a [Option<Role>],
}

impl Plan<'_> {
    /// The rows of a part of the file.
    fn read(&self, text: &[u8], range: Range<usize>) -> Result<Vec<Part>, Fault> {
        let mut records = Records::new(text, range, self.names.len());
        let mut columns: Vec<_> = self.roles.iter().map(|role| role.map(Column::new)).collect();
        let (mut rows, mut made) = (0, Vec::new());
        while let Some(at) = records.next()? {
            if records.count != self.names.len() {
                let (count, due) = (records.count, self.names.len());
                let count = if count > due { format!("more than {due}") } else { count.to_string() };
                return Err(fault(at, format!("it has {count} values where the header names {due} columns")));
            }
            for ((field, column), name) in records.fields().zip(&mut columns).zip(self.names) {
                if let Some(column) = column {
                    column.push(field).map_err(|why| fault(at, format!("column {name:?}: {why}")))?;
                }
            }
            rows += 1;
            if rows == BATCH_ROWS || columns.iter().flatten().any(Column::is_full) {
                made.push((self.arrays(&mut columns, at)?, rows));
                rows = 0;
            }
        }
        if rows > 0 {
            let at = records.at;
            made.push((self.arrays(&mut columns, at)?, rows));
        }
        Ok(made)
    }

    fn arrays(&self, columns: &mut [Option<Column>], at: usize) -> Result<Vec<ArrayRef>, Fault> {
        let mut arrays = Vec::new();
        for (column, role) in columns.iter_mut().zip(self.roles) {
            if let (Some(column), Some(role)) = (column, role) {
                let full = std::mem::replace(column, Column::new(*role));
                arrays.push(full.finish().map_err(|error| fault(at, error.to_string()))?);
            }
        }
        Ok(arrays)
    }

    /// The frame of all parts. A column of dates or instants is one only if all of its texts are.
    fn finish(&self, mut parts: Vec<Part>) -> Result<Frame, Error> {
        let mut types = Vec::with_capacity(self.names.len());
        let mut place = 0;
        for role in self.roles {
            let Some(role) = role else {
                types.push(None);
                continue;
            };
            let texts: Vec<ArrayRef> = parts.iter().map(|(columns, _)| Arc::clone(&columns[place])).collect();
            let moments = moments::read(*role, &texts);
            types.push(Some(match moments.as_deref() {
                Some([first, ..]) => first.data_type().clone(),
                _ if *role == Role::Integer => DataType::Int64,
                _ => DataType::Utf8,
            }));
            for ((columns, _), array) in parts.iter_mut().zip(moments.unwrap_or_default()) {
                columns[place] = array;
            }
            place += 1;
        }
        let schema = frame::schema(self.names, &types);
        let batches = parts.into_iter().map(|(columns, rows)| frame::batch(&schema, columns, rows));
        let batches = batches.collect::<Result<Vec<RecordBatch>, Error>>()?;
        Ok(Frame { schema, batches })
    }
}

/// The records of a part of a file, one by one.
struct Records<'a> {
    reader: Reader,
    bytes: &'a [u8],
    /// The first byte that is not read yet.
    at: usize,
    end: usize,
    values: Vec<u8>,
    ends: Vec<usize>,
    /// The values of the last record.
    count: usize,
    most: usize,
}

impl<'a> Records<'a> {
    /// The records in a range, of which those with more than `most` values are not read to their end.
    fn new(bytes: &'a [u8], range: Range<usize>, most: usize) -> Self {
        let ends = vec![0; most.saturating_add(1).min(1 << 10)];
        let mut values = vec![0; 1 << 12];
        let (mut reader, mut ends) = (Reader::new(), ends);
        // A reader takes a byte order mark off what it reads first, which in a later part of a file is a text.
        let _ = reader.read_record(b"-\n", &mut values, &mut ends);
        Self { reader, bytes, at: range.start, end: range.end, values, ends, count: 0, most }
    }

    /// Reads the next record, and says where it begins. Lines with nothing on them are none.
    fn next(&mut self) -> Result<Option<usize>, Fault> {
        while self.at < self.end && matches!(self.bytes.get(self.at), Some(b'\r' | b'\n')) {
            self.at += 1;
        }
        let start = self.at;
        if start >= self.end {
            return Ok(None);
        }
        let (mut filled, mut ended, mut is_over) = (0, 0, false);
        loop {
            let rest = self.bytes.get(self.at..self.end).unwrap_or_default();
            // The last line may go without its end; within quotes, one does not end the record.
            is_over |= rest.is_empty();
            let input = if is_over { b"\n".as_slice() } else { rest };
            let (values, ends) = (&mut self.values[filled..], &mut self.ends[ended..]);
            let (result, taken, written, complete) = self.reader.read_record(input, values, ends);
            self.at += if is_over { 0 } else { taken };
            filled += written;
            ended += complete;
            match result {
                ReadRecordResult::Record => {
                    self.count = ended;
                    return Ok(Some(start));
                }
                ReadRecordResult::InputEmpty if !is_over => (),
                ReadRecordResult::OutputFull if self.values.len() < RECORD_BYTES => {
                    self.values.resize(self.values.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull if ended <= self.most => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => {
                    self.count = ended;
                    return Ok(Some(start));
                }
                ReadRecordResult::OutputFull => {
                    return Err(fault(start, "the record is longer than 256 MiB; is a quote open?".to_owned()));
                }
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {
                    return Err(fault(start, "a quote is opened and never closed".to_owned()));
                }
            }
        }
    }

    /// The values of the last record.
    fn fields(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends[..self.count].iter().map(move |end| {
            let field = &self.values[start..*end];
            start = *end;
            field
        })
    }
}

/// A column on its way.
enum Column {
    Texts { offsets: Vec<i32>, bytes: Vec<u8>, present: NullBufferBuilder, empty_is_text: bool },
    Integers { values: Vec<i64>, present: NullBufferBuilder },
}

impl Column {
    fn new(role: Role) -> Self {
        let present = NullBufferBuilder::new(0);
        match role {
            Role::Integer => Self::Integers { values: Vec::new(), present },
            _ => Self::Texts { offsets: vec![0], bytes: Vec::new(), present, empty_is_text: role == Role::Text },
        }
    }

    #[inline]
    fn push(&mut self, field: &[u8]) -> Result<(), String> {
        match self {
            Self::Texts { offsets, bytes, present, empty_is_text } => {
                // Here and not over the whole column, so that the line can be named.
                std::str::from_utf8(field).map_err(|error| format!("byte {} is not UTF-8", error.valid_up_to() + 1))?;
                bytes.extend_from_slice(field);
                // A batch ends long before its texts outgrow 32 bits.
                offsets.push(i32::try_from(bytes.len()).map_err(|_| "its texts are too long".to_owned())?);
                present.append(*empty_is_text || !field.is_empty());
            }
            Self::Integers { values, present } if field.is_empty() => {
                values.push(0);
                present.append(false);
            }
            Self::Integers { values, present } => {
                values.push(integer(field).ok_or_else(|| {
                    format!("{:?} is no integer of 64 bits", String::from_utf8_lossy(&field[..field.len().min(80)]))
                })?);
                present.append(true);
            }
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        matches!(self, Self::Texts { bytes, .. } if bytes.len() > BATCH_BYTES)
    }

    fn finish(self) -> Result<ArrayRef, Error> {
        Ok(match self {
            Self::Texts { offsets, bytes, mut present, .. } => {
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                Arc::new(StringArray::try_new(offsets, bytes.into(), present.finish())?)
            }
            Self::Integers { values, mut present } => Arc::new(Int64Array::try_new(values.into(), present.finish())?),
        })
    }
}

/// A whole number of plain digits with a minus or without.
fn integer(field: &[u8]) -> Option<i64> {
    if field.starts_with(b"+") { None } else { std::str::from_utf8(field).ok()?.parse().ok() }
}
