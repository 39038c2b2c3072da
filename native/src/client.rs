//! A small HTTP/1.1 client: used by the command line, by the supervisor that forwards requests,
//! and by a node that forwards to the leader.
//!
//! What it guarantees:
//! * [`ClientError::NotSent`]: not a byte of the request has left; it may be tried elsewhere.
//! * [`ClientError::Unknown`]: the request may have been carried out; only what may be done
//!   twice (reads, requests in a session) may be tried again.
//! * Every wait and every body has a limit; no request is ever repeated after it was sent.
//!
//! No TLS and no redirects: it talks to nodes, and nodes answer for themselves.

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::http::uri::{Authority, PathAndQuery, Uri};
use hyper::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// Idle connections kept for one address.
const MAX_IDLE: usize = 16;
/// Addresses for which idle connections are kept.
const MAX_IDLE_ADDRESSES: usize = 32;

/// Limits of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest wait for a connection.
    pub connect: Duration,
    /// Longest wait for the whole answer, connecting included.
    pub total: Duration,
    /// Largest body of an answer, in bytes.
    pub body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect: Duration::from_secs(2),
            total: Duration::from_secs(10),
            body: 16 * 1024 * 1024,
        }
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// The URL or a header cannot be used; nothing was sent.
    Invalid(String),
    /// No connection; nothing was sent, another node may be asked.
    NotSent(String),
    /// Sent, but no whole answer came back; it may or may not have been carried out.
    Unknown(String),
    /// The answer is larger than the limit.
    TooLarge {
        /// The status it came with: the request has ended with this outcome.
        status: StatusCode,
        /// The limit, in bytes.
        limit: usize,
    },
}

impl ClientError {
    /// True if the request may have been carried out although there is no answer.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        matches!(self, ClientError::Unknown(_))
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientError::Invalid(why) | ClientError::NotSent(why) | ClientError::Unknown(why) => {
                f.write_str(why)
            }
            ClientError::TooLarge { status, limit } => {
                write!(
                    f,
                    "the answer ({status}) is larger than the limit of {limit} bytes"
                )
            }
        }
    }
}

impl std::error::Error for ClientError {}

type Connection = SendRequest<Full<Bytes>>;

/// A client that keeps idle connections; cheap to clone, all clones share them.
#[derive(Clone, Debug, Default)]
pub struct Client {
    idle: Arc<Mutex<BTreeMap<String, Vec<Connection>>>>,
}

/// Sends one request on a connection of its own.
///
/// # Errors
/// See [`ClientError`].
pub async fn request(
    method: Method,
    url: &str,
    headers: HeaderMap,
    body: impl Into<Bytes>,
    limits: Limits,
) -> Result<Response, ClientError> {
    Client::default()
        .request(method, url, headers, body, limits)
        .await
}

impl Client {
    /// Sends one request to `http://host:port/path?query` and reads the whole answer.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn request(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: impl Into<Bytes>,
        limits: Limits,
    ) -> Result<Response, ClientError> {
        let (authority, mut request) = build(method, url, headers, body.into())?;
        let end = Instant::now() + limits.total;
        loop {
            let (mut connection, reused) = match self.take_idle(&authority) {
                Some(connection) => (connection, true),
                None => (connect(&authority, end, limits).await?, false),
            };
            let sent = timeout_at(end, connection.try_send_request(request)).await;
            let answer = match sent {
                Err(_) => return Err(late(&authority, limits)),
                Ok(Ok(answer)) => answer,
                Ok(Err(mut error)) => match error.take_message() {
                    // An idle connection had ended; not a byte has left, so a fresh one is tried.
                    Some(unsent) if reused => {
                        request = unsent;
                        continue;
                    }
                    Some(_) => {
                        let why = format!("{authority} closed the connection before the request");
                        return Err(ClientError::NotSent(why));
                    }
                    None => {
                        let why = format!("no answer from {authority}: {}", error.error());
                        return Err(ClientError::Unknown(why));
                    }
                },
            };
            let response = match timeout_at(end, read(&authority, answer, limits)).await {
                Err(_) => return Err(late(&authority, limits)),
                Ok(response) => response?,
            };
            self.keep(authority, connection);
            return Ok(response);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Connection>>> {
        // A panic elsewhere leaves only a list of connections behind, which is always usable.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_idle(&self, authority: &str) -> Option<Connection> {
        let mut idle = self.lock();
        let list = idle.get_mut(authority)?;
        while let Some(connection) = list.pop() {
            if connection.is_ready() {
                return Some(connection);
            }
        }
        None
    }

    fn keep(&self, authority: String, connection: Connection) {
        let mut idle = self.lock();
        if idle.len() >= MAX_IDLE_ADDRESSES && !idle.contains_key(&authority) {
            idle.clear();
        }
        let list = idle.entry(authority).or_default();
        if list.len() < MAX_IDLE && !connection.is_closed() {
            list.push(connection);
        }
    }
}

/// Splits the URL and makes the request that goes on the connection.
fn build(
    method: Method,
    url: &str,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(String, Request<Full<Bytes>>), ClientError> {
    let (authority, path) = split(url).map_err(ClientError::Invalid)?;
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from(path);
    *request.headers_mut() = headers;
    let host = HeaderValue::from_str(authority.as_str())
        .map_err(|_| ClientError::Invalid(format!("\"{url}\" has no usable host")))?;
    request.headers_mut().insert(header::HOST, host);
    let port = authority.port_u16().unwrap_or(80);
    Ok((format!("{}:{port}", authority.host()), request))
}

/// Checks the URL of a server: scheme, host and port, nothing after them.
///
/// # Errors
/// What is wrong with it and what it should look like.
pub fn check(url: &str) -> Result<(), String> {
    let (_, path) = split(url)?;
    if path == "/" {
        return Ok(());
    }
    let form = "it must look like http://host:port";
    Err(format!("\"{url}\" has {path} after the host; {form}"))
}

/// Authority and path of a URL.
///
/// # Errors
/// What is wrong with it and what it should look like.
fn split(url: &str) -> Result<(Authority, PathAndQuery), String> {
    let form = "it must look like http://host:port";
    let uri: Uri = url
        .parse()
        .map_err(|why| format!("\"{url}\" is no URL ({why}); {form}"))?;
    let parts = uri.into_parts();
    match parts.scheme.as_ref().map(|scheme| scheme.as_str()) {
        Some("http") => {}
        Some("https") => return Err(format!("\"{url}\": https is not offered here; {form}")),
        _ => return Err(format!("\"{url}\" has no http:// in front; {form}")),
    }
    let Some(authority) = parts.authority else {
        return Err(format!("\"{url}\" has no host; {form}"));
    };
    let path = parts.path_and_query;
    Ok((
        authority,
        path.unwrap_or_else(|| PathAndQuery::from_static("/")),
    ))
}

async fn connect(authority: &str, end: Instant, limits: Limits) -> Result<Connection, ClientError> {
    let not_sent = |why: String| ClientError::NotSent(format!("cannot reach {authority}: {why}"));
    let until = end.min(Instant::now() + limits.connect);
    let stream = match timeout_at(until, TcpStream::connect(authority)).await {
        Err(_) => return Err(not_sent("no connection in time".to_string())),
        Ok(stream) => stream.map_err(|why| not_sent(why.to_string()))?,
    };
    // Requests are small and each is waited for: sending at once matters more than full packets.
    stream
        .set_nodelay(true)
        .map_err(|why| not_sent(why.to_string()))?;
    let (connection, driver) = handshake(TokioIo::new(stream))
        .await
        .map_err(|why| not_sent(why.to_string()))?;
    // It ends when the connection is dropped; its errors arrive through the request as well.
    tokio::spawn(async move { drop(driver.await) });
    Ok(connection)
}

async fn read(
    authority: &str,
    answer: hyper::Response<Incoming>,
    limits: Limits,
) -> Result<Response, ClientError> {
    let (parts, body) = answer.into_parts();
    match Limited::new(body, limits.body).collect().await {
        Ok(body) => Ok(Response {
            status: parts.status,
            headers: parts.headers,
            body: body.to_bytes(),
        }),
        Err(why) if why.is::<LengthLimitError>() => Err(ClientError::TooLarge {
            status: parts.status,
            limit: limits.body,
        }),
        Err(why) => Err(ClientError::Unknown(format!(
            "the answer of {authority} broke off: {why}"
        ))),
    }
}

fn late(authority: &str, limits: Limits) -> ClientError {
    let seconds = limits.total.as_secs_f32();
    ClientError::Unknown(format!("no answer from {authority} within {seconds:.1} s"))
}

#[cfg(test)]
mod tests;
