//! The rows of one chunk, read where they lie, behind a dictionary or not.
//!
//! Every offset, index and length is checked when it is used. A producer that lies, or changes its buffers while we
//! read them, gets an error or a wrong number, never memory that is not its own.

use std::ops::Range;

use arrow_array::ArrowPrimitiveType;
use arrow_array::types::Float16Type;
use arrow_buffer::{NullBuffer, bit_util};
use arrow_data::ArrayData;
use arrow_schema::DataType;
use fundclear_kernel::error::{Code, Error};
use fundclear_kernel::exec::Exec;
use fundclear_kernel::scale::Scale;
use fundclear_kernel::text::{Syntax, decimals_column, parse_column};

use crate::arrow::numbers::{Numbers, Target};
use crate::arrow::texts::{Layout, Rows, is_null};

/// A chunk: values, and the keys that choose among them if it has a dictionary.
pub struct Chunk<'a> {
    rows: usize,
    nulls: Option<&'a NullBuffer>,
    pub(super) keys: Option<Numbers<'a>>,
    pub(super) values: Values<'a>,
    /// The nulls among the values of a dictionary.
    value_nulls: Option<&'a NullBuffer>,
}

/// What the rows, or the keys of a dictionary, choose among.
pub(super) enum Values<'a> {
    Text(Layout<'a>),
    Number(Numbers<'a>),
}

impl<'a> Values<'a> {
    fn new(data: &'a ArrayData) -> Option<Self> {
        Layout::new(data).map(Self::Text).or_else(|| Numbers::new(data, data.data_type()).map(Self::Number))
    }
}

impl<'a> Chunk<'a> {
    /// The rows of an array of texts or numbers; `None` for values of another type.
    pub fn new(data: &'a ArrayData) -> Option<Self> {
        let (rows, nulls) = (data.len(), data.nulls());
        match (data.data_type(), data.child_data()) {
            (DataType::Dictionary(keys, _), [values]) => {
                let keys = Some(Numbers::new(data, keys)?);
                Some(Self { rows, nulls, keys, values: Values::new(values)?, value_nulls: values.nulls() })
            }
            _ => Some(Self { rows, nulls, keys: None, values: Values::new(data)?, value_nulls: None }),
        }
    }

    /// The number of rows.
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// Brings some rows to a column. The row of a failure is counted from the first of them.
    pub fn parse(&self, rows: Range<usize>, target: Target, out: &mut [i64]) -> Result<(), Error> {
        match &self.values {
            Values::Text(layout) => {
                let texts = self.texts(layout, &rows);
                parse_column(&Exec::inline(), &texts, Syntax::Plain, target.scale, target.rounding, out)
            }
            Values::Number(numbers) => self.narrow(numbers, rows, target, out),
        }
    }

    /// The scale that some rows of text need. The scale of numbers is in their type.
    pub fn decimals(&self, rows: &Range<usize>) -> Result<Scale, Error> {
        match &self.values {
            Values::Text(layout) => decimals_column(&Exec::inline(), &self.texts(layout, rows), Syntax::Plain),
            Values::Number(_) => Ok(Scale::ZERO),
        }
    }

    /// What stands in a row, for a message.
    pub fn show(&self, row: usize, scale: i32, quoted: impl FnOnce(&[u8]) -> String) -> String {
        let shown = self.place(row).and_then(|place| match &self.values {
            Values::Text(layout) => layout.get(place).map(quoted),
            Values::Number(numbers) => numbers.show(place, scale),
        });
        shown.unwrap_or_else(|| "null".to_owned())
    }

    /// Where the value of a row stands; `None` if the row is null.
    #[inline]
    pub(super) fn place(&self, row: usize) -> Option<usize> {
        if is_null(self.nulls, row) {
            return None;
        }
        let place = self.keys.as_ref().map_or(Some(row), |keys| keys.key(row))?;
        if is_null(self.value_nulls, place) { None } else { Some(place) }
    }

    fn texts<'b>(&'b self, layout: &'b Layout<'a>, rows: &Range<usize>) -> Rows<'b> {
        match self.keys {
            None => Rows::range(layout, self.nulls, rows),
            Some(_) => Rows::chosen(layout, self.value_nulls, rows.clone().map(|row| self.place(row)).collect()),
        }
    }

    fn narrow(&self, numbers: &Numbers<'a>, rows: Range<usize>, target: Target, out: &mut [i64]) -> Result<(), Error> {
        if self.nulls.is_none() && self.keys.is_none() {
            return numbers.narrow(rows, target, out);
        }
        // The rows before the first null come first: one of them may fail, and the smallest row is to be named.
        let valid = rows.clone().take_while(|row| self.place(*row).is_some()).count();
        let out = out.get_mut(..valid).unwrap_or_default();
        if self.keys.is_some() {
            numbers.narrow_chosen(rows.clone().take(valid).filter_map(|row| self.place(row)), target, out)?;
        } else {
            numbers.narrow(rows.start..rows.start + valid, target, out)?;
        }
        if valid < rows.len() { Err(Error::at(Code::Null, valid, &[])) } else { Ok(()) }
    }
}

/// The first row of floats or booleans that is not null, as a message shows it.
pub fn show_refused(data: &ArrayData) -> Option<(usize, String)> {
    let python_bool = |value| if value { "True" } else { "False" }.to_owned();
    let row = (0..data.len()).find(|row| !data.is_null(*row))?;
    let shown = match data.data_type() {
        DataType::Float16 => data.buffer::<<Float16Type as ArrowPrimitiveType>::Native>(0).get(row)?.to_string(),
        DataType::Float32 => format!("{:?}", data.buffer::<f32>(0).get(row)?),
        DataType::Float64 => format!("{:?}", data.buffer::<f64>(0).get(row)?),
        DataType::Boolean => python_bool(bit_util::get_bit(data.buffers().first()?, data.offset() + row)),
        // A column of the extension type "arrow.bool8".
        DataType::Int8 => python_bool(*data.buffer::<i8>(0).get(row)? != 0),
        _ => return None,
    };
    Some((row, shown))
}
