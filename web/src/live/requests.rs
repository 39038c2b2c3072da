//! What a click means on real processes: which faults to ask for, which HTTP request to send,
//! and what an HTTP answer says about the outcome. Pure, so that it is tested natively.

use raftwerk_sim::{Intervention, Op};
use raftwerk_wire::client::{Problem, ReadMode};
use raftwerk_wire::observe::Chaos;

/// The faults to ask for, in order.
///
/// # Errors
/// Why this cannot be done to real processes.
pub fn faults(what: &Intervention, members: &[u64]) -> Result<Vec<Chaos>, String> {
    let both = |node: u64, make: fn(u64, u64) -> Chaos| {
        let others = members.iter().filter(move |other| **other != node);
        others
            .flat_map(|other| [make(node, *other), make(*other, node)])
            .collect()
    };
    let one = |fault| Ok(vec![fault]);
    match what {
        Intervention::Crash(node) => one(Chaos::Crash { node: *node }),
        Intervention::Restart(node) => one(Chaos::Restart { node: *node }),
        Intervention::Freeze(node) => one(Chaos::Freeze { node: *node }),
        Intervention::Thaw(node) => one(Chaos::Thaw { node: *node }),
        Intervention::TimeOut(node) => one(Chaos::TimeOut { node: *node }),
        Intervention::Isolate(node) => Ok(both(*node, |from, to| Chaos::Cut { from, to })),
        Intervention::Reconnect(node) => Ok(both(*node, |from, to| Chaos::Restore { from, to })),
        Intervention::Cut { from, to } => one(Chaos::Cut {
            from: *from,
            to: *to,
        }),
        Intervention::Restore { from, to } => one(Chaos::Restore {
            from: *from,
            to: *to,
        }),
        Intervention::Partition(groups) => one(Chaos::Partition {
            groups: groups.clone(),
        }),
        Intervention::Heal => one(Chaos::Heal),
        Intervention::Drop(_)
        | Intervention::Deliver(_)
        | Intervention::Duplicate(_)
        | Intervention::Hold(_)
        | Intervention::Release(_) => {
            Err("Real messages are on the network already: cut a link instead.".to_string())
        }
        Intervention::StallDisk(_)
        | Intervention::ResumeDisk(_)
        | Intervention::CompleteWrite(_)
        | Intervention::Beat(_) => {
            Err("Real disks are left alone: freeze the node instead.".to_string())
        }
        Intervention::Transfer { .. } | Intervention::Reconfigure { .. } => {
            Err("Real members cannot be changed from here yet.".to_string())
        }
        Intervention::Ask { .. } => Err("Operations are asked over HTTP, not as faults.".into()),
        Intervention::CutOff(group) => {
            let inside = |id: &u64| group.contains(id);
            let across = members
                .iter()
                .flat_map(|a| members.iter().map(move |b| (*a, *b)));
            let across = across.filter(|(a, b)| inside(a) != inside(b));
            Ok(across.map(|(from, to)| Chaos::Cut { from, to }).collect())
        }
        // What is left is of a simulated world: `executor` names each.
        _ => Err("Only the playground does this.".into()),
    }
}

/// Who carries it out, in a sentence for the person about to click.
#[must_use]
pub fn executor(what: &Intervention) -> String {
    match what {
        Intervention::Crash(node) => format!("The supervisor kills the process of S{node}."),
        Intervention::Restart(node) => {
            format!("The supervisor starts the process of S{node} on the same data.")
        }
        Intervention::Freeze(node) => format!("The supervisor stops the process of S{node}."),
        Intervention::Thaw(node) => format!("The supervisor lets the process of S{node} go on."),
        Intervention::TimeOut(node) => format!("S{node} lets its election timer fire."),
        Intervention::Isolate(_) => "Every node cuts its link to this one, and it to them.".into(),
        Intervention::Reconnect(_) => "Every node restores its link to this one.".into(),
        Intervention::Cut { from, to } => format!("S{from} stops sending to S{to}."),
        Intervention::Restore { from, to } => format!("S{from} sends to S{to} again."),
        Intervention::Partition(_) => "Every node stops sending across the split.".into(),
        Intervention::Heal => "Every node restores its links.".into(),
        Intervention::Ask { node, .. } => format!("S{node} is asked over HTTP."),
        Intervention::Drop(_)
        | Intervention::Deliver(_)
        | Intervention::Duplicate(_)
        | Intervention::Hold(_)
        | Intervention::Release(_) => "Nobody: real messages cannot be held.".into(),
        Intervention::StallDisk(_)
        | Intervention::ResumeDisk(_)
        | Intervention::CompleteWrite(_)
        | Intervention::Beat(_) => "Nobody: real disks are left alone.".into(),
        Intervention::CutOff(_) => "Every node stops sending across the cut.".into(),
        Intervention::Rejoin(_)
        | Intervention::FailDisk(_)
        | Intervention::MendDisk(_)
        | Intervention::Calm
        | Intervention::CalmButGone
        | Intervention::RunClock { .. }
        | Intervention::JumpClock { .. }
        | Intervention::FillDisk { .. }
        | Intervention::FreeDisk(_)
        | Intervention::Wipe(_)
        | Intervention::Rot { .. }
        | Intervention::Misdirect { .. }
        | Intervention::LoseWrite(_)
        | Intervention::RotVote(_)
        | Intervention::RotSnapshot(_)
        | Intervention::Clog { .. }
        | Intervention::Unclog { .. } => "Nobody: only the playground does this.".into(),
        Intervention::Transfer { .. } | Intervention::Reconfigure { .. } => {
            "Nobody: real members cannot be changed from here yet.".into()
        }
    }
}

/// An HTTP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Method.
    pub method: &'static str,
    /// Path and query, relative to the page.
    pub path: String,
    /// Body.
    pub body: Option<String>,
}

/// What an operation sends first.
#[must_use]
pub fn first(op: &Op, node: u64) -> Request {
    let path = |key: &str, query: &str| format!("v1/kv/{}?{query}node={node}", encode(key));
    match op {
        Op::Put { key, value } => put(path(key, ""), value),
        Op::CompareAndSet {
            key,
            expect: None,
            value,
        } => put(path(key, "if_revision=0&"), value),
        Op::CompareAndSet { key, .. } => get(path(key, "read=leader&")),
        Op::Get { key, mode } => get(path(key, &format!("read={}&", mode.name()))),
        Op::Delete { key } => Request {
            method: "DELETE",
            path: path(key, ""),
            body: None,
        },
    }
}

/// What a compare-and-set sends after its read: over HTTP the comparison is by revision.
#[must_use]
pub fn second(key: &str, value: &str, revision: &str, node: u64) -> Request {
    let key = encode(key);
    put(
        format!("v1/kv/{key}?if_revision={}&node={node}", encode(revision)),
        value,
    )
}

fn put(path: String, value: &str) -> Request {
    Request {
        method: "PUT",
        path,
        body: Some(value.to_string()),
    }
}

fn get(path: String) -> Request {
    Request {
        method: "GET",
        path,
        body: None,
    }
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Body as text.
    pub body: String,
    /// `raftwerk-revision`.
    pub revision: Option<String>,
    /// `raftwerk-node`.
    pub node: Option<String>,
    /// `raftwerk-age-ms`.
    pub age: Option<String>,
}

/// How an operation ended: the answer in words, and `ok`, `failed` or `unknown`.
pub type Ended = (String, &'static str);

/// Reads an answer.
#[must_use]
pub fn ended(op: &Op, reply: &Reply) -> Ended {
    let from = reply
        .node
        .as_ref()
        .map_or(String::new(), |node| format!(" from S{node}"));
    let revision = reply
        .revision
        .as_ref()
        .map_or(String::new(), |r| format!(", revision {r}"));
    match (op, reply.status) {
        (Op::Get { mode, .. }, 200) => {
            let age = match (mode, &reply.age) {
                (ReadMode::Stale, Some(age)) => format!(", at most {age} ms old"),
                (ReadMode::Stale, None) => ", age unknown".to_string(),
                _ => String::new(),
            };
            (
                format!("{}{from}{revision}{age}", shorten(&reply.body)),
                "ok",
            )
        }
        (Op::Get { .. }, 404) => (format!("absent{from}"), "ok"),
        (Op::Delete { .. }, 404) => (format!("was absent{from}"), "ok"),
        (_, 200..=299) => (format!("done{from}{revision}"), "ok"),
        (_, 412) => {
            let found = problem(reply).revision;
            let found = found.map_or(String::new(), |found| format!(" (its revision is {found})"));
            (format!("not as expected{found}"), "failed")
        }
        (Op::Get { .. }, 504) => (words(reply), "failed"),
        (_, 504) => (words(reply), "unknown"),
        _ => (words(reply), "failed"),
    }
}

/// What a compare-and-set that expects a value finds: the revision to write on, or its end.
///
/// # Errors
/// How the operation ended, when the value differs or could not be read.
pub fn compared(expect: &str, reply: &Reply) -> Result<String, Ended> {
    match (reply.status, &reply.revision) {
        (200, Some(revision)) if reply.body == expect => Ok(revision.clone()),
        (200, Some(_)) => Err((
            format!("not as expected: it is {}", shorten(&reply.body)),
            "failed",
        )),
        (200, None) => Err(("the answer names no revision".to_string(), "failed")),
        (404, _) => Err(("not as expected: absent".to_string(), "failed")),
        _ => Err((words(reply), "failed")),
    }
}

/// When nothing came back in time, or the connection broke.
#[must_use]
pub fn silent(op: &Op, why: &str) -> Ended {
    match op {
        Op::Get { .. } => (why.to_string(), "failed"),
        _ => (format!("{why}; it may have been done"), "unknown"),
    }
}

/// A problem in words.
#[must_use]
pub fn words(reply: &Reply) -> String {
    let problem = problem(reply);
    match (problem.detail.is_empty(), problem.kind.is_empty()) {
        (false, _) => problem.detail,
        (true, false) => problem.kind,
        (true, true) => format!("HTTP status {}", reply.status),
    }
}

fn problem(reply: &Reply) -> Problem {
    serde_json::from_str(&reply.body).unwrap_or_default()
}

fn shorten(text: &str) -> String {
    raftwerk_wire::view::show_bytes(text.as_bytes())
}

/// Percent-encoding of everything but unreserved characters.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            body: body.into(),
            revision: Some("7".into()),
            ..Reply::default()
        }
    }

    fn write() -> Op {
        Op::Put {
            key: "x".into(),
            value: "1".into(),
        }
    }

    #[test]
    fn operations_become_requests() {
        let get = Op::Get {
            key: "a b/ü".into(),
            mode: ReadMode::Stale,
        };
        assert_eq!(
            first(&get, 3).path,
            "v1/kv/a%20b%2F%C3%BC?read=stale&node=3"
        );
        let create = Op::CompareAndSet {
            key: "x".into(),
            expect: None,
            value: "1".into(),
        };
        assert_eq!(first(&create, 2).path, "v1/kv/x?if_revision=0&node=2");
        assert_eq!(first(&write(), 2).body.as_deref(), Some("1"));
    }

    #[test]
    fn a_stale_read_tells_its_age_or_that_it_is_not_known() {
        let get = |mode| {
            let key = "x".into();
            Op::Get { key, mode }
        };
        let known = Reply {
            age: Some("40".into()),
            ..reply(200, "1")
        };
        let words = |mode, reply: &Reply| ended(&get(mode), reply).0;
        assert!(words(ReadMode::Stale, &known).ends_with(", at most 40 ms old"));
        assert!(words(ReadMode::Stale, &reply(200, "1")).ends_with(", age unknown"));
        assert!(words(ReadMode::Leader, &reply(200, "1")).ends_with("revision 7"));
    }

    #[test]
    fn a_timeout_of_a_write_is_unknown_and_of_a_read_is_not() {
        assert_eq!(silent(&write(), "no answer in 6 s").1, "unknown");
        let get = Op::Get {
            key: "x".into(),
            mode: ReadMode::Leader,
        };
        assert_eq!(silent(&get, "no answer in 6 s").1, "failed");
        assert_eq!(ended(&write(), &reply(504, "")).1, "unknown");
        assert_eq!(ended(&write(), &reply(503, "")).1, "failed");
        assert_eq!(ended(&write(), &reply(200, "{}")).1, "ok");
    }

    #[test]
    fn a_comparison_reads_the_revision_to_write_on() {
        assert_eq!(compared("1", &reply(200, "1")), Ok("7".to_string()));
        assert_eq!(compared("2", &reply(200, "1")).unwrap_err().1, "failed");
        assert_eq!(
            compared("2", &reply(404, "")).unwrap_err().0,
            "not as expected: absent"
        );
    }

    #[test]
    fn an_isolated_node_is_cut_both_ways_from_all() {
        let cuts = faults(&Intervention::Isolate(2), &[1, 2, 3]).unwrap();
        assert_eq!(cuts.len(), 4);
        assert!(cuts.contains(&Chaos::Cut { from: 3, to: 2 }));
        assert!(faults(&Intervention::Drop(1), &[1]).is_err());
    }

    #[test]
    fn a_problem_says_what_it_says() {
        let body = r#"{"status":503,"kind":"no_leader","detail":"No leader is known."}"#;
        assert_eq!(words(&reply(503, body)), "No leader is known.");
        assert_eq!(words(&reply(500, "oops")), "HTTP status 500");
    }
}
