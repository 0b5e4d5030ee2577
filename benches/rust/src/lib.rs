//! Columns for the benchmarks: drawn evenly from a range by a small generator, the same in every run.

use fundclear_kernel::scale::Scale;
use fundclear_kernel::text::Texts;

/// So many values from `1..=limit`, by Knuth's 64-bit linear congruential generator. The high half of a product takes
/// a state to the range, because the low bits of such a generator are poor.
pub fn draw(rows: usize, seed: u64, limit: u64) -> Vec<i64> {
    let mut state = seed;
    let mut values = Vec::with_capacity(rows);
    for _ in 0..rows {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let value = (u128::from(state) * u128::from(limit)) >> 64;
        values.push(1 + i64::try_from(value).expect("the limit is below 2^63"));
    }
    values
}

/// A scale that is known to be one.
pub fn scale(places: u8) -> Scale {
    Scale::new(places).expect("a scale is at most 18")
}

/// Texts one after another, as in an Arrow column.
pub struct Column {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Column {
    /// Values in hundredths, none negative, as they are written with two decimals.
    pub fn of_hundredths(values: &[i64]) -> Self {
        let mut column = Self { bytes: Vec::new(), ends: Vec::with_capacity(values.len()) };
        for value in values {
            column.bytes.extend(format!("{}.{:02}", value / 100, value % 100).bytes());
            column.ends.push(column.bytes.len());
        }
        column
    }
}

impl Texts for Column {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, row: usize) -> Option<&[u8]> {
        let start = if row == 0 { 0 } else { *self.ends.get(row - 1)? };
        self.bytes.get(start..*self.ends.get(row)?)
    }
}
