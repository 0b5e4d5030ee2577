//! From columns to rows: orders, positions and lots with their funds and distributors numbered, and their orders.

use std::cmp::Ordering;
use std::ops::Range;

use super::duplicates;
use super::input::{DayInput, NO_KEY, OrderColumns, PositionColumns, Small, lane, small_lane, value};
use super::intern::{Numbers, distinct};
use super::opening::Origins;
use super::shelf::{Shelves, ShortOrder, ShortPosition};
use super::types::{Kind, Lot, Order, Origin, OwnCharge, Position, Reason, day_of};
use crate::arithmetic::Operand;
use crate::bounds::{beyond, fits};
use crate::error::{Code, Error};
use crate::exec::{Exec, SMALL_ROWS};
use crate::scale::MAX_MINOR;

/// What is known of all keys before a row is built.
pub(super) struct Rows<'a> {
    input: &'a DayInput<'a>,
    pub(super) funds: Numbers,
    pub(super) distributors: Numbers,
    /// Today's orders that are refused for their ids, by row.
    refused: Vec<(usize, Reason)>,
}

impl<'a> Rows<'a> {
    /// Numbers all keys, those of events among them, and finds the duplicates.
    pub(super) fn new(exec: &Exec<'_>, input: &'a DayInput<'a>) -> Result<Self, Error> {
        let parties = input.events.iter().flat_map(|event| [event.distributor, event.to_distributor]);
        let event_distributors: Vec<_> = parties.collect();
        let event_funds: Vec<_> = input.events.iter().map(|event| event.fund).collect();
        let tables = [&input.orders, &input.deferred];
        let mut columns: Vec<_> = tables.iter().map(|table| (table.distributor, table.rows)).collect();
        columns.push((input.positions.distributor, input.positions.rows));
        columns.push((input.lots.distributor, input.lots.rows));
        columns.push((Operand::Column(&event_distributors), event_distributors.len()));
        let distributors = Numbers::new(distinct(exec, &columns)?);
        columns.clear();
        for table in tables {
            columns.extend([(table.fund, table.rows), (table.target, table.rows)]);
        }
        columns.push((input.positions.fund, input.positions.rows));
        columns.push((input.lots.fund, input.lots.rows));
        columns.push((Operand::Column(&event_funds), event_funds.len()));
        let mut unknown = distinct(exec, &columns)?;
        unknown.retain(|key| *key != NO_KEY && input.fund_keys.binary_search(key).is_err());
        let funds = Numbers::new([input.fund_keys, &unknown].concat());
        let refused = duplicates::refused(exec, &input.orders, &input.deferred, &distributors)?;
        Ok(Self { input, funds, distributors, refused })
    }

    /// The orders that earlier days left over, of keys that are numbered already.
    ///
    /// # Errors
    /// [`Fault::DuplicateOrder`] if two of them have one id; values of more than 18 digits.
    pub(super) fn earlier(input: &DayInput<'_>, funds: &Numbers, distributors: &Numbers) -> Result<Vec<Order>, Error> {
        input.deferred.check()?;
        let none = OrderColumns::none();
        let refused = duplicates::refused(&Exec::inline(), &none, &input.deferred, distributors)?;
        let rows = Rows { input, funds: funds.clone(), distributors: distributors.clone(), refused };
        let mut orders = Vec::with_capacity(input.deferred.rows);
        rows.orders(1, 0..input.deferred.rows, &mut orders)?;
        Ok(orders)
    }

    /// How many of today's orders are refused for their ids.
    pub(super) fn duplicates(&self) -> usize {
        self.refused.len()
    }

    /// Appends a stretch of today's orders (table 0) or of the deferred ones (table 1).
    pub(super) fn orders(&self, table: usize, rows: Range<usize>, out: &mut Vec<Order>) -> Result<(), Error> {
        let columns = if table == 0 { &self.input.orders } else { &self.input.deferred };
        let (first, count, built) = (rows.start, rows.len(), out.len());
        let wide = |column| lane(column, first, count);
        let code = |column| small_lane(column, first, count);
        let (account, transaction_account) = (wide(columns.account), wide(columns.transaction_account));
        let (distributor, fund, target) = (wide(columns.distributor), wide(columns.fund), wide(columns.target));
        let (id, since) = (columns.id.map(wide), columns.since.map(wide));
        let (quantity, placed_at) = (wide(columns.quantity), wide(columns.placed_at));
        let (discount, rate, fee) = (wide(columns.discount), wide(columns.rate), wide(columns.fee));
        let (kind, charge) = (code(columns.kind), code(columns.charge));
        let (cancel_on_gate, origin) = (code(columns.cancel_on_gate), code(columns.origin));
        let mut over = 0;
        out.extend((0..count).map(|row| {
            let (own_charge, own_charge_value) = OwnCharge::given(discount.at(row), rate.at(row), fee.at(row));
            let quantity = quantity.at(row);
            over |= beyond(quantity, MAX_MINOR) | beyond(own_charge_value, MAX_MINOR);
            Order {
                account: account.at(row),
                transaction_account: transaction_account.at(row),
                id: id.map_or_else(|| number(first.wrapping_add(row)), |id| id.at(row)),
                placed_at: placed_at.at(row),
                quantity,
                own_charge_value,
                fund: self.funds.of(fund.at(row)),
                target: self.funds.of(target.at(row)),
                distributor: self.distributors.of(distributor.at(row)),
                since: since.map_or(self.input.date, |since| day_of(since.at(row))),
                kind: columns.kinds.get(usize::from(kind.at(row))).copied().unwrap_or(Kind::Unsupported),
                kind_code: kind.at(row),
                charge: charge.at(row),
                cancel_on_gate: cancel_on_gate.at(row) != 0,
                own_charge,
                origin: match origin.at(row) {
                    0 => Origin::New,
                    1 => Origin::Deferred,
                    _ => Origin::Carried,
                },
                refused: Reason::None,
            }
        }));
        if over < 0 {
            return Err(too_long(rows, &[columns.quantity, columns.discount, columns.rate, columns.fee]));
        }
        if table == 0 {
            for (row, reason) in self.refused_of(rows) {
                if let Some(order) = out.get_mut(built.saturating_add(row)) {
                    order.refused = reason;
                }
            }
        }
        Ok(())
    }

    /// What the rows of the day have in common; `count` are the rows of all tables.
    pub(super) fn shelves(&self, count: usize) -> Shelves {
        let mut shelves = Shelves::default();
        // Few rows are not worth it.
        if count <= SMALL_ROWS {
            return shelves;
        }
        let OrderColumns { transaction_account, discount, rate, fee, charge, cancel_on_gate, origin, since, .. } =
            self.input.orders;
        let numbers = self.funds.keys.len().max(self.distributors.keys.len());
        let is_common = [transaction_account, discount, rate, fee].iter().all(is_scalar)
            && [charge, cancel_on_gate, origin].iter().all(|codes| matches!(codes, Small::Scalar(_)))
            && since.is_none()
            && numbers <= usize::from(u16::MAX);
        if is_common {
            let mut first = Vec::with_capacity(1);
            // What is wrong with the first order is told when it is put into its bucket.
            shelves.order = self.orders(0, 0..1, &mut first).ok().and_then(|()| first.first().copied());
            shelves.kinds = self.input.orders.kinds.to_vec();
        }
        let PositionColumns { transaction_account, charge, dividend_option, frozen, pending, unpaid, entitled, .. } =
            self.input.positions;
        let is_common = [transaction_account, frozen, pending, unpaid].iter().all(is_scalar)
            && [charge, dividend_option].iter().all(|codes| matches!(codes, Small::Scalar(_)))
            && entitled.is_none();
        // Events and income look at positions and change them.
        let stays = self.input.events.is_empty()
            && self.input.incomes.is_empty()
            && !self.input.days.iter().any(|day| day.pays_out);
        if is_common && stays {
            let mut first = Vec::with_capacity(1);
            shelves.position = self.positions(0..1, &mut first).ok().and_then(|()| first.first().copied());
        }
        shelves
    }

    /// Appends a stretch of today's orders as short ones.
    pub(super) fn short_orders(&self, rows: Range<usize>, out: &mut Vec<ShortOrder>) -> Result<(), Error> {
        let columns = &self.input.orders;
        let (first, count, built) = (rows.start, rows.len(), out.len());
        let wide = |column| lane(column, first, count);
        let (account, fund, target) = (wide(columns.account), wide(columns.fund), wide(columns.target));
        let (distributor, quantity) = (wide(columns.distributor), wide(columns.quantity));
        let (id, placed_at, kind) =
            (columns.id.map(wide), wide(columns.placed_at), small_lane(columns.kind, first, count));
        // Days with more funds or distributors have no short orders.
        let narrow = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
        let mut over = 0;
        out.extend((0..count).map(|row| {
            let quantity = quantity.at(row);
            over |= beyond(quantity, MAX_MINOR);
            ShortOrder {
                account: account.at(row),
                id: id.map_or_else(|| number(first.wrapping_add(row)), |id| id.at(row)),
                placed_at: placed_at.at(row),
                quantity,
                fund: narrow(self.funds.of(fund.at(row))),
                target: narrow(self.funds.of(target.at(row))),
                distributor: narrow(self.distributors.of(distributor.at(row))),
                kind_code: kind.at(row),
                refused: Reason::None,
            }
        }));
        if over < 0 {
            return Err(too_long(rows, &[columns.quantity]));
        }
        for (row, reason) in self.refused_of(rows) {
            if let Some(order) = out.get_mut(built.saturating_add(row)) {
                order.refused = reason;
            }
        }
        Ok(())
    }

    /// The orders of a stretch that are refused for their ids, by their places in it.
    fn refused_of(&self, rows: Range<usize>) -> impl Iterator<Item = (usize, Reason)> {
        let from = self.refused.partition_point(|(row, _)| *row < rows.start);
        let own = self.refused.iter().skip(from).take_while(move |(row, _)| *row < rows.end);
        own.map(move |(row, reason)| (row.saturating_sub(rows.start), *reason))
    }

    /// Appends a stretch of the positions as short ones.
    pub(super) fn short_positions(&self, rows: Range<usize>, out: &mut Vec<ShortPosition>) -> Result<(), Error> {
        let columns = &self.input.positions;
        let wide = |column| lane(column, rows.start, rows.len());
        let (account, distributor, fund) = (wide(columns.account), wide(columns.distributor), wide(columns.fund));
        let units = wide(columns.units);
        let mut over = 0;
        out.extend((0..rows.len()).map(|row| {
            let units = units.at(row);
            over |= beyond(units, MAX_MINOR);
            ShortPosition {
                account: account.at(row),
                units,
                fund: self.funds.of(fund.at(row)),
                distributor: self.distributors.of(distributor.at(row)),
            }
        }));
        if over < 0 { Err(too_long(rows, &[columns.units])) } else { Ok(()) }
    }

    /// Appends a stretch of the positions.
    pub(super) fn positions(&self, rows: Range<usize>, out: &mut Vec<Position>) -> Result<(), Error> {
        let columns = &self.input.positions;
        let wide = |column| lane(column, rows.start, rows.len());
        let code = |column| small_lane(column, rows.start, rows.len());
        let (account, transaction_account) = (wide(columns.account), wide(columns.transaction_account));
        let (distributor, fund) = (wide(columns.distributor), wide(columns.fund));
        let (charge, dividend_option) = (code(columns.charge), code(columns.dividend_option));
        let (units, frozen, pending) = (wide(columns.units), wide(columns.frozen), wide(columns.pending));
        let (unpaid, entitled) = (wide(columns.unpaid), wide(columns.entitled.unwrap_or(columns.units)));
        let mut over = 0;
        out.extend((0..rows.len()).map(|row| {
            let position = Position {
                account: account.at(row),
                transaction_account: transaction_account.at(row),
                fund: self.funds.of(fund.at(row)),
                distributor: self.distributors.of(distributor.at(row)),
                charge: charge.at(row),
                dividend_option: dividend_option.at(row),
                opening: units.at(row),
                moved: 0,
                frozen: frozen.at(row),
                pending: pending.at(row),
                unpaid: unpaid.at(row),
                entitled: entitled.at(row),
            };
            over |= beyond(position.opening, MAX_MINOR) | beyond(position.frozen, MAX_MINOR);
            over |= beyond(position.pending, MAX_MINOR) | beyond(position.unpaid, MAX_MINOR);
            over |= beyond(position.entitled, MAX_MINOR);
            position
        }));
        let values = [columns.units, columns.frozen, columns.pending, columns.unpaid];
        if over < 0 { Err(too_long(rows, &[&values[..], columns.entitled.as_slice()].concat())) } else { Ok(()) }
    }

    /// Appends a stretch of the lots.
    pub(super) fn lots(&self, rows: Range<usize>, out: &mut Vec<Lot>) -> Result<(), Error> {
        let columns = &self.input.lots;
        let wide = |column| lane(column, rows.start, rows.len());
        let code = |column| small_lane(column, rows.start, rows.len());
        let (account, transaction_account) = (wide(columns.account), wide(columns.transaction_account));
        let (distributor, fund, charge) = (wide(columns.distributor), wide(columns.fund), code(columns.charge));
        let (number, confirmed, units) = (wide(columns.number), wide(columns.confirmed), wide(columns.units));
        let (nav, rate_paid, reinvested) = (wide(columns.nav), wide(columns.rate_paid), code(columns.reinvested));
        let mut over = 0;
        out.extend((0..rows.len()).map(|row| {
            let lot = Lot {
                account: account.at(row),
                transaction_account: transaction_account.at(row),
                fund: self.funds.of(fund.at(row)),
                distributor: self.distributors.of(distributor.at(row)),
                charge: charge.at(row),
                reinvested: reinvested.at(row) != 0,
                confirmed: day_of(confirmed.at(row)),
                number: number.at(row),
                units: units.at(row),
                nav: nav.at(row),
                rate_paid: rate_paid.at(row),
            };
            over |= beyond(lot.units, MAX_MINOR) | beyond(lot.nav, MAX_MINOR) | beyond(lot.rate_paid, MAX_MINOR);
            lot
        }));
        if over < 0 { Err(too_long(rows, &[columns.units, columns.nav, columns.rate_paid])) } else { Ok(()) }
    }
}

impl Origins for Rows<'_> {
    /// The last row that has the position's key.
    fn row_of(&self, position: &Position) -> Option<usize> {
        let columns = &self.input.positions;
        let mut row = Vec::with_capacity(1);
        (0..columns.rows).rev().find(|&number| {
            row.clear();
            self.positions(number..number.saturating_add(1), &mut row).is_ok()
                && row.first().is_some_and(|found| by_position(found, position).is_eq())
        })
    }
}

/// The first value of more than 18 digits.
#[cold]
fn too_long(mut rows: Range<usize>, columns: &[Operand<'_>]) -> Error {
    let found = rows.find_map(|row| {
        let mut values = columns.iter().map(|column| value(*column, row));
        values.find(|value| !fits(*value)).map(|value| (row, value))
    });
    found.map_or(Error::whole(Code::Digits), |(row, value)| Error::at(Code::Digits, row, &[i128::from(value)]))
}

/// The number of a row, which stands for the id that it is not given. Row numbers are far below 2^63.
fn number(row: usize) -> i64 {
    i64::try_from(row).unwrap_or(i64::MAX)
}

fn is_scalar(column: &Operand<'_>) -> bool {
    matches!(column, Operand::Scalar(_))
}

/// The order in which orders are written; within an account and a fund also the order in which they are processed.
pub(super) fn by_order(a: &Order, b: &Order) -> Ordering {
    let leading =
        |order: &Order| (order.account, order.fund, order.since, order.placed_at, order.distributor, order.id);
    let own = |order: &Order| (order.transaction_account, order.charge, order.kind, order.quantity, order.target);
    let rest = |order: &Order| {
        let charge = (order.own_charge, order.own_charge_value);
        (order.kind_code, order.cancel_on_gate, charge, order.origin, order.refused)
    };
    leading(a).cmp(&leading(b)).then_with(|| own(a).cmp(&own(b)).then_with(|| rest(a).cmp(&rest(b))))
}

/// The order in which positions are written.
pub(super) fn by_position(a: &Position, b: &Position) -> Ordering {
    let key = |position: &Position| {
        (position.account, position.fund, position.transaction_account, position.distributor, position.charge)
    };
    key(a).cmp(&key(b))
}

/// The order in which lots are written; within a position, first in first out.
pub(super) fn by_lot(a: &Lot, b: &Lot) -> Ordering {
    let key = |lot: &Lot| (lot.account, lot.fund, lot.transaction_account, lot.distributor, lot.charge);
    let rest = |lot: &Lot| (lot.confirmed, lot.number, lot.units, lot.nav, lot.rate_paid, lot.reinvested);
    key(a).cmp(&key(b)).then_with(|| rest(a).cmp(&rest(b)))
}

/// How a lot stands to a position by key.
pub(super) fn lot_to_position(lot: &Lot, position: &Position) -> Ordering {
    let left = (lot.account, lot.fund, lot.transaction_account, lot.distributor, lot.charge);
    let right = (position.account, position.fund, position.transaction_account, position.distributor, position.charge);
    left.cmp(&right)
}
