//! Columns to records.

use crate::header::LINE_END;
use crate::layout::Layout;
use crate::number;
use crate::text;

/// Where the rows of a column come from.
pub enum Source<'a> {
    /// Minor units, or whole numbers.
    Numbers(&'a [i64]),
    /// Codes of texts, and the texts as the field holds them, one behind the other.
    Texts(&'a [i32], &'a Padded),
}

/// The texts of a dictionary that rows use, each as its field holds it.
pub struct Padded {
    bytes: Vec<u8>,
    width: usize,
}

impl Padded {
    /// Encodes the texts that a row uses. The error is the code of the first that does not fit its field, and why.
    pub fn new<'t>(
        texts: impl Iterator<Item = &'t str>,
        is_used: &[bool],
        width: usize,
    ) -> Result<Self, (usize, String)> {
        let mut bytes = Vec::new();
        for (code, text) in texts.enumerate() {
            if is_used.get(code).copied().unwrap_or(false) {
                text::encode(text, width, &mut bytes).map_err(|why| (code, why))?;
            } else {
                bytes.resize(bytes.len() + width, text::BLANK);
            }
        }
        Ok(Self { bytes, width })
    }

    #[inline]
    fn get(&self, code: i32) -> &[u8] {
        let start = usize::try_from(code).unwrap_or(usize::MAX).saturating_mul(self.width);
        self.bytes.get(start..start.saturating_add(self.width)).unwrap_or_default()
    }
}

/// A row and a field that has too few digits for its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// The row, counted from zero.
    pub row: usize,
    /// The number of the field.
    pub field: usize,
}

/// The bytes of a record with its line end.
pub fn stride(layout: &Layout) -> usize {
    layout.width + LINE_END.len()
}

/// Writes the records from a row on into bytes that hold a whole number of them.
pub fn encode(layout: &Layout, columns: &[Source<'_>], first: usize, out: &mut [u8]) -> Result<(), TooLong> {
    for (number, record) in out.chunks_exact_mut(stride(layout)).enumerate() {
        let row = first + number;
        let mut rest = record;
        for (field, (place, column)) in layout.places.iter().zip(columns).enumerate() {
            let Some(bytes) = rest.split_off_mut(..place.field.width) else { break };
            match column {
                Source::Numbers(values) => {
                    if !number::write(values.get(row).copied().unwrap_or_default(), bytes) {
                        return Err(TooLong { row, field });
                    }
                }
                Source::Texts(codes, texts) => {
                    let text = texts.get(codes.get(row).copied().unwrap_or_default());
                    if text.len() == bytes.len() {
                        bytes.copy_from_slice(text);
                    }
                }
            }
        }
        if rest.len() == LINE_END.len() {
            rest.copy_from_slice(LINE_END);
        }
    }
    Ok(())
}
