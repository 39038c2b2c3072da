//! The binary: its last line is one object, its status tells, wrong words are named.

use std::process::{Command, Output};

fn storm(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_storm"))
        .args(words)
        .output()
        .expect("the binary runs")
}

#[test]
fn the_last_line_is_one_object() {
    let output = storm(&["--seeds", "4", "--steps", "3000", "--json"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["seeds"], 4);
    assert_eq!(last["violations"], 0);
    assert!(last["steps"].as_u64().unwrap() >= 12_000);
    assert!(last["steps_per_second"].as_u64().unwrap() > 0);
    assert!(last["commits"].as_u64().unwrap() > 0);
    assert!(last["acknowledged"].as_u64().unwrap() > 0);
    assert!(last["operations_ordered"].as_u64().unwrap() > 0);
    assert_eq!(last["searches_cut_off"], 0);
    assert_eq!(last["seeds_refined"], 4);
    assert!(last["trace_events_judged"].as_u64().unwrap() > 1_000);
}

#[test]
fn one_seed_runs_alone() {
    let output = storm(&["--seed", "7", "--steps", "2000", "--refine", "0", "--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["seeds"], 1);
    assert_eq!(last["seeds_refined"], 0);
}

/// Every course can be played as the storm is, by the same judges.
#[test]
fn courses_are_played_and_judged() {
    for course in &raftwerk_sim::COURSES {
        let steps = ["--steps", "3000", "--json"];
        let words = ["--course", course.name, "--seeds", "2"];
        let output = storm(&[&words[..], &steps].concat());
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}: {told}", course.name);
        let last: serde_json::Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
        // On a disk that lies Figure 2 does not hold.
        let read = if course.name == "lied" { 0 } else { 2 };
        assert_eq!(last["seeds_refined"], read, "{}", course.name);
        let idle = course.name == "deaf";
        assert_eq!(last["operations_ordered"] == 0, idle, "{}", course.name);
    }
}

#[test]
fn a_storm_of_nothing_is_refused() {
    let output = storm(&["--seed", "7", "--steps", "0"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("above zero"));
}

#[test]
fn a_storm_that_shows_nothing_is_a_failure() {
    let output = storm(&["--seed", "7", "--steps", "5"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("nothing was committed")
    );
}

#[test]
fn wrong_words_are_named() {
    for (words, told) in [
        (vec!["--sedes", "4"], "unknown option --sedes"),
        (vec!["--seeds"], "--seeds needs a number"),
        (vec!["--seeds", "many"], "--seeds needs a number, not many"),
        (
            vec!["--course", "calm"],
            "there is no course calm; there are storm, reads",
        ),
    ] {
        let output = storm(&words);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().contains(told));
    }
}
