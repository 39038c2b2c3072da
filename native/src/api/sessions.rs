//! `/v1/sessions`: open and close sessions for exactly-once writes (thesis 6.3).

use super::forward::Flow;
use super::kv::of_session;
use super::{Answer, Ask, Server, json, stamped};
use crate::limits::JSON_BODY_BYTES;
use crate::problem::Trouble;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, Response, StatusCode};
use raftwerk_kv::{Answer as Stored, Command};
use raftwerk_wire::client::SessionOpened;
use std::sync::Arc;

/// `POST /v1/sessions`.
pub async fn open(State(server): State<Arc<Server>>, request: Request<Body>) -> Answer {
    let ask = Ask::read(request, JSON_BODY_BYTES).await?;
    let command = raftwerk_kv::Request::from(Command::OpenSession).encode();
    match server.write(&ask, command.into()).await? {
        Flow::There(response) => Ok(response),
        Flow::Here((Stored::SessionOpened { session }, term)) => {
            let response = json(StatusCode::CREATED, &SessionOpened { session });
            Ok(stamped(response, server.id, term, session))
        }
        Flow::Here((other, _)) => Err(of_session(&other)),
    }
}

/// `DELETE /v1/sessions/{id}`.
pub async fn close(State(server): State<Arc<Server>>, request: Request<Body>) -> Answer {
    let ask = Ask::read(request, JSON_BODY_BYTES).await?;
    let id = ask.path().rsplit('/').next().and_then(|id| id.parse().ok());
    let Some(session) = id else {
        return Err(Trouble::bad("bad_session", "a session id is a number"));
    };
    let command = raftwerk_kv::Request::from(Command::CloseSession { session }).encode();
    match server.write(&ask, command.into()).await? {
        Flow::There(response) => Ok(response),
        Flow::Here((Stored::SessionClosed, _)) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            Ok(response)
        }
        Flow::Here((Stored::UnknownSession, _)) => {
            let why = "there is no such session; it may have been closed before";
            Err(Trouble::new(StatusCode::NOT_FOUND, "unknown_session", why))
        }
        Flow::Here((other, _)) => Err(of_session(&other)),
    }
}
