//! The rows of each block, sorted by the range that their number lies in.

use std::marker::PhantomData;

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
    pub amount: i64,
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

/// Memory for the rows: the caller's, which may lie on huge pages, or the kernel's own.
enum Store<'a> {
    Lent(&'a mut [i64]),
    Own(Vec<i64>),
}

impl Store<'_> {
    fn values(&mut self) -> &mut [i64] {
        match self {
            Self::Lent(values) => values,
            Self::Own(values) => values,
        }
    }

    fn read(&self) -> &[i64] {
        match self {
            Self::Lent(values) => values,
            Self::Own(values) => values,
        }
    }
}

/// All rows, block by block, those of each range together.
pub(super) struct Sorted<'a, K> {
    store: Store<'a>,
    /// Where in each block each range starts, and the end of the last.
    starts: Vec<Vec<u32>>,
    rows: usize,
    ranges: usize,
    /// All quantities are below two to the power of this.
    pub quantity_bits: u32,
    numbers: PhantomData<K>,
}

/// A worker's memory.
struct Scratch<K> {
    numbers: Vec<K>,
    amounts: Vec<i64>,
    ranges: Vec<u16>,
    places: Vec<u32>,
    quantity_bits: u32,
}

impl<'a, K: Packed> Sorted<'a, K> {
    /// Sorts the orders into `lent`, or, where that is too short for them, into memory of its own.
    pub(super) fn of(
        exec: &Exec<'_>,
        orders: &Orders<'_>,
        packing: &Packing,
        lent: &'a mut [i64],
    ) -> Result<Self, Error> {
        let rows = orders.rows();
        let route = Route::new(rows, |row| packing.row::<K>(orders, row));
        let wanted = rows.saturating_mul(K::WORDS);
        let mut store = if lent.len() < wanted { Store::Own(vec![0; wanted]) } else { Store::Lent(lent) };
        let mut starts = vec![Vec::new(); rows.div_ceil(SORTED_ROWS)];
        let blocks = store.values().chunks_mut(SORTED_ROWS.saturating_mul(K::WORDS)).zip(&mut starts);
        let scratches = exec.run(rows, blocks, Scratch::default, |scratch, index, (stored, starts)| {
            // A block starts before the end of the column.
            let first = index.wrapping_mul(SORTED_ROWS);
            scratch.read(orders, packing, first, rows.saturating_sub(first).min(SORTED_ROWS))?;
            scratch.sort_into(&route, K::stored_mut(stored), starts);
            Ok(())
        })?;
        let quantity_bits = scratches.iter().map(|scratch: &Scratch<K>| scratch.quantity_bits).max().unwrap_or(0);
        Ok(Self { store, starts, rows, ranges: route.count(), quantity_bits, numbers: PhantomData })
    }

    /// How many rows there are.
    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    /// How many ranges there are.
    pub(super) const fn ranges(&self) -> usize {
        self.ranges
    }

    /// The rows of a range.
    #[inline(always)]
    pub(super) fn range(&self, range: usize) -> impl Iterator<Item = Row<K>> {
        self.stretches(range).flatten().map(K::load)
    }

    /// How many rows a range has.
    pub(super) fn rows_in(&self, range: usize) -> u64 {
        self.stretches(range).fold(0, |sum: u64, rows| sum.wrapping_add(rows.len() as u64))
    }

    /// The rows of a range, block by block.
    #[inline(always)]
    fn stretches(&self, range: usize) -> impl Iterator<Item = &[K::Stored]> {
        let blocks = self.store.read().chunks(SORTED_ROWS.saturating_mul(K::WORDS));
        blocks.zip(&self.starts).map(move |(stored, starts)| {
            let [start, end] = [range, range.wrapping_add(1)].map(|place| starts.get(place).copied().unwrap_or(0));
            K::stored(stored).get(start as usize..end as usize).unwrap_or_default()
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
    fn sort_into(&mut self, route: &Route<K>, stored: &mut [K::Stored], starts: &mut Vec<u32>) {
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
        starts.clone_from(&self.places);
        for ((&number, &amount), &range) in self.numbers.iter().zip(&self.amounts).zip(&self.ranges) {
            if let Some(place) = self.places.get_mut(usize::from(range)) {
                if let Some(row) = stored.get_mut(*place as usize) {
                    *row = number.store(amount);
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
