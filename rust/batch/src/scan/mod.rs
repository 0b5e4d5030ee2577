//! Parquet files of any size: planned from their footers, then read row group by row group into columns of integers.
//!
//! Pages come from the crate, which knows headers and compression; their values are decoded here, because a run is as
//! fast as its slowest column.

mod bits;
mod hybrid;
mod nulls;
mod pages;
mod values;

use std::fs::File;
use std::path::{Path, PathBuf};

use fundclear_store::error::Error;
use fundclear_store::frame::guarded;
use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::schema::types::ColumnDescriptor;

pub use pages::{Column, Memory};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Whole numbers.
    Integers,
    /// Decimals with so many places.
    Decimals(u8),
    /// Days since 1970.
    Dates,
    /// Microseconds since 1970; whether by UTC.
    Instants(bool),
    /// Texts.
    Texts,
}

/// How values become integers of 64 bits in the form's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Same,
    /// Without a sign, in so many bits.
    Unsigned(u32),
    /// Milliseconds.
    Thousands,
    /// Nanoseconds.
    Thousandths,
}

/// A column of a file, as the footer has it.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub form: Form,
    leaf: usize,
    physical: Physical,
    /// The bytes of a value of fixed length.
    length: usize,
    unit: Unit,
    optional: bool,
    missing: Option<Missing>,
}

/// What a null stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A value.
    Value(i64),
    /// A text.
    Text(String),
}

/// A file of which the footer is read.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    file: File,
    metadata: ParquetMetaData,
    columns: Vec<Option<Planned>>,
}

/// Who turns texts into numbers.
pub trait Texts {
    /// The number of a text.
    ///
    /// # Errors
    /// It is no text of the column.
    fn number(&mut self, text: &[u8]) -> Result<i64, Error>;
}

impl Source {
    /// Plans to read columns of a file: those that `wanted` names, if they are there. Others may be there that `others`
    /// names.
    ///
    /// # Errors
    /// What the system says; a damaged footer, columns that nobody names, columns of a type that cannot be read.
    pub fn plan(path: &Path, wanted: &[&str], others: &[&str]) -> Result<Self, Error> {
        let file = File::open(path)?;
        let metadata = guarded(|| Ok(ParquetMetaDataReader::new().parse_and_finish(&file)?))?;
        let schema = metadata.file_metadata().schema_descr();
        let mut columns = vec![None; wanted.len()];
        for (leaf, column) in schema.columns().iter().enumerate() {
            let name = column.path().parts().first().map_or("", String::as_str);
            let Some(place) = wanted.iter().position(|wish| *wish == name) else {
                if others.contains(&name) {
                    continue;
                }
                let known = wanted.join(", ");
                return Err(Error::Content(format!("its column {name:?} has no meaning here; there are {known}")));
            };
            let planned = Planned::of(leaf, name, column)?;
            let slot = columns.get_mut(place);
            if slot.as_ref().is_some_and(|slot| slot.is_some()) {
                return Err(Error::Content(format!("it has two columns called {name:?}")));
            }
            if let Some(slot) = slot {
                *slot = Some(planned);
            }
        }
        Ok(Self { path: path.to_owned(), file, metadata, columns })
    }

    /// The same file, where the nulls of the wanted columns stand for these; nulls of others are refused.
    #[must_use]
    pub fn with_missing(mut self, missing: Vec<Option<Missing>>) -> Self {
        for (column, missing) in self.columns.iter_mut().zip(missing) {
            if let Some(column) = column {
                column.missing = missing;
            }
        }
        self
    }

    /// How many nulls a wanted column has, as far as the footer says.
    #[must_use]
    pub fn nulls(&self, place: usize) -> u64 {
        let Some(Some(planned)) = self.columns.get(place) else { return 0 };
        let groups = self.metadata.row_groups().iter();
        groups.filter_map(|group| group.column(planned.leaf).statistics()?.null_count_opt()).sum()
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The rows of the file.
    #[must_use]
    pub fn rows(&self) -> usize {
        (0..self.groups()).map(|group| self.group_rows(group)).sum()
    }

    /// The number of its row groups.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.metadata.num_row_groups()
    }

    /// The rows of a row group.
    #[must_use]
    pub fn group_rows(&self, group: usize) -> usize {
        self.metadata.row_groups().get(group).map_or(0, |group| usize::try_from(group.num_rows()).unwrap_or_default())
    }

    /// The columns, in the order in which they were wanted.
    #[must_use]
    pub fn columns(&self) -> &[Option<Planned>] {
        &self.columns
    }

    /// What a wanted column holds, if it is there.
    #[must_use]
    pub fn form(&self, place: usize) -> Option<Form> {
        self.columns.get(place)?.as_ref().map(|planned| planned.form)
    }

    /// The smallest and the largest value of a column of integers, where every row group says so.
    #[must_use]
    pub fn bounds(&self, place: usize) -> Option<(i64, i64)> {
        let planned = self.columns.get(place)?.as_ref().filter(|planned| planned.unit == Unit::Same)?;
        let mut bounds: Option<(i64, i64)> = None;
        for group in self.metadata.row_groups() {
            let statistics = group.column(planned.leaf).statistics()?;
            let parquet::file::statistics::Statistics::Int64(values) = statistics else { return None };
            let (low, high) = (*values.min_opt()?, *values.max_opt()?);
            bounds = Some(bounds.map_or((low, high), |(least, most)| (least.min(low), most.max(high))));
        }
        bounds
    }

    /// Opens a column of a row group, in spare memory if there is some.
    ///
    /// # Errors
    /// What the system says; a damaged file.
    pub fn open(&self, group: usize, place: usize, spare: &mut Vec<Memory>) -> Result<Option<Column<'_>>, Error> {
        let Some(planned) = self.columns.get(place).and_then(Option::as_ref) else { return Ok(None) };
        let named = |error: Error| place_error(error, &planned.name, group);
        let memory = spare.pop().unwrap_or_default();
        let open = || Column::open(&self.file, self.metadata.row_group(group), planned, memory);
        guarded(open).map(Some).map_err(named)
    }
}

/// A failure in a column of a row group.
fn place_error(error: Error, column: &str, group: usize) -> Error {
    match error {
        Error::Content(why) => Error::Content(format!("column {column:?}, row group {group}: {why}")),
        other => other,
    }
}

impl Planned {
    fn of(leaf: usize, name: &str, column: &ColumnDescriptor) -> Result<Self, Error> {
        if column.max_rep_level() > 0 || column.path().parts().len() > 1 || column.max_def_level() > 1 {
            return Err(Error::Content(format!("its column {name:?} is nested")));
        }
        let physical = column.physical_type();
        let (form, unit) = form_of(column, physical).ok_or_else(|| {
            let logical = column.logical_type_ref().map_or(String::new(), |logical| format!(" ({logical:?})"));
            Error::Content(format!("its column {name:?} is of type {physical}{logical}, which cannot be read"))
        })?;
        let optional = column.self_type().get_basic_info().repetition() == Repetition::OPTIONAL;
        let length = usize::try_from(column.type_length()).unwrap_or_default();
        Ok(Self { name: name.to_owned(), form, leaf, physical, length, unit, optional, missing: None })
    }
}

/// What a column holds; nothing if it is of a type that is not read.
fn form_of(column: &ColumnDescriptor, physical: Physical) -> Option<(Form, Unit)> {
    let whole = matches!(physical, Physical::INT32 | Physical::INT64);
    let bytes = matches!(physical, Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY);
    match column.logical_type_ref() {
        Some(LogicalType::Decimal(decimal)) if whole || bytes => decimals(decimal.scale),
        Some(LogicalType::Date) if physical == Physical::INT32 => Some((Form::Dates, Unit::Same)),
        Some(LogicalType::Timestamp(moment)) if physical == Physical::INT64 => {
            let unit = match moment.unit {
                TimeUnit::MILLIS => Unit::Thousands,
                TimeUnit::MICROS => Unit::Same,
                TimeUnit::NANOS => Unit::Thousandths,
            };
            Some((Form::Instants(moment.is_adjusted_to_u_t_c), unit))
        }
        Some(LogicalType::Integer(integer)) if whole => {
            let bits = if physical == Physical::INT32 { 32 } else { 64 };
            Some((Form::Integers, if integer.is_signed { Unit::Same } else { Unit::Unsigned(bits) }))
        }
        Some(LogicalType::String | LogicalType::Enum) if physical == Physical::BYTE_ARRAY => {
            Some((Form::Texts, Unit::Same))
        }
        Some(_) => None,
        None => match column.converted_type() {
            ConvertedType::NONE if whole => Some((Form::Integers, Unit::Same)),
            ConvertedType::UTF8 if physical == Physical::BYTE_ARRAY => Some((Form::Texts, Unit::Same)),
            ConvertedType::DECIMAL if whole || bytes => decimals(column.type_scale()),
            ConvertedType::DATE => Some((Form::Dates, Unit::Same)),
            ConvertedType::TIMESTAMP_MICROS => Some((Form::Instants(true), Unit::Same)),
            ConvertedType::TIMESTAMP_MILLIS => Some((Form::Instants(true), Unit::Thousands)),
            ConvertedType::INT_8 | ConvertedType::INT_16 | ConvertedType::INT_32 | ConvertedType::INT_64 => {
                Some((Form::Integers, Unit::Same))
            }
            ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 => {
                Some((Form::Integers, Unit::Unsigned(32)))
            }
            ConvertedType::UINT_64 => Some((Form::Integers, Unit::Unsigned(64))),
            _ => None,
        },
    }
}

fn decimals(scale: i32) -> Option<(Form, Unit)> {
    u8::try_from(scale).ok().filter(|scale| *scale <= 18).map(|scale| (Form::Decimals(scale), Unit::Same))
}

#[cfg(test)]
mod tests;
