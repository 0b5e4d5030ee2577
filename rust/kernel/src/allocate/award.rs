//! The last pass: writes the shares, and adds them up as they were written.

use super::blocks::Blocks;
use super::cut::{Cut, Tie};
use super::floor::Key;
use crate::error::Error;
use crate::exec::{BLOCK_ROWS, Exec};
use crate::reduce::block_sum;

/// How many rows of the rank at the cut get a unit, block by block.
fn quotas(tied: &Tie, blocks: usize) -> Vec<u32> {
    match tied {
        Tie::All => vec![u32::MAX; blocks],
        Tie::None => vec![0; blocks],
        Tie::First { wanted, counts } => {
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
pub(super) fn award<K: Key>(
    exec: &Exec<'_>,
    rows: &dyn Blocks<K>,
    cut: &Cut<K>,
    negative: bool,
    shares: &mut [i64],
) -> Result<i128, Error> {
    let quotas = quotas(&cut.tied, shares.len().div_ceil(BLOCK_ROWS));
    write_blocks(exec, shares, &|block, shares| {
        let quota = quotas.get(block).copied().unwrap_or(0);
        rows.write(block, cut.keys, quota, negative, shares);
        Ok(())
    })
}

/// Writes the shares of one block of rows.
pub(super) type WriteBlock<'a> = dyn Fn(usize, &mut [i64]) -> Result<(), Error> + Sync + 'a;

/// Has each block of shares written and returns the sum of all as written.
pub(super) fn write_blocks(exec: &Exec<'_>, shares: &mut [i64], write: &WriteBlock<'_>) -> Result<i128, Error> {
    let sums = exec.run(shares.len(), shares.chunks_mut(BLOCK_ROWS), i128::default, |sum, block, shares| {
        write(block, shares)?;
        *sum = sum.wrapping_add(sum_of(shares));
        Ok(())
    })?;
    Ok(sums.into_iter().fold(0, i128::wrapping_add))
}

/// The exact sum of some values.
pub(super) fn sum_of(values: &[i64]) -> i128 {
    // At most 2^60 values of 64 bits: no sum of them leaves 128.
    values.chunks(BLOCK_ROWS).map(|block| block_sum(block).1).fold(0, i128::wrapping_add)
}
