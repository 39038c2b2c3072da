//! The one picture: everything a screen may show about a cluster, whoever hosts it.
//!
//! The simulator fills a [`ClusterView`] from its world; the live page fills the same type
//! from what each node reports about itself. The screen computes no protocol state of its own:
//! what is not in here is not shown. Times are microseconds on the clock named by the field.
//!
//! | file      | what                                                    |
//! |-----------|---------------------------------------------------------|
//! | `cluster` | the whole, and what its host knows                      |
//! | `node`    | what a node says about itself                           |
//! | `state`   | its log and its state machine                           |
//! | `flight`  | messages on the way                                     |
//! | `client`  | clients and what they asked                             |

mod client;
mod cluster;
mod flight;
mod node;
mod state;

pub use client::{ClientView, OperationView};
pub use cluster::{
    CheckView, Clog, ClusterView, EventView, Group, NodeCard, NodeCondition, ViolationView,
};
pub use flight::{ClientFlight, Flight, MessageView};
pub use node::{
    ChangeView, DiskView, NodeView, PeerView, PilotView, ReadView, SnapshotView, TimerView,
    TransferView, VoteView,
};
pub use state::{
    EntryView, ItemView, LogView, SHOWN_CHARS, SHOWN_ENTRIES, SHOWN_KEYS, StoreView, show_bytes,
};
