//! Reading a Parquet file back into columns.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use bytes::Bytes;
use parquet::basic::{LogicalType, TimeUnit, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::Type;

use crate::Owned;
use crate::error::Error;
use crate::frame::guarded;

/// Values that are read at a time, where they are converted.
const BATCH_ROWS: usize = 1 << 14;

/// A table as it was read.
#[derive(Debug)]
pub struct Table {
    /// The columns by name, in the order of the file.
    pub columns: Vec<(String, Owned)>,
    /// The texts about the file.
    pub about: Vec<(String, String)>,
}

/// Reads all columns of a file.
///
/// # Errors
/// What the system says; a damaged file; a column that may be null, is nested, or is of a type that no table has. The
/// text names the column.
pub fn read(path: &Path) -> Result<Table, Error> {
    read_where(path, |_| true)
}

/// Reads the columns of a file whose names are wanted, in the order of the file.
///
/// # Errors
/// As [`read`], but for what the other columns hold.
pub fn read_where(path: &Path, is_wanted: impl Fn(&str) -> bool) -> Result<Table, Error> {
    let file = File::open(path)?;
    // The parquet crate panics on some damaged footers and pages.
    guarded(|| read_open(file, is_wanted))
}

fn read_open(file: File, is_wanted: impl Fn(&str) -> bool) -> Result<Table, Error> {
    let file = SerializedFileReader::new(file)?;
    let metadata = file.metadata();
    let about = metadata.file_metadata().key_value_metadata().into_iter().flatten();
    let about = about.map(|pair| (pair.key.clone(), pair.value.clone().unwrap_or_default())).collect();
    let rows = usize::try_from(metadata.file_metadata().num_rows())
        .map_err(|_| Error::Content("the file has a negative number of rows".to_owned()))?;
    let mut columns = Vec::new();
    for (index, field) in metadata.file_metadata().schema().get_fields().iter().enumerate() {
        if !is_wanted(field.name()) {
            continue;
        }
        let mut gathered = Gathered::of(field, rows)?;
        for group in 0..file.num_row_groups() {
            let group = file.get_row_group(group)?;
            let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
            gathered.take(group.get_column_reader(index)?, rows, field.name())?;
        }
        columns.push((field.name().to_owned(), gathered.finish(rows, field.name())?));
    }
    Ok(Table { columns, about })
}

/// A column while its row groups are being read.
struct Gathered {
    values: Owned,
    numbers: HashMap<Bytes, u32>,
    /// The text before, and its number.
    last: Option<(ByteArray, u32)>,
}

impl Gathered {
    fn of(field: &Type, rows: usize) -> Result<Self, Error> {
        let refuse = |why: &str| Err(Error::Content(format!("column {}: {why}", field.name())));
        if !field.is_primitive() || field.get_basic_info().repetition() != parquet::basic::Repetition::REQUIRED {
            return refuse("it is nested or may be missing in a row");
        }
        let logical = field.get_basic_info().logical_type_ref().cloned();
        // A damaged footer may claim any number of rows; memory follows what is really there.
        let numbers = || Vec::with_capacity(rows.min(crate::pack::GROUP_ROWS));
        let values = match (field.get_physical_type(), logical) {
            (Physical::INT64 | Physical::INT32, None | Some(LogicalType::Integer(_))) => Owned::Integers(numbers()),
            (Physical::INT64 | Physical::INT32, Some(LogicalType::Decimal(decimal))) => {
                match u8::try_from(decimal.scale) {
                    Ok(scale) if scale <= 18 => Owned::Decimals(numbers(), scale),
                    _ => return refuse("its scale is not 0 to 18"),
                }
            }
            (Physical::INT32, Some(LogicalType::Date)) => Owned::Dates(numbers()),
            (Physical::INT64, Some(LogicalType::Timestamp(time))) if time.unit == TimeUnit::MICROS => {
                Owned::Instants(numbers(), time.is_adjusted_to_u_t_c)
            }
            (Physical::BYTE_ARRAY, Some(LogicalType::String)) => Owned::Texts(Vec::new(), Vec::new()),
            (physical, logical) => return refuse(&format!("its type {physical} {logical:?} is not one of a table")),
        };
        Ok(Self { values, numbers: HashMap::new(), last: None })
    }

    fn take(&mut self, reader: ColumnReader, rows: usize, name: &str) -> Result<(), Error> {
        match (&mut self.values, reader) {
            (
                Owned::Integers(values) | Owned::Decimals(values, _) | Owned::Instants(values, _),
                ColumnReader::Int64ColumnReader(mut reader),
            ) => {
                reader.read_records(rows, None, None, values)?;
                Ok(())
            }
            (
                Owned::Integers(values) | Owned::Decimals(values, _) | Owned::Dates(values),
                ColumnReader::Int32ColumnReader(reader),
            ) => in_batches(reader, rows, |number| {
                values.push(i64::from(*number));
                Ok(())
            }),
            (Owned::Texts(codes, texts), ColumnReader::ByteArrayColumnReader(reader)) => {
                let (numbers, last) = (&mut self.numbers, &mut self.last);
                in_batches(reader, rows, |text: &ByteArray| {
                    // An entry of a dictionary that stands in the row before, too, is not looked up again.
                    let number = match last {
                        Some((before, number)) if std::ptr::eq(before.data(), text.data()) => *number,
                        _ => number_of(text, numbers, texts).map_err(|why| named(name, &why))?,
                    };
                    if last.as_ref().is_none_or(|(_, before)| *before != number) {
                        *last = Some((text.clone(), number));
                    }
                    codes.push(number);
                    Ok(())
                })
            }
            _ => Err(named(name, "its values are not of the type that the footer names")),
        }
    }

    fn finish(self, rows: usize, name: &str) -> Result<Owned, Error> {
        let found = match &self.values {
            Owned::Integers(values)
            | Owned::Decimals(values, _)
            | Owned::Dates(values)
            | Owned::Instants(values, _) => values.len(),
            Owned::Texts(codes, _) => codes.len(),
        };
        if found == rows { Ok(self.values) } else { Err(named(name, &format!("{found} rows of {rows} are there"))) }
    }
}

fn named(column: &str, why: &str) -> Error {
    Error::Content(format!("column {column}: {why}"))
}

fn number_of(text: &ByteArray, numbers: &mut HashMap<Bytes, u32>, texts: &mut Vec<String>) -> Result<u32, String> {
    if let Some(number) = numbers.get(text.data()) {
        return Ok(*number);
    }
    let owned = std::str::from_utf8(text.data()).map_err(|_| "a text is not UTF-8".to_owned())?.to_owned();
    let number = u32::try_from(texts.len()).map_err(|_| "there are more than 2^32 different texts".to_owned())?;
    // A copy, because a slice would keep the whole page alive.
    numbers.insert(Bytes::copy_from_slice(text.data()), number);
    texts.push(owned);
    Ok(number)
}

fn in_batches<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
    mut take: impl FnMut(&T::T) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut batch = Vec::with_capacity(BATCH_ROWS.min(rows));
    let mut left = rows;
    while left > 0 {
        batch.clear();
        let (records, _, _) = reader.read_records(left.min(BATCH_ROWS), None, None, &mut batch)?;
        if records == 0 {
            break;
        }
        batch.iter().try_for_each(&mut take)?;
        left -= records;
    }
    Ok(())
}
