//! Columns of texts as codes and distinct texts, and the order of identifiers over several of them.

pub mod factorize;
pub mod interner;
mod numpy_texts;
mod union;

use fundclear_kernel::error::{Code, Error};
use numpy::prelude::*;
use numpy::{Element, PyArray1, PyUntypedArray};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};

use crate::borrow::{Column, compact, not_a_column, zeros};
use crate::call::{Threads, attempt, take_turns};
use crate::failure::{Refusal, shown_object};
use crate::labels::factorize::{LABEL_ROWS, factorize};
use crate::labels::interner::{Hasher, Interner, Packed, text};
use crate::labels::numpy_texts::{Bytes, Characters};
use crate::labels::union::{Texts, mark, union};

type Array<'py, T> = Bound<'py, PyArray1<T>>;

/// What Python makes a text column from: the codes in the narrowest width, the texts' offsets and their bytes.
pub type Coded<'py> = (Bound<'py, PyAny>, Array<'py, i64>, Array<'py, u8>);

/// The offsets and the bytes of a dictionary, and by column the rank of each of its texts.
type Ranked<'py> = (Array<'py, i64>, Array<'py, u8>, Vec<Array<'py, i64>>);

/// Codes on their way: an array of 32 bits, which is narrowed when the number of texts is known.
pub struct RawCodes<'py> {
    array: Array<'py, i32>,
    rows: usize,
}

impl<'py> RawCodes<'py> {
    /// Codes of so many rows, all zero.
    pub fn new(py: Python<'py>, rows: usize) -> PyResult<Self> {
        Ok(Self { array: zeros::<i32>(py, rows)?, rows })
    }

    /// A column of one text.
    pub fn constant(py: Python<'py>, rows: usize, text: &[u8]) -> PyResult<Coded<'py>> {
        let mut texts = Packed::new();
        if rows > 0 {
            texts.push(text);
        }
        let codes = zeros::<u8>(py, rows)?.into_any();
        Ok((codes, PyArray1::from_vec(py, texts.offsets), PyArray1::from_vec(py, texts.bytes)))
    }

    /// The codes to write.
    pub fn values(&mut self) -> &mut [u32] {
        if self.rows == 0 {
            return &mut [];
        }
        // SAFETY: new, contiguous, aligned and initialised memory of `rows` items that nobody else has seen; an `i32`
        // and a `u32` are of one size, and every bit pattern is a value of both.
        unsafe { std::slice::from_raw_parts_mut(self.array.data().cast::<u32>(), self.rows) }
    }

    /// The column of these codes and of the texts that they number.
    pub fn finish(mut self, texts: Packed) -> PyResult<Coded<'py>> {
        let py = self.array.py();
        let count = texts.len();
        let codes = if count <= 1 << 8 {
            self.narrowed(|code| code as u8)?
        } else if count <= 1 << 16 {
            self.narrowed(|code| code as u16)?
        } else {
            self.array.into_any()
        };
        Ok((codes, PyArray1::from_vec(py, texts.offsets), PyArray1::from_vec(py, texts.bytes)))
    }

    fn narrowed<T: Element + Copy>(&mut self, narrow: impl Fn(u32) -> T) -> PyResult<Bound<'py, PyAny>> {
        let array = zeros::<T>(self.array.py(), self.rows)?;
        if self.rows > 0 {
            // SAFETY: as in `values`; the array is new.
            let out = unsafe { std::slice::from_raw_parts_mut(array.data(), self.rows) };
            for (place, code) in out.iter_mut().zip(self.values()) {
                *place = narrow(*code);
            }
        }
        Ok(array.into_any())
    }
}

/// The exception of a row that is no text.
pub fn refusal(py: Python<'_>, error: &Error, argument: &str, shown: &dyn Fn(usize) -> String) -> PyErr {
    let code = match error.code {
        Code::Cancelled => return PyKeyboardInterrupt::new_err(()),
        Code::Null => return Refusal::of("null", argument).row(error.row).error(py),
        Code::Overflow => "too-many-texts",
        _ => "text",
    };
    Refusal::of(code, argument).row(error.row).value(error.row.map_or_else(String::new, shown)).error(py)
}

/// The texts of a numpy array of `str` or bytes.
#[pyfunction]
#[pyo3(signature = (array, argument, threads))]
pub fn label_text<'py>(array: &Bound<'py, PyAny>, argument: &str, threads: Threads) -> PyResult<Coded<'py>> {
    let py = array.py();
    let wanted = "bytes (S) or str (U)";
    let Ok(texts) = array.cast::<PyUntypedArray>() else { return Err(not_a_column(array, argument, wanted)) };
    let dtype = texts.dtype();
    let is_native = dtype.is_native_byteorder() != Some(false);
    if texts.ndim() != 1 || !is_native || !matches!(dtype.kind(), b'S' | b'U') {
        return Err(not_a_column(array, argument, wanted));
    }
    let texts = compact(texts)?;
    let (rows, item_bytes) = (texts.len(), dtype.itemsize());
    let mut codes = RawCodes::new(py, rows)?;
    let out = codes.values();
    let starts = (0..rows).step_by(LABEL_ROWS).map(|first| (first, LABEL_ROWS.min(rows - first)));
    // SAFETY: the pointer is that of a live array object, and the GIL is held.
    let data = unsafe { (*texts.as_array_ptr()).fields.data };
    let found = if dtype.kind() == b'S' {
        // SAFETY: a contiguous array of `rows` items of `item_bytes` bytes each, kept alive by our reference; as to
        // other threads, see the comment of the module `borrow`.
        let bytes = unsafe { slice(data.cast::<u8>(), rows * item_bytes) };
        let block = |first, count| bytes.get(first * item_bytes..(first + count) * item_bytes).unwrap_or_default();
        let blocks =
            starts.map(|(first, count)| (count, Bytes { first, bytes: block(first, count), width: item_bytes }));
        let blocks = blocks.collect();
        attempt(py, threads, rows, |exec| factorize(exec, blocks, out))?
    } else {
        let width = item_bytes / size_of::<u32>();
        // SAFETY: as above; numpy's characters are four bytes in native order, and the array is aligned.
        let characters = unsafe { slice(data.cast::<u32>(), rows * width) };
        let block = |first, count| characters.get(first * width..(first + count) * width).unwrap_or_default();
        let blocks = starts.map(|(first, count)| (count, Characters { first, characters: block(first, count), width }));
        let blocks = blocks.collect();
        attempt(py, threads, rows, |exec| factorize(exec, blocks, out))?
    };
    let shown = |row: usize| array.get_item(row).map_or_else(|_| String::new(), |object| shown_object(&object));
    codes.finish(found.map_err(|error| refusal(py, &error, argument, &shown))?)
}

/// A slice, also where nothing may be behind the pointer of an empty array.
///
/// # Safety
/// Unless `length` is 0, so many aligned values are at `data` for as long as the slice is used.
unsafe fn slice<'a, T>(data: *const T, length: usize) -> &'a [T] {
    // SAFETY: as the caller promises.
    if length == 0 { &[] } else { unsafe { std::slice::from_raw_parts(data, length) } }
}

/// The texts of a list or tuple of `str`.
#[pyfunction]
#[pyo3(signature = (values, argument))]
pub fn label_objects<'py>(values: &Bound<'py, PyAny>, argument: &str) -> PyResult<Coded<'py>> {
    let py = values.py();
    let mut interner = Interner::new(Hasher::new());
    let mut codes = Vec::with_capacity(values.len()?);
    let mut take = |(row, object): (usize, Bound<'py, PyAny>)| -> PyResult<()> {
        let Ok(text) = object.cast::<PyString>() else {
            let code = if object.is_none() { "null" } else { "label" };
            return Err(Refusal::of(code, argument).row(row).value(shown_object(&object)).error(py));
        };
        let refuse = |error: Error| {
            let error = Error { row: Some(row), ..error };
            refusal(py, &error, argument, &|_| shown_object(&object))
        };
        let utf8 = text.to_str().map_err(|_| refuse(Error::whole(Code::Stray)))?;
        codes.push(interner.intern(utf8.as_bytes()).map_err(refuse)?);
        take_turns(py, row)
    };
    if let Ok(list) = values.cast::<PyList>() {
        list.iter().enumerate().try_for_each(&mut take)?;
    } else if let Ok(tuple) = values.cast::<PyTuple>() {
        tuple.iter().enumerate().try_for_each(&mut take)?;
    } else {
        return Err(Refusal::of("type", argument).value(shown_object(values)).error(py));
    }
    let mut raw = RawCodes::new(py, codes.len())?;
    raw.values().copy_from_slice(&codes);
    raw.finish(interner.texts)
}

/// The distinct texts of a column.
pub struct Dictionary<'py> {
    offsets: Column<'py>,
    bytes: Array<'py, u8>,
}

impl<'py> Dictionary<'py> {
    /// Offsets, one more than there are texts, and bytes.
    pub fn borrow(offsets: &Bound<'py, PyAny>, bytes: &Bound<'py, PyAny>) -> PyResult<Self> {
        let Ok(array) = bytes.cast::<PyArray1<u8>>() else { return Err(not_a_column(bytes, "bytes", "uint8")) };
        let bytes = compact(array.as_untyped())?.cast_into::<PyArray1<u8>>()?;
        Ok(Self { offsets: Column::borrow(offsets, "offsets")?, bytes })
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: `borrow` has seen a contiguous array, whose memory our reference keeps; as to other threads, see
        // the comment of the module `borrow`.
        unsafe { slice(self.bytes.data(), self.bytes.len()) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// One of them.
    pub fn get(&self, code: usize) -> &[u8] {
        text(self.offsets.values(), self.bytes(), code)
    }
}

/// Packed texts from one code up to another as Python objects.
#[pyfunction]
#[pyo3(signature = (offsets, bytes, start, stop))]
pub fn label_strings<'py>(
    offsets: &Bound<'py, PyAny>,
    bytes: &Bound<'py, PyAny>,
    start: usize,
    stop: usize,
) -> PyResult<Bound<'py, PyList>> {
    let texts = Dictionary::borrow(offsets, bytes)?;
    let strings = PyList::empty(offsets.py());
    for code in start..stop.min(texts.len()) {
        strings.append(PyString::from_bytes(offsets.py(), texts.get(code))?)?;
    }
    Ok(strings)
}

/// The code of a text, if it is among the packed ones.
#[pyfunction]
#[pyo3(signature = (offsets, bytes, wanted))]
pub fn label_find(offsets: &Bound<'_, PyAny>, bytes: &Bound<'_, PyAny>, wanted: &str) -> PyResult<Option<usize>> {
    let texts = Dictionary::borrow(offsets, bytes)?;
    Ok((0..texts.len()).find(|code| texts.get(*code) == wanted.as_bytes()))
}

/// A column's codes, of the width that their number needs.
enum Codes<'py> {
    Byte(Bound<'py, PyUntypedArray>),
    Short(Bound<'py, PyUntypedArray>),
    Long(Bound<'py, PyUntypedArray>),
}

impl<'py> Codes<'py> {
    fn borrow(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let wanted = "uint8, uint16 or int32";
        let Ok(array) = object.cast::<PyUntypedArray>() else { return Err(not_a_column(object, "codes", wanted)) };
        let array = compact(array)?;
        let dtype = array.dtype();
        match (array.ndim(), dtype.kind(), dtype.itemsize()) {
            (1, b'u', 1) => Ok(Self::Byte(array)),
            (1, b'u', 2) => Ok(Self::Short(array)),
            (1, b'i', 4) => Ok(Self::Long(array)),
            _ => Err(not_a_column(object, "codes", wanted)),
        }
    }

    fn view(&self) -> CodesView<'_> {
        // SAFETY: `borrow` has seen contiguous and aligned arrays of these types, whose memory our references keep.
        unsafe {
            match self {
                Self::Byte(array) => CodesView::Byte(slice(data(array), array.len())),
                Self::Short(array) => CodesView::Short(slice(data(array), array.len())),
                Self::Long(array) => CodesView::Long(slice(data(array), array.len())),
            }
        }
    }
}

fn data<T>(array: &Bound<'_, PyUntypedArray>) -> *const T {
    // SAFETY: the pointer is that of a live array object, and the GIL is held.
    unsafe { (*array.as_array_ptr()).fields.data }.cast_const().cast()
}

enum CodesView<'a> {
    Byte(&'a [u8]),
    Short(&'a [u16]),
    Long(&'a [i32]),
}

/// Does the same with codes of every width.
macro_rules! each {
    ($view:expr, $values:ident => $work:expr) => {
        match $view {
            CodesView::Byte($values) => $work,
            CodesView::Short($values) => $work,
            CodesView::Long($values) => $work,
        }
    };
}

impl CodesView<'_> {
    fn len(&self) -> usize {
        each!(self, values => values.len())
    }

    fn mark(&self, used: &mut [bool]) -> Result<(), Error> {
        each!(self, values => mark(values, used))
    }
}

/// The used texts of several columns, each as `(codes, offsets, bytes)`, as one dictionary ascending by bytes, and by
/// column the rank of each of its texts; -1 for a text that no row has.
#[pyfunction]
#[pyo3(signature = (columns, with_empty, threads))]
pub fn label_union<'py>(
    py: Python<'py>,
    columns: Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>)>,
    with_empty: bool,
    threads: Threads,
) -> PyResult<Ranked<'py>> {
    let mut held = Vec::with_capacity(columns.len());
    for (codes, offsets, bytes) in &columns {
        held.push((Codes::borrow(codes)?, Dictionary::borrow(offsets, bytes)?));
    }
    let parts: Vec<_> =
        held.iter().map(|(codes, texts)| (codes.view(), texts.offsets.values(), texts.bytes(), texts.len())).collect();
    let rows = parts.iter().map(|(codes, ..)| codes.len()).sum();
    let found = attempt(py, threads, rows, |exec| {
        let mut texts = Vec::with_capacity(parts.len());
        for (codes, offsets, bytes, count) in &parts {
            let mut used = vec![false; *count];
            codes.mark(&mut used)?;
            texts.push(Texts { offsets, bytes, used });
        }
        union(exec, &texts, with_empty)
    })?;
    let (all, ranks) = found.map_err(|error| refusal(py, &error, "codes", &|_| String::new()))?;
    let ranks = ranks.into_iter().map(|ranks| PyArray1::from_vec(py, ranks)).collect();
    Ok((PyArray1::from_vec(py, all.offsets), PyArray1::from_vec(py, all.bytes), ranks))
}

/// Of each row the key that stands for its code.
#[pyfunction]
#[pyo3(signature = (codes, keys, threads))]
pub fn label_keys<'py>(
    codes: &Bound<'py, PyAny>,
    keys: &Bound<'py, PyAny>,
    threads: Threads,
) -> PyResult<Array<'py, i64>> {
    let py = codes.py();
    let codes = Codes::borrow(codes)?;
    let view = codes.view();
    let keys = Column::borrow(keys, "keys")?;
    let (rows, keys) = (view.len(), keys.values());
    let array = zeros::<i64>(py, rows)?;
    // SAFETY: a new array of so many initialised values that nobody else has seen.
    let out = if rows == 0 { &mut [][..] } else { unsafe { std::slice::from_raw_parts_mut(array.data(), rows) } };
    let found = attempt(py, threads, rows, |exec| {
        let tasks = out.chunks_mut(LABEL_ROWS);
        exec.run(
            rows,
            tasks,
            || (),
            |(), block, out| {
                let first = block * LABEL_ROWS;
                each!(&view, values => take(values.get(first..).unwrap_or_default(), keys, first, out))
            },
        )
    })?;
    found.map_err(|error| refusal(py, &error, "codes", &|_| String::new()))?;
    Ok(array)
}

fn take<C: Copy + Into<i64>>(codes: &[C], keys: &[i64], first: usize, out: &mut [i64]) -> Result<(), Error> {
    for (row, (place, code)) in out.iter_mut().zip(codes).enumerate() {
        let code: i64 = (*code).into();
        let key = usize::try_from(code).ok().and_then(|code| keys.get(code));
        *place = *key.ok_or_else(|| Error::at(Code::GroupRange, first + row, &[i128::from(code)]))?;
    }
    Ok(())
}
