//! Sorted texts of several runs as one: those in memory, and those that were put away in a file.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fundclear_kernel::day::fingerprint::text_hash;

use crate::dictionary::nameless;
use crate::gather::Sorted;

/// Bytes that are written or read together.
const BLOCK: usize = 1 << 18;

/// Runs in a file.
#[derive(Debug)]
pub struct Runs {
    file: File,
    known: Mutex<Vec<Known>>,
}

/// A run in the file.
#[derive(Clone, Copy, Debug)]
struct Known {
    start: u64,
    end: u64,
    texts: u64,
    /// A sum over its texts.
    sum: u64,
}

/// A run of texts, ascending.
#[derive(Debug)]
pub enum Run<'r> {
    /// In memory.
    Memory(Sorted),
    /// In the file.
    Disk(Stored<'r>),
}

/// What is left of a run in the file.
#[derive(Debug)]
pub struct Stored<'r> {
    file: &'r File,
    known: Known,
    /// Bytes that were read, and where the next text begins among them.
    block: Vec<u8>,
    next: usize,
    sum: u64,
}

/// All runs, text by text; equal ones are one.
#[derive(Debug)]
pub struct Merge<'r> {
    runs: Vec<(Run<'r>, usize)>,
    heap: BinaryHeap<Reverse<(Vec<u8>, usize)>>,
    last: Option<Vec<u8>>,
    /// Memory of texts that were given.
    spare: Vec<u8>,
}

impl Runs {
    /// None, in a new file.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(path: &Path) -> io::Result<Self> {
        Ok(Self { file: nameless(path)?, known: Mutex::default() })
    }

    fn known(&self) -> MutexGuard<'_, Vec<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.known().is_empty()
    }

    /// How many texts all have, and how many bytes.
    pub fn size(&self) -> (u64, u64) {
        self.known().iter().fold((0, 0), |(texts, bytes), run| (texts + run.texts, bytes + run.end - run.start))
    }

    /// Adds a run: of each text its length and its bytes.
    ///
    /// # Errors
    /// What the system says.
    pub fn add(&self, texts: &Sorted) -> io::Result<()> {
        let all = || (0..texts.len()).filter_map(|place| texts.get(place));
        let (bytes, sum) = all().fold((0, 0), |(bytes, sum), text| (bytes + 4 + text.len() as u64, add(sum, text)));
        let start = {
            let mut known = self.known();
            let start = known.last().map_or(0, |run| run.end);
            known.push(Known { start, end: start + bytes, texts: texts.len() as u64, sum });
            start
        };
        let (mut block, mut at) = (Vec::with_capacity(BLOCK), start);
        for text in all() {
            block.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
            block.extend_from_slice(text);
            if block.len() >= BLOCK {
                self.file.write_all_at(&block, at)?;
                at += block.len() as u64;
                block.clear();
            }
        }
        self.file.write_all_at(&block, at)
    }

    /// All runs, to be read.
    pub fn open(&self) -> Vec<Run<'_>> {
        let stored = |known: &Known| Stored { file: &self.file, known: *known, block: Vec::new(), next: 0, sum: 0 };
        self.known().iter().map(|known| Run::Disk(stored(known))).collect()
    }
}

/// Adds a text to a sum that depends on all of them and their order.
fn add(sum: u64, text: &[u8]) -> u64 {
    (sum.rotate_left(23) ^ text_hash(text)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

fn changed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "what was kept on the disk has changed there")
}

impl Stored<'_> {
    /// Puts the next text in place of what the vector has; false at the end.
    fn next(&mut self, text: &mut Vec<u8>) -> io::Result<bool> {
        text.clear();
        if self.next == self.block.len() && self.known.start == self.known.end {
            return if self.sum == self.known.sum { Ok(false) } else { Err(changed()) };
        }
        let mut length = [0; 4];
        length.copy_from_slice(self.bytes(4)?);
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        text.extend_from_slice(self.bytes(length)?);
        self.sum = add(self.sum, text);
        Ok(true)
    }

    /// The next bytes of the run.
    fn bytes(&mut self, count: usize) -> io::Result<&[u8]> {
        if self.block.len() - self.next < count {
            self.block.drain(..self.next);
            self.next = 0;
            let left = usize::try_from(self.known.end - self.known.start).unwrap_or(usize::MAX);
            let before = self.block.len();
            let more = (count - before).max(BLOCK).min(left);
            self.block.resize(before + more, 0);
            let new = self.block.get_mut(before..).unwrap_or_default();
            self.file.read_exact_at(new, self.known.start)?;
            self.known.start += more as u64;
        }
        let bytes = self.block.get(self.next..).and_then(|rest| rest.get(..count)).ok_or_else(changed)?;
        self.next += count;
        Ok(bytes)
    }
}

impl Run<'_> {
    fn next(&mut self, given: &mut usize, text: &mut Vec<u8>) -> io::Result<bool> {
        match self {
            Self::Disk(stored) => stored.next(text),
            Self::Memory(sorted) => {
                let Some(next) = sorted.get(*given) else { return Ok(false) };
                *given += 1;
                text.clear();
                text.extend_from_slice(next);
                Ok(true)
            }
        }
    }
}

impl<'r> Merge<'r> {
    /// Of these runs.
    ///
    /// # Errors
    /// What the system says of the file.
    pub fn new(runs: Vec<Run<'r>>) -> io::Result<Self> {
        let runs = runs.into_iter().map(|run| (run, 0)).collect();
        let mut merge = Self { runs, heap: BinaryHeap::new(), last: None, spare: Vec::new() };
        for number in 0..merge.runs.len() {
            merge.go_on(number, Vec::new())?;
        }
        Ok(merge)
    }

    /// Takes the next text of a run, in this memory.
    fn go_on(&mut self, number: usize, mut text: Vec<u8>) -> io::Result<()> {
        let Some((run, given)) = self.runs.get_mut(number) else { return Ok(()) };
        if run.next(given, &mut text)? {
            self.heap.push(Reverse((text, number)));
        } else {
            self.spare = text;
        }
        Ok(())
    }

    /// The next text.
    ///
    /// # Errors
    /// What the system says of the file; it has changed.
    pub fn next(&mut self) -> io::Result<Option<&[u8]>> {
        while let Some(Reverse((text, number))) = self.heap.pop() {
            let memory = std::mem::take(&mut self.spare);
            self.go_on(number, memory)?;
            if self.last.as_ref() == Some(&text) {
                self.spare = text;
                continue;
            }
            self.spare = self.last.replace(text).unwrap_or_default();
            return Ok(self.last.as_deref());
        }
        Ok(None)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::gather::Set;

    fn sorted(texts: &[&str]) -> Sorted {
        Set::of(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).sorted()
    }

    fn all(runs: Vec<Run<'_>>) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        let mut merge = Merge::new(runs)?;
        while let Some(text) = merge.next()? {
            found.push(String::from_utf8_lossy(text).into_owned());
        }
        Ok(found)
    }

    #[test]
    fn runs_in_memory_and_on_the_disk_are_one() {
        let folder = tempfile::tempdir().unwrap();
        let long = "b".repeat(3 * BLOCK);
        let runs = Runs::new(&folder.path().join("runs")).unwrap();
        runs.add(&sorted(&["c", "", "a", &long])).unwrap();
        runs.add(&sorted(&["a", "d", "c"])).unwrap();
        runs.add(&sorted(&[])).unwrap();
        let mut opened = runs.open();
        opened.push(Run::Memory(sorted(&["e", "a", "bb"])));
        assert!(all(opened).unwrap() == ["", "a", "bb", &long, "c", "d", "e"]);
        assert_eq!(runs.size().0, 7);
        // Texts that were changed on the disk are noticed at the end of their run, if not before.
        runs.file.write_all_at(b"x", 8).unwrap();
        assert_eq!(all(runs.open()).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert!(all(Vec::new()).unwrap().is_empty());
    }
}
