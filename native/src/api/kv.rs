//! `/v1/kv`: keys and values over HTTP. Keys are percent-decoded paths, values raw bodies.

use super::forward::Flow;
use super::query::{self, Query};
use super::{Answer, Ask, Server, json, stamped};
use crate::limits::{JSON_BODY_BYTES, LIST_BYTES, LIST_DEFAULT, LIST_MAX};
use crate::node::answer::Result as Found;
use crate::node::inbox;
use crate::node::looper::read_path;
use crate::problem::Trouble;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use raftwerk_core::ReadPath;
use raftwerk_kv::Payload;
use raftwerk_kv::{
    Answer as Stored, Command, CommandError, Expect, KeyValue, MAX_VALUE_BYTES, SessionTag,
};
use raftwerk_wire::client::{
    HEADER_AGE, HEADER_SEQUENCE, HEADER_SESSION, Item, ListPage, ReadMode, Written,
};
use std::sync::Arc;

/// `GET /v1/kv/{key}`.
pub async fn get(State(server): State<Arc<Server>>, request: Request<Body>) -> Answer {
    let ask = Ask::read(request, JSON_BODY_BYTES).await?;
    let query = Query::parse(ask.query(), &["read"])?;
    let path = path_of(&query)?;
    let key = checked_key(&ask)?;
    let what = inbox::Query::Get(key);
    let found = match server.read(&ask, path, what).await? {
        Flow::Here(found) => found,
        Flow::There(response) => return Ok(response),
    };
    let age = found.age_ms.filter(|_| path.is_none());
    let Found::Item(Some(item)) = found.result else {
        let trouble = Trouble::new(StatusCode::NOT_FOUND, "not_found", "there is no such key");
        return Ok(aged(
            stamp(&server, trouble.at_revision(found.revision), found.term),
            age,
        ));
    };
    let mut response = Response::new(Body::from(Bytes::copy_from_slice(&item.value)));
    let form = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, form);
    Ok(aged(
        stamped(response, server.id, found.term, item.mod_revision),
        age,
    ))
}

/// `/v1/kv/`: a key is missing.
pub async fn no_key() -> Trouble {
    let list = "to list keys, ask for /v1/kv without the last slash";
    Trouble::bad("bad_key", format!("{}; {list}", CommandError::EmptyKey))
}

/// `GET /v1/kv?prefix=&after=&limit=`.
pub async fn list(State(server): State<Arc<Server>>, request: Request<Body>) -> Answer {
    let ask = Ask::read(request, JSON_BODY_BYTES).await?;
    let query = Query::parse(ask.query(), &["read", "prefix", "after", "limit"])?;
    let path = path_of(&query)?;
    let limit = match query.number("limit")? {
        None => LIST_DEFAULT,
        Some(0) => return Err(Trouble::bad("bad_parameter", "limit must be at least 1")),
        Some(limit) => usize::try_from(limit).unwrap_or(LIST_MAX).min(LIST_MAX),
    };
    let prefix: Payload = query.bytes("prefix").unwrap_or_default().into();
    let after = query.bytes("after").map(Payload::from);
    let what = inbox::Query::List {
        prefix,
        after,
        limit,
    };
    let found = match server.read(&ask, path, what).await? {
        Flow::Here(found) => found,
        Flow::There(response) => return Ok(response),
    };
    let Found::Page(page) = found.result else {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        return Err(Trouble::new(
            status,
            "internal",
            "the store answered something else",
        ));
    };
    let (mut bytes, mut items) = (0, Vec::new());
    let total = page.items.len();
    for kv in page.items {
        bytes += kv.key.len() + kv.value.len();
        if bytes > LIST_BYTES && !items.is_empty() {
            break;
        }
        items.push(item(&kv));
    }
    let more = page.more || items.len() < total;
    let list = ListPage {
        items,
        more,
        revision: page.revision,
    };
    let response = stamped(
        json(StatusCode::OK, &list),
        server.id,
        found.term,
        page.revision,
    );
    Ok(aged(response, found.age_ms.filter(|_| path.is_none())))
}

/// `PUT /v1/kv/{key}`.
pub async fn put(State(server): State<Arc<Server>>, request: Request<Body>) -> Answer {
    let ask = Ask::read(request, MAX_VALUE_BYTES).await?;
    let (key, query) = (checked_key(&ask)?, write_query(&ask)?);
    let value: Payload = Payload::from(&ask.body[..]);
    let command = match query.expect {
        None => Command::Put { key, value },
        Some(expect) => Command::CompareAndSet {
            key,
            expect,
            value: Some(value),
        },
    };
    change(&server, &ask, command, query.prev).await
}

/// `DELETE /v1/kv/{key}`.
pub async fn delete(State(server): State<Arc<Server>>, request: Request<Body>) -> Answer {
    let ask = Ask::read(request, JSON_BODY_BYTES).await?;
    let (key, query) = (checked_key(&ask)?, write_query(&ask)?);
    let command = match query.expect {
        None => Command::Delete { key },
        Some(expect) => Command::CompareAndSet {
            key,
            expect,
            value: None,
        },
    };
    change(&server, &ask, command, query.prev).await
}

async fn change(server: &Server, ask: &Ask, command: Command, prev: bool) -> Answer {
    command.validate().map_err(|error| limit(&error))?;
    // What a comparison that succeeded has removed.
    let removed = match &command {
        Command::CompareAndSet {
            expect,
            value: None,
            ..
        } => Some(!matches!(expect, Expect::Revision(0) | Expect::Absent)),
        _ => None,
    };
    let session = session(&ask.headers)?;
    let request = raftwerk_kv::Request { session, command };
    let (answer, term) = match server.write(ask, request.encode().into()).await? {
        Flow::Here(answered) => answered,
        Flow::There(response) => return Ok(response),
    };
    let (revision, previous, deleted) = match answer {
        Stored::Put { revision, previous } => (revision, previous, None),
        Stored::Deleted { revision, previous } => {
            let deleted = Some(previous.is_some());
            (revision, previous, deleted)
        }
        Stored::Compared {
            succeeded: true,
            revision,
            ..
        } => (revision, None, removed),
        Stored::Compared {
            succeeded: false,
            revision,
            current,
        } => {
            let trouble = not_as_expected(current.as_ref()).at_revision(revision);
            return Ok(stamp(server, trouble, term));
        }
        other => return Err(of_session(&other)),
    };
    let previous = previous.filter(|_| prev).as_ref().map(item);
    let written = Written {
        revision,
        previous,
        deleted,
    };
    Ok(stamped(
        json(StatusCode::OK, &written),
        server.id,
        term,
        revision,
    ))
}

fn not_as_expected(current: Option<&KeyValue>) -> Trouble {
    let (detail, revision) = match current {
        None => ("the key does not exist; nothing was changed".to_string(), 0),
        Some(kv) => {
            let revision = kv.mod_revision;
            (
                format!("the key has revision {revision}; nothing was changed"),
                revision,
            )
        }
    };
    Trouble::precondition(detail, revision)
}

/// The error for an answer that only sessions give.
pub(super) fn of_session(answer: &Stored) -> Trouble {
    match answer {
        Stored::UnknownSession => Trouble::new(
            StatusCode::CONFLICT,
            "unknown_session",
            "there is no such session: it was never opened, was closed, or was pushed out by \
             newer ones. Nothing was done now; whether an earlier try was carried out is not \
             known. Open a new one with POST /v1/sessions",
        ),
        Stored::StaleSequence { last } => Trouble::new(
            StatusCode::CONFLICT,
            "stale_sequence",
            format!("the session is at sequence {last} already; nothing was done now"),
        ),
        _ => Trouble::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the store answered something that does not fit the request",
        ),
    }
}

/// The session of a request: both headers or none.
///
/// # Errors
/// Only one is there, or one is no number from 1.
pub fn session(headers: &HeaderMap) -> Result<Option<SessionTag>, Trouble> {
    let number = |name: &str| -> Result<Option<u64>, Trouble> {
        let Some(value) = headers.get(name) else {
            return Ok(None);
        };
        let number = value
            .to_str()
            .ok()
            .and_then(|text| text.parse().ok())
            .filter(|n| *n > 0);
        number.map(Some).ok_or_else(|| {
            Trouble::bad(
                "bad_session",
                format!("the header {name} must be a number from 1"),
            )
        })
    };
    match (number(HEADER_SESSION)?, number(HEADER_SEQUENCE)?) {
        (None, None) => Ok(None),
        (Some(session), Some(sequence)) => Ok(Some(SessionTag { session, sequence })),
        _ => Err(Trouble::bad(
            "bad_session",
            format!("{HEADER_SESSION} and {HEADER_SEQUENCE} go together: set both or none"),
        )),
    }
}

struct WriteQuery {
    expect: Option<Expect>,
    prev: bool,
}

fn write_query(ask: &Ask) -> Result<WriteQuery, Trouble> {
    let query = Query::parse(ask.query(), &["prev", "if_revision", "if_value", "lease"])?;
    let bad = |why| Err(Trouble::bad("bad_parameter", why));
    if query.bytes("lease").is_some() {
        return bad("leases of keys are not built yet");
    }
    let prev = query.flag("prev")?;
    let expect = match (query.number("if_revision")?, query.bytes("if_value")) {
        (Some(_), Some(_)) => return bad("if_revision and if_value exclude each other"),
        (Some(revision), None) => Some(Expect::Revision(revision)),
        (None, Some(value)) => Some(Expect::Value(value.into())),
        (None, None) => None,
    };
    if prev && expect.is_some() {
        return bad("prev has no use together with if_revision or if_value");
    }
    Ok(WriteQuery { expect, prev })
}

fn path_of(query: &Query) -> Result<Option<ReadPath>, Trouble> {
    match query.text("read")? {
        None => Ok(Some(ReadPath::Leader)),
        Some(name) => match ReadMode::parse(name) {
            Some(mode) => Ok(read_path(mode)),
            None => {
                let why = format!("read must be {}, not {name:?}", ReadMode::NAMES);
                Err(Trouble::bad("bad_parameter", why))
            }
        },
    }
}

fn checked_key(ask: &Ask) -> Result<Payload, Trouble> {
    let key = query::key(ask.path())?;
    // Deleting has no other limits than those of the key.
    Command::delete(&key)
        .validate()
        .map_err(|error| limit(&error))?;
    Ok(key.into())
}

fn limit(error: &CommandError) -> Trouble {
    match error {
        CommandError::EmptyKey => Trouble::bad("bad_key", error.to_string()),
        CommandError::KeyTooLong { .. } => Trouble::bad("bad_key", error.to_string()),
        CommandError::ValueTooLong { .. } => Trouble::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            error.to_string(),
        ),
    }
}

/// A key for JSON: as text, lossily where it is none, and then flagged.
fn item(kv: &KeyValue) -> Item {
    let (key, value) = (
        String::from_utf8_lossy(&kv.key),
        String::from_utf8_lossy(&kv.value),
    );
    let lossy = std::str::from_utf8(&kv.key).is_err() || std::str::from_utf8(&kv.value).is_err();
    Item {
        key: key.into_owned(),
        value: value.into_owned(),
        lossy,
        create_revision: kv.create_revision,
        mod_revision: kv.mod_revision,
        version: kv.version,
    }
}

/// An error that still tells where and when.
fn stamp(server: &Server, trouble: Trouble, term: u64) -> Response<Body> {
    use axum::response::IntoResponse;
    let mut response = trouble.into_response();
    for (name, value) in [
        (raftwerk_wire::client::HEADER_NODE, server.id),
        (raftwerk_wire::client::HEADER_TERM, term),
    ] {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
    response
}

/// Adds the age of a stale read. A node that has just started may have none to tell.
fn aged(mut response: Response<Body>, age: Option<u64>) -> Response<Body> {
    if let Some(age) = age {
        let name = HeaderName::from_static(HEADER_AGE);
        response.headers_mut().insert(name, HeaderValue::from(age));
    }
    response
}
