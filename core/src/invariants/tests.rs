//! Each invariant about waiting, timers and the commit index, broken by hand: it is named.
//!
//! The machine itself never gets there, so the tests write into its fields.

use crate::io::{Durable, Output};
use crate::membership::Members;
use crate::message::{AppendResult, Body, Message};
use crate::state::State;
use crate::time::{Span, Time};
use crate::trace::{Role, Timer};
use crate::types::{
    ClusterId, Entry, EntryBody, HardState, Index, Lane, LogId, NodeId, Round, Term, WriteSeq,
};
use crate::{Config, Raft};

/// One of three voters, its log as all begin.
fn one_of_three() -> Raft {
    let config = Config::demo(NodeId(1), ClusterId(7), 1);
    let members = Members::of_voters([1, 2, 3].map(NodeId));
    let mut raft = Raft::boot(config, Durable::bootstrap(&members), Time(0)).expect("boots");
    drain(&mut raft);
    raft
}

/// Drains, and says which writes came out.
fn drain(raft: &mut Raft) -> Vec<WriteSeq> {
    let outputs: Vec<Output> = std::iter::from_fn(|| raft.poll()).collect();
    raft.check().expect("invariants hold");
    let seq = |output: &Output| match output {
        Output::Write(write) => Some(write.seq),
        _ => None,
    };
    outputs.iter().filter_map(seq).collect()
}

/// Drains, and the disk does at once what it is asked for.
fn settle(raft: &mut Raft) {
    while let Some(seq) = drain(raft).last() {
        raft.persisted(raft.now, *seq);
    }
}

fn hear(raft: &mut Raft, from: u64, term: u64, body: Body) {
    let message = Message {
        cluster: ClusterId(7),
        from: NodeId(from),
        to: NodeId(1),
        term: Term(term),
        body,
    };
    raft.receive(raft.now, message);
}

fn noop(term: u64, index: u64) -> Entry {
    Entry {
        id: LogId::new(term, index),
        body: EntryBody::Noop,
    }
}

fn lane() -> Lane {
    Lane {
        term: Term(1),
        membership: Index(1),
        generation: 0,
    }
}

/// It campaigns in term 1, and the disk has not written that yet.
fn campaigning() -> Raft {
    let mut raft = one_of_three();
    raft.config.switches.pre_vote = false;
    raft.fire(Time(0) + Span::millis(1_000), Timer::Election);
    drain(&mut raft);
    assert_eq!(raft.view().role(), Role::Candidate);
    raft
}

/// It leads term 1, and its disk has its opening entry, at position 2.
fn leading() -> Raft {
    let mut raft = campaigning();
    raft.persisted(raft.now, WriteSeq(1));
    settle(&mut raft);
    hear(&mut raft, 2, 1, Body::VoteReply { granted: true });
    settle(&mut raft);
    assert_eq!(raft.view().role(), Role::Leader);
    raft
}

/// It follows S2 in term 1 and has taken position 2 from it, which its disk has not.
fn following() -> Raft {
    let mut raft = one_of_three();
    let body = Body::Append {
        lane: lane(),
        round: Round(1),
        prev: LogId::new(0, 1),
        entries: [noop(1, 2)].into(),
        commit: Index(0),
        standing: crate::Standing::default(),
    };
    hear(&mut raft, 2, 1, body);
    drain(&mut raft);
    raft
}

/// The invariant that does not hold after `change`.
fn broken(mut raft: Raft, change: impl FnOnce(&mut Raft)) -> &'static str {
    raft.check().expect("whole before the change");
    change(&mut raft);
    raft.check().expect_err("broken by the change").name
}

#[test]
fn a_leader_that_does_not_commit_what_a_majority_has_is_found() {
    let mut raft = leading();
    let result = AppendResult::Accepted {
        durable: Index(2),
        received: Index(2),
    };
    let body = Body::AppendReply {
        lane: lane(),
        round: Round(1),
        result,
        probe: crate::Probe::default(),
    };
    hear(&mut raft, 2, 1, body);
    settle(&mut raft);
    assert_eq!(raft.view().commit(), Index(2));
    let behind = |raft: &mut Raft| (raft.commit, raft.applying, raft.applied) = Default::default();
    assert_eq!(
        broken(raft, behind),
        "a leader commits all that a majority has on disk"
    );
    let ahead = |raft: &mut Raft| raft.commit = Index(2);
    assert_eq!(
        broken(leading(), ahead),
        "a leader commits what a majority has on disk"
    );
}

/// What an older term left on a majority is not to be committed yet (paper 5.4.2).
#[test]
fn a_majority_of_an_older_term_is_not_missed() {
    let raft = leading();
    assert_eq!(raft.view().commit(), Index(0), "position 1 is of term 0");
    raft.check().expect("and that is right");
}

#[test]
fn a_wrong_election_timer_is_found() {
    let late = |raft: &mut Raft| raft.election.due = Time::NEVER;
    let none = "who does not lead has an election timer";
    for raft in [one_of_three(), campaigning(), following()] {
        assert_eq!(broken(raft, late), none);
    }
    let over = |raft: &mut Raft| raft.election.due = raft.election.set;
    assert_eq!(broken(following(), over), none);
    let running = |raft: &mut Raft| raft.reset_election_timer();
    assert_eq!(broken(leading(), running), "a leader has no election timer");
}

#[test]
fn who_waits_for_a_disk_that_does_nothing_is_found() {
    let lost = |raft: &mut Raft| {
        let disk = &raft.durability;
        let (term, index) = (disk.hard_state, disk.index);
        raft.durability = crate::durability::Durability::new(term, index, None);
    };
    for raft in [campaigning(), following()] {
        assert_eq!(broken(raft, lost), "what the disk lacks is on its way");
    }
}

#[test]
fn a_vote_held_without_a_reason_is_found() {
    let mut raft = one_of_three();
    raft.now = Time(0) + Span::millis(1_000);
    let last = raft.log.last();
    let transfer = false;
    hear(&mut raft, 2, 1, Body::Vote { last, transfer });
    drain(&mut raft);
    assert_eq!(raft.held_vote, Some(NodeId(2)));
    let name = "a vote is held while the disk lacks it";
    let another = |raft: &mut Raft| raft.held_vote = Some(NodeId(3));
    assert_eq!(broken(raft.clone(), another), name);
    let written = |raft: &mut Raft| raft.durability.hard_state = raft.hard_state;
    assert_eq!(broken(raft, written), name);
}

#[test]
fn a_candidate_that_counts_itself_too_early_or_too_late_is_found() {
    let name = "a candidate counts itself when the disk has its vote";
    let early = |raft: &mut Raft| {
        if let State::Candidate { votes, .. } = &mut raft.state {
            votes.insert(NodeId(1), true);
        }
    };
    assert_eq!(broken(campaigning(), early), name);
    let late = |raft: &mut Raft| raft.durability.hard_state = raft.hard_state;
    assert_eq!(broken(campaigning(), late), name);
    let another = |raft: &mut Raft| raft.hard_state.vote = Some(NodeId(2));
    assert_eq!(broken(campaigning(), another), name);
}

#[test]
fn an_acknowledgement_too_early_or_too_late_is_found() {
    let name = "what is on disk and proven is acknowledged";
    let late = |raft: &mut Raft| raft.durability.index = Index(2);
    assert_eq!(broken(following(), late), name);
    let early = |raft: &mut Raft| raft.ack.told = Index(3);
    assert_eq!(broken(following(), early), name);
    let owed = |raft: &mut Raft| raft.ack.owed = true;
    assert_eq!(
        broken(following(), owed),
        "what needs no disk is answered at once"
    );
}

/// In debug builds, which tests are, no host gets further than the end of that drain.
#[test]
#[should_panic(expected = "a leader has no election timer")]
fn a_drain_that_ends_with_a_broken_invariant_ends_the_process() {
    let mut raft = leading();
    raft.reset_election_timer();
    raft.fire(raft.now, Timer::Heartbeat);
    while raft.poll().is_some() {}
}

#[test]
fn a_node_that_has_stopped_for_good_waits_for_nothing() {
    let mut raft = campaigning();
    raft.persist_failed(raft.now, WriteSeq(1));
    drain(&mut raft);
    let HardState { term, .. } = raft.hard_state;
    assert_eq!((term, raft.view().fenced().is_some()), (Term(1), true));
}
