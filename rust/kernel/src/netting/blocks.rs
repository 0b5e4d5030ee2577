//! The rows of each block, sorted by the range that their number lies in.

use super::Direction;
use super::columns::{Kinds, Orders, index, on_rows};
use super::packed::{Packed, Packing};
use super::route::Route;
use crate::bounds::{Bounds, first_unfit};
use crate::error::{Code, Error};
use crate::exec::Exec;

/// Rows of a block: enough that each range has a stretch of them worth fetching, few enough for the caches.
const SORTED_ROWS: usize = 1 << 16;

/// One order: its number, and its quantity doubled, plus one if it is of units that go out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Row<K> {
    pub number: K,
    amount: i64,
}

impl<K> Row<K> {
    /// The quantity.
    #[inline(always)]
    pub(super) const fn quantity(&self) -> i64 {
        self.amount >> 1
    }

    /// Whether units go out.
    #[inline(always)]
    pub(super) const fn is_out(&self) -> bool {
        self.amount & 1 == 1
    }
}

/// A block of rows, those of each range together.
struct Block<K> {
    rows: Vec<Row<K>>,
    /// Where each range starts, and the end of the last.
    starts: Vec<u32>,
}

/// All rows, block by block.
pub(super) struct Sorted<K> {
    blocks: Vec<Block<K>>,
    ranges: usize,
    /// All quantities are below two to the power of this.
    pub quantity_bits: u32,
}

/// A worker's memory.
struct Scratch<K> {
    numbers: Vec<K>,
    amounts: Vec<i64>,
    ranges: Vec<u16>,
    places: Vec<u32>,
    quantity_bits: u32,
}

impl<K: Packed> Sorted<K> {
    pub(super) fn of(exec: &Exec<'_>, orders: &Orders<'_>, packing: &Packing) -> Result<Self, Error> {
        let rows = orders.rows();
        let route = Route::new(rows, |row| packing.row::<K>(orders, row));
        let mut blocks: Vec<Block<K>> = Vec::new();
        blocks.resize_with(rows.div_ceil(SORTED_ROWS), || Block { rows: Vec::new(), starts: Vec::new() });
        let scratches = exec.run(rows, blocks.iter_mut(), Scratch::default, |scratch, index, block| {
            // A block starts before the end of the column.
            let first = index.wrapping_mul(SORTED_ROWS);
            scratch.read(orders, packing, first, rows.saturating_sub(first).min(SORTED_ROWS))?;
            scratch.sort_into(&route, block);
            Ok(())
        })?;
        let quantity_bits = scratches.iter().map(|scratch| scratch.quantity_bits).max().unwrap_or(0);
        Ok(Self { blocks, ranges: route.count(), quantity_bits })
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.blocks.iter().fold(0, |sum: usize, block| sum.wrapping_add(block.rows.len()))
    }

    /// How many ranges there are.
    pub(super) const fn ranges(&self) -> usize {
        self.ranges
    }

    /// The rows of a range.
    #[inline(always)]
    pub(super) fn range(&self, range: usize) -> impl Iterator<Item = &[Row<K>]> {
        self.blocks.iter().map(move |block| {
            let [start, end] =
                [range, range.wrapping_add(1)].map(|place| block.starts.get(place).copied().unwrap_or(0));
            block.rows.get(start as usize..end as usize).unwrap_or_default()
        })
    }
}

impl<K: Packed> Default for Scratch<K> {
    fn default() -> Self {
        Self { numbers: Vec::new(), amounts: Vec::new(), ranges: Vec::new(), places: Vec::new(), quantity_bits: 0 }
    }
}

impl<K: Packed> Scratch<K> {
    /// Numbers and amounts of the rows of a block.
    fn read(&mut self, orders: &Orders<'_>, packing: &Packing, first: usize, rows: usize) -> Result<(), Error> {
        self.numbers.resize(rows, K::default());
        packing.pack(orders, first, &mut self.numbers);
        let quantities = orders.quantity.get(first..).unwrap_or_default();
        let quantities = quantities.get(..rows).unwrap_or(quantities);
        let bounds = Bounds::of(quantities);
        if !bounds.fit()
            && let Some((row, quantity)) = first_unfit(quantities)
        {
            return Err(Error::at(Code::Digits, first.wrapping_add(row), &[quantity.into()]));
        }
        self.quantity_bits = self.quantity_bits.max(bounds.bits());
        self.amounts.clear();
        // Eighteen digits leave room for one bit.
        self.amounts.extend(quantities.iter().map(|quantity| quantity.wrapping_shl(1)));
        let refused = self.read_kinds(&orders.kinds, first);
        if refused && let Some((row, kind)) = first_refused(orders, first, rows) {
            return Err(Error::at(Code::OrderKind, row, &[kind.into()]));
        }
        Ok(())
    }

    /// Marks the amounts that go out; true if a kind is refused.
    fn read_kinds(&mut self, kinds: &Kinds<'_>, first: usize) -> bool {
        on_rows!(kinds.values, rows => self.mark(rows.get(first..).unwrap_or_default(), kinds.directions), kind => {
            let mark = mark_of(index(kind).and_then(|kind| kinds.directions.get(kind)));
            self.amounts.iter_mut().for_each(|amount| *amount |= i64::from(mark & OUT));
            mark & REFUSED != 0
        })
    }

    fn mark<V: Copy + Into<i64>>(&mut self, kinds: &[V], directions: &[Direction]) -> bool {
        // Kinds are nearly always few; a table of bytes spares the loop a lookup of unknown length.
        let mut marks = [REFUSED; 256];
        marks.iter_mut().zip(directions).for_each(|(mark, direction)| *mark = mark_of(Some(direction)));
        let mut union = 0;
        for (amount, &kind) in self.amounts.iter_mut().zip(kinds) {
            let kind = index(kind);
            let mark = match kind.and_then(|kind| marks.get(kind)) {
                Some(&mark) => mark,
                None => mark_of(kind.and_then(|kind| directions.get(kind))),
            };
            *amount |= i64::from(mark & OUT);
            union |= mark;
        }
        union & REFUSED != 0
    }

    /// Puts the rows of each range together.
    fn sort_into(&mut self, route: &Route<K>, block: &mut Block<K>) {
        self.ranges.clear();
        self.ranges.extend(self.numbers.iter().map(|&number| route.range(number)));
        self.places.clear();
        self.places.resize(route.count().wrapping_add(1), 0);
        for &range in &self.ranges {
            if let Some(count) = self.places.get_mut(usize::from(range)) {
                *count = count.wrapping_add(1);
            }
        }
        // A block has fewer than 2^32 rows.
        let mut start = 0_u32;
        for place in &mut self.places {
            let count = std::mem::replace(place, start);
            start = start.wrapping_add(count);
        }
        block.starts.clone_from(&self.places);
        block.rows = vec![Row::default(); self.numbers.len()];
        for ((&number, &amount), &range) in self.numbers.iter().zip(&self.amounts).zip(&self.ranges) {
            if let Some(place) = self.places.get_mut(usize::from(range)) {
                if let Some(row) = block.rows.get_mut(*place as usize) {
                    *row = Row { number, amount };
                }
                *place = place.wrapping_add(1);
            }
        }
    }
}

/// What a direction does to an amount.
const OUT: u8 = 1;
const REFUSED: u8 = 2;

const fn mark_of(direction: Option<&Direction>) -> u8 {
    match direction {
        Some(Direction::CashIn) => 0,
        Some(Direction::UnitsOut) => OUT,
        Some(Direction::Refused) | None => REFUSED,
    }
}

/// The first row of a block whose kind is refused.
fn first_refused(orders: &Orders<'_>, first: usize, rows: usize) -> Option<(usize, i64)> {
    let kinds = orders.kinds;
    let allowed = |kind: i64| mark_of(index(kind).and_then(|kind| kinds.directions.get(kind))) != REFUSED;
    let block = first..first.saturating_add(rows);
    block.map(|row| (row, kinds.values.at(row))).find(|&(_, kind)| !allowed(kind))
}
