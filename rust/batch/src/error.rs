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
pub struct Failures(Mutex<Vec<Error>>);

impl Failures {
    /// Keeps a failure; what the kernel is told, which stands for it: of several failures the kernel picks the one of
    /// the smallest task, whichever came first.
    pub fn keep(&self, error: Error) -> KernelError {
        if let Error::Kernel(error) = error {
            return error;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(error);
        KernelError { row: Some(kept.len() - 1), ..KernelError::whole(Code::Cancelled) }
    }

    /// What an error of the kernel stands for; itself if for nothing else.
    pub fn or(&self, error: KernelError) -> Error {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match error {
            KernelError { code: Code::Cancelled, row: Some(place), .. } if place < kept.len() => {
                kept.swap_remove(place)
            }
            other => Error::Kernel(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_comes_back_for_what_the_kernel_was_told() {
        let failures = Failures::default();
        let told: Vec<_> =
            ["a", "b", "c"].map(|path| failures.keep(Error::file(path, std::io::Error::other("full")))).into();
        let found = failures.or(told.get(1).cloned().unwrap_or_else(|| KernelError::whole(Code::Law)));
        assert!(matches!(found, Error::File(FileError { path, .. }) if path == std::path::Path::new("b")));
        for code in [Code::Law, Code::Cancelled] {
            let own = failures.or(failures.keep(Error::Kernel(KernelError::whole(code))));
            assert!(matches!(own, Error::Kernel(error) if error.code == code));
        }
    }
}
