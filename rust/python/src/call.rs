//! The one way from Python into the kernel: release the GIL, run, let Ctrl-C through, map the error.

use std::cell::Cell;
use std::num::NonZeroUsize;

use fundclear_kernel::error::Error;
use fundclear_kernel::exec::{Exec, SMALL_ROWS};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyString};

use crate::failure::{Refusal, Story, shown_object};

/// Up to so many rows the GIL is kept: the work takes microseconds, about what handing the GIL over and back costs.
const ATTACHED_ROWS: usize = 2048;

/// The environment variable that sets the thread count where a call names none.
const THREADS_VARIABLE: &str = "FUNDCLEAR_THREADS";

/// How many threads a call may use: its argument, else `FUNDCLEAR_THREADS`, else the cores the process may use.
#[derive(Clone, Copy)]
pub struct Threads(Option<NonZeroUsize>);

impl<'a, 'py> FromPyObject<'a, 'py> for Threads {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let py = object.py();
        if object.is_none() {
            return Self::from_environment(py);
        }
        let count = if object.is_instance_of::<PyBool>() { None } else { object.extract::<usize>().ok() };
        match count.and_then(NonZeroUsize::new) {
            Some(count) => Ok(Self(Some(count))),
            None => Err(Refusal::of("threads", "threads").value(shown_object(&object)).error(py)),
        }
    }
}

impl Threads {
    /// One thread, whatever is configured.
    pub const ONE: Self = Self(Some(NonZeroUsize::MIN));

    /// Read anew by every call, so that a service may change it; the GIL keeps Python from writing it meanwhile.
    fn from_environment(py: Python<'_>) -> PyResult<Self> {
        let Some(text) = std::env::var_os(THREADS_VARIABLE) else { return Ok(Self(None)) };
        match text.to_str().and_then(|text| text.parse::<NonZeroUsize>().ok()) {
            Some(count) => Ok(Self(Some(count))),
            None => {
                let shown = shown_object(PyString::new(py, &text.to_string_lossy()).as_any());
                Err(Refusal::of("threads", THREADS_VARIABLE).value(shown).error(py))
            }
        }
    }

    /// The count for a call over so many rows; the cores are asked for only where more than one could be used.
    pub fn resolve(self, py: Python<'_>, rows: usize) -> PyResult<NonZeroUsize> {
        match self.0 {
            Some(count) => Ok(count),
            None if rows <= SMALL_ROWS => Ok(NonZeroUsize::MIN),
            None => cores(py),
        }
    }
}

/// The cores that this process may use, as Python sees them: an affinity mask or `PYTHON_CPU_COUNT` is respected.
fn cores(py: Python<'_>) -> PyResult<NonZeroUsize> {
    let os = py.import("os")?;
    let count = if let Some(process_cpu_count) = os.getattr_opt("process_cpu_count")? {
        process_cpu_count.call0()?
    } else if let Some(affinity) = os.getattr_opt("sched_getaffinity")? {
        return Ok(NonZeroUsize::new(affinity.call1((0,))?.len()?).unwrap_or(NonZeroUsize::MIN));
    } else {
        os.call_method0("cpu_count")?
    };
    Ok(count.extract::<Option<usize>>()?.and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN))
}

/// Runs kernel work over so many rows with the GIL released, and gives its result or its failure.
///
/// `Err` is what a signal handler raised while the work ran, above all `KeyboardInterrupt`: the work was stopped.
pub fn attempt<T: Send>(
    py: Python<'_>,
    threads: Threads,
    rows: usize,
    work: impl FnOnce(&Exec<'_>) -> Result<T, Error> + Send,
) -> PyResult<Result<T, Error>> {
    if rows <= ATTACHED_ROWS {
        return Ok(work(&Exec::inline()));
    }
    let count = threads.resolve(py, rows)?;
    let (result, raised) = py.detach(|| {
        let raised = Cell::new(None);
        let go_on = || match Python::try_attach(|py| py.check_signals()) {
            Some(Ok(())) => true,
            Some(Err(error)) => {
                raised.set(Some(error));
                false
            }
            // The interpreter is going away, and nobody waits for the result.
            None => false,
        };
        let result = work(&Exec::new(count, &go_on));
        (result, raised.into_inner())
    });
    match raised {
        Some(error) => Err(error),
        None => Ok(result),
    }
}

/// Runs kernel work like [`attempt`] and turns a failure into the exception that the story tells.
pub fn run<T: Send>(
    py: Python<'_>,
    threads: Threads,
    rows: usize,
    story: &Story<'_>,
    work: impl FnOnce(&Exec<'_>) -> Result<T, Error> + Send,
) -> PyResult<T> {
    attempt(py, threads, rows, work)?.map_err(|error| story.error(py, &error))
}

/// Whether an object is an int that is no bool: `True` is never an amount, a scale or a count.
pub fn is_int(object: &Bound<'_, PyAny>) -> bool {
    object.is_instance_of::<PyInt>() && !object.is_instance_of::<PyBool>()
}

/// After so many objects other threads and signal handlers get their turn: well within a millisecond.
const TURN_ROWS: usize = 4096;

/// Lets signal handlers and other Python threads run, at every [`TURN_ROWS`]th row of work that needs the GIL.
#[inline]
pub fn take_turns(py: Python<'_>, row: usize) -> PyResult<()> {
    if row % TURN_ROWS == TURN_ROWS - 1 {
        py.check_signals()?;
        py.detach(|| ());
    }
    Ok(())
}
