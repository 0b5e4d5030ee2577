//! The rows of a day as the kernel asks for them: packed columns of a partition, made into orders, positions and lots.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use fundclear_kernel::day::rebuilt::{Buckets, Source, Wanted};
use fundclear_kernel::day::types::{Kind, Lot, Order, Origin, OwnCharge, Position, Reason, day_of};
use fundclear_kernel::error::Error as KernelError;

use crate::duplicates::{Filter, Refused};
use crate::error::{Error, Failures};
use crate::packed::{Column, Look, Memory, Packed, number};
use crate::progress::Meter;

macro_rules! places {
    ($($(#[$doc:meta])* $module:ident { $($name:ident),* })*) => {$(
        $(#[$doc])*
        #[expect(missing_docs, reason = "the columns of the table, described in the Python package")]
        pub mod $module {
            /// The names of the columns.
            pub const NAMES: &[&str] = &[$(stringify!($name)),*];
            places!(@each 0, $($name),*);
        }
    )*};
    (@each $place:expr, $name:ident $(, $rest:ident)*) => {
        #[allow(non_upper_case_globals)]
        pub const $name: usize = $place;
        places!(@each $place + 1 $(, $rest)*);
    };
    (@each $place:expr) => {
        /// How many columns there are.
        pub const COUNT: usize = $place;
    };
}

places! {
    /// The places of the columns of orders.
    orders {
        account, fund, kind, quantity, order_id, distributor, transaction_account, placed_at, target_fund, on_gate,
        charge, discount, rate, fee, amount, units
    }
    /// The places of the columns of positions.
    positions {
        account, fund, distributor, transaction_account, charge, dividend_option, units, frozen, pending, unpaid,
        entitled
    }
    /// The places of the columns of lots.
    lots {
        account, fund, distributor, transaction_account, charge, number, confirmed, units, nav, rate_paid, reinvested
    }
}

/// The rows of a day.
pub struct DayRows<'d> {
    /// The number of partitions, as a power of two.
    pub bits: u32,
    /// Today's orders.
    pub orders: Packed<'d>,
    /// Orders that earlier days left over, by partition.
    pub earlier: Vec<Vec<Order>>,
    /// Positions, if there are any.
    pub positions: Option<Packed<'d>>,
    /// Lots, if there are any.
    pub lots: Option<Packed<'d>>,
    /// What each of the caller's kinds of orders is.
    pub kinds: Vec<Kind>,
    /// Orders that are refused for their ids.
    pub refused: Refused,
    /// What passes have chosen of each partition.
    pub choices: Choices,
    /// The dealing day, in days since 1970.
    pub date: i32,
    /// Where failures are left.
    pub failures: &'d Failures,
    /// Who knows whether to stop.
    pub meter: &'d Meter,
}

/// A worker's memory for reading partitions.
#[derive(Default)]
pub struct Scratch {
    memory: Memory,
    orders: Vec<Order>,
    positions: Vec<Position>,
}

/// What passes have chosen of each partition, and around which funds: those after the first one need not choose again.
#[derive(Debug)]
pub struct Choices(Vec<Mutex<(Vec<bool>, Notes)>>);

/// The numbers of the rows of a partition that are looked at.
#[derive(Debug, Default)]
struct Notes {
    positions: Vec<u32>,
    lots: Vec<u32>,
    orders: Vec<u32>,
    /// Of the orders that earlier days left over.
    earlier: Vec<u32>,
}

/// Rows are noted as long as they are not more than one in so many.
const FEW: usize = 16;

impl Choices {
    /// Of 2^bits partitions.
    #[must_use]
    pub fn new(bits: u32) -> Self {
        Self((0..1 << bits).map(|_| Mutex::default()).collect())
    }
}

/// Which rows of a partition's tables are looked at.
struct Looks<'l> {
    positions: Look<'l>,
    lots: Look<'l>,
    orders: Look<'l>,
    earlier: Look<'l>,
}

impl<'l> Looks<'l> {
    fn all() -> Self {
        Self { positions: Look::All, lots: Look::All, orders: Look::All, earlier: Look::All }
    }

    fn chosen(chosen: &'l dyn Fn(i64, u32) -> bool) -> Self {
        let look = || Look::Chosen(chosen, Vec::new());
        Self { positions: look(), lots: look(), orders: look(), earlier: look() }
    }

    fn noted(notes: &'l Notes) -> Self {
        let Notes { positions, lots, orders, earlier } = notes;
        let [positions, lots, orders, earlier] = [positions, lots, orders, earlier].map(|rows| Look::Noted(rows));
        Self { positions, lots, orders, earlier }
    }

    /// The numbers of what was chosen.
    fn notes(self) -> Notes {
        let noted = |look| if let Look::Chosen(_, noted) = look { noted } else { Vec::new() };
        let Self { positions, lots, orders, earlier } = self;
        let [positions, lots, orders, earlier] = [positions, lots, orders, earlier].map(noted);
        Notes { positions, lots, orders, earlier }
    }
}

impl Notes {
    fn rows(&self) -> usize {
        [&self.positions, &self.lots, &self.orders, &self.earlier].map(Vec::len).iter().sum()
    }
}

#[inline]
fn code(value: i64) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

impl DayRows<'_> {
    /// Accounts that switch into some funds from others, each with the fund that it leaves.
    fn leaving(&self, memory: &mut Memory, partition: usize, wanted: Wanted<'_>) -> Result<HashSet<(i64, u32)>, Error> {
        let (mut switches, mut row) = (Vec::new(), 0_u32);
        self.orders.each(memory, partition, [orders::kind], &mut Look::All, |rows, [kind]| {
            for kind in &kind.rows[..rows] {
                if self.kind(code(*kind)) == Kind::Switch {
                    switches.push(row);
                }
                // Rows of a partition.
                row = row.saturating_add(1);
            }
        })?;
        let mut left = HashSet::new();
        let mut look = |account, fund, target| {
            if wanted.has(target) && !wanted.has(fund) {
                left.insert((account, fund));
            }
        };
        let places = [orders::account, orders::fund, orders::target_fund];
        self.orders.each(memory, partition, places, &mut Look::Noted(&switches), |rows, [account, fund, target]| {
            let [account, fund, target] = [account, fund, target].map(|lane| &lane.rows[..rows]);
            (0..rows).for_each(|row| look(account[row], number(fund[row]), number(target[row])));
        })?;
        let earlier = self.earlier.get(partition).into_iter().flatten();
        earlier
            .filter(|order| order.kind == Kind::Switch)
            .for_each(|order| look(order.account, order.fund, order.target));
        Ok(left)
    }

    /// What a kind of the caller's is.
    #[inline]
    fn kind(&self, code: u8) -> Kind {
        self.kinds.get(usize::from(code)).copied().unwrap_or(Kind::Unsupported)
    }

    fn read_orders(
        &self,
        scratch: &mut Scratch,
        partition: usize,
        which: &mut Look<'_>,
        buckets: &mut Buckets,
    ) -> Result<(), Error> {
        let Scratch { memory, orders, .. } = scratch;
        let mut refused = self.refused.partition(partition);
        self.orders.each(memory, partition, all_columns(), which, |rows, lanes| {
            let [
                account,
                fund,
                kind,
                quantity,
                id,
                distributor,
                transaction_account,
                placed_at,
                target,
                on_gate,
                charge,
                discount,
                rate,
                fee,
            ] = &lanes;
            orders.clear();
            let kind_code = code(kind.of_all());
            let (own_charge, own_charge_value) = OwnCharge::given(discount.of_all(), rate.of_all(), fee.of_all());
            let same = Order {
                account: account.of_all(),
                transaction_account: transaction_account.of_all(),
                id: id.of_all(),
                placed_at: placed_at.of_all(),
                quantity: quantity.of_all(),
                own_charge_value,
                fund: number(fund.of_all()),
                target: number(target.of_all()),
                distributor: number(distributor.of_all()),
                since: self.date,
                kind: self.kind(kind_code),
                kind_code,
                charge: code(charge.of_all()),
                cancel_on_gate: on_gate.of_all() != 0,
                own_charge,
                origin: Origin::New,
                refused: Reason::None,
            };
            // Column by column: most have one value in all rows of a block.
            orders.resize(rows, same);
            account.set(orders, |order, value| order.account = value);
            transaction_account.set(orders, |order, value| order.transaction_account = value);
            id.set(orders, |order, value| order.id = value);
            placed_at.set(orders, |order, value| order.placed_at = value);
            quantity.set(orders, |order, value| order.quantity = value);
            fund.set(orders, |order, value| order.fund = number(value));
            target.set(orders, |order, value| order.target = number(value));
            distributor.set(orders, |order, value| order.distributor = number(value));
            kind.set(orders, |order, value| {
                order.kind_code = code(value);
                order.kind = self.kind(order.kind_code);
            });
            charge.set(orders, |order, value| order.charge = code(value));
            on_gate.set(orders, |order, value| order.cancel_on_gate = value != 0);
            if [discount, rate, fee].iter().any(|lane| lane.vary()) {
                let given = discount.rows.iter().zip(rate.rows).zip(fee.rows);
                for (order, ((discount, rate), fee)) in orders.iter_mut().zip(given) {
                    (order.own_charge, order.own_charge_value) = OwnCharge::given(*discount, *rate, *fee);
                }
            }
            for order in orders.iter_mut() {
                order.refused = refused.of(order.distributor, order.id);
            }
            buckets.orders(orders);
        })?;
        Ok(())
    }

    fn read_positions(
        &self,
        scratch: &mut Scratch,
        partition: usize,
        which: &mut Look<'_>,
        buckets: &mut Buckets,
    ) -> Result<(), Error> {
        let Some(table) = &self.positions else { return Ok(()) };
        let Scratch { memory, positions, .. } = scratch;
        table.each(memory, partition, all_columns(), which, |rows, lanes| {
            let [account, fund, distributor, transaction, charge, option, units, frozen, pending, unpaid, entitled] =
                &lanes;
            let entitled = match table.columns.last() {
                Some(Column::Packed(..)) => entitled,
                _ => units,
            };
            positions.clear();
            let same = Position {
                account: account.of_all(),
                transaction_account: transaction.of_all(),
                fund: number(fund.of_all()),
                distributor: number(distributor.of_all()),
                charge: code(charge.of_all()),
                dividend_option: code(option.of_all()),
                opening: units.of_all(),
                moved: 0,
                frozen: frozen.of_all(),
                pending: pending.of_all(),
                unpaid: unpaid.of_all(),
                entitled: entitled.of_all(),
            };
            // As with orders.
            positions.resize(rows, same);
            account.set(positions, |position, value| position.account = value);
            transaction.set(positions, |position, value| position.transaction_account = value);
            fund.set(positions, |position, value| position.fund = number(value));
            distributor.set(positions, |position, value| position.distributor = number(value));
            charge.set(positions, |position, value| position.charge = code(value));
            option.set(positions, |position, value| position.dividend_option = code(value));
            units.set(positions, |position, value| position.opening = value);
            frozen.set(positions, |position, value| position.frozen = value);
            pending.set(positions, |position, value| position.pending = value);
            unpaid.set(positions, |position, value| position.unpaid = value);
            entitled.set(positions, |position, value| position.entitled = value);
            buckets.positions(positions);
        })
    }

    fn read_lots(
        &self,
        scratch: &mut Scratch,
        partition: usize,
        which: &mut Look<'_>,
        buckets: &mut Buckets,
    ) -> Result<(), Error> {
        let Some(table) = &self.lots else { return Ok(()) };
        let memory = &mut scratch.memory;
        table.each(memory, partition, all_columns(), which, |rows, lanes| {
            let [
                account,
                fund,
                distributor,
                transaction_account,
                charge,
                lot,
                confirmed,
                units,
                nav,
                rate_paid,
                reinvested,
            ] = lanes.map(|lane| &lane.rows[..rows]);
            for row in 0..rows {
                buckets.lot(&Lot {
                    account: account[row],
                    transaction_account: transaction_account[row],
                    fund: number(fund[row]),
                    distributor: number(distributor[row]),
                    charge: code(charge[row]),
                    reinvested: reinvested[row] != 0,
                    confirmed: day_of(confirmed[row]),
                    number: lot[row],
                    units: units[row],
                    nav: nav[row],
                    rate_paid: rate_paid[row],
                });
            }
        })
    }
}

impl Source for DayRows<'_> {
    type Scratch = Scratch;

    fn scratch(&self) -> Scratch {
        Scratch::default()
    }

    fn bits(&self) -> u32 {
        self.bits
    }

    fn orders(&self) -> usize {
        (0..1 << self.bits).map(|partition| self.orders_of(partition)).sum()
    }

    fn positions(&self) -> usize {
        let rows = |table: &Packed<'_>| (0..1 << self.bits).map(|partition| table.partitions.rows(partition)).sum();
        self.positions.as_ref().map_or(0, rows)
    }

    fn first_order(&self, partition: usize) -> usize {
        (0..partition).map(|partition| self.orders_of(partition)).sum()
    }

    fn read(
        &self,
        scratch: &mut Scratch,
        partition: usize,
        wanted: Wanted<'_>,
        buckets: &mut Buckets,
    ) -> Result<(), KernelError> {
        let mut read = || {
            self.meter.go_on()?;
            let Wanted::Around(funds) = wanted else {
                let has = |_, fund| wanted.has(fund);
                let has_all = !matches!(wanted, Wanted::Holders(funds) if funds.contains(&false));
                let mut looks = if has_all { Looks::all() } else { Looks::chosen(&has) };
                return self.read_tables(scratch, partition, wanted, &mut looks, buckets);
            };
            let Some(choice) = self.choices.0.get(partition) else { return Ok(()) };
            let mut choice = choice.lock().unwrap_or_else(PoisonError::into_inner);
            let (around, notes) = &mut *choice;
            if around == funds {
                return self.read_tables(scratch, partition, wanted, &mut Looks::noted(notes), buckets);
            }
            let left = self.leaving(&mut scratch.memory, partition, wanted)?;
            let accounts = Filter::of(left.len(), left.iter().map(|(account, _)| *account));
            let leaves = |account, fund| accounts.may_have(account) && left.contains(&(account, fund));
            let chosen = |account, fund| wanted.has(fund) || leaves(account, fund);
            let mut looks = Looks::chosen(&chosen);
            self.read_tables(scratch, partition, wanted, &mut looks, buckets)?;
            let noted = looks.notes();
            let rows = self.rows_of(partition);
            if noted.rows() <= rows / FEW && u32::try_from(rows).is_ok() {
                (*around, *notes) = (funds.to_vec(), noted);
            }
            Ok(())
        };
        read().map_err(|error| self.failures.keep(error))
    }
}

impl DayRows<'_> {
    fn read_tables(
        &self,
        scratch: &mut Scratch,
        partition: usize,
        wanted: Wanted<'_>,
        looks: &mut Looks<'_>,
        buckets: &mut Buckets,
    ) -> Result<(), Error> {
        self.read_positions(scratch, partition, &mut looks.positions, buckets)?;
        if !matches!(wanted, Wanted::Holders(_)) {
            self.read_lots(scratch, partition, &mut looks.lots, buckets)?;
        }
        if matches!(wanted, Wanted::All | Wanted::Around(_)) {
            self.read_orders(scratch, partition, &mut looks.orders, buckets)?;
            self.read_earlier(partition, &mut looks.earlier, buckets);
        }
        Ok(())
    }

    /// The orders that earlier days left over.
    fn read_earlier(&self, partition: usize, which: &mut Look<'_>, buckets: &mut Buckets) {
        let Some(earlier) = self.earlier.get(partition) else { return };
        match which {
            Look::All => buckets.orders(earlier),
            Look::Chosen(chosen, noted) => {
                for (row, order) in (0..).zip(earlier).filter(|(_, order)| chosen(order.account, order.fund)) {
                    buckets.order(order);
                    noted.push(row);
                }
            }
            Look::Noted(rows) => {
                let places = rows.iter().filter_map(|row| usize::try_from(*row).ok());
                places.filter_map(|place| earlier.get(place)).for_each(|order| buckets.order(order));
            }
        }
    }

    /// The rows of all tables of a partition.
    fn rows_of(&self, partition: usize) -> usize {
        let tables = self.positions.iter().chain(&self.lots);
        self.orders_of(partition) + tables.map(|table| table.partitions.rows(partition)).sum::<usize>()
    }

    fn orders_of(&self, partition: usize) -> usize {
        self.orders.partitions.rows(partition) + self.earlier.get(partition).map_or(0, Vec::len)
    }
}

/// The places of all columns of a table.
fn all_columns<const COLUMNS: usize>() -> [usize; COLUMNS] {
    std::array::from_fn(|place| place)
}
