//! Columns for the benchmarks: drawn evenly from a range by a small generator, the same in every run.

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
