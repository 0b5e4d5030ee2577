//! What a clearing day is given: borrowed columns, checked for their lengths.

use super::bucket::Context;
use super::events::Event;
use super::types::{Discount, FundDay, Income, Kind};
use crate::arithmetic::Operand;
use crate::bounds::fits;
use crate::error::{Code, Error, Fault};
use crate::scale::power_of_ten;
use crate::terms::Terms;

/// The key that stands for none: no switch target is given.
pub const NO_KEY: i64 = i64::MIN;

/// Codes of a byte each: one for every row, or one for all.
#[derive(Clone, Copy, Debug)]
pub enum Small<'a> {
    /// A code for each row.
    Column(&'a [u8]),
    /// One code for all rows.
    Scalar(u8),
}

/// Orders as received, or those that earlier days left over.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the columns are those of an order in a bucket")]
pub struct OrderColumns<'a> {
    pub rows: usize,
    pub account: Operand<'a>,
    pub transaction_account: Operand<'a>,
    pub distributor: Operand<'a>,
    pub fund: Operand<'a>,
    /// Keys of the order ids; `None` numbers the rows.
    pub id: Option<Operand<'a>>,
    /// The kind as the caller writes it, a place in `kinds`.
    pub kind: Small<'a>,
    /// What each of the caller's kinds is.
    pub kinds: &'a [Kind],
    /// Cash or units, at the day's quantity scale.
    pub quantity: Operand<'a>,
    /// Keys of the target funds; [`NO_KEY`] for none.
    pub target: Operand<'a>,
    pub placed_at: Operand<'a>,
    pub charge: Small<'a>,
    pub cancel_on_gate: Small<'a>,
    /// Own discounts, eight decimal places; zero for none. The same holds for own rates and own fees.
    pub discount: Operand<'a>,
    pub rate: Operand<'a>,
    pub fee: Operand<'a>,
    /// The codes of [`Origin`](super::types::Origin).
    pub origin: Small<'a>,
    /// Days of the first dealing, in days since 1970; `None` for today.
    pub since: Option<Operand<'a>>,
}

/// The register of positions at the opening.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the columns are those of a position in a bucket")]
pub struct PositionColumns<'a> {
    pub rows: usize,
    pub account: Operand<'a>,
    pub transaction_account: Operand<'a>,
    pub distributor: Operand<'a>,
    pub fund: Operand<'a>,
    pub charge: Small<'a>,
    pub dividend_option: Small<'a>,
    pub units: Operand<'a>,
    pub frozen: Operand<'a>,
    pub pending: Operand<'a>,
    pub unpaid: Operand<'a>,
    /// Units entitled to the day's income; `None` for the opening units.
    pub entitled: Option<Operand<'a>>,
}

/// The lots at the opening.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the columns are those of a lot in a bucket")]
pub struct LotColumns<'a> {
    pub rows: usize,
    pub account: Operand<'a>,
    pub transaction_account: Operand<'a>,
    pub distributor: Operand<'a>,
    pub fund: Operand<'a>,
    pub charge: Small<'a>,
    pub number: Operand<'a>,
    pub confirmed: Operand<'a>,
    pub units: Operand<'a>,
    pub nav: Operand<'a>,
    pub rate_paid: Operand<'a>,
    pub reinvested: Small<'a>,
}

/// Everything that a clearing day starts from.
#[derive(Clone, Copy, Debug)]
pub struct DayInput<'a> {
    /// Orders received since the last dealing day.
    pub orders: OrderColumns<'a>,
    /// Orders that earlier days deferred or carried, with their `since` and `origin`.
    pub deferred: OrderColumns<'a>,
    /// Positions.
    pub positions: PositionColumns<'a>,
    /// Lots.
    pub lots: LotColumns<'a>,
    /// Register events.
    pub events: &'a [Event],
    /// Income by fund and date.
    pub incomes: &'a [Income],
    /// The terms.
    pub terms: &'a Terms,
    /// The keys of the terms' funds, rising.
    pub fund_keys: &'a [i64],
    /// The day's inputs by fund.
    pub days: &'a [FundDay],
    /// The dealing day, in days since 1970.
    pub date: i32,
    /// Distributors' discounts.
    pub discounts: &'a [Discount],
    /// Decimal places of the quantities.
    pub quantity_scale: u8,
}

impl<'a> OrderColumns<'a> {
    /// No orders.
    pub const fn none() -> Self {
        let zero = Operand::Scalar(0);
        let code = Small::Scalar(0);
        Self {
            rows: 0,
            account: zero,
            transaction_account: zero,
            distributor: zero,
            fund: zero,
            id: None,
            kind: code,
            kinds: &[],
            quantity: zero,
            target: Operand::Scalar(NO_KEY),
            placed_at: Operand::Scalar(i64::MIN),
            charge: code,
            cancel_on_gate: code,
            discount: zero,
            rate: zero,
            fee: zero,
            origin: code,
            since: None,
        }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let Self { account, transaction_account, distributor, fund, quantity, target, placed_at, .. } = *self;
        let Self { discount, rate, fee, id, since, .. } = *self;
        wide(self.rows, &[account, transaction_account, distributor, fund, quantity, target, placed_at])?;
        wide(self.rows, &[discount, rate, fee])?;
        wide(self.rows, id.as_slice())?;
        wide(self.rows, since.as_slice())?;
        narrow(self.rows, &[self.kind, self.charge, self.cancel_on_gate, self.origin])?;
        digits(self.rows, &[quantity, discount, rate, fee])
    }
}

impl PositionColumns<'_> {
    /// No positions.
    pub const fn none() -> Self {
        let zero = Operand::Scalar(0);
        let code = Small::Scalar(0);
        Self {
            rows: 0,
            account: zero,
            transaction_account: zero,
            distributor: zero,
            fund: zero,
            charge: code,
            dividend_option: code,
            units: zero,
            frozen: zero,
            pending: zero,
            unpaid: zero,
            entitled: None,
        }
    }

    fn check(&self) -> Result<(), Error> {
        let Self { account, transaction_account, distributor, fund, units, frozen, pending, unpaid, .. } = *self;
        wide(self.rows, &[account, transaction_account, distributor, fund, units, frozen, pending, unpaid])?;
        wide(self.rows, self.entitled.as_slice())?;
        narrow(self.rows, &[self.charge, self.dividend_option])?;
        digits(self.rows, &[units, frozen, pending, unpaid])?;
        digits(self.rows, self.entitled.as_slice())
    }
}

impl LotColumns<'_> {
    /// No lots.
    pub const fn none() -> Self {
        let zero = Operand::Scalar(0);
        let code = Small::Scalar(0);
        Self {
            rows: 0,
            account: zero,
            transaction_account: zero,
            distributor: zero,
            fund: zero,
            charge: code,
            number: zero,
            confirmed: zero,
            units: zero,
            nav: zero,
            rate_paid: zero,
            reinvested: code,
        }
    }

    fn check(&self) -> Result<(), Error> {
        let Self { account, transaction_account, distributor, fund, number, confirmed, units, .. } = *self;
        wide(self.rows, &[account, transaction_account, distributor, fund, number, confirmed, units])?;
        wide(self.rows, &[self.nav, self.rate_paid])?;
        narrow(self.rows, &[self.charge, self.reinvested])?;
        digits(self.rows, &[units, self.nav, self.rate_paid])
    }
}

impl<'a> DayInput<'a> {
    /// Whether all columns have the rows of their table, all funds their inputs and a price above zero, and all values
    /// at most 18 digits.
    pub fn check(&self) -> Result<(), Error> {
        self.orders.check()?;
        self.deferred.check()?;
        self.positions.check()?;
        self.lots.check()?;
        let funds = self.terms.funds.len();
        let known = |fund: u32| usize::try_from(fund).is_ok_and(|fund| fund < funds);
        let whole = self.fund_keys.len() == funds
            && self.days.len() == funds
            && self.fund_keys.windows(2).all(|pair| pair.first() < pair.last())
            && self.terms.funds.iter().all(|fund| known(fund.portfolio))
            && self.incomes.iter().all(|income| known(income.fund))
            && self.discounts.iter().all(|discount| known(discount.fund));
        if !whole {
            return Err(Error::whole(Code::Law));
        }
        self.days.iter().position(|day| day.nav <= 0).map_or(Ok(()), |fund| Err(price_fault(fund)))
    }

    /// What all buckets share; the keys of funds and distributors by their numbers.
    pub(super) fn context(&self, funds: Vec<i64>, distributors: Vec<i64>) -> Result<Context<'a>, Error> {
        let factor = |places: u8| {
            let power = u32::from(self.quantity_scale).checked_sub(u32::from(places))?;
            i64::try_from(power_of_ten(power)?).ok().filter(|factor| fits(*factor))
        };
        let scales = self.terms.scales;
        let (cash_factor, unit_factor) =
            factor(scales.cash).zip(factor(scales.units)).ok_or(Error::whole(Code::Law))?;
        let numbered = self.discounts.iter().filter_map(|discount| {
            // A distributor that nobody deals through today has no number, and needs no discount.
            let number = distributors.binary_search(&discount.distributor).ok()?;
            Some(((discount.fund, u32::try_from(number).ok()?), discount.factor))
        });
        let mut discounts: Vec<_> = numbered.collect();
        discounts.sort_unstable();
        let (terms, days, date) = (self.terms, self.days, self.date);
        Ok(Context { terms, days, date, cash_factor, unit_factor, discounts, distributors, funds })
    }
}

/// A fund has no price that can be dealt at.
pub(super) fn price_fault(fund: usize) -> Error {
    let operands = vec![i128::try_from(fund).unwrap_or_default()];
    Error { operands, ..Error::whole(Code::Day(Fault::Price)) }
}

/// A stretch of rows of a column, or the one value of all.
#[derive(Clone, Copy)]
pub(super) struct Lane<'a, T> {
    values: &'a [T],
    scalar: T,
}

impl<T: Copy> Lane<'_, T> {
    /// The value of a row of the stretch. A scalar's slice is empty, so every row falls through to it.
    #[inline(always)]
    pub(super) fn at(self, row: usize) -> T {
        self.values.get(row).copied().unwrap_or(self.scalar)
    }
}

/// So many rows of a column from `first` on.
pub(super) fn lane(column: Operand<'_>, first: usize, rows: usize) -> Lane<'_, i64> {
    match column {
        Operand::Column(values) => Lane { values: stretch(values, first, rows), scalar: 0 },
        Operand::Scalar(scalar) => Lane { values: &[], scalar },
    }
}

/// So many rows of a column of codes from `first` on.
pub(super) fn small_lane(column: Small<'_>, first: usize, rows: usize) -> Lane<'_, u8> {
    match column {
        Small::Column(values) => Lane { values: stretch(values, first, rows), scalar: 0 },
        Small::Scalar(scalar) => Lane { values: &[], scalar },
    }
}

fn stretch<T>(values: &[T], first: usize, rows: usize) -> &[T] {
    values.get(first..).and_then(|rest| rest.get(..rows)).unwrap_or_default()
}

/// The value of one row of a whole column.
pub(super) fn value(column: Operand<'_>, row: usize) -> i64 {
    lane(column, row, 1).at(0)
}

fn wide(rows: usize, columns: &[Operand<'_>]) -> Result<(), Error> {
    let whole = columns.iter().all(|column| !matches!(column, Operand::Column(values) if values.len() != rows));
    if whole { Ok(()) } else { Err(Error::whole(Code::Law)) }
}

fn narrow(rows: usize, columns: &[Small<'_>]) -> Result<(), Error> {
    let whole = columns.iter().all(|column| !matches!(column, Small::Column(values) if values.len() != rows));
    if whole { Ok(()) } else { Err(Error::whole(Code::Law)) }
}

/// Values of more than 18 digits are found by whoever reads the rows; a scalar is looked at once, here.
fn digits(rows: usize, columns: &[Operand<'_>]) -> Result<(), Error> {
    for column in columns {
        if let Operand::Scalar(value) = column
            && rows > 0
            && !fits(*value)
        {
            return Err(Error::at(Code::Digits, 0, &[i128::from(*value)]));
        }
    }
    Ok(())
}
