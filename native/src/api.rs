//! The HTTP side of a node: routes, and what holds for all of them.
//!
//! | route                               | file       |
//! |-------------------------------------|------------|
//! | `/v1/kv`, `/v1/kv/{key}`            | `kv`       |
//! | `/v1/sessions`, `/v1/sessions/{id}` | `sessions` |
//! | `/v1/cluster`, `/healthz`, `/metrics` | `status` |
//! | `/v1/cluster/members`, `/v1/cluster/members/{id}`, `/v1/cluster/transfer` | `members` |
//! | `/v1/observe`                       | `observe`  |
//! | `/v1/chaos`                         | `chaos`    |
//! | `/v1/peer`                          | here, then `peers::accept` |
//! | anything outside `/v1/`             | the embedded page |
//!
//! Guarantees: every error is `application/problem+json`; every wait and every body has a limit;
//! what needs the leader is tried by one rule (`forward`); pages of other origins are turned away
//! (`guard`).

mod chaos;
mod forward;
mod guard;
mod kv;
pub(crate) mod listener;
mod members;
mod observe;
pub mod query;
mod reads;
mod relay;
mod sessions;
mod status;

// What reads text from outside is public for `tests/decoders`.
#[doc(hidden)]
pub use guard::{is_local, same_origin};
#[doc(hidden)]
pub use kv::session;

use crate::limits::{HTTP_REQUESTS, OBSERVE_RELAYS};
use crate::metrics::Metrics;
use crate::node::inbox::Inbox;
use crate::node::leadership::Leaderships;
use crate::node::{Checked, NodeOptions, PageFn, PeerUrl};
use crate::observe::Observer;
use crate::peers::{FLAGS, Peers};
use crate::problem::Trouble;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header,
};
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use raftwerk_wire::client::{
    HEADER_FORWARDED, HEADER_NODE, HEADER_REVISION, HEADER_SEQUENCE, HEADER_SESSION, HEADER_TERM,
};
use raftwerk_wire::frame::MAX_FRAME_BYTES;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::watch;

/// What the routes share with the rest of the node.
pub struct Shared {
    /// To the loop.
    pub inbox: Arc<Inbox>,
    /// The other nodes.
    pub peers: Arc<Peers>,
    /// The observe stream.
    pub observer: Arc<Observer>,
    /// Numbers.
    pub metrics: Arc<Metrics>,
    /// Who leads, as the loop says.
    pub leader: Leaderships,
    /// Becomes true when the node ends.
    pub closing: watch::Receiver<bool>,
}

/// The HTTP side of one node.
pub struct Server {
    id: u64,
    cluster: String,
    /// Where this node is reached.
    own_url: PeerUrl,
    chaos: bool,
    page: Option<PageFn>,
    /// Names by which this node may be addressed; `None`: any (it is not only on this machine).
    hosts: Option<Vec<String>>,
    inbox: Arc<Inbox>,
    peers: Arc<Peers>,
    observer: Arc<Observer>,
    metrics: Arc<Metrics>,
    leader: Leaderships,
    client: crate::client::Client,
    requests: tokio::sync::Semaphore,
    /// Streams of other nodes that are passed on.
    relays: Arc<tokio::sync::Semaphore>,
    closing: watch::Receiver<bool>,
}

type Answer = Result<Response<Body>, Trouble>;

impl Server {
    /// Prepares the routes.
    #[must_use]
    pub fn new(
        options: &NodeOptions,
        checked: &Checked,
        address: SocketAddr,
        shared: Shared,
    ) -> Server {
        let Shared {
            inbox,
            peers,
            observer,
            metrics,
            leader,
            closing,
        } = shared;
        let own_url = checked.urls[&options.id].clone();
        let host = own_url.host().to_string();
        Server {
            id: options.id,
            cluster: format!("{:032x}", options.cluster.0),
            own_url,
            chaos: options.enable_chaos,
            page: options.page,
            hosts: address.ip().is_loopback().then(|| vec![host]),
            inbox,
            peers,
            observer,
            metrics,
            leader,
            client: crate::client::Client::default(),
            requests: tokio::sync::Semaphore::new(HTTP_REQUESTS),
            relays: Arc::new(tokio::sync::Semaphore::new(OBSERVE_RELAYS)),
            closing,
        }
    }

    /// Serves until the node ends; then finishes what it has begun.
    pub async fn serve(self, listener: tokio::net::TcpListener) {
        let closing = self.closing.clone();
        listener::serve(listener, self.routes(), closing).await;
    }

    fn routes(self) -> Router {
        let server = Arc::new(self);
        Router::new()
            .route("/v1/kv", get(kv::list))
            .route(
                "/v1/kv/{*key}",
                get(kv::get).put(kv::put).delete(kv::delete),
            )
            .route("/v1/kv/", any(kv::no_key))
            .route("/v1/sessions", post(sessions::open))
            .route("/v1/sessions/{id}", axum::routing::delete(sessions::close))
            .route("/v1/cluster", get(status::cluster))
            .route(
                "/v1/cluster/members",
                get(members::list).post(members::change),
            )
            .route(
                "/v1/cluster/members/{id}",
                axum::routing::delete(members::remove),
            )
            .route("/v1/cluster/transfer", post(members::transfer))
            .route("/v1/observe", get(observe::observe))
            .route("/v1/chaos", post(chaos::chaos))
            .route("/v1/peer", any(peer))
            .route("/metrics", get(status::metrics))
            .route("/healthz", get(status::healthz))
            .fallback(elsewhere)
            .method_not_allowed_fallback(wrong_method)
            .layer(axum::middleware::from_fn_with_state(
                Arc::clone(&server),
                guard::guard,
            ))
            .with_state(server)
    }

    /// The URL of a node.
    fn url(&self, id: u64) -> Option<String> {
        if id == self.id {
            return Some(self.own_url.to_string());
        }
        self.peers.url(id).map(|url| url.to_string())
    }

    /// Every node that is known, with its URL.
    fn known_nodes(&self) -> Vec<(u64, String)> {
        let mut ids: Vec<u64> = self.peers.ids().chain([self.id]).collect();
        ids.sort_unstable();
        let known = ids.into_iter().filter_map(|id| Some((id, self.url(id)?)));
        known.collect()
    }
}

/// A request with its body, ready to be answered here or passed on.
struct Ask {
    method: Method,
    /// Path and query as they came.
    target: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Ask {
    /// Reads the whole body.
    async fn read(request: Request<Body>, limit: usize) -> Result<Ask, Trouble> {
        let (parts, body) = request.into_parts();
        let body = crate::intake::whole(body, limit).await?;
        let target = parts
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str())
            .to_string();
        Ok(Ask {
            method: parts.method,
            target,
            headers: parts.headers,
            body,
        })
    }

    fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(&self.target, |(path, _)| path)
    }

    fn forwarded(&self) -> bool {
        self.headers.contains_key(HEADER_FORWARDED)
    }

    fn reads(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }

    /// Whether carrying it out twice is the same as once.
    fn harmless_twice(&self) -> bool {
        let has = |name| self.headers.contains_key(name);
        self.reads() || (has(HEADER_SESSION) && has(HEADER_SEQUENCE))
    }
}

/// Opens the connection of a peer.
async fn peer(State(server): State<Arc<Server>>, headers: HeaderMap, upgrade: Upgrade) -> Answer {
    if headers.contains_key(header::ORIGIN) {
        let why = "browsers have no business here";
        return Err(Trouble::new(StatusCode::FORBIDDEN, "foreign_origin", why));
    }
    let flags = headers.get(FLAGS).and_then(|value| value.to_str().ok());
    let flags = flags.map(str::to_string);
    let upgrade = websocket(upgrade)?;
    let upgrade = upgrade
        .max_message_size(MAX_FRAME_BYTES)
        .max_frame_size(MAX_FRAME_BYTES);
    Ok(upgrade.on_upgrade(async move |socket| {
        tokio::select! {
            () = crate::peers::accept::serve(&server.peers, flags, socket) => {}
            () = closed(server.closing.clone()) => {}
        }
    }))
}

/// Returns when the node ends.
async fn closed(mut closing: watch::Receiver<bool>) {
    // An error means that the node is gone already.
    let _ = closing.wait_for(|closing| *closing).await;
}

/// A request that may be one for a WebSocket.
pub(crate) type Upgrade =
    Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>;

/// A WebSocket, or an error that says that one is wanted.
pub(crate) fn websocket(upgrade: Upgrade) -> Result<WebSocketUpgrade, Trouble> {
    upgrade.map_err(|_| {
        let mut detail = String::from("this is a WebSocket: ");
        detail.push_str("connect with ws:// and the GET method");
        Trouble::new(StatusCode::UPGRADE_REQUIRED, "websocket_needed", detail)
    })
}

/// The page, or 404.
async fn elsewhere(State(server): State<Arc<Server>>, request: Request<Body>) -> Answer {
    let path = request.uri().path();
    let page = match server.page {
        Some(page) if !path.starts_with("/v1/") => page(path, request.headers()),
        _ => None,
    };
    page.ok_or_else(|| {
        let detail = format!("there is nothing at {path}; the API begins with /v1/");
        Trouble::new(StatusCode::NOT_FOUND, "no_such_path", detail)
    })
}

/// 405 in the one form.
pub(crate) async fn wrong_method(request: Request<Body>) -> Trouble {
    let (method, path) = (request.method(), request.uri().path());
    let detail = format!("{method} is not possible at {path}; the header Allow names what is");
    Trouble::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", detail)
}

/// A JSON answer.
fn json<T: serde::Serialize>(status: StatusCode, value: &T) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(text) => {
            let mut response = Response::new(Body::from(text));
            *response.status_mut() = status;
            let form = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, form);
            response
        }
        Err(error) => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Trouble::new(status, "internal", error.to_string()).into_response()
        }
    }
}

/// Adds node, term and revision to an answer.
fn stamped(mut response: Response<Body>, node: u64, term: u64, revision: u64) -> Response<Body> {
    for (name, value) in [
        (HEADER_NODE, node),
        (HEADER_TERM, term),
        (HEADER_REVISION, revision),
    ] {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
    response
}
