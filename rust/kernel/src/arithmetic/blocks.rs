//! Columns block by block: a fast loop that says whether all went well, and row by row where it did not.

use crate::error::{Code, Error};
use crate::exec::{BLOCK_ROWS, Exec};

/// One side of an operation: a value for each row, or one for all.
#[derive(Clone, Copy, Debug)]
pub enum Operand<'a> {
    /// A value for each row.
    Column(&'a [i64]),
    /// One value for all rows.
    Scalar(i64),
}

impl Operand<'_> {
    /// The value of a row; zero beyond a column's end.
    #[inline]
    pub fn at(&self, row: usize) -> i64 {
        match self {
            Self::Column(values) => values.get(row).copied().unwrap_or_default(),
            Self::Scalar(value) => *value,
        }
    }
}

/// An operand of which every block can be borrowed: a scalar fills a block once, and lends it for all.
struct Source<'a> {
    column: Option<&'a [i64]>,
    filled: Vec<i64>,
}

impl<'a> Source<'a> {
    fn of(operand: Operand<'a>, rows: usize) -> Self {
        match operand {
            Operand::Column(values) => Self { column: Some(values), filled: Vec::new() },
            Operand::Scalar(value) => Self { column: None, filled: vec![value; rows.min(BLOCK_ROWS)] },
        }
    }

    /// So many rows from `first` on. The driver has checked that the column has them.
    fn block(&self, first: usize, rows: usize) -> &[i64] {
        match self.column {
            Some(values) => values.get(first..).and_then(|rest| rest.get(..rows)),
            None => self.filled.get(..rows),
        }
        .unwrap_or_default()
    }
}

/// Computes `out` from the operands, row by row independent.
///
/// `fast` computes a block; it returns false, and may leave anything in its output, if it cannot prove that every row
/// came out right. Then `row` computes the same block, and its first failure is the block's: so the fast loops need to
/// know only whether something failed, never what or where. On failure every row of `out` is `poison`;
/// after [`Code::Cancelled`] some rows are computed and the others as they were.
pub(crate) fn each_row<const N: usize, T: Copy + Send + Sync>(
    exec: &Exec<'_>,
    operands: [Operand<'_>; N],
    out: &mut [T],
    poison: T,
    fast: impl Fn([&[i64]; N], &mut [T]) -> bool + Sync,
    row: impl Fn([i64; N]) -> Result<T, Code> + Sync,
) -> Result<(), Error> {
    run(exec, operands, out, fast, row).inspect_err(|error| error.spoil(out, poison))
}

fn run<const N: usize, T: Send>(
    exec: &Exec<'_>,
    operands: [Operand<'_>; N],
    out: &mut [T],
    fast: impl Fn([&[i64]; N], &mut [T]) -> bool + Sync,
    row: impl Fn([i64; N]) -> Result<T, Code> + Sync,
) -> Result<(), Error> {
    let rows = out.len();
    if operands.iter().any(|operand| matches!(operand, Operand::Column(values) if values.len() != rows)) {
        return Err(Error::whole(Code::Law));
    }
    let sources = operands.map(|operand| Source::of(operand, rows));
    let work = |(): &mut (), index: usize, out: &mut [T]| {
        // Blocks are pieces of one slice, so the first row of each is below its length.
        let first = index.wrapping_mul(BLOCK_ROWS);
        let blocks = sources.each_ref().map(|source| source.block(first, out.len()));
        if fast(blocks, out) { Ok(()) } else { slowly(blocks, out, first, &row) }
    };
    exec.run(rows, out.chunks_mut(BLOCK_ROWS), || (), work)?;
    Ok(())
}

#[cold]
#[inline(never)]
fn slowly<const N: usize, T>(
    blocks: [&[i64]; N],
    out: &mut [T],
    first: usize,
    row: &impl Fn([i64; N]) -> Result<T, Code>,
) -> Result<(), Error> {
    for (offset, out) in out.iter_mut().enumerate() {
        // Every block is as long as the output. A value is read once, so that a failure shows what was computed with
        // even where somebody else writes to the column meanwhile.
        let operands = blocks.map(|block| block.get(offset).copied().unwrap_or_default());
        match row(operands) {
            Ok(value) => *out = value,
            Err(code) => return Err(Error::at(code, first.wrapping_add(offset), &operands.map(i128::from))),
        }
    }
    Ok(())
}
