//! Numbers in as many bits as they need, low bits first, as Parquet packs them; and numbers of variable length.

/// Values that are packed at a time: for any width they fill whole bytes.
pub const LANE: usize = 32;

/// The bits that a number needs.
pub const fn width(value: u64) -> usize {
    (u64::BITS - value.leading_zeros()) as usize
}

/// Packs values of at most `width` bits into the first `4 * width` bytes.
pub fn pack(values: &[u64; LANE], width: usize, out: &mut [u8]) {
    macro_rules! by_width {
        ($($width:literal)*) => {
            match width {
                $($width => pack_in::<$width>(values, out),)*
                _ => {}
            }
        };
    }
    by_width!(
        1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34
        35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64
    );
}

/// Packs in a width that the compiler knows, so that every shift and every place is a constant.
fn pack_in<const WIDTH: usize>(values: &[u64; LANE], out: &mut [u8]) {
    let out = &mut out[..4 * WIDTH];
    let mut word = 0;
    macro_rules! each {
        ($($index:literal)*) => {
            $(put::<WIDTH, $index>(values[$index], &mut word, out);)*
        };
    }
    each!(
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
    );
    if WIDTH % 2 == 1 {
        out[4 * WIDTH - 4..].copy_from_slice(&(word as u32).to_le_bytes());
    }
}

/// Adds one value to the word that is being filled, and stores the word once it is full.
#[inline(always)]
fn put<const WIDTH: usize, const INDEX: usize>(value: u64, word: &mut u64, out: &mut [u8]) {
    let (place, shift) = (INDEX * WIDTH / 64, INDEX * WIDTH % 64);
    *word |= value << shift;
    if shift + WIDTH >= 64 {
        out[8 * place..8 * place + 8].copy_from_slice(&word.to_le_bytes());
        *word = if shift + WIDTH > 64 { value >> (64 - shift) } else { 0 };
    }
}

/// A number in groups of seven bits, the lowest first.
pub fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Numbers near to zero as small numbers, whatever their sign.
pub const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}
