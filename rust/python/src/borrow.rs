//! Borrowing numpy's memory: read-only int64 columns, scalars, and the arrays that results are written to.
//!
//! A column is used as a plain slice while the GIL is released. If another thread writes to it meanwhile, single
//! values are torn or stale, and that is all: the kernel takes no index, length or pointer from a column unchecked.

use std::ffi::c_int;
use std::ops::Range;

use fundclear_kernel::arithmetic::Operand;
use fundclear_kernel::rounding::Rounding;
use fundclear_kernel::scale::{POISON, Scale};
use numpy::npyffi::{NPY_ARRAY_WRITEABLE, NPY_ORDER, npy_intp};
use numpy::prelude::*;
use numpy::{Element, PY_ARRAY_API, PyArray1, PyUntypedArray};
use pyo3::prelude::*;

use crate::call::is_int;
use crate::failure::{Refusal, shown_object, type_name};

/// What a column may hold, and how numpy calls it.
pub trait Item: Element + Copy {
    /// The name of the dtype.
    const DTYPE: &'static str;
}

macro_rules! items {
    ($($item:ty: $dtype:literal)*) => {$(
        impl Item for $item {
            const DTYPE: &'static str = $dtype;
        }
    )*};
}

items! { i64: "int64" i32: "int32" u32: "uint32" u16: "uint16" u8: "uint8" }

/// A column of a numpy array: one-dimensional, contiguous, aligned, in native byte order.
pub struct Column<'py, T: Item = i64> {
    array: Bound<'py, PyArray1<T>>,
    /// Read once: another thread may give the array object a new shape, but its memory lives as long as we hold it.
    rows: usize,
}

impl<'py, T: Item> Column<'py, T> {
    /// Borrows the array `argument`. A strided or unaligned one is copied first.
    pub fn borrow(object: &Bound<'py, PyAny>, argument: &str) -> PyResult<Self> {
        let Ok(array) = object.cast::<PyArray1<T>>() else { return Err(not_a_column(object, argument, T::DTYPE)) };
        let array = compact(array.as_untyped())?.cast_into::<PyArray1<T>>()?;
        let rows = array.len();
        Ok(Self { array, rows })
    }

    /// The values; of money in minor units. Any value of the type may stand there.
    pub fn values(&self) -> &[T] {
        if self.rows == 0 {
            return &[];
        }
        // SAFETY: `borrow` has seen an aligned, contiguous array of `rows` values, and we hold a reference to
        // it, so numpy does not move or free its memory. Writes by other threads are as the module's comment says.
        unsafe { std::slice::from_raw_parts(self.array.data(), self.rows) }
    }

    /// The number of rows.
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// Refuses a column of another length.
    pub fn expect_rows(&self, rows: usize, argument: &str) -> PyResult<()> {
        if self.rows == rows {
            return Ok(());
        }
        Err(Refusal::of("length", argument).value(self.rows).fact("wanted", rows).error(self.array.py()))
    }

    fn memory(&self) -> Range<usize> {
        let start = self.array.data() as usize;
        start..start.saturating_add(self.rows.saturating_mul(size_of::<T>()))
    }
}

/// One side of an operation: a column, or one amount in minor units for all rows.
pub enum Input<'py> {
    /// A column.
    Column(Column<'py>),
    /// A scalar.
    Scalar(i64),
}

impl<'py> Input<'py> {
    /// Borrows an int64 array or takes an int.
    pub fn borrow(object: &Bound<'py, PyAny>, argument: &str) -> PyResult<Self> {
        if is_int(object) {
            minor(object, argument).map(Self::Scalar)
        } else {
            Column::borrow(object, argument).map(Self::Column)
        }
    }

    /// The kernel's view of it.
    pub fn operand(&self) -> Operand<'_> {
        match self {
            Self::Column(column) => Operand::Column(column.values()),
            Self::Scalar(value) => Operand::Scalar(*value),
        }
    }

    /// The rows of a result over these inputs: that of the columns, which must agree, or one if all are scalars.
    pub fn common_rows(inputs: &[(&Self, &str)]) -> PyResult<usize> {
        let mut rows = None;
        for (input, argument) in inputs {
            if let Self::Column(column) = input {
                column.expect_rows(*rows.get_or_insert(column.len()), argument)?;
            }
        }
        Ok(rows.unwrap_or(1))
    }
}

/// The array that a result is written to: a new one, or the caller's `out`.
pub struct Output<'py> {
    array: Bound<'py, PyArray1<i64>>,
    rows: usize,
    /// Whether the array is the caller's, who sees what a failed call leaves in it.
    given: bool,
}

impl<'py> Output<'py> {
    /// A new array, allocated by numpy and thus on huge pages where it is large; `MemoryError` where it is too large.
    pub fn new(py: Python<'py>, rows: usize) -> PyResult<Self> {
        Ok(Self { array: zeros::<i64>(py, rows)?, rows, given: false })
    }

    /// The caller's `out` if there is one, else a new array.
    pub fn prepare(
        py: Python<'py>,
        out: Option<&Bound<'py, PyAny>>,
        rows: usize,
        inputs: &[(&Input<'py>, &str)],
    ) -> PyResult<Self> {
        match out {
            None => Self::new(py, rows),
            Some(out) => Self::given(out, rows, inputs),
        }
    }

    fn given(out: &Bound<'py, PyAny>, rows: usize, inputs: &[(&Input<'py>, &str)]) -> PyResult<Self> {
        let Ok(array) = out.cast::<PyArray1<i64>>() else { return Err(not_a_column(out, "out", "int64")) };
        // Borrowing takes a strided array as a copy, which is right for an input and useless for an output.
        let refuse = |why: String| Err(Refusal::of("out", "out").fact("why", why).error(out.py()));
        // SAFETY: the pointer is that of a live array object, and the GIL is held.
        let flags = unsafe { (*array.as_array_ptr()).fields.flags };
        if flags & NPY_ARRAY_WRITEABLE == 0 {
            return refuse("its memory is read-only".to_owned());
        }
        if !array.is_c_contiguous() || !array.is_aligned() {
            return refuse("its rows do not lie one after the other in memory".to_owned());
        }
        if array.len() != rows {
            return refuse(format!("it has {} rows and the result {rows}", array.len()));
        }
        let column = Column { array: array.clone(), rows };
        let place = column.memory();
        for (input, argument) in inputs {
            if let Input::Column(column) = input
                && column.memory().start < place.end
                && place.start < column.memory().end
            {
                return refuse(format!("it shares memory with {argument}"));
            }
        }
        Ok(Self { array: column.array, rows, given: true })
    }

    /// The values to write.
    pub fn values(&mut self) -> &mut [i64] {
        if self.rows == 0 {
            return &mut [];
        }
        // SAFETY: aligned, contiguous, initialised and writable memory of `rows` int64, kept alive by our reference.
        // It is new and ours alone, or the caller's `out`, which overlaps none of the inputs of this call; if the
        // caller reads or writes it on another thread meanwhile, values are torn, as the module's comment says.
        unsafe { std::slice::from_raw_parts_mut(self.array.data(), self.rows) }
    }

    /// After a failure: no row of the caller's `out` can be taken for a result. A new array is dropped as it is.
    pub fn spoil(&mut self) {
        if self.given {
            self.values().fill(POISON);
        }
    }

    /// The array, for the caller.
    pub fn into_array(self) -> Bound<'py, PyArray1<i64>> {
        self.array
    }
}

/// A new array of zeros. numpy hands out untouched zero pages, so this costs no pass over a large array.
pub fn zeros<T: Element>(py: Python<'_>, rows: usize) -> PyResult<Bound<'_, PyArray1<T>>> {
    let mut dimensions = [npy_intp::try_from(rows)?];
    let row_order: c_int = 0;
    // SAFETY: one dimension with its extent, and a new reference to a dtype, which the function takes over. It gives
    // a new reference, or null with an exception set.
    unsafe {
        let array =
            PY_ARRAY_API.PyArray_Zeros(py, 1, dimensions.as_mut_ptr(), T::get_dtype(py).into_dtype_ptr(), row_order);
        Ok(Bound::from_owned_ptr_or_err(py, array)?.cast_into_unchecked())
    }
}

/// The array if its items lie one after the other at aligned addresses, else a copy that does.
pub fn compact<'py>(array: &Bound<'py, PyUntypedArray>) -> PyResult<Bound<'py, PyUntypedArray>> {
    if array.is_c_contiguous() && array.is_aligned() {
        return Ok(array.clone());
    }
    // SAFETY: the pointer is that of a live array, and the function gives a new reference, or null with an exception
    // set. It copies into row order, also where a subclass has a `copy` of its own that would not.
    let copy = unsafe {
        let copy = PY_ARRAY_API.PyArray_NewCopy(array.py(), array.as_array_ptr(), NPY_ORDER::NPY_CORDER);
        Bound::from_owned_ptr_or_err(array.py(), copy)?
    };
    Ok(copy.cast_into::<PyUntypedArray>()?)
}

/// Why an object is not a column with the wanted kind of values.
pub fn not_a_column(object: &Bound<'_, PyAny>, argument: &str, wanted: &str) -> PyErr {
    let py = object.py();
    let Ok(array) = object.cast::<PyUntypedArray>() else {
        let shown = format!("a {}, not a numpy array", type_name(object));
        return Refusal::of("dtype", argument).value(shown).fact("wanted", wanted).error(py);
    };
    let dtype = array.dtype();
    if array.ndim() != 1 {
        return Refusal::of("dimensions", argument).value(array.ndim()).error(py);
    }
    let code = if dtype.is_native_byteorder() == Some(false) { "byte-order" } else { "dtype" };
    let dtype = dtype.str().map_or_else(|_| String::new(), |text| text.to_string_lossy().into_owned());
    Refusal::of(code, argument).value(dtype).fact("wanted", wanted).error(py)
}

/// An int as minor units.
fn minor(object: &Bound<'_, PyAny>, argument: &str) -> PyResult<i64> {
    object.extract::<i64>().map_err(|_| Refusal::of("digits", argument).value(shown_object(object)).error(object.py()))
}

/// A scale argument of a native call; the Python side has checked it, so words are not spent on it twice.
#[derive(Clone, Copy)]
pub struct Places(pub Scale);

impl<'a, 'py> FromPyObject<'a, 'py> for Places {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if !is_int(&object) {
            return Err(Refusal::of("scale-type", "scale").value(shown_object(&object)).error(object.py()));
        }
        match object.extract::<u8>().ok().and_then(Scale::new) {
            Some(scale) => Ok(Self(scale)),
            None => Err(Refusal::of("scale-range", "scale").value(shown_object(&object)).error(object.py())),
        }
    }
}

/// A rounding mode by the code of [`Rounding`].
#[derive(Clone, Copy)]
pub struct Mode(pub Rounding);

impl<'a, 'py> FromPyObject<'a, 'py> for Mode {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.extract::<u8>().ok().and_then(Rounding::from_code) {
            Some(rounding) => Ok(Self(rounding)),
            None => {
                let refusal = Refusal::of("rounding", "rounding").value(shown_object(&object));
                Err(refusal.fact("known", "the codes 0 to 8").error(object.py()))
            }
        }
    }
}
