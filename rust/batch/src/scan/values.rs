//! The values of a page as integers of 64 bits.

use fundclear_store::error::Error;

use super::bits::{LANE, unpack};

/// The most values of a block of differences.
const MOST: usize = 1 << 20;

/// The bytes of a page end too early.
pub fn cut_off() -> Error {
    Error::Content("a page ends in the middle of a value".to_owned())
}

/// A number in groups of seven bits.
///
/// # Errors
/// The bytes end too early.
pub fn varint(bytes: &mut &[u8]) -> Result<u64, Error> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or_else(cut_off)?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(cut_off())
}

fn zigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg()
}

/// Appends values that are written as differences; what is left of the bytes comes back.
///
/// # Errors
/// The bytes end too early, or say something impossible.
pub fn deltas<'b>(mut bytes: &'b [u8], count: usize, out: &mut Vec<i64>) -> Result<&'b [u8], Error> {
    let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let block = size(varint(&mut bytes)?);
    let minis = size(varint(&mut bytes)?);
    let total = size(varint(&mut bytes)?);
    let mut value = zigzag(varint(&mut bytes)?);
    let mini = block.checked_div(minis).unwrap_or_default();
    if total != count || block > MOST || mini == 0 || mini % 32 != 0 || mini * minis != block {
        return Err(Error::Content(format!("blocks of {block} in {minis} parts, {total} values where {count} are")));
    }
    let end = out.len() + count;
    if count > 0 {
        out.push(value);
    }
    while out.len() < end {
        let least = zigzag(varint(&mut bytes)?);
        let (widths, rest) = bytes.split_at_checked(minis).ok_or_else(cut_off)?;
        bytes = rest;
        for width in widths {
            if out.len() == end {
                break;
            }
            let width = usize::from(*width);
            let size = mini / 8 * width;
            // The last part may be cut off after its last value.
            let (packed, rest) = bytes.split_at(size.min(bytes.len()));
            bytes = rest;
            let here = mini.min(end - out.len());
            if width > LANE || packed.len() * 8 < here * width {
                return Err(cut_off());
            }
            value = part(packed, width, (value, least), here, out);
        }
    }
    Ok(bytes)
}

/// Appends a part of a block, of values of one width.
fn part(packed: &[u8], width: usize, (mut value, least): (i64, i64), count: usize, out: &mut Vec<i64>) -> i64 {
    if width == 0 {
        out.extend((0..count).map(|_| {
            value = value.wrapping_add(least);
            value
        }));
        return value;
    }
    let mut lane = [0; LANE];
    let mut left = count;
    for bytes in packed.chunks(width * 8) {
        unpack(bytes, width, &mut lane);
        let here = left.min(LANE);
        out.extend(lane.iter().take(here).map(|step| {
            value = value.wrapping_add(least).wrapping_add(step.cast_signed());
            value
        }));
        left -= here;
    }
    value
}

/// Appends integers of eight bytes each.
pub fn eights(bytes: &[u8], count: usize, out: &mut Vec<i64>) -> Result<(), Error> {
    let (values, _) = bytes.as_chunks::<8>();
    out.extend(values.get(..count).ok_or_else(cut_off)?.iter().map(|value| i64::from_le_bytes(*value)));
    Ok(())
}

/// Appends integers of four bytes each.
pub fn fours(bytes: &[u8], count: usize, out: &mut Vec<i64>) -> Result<(), Error> {
    let (values, _) = bytes.as_chunks::<4>();
    out.extend(values.get(..count).ok_or_else(cut_off)?.iter().map(|value| i64::from(i32::from_le_bytes(*value))));
    Ok(())
}

/// An integer whose bytes stand from the highest to the lowest.
///
/// # Errors
/// It does not fit in 64 bits.
pub fn big_endian(bytes: &[u8]) -> Result<i64, Error> {
    let is_negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let fill = if is_negative { 0xff } else { 0 };
    let extra = bytes.len().saturating_sub(8);
    let (high, low) = bytes.split_at(extra);
    let mut eight = [fill; 8];
    let start = 8 - low.len();
    eight.iter_mut().skip(start).zip(low).for_each(|(into, byte)| *into = *byte);
    let value = i64::from_be_bytes(eight);
    if high.iter().any(|byte| *byte != fill) || (value < 0) != is_negative {
        return Err(Error::Content("a decimal has more than 18 digits".to_owned()));
    }
    Ok(value)
}
