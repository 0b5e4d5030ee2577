//! numpy's arrays of `str` and of bytes, block by block.

use fundclear_kernel::error::{Code, Error};

use crate::labels::factorize::Block;
use crate::labels::interner::Interner;

/// Rows of bytes of one width, filled up with zeros.
pub struct Bytes<'a> {
    /// The first row.
    pub first: usize,
    /// All bytes of the block.
    pub bytes: &'a [u8],
    /// The bytes of a row.
    pub width: usize,
}

impl Block for Bytes<'_> {
    fn first(&self) -> usize {
        self.first
    }

    fn codes(self, interner: &mut Interner, out: &mut [u32]) -> Result<(), Error> {
        for (row, code) in out.iter_mut().enumerate() {
            let text = self.bytes.get(row * self.width..(row + 1) * self.width).unwrap_or_default();
            let length = text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            *code = interner.intern(text.get(..length).unwrap_or_default()).map_err(|error| at(error, row))?;
        }
        Ok(())
    }
}

/// Rows of `str` of one width, four bytes a character, filled up with zeros.
pub struct Characters<'a> {
    /// The first row.
    pub first: usize,
    /// All characters of the block.
    pub characters: &'a [u32],
    /// The characters of a row.
    pub width: usize,
}

impl Block for Characters<'_> {
    fn first(&self) -> usize {
        self.first
    }

    fn codes(self, interner: &mut Interner, out: &mut [u32]) -> Result<(), Error> {
        let mut text = Vec::new();
        let mut before: Option<(&[u32], u32)> = None;
        for (row, code) in out.iter_mut().enumerate() {
            let characters = self.characters.get(row * self.width..(row + 1) * self.width).unwrap_or_default();
            // Sorted columns repeat the same text over many rows.
            if let Some((same, known)) = before
                && same == characters
            {
                *code = known;
                continue;
            }
            encode(characters, &mut text).map_err(|error| at(error, row))?;
            *code = interner.intern(&text).map_err(|error| at(error, row))?;
            before = Some((characters, *code));
        }
        Ok(())
    }
}

/// Characters as UTF-8, without the zeros behind them.
fn encode(characters: &[u32], text: &mut Vec<u8>) -> Result<(), Error> {
    text.clear();
    let length = characters.iter().rposition(|character| *character != 0).map_or(0, |last| last + 1);
    for code in characters.iter().take(length) {
        match u8::try_from(*code) {
            Ok(byte) if byte.is_ascii() => text.push(byte),
            _ => {
                // numpy, like Python, keeps halves of surrogate pairs; UTF-8 has none.
                let character = char::from_u32(*code).ok_or_else(|| Error::whole(Code::Stray))?;
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
    Ok(())
}

fn at(error: Error, row: usize) -> Error {
    Error { row: Some(row), ..error }
}
