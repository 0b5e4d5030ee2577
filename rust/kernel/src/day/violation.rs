//! Which law does not hold, where, and by how much.

use super::flows::FlowKind;
use super::ledger::{Ledger, Step};
use super::obligations::Set;
use super::types::Kind;
use crate::error::{Code, Error};

/// What a law is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole day.
    Day,
    /// A fund, by number.
    Fund(u32),
    /// A fund's orders of a kind.
    Orders(u32, Kind),
    /// A fund's flows of a kind.
    Flows(u32, FlowKind),
    /// A fund's income of a date.
    Income(u32, i32),
    /// A portfolio, by the number of its head.
    Portfolio(u32),
    /// A currency, by number.
    Currency(u32),
    /// What is netted together.
    Netting(Set),
    /// A fund's postings of a step in a ledger.
    Postings(u32, Ledger, Step),
    /// A row of the bucket's orders.
    Order(usize),
    /// A row of the bucket's closing positions.
    Position(usize),
}

/// A law that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The law's name in DAY.md, like `C1`.
    pub law: &'static str,
    /// Where.
    pub scope: Scope,
    /// One side.
    pub left: i128,
    /// The other.
    pub right: i128,
}

impl Violation {
    /// As an error of the call, with both sides as operands; `base` rows were written before the bucket's.
    pub fn error(&self, base: usize) -> Error {
        let row = match self.scope {
            // Rows of a table in memory.
            Scope::Order(row) | Scope::Position(row) => Some(base.wrapping_add(row)),
            _ => None,
        };
        Error { row, operands: vec![self.left, self.right], law: Some(self.law), ..Error::whole(Code::Law) }
    }
}

impl From<Violation> for Error {
    fn from(violation: Violation) -> Self {
        violation.error(0)
    }
}
