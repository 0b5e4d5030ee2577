//! Tables as Parquet files: INT64 decimals that every reader takes, and no embedded Arrow schema.
//!
//! A column is written as what it is: integers and decimals as INT64, dates as INT32, instants as microseconds, texts
//! once in a dictionary. Reading back gives the same columns.

pub mod csv;
pub mod csv_write;
pub mod error;
pub mod files;
pub mod frame;
mod messages;
mod moments;
pub mod pack;
pub mod read;
pub mod write;

/// The values of a column to write.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// Whole numbers.
    Integers(&'a [i64]),
    /// Decimals in minor units, with their number of decimal places.
    Decimals(&'a [i64], u8),
    /// Days since 1970.
    Dates(&'a [i64]),
    /// Microseconds since 1970; whether by UTC or by the clock on the wall.
    Instants(&'a [i64], bool),
    /// Texts as numbers into a dictionary.
    Texts(&'a [u32], &'a [String]),
}

/// The values of a column that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owned {
    /// Whole numbers.
    Integers(Vec<i64>),
    /// Decimals in minor units, with their number of decimal places.
    Decimals(Vec<i64>, u8),
    /// Days since 1970.
    Dates(Vec<i64>),
    /// Microseconds since 1970; whether by UTC.
    Instants(Vec<i64>, bool),
    /// Texts as numbers into a dictionary, which stands in the order of first appearance.
    Texts(Vec<u32>, Vec<String>),
}

impl Values<'_> {
    /// The number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Integers(values) | Self::Decimals(values, _) | Self::Dates(values) | Self::Instants(values, _) => {
                values.len()
            }
            Self::Texts(codes, _) => codes.len(),
        }
    }

    /// Whether there is no row.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests;
