//! What clients ask and learn, for a screen: operations, requests on their way, answers; and what
//! of a snapshot is on its way between nodes.

use crate::clients::{Client, Ending, Finished, Operation};
use crate::intervention::Op;
use crate::network::{Content, Question, Reply, Told, Wanted};
use raftwerk_core::Refusal;
use raftwerk_kv::{Answer, Command, KeyValue, Request};
use raftwerk_wire::client::ReadMode;
use raftwerk_wire::explain::refusal;
use raftwerk_wire::view::{ClientView, MessageView, OperationView, show_bytes};

/// A client as it is now.
pub(crate) fn client(client: &Client) -> ClientView {
    ClientView {
        id: client.id,
        leader: client.leader,
        current: client.current.as_ref().map(waiting),
        done: client.done.iter().map(finished).collect(),
    }
}

/// A client as it is drawn on a stage: of what is done, only the last.
pub(crate) fn client_outline(client: &Client) -> ClientView {
    ClientView {
        id: client.id,
        leader: client.leader,
        current: client.current.as_ref().map(waiting),
        done: client.done.back().map(finished).into_iter().collect(),
    }
}

fn mode(op: &Op) -> Option<String> {
    match op {
        Op::Get { mode, .. } => Some(mode.name().to_string()),
        _ => None,
    }
}

fn waiting(operation: &Operation) -> OperationView {
    OperationView {
        text: operation.op.to_string(),
        node: operation.node,
        mode: mode(&operation.op),
        started: operation.started,
        ended: None,
        answer: None,
        outcome: None,
    }
}

fn finished(operation: &Finished) -> OperationView {
    let (outcome, answer) = told(&operation.op, &operation.ending);
    OperationView {
        text: operation.op.to_string(),
        node: operation.node,
        mode: mode(&operation.op),
        started: operation.started,
        ended: Some(operation.ended),
        answer: Some(answer),
        outcome: Some(outcome.to_string()),
    }
}

fn told(op: &Op, ending: &Ending) -> (&'static str, String) {
    match ending {
        Ending::Read { item: None, age } => {
            ("ok", format!("{} is not set{}", op.key(), old(op, *age)))
        }
        Ending::Read {
            item: Some(item),
            age,
        } => ("ok", format!("{}{}", shown(item), old(op, *age))),
        Ending::Written(answer) => written(op, answer),
        Ending::Failed(why) => ("failed", why.clone()),
        Ending::Unknown(why) => ("unknown", format!("{why}; it may have been done")),
    }
}

/// For a read that promises nothing else, how old its answer is.
fn old(op: &Op, age: Option<u64>) -> String {
    let stale = ReadMode::Stale;
    match (op, age) {
        (Op::Get { mode, .. }, Some(age)) if *mode == stale => {
            format!(" (at most {} ms old)", age.div_ceil(1_000))
        }
        (Op::Get { mode, .. }, None) if *mode == stale => " (age unknown)".to_string(),
        _ => String::new(),
    }
}

fn shown(item: &KeyValue) -> String {
    let (key, value) = (show_bytes(&item.key), show_bytes(&item.value));
    format!("{key}={value} at revision {}", item.mod_revision)
}

fn written(op: &Op, answer: &Answer) -> (&'static str, String) {
    match answer {
        Answer::Put { revision, .. } => ("ok", format!("written as revision {revision}")),
        Answer::Deleted {
            previous: Some(_),
            revision,
        } => ("ok", format!("deleted as revision {revision}")),
        Answer::Deleted { previous: None, .. } => ("ok", format!("{} was not set", op.key())),
        Answer::Compared {
            succeeded: true,
            revision,
            ..
        } => ("ok", format!("written as revision {revision}")),
        Answer::Compared {
            current: Some(item),
            ..
        } => ("failed", format!("not as expected: {}", shown(item))),
        Answer::Compared { current: None, .. } => (
            "failed",
            format!("not as expected: {} is not set", op.key()),
        ),
        other => ("ok", format!("{other:?}")),
    }
}

/// A request on its way.
pub(crate) fn request(question: &Question, with_fields: bool) -> MessageView {
    let request = match &question.what {
        Wanted::Write(command) => Request::decode(command).ok(),
        Wanted::Read { .. } => None,
    };
    let kind = match (&question.what, request.as_ref().map(|r| &r.command)) {
        (Wanted::Read { .. }, _) => "Get",
        (_, Some(Command::Put { .. })) => "Put",
        (_, Some(Command::Delete { .. })) => "Delete",
        (_, Some(Command::CompareAndSet { .. })) => "CompareAndSet",
        (_, Some(Command::OpenSession)) => "OpenSession",
        _ => "Request",
    };
    let mut fields = Vec::new();
    if with_fields {
        let mut field = |name: &str, value: String| fields.push((name.to_string(), value));
        match (&question.what, &request) {
            (Wanted::Read { key, mode }, _) => {
                field("asks", format!("get {}", show_bytes(key)));
                field("read", mode.name().to_string());
            }
            (_, Some(request)) => field("asks", request.describe()),
            _ => {}
        }
        if let Some(tag) = request.and_then(|request| request.session) {
            field("session", tag.session.to_string());
            field("sequence", tag.sequence.to_string());
        }
        field("attempt", question.attempt.to_string());
    }
    MessageView {
        kind: kind.to_string(),
        term: 0,
        reply: false,
        accepted: None,
        entries: 0,
        fields,
    }
}

/// An answer on its way back, to a client that waits for `op`.
pub(crate) fn answer(reply: &Reply, op: Option<&Op>, with_fields: bool) -> MessageView {
    let (term, accepted) = match &reply.result {
        Told::Done { id, .. } => (id.term.0, Some(true)),
        Told::Read { .. } => (0, Some(true)),
        Told::Refused(Refusal::NotLeader { term, .. }) => (term.0, Some(false)),
        Told::Refused(_) | Told::Lost => (0, Some(false)),
        Told::Unknown => (0, None),
    };
    let mut fields = Vec::new();
    if with_fields {
        fields = learned(&reply.result, op);
        fields.push(("attempt".to_string(), reply.attempt.to_string()));
    }
    MessageView {
        kind: "Answer".to_string(),
        term,
        reply: true,
        accepted,
        entries: 0,
        fields,
    }
}

fn learned(told: &Told, op: Option<&Op>) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut field = |name: &str, value: String| fields.push((name.to_string(), value));
    match told {
        Told::Done { id, answer } => {
            let text = match (answer, op) {
                (Answer::SessionOpened { session }, _) => format!("session {session} is open"),
                (answer, Some(op)) => written(op, answer).1,
                (answer, None) => format!("{answer:?}"),
            };
            field("says", text);
            field("entry", id.to_string());
        }
        Told::Read {
            item, applied, age, ..
        } => {
            let value = item.as_ref().map_or("not set".to_string(), shown);
            let old = op.map_or_else(String::new, |op| old(op, *age));
            field("says", format!("{value}{old}"));
            field("covers entries up to", applied.to_string());
        }
        Told::Refused(Refusal::NotLeader { hint, .. }) => {
            field("refused", "not the leader".to_string());
            let named = hint.map_or("nobody".to_string(), |node| node.to_string());
            field("names as leader", named);
        }
        Told::Refused(why) => field("refused", refusal(*why)),
        Told::Lost => field("outcome", "certainly not done".to_string()),
        Told::Unknown => field("outcome", "may have been done or not".to_string()),
    }
    fields
}

/// Bytes of a snapshot on their way, and the answer to them.
pub(crate) fn shipped(content: &Content, with_fields: bool) -> Option<MessageView> {
    let field = |name: &str, value: String| (name.to_string(), value);
    let (kind, term, accepted, mut fields) = match content {
        Content::Chunk(chunk) => {
            let to = chunk.offset + chunk.bytes.len() as u64;
            let fields = vec![
                field("snapshot up to", chunk.meta.last.to_string()),
                field("bytes", format!("{} to {to}", chunk.offset)),
                field("of", chunk.meta.bytes.to_string()),
            ];
            ("SnapshotChunk", chunk.lane.term, None, fields)
        }
        Content::Got(got) => {
            let on_disk = if got.staged { "yes" } else { "no" };
            let fields = vec![
                field("snapshot up to", got.last.to_string()),
                field("bytes here", got.upto.to_string()),
                field("complete, on disk", on_disk.to_string()),
            ];
            ("SnapshotChunkReply", got.lane.term, Some(true), fields)
        }
        _ => return None,
    };
    if !with_fields {
        fields.clear();
    }
    Some(MessageView {
        kind: kind.to_string(),
        term: term.0,
        reply: accepted.is_some(),
        accepted,
        entries: 0,
        fields,
    })
}
