//! Messages made by hand, in short: positions are written `(term, index)`.

use raftwerk_core::*;

type At = (u64, u64);

fn id(at: At) -> LogId {
    LogId::new(at.0, at.1)
}

/// The session that a leader of this term opens while entry 1 names the members.
pub fn lane(term: u64) -> Lane {
    Lane {
        term: Term(term),
        membership: Index(1),
        generation: 0,
    }
}

pub fn noop(term: u64, index: u64) -> Entry {
    Entry {
        id: LogId::new(term, index),
        body: EntryBody::Noop,
    }
}

pub fn vote(last: At) -> Body {
    Body::Vote {
        last: id(last),
        transfer: false,
    }
}

pub fn vote_reply(granted: bool) -> Body {
    Body::VoteReply { granted }
}

pub fn pre_vote(proposed: u64, last: At) -> Body {
    Body::PreVote {
        proposed: Term(proposed),
        last: id(last),
    }
}

pub fn pre_vote_reply(proposed: u64, granted: bool) -> Body {
    Body::PreVoteReply {
        proposed: Term(proposed),
        granted,
    }
}

/// Entries of a leader of `term`, each written `(term, index)` and empty.
pub fn append(term: u64, round: u64, prev: At, entries: &[At], commit: u64) -> Body {
    Body::Append {
        lane: lane(term),
        round: Round(round),
        prev: id(prev),
        entries: entries.iter().map(|at| noop(at.0, at.1)).collect(),
        commit: Index(commit),
        standing: Standing::default(),
    }
}

pub fn heartbeat(term: u64, round: u64, prev: At, commit: u64) -> Body {
    append(term, round, prev, &[], commit)
}

pub fn append_reply(term: u64, round: u64, result: AppendResult) -> Body {
    Body::AppendReply {
        lane: lane(term),
        round: Round(round),
        result,
        probe: Probe::default(),
    }
}

/// On disk and received, both up to here.
pub fn accepted(upto: u64) -> AppendResult {
    AppendResult::Accepted {
        durable: Index(upto),
        received: Index(upto),
    }
}

pub fn refused(probe: At, hint: At) -> AppendResult {
    AppendResult::Refused {
        probe: id(probe),
        hint: id(hint),
    }
}

/// One message of every kind, as a node of `term` would say it.
pub fn every_body(term: u64) -> Vec<Body> {
    let lane = lane(term);
    let bodies = vec![
        pre_vote(term + 1, (term, 9)),
        pre_vote_reply(term + 1, true),
        vote((term, 9)),
        vote_reply(true),
        append(term, 9, (0, 1), &[(term, 2)], 1),
        append_reply(term, 9, accepted(2)),
        Body::ReadIndex { request: 5 },
        Body::ReadIndexReply {
            request: 5,
            index: Some(Index(2)),
        },
        Body::SnapshotOffer {
            lane,
            round: Round(9),
            meta: Box::default(),
        },
        Body::SnapshotReply {
            lane,
            round: Round(9),
            matched: Index(2),
        },
        Body::TimeoutNow {
            last: id((term, 2)),
            lane,
        },
        Body::ReadMark { request: 5 },
        Body::ReadMarkReply {
            request: 5,
            last: Index(2),
            membership: id((0, 1)),
        },
    ];
    // A new kind of message does not compile here until it is in the list above.
    let number = |body: &Body| match body {
        Body::PreVote { .. } => 0,
        Body::PreVoteReply { .. } => 1,
        Body::Vote { .. } => 2,
        Body::VoteReply { .. } => 3,
        Body::Append { .. } => 4,
        Body::AppendReply { .. } => 5,
        Body::ReadIndex { .. } => 6,
        Body::ReadIndexReply { .. } => 7,
        Body::SnapshotOffer { .. } => 8,
        Body::SnapshotReply { .. } => 9,
        Body::TimeoutNow { .. } => 10,
        Body::ReadMark { .. } => 11,
        Body::ReadMarkReply { .. } => 12,
    };
    let numbers: Vec<usize> = bodies.iter().map(number).collect();
    assert_eq!(numbers, (0..=12).collect::<Vec<_>>(), "every kind once");
    bodies
}
