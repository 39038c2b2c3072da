//! Timers put off for no reason, leaders that cannot lead, and bad hand-overs are seen.

use super::super::{Check, Checks, Heard, Seen};
use super::{name, others, settled};
use crate::intervention::Intervention;
use crate::setup::Setup;
use crate::world::World;
use raftwerk_core::trace::Role;
use raftwerk_core::{
    Body, Entries, Index, Lane, LogId, Message, NodeId, Raft, Round, Term, Time, WriteSeq,
};

fn seen(checks: &Checks) -> Option<&'static str> {
    checks.violation().map(|violation| violation.check)
}

fn message(raft: &Raft, from: u64, body: Body) -> Message {
    let view = raft.view();
    Message {
        cluster: view.config().cluster,
        from: NodeId(from),
        to: view.id(),
        term: view.term(),
        body,
    }
}

fn append(raft: &Raft, from: u64) -> Message {
    let body = Body::Append {
        lane: Lane::default(),
        round: Round(0),
        prev: LogId::ORIGIN,
        entries: Entries::default(),
        commit: Index(0),
        standing: raftwerk_core::Standing::default(),
    };
    message(raft, from, body)
}

/// So is a vote for a log that lacks something.
#[test]
fn an_election_put_off_for_no_reason_or_not_at_all_is_seen() {
    let (world, leader) = settled();
    let raft = |node: u64| world.nodes[node as usize - 1].raft.clone().unwrap();
    let mut voters = others(leader).map(raft);
    let before = voters.find(|raft| raft.view().vote() == Some(NodeId(leader)));
    let before = before.unwrap();
    let now = world.now() + 1;
    // What the check says when a node does this for this message.
    let judge = |message: Message, does: fn(&mut Raft, raftwerk_core::Time, Message)| {
        let mut raft = before.clone();
        let heard = Heard::new(&raft, &message);
        does(&mut raft, raftwerk_core::Time(now), message);
        let mut checks = Checks {
            now,
            ..Checks::default()
        };
        checks.on_heard(&raft, raftwerk_core::Time(now), heard);
        seen(&checks)
    };
    let wrong = Some(name(Check::ElectionTimer));
    let nothing = |_: &mut Raft, _: raftwerk_core::Time, _: Message| {};
    let take = |raft: &mut Raft, now: raftwerk_core::Time, message: Message| {
        raft.receive(now, message);
    };
    // As if the leader itself had spoken, whatever came in.
    let put_off = |raft: &mut Raft, now: raftwerk_core::Time, mut message: Message| {
        message.from = raft.view().leader().unwrap();
        message.term = raft.view().term();
        message.cluster = raft.view().config().cluster;
        raft.receive(now, message);
    };
    let spoken = append(&before, leader);
    assert_eq!(judge(spoken.clone(), take), None);
    assert_eq!(judge(spoken.clone(), nothing), wrong);
    let mut stale = spoken.clone();
    stale.term = Term(stale.term.0 - 1);
    assert_eq!(judge(stale.clone(), take), None);
    assert_eq!(judge(stale, put_off), wrong);
    let mut strange = spoken;
    strange.cluster.0 ^= 1;
    assert_eq!(judge(strange.clone(), nothing), None);
    assert_eq!(judge(strange, put_off), wrong);
    // The leader asks once more for the vote it was given: with its log of now, with a lesser one.
    let asks = |last| {
        let body = Body::Vote {
            last,
            transfer: false,
        };
        message(&before, leader, body)
    };
    let lesser = asks(LogId::ORIGIN);
    assert_eq!(judge(asks(before.view().last()), take), None);
    assert_eq!(judge(lesser.clone(), take), None);
    let waits_anew = |raft: &mut Raft, now: raftwerk_core::Time, message: Message| {
        let spoken = append(raft, message.from.0);
        raft.receive(now, spoken);
    };
    assert_eq!(
        judge(lesser, waits_anew),
        Some(name(Check::CompleteLog)),
        "as if it were given"
    );
}

#[test]
fn a_promise_of_silence_that_is_broken_is_seen() {
    let mut setup = Setup::playground(3, 1);
    setup.switches.lease_reads = true;
    let world = World::new(&setup);
    let raft = world.nodes[0].raft.as_ref().unwrap();
    let (was, start) = (Seen::of(raft), Time(1_000_000));
    let over = start + setup.timing.election_min;
    let votes = Seen {
        vote: Some(NodeId(2)),
        ..was
    };
    let asks = Seen {
        role: Role::PreCandidate,
        ..was
    };
    let judge = |now: Time, handed: bool, is: &Seen| {
        let mut checks = Checks::default();
        checks.promises_silence(raft, start);
        checks.hands_over(handed);
        checks.keeps_silent(raft, now, &was, is);
        seen(&checks)
    };
    let last = Time(over.0 - 1);
    for is in [votes, asks] {
        assert_eq!(judge(last, false, &is), Some(name(Check::Silence)));
        assert_eq!(judge(last, true, &is), None, "a leader wants it");
        assert_eq!(judge(over, false, &is), None);
    }
    let commits = Seen { commit: 1, ..was };
    assert_eq!(judge(last, false, &commits), None);
}

#[test]
fn a_leader_that_keeps_the_crown_while_its_disk_hangs_is_seen() {
    let (world, leader) = settled();
    let raft = world.nodes[leader as usize - 1].raft.as_ref().unwrap();
    let mut checks = Checks::default();
    let now = raftwerk_core::Time(world.now());
    for seq in [1, 2] {
        let then = raftwerk_core::Time(now.0 - 400_000);
        checks.on_write(leader, then, WriteSeq(seq));
    }
    let mut done = checks.clone();
    done.on_persisted(leader, WriteSeq(2));
    done.fit_to_lead(raft, now);
    assert_eq!(seen(&done), None);
    checks.on_persisted(leader, WriteSeq(1));
    checks.fit_to_lead(raft, now);
    assert_eq!(seen(&checks), Some(name(Check::FitToLead)));
}

#[test]
fn a_bad_hand_over_is_seen() {
    let wrong = Some(name(Check::Handover));
    let (mut world, leader) = settled();
    let to = others(leader).next().unwrap();
    let told = |world: &crate::World, behind: u64| {
        let raft = world.nodes[leader as usize - 1].raft.as_ref().unwrap();
        let mut last = raft.view().last();
        last.index.0 += behind;
        let (mut offered, mut taken) = (Checks::default(), Checks::default());
        offered.on_timeout_now(raft, NodeId(to), last);
        taken.on_accepted(raft);
        (seen(&offered), seen(&taken))
    };
    assert_eq!(told(&world, 0), (None, None));
    assert_eq!(told(&world, 1), (wrong, None));
    let (node, to) = (leader, Some(to));
    world.act(&Intervention::Transfer { node, to }).unwrap();
    assert_eq!(told(&world, 0), (None, wrong));
}
