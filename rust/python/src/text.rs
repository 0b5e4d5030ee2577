//! numpy's arrays of texts and of integers to columns.

use fundclear_kernel::arithmetic::{self, Operand};
use fundclear_kernel::error::{Code, Error};
use fundclear_kernel::exec::{BLOCK_ROWS, Exec};
use fundclear_kernel::rounding::Rounding;
use fundclear_kernel::scale::Scale;
use fundclear_kernel::text::{self, Syntax, Texts};
use numpy::prelude::*;
use numpy::{PyArray1, PyUntypedArray};
use pyo3::prelude::*;

use crate::borrow::{Column, Mode, Output, Places, compact, not_a_column};
use crate::call::{self, Threads};
use crate::failure::{Story, shown_text};

type Parsed<'py> = (Bound<'py, PyArray1<i64>>, u8);

/// Texts of one width, filled up with zeros, as numpy keeps bytes.
struct Fixed<'a> {
    bytes: &'a [u8],
    width: usize,
    rows: usize,
}

impl Texts for Fixed<'_> {
    fn len(&self) -> usize {
        self.rows
    }

    fn get(&self, row: usize) -> Option<&[u8]> {
        let text = self.bytes.get(row * self.width..(row + 1) * self.width)?;
        let length = text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        text.get(..length)
    }
}

/// Texts of one width, filled up with zeros, as numpy keeps `str`: four bytes a character.
#[derive(Clone, Copy)]
struct Wide<'a> {
    characters: &'a [u32],
    width: usize,
    rows: usize,
}

impl Wide<'_> {
    /// The rows of a block, narrowed into `bytes`. Any character that is no ASCII becomes a byte that is none either.
    fn narrow<'a>(&self, first: usize, bytes: &'a mut Vec<u8>) -> Fixed<'a> {
        let rows = BLOCK_ROWS.min(self.rows - first);
        let block = self.characters.get(first * self.width..(first + rows) * self.width).unwrap_or_default();
        bytes.clear();
        bytes.extend(block.iter().map(|character| u8::try_from(*character).unwrap_or(u8::MAX)));
        Fixed { bytes, width: self.width, rows }
    }

    fn row(&self, row: usize) -> String {
        let characters = self.characters.get(row * self.width..(row + 1) * self.width).unwrap_or_default();
        let text: String = characters.iter().map(|code| char::from_u32(*code).unwrap_or('\u{fffd}')).collect();
        text.trim_end_matches('\0').to_owned()
    }

    fn parse(&self, exec: &Exec<'_>, scale: Scale, rounding: Rounding, out: &mut [i64]) -> Result<(), Error> {
        let blocks = out.chunks_mut(BLOCK_ROWS);
        exec.run(self.rows, blocks, Vec::new, |bytes, block, out| {
            let first = block * BLOCK_ROWS;
            let texts = self.narrow(first, bytes);
            text::parse_column(&Exec::inline(), &texts, Syntax::Plain, scale, rounding, out)
                .map_err(|error| shifted(error, first))
        })
        .map(drop)
    }

    fn decimals(&self, exec: &Exec<'_>) -> Result<Scale, Error> {
        let blocks = (0..self.rows).step_by(BLOCK_ROWS);
        let state = || (Vec::new(), Scale::ZERO);
        let most = exec.run(self.rows, blocks, state, |(bytes, most), _, first| {
            let texts = self.narrow(first, bytes);
            let scale = text::decimals_column(&Exec::inline(), &texts, Syntax::Plain);
            *most = scale.map_err(|error| shifted(error, first))?.max(*most);
            Ok(())
        })?;
        Ok(most.into_iter().map(|(_, most)| most).max().unwrap_or(Scale::ZERO))
    }
}

/// A block's error as that of the column.
fn shifted(error: Error, first: usize) -> Error {
    Error { row: error.row.map(|row| row + first), ..error }
}

/// A numpy array of bytes or `str` as a column.
#[pyfunction]
#[pyo3(signature = (array, scale, rounding, argument, threads))]
pub fn parse_text<'py>(
    array: &Bound<'py, PyAny>,
    scale: Option<Places>,
    rounding: Mode,
    argument: &str,
    threads: Threads,
) -> PyResult<Parsed<'py>> {
    let wanted = "bytes (S) or str (U)";
    let Ok(texts) = array.cast::<PyUntypedArray>() else { return Err(not_a_column(array, argument, wanted)) };
    let dtype = texts.dtype();
    let is_native = dtype.is_native_byteorder() != Some(false);
    if texts.ndim() != 1 || !is_native || !matches!(dtype.kind(), b'S' | b'U') {
        return Err(not_a_column(array, argument, wanted));
    }
    let texts = compact(texts)?;
    let (rows, item_bytes) = (texts.len(), dtype.itemsize());
    // SAFETY: the pointer is that of a live array object, and the GIL is held.
    let data = unsafe { (*texts.as_array_ptr()).fields.data };
    if dtype.kind() == b'S' {
        // SAFETY: a contiguous array of `rows` items of `item_bytes` bytes each, kept alive by our reference; as to
        // other threads, see the comment of the module `borrow`.
        let bytes = unsafe { slice(data.cast::<u8>(), rows * item_bytes) };
        let texts = Fixed { bytes, width: item_bytes, rows };
        let shown = |row| shown_text(array.py(), texts.get(row).unwrap_or_default());
        let scale_of = |exec: &Exec<'_>| text::decimals_column(exec, &texts, Syntax::Plain);
        return parse_rows(array.py(), rows, scale, argument, threads, &shown, scale_of, |exec, scale, out| {
            text::parse_column(exec, &texts, Syntax::Plain, scale, rounding.0, out)
        });
    }
    // SAFETY: as above; numpy's characters are four bytes in native order, and the array is aligned.
    let characters = unsafe { slice(data.cast::<u32>(), rows * (item_bytes / 4)) };
    let texts = Wide { characters, width: item_bytes / 4, rows };
    let shown = |row| shown_text(array.py(), texts.row(row).as_bytes());
    let scale_of = |exec: &Exec<'_>| texts.decimals(exec);
    parse_rows(array.py(), rows, scale, argument, threads, &shown, scale_of, |exec, scale, out| {
        texts.parse(exec, scale, rounding.0, out)
    })
}

/// A slice, also where nothing may be behind the pointer of an empty array.
///
/// # Safety
/// Unless `length` is 0, so many aligned values are at `data` for as long as the slice is used.
unsafe fn slice<'a, T>(data: *const T, length: usize) -> &'a [T] {
    // SAFETY: as the caller promises.
    if length == 0 { &[] } else { unsafe { std::slice::from_raw_parts(data, length) } }
}

/// Finds the scale where none is named, and parses into a new array.
#[expect(clippy::too_many_arguments, reason = "a private step of one function, shared by its two branches")]
fn parse_rows<'py>(
    py: Python<'py>,
    rows: usize,
    scale: Option<Places>,
    argument: &str,
    threads: Threads,
    shown: &dyn Fn(usize) -> String,
    scale_of: impl FnOnce(&Exec<'_>) -> Result<Scale, Error> + Send,
    parse: impl FnOnce(&Exec<'_>, Scale, &mut [i64]) -> Result<(), Error> + Send,
) -> PyResult<Parsed<'py>> {
    let story = |scale| Story::reading(argument, scale, shown);
    let scale = match scale {
        Some(places) => places.0,
        None => call::run(py, threads, rows, &story(Scale::MAX), scale_of)?,
    };
    let mut output = Output::new(py, rows)?;
    let out = output.values();
    call::run(py, threads, rows, &story(scale), |exec| parse(exec, scale, out))?;
    Ok((output.into_array(), scale.places()))
}

/// An array of whole amounts as a column: 5 is 5.00.
#[pyfunction]
#[pyo3(signature = (values, scale, argument, threads))]
pub fn parse_whole<'py>(
    values: &Bound<'py, PyAny>,
    scale: Places,
    argument: &str,
    threads: Threads,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let py = values.py();
    let column = Column::borrow(values, argument)?;
    let whole = Operand::Column(column.values());
    let mut output = Output::new(py, column.len())?;
    let out = output.values();
    let operands = [(argument, Scale::ZERO)];
    let story = Story { argument: Some(argument), ..Story::of(&operands, &[], scale.0) };
    call::run(py, threads, column.len(), &story, |exec| {
        let result = arithmetic::rescale(exec, whole, Scale::ZERO, scale.0, Rounding::Exact, out);
        // The values are no minor units, so one of more than 18 digits is an amount that does not fit.
        result.map_err(|error| if error.code == Code::Digits { Error { code: Code::Overflow, ..error } } else { error })
    })?;
    Ok(output.into_array())
}
