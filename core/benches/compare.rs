//! The core beside other Raft crates: `cargo bench -p raftwerk-core [-- --quick]`.
//!
//! The comparison lives in `bench/`, a workspace of its own, so that nobody needs those crates
//! to build or test this one. Here it is built and run; where the others cannot be built, that
//! is said in one line and the core runs alone.

use std::path::Path;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let run = |features: &[&str], verb: &str, args: &[String]| {
        let mut command = Command::new(&cargo);
        command
            .current_dir(&root)
            .args([verb, "--release", "--manifest-path", "bench/Cargo.toml"])
            .args(["--target-dir", "target/bench"])
            .args(features);
        if !args.is_empty() {
            command.arg("--").args(args);
        }
        command.status().is_ok_and(|status| status.success())
    };
    // `cargo bench` adds a flag of its own.
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<String> = args.into_iter().filter(|arg| arg != "--bench").collect();
    let peers: &[&str] = &["--features", "peers"];
    let features = match run(peers, "build", &[]) {
        true => peers,
        false => {
            println!("the other crates cannot be built here (see above): the core runs alone");
            &[]
        }
    };
    match run(features, "run", &args) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
