//! A total shared by weights over rows that nobody sees all at once: largest remainder, ties to the smaller key.
//!
//! Each round every row is added to a tally; tallies of parts of the rows are merged in any order, and the next round
//! looks only at the rows that are still undecided. When [`Split::next`] says that all is decided, [`Split::share`]
//! gives each row exactly what [`crate::allocate`] with [`crate::allocate::Policy::LargestRemainder`] gives it, from
//! its weight and key alone. The cut does not depend on how the rows were parted.
//!
//! ```
//! use fundclear_kernel::split::{Key, Split};
//! let rows = [(7, 1), (3, 2)]; // weight and account
//! let key = |major| Key { major, minor: [0; 3] };
//! let mut split = Split::new(5, 10).unwrap();
//! loop {
//!     let mut tally = split.tally();
//!     rows.iter().for_each(|&(weight, account)| tally.add(weight, || key(account)));
//!     if split.next(tally) {
//!         break;
//!     }
//! }
//! let shares: Vec<i64> = rows.iter().map(|&(weight, account)| split.share(weight, || key(account))).collect();
//! assert_eq!(shares, [4, 1]); // 3.5 and 1.5: the tie goes to account 1
//! ```

mod tally;
mod window;

use std::num::NonZeroU128;

use crate::allocate::floor::{Divide, Division};
use crate::error::Code;
use crate::scale::MAX_MINOR;
pub use tally::Tally;
use tally::{Candidate, Seen};
use window::{LAST_LEVEL, Window};

/// Sums of weights are below two to the power of this: more than 2^64 rows of 18 digits.
const WEIGHT_BITS: u32 = 124;

/// What decides among equal remainders: the smaller key gets its unit first. No two rows have one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Looked at first.
    pub major: i64,
    /// Looked at in turn where the major parts are equal.
    pub minor: [i64; 3],
}

/// The last row that gets one of the units that the floors leave over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// What the floor cut off from its share, times the sum of all weights.
    pub remainder: u128,
    /// Its key.
    pub key: Key,
}

/// A total on its way to be shared.
#[derive(Clone, Debug)]
pub struct Split {
    negative: bool,
    magnitude: u64,
    division: Division,
    weights: u128,
    keeps: bool,
    leftover: Option<u64>,
    /// So many rows stand before all that are still undecided.
    before: u64,
    window: Window,
    cut: Option<Limit>,
}

/// The cut in the terms of the division, so that a share needs no exact remainder.
#[derive(Clone, Copy, Debug)]
struct Limit {
    cut: Cut,
    /// The least and the largest fraction that stand for its remainder.
    fractions: (u128, u128),
}

impl Split {
    /// Shares `total`, in quanta and signed, by weights that add up to `weights`.
    ///
    /// # Errors
    /// [`Code::Digits`] for a total of more than 18 digits, [`Code::ZeroWeights`] if there is no weight for a total
    /// that is not zero, [`Code::Overflow`] for a sum of weights beyond 2^124.
    pub fn new(total: i64, weights: u128) -> Result<Self, Code> {
        Self::prepare(total, weights, false)
    }

    /// The same without giving out what the floors leave over: see [`Split::leftover`].
    ///
    /// # Errors
    /// As [`Split::new`].
    pub fn keep(total: i64, weights: u128) -> Result<Self, Code> {
        Self::prepare(total, weights, true)
    }

    fn prepare(total: i64, weights: u128, keeps: bool) -> Result<Self, Code> {
        let magnitude = total.unsigned_abs();
        if magnitude > MAX_MINOR.unsigned_abs() {
            return Err(Code::Digits);
        }
        if weights >> WEIGHT_BITS != 0 {
            return Err(Code::Overflow);
        }
        if weights == 0 && total != 0 {
            return Err(Code::ZeroWeights);
        }
        // Without weights nothing is shared, and any divisor will do.
        let divisor = NonZeroU128::new(weights).unwrap_or(NonZeroU128::MIN);
        Ok(Self {
            negative: total < 0,
            magnitude,
            division: Division::new(magnitude, divisor),
            weights: divisor.get(),
            keeps,
            leftover: None,
            before: 0,
            window: Window::of_remainders(divisor),
            cut: None,
        })
    }

    /// An empty tally for this round.
    pub fn tally(&self) -> Tally {
        Tally::new(self.division, self.weights, self.window)
    }

    /// Goes on from the merged tallies of a round, and says whether all is decided.
    ///
    /// If the rows are not those of the weights' sum, or two of them have one key, the shares may not add up to the
    /// total: whoever shares proves the sum.
    pub fn next(&mut self, merged: Tally) -> bool {
        let floors = merged.floors();
        let units = *self.leftover.get_or_insert(self.magnitude.saturating_sub(floors));
        if units == 0 || self.keeps {
            return true;
        }
        // Rows before the window are fewer than the units, or the window would lie before them.
        let wanted = units.saturating_sub(self.before);
        match merged.into_seen() {
            Seen::Rows(mut rows) => {
                self.decide(&mut rows, wanted);
                true
            }
            Seen::Bins(bins) => {
                let mut before = 0_u64;
                for bin in &bins.bins {
                    // Rows are fewer than 2^64.
                    let through = before.wrapping_add(bin.count);
                    if through >= wanted {
                        self.before = self.before.wrapping_add(before);
                        return self.look_closer(bins.span_of(bin), bin.count, bins.majors);
                    }
                    before = through;
                }
                // Fewer rows than units: they are not those of the sum.
                true
            }
        }
    }

    /// The row at the cut is the one in the place `wanted`, counted from one.
    fn decide(&mut self, rows: &mut [Candidate], wanted: u64) {
        let place = usize::try_from(wanted).ok().and_then(|wanted| wanted.checked_sub(1));
        let Some(place) = place.filter(|&place| place < rows.len()) else { return };
        let (_, &mut last, _) = rows.select_nth_unstable(place);
        self.cut_at(last);
    }

    fn cut_at(&mut self, last: Candidate) {
        let remainder = last.remainder(self.weights);
        let fractions = fractions(self.division, remainder);
        self.cut = Some(Limit { cut: Cut { remainder, key: last.key }, fractions });
    }

    /// Narrows the window to a part of it that holds the cut. True if all its rows are alike.
    fn look_closer(&mut self, part: (u128, u128), count: u64, majors: (i64, i64)) -> bool {
        let window = self.window.narrowed(part, count);
        if !window.is_single() || window.collects() {
            self.window = window;
            return false;
        }
        if window.level() < LAST_LEVEL {
            self.window = window.next_level(majors);
            return false;
        }
        self.cut_at(window.only());
        true
    }

    /// The share of a row, signed like the total. Before all is decided only the floor.
    #[inline]
    pub fn share(&self, weight: i64, key: impl FnOnce() -> Key) -> i64 {
        let (floor, fraction) = split(self.division, weight);
        let unit = self.cut.as_ref().is_some_and(|limit| {
            fraction > limit.fractions.1 || (fraction >= limit.fractions.0 && key() <= limit.cut.key)
        });
        // At most the total, which has 18 digits; so the sign cannot wrap either.
        let magnitude = floor.wrapping_add(u64::from(unit)).cast_signed();
        if self.negative { magnitude.wrapping_neg() } else { magnitude }
    }

    /// The last row that gets a unit more than its floor, once all is decided; none if no row does.
    pub fn cut(&self) -> Option<Cut> {
        self.cut.map(|limit| limit.cut)
    }

    /// What the floors leave over, signed like the total, once all is decided: given out one by one, or kept.
    pub fn leftover(&self) -> i64 {
        // At most the total.
        let leftover = self.leftover.unwrap_or(0).cast_signed();
        if self.negative { leftover.wrapping_neg() } else { leftover }
    }
}

/// Floor and fraction of a row.
#[inline(always)]
fn split(division: Division, weight: i64) -> (u64, u128) {
    let weight = weight.max(0).cast_unsigned();
    match division {
        Division::Below(divide) => {
            let (floor, fraction) = divide.split(weight);
            (floor, fraction.into())
        }
        Division::Above(divide) => {
            let (floor, fraction) = divide.split(weight);
            (floor, fraction.into())
        }
        Division::Wide(divide) => divide.split(weight),
    }
}

/// Floor and remainder of a row.
#[inline(always)]
fn split_exactly(division: Division, weight: i64) -> (u64, u128) {
    let weight = weight.max(0).cast_unsigned();
    match division {
        Division::Below(divide) => {
            let (floor, fraction) = divide.split(weight);
            (floor, divide.remainder(fraction).into())
        }
        Division::Above(divide) => {
            let (floor, fraction) = divide.split(weight);
            (floor, divide.remainder(fraction).into())
        }
        Division::Wide(divide) => divide.split(weight),
    }
}

/// The least and the largest fraction that stand for a remainder below the sum of the weights.
#[expect(clippy::cast_possible_truncation, reason = "a remainder of a narrow division is below 2^63")]
fn fractions(division: Division, remainder: u128) -> (u128, u128) {
    let widened = |(least, largest): (u64, u64)| (u128::from(least), u128::from(largest));
    match division {
        Division::Below(divide) => widened(divide.fractions(remainder as u64)),
        Division::Above(divide) => widened(divide.fractions(remainder as u64)),
        Division::Wide(divide) => divide.fractions(remainder),
    }
}

#[cfg(test)]
mod tests;
