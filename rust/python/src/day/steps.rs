//! Steps of a day by themselves: what events do to the register, what is ruled about orders, settlement, postings.

use fundclear_kernel::day::bucket::Context;
use fundclear_kernel::day::flows::{Flow, FlowKind};
use fundclear_kernel::day::ledger::{moved_by_fund, postings};
use fundclear_kernel::day::obligations::{Obligation, Parties, Purpose, settle as net};
use fundclear_kernel::day::ruled;
use fundclear_kernel::day::tables::{ObligationColumns, PaymentColumns, PostingColumns, SettlementColumns};
use fundclear_kernel::error::{Code, Error};
use fundclear_kernel::scale::Scale;
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::given::Columns;
use super::inputs::{at, event_kind};
use super::taken::table;
use super::{Received, rows_of, story};
use crate::borrow::{Input, Places};
use crate::call::{self, Threads};
use crate::failure::Story;
use crate::terms::CompiledTerms;

type Keys<'py> = Bound<'py, PyArray1<i64>>;
type Columned<'py> = Bound<'py, PyDict>;

/// Rules about the orders of a day: a row an order, and the keys of funds and distributors by number.
#[pyfunction]
#[pyo3(signature = (
    terms, tables, fund_days, incomes, discounts, fund_keys, fund_names, date, quantity_scale, threads
))]
#[expect(clippy::too_many_arguments, reason = "all that a day starts from")]
pub fn validate<'py>(
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
    threads: Threads,
) -> PyResult<(Columned<'py>, Keys<'py>, Keys<'py>)> {
    let received = Received::borrow(tables, fund_days, incomes, discounts, fund_keys, date, quantity_scale)?;
    let input = received.input(terms.terms());
    let ruled = call::attempt(py, threads, rows_of(&input), |exec| ruled::validate(exec, &input))?
        .map_err(|error| story(py, &error, &fund_names))?;
    let (funds, distributors) = keys(py, &ruled.ctx);
    Ok((table(py, ruled.orders.into_columns())?, funds, distributors))
}

/// Positions, lots, the events' rows and reasons in the order in which they happened, keys of funds and distributors.
type Moved<'py> = (Columned<'py>, Columned<'py>, Keys<'py>, Bound<'py, PyArray1<u8>>, Keys<'py>, Keys<'py>);

/// Applies the events of a day to its register.
#[pyfunction]
#[pyo3(signature = (terms, tables, fund_days, fund_keys, fund_names, date, threads))]
#[expect(clippy::too_many_arguments, reason = "all that a register's day starts from")]
pub fn apply_events<'py>(
    py: Python<'py>,
    terms: &CompiledTerms,
    tables: &Bound<'py, PyDict>,
    fund_days: &Bound<'py, PyDict>,
    fund_keys: &Bound<'py, PyAny>,
    fund_names: Vec<String>,
    date: i32,
    threads: Threads,
) -> PyResult<Moved<'py>> {
    let scales = terms.terms().scales;
    let quantity_scale = scales.cash.max(scales.units);
    let received = Received::borrow(tables, fund_days, Vec::new(), Vec::new(), fund_keys, date, quantity_scale)?;
    let input = received.input(terms.terms());
    let moved = call::attempt(py, threads, rows_of(&input), |exec| ruled::apply(exec, &input))?
        .map_err(|error| story(py, &error, &fund_names))?;
    let (funds, distributors) = keys(py, &moved.ctx);
    let rows = moved.events.iter().map(|outcome| i64::try_from(outcome.row).unwrap_or(i64::MAX));
    let rows = PyArray1::from_iter(py, rows);
    let reasons = PyArray1::from_iter(py, moved.events.iter().map(|outcome| outcome.reason as u8));
    let (positions, lots) = (moved.positions.into_columns(), moved.lots.into_columns());
    Ok((table(py, positions)?, table(py, lots)?, rows, reasons, funds, distributors))
}

/// The keys of the funds and of the distributors, by their numbers.
fn keys<'py>(py: Python<'py>, ctx: &Context<'_>) -> (Keys<'py>, Keys<'py>) {
    (PyArray1::from_slice(py, &ctx.funds), PyArray1::from_slice(py, &ctx.distributors))
}

/// Nets obligations, and parts those that are due from those that stay open: settlement, payments, settled, open.
#[pyfunction]
#[pyo3(signature = (obligations, scale, date, threads))]
pub fn settle<'py>(
    obligations: &Bound<'py, PyDict>,
    scale: Places,
    date: i32,
    threads: Threads,
) -> PyResult<[Columned<'py>; 4]> {
    let py = obligations.py();
    let rows = obligation_rows(obligations)?;
    let operands = [("amount", scale.0)];
    let story = Story { argument: Some("amount"), ..Story::of(&operands, &[], scale.0) };
    let settlement = call::run(py, threads, rows.len(), &story, |_| {
        if let Some(row) = rows.iter().position(|row| row.amount < 0) {
            let amount = rows.get(row).map_or(0, |row| i128::from(row.amount));
            return Err(Error::at(Code::NegativeAmount, row, &[amount]));
        }
        net(date, Vec::new(), &rows)
    })?;
    Ok([
        table(py, SettlementColumns::from(settlement.positions.as_slice()).into_columns())?,
        table(py, PaymentColumns::from(settlement.payments.as_slice()).into_columns())?,
        table(py, ObligationColumns::from(settlement.settled.as_slice()).into_columns())?,
        table(py, ObligationColumns::from(settlement.open.as_slice()).into_columns())?,
    ])
}

/// Obligations from columns of dates, numbers, the purposes' codes and amounts.
fn obligation_rows(dict: &Bound<'_, PyDict>) -> PyResult<Vec<Obligation>> {
    let columns = Columns::of(dict);
    let wide = |name: &str| columns.wide(name);
    let (dealing_date, value_date, currency) = (wide("dealing_date")?, wide("value_date")?, wide("currency")?);
    let (netting_set, fund, purpose) = (wide("netting_set")?, wide("fund")?, wide("purpose")?);
    let (payer, payee, amount) = (wide("payer")?, wide("payee")?, wide("amount")?);
    let row = |row: usize| {
        let number = |column: &Input<'_>| u32::try_from(at(column, row)).unwrap_or(u32::MAX);
        let day = |column: &Input<'_>| i32::try_from(at(column, row)).map_err(PyErr::from);
        let purpose = usize::try_from(at(&purpose, row)).ok().and_then(|code| Purpose::ALL.get(code).copied());
        Ok(Obligation {
            dealing_date: day(&dealing_date)?,
            value_date: day(&value_date)?,
            currency: number(&currency),
            netting_set: number(&netting_set),
            fund: number(&fund),
            purpose: purpose.unwrap_or(Purpose::Fee),
            payer: number(&payer),
            payee: number(&payee),
            amount: at(&amount, row),
        })
    };
    (0..columns.rows()?).map(row).collect()
}

/// The postings of flows, of events that happened, and of obligations that are settled. `custody` is by fund.
#[pyfunction]
#[pyo3(signature = (terms, flows, events, settled, custody, date, threads))]
pub fn post<'py>(
    terms: &CompiledTerms,
    flows: &Bound<'py, PyDict>,
    events: Option<Bound<'py, PyDict>>,
    settled: Option<Bound<'py, PyDict>>,
    custody: Vec<u32>,
    date: i32,
    threads: Threads,
) -> PyResult<Columned<'py>> {
    let py = flows.py();
    let terms = terms.terms();
    let flows = flow_rows(flows)?;
    let events = events.as_ref().map(event_rows).transpose()?.unwrap_or_default();
    let settled = settled.as_ref().map(obligation_rows).transpose()?.unwrap_or_default();
    let parties = Parties { custody, ..Parties::default() };
    let ctx = Context {
        terms,
        days: &[],
        date,
        cash_factor: 1,
        unit_factor: 1,
        discounts: Vec::new(),
        distributors: Vec::new(),
        funds: Vec::new(),
    };
    let story = Story { argument: Some("flows"), ..Story::of(&[], &[], Scale::ZERO) };
    let posted = call::run(py, threads, flows.len(), &story, |_| {
        let moved = moved_by_fund(events.into_iter(), terms.funds.len());
        postings(&ctx, &parties, &flows, &moved, &settled)
    })?;
    table(py, PostingColumns::from(posted.as_slice()).into_columns())
}

/// Flows from their columns; whose they are does not matter to the ledger.
fn flow_rows(dict: &Bound<'_, PyDict>) -> PyResult<Vec<Flow>> {
    let columns = Columns::of(dict);
    let wide = |name: &str| columns.wide(name);
    let (fund, kind, orders) = (wide("fund")?, wide("kind")?, wide("orders")?);
    let (amount, net, units, fee, back_end) =
        (wide("amount")?, wide("net")?, wide("units")?, wide("fee")?, wide("back_end")?);
    let (top_up_fee, fee_to_fund, refund) = (wide("top_up_fee")?, wide("fee_to_fund")?, wide("refund")?);
    let (fee_to_distributor, fee_to_manager) = (wide("fee_to_distributor")?, wide("fee_to_manager")?);
    let (unpaid, rounding) = (wide("unpaid")?, wide("rounding")?);
    let row = |row: usize| {
        let kind = usize::try_from(at(&kind, row)).ok().and_then(|code| FlowKind::ALL.get(code).copied());
        Flow {
            fund: u32::try_from(at(&fund, row)).unwrap_or(u32::MAX),
            distributor: 0,
            kind: kind.unwrap_or(FlowKind::Income),
            orders: at(&orders, row),
            amount: at(&amount, row),
            net: at(&net, row),
            units: at(&units, row),
            fee: at(&fee, row),
            back_end: at(&back_end, row),
            top_up_fee: at(&top_up_fee, row),
            fee_to_fund: at(&fee_to_fund, row),
            fee_to_distributor: at(&fee_to_distributor, row),
            fee_to_manager: at(&fee_to_manager, row),
            refund: at(&refund, row),
            unpaid: at(&unpaid, row),
            rounding: at(&rounding, row),
        }
    };
    Ok((0..columns.rows()?).map(row).collect())
}

/// Fund, kind and units of events.
fn event_rows(dict: &Bound<'_, PyDict>) -> PyResult<Vec<(u32, fundclear_kernel::day::events::EventKind, i64)>> {
    let columns = Columns::of(dict);
    let (fund, kind, units) = (columns.wide("fund")?, columns.wide("kind")?, columns.wide("units")?);
    let kinds: Vec<String> = columns.item("kinds")?.extract()?;
    let row = |row: usize| {
        let code = usize::try_from(at(&kind, row)).unwrap_or(usize::MAX);
        let kind = kinds.get(code).map_or("", String::as_str);
        (u32::try_from(at(&fund, row)).unwrap_or(u32::MAX), event_kind(kind), at(&units, row))
    };
    Ok((0..columns.rows()?).map(row).collect())
}
