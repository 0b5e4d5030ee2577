//! What a day's proof is made of: the laws with both sides, the cuts of its splits, control totals, event outcomes.

use fundclear_kernel::day::finish::Ended;
use fundclear_kernel::day::names::{NAMES, STATUSES, flow_name, kind_name, purposes};
use fundclear_kernel::day::proof::Entry;
use fundclear_kernel::day::run::Day;
use fundclear_kernel::day::violation::Scope;
use fundclear_kernel::split::Cut;
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// Adds them to the dict of the day.
pub fn add(made: &Bound<'_, PyDict>, day: &Day<'_>, ended: &Ended) -> PyResult<()> {
    let py = made.py();
    made.set_item("cuts", cuts(day))?;
    made.set_item("totals", totals(day, ended))?;
    let events = PyDict::new(py);
    let rows = day.events.iter().map(|outcome| i64::try_from(outcome.row).unwrap_or(i64::MAX));
    events.set_item("row", PyArray1::from_iter(py, rows))?;
    events.set_item("reason", PyArray1::from_iter(py, day.events.iter().map(|outcome| outcome.reason as u8)))?;
    made.set_item("events", events)
}

/// What the codes in a day's tables are called, by enumeration: tuples whose places are the codes.
pub fn names(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    for (what, names) in NAMES {
        dict.set_item(what, PyTuple::new(py, names)?)?;
    }
    dict.set_item("purposes", PyTuple::new(py, purposes())?)?;
    Ok(dict)
}

/// The laws that hold, as the kernel keeps them: a small day has hundreds, and they become objects when asked for.
#[pyclass(frozen, module = "fundclear._kernel")]
pub struct LawEntries(pub Vec<Entry>);

#[pymethods]
impl LawEntries {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// Each as law, scope, both sides in minor units, their decimal places, and rows.
    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Vec<EntryRow<'py>>> {
        let row =
            |entry: &Entry| Ok((entry.law, scope(py, entry.scope)?, entry.left, entry.right, entry.scale, entry.rows));
        self.0.iter().map(row).collect()
    }
}

type EntryRow<'py> = (&'static str, Bound<'py, PyTuple>, i128, i128, u8, u64);

/// A scope as its kind and what it is numbered by.
fn scope(py: Python<'_>, scope: Scope) -> PyResult<Bound<'_, PyTuple>> {
    match scope {
        Scope::Day => ("day", 0).into_pyobject(py),
        Scope::Fund(fund) | Scope::Portfolio(fund) => ("fund", fund).into_pyobject(py),
        Scope::Orders(fund, kind) => ("orders", fund, kind_name(kind)).into_pyobject(py),
        Scope::Flows(fund, kind) => ("flows", fund, flow_name(kind)).into_pyobject(py),
        Scope::Income(fund, date) => ("income", fund, date).into_pyobject(py),
        Scope::Currency(currency) => ("currency", currency).into_pyobject(py),
        Scope::Netting(set) => ("netting", set.currency, set.value_date, set.netting_set).into_pyobject(py),
        Scope::Postings(fund, ledger, step) => ("postings", fund, ledger as u8, step as u8).into_pyobject(py),
        Scope::Order(row) => ("order", row).into_pyobject(py),
        Scope::Position(row) => ("position", row).into_pyobject(py),
    }
}

/// What was split, the fund, the day, the remainder at the cut and the key of the last row that got one more.
type CutRow = (&'static str, u32, i32, u128, i64);

fn cuts(day: &Day<'_>) -> Vec<CutRow> {
    let row = |what, fund, date, cut: Cut| (what, fund, date, cut.remainder, cut.key.major);
    let incomes = day.incomes.iter().filter_map(|result| Some(row("income", result.fund, result.date, result.cut?)));
    let gates = day
        .gates
        .iter()
        .filter_map(|gate| Some(row("gate", gate.portfolio, gate.shared_day().unwrap_or(day.ctx.date), gate.cut()?)));
    incomes.chain(gates).collect()
}

/// Control totals: name, sum and decimal places.
fn totals(day: &Day<'_>, ended: &Ended) -> Vec<(String, i128, u8)> {
    let scales = day.ctx.terms.scales;
    let mut totals = Vec::new();
    for (name, count) in STATUSES.iter().zip(ended.totals.statuses) {
        totals.push((format!("orders {name}"), i128::from(count), 0));
    }
    let sum = |of: &dyn Fn(&fundclear_kernel::day::totals::RegisterTotals) -> i128| {
        // Sums of fewer than 2^64 values below 2^63.
        ended.totals.funds.iter().fold(0_i128, |sum, fund| sum.wrapping_add(of(&fund.register)))
    };
    totals.push(("positions".to_owned(), sum(&|register| i128::from(register.positions)), 0));
    totals.push(("opening units".to_owned(), sum(&|register| register.opening), scales.units));
    totals.push(("closing units".to_owned(), sum(&|register| register.units), scales.units));
    totals.push(("income".to_owned(), sum(&|register| register.income), scales.cash));
    totals
}
