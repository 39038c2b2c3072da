//! The client API on the supervisor's port: each request goes to a node that lives.
//!
//! It goes to the leader as far as heard, else to any node that runs; `?node=N` asks that node
//! and no other. The rule is the one of `api::forward`: what certainly was not sent is tried on
//! the next node; what may have been taken is tried again only if that does no harm, and is told
//! as unknown at once otherwise. A node that was frozen or has ended, or that led and leads no
//! more, is not waited for.

use super::board::Board;
use crate::client::{Client, ClientError, Limits, Response as Answer};
use crate::intake;
use crate::limits::GRACE;
use crate::node::leadership;
use crate::problem::Trouble;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use raftwerk_kv::MAX_VALUE_BYTES;
use raftwerk_wire::client::{HEADER_SEQUENCE, HEADER_SESSION};
use raftwerk_wire::view::NodeCondition;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Largest body that is passed on; what exactly is allowed, the node says.
const BODY_BYTES: usize = MAX_VALUE_BYTES + (64 << 10);
/// Nodes that are tried for one request.
const TRIES: usize = 3;
/// All tries together: a little more than a node takes to say that it took too long.
const TOTAL: Duration = Duration::from_secs(6);
/// Longest wait for a connection to a node.
const CONNECT: Duration = Duration::from_secs(1);
/// Largest answer that is passed back.
const ANSWER_BYTES: usize = 16 << 20;

/// Headers that belong to one connection, or to the name of this server.
const NOT_PASSED: [HeaderName; 10] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::HOST,
    header::ORIGIN,
    header::REFERER,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::EXPECT,
];

/// What the handler needs.
#[derive(Clone)]
pub struct Forwarder {
    /// Who leads, who runs.
    pub board: Arc<Board>,
    /// Connections to nodes.
    pub client: Client,
}

/// Passes a request of the client API to a node, and its answer back.
pub async fn forward(State(to): State<Forwarder>, request: Request) -> Response {
    match to.forward(request).await {
        Ok(answer) => pass_back(answer),
        Err(trouble) => trouble.into_response(),
    }
}

/// One request on its way through here.
struct Passing {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    until: Instant,
}

impl Forwarder {
    async fn forward(&self, request: Request) -> Result<Answer, Trouble> {
        let (parts, body) = request.into_parts();
        let (pinned, query) = take_node(parts.uri.query().unwrap_or(""))?;
        let body = intake::whole(body, BODY_BYTES).await?;
        let passing = Passing {
            method: parts.method,
            path: format!("{}{query}", parts.uri.path()),
            headers: passed(&parts.headers),
            body,
            until: Instant::now() + TOTAL,
        };
        self.try_each(pinned, &passing).await
    }

    async fn try_each(&self, pinned: Option<u64>, passing: &Passing) -> Result<Answer, Trouble> {
        let reads = matches!(passing.method, Method::GET | Method::HEAD);
        let twice = may_be_sent_twice(&passing.method, &passing.headers);
        let (mut asked, mut lost) = (Vec::new(), None);
        while asked.len() < TRIES && Instant::now() < passing.until {
            let node = match pinned {
                Some(node) if asked.is_empty() => Some(self.pinned(node)?),
                Some(_) => None,
                None => self.order().into_iter().find(|node| !asked.contains(node)),
            };
            let Some(node) = node else { break };
            asked.push(node);
            match self.ask(node, passing).await {
                // A refusal says nothing about an earlier try that may have been taken.
                Ok(answer) if lost.is_some() && answer.status.is_server_error() => {}
                Ok(answer) => return Ok(answer),
                Err(ClientError::NotSent(_)) => {}
                Err(ClientError::Unknown(why)) if twice => lost = Some(why),
                Err(ClientError::Unknown(why)) => return Err(Trouble::outcome_unknown(&why)),
                Err(ClientError::Invalid(why)) => return Err(Trouble::bad("bad_request", why)),
                Err(why @ ClientError::TooLarge { .. }) => {
                    let kind = "answer_too_large";
                    return Err(Trouble::new(StatusCode::BAD_GATEWAY, kind, why.to_string()));
                }
            }
        }
        Err(match lost {
            Some(_) if reads => Trouble::read_timeout(),
            Some(why) => Trouble::outcome_unknown(&why),
            None if asked.is_empty() => Trouble::later(
                "no_node",
                "no node runs, nothing was done; restart one in the page",
            ),
            None => Trouble::later(
                "unreachable",
                "no node could be reached, nothing was done; try again shortly",
            ),
        })
    }

    /// One try at one node.
    async fn ask(&self, node: u64, passing: &Passing) -> Result<Answer, ClientError> {
        let Some((_, url)) = self.board.fleet().condition(node) else {
            return Err(ClientError::NotSent(format!("there is no node {node}")));
        };
        let url = format!("{url}{}", passing.path);
        let limits = Limits {
            connect: CONNECT,
            total: passing.until.saturating_duration_since(Instant::now()),
            body: ANSWER_BYTES,
        };
        let (method, headers) = (passing.method.clone(), passing.headers.clone());
        let sent = self
            .client
            .request(method, &url, headers, passing.body.clone(), limits);
        tokio::select! {
            answer = sent => answer,
            why = self.hopeless(node) => Err(ClientError::Unknown(why)),
        }
    }

    /// Returns when no answer of a node is to be expected any more, with the reason.
    async fn hopeless(&self, node: u64) -> String {
        let why = tokio::select! {
            () = self.stands_still(node) => format!("node {node} was frozen or ended meanwhile"),
            () = self.overtaken(node) => {
                format!("node {node} was asked, and another leads in a later term now")
            }
        };
        sleep(GRACE).await;
        why
    }

    async fn stands_still(&self, node: u64) {
        let fleet = self.board.fleet();
        let mut changes = fleet.changes();
        let up = || matches!(fleet.condition(node), Some((NodeCondition::Up, _)));
        while up() {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// A node that does not lead watches the leader itself, and answers in any case.
    async fn overtaken(&self, node: u64) {
        let mut news = self.board.leaderships();
        let known = *news.borrow();
        if known.leader != Some(node) {
            return std::future::pending().await;
        }
        leadership::after(&mut news, known.term).await;
    }

    /// Running nodes, the leader first.
    fn order(&self) -> Vec<u64> {
        let processes = self.board.fleet().processes();
        let up = processes
            .iter()
            .filter(|process| process.condition == NodeCondition::Up);
        let mut up: Vec<u64> = up.map(|process| process.node).collect();
        let leader = self.board.leadership().leader;
        up.sort_by_key(|&node| Some(node) != leader);
        up
    }

    fn pinned(&self, node: u64) -> Result<u64, Trouble> {
        let is = match self.board.fleet().condition(node) {
            None => {
                let detail = format!("there is no node {node}");
                return Err(Trouble::new(StatusCode::NOT_FOUND, "no_such_node", detail));
            }
            Some((NodeCondition::Up, _)) => return Ok(node),
            Some((NodeCondition::Frozen, _)) => "frozen",
            Some(_) => "down",
        };
        let detail = format!("node {node} is {is}, nothing was done; ask another node");
        Err(Trouble::later("node_down", detail))
    }
}

/// Takes `node=N` out of a query; the rest begins with `?` unless it is empty.
///
/// # Errors
/// No node is named by what stands there.
pub fn take_node(query: &str) -> Result<(Option<u64>, String), Trouble> {
    let (mut pinned, mut rest) = (None, String::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if let Some(node) = pair.strip_prefix("node=") {
            let node = node.parse().map_err(|_| {
                Trouble::bad(
                    "bad_node",
                    format!("node={node}: a node is named by its number"),
                )
            })?;
            pinned = Some(node);
        } else {
            rest.push(if rest.is_empty() { '?' } else { '&' });
            rest.push_str(pair);
        }
    }
    Ok((pinned, rest))
}

fn passed(headers: &HeaderMap) -> HeaderMap {
    let mut passed = headers.clone();
    for name in NOT_PASSED {
        passed.remove(name);
    }
    passed
}

fn may_be_sent_twice(method: &Method, headers: &HeaderMap) -> bool {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    reads || (headers.contains_key(HEADER_SESSION) && headers.contains_key(HEADER_SEQUENCE))
}

fn pass_back(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = passed(&answer.headers);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_node_is_taken_out_of_the_query() {
        for (query, node, rest) in [
            ("", None, ""),
            ("node=3", Some(3), ""),
            ("read=stale&node=2", Some(2), "?read=stale"),
            ("a=1&node=2&b=%26", Some(2), "?a=1&b=%26"),
            ("nodes=2", None, "?nodes=2"),
        ] {
            let (pinned, left) = take_node(query).unwrap();
            assert_eq!((pinned, left.as_str()), (node, rest), "{query}");
        }
        assert!(take_node("node=x").is_err());
    }

    #[test]
    fn only_what_does_no_harm_is_sent_twice() {
        let mut headers = HeaderMap::new();
        assert!(may_be_sent_twice(&Method::GET, &headers));
        assert!(!may_be_sent_twice(&Method::PUT, &headers));
        headers.insert(HEADER_SESSION, 7.into());
        assert!(!may_be_sent_twice(&Method::PUT, &headers));
        headers.insert(HEADER_SEQUENCE, 1.into());
        assert!(may_be_sent_twice(&Method::PUT, &headers));
    }
}
