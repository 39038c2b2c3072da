//! To the core and back; what needs the leader is passed on to it, once (traps C3, C6).
//!
//! A request that was passed on carries `Raftwerk-Forwarded` and is never passed on again, so two
//! nodes that each believe in the other cannot send it round in circles. A request is passed on
//! only after the core refused it, so it is executed at most once per arrival.

use super::{Ask, Server};
use crate::client::{ClientError, Limits};
use crate::limits::{FORWARD, LIST_BYTES, REQUEST};
use crate::node::answer::{Found, Read, Written};
use crate::node::inbox::{Query, Request};
use crate::problem::Trouble;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use raftwerk_core::{BadMembers, NodeId, Payload, ReadPath, Refusal};
use raftwerk_kv::Answer;
use raftwerk_wire::client::{HEADER_FORWARDED, HEADER_SEQUENCE, HEADER_SESSION};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How a request went.
pub enum Flow<T> {
    /// Here.
    Here(T),
    /// At the leader; this is its answer.
    There(Response<Body>),
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
        let (reply, answer) = oneshot::channel();
        self.hand_over(Request::Write { command, reply })?;
        match timeout(REQUEST, answer).await {
            Ok(Ok(Written::Applied { answer, term })) => Ok(Flow::Here((answer, term))),
            Ok(Ok(Written::Refused(why))) => self.refused(ask, why).await.map(Flow::There),
            Ok(Ok(Written::Lost)) => Err(Trouble::later(
                "lost",
                "the leader changed before the write was safe; it certainly did not happen, try \
                 again",
            )),
            Ok(Ok(Written::Unknown)) => Err(Trouble::outcome_unknown(
                "leadership was lost before it was known to be safe",
            )),
            Ok(Err(_)) => Err(Trouble::outcome_unknown("this node stopped")),
            Err(_) => Err(Trouble::outcome_unknown(
                "it was not safe within the time limit",
            )),
        }
    }

    /// Reads; `path` tells how it is proven fresh.
    ///
    /// # Errors
    /// What happened instead.
    pub(super) async fn read(
        &self,
        ask: &Ask,
        path: Option<ReadPath>,
        what: Query,
    ) -> Result<Flow<Found>, Trouble> {
        let (reply, answer) = oneshot::channel();
        self.hand_over(Request::Read { path, what, reply })?;
        match timeout(REQUEST, answer).await {
            Ok(Ok(Read::Found(found))) => Ok(Flow::Here(found)),
            Ok(Ok(Read::Refused(why @ Refusal::NotLeader { .. })))
                if path == Some(ReadPath::Leader) =>
            {
                self.refused(ask, why).await.map(Flow::There)
            }
            Ok(Ok(Read::Refused(Refusal::NotLeader { .. }))) => Err(Trouble::no_leader()),
            Ok(Ok(Read::Refused(why))) => Err(trouble(why)),
            Ok(Err(_)) => Err(Trouble::later("stopping", "this node stopped; ask another")),
            Err(_) => Err(Trouble::read_timeout()),
        }
    }

    fn hand_over(&self, request: Request) -> Result<(), Trouble> {
        self.inbox
            .request(request)
            .map_err(|_| trouble(Refusal::Overloaded))
    }

    /// What to do with a refusal: only "not leader" leads anywhere.
    async fn refused(&self, ask: &Ask, why: Refusal) -> Result<Response<Body>, Trouble> {
        let Refusal::NotLeader { hint, .. } = why else {
            return Err(trouble(why));
        };
        let leader = hint.and_then(|NodeId(id)| self.url(id));
        if ask.forwarded() {
            return Err(Trouble::not_leader().leader(leader));
        }
        match leader {
            Some(url) if hint != Some(NodeId(self.id)) => self.forward(ask, &url).await,
            _ => Err(Trouble::no_leader()),
        }
    }

    async fn forward(&self, ask: &Ask, leader: &str) -> Result<Response<Body>, Trouble> {
        self.metrics.forwarded.fetch_add(1, Relaxed);
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static(HEADER_FORWARDED),
            HeaderValue::from(self.id),
        );
        for name in [HEADER_SESSION, HEADER_SEQUENCE] {
            if let Some(value) = ask.headers.get(name) {
                headers.insert(HeaderName::from_static(name), value.clone());
            }
        }
        // Values may be longer than the page limit; room for JSON around both.
        let limits = Limits {
            connect: CONNECT,
            total: FORWARD,
            body: 2 * LIST_BYTES,
        };
        let url = format!("{leader}{}", ask.target);
        let (method, body) = (ask.method.clone(), ask.body.clone());
        let reads = matches!(method, Method::GET | Method::HEAD);
        match self
            .client
            .request(method, &url, headers, body, limits)
            .await
        {
            // Nothing was done there: the leader has changed since this node heard of it.
            Ok(answer) if answer.status == StatusCode::MISDIRECTED_REQUEST => {
                Err(Trouble::no_leader())
            }
            Ok(answer) => {
                let mut response = Response::new(Body::from(answer.body));
                *response.status_mut() = answer.status;
                for name in BACK {
                    if let Some(value) = answer.headers.get(&name) {
                        response.headers_mut().insert(name, value.clone());
                    }
                }
                Ok(response)
            }
            Err(ClientError::NotSent(why) | ClientError::Invalid(why)) => Err(Trouble::later(
                "no_leader",
                format!("the leader cannot be reached, nothing was done; try again ({why})"),
            )),
            Err(_) if reads => Err(Trouble::read_timeout()),
            Err(error) => {
                let why = format!("the leader was asked and did not answer ({error})");
                Err(Trouble::outcome_unknown(&why))
            }
        }
    }
}

/// A refusal of the core in the words of the API.
fn trouble(why: Refusal) -> Trouble {
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
        Refusal::UnknownMember | Refusal::Disabled => Trouble::bad(
            "not_possible",
            "this is switched off or names an unknown member",
        ),
    }
}
