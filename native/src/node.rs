//! One node of a cluster as a process: start, life, end.
//!
//! Start: lock the directory, read the log, boot the core, listen, dial. End: by request the
//! sockets are closed and the log thread finishes what it has; everything else is made to be cut
//! off at any moment, so there is nothing to save.

mod alone;
pub mod answer;
mod disk;
pub mod inbox;
mod join;
pub mod leadership;
pub mod logbook;
pub mod looper;
pub mod members;
mod options;
pub mod report;
pub mod start;
pub mod telling;

pub use options::{Checked, DEFAULT_LISTEN, Learned, MAX_NODE_ID, NodeOptions, PageFn, PeerUrl};
pub use start::Node;

use std::fmt;
use tokio::signal::unix::{SignalKind, signal};

/// Why a node did not start, or ended other than by request.
#[derive(Debug)]
pub enum NodeError {
    /// The options are wrong; every reason, one sentence each.
    Options(Vec<String>),
    /// The data directory is not usable, or not this node's; says what to do.
    Data(String),
    /// The address cannot be listened on.
    Listen(String),
    /// The disk failed while running. What was acknowledged is safe; start the node again
    /// after looking at the disk.
    Disk(String),
    /// The node stopped for good for another reason.
    Fenced(String),
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NodeError::Options(reasons) => f.write_str(&reasons.join("\n")),
            NodeError::Data(why)
            | NodeError::Listen(why)
            | NodeError::Disk(why)
            | NodeError::Fenced(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for NodeError {}

/// Runs a node until SIGTERM or SIGINT (a clean end) or until it must stop.
///
/// Call it inside a multi-threaded tokio runtime with I/O and time enabled.
///
/// # Errors
/// Why it did not start, or why it had to stop.
pub async fn run(mut options: NodeOptions) -> Result<(), NodeError> {
    options.check().map_err(NodeError::Options)?;
    let listener = start::listen(options.listen)?;
    if !options.join.is_empty() {
        options.learned = join::ask(&options).await?;
    }
    let mut node = Node::start(options, listener)?;
    let failed = |error: std::io::Error| NodeError::Fenced(format!("no signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let ended = tokio::select! {
        ended = node.ended() => ended,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    };
    node.stop().await;
    ended
}
