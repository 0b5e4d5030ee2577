//! Memory of the kernel's long vectors on huge pages.
//!
//! A fresh page costs the system the more, the more pages there are: one of 2 MiB a few times as much as one of 4 KiB,
//! of which it replaces 512. Blocks from [`LARGE`] on are mapped one by one. While a day is open the blocks from
//! [`MEDIUM`] on, above all the rows of its buckets, lie together in segments of a stretch of addresses that is
//! reserved once; a segment goes back to the system when its last block does. All other blocks are the system
//! allocator's.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use libc::{
    MADV_DONTNEED, MADV_HUGEPAGE, MAP_ANONYMOUS, MAP_FAILED, MAP_NORESERVE, MAP_PRIVATE, MREMAP_MAYMOVE, PROT_NONE,
    PROT_READ, PROT_WRITE, c_int,
};

/// From this size on a block has a mapping of its own. Smaller ones the system allocator may have used before.
const LARGE: usize = 8 << 20;

/// From this size on a block lies in a segment while a day is open.
const MEDIUM: usize = 64 << 10;

const HUGE_PAGE: usize = 2 << 20;

const PAGE: usize = 4 << 10;

/// Blocks in a segment begin at multiples of this: a line of the caches.
const LINE: usize = 64;

const SEGMENT: usize = 32 << 20;

const SEGMENTS: usize = 4096;

/// How many days are open.
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// The process whose segments these are. A process that was forked from it has copies of blocks that it may still read,
/// but touches neither the arena nor its lock: another thread may have held it at the fork.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// Where the reserved addresses begin; zero before they are, and if the system refuses them.
static BASE: AtomicUsize = AtomicUsize::new(0);

static ARENA: Mutex<Arena> = Mutex::new(Arena::NEW);

/// The allocator of this module; the interpreter's own memory is not its business.
pub struct HugePages;

/// As long as it lives, medium blocks lie in segments.
pub struct Segmented(());

impl Segmented {
    /// For the time in which a day's rows are put into their buckets.
    pub fn new() -> Self {
        OPEN.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Segmented {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The segments: how many live blocks each has, and where the next block goes.
struct Arena {
    live: [u32; SEGMENTS],
    /// Segments that were used and are empty.
    empty: [u16; SEGMENTS],
    empties: usize,
    /// Segments below this have been used.
    fresh: usize,
    current: usize,
    used: usize,
}

impl Arena {
    const NEW: Self =
        Self { live: [0; SEGMENTS], empty: [0; SEGMENTS], empties: 0, fresh: 0, current: 0, used: SEGMENT };

    /// A block of so many bytes; null if there is no room.
    fn take(&mut self, size: usize) -> *mut u8 {
        let base = match BASE.load(Ordering::Acquire) {
            0 => reserve(),
            base => base,
        };
        if base == 0 {
            return null_mut();
        }
        // Sizes below `LARGE`.
        let size = size.next_multiple_of(LINE);
        if self.used + size > SEGMENT && !self.begin(base) {
            return null_mut();
        }
        let place = base + self.current * SEGMENT + self.used;
        self.used += size;
        self.live[self.current] += 1;
        std::ptr::with_exposed_provenance_mut(place)
    }

    /// Begins a segment.
    fn begin(&mut self, base: usize) -> bool {
        self.current = if self.empties > 0 {
            self.empties -= 1;
            usize::from(self.empty[self.empties])
        } else if self.fresh < SEGMENTS && is_opened(base + self.fresh * SEGMENT) {
            self.fresh += 1;
            self.fresh - 1
        } else {
            // The segment at hand stays the one that is full.
            return false;
        };
        self.used = 0;
        true
    }

    /// Takes a block back; the segment of the last one goes back to the system.
    fn give(&mut self, base: usize, place: usize) {
        let segment = (place - base) / SEGMENT;
        self.live[segment] -= 1;
        if self.live[segment] > 0 {
            return;
        }
        // SAFETY: the segment is ours, readable and writable, and nobody has a block in it.
        unsafe {
            libc::madvise(std::ptr::with_exposed_provenance_mut(base + segment * SEGMENT), SEGMENT, MADV_DONTNEED)
        };
        if segment == self.current {
            self.used = 0;
        } else {
            self.empty[self.empties] = u16::try_from(segment).unwrap_or(u16::MAX);
            self.empties += 1;
        }
    }
}

fn map(size: usize, protection: c_int, flags: c_int) -> usize {
    // SAFETY: a new private mapping at an address that the system chooses.
    let mapped = unsafe { libc::mmap(null_mut(), size, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0) };
    if mapped == MAP_FAILED { 0 } else { mapped.expose_provenance() }
}

/// Reserves the addresses of all segments. They cost no memory until they are opened.
fn reserve() -> usize {
    let base = map((SEGMENTS + 1) * SEGMENT, PROT_NONE, MAP_NORESERVE);
    let base = if base == 0 { 0 } else { base.next_multiple_of(SEGMENT) };
    OWNER.store(std::process::id(), Ordering::Relaxed);
    BASE.store(base, Ordering::Release);
    base
}

/// Makes a segment readable and writable.
fn is_opened(place: usize) -> bool {
    let place = std::ptr::with_exposed_provenance_mut(place);
    // SAFETY: a segment of the reserved addresses, in which nothing is yet.
    unsafe {
        let opened = libc::mprotect(place, SEGMENT, PROT_READ | PROT_WRITE) == 0;
        if opened {
            // Where there are no huge pages small ones do.
            libc::madvise(place, SEGMENT, MADV_HUGEPAGE);
        }
        opened
    }
}

fn arena() -> MutexGuard<'static, Arena> {
    ARENA.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the segments begin, if a block lies in one.
fn base_of(block: *mut u8) -> Option<usize> {
    let base = BASE.load(Ordering::Acquire);
    (base != 0 && block.addr().wrapping_sub(base) < SEGMENTS * SEGMENT).then_some(base)
}

/// Whether the arena is another process's, from which this one was forked.
fn is_inherited() -> bool {
    BASE.load(Ordering::Acquire) != 0 && OWNER.load(Ordering::Relaxed) != std::process::id()
}

/// A block in a segment, if a day is open; null if there is none.
fn segmented(layout: Layout) -> *mut u8 {
    if layout.size() < MEDIUM || layout.align() > LINE || OPEN.load(Ordering::Relaxed) == 0 || is_inherited() {
        return null_mut();
    }
    // Who finds the arena taken has the system allocator instead of a wait.
    match ARENA.try_lock() {
        Ok(mut arena) => arena.take(layout.size()),
        Err(TryLockError::Poisoned(arena)) => arena.into_inner().take(layout.size()),
        Err(TryLockError::WouldBlock) => null_mut(),
    }
}

const fn is_large(layout: Layout) -> bool {
    layout.size() >= LARGE && layout.align() <= PAGE
}

/// A mapping of its own that begins at a huge page; null if the system has none.
fn large(size: usize) -> *mut u8 {
    let Some(size) = size.checked_next_multiple_of(PAGE) else { return null_mut() };
    let Some(whole) = size.checked_add(HUGE_PAGE) else { return null_mut() };
    let mapped = map(whole, PROT_READ | PROT_WRITE, 0);
    if mapped == 0 {
        return null_mut();
    }
    let start = mapped.next_multiple_of(HUGE_PAGE);
    let (before, end) = (start - mapped, start + size);
    let after = mapped + whole - end;
    // SAFETY: both ends and the block are parts of the new mapping, in which nothing is yet.
    unsafe {
        if before > 0 {
            libc::munmap(std::ptr::with_exposed_provenance_mut(mapped), before);
        }
        if after > 0 {
            libc::munmap(std::ptr::with_exposed_provenance_mut(end), after);
        }
        let block = std::ptr::with_exposed_provenance_mut::<u8>(start);
        libc::madvise(block.cast(), size, MADV_HUGEPAGE);
        block
    }
}

// SAFETY: every block comes from one of three sources, each of which gives memory of at least the layout's size and
// alignment that nobody else has. Which source a block is from can be told of its address and its layout's size: large
// ones are mapped, those at reserved addresses lie in segments, and all others are the system allocator's.
unsafe impl GlobalAlloc for HugePages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_large(layout) {
            return large(layout.size());
        }
        let block = segmented(layout);
        // SAFETY: the caller's layout, as the trait demands it.
        if block.is_null() { unsafe { System.alloc(layout) } } else { block }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_large(layout) {
            // A new mapping is zero.
            return large(layout.size());
        }
        // SAFETY: the caller's layout, as the trait demands it.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_large(layout) {
            // SAFETY: the mapping that this block is; whole pages, as it was made.
            unsafe { libc::munmap(block.cast(), layout.size().next_multiple_of(PAGE)) };
        } else if let Some(base) = base_of(block) {
            // The copy of a block that was there at a fork stays: its segment is the parent's to count.
            if !is_inherited() {
                arena().give(base, block.addr());
            }
        } else {
            // SAFETY: the system allocator's block, by its address.
            unsafe { System.dealloc(block, layout) };
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller gives a size that is not zero and does not leave `isize` when rounded up to the alignment.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        if is_large(layout) && is_large(wanted) {
            let (old, new) = (layout.size().next_multiple_of(PAGE), size.next_multiple_of(PAGE));
            // SAFETY: the mapping that this block is, which nobody else uses.
            let moved = unsafe { libc::mremap(block.cast(), old, new, MREMAP_MAYMOVE) };
            return if moved == MAP_FAILED { null_mut() } else { moved.cast() };
        }
        if !is_large(layout) && !is_large(wanted) && base_of(block).is_none() {
            // SAFETY: the system allocator's block, by its address.
            return unsafe { System.realloc(block, layout, size) };
        }
        // SAFETY: both blocks are as long as the copied stretch, and a new block does not overlap an old one.
        unsafe {
            let moved = self.alloc(wanted);
            if !moved.is_null() {
                std::ptr::copy_nonoverlapping(block, moved, layout.size().min(size));
                self.dealloc(block, layout);
            }
            moved
        }
    }
}
