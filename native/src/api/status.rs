//! `/v1/cluster`, `/healthz`, `/metrics`: what a node says about itself to people and probes.

use super::{Answer, Server, json};
use crate::limits::HEALTH;
use crate::node::inbox::Urgent;
use crate::problem::Trouble;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode, header};
use raftwerk_wire::client::MemberStatus;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// `GET /v1/cluster`.
pub async fn cluster(State(server): State<Arc<Server>>) -> Answer {
    let (reply, answer) = oneshot::channel();
    server.inbox.urgent(Urgent::Status(reply));
    let mut status = match timeout(HEALTH, answer).await {
        Ok(Ok(status)) => *status,
        _ => return Err(silent()),
    };
    server.fill_in(&mut status.members);
    Ok(json(StatusCode::OK, &status))
}

impl Server {
    /// Where members are reached, and whether they are.
    pub(super) fn fill_in(&self, members: &mut [MemberStatus]) {
        for member in members {
            member.url = self.url(member.id).unwrap_or_default();
            (member.connected, member.trouble) = match member.id == self.id {
                true => (true, None),
                false => self.peers.state(member.id),
            };
        }
    }
}

/// `GET /healthz`: 200 when the loop answers and the node has not stopped for good.
pub async fn healthz(State(server): State<Arc<Server>>) -> Answer {
    let (reply, answer) = oneshot::channel();
    server.inbox.urgent(Urgent::Ping(reply));
    match timeout(HEALTH, answer).await {
        Ok(Ok(())) => Ok(text("ok\n".to_string())),
        _ => Err(silent()),
    }
}

/// `GET /metrics`.
pub async fn metrics(State(server): State<Arc<Server>>) -> Response<Body> {
    text(server.metrics.render(server.id))
}

fn silent() -> Trouble {
    let why = "the node does not answer: it is overloaded, its disk hangs, or it has stopped";
    Trouble::later("unhealthy", why)
}

fn text(text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    let form = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, form);
    response
}
