//! The native module `fundclear._kernel`.

use pyo3::prelude::*;

/// The native half of fundclear: borrow, check, release the GIL, call the kernel, map errors.
#[pymodule(gil_used = false)]
mod _kernel {}
