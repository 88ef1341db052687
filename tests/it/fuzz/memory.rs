//! An allocator that counts, thread by thread: what a parser asks for can be held against the size of its input.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[derive(Clone, Copy)]
struct Count {
    now: isize,
    peak: isize,
}

thread_local! {
    static COUNT: Cell<Count> = const { Cell::new(Count { now: 0, peak: 0 }) };
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn add(bytes: isize) {
    // A thread that ends frees its last memory after its counter is gone.
    let _ = COUNT.try_with(|it| {
        let mut count = it.get();
        count.now += bytes;
        count.peak = count.peak.max(count.now);
        it.set(count);
    });
}

// SAFETY: every call goes to the system's allocator as it is; the counter is a `Cell` without a destructor, so that it
// allocates nothing itself.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size() as isize);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        add(-(layout.size() as isize));
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // The old block may live beside the new one while its content moves.
        add(size as isize);
        add(-(layout.size() as isize));
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Runs something; gives back the most bytes that this thread had at one time beyond what it had before.
pub fn peak<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = COUNT.with(|it| {
        let count = it.get();
        it.set(Count {
            peak: count.now,
            ..count
        });
        count.now
    });
    let result = run();
    let peak = COUNT.with(Cell::get).peak - before;
    (result, usize::try_from(peak).unwrap_or(0))
}

#[test]
fn memory_is_counted() {
    let ((), found) = peak(|| {
        let first = vec![0u8; 100_000];
        drop(first);
        let second = vec![1u8; 50_000];
        drop(second);
    });
    assert!((100_000..101_000).contains(&found), "{found}");
}
