//! The explorer: what it exhausts, that it can fail, and what its binary tells.

use raftwerk_core::Body;
use raftwerk_sim::explore::{Budgets, Judging, Report, Scope, broken_scopes, explore, scopes};
use std::process::{Command, Output};

fn search(scope: &Scope, limit: usize) -> Report {
    explore(scope, limit, &mut |_| true)
}

fn named(name: &str) -> Scope {
    let known = scopes().into_iter().find(|scope| scope.name == name);
    known.expect("a scope of this name")
}

/// Every scope runs, finds nothing wrong and sees something that could have gone wrong.
#[test]
fn the_first_worlds_of_every_scope_are_sound() {
    for scope in scopes() {
        let report = search(&scope, 5_000);
        let told = report.violation.map(|violation| violation.to_string());
        assert_eq!(told, None, "{}", scope.name);
        assert!(report.reached.leaders > 0, "{}", scope.name);
        // The machine of the paper has read it, unless its hosts are broken on purpose.
        let (judged, broken) = (report.judged, scope.broken.is_some());
        assert_eq!(judged.walks, scope.walks, "{}", scope.name);
        assert_eq!(scope.walks > 0, !broken, "{}", scope.name);
        assert!(judged.events >= 20 * judged.walks, "{}", scope.name);
        assert_eq!(scope.judging == Judging::Nothing, broken, "{}", scope.name);
        let apart = scope.judging == Judging::Ways;
        assert_eq!(judged.ways >= report.states, apart, "{}", scope.name);
        assert_eq!(judged.machines == 0, broken, "{}", scope.name);
    }
}

/// A search in which the machine of the paper reads everything and nothing else is wrong yet: what
/// it rejects is found on the nearest way there. Of the broken hosts and networks it sees those that
/// make a node forget or believe what it may not.
#[test]
fn what_the_machine_of_the_paper_rejects_is_a_violation_of_the_search() {
    let found = |judging| {
        let all = broken_scopes().into_iter();
        let all = all.map(|scope| Scope { judging, ..scope });
        let found = all.map(|scope| {
            let violation = search(&scope, 200_000).violation.expect(scope.name);
            let steps = violation.path.len();
            let check = violation.finding.check;
            // Nodes of their own say the same on the way there.
            let detail = (check == "Refinement").then_some(violation.finding.detail);
            assert!(
                detail.is_none() || detail == violation.rejected,
                "{}",
                scope.name
            );
            (scope.name, check, steps)
        });
        found.collect::<Vec<_>>()
    };
    let ways = found(Judging::Ways);
    let expected = [
        ("promises-early", "PromisesAreDurable", 1),
        ("votes-twice", "Refinement", 2),
        ("forgets-vote", "Refinement", 2),
        ("keeps-later-writes", "Boots", 8),
        ("same-seed", "ReadCovers", 8),
        ("forges-votes", "Refinement", 3),
    ];
    assert_eq!(ways, expected);
    assert_eq!(found(Judging::Steps), expected);
}

/// A scope that is small enough to be searched in several ways.
fn two_candidates() -> Scope {
    Scope {
        terms: 2,
        slow_disk: true,
        budgets: Budgets {
            timeouts: 2,
            ..Budgets::default()
        },
        lost: |body| matches!(body, Body::Append { .. }),
        ..Scope::new("small", "two candidates")
    }
}

/// Ways are told apart besides worlds and not instead of them; and when nodes have swapped their
/// names, a way is the same way.
#[test]
fn reading_every_way_changes_no_world() {
    let small = two_candidates();
    let search = |judging, symmetric| {
        let scope = Scope {
            judging,
            symmetric,
            ..small.clone()
        };
        let report = search(&scope, 1_000_000);
        assert!(report.exhausted() && report.violation.is_none());
        report
    };
    let nothing = search(Judging::Nothing, true);
    let steps = search(Judging::Steps, true);
    let ways = search(Judging::Ways, true);
    let full = search(Judging::Ways, false);
    assert_eq!((nothing.states, nothing.steps), (steps.states, steps.steps));
    assert_eq!((ways.states, ways.reached), (steps.states, steps.reached));
    assert_eq!((nothing.judged.machines, steps.judged.ways), (0, 0));
    assert!(ways.judged.ways > ways.states && ways.judged.steps > steps.judged.steps);
    let (reduced, all) = (ways.judged.ways, full.judged.ways);
    assert!(
        5 * reduced < all && all <= 6 * reduced,
        "{reduced} of {all}"
    );
}

/// The machine of the paper reads the way to every violation. It sees what a node may not do, not
/// what its host kept from it.
#[test]
fn the_way_to_a_violation_is_read_too() {
    let rejected: Vec<(&str, Option<&str>)> = broken_scopes()
        .iter()
        .map(|scope| {
            let violation = search(scope, 200_000).violation.expect(scope.name);
            let why = violation.rejected.as_deref();
            let rules = [
                "term and vote survive a crash",
                "a vote that counts was given",
            ];
            let rule = why.map(|why| rules.into_iter().find(|rule| why.contains(rule)));
            (
                scope.name,
                rule.map(|rule| rule.expect("one of these rules")),
            )
        })
        .collect();
    let expected = [
        ("promises-early", None),
        ("votes-twice", Some("term and vote survive a crash")),
        ("forgets-vote", Some("term and vote survive a crash")),
        ("keeps-later-writes", None),
        ("same-seed", None),
        ("forges-votes", Some("a vote that counts was given")),
    ];
    assert_eq!(rejected, expected);
}

#[test]
fn some_scopes_are_exhausted() {
    for (name, leaders, committed) in [
        ("sticky", 2, 3),
        ("overtaken", 2, 4),
        ("snapshot-install", 2, 3),
    ] {
        let report = search(&named(name), 100_000);
        assert!(report.violation.is_none() && report.exhausted(), "{name}");
        let reached = report.reached;
        assert_eq!((reached.leaders, reached.committed), (leaders, committed));
    }
}

#[test]
fn a_limit_is_kept_and_told() {
    let report = search(&named("votes"), 1_000);
    assert!(!report.complete && !report.exhausted());
    assert!((1_000..1_100).contains(&report.states));
}

/// What comes of a promise that the disk does not hold, found by a shortest path.
#[test]
fn broken_hosts_and_networks_are_found_out() {
    let expected = [
        ("promises-early", "PromisesAreDurable", 1),
        ("votes-twice", "ElectionSafety", 7),
        ("forgets-vote", "ElectionSafety", 11),
        ("keeps-later-writes", "Boots", 8),
        ("same-seed", "ReadCovers", 8),
        ("forges-votes", "ElectionSafety", 9),
    ];
    let found: Vec<(&str, &str, usize)> = broken_scopes()
        .iter()
        .map(|scope| {
            let violation = search(scope, 200_000).violation.expect(scope.name);
            (scope.name, violation.finding.check, violation.path.len())
        })
        .collect();
    assert_eq!(found, expected);
}

/// The same scopes with sound hosts: it is the fault that was found.
#[test]
fn sound_hosts_are_not_found_out() {
    for scope in broken_scopes() {
        let mut sound = Scope {
            broken: None,
            ..scope
        };
        sound.budgets.forgeries = 0;
        assert!(search(&sound, 20_000).violation.is_none(), "{}", sound.name);
    }
}

/// A reduced search sees the same as a full one: nothing is lost to symmetry, to what is
/// forgotten, or to both.
#[test]
fn reductions_lose_nothing() {
    let small = two_candidates();
    let search = |symmetric, forget| {
        let scope = Scope {
            symmetric,
            forget,
            ..small.clone()
        };
        let report = search(&scope, 1_000_000);
        assert!(report.exhausted() && report.violation.is_none());
        (report.states, report.reached)
    };
    let (full, reached) = search(false, false);
    for (symmetric, forget) in [(true, true), (true, false), (false, true)] {
        let (states, seen) = search(symmetric, forget);
        assert_eq!(seen, reached);
        assert!(states < full, "{states} of {full}");
        assert!(forget || full <= 6 * states, "{states} of {full}");
    }
}

#[test]
fn a_counterexample_tells_every_step_and_why() {
    let scope = broken_scopes().remove(2);
    let told = search(&scope, 100_000)
        .violation
        .expect("found")
        .to_string();
    for words in [
        "ElectionSafety: term 1 has two leaders, S1 and S3",
        "the way there, 11 steps:",
        "   1. S1's election timer fires\n",
        "   3. arrives: Vote of term 1 from S1 to S2: last entry 0:1\n",
        "   6. S1 crashes and starts; 0 waiting writes survive\n",
        "S1 wins term 1 with the votes of S1 and S2. [P5.2]\n",
        "S3 wins term 1 with the votes of S1 and S3. [P5.2]\n",
    ] {
        assert!(told.contains(words), "{words:?} in\n{told}");
    }
}

fn binary(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_explore"))
        .args(words)
        .output()
        .expect("the binary runs")
}

fn last_line(output: &Output) -> serde_json::Value {
    let text = String::from_utf8(output.stdout.clone()).expect("text");
    serde_json::from_str(text.lines().last().expect("a line")).expect("one object")
}

#[test]
fn the_last_line_is_one_object() {
    let output = binary(&[
        "--scope", "sticky", "--scope", "votes", "--states", "2000", "--json",
    ]);
    assert!(output.status.success());
    let last = last_line(&output);
    assert_eq!(last["violations"], 0);
    assert_eq!(last["scopes"].as_array().unwrap().len(), 2);
    assert_eq!(last["scopes"][0]["name"], "votes", "in their own order");
    assert_eq!(last["scopes"][0]["exhausted"], false);
    let text = String::from_utf8(output.stdout).expect("text");
    let told = "votes: not searched to its end: stopped at the 2000 states asked for";
    assert!(text.contains(told), "a limit that was asked for is told");
    assert!(last["states"].as_u64().unwrap() >= 4_000);
    assert_eq!(last["scopes"][0]["judged"]["walks"], 500);
    assert!(last["judged"].as_u64().unwrap() > 20_000);
}

#[test]
fn a_violation_is_told_and_ends_with_status_one() {
    let output = binary(&["--broken", "--scope", "votes-twice", "--json"]);
    assert!(output.status.success(), "the broken are to be found out");
    let last = last_line(&output);
    assert_eq!(last["violations"], 1);
    assert_eq!(last["scopes"][0]["violation"]["check"], "ElectionSafety");
    let path = last["scopes"][0]["violation"]["path"].as_array().unwrap();
    assert_eq!(path.len(), 7);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("votes-twice: ElectionSafety: term 1 has two leaders"));
    let missed = binary(&["--broken", "--scope", "votes-twice", "--states", "10"]);
    assert_eq!(missed.status.code(), Some(1));
}

#[test]
fn a_search_that_shows_nothing_is_a_failure() {
    let output = binary(&["--scope", "votes", "--states", "5"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("votes: nobody ever led"));
}

#[test]
fn scopes_are_listed_and_wrong_words_are_named() {
    let listed = String::from_utf8(binary(&["--list"]).stdout).unwrap();
    for scope in scopes() {
        assert!(listed.contains(scope.name) && listed.contains(scope.about));
    }
    for (words, told) in [
        (vec!["--scopes"], "unknown option --scopes"),
        (vec!["--scope", "all"], "unknown scope all"),
        (vec!["--states", "0"], "--states must be above zero"),
        (
            vec!["--states", "many"],
            "--states needs a number, not many",
        ),
        (vec!["--delays", "16"], "--delays must be below 16"),
    ] {
        let output = binary(&words);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().contains(told));
    }
}
