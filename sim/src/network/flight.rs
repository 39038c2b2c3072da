//! A message on the way.

use super::{Content, Place};
use raftwerk_core::{Body, Message};

/// A message on the way.
#[derive(Clone, Debug)]
pub(crate) struct Flight {
    pub id: u64,
    pub seq: u64,
    pub from: Place,
    pub to: Place,
    pub sent: u64,
    pub due: u64,
    pub lost: bool,
    /// The event that led to it; 0: none known.
    pub cause: u64,
    pub content: Content,
}

/// The sequence number of a message that nothing in the queue brings in.
pub(super) const HELD: u64 = 0;

impl Flight {
    /// Whether it is kept on the way until somebody releases it.
    pub fn is_held(&self) -> bool {
        self.seq == HELD
    }

    /// When it arrives, if that is known.
    pub fn arrives(&self) -> Option<u64> {
        (!self.is_held()).then_some(self.due)
    }
}

/// What a node of the same name in another cluster might say at the same time: its terms are its
/// own, and so are its votes.
pub(super) fn stray(message: &Message, ahead: u64) -> Message {
    let mut stray = message.clone();
    stray.cluster.0 ^= 1;
    stray.term.0 += ahead;
    if let Body::VoteReply { granted } = &mut stray.body {
        *granted = true;
    }
    stray
}
