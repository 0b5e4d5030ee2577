//! The closing register in one table: how many rows a bucket has is known when it is settled, and where they stand when
//! all buckets before it are. So workers take their stretches in the order of the buckets, and write side by side.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::tables::WrittenPositions;
use crate::error::{Code, Error};

/// Whose turn it is.
pub(super) struct Turns<'a> {
    state: Mutex<State<'a>>,
    changed: Condvar,
}

struct State<'a> {
    /// The bucket that takes next.
    next: usize,
    /// The first bucket that will never take.
    broken: usize,
    /// The rows that were taken.
    rows: usize,
    rest: WrittenPositions<'a>,
}

/// The turn of one bucket. If it is dropped before it took, the buckets after it do not wait for it.
pub(super) struct Turn<'t, 'a> {
    turns: &'t Turns<'a>,
    index: usize,
}

impl<'a> Turns<'a> {
    /// Over the whole table.
    pub(super) fn new(rest: WrittenPositions<'a>) -> Self {
        let state = State { next: 0, broken: usize::MAX, rows: 0, rest };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// The turn of a bucket. All buckets before it must have theirs already, or they would be waited for in vain.
    pub(super) fn at(&self, index: usize) -> Turn<'_, 'a> {
        Turn { turns: self, index }
    }

    /// How many rows were taken.
    pub(super) fn rows(self) -> usize {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).rows
    }

    fn state(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Turn<'_, 'a> {
    /// Waits for the buckets before this one, and takes its rows.
    ///
    /// # Errors
    /// [`Code::Law`] if a bucket before it has failed, whose failure goes before this one, or if the rows do not fit.
    pub(super) fn take(self, rows: usize) -> Result<WrittenPositions<'a>, Error> {
        let mut state = self.turns.state();
        while state.next != self.index {
            if state.broken < self.index {
                return Err(Error::whole(Code::Law));
            }
            state = self.turns.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let taken = state.rest.take(rows).ok_or(Error::whole(Code::Law))?;
        // Rows and buckets in memory.
        state.rows = state.rows.wrapping_add(rows);
        state.next = state.next.wrapping_add(1);
        drop(state);
        Ok(taken)
    }
}

impl Drop for Turn<'_, '_> {
    fn drop(&mut self) {
        let mut state = self.turns.state();
        if state.next <= self.index {
            state.broken = state.broken.min(self.index);
        }
        drop(state);
        self.turns.changed.notify_all();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::thread;

    use super::super::tables::PositionColumns;
    use super::*;

    #[test]
    fn stretches_follow_the_buckets_whoever_comes_first() {
        let mut columns = PositionColumns::zeroed(10);
        let turns = Turns::new(columns.written());
        thread::scope(|scope| {
            for index in [3, 1, 2, 0] {
                let turns = &turns;
                scope.spawn(move || turns.at(index).take(index).unwrap());
            }
        });
        assert_eq!(turns.rows(), 6);
    }

    #[test]
    fn who_comes_after_a_failure_does_not_wait_and_who_comes_before_does() {
        let mut columns = PositionColumns::zeroed(1);
        let turns = Turns::new(columns.written());
        drop(turns.at(1));
        assert_eq!(turns.at(2).take(0).unwrap_err().code, Code::Law);
        assert!(turns.at(0).take(1).is_ok());
        let mut columns = PositionColumns::zeroed(1);
        let turns = Turns::new(columns.written());
        assert_eq!(turns.at(0).take(2).unwrap_err().code, Code::Law);
    }
}
