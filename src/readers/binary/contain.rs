//! Catches the panics of other people's code on damaged input.

use std::cell::Cell;
use std::panic::{UnwindSafe, catch_unwind};

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is in a reader whose panics mean no more than that a file is damaged: a panic hook that says them
/// would report a fault of the program where there is none.
pub fn is_contained() -> bool {
    CONTAINED.get()
}

/// What `read` gives; `None` where it panics.
pub fn contain<T>(read: impl FnOnce() -> Option<T> + UnwindSafe) -> Option<T> {
    let before = CONTAINED.replace(true);
    let found = catch_unwind(read);
    CONTAINED.set(before);
    found.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_nothing_and_ends_the_boundary() {
        assert_eq!(contain(|| Some(is_contained())), Some(true));
        assert_eq!(
            contain(|| Some([1, 2][std::hint::black_box(7)])),
            None::<i32>
        );
        assert!(!is_contained());
    }
}
