//! The clearing day: borrow the tables, open the day, ask who the parties are, settle, hand the tables back.

mod facts;
mod given;
pub mod inputs;
mod steps;
mod taken;

use fundclear_kernel::day::events::Event;
use fundclear_kernel::day::finish::{Ended, finish};
use fundclear_kernel::day::input::{DayInput, LotColumns, OrderColumns, PositionColumns};
use fundclear_kernel::day::run::{Day, HeldDay};
use fundclear_kernel::day::tables::{
    FlowColumns, IncomeColumns, ObligationColumns, PaymentColumns, PostingColumns, SettlementColumns,
};
use fundclear_kernel::day::types::{Discount, FundDay, Income, Kind};
use fundclear_kernel::error::{Code, Error, Fault};
use fundclear_kernel::exec::Exec;
use fundclear_kernel::scale::Scale;
use fundclear_kernel::terms::Terms;
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;

pub use self::facts::{LawEntries, names};
use self::given::{Lots, Orders, Positions};
pub use self::steps::{apply_events, post, settle, validate};
use self::taken::{Confirmations, table};
use crate::borrow::Column;
use crate::call::{self, Threads};
use crate::failure::{Refusal, Story};
use crate::terms::CompiledTerms;

/// Clears a day. `settle_with` is called with the keys of the funds and of the distributors, by their numbers, and
/// gives the parties' numbers and the obligations that are open.
#[pyfunction]
#[pyo3(signature = (
    terms, tables, fund_days, incomes, discounts, fund_keys, fund_names, date, quantity_scale, settle_with, threads
))]
#[expect(clippy::too_many_arguments, reason = "all that a day starts from")]
pub fn clear_day<'py>(
    py: Python<'py>,
    terms: &CompiledTerms,
    tables: &Bound<'py, PyDict>,
    fund_days: &Bound<'py, PyDict>,
    incomes: Vec<(u32, i32, i64)>,
    discounts: Vec<(u32, i64, i64)>,
    fund_keys: &Bound<'py, PyAny>,
    fund_names: Vec<String>,
    date: i32,
    quantity_scale: u8,
    settle_with: &Bound<'py, PyAny>,
    threads: Threads,
) -> PyResult<Bound<'py, PyDict>> {
    let received = Received::borrow(tables, fund_days, incomes, discounts, fund_keys, date, quantity_scale)?;
    let input = received.input(terms.terms());
    let rows = rows_of(&input);
    let told = |error: Error| story(py, &error, &fund_names);
    let day = call::attempt(py, threads, rows, |exec| {
        #[cfg(target_os = "linux")]
        let _segmented = crate::memory::Segmented::new();
        HeldDay::open(exec, &input)
    });
    let mut day = day?.map_err(told)?;
    let (fund_array, distributors) =
        (PyArray1::from_slice(py, &day.day.ctx.funds), PyArray1::from_slice(py, &day.day.ctx.distributors));
    let (parties, open) = settle_with.call1((fund_array, distributors))?.extract::<(Bound<'_, PyDict>, Vec<_>)>()?;
    let (parties, open) = (inputs::parties(&parties)?, inputs::obligations(open));
    let orders = input.orders.rows.saturating_add(input.deferred.rows);
    let mut confirmations = Confirmations::new(orders)?;
    let columns = confirmations.columns();
    let work = |exec: &Exec<'_>| finish(exec, &mut day, &input, &parties, &open, columns);
    let cleared = call::attempt(py, threads, rows, work)?.map_err(told)?;
    let made = PyDict::new(py);
    made.set_item("confirmations", confirmations.into_dict(py)?)?;
    made.set_item("positions", table(py, cleared.positions.into_columns())?)?;
    made.set_item("lots", table(py, cleared.lots.into_columns())?)?;
    add_ended(&made, &day.day, cleared.ended)?;
    Ok(made)
}

/// What a day of files starts from besides these, once what is in them is known.
pub struct Start<'py> {
    /// The tables that are in memory, and what is given for each fund.
    pub received: Received<'py>,
    /// The keys of all funds by number, those of the terms first.
    pub funds: Vec<i64>,
    /// The keys of all distributors, rising.
    pub distributors: Vec<i64>,
    /// What each of the kinds of orders is.
    pub kinds: Vec<Kind>,
    names: Vec<String>,
}

impl<'py> Start<'py> {
    /// From the dict that Python gives.
    pub fn of(dict: &Bound<'py, PyDict>) -> PyResult<Self> {
        let columns = given::Columns::of(dict);
        let dict_of = |name: &str| -> PyResult<Bound<'py, PyDict>> { Ok(columns.item(name)?.cast_into::<PyDict>()?) };
        let kinds: Vec<u8> = columns.item("kinds")?.extract()?;
        Ok(Self {
            received: Received::borrow(
                &dict_of("tables")?,
                &dict_of("fund_days")?,
                columns.item("incomes")?.extract()?,
                columns.item("discounts")?.extract()?,
                &columns.item("fund_keys")?,
                columns.item("date")?.extract()?,
                columns.item("quantity_scale")?.extract()?,
            )?,
            funds: columns.item("funds")?.extract()?,
            distributors: columns.item("distributors")?.extract()?,
            kinds: kinds.into_iter().map(given::kind).collect(),
            names: columns.item("fund_names")?.extract()?,
        })
    }

    /// The exception of a day that cannot be cleared.
    pub fn told(&self, py: Python<'_>, error: &Error) -> PyErr {
        story(py, error, &self.names)
    }
}

/// All that a day starts from, for as long as the day reads it.
pub struct Received<'py> {
    given: Given<'py>,
    keys: Column<'py, i64>,
    days: Vec<FundDay>,
    events: Vec<Event>,
    incomes: Vec<Income>,
    discounts: Vec<Discount>,
    date: i32,
    quantity_scale: u8,
}

impl<'py> Received<'py> {
    fn borrow(
        tables: &Bound<'py, PyDict>,
        fund_days: &Bound<'py, PyDict>,
        incomes: Vec<(u32, i32, i64)>,
        discounts: Vec<(u32, i64, i64)>,
        fund_keys: &Bound<'py, PyAny>,
        date: i32,
        quantity_scale: u8,
    ) -> PyResult<Self> {
        Ok(Self {
            given: Given::borrow(tables)?,
            keys: Column::borrow(fund_keys, "fund_keys")?,
            days: inputs::fund_days(fund_days)?,
            events: inputs::events(part(tables, "events")?.as_ref())?,
            incomes: inputs::incomes(incomes),
            discounts: inputs::discounts(discounts),
            date,
            quantity_scale,
        })
    }

    /// The kernel's view of it.
    pub fn input<'a>(&'a self, terms: &'a Terms) -> DayInput<'a> {
        let given = &self.given;
        DayInput {
            orders: given.orders.columns(),
            deferred: given.deferred.as_ref().map_or_else(OrderColumns::none, Orders::columns),
            positions: given.positions.as_ref().map_or_else(PositionColumns::none, Positions::columns),
            lots: given.lots.as_ref().map_or_else(LotColumns::none, Lots::columns),
            events: &self.events,
            incomes: &self.incomes,
            terms,
            fund_keys: self.keys.values(),
            days: &self.days,
            date: self.date,
            discounts: &self.discounts,
            quantity_scale: self.quantity_scale,
        }
    }
}

/// Rows of all tables together.
fn rows_of(input: &DayInput<'_>) -> usize {
    [input.orders.rows, input.deferred.rows, input.positions.rows, input.lots.rows].iter().sum()
}

/// The tables of a day, those that were given.
struct Given<'py> {
    orders: Orders<'py>,
    deferred: Option<Orders<'py>>,
    positions: Option<Positions<'py>>,
    lots: Option<Lots<'py>>,
}

impl<'py> Given<'py> {
    fn borrow(tables: &Bound<'py, PyDict>) -> PyResult<Self> {
        let Some(orders) = part(tables, "orders")? else {
            return Err(Refusal::of("argument", "orders")
                .value("missing")
                .fact("why", "a day has orders")
                .error(tables.py()));
        };
        Ok(Self {
            orders: Orders::borrow(&orders)?,
            deferred: part(tables, "deferred")?.as_ref().map(Orders::borrow).transpose()?,
            positions: part(tables, "positions")?.as_ref().map(Positions::borrow).transpose()?,
            lots: part(tables, "lots")?.as_ref().map(Lots::borrow).transpose()?,
        })
    }
}

/// The columns of a table, or nothing for `None`.
fn part<'py>(tables: &Bound<'py, PyDict>, name: &str) -> PyResult<Option<Bound<'py, PyDict>>> {
    match tables.get_item(name)? {
        Some(item) if !item.is_none() => Ok(Some(item.cast_into::<PyDict>()?)),
        _ => Ok(None),
    }
}

/// Adds what the settled buckets come to, and what the proof is made of.
pub fn add_ended(made: &Bound<'_, PyDict>, day: &Day<'_>, mut ended: Ended) -> PyResult<()> {
    let py = made.py();
    facts::add(made, day, &ended)?;
    made.set_item("entries", LawEntries(std::mem::take(&mut ended.entries)))?;
    let settlement = ended.settlement;
    made.set_item("flows", table(py, FlowColumns::from(ended.flows.as_slice()).into_columns())?)?;
    made.set_item("obligations", table(py, ObligationColumns::from(settlement.open.as_slice()).into_columns())?)?;
    made.set_item("settlement", table(py, SettlementColumns::from(settlement.positions.as_slice()).into_columns())?)?;
    made.set_item("payments", table(py, PaymentColumns::from(settlement.payments.as_slice()).into_columns())?)?;
    made.set_item("postings", table(py, PostingColumns::from(ended.postings.as_slice()).into_columns())?)?;
    made.set_item("income", table(py, IncomeColumns::from(ended.incomes.as_slice()).into_columns())?)
}

/// The exception of a day that cannot be cleared: what is wrong, in which table, for which fund.
fn story(py: Python<'_>, error: &Error, funds: &[String]) -> PyErr {
    let first = || error.operands.first().copied().unwrap_or_default();
    let fund =
        || usize::try_from(first()).ok().and_then(|number| funds.get(number)).map_or_else(String::new, Clone::clone);
    let Code::Day(fault) = error.code else {
        let operands: Vec<_> = error.operands.iter().map(|_| ("", Scale::ZERO)).collect();
        let signs = vec![","; operands.len().saturating_sub(1)];
        return Story::of(&operands, &signs, Scale::ZERO).error(py, error);
    };
    let (argument, value) = match fault {
        Fault::DuplicatePosition | Fault::PositionFund | Fault::Position | Fault::Pending => ("positions", None),
        Fault::Lots => ("lots", None),
        Fault::DuplicateOrder => ("deferred", None),
        Fault::GateDecision => ("decisions", Some(fund())),
        Fault::Price => ("prices", Some(fund())),
        Fault::IncomeUnits => ("income", Some(fund())),
    };
    let refusal = Refusal::of(fault.name(), argument).row(error.row);
    match value {
        Some(value) => refusal.value(value).error(py),
        None => refusal.error(py),
    }
}
