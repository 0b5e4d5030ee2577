//! Minor units to text: all digits of a value at once, the point put between them by masks.

use crate::scale::Scale;
use crate::text::words::{POWERS, digits};

/// Bytes that hold the text of any `i64` at any scale.
pub const TEXT_MAX: usize = 32;

/// A value in minor units as text: `-0.05`, `12.30`; at scale 0, `12`. The text is the buffer's end.
pub fn format(value: i64, scale: Scale, buffer: &mut [u8; TEXT_MAX]) -> &[u8] {
    let layout = Layout::of(scale);
    // The longest text is that of i64::MIN with a point, 21 bytes: a sign, a point and 19 digits.
    let start = TEXT_MAX.wrapping_sub(layout.length(value));
    if let Some(place) = buffer.last_chunk_mut() {
        put::<3>(place, layout.window::<3>(value.unsigned_abs()));
    }
    if value < 0
        && let Some(sign) = buffer.get_mut(start)
    {
        *sign = b'-';
    }
    buffer.get(start..).unwrap_or_default()
}

/// A value of up to 128 bits as text, for sums and other totals.
pub fn format_wide(value: i128, scale: Scale) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let places = usize::from(scale.places());
    let unit = POWERS.get(places).map_or(1, |power| u128::from(*power));
    let magnitude = value.unsigned_abs();
    match (places, magnitude.checked_div(unit), magnitude.checked_rem(unit)) {
        (1.., Some(whole), Some(fraction)) => format!("{sign}{whole}.{fraction:0places$}"),
        _ => format!("{sign}{magnitude}"),
    }
}

/// The bytes that any magnitude and its point have room in, with zeros before them.
pub(super) const WINDOW: usize = 24;

/// How texts of one scale are laid out in a window whose last byte is their last.
pub(super) struct Layout {
    places: usize,
    /// Of the window's words, the bits that digits have before the point and after it: a byte of what is no digit,
    /// because another thread changes the value at this moment, is ASCII all the same.
    whole: [u64; 3],
    fraction: [u64; 3],
    /// What digits are added to, and the point.
    codes: [u64; 3],
    /// By the number of leading zero bits of a magnitude: the first magnitude whose text is one byte longer than
    /// that of smaller ones, and the length of theirs.
    lengths: [(u64, usize); 64],
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated by the compiler alone, where a bad index and an overflow are compile errors"
)]
mod tables {
    use super::{Layout, POWERS, WINDOW};

    /// The layouts of all scales.
    pub(super) static LAYOUTS: [Layout; 19] = {
        let mut layouts = [const { layout(0) }; 19];
        let mut places = 1;
        while places < 19 {
            layouts[places] = layout(places);
            places += 1;
        }
        layouts
    };

    const fn layout(places: usize) -> Layout {
        let mut whole = [[0_u8; 8]; 3];
        let mut fraction = [[0x0F_u8; 8]; 3];
        let mut codes = [[b'0'; 8]; 3];
        // At scale 0 all digits count as after the point, so that none is moved.
        let mut byte = 0;
        while places > 0 && byte < WINDOW - places {
            let is_point = byte == WINDOW - places - 1;
            whole[byte / 8][byte % 8] = if is_point { 0 } else { 0x0F };
            fraction[byte / 8][byte % 8] = 0;
            codes[byte / 8][byte % 8] = if is_point { b'.' } else { b'0' };
            byte += 1;
        }
        Layout { places, whole: words(whole), fraction: words(fraction), codes: words(codes), lengths: lengths(places) }
    }

    const fn words(bytes: [[u8; 8]; 3]) -> [u64; 3] {
        [u64::from_le_bytes(bytes[0]), u64::from_le_bytes(bytes[1]), u64::from_le_bytes(bytes[2])]
    }

    const fn lengths(places: usize) -> [(u64, usize); 64] {
        let point = (places > 0) as usize;
        let mut lengths = [(0, 0); 64];
        let mut zero_bits = 0;
        while zero_bits < 64 {
            let smallest = 1_u64 << (63 - zero_bits);
            let mut digits = 1;
            while digits < 19 && smallest >= POWERS[digits] {
                digits += 1;
            }
            // A text has one digit before the point, whatever the magnitude.
            let (next, digits) = if digits <= places {
                (u64::MAX, places + 1)
            } else if digits < 19 {
                (POWERS[digits], digits)
            } else {
                (10_000_000_000_000_000_000, digits)
            };
            lengths[zero_bits] = (next, digits + point);
            zero_bits += 1;
        }
        lengths
    }
}

/// Writes a window; if no more than two words of digits were made, only its last two words.
#[inline(always)]
pub(super) fn put<const WORDS: usize>(place: &mut [u8; WINDOW], window: [u64; 3]) {
    let words = place.as_chunks_mut().0.iter_mut().zip(window);
    for (bytes, word) in words.skip(if WORDS < 3 { 1 } else { 0 }) {
        *bytes = word.to_le_bytes();
    }
}

impl Layout {
    /// The layout of a scale.
    pub(super) fn of(scale: Scale) -> &'static Self {
        let [zero, ..] = &tables::LAYOUTS;
        tables::LAYOUTS.get(usize::from(scale.places())).unwrap_or(zero)
    }

    /// The length of a value's text: its sign, its digits, at least one of them before the point, and the point.
    #[inline(always)]
    pub(super) fn length(&self, value: i64) -> usize {
        let magnitude = value.unsigned_abs();
        // The last of the 64 entries has 63 leading zeros; zero itself has 64 and is as long as one.
        let zero_bits = (magnitude | 1).leading_zeros() as usize & 63;
        let (next, length) = self.lengths.get(zero_bits).copied().unwrap_or_default();
        // At most 21.
        length.wrapping_add(usize::from(magnitude >= next)).wrapping_add(usize::from(value < 0))
    }

    /// How many words of eight digits, as for [`Self::window`], are enough for magnitudes up to `largest`.
    pub(super) const fn words(&self, largest: u64) -> usize {
        // Sixteen bytes hold 14 digits, the point and a sign; at fewer places than 14 the zeros before the point as
        // well.
        match largest {
            0..100_000_000 if self.places < 14 => 1,
            0..100_000_000_000_000 if self.places < 14 => 2,
            _ => 3,
        }
    }

    /// A magnitude as text, with zeros before it to the width of the window. Of the digits only the last `WORDS`
    /// times eight are made, and of the window, if they are two times eight or less, only the last two words.
    #[inline(always)]
    pub(super) fn window<const WORDS: usize>(&self, magnitude: u64) -> [u64; 3] {
        const EIGHT: u64 = 100_000_000;
        let (d0, d1, d2) = match WORDS {
            1 => (0, 0, digits(magnitude)),
            2 => (0, digits(magnitude / EIGHT), digits(magnitude % EIGHT)),
            _ => {
                let upper = magnitude / EIGHT;
                (digits(upper / EIGHT), digits(upper % EIGHT), digits(magnitude % EIGHT))
            }
        };
        // One byte towards the front is where the digits before the point belong. The first digit falls off: it is
        // a zero, for a u64 has at most 20 digits.
        let (m0, m1, m2) = (d0 >> 8 | d1 << 56, d1 >> 8 | d2 << 56, d2 >> 8);
        let ([w0, w1, w2], [f0, f1, f2], [c0, c1, c2]) = (self.whole, self.fraction, self.codes);
        // A digit's number and the code of the zero share no bits, and neither mask takes a digit for the point.
        [m0 & w0 | d0 & f0 | c0, m1 & w1 | d1 & f1 | c1, m2 & w2 | d2 & f2 | c2]
    }
}
