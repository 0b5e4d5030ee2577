//! Texts of any number as keys: distinct, in the order of their bytes, the key of each its place among them.
//!
//! Texts that are all digits of one width are the exception, as in memory: the key of such a text is what it spells.

use std::fs::File;
use std::path::Path;

use fundclear_kernel::day::fingerprint::text_hash;
use fundclear_kernel::exec::Exec;
use fundclear_store::error::Error as StoreError;
use fundclear_store::pack::Spelling;

use crate::error::{Error, Failures};
use crate::gather::{Gathered, Set, Sorted};
use crate::merge::{Merge, Run, Runs};
use crate::progress::Meter;
use crate::scan::Source;
use crate::slots::{Slots, half, wanted};
use crate::texts::{digits_hash, spelled};

/// What a text that is not there has instead of a key: nothing that a row says has it.
pub const ABSENT: i64 = i64::MIN;

/// Rows that are looked at together.
const CHUNK_ROWS: usize = 4096;

/// Distinct texts, ascending.
#[derive(Debug, Default)]
pub struct Dictionary {
    /// Where each text ends among the bytes.
    ends: Vec<u64>,
    bytes: Vec<u8>,
    /// Their places by their hashes.
    slots: Slots,
    /// The width of the texts, if all are digits of it.
    width: Option<usize>,
}

/// The columns of which a dictionary is made.
#[derive(Debug)]
pub struct Columns<'c> {
    /// What the texts are, as messages call them.
    pub name: &'c str,
    /// Files, and the place of the column among what is planned of each.
    pub files: Vec<(&'c Source, usize)>,
    /// Further texts.
    pub more: &'c [String],
}

/// How a dictionary is made.
#[derive(Debug)]
pub struct Making<'m> {
    /// The bytes that it may take, then and later.
    pub memory: u64,
    /// The folder of the file for what does not fit meanwhile, and its name there for a moment.
    pub folder: &'m Path,
    /// The file's name.
    pub file: &'m str,
    /// Where failures are left.
    pub failures: &'m Failures,
    /// What is done so far.
    pub meter: &'m Meter,
}

impl Dictionary {
    /// The texts of some columns.
    ///
    /// # Errors
    /// What is wrong with a file, or the disk; the dictionary does not fit in its memory; the caller asked to stop.
    pub fn make(exec: &Exec<'_>, columns: &Columns<'_>, making: &Making<'_>) -> Result<Self, Error> {
        let path = making.folder.join(making.file);
        let on_disk = |error: std::io::Error| Error::file(&path, error);
        let runs = Runs::new(&path).map_err(on_disk)?;
        // One half is for the texts that are gathered, the other for what they become.
        let half = making.memory / 2;
        let workers = u64::try_from(exec.threads().get()).unwrap_or(1);
        let mut sets = vec![Set::of(columns.more)];
        sets.extend(columns.gather(exec, making, (&runs, half / workers))?);
        sets.retain(|set| !set.is_empty());
        let fits = |(texts, bytes): (u64, u64)| needed(texts, bytes) <= half;
        let most = sets.iter().fold(runs.size(), |(texts, bytes), set| {
            let (own, long) = set.size();
            (texts + own, bytes + long)
        });
        let sorted = sort(exec, sets, making)?;
        if runs.is_empty() && fits(most) {
            return Self::merged(sorted.into_iter().map(Run::Memory).collect(), most).map_err(on_disk);
        }
        for sorted in sorted {
            runs.add(&sorted).map_err(on_disk)?;
        }
        // How many there are is only known when equal ones have met.
        let (mut texts, mut bytes) = (0, 0);
        let mut merge = Merge::new(runs.open()).map_err(on_disk)?;
        while let Some(text) = merge.next().map_err(on_disk)? {
            texts += 1;
            bytes += text.len() as u64;
        }
        let needed = needed(texts, bytes);
        if needed > making.memory || texts >= u64::from(u32::MAX) {
            let name = columns.name.to_owned();
            return Err(Error::Dictionary { name, texts, needed, memory: making.memory });
        }
        Self::merged(runs.open(), (texts, bytes)).map_err(on_disk)
    }

    fn merged(runs: Vec<Run<'_>>, (texts, bytes): (u64, u64)) -> std::io::Result<Self> {
        let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let mut made = Self {
            ends: Vec::with_capacity(size(texts)),
            bytes: Vec::with_capacity(size(bytes)),
            slots: Slots::default(),
            width: None,
        };
        let mut merge = Merge::new(runs)?;
        while let Some(text) = merge.next()? {
            made.bytes.extend_from_slice(text);
            made.ends.push(made.bytes.len() as u64);
        }
        drop(merge);
        made.index();
        Ok(made)
    }

    /// Puts all texts in their places by hash.
    fn index(&mut self) {
        let mut slots = Slots::new(wanted(self.len()));
        for (number, place) in (0..).zip(0..self.len()) {
            slots.add(half(self.at(place)), number);
        }
        self.slots = slots;
        let width = self.at(0).len();
        let is_spelled = (0..self.len()).all(|place| spelled(self.at(place), width).is_some());
        self.width = Some(width).filter(|_| is_spelled && !self.ends.is_empty());
    }

    /// How many texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes that it takes.
    #[must_use]
    pub fn memory(&self) -> u64 {
        (self.ends.capacity() * 8 + self.bytes.capacity() + self.slots.memory()) as u64
    }

    /// The width of the texts, if all are digits of it and their keys what they spell.
    #[must_use]
    pub const fn width(&self) -> Option<usize> {
        self.width
    }

    fn at(&self, place: usize) -> &[u8] {
        let end = |place: usize| self.ends.get(place).and_then(|end| usize::try_from(*end).ok());
        let start = place.checked_sub(1).map_or(Some(0), end);
        start.zip(end(place)).and_then(|(start, end)| self.bytes.get(start..end)).unwrap_or_default()
    }

    /// The key of a text.
    #[must_use]
    pub fn key(&self, text: &[u8]) -> Option<i64> {
        let is_it = |place| usize::try_from(place).is_ok_and(|place| self.at(place) == text);
        let place = self.slots.find(half(text), is_it)?;
        if self.width.is_some() { spelled(text, text.len()) } else { Some(i64::from(place)) }
    }

    /// The text of a key; one of digits is not kept by its key.
    #[must_use]
    pub fn text_of(&self, key: i64) -> Option<&[u8]> {
        let place = usize::try_from(key).ok().filter(|place| *place < self.len() && self.width.is_none())?;
        Some(self.at(place))
    }

    /// The hash of the text of a key.
    #[must_use]
    pub fn hash(&self, key: i64) -> u64 {
        match self.width {
            Some(width) => digits_hash(key, width),
            None => self.text_of(key).map_or(0, text_hash),
        }
    }
}

impl Spelling for Dictionary {
    fn text(&self, number: i64) -> Option<&str> {
        std::str::from_utf8(self.text_of(number)?).ok()
    }
}

/// The bytes of a dictionary.
fn needed(texts: u64, bytes: u64) -> u64 {
    let count = usize::try_from(texts).unwrap_or(usize::MAX);
    let slots = u64::try_from(wanted(count)).unwrap_or(u64::MAX);
    bytes.saturating_add(texts.saturating_mul(8)).saturating_add(slots.saturating_mul(8))
}

impl Columns<'_> {
    /// The rows of all files.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.files.iter().map(|(source, _)| source.rows()).sum()
    }

    /// What the workers have gathered and not put away.
    fn gather(&self, exec: &Exec<'_>, making: &Making<'_>, (runs, most): (&Runs, u64)) -> Result<Vec<Set>, Error> {
        let mut tasks = Vec::new();
        for (source, place) in &self.files {
            tasks.extend((0..source.groups()).map(|group| (*source, *place, group)));
        }
        let rows = self.rows();
        let states = exec.run(rows, tasks.into_iter(), Set::default, |set, _, (source, place, group)| {
            let done = take(set, making.meter, (source, place, group)).and_then(|()| {
                // Numbers of a row group's dictionary hold until its end.
                if set.memory() > most {
                    runs.add(&std::mem::take(set).sorted()).map_err(|error| Error::file(making.folder, error))?;
                }
                Ok(())
            });
            done.map_err(|error| making.failures.keep(error))
        });
        states.map_err(|error| making.failures.or(error))
    }
}

/// The texts of all sets in order, of each by itself.
fn sort(exec: &Exec<'_>, sets: Vec<Set>, making: &Making<'_>) -> Result<Vec<Sorted>, Error> {
    let texts: u64 = sets.iter().map(|set| set.size().0).sum();
    let rows = usize::try_from(texts).unwrap_or(usize::MAX);
    let sorted = exec.run(rows, sets.into_iter(), Vec::new, |sorted, _, set| {
        sorted.push(set.sorted());
        Ok(())
    });
    sorted.map(|sorted| sorted.into_iter().flatten().collect()).map_err(|error| making.failures.or(error))
}

/// Adds the texts of a column of a row group.
fn take(set: &mut Set, meter: &Meter, (source, place, group): (&Source, usize, usize)) -> Result<(), Error> {
    let named = |error: StoreError| match (error, source.columns().get(place)) {
        (StoreError::Content(why), Some(Some(column))) => {
            let why = format!("column {:?}, row group {group}: {why}", column.name);
            Error::file(source.path(), StoreError::Content(why))
        }
        (error, _) => Error::file(source.path(), error),
    };
    let opened = source.open(group, place, &mut Vec::new()).map_err(|error| Error::file(source.path(), error))?;
    let Some(mut column) = opened else { return Ok(()) };
    let mut gathered = Gathered(set);
    loop {
        meter.go_on()?;
        let rows = column.advance(CHUNK_ROWS, &mut gathered).map_err(named)?;
        if rows == 0 {
            return Ok(());
        }
        gathered.0.use_all(column.values());
        meter.read(rows);
    }
}

/// A file without a name in a folder, which goes when it is closed.
///
/// # Errors
/// What the system says.
pub(crate) fn nameless(path: &Path) -> std::io::Result<File> {
    let file = File::options().read(true).write(true).create_new(true).open(path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::collections::BTreeSet;
    use std::num::NonZeroUsize;
    use std::path::PathBuf;
    use std::sync::Arc;

    use fundclear_store::pack::{Chunk, Kind, PartWriter};

    use super::*;

    /// A file of some texts in some order, many of them several times.
    fn file(path: &Path, texts: &[String], step: usize) {
        let known: Arc<[String]> = texts.into();
        let mut writer = PartWriter::create(path, &[("account", Kind::Texts(known))], &[]).unwrap();
        let rows: Vec<i64> = (0..texts.len() * 3).map(|row| (row * step % texts.len()) as i64).collect();
        writer.push(0, Chunk::I64(&rows)).unwrap();
        writer.finish().unwrap();
    }

    /// Texts of all widths, some of which begin alike for long.
    fn texts(count: u64, prefix: &str) -> Vec<String> {
        let text = |number: u64| match number % 4 {
            0 => format!("{prefix}{:x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            1 => format!("{prefix}{prefix}{number}"),
            2 => format!("\u{5ba2}{number}"),
            _ => number.to_string(),
        };
        (0..count).map(text).collect()
    }

    fn made(paths: &[PathBuf], more: &[String], memory: u64, threads: usize) -> Result<Dictionary, Error> {
        let sources: Vec<Source> = paths.iter().map(|path| Source::plan(path, &["account"], &[]).unwrap()).collect();
        let columns = Columns { name: "account", files: sources.iter().map(|source| (source, 0)).collect(), more };
        let folder = paths[0].parent().unwrap();
        let (failures, meter) = (Failures::default(), Meter::default());
        let making = Making { memory, folder, file: "runs", failures: &failures, meter: &meter };
        let go_on = || true;
        let made = Dictionary::make(&Exec::new(NonZeroUsize::new(threads).unwrap(), &go_on), &columns, &making);
        assert!(!folder.join("runs").exists());
        made
    }

    #[test]
    fn keys_are_places_in_the_order_of_bytes_whether_there_was_memory_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut paths = Vec::new();
        let mut wanted: BTreeSet<Vec<u8>> = [b"".to_vec(), b"more".to_vec()].into();
        for (number, prefix) in ["CN-", "CN-00", "a long beginning of all", ""].into_iter().enumerate() {
            let own = texts(6_000, prefix);
            paths.push(folder.path().join(format!("{number}.parquet")));
            file(paths.last().unwrap(), &own, 7);
            wanted.extend(own.iter().map(|text| text.as_bytes().to_vec()));
        }
        let more = [String::new(), "more".to_owned()];
        let needed = needed(wanted.len() as u64, wanted.iter().map(|text| text.len() as u64).sum());
        for (memory, threads) in [(u64::MAX, 1), (u64::MAX, 3), (needed, 1), (needed, 2)] {
            let dictionary = made(&paths, &more, memory, threads).unwrap();
            assert_eq!((dictionary.len(), dictionary.width()), (wanted.len(), None));
            assert!(dictionary.memory() <= needed || memory == u64::MAX);
            for (key, text) in (0..).zip(&wanted) {
                assert_eq!(dictionary.key(text), Some(key));
                assert_eq!(dictionary.text(key).map(str::as_bytes), Some(text.as_slice()));
                assert_eq!(dictionary.hash(key), text_hash(text));
            }
            assert_eq!((dictionary.key(b"CN"), dictionary.text(-1), dictionary.text(1 << 40)), (None, None, None));
        }
        let Err(Error::Dictionary { texts, needed: told, memory, .. }) = made(&paths, &more, needed - 1, 2) else {
            unreachable!("it does not fit")
        };
        assert_eq!((texts, told, memory), (wanted.len() as u64, needed, needed - 1));
    }

    #[test]
    fn texts_that_are_digits_of_one_width_have_as_keys_what_they_spell() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.parquet");
        file(&path, &["0042".to_owned(), "0007".to_owned()], 1);
        let dictionary = made(std::slice::from_ref(&path), &[], u64::MAX, 1).unwrap();
        assert_eq!((dictionary.width(), dictionary.key(b"0042"), dictionary.key(b"7")), (Some(4), Some(42), None));
        assert_eq!((dictionary.hash(42), dictionary.text(42)), (text_hash(b"0042"), None));
        let dictionary = made(&[path], &["7".to_owned()], u64::MAX, 1).unwrap();
        assert_eq!((dictionary.width(), dictionary.key(b"0042"), dictionary.key(b"7")), (None, Some(1), Some(2)));
    }

    #[test]
    fn there_may_be_no_text_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.parquet");
        file(&path, &[], 1);
        let dictionary = made(&[path], &[], 1 << 10, 1).unwrap();
        assert!(dictionary.is_empty());
        assert_eq!((dictionary.key(b""), dictionary.text(0), dictionary.width()), (None, None, None));
    }
}
