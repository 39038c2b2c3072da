//! `docs/traps.md` is true: it has every id once, the tests it names exist, and no test that is
//! named after an id is missing in its line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A row of the page: id, and the column that says what holds it.
struct Row {
    id: String,
    held: String,
}

impl Row {
    /// The tests it names.
    fn tests(&self) -> BTreeSet<String> {
        let quoted = self.held.split('`').skip(1).step_by(2);
        quoted.map(str::to_string).collect()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rows() -> Vec<Row> {
    let page = fs::read_to_string(root().join("docs/traps.md")).expect("the page is there");
    let lines = page.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = lines.map(|line| line.trim_end_matches(" |").split(" | ").collect::<Vec<_>>());
    let rows = cells.filter(|cells| cells[0] != "id");
    let row = |cells: Vec<&str>| {
        let [id, _trap, held] = cells[..] else {
            panic!("three columns: {cells:?}");
        };
        Row {
            id: id.to_string(),
            held: held.to_string(),
        }
    };
    rows.map(row).collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// Where tests are.
const ROOMS: &[&str] = &["core", "kv", "wire", "sim", "native", "tests"];

/// Every test function of these rooms, by its name.
fn tests_of(rooms: &[&str]) -> BTreeSet<String> {
    let mut files = Vec::new();
    for room in rooms {
        for part in ["src", "tests"] {
            let folder = root().join(room).join(part);
            if folder.is_dir() {
                sources(&folder, &mut files);
            }
        }
    }
    let mut tests = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("readable");
        let attributes = text.split("#[");
        let is_test = |part: &&str| part.starts_with("test]") || part.starts_with("tokio::test");
        for part in attributes.filter(is_test) {
            let name = part
                .split_once("fn ")
                .and_then(|(_, rest)| rest.split_once('('));
            tests.extend(name.map(|(name, _)| name.to_string()));
        }
    }
    tests
}

/// `e10a_longest...` is a test of E10a; other names are of no trap.
fn id_in_name(test: &str) -> Option<String> {
    let (first, _) = test.split_once('_')?;
    let letter = first
        .chars()
        .next()
        .filter(|letter| "erldsmcx".contains(*letter))?;
    let number = first[1..].trim_end_matches(char::is_lowercase);
    let is_id = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
    is_id.then(|| format!("{}{}", letter.to_uppercase(), &first[1..]))
}

/// All ids of the page, ranges spelled out.
fn ids(rows: &[Row]) -> Vec<String> {
    let mut ids = Vec::new();
    for row in rows {
        match row.id.split_once(" to ") {
            None => ids.push(row.id.clone()),
            Some((from, to)) => {
                let number = |id: &str| id[1..].parse::<u32>().expect("a number");
                let all = number(from)..=number(to);
                ids.extend(all.map(|n| format!("{}{n}", &from[..1])));
            }
        }
    }
    ids
}

#[test]
fn the_page_has_every_id_once() {
    let rows = rows();
    let mut expect = Vec::new();
    for (letter, last) in [
        ("E", 20),
        ("R", 23),
        ("L", 14),
        ("D", 11),
        ("S", 12),
        ("M", 13),
        ("C", 10),
        ("X", 7),
    ] {
        for number in 1..=last {
            match (letter, number) {
                ("E", 10) => expect.extend("abcde".chars().map(|part| format!("E10{part}"))),
                _ => expect.push(format!("{letter}{number}")),
            }
        }
    }
    assert_eq!(ids(&rows), expect);
}

#[test]
fn every_line_names_a_test_or_says_what_it_waits_for() {
    for row in rows() {
        let waits = ["comes with ", "not built: "];
        let waits = waits.iter().any(|start| row.held.starts_with(start));
        assert!(waits || !row.tests().is_empty(), "{}: {}", row.id, row.held);
    }
}

#[test]
fn every_test_that_the_page_names_exists() {
    let tests = tests_of(ROOMS);
    for row in rows() {
        for test in row.tests() {
            assert!(tests.contains(&test), "{}: there is no test {test}", row.id);
        }
    }
}

#[test]
fn every_test_named_after_an_id_stands_in_its_line() {
    let rows = rows();
    let named: BTreeMap<&str, BTreeSet<String>> = rows
        .iter()
        .map(|row| (row.id.as_str(), row.tests()))
        .collect();
    let (of_core, all) = (tests_of(&["core"]), tests_of(ROOMS));
    // Of clients, servers and the simulator itself the core knows nothing.
    let elsewhere = all
        .iter()
        .filter(|test| id_in_name(test).is_some_and(|id| id.starts_with(['C', 'X'])));
    let of_traps: Vec<(String, &String)> = of_core
        .iter()
        .chain(elsewhere)
        .filter_map(|test| Some((id_in_name(test)?, test)))
        .collect();
    assert!(of_traps.len() > 80, "they are found: {}", of_traps.len());
    for (id, test) in of_traps {
        let line = named.get(id.as_str());
        let line = line.unwrap_or_else(|| panic!("{test}: there is no line {id}"));
        assert!(line.contains(test), "{test} is missing in the line of {id}");
    }
}
