//! Values of one width in strands: value after value is dealt to eight strands in turn, and each strand is packed by
//! itself, so that eight values at a time go through the same shifts.

use std::array;

/// The strands.
pub const STRANDS: usize = 8;

/// One value, or one word, of each strand.
pub type Eight<T = u64> = [T; STRANDS];

/// Bits of a word.
const BITS: usize = 64;

/// The words of so many eights of values of a width.
pub const fn words(eights: usize, width: usize) -> usize {
    (eights * width).div_ceil(BITS) * STRANDS
}

/// Packs values below 2^width into [`words`].
pub fn pack(width: usize, values: &[Eight], out: &mut [u64]) {
    let mut out = out.as_chunks_mut::<STRANDS>().0.iter_mut();
    let mut words = Eight::default();
    let mut used = 0;
    for eight in values {
        words = array::from_fn(|strand| words[strand] | eight[strand] << used);
        used += width;
        if used < BITS {
            continue;
        }
        if let Some(out) = out.next() {
            *out = words;
        }
        used -= BITS;
        // What did not fit; nothing if the values ended with the words.
        words = eight.map(|value| if used == 0 { 0 } else { value >> (width - used) });
    }
    if let Some(out) = out.next().filter(|_| used > 0) {
        *out = words;
    }
}

/// Unpacks what [`pack`] has packed, and makes of each value what it stands for.
#[inline]
pub fn unpack(width: usize, words: &[u64], out: &mut [Eight<i64>], meaning: impl Fn(u64) -> i64) {
    let (words, _) = words.as_chunks::<STRANDS>();
    let last = words.len().saturating_sub(1);
    if width == 0 || words.is_empty() {
        return out.as_flattened_mut().fill(meaning(0));
    }
    let mask = u64::MAX >> BITS.saturating_sub(width);
    for (number, out) in out.iter_mut().enumerate() {
        let first = number * width;
        let (place, used) = (first / BITS, first % BITS);
        let (low, high) = (words[place.min(last)], words[(place + 1).min(last)]);
        let (down, up) = (used as u32, (BITS - 1 - used) as u32);
        // Of the next word nothing is left if the value is in this one alone.
        *out = array::from_fn(|strand| meaning((low[strand] >> down | high[strand] << 1 << up) & mask));
    }
}

/// One of the values that [`pack`] has packed.
#[inline]
pub fn get(width: usize, words: &[u64], number: usize) -> u64 {
    if width == 0 {
        return 0;
    }
    let first = number / STRANDS * width;
    let (place, used) = (first / BITS, first % BITS);
    let word = |place: usize| words.get(place * STRANDS + number % STRANDS).copied().unwrap_or_default();
    let high = if used + width > BITS { word(place + 1) << (BITS - used) } else { 0 };
    (word(place) >> used | high) & (u64::MAX >> BITS.saturating_sub(width))
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_width_and_number_come_back() {
        let mut seed = 7_u64;
        for width in 0..=BITS {
            for eights in [1, 2, 7, 63, 64, 65] {
                let mut value = || {
                    seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
                    (seed ^ (seed >> 29)) & u64::MAX.checked_shr(64 - width as u32).unwrap_or(0)
                };
                let values: Vec<Eight> = (0..eights).map(|_| [0; STRANDS].map(|_: u64| value())).collect();
                let mut packed = vec![0; words(eights, width)];
                assert!(packed.len() * BITS < eights * width * STRANDS + STRANDS * BITS);
                pack(width, &values, &mut packed);
                let mut back = vec![Eight::default(); eights];
                unpack(width, &packed, &mut back, |value| value.cast_signed().wrapping_add(5));
                let meant = |value: &u64| value.cast_signed().wrapping_add(5);
                assert_eq!(back.as_flattened(), values.as_flattened().iter().map(meant).collect::<Vec<_>>(), "{width}");
                for (number, value) in values.as_flattened().iter().enumerate() {
                    assert_eq!(get(width, &packed, number), *value, "{width} {number}");
                }
            }
        }
    }
}
