//! Sums that rows add to in no order, packed so that those of many funds stay in a core's second-level cache.

use std::mem;

/// Eight sums that share a line of the caches. Their values are below 2^63, and so are the sums as long as they stay
/// here: those that grow beyond it are handed back, to be added to wider ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(align(64))]
pub(super) struct Line([i64; 8]);

impl Line {
    /// Adds values; if a sum would not fit any more, what all were before, instead of which the values stand there now.
    #[inline(always)]
    pub(super) fn add(&mut self, values: [i64; 8]) -> Option<[i64; 8]> {
        let over = self.0.iter().zip(&values).fold(0, |over, (before, value)| {
            let sum = before.wrapping_add(*value);
            // Below zero where both have a sign that the sum has not.
            over | ((sum ^ before) & (sum ^ value))
        });
        if over < 0 {
            return Some(self.replace(&values));
        }
        self.0.iter_mut().zip(&values).for_each(|(sum, value)| *sum = sum.wrapping_add(*value));
        None
    }

    #[cold]
    #[inline(never)]
    const fn replace(&mut self, values: &[i64; 8]) -> [i64; 8] {
        mem::replace(&mut self.0, *values)
    }

    /// The sums, which are zero from now on.
    pub(super) fn take(&mut self) -> [i64; 8] {
        mem::take(&mut self.0)
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use crate::arithmetic::naive::draw;

    #[test]
    fn nothing_is_lost_however_large_the_values() {
        let mut draw = draw(5);
        for bits in [8, 50, 60, 63] {
            let (mut line, mut wide, mut wanted, mut returns) = (Line::default(), [0_i128; 8], [0_i128; 8], 0);
            let mut add = |values: [i64; 8]| {
                wide.iter_mut().zip(values).for_each(|(sum, value)| *sum += i128::from(value));
            };
            for _ in 0..1_000 {
                let values = [0; 8].map(|_: i64| draw().cast_signed() >> (63 - bits));
                wanted.iter_mut().zip(values).for_each(|(sum, value)| *sum += i128::from(value));
                if let Some(before) = line.add(values) {
                    assert!(before.iter().zip(values).any(|(a, b)| a.checked_add(b).is_none()));
                    add(before);
                    returns += 1;
                }
            }
            add(line.take());
            assert_eq!((wide, line), (wanted, Line::default()));
            assert_eq!(returns > 0, bits > 50, "{bits} {returns}");
        }
    }
}
