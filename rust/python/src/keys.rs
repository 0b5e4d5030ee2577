//! Numbers of funds and distributors as the integers that the caller wrote.

use fundclear_kernel::day::keys;
use fundclear_kernel::scale::Scale;
use numpy::PyArray1;
use pyo3::prelude::*;

use crate::borrow::{Column, Output};
use crate::call::{self, Threads};
use crate::failure::Story;

/// The key of each number.
#[pyfunction]
pub fn keys_at<'py>(
    py: Python<'py>,
    keys: &Bound<'py, PyAny>,
    numbers: &Bound<'py, PyAny>,
    threads: Threads,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let (keys, numbers) = (Column::<i64>::borrow(keys, "keys")?, Column::<u32>::borrow(numbers, "numbers")?);
    let mut out = Output::new(py, numbers.len())?;
    let (keys, numbers, values) = (keys.values(), numbers.values(), out.values());
    let story = Story::of(&[("numbers", Scale::ZERO)], &[], Scale::ZERO);
    call::run(py, threads, numbers.len(), &story, |exec| keys::keys_at(exec, keys, numbers, values))?;
    Ok(out.into_array())
}
