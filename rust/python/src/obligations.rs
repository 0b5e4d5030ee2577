//! Netting of obligations.

use fundclear_kernel::settlement::net_obligations as kernel;
use numpy::PyArray1;
use pyo3::prelude::*;

use crate::borrow::{Column, Places};
use crate::call::{self, Threads};
use crate::failure::Story;

type Values<'py> = Bound<'py, PyArray1<i64>>;

/// Positions: a row of each one's group, the parties' keys, the nets. Legs: a row of each one's group, payers, payees,
/// amounts. Groups are rows that are equal in all columns of `by`.
type Netted<'py> = ((Values<'py>, Values<'py>, Values<'py>), (Values<'py>, Values<'py>, Values<'py>, Values<'py>));

/// Nets obligations of one scale; parties and groups are keys.
#[pyfunction]
#[pyo3(signature = (payer, payee, amount, scale, by, threads))]
pub fn net_obligations<'py>(
    payer: &Bound<'py, PyAny>,
    payee: &Bound<'py, PyAny>,
    amount: &Bound<'py, PyAny>,
    scale: Places,
    by: Vec<(String, Bound<'py, PyAny>)>,
    threads: Threads,
) -> PyResult<Netted<'py>> {
    let py = amount.py();
    let amount = Column::borrow(amount, "amount")?;
    let rows = amount.len();
    let (payer, payee) = (Column::borrow(payer, "payer")?, Column::borrow(payee, "payee")?);
    payer.expect_rows(rows, "payer")?;
    payee.expect_rows(rows, "payee")?;
    let mut columns = Vec::with_capacity(by.len());
    for (name, column) in &by {
        let column = Column::borrow(column, name)?;
        column.expect_rows(rows, name)?;
        columns.push(column);
    }
    let by: Vec<&[i64]> = columns.iter().map(Column::values).collect();
    let (payer, payee, amount) = (payer.values(), payee.values(), amount.values());
    let operands = [("amount", scale.0)];
    let story = Story { argument: Some("net"), ..Story::of(&operands, &[], scale.0) };
    let netted = call::run(py, threads, rows, &story, |exec| kernel(exec, payer, payee, amount, &by))?;
    let array = |values: Vec<i64>| PyArray1::from_vec(py, values);
    let positions = (array(netted.rows), array(netted.parties), array(netted.nets));
    let legs = (array(netted.leg_rows), array(netted.payers), array(netted.payees), array(netted.amounts));
    Ok((positions, legs))
}
