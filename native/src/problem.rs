//! Errors over HTTP: one form (`application/problem+json`), one place for their words.
//!
//! Each says what is wrong and what to do. Whether a write may have happened is always said:
//! only `outcome_unknown` leaves that open (trap C3).

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use raftwerk_wire::client::Problem;

/// An error with its HTTP headers.
#[derive(Clone, Debug)]
pub struct Trouble {
    problem: Problem,
    retry_after: bool,
    revision: Option<u64>,
}

impl Trouble {
    /// An error of this status and kind.
    pub fn new(status: StatusCode, kind: &str, detail: impl Into<String>) -> Trouble {
        let (status, kind, detail) = (status.as_u16(), kind.to_string(), detail.into());
        let problem = Problem {
            status,
            kind,
            detail,
            leader: None,
            revision: None,
        };
        Trouble {
            problem,
            retry_after: false,
            revision: None,
        }
    }

    /// 400.
    pub fn bad(kind: &str, detail: impl Into<String>) -> Trouble {
        Trouble::new(StatusCode::BAD_REQUEST, kind, detail)
    }

    /// 400: a body that names no fault.
    pub fn bad_fault(error: &serde_json::Error) -> Trouble {
        let like = r#"{"fault":"cut","from":1,"to":2} or {"fault":"crash","node":1}"#;
        Trouble::bad(
            "bad_fault",
            format!("this is no fault: {error}; it looks like {like}"),
        )
    }

    /// 503 with `Retry-After`; nothing was done.
    pub fn later(kind: &str, detail: impl Into<String>) -> Trouble {
        let trouble = Trouble::new(StatusCode::SERVICE_UNAVAILABLE, kind, detail);
        Trouble {
            retry_after: true,
            ..trouble
        }
    }

    /// What another node said, said again.
    pub fn told(problem: Problem) -> Trouble {
        let retry_after = problem.status == StatusCode::SERVICE_UNAVAILABLE.as_u16();
        Trouble {
            problem,
            retry_after,
            revision: None,
        }
    }

    /// 503: nobody leads.
    pub fn no_leader() -> Trouble {
        Trouble::later(
            "no_leader",
            "there is no leader at the moment, nothing was done; try again shortly",
        )
    }

    /// 504: a write that may or may not happen.
    pub fn outcome_unknown(why: &str) -> Trouble {
        Trouble::new(
            StatusCode::GATEWAY_TIMEOUT,
            "outcome_unknown",
            format!(
                "outcome unknown: {why}, so the write may or may not have happened. Read the key, \
                 or repeat the request with the same Raftwerk-Session and Raftwerk-Sequence"
            ),
        )
    }

    /// 504: a change of the cluster that may or may not happen.
    pub fn change_unknown(why: &str) -> Trouble {
        let detail = format!(
            "outcome unknown: {why}, so the change may or may not happen. GET /v1/cluster/members \
             tells; to ask for the same again does no harm"
        );
        Trouble::new(StatusCode::GATEWAY_TIMEOUT, "outcome_unknown", detail)
    }

    /// 504: a read that took too long.
    pub fn read_timeout() -> Trouble {
        Trouble::new(
            StatusCode::GATEWAY_TIMEOUT,
            "timeout",
            "the read could not be proven fresh in time, nothing was changed; try again, or read \
             with ?read=stale",
        )
    }

    /// 421: this node does not lead and may not pass the request on.
    pub fn not_leader() -> Trouble {
        Trouble::new(
            StatusCode::MISDIRECTED_REQUEST,
            "not_leader",
            "this node does not lead and the request was passed on once already; nothing was \
             done, ask the leader",
        )
    }

    /// 412 with the revision the key has.
    pub fn precondition(detail: impl Into<String>, revision: u64) -> Trouble {
        let mut trouble = Trouble::new(
            StatusCode::PRECONDITION_FAILED,
            "precondition_failed",
            detail,
        );
        trouble.problem.revision = Some(revision);
        trouble
    }

    /// Its short name.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.problem.kind
    }

    /// Names the leader.
    #[must_use]
    pub fn leader(mut self, url: Option<String>) -> Trouble {
        self.problem.leader = url;
        self
    }

    /// Tells the revision of the store in the header.
    #[must_use]
    pub fn at_revision(mut self, revision: u64) -> Trouble {
        self.revision = Some(revision);
        self
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response<Body> {
        let text = serde_json::to_vec(&self.problem).unwrap_or_default();
        let mut response = Response::new(Body::from(text));
        *response.status_mut() =
            StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        let form = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, form);
        if self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if let Some(revision) = self.revision {
            headers.insert(
                raftwerk_wire::client::HEADER_REVISION,
                HeaderValue::from(revision),
            );
        }
        response
    }
}
