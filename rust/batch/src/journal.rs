//! What a run has finished: one line for each partition, in a file that outlives the run.
//!
//! A line is written at once, and ends with a sum over itself; a line that was cut off when the run was killed is no
//! line. So whoever opens the journal again knows which partitions are finished, by which files, and what they add up
//! to.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use fundclear_kernel::day::bucket::Context;
use fundclear_kernel::day::fingerprint::text_hash;
use fundclear_kernel::day::finish::Sums;

/// A file of a finished partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The name of the file in the day's folder.
    pub file: String,
    /// The rows of the file.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: [u8; 32],
}

/// A finished partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Its number.
    pub partition: usize,
    /// Its files.
    pub files: Vec<Finished>,
    /// The fingerprints of its tables, in the order of the output tables; after those of confirmations stands that of
    /// what the next day begins with.
    pub fingerprints: Vec<u128>,
}

/// A partition that an earlier run of the day has finished.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Noted {
    /// What it wrote.
    pub record: Record,
    /// What its rows add up to, as text: it is long, and most runs never look at it.
    sums: String,
}

/// The journal of a run.
#[derive(Debug)]
pub struct Journal {
    file: Mutex<File>,
}

impl Record {
    fn line(&self, sums: &str) -> String {
        let mut text = format!("{}|", self.partition);
        for file in &self.files {
            // Writing to a text does not fail, here and below.
            let _ = write!(text, "{} {} {} {};", file.file, file.rows, file.bytes, hex(&file.sha256));
        }
        text.push('|');
        self.fingerprints.iter().for_each(|print| {
            let _ = write!(text, "{print:032x};");
        });
        text.push('|');
        text.push_str(sums);
        let sum = text_hash(text.as_bytes());
        let _ = writeln!(text, "|{sum:016x}");
        text
    }
}

/// What the rows of a partition add up to, as a journal keeps it.
#[must_use]
pub fn text_of(sums: &Sums) -> String {
    let mut text = String::new();
    sums.each(&mut |number| {
        // Writing to a text does not fail.
        let _ = write!(text, "{number};");
    });
    text
}

impl Noted {
    /// What its rows add up to; `None` if they are not of such a day.
    #[must_use]
    pub fn sums(&self, ctx: &Context<'_>) -> Option<Sums> {
        Sums::from_numbers(ctx, self.sums.split_terminator(';').map_while(|number| number.parse().ok()))
    }

    fn read(line: &str) -> Option<Self> {
        let (text, sum) = line.rsplit_once('|')?;
        if u64::from_str_radix(sum, 16).ok()? != text_hash(text.as_bytes()) {
            return None;
        }
        let mut parts = text.split('|');
        let (partition, files, prints, sums) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let file = |text: &str| {
            let mut words = text.split(' ');
            Some(Finished {
                file: words.next()?.to_owned(),
                rows: words.next()?.parse().ok()?,
                bytes: words.next()?.parse().ok()?,
                sha256: from_hex(words.next()?)?,
            })
        };
        let record = Record {
            partition: partition.parse().ok()?,
            files: files.split_terminator(';').map(file).collect::<Option<_>>()?,
            fingerprints: prints
                .split_terminator(';')
                .map(|print| u128::from_str_radix(print, 16).ok())
                .collect::<Option<_>>()?,
        };
        Some(Self { record, sums: sums.to_owned() })
    }
}

impl Journal {
    /// Opens a journal, or begins one; what it holds already, by partition.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path) -> io::Result<(Self, BTreeMap<usize, Noted>)> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
        // Half a line is what a run that was killed has left.
        file.set_len(u64::try_from(whole).unwrap_or(u64::MAX))?;
        bytes.truncate(whole);
        // A line that is damaged is no line, whatever stands in it.
        let lines = bytes.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
        let records = lines.filter_map(Noted::read).map(|noted| (noted.record.partition, noted)).collect();
        Ok((Self { file: Mutex::new(file) }, records))
    }

    /// Adds a finished partition with [what its rows add up to](text_of), and waits until the disk has it.
    ///
    /// # Errors
    /// What the system says.
    pub fn add(&self, record: &Record, sums: &str) -> io::Result<()> {
        let line = record.line(sums);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes())?;
        file.sync_data()
    }
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(place * 2..place * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use fundclear_kernel::day::totals::Totals;

    use super::*;

    fn record(partition: usize) -> Record {
        let file = Finished { file: format!("lots-{partition:03}.parquet"), rows: 3, bytes: 700, sha256: [7; 32] };
        Record { partition, files: vec![file; 2], fingerprints: vec![u128::MAX, 5] }
    }

    fn sums() -> Sums {
        let mut sums = Sums { totals: Totals::of(1), ..Sums::default() };
        sums.totals.funds[0].asked = i128::MIN;
        sums.totals.standing = 9;
        sums
    }

    fn is_whole(noted: &Noted) -> bool {
        let text = text_of(&sums());
        assert!(text.contains(&i128::MIN.to_string()));
        *noted == Noted { record: record(noted.record.partition), sums: text }
    }

    #[test]
    fn a_journal_keeps_whole_lines_and_nothing_of_half_ones() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        {
            let (journal, records) = Journal::open(&path).unwrap();
            assert!(records.is_empty());
            journal.add(&record(4), &text_of(&sums())).unwrap();
            journal.add(&record(1), &text_of(&sums())).unwrap();
        }
        let whole = std::fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let (journal, records) = Journal::open(&path).unwrap();
            let lines = whole[..cut].iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(records.len(), lines);
            assert!(records.values().all(is_whole));
            journal.add(&record(9), &text_of(&sums())).unwrap();
            let (_, records) = Journal::open(&path).unwrap();
            assert_eq!(records.len(), lines + 1);
        }
        // A damaged line takes none of the others with it, but for the next one if it is its end that is damaged.
        for (place, mask) in (0..whole.len()).flat_map(|place| [(place, 1), (place, 0x80)]) {
            let mut bytes = whole.clone();
            bytes[place] ^= mask;
            std::fs::write(&path, &bytes).unwrap();
            let (_, records) = Journal::open(&path).unwrap();
            let left = if whole[place] == b'\n' && place + 1 < whole.len() { 0 } else { 1 };
            assert_eq!(records.len(), left, "{place} {mask}");
            assert!(records.values().all(is_whole), "{place}");
        }
    }
}
