//! Short texts: a sign, at most 19 bytes, and of them sixteen at once.
//!
//! The window of a text is the sixteen bytes that end with it, as a word of 128 bits whose highest byte is the text's
//! last. What stands before the text is masked away, which leaves zeros, and zeros before a number change nothing.

use crate::text::words::{POWERS, not_digits, number};

/// A number of at most 19 bytes after its sign, digits and perhaps a point.
pub(super) struct Short {
    pub(super) negative: bool,
    /// The number without its point.
    pub(super) magnitude: u64,
    pub(super) decimals: u32,
    has_point: bool,
}

/// Of sixteen bytes the last 0 to 16, by their number.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, where a bad index is a compile error")]
const LAST: [u128; 17] = {
    let mut masks = [u128::MAX; 17];
    let mut length = 0;
    while length < 16 {
        // The last byte of a text is the highest of a word. The shift is 8 to 128, and 128 leaves nothing.
        masks[length] = u128::MAX.unbounded_shl(128_u32.wrapping_sub((length as u32).wrapping_mul(8)));
        length = length.wrapping_add(1);
    }
    masks
};

impl Short {
    /// Reads the last `length` bytes; `None` if they are not a short number.
    #[inline(always)]
    pub(super) fn read(bytes: &[u8], length: usize) -> Option<Self> {
        // Nothing stands there if the text is empty or `length` is more than there is.
        let first = *bytes.get(bytes.len().wrapping_sub(length))?;
        let negative = first == b'-';
        // The text has a first byte, so without a sign it is not shorter than nothing.
        let length = length.wrapping_sub(usize::from(negative | (first == b'+')));
        let (mask, head) = match LAST.get(length) {
            Some(mask) => (*mask, 0),
            None => (u128::MAX, head(bytes, length)?),
        };
        // Digits become their numbers. What is not of this text becomes zeros before it, which change nothing.
        let text = (last_sixteen(bytes) ^ u128::from_le_bytes([b'0'; 16])) & mask;
        let (low, high) = halves(text);
        let other = join(not_digits(low), not_digits(high));
        let has_point = other != 0;
        // All that is no digit is one point: a single bit, and in its byte that bit times POINT.
        const POINT: u8 = b'.' ^ b'0';
        let not_one = other & other.wrapping_sub(u128::from(has_point));
        let not_point = (text ^ times::<POINT>(other)) & times::<0xFF>(other);
        // One digit at least: a lone sign and a lone point are no number.
        if (not_one | not_point) != 0 || length <= usize::from(has_point) {
            return None;
        }
        // The digits before the point move one byte up, over it; without a point, none do.
        let before = other.wrapping_sub(u128::from(has_point));
        let whole = text & before;
        let fraction = text & !(before | times::<0xFF>(other));
        let magnitude = sixteen(if has_point { whole << 8 | fraction } else { text });
        // The window's last byte is the highest: as many bytes as are above the point come after it.
        let decimals = if has_point { other.leading_zeros() / 8 } else { 0 };
        // The head is at most 999, so with the 16 digits of the window it is below ten to the 19th and fits.
        let unit = if has_point { 1_000_000_000_000_000 } else { 10_000_000_000_000_000 };
        Some(Self { negative, magnitude: magnitude.wrapping_add(head.wrapping_mul(unit)), decimals, has_point })
    }
}

/// The shape that most texts of a column have: with a point before so many decimals, or without a point.
///
/// A text of that shape is read without a branch and without a search for its point. What has another shape is no
/// fault; it only takes longer.
pub(super) struct Shape {
    decimals: u32,
    /// The least length without a sign.
    least: usize,
    /// What a window of the shape has beside its digits: the code of the zero, and the point.
    codes: [u64; 2],
    /// What takes a byte to 0x80 or more if it is not of the shape: not a digit, not the point.
    checks: [u64; 2],
    /// The bytes before the point and those after it.
    whole: u128,
    fraction: u128,
    /// What makes minor units of the digits, and the first number that has then more than 18 digits.
    unit: u64,
    limit: u64,
}

impl Shape {
    /// The shape of the last `length` bytes, to be read into minor units of so many places.
    pub(super) fn of(bytes: &[u8], length: usize, places: u32) -> Self {
        match Short::read(bytes, length) {
            Some(short) if short.decimals <= places => Self::new(short.has_point.then_some(short.decimals), places),
            // A text with more decimals than places has to be rounded, and one that is no short number says nothing
            // of the others: they may be as the places are.
            _ => Self::new((places > 0).then_some(places), places),
        }
    }

    /// The shape of texts with so many decimals, at most `places`, or without a point.
    fn new(decimals: Option<u32>, places: u32) -> Self {
        // The shift is at most 8 * 18, and all beyond 128 leave nothing.
        let after = decimals.unwrap_or(0).wrapping_mul(8);
        let fraction = !(u128::MAX.unbounded_shr(after));
        let from_point = !(u128::MAX.unbounded_shr(after.wrapping_add(8)));
        let (point, fraction) = if decimals.is_some() { (from_point & !fraction, fraction) } else { (0, u128::MAX) };
        let of = |elsewhere: u8, at_point: u8| {
            let elsewhere = u128::from_le_bytes([elsewhere; 16]) & !point;
            halves(elsewhere | u128::from_le_bytes([at_point; 16]) & point).into()
        };
        let widen = places.wrapping_sub(decimals.unwrap_or(0)) as usize;
        Self {
            decimals: decimals.unwrap_or(0),
            least: decimals.map_or(1, |decimals| decimals.max(1).wrapping_add(1)) as usize,
            codes: of(b'0', b'.'),
            // Ten plus 0x76 is 0x80, and so is one plus 0x7F.
            checks: of(0x76, 0x7F),
            whole: !(point | fraction),
            fraction,
            unit: POWERS.get(widen).copied().unwrap_or(0),
            limit: POWERS.get(18_usize.wrapping_sub(widen)).copied().unwrap_or(0),
        }
    }

    /// The digits of the last `length` bytes and whether they are negative; `None` if they have another shape.
    #[inline(always)]
    fn digits(&self, bytes: &[u8], length: usize) -> Option<(bool, u128)> {
        // Nothing stands there if the text is empty or `length` is more than there is.
        let negative = *bytes.get(bytes.len().wrapping_sub(length))? == b'-';
        // The text has a first byte, so without a sign it is not shorter than nothing.
        let length = length.wrapping_sub(usize::from(negative));
        let mask = *LAST.get(length)?;
        let (low, high) = halves(last_sixteen(bytes));
        let [code_low, code_high] = self.codes;
        let text = join(low ^ code_low, high ^ code_high) & mask;
        let (low, high) = halves(text);
        let [check_low, check_high] = self.checks;
        // A byte of 0x80 or more is a fault itself; without one no byte of a sum is above 0xFF, so none carries.
        let faults = low | high | low.wrapping_add(check_low) | high.wrapping_add(check_high);
        if faults & u64::from_le_bytes([0x80; 8]) != 0 || length < self.least {
            return None;
        }
        // The digits before the point move one byte up, over it.
        Some((negative, text & self.fraction | (text & self.whole) << 8))
    }

    /// The value of the last `length` bytes in minor units; `None` if they have another shape or are too long.
    #[inline(always)]
    pub(super) fn value(&self, bytes: &[u8], length: usize) -> Option<i64> {
        let (negative, digits) = self.digits(bytes, length)?;
        let magnitude = sixteen(digits);
        (magnitude < self.limit).then(|| signed(negative, magnitude.wrapping_mul(self.unit)))
    }

    /// The decimals of the last `length` bytes; `None` if they have another shape.
    #[inline(always)]
    pub(super) fn decimals(&self, bytes: &[u8], length: usize) -> Option<u32> {
        self.digits(bytes, length).map(|_| self.decimals)
    }
}

/// The number that sixteen digits make, below ten to the 16th.
#[inline(always)]
const fn sixteen(digits: u128) -> u64 {
    let (low, high) = halves(digits);
    number(low).wrapping_mul(100_000_000).wrapping_add(number(high))
}

/// A value of a sign and a magnitude of at most 18 digits.
#[inline(always)]
pub(super) fn signed(negative: bool, magnitude: u64) -> i64 {
    // Minus one turns all bits and subtracts itself, which is the negative; zero leaves all as it is.
    let sign = i64::from(negative).wrapping_neg();
    (magnitude.cast_signed() ^ sign).wrapping_sub(sign)
}

/// The number of the 1 to 3 digits that a text of 17 to 19 bytes has before its last sixteen.
#[inline]
fn head(bytes: &[u8], length: usize) -> Option<u64> {
    let count = length.wrapping_sub(16);
    if count > 3 {
        return None;
    }
    let digits = bytes.get(bytes.len().checked_sub(length)?..)?.get(..count)?;
    digits.iter().try_fold(0_u64, |sum, byte| {
        // At most 999.
        byte.is_ascii_digit().then(|| sum.wrapping_mul(10).wrapping_add(u64::from(byte.wrapping_sub(b'0'))))
    })
}

/// The last sixteen bytes; whatever, where there are less, before them.
#[inline(always)]
fn last_sixteen(bytes: &[u8]) -> u128 {
    match bytes.last_chunk::<16>() {
        Some(window) => u128::from_le_bytes(*window),
        None => less_than_sixteen(bytes),
    }
}

/// Less than sixteen bytes as the highest of a word: two loads that overlap instead of a loop.
#[inline]
fn less_than_sixteen(bytes: &[u8]) -> u128 {
    // The first bytes of the text stand so many bits above the word's lowest: 8 to 128, 64 to 96 in the cases that
    // have fewer. Where the two loads overlap, they hold the same bytes in the same places.
    let below = 128_usize.wrapping_sub(bytes.len().wrapping_mul(8));
    let shift = u32::try_from(below).unwrap_or(0);
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        u128::from(u64::from_le_bytes(*first)).unbounded_shl(shift) | u128::from(u64::from_le_bytes(*last)) << 64
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        u128::from(u32::from_le_bytes(*first)).unbounded_shl(shift) | u128::from(u32::from_le_bytes(*last)) << 96
    } else {
        bytes.iter().fold(0, |window, byte| window >> 8 | u128::from(*byte) << 120)
    }
}

#[inline(always)]
const fn halves(word: u128) -> (u64, u64) {
    (word as u64, (word >> 64) as u64)
}

#[inline(always)]
const fn join(low: u64, high: u64) -> u128 {
    (low as u128) | (high as u128) << 64
}

/// `ones`, whose bytes are 0 or 1, with `byte` for each 1.
#[inline(always)]
const fn times<const BYTE: u8>(ones: u128) -> u128 {
    // No byte of the product is above 255, so none carries into the next.
    ones.wrapping_mul(BYTE as u128)
}
