//! The tables of a day as they go to Python: a dict of numpy arrays each, under the names of their columns.

use std::alloc::{Layout, alloc_zeroed};

use fundclear_kernel::confirmation_columns;
use fundclear_kernel::day::confirmations::ConfirmationColumns;
use fundclear_kernel::day::tables::Values;
use numpy::{Element, PyArray1};
use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// A table whose columns own their memory.
pub fn table<'py>(py: Python<'py>, columns: Vec<(&'static str, Values)>) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, values) in columns {
        match values {
            Values::I64(values) => dict.set_item(name, PyArray1::from_vec(py, values))?,
            Values::I32(values) => dict.set_item(name, PyArray1::from_vec(py, values))?,
            Values::U32(values) => dict.set_item(name, PyArray1::from_vec(py, values))?,
            Values::U8(values) => dict.set_item(name, PyArray1::from_vec(py, values))?,
        }
    }
    Ok(dict)
}

/// So many zeros, in memory that is not touched before it is written to where it is fresh.
fn zeroed<T: Element + Copy>(rows: usize) -> PyResult<Vec<T>> {
    let full = || PyMemoryError::new_err(());
    let layout = Layout::array::<T>(rows).map_err(|_| full())?;
    if layout.size() == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the layout is not empty. The memory is the global allocator's, of a vector's layout for so many items,
    // and zero, which is a value of every type that the columns of confirmations have: they are integers.
    unsafe {
        let memory = alloc_zeroed(layout).cast::<T>();
        if memory.is_null() { Err(full()) } else { Ok(Vec::from_raw_parts(memory, rows, rows)) }
    }
}

macro_rules! confirmations {
    ($($name:ident: $kind:ty),*) => {
        /// The columns of confirmations: large ones lie on huge pages, and pages that are never written to are never
        /// touched.
        pub struct Confirmations {
            $($name: Vec<$kind>,)*
        }

        impl Confirmations {
            /// Columns of so many rows.
            pub fn new(rows: usize) -> PyResult<Self> {
                Ok(Self { $($name: zeroed(rows)?,)* })
            }

            /// The kernel's view of them.
            pub fn columns(&mut self) -> ConfirmationColumns<'_> {
                ConfirmationColumns { $($name: &mut self.$name,)* }
            }

            /// The columns by name.
            pub fn into_dict(self, py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
                let dict = PyDict::new(py);
                $(dict.set_item(stringify!($name), PyArray1::from_vec(py, self.$name))?;)*
                Ok(dict)
            }
        }
    };
}

confirmation_columns!(confirmations);
