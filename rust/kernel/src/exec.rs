//! Work on blocks of rows over scoped threads: no pool, no thread outlives the call, results by block order.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::error::{Code, Error};

/// Rows in a block: three int64 columns of it fit in a core's second-level cache.
pub const BLOCK_ROWS: usize = 8192;

/// Below this many rows the calling thread does the work itself: starting threads would cost more.
pub const SMALL_ROWS: usize = 1 << 16;

/// How often the calling thread asks whether to go on: well within the 100 ms that Ctrl-C may take.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How a call is to be run: on how many threads, and whom to ask whether to go on.
#[derive(Clone, Copy)]
pub struct Exec<'a> {
    threads: NonZeroUsize,
    go_on: &'a dyn Fn() -> bool,
    is_inline: bool,
}

impl Exec<'_> {
    /// On the calling thread alone, never stopped.
    pub const fn inline() -> Exec<'static> {
        Exec { threads: NonZeroUsize::MIN, go_on: &|| true, is_inline: true }
    }

    /// On so many threads; `go_on` is called on the calling thread only, every few hundredths of a second.
    pub const fn new(threads: NonZeroUsize, go_on: &dyn Fn() -> bool) -> Exec<'_> {
        Exec { threads, go_on, is_inline: false }
    }

    /// How many threads a call may use.
    pub const fn threads(&self) -> NonZeroUsize {
        self.threads
    }

    /// Does `work` on every task. Each worker makes its own state with `init` and keeps it for all of its tasks;
    /// the states come back in no particular order, so merge them with operations that commute.
    ///
    /// Tasks are handed out in order, and a task that was begun is finished: of several failures the one of the
    /// smallest task stands, for any number of threads.
    pub fn run<T, S>(
        &self,
        rows: usize,
        tasks: impl Iterator<Item = T> + Send,
        init: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, usize, T) -> Result<(), Error> + Sync,
    ) -> Result<Vec<S>, Error>
    where
        S: Send,
    {
        if rows <= SMALL_ROWS || self.is_inline {
            let mut state = init();
            for (index, task) in tasks.enumerate() {
                work(&mut state, index, task)?;
            }
            return Ok(vec![state]);
        }
        self.run_scoped(tasks, init, work)
    }

    fn run_scoped<T, S>(
        &self,
        tasks: impl Iterator<Item = T> + Send,
        init: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, usize, T) -> Result<(), Error> + Sync,
    ) -> Result<Vec<S>, Error>
    where
        S: Send,
    {
        // A call of many short runs would else never be asked, each of them being over before the first interval is.
        if !(self.go_on)() {
            return Err(Error::whole(Code::Cancelled));
        }
        let queue = Mutex::new(tasks.enumerate());
        let stop = AtomicBool::new(false);
        let (done, finished) = mpsc::channel();
        let worker = || {
            let mut state = init();
            let mut failure = None;
            while !stop.load(Ordering::Relaxed) {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((index, task)) = next else { break };
                if let Err(error) = work(&mut state, index, task) {
                    stop.store(true, Ordering::Relaxed);
                    failure = Some((index, error));
                    break;
                }
            }
            (state, failure)
        };
        let mut states = Vec::with_capacity(self.threads.get());
        let mut first: Option<(usize, Error)> = None;
        let mut cancelled = false;
        thread::scope(|scope| {
            for _ in 0..self.threads.get() {
                let done = done.clone();
                let worker = &worker;
                scope.spawn(move || {
                    // The receiver lives until the scope ends, so the message always arrives.
                    let _ = done.send(worker());
                });
            }
            drop(done);
            loop {
                match finished.recv_timeout(POLL_INTERVAL) {
                    Ok((state, failure)) => {
                        states.push(state);
                        if let Some((index, error)) = failure
                            && first.as_ref().is_none_or(|(smallest, _)| index < *smallest)
                        {
                            first = Some((index, error));
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {
                        if !cancelled && !(self.go_on)() {
                            cancelled = true;
                            stop.store(true, Ordering::Relaxed);
                        }
                    }
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
        });
        match first {
            _ if cancelled => Err(Error::whole(Code::Cancelled)),
            Some((_, error)) => Err(error),
            None => Ok(states),
        }
    }
}
