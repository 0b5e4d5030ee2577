//! The rows that are still undecided, as a range of one of the numbers by which rows are ordered.

use std::num::NonZeroU128;

use super::Key;
use super::tally::Candidate;

/// Levels: the distance of the remainder from the largest possible one, then the four parts of the key.
pub(super) const LAST_LEVEL: usize = 4;

/// So many undecided rows are collected instead of counted: some ten megabytes over all workers.
const COLLECTED_ROWS: u64 = 1 << 17;

/// The undecided rows: at the levels before this one they all have the fixed numbers; at this one, a number in a
/// range. The order of the rows is that of the numbers, level by level, the smallest first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    level: usize,
    fixed: Candidate,
    low: u128,
    span: u128,
    collects: bool,
}

impl Window {
    /// All rows with a remainder. One of zero never gets a unit: the remainders sum to the leftover times the divisor
    /// and each is below the divisor, so more rows than there are leftover units have one above zero.
    pub(super) fn of_remainders(weights: NonZeroU128) -> Self {
        // Places run from zero, for a remainder one below the sum of the weights, to that sum less two.
        let span = weights.get().saturating_sub(2);
        Self { level: 0, fixed: Candidate::default(), low: 0, span, collects: false }
    }

    pub(super) const fn level(&self) -> usize {
        self.level
    }

    pub(super) const fn low(&self) -> u128 {
        self.low
    }

    pub(super) const fn span(&self) -> u128 {
        self.span
    }

    pub(super) const fn collects(&self) -> bool {
        self.collects
    }

    /// Whether all rows of the window have one number at its level.
    pub(super) const fn is_single(&self) -> bool {
        self.span == 0
    }

    /// The part of the window from one number to another, which holds so many rows.
    pub(super) const fn narrowed(self, (low, high): (u128, u128), count: u64) -> Self {
        Self { low, span: high.wrapping_sub(low), collects: count <= COLLECTED_ROWS, ..self }
    }

    /// The rows of a window of one number, by their numbers at the next level.
    pub(super) fn next_level(self, majors: (i64, i64)) -> Self {
        let level = self.level.wrapping_add(1);
        let (least, largest) = if self.level == 0 { majors } else { (i64::MIN, i64::MAX) };
        let low = ordered(least);
        // The largest is not below the least, unless no row was seen.
        let span = ordered(largest).saturating_sub(low);
        Self { level, fixed: self.only(), low, span, collects: false }
    }

    /// The row that the fixed numbers and the only one at this level make.
    pub(super) fn only(&self) -> Candidate {
        let mut only = self.fixed;
        match self.level.checked_sub(1) {
            None => only.place = self.low,
            Some(0) => only.key.major = signed(self.low),
            Some(part) => {
                if let Some(minor) = only.key.minor.get_mut(part.wrapping_sub(1)) {
                    *minor = signed(self.low);
                }
            }
        }
        only
    }

    /// How far into the window a row stands; none if it is not in it.
    pub(super) fn offset(&self, row: &Candidate) -> Option<u128> {
        if self.level == 0 {
            return self.offset_of_place(row.place);
        }
        if self.is_tied(row.place) { self.offset_of_key(&row.key) } else { None }
    }

    /// The same for a window of remainders.
    #[inline(always)]
    pub(super) fn offset_of_place(&self, place: u128) -> Option<u128> {
        // A smaller number wraps to a distance above any span, for numbers and spans are below 2^127.
        Some(place.wrapping_sub(self.low)).filter(|&offset| offset <= self.span)
    }

    /// Whether a row has the one remainder of a window of keys.
    #[inline(always)]
    pub(super) const fn is_tied(&self, place: u128) -> bool {
        place == self.fixed.place
    }

    fn offset_of_key(&self, key: &Key) -> Option<u128> {
        let fixed = &self.fixed.key;
        let mut parts = [(key.major, fixed.major), (0, 0), (0, 0), (0, 0)];
        for (part, both) in parts.iter_mut().skip(1).zip(key.minor.into_iter().zip(fixed.minor)) {
            *part = both;
        }
        let part = self.level.wrapping_sub(1);
        if parts.iter().take(part).any(|(own, fixed)| own != fixed) {
            return None;
        }
        let own = parts.get(part)?.0;
        Some(ordered(own).wrapping_sub(self.low)).filter(|&offset| offset <= self.span)
    }
}

/// A part of a key as a number in the same order.
const fn ordered(part: i64) -> u128 {
    (part.cast_unsigned() ^ (1 << 63)) as u128
}

/// The part of a key that a number stands for.
#[expect(clippy::cast_possible_truncation, reason = "the number was made from 64 bits")]
const fn signed(ordered: u128) -> i64 {
    (ordered as u64 ^ (1 << 63)).cast_signed()
}
