//! One node of a cluster as a process: start, life, end.

mod options;

pub use options::{Checked, DEFAULT_LISTEN, NodeOptions, PageFn, PeerUrl};

use std::fmt;

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
pub async fn run(options: NodeOptions) -> Result<(), NodeError> {
    let _checked = options.check().map_err(NodeError::Options)?;
    Err(NodeError::Fenced("not running yet".to_string()))
}
