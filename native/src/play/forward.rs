//! The client API on the supervisor's port: each request goes to a node that lives.
//!
//! It goes to the leader as far as heard, else to any node that runs; `?node=N` asks that node
//! and no other. Guarantees: a request that certainly was not sent is tried on the next node; a
//! request whose outcome is unknown is tried again only if that does no harm, which is so for
//! reads and for requests with a session and a sequence number.

use super::board::Board;
use crate::client::{Client, ClientError, Limits, Response as Answer};
use crate::problem::Trouble;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use raftwerk_kv::MAX_VALUE_BYTES;
use raftwerk_wire::client::{HEADER_SEQUENCE, HEADER_SESSION};
use raftwerk_wire::view::NodeCondition;
use std::sync::Arc;
use std::time::Duration;

/// Largest body that is passed on; what exactly is allowed, the node says.
const BODY_BYTES: usize = MAX_VALUE_BYTES + (64 << 10);
/// Nodes that are tried for one request.
const TRIES: usize = 3;
/// Limits of one try: a little more than a node takes to say that it took too long.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(1),
    total: Duration::from_secs(6),
    body: 16 << 20,
};

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

impl Forwarder {
    async fn forward(&self, request: Request) -> Result<Answer, Trouble> {
        let (parts, body) = request.into_parts();
        let (pinned, query) = take_node(parts.uri.query().unwrap_or(""))?;
        let path = format!("{}{query}", parts.uri.path());
        let nodes = match pinned {
            Some(node) => vec![self.pinned(node)?],
            None => self.order(),
        };
        let body = to_bytes(Body::new(body), BODY_BYTES).await.map_err(|_| {
            let detail = format!("a body has at most {BODY_BYTES} bytes here, and ends");
            Trouble::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
        })?;
        let headers = passed(&parts.headers);
        let twice = may_be_sent_twice(&parts.method, &headers);
        self.try_each(&nodes, &parts.method, &path, &headers, &body, twice)
            .await
    }

    async fn try_each(
        &self,
        nodes: &[u64],
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: &Bytes,
        twice: bool,
    ) -> Result<Answer, Trouble> {
        let mut lost = None;
        for &node in nodes.iter().take(TRIES) {
            let Some((_, url)) = self.board.fleet().condition(node) else {
                continue;
            };
            let url = format!("{url}{path}");
            let sent =
                self.client
                    .request(method.clone(), &url, headers.clone(), body.clone(), LIMITS);
            match sent.await {
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
        match lost {
            Some(_) if matches!(*method, Method::GET | Method::HEAD) => {
                Err(Trouble::read_timeout())
            }
            Some(why) => Err(Trouble::outcome_unknown(&why)),
            None if nodes.is_empty() => Err(Trouble::later(
                "no_node",
                "no node runs, nothing was done; restart one in the page",
            )),
            None => Err(Trouble::later(
                "unreachable",
                "no node could be reached, nothing was done; try again shortly",
            )),
        }
    }

    /// Running nodes, the leader first.
    fn order(&self) -> Vec<u64> {
        let processes = self.board.fleet().processes();
        let up = processes
            .iter()
            .filter(|process| process.condition == NodeCondition::Up);
        let mut up: Vec<u64> = up.map(|process| process.node).collect();
        let leader = self.board.leader();
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
fn take_node(query: &str) -> Result<(Option<u64>, String), Trouble> {
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
