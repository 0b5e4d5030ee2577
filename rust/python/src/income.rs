//! Yields of money-market funds.

use fundclear_kernel::income as kernel;
use numpy::PyArray1;
use pyo3::prelude::*;

use crate::borrow::{Column, Mode, Output, Places};
use crate::call::{self, Threads};
use crate::failure::Story;

/// The annualised seven-day yields in percent of a column of incomes per 10,000 units; six rows fewer.
#[pyfunction]
#[pyo3(signature = (per_10k, scale, yield_scale, rounding, compounding, threads))]
pub fn seven_day_yield<'py>(
    per_10k: &Bound<'py, PyAny>,
    scale: Places,
    yield_scale: Places,
    rounding: Mode,
    compounding: bool,
    threads: Threads,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let py = per_10k.py();
    let column = Column::borrow(per_10k, "per_10k")?;
    let days = column.values();
    let mut output = Output::new(py, days.len().saturating_sub(kernel::YIELD_DAYS - 1))?;
    let yields = output.values();
    let operands = [("per_10k", scale.0)];
    let story = Story { argument: Some("per_10k"), ..Story::of(&operands, &[], yield_scale.0) };
    // A yield takes as long as hundreds of rows of other columns.
    let work = days.len().saturating_mul(256);
    call::run(py, threads, work, &story, |exec| {
        kernel::seven_day_yield(exec, days, scale.0, yield_scale.0, rounding.0, compounding, yields)
    })?;
    Ok(output.into_array())
}
