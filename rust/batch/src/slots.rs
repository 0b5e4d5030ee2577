//! Numbers of texts by their hashes: slots of half a hash and a number each, so that a text that is looked for is
//! hardly ever compared with another one.

use fundclear_kernel::day::fingerprint::text_hash;

/// A table of numbers.
#[derive(Debug, Default)]
pub struct Slots {
    /// Half a hash above, a number plus one below; zero is none. A power of two of them, or none at all.
    slots: Vec<u64>,
}

/// The half of a text's hash that stands in its slot.
#[inline]
#[must_use]
pub fn half(text: &[u8]) -> u32 {
    let hash = text_hash(text);
    u32::try_from((hash ^ hash >> 32) & u64::from(u32::MAX)).unwrap_or_default()
}

/// The slots that are right for so many numbers: two thirds of them taken at most.
#[must_use]
pub fn wanted(numbers: usize) -> usize {
    (numbers.saturating_mul(3) / 2).checked_next_power_of_two().unwrap_or(usize::MAX)
}

impl Slots {
    /// Of so many slots, a power of two.
    #[must_use]
    pub fn new(slots: usize) -> Self {
        Self { slots: vec![0; slots] }
    }

    /// The bytes that it takes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.slots.len() * 8
    }

    /// How many slots there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    fn home(&self, half: u32) -> usize {
        usize::try_from(half).unwrap_or_default() & self.slots.len().wrapping_sub(1)
    }

    /// The number with this half of a hash that is the one.
    #[inline]
    pub fn find(&self, half: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mut place = self.home(half);
        loop {
            let slot = *self.slots.get(place)?;
            if slot == 0 {
                return None;
            }
            if slot >> 32 == u64::from(half) {
                // At most 2^32 numbers and one.
                let number = u32::try_from((slot & u64::from(u32::MAX)).wrapping_sub(1)).unwrap_or_default();
                if is_it(number) {
                    return Some(number);
                }
            }
            place = (place + 1) & (self.slots.len() - 1);
        }
    }

    /// Adds a number that is not there; a slot must be free.
    pub fn add(&mut self, half: u32, number: u32) {
        self.put(u64::from(half) << 32 | (u64::from(number) + 1));
    }

    /// Moves all numbers into so many slots.
    pub fn grow(&mut self, slots: usize) {
        let before = std::mem::replace(&mut self.slots, vec![0; slots]);
        before.into_iter().filter(|slot| *slot != 0).for_each(|slot| self.put(slot));
    }

    fn put(&mut self, slot: u64) {
        let mut place = self.home(u32::try_from(slot >> 32).unwrap_or_default());
        while self.slots.get(place).is_some_and(|taken| *taken != 0) {
            place = (place + 1) & (self.slots.len() - 1);
        }
        if let Some(free) = self.slots.get_mut(place) {
            *free = slot;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_among_others_of_its_hash() {
        let mut slots = Slots::new(4);
        for (half, number) in [(7, 0), (7, 1), (3, 2)] {
            slots.add(half, number);
        }
        for _ in 0..2 {
            assert_eq!(slots.find(7, |number| number == 1), Some(1));
            assert_eq!(slots.find(3, |number| number == 2), Some(2));
            assert_eq!((slots.find(7, |_| false), slots.find(11, |_| true)), (None, None));
            slots.grow(16);
        }
        assert_eq!(Slots::default().find(0, |_| true), None);
        assert_eq!([0, 1, 2, 3, 6].map(wanted), [1, 1, 4, 4, 16]);
    }
}
