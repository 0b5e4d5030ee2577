//! A column of texts: those that occur once each, in the order of their first row, and their numbers.

use parquet::data_type::ByteArray;
use parquet::file::statistics::Statistics;

use super::bits::{LANE, pack, varint, width};
use super::sealed::{Buffer, Sealed, oversized};
use crate::error::Error;

/// Marks a text that the row group does not have yet.
const ABSENT: u32 = u32::MAX;

/// Texts that are longer say nothing in the statistics, which every reader of the file loads.
const STATISTICS_BYTES: usize = 64;

/// The encoder of a column of texts, for one row group after the other.
#[derive(Debug)]
pub struct Texts {
    rows: usize,
    /// By number in the table's dictionary: the number in the row group's.
    places: Vec<u32>,
    /// By number in the row group's dictionary: the number in the table's.
    seen: Vec<u32>,
    /// The rows by number in the row group's dictionary, as soon as it has two texts.
    codes: Vec<u32>,
    body: Buffer,
}

impl Texts {
    /// Of a dictionary of so many texts, in the memory of another column.
    pub fn new(texts: usize, codes: Vec<u32>) -> Self {
        let mut codes = codes;
        codes.clear();
        Self { rows: 0, places: vec![ABSENT; texts], seen: Vec::new(), codes, body: Buffer::default() }
    }

    /// The table's dictionary has so many texts by now.
    pub fn make_room(&mut self, texts: usize) {
        self.places.resize(texts, ABSENT);
    }

    /// Goes on in the memory of a column that is in the file by now.
    pub fn reuse(&mut self, memory: Vec<u8>) {
        self.body.reuse(memory);
    }

    /// The memory, for another column.
    pub fn into_memory(self) -> (Vec<u8>, Vec<u32>) {
        (self.body.into_memory(), self.codes)
    }

    /// The rows of the row group so far.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Adds rows by their numbers in the table's dictionary.
    pub fn push(&mut self, numbers: &[u32]) -> Result<(), Error> {
        let mut numbers = numbers;
        if self.seen.len() < 2 {
            let first = self.seen.first().or(numbers.first()).copied();
            let same = numbers.iter().take_while(|number| Some(**number) == first).count();
            if let (Some(first), true) = (first, same > 0) {
                self.place(first)?;
            }
            self.rows += same;
            numbers = &numbers[same..];
            match numbers.first() {
                Some(other) => self.place(*other)?,
                None => return Ok(()),
            };
            self.codes.resize(self.rows, 0);
        }
        self.rows += numbers.len();
        let before = self.codes.len();
        let places = &self.places;
        self.codes.extend(numbers.iter().map(|number| places.get(*number as usize).copied().unwrap_or(ABSENT)));
        // Most rows have a text that the row group has already.
        if self.codes[before..].contains(&ABSENT) {
            for (row, number) in (before..).zip(numbers) {
                self.codes[row] = self.place(*number)?;
            }
        }
        Ok(())
    }

    /// Adds one text many times.
    pub fn repeat(&mut self, number: u32, count: usize) -> Result<(), Error> {
        if count == 0 {
            return Ok(());
        }
        let code = self.place(number)?;
        if self.seen.len() > 1 {
            self.codes.resize(self.rows, 0);
            self.codes.resize(self.rows + count, code);
        }
        self.rows += count;
        Ok(())
    }

    /// Gives the row group's column away and is empty again.
    pub fn seal(&mut self, texts: &[String]) -> Result<Sealed, Error> {
        let entries: Vec<&str> =
            self.seen.iter().filter_map(|number| texts.get(*number as usize)).map(String::as_str).collect();
        let mut values = Vec::with_capacity(entries.iter().map(|text| 4 + text.len()).sum());
        for text in &entries {
            values.extend(u32::try_from(text.len()).map_err(|_| oversized(text.len()))?.to_le_bytes());
            values.extend_from_slice(text.as_bytes());
        }
        let statistics = statistics(&entries);
        // A number has one bit at least: some readers know no width of none.
        let bits = width(entries.len().saturating_sub(1) as u64).max(1);
        let mut lead = vec![bits as u8];
        let mut body = std::mem::take(&mut self.body);
        if entries.len() > 1 {
            encode(&self.codes, bits, &mut body);
        } else {
            run(0, self.rows, bits, &mut lead);
        }
        let dictionary = Some((values, entries.len()));
        for number in self.seen.drain(..) {
            self.places[number as usize] = ABSENT;
        }
        self.codes.clear();
        Ok(Sealed { rows: std::mem::take(&mut self.rows), dictionary, lead, body, statistics })
    }

    /// The number in the row group's dictionary, which has the text from now on.
    fn place(&mut self, number: u32) -> Result<u32, Error> {
        let Some(place) = self.places.get_mut(number as usize) else {
            return Err(Error::Content(format!("there is no text of number {number}")));
        };
        if *place == ABSENT {
            *place = self.seen.len() as u32;
            self.seen.push(number);
        }
        Ok(*place)
    }
}

fn statistics(entries: &[&str]) -> Option<Statistics> {
    let (least, greatest) = (entries.iter().min()?, entries.iter().max()?);
    let is_short = least.len().max(greatest.len()) <= STATISTICS_BYTES;
    is_short.then(|| {
        Statistics::byte_array(Some(ByteArray::from(*least)), Some(ByteArray::from(*greatest)), None, Some(0), false)
    })
}

/// Numbers as runs where they are the same for whole lanes, and bit-packed between: Parquet's hybrid.
fn encode(codes: &[u32], bits: usize, out: &mut Buffer) {
    let mut rest = codes;
    let mut head = Vec::with_capacity(16);
    while !rest.is_empty() {
        head.clear();
        let lanes = rest.chunks(LANE);
        let same = lanes.take_while(|lane| all_are(lane, rest[0])).map(<[u32]>::len).sum();
        if same > 0 {
            run(rest[0], same, bits, &mut head);
            out.put(&head);
            rest = &rest[same..];
            continue;
        }
        let mixed: usize = rest.chunks(LANE).take_while(|lane| !all_are(lane, lane[0])).map(<[u32]>::len).sum();
        let (now, later) = rest.split_at(mixed);
        // Bit-packed numbers come in eights; behind the last row their values say nothing.
        varint((mixed.div_ceil(8) as u64) << 1 | 1, &mut head);
        out.put(&head);
        for lane in now.chunks(LANE) {
            let mut values = [0; LANE];
            for (value, code) in values.iter_mut().zip(lane) {
                *value = u64::from(*code);
            }
            pack(&values, bits, out.room(4 * bits));
            out.advance(lane.len().div_ceil(8) * bits);
        }
        rest = later;
    }
}

/// One number for so many rows.
fn run(code: u32, rows: usize, bits: usize, out: &mut Vec<u8>) {
    varint((rows as u64) << 1, out);
    out.extend_from_slice(&code.to_le_bytes()[..bits.div_ceil(8)]);
}

fn all_are(codes: &[u32], one: u32) -> bool {
    codes.iter().fold(0, |other, code| other | (code ^ one)) == 0
}
