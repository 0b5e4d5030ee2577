//! The register as a bucket opens it: in order, one row a key, tied to its lots.

use super::bucket::Bucket;
use super::rows::{by_lot, by_position, lot_to_position};
use super::scatter::Sorter;
use super::types::{Lot, Position};
use crate::error::{Code, Error, Fault};
use crate::terms::{Fund, Terms};

/// Who knows where a position came from, for the message of a failure.
pub(super) trait Origins {
    /// The row of a position in the table that it came in.
    fn row_of(&self, position: &Position) -> Option<usize>;
}

/// A worker's memory for opening buckets.
#[derive(Default)]
pub(super) struct Opener {
    positions: Sorter<Position>,
    lots: Sorter<Lot>,
}

impl Opener {
    /// Sorts positions and lots, finds each position's lots, and checks what must hold before the day begins.
    pub(super) fn open(&mut self, origins: &impl Origins, terms: &Terms, bucket: &mut Bucket) -> Result<(), Error> {
        self.positions.sort(&mut bucket.positions, |position| (position.account, position.fund), by_position);
        self.lots.sort(&mut bucket.lots, |lot| (lot.account, lot.fund), by_lot);
        tie(origins, terms, bucket).map_err(|error| {
            // The lots of a position whose fund is unknown find no position either, but it is the fund that is wrong.
            let stray = bucket.positions.iter().find(|position| fund_of(terms, position.fund).is_none());
            stray.map_or(error, |position| at(origins, Fault::PositionFund, position))
        })
    }
}

/// Finds each position's lots, and checks that they are its units.
fn tie(origins: &impl Origins, terms: &Terms, bucket: &mut Bucket) -> Result<(), Error> {
    let Bucket { positions, lots, lot_ranges, .. } = bucket;
    for pair in positions.windows(2) {
        if let [a, b] = pair
            && by_position(a, b).is_eq()
        {
            return Err(at(origins, Fault::DuplicatePosition, a));
        }
    }
    let has_lots = !lots.is_empty();
    lot_ranges.clear();
    lot_ranges.reserve_exact(if has_lots { positions.len() } else { 0 });
    let mut rest = lots.as_slice();
    let mut first = 0_u32;
    for position in positions.iter() {
        let fund = fund_of(terms, position.fund).ok_or_else(|| at(origins, Fault::PositionFund, position))?;
        if !is_sound(position, fund.unit_quantum) {
            return Err(at(origins, Fault::Position, position));
        }
        if rest.first().is_some_and(|lot| lot_to_position(lot, position).is_lt()) {
            return Err(Error::whole(Code::Day(Fault::Lots)));
        }
        let own = rest.iter().take_while(|lot| lot_to_position(lot, position).is_eq());
        let (count, units) = own.fold((0_u32, 0_i128), |(count, units), lot| {
            // A lot below zero makes the sum too small to be anyone's units: 2^64 lots of 18 digits fit.
            let units = if lot.units < 0 { i128::MIN >> 1 } else { units.wrapping_add(i128::from(lot.units)) };
            (count.wrapping_add(1), units)
        });
        let tied = if fund.keeps_lots { units == i128::from(position.opening) } else { count == 0 };
        if !tied {
            return Err(at(origins, Fault::Lots, position));
        }
        if has_lots {
            // A bucket has fewer than 2^32 lots.
            let end = first.wrapping_add(count);
            lot_ranges.push(first..end);
            first = end;
            rest = rest.get(usize::try_from(count).unwrap_or(usize::MAX)..).unwrap_or_default();
        }
    }
    if rest.is_empty() { Ok(()) } else { Err(Error::whole(Code::Day(Fault::Lots))) }
}

fn at(origins: &impl Origins, fault: Fault, position: &Position) -> Error {
    let account = i128::from(position.account);
    Error { row: origins.row_of(position), operands: vec![account], ..Error::whole(Code::Day(fault)) }
}

fn fund_of(terms: &Terms, fund: u32) -> Option<&Fund> {
    usize::try_from(fund).ok().and_then(|fund| terms.funds.get(fund))
}

/// Whether units are whole quanta, none below zero, and those that are frozen or pending a part of all.
fn is_sound(position: &Position, quantum: i64) -> bool {
    let Position { opening, frozen, pending, entitled, .. } = *position;
    // Two values of 18 digits each do not leave 64 bits.
    let bound = frozen.wrapping_add(pending);
    let whole = |units: i64| quantum == 1 || units.checked_rem(quantum) == Some(0);
    let units = [opening, frozen, pending, entitled];
    bound <= opening && units.into_iter().all(|units| units >= 0 && whole(units))
}

#[cfg(test)]
mod tests {
    use super::super::hand_made::position;
    use super::*;

    #[test]
    fn units_are_whole_quanta_and_what_is_bound_is_a_part_of_them() {
        let whole = position(1, 0, 100);
        assert!(is_sound(&Position { frozen: 60, pending: 40, ..whole }, 10));
        assert!(is_sound(&Position { frozen: 61, pending: 39, ..whole }, 1));
        for broken in [
            Position { frozen: 61, pending: 39, ..whole },
            Position { frozen: 60, pending: 50, ..whole },
            Position { frozen: -10, ..whole },
            Position { pending: -10, ..whole },
            Position { entitled: -10, ..whole },
            Position { entitled: 5, ..whole },
            position(1, 0, -10),
        ] {
            assert!(!is_sound(&broken, 10), "{broken:?}");
        }
    }
}
