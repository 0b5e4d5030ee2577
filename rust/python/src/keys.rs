//! Keys of rows: as the integers that the caller wrote, as places among all, and in the order of writing.

use fundclear_kernel::day::{keys, written};
use fundclear_kernel::scale::Scale;
use numpy::PyArray1;
use pyo3::prelude::*;

use crate::borrow::{Column, Input, Output};
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

/// The place of each key among ascending ones.
#[pyfunction]
pub fn key_places<'py>(
    py: Python<'py>,
    known: &Bound<'py, PyAny>,
    keys: &Bound<'py, PyAny>,
    threads: Threads,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let (known, keys) = (Column::<i64>::borrow(known, "known")?, Column::<i64>::borrow(keys, "keys")?);
    let mut out = Output::new(py, keys.len())?;
    let (known, keys, values) = (known.values(), keys.values(), out.values());
    let story = Story::of(&[("keys", Scale::ZERO)], &[], Scale::ZERO);
    call::run(py, threads, keys.len(), &story, |exec| keys::places_of(exec, known, keys, values))?;
    Ok(out.into_array())
}

/// The numbers of the rows in the order in which they are written, on a day of so many orders and positions.
#[pyfunction]
pub fn written_order<'py>(
    py: Python<'py>,
    orders: usize,
    positions: usize,
    accounts: &Bound<'py, PyAny>,
    keys: Vec<Bound<'py, PyAny>>,
    threads: Threads,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let accounts = Column::<i64>::borrow(accounts, "accounts")?;
    let keys = keys.iter().map(|key| Input::borrow(key, "keys")).collect::<PyResult<Vec<_>>>()?;
    let operands: Vec<_> = keys.iter().map(Input::operand).collect();
    let accounts = accounts.values();
    let story = Story::of(&[("accounts", Scale::ZERO)], &[], Scale::ZERO);
    let order = call::run(py, threads, accounts.len(), &story, |exec| {
        written::written_order(exec, (orders, positions), accounts, &operands)
    })?;
    Ok(PyArray1::from_vec(py, order))
}

/// Where each of the 2^`bits` parts of a table begins whose rows stand by bucket, and where the last one ends.
#[pyfunction]
pub fn part_starts(accounts: &Bound<'_, PyAny>, bits: u32) -> PyResult<Vec<usize>> {
    Ok(written::part_starts(Column::<i64>::borrow(accounts, "accounts")?.values(), bits))
}
