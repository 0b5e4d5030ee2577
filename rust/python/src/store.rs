//! Tables as Parquet files, in and out.

use std::path::PathBuf;

use fundclear_kernel::error::{Code, Error as Stopped};
use fundclear_store::error::Error;
use fundclear_store::{Owned, Values, pack, read, write};
use numpy::PyArray1;
use pyo3::exceptions::{PyKeyboardInterrupt, PyOSError};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::borrow::Column;
use crate::call::{Threads, attempt};
use crate::failure::Refusal;

/// A column as it crosses: name, kind, values, and what the kind needs besides.
type Given<'py> = (String, String, Bound<'py, PyAny>, Bound<'py, PyAny>);

/// The columns of a table in a list, and the texts about it.
type Taken<'py> = (Bound<'py, PyList>, Vec<(String, String)>);

/// The values of a column, borrowed from numpy for as long as the file is being written.
enum Borrowed<'py> {
    Integers(Column<'py>),
    Decimals(Column<'py>, u8),
    Dates(Column<'py>),
    Instants(Column<'py>, bool),
    Texts(Column<'py, u32>, Vec<String>),
}

impl<'py> Borrowed<'py> {
    fn of((name, kind, values, extra): &Given<'py>) -> PyResult<Self> {
        Ok(match kind.as_str() {
            "integer" => Self::Integers(Column::borrow(values, name)?),
            "decimal" => Self::Decimals(Column::borrow(values, name)?, extra.extract()?),
            "date" => Self::Dates(Column::borrow(values, name)?),
            "instant" => Self::Instants(Column::borrow(values, name)?, extra.extract()?),
            "text" => Self::Texts(Column::borrow(values, name)?, extra.extract()?),
            other => {
                let refusal = Refusal::of("argument", "kind").value(other);
                return Err(refusal
                    .fact("why", "a column is integer, decimal, date, instant or text")
                    .error(values.py()));
            }
        })
    }

    fn values(&self) -> Values<'_> {
        match self {
            Self::Integers(column) => Values::Integers(column.values()),
            Self::Decimals(column, scale) => Values::Decimals(column.values(), *scale),
            Self::Dates(column) => Values::Dates(column.values()),
            Self::Instants(column, utc) => Values::Instants(column.values(), *utc),
            Self::Texts(codes, dictionary) => Values::Texts(codes.values(), dictionary),
        }
    }
}

/// Writes columns of one length as one Parquet file, and waits until the disk has it: its rows, and its SHA-256.
#[pyfunction]
#[pyo3(signature = (path, columns, about, threads))]
pub fn write_parquet(
    py: Python<'_>,
    path: PathBuf,
    columns: Vec<Given<'_>>,
    about: Vec<(String, String)>,
    threads: Threads,
) -> PyResult<(usize, String)> {
    let borrowed = columns.iter().map(Borrowed::of).collect::<PyResult<Vec<_>>>()?;
    let values: Vec<_> =
        columns.iter().map(|column| column.0.as_str()).zip(borrowed.iter().map(Borrowed::values)).collect();
    let about: Vec<_> = about.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    // However few rows there are, nobody waits for the disk with the GIL.
    let written = attempt(py, threads, usize::MAX, |exec| match write::write(&path, &values, &about, exec) {
        Ok(None) => Err(Stopped::whole(Code::Cancelled)),
        Ok(Some(written)) => Ok(Ok(written)),
        // A failure that is not the kernel's is carried past the helper, which knows only the kernel's.
        Err(error) => Ok(Err(error)),
    })?;
    match written {
        Ok(Ok(written)) => Ok((written.rows, written.sha256.iter().map(|byte| format!("{byte:02x}")).collect())),
        Ok(Err(error)) => Err(failure(py, &path, error)),
        Err(_) => Err(PyKeyboardInterrupt::new_err(())),
    }
}

/// The columns of a Parquet file as (name, kind, values, extra), all or those that are wanted and there, and the texts
/// about it.
#[pyfunction]
#[pyo3(signature = (path, wanted = None))]
pub fn read_parquet(py: Python<'_>, path: PathBuf, wanted: Option<Vec<String>>) -> PyResult<Taken<'_>> {
    let is_wanted = |name: &str| wanted.as_ref().is_none_or(|wanted| wanted.iter().any(|each| each == name));
    let table = py.detach(|| read::read_where(&path, is_wanted)).map_err(|error| failure(py, &path, error))?;
    let columns = PyList::empty(py);
    for (name, values) in table.columns {
        match values {
            Owned::Integers(values) => columns.append((name, "integer", PyArray1::from_vec(py, values), py.None()))?,
            Owned::Decimals(values, scale) => {
                columns.append((name, "decimal", PyArray1::from_vec(py, values), scale))?;
            }
            Owned::Dates(values) => columns.append((name, "date", PyArray1::from_vec(py, values), py.None()))?,
            Owned::Instants(values, utc) => columns.append((name, "instant", PyArray1::from_vec(py, values), utc))?,
            Owned::Texts(codes, texts) => columns.append((name, "text", PyArray1::from_vec(py, codes), texts))?,
        }
    }
    Ok((columns, table.about))
}

/// In words, where a Parquet file of our own is not as it was written; if no page is to blame, its footer.
#[pyfunction]
pub fn parquet_damage(py: Python<'_>, path: PathBuf) -> PyResult<Vec<String>> {
    let places = py.detach(|| pack::damage(&path)).map_err(|error| failure(py, &path, error))?;
    Ok(places.iter().map(ToString::to_string).collect())
}

/// What the system refused is an `OSError`, as from every other call that opens files.
pub fn failure(py: Python<'_>, path: &std::path::Path, error: Error) -> PyErr {
    let shown = path.display().to_string();
    match error {
        Error::Io(error) => match error.raw_os_error() {
            Some(number) => PyOSError::new_err((number, error.to_string(), shown)),
            None => PyErr::from(error),
        },
        Error::Content(why) => Refusal::of("file", &shown).fact("why", why).error(py),
    }
}
