//! The file around the columns: its schema, its row groups, and the metadata at its end.

use std::path::Path;
use std::sync::Arc;

use parquet::basic::{CompressionCodec, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, KeyValue, ParquetMetaDataBuilder, ParquetMetaDataWriter, RowGroupMetaData,
};
use parquet::schema::types::{SchemaDescriptor, Type};

use super::Written;
use super::header::Coding;
use super::output::{Ending, Memory, Output};
use super::sealed::Sealed;
use crate::error::Error;

/// What every Parquet file begins with.
pub const MARK: &[u8] = b"PAR1";

/// Digits of a decimal: what 64 bits hold, and what every reader takes for an INT64 decimal.
const PRECISION: i32 = 18;

/// What a column is in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Whole numbers.
    Integers,
    /// Decimals in minor units, with their number of decimal places.
    Decimals(u8),
    /// Days since 1970.
    Dates,
    /// Microseconds since 1970; whether by UTC or by the clock on the wall.
    Instants(bool),
    /// Texts of a dictionary.
    Texts,
}

impl Form {
    fn field(self, name: &str) -> Result<Type, Error> {
        let (physical, logical) = match self {
            Self::Integers => (Physical::INT64, None),
            Self::Decimals(scale) => (Physical::INT64, Some(LogicalType::decimal(i32::from(scale), PRECISION))),
            Self::Dates => (Physical::INT32, Some(LogicalType::Date)),
            Self::Instants(utc) => (Physical::INT64, Some(LogicalType::timestamp(utc, TimeUnit::MICROS))),
            Self::Texts => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let field = Type::primitive_type_builder(name, physical).with_repetition(Repetition::REQUIRED);
        let mut field = field.with_logical_type(logical);
        if let Self::Decimals(scale) = self {
            field = field.with_precision(PRECISION).with_scale(i32::from(scale));
        }
        Ok(field.build()?)
    }
}

/// A Parquet file that grows by row groups.
#[derive(Debug)]
pub struct TableFile {
    output: Output,
    schema: Arc<SchemaDescriptor>,
    about: Vec<KeyValue>,
    groups: Vec<RowGroupMetaData>,
    rows: usize,
}

impl TableFile {
    /// Creates the file; the memory of a finished one will do for this one.
    pub fn create<'a>(
        path: &Path,
        columns: impl Iterator<Item = (&'a str, Form)>,
        about: &[(&str, String)],
        memory: Memory,
    ) -> Result<Self, Error> {
        let fields = columns.map(|(name, form)| form.field(name).map(Arc::new)).collect::<Result<_, _>>()?;
        let schema = Type::group_type_builder("table").with_fields(fields).build()?;
        let about = about.iter().map(|(key, value)| KeyValue::new((*key).to_owned(), value.clone())).collect();
        let mut output = Output::create(path, memory)?;
        output.put(MARK)?;
        Ok(Self {
            output,
            schema: Arc::new(SchemaDescriptor::new(Arc::new(schema))),
            about,
            groups: Vec::new(),
            rows: 0,
        })
    }

    /// Adds a row group, all of whose columns have the same rows.
    pub fn add(&mut self, columns: &[Sealed]) -> Result<(), Error> {
        let begin = self.output.written();
        let chunks = self.schema.columns().to_vec().into_iter().zip(columns);
        let chunks = chunks.map(|(column, sealed)| {
            let (begin, page) = self.put(sealed)?;
            let chunk = ColumnChunkMetaData::builder(column).set_compression_codec(CompressionCodec::UNCOMPRESSED);
            let size = self.output.written() as i64 - begin;
            let mut chunk = chunk
                .set_encodings(match sealed.coding() {
                    Coding::Codes => vec![Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY],
                    _ => vec![Encoding::RLE, Encoding::DELTA_BINARY_PACKED],
                })
                .set_num_values(sealed.rows as i64)
                .set_total_compressed_size(size)
                .set_total_uncompressed_size(size)
                .set_dictionary_page_offset(sealed.dictionary.is_some().then_some(begin))
                .set_data_page_offset(page);
            if let Some(statistics) = &sealed.statistics {
                chunk = chunk.set_statistics(statistics.clone());
            }
            Ok(chunk.build()?)
        });
        let chunks = chunks.collect::<Result<Vec<_>, Error>>()?;
        let rows = columns.first().map_or(0, |sealed| sealed.rows);
        let group = RowGroupMetaData::builder(self.schema.clone())
            .set_column_metadata(chunks)
            .set_total_byte_size((self.output.written() - begin) as i64)
            .set_num_rows(rows as i64)
            .set_ordinal(i32::try_from(self.groups.len()).unwrap_or(i32::MAX))
            .set_file_offset(begin as i64);
        self.groups.push(group.build()?);
        self.rows += rows;
        Ok(())
    }

    /// Writes a column; says where it begins, and where its page of data does.
    fn put(&mut self, sealed: &Sealed) -> Result<(i64, i64), Error> {
        let begin = self.output.written() as i64;
        let (dictionary_head, head) = sealed.heads()?;
        if let (Some(head), Some((values, _))) = (dictionary_head, &sealed.dictionary) {
            self.output.put(&head)?;
            self.output.put(values)?;
        }
        let page = self.output.written() as i64;
        for part in [&head, &sealed.lead, sealed.body.bytes()] {
            self.output.put(part)?;
        }
        Ok((begin, page))
    }

    /// Writes the metadata and waits until the disk has it all. Gives the memory for another file.
    pub fn finish(mut self) -> Result<(Written, Memory), Error> {
        let written = self.put_metadata()?;
        let (sha256, memory) = self.output.finish()?;
        Ok((Written { sha256, ..written }, memory))
    }

    /// Has a thread write the metadata and wait until the disk has it all.
    pub fn end(mut self) -> Result<TableEnding, Error> {
        let written = self.put_metadata()?;
        Ok(TableEnding { written, output: self.output.end()? })
    }

    /// Adds the metadata; what the file becomes, but for its digest.
    fn put_metadata(&mut self) -> Result<Written, Error> {
        let by = Some(concat!("fundclear ", env!("CARGO_PKG_VERSION")).to_owned());
        let about = Some(std::mem::take(&mut self.about));
        let file = FileMetaData::new(1, self.rows as i64, by, about, Arc::clone(&self.schema), None);
        let groups = std::mem::take(&mut self.groups);
        let metadata = ParquetMetaDataBuilder::new(file).set_row_groups(groups).build();
        let mut end = Vec::new();
        ParquetMetaDataWriter::new(&mut end, &metadata).finish()?;
        self.output.put(&end)?;
        Ok(Written { rows: self.rows, bytes: self.output.written(), sha256: [0; 32] })
    }
}

/// A file whose end is being written.
#[derive(Debug)]
pub struct TableEnding {
    /// What it becomes, but for the digest.
    written: Written,
    output: Ending,
}

impl TableEnding {
    /// Waits until the disk has all. Gives the memory for another file.
    pub fn wait(self) -> Result<(Written, Memory), Error> {
        let (sha256, memory) = self.output.wait()?;
        Ok((Written { sha256, ..self.written }, memory))
    }
}
