//! Eight digits at once: decimal digits in the bytes of a machine word, without branches.
//!
//! The first digit of a text stands in the lowest byte (little-endian order); a digit's byte is its number, 0 to 9,
//! not its ASCII code.

/// Ten to the powers 0 to 18, all that a value has room for.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, where a bad index is a compile error")]
pub(super) const POWERS: [u64; 19] = {
    let mut powers = [1_u64; 19];
    let mut place = 1;
    while place < 19 {
        // Ten to the 18th is below 2^60, so no product wraps.
        powers[place] = powers[place.wrapping_sub(1)].wrapping_mul(10);
        place = place.wrapping_add(1);
    }
    powers
};

/// The number that eight digits make, below ten to the 8th.
#[inline(always)]
pub(super) const fn number(digits: u64) -> u64 {
    // Every second byte becomes a pair, 10 * this + next <= 99, so no byte carries into the one above it.
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    // The pairs p0 p1 p2 p3 stand in the bytes 0, 2, 4 and 6. The upper half of the first product is
    // 1_000_000 * p0 + 100 * p2, that of the second 10_000 * p1 + p3 (the terms above 2^64 fall off); together they
    // are at most 99_999_999. The lower halves, 100 * p0 + p1 <= 9_999, carry nothing into them.
    let outer = (pairs & 0x0000_00FF_0000_00FF).wrapping_mul(100 | (1_000_000 << 32));
    let inner = ((pairs >> 16) & 0x0000_00FF_0000_00FF).wrapping_mul(1 | (10_000 << 32));
    outer.wrapping_add(inner) >> 32
}

/// The eight digits of a number below ten to the 8th.
#[inline(always)]
pub(super) const fn digits(number: u64) -> u64 {
    // Two lanes of 32 bits, each at most 9_999: the first four digits in the lower, the last four in the upper.
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    // 10_486 / 2^20 exceeds 1/100 by less than 1 / (100 * 9_999), so the quotient is exact for every lane. A lane's
    // product is below 2^27, so it stays in its lane; the shift brings bits of the upper lane down to bit 12 and
    // higher, and the mask drops them.
    let hundreds = (fours.wrapping_mul(10_486) >> 20) & 0x0000_007F_0000_007F;
    // Four lanes of 16 bits, each at most 99; no lane of the difference is below zero.
    let pairs = hundreds | (fours.wrapping_sub(hundreds.wrapping_mul(100)) << 16);
    // 103 / 2^10 exceeds 1/10 by less than 1 / (10 * 99). A lane's product is below 2^14, and the shift brings bits
    // of the lane above down to bit 6 and higher.
    let tens = (pairs.wrapping_mul(103) >> 10) & 0x000F_000F_000F_000F;
    tens | (pairs.wrapping_sub(tens.wrapping_mul(10)) << 8)
}

/// A 1 in each byte that is not a digit, 0 in the others.
#[inline(always)]
pub(super) const fn not_digits(bytes: u64) -> u64 {
    const LOW_SEVEN: u64 = u64::from_le_bytes([0x7F; 8]);
    const TO_HIGH_BIT: u64 = u64::from_le_bytes([0x80 - 10; 8]);
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    // Seven bits plus 0x76 are at most 0xF5, so no byte carries; the high bit is set from ten on, or was set before.
    ((((bytes & LOW_SEVEN).wrapping_add(TO_HIGH_BIT)) | bytes) >> 7) & ONES
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]
    use super::*;

    #[test]
    fn digits_and_numbers_of_every_half() {
        // The two halves of a word share no lane, so their pairs need not all be tried.
        for half in 0..10_000_u64 {
            for number_in in [half, half * 10_000, half * 10_000 + 9_999, 99_990_000 + half] {
                let text = format!("{number_in:08}");
                let expected: [u8; 8] = text.as_bytes().try_into().unwrap_or_default();
                assert_eq!(digits(number_in).to_le_bytes(), expected.map(|byte| byte - b'0'));
                assert_eq!(number(digits(number_in)), number_in);
            }
        }
    }

    #[test]
    fn every_byte_that_is_not_a_digit_is_found_beside_any_other() {
        for byte in 0..=u8::MAX {
            for other in [0, 9, 10, 0x7F, 0x80, 0xFF] {
                let bytes = [other, byte, other, byte, byte, other, other, byte];
                assert_eq!(not_digits(u64::from_le_bytes(bytes)).to_le_bytes(), bytes.map(|byte| u8::from(byte > 9)));
            }
        }
    }
}
