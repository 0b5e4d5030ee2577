//! Where a file of ours is damaged, so that whoever finds a wrong digest can be told more than the file.

use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::Path;

use bytes::Bytes;
use parquet::basic::Type as Physical;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader};

use super::header::{Coding, data_page, dictionary_page};
use super::table::MARK;
use crate::error::Error;
use crate::frame::guarded;

/// What stands behind the metadata: their length, and the mark again.
const END_BYTES: usize = 8;

/// A number of 32 bits with a sign takes no more bytes.
const MOST_BYTES: usize = 5;

/// A place of a file that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The mark that it begins with.
    Mark,
    /// A page, or the header of one.
    Column {
        /// The row group.
        group: usize,
        /// The name of the column.
        name: String,
    },
    /// The metadata at its end.
    Footer,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mark => out.write_str("its first bytes"),
            Self::Column { group, name } => write!(out, "row group {group}, column {name:?}"),
            Self::Footer => out.write_str("its footer"),
        }
    }
}

/// The places in which a file that is not as it was written differs from what it was.
///
/// Pages are held against their CRC-32, and their headers against what they would be for these pages. What no page is
/// to blame for is the footer, which has no sum of its own.
///
/// # Errors
/// What the system says.
pub fn damage(path: &Path) -> Result<Vec<Place>, Error> {
    let bytes = Bytes::from(fs::read(path)?);
    let mut places = Vec::new();
    if !bytes.starts_with(MARK) {
        places.push(Place::Mark);
    }
    let metadata = guarded(|| Ok(ParquetMetaDataReader::new().parse_and_finish(&bytes)?));
    match metadata.ok().filter(|metadata| are_tiled(&bytes, metadata)) {
        Some(metadata) => places.extend(damaged_columns(&bytes, &metadata)),
        None => places.push(Place::Footer),
    }
    if places.is_empty() {
        places.push(Place::Footer);
    }
    Ok(places)
}

/// Whether the columns stand one after the other between the mark and the footer.
fn are_tiled(bytes: &[u8], metadata: &ParquetMetaData) -> bool {
    let mut end = Some(MARK.len());
    for chunk in metadata.row_groups().iter().flat_map(|group| group.columns()) {
        end = end.and_then(|end| pages(chunk, end)).map(|[_, data]| data.end);
    }
    end.zip(footer(bytes)).is_some_and(|(end, footer)| end == footer)
}

/// Where the metadata begin.
fn footer(bytes: &[u8]) -> Option<usize> {
    let end = bytes.len().checked_sub(END_BYTES)?;
    let length = bytes.get(end..)?.first_chunk::<4>()?;
    end.checked_sub(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

/// Where the dictionary of a column stands, which may be empty, and where its page of data does, with their headers; or
/// nothing if they do not begin here.
fn pages(chunk: &ColumnChunkMetaData, begin: usize) -> Option<[Range<usize>; 2]> {
    let size = usize::try_from(chunk.compressed_size()).ok()?;
    let data = usize::try_from(chunk.data_page_offset()).ok()?;
    let first = usize::try_from(chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset())).ok()?;
    let end = begin.checked_add(size)?;
    (first == begin && begin <= data && data <= end).then_some([begin..data, data..end])
}

fn damaged_columns(bytes: &[u8], metadata: &ParquetMetaData) -> Vec<Place> {
    let mut places = Vec::new();
    let mut begin = MARK.len();
    for (group, columns) in metadata.row_groups().iter().enumerate() {
        let rows = usize::try_from(columns.num_rows()).ok();
        let mut counts = Vec::new();
        for chunk in columns.columns() {
            let Some([dictionary, data]) = pages(chunk, begin) else { return vec![Place::Footer] };
            begin = data.end;
            let coding = if dictionary.is_empty() { Coding::Deltas } else { Coding::Codes };
            let is_whole = dictionary.is_empty()
                || values(&bytes[dictionary], |page, _| dictionary_page(page, entries(page, chunk)).ok()).is_some();
            counts.push(
                values(&bytes[data], |page, rows| data_page([page, &[]], rows, coding).ok()).filter(|_| is_whole),
            );
        }
        // One column may have a wrong number of rows in its header; if all have, the footer is wrong.
        if counts.iter().all(|count| count.is_some() && *count != rows) && !counts.is_empty() {
            places.push(Place::Footer);
            continue;
        }
        let damaged = columns.columns().iter().zip(counts).filter(|(_, count)| count.is_none() || *count != rows);
        places.extend(damaged.map(|(chunk, _)| Place::Column { group, name: chunk.column_descr().name().to_owned() }));
    }
    places
}

/// How many values a page has by its header, if that is the one of the page that stands behind it.
fn values(bytes: &[u8], header: impl Fn(&[u8], usize) -> Option<Vec<u8>>) -> Option<usize> {
    let [_, size, _, _, count] = numbers(bytes)?;
    let (head, page) = bytes.split_at_checked(bytes.len().checked_sub(size)?)?;
    (header(page, count)? == head).then_some(count)
}

/// The first numbers of a header: kind, size, size again, sum, and how many values there are.
fn numbers(header: &[u8]) -> Option<[usize; 5]> {
    let (mut rest, mut found) = (header, [0; 5]);
    for (place, number) in found.iter_mut().enumerate() {
        // Before a number stands what its field is, and before the last one what its structure is, too.
        rest = rest.get(if place == 4 { 2 } else { 1 }..)?;
        let length = 1 + rest.iter().take(MOST_BYTES).position(|byte| byte & 0x80 == 0)?;
        let (bytes, after) = rest.split_at_checked(length)?;
        let value = bytes.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f));
        // All but the sum are no less than zero, and stand as twice what they are.
        *number = usize::try_from(value >> 1).ok()?;
        rest = after;
    }
    Some(found)
}

/// How many values a dictionary has: numbers of one width, or texts, each behind its length.
fn entries(page: &[u8], chunk: &ColumnChunkMetaData) -> usize {
    match chunk.column_type() {
        Physical::INT64 => return page.len() / size_of::<i64>(),
        Physical::INT32 => return page.len() / size_of::<i32>(),
        _ => {}
    }
    let (mut rest, mut count) = (page, 0);
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        rest = after.get(length..).unwrap_or_default();
        count += 1;
    }
    count
}
