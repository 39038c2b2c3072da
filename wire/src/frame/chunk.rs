//! Pieces of a snapshot on their way to a peer, and the answers to them (paper 7, thesis 5.3).
//!
//! What a snapshot covers is told by the core's messages; its bytes travel beside them, and each
//! piece says again to which snapshot and session it belongs. A piece is answered with how much
//! the receiver has, whatever that piece was worth.

use super::{FrameError, HEAD, KIND_CHUNK, KIND_GOT, seal, start};
use raftwerk_core::{Lane, LogId, SnapshotMeta};
use serde::{Deserialize, Serialize};

/// Most bytes of a snapshot in one piece.
pub const MAX_CHUNK_BYTES: usize = 256 << 10;

/// A piece of a snapshot. An empty one asks how much is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Raft group; 0 today.
    pub group: u32,
    /// The session it is sent in.
    pub lane: Lane,
    /// The snapshot.
    pub meta: SnapshotMeta,
    /// Where in the state these bytes belong.
    pub offset: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// How much of a snapshot its receiver has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Got {
    /// Raft group; 0 today.
    pub group: u32,
    /// The session of the piece that is answered.
    pub lane: Lane,
    /// Last entry inside the snapshot.
    pub last: LogId,
    /// So many bytes from the beginning are here.
    pub upto: u64,
    /// All of them are on disk and verified, or none is needed any more.
    pub staged: bool,
}

impl Chunk {
    /// The frame.
    ///
    /// # Panics
    /// Never: a piece is always encodable.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let bytes = start(KIND_CHUNK, 256 + self.bytes.len());
        let head = (self.group, self.lane, &self.meta, self.offset);
        let mut bytes = postcard::to_extend(&head, bytes).expect("a piece is always encodable");
        bytes.extend_from_slice(&self.bytes);
        seal(bytes)
    }

    /// Reads what is inside a frame.
    pub(super) fn read(body: &[u8]) -> Result<Chunk, FrameError> {
        let head = postcard::take_from_bytes::<(u32, Lane, SnapshotMeta, u64)>(body);
        let ((group, lane, meta, offset), bytes) = head.map_err(|_| FrameError::Malformed)?;
        if bytes.len() > MAX_CHUNK_BYTES {
            let bytes = HEAD + body.len();
            return Err(FrameError::TooLong { bytes });
        }
        Ok(Chunk {
            group,
            lane,
            meta,
            offset,
            bytes: bytes.to_vec(),
        })
    }
}

impl Got {
    /// The frame.
    ///
    /// # Panics
    /// Never: an answer is always encodable.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let bytes = start(KIND_GOT, 64);
        seal(postcard::to_extend(self, bytes).expect("an answer is always encodable"))
    }
}
