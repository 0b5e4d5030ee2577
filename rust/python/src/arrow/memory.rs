//! Memory for arrays that leave: zeroed, never an abort where there is none, and on huge pages where it is large.

use std::alloc::{Layout, alloc_zeroed};

use arrow_buffer::ArrowNativeType;

/// There is not enough memory.
#[derive(Debug)]
pub struct NoMemory;

/// The size of a huge page: smaller memory can have none.
#[cfg(target_os = "linux")]
const LARGE_BYTES: usize = 1 << 21;

/// So many zeros. Large memory comes as pages that the system keeps zeroed: it is not written twice, and the threads
/// that fill it are the first to touch it.
pub fn zeroed<T: ArrowNativeType>(count: usize) -> Result<Vec<T>, NoMemory> {
    let layout = Layout::array::<T>(count).map_err(|_| NoMemory)?;
    if layout.size() == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the layout is not of size zero.
    let start = unsafe { alloc_zeroed(layout) };
    if start.is_null() {
        return Err(NoMemory);
    }
    ask_for_huge_pages(start, layout.size());
    // SAFETY: memory from the allocator that `Vec` uses, in the layout of `count` values; zero bytes are a value of
    // every type that Arrow calls native.
    Ok(unsafe { Vec::from_raw_parts(start.cast(), count, count) })
}

/// A fault for every 4 KiB costs several times the work on them, so large memory is asked for in pages of 2 MiB.
#[cfg(target_os = "linux")]
fn ask_for_huge_pages(start: *mut u8, size: usize) {
    const PAGE_BYTES: usize = 1 << 12;
    if size < LARGE_BYTES {
        return;
    }
    let unaligned = start.align_offset(PAGE_BYTES);
    // SAFETY: the range is part of the memory at `start`, which is ours; the advice changes no byte of it. Systems
    // with larger pages refuse the range, and then all is as it was.
    unsafe { libc::madvise(start.wrapping_add(unaligned).cast(), size - unaligned, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn ask_for_huge_pages(_: *mut u8, _: usize) {}
