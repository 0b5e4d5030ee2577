//! Tables as files of the outside world: CSV, Parquet and Arrow IPC in, CSV out.

use std::path::{Path, PathBuf};

use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader};
use arrow_schema::ArrowError;
use fundclear_kernel::error::{Code, Error as Stopped};
use fundclear_store::error::Error;
use fundclear_store::frame::{Frame, Role};
use fundclear_store::{csv, csv_write, files};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::arrow::{malformed, unwrap, wrap};
use crate::call::{Threads, attempt};
use crate::failure::Refusal;
use crate::store::failure;

/// Bytes of a file that count as one row where threads are chosen by rows.
const ROW_BYTES: u64 = 32;

/// A column that is wanted: its name in the file, its role, and the decimals of integers that are minor units.
type Wished = (String, String, Option<u8>);

/// A table that was read from a file; it leaves by the Arrow PyCapsule protocol as often as wanted.
#[pyclass(frozen, module = "fundclear._kernel")]
pub struct TableFile {
    frame: Frame,
}

#[pymethods]
impl TableFile {
    /// The names of the columns, in the order of the file.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.frame.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    fn __len__(&self) -> usize {
        self.frame.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The table as a stream of batches; the consumer casts to what it wants.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        let batches: Vec<_> = self.frame.batches.iter().cloned().map(Ok).collect();
        let reader = RecordBatchIterator::new(batches, self.frame.schema.clone());
        wrap(py, FFI_ArrowArrayStream::new(Box::new(reader)))
    }
}

/// Reads columns of a file of format "csv", "parquet" or "ipc". Roles are "text", "number", "integer", "date",
/// "instant" and "minor"; columns without one are there by name only.
#[pyfunction]
#[pyo3(signature = (path, format, wanted, threads))]
pub fn read_table_file(
    py: Python<'_>,
    path: PathBuf,
    format: &str,
    wanted: Vec<Wished>,
    threads: Threads,
) -> PyResult<TableFile> {
    let roles = wanted.into_iter().map(|(name, role, scale)| Ok((name, role_of(py, &role, scale)?)));
    let roles = roles.collect::<PyResult<Vec<_>>>()?;
    let size = std::fs::metadata(&path).map_err(|error| failure(py, &path, error.into()))?.len();
    let rows = usize::try_from(size / ROW_BYTES).unwrap_or(usize::MAX);
    let read = attempt(py, threads, rows, |exec| {
        let frame = match format {
            "csv" => csv::read(&path, &roles, exec),
            "parquet" => files::read_parquet(&path, &roles, exec),
            "ipc" => files::read_ipc(&path, &roles).map(Some),
            other => Err(Error::Content(format!("{other:?} is no format of a table"))),
        };
        match frame {
            Ok(None) => Err(Stopped::at(Code::Cancelled, 0, &[])),
            Ok(Some(frame)) => Ok(Ok(frame)),
            // A failure that is not the kernel's is carried past the helper, which knows only the kernel's.
            Err(error) => Ok(Err(error)),
        }
    })?;
    match read {
        Ok(Ok(frame)) => Ok(TableFile { frame }),
        Ok(Err(error)) => Err(failure(py, &path, error)),
        Err(_) => Err(pyo3::exceptions::PyKeyboardInterrupt::new_err(())),
    }
}

fn role_of(py: Python<'_>, role: &str, scale: Option<u8>) -> PyResult<Role> {
    Ok(match (role, scale) {
        ("text", None) => Role::Text,
        ("number", None) => Role::Number,
        ("integer", None) => Role::Integer,
        ("date", None) => Role::Date,
        ("instant", None) => Role::Instant,
        ("minor", Some(scale @ 0..=18)) => Role::Minor(scale),
        _ => {
            let refusal = Refusal::of("argument", "wanted").value(role);
            return Err(refusal.fact("why", "it is no role of a column").error(py));
        }
    })
}

/// The line, counted from one, on which a row of a CSV file begins.
#[pyfunction]
pub fn csv_line(py: Python<'_>, path: PathBuf, row: usize) -> PyResult<Option<usize>> {
    py.detach(|| csv::line_of(&path, row)).map_err(|error| failure(py, &path, error))
}

/// Writes a table, which speaks the Arrow PyCapsule protocol, as a CSV file that is there as a whole or not at all.
#[pyfunction]
pub fn write_csv(py: Python<'_>, path: PathBuf, table: &Bound<'_, PyAny>) -> PyResult<()> {
    if !table.hasattr("__arrow_c_stream__")? {
        return Err(PyTypeError::new_err("table: it speaks no Arrow PyCapsule protocol"));
    }
    let stream = unwrap(&table.call_method0("__arrow_c_stream__")?, "table")?;
    let reader =
        RecordBatchStreamReader::try_new(stream).map_err(|error| malformed(py, "table", &error.to_string()))?;
    py.detach(|| written(&path, reader)).map_err(|error| failure(py, &path, error))
}

fn written(path: &Path, reader: RecordBatchStreamReader) -> Result<(), Error> {
    let schema = reader.schema();
    csv_write::write(path, &schema, reader.map(|batch: Result<RecordBatch, ArrowError>| Ok(batch?)))
}
