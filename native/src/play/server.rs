//! The supervisor's own port: the page, the client API passed on, the stream, and faults.

use super::board::Board;
use super::chaos::{Desk, chaos};
use super::forward::{Forwarder, forward};
use super::guard::{Places, guard};
use super::pages::{Pages, observe};
use crate::api::wrong_method;
use crate::client::Client;
use crate::problem::Trouble;
use crate::ui;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use std::sync::Arc;

/// Every route of the supervisor.
pub fn routes(board: &Arc<Board>, client: &Client) -> Router {
    let desk = Desk::new(Arc::clone(board.fleet()), client.clone());
    let faults = Router::new()
        .route("/v1/chaos", post(chaos))
        .with_state(desk);
    let stream = Router::new()
        .route("/v1/observe", get(observe))
        .with_state(Pages::new(Arc::clone(board)));
    let forwarder = Forwarder {
        board: Arc::clone(board),
        client: client.clone(),
    };
    let mut passed_on = Router::new().route("/v1/kv/", any(forward));
    for path in ["/v1/kv", "/v1/sessions", "/v1/cluster"] {
        passed_on = passed_on
            .route(path, any(forward))
            .route(&format!("{path}/{{*rest}}"), any(forward));
    }
    Router::new()
        .merge(faults)
        .merge(stream)
        .merge(passed_on.with_state(forwarder))
        .route("/v1/{*rest}", any(unknown))
        .route("/healthz", get(async || "ok\n"))
        .merge(
            Router::new()
                .route("/metrics", get(metrics))
                .with_state(Arc::clone(board)),
        )
        .merge(ui::routes())
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Places::default(), guard))
}

/// The supervisor counts nothing; each node has numbers of its own.
async fn metrics(State(board): State<Arc<Board>>) -> Trouble {
    let nodes = board.fleet().processes();
    let urls: Vec<String> = nodes
        .iter()
        .map(|node| format!("{}/metrics", node.url))
        .collect();
    let detail = format!("every node has its own numbers: {}", urls.join(", "));
    Trouble::new(StatusCode::NOT_FOUND, "no_such_path", detail)
}

async fn unknown(uri: Uri) -> impl IntoResponse {
    let detail = format!("there is nothing at {}", uri.path());
    Trouble::new(StatusCode::NOT_FOUND, "no_such_path", detail)
}
