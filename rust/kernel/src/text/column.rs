//! Columns of text, block by block over threads.

use std::ops::Range;

use crate::error::{Code, Error};
use crate::exec::{BLOCK_ROWS, Exec};
use crate::rounding::Rounding;
use crate::scale::{DIGITS, MAX_MINOR, POISON, Scale};
use crate::text::format::{Layout, WINDOW, put};
use crate::text::parse::{Parser, decimals_of_last};
use crate::text::short::Shape;
use crate::text::{Syntax, TextError};

/// A column of texts, however it is stored.
pub trait Texts: Sync {
    /// The number of rows.
    fn len(&self) -> usize;

    /// Whether there are no rows.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text of a row, or `None` if it is null (or there is no such row).
    fn get(&self, row: usize) -> Option<&[u8]>;

    /// The text of a row as the last bytes of a longer piece of the column, and the text's own length.
    ///
    /// Where texts stand one behind the other, the piece is the buffer from its beginning to the text's end: the
    /// parser then loads a fixed number of bytes without asking how long the text is. What stands before the text
    /// has no influence on its value.
    #[inline]
    fn get_last(&self, row: usize) -> Option<(&[u8], usize)> {
        self.get(row).map(|text| (text, text.len()))
    }
}

/// Parses every row into minor units of a scale. The operand of an error is the position in the row's text.
///
/// After an error other than [`Code::Cancelled`] every value of `out` is [`POISON`]: nothing half-written can be taken
/// for a result.
pub fn parse_column(
    exec: &Exec<'_>,
    texts: &impl Texts,
    syntax: Syntax,
    scale: Scale,
    rounding: Rounding,
    out: &mut [i64],
) -> Result<(), Error> {
    let parser = Parser::new(syntax, scale, rounding);
    let result = if out.len() == texts.len() {
        let blocks = out.chunks_mut(BLOCK_ROWS);
        exec.run(texts.len(), blocks, || (), |(), block, out| parse_block(&parser, texts, block, out)).map(drop)
    } else {
        Err(Error::whole(Code::Law))
    };
    result.inspect_err(|error| error.spoil(out, POISON))
}

fn parse_block(parser: &Parser, texts: &impl Texts, block: usize, out: &mut [i64]) -> Result<(), Error> {
    let first = first_row(block);
    let (bytes, length) = texts.get_last(first).unwrap_or_default();
    let shape = parser.shape_of(bytes, length);
    for (row, value) in (first..).zip(out) {
        let Some((bytes, length)) = texts.get_last(row) else { return Err(Error::at(Code::Null, row, &[])) };
        *value = match shape.value(bytes, length) {
            Some(value) => value,
            None => parser.parse_last(bytes, length).map_err(|error| at(row, error))?,
        };
    }
    Ok(())
}

/// The smallest scale that takes every row without losing a digit: the most decimals that any row writes, trailing
/// zeros and all. For no rows it is 0.
///
/// Where a row writes more than 18 decimals, it is 18: what comes after them may be zeros, and if it is not, parsing
/// the row says which digit would be lost.
pub fn decimals_column(exec: &Exec<'_>, texts: &impl Texts, syntax: Syntax) -> Result<Scale, Error> {
    let rows = texts.len();
    let blocks = (0..rows).step_by(BLOCK_ROWS);
    let work = |most: &mut u32, _, first| {
        *most = decimals_block(texts, syntax, first..rows.min(first.saturating_add(BLOCK_ROWS)))?.max(*most);
        Ok(())
    };
    let most = exec.run(rows, blocks, || 0, work)?;
    let most = most.into_iter().max().unwrap_or(0);
    Ok(u8::try_from(most).ok().and_then(Scale::new).unwrap_or(Scale::MAX))
}

fn decimals_block(texts: &impl Texts, syntax: Syntax, rows: Range<usize>) -> Result<u32, Error> {
    let (bytes, length) = texts.get_last(rows.start).unwrap_or_default();
    let shape = Shape::of(bytes, length, DIGITS);
    let mut most = 0;
    for row in rows {
        let Some((bytes, length)) = texts.get_last(row) else { return Err(Error::at(Code::Null, row, &[])) };
        let decimals = match shape.decimals(bytes, length) {
            Some(decimals) => decimals,
            None => decimals_of_last(bytes, length, syntax).map_err(|error| at(row, error))?,
        };
        most = decimals.max(most);
    }
    Ok(most)
}

/// A column as text: row `i` is the bytes from `offsets[i]` to `offsets[i + 1]`, all of them ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormattedText {
    /// Where each row begins, and at last where the last one ends.
    pub offsets: Vec<i64>,
    /// The texts, one behind the other.
    pub bytes: Vec<u8>,
}

/// Formats every row, into memory of its own.
pub fn format_column(exec: &Exec<'_>, values: &[i64], scale: Scale) -> Result<FormattedText, Error> {
    let column = Formatter::measure(exec, values, scale)?;
    let mut offsets = vec![0; values.len().saturating_add(1)];
    let mut bytes = vec![0; column.byte_length()];
    column.write(exec, &mut offsets, &mut bytes)?;
    Ok(FormattedText { offsets, bytes })
}

/// A column about to be formatted: its texts are measured, so that the caller can provide the memory for them.
pub struct Formatter<'a> {
    values: &'a [i64],
    layout: &'static Layout,
    /// The length of each row's text.
    lengths: Vec<u8>,
    blocks: Vec<Measure>,
}

/// What is known of a block of rows once it is measured.
#[derive(Clone, Copy, Default)]
struct Measure {
    /// How many bytes its texts take.
    bytes: usize,
    /// How many words of digits are enough for its values.
    words: usize,
}

impl<'a> Formatter<'a> {
    /// Measures the texts of all rows.
    pub fn measure(exec: &Exec<'_>, values: &'a [i64], scale: Scale) -> Result<Self, Error> {
        let layout = Layout::of(scale);
        let mut lengths = vec![0; values.len()];
        let mut blocks = vec![Measure::default(); values.len().div_ceil(BLOCK_ROWS)];
        let tasks = values.chunks(BLOCK_ROWS).zip(lengths.chunks_mut(BLOCK_ROWS)).zip(&mut blocks);
        exec.run(
            values.len(),
            tasks,
            || (),
            |(), block, ((values, lengths), measure)| {
                *measure = measure_block(layout, block, values, lengths)?;
                Ok(())
            },
        )?;
        Ok(Self { values, layout, lengths, blocks })
    }

    /// How many bytes the texts of all rows take.
    pub fn byte_length(&self) -> usize {
        // A row has at most 21 bytes, and no memory holds 2^64 / 21 rows.
        self.blocks.iter().fold(0, |sum, block| sum.wrapping_add(block.bytes))
    }

    /// Writes the texts one behind the other, and where each begins: one offset more than there are rows, the last
    /// being [`Self::byte_length`].
    ///
    /// If another thread has changed values since they were measured, their texts are torn. They still are in their
    /// places, and every byte is ASCII if it was before (zeros are).
    pub fn write(&self, exec: &Exec<'_>, offsets: &mut [i64], bytes: &mut [u8]) -> Result<(), Error> {
        let law = || Error::whole(Code::Law);
        let (zero, ends) = offsets.split_first_mut().ok_or_else(law)?;
        if ends.len() != self.values.len() || bytes.len() != self.byte_length() {
            return Err(law());
        }
        *zero = 0;
        let rows = self.values.chunks(BLOCK_ROWS).zip(self.lengths.chunks(BLOCK_ROWS));
        let rows = rows.zip(ends.chunks_mut(BLOCK_ROWS)).zip(&self.blocks);
        let (mut start, mut rest) = (0_usize, bytes);
        let mut blocks = Vec::with_capacity(self.blocks.len());
        for (((values, lengths), ends), measure) in rows {
            let (bytes, after) = rest.split_at_mut_checked(measure.bytes).ok_or_else(law)?;
            blocks.push((measure.words, Block { values, lengths, start, ends, bytes }));
            // At most the length of `bytes`.
            start = start.wrapping_add(measure.bytes);
            rest = after;
        }
        let write = |(): &mut (), _, (words, block): (usize, Block<'_>)| {
            match words {
                1 => block.write::<1>(self.layout),
                2 => block.write::<2>(self.layout),
                _ => block.write::<3>(self.layout),
            }
            Ok(())
        };
        exec.run(self.values.len(), blocks.into_iter(), || (), write).map(drop)
    }
}

fn measure_block(layout: &Layout, block: usize, values: &[i64], lengths: &mut [u8]) -> Result<Measure, Error> {
    let (mut bytes, mut largest) = (0_usize, 0);
    for (&value, length) in values.iter().zip(lengths) {
        largest = value.unsigned_abs().max(largest);
        // At most 21, so neither the byte nor the sum over the block's rows wraps.
        let text = layout.length(value);
        *length = text as u8;
        bytes = bytes.wrapping_add(text);
    }
    if largest > MAX_MINOR.unsigned_abs() {
        let wide = |value: &i64| value.unsigned_abs() > MAX_MINOR.unsigned_abs();
        // If another thread has changed the value since, the block's first row is named.
        let first = first_row(block);
        let (row, value) = (first..).zip(values).find(|(_, value)| wide(value)).unwrap_or((first, &0));
        return Err(Error::at(Code::Digits, row, &[i128::from(*value)]));
    }
    Ok(Measure { bytes, words: layout.words(largest) })
}

/// Some rows and the place of their texts.
struct Block<'a> {
    values: &'a [i64],
    lengths: &'a [u8],
    /// The offset of the first row's text, which is the first of `bytes`.
    start: usize,
    ends: &'a mut [i64],
    bytes: &'a mut [u8],
}

impl Block<'_> {
    /// Writes the rows from the last to the first, each with the zeros that the window has before it: they fall on
    /// the rows before, which are written later. So every store has a fixed size, wherever a row begins.
    fn write<const WORDS: usize>(self, layout: &Layout) {
        let mut end = self.bytes.len();
        for ((value, length), slot) in self.values.iter().zip(self.lengths).zip(self.ends).rev() {
            // The lengths add up to that of the bytes, all of which are in memory.
            *slot = self.start.wrapping_add(end) as i64;
            let begin = end.wrapping_sub(usize::from(*length));
            write_row::<WORDS>(layout, *value, self.bytes, begin, end);
            end = begin;
        }
    }
}

/// Writes a text that ends at `end`, over up to 24 bytes before it; its sign at `begin`.
#[inline(always)]
fn write_row<const WORDS: usize>(layout: &Layout, value: i64, bytes: &mut [u8], begin: usize, end: usize) {
    let Some((before, _)) = bytes.split_at_mut_checked(end) else { return };
    let window = layout.window::<WORDS>(value.unsigned_abs());
    match before.last_chunk_mut() {
        Some(place) => put::<WORDS>(place, window),
        // The first rows of a block have less than a window before their end.
        None => {
            let mut text = [0; WINDOW];
            put::<3>(&mut text, window);
            for (byte, code) in before.iter_mut().rev().zip(text.iter().rev()) {
                *byte = *code;
            }
        }
    }
    if let Some(first) = before.get_mut(begin) {
        // Before a negative value's digits the window has a zero. No branch: the signs of a column are hard to guess.
        // Only where a value has been torn can there be another byte, and it has to stay ASCII.
        *first = first.wrapping_sub((b'0' - b'-').wrapping_mul(u8::from(value < 0))) & 0x7F;
    }
}

/// The first row of a block.
const fn first_row(block: usize) -> usize {
    // Blocks are counted from zero over rows that are in memory.
    block.wrapping_mul(BLOCK_ROWS)
}

/// A text's error as the error of its row.
#[cold]
fn at(row: usize, error: TextError) -> Error {
    Error::at(error.code, row, &[i128::try_from(error.position).unwrap_or(i128::MAX)])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
    use super::*;

    /// Values that another thread has changed since they were measured.
    #[test]
    fn torn_values_stay_ascii_and_in_their_places() {
        let layout = Layout::of(Scale::new(2).unwrap());
        for values in [[1, -20, 300], [-MAX_MINOR, i64::MIN, i64::MAX], [-1, 1 << 40, -1 << 30]] {
            for lengths in [[4; 3], [21, 0, 4], [5, 20, 21]] {
                let length: u8 = lengths.iter().sum();
                let (mut ends, mut bytes) = ([0; 3], vec![0; usize::from(length)]);
                let block = Block { values: &values, lengths: &lengths, start: 7, ends: &mut ends, bytes: &mut bytes };
                block.write::<1>(layout);
                let ends_of_lengths = lengths.iter().scan(7, |end, length| {
                    *end += i64::from(*length);
                    Some(*end)
                });
                assert!(ends_of_lengths.eq(ends));
                assert!(bytes.is_ascii());
            }
        }
    }
}
