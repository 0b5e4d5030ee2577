//! The columns of an output table: from what the kernel gives to what a file and a fingerprint hold.

use std::sync::Arc;

use fundclear_kernel::day::fingerprint::{Field, Ints, text_hash};
use fundclear_kernel::day::tables::Slice;
use fundclear_store::pack::{Chunk, Kind};

use crate::texts::digits_hash;

/// A column of an output table.
#[derive(Clone, Debug)]
pub struct OutColumn {
    /// Its name.
    pub name: String,
    /// What the file holds.
    pub kind: Kind,
    /// How it comes from the kernel's values.
    pub source: From,
    /// The hashes of its texts by number.
    hashes: Arc<[u64]>,
}

/// How a column comes from the kernel's values.
#[derive(Clone, Debug)]
pub enum From {
    /// As they are: values, or numbers of texts.
    Values,
    /// By number: what each number stands for.
    Numbers(Arc<[i64]>),
    /// Times a factor, and divided by another, where the file has other decimals; exact both times.
    Scaled(i64, i64),
}

impl OutColumn {
    /// A column of this name and kind.
    #[must_use]
    pub fn new(name: String, kind: Kind, source: From) -> Self {
        let hashes = match &kind {
            Kind::Texts(texts) => texts.iter().map(|text| text_hash(text.as_bytes())).collect(),
            _ => Arc::default(),
        };
        Self { name, kind, source, hashes }
    }
}

/// A worker's memory for the columns of a bucket on their way into a file.
#[derive(Debug, Default)]
pub struct Desk {
    memory: Vec<Vec<i64>>,
    /// The hashes of columns whose texts are in no list.
    hashes: Vec<Vec<i64>>,
}

impl Desk {
    /// Brings the kernel's columns into the form of the file's: what numbers stand for is looked up, and what digits
    /// spell is hashed.
    pub fn look_up(&mut self, columns: &[OutColumn], slices: &[Slice<'_>]) {
        self.memory.resize_with(columns.len(), Vec::new);
        self.hashes.resize_with(columns.len(), Vec::new);
        for ((column, slice), hashes) in columns.iter().zip(slices).zip(&mut self.hashes) {
            let hash = |value: i64| match &column.kind {
                Kind::Digits(width) => Some(digits_hash(value, *width)),
                Kind::Spelled(spelling) => Some(spelling.text(value).map_or(0, |text| text_hash(text.as_bytes()))),
                _ => None,
            };
            let Some(none) = hash(0) else { continue };
            // Rows of an account follow each other.
            let mut last = (0, none);
            hashes.clear();
            match slice {
                Slice::I64(values) => hashes.extend(values.iter().map(|value| {
                    if *value != last.0 {
                        last = (*value, hash(*value).unwrap_or_default());
                    }
                    last.1.cast_signed()
                })),
                other => hashes.resize(other.len(), none.cast_signed()),
            }
        }
        for ((column, slice), memory) in columns.iter().zip(slices).zip(&mut self.memory) {
            match (&column.source, slice) {
                (From::Numbers(keys), Slice::U32(numbers)) => {
                    memory.clear();
                    let key = |number: &u32| usize::try_from(*number).ok().and_then(|number| keys.get(number));
                    memory.extend(numbers.iter().map(|number| key(number).copied().unwrap_or_default()));
                }
                (From::Scaled(up, down), Slice::I64(values)) => {
                    memory.clear();
                    // The file had these values before, and they had 18 digits at most in both forms.
                    memory.extend(values.iter().map(|value| value.wrapping_mul(*up) / down.max(&1)));
                }
                _ => {}
            }
        }
    }

    /// A column as it goes to its file.
    #[must_use]
    pub fn chunk<'a>(&'a self, place: usize, column: &OutColumn, slice: Slice<'a>) -> Chunk<'a> {
        match (&column.source, self.memory.get(place), slice) {
            (From::Numbers(keys), _, Slice::Zeros(rows)) => {
                Chunk::Repeat(keys.first().copied().unwrap_or_default(), rows)
            }
            (_, _, Slice::Zeros(rows)) => Chunk::Repeat(0, rows),
            (From::Numbers(_), Some(memory), Slice::U32(_)) | (From::Scaled(..), Some(memory), Slice::I64(_)) => {
                Chunk::I64(memory)
            }
            (_, _, Slice::I64(values)) => Chunk::I64(values),
            (_, _, Slice::I32(values)) => Chunk::I32(values),
            (_, _, Slice::U32(values)) => Chunk::U32(values),
            (_, _, Slice::U8(values)) => Chunk::U8(values),
        }
    }

    /// A column as its table's fingerprint reads it, which goes to its file as this chunk.
    #[must_use]
    pub fn field<'a>(&'a self, place: usize, column: &'a OutColumn, chunk: &Chunk<'a>) -> Field<'a> {
        if let (Kind::Digits(_) | Kind::Spelled(_), Some(hashes)) = (&column.kind, self.hashes.get(place)) {
            return Field { values: Ints::I64(hashes), texts: None };
        }
        let values = match *chunk {
            Chunk::I64(values) => Ints::I64(values),
            Chunk::I32(values) => Ints::I32(values),
            Chunk::U32(values) => Ints::U32(values),
            Chunk::U8(values) => Ints::U8(values),
            Chunk::Repeat(value, rows) => Ints::Same(value, rows),
        };
        let texts = matches!(column.kind, Kind::Texts(_)).then_some(&*column.hashes);
        Field { values, texts }
    }
}
