//! A block of rows, packed to a few bytes each.
//!
//! Every column is packed by itself: the differences to its smallest value, or to the value before it where it rises,
//! in as many bits as the largest of them has. Times are most often whole seconds, or thousandths of one, and amounts
//! may be whole thousands: differences that all are multiples are counted in these.

use std::iter;

use crate::strands::{Eight, STRANDS, get, pack, unpack, words};

/// What a value that is none is: times that are not known, funds that are not given.
pub const NONE: i64 = i64::MIN;

/// What the words of a column's values are.
const OFFSETS: u64 = 0;
/// Offsets plus one; zero is none.
const OFFSETS_OR_NONE: u64 = 1;
/// Differences to the value before.
const STEPS: u64 = 2;

/// What differences may be counted in.
const UNITS: [u64; 3] = [1, 1_000, 1_000_000];

/// Makes blocks: the number of rows, two words about each column, and the words of its values.
#[derive(Debug, Default)]
pub struct Packer {
    column: Vec<i64>,
    codes: Vec<Eight>,
    words: Vec<u64>,
}

/// How the values of a column are packed.
struct Plan {
    how: u64,
    /// The place of what differences are counted in.
    unit: usize,
    width: usize,
    base: i64,
}

impl Plan {
    fn of(values: &[i64]) -> Self {
        // Two passes without branches, many values at a time.
        let (mut low, mut high, mut any_none) = (i64::MAX, NONE, false);
        for value in values {
            let is_none = *value == NONE;
            any_none |= is_none;
            low = low.min(if is_none { i64::MAX } else { *value });
            high = high.max(*value);
        }
        if any_none && high == NONE {
            return Self { how: OFFSETS, unit: 0, width: 0, base: NONE };
        }
        let unit = unit_of(values, low, high);
        let range = high.abs_diff(low) / UNITS[unit];
        let bits = |value: u64| (u64::BITS - value.leading_zeros()) as usize;
        if any_none {
            return match range.checked_add(1) {
                Some(range) => Self { how: OFFSETS_OR_NONE, unit, width: bits(range), base: low },
                None => Self { how: OFFSETS, unit: 0, width: 64, base: NONE },
            };
        }
        let (mut rises, mut steps) = (true, 0);
        for (before, value) in values.iter().zip(values.get(1..).unwrap_or_default()) {
            rises &= *value >= *before;
            // As many bits as the largest has.
            steps |= value.wrapping_sub(*before).cast_unsigned();
        }
        let steps = steps / UNITS[unit];
        if rises && bits(steps) < bits(range) {
            return Self { how: STEPS, unit, width: bits(steps), base: low };
        }
        Self { how: OFFSETS, unit, width: bits(range), base: low }
    }

    /// What stands for the values.
    fn code(&self, values: &[i64], codes: &mut Vec<Eight>) {
        // Divisions by numbers that are known are multiplications.
        match self.unit {
            0 => self.code_in(values, codes, |difference| difference),
            1 => self.code_in(values, codes, |difference| difference / UNITS[1]),
            _ => self.code_in(values, codes, |difference| difference / UNITS[2]),
        }
    }

    fn code_in(&self, values: &[i64], codes: &mut Vec<Eight>, count: impl Fn(u64) -> u64) {
        codes.clear();
        codes.resize(values.len().div_ceil(STRANDS), Eight::default());
        let codes = codes.as_flattened_mut().iter_mut();
        let difference = |value: i64, before: i64| count(value.wrapping_sub(before).cast_unsigned());
        match self.how {
            STEPS => {
                let befores = iter::once(&self.base).chain(values);
                codes.zip(values).zip(befores).for_each(|((slot, value), before)| *slot = difference(*value, *before));
            }
            OFFSETS_OR_NONE => {
                for (slot, value) in codes.zip(values) {
                    *slot = if *value == NONE { 0 } else { difference(*value, self.base).wrapping_add(1) };
                }
            }
            _ => codes.zip(values).for_each(|(slot, value)| *slot = difference(*value, self.base)),
        }
    }

    /// What a difference that is counted comes to.
    #[inline]
    fn offset(&self, count: u64) -> i64 {
        self.base.wrapping_add(count.wrapping_mul(UNITS[self.unit]).cast_signed())
    }
}

/// The place of the largest unit of which the differences of values to their smallest one are multiples. Most columns
/// have one that is not within the first few.
fn unit_of(values: &[i64], low: i64, high: i64) -> usize {
    let range = high.abs_diff(low);
    let divides = |unit: u64| {
        let is_multiple = |value: &i64| *value == NONE || value.abs_diff(low).is_multiple_of(unit);
        range >= unit && values.iter().all(is_multiple)
    };
    if !divides(UNITS[1]) {
        return 0;
    }
    if divides(UNITS[2]) { 2 } else { 1 }
}

impl Packer {
    /// The words of a block of rows of so many values each.
    pub fn pack(&mut self, rows: &[i64], width: usize) -> &[u64] {
        let Self { column, codes, words: packed } = self;
        packed.clear();
        packed.push((rows.len() / width.max(1)) as u64);
        packed.resize(1 + width * 2, 0);
        for number in 0..width {
            column.clear();
            column.extend(rows.chunks_exact(width).map(|row| row[number]));
            let plan = Plan::of(column);
            let start = packed.len();
            if let Some([about, base]) = packed.get_mut(1 + number * 2..3 + number * 2) {
                *about = plan.how | (plan.unit as u64) << 4 | (plan.width as u64) << 8 | (start as u64) << 16;
                *base = plan.base.cast_unsigned();
            }
            if plan.width > 0 {
                plan.code(column, codes);
                packed.resize(start + words(codes.len(), plan.width), 0);
                pack(plan.width, codes, packed.get_mut(start..).unwrap_or_default());
            }
        }
        packed
    }
}

/// The rows of a block.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'b> {
    words: &'b [u64],
    width: usize,
}

impl<'b> Rows<'b> {
    /// Of the words of a block with so many columns.
    pub(crate) const fn of(words: &'b [u64], width: usize) -> Self {
        Self { words, width }
    }
}

impl Rows<'_> {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.first().map_or(0, |rows| usize::try_from(*rows).unwrap_or_default())
    }

    /// How a column is packed, and where its words begin.
    fn plan(&self, column: usize) -> Option<(Plan, usize)> {
        let [about, base] = self.words.get(1 + column * 2..3 + column * 2).filter(|_| column < self.width)? else {
            return None;
        };
        let plan = Plan {
            how: about & 0xf,
            unit: usize::try_from(about >> 4 & 0xf).unwrap_or_default().min(UNITS.len() - 1),
            width: usize::try_from(about >> 8 & 0xff).unwrap_or_default(),
            base: base.cast_signed(),
        };
        Some((plan, usize::try_from(about >> 16).unwrap_or(usize::MAX)))
    }

    /// The value that a column has in all rows, if it is one.
    #[must_use]
    pub fn constant(&self, column: usize) -> Option<i64> {
        let (plan, _) = self.plan(column)?;
        (plan.width == 0 && plan.how != OFFSETS_OR_NONE).then_some(plan.base)
    }

    /// The values of a column, in place of what the vector has.
    pub fn column(&self, column: usize, out: &mut Vec<i64>) {
        let Some((plan, start)) = self.plan(column) else { return out.clear() };
        let rows = self.count();
        out.resize(rows.next_multiple_of(STRANDS), 0);
        let words = self.words.get(start..).unwrap_or_default();
        let (eights, _) = out.as_chunks_mut::<STRANDS>();
        match plan.how {
            STEPS => {
                unpack(plan.width, words, eights, u64::cast_signed);
                let unit = UNITS[plan.unit].cast_signed();
                let mut value = plan.base;
                for slot in eights.as_flattened_mut() {
                    value = value.wrapping_add(slot.wrapping_mul(unit));
                    *slot = value;
                }
            }
            OFFSETS_OR_NONE => {
                let offset = |code: u64| if code == 0 { NONE } else { plan.offset(code.wrapping_sub(1)) };
                unpack(plan.width, words, eights, offset);
            }
            _ if plan.unit == 0 => unpack(plan.width, words, eights, |code| plan.base.wrapping_add(code.cast_signed())),
            _ => unpack(plan.width, words, eights, |code| plan.offset(code)),
        }
        out.truncate(rows);
    }

    /// The values of a column in some of the rows, in place of what the vector has.
    pub fn some(&self, column: usize, rows: &[usize], out: &mut Vec<i64>) {
        out.clear();
        let Some((plan, start)) = self.plan(column) else { return };
        if plan.how == STEPS {
            // Each value needs all before it.
            self.column(column, out);
            for (place, row) in rows.iter().enumerate() {
                // Rows rise, so that none is overwritten before it is taken.
                out[place] = out[*row];
            }
            return out.truncate(rows.len());
        }
        let words = self.words.get(start..).unwrap_or_default();
        out.extend(rows.iter().map(|row| {
            let code = get(plan.width, words, *row);
            let offset = if plan.how == OFFSETS_OR_NONE { code.checked_sub(1) } else { Some(code) };
            offset.map_or(NONE, |count| plan.offset(count))
        }));
    }
}
