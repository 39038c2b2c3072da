//! Messages of `raft` in the words of our core, and back: so that they travel through the
//! simulator's network, and so that its checks can read what they promise.
//!
//! A heartbeat is an append of its own kind, told by the lane; what a read index is asked for is
//! told by the round. Both ways back give the same message, but for the hint in a vote request.

use crate::storage::{ours, theirs};
use raft::eraftpb::{Entry, Message as Theirs, MessageType};
use raftwerk_core::{
    AppendResult, Body, ClusterId, Index, Lane, LogId, Message, NodeId, Probe, Round, Standing,
    Term,
};

/// What `raft` says in the message of a candidate that was told to campaign.
const TRANSFER: &[u8] = b"CampaignTransfer";

/// Tells a heartbeat, and its answer, from an append.
const HEARTBEAT: u64 = 1;

/// The number of a read in its eight bytes; 0: none.
fn number(bytes: &[u8]) -> u64 {
    let bytes: Result<[u8; 8], _> = bytes.try_into();
    bytes.map_or(0, u64::from_le_bytes)
}

fn bytes(number: u64) -> Vec<u8> {
    match number {
        0 => Vec::new(),
        number => number.to_le_bytes().to_vec(),
    }
}

/// The number of a read that is carried by an entry of its own.
fn carried(message: &Theirs) -> u64 {
    message
        .entries
        .first()
        .map_or(0, |entry| number(&entry.data))
}

fn carrier(number: u64) -> Vec<Entry> {
    vec![Entry {
        data: bytes(number).into(),
        ..Entry::default()
    }]
}

/// A message as our core would write it.
pub(crate) fn to_ours(cluster: ClusterId, message: &Theirs) -> Message {
    let lane = |generation| Lane {
        generation,
        membership: Index(message.commit),
        ..Lane::default()
    };
    let append = |kind| Body::Append {
        lane: lane(kind),
        round: Round(number(&message.context)),
        prev: LogId::new(message.log_term, message.index),
        entries: message.entries.iter().map(ours).collect(),
        commit: Index(message.commit),
        standing: Standing::default(),
    };
    let reply = |kind| Body::AppendReply {
        lane: lane(kind),
        round: Round(number(&message.context)),
        result: match message.reject {
            false => AppendResult::Accepted {
                durable: Index(message.index),
                received: Index(message.index),
            },
            true => AppendResult::Refused {
                probe: LogId::new(0, message.index),
                hint: LogId::new(message.log_term, message.reject_hint),
            },
        },
        probe: Probe::default(),
    };
    let (last, proposed) = (
        LogId::new(message.log_term, message.index),
        Term(message.term),
    );
    let granted = !message.reject;
    let body = match message.get_msg_type() {
        MessageType::MsgAppend => append(0),
        MessageType::MsgHeartbeat => append(HEARTBEAT),
        MessageType::MsgAppendResponse => reply(0),
        MessageType::MsgHeartbeatResponse => reply(HEARTBEAT),
        MessageType::MsgRequestVote => Body::Vote {
            last,
            transfer: message.context == TRANSFER,
        },
        MessageType::MsgRequestVoteResponse => Body::VoteReply { granted },
        MessageType::MsgRequestPreVote => Body::PreVote { proposed, last },
        MessageType::MsgRequestPreVoteResponse => Body::PreVoteReply { proposed, granted },
        MessageType::MsgReadIndex => Body::ReadIndex {
            request: carried(message),
        },
        MessageType::MsgReadIndexResp => Body::ReadIndexReply {
            request: carried(message),
            index: Some(Index(message.index)),
        },
        other => unreachable!("a world without snapshots and transfers sends no {other:?}"),
    };
    Message {
        cluster,
        from: NodeId(message.from),
        to: NodeId(message.to),
        term: Term(message.term),
        body,
    }
}

/// The message that it was.
pub(crate) fn to_theirs(message: &Message) -> Theirs {
    let mut other = Theirs::default();
    (other.from, other.to) = (message.from.0, message.to.0);
    other.term = message.term.0;
    let kind = match &message.body {
        Body::Append {
            lane,
            round,
            prev,
            entries,
            commit,
            ..
        } => {
            (other.log_term, other.index) = (prev.term.0, prev.index.0);
            other.commit = commit.0;
            other.context = bytes(round.0).into();
            other.set_entries(entries.iter().map(theirs).collect::<Vec<_>>().into());
            match lane.generation {
                HEARTBEAT => MessageType::MsgHeartbeat,
                _ => MessageType::MsgAppend,
            }
        }
        Body::AppendReply {
            lane,
            round,
            result,
            ..
        } => {
            other.commit = lane.membership.0;
            other.context = bytes(round.0).into();
            match result {
                AppendResult::Accepted { durable, .. } => other.index = durable.0,
                AppendResult::Refused { probe, hint } => {
                    (other.reject, other.index) = (true, probe.index.0);
                    (other.log_term, other.reject_hint) = (hint.term.0, hint.index.0);
                }
                other => unreachable!("never made here: {other:?}"),
            }
            match lane.generation {
                HEARTBEAT => MessageType::MsgHeartbeatResponse,
                _ => MessageType::MsgAppendResponse,
            }
        }
        Body::Vote { last, transfer } => {
            (other.log_term, other.index) = (last.term.0, last.index.0);
            if *transfer {
                other.context = TRANSFER.to_vec().into();
            }
            MessageType::MsgRequestVote
        }
        Body::PreVote { last, .. } => {
            (other.log_term, other.index) = (last.term.0, last.index.0);
            MessageType::MsgRequestPreVote
        }
        Body::VoteReply { granted } => {
            other.reject = !granted;
            MessageType::MsgRequestVoteResponse
        }
        Body::PreVoteReply { granted, .. } => {
            other.reject = !granted;
            MessageType::MsgRequestPreVoteResponse
        }
        Body::ReadIndex { request } => {
            other.set_entries(carrier(*request).into());
            MessageType::MsgReadIndex
        }
        Body::ReadIndexReply { request, index } => {
            other.set_entries(carrier(*request).into());
            other.index = index.map_or(0, |index| index.0);
            MessageType::MsgReadIndexResp
        }
        other => unreachable!("never made here: {}", other.name()),
    };
    other.set_msg_type(kind);
    other
}
