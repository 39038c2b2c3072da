//! `/v1/cluster`, `/healthz`, `/metrics`: what a node says about itself to people and probes.

use super::{Answer, Server, json};
use crate::limits::HEALTH;
use crate::node::inbox::Urgent;
use crate::problem::Trouble;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode, header};
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
    for member in status
        .members
        .iter_mut()
        .filter(|member| member.id != server.id)
    {
        (member.connected, member.trouble) = server.peers.state(member.id);
    }
    if let Some(me) = status
        .members
        .iter_mut()
        .find(|member| member.id == server.id)
    {
        me.connected = true;
    }
    Ok(json(StatusCode::OK, &status))
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
