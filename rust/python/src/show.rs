//! Columns to Python objects: texts, Decimals, floats for charts.

use fundclear_kernel::reduce;
use fundclear_kernel::scale::Scale;
use fundclear_kernel::text::{self, TEXT_MAX};
use numpy::PyArray1;
use numpy::prelude::*;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::amount::Types;
use crate::borrow::{Column, Places, zeros};
use crate::call::{self, Threads, take_turns};
use crate::failure::Story;

/// A value on its way to a Python object; rows are counted so that turns are taken.
struct Cell {
    row: usize,
    value: i64,
    scale: Scale,
}

impl<'py> IntoPyObject<'py> for Cell {
    type Target = PyString;
    type Output = Bound<'py, PyString>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        take_turns(py, self.row)?;
        let mut buffer = [0; TEXT_MAX];
        let text = text::format(self.value, self.scale, &mut buffer);
        PyString::from_bytes(py, text)
    }
}

/// The column, checked: no value has more than 18 digits.
fn checked<'py>(values: &Bound<'py, PyAny>) -> PyResult<Column<'py>> {
    let column = Column::borrow(values, "x")?;
    let rows = column.values();
    let operands = [("x", Scale::ZERO)];
    let story = Story::of(&operands, &[], Scale::ZERO);
    call::run(values.py(), Threads::ONE, rows.len(), &story, |exec| reduce::check_digits(exec, rows))?;
    Ok(column)
}

/// The values as a list of `str`, each with all decimals of the scale.
#[pyfunction]
#[pyo3(signature = (values, scale))]
pub fn format_list<'py>(values: &Bound<'py, PyAny>, scale: Places) -> PyResult<Bound<'py, PyList>> {
    let column = checked(values)?;
    let cells = column.values().iter().enumerate().map(|(row, value)| Cell { row, value: *value, scale: scale.0 });
    PyList::new(values.py(), cells)
}

/// The values as a list of `Decimal`, each with the exponent of the scale.
#[pyfunction]
#[pyo3(signature = (values, scale))]
pub fn decimal_list<'py>(values: &Bound<'py, PyAny>, scale: Places) -> PyResult<Bound<'py, PyList>> {
    struct DecimalCell<'py>(Cell, Bound<'py, PyAny>);

    impl<'py> IntoPyObject<'py> for DecimalCell<'py> {
        type Target = PyAny;
        type Output = Bound<'py, PyAny>;
        type Error = PyErr;

        fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
            // The constructor takes a text exactly, whatever the context says.
            self.1.call1((self.0.into_pyobject(py)?,))
        }
    }

    let py = values.py();
    let column = checked(values)?;
    let decimal = Types::get(py)?.decimal.bind(py).as_any();
    let cells = column.values().iter().enumerate();
    PyList::new(py, cells.map(|(row, value)| DecimalCell(Cell { row, value: *value, scale: scale.0 }, decimal.clone())))
}

/// The float64 nearest to each value: its text, read as a float.
#[pyfunction]
#[pyo3(signature = (values, scale))]
pub fn float_array<'py>(values: &Bound<'py, PyAny>, scale: Places) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let py = values.py();
    let column = checked(values)?;
    let array = zeros::<f64>(py, column.len())?;
    // SAFETY: the array is new, contiguous and ours alone.
    let floats = unsafe { array.as_slice_mut() }?;
    for (row, (float, value)) in floats.iter_mut().zip(column.values()).enumerate() {
        *float = text::format_wide(i128::from(*value), scale.0).parse()?;
        take_turns(py, row)?;
    }
    Ok(array)
}

/// One value, or a total of up to 128 bits, as `str`.
#[pyfunction]
#[pyo3(signature = (value, scale))]
pub fn format_one(value: i128, scale: Places) -> String {
    text::format_wide(value, scale.0)
}
