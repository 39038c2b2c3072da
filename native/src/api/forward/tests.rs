//! What the end of a try means, row by row of the rule.

use super::*;
use axum::body::Bytes;
use axum::http::Method;

fn ask(method: Method, marks: &[&'static str]) -> Ask {
    let marks = marks
        .iter()
        .map(|name| (HeaderName::from_static(name), HeaderValue::from(1)));
    Ask {
        method,
        target: "/v1/kv/x".to_string(),
        headers: marks.collect(),
        body: Bytes::new(),
    }
}

fn answered(status: u16, kind: &str) -> Result<Reply, ClientError> {
    let problem = Problem {
        status,
        kind: kind.to_string(),
        ..Problem::default()
    };
    Ok(Reply {
        status: StatusCode::from_u16(status).expect("a status"),
        headers: HeaderMap::new(),
        body: serde_json::to_vec(&problem).expect("JSON").into(),
    })
}

fn meaning(ask: &Ask, answer: Result<Reply, ClientError>) -> &'static str {
    match judge(ask, answer) {
        Tried::Answered(Ok(_)) => "answer",
        Tried::Answered(Err(_)) => "refusal",
        Tried::NotTaken(_) => "not taken",
        Tried::Unknown(_) => "unknown",
        Tried::Elsewhere { .. } => "elsewhere",
    }
}

#[test]
fn an_end_is_read_as_what_it_proves() {
    let put = ask(Method::PUT, &[]);
    for (status, kind, means) in [
        (200, "", "answer"),
        (404, "not_found", "answer"),
        (412, "precondition_failed", "answer"),
        (421, "not_leader", "not taken"),
        (503, "no_leader", "not taken"),
        (503, "lost", "not taken"),
        (503, "overloaded", "refusal"),
        (503, "something newer", "refusal"),
        (504, "outcome_unknown", "unknown"),
    ] {
        assert_eq!(
            meaning(&put, answered(status, kind)),
            means,
            "{status} {kind}"
        );
    }
    let html = Ok(Reply {
        status: StatusCode::BAD_GATEWAY,
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"<html>"),
    });
    assert_eq!(meaning(&put, html), "unknown", "nobody knows who said that");
    let why = || "why".to_string();
    assert_eq!(meaning(&put, Err(ClientError::NotSent(why()))), "not taken");
    assert_eq!(meaning(&put, Err(ClientError::Unknown(why()))), "unknown");
    let read = judge(&ask(Method::GET, &[]), Err(ClientError::Unknown(why())));
    assert!(matches!(read, Tried::Unknown(trouble) if trouble.kind() == "timeout"));
}

#[test]
fn only_reads_and_whole_sessions_do_no_harm_twice() {
    for (method, marks, harmless) in [
        (Method::GET, [].as_slice(), true),
        (Method::PUT, &[], false),
        (Method::PUT, &[HEADER_SESSION], false),
        (Method::DELETE, &[HEADER_SESSION, HEADER_SEQUENCE], true),
    ] {
        assert_eq!(ask(method, marks).harmless_twice(), harmless, "{marks:?}");
    }
}
