//! The first pass: each weight is found to be one, and all are added up.

use crate::error::{Code, Error};
use crate::exec::{BLOCK_ROWS, Exec};
use crate::scale::MAX_MINOR;

/// How much some weights are together, and how large one of them can be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// The exact sum.
    pub sum: u128,
    /// No weight is larger; less than twice the largest.
    pub bound: u64,
}

impl Extent {
    /// The extent of a column.
    pub(super) fn of(exec: &Exec<'_>, weights: &[i64]) -> Result<Self, Error> {
        let parts = exec.run(weights.len(), weights.chunks(BLOCK_ROWS), Self::default, |extent, block, weights| {
            // A row's number fits in usize.
            *extent = extent.join(Self::of_block(weights, block.wrapping_mul(BLOCK_ROWS))?);
            Ok(())
        })?;
        Ok(parts.into_iter().fold(Self::default(), Self::join))
    }

    fn join(self, other: Self) -> Self {
        // At most 2^60 weights are below 2^60 each.
        Self { sum: self.sum.wrapping_add(other.sum), bound: self.bound | other.bound }
    }

    /// The extent of fewer than 2^32 weights whose first row has this number.
    pub(super) fn of_block(weights: &[i64], first_row: usize) -> Result<Self, Error> {
        // Halves of 32 bits in sums of 64 cannot wrap. A value is negative, or MAX_MINOR minus it is, if and only if it
        // is no weight; the bitwise or of many numbers is negative if one of them is, and not smaller than any.
        let (mut low, mut high, mut over, mut union) = (0_u64, 0_u64, 0_i64, 0_i64);
        for &weight in weights {
            over |= MAX_MINOR.wrapping_sub(weight);
            union |= weight;
            low = low.wrapping_add(weight.cast_unsigned() & 0xFFFF_FFFF);
            high = high.wrapping_add(weight.cast_unsigned() >> 32);
        }
        if over | union < 0 {
            return Err(first_bad_weight(weights, first_row));
        }
        Ok(Self { sum: (u128::from(high) << 32).wrapping_add(low.into()), bound: union.cast_unsigned() })
    }
}

/// What is wrong with the first value that is no weight.
fn first_bad_weight(weights: &[i64], first_row: usize) -> Error {
    let bad = weights.iter().zip(first_row..).find(|&(&weight, _)| !(0..=MAX_MINOR).contains(&weight));
    match bad {
        Some((&weight, row)) if weight.unsigned_abs() > MAX_MINOR.unsigned_abs() => {
            Error::at(Code::Digits, row, &[weight.into()])
        }
        Some((&weight, row)) => Error::at(Code::NegativeWeight, row, &[weight.into()]),
        // Another thread changed the column meanwhile.
        None => Error::whole(Code::Law),
    }
}
