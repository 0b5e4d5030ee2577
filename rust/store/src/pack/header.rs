//! The headers of pages, in Thrift's compact protocol. The crate's writer of them wants pages of its own making.

use super::bits::{varint, zigzag};
use super::sealed::oversized;
use crate::error::Error;

/// How a page is encoded, by the numbers of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// One value after the other.
    Plain = 0,
    /// Runs, as of levels.
    Runs = 3,
    /// Differences, bit-packed.
    Deltas = 5,
    /// Places in the dictionary, in runs or bit-packed.
    Codes = 8,
}

/// A field of 32 bits right behind the one before.
const NEXT_I32: u8 = 0x15;
/// A structure right behind the sum: what a page of data is.
const DATA: u8 = 0x1c;
/// A structure three fields behind the sum: what a dictionary is.
const DICTIONARY: u8 = 0x3c;
/// The end of a structure.
const STOP: u8 = 0;

/// The header of a page of data without levels; the page stands in two parts.
pub fn data_page(page: [&[u8]; 2], rows: usize, coding: Coding) -> Result<Vec<u8>, Error> {
    let mut out = summed(0, page)?;
    out.push(DATA);
    for field in [number(rows)?, coding as i64, Coding::Runs as i64, Coding::Runs as i64] {
        next(field, &mut out);
    }
    out.extend([STOP, STOP]);
    Ok(out)
}

/// The header of a dictionary, whose values stand one after the other.
pub fn dictionary_page(page: &[u8], entries: usize) -> Result<Vec<u8>, Error> {
    let mut out = summed(2, [page, &[]])?;
    out.push(DICTIONARY);
    for field in [number(entries)?, Coding::Plain as i64] {
        next(field, &mut out);
    }
    out.extend([STOP, STOP]);
    Ok(out)
}

/// The kind of the page, its size twice, as nothing is compressed, and the CRC-32 of its bytes as they lie in the file.
fn summed(kind: i64, page: [&[u8]; 2]) -> Result<Vec<u8>, Error> {
    let bytes = number(page.iter().map(|part| part.len()).sum())?;
    let mut sum = crc32fast::Hasher::new();
    page.iter().for_each(|part| sum.update(part));
    let mut out = Vec::with_capacity(32);
    for field in [kind, bytes, bytes, i64::from(sum.finalize().cast_signed())] {
        next(field, &mut out);
    }
    Ok(out)
}

fn next(value: i64, out: &mut Vec<u8>) {
    out.push(NEXT_I32);
    varint(zigzag(value), out);
}

/// The format has sizes of 32 bits with a sign.
fn number(size: usize) -> Result<i64, Error> {
    i32::try_from(size).map(i64::from).map_err(|_| oversized(size))
}
