//! Whole numbers of every width, where an Arrow array keeps them: integers, the digits of decimals, dictionary keys.

use std::ops::Range;

use arrow_buffer::i256;
use arrow_data::ArrayData;
use arrow_schema::DataType;
use fundclear_kernel::error::{Code, Error};
use fundclear_kernel::exec::Exec;
use fundclear_kernel::rounding::Rounding;
use fundclear_kernel::scale::Scale;
use fundclear_kernel::width::{Whole, narrow};

/// Whole numbers of one width. Row 0 is the array's first, its offset applied.
pub enum Numbers<'a> {
    Int8(&'a [i8]),
    Int16(&'a [i16]),
    Int32(&'a [i32]),
    Int64(&'a [i64]),
    Int128(&'a [i128]),
    /// The least byte first.
    Int256(&'a [[u8; 32]]),
    UInt8(&'a [u8]),
    UInt16(&'a [u16]),
    UInt32(&'a [u32]),
    UInt64(&'a [u64]),
}

/// Does the same with the numbers of every width.
macro_rules! each {
    ($numbers:expr, $values:ident => $work:expr) => {
        match $numbers {
            Numbers::Int8($values) => $work,
            Numbers::Int16($values) => $work,
            Numbers::Int32($values) => $work,
            Numbers::Int64($values) => $work,
            Numbers::Int128($values) => $work,
            Numbers::Int256($values) => $work,
            Numbers::UInt8($values) => $work,
            Numbers::UInt16($values) => $work,
            Numbers::UInt32($values) => $work,
            Numbers::UInt64($values) => $work,
        }
    };
}

/// How numbers are brought to a column.
#[derive(Clone, Copy)]
pub struct Target {
    /// The scale that they come with, which Arrow lets be negative.
    pub from: i32,
    /// The column's scale.
    pub scale: Scale,
    /// What happens to digits beyond it.
    pub rounding: Rounding,
}

impl<'a> Numbers<'a> {
    /// The numbers of an array, or the keys of a dictionary, of this type.
    pub fn new(data: &'a ArrayData, data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Int8 => Self::Int8(data.buffer(0)),
            DataType::Int16 => Self::Int16(data.buffer(0)),
            DataType::Int32 | DataType::Decimal32(..) => Self::Int32(data.buffer(0)),
            DataType::Int64 | DataType::Decimal64(..) => Self::Int64(data.buffer(0)),
            DataType::Decimal128(..) => Self::Int128(data.buffer(0)),
            DataType::Decimal256(..) => {
                Self::Int256(data.buffers().first()?.as_slice().as_chunks().0.get(data.offset()..)?)
            }
            DataType::UInt8 => Self::UInt8(data.buffer(0)),
            DataType::UInt16 => Self::UInt16(data.buffer(0)),
            DataType::UInt32 => Self::UInt32(data.buffer(0)),
            DataType::UInt64 => Self::UInt64(data.buffer(0)),
            _ => return None,
        })
    }

    /// A number as the key of a dictionary.
    pub fn key(&self, row: usize) -> Option<usize> {
        let key = each!(self, values => values.get(row)?.small())?;
        usize::try_from(key).ok()
    }

    /// A number, if there is one that fits in 64 bits.
    pub fn small(&self, row: usize) -> Option<i64> {
        each!(self, values => values.get(row)?.small())
    }

    /// A number as text, with the decimal point of a scale.
    pub fn show(&self, row: usize, scale: i32) -> Option<String> {
        let digits = match self {
            Self::Int256(values) => i256::from_le_bytes(*values.get(row)?).to_string(),
            Self::Int128(values) => values.get(row)?.to_string(),
            Self::UInt64(values) => values.get(row)?.to_string(),
            narrower => each!(narrower, values => values.get(row)?.small())?.to_string(),
        };
        Some(with_point(&digits, scale))
    }

    /// Brings some rows to a column.
    pub fn narrow(&self, rows: Range<usize>, target: Target, out: &mut [i64]) -> Result<(), Error> {
        each!(self, values => narrowed(values.get(rows), target, out))
    }

    /// Brings the numbers at these places, the values of a dictionary, to a column.
    pub fn narrow_chosen(
        &self,
        places: impl Iterator<Item = usize>,
        target: Target,
        out: &mut [i64],
    ) -> Result<(), Error> {
        each!(self, values => narrowed(chosen(values, places).as_deref(), target, out))
    }
}

/// Brings numbers to a column; those that a malformed array promises and has not are its nulls.
fn narrowed<W: Whole>(values: Option<&[W]>, target: Target, out: &mut [i64]) -> Result<(), Error> {
    let values = values.ok_or_else(|| Error::at(Code::Null, 0, &[]))?;
    narrow(&Exec::inline(), values, target.from, target.scale, target.rounding, out)
}

fn chosen<W: Copy>(values: &[W], places: impl Iterator<Item = usize>) -> Option<Vec<W>> {
    places.map(|place| values.get(place).copied()).collect()
}

/// Digits with the decimal point of a scale in them, and zeros where a scale beyond the digits needs them.
fn with_point(digits: &str, scale: i32) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let Ok(places) = usize::try_from(scale) else {
        let zeros = if digits == "0" { 0 } else { scale.unsigned_abs() as usize };
        return format!("{sign}{digits}{}", "0".repeat(zeros));
    };
    if places == 0 {
        return format!("{sign}{digits}");
    }
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    format!("{sign}{whole}.{fraction}")
}
