//! A file that is written once from its beginning to its end: by large blocks past the page cache, with its SHA-256.
//!
//! A thread of the file's own writes blocks while the next ones fill.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::mem;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use sha2::{Digest, Sha256};

/// Bytes that are written at a time. A smaller file is written the ordinary way, by the thread that makes it.
pub const BLOCK_BYTES: usize = 4 << 20;

/// Blocks of a file that are full or being filled: a row group comes all at once, faster than a disk takes it.
const BLOCKS: usize = 4;

/// What blocks, and their places in memory and in the file, are multiples of, so that the disk can fetch them itself.
const ALIGNED: usize = 4096;

/// Bytes that are hashed while they are in the first cache, where copying has just put them.
const HASHED_BYTES: usize = 1 << 14;

/// The memory of a finished file, for the next one.
#[derive(Debug, Default)]
pub struct Memory(Vec<Block>);

impl Memory {
    /// Adds that of another file.
    pub fn add(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }
}

/// A file that grows, and what is not yet in it.
#[derive(Debug)]
pub struct Output {
    place: Place,
    hash: Sha256,
    written: u64,
    block: Block,
    /// Blocks that are not in use.
    spare: Vec<Block>,
    /// How many blocks there are.
    blocks: usize,
}

/// Bytes that are written at once.
#[derive(Debug)]
struct Block {
    memory: Vec<u8>,
    begin: usize,
    used: usize,
}

/// A file whose end is being written.
#[derive(Debug)]
pub struct Ending {
    drain: Drain,
    sha256: [u8; 32],
    /// Blocks that were not in use.
    spare: Vec<Block>,
}

impl Ending {
    /// Waits until the disk has all. Gives the digest, and the memory for another output.
    pub fn wait(mut self) -> io::Result<([u8; 32], Memory)> {
        self.drain.end()?;
        self.spare.extend(self.drain.empty.try_iter());
        Ok((self.sha256, Memory(self.spare)))
    }
}

/// Who writes blocks.
#[derive(Debug)]
enum Place {
    Here(Target),
    There(Drain),
    /// Nobody any more: it has failed.
    Nowhere,
}

/// What a thread is to write.
#[derive(Debug)]
enum Work {
    /// A full block.
    Full(Block),
    /// The end of the file, after which the disk is waited for.
    Last(Block),
}

/// A thread that writes blocks.
#[derive(Debug)]
struct Drain {
    /// Blocks to be written; without it the thread ends.
    full: Option<SyncSender<Work>>,
    /// Blocks that are written.
    empty: Receiver<Block>,
    thread: Option<JoinHandle<io::Result<Target>>>,
}

/// The file itself.
#[derive(Debug)]
struct Target {
    file: File,
    is_direct: bool,
}

impl Output {
    /// Creates a file; the memory of another output will do for this one.
    pub fn create(path: &Path, memory: Memory) -> io::Result<Self> {
        let place = Place::Here(Target { file: File::create(path)?, is_direct: false });
        let Memory(mut spare) = memory;
        let blocks = spare.len().max(1);
        let block = spare.pop().unwrap_or_else(Block::new);
        Ok(Self { place, hash: Sha256::new(), written: 0, block, spare, blocks })
    }

    /// The bytes so far.
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// Adds bytes.
    pub fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut bytes = bytes;
        while !bytes.is_empty() {
            let (now, rest) = bytes.split_at(bytes.len().min(self.block.room()).min(HASHED_BYTES));
            self.block.add(now);
            self.hash.update(now);
            self.written += now.len() as u64;
            if self.block.room() == 0 {
                self.hand_over()?;
            }
            bytes = rest;
        }
        Ok(())
    }

    /// Has a thread write what is left and wait until the disk has it.
    pub fn end(self) -> io::Result<Ending> {
        let Self { place, hash, block, spare, .. } = self;
        let mut drain = match place {
            Place::Here(target) => Drain::start(target)?,
            Place::There(drain) => drain,
            Place::Nowhere => return Err(gone()),
        };
        if drain.full.as_ref().is_none_or(|sender| sender.send(Work::Last(block)).is_err()) {
            return Err(drain.end().err().unwrap_or_else(gone));
        }
        drain.full = None;
        Ok(Ending { drain, sha256: hash.finalize().into(), spare })
    }

    /// Writes what is left and waits until the disk has it. Gives the digest, and the memory for another output.
    ///
    /// What the system finds out late, it says when asked to wait; closing has nothing left that could fail.
    pub fn finish(mut self) -> io::Result<([u8; 32], Memory)> {
        let mut target = match self.place {
            Place::Here(target) => target,
            Place::There(mut drain) => {
                let target = drain.end()?;
                self.spare.extend(drain.empty.try_iter());
                target
            }
            Place::Nowhere => return Err(gone()),
        };
        target.write_last(self.block.bytes())?;
        target.file.sync_all()?;
        self.block.used = 0;
        self.spare.push(self.block);
        Ok((self.hash.finalize().into(), Memory(self.spare)))
    }

    /// Has the full block written, and goes on with another one; waits for one to be written where all are in use.
    fn hand_over(&mut self) -> io::Result<()> {
        let mut drain = match mem::replace(&mut self.place, Place::Nowhere) {
            Place::Here(mut target) => {
                target.is_direct = set_direct(&target.file, true);
                Drain::start(target)?
            }
            Place::There(drain) => drain,
            Place::Nowhere => return Err(gone()),
        };
        let empty = match self.spare.pop().or_else(|| drain.empty.try_recv().ok()) {
            None if self.blocks < BLOCKS => {
                self.blocks += 1;
                Some(Block::new())
            }
            None => drain.empty.recv().ok(),
            empty => empty,
        };
        // Without a block the thread has ended, and says why.
        let Some(empty) = empty else { return Err(drain.end().err().unwrap_or_else(gone)) };
        let full = mem::replace(&mut self.block, empty);
        if drain.full.as_ref().is_none_or(|sender| sender.send(Work::Full(full)).is_err()) {
            return Err(drain.end().err().unwrap_or_else(gone));
        }
        self.place = Place::There(drain);
        Ok(())
    }
}

impl Block {
    fn new() -> Self {
        let memory = vec![0; BLOCK_BYTES + ALIGNED];
        let begin = memory.as_ptr().align_offset(ALIGNED);
        // Where the address cannot be had, the system refuses a direct block, and it is written the ordinary way.
        let begin = if begin < ALIGNED { begin } else { 0 };
        Self { memory, begin, used: 0 }
    }

    const fn room(&self) -> usize {
        BLOCK_BYTES - self.used
    }

    /// Adds bytes for which there is room.
    fn add(&mut self, bytes: &[u8]) {
        let begin = self.begin + self.used;
        self.memory[begin..begin + bytes.len()].copy_from_slice(bytes);
        self.used += bytes.len();
    }

    fn bytes(&self) -> &[u8] {
        &self.memory[self.begin..self.begin + self.used]
    }
}

impl Drain {
    fn start(mut target: Target) -> io::Result<Self> {
        let (full, to_write) = sync_channel::<Work>(BLOCKS);
        let (written, empty) = sync_channel(BLOCKS);
        let thread = Builder::new().name("fundclear-write".to_owned()).spawn(move || {
            for work in to_write {
                let mut block = match work {
                    Work::Full(block) => {
                        target.write(block.bytes())?;
                        block
                    }
                    Work::Last(block) => {
                        target.write_last(block.bytes())?;
                        target.file.sync_all()?;
                        block
                    }
                };
                block.used = 0;
                if written.send(block).is_err() {
                    break;
                }
            }
            Ok(target)
        })?;
        Ok(Self { full: Some(full), empty, thread: Some(thread) })
    }

    /// Waits until all is written, and gives the file back.
    fn end(&mut self) -> io::Result<Target> {
        self.full = None;
        let ended = self.thread.take().map(JoinHandle::join);
        ended.and_then(Result::ok).unwrap_or_else(|| Err(gone()))
    }
}

impl Drop for Drain {
    /// No thread outlives its output.
    fn drop(&mut self) {
        if self.thread.is_some() {
            // Who drops it has no use for the file any more, nor for what became of it.
            let _ = self.end();
        }
    }
}

impl Target {
    /// Writes the end of the file: past the page cache as far as the disk can fetch it, and the rest the ordinary way.
    fn write_last(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        if self.is_direct {
            let (aligned, last) = bytes.split_at(bytes.len() / ALIGNED * ALIGNED);
            self.write(aligned)?;
            self.is_direct = self.is_direct && !set_direct(&self.file, false);
            rest = last;
        }
        self.write(rest)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A file system without direct writes, or the rest of a block of which a part was taken.
                Err(error) if self.is_direct && error.kind() == ErrorKind::InvalidInput => {
                    self.is_direct = false;
                    set_direct(&self.file, false);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// What is said to who goes on after a failure.
fn gone() -> io::Error {
    io::Error::other("the file could not be written before")
}

/// Whether writes go past the page cache from now on, or no longer do; says whether the system has done so.
#[cfg(target_os = "linux")]
fn set_direct(file: &File, on: bool) -> bool {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

    fcntl_getfl(file)
        .and_then(|mut flags| {
            flags.set(OFlags::DIRECT, on);
            fcntl_setfl(file, flags)
        })
        .is_ok()
}

#[cfg(not(target_os = "linux"))]
fn set_direct(_: &File, _: bool) -> bool {
    false
}
