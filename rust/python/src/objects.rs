//! Lists of Python objects to columns.
//!
//! Objects are touched under the GIL. Runs of texts are copied into one buffer and parsed together, which is several
//! times as fast as one by one: the parser sees a column then.

use fundclear_kernel::error::Error;
use fundclear_kernel::exec::{BLOCK_ROWS, Exec};
use fundclear_kernel::rounding::Rounding;
use fundclear_kernel::scale::Scale;
use fundclear_kernel::text::{self, Syntax, Texts};
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::amount::{Reader, Types, common_text, decimals_of, with_bytes};
use crate::borrow::{Mode, Output, Places};
use crate::call::{Threads, take_turns};
use crate::failure::{Refusal, Story, shown_object, shown_text};

/// A run ends when it has so many bytes, so that long texts do not take memory without bound.
const RUN_BYTES: usize = 1 << 20;

/// Visits the objects of a list or tuple, and gives their number. Whoever has a turn may change a list: the rows are
/// then those that it still has when the visit comes to them, and never more than it had.
fn visit_objects<'py>(
    values: &Bound<'py, PyAny>,
    argument: &str,
    mut visit: impl FnMut(usize, Bound<'py, PyAny>) -> PyResult<()>,
) -> PyResult<usize> {
    let py = values.py();
    let mut rows = 0;
    let mut count = |(row, object)| {
        visit(row, object)?;
        rows = row + 1;
        take_turns(py, row)
    };
    if let Ok(list) = values.cast::<PyList>() {
        list.iter().enumerate().try_for_each(&mut count)?;
    } else if let Ok(tuple) = values.cast::<PyTuple>() {
        tuple.iter().enumerate().try_for_each(&mut count)?;
    } else {
        return Err(Refusal::of("type", argument).value(shown_object(values)).error(py));
    }
    Ok(rows)
}

/// The texts of rows that follow each other, in one buffer.
struct Run {
    /// The first row.
    start: usize,
    syntax: Syntax,
    bytes: Vec<u8>,
    /// Where each row's text ends.
    ends: Vec<usize>,
}

impl Texts for Run {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, row: usize) -> Option<&[u8]> {
        let (bytes, length) = self.get_last(row)?;
        bytes.get(bytes.len() - length..)
    }

    fn get_last(&self, row: usize) -> Option<(&[u8], usize)> {
        let end = *self.ends.get(row)?;
        let start = row.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        Some((self.bytes.get(..end)?, end - start))
    }
}

/// Fills a column from objects, in the order of their rows.
struct Filler<'a, 'py> {
    values: &'a Bound<'py, PyAny>,
    argument: &'a str,
    reader: Reader,
    scale: Scale,
    rounding: Rounding,
    run: Run,
    out: &'a mut [i64],
}

impl<'py> Filler<'_, 'py> {
    fn take(&mut self, row: usize, object: &Bound<'py, PyAny>) -> PyResult<()> {
        let Some((syntax, text)) = common_text(self.reader.types, object)? else {
            self.flush()?;
            let minor = self.reader.read(object);
            let minor = minor.map_err(|fault| fault.error(object, self.argument, Some(row), self.scale))?;
            if let Some(place) = self.out.get_mut(row) {
                *place = minor;
            }
            self.run.start = row + 1;
            return Ok(());
        };
        if syntax != self.run.syntax || self.run.ends.len() == BLOCK_ROWS || self.run.bytes.len() > RUN_BYTES {
            self.flush()?;
            self.run.syntax = syntax;
        }
        let run = &mut self.run;
        with_bytes(&text, |bytes| run.bytes.extend_from_slice(bytes))?;
        run.ends.push(run.bytes.len());
        Ok(())
    }

    /// Parses the run and empties it.
    fn flush(&mut self) -> PyResult<()> {
        if self.run.is_empty() {
            return Ok(());
        }
        let (start, rows) = (self.run.start, self.run.len());
        let out = self.out.get_mut(start..start + rows).unwrap_or_default();
        let (run, scale) = (&self.run, self.scale);
        text::parse_column(&Exec::inline(), run, run.syntax, scale, self.rounding, out)
            .map_err(|error| self.refuse(&error))?;
        self.run.bytes.clear();
        self.run.ends.clear();
        self.run.start = start + rows;
        Ok(())
    }

    /// The exception of a row of the run, which shows the object if it still stands where it stood.
    #[cold]
    fn refuse(&self, error: &Error) -> PyErr {
        let py = self.values.py();
        let shown = |row: usize| match self.values.get_item(row) {
            Ok(object) => shown_object(&object),
            Err(_) => shown_text(py, row.checked_sub(self.run.start).and_then(|row| self.run.get(row)).unwrap_or(b"")),
        };
        let error = Error { row: error.row.map(|row| row + self.run.start), ..error.clone() };
        Story::reading(self.argument, self.scale, &shown).error(py, &error)
    }
}

/// The scale for the most decimals that any row writes: at most 18.
fn most_decimals(most: u32) -> Scale {
    u8::try_from(most).ok().and_then(Scale::new).unwrap_or(Scale::MAX)
}

/// A list or tuple of amounts, of any of the types that can hold one, as a column.
///
/// Objects are read by one thread, whatever count is given; it is taken so that a wrong one is refused everywhere.
#[pyfunction]
#[pyo3(signature = (values, scale, rounding, argument, threads = Threads::ONE))]
pub fn parse_objects<'py>(
    values: &Bound<'py, PyAny>,
    scale: Option<Places>,
    rounding: Mode,
    argument: &str,
    threads: Threads,
) -> PyResult<(Bound<'py, PyArray1<i64>>, u8)> {
    let py = values.py();
    let _ = threads;
    let scale = match scale {
        Some(places) => places.0,
        None => scale_of_objects(values, argument)?,
    };
    let rows = values.len()?;
    let mut output = Output::new(py, rows)?;
    let run =
        Run { start: 0, syntax: Syntax::Plain, bytes: Vec::new(), ends: Vec::with_capacity(rows.min(BLOCK_ROWS)) };
    let reader = Reader::new(py, scale, rounding.0)?;
    let mut filler = Filler { values, argument, reader, scale, rounding: rounding.0, run, out: output.values() };
    let read = visit_objects(values, argument, |row, object| filler.take(row, &object))?;
    filler.flush()?;
    if read < rows {
        return Err(Refusal::of("length", argument).value(read).fact("wanted", rows).error(py));
    }
    Ok((output.into_array(), scale.places()))
}

/// The scale of rows that are all amounts: a row that is none is refused before any that does not fit the scale.
fn scale_of_objects(values: &Bound<'_, PyAny>, argument: &str) -> PyResult<Scale> {
    let types = Types::get(values.py())?;
    let mut most = 0;
    visit_objects(values, argument, |row, object| {
        let decimals = decimals_of(types, &object);
        most = decimals.map_err(|fault| fault.error(&object, argument, Some(row), Scale::MAX))?.max(most);
        Ok(())
    })?;
    Ok(most_decimals(most))
}

/// One amount: its minor units and its scale.
#[pyfunction]
#[pyo3(signature = (value, scale, rounding, argument, threads = Threads::ONE))]
pub fn parse_one(
    value: &Bound<'_, PyAny>,
    scale: Option<Places>,
    rounding: Mode,
    argument: &str,
    threads: Threads,
) -> PyResult<(i64, u8)> {
    let py = value.py();
    let _ = threads;
    let scale = match scale {
        Some(places) => places.0,
        None => {
            let decimals = decimals_of(Types::get(py)?, value);
            most_decimals(decimals.map_err(|fault| fault.error(value, argument, None, Scale::MAX))?)
        }
    };
    let minor = Reader::new(py, scale, rounding.0)?.read(value);
    Ok((minor.map_err(|fault| fault.error(value, argument, None, scale))?, scale.places()))
}
