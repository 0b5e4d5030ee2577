//! Values of one width, each beginning where the one before it ends.

/// Values that are unpacked together.
pub const LANE: usize = 64;

/// The bytes of a lane of the largest width.
const MOST: usize = LANE * 8;

/// Bytes that may be read beyond the first one of a value.
const BEYOND: usize = 8;

/// Unpacks as many values as a lane has; zeros stand for bytes that are not there.
pub fn unpack(bytes: &[u8], width: usize, out: &mut [u64; LANE]) {
    let mut room = [0; MOST + BEYOND];
    let given = bytes.len().min(MOST);
    if let Some((room, bytes)) = room.get_mut(..given).zip(bytes.get(..given)) {
        room.copy_from_slice(bytes);
    }
    if width == 0 {
        return out.fill(0);
    }
    let mask = u64::MAX >> LANE.saturating_sub(width);
    for (number, value) in out.iter_mut().enumerate() {
        let first = number * width;
        let (byte, used) = (first / 8 % MOST, first % 8);
        let mut eight = [0; 8];
        eight.copy_from_slice(&room[byte..byte + 8]);
        let low = u64::from_le_bytes(eight) >> used;
        // The ninth byte has what the eight do not reach; nothing of the widths that they always hold.
        let high = if width > 57 { u64::from(room[byte + BEYOND]) << 1 << (63 - used) } else { 0 };
        *value = (low | high) & mask;
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_width_are_where_their_bits_are() {
        let mut seed = 7_u64;
        for width in 0..=LANE {
            let mut bytes = vec![0_u8; width * 8];
            let values = [0; LANE].map(|_: u64| {
                seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
                (seed ^ (seed >> 29)) & u64::MAX.checked_shr(64 - width as u32).unwrap_or(0)
            });
            for (number, value) in values.iter().enumerate() {
                for bit in (0..width).filter(|bit| value >> bit & 1 == 1) {
                    let place = number * width + bit;
                    bytes[place / 8] |= 1 << (place % 8);
                }
            }
            let mut back = [1; LANE];
            unpack(&bytes, width, &mut back);
            assert_eq!(back, values, "{width}");
            let half = bytes.len() / 2;
            unpack(&bytes[..half], width, &mut back);
            assert_eq!(back[..LANE / 2], values[..LANE / 2], "{width}");
            assert!(back[LANE / 2..].iter().all(|value| *value == 0), "{width}");
        }
    }
}
