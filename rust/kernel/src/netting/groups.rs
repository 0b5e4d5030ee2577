//! The groups of each range: counted first, so that each knows its place, then added up and written.

use super::Output;
use super::blocks::{Row, Sorted};
use super::packed::{Packed, Packing};
use crate::bounds::fits;
use crate::error::{Code, Error};
use crate::exec::Exec;

/// A range has a place for every number in it if there are at most so many for each row.
const PLACES_PER_ROW: u64 = 8;

/// What a group adds up to.
#[derive(Clone, Copy, Debug, Default)]
struct Sums<T> {
    cash_in: T,
    units_out: T,
    count: u64,
}

/// A sum of quantities, wide enough for its range.
trait Sum: Copy + Default + Send + Sync + Into<i128> {
    fn plus(self, quantity: i64) -> Self;
}

impl Sum for i64 {
    #[inline(always)]
    fn plus(self, quantity: i64) -> Self {
        // Chosen only where the number of rows times the largest quantity fits.
        self.wrapping_add(quantity)
    }
}

impl Sum for i128 {
    #[inline(always)]
    fn plus(self, quantity: i64) -> Self {
        // Fewer than 2^64 quantities of less than 2^60.
        self.wrapping_add(quantity.into())
    }
}

impl<T: Sum> Sums<T> {
    #[inline(always)]
    fn add<K>(&mut self, row: &Row<K>) {
        let quantity = row.quantity();
        // Which way an order goes cannot be foretold: both sums are written, one with nothing added.
        let out = 0_i64.wrapping_sub(row.is_out().into());
        self.cash_in = self.cash_in.plus(quantity & !out);
        self.units_out = self.units_out.plus(quantity & out);
        // Rows are fewer than 2^64.
        self.count = self.count.wrapping_add(1);
    }
}

/// The groups of one range.
enum Groups<K> {
    /// The numbers from `low` on, a bit for each that there is.
    Dense { low: K, bits: Vec<u64> },
    /// The groups themselves, ascending, where the numbers lie far apart.
    Sparse(Vec<(K, Sums<i128>)>),
}

impl<K: Packed> Groups<K> {
    fn len(&self) -> usize {
        match self {
            Self::Dense { bits, .. } => {
                bits.iter().fold(0, |sum: usize, word| sum.wrapping_add(word.count_ones() as usize))
            }
            Self::Sparse(groups) => groups.len(),
        }
    }

    fn of(sorted: &Sorted<'_, K>, range: usize, scratch: &mut Vec<Row<K>>, spare: &mut Vec<Row<K>>) -> Self {
        let (mut low, mut high, mut rows) = (None::<K>, K::default(), 0_u64);
        for row in sorted.range(range) {
            low = Some(low.map_or(row.number, |low| low.min(row.number)));
            high = high.max(row.number);
            rows = rows.wrapping_add(1);
        }
        let Some(low) = low else { return Self::Sparse(Vec::new()) };
        let span = high.above(low);
        if span.bits() < u64::BITS && span.bits_from(0) < rows.saturating_mul(PLACES_PER_ROW) {
            let words = (span.bits_from(0) >> 6).wrapping_add(1);
            let mut bits = vec![0_u64; words as usize];
            for row in sorted.range(range) {
                let place = row.number.above(low).bits_from(0);
                if let Some(word) = bits.get_mut((place >> 6) as usize) {
                    *word |= 1 << (place & 63);
                }
            }
            return Self::Dense { low, bits };
        }
        scratch.clear();
        scratch.extend(sorted.range(range));
        sort(scratch, spare, span, low);
        let mut groups: Vec<(K, Sums<i128>)> = Vec::new();
        for row in scratch.iter() {
            match groups.last_mut() {
                Some((number, sums)) if *number == row.number => sums.add(row),
                _ => {
                    let mut sums = Sums::default();
                    sums.add(row);
                    groups.push((row.number, sums));
                }
            }
        }
        Self::Sparse(groups)
    }
}

/// Sorts rows by number, eight bits at a time from the lowest; bits that are alike in all rows cost nothing.
fn sort<K: Packed>(rows: &mut Vec<Row<K>>, spare: &mut Vec<Row<K>>, span: K, low: K) {
    spare.clear();
    spare.resize(rows.len(), Row::default());
    for shift in (0..span.bits()).step_by(8) {
        let digit = |row: &Row<K>| (row.number.above(low).bits_from(shift) & 255) as usize;
        let mut places = [0_usize; 256];
        for row in rows.iter() {
            if let Some(count) = places.get_mut(digit(row)) {
                *count = count.wrapping_add(1);
            }
        }
        if places.contains(&rows.len()) {
            continue;
        }
        let mut start = 0_usize;
        for place in &mut places {
            let count = std::mem::replace(place, start);
            start = start.wrapping_add(count);
        }
        for row in rows.iter() {
            if let Some(place) = places.get_mut(digit(row)) {
                if let Some(to) = spare.get_mut(*place) {
                    *to = *row;
                }
                *place = place.wrapping_add(1);
            }
        }
        std::mem::swap(rows, spare);
    }
}

/// All groups, range by range.
pub(super) struct Grouped<'a, K> {
    sorted: Sorted<'a, K>,
    ranges: Vec<Groups<K>>,
    len: usize,
}

/// A worker's memory: the sums of a range by place.
#[derive(Default)]
struct Places {
    narrow: Vec<Sums<i64>>,
    wide: Vec<Sums<i128>>,
}

impl<'a, K: Packed> Grouped<'a, K> {
    pub(super) fn of(exec: &Exec<'_>, sorted: Sorted<'a, K>) -> Result<Self, Error> {
        let mut ranges: Vec<Groups<K>> = Vec::new();
        ranges.resize_with(sorted.ranges(), || Groups::Sparse(Vec::new()));
        let rows = sorted.rows();
        exec.run(
            rows,
            ranges.iter_mut(),
            || (Vec::new(), Vec::new()),
            |(scratch, spare), range, groups| {
                *groups = Groups::of(&sorted, range, scratch, spare);
                Ok(())
            },
        )?;
        let len = ranges.iter().fold(0, |sum: usize, groups| sum.wrapping_add(groups.len()));
        Ok(Self { sorted, ranges, len })
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn write(&self, exec: &Exec<'_>, packing: &Packing, output: Output<'_>) -> Result<(), Error> {
        let mut parts = Vec::with_capacity(self.ranges.len());
        let (mut rest, mut first) = (output, 0_usize);
        for groups in &self.ranges {
            let rows = groups.len();
            let (own, after) = rest.split(rows);
            parts.push((first, groups, own));
            rest = after;
            first = first.wrapping_add(rows);
        }
        exec.run(self.sorted.rows(), parts.into_iter(), Places::default, |places, range, (first, groups, output)| {
            match groups {
                Groups::Sparse(groups) => {
                    let found = groups.iter().map(|&(number, sums)| (number, sums));
                    write(packing, first, found, output)
                }
                Groups::Dense { low, bits } => {
                    let rows = self.sorted.rows_in(range);
                    // Each sum is below the number of rows times the largest quantity.
                    if self.sorted.quantity_bits.wrapping_add(rows.bits()) < i64::BITS {
                        self.write_dense(packing, range, first, (*low, bits), &mut places.narrow, output)
                    } else {
                        self.write_dense(packing, range, first, (*low, bits), &mut places.wide, output)
                    }
                }
            }
        })?;
        Ok(())
    }

    fn write_dense<T: Sum>(
        &self,
        packing: &Packing,
        range: usize,
        first: usize,
        (low, bits): (K, &[u64]),
        places: &mut Vec<Sums<T>>,
        output: Output<'_>,
    ) -> Result<(), Error> {
        places.clear();
        places.resize(bits.len().saturating_mul(64), Sums::default());
        for row in self.sorted.range(range) {
            if let Some(sums) = places.get_mut(row.number.above(low).bits_from(0) as usize) {
                sums.add(&row);
            }
        }
        let present = places.iter().zip(0_u64..).filter(|(sums, _)| sums.count != 0);
        write(packing, first, present.map(|(&sums, place)| (low.plus(place), sums)), output)
    }
}

/// Writes groups, the first of which has this number.
fn write<K: Packed, T: Sum>(
    packing: &Packing,
    first: usize,
    groups: impl Iterator<Item = (K, Sums<T>)>,
    mut output: Output<'_>,
) -> Result<(), Error> {
    let sums = output.cash_in.iter_mut().zip(output.units_out.iter_mut()).zip(output.count.iter_mut());
    for ((((cash_in, units_out), count), (number, sums)), place) in sums.zip(groups).zip(0_usize..) {
        let (cash, units): (i128, i128) = (sums.cash_in.into(), sums.units_out.into());
        let (Some(cash), Some(units)) = (short(cash), short(units)) else {
            return Err(Error::at(Code::Overflow, first.wrapping_add(place), &[cash, units]));
        };
        (*cash_in, *units_out, *count) = (cash, units, sums.count.cast_signed());
        for (key, identifier) in output.keys.iter_mut().zip(packing.identifiers(number)) {
            if let Some(key) = key.get_mut(place) {
                *key = identifier;
            }
        }
    }
    Ok(())
}

/// A sum of at most 18 digits.
fn short(sum: i128) -> Option<i64> {
    i64::try_from(sum).ok().filter(|&sum| fits(sum))
}
