//! A text column, as codes and distinct texts, on its way out.

use std::ops::Range;

use arrow_buffer::{ArrowNativeType, Buffer};
use arrow_data::ArrayData;
use arrow_schema::DataType;
use numpy::PyUntypedArray;
use numpy::prelude::*;
use pyo3::prelude::*;

use crate::arrow::batch::{Failure, Form, text_type};
use crate::arrow::held::{Held, contiguous};
use crate::borrow::not_a_column;
use crate::labels::interner::text;

/// The codes in any of their widths.
enum Codes {
    Byte(Held<u8>),
    Short(Held<u16>),
    Long(Held<i32>),
}

/// Codes, and the distinct texts: offsets and bytes.
pub struct Labels {
    codes: Codes,
    offsets: Held<i64>,
    bytes: Held<u8>,
    /// The length of the longest text, in bytes.
    longest: usize,
}

impl Labels {
    /// Holds the three arrays of a text column.
    pub fn borrow(codes: &Bound<'_, PyAny>, offsets: &Bound<'_, PyAny>, bytes: &Bound<'_, PyAny>) -> PyResult<Self> {
        let codes = array(codes)?;
        let (offsets, bytes) = (array(offsets)?, array(bytes)?);
        let is = |array: &Bound<'_, PyUntypedArray>, kind, size| {
            array.ndim() == 1 && array.dtype().kind() == kind && array.dtype().itemsize() == size
        };
        if !is(&offsets, b'i', 8) || !is(&bytes, b'u', 1) {
            return Err(not_a_column(&offsets, "offsets", "int64 beside uint8"));
        }
        // SAFETY: each array is contiguous, aligned, and of the dtype that was asked for just before.
        let (codes, offsets, bytes) = unsafe {
            let codes = if is(&codes, b'u', 1) {
                Codes::Byte(Held::of(&codes, codes.len()))
            } else if is(&codes, b'u', 2) {
                Codes::Short(Held::of(&codes, codes.len()))
            } else if is(&codes, b'i', 4) {
                Codes::Long(Held::of(&codes, codes.len()))
            } else {
                return Err(not_a_column(&codes, "codes", "uint8, uint16 or int32"));
            };
            (codes, Held::<i64>::of(&offsets, offsets.len()), Held::of(&bytes, bytes.len()))
        };
        let lengths = offsets.values().iter().zip(offsets.values().iter().skip(1));
        let longest = lengths.filter_map(|(start, end)| usize::try_from(end.saturating_sub(*start)).ok()).max();
        Ok(Self { codes, offsets, bytes, longest: longest.unwrap_or(0) })
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match &self.codes {
            Codes::Byte(held) => held.values().len(),
            Codes::Short(held) => held.values().len(),
            Codes::Long(held) => held.values().len(),
        }
    }

    /// The type as which the column leaves.
    pub fn data_type(&self, form: Form) -> DataType {
        match form {
            Form::Dictionary => DataType::Dictionary(Box::new(DataType::Int32), Box::new(self.dictionary_type())),
            _ => text_type(self.longest),
        }
    }

    fn dictionary_type(&self) -> DataType {
        let is_short = i32::try_from(self.bytes.values().len()).is_ok();
        if is_short { DataType::Utf8 } else { DataType::LargeUtf8 }
    }

    /// Some rows as an array.
    pub fn array(&self, rows: Range<usize>, form: Form) -> Result<ArrayData, Failure> {
        let data_type = self.data_type(form);
        let data = ArrayData::builder(data_type.clone()).len(rows.len());
        if form == Form::Dictionary {
            let count = self.offsets.values().len().saturating_sub(1);
            let values = match self.dictionary_type() {
                DataType::Utf8 => self.packed::<i32>(0..count, |code| code),
                _ => self.packed::<i64>(0..count, |code| code),
            };
            let values = ArrayData::builder(self.dictionary_type()).len(count).buffers(values).build()?;
            let keys: Vec<i32> = rows.map(|row| i32::try_from(self.code(row)).unwrap_or(i32::MAX)).collect();
            return Ok(data.add_buffer(Buffer::from_vec(keys)).add_child_data(values).build()?);
        }
        let buffers = match data_type {
            DataType::Utf8 => self.packed::<i32>(rows, |row| self.code(row)),
            _ => self.packed::<i64>(rows, |row| self.code(row)),
        };
        Ok(data.buffers(buffers).build()?)
    }

    /// The code of a row; one that stands for no text stands for an empty one.
    #[inline]
    fn code(&self, row: usize) -> usize {
        let code = match &self.codes {
            Codes::Byte(held) => held.values().get(row).map(|code| usize::from(*code)),
            Codes::Short(held) => held.values().get(row).map(|code| usize::from(*code)),
            Codes::Long(held) => held.values().get(row).and_then(|code| usize::try_from(*code).ok()),
        };
        code.unwrap_or(usize::MAX - 1)
    }

    /// Offsets and bytes of the texts of these places.
    fn packed<O: ArrowNativeType>(&self, places: Range<usize>, code: impl Fn(usize) -> usize) -> Vec<Buffer> {
        let (starts, bytes) = (self.offsets.values(), self.bytes.values());
        let mut offsets = Vec::with_capacity(places.len() + 1);
        let mut all = Vec::new();
        offsets.push(O::usize_as(0));
        for place in places {
            all.extend_from_slice(text(starts, bytes, code(place)));
            offsets.push(O::usize_as(all.len()));
        }
        vec![Buffer::from_vec(offsets), Buffer::from_vec(all)]
    }
}

fn array<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyUntypedArray>> {
    let Ok(array) = object.cast::<PyUntypedArray>() else { return Err(not_a_column(object, "labels", "arrays")) };
    contiguous(array)
}
