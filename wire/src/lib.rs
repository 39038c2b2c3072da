//! What crosses a boundary: peer frames and log records (binary), client API and observe
//! stream (JSON), and the one set of view types that every screen is drawn from.
//!
//! | file       | between                                              |
//! |------------|------------------------------------------------------|
//! | `view`     | a host (simulated or live) and the screen            |
//! | `explain`  | a trace event and a reader                           |
//! | `groups`   | cut links and a screen                               |
//! | `observe`  | a live node, its supervisor, and the screen          |
//! | `client`   | a client and any node, over HTTP                     |
//! | `frame`    | two nodes, over WebSocket                            |
//! | `record`   | a node and its own log file                          |
//! | `snapshot` | a node and its own snapshot files                    |

pub mod client;
pub mod explain;
pub mod frame;
pub mod groups;
mod message_view;
mod node_view;
pub mod observe;
mod packed;
pub mod record;
pub mod snapshot;
pub mod view;
