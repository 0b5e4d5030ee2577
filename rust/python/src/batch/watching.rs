//! Work that somebody watches: signals get through, and a callback hears how far it is.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use fundclear_batch::error::Error;
use fundclear_batch::progress::Meter;
use fundclear_kernel::exec::Exec;
use fundclear_kernel::scale::Scale;
use pyo3::prelude::*;

use crate::call::Threads;
use crate::failure::{Refusal, Story};
use crate::store::failure;

/// How often the callback is called.
const INTERVAL: Duration = Duration::from_millis(200);

/// Who watches.
pub struct Watch<'py> {
    /// Called with the phase, and with rows read, orders settled, partitions finished and bytes written.
    callback: Option<Bound<'py, PyAny>>,
    meter: Meter,
    seconds: RefCell<Vec<(&'static str, f64)>>,
}

impl<'py> Watch<'py> {
    /// A callback, or nobody for `None`.
    pub fn new(callback: &Bound<'py, PyAny>) -> Self {
        let callback = (!callback.is_none()).then(|| callback.clone());
        Self { callback, meter: Meter::default(), seconds: RefCell::default() }
    }

    /// What is done so far.
    pub const fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The seconds that each phase took.
    pub fn seconds(&self) -> Vec<(&'static str, f64)> {
        self.seconds.borrow().clone()
    }

    /// Works with the GIL released. `Err` outside is what the callback or a signal handler raised.
    pub fn run<T: Send>(
        &self,
        py: Python<'_>,
        phase: &'static str,
        threads: Threads,
        rows: usize,
        work: impl FnOnce(&Exec<'_>) -> Result<T, Error> + Send,
    ) -> PyResult<Result<T, Error>> {
        let begun = Instant::now();
        let count = threads.resolve(py, rows)?;
        let callback = self.callback.as_ref().map(|callback| callback.clone().unbind());
        let meter = &self.meter;
        let (result, raised) = py.detach(|| {
            let raised = Cell::new(None);
            let told = Cell::new(Instant::now());
            let look = |py: Python<'_>| {
                py.check_signals()?;
                if let Some(callback) = &callback
                    && told.get().elapsed() >= INTERVAL
                {
                    told.set(Instant::now());
                    let [read, settled, partitions, bytes] = meter.counts();
                    callback.call1(py, (phase, read, settled, partitions, bytes))?;
                }
                Ok(())
            };
            let go_on = || {
                let looked = Python::try_attach(look);
                if let Some(Ok(())) = looked {
                    return true;
                }
                // Without an interpreter, which is going away, nobody waits for the result.
                if let Some(Err(error)) = looked {
                    raised.set(Some(error));
                }
                meter.stop();
                false
            };
            let result = work(&Exec::new(count, &go_on));
            (result, raised.into_inner())
        });
        self.seconds.borrow_mut().push((phase, begun.elapsed().as_secs_f64()));
        match raised {
            Some(error) => Err(error),
            None => Ok(result),
        }
    }
}

/// The exception of a run that failed.
pub fn raised(py: Python<'_>, error: Error) -> PyErr {
    match error {
        Error::File(failed) => failure(py, &failed.path, failed.error),
        Error::Dictionary { name, texts, needed, memory } => {
            Refusal::of("run-memory", &name).value(texts).fact("needed", needed).fact("memory", memory).error(py)
        }
        Error::Kernel(error) => Story::of(&[], &[], Scale::ZERO).error(py, &error),
    }
}
