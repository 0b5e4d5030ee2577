//! Columns and tables that leave in the capsules of the Arrow PyCapsule protocol.

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_data::ArrayData;
use arrow_schema::{DataType, Field};
use fundclear_kernel::reduce::check_digits;
use fundclear_kernel::scale::Scale;
use pyo3::exceptions::{PyMemoryError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::arrow::batch::{Failure, Form};
use crate::arrow::held::{Column, Role};
use crate::arrow::source::type_of;
use crate::arrow::stream::{Named, Stream};
use crate::arrow::{Crossing, malformed, wrap};
use crate::borrow::Places;
use crate::call::{Threads, attempt, run};
use crate::failure::{Refusal, Story};

type Capsule<'py> = Bound<'py, PyCapsule>;

/// A column of an export: its name, its array or a text column's parts, and what the numbers mean.
type Described<'py> = (String, Bound<'py, PyAny>, Role);

/// The type as which a column of a scale leaves when nobody asks for another.
#[pyfunction]
#[pyo3(name = "arrow_schema", signature = (scale, name))]
pub fn export_schema<'py>(py: Python<'py>, scale: Places, name: &str) -> PyResult<Capsule<'py>> {
    wrap_schema(py, &Field::new(name, Form::closest(None, scale.0).data_type(scale.0), true))
}

/// A column of minor units as one Arrow array, with its schema: decimal128 of the scale, or the form that comes
/// closest to the requested schema (decimal64, or formatted text).
#[pyfunction]
#[pyo3(name = "arrow_array", signature = (values, scale, requested))]
pub fn export_array<'py>(
    py: Python<'py>,
    values: &Bound<'py, PyAny>,
    scale: Places,
    requested: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Capsule<'py>, Capsule<'py>)> {
    let form = Form::closest(requested_type(requested)?.as_ref(), scale.0);
    let column = Column::borrow(values, Role::Money(scale), "values")?;
    let rows = column.len();
    let array = attempt(py, default_threads(py)?, rows, |exec| {
        // A failure that is not the kernel's is carried past the helper, which knows only the kernel's.
        match column.array(exec, 0..rows, form) {
            Err(Failure::Kernel(error)) => Err(error),
            other => Ok(other),
        }
    })?;
    finished(py, array.map_err(|error| story().error(py, &error))?)
}

/// An array with its schema, in capsules.
fn finished<'py>(py: Python<'py>, array: Result<ArrayData, Failure>) -> PyResult<(Capsule<'py>, Capsule<'py>)> {
    let data = match array {
        Ok(data) => data,
        Err(Failure::Memory) => return Err(PyMemoryError::new_err("there is no memory for the Arrow array")),
        Err(other) => return Err(PyRuntimeError::new_err(format!("{other:?}"))),
    };
    let schema = wrap_schema(py, &Field::new("", data.data_type().clone(), true))?;
    Ok((schema, wrap(py, FFI_ArrowArray::new(&data))?))
}

/// The type as which a text column leaves when nobody asks for another.
#[pyfunction]
#[pyo3(name = "arrow_text_schema")]
pub fn export_text_schema(py: Python<'_>) -> PyResult<Capsule<'_>> {
    wrap_schema(py, &Field::new("", DataType::Utf8, true))
}

/// A text column as one Arrow array, with its schema: utf8, or a dictionary if the requested schema is one.
#[pyfunction]
#[pyo3(name = "arrow_text_array", signature = (labels, requested))]
pub fn export_text_array<'py>(
    py: Python<'py>,
    labels: &Bound<'py, PyAny>,
    requested: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Capsule<'py>, Capsule<'py>)> {
    let wished = requested_type(requested)?;
    let column = Column::borrow(labels, Role::Plain, "labels")?;
    let form = form_of(&column, wished.as_ref());
    let rows = column.len();
    let array = attempt(py, default_threads(py)?, rows, |exec| Ok(column.array(exec, 0..rows, form)))?;
    finished(py, array.map_err(|error| story().error(py, &error))?)
}

/// The form of a column that comes closest to the type which a consumer asks for.
fn form_of(column: &Column, wished: Option<&DataType>) -> Form {
    match (column, wished) {
        (Column::Labels(_), Some(DataType::Dictionary(..))) => Form::Dictionary,
        (Column::Labels(_), _) => Form::Utf8,
        (Column::Money(_, scale), _) => Form::closest(wished, *scale),
        _ => Form::closest(None, Scale::ZERO),
    }
}

/// A column, as `(name, array, role)`, or a table, as a list of them, as a stream of batches. The role of minor units
/// is their scale, and they leave as decimals; "date", "instant" and "instant-utc" are days and microseconds. Without
/// a role there are integers, `str`, or a text column's `(codes, offsets, bytes)`, which leave as what they are.
///
/// The arrays are read batch by batch while the consumer reads, so they should not be written to until then.
#[pyfunction]
#[pyo3(name = "arrow_stream", signature = (columns, requested))]
pub fn export_stream<'py>(
    py: Python<'py>,
    columns: &Bound<'py, PyAny>,
    requested: Option<&Bound<'py, PyAny>>,
) -> PyResult<Capsule<'py>> {
    let wished = requested_type(requested)?;
    let (described, is_table) = match columns.extract::<Described<'py>>() {
        Ok(column) => (vec![column], false),
        Err(_) => (columns.extract::<Vec<Described<'py>>>()?, true),
    };
    let mut columns = Vec::with_capacity(described.len());
    for (place, (name, array, role)) in described.iter().enumerate() {
        let wished = if is_table { wished_of(wished.as_ref(), place, name) } else { wished.as_ref() };
        let column = Column::borrow(array, *role, name)?;
        let form = form_of(&column, wished);
        columns.push(Named { name: name.clone(), column, form });
    }
    let rows = columns.first().map_or(0, |named| named.column.len());
    let threads = default_threads(py)?;
    for named in &columns {
        check(py, named, rows, threads)?;
    }
    let threads = threads.resolve(py, rows)?;
    wrap(py, Stream { columns, is_table, rows, threads }.into_ffi())
}

/// Refuses a column of another length, or with a value of more than 18 digits: once the consumer reads, an error could
/// only reach Python as the consumer's own.
fn check(py: Python<'_>, named: &Named, rows: usize, threads: Threads) -> PyResult<()> {
    let found = named.column.len();
    if found != rows {
        return Err(Refusal::of("length", &named.name).value(found).fact("wanted", rows).error(py));
    }
    let Column::Money(held, _) = &named.column else { return Ok(()) };
    let values = held.values();
    let argument = if named.name.is_empty() { None } else { Some(named.name.as_str()) };
    run(py, threads, rows, &Story { argument, ..story() }, |exec| check_digits(exec, values))
}

/// The story of a call whose one operand are minor units.
const fn story() -> Story<'static> {
    Story::of(&[], &[], Scale::ZERO)
}

/// The protocol has no argument for a thread count.
fn default_threads(py: Python<'_>) -> PyResult<Threads> {
    py.None().bind(py).extract()
}

/// The type that a consumer asks for, if it asks for one and we can read it.
fn requested_type(requested: Option<&Bound<'_, PyAny>>) -> PyResult<Option<DataType>> {
    let Some(object) = requested.filter(|object| !object.is_none()) else { return Ok(None) };
    let capsule = object.cast::<PyCapsule>().ok();
    let Some(place) = capsule.and_then(|capsule| capsule.pointer_checked(Some(FFI_ArrowSchema::NAME)).ok()) else {
        return Err(malformed(object.py(), "requested_schema", "it is no capsule \"arrow_schema\""));
    };
    // SAFETY: by the protocol, a capsule of this name points to a schema; it stays the consumer's, who waits for us.
    let schema = unsafe { place.cast::<FFI_ArrowSchema>().as_ref() };
    if schema.is_released() {
        return Err(malformed(object.py(), "requested_schema", "its capsule was used up before"));
    }
    Ok(type_of(schema).ok())
}

/// The type that a consumer of a table asks for in a column.
fn wished_of<'a>(wished: Option<&'a DataType>, place: usize, name: &str) -> Option<&'a DataType> {
    let Some(DataType::Struct(fields)) = wished else { return None };
    fields.get(place).filter(|field| field.name() == name).map(|field| field.data_type())
}

fn wrap_schema<'py>(py: Python<'py>, field: &Field) -> PyResult<Capsule<'py>> {
    let schema = FFI_ArrowSchema::try_from(field).map_err(|error| malformed(py, "name", &error.to_string()))?;
    wrap(py, schema)
}
