//! A column chunk as it goes to the file, and the buffer that it grows in.

use parquet::file::statistics::Statistics;

use super::header::{Coding, data_page, dictionary_page};
use crate::error::Error;

/// Bytes that grow; the memory behind them was set once, whatever is in it now.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    used: usize,
}

impl Buffer {
    /// So many bytes behind what there is, to be written over; `advance` keeps those that were.
    pub fn room(&mut self, count: usize) -> &mut [u8] {
        let end = self.used + count;
        if self.bytes.len() < end {
            self.bytes.resize(end.max(2 * self.bytes.len()), 0);
        }
        &mut self.bytes[self.used..end]
    }

    /// Keeps so many of the bytes that were written into `room`.
    pub const fn advance(&mut self, count: usize) {
        self.used += count;
    }

    /// Puts bytes behind what there is.
    pub fn put(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
        self.advance(bytes.len());
    }

    /// What was put.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.used]
    }

    /// Goes on in other memory if that is more than what there is.
    pub fn reuse(&mut self, memory: Vec<u8>) {
        if memory.len() > self.bytes.len() {
            let before = std::mem::replace(&mut self.bytes, memory);
            self.bytes[..self.used].copy_from_slice(&before[..self.used]);
        }
    }

    /// The memory, for another buffer.
    pub fn into_memory(self) -> Vec<u8> {
        self.bytes
    }
}

/// The column of a row group, encoded: a dictionary or none, and one page of data in two parts.
#[derive(Debug)]
pub struct Sealed {
    /// The rows.
    pub rows: usize,
    /// The values of the dictionary and how many they are; a page without one holds deltas.
    pub dictionary: Option<(Vec<u8>, usize)>,
    /// What is known last and stands first in the page.
    pub lead: Vec<u8>,
    /// The rest of the page.
    pub body: Buffer,
    /// The least and the greatest value, where they are not too long.
    pub statistics: Option<Statistics>,
}

impl Sealed {
    /// How the page of data is encoded.
    pub const fn coding(&self) -> Coding {
        if self.dictionary.is_some() { Coding::Codes } else { Coding::Deltas }
    }

    /// The headers of the dictionary, if there is one, and of the page of data.
    pub fn heads(&self) -> Result<(Option<Vec<u8>>, Vec<u8>), Error> {
        let dictionary = match &self.dictionary {
            Some((values, entries)) => Some(dictionary_page(values, *entries)?),
            None => None,
        };
        Ok((dictionary, data_page([&self.lead, self.body.bytes()], self.rows, self.coding())?))
    }
}

/// The format counts with 31 bits.
pub fn oversized(size: usize) -> Error {
    Error::Content(format!("a page of Parquet cannot hold {size} bytes"))
}
