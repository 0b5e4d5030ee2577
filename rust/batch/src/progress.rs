//! How far a run is, for those who watch it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use fundclear_kernel::error::{Code, Error};

/// What is done so far, counted by the workers and read by whoever watches; and whether to stop, the other way round.
#[derive(Debug, Default)]
pub struct Meter {
    rows: AtomicU64,
    settled: AtomicU64,
    partitions: AtomicU64,
    bytes: AtomicU64,
    stopped: AtomicBool,
}

impl Meter {
    /// Rows were read.
    pub fn read(&self, rows: usize) {
        self.rows.fetch_add(u64::try_from(rows).unwrap_or_default(), Ordering::Relaxed);
    }

    /// Rows are read from the beginning.
    pub fn read_again(&self) {
        self.rows.store(0, Ordering::Relaxed);
    }

    /// Orders were settled.
    pub fn settled(&self, orders: usize) {
        self.settled.fetch_add(u64::try_from(orders).unwrap_or_default(), Ordering::Relaxed);
    }

    /// A partition is finished.
    pub fn finished(&self) {
        self.partitions.fetch_add(1, Ordering::Relaxed);
    }

    /// Bytes were written.
    pub fn wrote(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Lets workers stop in the middle of what they do.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether to go on.
    ///
    /// # Errors
    /// [`Code::Cancelled`] if not.
    pub fn go_on(&self) -> Result<(), Error> {
        if self.stopped.load(Ordering::Relaxed) { Err(Error::whole(Code::Cancelled)) } else { Ok(()) }
    }

    /// Rows read, orders settled, partitions finished, and bytes written.
    #[must_use]
    pub fn counts(&self) -> [u64; 4] {
        [&self.rows, &self.settled, &self.partitions, &self.bytes].map(|count| count.load(Ordering::Relaxed))
    }
}
