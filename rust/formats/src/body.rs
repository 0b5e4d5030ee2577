//! Where the records of a file stand.

use std::ops::Range;

use crate::fault::Fault;
use crate::header::{END, Header, LINE_END};

/// The records of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// So many records of the layout's width, from this byte on, each with its line end.
    Regular {
        /// Where the first begins.
        start: usize,
        /// How many there are.
        records: usize,
        /// The bytes of a record with its line end.
        stride: usize,
    },
    /// Lines of any length, without their ends.
    Lines(Vec<Range<usize>>),
}

impl Body {
    /// The number of records.
    pub fn records(&self) -> usize {
        match self {
            Self::Regular { records, .. } => *records,
            Self::Lines(lines) => lines.len(),
        }
    }

    /// The bytes of a record, and whether it ends as a line does.
    #[inline]
    pub fn record<'a>(&self, data: &'a [u8], number: usize) -> &'a [u8] {
        let range = match self {
            Self::Regular { start, stride, .. } => {
                let first = start + number * stride;
                first..first + stride - LINE_END.len()
            }
            Self::Lines(lines) => lines.get(number).cloned().unwrap_or_default(),
        };
        data.get(range).unwrap_or_default()
    }
}

/// The records of a file in which each has its width, if that is so: the end of the file stands where it has to.
///
/// Lines may still end within a record; whoever reads its fields finds that, and takes [`by_lines`] instead.
pub fn regular(data: &[u8], header: &Header, width: usize) -> Option<Body> {
    let stride = width.checked_add(LINE_END.len())?;
    let end = header.records.checked_mul(stride)?.checked_add(header.body)?;
    let tail = data.get(end..)?;
    let records = data.get(header.body..end)?;
    let is_end = tail.strip_prefix(END).is_some_and(|rest| rest.is_empty() || rest == LINE_END);
    let is_regular = records.chunks_exact(stride).all(|record| record.ends_with(LINE_END));
    (is_end && is_regular).then_some(Body::Regular { start: header.body, records: header.records, stride })
}

/// The records of a file by its lines, however long they are.
pub fn by_lines(data: &[u8], header: &Header) -> Result<Body, Fault> {
    let mut lines = Vec::new();
    let mut at = header.body;
    loop {
        let number = header.first_line + lines.len();
        let rest = data.get(at..).unwrap_or_default();
        let length = rest.windows(LINE_END.len()).position(|pair| pair == LINE_END);
        let line = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
        if line == END {
            check_count(header, lines.len(), number)?;
            let behind = length.map_or(0, |length| rest.len() - length - LINE_END.len());
            if behind > 0 {
                return Err(Fault::of_line(number + 1, format!("{behind} bytes follow the end of the file")));
            }
            return Ok(Body::Lines(lines));
        }
        let Some(length) = length else { return Err(no_end(header, line, lines.len(), number)) };
        lines.push(at..at + length);
        at += length + LINE_END.len();
    }
}

/// Without the end the count says no more than that something is missing.
fn no_end(header: &Header, line: &[u8], found: usize, number: usize) -> Fault {
    if line.starts_with(END) {
        return Fault::of_line(number, format!("{} bytes follow the end of the file", line.len() - END.len()));
    }
    let why = "the file does not end with OFDCFEND";
    Fault::of_line(number, format!("{why}; {found} whole lines of {} records stand before this", header.records))
}

fn check_count(header: &Header, found: usize, line: usize) -> Result<(), Fault> {
    if found == header.records {
        return Ok(());
    }
    let why = format!("the header says {} records, and there are {found}", header.records);
    Err(Fault::of_field(line, "record count", why))
}
