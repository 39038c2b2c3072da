//! The rig for tests across crates: a real browser, real processes, a file server for the page.
//!
//! Everything started here is ended when its handle is dropped, also when a test panics. Nothing
//! measures time: waiting is done by polling with a generous bound, so a slow machine makes a test
//! slow and not red.
//!
//! What must exist before: `dist/` (made by `cargo xtask ui`), the server (`cargo build --release
//! -p raftwerk-native`), Chromium and chromedriver. What is missing is named in the error.

mod browser;
mod driver;
mod files;
mod input;
mod process;
mod server;
mod wait;

pub use browser::{Browser, ConsoleLine, Viewport};
pub use files::{FileServer, Flaw};
pub use process::{Process, Signal};
pub use server::{Raftwerk, binary, free_port};
pub use wait::{BOUND, until, until_true};

use std::path::{Path, PathBuf};

/// The folder of the workspace.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The bundled page: the folder that `RAFTWERK_DIST` names, else `dist/`.
pub fn dist() -> PathBuf {
    root().join(std::env::var_os("RAFTWERK_DIST").unwrap_or_else(|| "dist".into()))
}

/// Cargo's target folder, found from where the test program lies.
pub fn target() -> PathBuf {
    let of_test = std::env::current_exe().ok();
    let target = of_test.as_deref().and_then(|exe| exe.ancestors().nth(3));
    target.map_or_else(|| root().join("target"), Path::to_path_buf)
}

/// Where a picture or log of a test goes, to be looked at afterwards.
pub fn artifact(name: &str) -> PathBuf {
    target().join("browser").join(name)
}
