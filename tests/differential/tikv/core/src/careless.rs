//! A host that does not wait for its disk, to prove that a check notices.

use std::cell::Cell;

thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
}

/// From now on every node of this thread sends at once what it should keep until its disk is done,
/// or does not any more.
pub fn switch(on: bool) {
    ON.set(on);
}

pub(crate) fn is_on() -> bool {
    ON.get()
}
