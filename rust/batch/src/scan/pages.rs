//! A column of a row group, page by page.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::{Buf as _, Bytes, buf::Reader};
use fundclear_store::error::Error;
use fundclear_store::frame::guarded;
use parquet::basic::{Encoding, Type as Physical};
use parquet::column::page::{Page, PageReader as _};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;

use super::hybrid::{self, Stretch};
use super::nulls;
use super::values::{big_endian, cut_off, deltas, eights, fours};
use super::{Missing, Planned, Texts, Unit};

/// The most bytes of a column of a row group.
const MOST_BYTES: u64 = 1 << 32;

/// The most values of a page that room is made for at once.
const MOST_VALUES: usize = 1 << 20;

/// The bytes of a column of a row group, under their places in the file.
struct Window {
    start: u64,
    bytes: Bytes,
}

/// Memory for a column, that of one that was read before.
#[derive(Debug, Default)]
pub struct Memory {
    bytes: Arc<Vec<u8>>,
    values: Vec<i64>,
}

/// Bytes that pages share with who lent them.
struct Lent(Arc<Vec<u8>>);

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Window {
    fn slice(&self, start: u64) -> Result<Bytes, ParquetError> {
        let offset = start.checked_sub(self.start).and_then(|offset| usize::try_from(offset).ok());
        let offset = offset.filter(|offset| *offset <= self.bytes.len());
        offset.map(|offset| self.bytes.slice(offset..)).ok_or_else(|| ParquetError::EOF("a page lies elsewhere".into()))
    }
}

impl Length for Window {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for Window {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Reader<Bytes>, ParquetError> {
        Ok(self.slice(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let rest = self.slice(start)?;
        if rest.len() < length {
            return Err(ParquetError::EOF("a page is cut off".into()));
        }
        Ok(rest.slice(..length))
    }
}

/// A column of a row group that is being read.
pub struct Column<'s> {
    planned: &'s Planned,
    pages: SerializedPageReader<Window>,
    /// Their bytes.
    bytes: Arc<Vec<u8>>,
    /// The values of the dictionary, if there is one.
    dictionary: Option<Vec<i64>>,
    /// Values that were read.
    values: Vec<i64>,
    /// Those of the rows at hand; what stands before them is done with.
    at_hand: Range<usize>,
    /// The number of the first row of the next page.
    row: usize,
}

impl<'s> Column<'s> {
    pub(super) fn open(
        file: &File,
        group: &RowGroupMetaData,
        planned: &'s Planned,
        memory: Memory,
    ) -> Result<Self, Error> {
        let about = group.column(planned.leaf);
        let (start, length) = about.byte_range();
        let end = start.checked_add(length).filter(|end| *end <= file.metadata().map_or(0, |about| about.len()));
        if end.is_none() || length > MOST_BYTES {
            return Err(Error::Content("it lies beyond the end of the file".to_owned()));
        }
        let Memory { bytes, mut values } = memory;
        values.clear();
        let mut bytes = Arc::into_inner(bytes).unwrap_or_default();
        // What the memory has is overwritten, and only more of it need be filled before.
        bytes.resize(usize::try_from(length).unwrap_or_default(), 0);
        file.read_exact_at(&mut bytes, start)?;
        let bytes = Arc::new(bytes);
        let window = Arc::new(Window { start, bytes: Bytes::from_owner(Lent(Arc::clone(&bytes))) });
        let rows = usize::try_from(group.num_rows()).unwrap_or_default();
        let pages = SerializedPageReader::new(window, about, rows, None)?;
        Ok(Self { planned, pages, bytes, dictionary: None, values, at_hand: 0..0, row: 0 })
    }

    /// The memory, for another column.
    #[must_use]
    pub fn into_memory(self) -> Memory {
        let Self { bytes, values, .. } = self;
        Memory { bytes, values }
    }

    /// Goes on to the next rows, as many as are asked for or as are left; how many they are.
    ///
    /// # Errors
    /// A damaged page, a null, a value that does not fit, a text that is none.
    pub fn advance(&mut self, rows: usize, texts: &mut impl Texts) -> Result<usize, Error> {
        let mut first = self.at_hand.end;
        while self.values.len() - first < rows {
            // A page may have all rows of a group: what is left of one is only moved where another follows.
            self.values.drain(..first);
            first = 0;
            let pages = &mut self.pages;
            let Some(page) = guarded(|| Ok(pages.get_next_page()?))? else { break };
            self.read(&page, texts)?;
        }
        self.at_hand = first..self.values.len().min(first + rows);
        Ok(self.at_hand.len())
    }

    /// The values of these rows.
    #[must_use]
    pub fn values(&self) -> &[i64] {
        self.values.get(self.at_hand.clone()).unwrap_or_default()
    }

    fn read(&mut self, page: &Page, texts: &mut impl Texts) -> Result<(), Error> {
        let count = usize::try_from(page.num_values()).unwrap_or(usize::MAX);
        let buffer = page.buffer();
        match page {
            Page::DictionaryPage { .. } => {
                // Each value takes a byte at least, but for texts of none.
                if count > buffer.len() {
                    return Err(cut_off());
                }
                let mut values = Vec::new();
                plain(self.planned, buffer, count, &mut values, texts)?;
                self.dictionary = Some(values);
            }
            Page::DataPage { encoding, .. } => {
                let mut bytes: &[u8] = buffer;
                let mut there = None;
                if self.planned.optional {
                    let (size, rest) = bytes.split_first_chunk::<4>().ok_or_else(cut_off)?;
                    let size = usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX);
                    let (levels, rest) = rest.split_at_checked(size).ok_or_else(cut_off)?;
                    there = nulls::read(levels, count)?;
                    bytes = rest;
                }
                self.page(bytes, *encoding, count, there.as_deref(), texts)?;
            }
            Page::DataPageV2 { encoding, num_nulls, def_levels_byte_len, rep_levels_byte_len, .. } => {
                let bytes: &[u8] = buffer;
                let size = |length: u32| usize::try_from(length).unwrap_or(usize::MAX);
                let (_, bytes) = bytes.split_at_checked(size(*rep_levels_byte_len)).ok_or_else(cut_off)?;
                let (levels, bytes) = bytes.split_at_checked(size(*def_levels_byte_len)).ok_or_else(cut_off)?;
                let there = if *num_nulls > 0 { nulls::read(levels, count)? } else { None };
                self.page(bytes, *encoding, count, there.as_deref(), texts)?;
            }
        }
        Ok(())
    }

    /// Appends the values of a page, of which some rows may have none.
    fn page(
        &mut self,
        bytes: &[u8],
        encoding: Encoding,
        count: usize,
        there: Option<&[bool]>,
        texts: &mut impl Texts,
    ) -> Result<(), Error> {
        let before = self.values.len();
        if let Some(there) = there {
            let first = there.iter().position(|there| !there).unwrap_or_default();
            let missing = match &self.planned.missing {
                Some(Missing::Value(value)) => *value,
                Some(Missing::Text(text)) => texts.number(text.as_bytes())?,
                None => return Err(self.null(first)),
            };
            let values = there.iter().filter(|there| **there).count();
            // A page without values may have no bytes for them either.
            if values > 0 {
                self.data(bytes, encoding, values, texts)?;
            }
            nulls::spread(&mut self.values, before, there, missing);
        } else {
            self.data(bytes, encoding, count, texts)?;
        }
        self.row += count;
        Ok(())
    }

    fn null(&self, place: usize) -> Error {
        Error::Content(format!("row {} of the row group is null, which stands for nothing here", self.row + place))
    }

    fn data(&mut self, bytes: &[u8], encoding: Encoding, count: usize, texts: &mut impl Texts) -> Result<(), Error> {
        let (before, planned) = (self.values.len(), self.planned);
        let values = &mut self.values;
        // A page that says more than it can have is refused below; a run of one value takes next to no bytes.
        values.reserve(count.min(MOST_VALUES));
        let whole = matches!(planned.physical, Physical::INT32 | Physical::INT64);
        match encoding {
            Encoding::PLAIN => plain(planned, bytes, count, values, texts)?,
            Encoding::DELTA_BINARY_PACKED if whole => {
                deltas(bytes, count, values)?;
                if planned.physical == Physical::INT32 {
                    // Differences of 32 bits wrap around in these.
                    let own = values.get_mut(before..).unwrap_or_default();
                    own.iter_mut().for_each(|value| *value = i64::from(value.cast_unsigned() as u32 as i32));
                }
                convert(planned, values.get_mut(before..).unwrap_or_default())?;
            }
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => {
                let Some(dictionary) = &self.dictionary else {
                    return Err(Error::Content("its dictionary is missing".to_owned()));
                };
                numbered(bytes, count, dictionary, values)?;
            }
            Encoding::DELTA_LENGTH_BYTE_ARRAY if planned.physical == Physical::BYTE_ARRAY => {
                let mut lengths = Vec::new();
                let mut rest = deltas(bytes, count, &mut lengths)?;
                for length in lengths {
                    let length = usize::try_from(length).map_err(|_| cut_off())?;
                    let (value, others) = rest.split_at_checked(length).ok_or_else(cut_off)?;
                    rest = others;
                    values.push(bytes_value(planned, value, texts)?);
                }
            }
            other => return Err(Error::Content(format!("its values are encoded as {other}, which is not read"))),
        }
        if values.len() - before != count {
            return Err(cut_off());
        }
        Ok(())
    }
}

/// Appends values that are numbers of a dictionary.
fn numbered(bytes: &[u8], count: usize, dictionary: &[i64], out: &mut Vec<i64>) -> Result<(), Error> {
    let (width, packed) = bytes.split_first().ok_or_else(cut_off)?;
    let missing = || Error::Content("a value has a number that its dictionary has not".to_owned());
    hybrid::read(packed, usize::from(*width), count, |stretch| {
        let value = |number: u64| usize::try_from(number).ok().and_then(|number| dictionary.get(number)).copied();
        match stretch {
            Stretch::Run(number, run) => {
                let value = value(number).ok_or_else(missing)?;
                out.extend(std::iter::repeat_n(value, run));
            }
            Stretch::Values(numbers) => {
                let largest = numbers.iter().fold(0, |largest, number| largest.max(*number));
                value(largest).ok_or_else(missing)?;
                out.extend(numbers.iter().map(|number| value(*number).unwrap_or_default()));
            }
        }
        Ok(())
    })
}

/// Appends values that are written as they are.
fn plain(
    planned: &Planned,
    mut bytes: &[u8],
    count: usize,
    out: &mut Vec<i64>,
    texts: &mut impl Texts,
) -> Result<(), Error> {
    let before = out.len();
    match planned.physical {
        Physical::INT64 => eights(bytes, count, out)?,
        Physical::INT32 => fours(bytes, count, out)?,
        Physical::FIXED_LEN_BYTE_ARRAY => {
            let size = planned.length.max(1);
            let values = bytes.get(..size.saturating_mul(count)).ok_or_else(cut_off)?;
            for value in values.chunks_exact(size) {
                out.push(big_endian(value)?);
            }
        }
        Physical::BYTE_ARRAY => {
            for _ in 0..count {
                let (size, rest) = bytes.split_first_chunk::<4>().ok_or_else(cut_off)?;
                let size = usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX);
                let (value, rest) = rest.split_at_checked(size).ok_or_else(cut_off)?;
                bytes = rest;
                out.push(bytes_value(planned, value, texts)?);
            }
        }
        other => return Err(Error::Content(format!("its values are of type {other}, which is not read"))),
    }
    if matches!(planned.physical, Physical::INT32 | Physical::INT64) {
        convert(planned, out.get_mut(before..).unwrap_or_default())?;
    }
    Ok(())
}

/// A text's number, or a decimal.
fn bytes_value(planned: &Planned, value: &[u8], texts: &mut impl Texts) -> Result<i64, Error> {
    if planned.form == super::Form::Texts { texts.number(value) } else { big_endian(value) }
}

/// Brings integers into the unit of their form.
fn convert(planned: &Planned, values: &mut [i64]) -> Result<(), Error> {
    let failed = |value: i64, why: &str| Error::Content(format!("its value {value} {why}"));
    for value in values {
        *value = match planned.unit {
            Unit::Same => return Ok(()),
            Unit::Unsigned(32) => i64::from(*value as u32),
            Unit::Unsigned(_) if *value < 0 => return Err(failed(*value, "is above the largest of 64 bits")),
            Unit::Unsigned(_) => *value,
            Unit::Thousands => value.checked_mul(1_000).ok_or_else(|| failed(*value, "is no point in time"))?,
            Unit::Thousandths if *value % 1_000 != 0 => return Err(failed(*value, "has parts of a microsecond")),
            Unit::Thousandths => *value / 1_000,
        };
    }
    Ok(())
}
