//! A file that is written once from its beginning to its end: by large blocks past the page cache, with its SHA-256.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

/// Bytes that are written at a time. A smaller file is written the ordinary way.
pub const BLOCK_BYTES: usize = 4 << 20;

/// What blocks, and their places in memory and in the file, are multiples of, so that the disk can fetch them itself.
const ALIGNED: usize = 4096;

/// Bytes that are hashed while they are in the first cache, where copying has just put them.
const HASHED_BYTES: usize = 1 << 14;

/// A file that grows, and what is not yet in it.
#[derive(Debug)]
pub struct Output {
    file: File,
    is_direct: bool,
    hash: Sha256,
    written: u64,
    memory: Vec<u8>,
    begin: usize,
    used: usize,
}

impl Output {
    /// Creates a file; the memory of another output will do for this one.
    pub fn create(path: &Path, memory: Vec<u8>) -> io::Result<Self> {
        let file = File::create(path)?;
        let mut memory = memory;
        memory.resize(BLOCK_BYTES + ALIGNED, 0);
        let begin = memory.as_ptr().align_offset(ALIGNED);
        // Where the address cannot be had, the system refuses a direct block, and it is written the ordinary way.
        let begin = if begin < ALIGNED { begin } else { 0 };
        Ok(Self { file, is_direct: false, hash: Sha256::new(), written: 0, memory, begin, used: 0 })
    }

    /// The bytes so far.
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// Adds bytes.
    pub fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut bytes = bytes;
        while !bytes.is_empty() {
            let (now, rest) = bytes.split_at(bytes.len().min(BLOCK_BYTES - self.used).min(HASHED_BYTES));
            let begin = self.begin + self.used;
            self.memory[begin..begin + now.len()].copy_from_slice(now);
            self.hash.update(now);
            self.used += now.len();
            self.written += now.len() as u64;
            if self.used == BLOCK_BYTES {
                if self.written == BLOCK_BYTES as u64 {
                    self.is_direct = set_direct(&self.file, true);
                }
                self.write_block()?;
            }
            bytes = rest;
        }
        Ok(())
    }

    /// Writes what is left and waits until the disk has it. Gives the digest, and the memory for another output.
    ///
    /// What the system finds out late, it says when asked to wait; closing has nothing left that could fail.
    pub fn finish(mut self) -> io::Result<([u8; 32], Vec<u8>)> {
        if self.is_direct {
            self.is_direct = !set_direct(&self.file, false);
        }
        self.write_block()?;
        self.file.sync_all()?;
        Ok((self.hash.finalize().into(), self.memory))
    }

    fn write_block(&mut self) -> io::Result<()> {
        let mut rest = &self.memory[self.begin..self.begin + self.used];
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
        self.used = 0;
        Ok(())
    }
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
