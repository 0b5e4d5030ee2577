//! Writing a table as one Parquet file.

use std::ops::Range;
use std::path::Path;

use fundclear_kernel::error::Error as Stopped;
use fundclear_kernel::exec::Exec;

use crate::Values;
use crate::error::Error;
use crate::pack::{Form, GROUP_ROWS, Integers, Memory, Sealed, TableFile, Texts, Written, check_days};

/// Rows that are checked at a time, while they are in a near cache.
const CHECKED_ROWS: usize = 1 << 12;

/// Writes columns of one length, with texts about the file, and waits until the disk has them; `None` if the caller
/// asked to stop.
///
/// # Errors
/// What the system says; columns of different lengths, a text number outside its dictionary.
pub fn write(
    path: &Path,
    columns: &[(&str, Values<'_>)],
    about: &[(&str, String)],
    exec: &Exec<'_>,
) -> Result<Option<Written>, Error> {
    let rows = columns.first().map_or(0, |(_, values)| values.len());
    if let Some((name, values)) = columns.iter().find(|(_, values)| values.len() != rows) {
        return Err(Error::Content(format!("column {name} has {} rows, not {rows}", values.len())));
    }
    let forms = columns.iter().map(|(name, values)| (*name, values.form()));
    let mut file = TableFile::create(path, forms, about, Memory::default())?;
    let mut encoders: Vec<_> = columns.iter().map(|(_, values)| Encoder::new(*values)).collect();
    let mut start = 0;
    while start < rows {
        let end = rows.min(start + GROUP_ROWS);
        let mut group = Vec::new();
        group.resize_with(columns.len(), || None);
        let work = |(): &mut (), _, (encoder, place): (&mut Encoder<'_>, &mut Option<_>)| {
            *place = Some(encoder.encode(start..end));
            Ok::<(), Stopped>(())
        };
        let tasks = encoders.iter_mut().zip(&mut group);
        if exec.run((end - start) * columns.len(), tasks, || (), work).is_err() {
            return Ok(None);
        }
        let group = group.into_iter().flatten().collect::<Result<Vec<_>, _>>()?;
        file.add(&group)?;
        for (encoder, sealed) in encoders.iter_mut().zip(group) {
            encoder.reuse(sealed);
        }
        start = end;
    }
    Ok(Some(file.finish()?.0))
}

impl Values<'_> {
    const fn form(&self) -> Form {
        match self {
            Self::Integers(_) => Form::Integers,
            Self::Decimals(_, scale) => Form::Decimals(*scale),
            Self::Dates(_) => Form::Dates,
            Self::Instants(_, utc) => Form::Instants(*utc),
            Self::Texts(..) => Form::Texts,
        }
    }
}

/// A column with the encoder of its row groups.
enum Encoder<'a> {
    Numbers(&'a [i64], Integers),
    Days(&'a [i64], Integers),
    Texts(&'a [u32], &'a [String], Texts),
}

impl<'a> Encoder<'a> {
    fn new(values: Values<'a>) -> Self {
        match values {
            Values::Integers(values) | Values::Decimals(values, _) | Values::Instants(values, _) => {
                Self::Numbers(values, Integers::new(false))
            }
            Values::Dates(days) => Self::Days(days, Integers::new(true)),
            Values::Texts(codes, texts) => Self::Texts(codes, texts, Texts::new(texts.len(), Vec::new())),
        }
    }

    fn encode(&mut self, rows: Range<usize>) -> Result<Sealed, Error> {
        match self {
            Self::Numbers(values, encoder) => {
                encoder.push(&values[rows]);
                Ok(encoder.seal())
            }
            Self::Days(days, encoder) => {
                for days in days[rows].chunks(CHECKED_ROWS) {
                    check_days(days)?;
                    encoder.push(days);
                }
                Ok(encoder.seal())
            }
            Self::Texts(codes, texts, encoder) => {
                encoder.push(&codes[rows])?;
                encoder.seal(texts)
            }
        }
    }

    /// Goes on in the memory of what is in the file by now.
    fn reuse(&mut self, sealed: Sealed) {
        let memory = sealed.body.into_memory();
        match self {
            Self::Numbers(_, encoder) | Self::Days(_, encoder) => encoder.reuse(memory),
            Self::Texts(_, _, encoder) => encoder.reuse(memory),
        }
    }
}
