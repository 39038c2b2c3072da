//! A setup comes from a link that anybody can write. What passes its own check can be played:
//! each number in it is set to values at the edges, one after the other, and the world runs.

use raftwerk_sim::{Setup, World};
use serde_json::Value;

const EDGES: [u64; 7] = [
    0,
    1,
    1_000_000,
    u32::MAX as u64,
    1 << 40,
    u64::MAX / 2,
    u64::MAX,
];
const STEPS: u64 = 1_500;

/// The paths of all numbers below a value, as JSON pointers.
fn numbers(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                numbers(value, &format!("{path}/{name}"), found);
            }
        }
        Value::Number(_) => found.push(path.to_string()),
        _ => {}
    }
}

/// Plays a setup, if it passes its check.
fn played(changed: Value) -> bool {
    let Ok(setup) = serde_json::from_value::<Setup>(changed) else {
        return false;
    };
    if setup.validate().is_err() {
        return false;
    }
    let mut world = World::new(&setup);
    for _ in 0..STEPS {
        if !world.step() || world.violation().is_some() {
            break;
        }
    }
    true
}

/// How many setups with a number at an edge passed their check and were played.
fn play_at_the_edges(setup: &Setup) -> u64 {
    let plain = serde_json::to_value(setup).expect("plain data");
    let mut paths = Vec::new();
    numbers(&plain, "", &mut paths);
    assert!(paths.len() > 80, "{} numbers", paths.len());
    let mut count = 0;
    for path in paths {
        for edge in EDGES {
            let mut changed = plain.clone();
            *changed.pointer_mut(&path).expect("it is there") = edge.into();
            println!("{path} = {edge}");
            count += u64::from(played(changed));
        }
    }
    count
}

#[test]
fn no_number_in_a_setup_makes_a_world_panic() {
    let storms = [3, 12, 40].map(Setup::storm);
    let quiet = Setup::playground(5, 1).with_autopilot(Some(3));
    for setup in storms.iter().chain([&quiet]) {
        let played = play_at_the_edges(setup);
        assert!(played > 100, "{played} were played");
    }
}

#[test]
fn nor_do_several_numbers_at_once() {
    let mut paths = Vec::new();
    let mut luck: u64 = 7;
    let mut draw = |below: usize| {
        luck = luck.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (luck >> 33) as usize % below
    };
    let mut count = 0;
    for seed in 0..2_000 {
        let mut changed = serde_json::to_value(Setup::storm(seed % 50)).expect("plain data");
        paths.clear();
        numbers(&changed, "", &mut paths);
        let mut told = format!("seed {}", seed % 50);
        for _ in 0..2 + draw(4) {
            let (path, edge) = (&paths[draw(paths.len())], EDGES[draw(EDGES.len())]);
            *changed.pointer_mut(path).expect("it is there") = edge.into();
            told += &format!(", {path} = {edge}");
        }
        println!("{told}");
        count += u64::from(played(changed));
    }
    assert!(count > 100, "{count} were played");
}
