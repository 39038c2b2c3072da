//! What needs the leader: tried here or passed on, and when it is tried again (traps C3, C6).
//!
//! **The rule.** A request is tried at the leader that this node knows: at its own core, or by
//! passing it on. What follows depends on how the try ended, and on whether doing it twice does
//! harm (reads do none, nor do writes with session and sequence):
//!
//! | the request                 | does no harm twice           | any other write              |
//! |-----------------------------|------------------------------|------------------------------|
//! | was answered                | the answer                   | the answer                   |
//! | was certainly not taken     | tried at the next leader     | tried at the next leader     |
//! | may have been taken         | tried at the next leader     | 504, outcome unknown, at once |
//!
//! - *Not taken*: a core refused it or gave it up for good, or not a byte of it was sent.
//! - *May have been taken*: all else without an answer. A leader is not waited for any longer
//!   when this node's own core has heard of a leader of a later term: one that was frozen or cut
//!   off would keep the client waiting for nothing. [`GRACE`] is for an answer on its way.
//! - Once a try may have been taken, no later refusal makes it "nothing was done".
//! - *The next leader* leads a later term than the one tried, so nothing goes in circles. It is
//!   waited for until [`FORWARD`] after the arrival. With no leader at the arrival: 503 at once.
//! - What was passed on carries `Raftwerk-Forwarded` and is tried once, here, so two nodes that
//!   believe in each other cannot send it round in circles: 421 or how that one try ended.
//!
//! Reads that any node serves itself need no leader of their own: see [`reads`](super::reads).

use super::{Ask, Server};
use crate::client::{ClientError, Limits, Response as Reply};
use crate::limits::{FORWARD, GRACE, LIST_BYTES, REQUEST};
use crate::node::answer::{Ordered, Written};
use crate::node::inbox::{Order, Request};
use crate::node::leadership::{self, Leaderships};
use crate::problem::Trouble;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use raftwerk_core::{BadMembers, Members, Outcome, Payload, Refusal};
use raftwerk_kv::Answer;
use raftwerk_wire::client::{HEADER_FORWARDED, HEADER_SEQUENCE, HEADER_SESSION, Problem};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout_at};

/// How a request went.
pub enum Flow<T> {
    /// Here.
    Here(T),
    /// At the leader; this is its answer.
    There(Response<Body>),
}

/// How one try ended.
pub(super) enum Tried<T> {
    /// With an answer, good or bad.
    Answered(Result<T, Trouble>),
    /// This node does not lead; here is who may, and the term of that belief.
    Elsewhere { leader: Option<u64>, term: u64 },
    /// Certainly not taken.
    NotTaken(Trouble),
    /// Perhaps taken.
    Unknown(Trouble),
}

impl<T> Tried<T> {
    fn map<U>(self, change: impl FnOnce(T) -> U) -> Tried<U> {
        match self {
            Tried::Answered(answer) => Tried::Answered(answer.map(change)),
            Tried::Elsewhere { leader, term } => Tried::Elsewhere { leader, term },
            Tried::NotTaken(trouble) => Tried::NotTaken(trouble),
            Tried::Unknown(trouble) => Tried::Unknown(trouble),
        }
    }
}

/// Longest wait for a connection to the leader.
const CONNECT: Duration = Duration::from_secs(1);

/// Headers of an answer that are passed back.
const BACK: [HeaderName; 5] = [
    header::CONTENT_TYPE,
    header::RETRY_AFTER,
    HeaderName::from_static(raftwerk_wire::client::HEADER_REVISION),
    HeaderName::from_static(raftwerk_wire::client::HEADER_NODE),
    HeaderName::from_static(raftwerk_wire::client::HEADER_TERM),
];

/// Kinds of problems with which a node says that it certainly did not take a request.
const NOT_TAKEN: [&str; 7] = [
    "fenced",
    "leader_lost",
    "lost",
    "no_leader",
    "not_leader",
    "stopping",
    "transferring",
];

impl Server {
    /// Puts a command into the log and waits for its answer.
    ///
    /// # Errors
    /// What happened instead, and whether the write may still happen.
    pub(super) async fn write(
        &self,
        ask: &Ask,
        command: Payload,
    ) -> Result<Flow<(Answer, u64)>, Trouble> {
        let until = Instant::now() + REQUEST;
        self.carry(ask, || self.propose(command.clone(), until))
            .await
    }

    /// Asks the leader to do something to the cluster itself.
    ///
    /// # Errors
    /// What happened instead, and whether it may still happen.
    pub(super) async fn order(
        &self,
        ask: &Ask,
        what: Order,
    ) -> Result<Flow<(Outcome, Members, u64)>, Trouble> {
        let until = Instant::now() + REQUEST;
        self.carry(ask, || self.give_order(what.clone(), until))
            .await
    }

    /// The rule; `here` is a try at this node's own core.
    pub(super) async fn carry<T, F: Future<Output = Tried<T>>>(
        &self,
        ask: &Ask,
        here: impl Fn() -> F,
    ) -> Result<Flow<T>, Trouble> {
        let until = Instant::now() + FORWARD;
        let mut news = self.leader.clone();
        // Term of the last leader tried, and what is said if nothing better comes.
        let (mut tried, mut unknown) = (0, None);
        loop {
            let before = news.borrow().term;
            let ended = match here().await {
                Tried::Elsewhere { leader, term } => match self.elsewhere(ask, leader) {
                    Err(trouble) => Tried::NotTaken(trouble),
                    Ok(url) => {
                        tried = tried.max(term);
                        self.pass_on(ask, &url, tried, until).await.map(Flow::There)
                    }
                },
                ended => {
                    tried = tried.max(before);
                    ended.map(Flow::Here)
                }
            };
            let trouble = match ended {
                Tried::Answered(Ok(answer)) => return Ok(answer),
                // A refusal says nothing about an earlier try that may have been taken.
                Tried::Answered(Err(trouble)) => return Err(unknown.unwrap_or(trouble)),
                Tried::Unknown(trouble) if !ask.harmless_twice() => return Err(trouble),
                Tried::Unknown(trouble) => unknown.get_or_insert(trouble).clone(),
                Tried::NotTaken(trouble) => unknown.clone().unwrap_or(trouble),
                Tried::Elsewhere { .. } => Trouble::no_leader(),
            };
            if tried == 0 || ask.forwarded() || Instant::now() >= until {
                return Err(trouble);
            }
            let next = timeout_at(until, leadership::after(&mut news, tried)).await;
            next.map_err(|_| trouble)?;
        }
    }

    /// A try of a write at this node's core.
    async fn propose(&self, command: Payload, until: Instant) -> Tried<(Answer, u64)> {
        let (reply, answer) = oneshot::channel();
        if let Err(trouble) = self.hand_over(Request::Write { command, reply }) {
            return Tried::Answered(Err(trouble));
        }
        match timeout_at(until, answer).await {
            Ok(Ok(Written::Applied { answer, term })) => Tried::Answered(Ok((answer, term))),
            Ok(Ok(Written::Refused(why))) => refused(why),
            // The same bytes would be damaged again: the client has others.
            Ok(Ok(Written::Damaged)) => Tried::Answered(Err(Trouble::later(
                "damaged",
                "the write was damaged in the memory of this machine, nothing was done; try again",
            ))),
            Ok(Ok(Written::NoSpace)) => Tried::Answered(Err(Trouble::later(
                "no_space",
                format!(
                    "the disk of node {}, which leads, is full: it takes no writes, and nothing was \
                     done. Reads are served. Make room on that disk, or let another node lead",
                    self.id
                ),
            ))),
            Ok(Ok(Written::Lost)) => Tried::NotTaken(Trouble::later(
                "lost",
                "the leader changed before the write was safe; it certainly did not happen, try \
                 again",
            )),
            Ok(Ok(Written::Unknown)) => Tried::Unknown(Trouble::outcome_unknown(
                "leadership was lost before it was known to be safe",
            )),
            // The node is ending: nobody here waits for a next leader.
            Ok(Err(_)) => Tried::Answered(Err(Trouble::outcome_unknown("this node stopped"))),
            Err(_) => Tried::Unknown(Trouble::outcome_unknown(
                "it was not safe within the time limit",
            )),
        }
    }

    /// A try of an order at this node's core.
    async fn give_order(&self, what: Order, until: Instant) -> Tried<(Outcome, Members, u64)> {
        let (reply, answer) = oneshot::channel();
        if let Err(trouble) = self.hand_over(Request::Order { what, reply }) {
            return Tried::Answered(Err(trouble));
        }
        match timeout_at(until, answer).await {
            Ok(Ok(Ordered::Ended {
                outcome,
                members,
                term,
            })) => Tried::Answered(Ok((outcome, *members, term))),
            Ok(Ok(Ordered::Refused(why))) => refused(why),
            Ok(Ok(Ordered::Senseless(why))) => Tried::Answered(Err(super::members::senseless(why))),
            Ok(Err(_)) => Tried::Answered(Err(Trouble::change_unknown("this node stopped"))),
            Err(_) => Tried::Unknown(Trouble::change_unknown(
                "it takes longer than a request may",
            )),
        }
    }

    pub(super) fn hand_over(&self, request: Request) -> Result<(), Trouble> {
        self.inbox
            .request(request)
            .map_err(|_| trouble(Refusal::Overloaded))
    }

    /// Where the leader is reached, if the request may go there.
    fn elsewhere(&self, ask: &Ask, leader: Option<u64>) -> Result<String, Trouble> {
        let other = leader.filter(|id| *id != self.id);
        let url = other.and_then(|id| self.url(id));
        if ask.forwarded() {
            return Err(Trouble::not_leader().leader(url));
        }
        url.ok_or_else(Trouble::no_leader)
    }

    /// A try at another node, given up when a leader of a later term than `term` is heard of.
    async fn pass_on(
        &self,
        ask: &Ask,
        url: &str,
        term: u64,
        until: Instant,
    ) -> Tried<Response<Body>> {
        self.metrics.forwarded.fetch_add(1, Relaxed);
        let mut headers = HeaderMap::new();
        let mark = HeaderName::from_static(HEADER_FORWARDED);
        headers.insert(mark, HeaderValue::from(self.id));
        for name in [HEADER_SESSION, HEADER_SEQUENCE] {
            if let Some(value) = ask.headers.get(name) {
                headers.insert(HeaderName::from_static(name), value.clone());
            }
        }
        // Values may be longer than the page limit; room for JSON around both.
        let limits = Limits {
            connect: CONNECT,
            total: until.saturating_duration_since(Instant::now()),
            body: 2 * LIST_BYTES,
        };
        let url = format!("{url}{}", ask.target);
        let (method, body) = (ask.method.clone(), ask.body.clone());
        let answer = self.client.request(method, &url, headers, body, limits);
        tokio::select! {
            answer = answer => judge(ask, answer),
            () = overtaken(self.leader.clone(), term) => {
                Tried::Unknown(silent(ask, "a newer leader was elected meanwhile"))
            }
        }
    }
}

/// Returns when the leader of `term` leads no more and an answer on its way would be here.
async fn overtaken(mut news: Leaderships, term: u64) {
    leadership::after(&mut news, term).await;
    sleep(GRACE).await;
}

/// What the answer of another node, or its absence, means.
fn judge(ask: &Ask, answer: Result<Reply, ClientError>) -> Tried<Response<Body>> {
    let reply = match answer {
        Ok(reply) => reply,
        Err(ClientError::NotSent(why) | ClientError::Invalid(why)) => {
            let why = format!("the leader cannot be reached, nothing was done; try again ({why})");
            return Tried::NotTaken(Trouble::later("no_leader", why));
        }
        Err(ClientError::Unknown(why)) => {
            let why = format!("the leader was asked and did not answer ({why})");
            return Tried::Unknown(silent(ask, &why));
        }
        Err(error @ ClientError::TooLarge { .. }) => {
            let kind = "answer_too_large";
            let trouble = Trouble::new(StatusCode::BAD_GATEWAY, kind, error.to_string());
            return Tried::Answered(Err(trouble));
        }
    };
    if reply.status.is_server_error() || reply.status == StatusCode::MISDIRECTED_REQUEST {
        return refused_there(ask, &reply);
    }
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status;
    for name in BACK {
        if let Some(value) = reply.headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    Tried::Answered(Ok(response))
}

/// What it means that another node did not do it.
fn refused_there<T>(ask: &Ask, reply: &Reply) -> Tried<T> {
    let Ok(told) = serde_json::from_slice::<Problem>(&reply.body) else {
        let why = format!("the leader answered {} and no more", reply.status);
        return Tried::Unknown(silent(ask, &why));
    };
    match reply.status {
        // The leader has changed since this node heard of it.
        StatusCode::MISDIRECTED_REQUEST => Tried::NotTaken(Trouble::no_leader()),
        StatusCode::GATEWAY_TIMEOUT => Tried::Unknown(Trouble::told(told)),
        _ if NOT_TAKEN.contains(&told.kind.as_str()) => Tried::NotTaken(Trouble::told(told)),
        _ => Tried::Answered(Err(Trouble::told(told))),
    }
}

/// What is said when the leader has not answered.
fn silent(ask: &Ask, why: &str) -> Trouble {
    if ask.reads() {
        Trouble::read_timeout()
    } else {
        Trouble::outcome_unknown(why)
    }
}

/// What a refusal of this node's core means.
pub(super) fn refused<T>(why: Refusal) -> Tried<T> {
    match why {
        Refusal::NotLeader { hint, term } => Tried::Elsewhere {
            leader: hint.map(|node| node.0),
            term: term.0,
        },
        Refusal::LeaderLost | Refusal::Transferring => Tried::NotTaken(trouble(why)),
        _ => Tried::Answered(Err(trouble(why))),
    }
}

/// A refusal of the core in the words of the API.
pub(super) fn trouble(why: Refusal) -> Trouble {
    match why {
        Refusal::NotLeader { .. } => Trouble::no_leader(),
        Refusal::Overloaded => Trouble::later(
            "overloaded",
            "more is waiting than this node takes, nothing was done; try again shortly",
        ),
        Refusal::TooLarge => {
            let why = "the command is too large, nothing was done";
            Trouble::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", why)
        }
        Refusal::Transferring => {
            let why = "leadership is being handed over, nothing was done; try again shortly";
            Trouble::later("transferring", why)
        }
        Refusal::LeaderLost => {
            let why = "the leader changed meanwhile, nothing was changed; try again";
            Trouble::later("leader_lost", why)
        }
        Refusal::TimedOut => {
            let why = "no majority of the voters answered in time; try again";
            Trouble::later("no_majority", why)
        }
        Refusal::Fenced => {
            let why = "this node has stopped for good, nothing was done; ask another node";
            Trouble::later("fenced", why)
        }
        Refusal::ChangePending => {
            let why = "another membership change is under way; try again when it is done";
            Trouble::new(StatusCode::CONFLICT, "change_pending", why)
        }
        Refusal::NotVoter => {
            let why = "the node named does not vote, so it cannot lead";
            Trouble::bad("not_voter", why)
        }
        Refusal::NoTarget => {
            let why = "no other voter was heard lately; try again shortly";
            Trouble::later("no_target", why)
        }
        Refusal::Suspect => {
            let why = "the log of the node named has rotted; it cannot lead before it has it again";
            Trouble::later("suspect", why)
        }
        Refusal::NotReady => {
            let why = "the leader is not ready to change members; try again shortly";
            Trouble::later("not_ready", why)
        }
        Refusal::BadMembers(why) => Trouble::bad(
            "bad_members",
            match why {
                BadMembers::NoVoters => "nobody would vote",
                BadMembers::TwoRoles(_) => "a node cannot be voter and learner at once",
                BadMembers::Joint => "only the leader itself makes joint members",
            },
        ),
        Refusal::Disabled => Trouble::bad(
            "not_possible",
            "this kind of read is switched off here: start every node with --lease-reads, or read \
             in another mode, as with read=quorum",
        ),
        Refusal::UnknownMember => Trouble::bad(
            "not_possible",
            "no member is named so, or this node is none itself",
        ),
    }
}

#[cfg(test)]
mod tests;
