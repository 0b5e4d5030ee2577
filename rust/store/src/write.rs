//! Writing a table as one Parquet file.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Encoding, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{ColumnPath, Type};

use crate::Values;
use crate::error::Error;

/// Rows of a row group: enough to compress well, few enough for a reader to hold several.
pub const GROUP_ROWS: usize = 1 << 20;

/// Values that are converted at a time, so that a row group of texts or dates costs no copy of itself.
const BATCH_ROWS: usize = 1 << 14;

/// Digits of a decimal: what 64 bits hold, and what every reader takes for an INT64 decimal.
const PRECISION: i32 = 18;

/// Writes columns of one length, with texts about the file, and waits until the disk has them.
///
/// # Errors
/// What the system says; columns of different lengths, a text number outside its dictionary.
pub fn write(path: &Path, columns: &[(&str, Values<'_>)], about: &[(&str, String)]) -> Result<(), Error> {
    let rows = columns.first().map_or(0, |(_, values)| values.len());
    if let Some((name, values)) = columns.iter().find(|(_, values)| values.len() != rows) {
        return Err(Error::Content(format!("column {name} has {} rows, not {rows}", values.len())));
    }
    let fields = columns.iter().map(|(name, values)| field(name, values).map(Arc::new)).collect::<Result<_, _>>()?;
    let schema = Type::group_type_builder("table").with_fields(fields).build()?;
    let file = File::create(path)?;
    let sink = BufWriter::with_capacity(1 << 20, file.try_clone()?);
    let mut writer = SerializedFileWriter::new(sink, Arc::new(schema), Arc::new(properties(columns, about)))?;
    let dictionaries: Vec<Vec<ByteArray>> = columns.iter().map(|(_, values)| dictionary(values)).collect();
    let mut start = 0;
    while start < rows {
        let end = rows.min(start + GROUP_ROWS);
        let mut group = writer.next_row_group()?;
        for ((_, values), texts) in columns.iter().zip(&dictionaries) {
            let mut column = group.next_column()?.ok_or_else(|| Error::Content("a column is missing".to_owned()))?;
            write_rows(&mut column, values, texts, start..end)?;
            column.close()?;
        }
        group.close()?;
        start = end;
    }
    writer.close()?;
    file.sync_all()?;
    Ok(())
}

fn field(name: &str, values: &Values<'_>) -> Result<Type, Error> {
    let (physical, logical) = match values {
        Values::Integers(_) => (Physical::INT64, None),
        Values::Decimals(_, scale) => (Physical::INT64, Some(LogicalType::decimal(i32::from(*scale), PRECISION))),
        Values::Dates(_) => (Physical::INT32, Some(LogicalType::Date)),
        Values::Instants(_, utc) => (Physical::INT64, Some(LogicalType::timestamp(*utc, TimeUnit::MICROS))),
        Values::Texts(..) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
    };
    let mut builder =
        Type::primitive_type_builder(name, physical).with_repetition(Repetition::REQUIRED).with_logical_type(logical);
    if let Values::Decimals(_, scale) = values {
        builder = builder.with_precision(PRECISION).with_scale(i32::from(*scale));
    }
    Ok(builder.build()?)
}

fn properties(columns: &[(&str, Values<'_>)], about: &[(&str, String)]) -> WriterProperties {
    let about = about.iter().map(|(key, value)| KeyValue::new((*key).to_owned(), value.clone())).collect();
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by(concat!("fundclear ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(about))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_dictionary_enabled(false);
    for (name, values) in columns {
        let path = ColumnPath::from(*name);
        builder = match values {
            Values::Texts(..) => builder.set_column_dictionary_enabled(path, true),
            _ => builder.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
        };
    }
    builder.build()
}

fn dictionary(values: &Values<'_>) -> Vec<ByteArray> {
    match values {
        Values::Texts(_, texts) => texts.iter().map(|text| Bytes::copy_from_slice(text.as_bytes()).into()).collect(),
        _ => Vec::new(),
    }
}

fn write_rows(
    column: &mut SerializedColumnWriter<'_>,
    values: &Values<'_>,
    texts: &[ByteArray],
    rows: std::ops::Range<usize>,
) -> Result<(), Error> {
    match values {
        Values::Integers(values) | Values::Decimals(values, _) | Values::Instants(values, _) => {
            column.typed::<Int64Type>().write_batch(&values[rows], None, None)?;
            Ok(())
        }
        Values::Dates(days) => converted::<Int32Type, _>(column, &days[rows], |day| {
            i32::try_from(*day).map_err(|_| Error::Content(format!("{day} is no day of a calendar")))
        }),
        Values::Texts(codes, _) => converted::<ByteArrayType, _>(column, &codes[rows], |code| {
            let text = usize::try_from(*code).ok().and_then(|code| texts.get(code));
            text.cloned().ok_or_else(|| Error::Content(format!("there is no text of number {code}")))
        }),
    }
}

fn converted<T: DataType, S>(
    column: &mut SerializedColumnWriter<'_>,
    rows: &[S],
    convert: impl Fn(&S) -> Result<T::T, Error>,
) -> Result<(), Error> {
    let mut batch = Vec::with_capacity(BATCH_ROWS.min(rows.len()));
    for rows in rows.chunks(BATCH_ROWS) {
        batch.clear();
        for row in rows {
            batch.push(convert(row)?);
        }
        column.typed::<T>().write_batch(&batch, None, None)?;
    }
    Ok(())
}
