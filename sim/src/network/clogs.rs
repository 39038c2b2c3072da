//! Clogged directions: a link that holds back everything for a while and then lets go of all of it
//! at once, oldest first.
//!
//! Nothing is lost by it. But what comes out is of another time: appends, votes and answers of
//! terms that are over, a whole conversation with a node that has long moved on. A link has room
//! for so much; what finds no room is lost, as in a full socket buffer. What is cut as well is lost
//! where it arrives.

use super::{Flight, Place};
use std::collections::BTreeMap;

/// Most messages that one clogged direction holds back.
const ROOM: usize = 512;

/// Every clogged direction, and the numbers of the messages that it holds back, in the order in
/// which they would have arrived.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Clogs(BTreeMap<(u64, u64), Vec<u64>>);

impl Clogs {
    /// A direction becomes clogged.
    pub fn begin(&mut self, from: u64, to: u64) {
        self.0.entry((from, to)).or_default();
    }

    /// It is clogged no more: the messages it held back.
    pub fn end(&mut self, from: u64, to: u64) -> Vec<u64> {
        self.0.remove(&(from, to)).unwrap_or_default()
    }

    /// Whether a direction is clogged.
    pub fn is_clogged(&self, from: u64, to: u64) -> bool {
        self.0.contains_key(&(from, to))
    }

    /// All clogged directions.
    pub fn links(&self) -> Vec<(u64, u64)> {
        self.0.keys().copied().collect()
    }

    /// Whether no direction is clogged.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// All clogged directions, each with the numbers of the messages that it was to hold back; somebody may have
    /// lost some of them since.
    pub fn all(&self) -> impl Iterator<Item = (u64, u64, &[u64])> {
        let all = self.0.iter();
        all.map(|((from, to), held)| (*from, *to, held.as_slice()))
    }

    /// Whether a message that would arrive now is held back. What has no room is lost instead: it
    /// arrives, marked.
    pub fn holds_back(&mut self, flight: &mut Flight) -> bool {
        let (Place::Node(from), Place::Node(to)) = (flight.from, flight.to) else {
            return false;
        };
        let Some(held) = self.0.get_mut(&(from, to)).filter(|_| !flight.lost) else {
            return false;
        };
        let room = held.len() < ROOM;
        match room {
            true => held.push(flight.id),
            false => flight.lost = true,
        }
        room
    }
}
