//! What can go wrong in a run besides what the kernel says.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use fundclear_kernel::error::{Code, Error as KernelError};
use fundclear_store::error::Error as StoreError;

/// A failure of a file.
#[derive(Debug)]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub error: StoreError,
}

/// Why a run ends early.
#[derive(Debug)]
pub enum Error {
    /// What the kernel refuses.
    Kernel(KernelError),
    /// What a file or the disk refuses.
    File(FileError),
    /// The distinct texts of a domain need more memory than there is.
    Dictionary {
        /// What the texts are.
        name: String,
        /// How many there are.
        texts: u64,
        /// The bytes that they need.
        needed: u64,
        /// The bytes that they may take.
        memory: u64,
    },
}

impl From<KernelError> for Error {
    fn from(error: KernelError) -> Self {
        Self::Kernel(error)
    }
}

impl Error {
    /// A failure of a file.
    pub fn file(path: impl Into<PathBuf>, error: impl Into<StoreError>) -> Self {
        Self::File(FileError { path: path.into(), error: error.into() })
    }
}

/// Where workers inside the kernel leave what it has no words for: it only knows that it has to stop.
#[derive(Debug, Default)]
pub struct Failures(Mutex<Option<Error>>);

impl Failures {
    /// Keeps the first failure; what the kernel is told.
    pub fn keep(&self, error: Error) -> KernelError {
        if let Error::Kernel(error) = error {
            return error;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get_or_insert(error);
        KernelError::whole(Code::Cancelled)
    }

    /// What was kept, if anything was; else what the kernel says.
    pub fn or(&self, error: KernelError) -> Error {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.take().unwrap_or(Error::Kernel(error))
    }
}
