//! The laws of text: the parser against a plain reading of the grammar, and both directions against each other.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod columns;
mod naive;
mod values;

use crate::scale::Scale;

fn scale(places: u8) -> Scale {
    Scale::new(places).unwrap()
}

/// Numbers without end that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// A value of 1 to 18 digits and either sign, each number of digits as likely as any other.
    fn value(&mut self) -> i64 {
        let digits = self.below(18) as u32 + 1;
        let magnitude = self.below(10_u64.pow(digits)).cast_signed();
        if self.next() & 1 == 0 { magnitude } else { -magnitude }
    }
}
