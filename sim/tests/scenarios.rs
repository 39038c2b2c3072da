//! Every scenario of `static/scenarios` goes as it says, event by event as its trace has it.
//!
//! `RAFTWERK_REWRITE=1 cargo test -p raftwerk-sim --test scenarios` writes the traces anew; look
//! at the difference before you keep it. Expectations inside the files are never rewritten.

use raftwerk_sim::scenario::{Expression, Facts, File, Line, Order, Told, run};
use raftwerk_sim::{Intervention, Op};
use raftwerk_wire::view::ClusterView;
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../static/scenarios")
}

fn files() -> Vec<PathBuf> {
    let found = fs::read_dir(folder()).expect("the folder is there");
    let paths = found.map(|file| file.expect("readable").path());
    let is_scenario = |path: &PathBuf| path.extension().is_some_and(|end| end == "json");
    let mut files: Vec<PathBuf> = paths.filter(is_scenario).collect();
    files.sort();
    files
}

fn read(path: &Path) -> Result<File, String> {
    let name = path
        .file_name()
        .expect("a file has a name")
        .to_string_lossy()
        .into_owned();
    File::read(&name, &fs::read_to_string(path).expect("readable"))
        .map_err(|wrong| wrong.join("\n"))
}

/// Where two traces part.
fn difference(kept: &str, now: &str) -> String {
    let (mut kept, mut now) = (kept.lines(), now.lines());
    for line in 1.. {
        match (kept.next(), now.next()) {
            (None, None) => break,
            (kept, now) if kept == now => {}
            (kept, now) => {
                let end = "(the end)";
                let (kept, now) = (kept.unwrap_or(end), now.unwrap_or(end));
                return format!("line {line}\n  kept: {kept}\n  now:  {now}");
            }
        }
    }
    "only the ends of lines".to_string()
}

/// Plays one file and compares its trace, or writes it.
fn check(path: &Path, rewrite: bool) -> Result<(), String> {
    let file = read(path)?;
    let id = file.id.clone();
    let trace = run(file).map_err(|(why, trace)| {
        let lines: Vec<&str> = trace.lines().collect();
        let last = lines[lines.len().saturating_sub(25)..].join("\n");
        format!("{id}: {why}\nIts last lines:\n{last}")
    })?;
    let kept = path.with_extension("trace");
    if rewrite {
        fs::write(kept, trace).expect("writable");
        return Ok(());
    }
    let kept = fs::read_to_string(kept).map_err(|why| {
        format!("{id}: no trace is kept ({why}); write it with RAFTWERK_REWRITE=1")
    })?;
    match kept == trace {
        true => Ok(()),
        false => Err(format!(
            "{id}: the trace differs from the one kept, first at {}\nIf that is meant, run with \
             RAFTWERK_REWRITE=1",
            difference(&kept, &trace)
        )),
    }
}

#[test]
fn every_scenario_goes_as_it_says() {
    let rewrite = std::env::var_os("RAFTWERK_REWRITE").is_some();
    let results = files().into_iter().map(|path| check(&path, rewrite));
    let wrong: Vec<String> = results.filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

#[test]
fn no_trace_is_without_a_scenario() {
    for file in fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        let lone = path.extension().is_some_and(|end| end == "trace")
            && !path.with_extension("json").exists();
        assert!(!lone, "{} belongs to no scenario", path.display());
    }
}

/// Every intervention has a text that reads back as the same.
#[test]
fn every_intervention_has_a_command() {
    let op = |text: &str| Op::parse(text).unwrap();
    let asked = [
        "put x=1",
        "put x=2 if =1",
        "put x=2 if absent",
        "delete x",
        "get x stale",
    ];
    let ask = |text: &&str| Intervention::Ask {
        client: 1,
        node: 2,
        op: op(text),
    };
    let change = |learners| Intervention::Reconfigure {
        node: 1,
        voters: vec![1, 2],
        learners,
    };
    let mut all = vec![
        Intervention::Crash(1),
        Intervention::Restart(1),
        Intervention::Freeze(1),
        Intervention::Thaw(1),
        Intervention::TimeOut(1),
        Intervention::Beat(1),
        Intervention::CompleteWrite(1),
        Intervention::StallDisk(1),
        Intervention::ResumeDisk(1),
        Intervention::Isolate(1),
        Intervention::Reconnect(1),
        Intervention::Cut { from: 1, to: 2 },
        Intervention::Restore { from: 1, to: 2 },
        Intervention::Partition(vec![vec![1, 2], vec![3]]),
        Intervention::Heal,
        Intervention::Drop(7),
        Intervention::Deliver(7),
        Intervention::Duplicate(7),
        Intervention::Hold(7),
        Intervention::Release(7),
        Intervention::Transfer { node: 1, to: None },
        Intervention::Transfer {
            node: 1,
            to: Some(2),
        },
        change(vec![]),
        change(vec![3, 4]),
        Intervention::RunClock {
            node: 1,
            rate: 900_000,
        },
        Intervention::JumpClock {
            node: 1,
            by: 250_000,
        },
        Intervention::FillDisk { node: 1, left: 500 },
        Intervention::FreeDisk(1),
        Intervention::Wipe(1),
        Intervention::Rot { node: 1, before: 2 },
        Intervention::Misdirect { node: 1, before: 3 },
        Intervention::LoseWrite(1),
        Intervention::RotVote(1),
        Intervention::RotSnapshot(1),
        Intervention::Clog { from: 1, to: 2 },
        Intervention::Unclog { from: 1, to: 2 },
    ];
    all.extend(asked.iter().map(ask));
    for what in all {
        let line = Line(&what).to_string();
        assert_eq!(Intervention::parse(&line), Ok(what.clone()), "{line}");
        assert_eq!(Order::parse(&line), Ok(Order::Act(what)), "{line}");
    }
}

#[test]
fn a_question_has_an_end() {
    for text in [
        "(".repeat(100_000),
        "not ".repeat(100_000),
        "true or ".repeat(100_000),
    ] {
        assert!(
            Expression::parse(&text)
                .unwrap_err()
                .contains("more than 64 parts")
        );
    }
    let three = Expression::parse("1 < 2 and not (none = 3 or 'a' != 'a')");
    let (view, told) = (ClusterView::default(), Told::default());
    let facts = Facts {
        view: &view,
        told: &told,
    };
    assert_eq!(three.unwrap().holds(facts), Ok(true));
}

/// A scenario with one step.
fn with(step: &str) -> Result<File, Vec<String>> {
    let text = format!(
        r#"{{ "id": "tiny", "level": 1, "sections": ["P5.2"], "nodes": 3,
             "words": {{ "en": {{ "title": "Tiny" }} }}, "steps": [{{}}, {step}] }}"#
    );
    File::read("tiny.json", &text)
}

#[test]
fn mistakes_are_told_with_file_step_and_remedy() {
    for (step, told) in [
        (
            r#"{ "do": ["crsh 1"] }"#,
            "tiny.json, step 2: \"crsh 1\": there is no such command; known: crash 1",
        ),
        (r#"{ "do": ["crash S1"] }"#, "\"S1\" is no number"),
        (r#"{ "do": ["cut 1 2"] }"#, "a direction is written 1->2"),
        (r#"{ "do": ["ask 1: get x"] }"#, "write ask 1 at 2: put x=1"),
        (
            r#"{ "expect": ["S1.rolle = 'leader'"] }"#,
            "there is no \"rolle\"; known: role",
        ),
        (
            r#"{ "expect": ["S1.role = 'leader"] }"#,
            "a quote is not closed",
        ),
        (r#"{ "expect": ["S1.term = 1 2"] }"#, "\"2\" is too much"),
        (
            r#"{ "when": "at noon" }"#,
            "\"noon\" is no number of milliseconds",
        ),
        (
            r#"{ "say": "hello" }"#,
            "there are no words \"hello\" in \"en\"",
        ),
        (r#"{ "expct": [] }"#, "unknown field `expct`"),
        (
            r#"{ "fork": { "name": "b", "steps": [{ "do": ["heel"] }] } }"#,
            "tiny.json, step 2, fork \"b\", step 1: \"heel\"",
        ),
        (
            r#"{ "ask": { "question": "title", "choices": [], "answer_at": "end" } }"#,
            "no step here has the id \"end\"",
        ),
    ] {
        let wrong = with(step).unwrap_err().join("\n");
        assert!(wrong.contains(told), "{step}: {wrong}");
    }
}

#[test]
fn what_does_not_come_true_ends_the_run_with_the_step() {
    for (step, told) in [
        (
            r#"{ "expect": ["S1.role = 'leader'"] }"#,
            "step 2: expected S1.role = 'leader', but S1.role is follower",
        ),
        (
            r#"{ "when": "S1.term > 99", "within": 2000 }"#,
            "step 2: \"S1.term > 99\" has not come within 2000 ms",
        ),
        (
            r#"{ "do": ["restart 1"] }"#,
            "step 2: restart 1: S1 has not crashed.",
        ),
        (
            r#"{ "do": ["drop Append 1->2"] }"#,
            "there is no Append 1->2 on the way to drop",
        ),
        (r#"{ "expect": ["S9.term = 1"] }"#, "there is no S9"),
        (r#"{ "expect": ["S1.role = 1"] }"#, "cannot be compared"),
    ] {
        let (why, _) = run(with(step).unwrap()).unwrap_err();
        assert!(why.contains(told), "{step}: {why}");
    }
}
