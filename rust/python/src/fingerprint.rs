//! Fingerprints of tables: the same for the same rows, in whatever order they stand.

use fundclear_kernel::day::fingerprint::{Field, Ints, fingerprint, text_hash};
use fundclear_kernel::scale::Scale;
use numpy::PyUntypedArray;
use numpy::prelude::*;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::borrow::Column;
use crate::call::{self, Threads};
use crate::failure::Story;

/// Integers of any width that columns have.
enum Held<'py> {
    I64(Column<'py, i64>),
    I32(Column<'py, i32>),
    U32(Column<'py, u32>),
    U16(Column<'py, u16>),
    U8(Column<'py, u8>),
}

impl<'py> Held<'py> {
    fn borrow(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        const NAME: &str = "column";
        // To try one width after the other would make an exception for each that it is not.
        let dtype = object.cast::<PyUntypedArray>().map(|array| array.dtype());
        match dtype.map(|dtype| (dtype.kind(), dtype.itemsize())) {
            Ok((b'u', 1)) => Column::borrow(object, NAME).map(Self::U8),
            Ok((b'u', 2)) => Column::borrow(object, NAME).map(Self::U16),
            Ok((b'u', 4)) => Column::borrow(object, NAME).map(Self::U32),
            Ok((b'i', 4)) => Column::borrow(object, NAME).map(Self::I32),
            _ => Column::borrow(object, NAME).map(Self::I64),
        }
    }

    fn ints(&self) -> Ints<'_> {
        match self {
            Self::I64(column) => Ints::I64(column.values()),
            Self::I32(column) => Ints::I32(column.values()),
            Self::U32(column) => Ints::U32(column.values()),
            Self::U16(column) => Ints::U16(column.values()),
            Self::U8(column) => Ints::U8(column.values()),
        }
    }
}

/// The fingerprint of a table's columns: integers, or texts as codes, offsets and bytes of their dictionary.
///
/// Rows of which all columns that `counted` numbers are zero are left out; none is if it numbers no column.
#[pyfunction(name = "fingerprint")]
pub fn fingerprint_of(
    py: Python<'_>,
    table: &str,
    columns: Vec<Bound<'_, PyAny>>,
    counted: Vec<usize>,
    threads: Threads,
) -> PyResult<u128> {
    let mut held = Vec::with_capacity(columns.len());
    for column in &columns {
        held.push(match column.cast::<PyTuple>() {
            Ok(packed) => {
                let (codes, offsets, bytes) =
                    packed.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
                let (offsets, bytes) =
                    (Column::<i64>::borrow(&offsets, "offsets")?, Column::<u8>::borrow(&bytes, "bytes")?);
                (Held::borrow(&codes)?, Some(hashes(offsets.values(), bytes.values())))
            }
            Err(_) => (Held::borrow(column)?, None),
        });
    }
    let fields: Vec<_> =
        held.iter().map(|(values, texts)| Field { values: values.ints(), texts: texts.as_deref() }).collect();
    let rows = fields.first().map_or(0, |field| field.values.len());
    let operands = [(table, Scale::ZERO)];
    call::run(py, threads, rows, &Story::of(&operands, &[], Scale::ZERO), |exec| {
        fingerprint(exec, table, &fields, &counted)
    })
}

/// The hash of each text of a packed dictionary.
fn hashes(offsets: &[i64], bytes: &[u8]) -> Vec<u64> {
    let place = |offset: &i64| usize::try_from(*offset).unwrap_or(usize::MAX);
    let texts = offsets.windows(2).map(|pair| match pair {
        [start, end] => bytes.get(place(start)..place(end)).unwrap_or_default(),
        _ => &[],
    });
    texts.map(text_hash).collect()
}
