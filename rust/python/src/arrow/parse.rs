//! A column read from anything that speaks the Arrow PyCapsule protocol.

use std::ops::Range;

use fundclear_kernel::error::Error;
use fundclear_kernel::exec::{BLOCK_ROWS, Exec};
use fundclear_kernel::scale::Scale;
use numpy::PyArray1;
use pyo3::prelude::*;

use crate::arrow::chunk::{Chunk, show_refused};
use crate::arrow::moved;
use crate::arrow::numbers::Target;
use crate::arrow::source::{Kind, Source, described, not_money};
use crate::borrow::{Mode, Output, Places};
use crate::call::{Threads, run};
use crate::failure::{Refusal, Story, shown_text};

/// Reads a column of decimals, texts or integers from an object with `__arrow_c_stream__` or `__arrow_c_array__`:
/// minor units and their scale. Without a scale it is the type's, or for texts the most decimals found. Nulls are
/// refused, unless they stand for zero.
#[pyfunction]
#[pyo3(signature = (source, scale, rounding, argument, threads, null_is_zero = false))]
pub fn parse_arrow<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    scale: Option<Places>,
    rounding: Mode,
    argument: &str,
    threads: Threads,
    null_is_zero: bool,
) -> PyResult<(Bound<'py, PyArray1<i64>>, u8)> {
    let source = Source::import(source, argument)?;
    if null_is_zero && source.kind == Kind::Null {
        let scale = scale.map_or(Scale::ZERO, |Places(scale)| scale);
        return Ok((Output::new(py, source.rows())?.into_array(), scale.places()));
    }
    let from = refuse_kind(py, &source, argument)?;
    let column = Chunks { null_is_zero, ..Chunks::new(&source) };
    let known = match scale {
        Some(Places(scale)) => Some(scale),
        None if source.kind == Kind::Text => None,
        None => Some(scale_of_type(py, from, argument)?),
    };
    let show = |row| column.show(row, from, |text| shown_text(py, text));
    let scale = match known {
        Some(scale) => scale,
        None => {
            let story = Story::reading(argument, Scale::ZERO, &show);
            run(py, threads, column.rows, &story, |exec| column.decimals(exec))?
        }
    };
    let mut output = Output::new(py, column.rows)?;
    let out = output.values();
    let target = Target { from, scale, rounding: rounding.0 };
    let story = Story::reading(argument, scale, &show);
    run(py, threads, column.rows, &story, |exec| column.parse(exec, target, out))?;
    Ok((output.into_array(), scale.places()))
}

/// The scale of the column's type. Columns that cannot be money are refused, showing their first value.
fn refuse_kind(py: Python<'_>, source: &Source, argument: &str) -> PyResult<i32> {
    let code = match source.kind {
        Kind::Text => return Ok(0),
        Kind::Number { scale } => return Ok(scale),
        Kind::Null if source.chunks.is_empty() => return Ok(0),
        Kind::Null => "null",
        Kind::Date | Kind::Instant { .. } => return Err(not_money(py, argument, &described(&source.data_type))),
        Kind::Float => "float",
        Kind::Bool => "bool",
    };
    let mut first = 0;
    for chunk in &source.chunks {
        if let Some((row, shown)) = show_refused(chunk) {
            return Err(Refusal::of(code, argument).row(first + row).value(shown).error(py));
        }
        first += chunk.len();
    }
    let row = if first > 0 { Some(0) } else { None };
    Err(Refusal::of(code, argument).row(row).value(&source.data_type).error(py))
}

/// The scale of a column whose type has one: whole hundreds and the like are whole amounts here.
fn scale_of_type(py: Python<'_>, from: i32, argument: &str) -> PyResult<Scale> {
    u8::try_from(from.max(0)).ok().and_then(Scale::new).ok_or_else(|| {
        let place = format!("the scale of {argument}");
        Refusal::of("scale-range", &place).value(from).error(py)
    })
}

/// The chunks of a column, one behind the other.
struct Chunks<'a> {
    chunks: Vec<Chunk<'a>>,
    rows: usize,
    /// Whether a null is the zero that stands in a new column, and no failure.
    null_is_zero: bool,
}

/// A block of rows of one chunk.
struct Task<'a, T> {
    chunk: &'a Chunk<'a>,
    /// The block's first row in its chunk.
    start: usize,
    /// And in the column.
    first: usize,
    rows: usize,
    out: T,
}

impl<'a> Chunks<'a> {
    fn new(source: &'a Source) -> Self {
        let chunks = source.chunks.iter().filter_map(Chunk::new).collect();
        Self { chunks, rows: source.rows(), null_is_zero: false }
    }

    /// Blocks of rows in order, each with what `take` cuts off for so many rows. No block crosses a chunk's end, so
    /// that many small chunks are shared out as well as one large one.
    fn tasks<T>(&'a self, mut take: impl FnMut(usize) -> T) -> Vec<Task<'a, T>> {
        let mut tasks = Vec::with_capacity(self.chunks.len() + self.rows / BLOCK_ROWS);
        let mut first = 0;
        for chunk in &self.chunks {
            for start in (0..chunk.len()).step_by(BLOCK_ROWS) {
                let rows = BLOCK_ROWS.min(chunk.len() - start);
                tasks.push(Task { chunk, start, first, rows, out: take(rows) });
                first += rows;
            }
        }
        tasks
    }

    fn parse(&self, exec: &Exec<'_>, target: Target, out: &mut [i64]) -> Result<(), Error> {
        let mut rest = out;
        let tasks = self.tasks(|rows| rest.split_off_mut(..rows).unwrap_or_default());
        let work = |(): &mut (), _, task: Task<'_, &mut [i64]>| {
            let out = task.out;
            self.runs(task.chunk, task.start..task.start + task.rows).try_for_each(|run| {
                let (start, stop) = (run.start - task.start, run.end - task.start);
                let out = out.get_mut(start..stop).unwrap_or_default();
                task.chunk.parse(run, target, out).map_err(|error| moved(error, task.first + start))
            })
        };
        exec.run(self.rows, tasks.into_iter(), || (), work).map(drop)
    }

    fn decimals(&self, exec: &Exec<'_>) -> Result<Scale, Error> {
        let work = |most: &mut Scale, _, task: Task<'_, ()>| {
            self.runs(task.chunk, task.start..task.start + task.rows).try_for_each(|run| {
                let decimals = task.chunk.decimals(&run);
                *most = decimals.map_err(|error| moved(error, task.first + run.start - task.start))?.max(*most);
                Ok(())
            })
        };
        let found = exec.run(self.rows, self.tasks(|_| ()).into_iter(), || Scale::ZERO, work)?;
        Ok(found.into_iter().max().unwrap_or(Scale::ZERO))
    }

    /// The rows that are to be read: all of them, or run by run those between the nulls.
    fn runs(&self, chunk: &Chunk<'_>, rows: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let mut next = rows.start;
        std::iter::from_fn(move || {
            if !self.null_is_zero {
                let all = next..rows.end;
                next = rows.end;
                return (!all.is_empty()).then_some(all);
            }
            let start = (next..rows.end).find(|row| chunk.place(*row).is_some())?;
            let end = (start..rows.end).find(|row| chunk.place(*row).is_none()).unwrap_or(rows.end);
            next = end;
            Some(start..end)
        })
    }

    /// What stands in a row, for a message.
    fn show(&self, mut row: usize, scale: i32, quoted: impl FnOnce(&[u8]) -> String) -> String {
        for chunk in &self.chunks {
            if row < chunk.len() {
                return chunk.show(row, scale, quoted);
            }
            row -= chunk.len();
        }
        "null".to_owned()
    }
}
