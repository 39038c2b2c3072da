//! Who may ask the supervisor for what.
//!
//! It listens on loopback only, but any page in a browser on this machine can send requests
//! there. So: a request must name this server as a loopback name (else a stranger's domain that
//! points here could read everything), and what changes or streams anything must not come from
//! a page of another origin.

use crate::limits::PLAY_REQUESTS;
use crate::problem::Trouble;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Places for requests under way.
#[derive(Clone)]
pub struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Places {
        Places(Arc::new(Semaphore::new(PLAY_REQUESTS)))
    }
}

/// Lets a request through, or answers 403, or 503 when too many are under way.
pub async fn guard(State(places): State<Places>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let sensitive = !reads || path == "/v1/observe";
    match check(request.headers(), sensitive) {
        Ok(()) => match places.0.try_acquire() {
            Ok(_place) => next.run(request).await,
            Err(_) => {
                let why = "too many requests are under way, nothing was done; try again shortly";
                Trouble::later("overloaded", why).into_response()
            }
        },
        Err(detail) => Trouble::new(StatusCode::FORBIDDEN, "forbidden", detail).into_response(),
    }
}

/// Whether a request with these headers may pass; a sensitive one changes or streams something.
///
/// # Errors
/// Why not.
pub fn check(headers: &HeaderMap, sensitive: bool) -> Result<(), String> {
    let text =
        |name: header::HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let host = text(header::HOST).unwrap_or("");
    if !is_loopback(host) {
        return Err(format!(
            "\"{host}\" is no name of this machine for itself; use 127.0.0.1 or localhost"
        ));
    }
    match text(header::ORIGIN) {
        Some(origin) if sensitive && origin != format!("http://{host}") => Err(format!(
            "pages of \"{origin}\" may not do this; open the page of this server itself"
        )),
        _ => Ok(()),
    }
}

/// True for `localhost`, `127.0.0.1`, `[::1]`, with or without a port.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(host: &str, origin: Option<&str>) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert(header::HOST, HeaderValue::try_from(host).unwrap());
        if let Some(origin) = origin {
            map.insert(header::ORIGIN, HeaderValue::try_from(origin).unwrap());
        }
        map
    }

    #[test]
    fn only_loopback_names_are_answered() {
        for host in [
            "localhost:7878",
            "127.0.0.1:1",
            "127.0.0.1",
            "[::1]:7878",
            "LOCALHOST",
        ] {
            assert!(check(&headers(host, None), true).is_ok(), "{host}");
        }
        for host in [
            "",
            "evil.example:7878",
            "127.0.0.1.evil.example",
            "10.0.0.1:7878",
        ] {
            assert!(check(&headers(host, None), false).is_err(), "{host}");
        }
    }

    #[test]
    fn a_foreign_origin_may_only_read() {
        let host = "127.0.0.1:7878";
        for own in [None, Some("http://127.0.0.1:7878")] {
            assert!(check(&headers(host, own), true).is_ok());
        }
        for foreign in [
            "http://evil.example",
            "null",
            "http://127.0.0.1:80",
            "https://127.0.0.1:7878",
        ] {
            assert!(
                check(&headers(host, Some(foreign)), true).is_err(),
                "{foreign}"
            );
            assert!(
                check(&headers(host, Some(foreign)), false).is_ok(),
                "{foreign}"
            );
        }
    }
}
