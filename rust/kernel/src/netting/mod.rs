//! Netting: orders grouped by their identifiers, ascending, with what flows in and out of each group.
//!
//! Cash comes in with subscriptions and units go out with redemptions and switches; the two are never added. The
//! identifiers of a row are packed into one number. Blocks of rows are sorted by ranges of it, so that all rows of a
//! range are met together and their sums stay in a core's cache; the ranges stand in the order of the result.

mod blocks;
mod columns;
mod groups;
mod packed;
mod route;

use crate::error::{Code, Error};
use crate::exec::Exec;
use blocks::Sorted;
pub use columns::{Identifiers, Kinds, Orders, Values};
use groups::Grouped;
use packed::Packing;

/// What the kind of an order says about where its quantity goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Cash comes in.
    CashIn,
    /// Units go out.
    UnitsOut,
    /// The kind is not one that nets.
    Refused,
}

/// The most columns that rows are grouped by.
pub const MAX_COLUMNS: usize = 4;

/// Orders that are grouped already, but not yet written.
pub struct Netting<'a> {
    columns: usize,
    plan: Plan<'a>,
}

/// Identifiers of up to 64 bits together, or of more.
enum Plan<'a> {
    Narrow(Packing, Grouped<'a, u64>),
    Broad(Packing, Grouped<'a, u128>),
}

/// Where a result is written; each column has as many rows as there are groups.
pub struct Output<'a> {
    /// The identifiers, column by column, as values or as ranks.
    pub keys: Vec<&'a mut [i64]>,
    /// The sums of cash.
    pub cash_in: &'a mut [i64],
    /// The sums of units.
    pub units_out: &'a mut [i64],
    /// How many orders there are in each group.
    pub count: &'a mut [i64],
}

impl<'a> Netting<'a> {
    /// Groups the orders. They are sorted into `lent`, two words an order, if it is as long as that; memory of the
    /// kernel's own would lie on small pages, and getting these can take longer than the sorting.
    ///
    /// # Errors
    /// [`Code::Digits`] with the row and the quantity; [`Code::OrderKind`] with the row and the kind's code;
    /// [`Code::Law`] if columns differ in length or there is none, or more than [`MAX_COLUMNS`], to group by.
    pub fn new(exec: &Exec<'_>, orders: Orders<'_>, lent: &'a mut [i64]) -> Result<Self, Error> {
        orders.check_shape()?;
        let packing = Packing::of(exec, &orders)?;
        let plan = if packing.bits() <= u64::BITS {
            let sorted = Sorted::<u64>::of(exec, &orders, &packing, lent)?;
            Plan::Narrow(packing, Grouped::of(exec, sorted)?)
        } else {
            let sorted = Sorted::<u128>::of(exec, &orders, &packing, lent)?;
            Plan::Broad(packing, Grouped::of(exec, sorted)?)
        };
        Ok(Self { columns: orders.keys.len(), plan })
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        match &self.plan {
            Plan::Narrow(_, grouped) => grouped.len(),
            Plan::Broad(_, grouped) => grouped.len(),
        }
    }

    /// Writes the groups, ascending by their identifiers, the first column first.
    ///
    /// # Errors
    /// [`Code::Overflow`] with the number of a group, its sum of cash and its sum of units, if one of them has more
    /// than 18 digits; [`Code::Law`] if a column of the output has not as many rows as there are groups.
    pub fn write(&self, exec: &Exec<'_>, output: Output<'_>) -> Result<(), Error> {
        let groups = self.groups();
        if output.keys.len() != self.columns || !output.has_rows(groups) {
            return Err(Error::whole(Code::Law));
        }
        match &self.plan {
            Plan::Narrow(packing, grouped) => grouped.write(exec, packing, output),
            Plan::Broad(packing, grouped) => grouped.write(exec, packing, output),
        }
    }
}

impl Output<'_> {
    fn has_rows(&self, rows: usize) -> bool {
        let sums = [self.cash_in.len(), self.units_out.len(), self.count.len()];
        sums.into_iter().chain(self.keys.iter().map(|key| key.len())).all(|own| own == rows)
    }

    /// The first rows, and all others.
    fn split(self, rows: usize) -> (Self, Self) {
        let (keys, other_keys) = self.keys.into_iter().map(|key| split_at(key, rows)).unzip();
        let (cash_in, other_cash_in) = split_at(self.cash_in, rows);
        let (units_out, other_units_out) = split_at(self.units_out, rows);
        let (count, other_count) = split_at(self.count, rows);
        let others = Self { keys: other_keys, cash_in: other_cash_in, units_out: other_units_out, count: other_count };
        (Self { keys, cash_in, units_out, count }, others)
    }
}

/// The first rows of a column, and all others; all and none if there are not so many.
fn split_at(column: &mut [i64], rows: usize) -> (&mut [i64], &mut [i64]) {
    let rows = rows.min(column.len());
    column.split_at_mut(rows)
}

#[cfg(test)]
mod tests;
