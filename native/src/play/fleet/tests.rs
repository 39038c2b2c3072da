//! The fleet with a stand-in for nodes: a script that waits until its input ends.

use super::*;
use std::io::Write;
use std::process::Stdio;
use tempfile::TempDir;

/// Waits like a node; ends by itself when there is a file `end` in its directory.
const SCRIPT: &str = "#!/bin/sh\n\
    for dir in \"$@\"; do :; done\n\
    echo \"works in $dir\" >&2\n\
    if [ -e \"$dir/end\" ]; then echo broken >&2; exit 7; fi\n\
    read nothing\n";

fn fleet(nodes: u64) -> (Arc<Fleet>, TempDir) {
    let place = tempfile::tempdir().unwrap();
    let program = place.path().join("program");
    // Written by another process: a file that this one has open for writing, if only in the
    // short life of a forked child, cannot be started.
    let write = format!("cat >'{0}' && chmod 755 '{0}'", program.display());
    let mut shell = Command::new("/bin/sh");
    let mut shell = shell
        .args(["-c", &write])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = shell.stdin.take().unwrap();
    input.write_all(SCRIPT.as_bytes()).unwrap();
    drop(input);
    assert!(shell.wait().unwrap().success());
    let data = (1..=nodes).map(|node| (node, place.path().join(format!("node-{node}"))));
    let launch = Launch {
        program,
        cluster: "1".to_string(),
        data: data.collect(),
    };
    let fleet = Fleet::new(launch, Client::default());
    let ports: Vec<u16> = (1..=nodes)
        .map(|node| u16::try_from(node).unwrap())
        .collect();
    fleet.start(&ports).unwrap();
    (fleet, place)
}

fn condition(fleet: &Fleet, node: u64) -> NodeCondition {
    fleet.condition(node).unwrap().0
}

fn refused<T: std::fmt::Debug>(result: Result<T, Cannot>) -> bool {
    matches!(result, Err(Cannot::Refused(_)))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_makes_sense_in_one_state_only() {
    let (fleet, _place) = fleet(2);
    assert!(refused(fleet.restart(1)) && refused(fleet.thaw(1)));
    fleet.freeze(1).unwrap();
    assert_eq!(condition(&fleet, 1), NodeCondition::Frozen);
    assert!(refused(fleet.freeze(1)) && refused(fleet.restart(1)));
    fleet.thaw(1).unwrap();
    assert_eq!(condition(&fleet, 1), NodeCondition::Up);
    fleet.freeze(1).unwrap();
    let pid = fleet.crash(1).await.unwrap();
    assert_eq!(condition(&fleet, 1), NodeCondition::Crashed);
    assert!(refused(fleet.crash(1).await) && refused(fleet.freeze(1)) && refused(fleet.thaw(1)));
    assert_ne!(fleet.restart(1).unwrap(), pid);
    assert_eq!(condition(&fleet, 2), NodeCondition::Up);
    assert_eq!(fleet.crash(9).await, Err(Cannot::NoSuchNode(9)));
    assert_eq!(fleet.restart(9), Err(Cannot::NoSuchNode(9)));
    fleet.stop(std::future::pending()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_ends_by_itself_stays_down() {
    let (fleet, place) = fleet(1);
    fleet.crash(1).await.unwrap();
    std::fs::write(place.path().join("node-1/end"), "").unwrap();
    fleet.restart(1).unwrap();
    assert!(
        fleet
            .until(KILL_WAIT, |slots| slots[&1].process.is_none())
            .await
    );
    assert_eq!(condition(&fleet, 1), NodeCondition::Crashed);
    let log = std::fs::read_to_string(place.path().join("node-1/log.txt")).unwrap();
    assert!(log.ends_with("broken\n"), "{log}");
    fleet.stop(std::future::pending()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_and_nothing_starts_after_the_end() {
    let (fleet, _place) = fleet(3);
    fleet.freeze(2).unwrap();
    let pids: Vec<u32> = fleet
        .processes()
        .iter()
        .filter_map(|process| process.pid)
        .collect();
    assert_eq!(pids.len(), 3);
    fleet.stop(std::future::pending()).await;
    for process in fleet.processes() {
        assert_eq!(
            (process.pid, process.condition),
            (None, NodeCondition::Crashed)
        );
    }
    assert!(refused(fleet.restart(1)));
}
