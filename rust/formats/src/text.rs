//! Texts of a field: GB18030 in the file, UTF-8 in memory, blanks behind.

use std::borrow::Cow;

use encoding_rs::{EncoderResult, GB18030};

/// The blank that fills a field up.
pub const BLANK: u8 = b' ';

/// The bytes of a field without the blanks behind them. No character of GB18030 has a blank among its bytes.
#[inline]
pub fn cut(field: &[u8]) -> &[u8] {
    let length = field.iter().rposition(|byte| *byte != BLANK).map_or(0, |last| last + 1);
    field.get(..length).unwrap_or_default()
}

/// What the bytes of a text are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// Of printable ASCII, which is the same in both encodings.
    Ascii,
    /// Of more than ASCII.
    Wide,
    /// With a control character among them, at this byte.
    Control(usize),
}

/// What the bytes of a text are made of.
#[inline]
pub fn made_of(text: &[u8]) -> Made {
    let is_plain = text.iter().fold(true, |plain, byte| plain & (*byte >= BLANK) & (*byte < 0x7f));
    if is_plain {
        return Made::Ascii;
    }
    match text.iter().position(|byte| *byte < BLANK || *byte == 0x7f) {
        Some(at) => Made::Control(at),
        None => Made::Wide,
    }
}

/// A text in UTF-8, or the reason why the bytes are none.
///
/// A byte sequence that another one of the same text would be written as is refused: reading it would change the file.
///
/// ```
/// use fundclear_formats::text::decoded;
/// assert_eq!(decoded(&[0xbb, 0xf9, 0xbd, 0xf0]).as_deref(), Ok("基金"));
/// assert!(decoded(&[0xbb]).is_err());
/// ```
pub fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    match made_of(bytes) {
        Made::Ascii => return Ok(String::from_utf8_lossy(bytes)),
        Made::Control(at) => return Err(control_at(bytes, at)),
        Made::Wide => {}
    }
    let Some(text) = GB18030.decode_without_bom_handling_and_without_replacement(bytes) else {
        return Err(format!("byte {} is not GB18030", first_wrong(bytes) + 1));
    };
    let mut again = Vec::with_capacity(bytes.len());
    if encode_into(&text, &mut again).is_err() || again != bytes {
        let at = again.iter().zip(bytes).position(|(ours, theirs)| ours != theirs).unwrap_or(again.len());
        return Err(format!("byte {} is not GB18030 as it is written", at + 1));
    }
    if text.chars().any(char::is_control) {
        return Err("a control character stands in it".to_owned());
    }
    Ok(text)
}

fn control_at(bytes: &[u8], at: usize) -> String {
    format!("byte {} is the control character {:#04x}", at + 1, bytes.get(at).copied().unwrap_or_default())
}

/// The first byte of the first sequence that is no character: the longest readable beginning ends there.
fn first_wrong(bytes: &[u8]) -> usize {
    let reads = |end: usize| {
        let head = bytes.get(..end).unwrap_or_default();
        GB18030.decode_without_bom_handling_and_without_replacement(head).is_some()
    };
    (0..bytes.len()).rev().find(|end| reads(*end)).unwrap_or(0)
}

/// Puts a text behind others as GB18030; the character that has no code there is the error.
fn encode_into(text: &str, out: &mut Vec<u8>) -> Result<(), char> {
    if text.is_ascii() {
        out.extend_from_slice(text.as_bytes());
        return Ok(());
    }
    let mut encoder = GB18030.new_encoder();
    let mut rest = text;
    let mut buffer = [0; 256];
    loop {
        let (result, read, written) = encoder.encode_from_utf8_without_replacement(rest, &mut buffer, true);
        out.extend_from_slice(buffer.get(..written).unwrap_or_default());
        rest = rest.get(read..).unwrap_or_default();
        match result {
            EncoderResult::InputEmpty => return Ok(()),
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(character) => return Err(character),
        }
    }
}

/// Puts a text into a field of so many bytes behind others, or says why it cannot stand there.
pub fn encode(text: &str, width: usize, out: &mut Vec<u8>) -> Result<(), String> {
    let start = out.len();
    if let Some(character) = text.chars().find(|character| character.is_control()) {
        return Err(format!("the control character {:#04x} stands in it", u32::from(character)));
    }
    if text.ends_with(' ') {
        return Err("it ends with a blank, which reading cuts off".to_owned());
    }
    encode_into(text, out).map_err(|character| {
        format!("GB18030, as the exchange writes it, has no code for the character U+{:04X}", u32::from(character))
    })?;
    let length = out.len() - start;
    if length > width {
        return Err(format!("it has {length} bytes in GB18030, and the field {width}"));
    }
    if !round_trips(text, out.get(start..).unwrap_or_default()) {
        return Err("GB18030 reads it back as another text".to_owned());
    }
    out.resize(start + width, BLANK);
    Ok(())
}

fn round_trips(text: &str, bytes: &[u8]) -> bool {
    text.is_ascii()
        || GB18030.decode_without_bom_handling_and_without_replacement(bytes).is_some_and(|again| again == text)
}

/// Bytes as a message shows them.
pub fn shown(bytes: &[u8]) -> String {
    format!("'{}'", shown_plain(bytes))
}

/// Bytes as a text, whatever they are; what is no text or no character that prints is escaped.
pub fn shown_plain(bytes: &[u8]) -> String {
    match decoded(bytes) {
        Ok(text) => text.into_owned(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}
