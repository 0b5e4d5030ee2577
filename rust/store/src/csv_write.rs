//! Writing a table as a CSV file: the same bytes for the same table, there as a whole or not at all.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Decimal128Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch, downcast_integer};
use arrow_schema::{DataType, SchemaRef, TimeUnit};
use fundclear_kernel::scale::Scale;
use fundclear_kernel::text;
use memchr::{memchr, memchr3};

use crate::error::Error;
use crate::moments;

/// Bytes that are gathered before the file is written to.
const CHUNK_BYTES: usize = 1 << 20;

/// Tells apart the files that one process writes at the same time.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Writes the batches of a table aside, waits until the disk has them, and renames the file into place.
///
/// Decimals have all the digits of their scale, dates and instants are of ISO 8601, those of UTC with a `Z`; a missing
/// value is empty. A text is quoted if it has a comma, a quote or a line end. Lines end with a line feed.
///
/// # Errors
/// What the system says; a column of another type, a date whose year is not 1 to 9999. Nothing is left behind.
pub fn write(
    path: &Path,
    schema: &SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch, Error>>,
) -> Result<(), Error> {
    let aside = aside(path)?;
    let written = fill(&aside, schema, batches).and_then(|()| Ok(fs::rename(&aside, path)?));
    if written.is_err() {
        let _ = fs::remove_file(&aside);
    }
    written?;
    // A name is on the disk only when its folder is.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(File::open(folder)?.sync_all()?)
}

fn aside(path: &Path) -> Result<PathBuf, Error> {
    let name = path.file_name().ok_or_else(|| Error::Content("it has no name".to_owned()))?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    Ok(path.with_file_name(format!(".{}-{}-{number}", name.to_string_lossy(), process::id())))
}

fn fill(
    path: &Path,
    schema: &SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch, Error>>,
) -> Result<(), Error> {
    let mut file = BufWriter::with_capacity(CHUNK_BYTES, File::create(path)?);
    let mut out = Vec::new();
    // A line with nothing on it would be no record.
    let is_lonely = schema.fields().len() == 1;
    for (place, field) in schema.fields().iter().enumerate() {
        separate(place, &mut out);
        push_text(field.name(), is_lonely, &mut out);
    }
    out.push(b'\n');
    let mut row = 0;
    for batch in batches {
        let batch = batch?;
        let columns = batch.columns().iter().zip(schema.fields());
        let columns = columns.map(|(array, field)| Column::new(array, field.name())).collect::<Result<Vec<_>, _>>()?;
        for place in 0..batch.num_rows() {
            for (number, column) in columns.iter().enumerate() {
                separate(number, &mut out);
                if !column.push(place, is_lonely, &mut out) {
                    let name = schema.field(number).name();
                    return Err(Error::Content(format!("{name}[{}] is not of the years 1 to 9999", row + place)));
                }
            }
            out.push(b'\n');
            if out.len() >= CHUNK_BYTES {
                file.write_all(&out)?;
                out.clear();
            }
        }
        row += batch.num_rows();
    }
    file.write_all(&out)?;
    Ok(file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?)
}

fn separate(place: usize, out: &mut Vec<u8>) {
    if place > 0 {
        out.push(b',');
    }
}

/// A column of a batch, as it is written.
enum Column<'a> {
    Texts(&'a ArrayRef),
    Decimals(&'a [i128], Scale),
    Integers(Vec<i128>),
    Dates(&'a ArrayRef),
    Instants(&'a ArrayRef, bool),
}

impl<'a> Column<'a> {
    fn new(array: &'a ArrayRef, name: &str) -> Result<Self, Error> {
        macro_rules! widened {
            ($kind:ty, $array:expr) => {
                $array.as_primitive::<$kind>().values().iter().map(|value| i128::from(*value)).collect()
            };
        }
        let refuse = || Error::Content(format!("column {name:?} is of type {}", array.data_type()));
        Ok(match array.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 => Self::Texts(array),
            DataType::Decimal128(_, scale) => {
                let scale = u8::try_from(*scale).ok().and_then(Scale::new).ok_or_else(refuse)?;
                Self::Decimals(array.as_primitive::<Decimal128Type>().values(), scale)
            }
            DataType::Date32 => Self::Dates(array),
            DataType::Timestamp(TimeUnit::Microsecond, zone) => Self::Instants(array, zone.is_some()),
            other => Self::Integers(downcast_integer! {
                other => (widened, array),
                _ => return Err(refuse())
            }),
        })
    }

    fn push(&self, row: usize, is_lonely: bool, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Texts(array) => {
                let text = match array.data_type() {
                    DataType::Utf8 => array.as_string::<i32>().value(row),
                    _ => array.as_string::<i64>().value(row),
                };
                push_text(text, is_lonely, out);
            }
            Self::Decimals(values, scale) => push_decimal(values[row], *scale, out),
            Self::Integers(values) => push_decimal(values[row], Scale::ZERO, out),
            Self::Dates(array) | Self::Instants(array, _) if array.is_null(row) => push_text("", is_lonely, out),
            Self::Dates(array) => {
                return moments::write_day(i64::from(array.as_primitive::<Date32Type>().value(row)), out);
            }
            Self::Instants(array, is_utc) => {
                let moment = array.as_primitive::<TimestampMicrosecondType>().value(row);
                return moments::write_instant(moment, *is_utc, out);
            }
        }
        true
    }
}

fn push_decimal(value: i128, scale: Scale, out: &mut Vec<u8>) {
    match i64::try_from(value) {
        Ok(value) => out.extend_from_slice(text::format(value, scale, &mut [0; text::TEXT_MAX])),
        Err(_) => out.extend_from_slice(text::format_wide(value, scale).as_bytes()),
    }
}

fn push_text(text: &str, is_lonely: bool, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let is_plain = memchr3(b',', b'"', b'\n', bytes).is_none() && memchr(b'\r', bytes).is_none();
    if is_plain && !(is_lonely && bytes.is_empty()) {
        out.extend_from_slice(bytes);
        return;
    }
    out.push(b'"');
    for byte in bytes {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}
