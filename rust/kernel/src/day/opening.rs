//! The register as a bucket opens it: in order, one row a key, tied to its lots.

use super::bucket::Bucket;
use super::rows::{Rows, by_lot, by_position, lot_to_position};
use super::scatter::Sorter;
use super::types::{Lot, Position};
use crate::error::{Code, Error, Fault};
use crate::terms::Terms;

/// A worker's memory for opening buckets.
#[derive(Default)]
pub(super) struct Opener {
    positions: Sorter<Position>,
    lots: Sorter<Lot>,
}

impl Opener {
    /// Sorts positions and lots, finds each position's lots, and checks what must hold before the day begins.
    pub(super) fn open(&mut self, rows: &Rows<'_>, terms: &Terms, bucket: &mut Bucket) -> Result<(), Error> {
        let Bucket { positions, lots, lot_ranges, .. } = bucket;
        self.positions.sort(positions, |position| (position.account, position.fund), by_position);
        self.lots.sort(lots, |lot| (lot.account, lot.fund), by_lot);
        let at = |fault, position: &Position| {
            let row = rows.position_row(position);
            Error { row, ..Error::whole(Code::Day(fault)) }
        };
        for pair in positions.windows(2) {
            if let [a, b] = pair
                && by_position(a, b).is_eq()
            {
                return Err(at(Fault::DuplicatePosition, a));
            }
        }
        let keeps_lots = |fund: u32| {
            let fund = usize::try_from(fund).ok().and_then(|fund| terms.funds.get(fund))?;
            Some(fund.keeps_lots)
        };
        let has_lots = !lots.is_empty();
        lot_ranges.clear();
        lot_ranges.reserve_exact(if has_lots { positions.len() } else { 0 });
        let mut rest = lots.as_slice();
        let mut first = 0_u32;
        for position in positions.iter() {
            let keeps = keeps_lots(position.fund).ok_or_else(|| at(Fault::PositionFund, position))?;
            let free = position.opening.wrapping_sub(position.frozen).wrapping_sub(position.pending);
            // Three values of 18 digits each cannot leave 64 bits.
            if position.opening < 0 || position.frozen < 0 || position.pending < 0 || free < 0 {
                return Err(at(Fault::Position, position));
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
            let tied = if keeps { units == i128::from(position.opening) } else { count == 0 };
            if !tied {
                return Err(at(Fault::Lots, position));
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
}
