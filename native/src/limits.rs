//! Every bound of the server that is not part of the core's configuration, with its unit.

use std::time::Duration;

/// A log file is followed by a new one after this many bytes.
pub const SEGMENT_BYTES: u64 = 16 << 20;

/// Log files grow by this many zeros at a time.
pub const SEGMENT_GROWTH: u64 = 1 << 20;

/// Bytes kept in reserve beside the log, unless told otherwise: all entries that a leader may have
/// uncommitted, which it may write before it hears that the disk is full, and [`RESERVE_RECORDS`].
pub const RESERVE_BYTES: u64 = 24 << 20;

/// Bytes of a reserve for what is no entry: heads of records, term and vote, new files, a mark.
pub const RESERVE_RECORDS: u64 = 4 << 20;

/// While the reserve is in use, it is tried so often to make it again.
pub const RESERVE_PAUSE: Duration = Duration::from_secs(1);

/// Peer messages that wait for the loop; further ones are dropped, as a network would.
pub const INBOX_MESSAGES: usize = 4_096;

/// Bytes of entries in those messages.
pub const INBOX_MESSAGE_BYTES: u64 = 32 << 20;

/// Client requests that wait for the loop; further ones are refused.
pub const INBOX_REQUESTS: usize = 4_096;

/// Bytes of commands in those requests.
pub const INBOX_REQUEST_BYTES: u64 = 32 << 20;

/// Questions of probes and pages (state, health) that wait for the loop; further ones are
/// answered as by a node that does not answer.
pub const INBOX_QUESTIONS: usize = 1_024;

/// Client requests taken in one turn of the loop, so that peers never wait long (trap C9).
pub const REQUESTS_PER_TURN: usize = 512;

/// Answers kept for proposals whose end was not reported yet.
pub const KEPT_ANSWERS: usize = 16_384;

/// Messages that wait for the connection to one peer; older ones are dropped first.
pub const PEER_QUEUE_MESSAGES: usize = 256;

/// Bytes of entries in those messages; a single message is always taken.
pub const PEER_QUEUE_BYTES: u64 = 8 << 20;

/// Messages written to a peer's socket before it is flushed.
pub const PEER_WRITE_BATCH: usize = 64;

/// Connections from peers at the same time, all together.
pub const PEER_CONNECTIONS: usize = 64;

/// A peer's socket must be open and greeted within this time.
pub const PEER_CONNECT: Duration = Duration::from_millis(1_000);

/// Pause before the next try when a peer refused this node for a reason that lasts.
pub const PEER_REFUSED_PAUSE: Duration = Duration::from_millis(1_000);

/// Items of the observe stream that are kept for those who come back.
pub const OBSERVE_KEPT: usize = 16_384;

/// Subscribers of the observe stream.
pub const OBSERVE_SUBSCRIBERS: usize = 32;

/// Items handed to one subscriber at a time.
pub const OBSERVE_BATCH: usize = 256;

/// A subscriber that does not take a batch within this time is dropped.
pub const OBSERVE_WRITE: Duration = Duration::from_secs(5);

/// Events are still recorded for this long after the last subscriber left, so that one who
/// reconnects has no gap.
pub const OBSERVE_LINGER: Duration = Duration::from_secs(10);

/// Time between two views of the observe stream: 20 a second.
pub const OBSERVE_VIEW_PAUSE: Duration = Duration::from_millis(50);

/// Longest frame taken from a subscriber; subscribers have nothing to say.
pub const OBSERVE_INCOMING_BYTES: usize = 4_096;

/// A fault that is passed on to another node is answered within this time.
pub const CHAOS_PASSED_ON: Duration = Duration::from_secs(2);

/// Longest item taken from another node's stream.
pub const OBSERVE_ITEM_BYTES: usize = 4 << 20;

/// Streams of other nodes that are passed on to pages at the same time.
pub const OBSERVE_RELAYS: usize = 64;

/// A client request is answered within this time.
pub const REQUEST: Duration = Duration::from_secs(5);

/// What a request that is passed on may take, with all its tries: a little less, so that the node
/// asked still answers.
pub const FORWARD: Duration = Duration::from_millis(4_500);

/// An answer of a leader that leads no more is waited for this long.
pub const GRACE: Duration = Duration::from_millis(100);

/// `/healthz` waits this long for the loop.
pub const HEALTH: Duration = Duration::from_secs(1);

/// Open connections of clients and browsers that are not WebSockets yet. Below the usual limit
/// of 1,024 open files.
pub const CONNECTIONS: usize = 800;

/// A connection must send the head of a request within this time, also between requests.
pub const REQUEST_HEAD: Duration = Duration::from_secs(60);

/// Longest head of a request; also what is read from a connection at a time.
pub const REQUEST_HEAD_BYTES: usize = 64 << 10;

/// Client requests under way at the same time.
pub const HTTP_REQUESTS: usize = 1_024;

/// Client requests under way at the same time at the supervisor of `raftwerk play`.
pub const PLAY_REQUESTS: usize = 256;

/// Bytes read and thrown away after a body that is too long, so that the error can be heard.
pub const BODY_DRAIN_BYTES: usize = 8 << 20;

/// Longest JSON body of a request.
pub const JSON_BODY_BYTES: usize = 64 << 10;

/// Keys in one page of a list, unless asked for fewer.
pub const LIST_DEFAULT: usize = 100;

/// Most keys in one page of a list.
pub const LIST_MAX: usize = 1_000;

/// Bytes of keys and values in one page of a list; a page ends early rather than grow larger.
pub const LIST_BYTES: usize = 4 << 20;

/// Lines that wait for standard error; further ones are counted and dropped.
pub const LOG_LINES: usize = 1_024;

/// A new node that joins waits this long for an answer of the cluster.
pub const JOIN: Duration = Duration::from_secs(60);

/// Pause before a node that joins asks again.
pub const JOIN_PAUSE: Duration = Duration::from_millis(500);

/// Longest state of a snapshot, taken or received: it is held in memory once more while it is
/// written or loaded.
pub const SNAPSHOT_BYTES: u64 = 4 << 30;

/// Bytes of a snapshot sent at a time; one such chunk is on its way to a peer, no more.
pub const SNAPSHOT_CHUNK_BYTES: usize = 128 << 10;

/// Chunks that wait to be written; further ones are lost, and sent again.
pub const SNAPSHOT_CHUNKS_WAITING: usize = 8;

/// A chunk that is not answered is sent again after this time.
pub const SNAPSHOT_RESEND: Duration = Duration::from_millis(500);

/// A stream is given up when the peer got nothing new for so long.
pub const SNAPSHOT_PATIENCE: Duration = Duration::from_secs(15);

/// A stream is given up when its peer threw away what it had so often.
pub const SNAPSHOT_RESTARTS: u32 = 3;

/// Frames that wait behind the messages to a peer: chunks, and answers to chunks.
pub const PEER_BULK_FRAMES: usize = 8;
