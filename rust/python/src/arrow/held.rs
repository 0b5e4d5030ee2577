//! The memory of numpy arrays, held by an export for as long as its consumer reads.

use std::sync::Arc;

use arrow_schema::{DataType, TimeUnit};
use fundclear_kernel::scale::Scale;
use numpy::prelude::*;
use numpy::{PyArray1, PyUntypedArray};
use pyo3::prelude::*;

use crate::arrow::labels::Labels;
use crate::borrow::{Places, not_a_column};

/// The values of a numpy array.
///
/// They are read when the consumer asks for them, on its threads and without the GIL. If they are written to meanwhile,
/// the consumer gets the one or the other value, as with any column (see the module `borrow`).
pub struct Held<T> {
    /// Never read, but what keeps the memory alive; there until the drop.
    owner: Option<Py<PyUntypedArray>>,
    start: *const T,
    count: usize,
}

// SAFETY: the memory is numpy's and bound to no thread; the reference that keeps it alive is `Send` itself.
unsafe impl<T: Sync> Send for Held<T> {}
// SAFETY: as above, and the memory is only read.
unsafe impl<T: Sync> Sync for Held<T> {}

impl<T> Held<T> {
    /// Holds the memory of an array.
    ///
    /// # Safety
    /// The array's memory is `count` initialised and aligned values of `T`, one after the other.
    pub unsafe fn of(array: &Bound<'_, PyUntypedArray>, count: usize) -> Self {
        // SAFETY: the pointer is that of a live array object, and we are attached to the interpreter.
        let start = unsafe { (*array.as_array_ptr()).fields.data };
        Self { owner: Some(array.clone().unbind()), start: start.cast_const().cast(), count }
    }

    /// The values.
    pub fn values(&self) -> &[T] {
        if self.count == 0 {
            return &[];
        }
        // SAFETY: `of` has been promised so many values there, and the reference we hold keeps numpy from moving or
        // freeing them. Writes by other threads are as the struct's comment says.
        unsafe { std::slice::from_raw_parts(self.start, self.count) }
    }
}

impl<T> Drop for Held<T> {
    /// A consumer may let go on any thread. Left to itself, PyO3 would keep the array until the next call into this
    /// module, which may never come; so the GIL is taken for it, as other producers do.
    fn drop(&mut self) {
        let owner = self.owner.take();
        Python::try_attach(|_| drop(owner));
    }
}

/// What the numbers of an array mean.
#[derive(Clone, Copy)]
pub enum Role {
    /// Integers or texts, as the array's dtype says.
    Plain,
    /// Minor units of a scale.
    Money(Places),
    /// Days since 1970 (the memory of `datetime64[D]`).
    Date,
    /// Microseconds since 1970 (the memory of `datetime64[us]`), of UTC or of no time zone.
    Instant {
        /// Whether the instants are of UTC.
        is_utc: bool,
    },
}

impl<'a, 'py> FromPyObject<'a, 'py> for Role {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if object.is_none() {
            return Ok(Self::Plain);
        }
        match object.extract::<&str>() {
            Ok("date") => Ok(Self::Date),
            Ok("instant") => Ok(Self::Instant { is_utc: false }),
            Ok("instant-utc") => Ok(Self::Instant { is_utc: true }),
            _ => object.extract().map(Self::Money),
        }
    }
}

/// A column that leaves as Arrow.
pub enum Column {
    /// Minor units and their scale.
    Money(Held<i64>, Scale),
    /// Integers: their bytes and their type.
    Integers(Held<u8>, DataType),
    /// Texts as numpy keeps them: so many characters a row, filled up with zeros.
    Texts {
        /// The characters of all rows, one row after the other.
        characters: Held<u32>,
        /// The characters of a row.
        width: usize,
        /// The number of rows; a width of zero would hide it.
        rows: usize,
    },
    /// Texts as codes and distinct texts.
    Labels(Labels),
    /// Days; the least of all numbers stands for a missing one.
    Dates(Held<i64>),
    /// Microseconds and their type; the least of all numbers stands for a missing one.
    Instants(Held<i64>, DataType),
}

impl Column {
    /// Holds an array of numbers that mean what the role says, or a tuple of a text column's parts.
    pub fn borrow(object: &Bound<'_, PyAny>, role: Role, argument: &str) -> PyResult<Self> {
        let is_plain = matches!(role, Role::Plain);
        if is_plain && let Ok((codes, offsets, bytes)) = object.extract::<(Bound<'_, _>, Bound<'_, _>, Bound<'_, _>)>()
        {
            return Labels::borrow(&codes, &offsets, &bytes).map(Self::Labels);
        }
        let refuse = |wanted| not_a_column(object, argument, wanted);
        let Ok(array) = object.cast::<PyUntypedArray>() else { return Err(refuse("a numpy array")) };
        let array = contiguous(array)?;
        if is_plain {
            return Self::plain(&array).ok_or_else(|| refuse("integers or str"));
        }
        if array.as_any().cast::<PyArray1<i64>>().is_err() {
            return Err(refuse("int64"));
        }
        // SAFETY: a one-dimensional array of int64, contiguous and aligned.
        let held = unsafe { Held::of(&array, array.len()) };
        Ok(match role {
            Role::Money(Places(scale)) => Self::Money(held, scale),
            Role::Instant { is_utc } => {
                let zone = is_utc.then(|| Arc::from("UTC"));
                Self::Instants(held, DataType::Timestamp(TimeUnit::Microsecond, zone))
            }
            _ => Self::Dates(held),
        })
    }

    fn plain(array: &Bound<'_, PyUntypedArray>) -> Option<Self> {
        let dtype = array.dtype();
        if array.ndim() != 1 || dtype.is_native_byteorder() == Some(false) {
            return None;
        }
        let (rows, item_bytes) = (array.len(), dtype.itemsize());
        let integers = match (dtype.kind(), item_bytes) {
            (b'i', 1) => DataType::Int8,
            (b'i', 2) => DataType::Int16,
            (b'i', 4) => DataType::Int32,
            (b'i', 8) => DataType::Int64,
            (b'u', 1) => DataType::UInt8,
            (b'u', 2) => DataType::UInt16,
            (b'u', 4) => DataType::UInt32,
            (b'u', 8) => DataType::UInt64,
            (b'U', _) => {
                let width = item_bytes / size_of::<u32>();
                // SAFETY: numpy keeps a `str` as so many characters of four bytes; contiguous and aligned.
                return Some(Self::Texts { characters: unsafe { Held::of(array, rows * width) }, width, rows });
            }
            _ => return None,
        };
        // SAFETY: the bytes of a contiguous array.
        Some(Self::Integers(unsafe { Held::of(array, rows * item_bytes) }, integers))
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Money(held, _) => held.count,
            Self::Integers(held, data_type) => held.count / data_type.primitive_width().unwrap_or(1),
            Self::Texts { rows, .. } => *rows,
            Self::Labels(labels) => labels.len(),
            Self::Dates(held) | Self::Instants(held, _) => held.count,
        }
    }
}

/// The array if its items lie one after the other at aligned addresses, else a copy that does.
pub fn contiguous<'py>(array: &Bound<'py, PyUntypedArray>) -> PyResult<Bound<'py, PyUntypedArray>> {
    if array.is_c_contiguous() && array.is_aligned() {
        return Ok(array.clone());
    }
    Ok(array.call_method0("copy")?.cast_into::<PyUntypedArray>()?)
}
