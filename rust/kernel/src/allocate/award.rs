//! The last pass: writes the shares, and adds them up as they were written.

use super::cut::{Cut, Tie};
use super::floor::Key;
use super::rows::{Row, Rows};
use crate::error::Error;
use crate::exec::{BLOCK_ROWS, Exec};

/// How many rows of the rank at the cut get a unit, block by block.
fn quotas(tied: &Tie, blocks: usize) -> Vec<u32> {
    match tied {
        Tie::All => vec![u32::MAX; blocks],
        Tie::None => vec![0; blocks],
        Tie::Some { wanted, counts } => {
            let mut left = *wanted;
            let quota = |&count: &u32| {
                let whole_block = left >= u64::from(count);
                // The quota of a block that takes all of its rows is no limit; that of the last one is below its count.
                let quota = if whole_block { u32::MAX } else { left as u32 };
                left = left.saturating_sub(count.into());
                quota
            };
            counts.iter().map(quota).collect()
        }
    }
}

/// Writes floors and units, below zero if the total is, and returns the sum of the shares as written.
pub(super) fn award<R: Rows>(
    exec: &Exec<'_>,
    rows: &R,
    cut: &Cut<R::Key>,
    negative: bool,
    shares: &mut [i64],
) -> Result<i128, Error> {
    let count = shares.len();
    let quotas = quotas(&cut.tied, count.div_ceil(BLOCK_ROWS));
    let tasks = shares.chunks_mut(BLOCK_ROWS).zip(quotas);
    let (least, largest) = cut.keys;
    let sums = exec.run(count, tasks, i128::default, |sum, block, (shares, quota)| {
        let rows = rows.block(block);
        match quota {
            0 => write(rows, negative, shares, |row| row.key > largest),
            u32::MAX => write(rows, negative, shares, |row| row.key >= least),
            mut left => write(rows, negative, shares, |row| {
                let is_tied = row.ranked & (row.key >= least) & (row.key <= largest) & (left > 0);
                left = left.wrapping_sub(u32::from(is_tied));
                is_tied | (row.key > largest)
            }),
        }
        // At most 2^60 shares of 64 bits: no sum of them leaves 128.
        *sum = sum.wrapping_add(sum_of(shares));
        Ok(())
    })?;
    Ok(sums.into_iter().fold(0, i128::wrapping_add))
}

#[inline(always)]
fn write<K: Key>(
    rows: impl Iterator<Item = Row<K>>,
    negative: bool,
    shares: &mut [i64],
    mut wins: impl FnMut(&Row<K>) -> bool,
) {
    let mirror = 0_i64.wrapping_sub(negative.into());
    for (share, row) in shares.iter_mut().zip(rows) {
        let unit = row.before | (row.ranked & wins(&row));
        // A share is at most the total, which has 18 digits. With all bits set, `mirror` negates in two's complement.
        let magnitude = row.floor.wrapping_add(u64::from(unit)).cast_signed();
        *share = (magnitude ^ mirror).wrapping_sub(mirror);
    }
}

/// The exact sum of a block of values.
pub(super) fn sum_of(values: &[i64]) -> i128 {
    // Halves of 32 bits in sums of 64 cannot wrap for fewer than 2^32 values, and two such sums are faster than one of
    // 128 bits. The upper half is taken unsigned, of the value plus 2^63.
    let mut sum = 0_i128;
    for part in values.chunks(BLOCK_ROWS) {
        let (mut low, mut high) = (0_u64, 0_u64);
        for value in part {
            let shifted = value.cast_unsigned() ^ (1 << 63);
            low = low.wrapping_add(shifted & 0xFFFF_FFFF);
            high = high.wrapping_add(shifted >> 32);
        }
        let shifted = (i128::from(high) << 32).wrapping_add(i128::from(low));
        sum = sum.wrapping_add(shifted.wrapping_sub((part.len() as i128) << 63));
    }
    sum
}
