//! Sharing totals by weights.

use fundclear_kernel::allocate::{self as kernel, Policy};
use fundclear_kernel::rounding::Rounding;
use numpy::PyArray1;
use pyo3::prelude::*;

use crate::borrow::{Column, Mode, Output, Places};
use crate::call::{self, Threads};
use crate::failure::{Refusal, Story};

type Values<'py> = Bound<'py, PyArray1<i64>>;

/// Policies by code; the rounding is that of running totals.
fn policy_of(py: Python<'_>, code: u8, rounding: Rounding) -> PyResult<Policy> {
    match code {
        0 => Ok(Policy::LargestRemainder),
        1 => Ok(Policy::LargestWeight),
        2 => Ok(Policy::First),
        3 => Ok(Policy::Cascade(rounding)),
        4 => Ok(Policy::Keep),
        _ => Err(Refusal::of("policy", "policy").value(code).fact("known", "the codes 0 to 4").error(py)),
    }
}

/// The shares of each weight and the residual of each total.
#[pyfunction]
#[pyo3(signature = (totals, scale, weights, weight_scale, policy, rounding, groups, tie_key, threads))]
#[expect(clippy::too_many_arguments, reason = "two columns with their scales, the policy, the order, how to run")]
pub fn allocate<'py>(
    totals: &Bound<'py, PyAny>,
    scale: Places,
    weights: &Bound<'py, PyAny>,
    weight_scale: Places,
    policy: u8,
    rounding: Mode,
    groups: Option<&Bound<'py, PyAny>>,
    tie_key: Option<&Bound<'py, PyAny>>,
    threads: Threads,
) -> PyResult<(Values<'py>, Values<'py>)> {
    let py = totals.py();
    let policy = policy_of(py, policy, rounding.0)?;
    let totals = Column::borrow(totals, "total")?;
    let weights = Column::borrow(weights, "weights")?;
    let groups = groups.map(|groups| Column::borrow(groups, "groups")).transpose()?;
    let tie_key = tie_key.map(|tie_key| Column::borrow(tie_key, "tie_key")).transpose()?;
    let rows = weights.len();
    tie_key.as_ref().map_or(Ok(()), |tie_key| tie_key.expect_rows(rows, "tie_key"))?;
    groups.as_ref().map_or_else(|| totals.expect_rows(1, "total"), |groups| groups.expect_rows(rows, "groups"))?;
    let (mut shares, mut residuals) = (Output::new(py, rows)?, Output::new(py, totals.len())?);
    let (weight_values, total_values) = (weights.values(), totals.values());
    let tie_values = tie_key.as_ref().map(Column::values);
    let result = {
        let (shares, residuals) = (shares.values(), residuals.values());
        let groups = groups.as_ref().map(Column::values);
        call::attempt(py, threads, rows.max(total_values.len()), |exec| match (groups, total_values) {
            (Some(groups), totals) => {
                kernel::allocate_groups(exec, totals, weight_values, groups, policy, tie_values, shares, residuals)
            }
            (None, totals) => {
                // The only total, or none if another thread has taken the column's rows meanwhile.
                let total = totals.first().copied().unwrap_or(0);
                let residual = kernel::allocate(exec, total, weight_values, policy, tie_values, shares)?;
                residuals.fill(residual);
                Ok(())
            }
        })?
    };
    result.map_err(|error| {
        // Totals and weights are counted by rows of their own, so the value tells which of the two is at fault.
        let of_weight = error.row.and_then(|row| weight_values.get(row)).copied().map(i128::from);
        let is_weight = of_weight.is_some() && of_weight == error.operands.first().copied();
        let operands = [if is_weight { ("weights", weight_scale.0) } else { ("total", scale.0) }];
        Story { groups: total_values.len(), ..Story::of(&operands, &[], scale.0) }.error(py, &error)
    })?;
    Ok((shares.into_array(), residuals.into_array()))
}
