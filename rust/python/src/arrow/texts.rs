//! Texts of every layout, where an Arrow array keeps them, as the kernel parses them.

use std::ops::Range;

use arrow_buffer::{ArrowNativeType, NullBuffer};
use arrow_data::ArrayData;
use arrow_schema::DataType;
use fundclear_kernel::text::Texts;

/// How texts lie in memory. Row 0 is the array's first, its offset applied.
pub enum Layout<'a> {
    /// One behind the other, with 32-bit offsets.
    Short(&'a [i32], &'a [u8]),
    /// One behind the other, with 64-bit offsets.
    Long(&'a [i64], &'a [u8]),
    /// Sixteen bytes a row: a length and the text, or where it stands in one of the buffers.
    Views(&'a [u8], Vec<&'a [u8]>),
}

/// The bytes of a view.
const VIEW: usize = 16;

/// The longest text that stands in its view.
const INLINE: usize = 12;

impl<'a> Layout<'a> {
    /// The texts of an array; `None` if it holds something else.
    pub fn new(data: &'a ArrayData) -> Option<Self> {
        let bytes = |place: usize| data.buffers().get(place).map(|buffer| buffer.as_slice());
        Some(match data.data_type() {
            DataType::Utf8 | DataType::Binary => Self::Short(data.buffer(0), bytes(1)?),
            DataType::LargeUtf8 | DataType::LargeBinary => Self::Long(data.buffer(0), bytes(1)?),
            DataType::Utf8View | DataType::BinaryView => {
                let views = bytes(0)?.get(data.offset() * VIEW..)?;
                Self::Views(views, data.buffers().iter().skip(1).map(|buffer| buffer.as_slice()).collect())
            }
            _ => return None,
        })
    }

    /// The number of texts.
    pub fn len(&self) -> usize {
        match self {
            Self::Short(offsets, _) => offsets.len().saturating_sub(1),
            Self::Long(offsets, _) => offsets.len().saturating_sub(1),
            Self::Views(views, _) => views.len() / VIEW,
        }
    }

    /// The text of a row.
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        self.get_last(row).map(|(piece, length)| last(piece, length))
    }

    /// The text of a row as the last bytes of a longer piece of memory, and its length.
    #[inline(always)]
    fn get_last(&self, row: usize) -> Option<(&[u8], usize)> {
        match self {
            Self::Short(offsets, bytes) => between(bytes, *offsets.get(row)?, *offsets.get(row + 1)?),
            Self::Long(offsets, bytes) => between(bytes, *offsets.get(row)?, *offsets.get(row + 1)?),
            Self::Views(views, buffers) => {
                let end = (row + 1) * VIEW;
                let [length, _, buffer, offset] = words(views.get(..end)?.last_chunk()?);
                let length = usize::try_from(length).ok()?;
                if length <= INLINE {
                    return Some((views.get(..end - INLINE + length)?, length));
                }
                let start = usize::try_from(offset).ok()?;
                let buffer = buffers.get(usize::try_from(buffer).ok()?)?;
                Some((buffer.get(..start.checked_add(length)?)?, length))
            }
        }
    }
}

/// The four numbers of a view: the text's length, its first bytes, and the buffer and the place of a long one.
#[inline(always)]
fn words(view: &[u8; VIEW]) -> [u32; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(view.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    words
}

/// The text between two offsets as the last bytes of all before the second, and its length.
#[inline(always)]
fn between<O: ArrowNativeType>(bytes: &[u8], start: O, end: O) -> Option<(&[u8], usize)> {
    // A negative offset becomes one that is larger than any buffer.
    let (start, end) = (start.as_usize(), end.as_usize());
    Some((bytes.get(..end)?, end.checked_sub(start)?))
}

/// The last bytes of a piece.
fn last(piece: &[u8], length: usize) -> &[u8] {
    piece.get(piece.len().saturating_sub(length)..).unwrap_or_default()
}

/// Some rows of texts.
pub struct Rows<'a> {
    layout: &'a Layout<'a>,
    nulls: Option<&'a NullBuffer>,
    first: usize,
    count: usize,
    /// With a dictionary, where the value of each row stands in it.
    keys: Option<Vec<Option<usize>>>,
}

impl<'a> Rows<'a> {
    /// Rows that stand one after the other.
    pub fn range(layout: &'a Layout<'a>, nulls: Option<&'a NullBuffer>, rows: &Range<usize>) -> Self {
        Self { layout, nulls, first: rows.start, count: rows.len(), keys: None }
    }

    /// Rows that a dictionary's keys choose; no key is a null.
    pub fn chosen(layout: &'a Layout<'a>, nulls: Option<&'a NullBuffer>, keys: Vec<Option<usize>>) -> Self {
        Self { layout, nulls, first: 0, count: keys.len(), keys: Some(keys) }
    }
}

impl Texts for Rows<'_> {
    fn len(&self) -> usize {
        self.count
    }

    fn get(&self, row: usize) -> Option<&[u8]> {
        self.get_last(row).map(|(piece, length)| last(piece, length))
    }

    #[inline(always)]
    fn get_last(&self, row: usize) -> Option<(&[u8], usize)> {
        let place = match &self.keys {
            None => self.first + row,
            Some(keys) => (*keys.get(row)?)?,
        };
        if is_null(self.nulls, place) { None } else { self.layout.get_last(place) }
    }
}

/// Whether the validity bitmap, if there is one, has a row as null, or not at all.
#[inline(always)]
pub fn is_null(nulls: Option<&NullBuffer>, row: usize) -> bool {
    nulls.is_some_and(|nulls| row >= nulls.len() || nulls.is_null(row))
}
