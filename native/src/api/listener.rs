//! The listening socket: a bounded number of connections, none of which may dawdle.
//!
//! Connections beyond the limit are closed at once: an error that is seen is better than one
//! that waits. A connection that sends no whole request head for a while is closed too, so that
//! slow or forgotten ones give their place back; WebSockets have rules of their own.

use super::closed;
use crate::limits::{CONNECTIONS, REQUEST_HEAD, REQUEST_HEAD_BYTES};
use axum::Router;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Pause after an error such as "too many open files".
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until the node ends, then lets requests under way finish.
pub async fn serve(listener: TcpListener, routes: Router, closing: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = closed(closing.clone()) => break,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) if connections.len() < CONNECTIONS => {
                connections.spawn(connection(stream, routes.clone(), closing.clone()));
            }
            Ok(_) => {}
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, routes: Router, closing: watch::Receiver<bool>) {
    // Frames and answers are flushed whole; waiting for more would only add delay.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = TowerToHyperService::new(routes);
    let connection = Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_HEAD)
        .max_buf_size(REQUEST_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    // Errors are the other side's: it went away or does not speak HTTP.
    tokio::select! {
        ended = connection.as_mut() => drop(ended),
        () = closed(closing) => {
            connection.as_mut().graceful_shutdown();
            drop(connection.await);
        }
    }
}
