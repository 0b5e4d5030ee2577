//! Ranges of packed identifiers with about as many rows each, found from a sample.

use super::packed::Packed;

/// Rows in a range: so many sums stay in a core's second-level cache.
const RANGE_ROWS: usize = 1 << 14;

/// The most ranges: a block's rows must not be scattered too thinly.
const MAX_RANGES: usize = 1 << 12;

/// The numbers are cut into slots of equal width, and a range is one slot or several.
const SLOT_BITS: u32 = 14;

/// Rows of the sample.
const SAMPLE_ROWS: usize = 1 << 16;

/// Leads each number to its range.
pub(super) struct Route<K> {
    low: K,
    shift: u32,
    /// The range of each slot; never falling.
    ranges: Vec<u16>,
    count: usize,
}

impl<K: Packed> Route<K> {
    /// A route for so many rows, each of which can be asked for its number.
    pub(super) fn new(rows: usize, number: impl Fn(usize) -> K) -> Self {
        let wanted = rows.div_ceil(RANGE_ROWS).clamp(1, MAX_RANGES);
        let mut ranges = vec![0_u16; 1 << SLOT_BITS];
        if wanted == 1 {
            return Self { low: K::default(), shift: u128::BITS, ranges, count: 1 };
        }
        let stretch = rows.div_ceil(SAMPLE_ROWS).max(1);
        let mut sample: Vec<K> = (0..rows).step_by(stretch).map(number).collect();
        sample.sort_unstable();
        // A few identifiers far from all others do not make the slots wide: they go to the slots at the ends.
        let margin = sample.len() >> 10;
        let low = sample.get(margin).copied().unwrap_or_default();
        let high = sample.iter().rev().nth(margin).copied().unwrap_or_default();
        let shift = high.above(low).bits().saturating_sub(SLOT_BITS);
        let mut route = Self { low, shift, ranges: Vec::new(), count: 1 };
        let mut of_slot = vec![0_usize; 1 << SLOT_BITS];
        for &number in &sample {
            if let Some(count) = of_slot.get_mut(route.slot(number)) {
                *count = count.wrapping_add(1);
            }
        }
        let share = sample.len().div_ceil(wanted);
        let (mut range, mut filled) = (0_u16, 0_usize);
        for (of_range, count) in ranges.iter_mut().zip(of_slot) {
            if filled >= share && usize::from(range) < MAX_RANGES {
                (range, filled) = (range.wrapping_add(1), 0);
            }
            *of_range = range;
            filled = filled.wrapping_add(count);
        }
        route.count = usize::from(range).wrapping_add(1);
        route.ranges = ranges;
        route
    }

    /// How many ranges there are.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    #[inline(always)]
    fn slot(&self, number: K) -> usize {
        const LAST: u64 = (1 << SLOT_BITS) - 1;
        number.above(self.low).bits_from(self.shift).min(LAST) as usize
    }

    /// The range of a number.
    #[inline(always)]
    pub(super) fn range(&self, number: K) -> u16 {
        self.ranges.get(self.slot(number)).copied().unwrap_or(0)
    }
}
