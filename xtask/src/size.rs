//! `cargo xtask size`: how big the page is, as kept and as sent.

use std::fmt;
use std::path::Path;

use anyhow::{Result, bail, ensure};
use serde_json::json;

use crate::bundle;
use crate::ui::{self, Profile};
use crate::workspace::Workspace;

/// What the whole page may weigh as sent, in bytes.
pub const BUDGET: u64 = 700_000;

/// One file of the page.
struct File {
    name: String,
    bytes: u64,
    /// What is sent: the `.gz` if there is one, else the file.
    compressed: u64,
}

/// The files of the page.
pub struct Sizes(Vec<File>);

impl Sizes {
    /// The program alone, as kept.
    fn wasm_bytes(&self) -> u64 {
        self.0
            .iter()
            .filter(|file| file.name.ends_with(".wasm"))
            .map(|file| file.bytes)
            .sum()
    }

    /// The whole page, as sent.
    pub fn compressed_bytes(&self) -> u64 {
        self.0.iter().map(|file| file.compressed).sum()
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>10} {:>10}", "bytes", "gzip")?;
        for file in &self.0 {
            writeln!(
                f,
                "{:>10} {:>10}  {}",
                file.bytes, file.compressed, file.name
            )?;
        }
        let all: u64 = self.0.iter().map(|file| file.bytes).sum();
        let sent = self.compressed_bytes();
        writeln!(
            f,
            "{all:>10} {sent:>10}  the whole page ({}% of the budget)",
            sent * 100 / BUDGET
        )
    }
}

/// Measures the page as it lies in the folder.
pub fn measure(dist: &Path) -> Result<Sizes> {
    let files = bundle::list(dist)?;
    let mut sizes = Vec::new();
    for (name, path) in &files {
        if name
            .strip_suffix(".gz")
            .is_some_and(|plain| files.contains_key(plain))
        {
            continue;
        }
        let bytes = path.metadata()?.len();
        let compressed = match files.get(&format!("{name}.gz")) {
            Some(small) => small.metadata()?.len(),
            None => bytes,
        };
        sizes.push(File {
            name: name.clone(),
            bytes,
            compressed,
        });
    }
    ensure!(!sizes.is_empty(), "{} is empty", dist.display());
    Ok(Sizes(sizes))
}

/// Brings the page up to date, then tells its size on standard output.
pub fn run(workspace: &Workspace, as_json: bool, check: bool) -> Result<()> {
    ui::build(workspace, Profile::Small)?;
    let sizes = measure(&workspace.dist())?;
    if as_json {
        let files: Vec<_> = sizes
            .0
            .iter()
            .map(|file| {
                json!({"name": file.name, "bytes": file.bytes, "compressed_bytes": file.compressed})
            })
            .collect();
        let all = json!({
            "wasm_bytes": sizes.wasm_bytes(),
            "compressed_bytes": sizes.compressed_bytes(),
            "budget_bytes": BUDGET,
            "files": files,
        });
        println!("{all:#}");
    } else {
        print!("{sizes}");
    }
    let sent = sizes.compressed_bytes();
    if check && sent > BUDGET {
        bail!(
            "the page is {sent} bytes as sent, {} above the budget",
            sent - BUDGET
        );
    }
    Ok(())
}
