//! Differences of neighbours, bit-packed in blocks: Parquet's DELTA_BINARY_PACKED.

use super::bits::{LANE, pack, varint, width, zigzag};
use super::sealed::Buffer;

/// Differences that share a smallest one.
pub const BLOCK: usize = 256;

/// Differences that share a width.
pub const MINI: usize = 64;

/// Miniblocks of a block.
const MINIS: usize = BLOCK / MINI;

/// The bytes that a block has at most: the smallest difference, the widths, and 64 bits each.
const BLOCK_BYTES: usize = 10 + MINIS + 8 * BLOCK;

/// An encoder of one page.
#[derive(Debug)]
pub struct Deltas {
    is_narrow: bool,
    rows: usize,
    first: i64,
    last: i64,
    least: i64,
    greatest: i64,
    /// Values that do not make a block yet.
    waiting: [i64; BLOCK],
    held: usize,
}

impl Deltas {
    /// Of a column of 64 bits, or of one of 32, whose differences wrap around at 32 bits.
    pub const fn new(is_narrow: bool) -> Self {
        let (first, last, least, greatest) = (0, 0, i64::MAX, i64::MIN);
        Self { is_narrow, rows: 0, first, last, least, greatest, waiting: [0; BLOCK], held: 0 }
    }

    /// The least and the greatest value.
    pub const fn range(&self) -> (i64, i64) {
        (self.least, self.greatest)
    }

    /// Adds values.
    pub fn push(&mut self, values: &[i64], out: &mut Buffer) {
        let mut values = values;
        if self.rows == 0
            && let Some((first, rest)) = values.split_first()
        {
            self.begin(*first);
            values = rest;
        }
        self.rows += values.len();
        if self.held > 0 {
            let (now, rest) = values.split_at(values.len().min(BLOCK - self.held));
            self.hold(now, out);
            values = rest;
        }
        let (blocks, rest) = values.as_chunks::<BLOCK>();
        for block in blocks {
            self.block(block, BLOCK, out);
        }
        self.hold(rest, out);
    }

    /// Adds one value many times; a block of it costs as little as its bytes.
    pub fn repeat(&mut self, value: i64, count: usize, out: &mut Buffer) {
        let copies = [value; BLOCK];
        let mut count = count;
        // Up to the end of a block, and one more block, behind which all differences are zero.
        let before = count.min((BLOCK - self.held) + BLOCK + 1);
        let mut left = before;
        while left > 0 {
            let now = left.min(BLOCK);
            self.push(&copies[..now], out);
            left -= now;
        }
        count -= before;
        let room = BLOCK - self.held;
        if count > room {
            self.push(&copies[..room], out);
            count -= room;
            let blocks = count / BLOCK;
            let zeroed = blocks * (1 + MINIS);
            out.room(zeroed).fill(0);
            out.advance(zeroed);
            self.rows += blocks * BLOCK;
            count -= blocks * BLOCK;
        }
        self.push(&copies[..count], out);
    }

    /// Ends the page; gives back what stands before its blocks.
    pub fn end(&mut self, out: &mut Buffer) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        if held > 0 {
            let waiting = self.waiting;
            self.block(&waiting, held, out);
        }
        let mut lead = Vec::with_capacity(24);
        for number in [BLOCK as u64, MINIS as u64, self.rows as u64, zigzag(self.first)] {
            varint(number, &mut lead);
        }
        lead
    }

    const fn begin(&mut self, value: i64) {
        (self.first, self.last, self.least, self.greatest) = (value, value, value, value);
        self.rows = 1;
    }

    fn hold(&mut self, values: &[i64], out: &mut Buffer) {
        self.waiting[self.held..self.held + values.len()].copy_from_slice(values);
        self.held += values.len();
        if self.held == BLOCK {
            self.held = 0;
            let waiting = self.waiting;
            self.block(&waiting, BLOCK, out);
        }
    }

    /// Encodes a block of which the first `count` values are valid.
    fn block(&mut self, values: &[i64; BLOCK], count: usize, out: &mut Buffer) {
        let mut deltas = [0_i64; BLOCK];
        let mut before = self.last;
        for (delta, value) in deltas.iter_mut().zip(values) {
            *delta = value.wrapping_sub(before);
            before = *value;
        }
        if self.is_narrow {
            deltas.iter_mut().for_each(|delta| *delta = i64::from(*delta as i32));
        }
        let (deltas_given, deltas_none) = deltas.split_at_mut(count);
        let (least, _) = range(deltas_given);
        deltas_none.fill(least);
        let (low, high) = range(&values[..count]);
        self.least = self.least.min(low);
        self.greatest = self.greatest.max(high);
        self.last = values[count - 1];
        let room = out.room(BLOCK_BYTES);
        let widths = zigzag_into(least, room);
        let mut used = widths + MINIS;
        for (mini, deltas) in deltas.as_chunks::<MINI>().0.iter().enumerate() {
            let offsets = deltas.map(|delta| delta.wrapping_sub(least) as u64);
            let bits = width(offsets.iter().fold(0, |all, offset| all | offset));
            room[widths + mini] = bits as u8;
            for lane in offsets.as_chunks::<LANE>().0 {
                if mini * MINI < count {
                    pack(lane, bits, &mut room[used..]);
                    used += bits * LANE / 8;
                }
            }
        }
        out.advance(used);
    }
}

/// Writes a number of variable length; says how many bytes it has.
fn zigzag_into(value: i64, out: &mut [u8]) -> usize {
    let (mut rest, mut used) = (zigzag(value), 0);
    while rest >= 0x80 {
        out[used] = rest as u8 | 0x80;
        rest >>= 7;
        used += 1;
    }
    out[used] = rest as u8;
    used + 1
}

/// The least and the greatest of values; four of each at a time, which do not wait for one another.
fn range(values: &[i64]) -> (i64, i64) {
    let (mut least, mut greatest) = ([i64::MAX; 4], [i64::MIN; 4]);
    let (fours, rest) = values.as_chunks::<4>();
    for four in fours {
        for ((least, greatest), value) in least.iter_mut().zip(&mut greatest).zip(four) {
            *least = (*least).min(*value);
            *greatest = (*greatest).max(*value);
        }
    }
    let (least, greatest) = (least.iter().chain(rest), greatest.iter().chain(rest));
    (least.copied().fold(i64::MAX, i64::min), greatest.copied().fold(i64::MIN, i64::max))
}
