//! The rows of a day as the kernel asks for them: packed columns of a partition, made into orders, positions and lots.

use std::collections::HashSet;

use fundclear_kernel::day::Numbers;
use fundclear_kernel::day::rebuilt::{Buckets, Source, Wanted};
use fundclear_kernel::day::types::{Kind, Lot, Order, Origin, OwnCharge, Position, Reason, day_of};
use fundclear_kernel::error::Error as KernelError;

use crate::blocks::{Partitions, Reader, Rows};
use crate::duplicates::{Filter, Refused};
use crate::error::{Error, Failures};
use crate::progress::Meter;

/// What the values of a packed column stand for.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// Themselves.
    Same,
    /// Numbers of texts: what each stands for.
    Texts(Vec<i64>),
    /// Keys that are numbered.
    Keys(Numbers),
    /// Keys of switch targets, of which zero is none.
    Targets(Numbers),
}

/// A column of a table.
#[derive(Clone, Debug)]
pub enum Column {
    /// One value for all rows.
    Scalar(i64),
    /// A packed column, and what its values stand for.
    Packed(usize, Lookup),
}

/// A table that was read.
#[derive(Debug)]
pub struct Packed<'d> {
    /// Its rows by partition.
    pub partitions: Partitions<'d>,
    /// Its columns, by their place in the list of the table's columns.
    pub columns: Vec<Column>,
}

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
    /// The dealing day, in days since 1970.
    pub date: i32,
    /// Where failures are left.
    pub failures: &'d Failures,
    /// Who knows whether to stop.
    pub meter: &'d Meter,
}

/// A worker's memory for reading partitions.
pub struct Scratch {
    reader: Reader,
    columns: Vec<Lane>,
    rows: Vec<usize>,
    orders: Vec<Order>,
    positions: Vec<Position>,
}

/// The values of a column in the rows of a block.
#[derive(Default)]
struct Lane {
    values: Vec<i64>,
    /// The value that all of them have, if they were filled with one: most columns have it in the next block too.
    same: Option<i64>,
}

impl Lane {
    /// As many rows of one value.
    fn fill(&mut self, value: i64, rows: usize) {
        if self.same != Some(value) || self.values.len() < rows {
            self.values.clear();
            self.values.resize(rows, value);
            self.same = Some(value);
        }
    }

    /// Some rows of a column of a block, or all.
    fn read(&mut self, column: &Column, block: &Rows<'_>, some: Option<&[usize]>) {
        let count = some.map_or(block.count(), <[usize]>::len);
        match column {
            Column::Scalar(value) => self.fill(*value, count),
            Column::Packed(place, lookup) => match block.constant(*place) {
                Some(value) => self.fill(lookup.of(value), count),
                None => {
                    match some {
                        Some(rows) => block.some(*place, rows, &mut self.values),
                        None => block.column(*place, &mut self.values),
                    }
                    lookup.apply(&mut self.values);
                    self.same = None;
                }
            },
        }
    }
}

impl Packed<'_> {
    /// Looks at the chosen rows of a partition block by block: how many there are, and some columns, each of so many
    /// values. The first two are the account and the fund.
    fn each<const COLUMNS: usize>(
        &self,
        (reader, memory, rows): (&mut Reader, &mut Vec<Lane>, &mut Vec<usize>),
        partition: usize,
        chosen: &Chosen<'_>,
        places: [usize; COLUMNS],
        mut look: impl FnMut(usize, [&[i64]; COLUMNS]),
    ) -> Result<(), Error> {
        memory.resize_with(memory.len().max(COLUMNS), Lane::default);
        self.partitions.each(reader, partition, |block| {
            let read = |memory: &mut [Lane], places: &[usize], some: Option<&[usize]>| {
                for (lane, place) in memory.iter_mut().zip(places) {
                    match self.columns.get(*place) {
                        Some(column) => lane.read(column, block, some),
                        None => lane.fill(0, some.map_or(block.count(), <[usize]>::len)),
                    }
                }
            };
            let some = if chosen.has_all() {
                None
            } else {
                read(memory, &places[..2], None);
                let [account, fund, ..] = &memory[..] else { return };
                let (account, fund) = (&account.values, &fund.values);
                rows.clear();
                rows.extend((0..block.count()).filter(|row| chosen.has(account[*row], number(fund[*row]))));
                // All of them are read faster together than one by one.
                (rows.len() < block.count()).then_some(&rows[..])
            };
            let count = some.map_or(block.count(), <[usize]>::len);
            if count == 0 {
                return;
            }
            read(memory, &places, some);
            let mut lanes = [[].as_slice(); COLUMNS];
            lanes.iter_mut().zip(&memory[..]).for_each(|(values, lane)| *values = &lane.values[..count]);
            look(count, lanes);
        })
    }
}

impl Lookup {
    /// What a value stands for.
    #[inline]
    fn of(&self, value: i64) -> i64 {
        match self {
            Self::Same => value,
            Self::Texts(known) => {
                usize::try_from(value).ok().and_then(|text| known.get(text)).copied().unwrap_or_default()
            }
            Self::Targets(_) if value == 0 => -1,
            Self::Keys(numbers) | Self::Targets(numbers) => i64::from(numbers.of(value)),
        }
    }

    /// What the values of a column stand for, in their place.
    fn apply(&self, values: &mut [i64]) {
        if !matches!(self, Self::Same) {
            values.iter_mut().for_each(|value| *value = self.of(*value));
        }
    }
}

/// The number of a fund or distributor.
#[inline]
fn number(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[inline]
fn code(value: i64) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

/// Which rows of a partition are taken.
struct Chosen<'w> {
    wanted: Wanted<'w>,
    /// Accounts that switch into the funds, each with the fund that it leaves.
    left: HashSet<(i64, u32)>,
    accounts: Filter,
}

impl Chosen<'_> {
    /// All rows, whatever they are wanted for.
    fn all() -> Self {
        Self { wanted: Wanted::All, left: HashSet::new(), accounts: Filter::default() }
    }

    /// Whether that is every row.
    const fn has_all(&self) -> bool {
        matches!(self.wanted, Wanted::All | Wanted::Register)
    }

    #[inline]
    fn has(&self, account: i64, fund: u32) -> bool {
        self.wanted.has(fund) || self.accounts.may_have(account) && self.left.contains(&(account, fund))
    }
}

impl DayRows<'_> {
    /// Finds out which rows are wanted.
    fn choose<'w>(&self, scratch: &mut Scratch, partition: usize, wanted: Wanted<'w>) -> Result<Chosen<'w>, Error> {
        let mut left = HashSet::new();
        if let Wanted::Around(_) = wanted {
            let mut look = |kind, account, fund, target| {
                if kind == Kind::Switch && wanted.has(target) && !wanted.has(fund) {
                    left.insert((account, fund));
                }
            };
            let Scratch { reader, columns, rows, .. } = scratch;
            let places = [orders::account, orders::fund, orders::kind, orders::target_fund];
            let memory = (reader, columns, rows);
            self.orders.each(memory, partition, &Chosen::all(), places, |rows, [account, fund, kind, target]| {
                for row in 0..rows {
                    look(self.kind(code(kind[row])), account[row], number(fund[row]), number(target[row]));
                }
            })?;
            let earlier = self.earlier.get(partition).into_iter().flatten();
            earlier.for_each(|order| look(order.kind, order.account, order.fund, order.target));
        }
        let accounts = Filter::of(left.len(), left.iter().map(|(account, _)| *account));
        Ok(Chosen { wanted, left, accounts })
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
        chosen: &Chosen<'_>,
        buckets: &mut Buckets,
    ) -> Result<(), Error> {
        let Scratch { reader, columns, rows, orders, .. } = scratch;
        let mut refused = self.refused.partition(partition);
        self.orders.each((reader, columns, rows), partition, chosen, all_columns(), |rows, lanes| {
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
            ] = lanes;
            orders.clear();
            for row in 0..rows {
                let kind_code = code(kind[row]);
                let (own_charge, own_charge_value) = OwnCharge::given(discount[row], rate[row], fee[row]);
                let mut order = Order {
                    account: account[row],
                    transaction_account: transaction_account[row],
                    id: id[row],
                    placed_at: placed_at[row],
                    quantity: quantity[row],
                    own_charge_value,
                    fund: number(fund[row]),
                    target: number(target[row]),
                    distributor: number(distributor[row]),
                    since: self.date,
                    kind: self.kind(kind_code),
                    kind_code,
                    charge: code(charge[row]),
                    cancel_on_gate: on_gate[row] != 0,
                    own_charge,
                    origin: Origin::New,
                    refused: Reason::None,
                };
                order.refused = refused.of(order.distributor, order.id);
                orders.push(order);
            }
            buckets.orders(orders);
        })?;
        let earlier = self.earlier.get(partition).into_iter().flatten();
        earlier.filter(|order| chosen.has(order.account, order.fund)).for_each(|order| buckets.order(order));
        Ok(())
    }

    fn read_positions(
        &self,
        scratch: &mut Scratch,
        partition: usize,
        chosen: &Chosen<'_>,
        buckets: &mut Buckets,
    ) -> Result<(), Error> {
        let Some(table) = &self.positions else { return Ok(()) };
        let Scratch { reader, columns, rows, positions, .. } = scratch;
        table.each((reader, columns, rows), partition, chosen, all_columns(), |rows, lanes| {
            let [account, fund, distributor, transaction, charge, option, units, frozen, pending, unpaid, entitled] =
                lanes;
            let entitled = match table.columns.last() {
                Some(Column::Packed(..)) => entitled,
                _ => units,
            };
            positions.clear();
            for row in 0..rows {
                positions.push(Position {
                    account: account[row],
                    transaction_account: transaction[row],
                    fund: number(fund[row]),
                    distributor: number(distributor[row]),
                    charge: code(charge[row]),
                    dividend_option: code(option[row]),
                    opening: units[row],
                    moved: 0,
                    frozen: frozen[row],
                    pending: pending[row],
                    unpaid: unpaid[row],
                    entitled: entitled[row],
                });
            }
            buckets.positions(positions);
        })
    }

    fn read_lots(
        &self,
        scratch: &mut Scratch,
        partition: usize,
        chosen: &Chosen<'_>,
        buckets: &mut Buckets,
    ) -> Result<(), Error> {
        let Some(table) = &self.lots else { return Ok(()) };
        let Scratch { reader, columns, rows, .. } = scratch;
        table.each((reader, columns, rows), partition, chosen, all_columns(), |rows, lanes| {
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
            ] = lanes;
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
        Scratch {
            reader: Reader::default(),
            columns: Vec::new(),
            rows: Vec::new(),
            orders: Vec::new(),
            positions: Vec::new(),
        }
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
            let chosen = self.choose(scratch, partition, wanted)?;
            self.read_positions(scratch, partition, &chosen, buckets)?;
            if !matches!(wanted, Wanted::Holders(_)) {
                self.read_lots(scratch, partition, &chosen, buckets)?;
            }
            if matches!(wanted, Wanted::All | Wanted::Around(_)) {
                self.read_orders(scratch, partition, &chosen, buckets)?;
            }
            Ok(())
        };
        read().map_err(|error| self.failures.keep(error))
    }
}

impl DayRows<'_> {
    fn orders_of(&self, partition: usize) -> usize {
        self.orders.partitions.rows(partition) + self.earlier.get(partition).map_or(0, Vec::len)
    }
}

/// The places of all columns of a table.
fn all_columns<const COLUMNS: usize>() -> [usize; COLUMNS] {
    std::array::from_fn(|place| place)
}
