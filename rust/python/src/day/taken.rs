//! The tables of a day as they go to Python: a dict of numpy arrays each, under the names of their columns.

use fundclear_kernel::confirmation_columns;
use fundclear_kernel::day::tables::{ConfirmationColumns, Values};
use numpy::prelude::*;
use numpy::{Element, PyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::borrow::zeros;

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

/// An array of zeros that the kernel writes to.
struct Zeroed<'py, T: Element> {
    array: Bound<'py, PyArray1<T>>,
    rows: usize,
}

impl<'py, T: Element> Zeroed<'py, T> {
    fn new(py: Python<'py>, rows: usize) -> PyResult<Self> {
        Ok(Self { array: zeros(py, rows)?, rows })
    }

    fn values(&mut self) -> &mut [T] {
        if self.rows == 0 {
            return &mut [];
        }
        // SAFETY: a new array of `rows` items, aligned, contiguous and ours alone; we hold a reference to it. Its
        // bytes are zero, which is a value of every integer type.
        unsafe { std::slice::from_raw_parts_mut(self.array.data(), self.rows) }
    }
}

macro_rules! confirmations {
    ($($name:ident: $kind:ty),*) => {
        /// The columns of confirmations in numpy's memory: large ones lie on huge pages, and pages that are never
        /// written to are never touched.
        pub struct Confirmations<'py> {
            $($name: Zeroed<'py, $kind>,)*
        }

        impl<'py> Confirmations<'py> {
            /// Columns of so many rows.
            pub fn new(py: Python<'py>, rows: usize) -> PyResult<Self> {
                Ok(Self { $($name: Zeroed::new(py, rows)?,)* })
            }

            /// The kernel's view of them.
            pub fn columns(&mut self) -> ConfirmationColumns<'_> {
                ConfirmationColumns { $($name: self.$name.values(),)* }
            }

            /// The columns by name.
            pub fn into_dict(self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
                let dict = PyDict::new(py);
                $(dict.set_item(stringify!($name), self.$name.array)?;)*
                Ok(dict)
            }
        }
    };
}

confirmation_columns!(confirmations);
