//! Frames between two nodes: what one binary WebSocket message holds.
//!
//! ```text
//! version u8 | kind u8 | crc32 u32 of all that follows | hello: postcard(PeerHello)
//!                                                      | message: group u32, serial u64,
//!                                                      |   boot u64, postcard(Message)
//!                                                      | chunk, got: see `chunk`
//! ```
//!
//! Numbers are little-endian. The checksum is there because TCP's own is weak and a command
//! damaged on the way would be committed as it arrived. The group is 0 until there are several.
//!
//! Guarantees: decoding never panics, refuses what is longer than [`MAX_FRAME_BYTES`], and
//! allocates at most a fixed multiple of the frame: a length claimed inside that the frame
//! cannot hold reserves nothing.

mod chunk;

pub use chunk::{Chunk, Got, MAX_CHUNK_BYTES};

use raftwerk_core::{Body, ClusterId, Message, NodeId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Version of frames and handshake; both sides must speak the same.
pub const PROTOCOL: u8 = 4;

/// Longest frame. The largest command is 2 MiB (`Limits::command_bytes`); an append holds one
/// such command or 256 KiB of smaller ones.
pub const MAX_FRAME_BYTES: usize = 3 << 20;

/// Most entries in one append: 256 KiB of the smallest entries is half of it.
pub const MAX_FRAME_ENTRIES: usize = 16_384;

/// Version, kind, checksum.
const HEAD: usize = 6;
const KIND_HELLO: u8 = 1;
const KIND_MESSAGE: u8 = 2;
const KIND_CHUNK: u8 = 3;
const KIND_GOT: u8 = 4;
/// Group, serial, boot.
const ENVELOPE: usize = 20;

/// First frame in each direction of a connection: who speaks, and to whom it thinks it speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerHello {
    /// The speaker's cluster.
    pub cluster: ClusterId,
    /// The speaker.
    pub node: NodeId,
    /// Life of the speaker's process, drawn at start.
    pub boot: u64,
    /// Life of the speaker's disk, drawn when its data directory was made: a wiped disk under an
    /// old node id shows (trap D9).
    pub disk: u64,
    /// Whom it wants to reach.
    pub to: NodeId,
    /// Checksum of the ids of the first members: nodes started with different lists must not
    /// form a cluster (trap M10).
    pub founders: u32,
    /// Where the speaker is reached: whoever has not met it learns it from here.
    pub url: String,
}

/// One message with what the transport adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Raft group; 0 today.
    pub group: u32,
    /// The sender's number for the message; grows within one boot.
    pub serial: u64,
    /// Life of the sender's process.
    pub boot: u64,
    /// The message.
    pub message: Message,
}

/// What a frame is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// The handshake.
    Hello(PeerHello),
    /// A message.
    Message(Box<Frame>),
    /// A piece of a snapshot.
    Chunk(Box<Chunk>),
    /// How much of a snapshot has arrived.
    Got(Got),
}

/// Why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// Longer than [`MAX_FRAME_BYTES`].
    TooLong {
        /// How long.
        bytes: usize,
    },
    /// Shorter than any frame.
    TooShort,
    /// Of another version of the protocol.
    Version {
        /// Theirs.
        theirs: u8,
    },
    /// The checksum does not match: damaged on the way.
    Damaged,
    /// The checksum matches, but the content is not a message of this version.
    Malformed,
    /// An append with more than [`MAX_FRAME_ENTRIES`].
    TooManyEntries,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::TooLong { bytes } => {
                write!(
                    f,
                    "a frame of {bytes} bytes; the limit is {MAX_FRAME_BYTES}"
                )
            }
            FrameError::TooShort => f.write_str("a frame that ends too early"),
            FrameError::Version { theirs } => write!(
                f,
                "it speaks version {theirs} of the peer protocol, this node version {PROTOCOL}: \
                 run the same version of raftwerk on all nodes"
            ),
            FrameError::Damaged => f.write_str("a frame that was damaged on the way"),
            FrameError::Malformed => f.write_str("a frame whose content makes no sense"),
            FrameError::TooManyEntries => {
                write!(f, "an append with more than {MAX_FRAME_ENTRIES} entries")
            }
        }
    }
}

impl std::error::Error for FrameError {}

impl PeerHello {
    /// The frame that opens a connection.
    ///
    /// # Panics
    /// Never: a hello is always encodable.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let bytes = start(KIND_HELLO, 64 + self.url.len());
        let bytes = postcard::to_extend(self, bytes).expect("a hello is always encodable");
        seal(bytes)
    }
}

/// The frame for one message.
///
/// # Errors
/// [`FrameError::TooLong`] when it would not fit, which no message within the limits does.
pub fn encode(
    group: u32,
    serial: u64,
    boot: u64,
    message: &Message,
) -> Result<Vec<u8>, FrameError> {
    let mut bytes = start(KIND_MESSAGE, 128 + payload_bytes(message));
    bytes.extend_from_slice(&group.to_le_bytes());
    bytes.extend_from_slice(&serial.to_le_bytes());
    bytes.extend_from_slice(&boot.to_le_bytes());
    let bytes = postcard::to_extend(message, bytes).map_err(|_| FrameError::Malformed)?;
    if bytes.len() > MAX_FRAME_BYTES {
        return Err(FrameError::TooLong { bytes: bytes.len() });
    }
    Ok(seal(bytes))
}

/// Reads one frame.
///
/// # Errors
/// What is wrong with it; the connection it came from cannot be trusted any more.
pub fn decode(bytes: &[u8]) -> Result<Incoming, FrameError> {
    if bytes.len() > MAX_FRAME_BYTES {
        return Err(FrameError::TooLong { bytes: bytes.len() });
    }
    let version = *bytes.first().ok_or(FrameError::TooShort)?;
    if version != PROTOCOL {
        return Err(FrameError::Version { theirs: version });
    }
    let (head, body) = bytes.split_at_checked(HEAD).ok_or(FrameError::TooShort)?;
    let kind = head[1];
    let sum = u32::from_le_bytes([head[2], head[3], head[4], head[5]]);
    if checksum(kind, body) != sum {
        return Err(FrameError::Damaged);
    }
    match kind {
        KIND_HELLO => whole(body).map(Incoming::Hello),
        KIND_MESSAGE => decode_message(body).map(|frame| Incoming::Message(Box::new(frame))),
        KIND_CHUNK => Chunk::read(body).map(|chunk| Incoming::Chunk(Box::new(chunk))),
        KIND_GOT => whole(body).map(Incoming::Got),
        _ => Err(FrameError::Malformed),
    }
}

fn decode_message(body: &[u8]) -> Result<Frame, FrameError> {
    let (group, rest) = body.split_first_chunk::<4>().ok_or(FrameError::TooShort)?;
    let (serial, rest) = rest.split_first_chunk::<8>().ok_or(FrameError::TooShort)?;
    let (boot, rest) = rest.split_first_chunk::<8>().ok_or(FrameError::TooShort)?;
    debug_assert_eq!(body.len() - rest.len(), ENVELOPE);
    let message: Message = whole(rest)?;
    if let Body::Append { entries, .. } = &message.body
        && entries.len() > MAX_FRAME_ENTRIES
    {
        return Err(FrameError::TooManyEntries);
    }
    Ok(Frame {
        group: u32::from_le_bytes(*group),
        serial: u64::from_le_bytes(*serial),
        boot: u64::from_le_bytes(*boot),
        message,
    })
}

/// Reads a value that must fill the bytes exactly.
fn whole<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, FrameError> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        _ => Err(FrameError::Malformed),
    }
}

/// A checksum of the ids of the first members, for [`PeerHello::founders`].
#[must_use]
pub fn founders_sum(ids: impl IntoIterator<Item = u64>) -> u32 {
    let mut ids: Vec<u64> = ids.into_iter().collect();
    ids.sort_unstable();
    let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
    crc32fast::hash(&bytes)
}

/// A lower bound for the encoded size that is close for appends.
fn payload_bytes(message: &Message) -> usize {
    match &message.body {
        Body::Append { entries, .. } => {
            usize::try_from(entries.iter().map(raftwerk_core::Entry::size).sum::<u64>())
                .unwrap_or(0)
                .min(MAX_FRAME_BYTES)
        }
        _ => 0,
    }
}

fn start(kind: u8, room: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD + room);
    bytes.extend_from_slice(&[PROTOCOL, kind, 0, 0, 0, 0]);
    bytes
}

fn seal(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = checksum(bytes[1], &bytes[HEAD..]);
    bytes[2..HEAD].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// Over the kind too: a flip there must not turn one frame into another.
fn checksum(kind: u8, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[kind]);
    hasher.update(body);
    hasher.finalize()
}

#[cfg(test)]
mod tests;
