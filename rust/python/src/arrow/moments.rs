//! Dates, instants and integers of Arrow columns as int64 arrays, in the units that numpy keeps them in.

use arrow_data::ArrayData;
use arrow_schema::{DataType, TimeUnit};
use fundclear_kernel::error::{Code, Error};
use fundclear_kernel::exec::BLOCK_ROWS;
use numpy::PyArray1;
use pyo3::prelude::*;

use crate::arrow::batch::NOT_A_TIME;
use crate::arrow::chunk::{Chunk, Values};
use crate::arrow::moved;
use crate::arrow::source::{Kind, Source, described};
use crate::borrow::Output;
use crate::call::{Threads, attempt};
use crate::failure::Refusal;
use crate::labels::refusal;

/// A column of the wanted unit on its way, and whether it is of UTC.
type Moments<'py> = (Bound<'py, PyArray1<i64>>, bool);

const DAY_MILLISECONDS: i64 = 86_400_000;
const DAY_MICROSECONDS: i64 = 86_400_000_000;

/// How the numbers of a type become days or microseconds: so many of the one are so many of the other.
#[derive(Clone, Copy)]
enum Step {
    Times(i64),
    Divide(i64),
}

impl Step {
    /// The step from a type to days, or to microseconds; `None` for a type that is no date or no instant.
    fn of(data_type: &DataType, wants_days: bool) -> Option<Self> {
        Some(match (data_type, wants_days) {
            (DataType::Date32, true) => Self::Times(1),
            (DataType::Date64, true) => Self::Divide(DAY_MILLISECONDS),
            // pandas has no type of dates: it writes them as midnights.
            (DataType::Timestamp(unit, None), true) => match unit {
                TimeUnit::Second => Self::Divide(86_400),
                TimeUnit::Millisecond => Self::Divide(DAY_MILLISECONDS),
                TimeUnit::Microsecond => Self::Divide(DAY_MICROSECONDS),
                TimeUnit::Nanosecond => Self::Divide(DAY_MICROSECONDS * 1_000),
            },
            (DataType::Timestamp(unit, _), false) => match unit {
                TimeUnit::Second => Self::Times(1_000_000),
                TimeUnit::Millisecond => Self::Times(1_000),
                TimeUnit::Microsecond => Self::Times(1),
                TimeUnit::Nanosecond => Self::Divide(1_000),
            },
            _ => return None,
        })
    }

    fn take(self, value: i64) -> Option<i64> {
        match self {
            Self::Times(factor) => value.checked_mul(factor),
            Self::Divide(divisor) => (value % divisor == 0).then(|| value / divisor),
        }
    }
}

/// Days since 1970, or microseconds, of an Arrow column of dates or instants. Nulls are refused, or are numpy's
/// missing one.
#[pyfunction]
#[pyo3(signature = (source, wants_days, may_miss, argument))]
pub fn moments_arrow<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    wants_days: bool,
    may_miss: bool,
    argument: &str,
) -> PyResult<Moments<'py>> {
    let source = Source::import(source, argument)?;
    let mut output = Output::new(py, source.rows())?;
    let out = output.values();
    let null = |row| Refusal::of("null", argument).row(row).error(py);
    if source.kind == Kind::Null {
        if !may_miss && !out.is_empty() {
            return Err(null(0));
        }
        out.fill(NOT_A_TIME);
        return Ok((output.into_array(), false));
    }
    let wanted = if wants_days { "a date" } else { "an instant with at most six decimals" };
    let Some(step) = Step::of(&source.data_type, wants_days) else {
        let wanted = if wants_days { "dates" } else { "timestamps" };
        return Err(Refusal::of("dtype", argument)
            .value(described(&source.data_type))
            .fact("wanted", wanted)
            .error(py));
    };
    let mut rest = &mut *out;
    let mut first = 0;
    for chunk in &source.chunks {
        let values = wide(chunk);
        for (row, place) in rest.split_off_mut(..chunk.len()).unwrap_or_default().iter_mut().enumerate() {
            if chunk.is_null(row) {
                if !may_miss {
                    return Err(null(first + row));
                }
                *place = NOT_A_TIME;
                continue;
            }
            let value = values(row).unwrap_or_default();
            *place = step.take(value).filter(|value| *value != NOT_A_TIME).ok_or_else(|| {
                let shown = format!("{value} ({})", source.data_type);
                Refusal::of("date", argument).row(first + row).value(shown).fact("wanted", wanted).error(py)
            })?;
        }
        first += chunk.len();
    }
    Ok((output.into_array(), source.kind == Kind::Instant { is_utc: true }))
}

/// The numbers of a chunk in 64 bits.
fn wide(chunk: &ArrayData) -> Box<dyn Fn(usize) -> Option<i64> + '_> {
    if *chunk.data_type() == DataType::Date32 {
        let values = chunk.buffer::<i32>(0);
        return Box::new(|row| values.get(row).map(|value| i64::from(*value)));
    }
    let values = chunk.buffer::<i64>(0);
    Box::new(|row| values.get(row).copied())
}

/// The integers of an Arrow column as int64. Nulls are refused, or are `default`.
#[pyfunction]
#[pyo3(signature = (source, default, argument, threads))]
pub fn integers_arrow<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    default: Option<i64>,
    argument: &str,
    threads: Threads,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let source = Source::import(source, argument)?;
    let mut output = Output::new(py, source.rows())?;
    let out = output.values();
    let is_integer = |data_type: &arrow_schema::DataType| match data_type {
        DataType::Dictionary(_, values) => values.is_integer(),
        other => other.is_integer() || *other == DataType::Null,
    };
    if !is_integer(&source.data_type) || source.kind == Kind::Bool {
        let found = described(&source.data_type);
        return Err(Refusal::of("dtype", argument).value(found).fact("wanted", "integers").error(py));
    }
    if source.kind == Kind::Null {
        match default {
            Some(value) => out.fill(value),
            None if out.is_empty() => (),
            None => return Err(Refusal::of("null", argument).row(0).error(py)),
        }
        return Ok(output.into_array());
    }
    let chunks: Vec<_> = source.chunks.iter().filter_map(Chunk::new).collect();
    let rows = out.len();
    let found = attempt(py, threads, rows, |exec| {
        let mut rest = out;
        let mut first = 0;
        let mut tasks = Vec::with_capacity(chunks.len());
        for chunk in &chunks {
            for start in (0..chunk.len()).step_by(BLOCK_ROWS) {
                let count = BLOCK_ROWS.min(chunk.len() - start);
                tasks.push((chunk, start, first, rest.split_off_mut(..count).unwrap_or_default()));
                first += count;
            }
        }
        exec.run(
            rows,
            tasks.into_iter(),
            || (),
            |(), _, (chunk, start, first, out)| {
                integers(chunk, start, default, out).map_err(|error| moved(error, first))
            },
        )
    })?;
    match found {
        Ok(_) => Ok(output.into_array()),
        Err(error) if error.code == Code::Overflow => {
            let why = "an identifier has at most 64 bits";
            Err(Refusal::of("argument", argument).row(error.row).value("an integer").fact("why", why).error(py))
        }
        Err(error) => Err(refusal(py, &error, argument, &|_| String::new())),
    }
}

fn integers(chunk: &Chunk<'_>, start: usize, default: Option<i64>, out: &mut [i64]) -> Result<(), Error> {
    let Values::Number(numbers) = &chunk.values else { return Ok(()) };
    for (row, place) in out.iter_mut().enumerate() {
        *place = match chunk.place(start + row) {
            Some(at) => numbers.small(at).ok_or_else(|| Error::at(Code::Overflow, row, &[]))?,
            None => default.ok_or_else(|| Error::at(Code::Null, row, &[]))?,
        };
    }
    Ok(())
}
