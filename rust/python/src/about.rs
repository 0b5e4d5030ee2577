//! What this build is: shown in bug reports, and by `fundclear.build_info()`.

use numpy::PY_ARRAY_API;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The version of fundclear, to be had without numpy.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Versions and settings that this module was built with, and what it runs on.
#[pyfunction]
pub fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let info = PyDict::new(py);
    info.set_item("version", VERSION)?;
    info.set_item("profile", if cfg!(debug_assertions) { "debug" } else { "release" })?;
    info.set_item("target", format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS))?;
    info.set_item("python", Python::version_str())?;
    // SAFETY: the function takes nothing and reads a constant of the numpy that is loaded.
    let abi = unsafe { PY_ARRAY_API.PyArray_GetNDArrayCVersion(py) };
    info.set_item("numpy_abi", format!("{abi:#x}"))?;
    Ok(info)
}
