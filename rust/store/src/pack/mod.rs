//! Our own encoders of Parquet: numbers as differences, texts by their numbers, and what never changes as one value.
//!
//! The bytes of a file depend on its rows alone, not on how they were cut into pushes, nor on threads.

mod bits;
mod column;
mod damage;
mod delta;
mod header;
mod integers;
mod output;
mod sealed;
mod table;
mod texts;

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use column::Column;
pub(crate) use column::check_days;
pub use damage::{Place, damage};
pub(crate) use integers::Integers;
pub(crate) use output::Memory;
pub(crate) use sealed::Sealed;
use table::TableEnding;
pub(crate) use table::{Form, TableFile};
pub(crate) use texts::Texts;

use crate::error::Error;

/// Rows of a row group: enough to compress well, few enough for a reader to hold several.
pub const GROUP_ROWS: usize = 1 << 20;

/// What a column holds.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Whole numbers.
    Integers,
    /// Decimals in minor units, with their number of decimal places.
    Decimals(u8),
    /// Days since 1970.
    Dates,
    /// Microseconds since 1970; whether by UTC or by the clock on the wall.
    Instants(bool),
    /// Texts by their numbers in a dictionary.
    Texts(Arc<[String]>),
    /// Texts that are integers spelled in so many digits, with zeros before them.
    Digits(usize),
    /// Texts of which too many are known to list them: somebody tells those that occur.
    Spelled(Arc<dyn Spelling>),
}

/// Who knows the texts of numbers.
pub trait Spelling: Debug + Send + Sync {
    /// The text of a number, if it has one.
    fn text(&self, number: i64) -> Option<&str>;
}

impl Kind {
    const fn form(&self) -> Form {
        match self {
            Self::Integers => Form::Integers,
            Self::Decimals(scale) => Form::Decimals(*scale),
            Self::Dates => Form::Dates,
            Self::Instants(utc) => Form::Instants(*utc),
            Self::Texts(_) | Self::Digits(_) | Self::Spelled(_) => Form::Texts,
        }
    }
}

/// Values of a column, one row after the other; those of texts are numbers in their dictionary.
#[derive(Clone, Copy, Debug)]
pub enum Chunk<'a> {
    /// Of 64 bits.
    I64(&'a [i64]),
    /// Of 32 bits.
    I32(&'a [i32]),
    /// Of 32 bits without a sign.
    U32(&'a [u32]),
    /// Of 8 bits without a sign.
    U8(&'a [u8]),
    /// One value for so many rows.
    Repeat(i64, usize),
}

/// What a file has become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The rows of the table.
    pub rows: usize,
    /// The size of the file.
    pub bytes: u64,
    /// The SHA-256 of the file.
    pub sha256: [u8; 32],
}

/// The memory of a finished writer, for the next one.
#[derive(Debug, Default)]
pub struct Buffers {
    output: Memory,
    columns: Vec<(Vec<u8>, Vec<u32>)>,
}

/// A file whose end is being written.
#[derive(Debug)]
pub struct PartEnding(TableEnding);

impl PartEnding {
    /// Waits until the disk has all, and adds the memory of the file to that of its columns, for another writer.
    ///
    /// # Errors
    /// What the system says.
    pub fn wait(self, buffers: &mut Buffers) -> Result<Written, Error> {
        let (written, output) = self.0.wait()?;
        buffers.output.add(output);
        Ok(written)
    }
}

/// A Parquet file that is written column by column, some rows at a time.
#[derive(Debug)]
pub struct PartWriter {
    file: TableFile,
    columns: Vec<Column>,
}

impl PartWriter {
    /// Creates a file of these columns, with texts about it.
    ///
    /// # Errors
    /// What the system says; a decimal of more than 18 places.
    pub fn create(path: &Path, columns: &[(&str, Kind)], about: &[(&str, String)]) -> Result<Self, Error> {
        Self::reusing(Buffers::default(), path, columns, about)
    }

    /// Creates a file like [`Self::create`], in the memory of a finished writer.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn reusing(
        buffers: Buffers,
        path: &Path,
        columns: &[(&str, Kind)],
        about: &[(&str, String)],
    ) -> Result<Self, Error> {
        let forms = columns.iter().map(|(name, kind)| (*name, kind.form()));
        let file = TableFile::create(path, forms, about, buffers.output)?;
        let mut memory = buffers.columns.into_iter();
        let columns = columns.iter().map(|(name, kind)| Column::new(name, kind, memory.next().unwrap_or_default()));
        Ok(Self { columns: columns.collect(), file })
    }

    /// Adds values to a column. Columns may be ahead of others; what they have is kept, encoded, until all have it.
    ///
    /// # Errors
    /// What the system says; a day or a number of a text that is none, a column that there is not.
    pub fn push(&mut self, column: usize, values: Chunk<'_>) -> Result<(), Error> {
        let Some(column) = self.columns.get_mut(column) else {
            return Err(Error::Content(format!("there is no column of number {column}")));
        };
        let waiting = column.sealed.len();
        column.push(values)?;
        if column.sealed.len() > waiting {
            self.write_groups()?;
        }
        Ok(())
    }

    /// Writes what is left and waits until the disk has it.
    ///
    /// # Errors
    /// What the system says; columns of different lengths.
    pub fn finish(mut self) -> Result<Written, Error> {
        self.write_rest()?;
        self.file.finish().map(|(written, _)| written)
    }

    /// Has a thread write what is left and wait until the disk has it. Gives the memory of the columns for another
    /// writer.
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub fn end(mut self) -> Result<(PartEnding, Buffers), Error> {
        self.write_rest()?;
        let ending = PartEnding(self.file.end()?);
        let columns = self.columns.into_iter().map(|column| column.encoder.into_memory()).collect();
        Ok((ending, Buffers { output: Memory::default(), columns }))
    }

    fn write_rest(&mut self) -> Result<(), Error> {
        let rows = self.columns.first().map_or(0, |column| column.rows);
        if let Some(column) = self.columns.iter().find(|column| column.rows != rows) {
            return Err(Error::Content(format!("column {} has {} rows, not {rows}", column.name, column.rows)));
        }
        for column in &mut self.columns {
            if column.encoder.rows() > 0 {
                column.seal()?;
            }
        }
        self.write_groups()
    }

    /// Writes the row groups that all columns have.
    fn write_groups(&mut self) -> Result<(), Error> {
        while !self.columns.is_empty() && self.columns.iter().all(|column| !column.sealed.is_empty()) {
            let group: Vec<_> = self.columns.iter_mut().filter_map(|column| column.sealed.pop_front()).collect();
            self.file.add(&group)?;
            for (column, sealed) in self.columns.iter_mut().zip(group) {
                column.encoder.reuse(sealed.body.into_memory());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
