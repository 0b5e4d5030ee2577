//! The table of confirmations: what orders and their outcomes become when they are written.

use std::mem;

use super::bucket::{Bucket, Context, Settled};
use super::settle::NOTHING;
use super::tables::{BLOCK_ROWS, Slice};
use super::types::{Kind, Order, Origin, Outcome, OwnCharge, Reason};
use crate::bounds::fits;

/// What the columns of confirmations are read from.
struct Row<'a> {
    order: &'a Order,
    outcome: &'a Outcome,
    /// What a quantity is times in minor units of the quantity scale.
    factor: i64,
    /// The number that stands for a fund that is not given: one above all that are.
    no_fund: u32,
}

/// Orders and what became of them, to be read column after column.
#[derive(Clone, Copy)]
struct Block<'a> {
    ctx: &'a Context<'a>,
    orders: &'a [Order],
    outcomes: &'a [Outcome],
    no_fund: u32,
}

impl<'a> Block<'a> {
    /// `None`: a quantity has more than 18 digits.
    fn of(ctx: &'a Context<'a>, orders: &'a [Order], outcomes: &'a [Outcome]) -> Option<Self> {
        let block = Self { ctx, orders, outcomes, no_fund: u32::try_from(ctx.funds.len()).ok()? };
        block.rows().all(|row| row.fits()).then_some(block)
    }

    #[inline(always)]
    fn rows(self) -> impl Iterator<Item = Row<'a>> {
        let Self { ctx, orders, outcomes, no_fund } = self;
        let row =
            move |(order, outcome): (&'a Order, _)| Row { order, outcome, factor: ctx.factor(order.kind), no_fund };
        orders.iter().zip(outcomes).map(row)
    }

    /// Whether any row has something in a column, which is read from the order or from the outcome; `marks` are what
    /// the outcomes have together.
    #[inline(always)]
    fn has(self, marks: &Outcome, is_there: impl Fn(&Row<'_>) -> bool) -> bool {
        let Self { orders, no_fund, .. } = self;
        is_there(&Row { order: &NO_ORDER, outcome: marks, factor: 1, no_fund })
            || orders.iter().any(|order| is_there(&Row { order, outcome: &NOTHING, factor: 1, no_fund }))
    }
}

/// An order that has nothing in any column.
const NO_ORDER: Order = Order {
    account: 0,
    transaction_account: 0,
    id: 0,
    placed_at: 0,
    quantity: 0,
    own_charge_value: 0,
    fund: 0,
    target: 0,
    distributor: 0,
    since: 0,
    kind: Kind::Subscribe,
    kind_code: 0,
    charge: 0,
    cancel_on_gate: false,
    own_charge: OwnCharge::None,
    origin: Origin::New,
    refused: Reason::None,
};

/// What has something in every column in which any of some outcomes has something, and in no other. All columns of an
/// outcome are looked at together, where to look for one after the other takes several times as long.
fn marks(outcomes: &[Outcome]) -> Outcome {
    let mut all = NOTHING;
    macro_rules! mark {
        ($outcome:ident: $($code:ident)*; $($value:ident)*) => {
            let Outcome { $($code,)* $($value),* } = *$outcome;
            $(if $code as u8 != 0 {
                all.$code = $code;
            })*
            $(all.$value |= $value;)*
        };
    }
    for outcome in outcomes {
        mark!(outcome: status reason refund_cause;
            top_up confirmed deferred cancelled amount net fee back_end top_up_fee fee_to_fund fee_to_distributor
            fee_to_manager refund net_in units units_in price price_in rounding rounding_in);
    }
    all
}

/// Hands the names and types of the columns of confirmations, in their order, to a macro:
/// `confirmation_columns!(make)` becomes `make! { distributor: u32, order_id: i64, ... }`.
#[macro_export]
macro_rules! confirmation_columns {
    ($callback:ident) => {
        $callback! {
            distributor: u32, order_id: i64, account: i64, transaction_account: i64, fund: u32, charge: u8, kind: u8,
            target_fund: u32, placed_at: i64, since: i64, origin: u8, on_gate: u8, own_charge: u8,
            own_charge_value: i64, status: u8, reason: u8, refund_cause: u8, requested: i64, top_up: i64,
            confirmed: i64, deferred: i64, cancelled: i64, amount: i64, net: i64, fee: i64, back_end: i64,
            top_up_fee: i64, fee_to_fund: i64, fee_to_distributor: i64, fee_to_manager: i64, refund: i64, net_in: i64,
            units: i64, units_in: i64, price: i64, price_in: i64, rounding: i64, rounding_in: i64
        }
    };
}

macro_rules! confirmations {
    ($($name:ident: $kind:ty),*) => {
        /// The columns of confirmations, each as long as the table has rows; made from zeroed memory.
        #[derive(Debug, Default)]
        #[expect(missing_docs, reason = "the columns of the table of confirmations, described there")]
        pub struct ConfirmationColumns<'a> {
            $(pub $name: &'a mut [$kind],)*
        }

        impl<'a> ConfirmationColumns<'a> {
            /// The names of the columns, in their order.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// Takes the first rows of every column away, for a bucket to write; all that are left if there are fewer.
            pub fn take(&mut self, rows: usize) -> ConfirmationColumns<'a> {
                ConfirmationColumns {$(
                    $name: {
                        let whole = mem::take(&mut self.$name);
                        let (first, rest) = whole.split_at_mut(rows.min(whole.len()));
                        self.$name = rest;
                        first
                    },
                )*}
            }

            /// Writes rows that are next, in the order of their bucket, into columns that are zero. They are few, so
            /// that they stay in a core's caches from column to column.
            ///
            /// Quantities (`requested` to `cancelled`) are brought to the scale of order quantities. Columns of which
            /// all rows are zero are not touched. `None`: a quantity has more than 18 digits.
            pub(super) fn write(&mut self, ctx: &Context<'_>, orders: &[Order], outcomes: &[Outcome]) -> Option<()> {
                let block = Block::of(ctx, orders, outcomes)?;
                let columns = self.take(orders.len());
                let marks = marks(outcomes);
                $(
                    if block.has(&marks, |row| row.$name() != 0) {
                        for (place, row) in columns.$name.iter_mut().zip(block.rows()) {
                            *place = row.$name();
                        }
                    }
                )*
                Some(())
            }

            /// Writes the rows of a bucket into columns that are as long as it and zero; `None` as for its rows.
            pub fn fill(&mut self, ctx: &Context<'_>, bucket: &Bucket, settled: &Settled) -> Option<()> {
                let mut blocks = bucket.orders.chunks(BLOCK_ROWS).zip(settled.outcomes.chunks(BLOCK_ROWS));
                blocks.try_for_each(|(orders, outcomes)| self.write(ctx, orders, outcomes))
            }
        }
    };
}

confirmation_columns!(confirmations);

macro_rules! confirmation_table {
    ($($name:ident: $kind:ty),*) => {
        /// Confirmations in memory that is used for one bucket after another. A column that is zero in all rows is
        /// empty.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the columns of the table of confirmations, described there")]
        pub struct ConfirmationTable {
            rows: usize,
            $(pub $name: Vec<$kind>,)*
        }

        impl ConfirmationTable {
            /// Forgets all rows; the memory stays.
            pub fn clear(&mut self) {
                self.rows = 0;
                $(self.$name.clear();)*
            }

            /// How many rows there are.
            pub const fn rows(&self) -> usize {
                self.rows
            }

            /// Adds rows that are next, as [`ConfirmationColumns`] take them. Columns are as long as the last row that
            /// has something in them, until they are evened out.
            pub(super) fn add(&mut self, ctx: &Context<'_>, orders: &[Order], outcomes: &[Outcome]) -> Option<()> {
                let block = Block::of(ctx, orders, outcomes)?;
                let marks = marks(outcomes);
                $(
                    if block.has(&marks, |row| row.$name() != 0) {
                        self.$name.resize(self.rows, 0);
                        self.$name.extend(block.rows().map(|row| row.$name()));
                    }
                )*
                self.rows = self.rows.checked_add(orders.len())?;
                Some(())
            }

            /// Makes all columns as long as the table that are not empty.
            pub(super) fn even_out(&mut self) {
                $(
                    if !self.$name.is_empty() {
                        self.$name.resize(self.rows, 0);
                    }
                )*
            }

            /// Some rows of another table.
            pub fn gather(&mut self, from: &Self, rows: &[usize]) {
                self.rows = rows.len();
                $(
                    self.$name.clear();
                    self.$name.extend(rows.iter().filter_map(|row| from.$name.get(*row)));
                )*
            }

            /// So many rows of zeros.
            #[cfg(test)]
            pub fn zeroed(rows: usize) -> Self {
                Self { rows, $($name: vec![0; rows],)* }
            }

            /// All rows, to be written.
            #[cfg(test)]
            pub fn columns(&mut self) -> ConfirmationColumns<'_> {
                ConfirmationColumns { $($name: &mut self.$name,)* }
            }

            /// The columns in their order.
            pub fn slices(&self) -> Vec<Slice<'_>> {
                vec![$(Slice::from(self.$name.as_slice()).or_zeros(self.rows)),*]
            }
        }
    };
}

confirmation_columns!(confirmation_table);

impl Row<'_> {
    /// Whether all quantities have at most 18 digits at their scale.
    fn fits(&self) -> bool {
        let Outcome { top_up, confirmed, deferred, cancelled, .. } = *self.outcome;
        let quantity = |value: i64| value.checked_mul(self.factor).is_some_and(fits);
        // Of values that are not negative none is above what has the bits of all of them, and most orders have one.
        let bits = top_up | confirmed | deferred | cancelled;
        bits >= 0 && quantity(bits) || [top_up, confirmed, deferred, cancelled].into_iter().all(quantity)
    }

    /// Cash or units at the scale of quantities, in a row whose quantities fit.
    const fn quantity(&self, value: i64) -> i64 {
        value.wrapping_mul(self.factor)
    }
}

macro_rules! read {
    ($($name:ident: $kind:ty = |$row:ident| $value:expr;)*) => {
        impl Row<'_> {$(
            #[inline(always)]
            fn $name(&self) -> $kind {
                let $row = self;
                $value
            }
        )*}
    };
}

read! {
    distributor: u32 = |row| row.order.distributor;
    order_id: i64 = |row| row.order.id;
    account: i64 = |row| row.order.account;
    transaction_account: i64 = |row| row.order.transaction_account;
    fund: u32 = |row| row.order.fund;
    charge: u8 = |row| row.order.charge;
    kind: u8 = |row| row.order.kind_code;
    target_fund: u32 = |row| row.order.target.min(row.no_fund);
    placed_at: i64 = |row| row.order.placed_at;
    since: i64 = |row| i64::from(row.order.since);
    origin: u8 = |row| row.order.origin as u8;
    on_gate: u8 = |row| u8::from(row.order.cancel_on_gate);
    own_charge: u8 = |row| row.order.own_charge as u8;
    own_charge_value: i64 = |row| row.order.own_charge_value;
    status: u8 = |row| row.outcome.status as u8;
    reason: u8 = |row| row.outcome.reason as u8;
    refund_cause: u8 = |row| row.outcome.refund_cause as u8;
    requested: i64 = |row| row.order.quantity;
    top_up: i64 = |row| row.quantity(row.outcome.top_up);
    confirmed: i64 = |row| row.quantity(row.outcome.confirmed);
    deferred: i64 = |row| row.quantity(row.outcome.deferred);
    cancelled: i64 = |row| row.quantity(row.outcome.cancelled);
    amount: i64 = |row| row.outcome.amount;
    net: i64 = |row| row.outcome.net;
    fee: i64 = |row| row.outcome.fee;
    back_end: i64 = |row| row.outcome.back_end;
    top_up_fee: i64 = |row| row.outcome.top_up_fee;
    fee_to_fund: i64 = |row| row.outcome.fee_to_fund;
    fee_to_distributor: i64 = |row| row.outcome.fee_to_distributor;
    fee_to_manager: i64 = |row| row.outcome.fee_to_manager;
    refund: i64 = |row| row.outcome.refund;
    net_in: i64 = |row| row.outcome.net_in;
    units: i64 = |row| row.outcome.units;
    units_in: i64 = |row| row.outcome.units_in;
    price: i64 = |row| row.outcome.price;
    price_in: i64 = |row| row.outcome.price_in;
    rounding: i64 = |row| row.outcome.rounding;
    rounding_in: i64 = |row| row.outcome.rounding_in;
}
