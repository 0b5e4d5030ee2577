//! What is caught and told as an error prints nothing; any other panic is told as before. Alone in its process, because
//! hooks are of the whole process.

use std::panic::{catch_unwind, set_hook};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use fundclear_store::error::Error;
use fundclear_store::frame::guarded;

static TOLD: AtomicUsize = AtomicUsize::new(0);

#[test]
fn only_guarded_panics_are_silent() {
    set_hook(Box::new(|_| {
        TOLD.fetch_add(1, Ordering::Relaxed);
    }));
    let panics = || -> Result<(), Error> { panic!("a damaged page") };
    assert!(guarded(panics).is_err());
    assert!(guarded(|| guarded(panics).or_else(|_| panics())).is_err());
    assert_eq!(TOLD.load(Ordering::Relaxed), 0);
    assert!(catch_unwind(|| panic!("a defect")).is_err());
    assert_eq!(TOLD.load(Ordering::Relaxed), 1);
    // Another thread is not guarded because this one is.
    let elsewhere = || Ok(thread::spawn(|| panic!("a defect elsewhere")).join().is_err());
    assert!(guarded(elsewhere).unwrap());
    assert_eq!(TOLD.load(Ordering::Relaxed), 2);
    assert!(catch_unwind(|| panic!("a defect again")).is_err());
    assert_eq!(TOLD.load(Ordering::Relaxed), 3);
}
