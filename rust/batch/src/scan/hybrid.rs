//! Runs of one value and stretches of packed ones, as levels and numbers of a dictionary are written.

use fundclear_store::error::Error;

use super::bits::{LANE, unpack};
use super::values::{cut_off, varint};

/// Reads so many values of a width, and hands them on: a run as its value and length, or a stretch of packed ones.
///
/// # Errors
/// The bytes end too early, or the width is impossible.
pub fn read(
    mut bytes: &[u8],
    width: usize,
    count: usize,
    mut take: impl FnMut(Stretch<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    if width > 32 {
        return Err(Error::Content(format!("numbers of {width} bits")));
    }
    let mut left = count;
    while left > 0 {
        let header = varint(&mut bytes)?;
        if header & 1 == 0 {
            let run = usize::try_from(header >> 1).unwrap_or(usize::MAX).min(left);
            let (value, rest) = bytes.split_at_checked(width.div_ceil(8)).ok_or_else(cut_off)?;
            bytes = rest;
            let value = value.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
            if run == 0 {
                return Err(cut_off());
            }
            take(Stretch::Run(value, run))?;
            left -= run;
            continue;
        }
        let groups = usize::try_from(header >> 1).unwrap_or(usize::MAX);
        let size = groups.checked_mul(width).ok_or_else(cut_off)?;
        // The last stretch may end before its last group does.
        let (packed, rest) = bytes.split_at(size.min(bytes.len()));
        bytes = rest;
        let values = groups.saturating_mul(8).min(left);
        if values == 0 || packed.len() * 8 < values * width {
            return Err(cut_off());
        }
        stretch(packed, width, values, &mut take)?;
        left -= values;
    }
    Ok(())
}

/// Values that follow each other.
pub enum Stretch<'s> {
    /// One value, so many times.
    Run(u64, usize),
    /// Several.
    Values(&'s [u64]),
}

fn stretch(
    packed: &[u8],
    width: usize,
    values: usize,
    take: &mut impl FnMut(Stretch<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut lane = [0; LANE];
    let mut left = values;
    if width == 0 {
        return take(Stretch::Run(0, values));
    }
    for bytes in packed.chunks(width * 8) {
        if left == 0 {
            break;
        }
        unpack(bytes, width, &mut lane);
        let count = left.min(LANE);
        take(Stretch::Values(lane.get(..count).unwrap_or_default()))?;
        left -= count;
    }
    Ok(())
}
