//! The lines before the records: who sends what to whom, and which fields it has.

use crate::fault::Fault;
use crate::text;

/// The line that a file begins with.
pub const BEGIN: &[u8] = b"OFDCFDAT";

/// The line that a file ends with.
pub const END: &[u8] = b"OFDCFEND";

/// What ends every line.
pub const LINE_END: &[u8] = b"\r\n";

/// The line of the first field's name.
pub const FIRST_FIELD_LINE: usize = 11;

/// The line of the number of fields.
const FIELD_COUNT_LINE: usize = 10;

/// The longest name of a field that is looked at.
const MOST_NAME_BYTES: usize = 80;

/// The most fields that a header may list: more than any dictionary has.
const MOST_FIELDS: usize = 10_000;

/// The widths of the header's lines in a version: those of its texts, of the field count and of the record count.
pub struct Widths {
    version: usize,
    texts: [usize; 7],
    fields: usize,
    records: usize,
}

const OLD: Widths = Widths { version: 4, texts: [9, 9, 8, 3, 2, 8, 8], fields: 3, records: 8 };
const NEW: Widths = Widths { version: 8, texts: [20, 20, 8, 8, 8, 8, 8], fields: 8, records: 16 };

/// What the header's texts are called.
pub const NAMES: [&str; 7] = ["creator", "receiver", "date", "summary", "kind", "sender", "recipient"];

/// The widths of a version.
pub const fn widths(version: u8) -> Option<&'static Widths> {
    match version {
        20 | 21 => Some(&OLD),
        22 => Some(&NEW),
        _ => None,
    }
}

/// What the header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// 20, 21 or 22.
    pub version: u8,
    /// The texts of [`NAMES`].
    pub texts: [String; 7],
    /// The names of the fields.
    pub fields: Vec<String>,
    /// How many records it says there are.
    pub records: usize,
    /// Where the records begin.
    pub body: usize,
    /// The line of the first record.
    pub first_line: usize,
}

impl Header {
    /// The type of the file, such as 03.
    pub fn kind(&self) -> &str {
        let [.., kind, _, _] = &self.texts;
        kind
    }
}

/// The lines of a file, one after the other.
struct Lines<'a> {
    data: &'a [u8],
    at: usize,
    number: usize,
}

impl<'a> Lines<'a> {
    /// The next line without its end.
    fn next(&mut self) -> Result<&'a [u8], Fault> {
        self.number += 1;
        let rest = self.data.get(self.at..).unwrap_or_default();
        let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
            return Err(Fault::of_line(self.number, "the file ends within its header"));
        };
        self.at += length + 1;
        rest.get(..length).and_then(|line| line.strip_suffix(b"\r")).ok_or_else(|| {
            Fault::of_line(self.number, "the line ends with LF alone, and lines of these files with CR and LF")
        })
    }

    fn of_width(&mut self, name: &str, width: usize) -> Result<&'a [u8], Fault> {
        let line = self.next()?;
        if line.len() == width {
            return Ok(line);
        }
        Err(Fault::of_field(self.number, name, format!("the line has {} bytes, and {width} are wanted", line.len())))
    }

    fn count(&mut self, name: &str, width: usize) -> Result<usize, Fault> {
        let line = self.of_width(name, width)?;
        let all_digits = line.iter().all(u8::is_ascii_digit);
        let number = std::str::from_utf8(line).ok().and_then(|line| line.parse().ok());
        number
            .filter(|_| all_digits)
            .ok_or_else(|| Fault::of_field(self.number, name, format!("{} is not {width} digits", text::shown(line))))
    }
}

/// Reads the header of a file.
pub fn parse(data: &[u8]) -> Result<Header, Fault> {
    if !data.starts_with(BEGIN) {
        return Err(Fault::of_line(1, "it is no OFD file: it does not begin with OFDCFDAT"));
    }
    let mut lines = Lines { data, at: 0, number: 0 };
    lines.of_width("file", BEGIN.len())?;
    let (version, widths) = read_version(&mut lines)?;
    let mut texts = [const { String::new() }; 7];
    for ((text, name), width) in texts.iter_mut().zip(NAMES).zip(widths.texts) {
        let line = lines.of_width(name, width)?;
        let decoded = text::decoded(text::cut(line)).map_err(|why| Fault::of_field(lines.number, name, why))?;
        *text = decoded.into_owned();
    }
    let said = lines.count("field count", widths.fields)?;
    if said == 0 || said > MOST_FIELDS {
        return Err(Fault::of_field(FIELD_COUNT_LINE, "field count", format!("a record of {said} fields is none")));
    }
    let mut fields = Vec::with_capacity(said);
    for number in 0..said {
        let line = lines.next()?;
        // The line that counts the records stands where a name is missing.
        if line.len() == widths.records && line.iter().all(u8::is_ascii_digit) {
            let why = format!("the header says {said} fields and names {number}");
            return Err(Fault::of_field(FIELD_COUNT_LINE, "field count", why));
        }
        fields.push(text::shown_plain(text::cut(line.get(..MOST_NAME_BYTES).unwrap_or(line))));
    }
    let before = (lines.at, lines.number);
    if lines.next()?.first().is_some_and(u8::is_ascii_alphabetic) {
        let why = format!("the header says {said} fields and names more");
        return Err(Fault::of_field(FIELD_COUNT_LINE, "field count", why));
    }
    (lines.at, lines.number) = before;
    let records = lines.count("record count", widths.records)?;
    Ok(Header { version, texts, fields, records, body: lines.at, first_line: lines.number + 1 })
}

fn read_version(lines: &mut Lines<'_>) -> Result<(u8, &'static Widths), Fault> {
    let line = lines.next()?;
    let digits = text::cut(line);
    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u8>().ok());
    let known = number.and_then(|number| widths(number).map(|widths| (number, widths)));
    let Some((version, widths)) = known.filter(|_| digits.len() == 2) else {
        let why = format!("{} is no known version; there are 20, 21 and 22", text::shown(digits));
        return Err(Fault::of_field(lines.number, "version", why));
    };
    if line.len() != widths.version {
        let why = format!("the line has {} bytes, and {} are wanted", line.len(), widths.version);
        return Err(Fault::of_field(lines.number, "version", why));
    }
    Ok((version, widths))
}

/// Puts the lines of a header into a new file; a text that does not fit is the error, with its name.
pub fn write(
    version: u8,
    texts: &[String; 7],
    fields: &[String],
    records: usize,
) -> Result<Vec<u8>, (&'static str, String)> {
    let Some(widths) = widths(version) else {
        return Err(("version", "there are 20, 21 and 22".to_owned()));
    };
    let mut out = Vec::new();
    let version = version.to_string();
    out.extend_from_slice(BEGIN);
    out.extend_from_slice(LINE_END);
    text::encode(&version, widths.version, &mut out).map_err(|why| ("version", why))?;
    out.extend_from_slice(LINE_END);
    for ((text, name), width) in texts.iter().zip(NAMES).zip(widths.texts) {
        text::encode(text, width, &mut out).map_err(|why| (name, why))?;
        out.extend_from_slice(LINE_END);
    }
    counted(fields.len(), widths.fields, &mut out).map_err(|why| ("fields", why))?;
    for field in fields {
        out.extend_from_slice(field.as_bytes());
        out.extend_from_slice(LINE_END);
    }
    counted(records, widths.records, &mut out).map_err(|why| ("records", why))?;
    Ok(out)
}

fn counted(count: usize, width: usize, out: &mut Vec<u8>) -> Result<(), String> {
    let digits = format!("{count:0width$}");
    if digits.len() > width {
        return Err(format!("{count} has more than {width} digits"));
    }
    out.extend_from_slice(digits.as_bytes());
    out.extend_from_slice(LINE_END);
    Ok(())
}
