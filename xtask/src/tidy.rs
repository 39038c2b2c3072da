//! The size of things, so that files stay such as can be read from top to bottom.
//!
//! Files of about 400 lines and functions of about 60 are the aim; a tenth more is the limit. A file
//! has at most [`FILE`] lines and a function at most [`FUNCTION`], and every file opens by
//! saying what it is. Tests may have longer functions: a story is told in one piece. Tables may be
//! longer, too; they stand in a list, and what is in the list and no longer is is told.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::workspace::Workspace;

/// Lines of a file.
const FILE: usize = 440;
/// Lines of a function, its head included.
const FUNCTION: usize = 66;

/// What is longer, and may be: files, and functions of files. Each is a row for each kind of
/// something; whoever adds a kind adds a row, and the compiler asks for it.
const TABLES: &[&str] = &[
    "core/src/boot.rs boot",
    "core/src/trace/kind.rs",
    "core/src/trace/section.rs section",
    "sim/src/explore/tell.rs describe",
    "sim/src/explore/tell.rs words",
    "sim/src/intervention/words.rs fmt",
    "sim/src/scenario/command/show.rs fmt",
    "sim/src/world/act.rs carry_out",
    "sim/src/world/may.rs may",
    "wire/src/explain.rs what",
    "wire/src/explain/compared.rs compared",
    "wire/src/explain/rule.rs rule",
    "wire/src/message_view.rs fields",
];

/// Looks at every source file that git knows.
pub fn run(workspace: &Workspace) -> Result<()> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--", "*.rs"])
        .current_dir(&workspace.root)
        .output()
        .context("cannot start git")?;
    ensure!(listed.status.success(), "git does not list the files");
    let listed = String::from_utf8(listed.stdout)?;
    let mut longer = BTreeSet::new();
    let mut wrong = Vec::new();
    for path in listed.split_terminator('\0') {
        // A file that was removed and not yet committed so.
        let Ok(text) = fs::read_to_string(workspace.root.join(path)) else {
            continue;
        };
        if !text.trim_start().starts_with("//!") {
            wrong.push(format!(
                "{path} does not say what it is: begin it with `//!`"
            ));
        }
        let lines = text.lines().count();
        if lines > FILE {
            longer.insert((path.to_owned(), lines));
        }
        if !is_test(Path::new(path)) {
            let found = functions(&text).into_iter().filter(|one| one.1 > FUNCTION);
            longer.extend(found.map(|(name, lines)| (format!("{path} {name}"), lines)));
        }
    }
    let known = |what: &str| TABLES.contains(&what);
    let unknown = longer.iter().filter(|one| !known(&one.0));
    wrong.extend(unknown.map(|(what, lines)| {
        format!(
            "{what} has {lines} lines; divide it by idea ({FILE} a file, {FUNCTION} a function)"
        )
    }));
    let gone = TABLES
        .iter()
        .filter(|what| !longer.iter().any(|it| it.0 == **what));
    wrong.extend(gone.map(|what| format!("{what} is short now: take it off the list")));
    for line in &wrong {
        eprintln!("{line}");
    }
    ensure!(wrong.is_empty(), "{} things are not tidy", wrong.len());
    println!("{} files", listed.split_terminator('\0').count());
    Ok(())
}

fn is_test(path: &Path) -> bool {
    let name = path.file_stem().and_then(|name| name.to_str());
    let named = name.is_some_and(|name| name == "tests" || name.ends_with("_tests"));
    named || path.components().any(|part| part.as_os_str() == "tests")
}

/// Every function with its lines. The formatter puts the end of one below its beginning.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if line.starts_with("mod tests {") {
            break;
        }
        let Some(name) = function(line) else {
            continue;
        };
        let indent = line.len() - line.trim_start().len();
        let ends = |line: &str| {
            let here = line.len() - line.trim_start().len() == indent;
            here && (line.trim() == "}" || line.ends_with([';', '}']))
        };
        let length = lines[at..].iter().position(|line| ends(line));
        found.push((name.to_owned(), length.map_or(0, |last| last + 1)));
    }
    found
}

/// The name of the function that begins in this line.
fn function(line: &str) -> Option<&str> {
    let code = line.trim_start();
    let words = ["pub", "pub(crate)", "pub(super)", "const", "async", "fn"];
    let first = code.split(' ').next()?;
    if !words.contains(&first) || code.starts_with("//") {
        return None;
    }
    let (before, rest) = code.split_once("fn ")?;
    let plain = before.split_whitespace().all(|word| words.contains(&word));
    let name = rest.split(['(', '<']).next()?;
    plain.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_with_their_lines() {
        let text = "//! x\n\npub fn one() {\n    two();\n}\n\nimpl A {\n    const fn two(\n        a: u8,\n    ) -> u8 {\n        a\n    }\n    fn three();\n}\nmod tests {\n    fn no() {\n    }\n}\n";
        let expected = [("one", 3), ("two", 5), ("three", 1)];
        let expected = expected.map(|(name, lines)| (name.to_owned(), lines));
        assert_eq!(functions(text), expected);
    }

    #[test]
    fn tests_are_known_by_their_place_or_name() {
        for (path, test) in [
            ("core/tests/paper/main.rs", true),
            ("native/src/wal/tests.rs", true),
            ("web/src/live/fold_tests.rs", true),
            ("core/src/raft.rs", false),
        ] {
            assert_eq!(is_test(Path::new(path)), test, "{path}");
        }
    }
}
