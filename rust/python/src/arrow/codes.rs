//! Texts of every Arrow layout to codes and their distinct texts.

use fundclear_kernel::error::Error;
use pyo3::prelude::*;

use crate::arrow::chunk::{Chunk, Values};
use crate::arrow::source::{Kind, Source};
use crate::call::{Threads, attempt};
use crate::failure::{Refusal, shown_text};
use crate::labels::factorize::{Block, LABEL_ROWS, factorize, missing};
use crate::labels::interner::Interner;
use crate::labels::{Coded, RawCodes, refusal};

/// Some rows of a chunk.
struct Part<'a> {
    chunk: &'a Chunk<'a>,
    /// The first row in its chunk.
    start: usize,
    /// And in the column.
    first: usize,
    /// What stands for a null, if anything may.
    default: Option<&'a [u8]>,
}

impl Block for Part<'_> {
    fn first(&self) -> usize {
        self.first
    }

    fn codes(self, interner: &mut Interner, out: &mut [u32]) -> Result<(), Error> {
        // The codes of a dictionary's values are kept where there are fewer of them than rows.
        let mut known = match &self.chunk.values {
            Values::Text(layout) if self.chunk.keys.is_some() && layout.len() <= out.len() => {
                vec![u32::MAX; layout.len()]
            }
            _ => Vec::new(),
        };
        for (row, code) in out.iter_mut().enumerate() {
            let place = self.chunk.place(self.start + row);
            if let Some(met) = place.and_then(|place| known.get(place)).filter(|met| **met != u32::MAX) {
                *code = *met;
                continue;
            }
            let text = match (&self.chunk.values, place) {
                (Values::Text(layout), Some(place)) => layout.get(place),
                _ => None,
            };
            let text = text.or(self.default).ok_or_else(|| missing(row))?;
            *code = interner.intern(text).map_err(|error| Error { row: Some(row), ..error })?;
            if let Some(known) = place.and_then(|place| known.get_mut(place)) {
                *known = *code;
            }
        }
        Ok(())
    }
}

/// The texts of an Arrow column of any layout: codes, and the distinct texts. Nulls are refused, or are `default`.
#[pyfunction]
#[pyo3(signature = (source, default, argument, threads))]
pub fn label_arrow<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    default: Option<&str>,
    argument: &str,
    threads: Threads,
) -> PyResult<Coded<'py>> {
    let source = Source::import(source, argument)?;
    if !matches!(source.kind, Kind::Text | Kind::Null) {
        return Err(Refusal::of("dtype", argument).value(&source.data_type).fact("wanted", "texts").error(py));
    }
    let rows = source.rows();
    if source.kind == Kind::Null {
        let Some(text) = default.or(if rows == 0 { Some("") } else { None }) else {
            return Err(Refusal::of("null", argument).row(0).error(py));
        };
        return RawCodes::constant(py, rows, text.as_bytes());
    }
    let chunks: Vec<_> = source.chunks.iter().filter_map(Chunk::new).collect();
    let mut blocks = Vec::with_capacity(chunks.len() + rows / LABEL_ROWS);
    let mut first = 0;
    for chunk in &chunks {
        for start in (0..chunk.len()).step_by(LABEL_ROWS) {
            let count = LABEL_ROWS.min(chunk.len() - start);
            blocks.push((count, Part { chunk, start, first, default: default.map(str::as_bytes) }));
            first += count;
        }
    }
    let mut codes = RawCodes::new(py, rows)?;
    let out = codes.values();
    let texts = attempt(py, threads, rows, |exec| factorize(exec, blocks, out))?;
    let shown = |mut row: usize| {
        for chunk in &chunks {
            if row < chunk.len() {
                return chunk.show(row, 0, |text| shown_text(py, text));
            }
            row -= chunk.len();
        }
        String::new()
    };
    codes.finish(texts.map_err(|error| refusal(py, &error, argument, &shown))?)
}
