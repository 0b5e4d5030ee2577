//! Rows by partition between the passes of a day: packed to a few bytes each, in memory as long as there is room.
//!
//! A worker gathers the rows of each partition; when it has some hundred they become a block. Blocks that do not fit
//! into memory any more go to a file, with a sum over their words.

use std::fs::File;
use std::io;
use std::mem;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::block::{Packer, Rows};
use crate::error::Error;

/// Rows of a block; the last block that a worker makes of a partition has fewer.
const BLOCK_ROWS: usize = 512;

/// Words of a slab.
const SLAB_WORDS: usize = 1 << 20;

/// How much memory blocks may take together.
#[derive(Debug)]
pub struct Budget {
    limit: u64,
    used: AtomicU64,
}

impl Budget {
    /// So many bytes.
    #[must_use]
    pub const fn new(limit: u64) -> Self {
        Self { limit, used: AtomicU64::new(0) }
    }

    /// The bytes that blocks take in memory.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: u64) -> bool {
        let before = self.used.fetch_add(bytes, Ordering::Relaxed);
        if before + bytes <= self.limit {
            return true;
        }
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        false
    }
}

/// Where blocks go that do not fit into memory.
#[derive(Debug)]
pub struct Spill {
    folder: PathBuf,
    file: File,
    end: AtomicU64,
}

impl Spill {
    /// A file in a folder, which has no name there and goes when it is closed.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(folder: &Path, name: &str) -> io::Result<Self> {
        let path = folder.join(name);
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        std::fs::remove_file(&path)?;
        Ok(Self { folder: folder.to_owned(), file, end: AtomicU64::new(0) })
    }

    /// A failure of the file, which has no name: that of its folder.
    fn failed(&self, error: io::Error) -> Error {
        Error::file(&self.folder, error)
    }

    /// The bytes that went there.
    pub fn bytes(&self) -> u64 {
        self.end.load(Ordering::Relaxed)
    }

    fn write(&self, words: &[u64]) -> io::Result<Place> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let offset = self.end.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.file.write_all_at(&bytes, offset)?;
        Ok(Place { offset, words: words.len(), sum: sum_of(words) })
    }

    fn read(&self, place: &Place, bytes: &mut Vec<u8>, words: &mut Vec<u64>) -> io::Result<()> {
        bytes.resize(place.words * 8, 0);
        self.file.read_exact_at(bytes, place.offset)?;
        words.clear();
        words.extend(bytes.chunks_exact(8).map(|word| {
            let mut eight = [0; 8];
            eight.copy_from_slice(word);
            u64::from_le_bytes(eight)
        }));
        if sum_of(words) == place.sum {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "what was kept on the disk has changed there"))
    }
}

/// A sum over words that depends on all of them and their order.
fn sum_of(words: &[u64]) -> u64 {
    words
        .iter()
        .fold(0x9e37_79b9_7f4a_7c15, |sum: u64, word| (sum.rotate_left(23) ^ word).wrapping_mul(0xbf58_476d_1ce4_e5b9))
}

#[derive(Debug)]
struct Place {
    offset: u64,
    words: usize,
    sum: u64,
}

#[derive(Debug)]
enum Block {
    /// The number of a slab, and where the words stand in it.
    Memory(usize, Range<usize>),
    Disk(Place),
}

/// Blocks in memory, one after the other. It is long enough to lie on huge pages, of which a fresh one costs the system
/// little beside the small ones that it replaces.
#[derive(Debug, Default)]
struct Slab {
    number: usize,
    words: Vec<u64>,
}

#[derive(Debug, Default)]
struct Partition {
    rows: usize,
    blocks: Vec<Block>,
}

/// A table on its way into its partitions.
#[derive(Debug)]
pub struct Shuffle<'s> {
    partitions: Vec<Mutex<Partition>>,
    /// Slabs that are full, by their numbers; those that are being filled are empty here.
    slabs: Mutex<Vec<Vec<u64>>>,
    width: usize,
    budget: &'s Budget,
    spill: &'s Spill,
}

/// A worker's rows of all partitions that are no block yet.
#[derive(Debug)]
pub struct Writer<'s> {
    shuffle: &'s Shuffle<'s>,
    staged: Vec<Vec<i64>>,
    packer: Packer,
    slab: Slab,
}

impl<'s> Shuffle<'s> {
    /// For 2^bits partitions of rows of so many columns.
    #[must_use]
    pub fn new(bits: u32, width: usize, budget: &'s Budget, spill: &'s Spill) -> Self {
        let partitions = (0..1_usize << bits).map(|_| Mutex::default()).collect();
        Self { partitions, slabs: Mutex::default(), width, budget, spill }
    }

    /// What a worker adds rows with.
    #[must_use]
    pub fn writer(&'s self) -> Writer<'s> {
        let staged = vec![Vec::new(); self.partitions.len()];
        Writer { shuffle: self, staged, packer: Packer::default(), slab: Slab::default() }
    }

    /// All rows, by partition, once all writers are finished.
    #[must_use]
    pub fn finish(self) -> Partitions<'s> {
        let unlock = |partition: Mutex<Partition>| partition.into_inner().unwrap_or_else(PoisonError::into_inner);
        let partitions = self.partitions.into_iter().map(unlock).collect();
        let slabs = self.slabs.into_inner().unwrap_or_else(PoisonError::into_inner);
        Partitions { partitions, slabs, width: self.width, spill: self.spill }
    }

    /// Puts a slab in its place.
    fn keep(&self, slab: &mut Slab) {
        let mut slabs = self.slabs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = slabs.get_mut(slab.number).filter(|_| !slab.words.is_empty()) {
            *place = mem::take(&mut slab.words);
        }
    }

    /// Begins a slab with a number of its own.
    fn begin(&self, room: usize) -> Slab {
        let mut slabs = self.slabs.lock().unwrap_or_else(PoisonError::into_inner);
        slabs.push(Vec::new());
        Slab { number: slabs.len() - 1, words: Vec::with_capacity(room) }
    }

    fn add(&self, slab: &mut Slab, partition: usize, rows: usize, words: &[u64]) -> Result<(), Error> {
        let bytes = mem::size_of_val(words) as u64;
        let block = if self.budget.take(bytes) {
            if slab.words.capacity() - slab.words.len() < words.len() {
                self.keep(slab);
                *slab = self.begin(words.len().max(SLAB_WORDS));
            }
            let start = slab.words.len();
            slab.words.extend_from_slice(words);
            Block::Memory(slab.number, start..slab.words.len())
        } else {
            Block::Disk(self.spill.write(words).map_err(|error| self.spill.failed(error))?)
        };
        if let Some(partition) = self.partitions.get(partition) {
            let mut partition = partition.lock().unwrap_or_else(PoisonError::into_inner);
            partition.rows += rows;
            partition.blocks.push(block);
        }
        Ok(())
    }
}

impl Writer<'_> {
    /// Adds rows: of each its partition, and its values in the order of the columns, all rows one after the other.
    ///
    /// # Errors
    /// What the system says of the file for what does not fit into memory.
    pub fn add(&mut self, partitions: &[u32], rows: &[i64]) -> Result<(), Error> {
        let width = self.shuffle.width;
        for (partition, row) in partitions.iter().zip(rows.chunks_exact(width)) {
            let partition = usize::try_from(*partition).unwrap_or(usize::MAX);
            let Some(staged) = self.staged.get_mut(partition) else { continue };
            if staged.capacity() == 0 {
                staged.reserve_exact(BLOCK_ROWS * width);
            }
            staged.extend_from_slice(row);
            if staged.len() >= BLOCK_ROWS * width {
                let words = self.packer.pack(staged, width);
                self.shuffle.add(&mut self.slab, partition, BLOCK_ROWS, words)?;
                staged.clear();
            }
        }
        Ok(())
    }

    /// Makes blocks of what is left.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn finish(mut self) -> Result<(), Error> {
        let width = self.shuffle.width;
        for (partition, staged) in self.staged.iter().enumerate().filter(|(_, staged)| !staged.is_empty()) {
            let words = self.packer.pack(staged, width);
            self.shuffle.add(&mut self.slab, partition, staged.len() / width, words)?;
        }
        self.shuffle.keep(&mut self.slab);
        Ok(())
    }
}

/// A table by partition.
#[derive(Debug)]
pub struct Partitions<'s> {
    partitions: Vec<Partition>,
    slabs: Vec<Vec<u64>>,
    width: usize,
    spill: &'s Spill,
}

/// A worker's memory for reading partitions.
#[derive(Debug, Default)]
pub struct Reader {
    bytes: Vec<u8>,
    words: Vec<u64>,
}

impl Partitions<'_> {
    /// The rows of a partition.
    #[must_use]
    pub fn rows(&self, partition: usize) -> usize {
        self.partitions.get(partition).map_or(0, |partition| partition.rows)
    }

    /// Looks at the blocks of a partition one after another, every time in the same order; their rows stand in no
    /// particular one.
    ///
    /// # Errors
    /// What the system says of the file for what did not fit into memory.
    pub fn each(&self, reader: &mut Reader, partition: usize, mut look: impl FnMut(&Rows<'_>)) -> Result<(), Error> {
        let Some(partition) = self.partitions.get(partition) else { return Ok(()) };
        let Reader { bytes, words } = reader;
        for block in &partition.blocks {
            let words: &[u64] = match block {
                Block::Memory(slab, place) => {
                    self.slabs.get(*slab).and_then(|slab| slab.get(place.clone())).unwrap_or_default()
                }
                Block::Disk(place) => {
                    self.spill.read(place, bytes, words).map_err(|error| self.spill.failed(error))?;
                    words
                }
            };
            look(&Rows::of(words, self.width));
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::thread;

    use fundclear_store::error::Error as StoreError;

    use super::*;
    use crate::block::NONE;

    fn draw(seed: u64) -> impl FnMut() -> u64 {
        let mut state = seed;
        move || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed ^ (mixed >> 31)
        }
    }

    /// Rows of all sorts of columns, with the partition of each.
    fn rows(count: usize, seed: u64) -> (Vec<u32>, Vec<[i64; 11]>) {
        let mut draw = draw(seed);
        (0..count)
            .map(|row| {
                let some = draw();
                let rising = row as i64 * 3 + (some % 3) as i64;
                let none = if some.is_multiple_of(5) { NONE } else { 1_000_000_007 + (some % 100) as i64 };
                let wild = [i64::MIN, i64::MAX, -1, some.cast_signed()][some as usize % 4];
                let seconds = -7 + (some % 86_400) as i64 * 1_000_000;
                let thousandths = if some.is_multiple_of(3) { NONE } else { (some % 86_400) as i64 * 1_000 };
                let most = if row % 300 == 299 { seconds + 1 } else { seconds };
                let values = [rising, none, wild, 42, some.cast_signed() >> 40, -rising, NONE];
                let [a, b, c, d, e, f, g] = values;
                let values = [a, b, c, d, e, f, g, seconds, thousandths, rising * 1_000_000, most];
                ((draw() % 4) as u32, values)
            })
            .unzip()
    }

    fn through(budget: u64, threads: usize, count: usize) {
        let folder = tempfile::tempdir().unwrap();
        let (budget, spill) = (Budget::new(budget), Spill::new(folder.path(), "spill").unwrap());
        let shuffle = Shuffle::new(2, 11, &budget, &spill);
        let tables: Vec<_> = (0..threads).map(|thread| rows(count, thread as u64)).collect();
        thread::scope(|scope| {
            for (partitions, rows) in &tables {
                let shuffle = &shuffle;
                scope.spawn(move || {
                    let mut writer = shuffle.writer();
                    for (partitions, rows) in partitions.chunks(700).zip(rows.chunks(700)) {
                        writer.add(partitions, &rows.concat()).unwrap();
                    }
                    writer.finish().unwrap();
                });
            }
        });
        let partitions = shuffle.finish();
        assert!(budget.used() <= budget.limit);
        let mut reader = Reader::default();
        for partition in 0..4 {
            let mut found: Vec<[i64; 11]> = Vec::new();
            let mut columns = vec![vec![1]; 11];
            let look = |rows: &Rows<'_>| {
                columns.iter_mut().enumerate().for_each(|(place, column)| rows.column(place, column));
                for (place, column) in columns.iter().enumerate() {
                    assert_eq!(column.len(), rows.count());
                    let some: Vec<usize> = (0..rows.count()).filter(|row| row * 7 % 5 < 2).collect();
                    let mut values = vec![8];
                    rows.some(place, &some, &mut values);
                    assert_eq!(values, some.iter().map(|row| column[*row]).collect::<Vec<_>>());
                    let same = column.iter().all(|value| *value == column[0]);
                    assert_eq!(rows.constant(place), same.then_some(column[0]), "{column:?}");
                }
                found.extend((0..rows.count()).map(|row| std::array::from_fn(|place| columns[place][row])));
            };
            partitions.each(&mut reader, partition, look).unwrap();
            assert_eq!(found.len(), partitions.rows(partition));
            let own = tables.iter().flat_map(|(numbers, rows)| numbers.iter().zip(rows));
            let mut wanted: Vec<_> =
                own.filter(|(number, _)| **number as usize == partition).map(|(_, row)| *row).collect();
            found.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(found, wanted);
        }
    }

    #[test]
    fn every_row_comes_back_from_its_partition_whether_there_was_memory_or_not() {
        for (budget, threads, count) in [(u64::MAX, 1, 10_000), (0, 2, 5_000), (60_000, 3, 6_000), (0, 1, 0), (9, 1, 3)]
        {
            through(budget, threads, count);
        }
    }

    #[test]
    fn what_changes_on_the_disk_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let (budget, spill) = (Budget::new(0), Spill::new(folder.path(), "spill").unwrap());
        let shuffle = Shuffle::new(0, 1, &budget, &spill);
        let mut writer = shuffle.writer();
        writer.add(&[0; 600], &(0..600).collect::<Vec<_>>()).unwrap();
        writer.finish().unwrap();
        let partitions = shuffle.finish();
        let (mut column, mut found) = (vec![], vec![]);
        let look = |rows: &Rows<'_>| {
            rows.column(0, &mut column);
            found.extend_from_slice(&column);
        };
        partitions.each(&mut Reader::default(), 0, look).unwrap();
        assert_eq!(found, (0..600).collect::<Vec<_>>());
        spill.file.write_all_at(&[77], 40).unwrap();
        let error = partitions.each(&mut Reader::default(), 0, |_| {}).unwrap_err();
        let Error::File(error) = error else { panic!("{error:?}") };
        assert_eq!(error.path, folder.path());
        assert!(matches!(error.error, StoreError::Io(error) if error.kind() == io::ErrorKind::InvalidData));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
