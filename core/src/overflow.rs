//! Numbers near their end (trap E18): a node that runs out of them stops, and says why.
//!
//! No real cluster gets here; a damaged disk or a hostile file might. Each test starts a node at
//! the edge, takes one more step, and wants a fence where a panic or a wrap-around would be.

use crate::io::{Durable, Fence, Output, ReadPath, Refusal};
use crate::membership::Members;
use crate::message::{Body, Standing};
use crate::payload::Payload;
use crate::state::State;
use crate::time::Time;
use crate::trace::{Role, Timer};
use crate::types::{
    ClusterId, Entry, EntryBody, HardState, Index, Lane, LogId, NodeId, Round, Term, Ticket,
    WriteSeq,
};
use crate::{Config, Message, Raft};

/// One voter that starts in this term.
fn alone(term: u64) -> Raft {
    let config = Config::demo(NodeId(1), ClusterId(7), 1);
    let mut disk = Durable::bootstrap(&Members::of_voters([NodeId(1)]));
    disk.hard_state = HardState {
        term: Term(term),
        vote: None,
    };
    Raft::boot(config, disk, Time(0)).expect("boots")
}

/// Drains, with a disk that writes at once; says what came out besides writes.
fn settle(raft: &mut Raft) -> Vec<Output> {
    let mut out = Vec::new();
    while let Some(output) = raft.poll() {
        out.push(output);
        let Some(Output::Write(write)) = out.last() else {
            continue;
        };
        let seq = write.seq;
        while let Some(output) = raft.poll() {
            out.push(output);
        }
        raft.persisted(Time(0), seq);
    }
    raft.check().expect("invariants hold");
    out
}

fn leading() -> Raft {
    let mut raft = alone(0);
    raft.fire(Time(0), Timer::Election);
    settle(&mut raft);
    assert_eq!(raft.view().role(), Role::Leader);
    raft
}

fn fenced(out: &[Output]) -> bool {
    let last = out.last();
    last == Some(&Output::Fenced(Fence::Overflow))
}

#[test]
fn e18_no_term_after_the_last() {
    for pre_vote in [true, false] {
        let mut raft = alone(u64::MAX);
        raft.config.switches.pre_vote = pre_vote;
        raft.fire(Time(0), Timer::Election);
        assert!(fenced(&settle(&mut raft)));
        assert_eq!(raft.view().fenced(), Some(Fence::Overflow));
    }
}

#[test]
fn e18_the_last_term_itself_can_be_led() {
    let mut raft = alone(u64::MAX - 1);
    raft.fire(Time(0), Timer::Election);
    settle(&mut raft);
    assert_eq!(raft.view().role(), Role::Leader);
    assert_eq!(raft.view().term(), Term(u64::MAX));
}

#[test]
fn e18_no_round_after_the_last() {
    for by_read in [false, true] {
        let mut raft = leading();
        let State::Leader(state) = &mut raft.state else {
            unreachable!("it leads");
        };
        state.round = Round(u64::MAX);
        if by_read {
            raft.read(Time(0), Ticket(1), ReadPath::Leader)
                .expect("taken");
        } else {
            raft.fire(Time(0), Timer::Heartbeat);
        }
        let out = settle(&mut raft);
        assert!(fenced(&out));
        let why = Refusal::Fenced;
        let lost = |o: &Output| matches!(o, Output::ReadFailed { .. });
        assert_eq!(out.iter().filter(|o| lost(o)).count(), usize::from(by_read));
        assert_eq!(
            raft.propose(Time(0), Ticket(2), Payload::from(&b"x"[..])),
            Err(why)
        );
    }
}

#[test]
fn e18_no_write_after_the_last_number() {
    let mut raft = leading();
    raft.durability.last_seq = WriteSeq(u64::MAX);
    raft.propose(Time(0), Ticket(1), Payload::from(&b"x"[..]))
        .expect("taken");
    let out = settle(&mut raft);
    assert!(fenced(&out), "{out:?}");
    let asks = |o: &Output| matches!(o, Output::Write(_) | Output::Send(_) | Output::Apply { .. });
    assert!(!out.iter().any(asks), "it asks for nothing more: {out:?}");
    let ends = |o: &&Output| {
        matches!(
            o,
            Output::Settled {
                ticket: Ticket(1),
                ..
            }
        )
    };
    assert_eq!(out.iter().filter(ends).count(), 1, "the ticket ends once");
}

/// What a message names is no reason to stop: it is not taken.
#[test]
fn e18_positions_that_cannot_be_are_malformed() {
    let mut raft = alone(1);
    let entry = |index| Entry {
        id: LogId::new(1, index),
        body: EntryBody::Noop,
    };
    let cases = [
        (u64::MAX, vec![entry(u64::MAX)]),
        (u64::MAX, vec![entry(0)]),
        (u64::MAX - 1, vec![entry(u64::MAX)]),
        (u64::MAX, vec![]),
    ];
    for (prev, entries) in cases {
        let body = Body::Append {
            lane: Lane::default(),
            round: Round(u64::MAX),
            prev: LogId::new(1, prev),
            entries: entries.into(),
            commit: Index(u64::MAX),
            standing: Standing::default(),
        };
        let message = Message {
            cluster: ClusterId(7),
            from: NodeId(2),
            to: NodeId(1),
            term: Term(1),
            body,
        };
        raft.receive(Time(0), message);
        settle(&mut raft);
        assert_eq!(raft.view().last(), LogId::new(0, 1));
        assert_eq!(raft.view().fenced(), None);
    }
}

#[test]
fn e18_positions_are_counted_with_care() {
    assert_eq!(Index(u64::MAX - 2).following(), Some(Index::LAST));
    assert_eq!(Index::LAST.following(), None);
    assert_eq!(Index::LAST.next(), Index(u64::MAX));
    assert_eq!(Index(u64::MAX).following(), None);
    assert_eq!(Index(7).plus(u64::MAX), None);
    assert_eq!(Index(7).plus(3), Some(Index(10)));
}
