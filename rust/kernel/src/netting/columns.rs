//! The columns of orders as they come: identifiers and kinds in any width.

use super::{Direction, MAX_COLUMNS};
use crate::error::{Code, Error};

/// The numbers of a column.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// One for all rows.
    All(i64),
    /// In 8 bits.
    U8(&'a [u8]),
    /// In 16 bits.
    U16(&'a [u16]),
    /// In 32 bits.
    U32(&'a [u32]),
    /// In 32 bits with a sign.
    I32(&'a [i32]),
    /// In 64 bits.
    I64(&'a [i64]),
}

/// Runs an expression on the rows of a column, whatever their width, or another on a scalar.
macro_rules! on_rows {
    ($values:expr, $rows:ident => $many:expr, $all:ident => $one:expr) => {
        match $values {
            $crate::netting::Values::All($all) => $one,
            $crate::netting::Values::U8($rows) => $many,
            $crate::netting::Values::U16($rows) => $many,
            $crate::netting::Values::U32($rows) => $many,
            $crate::netting::Values::I32($rows) => $many,
            $crate::netting::Values::I64($rows) => $many,
        }
    };
}
pub(super) use on_rows;

impl Values<'_> {
    /// The number of rows; none for a scalar.
    pub(super) fn rows(&self) -> Option<usize> {
        on_rows!(*self, rows => Some(rows.len()), _all => None)
    }

    /// The number of a row; zero beyond the end.
    pub(super) fn at(&self, row: usize) -> i64 {
        on_rows!(*self, rows => number(rows, row), all => all)
    }
}

fn number<V: Copy + Into<i64>>(rows: &[V], row: usize) -> i64 {
    rows.get(row).map_or(0, |&value| value.into())
}

/// A code as an index.
#[inline(always)]
pub(super) fn index(code: impl Into<i64>) -> Option<usize> {
    usize::try_from(code.into()).ok()
}

/// A column of identifiers.
#[derive(Clone, Copy, Debug)]
pub struct Identifiers<'a> {
    /// The identifiers, or the codes of them.
    pub values: Values<'a>,
    /// The place of each code among all in ascending order; without them the values are themselves in order.
    pub ranks: Option<&'a [i64]>,
}

/// The kinds of orders.
#[derive(Clone, Copy, Debug)]
pub struct Kinds<'a> {
    /// The codes of the kinds.
    pub values: Values<'a>,
    /// What each code stands for.
    pub directions: &'a [Direction],
}

/// Orders to be netted; all columns have the same length.
#[derive(Clone, Copy, Debug)]
pub struct Orders<'a> {
    /// What the orders are grouped by.
    pub keys: &'a [Identifiers<'a>],
    /// Where each quantity goes.
    pub kinds: Kinds<'a>,
    /// Cash or units.
    pub quantity: &'a [i64],
}

impl Orders<'_> {
    pub(super) fn rows(&self) -> usize {
        self.quantity.len()
    }

    pub(super) fn check_shape(&self) -> Result<(), Error> {
        let rows = self.rows();
        let mut columns = self.keys.iter().map(|key| key.values).chain([self.kinds.values]);
        if columns.any(|column| column.rows().is_some_and(|own| own != rows))
            || self.keys.is_empty()
            || self.keys.len() > MAX_COLUMNS
        {
            return Err(Error::whole(Code::Law));
        }
        Ok(())
    }
}
