//! A block of rows, packed to a few bytes each.
//!
//! Every column is packed by itself: the differences to its smallest value, or to the value before it where it rises,
//! in as many bits as the largest of them has.

use crate::bits::{LANE, get, pack, unpack};

/// What a value that is none is: times that are not known, funds that are not given.
pub const NONE: i64 = i64::MIN;

/// What the words of a column's values are.
const OFFSETS: u64 = 0;
/// Offsets plus one; zero is none.
const OFFSETS_OR_NONE: u64 = 1;
/// Differences to the value before.
const STEPS: u64 = 2;

/// Makes blocks: the number of rows, two words about each column, and the words of its values.
#[derive(Debug, Default)]
pub struct Packer {
    column: Vec<i64>,
    words: Vec<u64>,
}

/// How the values of a column are packed.
struct Plan {
    how: u64,
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
            return Self { how: OFFSETS, width: 0, base: NONE };
        }
        let range = high.abs_diff(low);
        let bits = |value: u64| (u64::BITS - value.leading_zeros()) as usize;
        if any_none {
            return match range.checked_add(1) {
                Some(range) => Self { how: OFFSETS_OR_NONE, width: bits(range), base: low },
                None => Self { how: OFFSETS, width: LANE, base: NONE },
            };
        }
        let (mut rises, mut steps) = (true, 0);
        for (before, value) in values.iter().zip(values.get(1..).unwrap_or_default()) {
            rises &= *value >= *before;
            // As many bits as the largest has.
            steps |= value.wrapping_sub(*before).cast_unsigned();
        }
        if rises && bits(steps) < bits(range) {
            return Self { how: STEPS, width: bits(steps), base: low };
        }
        Self { how: OFFSETS, width: bits(range), base: low }
    }

    /// What stands for the values of a lane, of which `before` is the value before.
    #[inline]
    fn code(&self, values: &[i64], before: i64, lane: &mut [u64; LANE]) {
        let offset = |value: i64| value.wrapping_sub(self.base).cast_unsigned();
        let values = values.iter();
        match self.how {
            STEPS => {
                let mut before = before;
                for (slot, value) in lane.iter_mut().zip(values) {
                    *slot = value.wrapping_sub(before).cast_unsigned();
                    before = *value;
                }
            }
            OFFSETS_OR_NONE => {
                for (slot, value) in lane.iter_mut().zip(values) {
                    *slot = if *value == NONE { 0 } else { offset(*value).wrapping_add(1) };
                }
            }
            _ => lane.iter_mut().zip(values).for_each(|(slot, value)| *slot = offset(*value)),
        }
    }
}

impl Packer {
    /// The words of a block of rows of so many values each.
    pub fn pack(&mut self, rows: &[i64], width: usize) -> &[u64] {
        let Self { column, words } = self;
        words.clear();
        words.push((rows.len() / width.max(1)) as u64);
        words.resize(1 + width * 2, 0);
        for number in 0..width {
            column.clear();
            column.extend(rows.chunks_exact(width).map(|row| row[number]));
            let plan = Plan::of(column);
            let start = words.len();
            if let Some([about, base]) = words.get_mut(1 + number * 2..3 + number * 2) {
                *about = plan.how | (plan.width as u64) << 8 | (start as u64) << 16;
                *base = plan.base.cast_unsigned();
            }
            words.resize(start + column.len().div_ceil(LANE) * plan.width, 0);
            let mut before = plan.base;
            let mut out = words.get_mut(start..).unwrap_or_default();
            for values in column.chunks(LANE) {
                let mut lane = [0; LANE];
                plan.code(values, before, &mut lane);
                before = values.last().copied().unwrap_or(before);
                let (words, rest) = out.split_at_mut(plan.width.min(out.len()));
                pack(plan.width, &lane, words);
                out = rest;
            }
        }
        words
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
            how: about & 0xff,
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
        out.clear();
        let Some((plan, start)) = self.plan(column) else { return };
        let rows = self.count();
        out.resize(rows, plan.base);
        if plan.width == 0 && plan.how != OFFSETS_OR_NONE {
            return;
        }
        let mut words = self.words.get(start..).unwrap_or_default();
        let mut before = plan.base;
        let mut lane = [0; LANE];
        for out in out.chunks_mut(LANE) {
            let (mine, rest) = words.split_at(plan.width.min(words.len()));
            words = rest;
            unpack(plan.width, mine, &mut lane);
            let values = out.iter_mut().zip(&lane);
            match plan.how {
                STEPS => values.for_each(|(out, step)| {
                    before = before.wrapping_add(step.cast_signed());
                    *out = before;
                }),
                OFFSETS_OR_NONE => values.for_each(|(out, offset)| {
                    *out = offset.checked_sub(1).map_or(NONE, |offset| plan.base.wrapping_add(offset.cast_signed()));
                }),
                _ => values.for_each(|(out, offset)| *out = plan.base.wrapping_add(offset.cast_signed())),
            }
        }
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
            offset.map_or(NONE, |offset| plan.base.wrapping_add(offset.cast_signed()))
        }));
    }
}
