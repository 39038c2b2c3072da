//! Leaders that lead, take on, or look back more than they may, and new voters that are too slow,
//! are seen.

use super::super::leading::Refused;
use super::super::{Check, Checks};
use super::{name, others, run, settled};
use crate::intervention::{Intervention, Op};
use crate::setup::Setup;
use crate::world::World;
use raftwerk_core::{
    AppendResult, Body, Index, LogId, Message, NodeId, Payload, Probe, Raft, Ticket, Time,
};

fn seen(checks: &Checks) -> Option<&'static str> {
    checks.violation().map(|violation| violation.check)
}

fn leading() -> (World, Raft, NodeId) {
    let (world, leader) = settled();
    let raft = world.nodes[leader as usize - 1].raft.clone().unwrap();
    let peer = NodeId(others(leader).next().unwrap());
    (world, *raft, peer)
}

fn propose(raft: &mut Raft, now: Time, commands: u64) {
    for ticket in 0..commands {
        let command = Payload::from(&b"0123456789"[..]);
        raft.propose(now, Ticket(1_000 + ticket), command).unwrap();
    }
    while raft.poll().is_some() {}
}

#[test]
fn a_leader_that_hears_nobody_and_leads_on_is_seen() {
    let (world, raft, _) = leading();
    let (own, now) = (raft.view().id(), Time(world.now()));
    let limit = raft.view().config().timing.election_max;
    let judge = |heard: &[u64]| {
        let mut checks = Checks::default();
        checks.in_touch_to_lead(&raft, now - limit);
        for node in heard {
            checks.in_touch(own, NodeId(*node), now);
        }
        checks.in_touch_to_lead(&raft, now);
        seen(&checks)
    };
    assert_eq!(judge(&[]), Some(name(Check::FitToLead)));
    assert_eq!(judge(&[9]), Some(name(Check::FitToLead)), "no member");
    let one = others(own.0).next().unwrap();
    assert_eq!(judge(&[one]), None, "two of three are in touch");
}

#[test]
fn a_leader_that_takes_on_too_much_is_seen() {
    let (world, mut raft, _) = leading();
    let judge = |raft: &Raft, bound: u64| {
        let mut checks = Checks::default();
        checks.bounded(raft, bound);
        seen(&checks)
    };
    propose(&mut raft, Time(world.now()), 1);
    assert_eq!(judge(&raft, 1), None, "one alone may be larger");
    propose(&mut raft, Time(world.now()), 2);
    assert_eq!(judge(&raft, 1_000), None);
    assert_eq!(judge(&raft, 100), Some(name(Check::BoundedLog)));
}

#[test]
fn a_leader_that_looks_back_at_the_wrong_time_or_place_is_seen() {
    let (world, mut raft, peer) = leading();
    let now = Time(world.now());
    propose(&mut raft, now, 3);
    let (view, last) = (raft.view(), raft.view().last());
    let at = |index: u64| LogId::new(last.term.0, index);
    let lane = raftwerk_core::Lane {
        term: view.term(),
        membership: Index(1),
        generation: 0,
    };
    let refusal = |probe: LogId, hint: LogId| Message {
        cluster: view.config().cluster,
        from: peer,
        to: view.id(),
        term: view.term(),
        body: Body::AppendReply {
            lane,
            round: raftwerk_core::Round(0),
            result: AppendResult::Refused { probe, hint },
            probe: Probe::default(),
        },
    };
    // What the check says when a leader does this for that refusal.
    let judge = |raft: &Raft, refusal: &Message, does: &dyn Fn(&mut Raft)| {
        let before = Refused::new(raft.view(), refusal).unwrap();
        let (mut raft, mut checks) = (raft.clone(), Checks::default());
        does(&mut raft);
        checks.looked_back(&raft, before);
        seen(&checks)
    };
    let wrong = Some(name(Check::LookingBack));
    let right = refusal(last, at(last.index.0 - 1));
    let goes_back = |raft: &mut Raft| raft.receive(now, right.clone());
    assert_eq!(judge(&raft, &right, &goes_back), None);
    let older = refusal(last, LogId::ORIGIN);
    assert_eq!(judge(&raft, &older, &goes_back), wrong, "too little");
    let newer = refusal(at(last.index.0 - 1), LogId::new(last.term.0 + 1, 1));
    assert_eq!(judge(&raft, &newer, &goes_back), wrong, "no such hint");
    // It probes; whatever else is refused changes nothing.
    let mut probing = raft.clone();
    probing.link(now, peer, false);
    while probing.poll().is_some() {}
    let again = |raft: &mut Raft| raft.link(now, peer, true);
    assert_eq!(judge(&probing, &right, &again), wrong);
    assert_eq!(judge(&probing, &right, &goes_back), None, "it does not");
}

#[test]
fn a_new_voter_that_does_not_keep_up_is_seen() {
    let mut setup = Setup::playground(4, 11);
    setup.learners = 1;
    let mut world = World::new(&setup);
    run(&mut world, 2_000_000);
    let node = world.newest_leader().unwrap();
    world.act(&Intervention::StallDisk(4)).unwrap();
    let op = Op::parse("put x=1").unwrap();
    let client = 1;
    world.act(&Intervention::Ask { client, node, op }).unwrap();
    run(&mut world, 200_000);
    let (voters, learners) = (vec![1, 2, 3, 4], Vec::new());
    let change = Intervention::Reconfigure {
        node,
        voters,
        learners,
    };
    world.act(&change).unwrap();
    let raft = world.nodes[node as usize - 1].raft.as_ref().unwrap();
    let (view, now) = (raft.view(), Time(world.now()));
    let peers = view.peers();
    let fourth = peers.iter().find(|peer| peer.id == NodeId(4)).unwrap();
    let mut checks = Checks::default();
    let slow = |checks: &Checks, end| checks.too_slow(view, fourth.id, end, now);
    assert!(!slow(&checks, view.last().index), "a round of no time");
    checks.in_touch_to_lead(raft, now);
    assert!(slow(&checks, view.last().index), "its round is not over");
    assert!(!slow(&checks, fourth.matched), "it has all there is");
}

#[test]
fn a_word_to_campaign_to_somebody_without_a_vote_is_seen() {
    let (_, raft, _) = leading();
    let mut checks = Checks::default();
    checks.on_timeout_now(&raft, NodeId(9), raft.view().last());
    assert_eq!(seen(&checks), Some(name(Check::Handover)));
}

#[test]
fn a_log_that_loses_what_the_state_machine_is_at_is_seen() {
    let mut setup = Setup::playground(3, 11);
    (setup.limits.snapshot_entries, setup.limits.retained_entries) = (2, 0);
    let mut world = World::new(&setup);
    run(&mut world, 2_000_000);
    let node = world.newest_leader().unwrap();
    let op = Op::parse("put x=1").unwrap();
    let ask = Intervention::Ask {
        client: 1,
        node,
        op,
    };
    world.act(&ask).unwrap();
    run(&mut world, 1_000_000);
    let mut node = world.nodes[node as usize - 1].clone();
    let raft = node.raft.clone().unwrap();
    assert!(raft.view().first() > Index(1), "it took a snapshot");
    let judge = |node: &crate::node::Node| {
        let mut checks = Checks::default();
        checks.at_work_on(node, &raft);
        seen(&checks)
    };
    assert_eq!(judge(&node), None);
    node.applied = 0;
    assert_eq!(judge(&node), Some(name(Check::Snapshots)));
}
