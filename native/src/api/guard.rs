//! What every request passes: limits, origin, and the marks on every answer.
//!
//! A node on loopback has no passwords, so a page from elsewhere in the same browser must not
//! reach it. Two ways are closed: requests that change something, or open a stream, must come
//! from a page of this very server (`Origin` equals `Host`); and a node that listens on loopback
//! answers only to names of this machine, so that a foreign name cannot be made to point here.

use super::Server;
use crate::problem::Trouble;
use axum::body::Body;
use axum::extract::State;
use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header,
};
use axum::middleware::Next;
use axum::response::IntoResponse;
use raftwerk_wire::client::HEADER_NODE;
use std::net::IpAddr;
use std::sync::Arc;

/// The one layer around all routes.
pub async fn guard(
    State(server): State<Arc<Server>>,
    request: Request<Body>,
    next: Next,
) -> Response<Body> {
    let api = request.uri().path().starts_with("/v1/");
    let mut response = match server.admit(&request) {
        Err(trouble) => trouble.into_response(),
        Ok(()) => match server.requests.try_acquire() {
            Ok(_permit) => next.run(request).await,
            Err(_) => {
                let why = "too many requests are under way, nothing was done; try again shortly";
                Trouble::later("overloaded", why).into_response()
            }
        },
    };
    let headers = response.headers_mut();
    // Answers that were passed on carry the mark of the node that gave them.
    headers
        .entry(HeaderName::from_static(HEADER_NODE))
        .or_insert_with(|| HeaderValue::from(server.id));
    if api {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
    }
    server.metrics.answered(response.status().as_u16());
    response
}

impl Server {
    fn admit(&self, request: &Request<Body>) -> Result<(), Trouble> {
        let forbidden = |kind, why: String| Err(Trouble::new(StatusCode::FORBIDDEN, kind, why));
        let headers = request.headers();
        let host = text(headers, &header::HOST);
        if let (Some(known), Some(host)) = (&self.hosts, host)
            && !is_local(host, known)
        {
            let why = format!(
                "this node listens on loopback and is not called {host:?}; use http://127.0.0.1"
            );
            return forbidden("foreign_host", why);
        }
        let stream = headers.contains_key(header::UPGRADE);
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        if let Some(origin) = text(headers, &header::ORIGIN)
            && (stream || !reads)
            && !same_origin(origin, host)
        {
            let why = format!("pages of {origin:?} may not do this; open the page of this server");
            return forbidden("foreign_origin", why);
        }
        Ok(())
    }
}

/// A header as text; what is not text counts as an empty one, which fits nothing.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or(""))
}

/// Whether a page of this origin was fetched from the host that is asked.
#[must_use]
pub fn same_origin(origin: &str, host: Option<&str>) -> bool {
    let authority = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    matches!((authority, host), (Some(a), Some(b)) if a.eq_ignore_ascii_case(b))
}

/// Whether a host, with or without a port, is a name of this machine for itself.
#[must_use]
pub fn is_local(host: &str, known: &[String]) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let plain = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || plain.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        || known.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        let known = ["box.lan".to_string()];
        for host in [
            "localhost",
            "LOCALHOST:80",
            "127.0.0.1:7878",
            "[::1]:7",
            "box.lan:1",
        ] {
            assert!(is_local(host, &known), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example:80",
            "10.0.0.1",
            "",
            "localhost.evil",
        ] {
            assert!(!is_local(host, &known), "{host}");
        }
    }

    #[test]
    fn only_the_own_page_is_of_the_same_origin() {
        let host = Some("127.0.0.1:7878");
        assert!(same_origin("http://127.0.0.1:7878", host));
        for origin in [
            "http://127.0.0.1:80",
            "null",
            "",
            "http://evil.example",
            "file://",
        ] {
            assert!(!same_origin(origin, host), "{origin}");
        }
        assert!(!same_origin("http://127.0.0.1", None));
    }
}
