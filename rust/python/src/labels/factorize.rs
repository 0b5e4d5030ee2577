//! Rows of texts to codes and their distinct texts, on several threads.

use std::sync::atomic::{AtomicUsize, Ordering};

use fundclear_kernel::error::{Code, Error};
use fundclear_kernel::exec::Exec;

use crate::labels::interner::{Hasher, Interner, Packed};

/// Rows in a block. Every block is worked on by one thread with the texts that this thread has met before.
pub const LABEL_ROWS: usize = 1 << 15;

/// A block of rows whose texts can be visited.
pub trait Block: Send {
    /// The block's first row in the column.
    fn first(&self) -> usize;

    /// Writes the code of every row. The row of a failure is counted from the block's first.
    fn codes(self, interner: &mut Interner, out: &mut [u32]) -> Result<(), Error>;
}

/// Codes a column's rows: distinct texts are numbered as they first appear, for any number of threads.
pub fn factorize<B: Block>(exec: &Exec<'_>, blocks: Vec<(usize, B)>, out: &mut [u32]) -> Result<Packed, Error> {
    let hasher = Hasher::new();
    let workers = AtomicUsize::new(0);
    let mut owners = vec![0; blocks.len()];
    let sizes: Vec<usize> = blocks.iter().map(|(rows, _)| *rows).collect();
    let rows = out.len();
    let mut rest = &mut *out;
    let tasks: Vec<_> = blocks
        .into_iter()
        .zip(&mut owners)
        .map(|((rows, block), owner)| (block, rest.split_off_mut(..rows).unwrap_or_default(), owner))
        .collect();
    let init = || (workers.fetch_add(1, Ordering::Relaxed), Interner::new(hasher));
    let mut states = exec.run(rows, tasks.into_iter(), init, |(worker, interner), _, (block, codes, owner)| {
        *owner = *worker;
        let first = block.first();
        block.codes(interner, codes).map_err(|error| Error { row: Some(first + error.row.unwrap_or(0)), ..error })
    })?;
    states.sort_by_key(|(worker, _)| *worker);
    let mut interners = states.into_iter().map(|(_, interner)| interner);
    let Some(mut all) = interners.next() else { return Ok(Packed::new()) };
    let mut maps = vec![Vec::new()];
    for interner in interners {
        let codes = (0..interner.texts.len()).map(|code| all.intern(interner.texts.get(code)));
        maps.push(codes.collect::<Result<Vec<u32>, Error>>()?);
    }
    Ok(in_order(&all.texts, &maps, &owners, &sizes, out))
}

/// Renumbers the texts by their first row, which does not depend on who came to it first.
fn in_order(texts: &Packed, maps: &[Vec<u32>], owners: &[usize], sizes: &[usize], out: &mut [u32]) -> Packed {
    let mut numbers = vec![u32::MAX; texts.len()];
    let mut ordered = Packed::new();
    ordered.bytes.reserve_exact(texts.bytes.len());
    ordered.offsets.reserve_exact(texts.len());
    let mut rest = out;
    for (owner, rows) in owners.iter().zip(sizes) {
        let map = maps.get(*owner).map_or(&[][..], Vec::as_slice);
        for code in rest.split_off_mut(..*rows).unwrap_or_default() {
            let shared = map.get(*code as usize).copied().unwrap_or(*code);
            let Some(number) = numbers.get_mut(shared as usize) else { continue };
            if *number == u32::MAX {
                *number = ordered.len() as u32;
                ordered.push(texts.get(shared as usize));
            }
            *code = *number;
        }
    }
    ordered
}

/// The failure of a row that is missing and has no default.
pub fn missing(row: usize) -> Error {
    Error::at(Code::Null, row, &[])
}
