//! The binary: what it says, how it ends, and that it fails when nobody notices.

#![cfg(feature = "sabotage")]

#[path = "hosts/late_yes.rs"]
mod late_yes;

use raftwerk_core::Rule;
use raftwerk_sim::explore::{explore, scopes};
use raftwerk_sim::{Effort, Run, Sabotage, World, replay};
use std::process::{Command, Output};

fn sabotage(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sabotage"))
        .args(words)
        .output()
        .expect("the binary runs")
}

fn last(output: &Output) -> serde_json::Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().expect("it says something");
    serde_json::from_str(line).expect("one object")
}

#[test]
fn a_broken_rule_is_noticed_and_the_last_line_is_one_object() {
    let output = sabotage(&["--only", "e4-pre-vote", "--json"]);
    assert!(output.status.success());
    let last = last(&output);
    assert_eq!((&last["switches"], &last["killed"]), (&1.into(), &1.into()));
    assert_eq!(last["survivors"], 0);
    assert_eq!(last["rules"][0]["caught_by"], "Elected by a majority");
}

/// The link below the seed holds the rule with the run: whoever opens it sees the same.
#[test]
fn a_link_opens_the_run_without_the_rule() {
    let output = sabotage(&["--only", "e4-pre-vote"]);
    let told = String::from_utf8(output.stdout).unwrap();
    let link = told
        .lines()
        .find_map(|line| line.trim().strip_prefix("see it: "));
    let run = Run::from_word(link.expect("there is a link")).unwrap();
    let off = run.setup.switched_off().expect("it says which");
    assert!(
        off.starts_with("Rule e4-pre-vote is switched off on S"),
        "{off}"
    );
    let claim = run.claim.clone().expect("it says what it comes to");
    assert_eq!(claim.check, "Elected by a majority");
    let mut world = World::recorded(&run.setup, false);
    let seen = replay(&mut world, &run, &Effort::default())
        .violation
        .unwrap();
    assert_eq!((seen.check, seen.detail), (&*claim.check, claim.detail));
    assert_eq!((world.events(), world.hash()), (claim.event, claim.hash));
    // With the rule kept it does not fail: it is the rule that is in the link.
    let mut kept = run.clone();
    kept.setup.sabotage = None;
    let mut world = World::recorded(&kept.setup, false);
    let seen = replay(&mut world, &kept, &Effort::default()).violation;
    assert_eq!(seen.map(|seen| seen.detail), None);
}

#[test]
fn a_rule_that_nobody_misses_is_a_failure_unless_the_explorer_does() {
    let seeds = ["--max-seeds", "1", "--json", "--only"];
    let output = sabotage(&[&seeds[..], &["r8-too-large"]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(last(&output)["survivors"], 1);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("r8-too-large was taken away and nobody noticed"));
    let output = sabotage(&[&seeds[..], &["s2-drop-tail"]].concat());
    assert!(output.status.success());
    let last = last(&output);
    assert_eq!(
        (&last["killed"], &last["survivors"]),
        (&1.into(), &0.into())
    );
    let row = &last["rules"][0];
    assert_eq!(row["caught_by"], "explore, snapshot-leaders: Node");
    assert_eq!(
        (&row["scope"], &row["scope_check"]),
        (&"snapshot-leaders".into(), &"Node".into())
    );
    assert!(row["scope_steps"].as_u64().unwrap() > 0 && row["seed"].is_null());
}

/// What a message of an earlier session may not do, and a log that is on one disk alone.
#[test]
fn what_chance_meets_too_seldom_is_played_by_hand() {
    for (rule, check) in [
        ("r4-any-lane", "Availability"),
        ("e13-any-lane", "Availability"),
        ("e18-any-term", "Availability"),
        ("r11-forgot", "Availability"),
        ("c5-uncommitted", "Bounded log"),
        ("s10-trim-all", "Availability"),
        ("m5-gone-at-once", "Availability"),
        ("r7-holes", "No holes"),
        ("r5-broken-promise", "Committed on a majority of disks"),
        ("e13-refused", "Availability"),
        ("m4-age", "Read freshness"),
    ] {
        let output = sabotage(&["--only", rule, "--max-seeds", "5", "--json"]);
        assert_eq!(last(&output)["rules"][0]["caught_by"], check, "{rule}");
    }
}

#[test]
fn with_nothing_broken_nothing_is_found() {
    let output = sabotage(&["--control", "--max-seeds", "2", "--steps", "2000", "--json"]);
    assert!(output.status.success());
    assert_eq!(last(&output)["violations"], 0);
}

#[test]
fn wrong_words_are_named() {
    for (words, told) in [
        (vec!["--only", "e99"], "there is no rule e99"),
        (vec!["--max-seeds", "0"], "above zero, not 0"),
        (vec!["--sedes", "4"], "unknown option --sedes"),
        (
            vec!["--write", "--only", "e1-vote"],
            "the page has all rules",
        ),
    ] {
        let output = sabotage(&words);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().contains(told));
    }
}

/// The run that was found by hand is wrong in each way it was then.
#[test]
fn who_votes_and_campaigns_all_the_same_makes_two_leases() {
    let mut setup = late_yes::setup();
    let rule = Rule::L9Campaigns;
    setup.sabotage = Some(Sabotage { rule, nodes: !0 });
    let broken = late_yes::play(&setup).broken_checks();
    for check in ["Silence kept", "One lease at a time"] {
        assert!(broken.contains(&check), "{check} holds; broken: {broken:?}");
    }
}

/// What a snapshot must not do is found in the worlds where one is installed, and who campaigns
/// although it has just voted where nobody campaigns without asking.
#[test]
fn broken_rules_are_found_in_small_worlds() {
    let expected = [
        ("s1-keep-log", "snapshot-install", "StateMachineSafety"),
        ("s3-load-early", "snapshot-install", "LoadsWhatIsInForce"),
        // An invariant of the node speaks first.
        ("s2-drop-tail", "snapshot-leaders", "Node"),
        ("l9-campaigns", "lease-pre-vote", "Node"),
    ];
    for (rule, name, check) in expected {
        let rule = Rule::named(rule).expect("a rule");
        let scope = scopes().into_iter().find(|scope| scope.name == name);
        let scope = scope.expect("a scope").without(rule);
        let report = explore(&scope, 400_000, &mut |_| true);
        let violation = report.violation.map(|violation| violation.finding.check);
        assert_eq!(violation, Some(check), "{}", rule.name());
    }
}
