//! What waits for the loop: bounded, peers and disk before clients (trap C9).
//!
//! Anybody may put something in; only the loop takes out. Putting in never waits: what does not
//! fit is refused, and who asked says so to its client, or counts a lost message.

use crate::flusher::DiskReport;
use crate::limits::{
    INBOX_MESSAGE_BYTES, INBOX_MESSAGES, INBOX_QUESTIONS, INBOX_REQUEST_BYTES, INBOX_REQUESTS,
    REQUESTS_PER_TURN,
};
use crate::node::answer::{OrderReply, ReadReply, StatusReply, ViewReply, WriteReply};
use crate::snapshots::Report;
use raftwerk_core::{Body, Entry, Lane, Message, NodeId, Payload, ReadPath, Streamed};
use raftwerk_wire::client::MemberChange;
use raftwerk_wire::frame::Frame;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// What peers, disk and the host itself have to say.
#[derive(Debug)]
pub enum Urgent {
    /// A message of a peer.
    Message(Box<Frame>),
    /// The disk reports.
    Disk(DiskReport),
    /// A connection to a peer went up or down.
    Link {
        /// The peer.
        peer: NodeId,
        /// Up or down.
        up: bool,
    },
    /// What was done about snapshots.
    Snapshot(Report),
    /// A snapshot is with a peer, or will not get there.
    Streamed {
        /// The peer.
        to: NodeId,
        /// The session it belongs to.
        lane: Lane,
        /// How it ended.
        outcome: Streamed,
        /// The own file cannot be read.
        damaged: bool,
    },
    /// Answer if you are alive and well.
    Ping(oneshot::Sender<()>),
    /// A subscriber wants a view now.
    View(ViewReply),
    /// Somebody wants to know the status.
    Status(StatusReply),
    /// Let the election timer fire now.
    TimeOut,
    /// End.
    Stop,
}

impl Urgent {
    /// Whether people and probes make it, as often as they like.
    fn is_question(&self) -> bool {
        matches!(
            self,
            Urgent::Ping(_) | Urgent::View(_) | Urgent::Status(_) | Urgent::TimeOut
        )
    }
}

/// What clients want.
#[derive(Debug)]
pub enum Request {
    /// Put this command into the log.
    Write {
        /// An encoded `kv` request.
        command: Payload,
        /// Where the answer goes.
        reply: WriteReply,
    },
    /// Read.
    Read {
        /// How it is proven fresh; `None`: not at all.
        path: Option<ReadPath>,
        /// What is read.
        what: Query,
        /// Where the answer goes.
        reply: ReadReply,
    },
    /// Something for the leader to do to the cluster itself.
    Order {
        /// What.
        what: Order,
        /// Where its end goes.
        reply: OrderReply,
    },
}

/// What a leader can be asked to do to the cluster itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Change the members.
    Change(MemberChange),
    /// Hand over, to a node or to whom the leader thinks best.
    Transfer(Option<u64>),
}

/// What is read.
#[derive(Clone, Debug)]
pub enum Query {
    /// One key.
    Get(raftwerk_kv::Payload),
    /// Keys with a prefix, in order.
    List {
        /// The prefix.
        prefix: raftwerk_kv::Payload,
        /// Only keys after this one.
        after: Option<raftwerk_kv::Payload>,
        /// At most so many.
        limit: usize,
    },
}

/// The queue has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// The inbox of one node.
#[derive(Debug, Default)]
pub struct Inbox {
    queues: Mutex<Queues>,
    filled: Condvar,
}

#[derive(Debug, Default)]
struct Queues {
    urgent: VecDeque<Urgent>,
    messages: usize,
    message_bytes: u64,
    questions: usize,
    requests: VecDeque<Request>,
    request_bytes: u64,
    /// The loop has ended: nothing is taken any more.
    closed: bool,
}

/// What the loop takes in one turn.
#[derive(Debug, Default)]
pub struct Batch {
    /// All of it.
    pub urgent: VecDeque<Urgent>,
    /// Some of it.
    pub requests: VecDeque<Request>,
}

impl Inbox {
    /// Puts in a message of a peer.
    ///
    /// # Errors
    /// There is no room: the message is lost, as networks do.
    pub fn message(&self, frame: Box<Frame>) -> Result<(), Full> {
        let bytes = message_bytes(&frame.message);
        let mut queues = self.lock();
        let full =
            queues.messages >= INBOX_MESSAGES || queues.message_bytes + bytes > INBOX_MESSAGE_BYTES;
        if full || queues.closed {
            return Err(Full);
        }
        queues.messages += 1;
        queues.message_bytes += bytes;
        queues.urgent.push_back(Urgent::Message(frame));
        self.filled.notify_one();
        Ok(())
    }

    /// Puts in something of the host. What the disk and the connections report is bounded by the
    /// writes under way and by the peers; a question beyond the limit is dropped, which tells who
    /// asked.
    pub fn urgent(&self, what: Urgent) {
        let mut queues = self.lock();
        let question = what.is_question();
        if queues.closed || (question && queues.questions >= INBOX_QUESTIONS) {
            return;
        }
        queues.questions += usize::from(question);
        queues.urgent.push_back(what);
        self.filled.notify_one();
    }

    /// Puts in a request of a client.
    ///
    /// # Errors
    /// There is no room.
    pub fn request(&self, request: Request) -> Result<(), Full> {
        let bytes = request.bytes();
        let mut queues = self.lock();
        let full = queues.requests.len() >= INBOX_REQUESTS
            || queues.request_bytes + bytes > INBOX_REQUEST_BYTES;
        if full || queues.closed {
            return Err(Full);
        }
        queues.request_bytes += bytes;
        queues.requests.push_back(request);
        self.filled.notify_one();
        Ok(())
    }

    /// Waits until there is something or the time is over, then takes everything urgent and a
    /// bounded number of requests.
    pub fn take(&self, wait: Duration) -> Batch {
        let queues = self.lock();
        let empty = |queues: &mut Queues| queues.urgent.is_empty() && queues.requests.is_empty();
        let (mut queues, _) = self
            .filled
            .wait_timeout_while(queues, wait, empty)
            .unwrap_or_else(PoisonError::into_inner);
        (queues.messages, queues.message_bytes, queues.questions) = (0, 0, 0);
        let urgent = std::mem::take(&mut queues.urgent);
        let count = queues.requests.len().min(REQUESTS_PER_TURN);
        let requests: VecDeque<Request> = queues.requests.drain(..count).collect();
        let bytes: u64 = requests.iter().map(Request::bytes).sum();
        queues.request_bytes -= bytes;
        Batch { urgent, requests }
    }

    /// Ends it: what waits is dropped, and so is what comes.
    pub fn close(&self) {
        let mut queues = self.lock();
        *queues = Queues {
            closed: true,
            ..Queues::default()
        };
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Request {
    fn bytes(&self) -> u64 {
        match self {
            Request::Write { command, .. } => 64 + command.len() as u64,
            Request::Read { .. } | Request::Order { .. } => 64,
        }
    }
}

/// Bytes a message counts for in queues.
#[must_use]
pub fn message_bytes(message: &Message) -> u64 {
    match &message.body {
        Body::Append { entries, .. } => 64 + entries.iter().map(Entry::size).sum::<u64>(),
        _ => 64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> (Request, oneshot::Receiver<crate::node::answer::Read>) {
        let (reply, answer) = oneshot::channel();
        (
            Request::Read {
                path: None,
                what: Query::Get((*b"x").into()),
                reply,
            },
            answer,
        )
    }

    #[test]
    fn it_is_bounded_and_urgent_things_come_first() {
        let inbox = Inbox::default();
        for _ in 0..INBOX_REQUESTS {
            assert_eq!(inbox.request(read().0), Ok(()));
        }
        assert_eq!(inbox.request(read().0), Err(Full));
        for _ in 0..2 * INBOX_QUESTIONS {
            inbox.urgent(Urgent::TimeOut);
        }
        let disk = DiskReport::Synced(raftwerk_core::WriteSeq(1));
        inbox.urgent(Urgent::Disk(disk));
        let batch = inbox.take(Duration::ZERO);
        assert_eq!(
            (batch.urgent.len(), batch.requests.len()),
            (INBOX_QUESTIONS + 1, REQUESTS_PER_TURN)
        );
        assert_eq!(inbox.request(read().0), Ok(()));
        let mut left = INBOX_REQUESTS - REQUESTS_PER_TURN + 1;
        while left > 0 {
            left -= inbox.take(Duration::ZERO).requests.len();
        }
        assert_eq!(inbox.lock().request_bytes, 0);
        let (command, (reply, _)) = (vec![0; 8 << 20].into(), oneshot::channel());
        assert_eq!(inbox.request(Request::Write { command, reply }), Ok(()));
        inbox.close();
        assert_eq!(inbox.request(read().0), Err(Full));
    }
}
