//! Arrow in and out: columns cross by the Arrow C data interface, in the PyCapsules that its Python protocol names.
//!
//! The C structs and the types are arrow-rs's; ours are the capsules, the checks and the streams of single columns.

mod batch;
mod chunk;
mod codes;
mod export;
mod held;
mod labels;
mod memory;
mod moments;
mod numbers;
mod parse;
mod source;
mod stream;
mod table;
mod texts;

pub use codes::label_arrow;
pub use export::{export_array, export_schema, export_stream, export_text_array, export_text_schema};
pub use moments::{integers_arrow, moments_arrow};
pub use parse::parse_arrow;
pub use table::{ArrowColumn, arrow_column, arrow_columns};

use std::ffi::CStr;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use fundclear_kernel::error::Error;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::failure::{Refusal, type_name};

/// A struct of the C data interface, which crosses in a capsule.
pub trait Crossing: Send + Sized + 'static {
    /// The name of its capsules.
    const NAME: &'static CStr;

    /// Moves the struct out of memory that belongs to another, and marks it there as released.
    ///
    /// # Safety
    /// `place` points to an initialised struct, and nobody else uses it meanwhile.
    unsafe fn take(place: *mut Self) -> Self;

    /// Whether another has taken or released it before.
    fn is_released(&self) -> bool;
}

macro_rules! impl_crossing {
    ($($name:ty: $capsule:literal;)*) => {$(
        impl Crossing for $name {
            const NAME: &'static CStr = $capsule;

            unsafe fn take(place: *mut Self) -> Self {
                // SAFETY: as the caller promises.
                unsafe { Self::from_raw(place) }
            }

            fn is_released(&self) -> bool {
                self.release().is_none()
            }
        }
    )*};
}

impl_crossing! {
    FFI_ArrowSchema: c"arrow_schema";
    FFI_ArrowArray: c"arrow_array";
    FFI_ArrowArrayStream: c"arrow_array_stream";
}

/// A capsule that owns the struct. Whoever does not take it out leaves it to the capsule, which then releases it.
pub fn wrap<T: Crossing>(py: Python<'_>, value: T) -> PyResult<Bound<'_, PyCapsule>> {
    PyCapsule::new_with_value(py, value, T::NAME)
}

/// Takes the struct out of a capsule that a producer gave us. From here on, dropping it releases it.
pub fn unwrap<T: Crossing>(object: &Bound<'_, PyAny>, argument: &str) -> PyResult<T> {
    let py = object.py();
    let place = object.cast::<PyCapsule>().ok().and_then(|capsule| capsule.pointer_checked(Some(T::NAME)).ok());
    let Some(place) = place else {
        let why = format!("it gave a {} where a capsule \"{}\" is due", type_name(object), T::NAME.to_string_lossy());
        return Err(malformed(py, argument, &why));
    };
    // SAFETY: by the protocol, a capsule of this name points to such a struct and owns it. We are attached to the
    // interpreter, and the capsule was made for this call, so nobody else takes it out at the same time.
    let value = unsafe { T::take(place.as_ptr().cast()) };
    if value.is_released() { Err(malformed(py, argument, "its capsule was used up before")) } else { Ok(value) }
}

/// An object that speaks the protocol, but not as it should.
pub fn malformed(py: Python<'_>, argument: &str, why: &str) -> PyErr {
    Refusal::of("argument", argument).value("not readable as Arrow data").fact("why", why).error(py)
}

/// The failure of some rows as that of the column, of which they begin at row `first`.
fn moved(error: Error, first: usize) -> Error {
    Error { row: error.row.map(|row| first + row), ..error }
}
