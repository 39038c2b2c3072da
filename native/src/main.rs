//! The `raftwerk` program: everything is in the library, so that tests can use it.

use std::process::ExitCode;

fn main() -> ExitCode {
    raftwerk_native::cli::main()
}
