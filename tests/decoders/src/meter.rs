//! How much memory a decoder holds at most: an allocator that counts per thread.
//!
//! A test or fuzzer installs [`Meter`] as its global allocator; where it is not installed,
//! [`bounded`] only runs what it is given.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, counted.
pub struct Meter;

thread_local! {
    /// Bytes held by this thread now, and the most since the last reset.
    static HELD: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

fn took(bytes: usize) {
    // While a thread ends its cells are gone, and nobody measures any more.
    let _ = HELD.try_with(|held| {
        let (now, most) = held.get();
        let now = now.saturating_add(bytes);
        held.set((now, most.max(now)));
    });
}

fn gave(bytes: usize) {
    let _ = HELD.try_with(|held| {
        let (now, most) = held.get();
        held.set((now.saturating_sub(bytes), most));
    });
}

// SAFETY: every call goes to the system's allocator unchanged; the counting allocates nothing.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Meter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        gave(layout.size());
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // For a moment both may exist.
        took(size);
        gave(layout.size());
        unsafe { System.realloc(at, layout, size) }
    }
}

/// The most bytes that `work` held at once beyond what was held before.
pub fn most_held<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.with(|held| {
        let now = held.get().0;
        held.set((now, now));
        now
    });
    let done = work();
    (done, HELD.with(|held| held.get().1) - before)
}

/// Bytes that any decoder may hold, however little it is given: error texts, small buffers.
const FLOOR: usize = 4 << 10;

/// Decodes `input` and checks that at most `times` its length, and a small floor, was held.
///
/// # Panics
/// When it was more.
pub fn bounded<T>(input: &[u8], times: usize, decode: impl FnOnce(&[u8]) -> T) -> T {
    let (decoded, most) = most_held(|| decode(input));
    let limit = FLOOR + times * input.len();
    assert!(
        most <= limit,
        "{most} bytes held while decoding {} bytes; the limit is {limit}",
        input.len()
    );
    decoded
}
