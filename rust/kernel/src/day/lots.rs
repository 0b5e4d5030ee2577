//! The lots of a position: first in, first out for what is redeemed, last in, first out for what negative income takes.
//!
//! What is left of the lots stands in a column of its own beside them, so that a switch can be looked at before it is
//! known whether it is dealt.

use super::types::Lot;
use crate::dealing::LotPart;
use crate::error::Code;
use crate::split::{Key, Split};

/// The parts of lots that so many units come from, first in, first out.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    lots: &'a [Lot],
    left: &'a [i64],
    units: i64,
    /// The date up to which lots are held.
    until: i32,
}

impl<'a> Parts<'a> {
    /// `left` are the units that are left of each lot, and `until` is the date of the confirmation.
    pub const fn new(lots: &'a [Lot], left: &'a [i64], units: i64, until: i32) -> Self {
        Self { lots, left, units, until }
    }
}

impl Iterator for Parts<'_> {
    type Item = LotPart;

    fn next(&mut self) -> Option<LotPart> {
        while self.units > 0 {
            let (lot, lots) = self.lots.split_first()?;
            let (&left, rest) = self.left.split_first()?;
            (self.lots, self.left) = (lots, rest);
            // Lots that are used up stay in their places, and are no part of what is redeemed.
            if left > 0 {
                let units = left.min(self.units);
                self.units = self.units.wrapping_sub(units);
                let held_days = self.until.saturating_sub(lot.confirmed);
                let &Lot { nav, reinvested, rate_paid, .. } = lot;
                return Some(LotPart { units, nav, held_days, reinvested, rate_paid });
            }
        }
        None
    }
}

/// The one part that stands for units of a fund that keeps no lots: nothing it charges depends on a lot.
pub const fn whole(units: i64) -> LotPart {
    LotPart { units, nav: 0, held_days: 0, reinvested: false, rate_paid: 0 }
}

/// Takes units from the lots, first in, first out; the units that the lots do not have.
pub fn take(left: &mut [i64], units: i64) -> i64 {
    take_each(left.iter_mut(), units)
}

/// Takes units from the lots, the youngest first; the units that the lots do not have.
pub fn cut(left: &mut [i64], units: i64) -> i64 {
    take_each(left.iter_mut().rev(), units)
}

fn take_each<'a>(left: impl Iterator<Item = &'a mut i64>, mut units: i64) -> i64 {
    for left in left {
        if units <= 0 {
            break;
        }
        let taken = units.min(*left).max(0);
        // A part of both.
        *left = left.wrapping_sub(taken);
        units = units.wrapping_sub(taken);
    }
    units
}

/// The number of a position's next lot, given its lots so far, used up or not.
pub fn next_number(lots: &[Lot]) -> i64 {
    lots.iter().map(|lot| lot.number).max().unwrap_or(0).saturating_add(1)
}

/// Shares the units that a switch gets over the lots that it consumed, by their units, so that each can keep its date:
/// largest remainder, ties to the earlier. The shares are multiples of the quantum, and those of nothing are zero.
pub fn over_dates(units: i64, quantum: i64, consumed: &[i64]) -> Result<Vec<i64>, Code> {
    // Units are of 18 digits and lots fewer than 2^64, so the sum is far below 2^128.
    let weights = consumed.iter().fold(0_u128, |sum, units| sum.wrapping_add(u128::from(units.unsigned_abs())));
    let total = units.checked_div(quantum).ok_or(Code::DivisionByZero)?;
    let mut split = Split::new(total, weights)?;
    let key = |place| Key { major: place, minor: [0; 3] };
    loop {
        let mut tally = split.tally();
        for (place, &weight) in (0..).zip(consumed) {
            tally.add(weight, || key(place));
        }
        if split.next(tally) {
            break;
        }
    }
    let shares = (0..).zip(consumed).map(|(place, &weight)| split.share(weight, || key(place)));
    shares.map(|share| share.checked_mul(quantum).ok_or(Code::Overflow)).collect()
}
