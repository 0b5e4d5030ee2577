//! The output tables as columns: what the rows of a bucket become when they are written.
//!
//! Identifiers leave as keys (accounts, order ids) or as numbers (funds, distributors); the edge turns both into what
//! the caller wrote. Enumerations leave as their discriminants.

use std::mem;

use super::bucket::Closing;
use super::flows::Flow;
use super::ledger::Posting;
use super::obligations::{Obligation, PartyNet, Payment};
use super::proof::IncomeRow;
use super::ruled::RuledOrder;
use super::types::{Lot, Position};

/// So many rows are proven, summed and then written column after column: their orders and outcomes stay in a core's
/// nearest cache meanwhile. A column that is zero in all of them is not touched there.
pub(super) const BLOCK_ROWS: usize = 128;

/// A column of a table that owns its memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values {
    /// Keys, money, units, instants.
    I64(Vec<i64>),
    /// Dates, in days since 1970.
    I32(Vec<i32>),
    /// Numbers of funds, distributors, parties, currencies.
    U32(Vec<u32>),
    /// Codes and flags.
    U8(Vec<u8>),
}

macro_rules! values_from {
    ($($kind:ty => $variant:ident)*) => {$(
        impl From<Vec<$kind>> for Values {
            fn from(values: Vec<$kind>) -> Self {
                Self::$variant(values)
            }
        }
    )*};
}

values_from! { i64 => I64 i32 => I32 u32 => U32 u8 => U8 }

/// A stretch of a column.
#[derive(Clone, Copy, Debug)]
pub enum Slice<'a> {
    /// Keys, money, units, instants.
    I64(&'a [i64]),
    /// Dates, in days since 1970.
    I32(&'a [i32]),
    /// Numbers of funds, distributors, parties, currencies.
    U32(&'a [u32]),
    /// Codes and flags.
    U8(&'a [u8]),
    /// Of any kind, so many zeros.
    Zeros(usize),
}

impl Slice<'_> {
    /// How many rows there are.
    pub const fn len(&self) -> usize {
        match self {
            Self::I64(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::U32(values) => values.len(),
            Self::U8(values) => values.len(),
            Self::Zeros(rows) => *rows,
        }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// So many zeros if it is empty.
    pub(super) const fn or_zeros(self, rows: usize) -> Self {
        if self.is_empty() { Self::Zeros(rows) } else { self }
    }
}

macro_rules! slice_from {
    ($($kind:ty => $variant:ident)*) => {$(
        impl<'a> From<&'a [$kind]> for Slice<'a> {
            fn from(values: &'a [$kind]) -> Self {
                Self::$variant(values)
            }
        }
    )*};
}

slice_from! { i64 => I64 i32 => I32 u32 => U32 u8 => U8 }

macro_rules! table {
    ($(#[$doc:meta])* $table:ident from $source:ty { $($name:ident: $kind:ty = |$row:ident| $value:expr;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the columns of the table, described in the Python package")]
        pub struct $table {
            $(pub $name: Vec<$kind>,)*
        }

        impl $table {
            /// The names of the columns, in their order.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// Adds rows at the end.
            pub fn extend(&mut self, rows: &[$source]) {
                $(self.$name.extend(rows.iter().map(|$row| -> $kind { $value }));)*
            }

            /// Moves the rows of another table of this kind to the end.
            pub fn append(&mut self, mut other: Self) {
                $(
                    if self.$name.is_empty() {
                        self.$name = mem::take(&mut other.$name);
                    } else {
                        self.$name.append(&mut other.$name);
                    }
                )*
            }

            /// Forgets all rows; the memory stays.
            pub fn clear(&mut self) {
                $(self.$name.clear();)*
            }

            /// The columns in their order.
            pub fn slices(&self) -> Vec<Slice<'_>> {
                vec![$(Slice::from(self.$name.as_slice())),*]
            }

            /// The columns with their names, in their order.
            pub fn into_columns(self) -> Vec<(&'static str, Values)> {
                vec![$((stringify!($name), Values::from(self.$name))),*]
            }
        }

        impl From<&[$source]> for $table {
            fn from(rows: &[$source]) -> Self {
                let mut table = Self::default();
                table.extend(rows);
                table
            }
        }
    };
}

macro_rules! written {
    ($table:ident as $written:ident from $source:ty { $($name:ident: $kind:ty = |$row:ident| $value:expr;)* }) => {
        /// Stretches of the columns of a table, from zeroed memory.
        #[derive(Debug, Default)]
        pub(super) struct $written<'a> {
            $($name: &'a mut [$kind],)*
        }

        impl $table {
            /// So many rows of zeros. Memory of rows that are never written is never touched.
            pub(super) fn zeroed(rows: usize) -> Self {
                Self { $($name: vec![0; rows],)* }
            }

            /// All rows, to be written.
            pub(super) fn written(&mut self) -> $written<'_> {
                $written { $($name: &mut self.$name,)* }
            }

            /// Gives back the memory of all rows but the first ones.
            pub(super) fn cut(&mut self, rows: usize) {
                $(
                    self.$name.truncate(rows);
                    self.$name.shrink_to_fit();
                )*
            }
        }

        impl<'a> $written<'a> {
            /// Takes the first rows of every column away; `None` if there are fewer.
            pub(super) fn take(&mut self, rows: usize) -> Option<$written<'a>> {
                Some($written {$(
                    $name: {
                        let (first, rest) = mem::take(&mut self.$name).split_at_mut_checked(rows)?;
                        self.$name = rest;
                        first
                    },
                )*})
            }

            /// Writes as many rows. Columns of which a block of rows is zero are not touched there.
            pub(super) fn fill(&mut self, rows: &[$source]) {
                for rows in rows.chunks(BLOCK_ROWS) {
                    let Some(block) = self.take(rows.len()) else { return };
                    $(
                        let of = |$row: &$source| -> $kind { $value };
                        if rows.iter().any(|row| of(row) != 0) {
                            block.$name.iter_mut().zip(rows).for_each(|(place, row)| *place = of(row));
                        }
                    )*
                }
            }
        }

        table! {
            /// The positions at the end of the day.
            $table from $source { $($name: $kind = |$row| $value;)* }
        }
    };
}

written! {
    PositionColumns as WrittenPositions from Closing {
        account: i64 = |row| row.account;
        transaction_account: i64 = |row| row.transaction_account;
        distributor: u32 = |row| row.distributor;
        fund: u32 = |row| row.fund;
        charge: u8 = |row| row.charge;
        dividend_option: u8 = |row| row.dividend_option;
        units: i64 = |row| row.units;
        frozen: i64 = |row| row.frozen;
        pending: i64 = |row| row.pending;
        unpaid: i64 = |row| row.unpaid;
        opening: i64 = |row| row.opening;
        issued: i64 = |row| row.issued;
        cancelled: i64 = |row| row.cancelled;
        income: i64 = |row| row.income;
        income_units: i64 = |row| row.income_units;
        income_cash: i64 = |row| row.income_cash;
        moved: i64 = |row| row.moved;
    }
}

table! {
    /// The positions of an opened bucket, as they came.
    OpeningColumns from Position {
        account: i64 = |row| row.account;
        transaction_account: i64 = |row| row.transaction_account;
        distributor: u32 = |row| row.distributor;
        fund: u32 = |row| row.fund;
        charge: u8 = |row| row.charge;
        dividend_option: u8 = |row| row.dividend_option;
        units: i64 = |row| row.opening;
        frozen: i64 = |row| row.frozen;
        pending: i64 = |row| row.pending;
        unpaid: i64 = |row| row.unpaid;
        entitled: i64 = |row| row.entitled;
    }
}

table! {
    /// The lots at the end of the day.
    LotColumns from Lot {
        account: i64 = |row| row.account;
        transaction_account: i64 = |row| row.transaction_account;
        distributor: u32 = |row| row.distributor;
        fund: u32 = |row| row.fund;
        charge: u8 = |row| row.charge;
        number: i64 = |row| row.number;
        confirmed: i32 = |row| row.confirmed;
        units: i64 = |row| row.units;
        nav: i64 = |row| row.nav;
        rate_paid: i64 = |row| row.rate_paid;
        reinvested: u8 = |row| u8::from(row.reinvested);
    }
}

table! {
    /// What is ruled about the orders before the gate.
    RulingColumns from RuledOrder {
        distributor: u32 = |row| row.order.distributor;
        order_id: i64 = |row| row.order.id;
        account: i64 = |row| row.order.account;
        transaction_account: i64 = |row| row.order.transaction_account;
        fund: u32 = |row| row.order.fund;
        charge: u8 = |row| row.order.charge;
        kind: u8 = |row| row.order.kind_code;
        target_fund: u32 = |row| row.target;
        since: i32 = |row| row.order.since;
        origin: u8 = |row| row.order.origin as u8;
        status: u8 = |row| row.status as u8;
        reason: u8 = |row| row.reason as u8;
        requested: i64 = |row| row.order.quantity;
        top_up: i64 = |row| row.top_up;
        cancelled: i64 = |row| row.cancelled;
        quantity: i64 = |row| row.quantity;
    }
}

table! {
    /// The flows by fund, distributor and kind.
    FlowColumns from Flow {
        fund: u32 = |row| row.fund;
        distributor: u32 = |row| row.distributor;
        kind: u8 = |row| row.kind as u8;
        orders: i64 = |row| row.orders;
        amount: i64 = |row| row.amount;
        net: i64 = |row| row.net;
        units: i64 = |row| row.units;
        fee: i64 = |row| row.fee;
        back_end: i64 = |row| row.back_end;
        top_up_fee: i64 = |row| row.top_up_fee;
        fee_to_fund: i64 = |row| row.fee_to_fund;
        fee_to_distributor: i64 = |row| row.fee_to_distributor;
        fee_to_manager: i64 = |row| row.fee_to_manager;
        refund: i64 = |row| row.refund;
        unpaid: i64 = |row| row.unpaid;
        rounding: i64 = |row| row.rounding;
    }
}

table! {
    /// Obligations, of today or open.
    ObligationColumns from Obligation {
        dealing_date: i32 = |row| row.dealing_date;
        value_date: i32 = |row| row.value_date;
        currency: u32 = |row| row.currency;
        netting_set: u32 = |row| row.netting_set;
        fund: u32 = |row| row.fund;
        purpose: u8 = |row| row.purpose as u8;
        payer: u32 = |row| row.payer;
        payee: u32 = |row| row.payee;
        amount: i64 = |row| row.amount;
    }
}

table! {
    /// The net positions of the parties.
    SettlementColumns from PartyNet {
        currency: u32 = |row| row.set.currency;
        value_date: i32 = |row| row.set.value_date;
        netting_set: u32 = |row| row.set.netting_set;
        party: u32 = |row| row.party;
        receives: i64 = |row| row.receives;
        pays: i64 = |row| row.pays;
        net: i64 = |row| row.net;
    }
}

table! {
    /// The payments that settle the net positions.
    PaymentColumns from Payment {
        currency: u32 = |row| row.set.currency;
        value_date: i32 = |row| row.set.value_date;
        netting_set: u32 = |row| row.set.netting_set;
        payer: u32 = |row| row.payer;
        payee: u32 = |row| row.payee;
        amount: i64 = |row| row.amount;
    }
}

table! {
    /// The postings of both ledgers and of the rounding memo.
    PostingColumns from Posting {
        fund: u32 = |row| row.fund;
        currency: u32 = |row| row.currency;
        ledger: u8 = |row| row.ledger as u8;
        step: u8 = |row| row.step as u8;
        account: u8 = |row| row.account as u8;
        debit: i64 = |row| row.debit;
        credit: i64 = |row| row.credit;
        units_debit: i64 = |row| row.units_debit;
        units_credit: i64 = |row| row.units_credit;
        memo_debit: i64 = |row| row.memo_debit;
        memo_credit: i64 = |row| row.memo_credit;
    }
}

table! {
    /// The income of the funds by date.
    IncomeColumns from IncomeRow {
        fund: u32 = |row| row.fund;
        date: i32 = |row| row.date;
        income: i64 = |row| row.income;
        entitled: i64 = |row| row.entitled;
        paid: i64 = |row| row.paid;
        kept: i64 = |row| row.kept;
        per_10k: i64 = |row| row.per_10k;
    }
}
