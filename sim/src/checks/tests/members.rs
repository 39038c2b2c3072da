//! Elections and changes of members that break the rules are seen.

use super::super::{Check, Checks};
use super::{found, name, others, run, settled};
use crate::intervention::Intervention;
use crate::setup::Setup;
use raftwerk_core::{Durable, Entry, EntryBody, Index, Members, NodeId, Raft, Time};

#[test]
fn a_leader_that_nobody_voted_for_is_seen() {
    let (mut world, leader) = settled();
    let node = others(leader).next().unwrap();
    // As if nobody ever had given a vote; the own one is on disk.
    world.act(&Intervention::Crash(leader)).unwrap();
    world.act(&Intervention::TimeOut(node)).unwrap();
    for _ in 0..400 {
        world.checks.votes.clear();
        world.step();
    }
    let seen = world.violation().map(|violation| violation.check);
    assert_eq!(seen, Some(name(Check::Elected)));
}

#[test]
fn who_knows_no_members_and_takes_part_in_an_election_is_seen() {
    let config = Setup::playground(3, 1).config(1, 1);
    let raft = Raft::boot(config, Durable::default(), Time(0)).unwrap();
    for part in [
        |checks: &mut Checks, raft: &Raft| checks.on_campaign(raft),
        |checks: &mut Checks, raft: &Raft| checks.on_vote_without_members(raft, NodeId(2)),
    ] {
        let mut checks = Checks::default();
        part(&mut checks, &raft);
        let seen = checks.violation().map(|violation| violation.check);
        assert_eq!(seen, Some(name(Check::Campaign)));
    }
}

#[test]
fn members_that_the_log_does_not_name_are_seen() {
    let (mut world, leader) = settled();
    let raft = world.nodes[leader as usize - 1].raft.as_ref().unwrap();
    let entry = raft.entries(Index(2), Index(2)).next();
    let id = entry.expect("it is in the log").id;
    let body = EntryBody::Membership(Members::of_voters([NodeId(leader)]).into());
    world.checks.ledger.note_members(&Entry { id, body });
    world.act(&Intervention::Crash(leader)).unwrap();
    let found = found(&mut world, 2_000_000);
    assert!(found.contains(name(Check::Members)), "{found:?}");
}

#[test]
fn members_appended_at_the_wrong_time_are_seen() {
    let change = |world: &mut crate::World, leader: u64| {
        let learners: Vec<u64> = others(leader).take(1).collect();
        let voters = (1..=3).filter(|node| !learners.contains(node)).collect();
        let node = leader;
        world.act(&Intervention::Reconfigure {
            node,
            voters,
            learners,
        })
    };
    let (world, leader) = settled();
    // As if the commit index had not been there yet, and as if the term were another one.
    let judge = |commit: Option<u64>, term: u64| {
        let mut world = world.clone();
        change(&mut world, leader).unwrap();
        assert_eq!(world.violation(), None);
        let raft = world.nodes[leader as usize - 1].raft.clone().unwrap();
        let now = world.nodes[leader as usize - 1].seen;
        let mut was = now;
        was.last.index = Index(now.last.index.0 - 1);
        let mut now = now;
        now.commit = commit.unwrap_or(now.commit);
        now.term += term;
        let mut checks = world.checks.clone();
        checks.on_members(&world.nodes, &raft, &was, &now);
        checks.violation().map(|violation| violation.check)
    };
    assert_eq!(judge(None, 0), None);
    assert_eq!(judge(Some(0), 0), Some(name(Check::Members)));
    assert_eq!(
        judge(Some(1), 0),
        Some(name(Check::Members)),
        "not of its own term"
    );
    assert_eq!(judge(None, 1), None, "somebody else appended it");
    let mut world = world.clone();
    change(&mut world, leader).unwrap();
    run(&mut world, 1_000_000);
    assert_eq!(world.violation(), None);
    assert_eq!(world.members().voters.len(), 2);
}
