//! Rows of a column as an Arrow array in memory of its own.

use std::ops::Range;

use arrow_buffer::{ArrowNativeType, BooleanBuffer, Buffer, NullBuffer};
use arrow_data::ArrayData;
use arrow_schema::{ArrowError, DECIMAL128_MAX_PRECISION, DataType};
use fundclear_kernel::error::Error;
use fundclear_kernel::exec::{BLOCK_ROWS, Exec};
use fundclear_kernel::reduce::check_digits;
use fundclear_kernel::scale::{DIGITS, Scale};
use fundclear_kernel::text::Formatter;
use fundclear_kernel::width::widen;

use crate::arrow::held::Column;
use crate::arrow::memory::{NoMemory, zeroed};
use crate::arrow::moved;

/// The most rows of a batch.
///
/// Enough that threads and huge pages pay, and few enough that a consumer who lets go of each batch needs sixteen
/// megabytes a column.
pub const BATCH_ROWS: usize = 1 << 20;

/// Decimals leave with all the digits that a value may have.
const PRECISION: u8 = DIGITS as u8;

/// What numpy writes for a date or an instant that is missing.
pub const NOT_A_TIME: i64 = i64::MIN;

/// As what money leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// What every consumer reads, with a precision that is 18 unless one asks for more.
    Decimal128(u8),
    /// Half the memory, for consumers that ask for it.
    Decimal64,
    /// Text with 32-bit offsets.
    Utf8,
    /// Text with 64-bit offsets.
    LargeUtf8,
    /// A text column's codes beside its distinct texts.
    Dictionary,
}

impl Form {
    /// The form of a column of a scale that comes closest to the type which a consumer asks for. The protocol leaves
    /// the choice to us, and the consumer casts from there.
    pub fn closest(wished: Option<&DataType>, scale: Scale) -> Self {
        match wished {
            Some(DataType::Decimal64(..)) => Self::Decimal64,
            Some(DataType::Utf8 | DataType::Utf8View) => Self::Utf8,
            Some(DataType::LargeUtf8) => Self::LargeUtf8,
            Some(DataType::Decimal128(precision, places)) if i16::from(*places) == i16::from(scale.places()) => {
                Self::Decimal128((*precision).clamp(PRECISION, DECIMAL128_MAX_PRECISION))
            }
            _ => Self::Decimal128(PRECISION),
        }
    }

    /// The type of money of a scale in this form.
    pub const fn data_type(self, scale: Scale) -> DataType {
        // A scale is at most 18.
        let places = scale.places().cast_signed();
        match self {
            Self::Decimal128(precision) => DataType::Decimal128(precision, places),
            Self::Decimal64 => DataType::Decimal64(PRECISION, places),
            Self::Utf8 => DataType::Utf8,
            Self::LargeUtf8 | Self::Dictionary => DataType::LargeUtf8,
        }
    }
}

/// Why rows cannot leave.
#[derive(Debug)]
pub enum Failure {
    /// A value has more than 18 digits, or the caller asked to stop.
    Kernel(Error),
    /// There is not enough memory.
    Memory,
    /// A text of this row of the column is not valid Unicode.
    Unicode(usize),
    /// Arrow's own checks refuse what we made.
    Arrow(ArrowError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Kernel(error)
    }
}

impl From<NoMemory> for Failure {
    fn from(_: NoMemory) -> Self {
        Self::Memory
    }
}

impl From<ArrowError> for Failure {
    fn from(error: ArrowError) -> Self {
        Self::Arrow(error)
    }
}

impl Column {
    /// The type as which the column leaves.
    pub fn data_type(&self, form: Form) -> DataType {
        match self {
            Self::Money(_, scale) => form.data_type(*scale),
            Self::Integers(_, data_type) => data_type.clone(),
            Self::Texts { width, .. } => text_type(*width),
            Self::Labels(labels) => labels.data_type(form),
            Self::Dates(_) => DataType::Date32,
            Self::Instants(_, data_type) => data_type.clone(),
        }
    }

    /// Some of the column's rows as an array. The row of a kernel's failure is counted from the first of them.
    pub fn array(&self, exec: &Exec<'_>, rows: Range<usize>, form: Form) -> Result<ArrayData, Failure> {
        let count = rows.len();
        let buffers = match self {
            Self::Money(held, scale) => {
                let values = held.values().get(rows).unwrap_or_default();
                match form {
                    Form::Decimal128(_) => vec![widened(exec, values)?],
                    Form::Decimal64 => vec![copied(exec, values)?],
                    Form::Utf8 | Form::LargeUtf8 | Form::Dictionary => return formatted(exec, values, *scale, form),
                }
            }
            Self::Integers(held, data_type) => vec![integers(held.values(), data_type, &rows)],
            Self::Texts { characters, width, .. } if text_type(*width) == DataType::Utf8 => {
                texts::<i32>(characters.values(), *width, rows)?
            }
            Self::Texts { characters, width, .. } => texts::<i64>(characters.values(), *width, rows)?,
            Self::Labels(labels) => return labels.array(rows, form),
            Self::Dates(held) => return dates(held.values().get(rows).unwrap_or_default()),
            Self::Instants(held, data_type) => {
                let values = held.values().get(rows).unwrap_or_default();
                return moments(values, Buffer::from_slice_ref(values), data_type.clone());
            }
        };
        Ok(ArrayData::builder(self.data_type(form)).len(count).buffers(buffers).build()?)
    }
}

/// Days as Arrow keeps them, which is in 32 bits.
fn dates(days: &[i64]) -> Result<ArrayData, Failure> {
    let far = |day: &i64| ArrowError::CastError(format!("{day} days since 1970 are more than 32 bits hold"));
    let mut narrow = Vec::with_capacity(days.len());
    for day in days {
        narrow.push(if *day == NOT_A_TIME { 0 } else { i32::try_from(*day).map_err(|_| far(day))? });
    }
    moments(days, Buffer::from_vec(narrow), DataType::Date32)
}

/// Dates or instants; numpy's missing one becomes a null.
fn moments(values: &[i64], buffer: Buffer, data_type: DataType) -> Result<ArrayData, Failure> {
    let is_there = |row: usize| values.get(row).is_some_and(|value| *value != NOT_A_TIME);
    let nulls =
        values.contains(&NOT_A_TIME).then(|| NullBuffer::from(BooleanBuffer::collect_bool(values.len(), is_there)));
    Ok(ArrayData::builder(data_type).len(values.len()).add_buffer(buffer).nulls(nulls).build()?)
}

fn widened(exec: &Exec<'_>, values: &[i64]) -> Result<Buffer, Failure> {
    let mut wide = zeroed::<i128>(values.len())?;
    widen(exec, values, &mut wide)?;
    Ok(Buffer::from_vec(wide))
}

fn copied(exec: &Exec<'_>, values: &[i64]) -> Result<Buffer, Failure> {
    let mut copy = zeroed::<i64>(values.len())?;
    copy.copy_from_slice(values);
    // The copy is checked and not the column, which may have been changed between the two.
    check_digits(exec, &copy)?;
    Ok(Buffer::from_vec(copy))
}

/// Integers of any width; Arrow wants them aligned, which a vector of bytes need not be.
fn integers(bytes: &[u8], data_type: &DataType, rows: &Range<usize>) -> Buffer {
    let width = data_type.primitive_width().unwrap_or(1);
    Buffer::from(bytes.get(rows.start * width..rows.end * width).unwrap_or_default())
}

/// A block of texts to be written: where in all texts it starts, and the places of its ends and of its bytes.
type Task<'a, O> = (&'a Formatter<'a>, usize, &'a mut [O], &'a mut [u8]);

/// The texts of a column's values, block by block: measured, and then written to where they stand in the array.
struct Formatted<'a> {
    rows: usize,
    blocks: Vec<Option<Formatter<'a>>>,
}

impl<'a> Formatted<'a> {
    fn measure(exec: &Exec<'_>, values: &'a [i64], scale: Scale) -> Result<Self, Error> {
        let mut blocks = Vec::new();
        blocks.resize_with(values.len().div_ceil(BLOCK_ROWS), || None);
        let tasks = values.chunks(BLOCK_ROWS).zip(&mut blocks);
        let measure = |(): &mut (), index: usize, (values, block): (&'a [i64], &mut Option<_>)| {
            let measured = Formatter::measure(&Exec::inline(), values, scale);
            *block = Some(measured.map_err(|error| moved(error, index * BLOCK_ROWS))?);
            Ok(())
        };
        exec.run(values.len(), tasks, || (), measure)?;
        Ok(Self { rows: values.len(), blocks })
    }

    fn byte_length(&self) -> usize {
        self.blocks.iter().flatten().map(Formatter::byte_length).sum()
    }

    /// The array, with offsets that hold its [`Self::byte_length`].
    fn write<O: ArrowNativeType>(&self, exec: &Exec<'_>, data_type: DataType) -> Result<ArrayData, Failure> {
        let mut offsets = zeroed::<O>(self.rows + 1)?;
        let mut bytes = zeroed::<u8>(self.byte_length())?;
        let (mut start, mut rest, mut ends) = (0, &mut *bytes, offsets.get_mut(1..).unwrap_or_default());
        let mut tasks = Vec::with_capacity(self.blocks.len());
        for block in self.blocks.iter().flatten() {
            let bytes = rest.split_off_mut(..block.byte_length()).unwrap_or_default();
            let ends = ends.split_off_mut(..BLOCK_ROWS.min(ends.len())).unwrap_or_default();
            tasks.push((block, start, ends, bytes));
            start += block.byte_length();
        }
        let write = |wide: &mut Vec<i64>, _: usize, (block, start, ends, bytes): Task<'_, O>| {
            wide.resize(ends.len() + 1, 0);
            block.write(&Exec::inline(), wide, bytes)?;
            for (end, wide) in ends.iter_mut().zip(wide.iter().skip(1)) {
                *end = O::usize_as(start + wide.as_usize());
            }
            Ok(())
        };
        exec.run(self.rows, tasks.into_iter(), Vec::new, write)?;
        let data = ArrayData::builder(data_type).len(self.rows);
        let data = data.add_buffer(Buffer::from_vec(offsets)).add_buffer(Buffer::from_vec(bytes));
        // SAFETY: a formatter's offsets rise from zero to the length of its bytes, which are ASCII; the blocks stand
        // one behind the other, and the caller has chosen offsets that hold their sum.
        Ok(unsafe { data.build_unchecked() })
    }
}

fn formatted(exec: &Exec<'_>, values: &[i64], scale: Scale, form: Form) -> Result<ArrayData, Failure> {
    let texts = Formatted::measure(exec, values, scale)?;
    if form == Form::Utf8 && i32::try_from(texts.byte_length()).is_ok() {
        texts.write::<i32>(exec, DataType::Utf8)
    } else {
        texts.write::<i64>(exec, DataType::LargeUtf8)
    }
}

/// The type of texts of at most so many characters: with 32-bit offsets, if these reach over the longest batch.
pub fn text_type(width: usize) -> DataType {
    const MOST_BYTES: usize = 4;
    let longest = width.saturating_mul(MOST_BYTES).saturating_mul(BATCH_ROWS);
    if i32::try_from(longest).is_ok() { DataType::Utf8 } else { DataType::LargeUtf8 }
}

/// numpy's texts as Arrow's: offsets, and UTF-8.
fn texts<O: ArrowNativeType>(characters: &[u32], width: usize, rows: Range<usize>) -> Result<Vec<Buffer>, Failure> {
    let mut offsets = Vec::with_capacity(rows.len() + 1);
    let mut text = String::new();
    offsets.push(O::usize_as(0));
    for row in rows {
        let filled = characters.get(row * width..(row + 1) * width).unwrap_or_default();
        let length = filled.iter().rposition(|character| *character != 0).map_or(0, |last| last + 1);
        for code in filled.iter().take(length) {
            // numpy, like Python, keeps halves of surrogate pairs; UTF-8 has none.
            text.push(char::from_u32(*code).ok_or(Failure::Unicode(row))?);
        }
        offsets.push(O::usize_as(text.len()));
    }
    Ok(vec![Buffer::from_vec(offsets), Buffer::from_vec(text.into_bytes())])
}
