//! Sixty-four values of one width in as many words as the width has bits.

/// Values that are packed together.
pub const LANE: usize = 64;

fn pack_lane<const WIDTH: usize>(values: &[u64; LANE], out: &mut [u64]) {
    let mut word = 0;
    let mut place = 0;
    let mut used = 0_usize;
    for value in values {
        word |= value << used;
        used += WIDTH;
        if used >= LANE {
            if let Some(slot) = out.get_mut(place) {
                *slot = word;
            }
            place += 1;
            used -= LANE;
            // What did not fit; nothing if the value ended with the word.
            word = if used == 0 { 0 } else { value >> (WIDTH - used) };
        }
    }
}

fn unpack_lane<const WIDTH: usize>(words: &[u64], out: &mut [u64; LANE]) {
    let Some(words) = words.first_chunk::<WIDTH>() else { return };
    let mask = if WIDTH == LANE { u64::MAX } else { (1_u64 << WIDTH) - 1 };
    for (number, value) in out.iter_mut().enumerate() {
        let first = number * WIDTH;
        let (place, used) = (first / LANE, first % LANE);
        let low = words.get(place).copied().unwrap_or_default() >> used;
        let high =
            if used + WIDTH > LANE { words.get(place + 1).copied().unwrap_or_default() << (LANE - used) } else { 0 };
        *value = (low | high) & mask;
    }
}

/// Calls one of the functions above for a width; no bits are nothing to do.
macro_rules! by_width {
    ($width:expr, $call:ident, $first:expr, $second:expr) => {
        by_width!(@ $width, $call, $first, $second;
            1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39
            40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64)
    };
    (@ $width:expr, $call:ident, $first:expr, $second:expr; $($number:literal)*) => {
        match $width {
            $($number => $call::<$number>($first, $second),)*
            _ => {}
        }
    };
}

/// Packs values below 2^width into as many words as the width.
pub fn pack(width: usize, values: &[u64; LANE], out: &mut [u64]) {
    by_width!(width, pack_lane, values, out);
}

/// Unpacks what [`pack`] has packed; values of no bits are zero.
pub fn unpack(width: usize, words: &[u64], out: &mut [u64; LANE]) {
    if width == 0 {
        out.fill(0);
    }
    by_width!(width, unpack_lane, words, out);
}

/// One of the values that [`pack`] has packed lane after lane.
pub fn get(width: usize, words: &[u64], number: usize) -> u64 {
    if width == 0 {
        return 0;
    }
    let first = number * width;
    let (place, used) = (first / LANE, first % LANE);
    let word = |place: usize| words.get(place).copied().unwrap_or_default();
    let high = if used + width > LANE { word(place + 1) << (LANE - used) } else { 0 };
    (word(place) >> used | high) & (u64::MAX >> (LANE - width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_width_come_back() {
        for width in 0..=LANE {
            let mask = if width == LANE { u64::MAX } else { (1 << width) - 1 };
            let mut seed = 7_u64;
            let values = [0; LANE].map(|_: u64| {
                seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
                (seed ^ (seed >> 29)) & mask
            });
            let mut words = vec![0; width];
            pack(width, &values, &mut words);
            let mut back = [1; LANE];
            unpack(width, &words, &mut back);
            assert_eq!(back, values, "{width}");
            let mut twice = words.clone();
            twice.extend(&words);
            for (number, value) in values.iter().chain(&values).enumerate() {
                assert_eq!(get(width, &twice, number), *value, "{width} {number}");
            }
        }
    }
}
