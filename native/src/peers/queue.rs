//! What waits for the connection to one peer: bounded, newest wins, small talk first.

use crate::limits::{PEER_QUEUE_BYTES, PEER_QUEUE_MESSAGES};
use crate::node::inbox::message_bytes;
use raftwerk_core::{Body, Message};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A message on its way to the socket.
#[derive(Debug)]
pub struct Outgoing {
    /// The sender's number for it.
    pub serial: u64,
    /// The message.
    pub message: Message,
    /// When it was queued.
    queued: Instant,
    bytes: u64,
}

impl Outgoing {
    /// Queued now.
    #[must_use]
    pub fn new(serial: u64, message: Message) -> Outgoing {
        let bytes = message_bytes(&message);
        Outgoing {
            serial,
            message,
            queued: Instant::now(),
            bytes,
        }
    }

    /// Whether it waited longer than this.
    #[must_use]
    pub fn older_than(&self, age: Duration) -> bool {
        self.queued.elapsed() > age
    }
}

/// The queue. A vote or an answer never waits behind entries (trap C8); an empty append does, since
/// a leader takes its echo for a sign that what it sent before was lost.
#[derive(Debug, Default)]
pub struct Queue {
    appends: VecDeque<Outgoing>,
    others: VecDeque<Outgoing>,
    bytes: u64,
}

impl Queue {
    /// Adds a message and returns those that had to go: the oldest appends, then the oldest.
    #[must_use]
    pub fn push(&mut self, outgoing: Outgoing) -> Vec<Outgoing> {
        let mut gone = Vec::new();
        while self.appends.len() + self.others.len() >= PEER_QUEUE_MESSAGES
            || self.bytes + outgoing.bytes > PEER_QUEUE_BYTES
        {
            let oldest = self.appends.pop_front().or_else(|| self.others.pop_front());
            let Some(old) = oldest else {
                break;
            };
            self.bytes -= old.bytes;
            gone.push(old);
        }
        self.bytes += outgoing.bytes;
        match outgoing.message.body {
            Body::Append { .. } => self.appends.push_back(outgoing),
            _ => self.others.push_back(outgoing),
        }
        gone
    }

    /// Takes up to `count` messages: appends last, else oldest first.
    #[must_use]
    pub fn take(&mut self, count: usize) -> Vec<Outgoing> {
        let others = count.min(self.others.len());
        let appends = (count - others).min(self.appends.len());
        let mut taken: Vec<Outgoing> = self.others.drain(..others).collect();
        taken.extend(self.appends.drain(..appends));
        self.bytes -= taken.iter().map(|outgoing| outgoing.bytes).sum::<u64>();
        taken
    }

    /// Takes everything.
    pub fn clear(&mut self) -> Vec<Outgoing> {
        self.take(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use raftwerk_core::{ClusterId, Entry, EntryBody, Index, Lane, LogId, NodeId, Round, Term};

    fn message(body: Body) -> Message {
        Message {
            cluster: ClusterId(1),
            from: NodeId(1),
            to: NodeId(2),
            term: Term(1),
            body,
        }
    }

    fn append(bytes: usize) -> Message {
        let body = EntryBody::Command(vec![0; bytes].into());
        message(Body::Append {
            lane: Lane::default(),
            round: Round(0),
            prev: LogId::default(),
            entries: [Entry {
                id: LogId::new(1, 1),
                body,
            }]
            .into(),
            commit: Index(0),
            standing: raftwerk_core::Standing::default(),
        })
    }

    #[test]
    fn c8_a_vote_does_not_wait_behind_entries_and_each_kind_keeps_its_order() {
        let mut queue = Queue::default();
        let vote = || message(Body::VoteReply { granted: true });
        for (serial, message) in [append(10), vote(), append(0), vote()]
            .into_iter()
            .enumerate()
        {
            assert!(queue.push(Outgoing::new(serial as u64, message)).is_empty());
        }
        let mut serials =
            |count| -> Vec<u64> { queue.take(count).iter().map(|o| o.serial).collect() };
        assert_eq!(serials(1), [1]);
        assert_eq!(serials(2), [3, 0]);
        assert_eq!(serials(9), [2]);
    }

    #[test]
    fn the_oldest_append_is_dropped_first() {
        let mut queue = Queue::default();
        let vote = message(Body::VoteReply { granted: true });
        assert!(queue.push(Outgoing::new(1, vote)).is_empty());
        for serial in 2..=PEER_QUEUE_MESSAGES as u64 {
            assert!(queue.push(Outgoing::new(serial, append(10))).is_empty());
        }
        let gone = queue.push(Outgoing::new(1_000, append(10)));
        assert_eq!(gone.iter().map(|o| o.serial).collect::<Vec<_>>(), [2]);
        // A large one pushes out all appends and, last of all, the vote.
        let size = usize::try_from(PEER_QUEUE_BYTES).expect("fits") - 100;
        let gone = queue.push(Outgoing::new(1_001, append(size)));
        assert_eq!(gone.len(), PEER_QUEUE_MESSAGES);
        assert_eq!(gone.last().map(|o| o.serial), Some(1));
        assert_eq!(
            queue.take(9).iter().map(|o| o.serial).collect::<Vec<_>>(),
            [1_001]
        );
        assert_eq!(queue.bytes, 0);
    }
}
