//! A column of numbers: one value for as long as it is the same everywhere, deltas from where it changes.

use parquet::file::statistics::Statistics;

use super::bits::varint;
use super::delta::Deltas;
use super::sealed::{Buffer, Sealed};

/// The encoder of a column of numbers, for one row group after the other.
#[derive(Debug)]
pub struct Integers {
    is_narrow: bool,
    rows: usize,
    /// What all rows are, as long as there are no deltas.
    constant: i64,
    deltas: Option<Box<Deltas>>,
    body: Buffer,
}

impl Integers {
    /// Of a column of 64 bits, or of one of 32.
    pub fn new(is_narrow: bool) -> Self {
        Self { is_narrow, rows: 0, constant: 0, deltas: None, body: Buffer::default() }
    }

    /// The rows of the row group so far.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Adds values.
    pub fn push(&mut self, values: &[i64]) {
        if self.deltas.is_none() {
            if self.rows == 0
                && let Some(first) = values.first()
            {
                self.constant = *first;
            }
            if !all_are(values, self.constant) {
                self.change();
            }
        }
        self.rows += values.len();
        if let Some(deltas) = &mut self.deltas {
            deltas.push(values, &mut self.body);
        }
    }

    /// Adds one value many times.
    pub fn repeat(&mut self, value: i64, count: usize) {
        if self.deltas.is_none() && count > 0 {
            if self.rows == 0 {
                self.constant = value;
            }
            if value != self.constant {
                self.change();
            }
        }
        self.rows += count;
        if let Some(deltas) = &mut self.deltas {
            deltas.repeat(value, count, &mut self.body);
        }
    }

    /// Goes on in the memory of a column that is in the file by now.
    pub fn reuse(&mut self, memory: Vec<u8>) {
        self.body.reuse(memory);
    }

    /// The memory, for another column.
    pub fn into_memory(self) -> Vec<u8> {
        self.body.into_memory()
    }

    /// Gives the row group's column away and is empty again.
    pub fn seal(&mut self) -> Sealed {
        let rows = std::mem::take(&mut self.rows);
        let mut body = std::mem::take(&mut self.body);
        match self.deltas.take() {
            Some(mut deltas) => {
                let lead = deltas.end(&mut body);
                let statistics = Some(self.statistics(deltas.range()));
                Sealed { rows, dictionary: None, lead, body, statistics }
            }
            None => {
                // One run of the dictionary's only value, whose number has one bit: some readers know no width of none.
                let mut lead = vec![1];
                varint((rows as u64) << 1, &mut lead);
                lead.push(0);
                let width = if self.is_narrow { 4 } else { 8 };
                let dictionary = Some((self.constant.to_le_bytes()[..width].to_vec(), 1));
                let statistics = Some(self.statistics((self.constant, self.constant)));
                Sealed { rows, dictionary, lead, body, statistics }
            }
        }
    }

    /// The end of the constant: its rows become deltas.
    fn change(&mut self) {
        let mut deltas = Box::new(Deltas::new(self.is_narrow));
        deltas.repeat(self.constant, self.rows, &mut self.body);
        self.deltas = Some(deltas);
    }

    fn statistics(&self, (least, greatest): (i64, i64)) -> Statistics {
        if self.is_narrow {
            return Statistics::int32(Some(least as i32), Some(greatest as i32), None, Some(0), false);
        }
        Statistics::int64(Some(least), Some(greatest), None, Some(0), false)
    }
}

/// Whether all values are one; some at a time, so that the compiler compares several at once.
fn all_are(values: &[i64], one: i64) -> bool {
    values.chunks(64).all(|values| values.iter().fold(0, |other, value| other | (value ^ one)) == 0)
}
