//! `docs/figure-2.md` is true: the tests that it names exist, and no test of the core that is named
//! after the figure is missing in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn core() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of every source file below a folder.
fn sources(folder: PathBuf) -> String {
    let entries = fs::read_dir(folder).expect("a folder of the repository");
    let text = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.expect("readable").path();
        match path.is_dir() {
            true => sources(path),
            false => fs::read_to_string(path).unwrap_or_default(),
        }
    };
    entries.map(text).collect()
}

#[test]
fn the_page_about_figure_2_names_tests_that_exist_and_all_of_its_own() {
    let page = fs::read_to_string(core().join("../docs/figure-2.md")).expect("the page is there");
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let named: BTreeSet<&str> = rows
        .flat_map(|row| row.split('`').skip(1).step_by(2))
        .collect();
    let all = sources(core().join("tests")) + &sources(core().join("src"));
    let tests: BTreeSet<&str> = all
        .split("#[test]")
        .skip(1)
        .filter_map(|part| part.split_once("fn ")?.1.split_once('('))
        .map(|(name, _)| name)
        .collect();
    let unknown: Vec<_> = named.difference(&tests).collect();
    assert!(unknown.is_empty(), "no such test: {unknown:?}");
    let own = tests.iter().filter(|test| test.starts_with("figure_2_"));
    let missing: Vec<_> = own.filter(|test| !named.contains(*test)).collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
}
