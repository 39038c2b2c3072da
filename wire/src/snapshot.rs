//! A snapshot in a file of a node's data directory (paper 7, thesis 5).
//!
//! ```text
//! magic u64 | length of the head u32 | crc32 of the head u32 | head: postcard(Head) | state
//! ```
//!
//! Numbers are little-endian. The head says what the state covers and how long it is, with a hash
//! over all of it. Guarantees: reading never panics, allocates at most a fixed multiple of the
//! head, and returns a state only if every byte of it is there as it was written.

use crate::record::checksum;
use raftwerk_core::{ClusterId, SnapshotMeta, StableHasher};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::hash::Hasher;

/// Version of the format.
pub const FORMAT: u16 = 1;

/// Longest head: some ten bytes for each member, of which there are a handful.
pub const MAX_HEAD_BYTES: usize = 64 << 10;

/// First bytes of every snapshot file.
const MAGIC: [u8; 8] = *b"RWSNAP\r\n";

/// Magic, length and checksum.
const PREFIX: usize = 16;

/// What is hashed at a time.
const BLOCK: usize = 64 << 10;

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Version of the format; in front in every version.
    pub format: u16,
    /// The cluster.
    pub cluster: ClusterId,
    /// What the state covers, who the members were there, its length and hash.
    pub meta: SnapshotMeta,
}

/// Why bytes are no snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// It does not begin like one, or its head is damaged.
    Head,
    /// Of another version of the format.
    Version {
        /// Theirs.
        format: u16,
    },
    /// The state is shorter or longer than its head says.
    Length,
    /// The state is not what was written.
    Hash,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bad::Head => f.write_str("its head is damaged"),
            Bad::Version { format } => {
                write!(f, "it has format {format}, this version knows {FORMAT}")
            }
            Bad::Length => f.write_str("it has another length than its head says"),
            Bad::Hash => f.write_str("its content is damaged"),
        }
    }
}

impl Head {
    /// The head of a snapshot of this cluster.
    #[must_use]
    pub fn new(cluster: ClusterId, meta: SnapshotMeta) -> Head {
        Head {
            format: FORMAT,
            cluster,
            meta,
        }
    }

    /// The bytes in front of the state.
    ///
    /// # Errors
    /// [`Bad::Head`] when they are more than [`MAX_HEAD_BYTES`], which no membership within the
    /// limits makes.
    pub fn encode(&self) -> Result<Vec<u8>, Bad> {
        let mut bytes = MAGIC.to_vec();
        bytes.resize(PREFIX, 0);
        bytes = postcard::to_extend(self, bytes).map_err(|_| Bad::Head)?;
        let length = bytes.len() - PREFIX;
        if length > MAX_HEAD_BYTES {
            return Err(Bad::Head);
        }
        let sum = checksum(&bytes[PREFIX..]);
        let length = u32::try_from(length).expect("checked above");
        bytes[8..12].copy_from_slice(&length.to_le_bytes());
        bytes[12..PREFIX].copy_from_slice(&sum.to_le_bytes());
        Ok(bytes)
    }

    /// Reads the head at the beginning of a file, and where the state begins.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<(Head, usize), Bad> {
        let prefix: &[u8; PREFIX] = bytes.first_chunk().ok_or(Bad::Head)?;
        let word = |at: usize| {
            u32::from_le_bytes([prefix[at], prefix[at + 1], prefix[at + 2], prefix[at + 3]])
        };
        let length = word(8) as usize;
        if prefix[..8] != MAGIC || length > MAX_HEAD_BYTES {
            return Err(Bad::Head);
        }
        let end = PREFIX + length;
        let head = bytes.get(PREFIX..end).ok_or(Bad::Head)?;
        if checksum(head) != word(12) {
            return Err(Bad::Head);
        }
        match postcard::take_from_bytes::<u16>(head) {
            Ok((FORMAT, _)) => {}
            Ok((format, _)) => return Err(Bad::Version { format }),
            Err(_) => return Err(Bad::Head),
        }
        match postcard::take_from_bytes(head) {
            Ok((head, [])) => Ok((head, end)),
            _ => Err(Bad::Head),
        }
    }
}

/// Reads a whole file: its head, and the state if it is undamaged.
///
/// # Errors
/// What is wrong with it.
pub fn read(bytes: &[u8]) -> Result<(Head, &[u8]), Bad> {
    let (head, start) = Head::read(bytes)?;
    let state = &bytes[start..];
    verify(&head.meta, state)?;
    Ok((head, state))
}

/// Whether these are the bytes that a snapshot is said to have.
///
/// # Errors
/// Why not.
pub fn verify(meta: &SnapshotMeta, state: &[u8]) -> Result<(), Bad> {
    if state.len() as u64 != meta.bytes {
        return Err(Bad::Length);
    }
    let mut hash = Hash::default();
    state.chunks(BLOCK).for_each(|block| hash.block(block));
    match hash.finish() == meta.hash {
        true => Ok(()),
        false => Err(Bad::Hash),
    }
}

/// Says in a snapshot's meta how long its state is, and its hash.
pub fn sign(meta: &mut SnapshotMeta, state: &[u8]) {
    let mut hash = Hash::default();
    state.chunks(BLOCK).for_each(|block| hash.block(block));
    (meta.bytes, meta.hash) = (state.len() as u64, hash.finish());
}

/// The hash of a state that is read block by block.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hash(StableHasher);

impl Hash {
    /// Bytes of each block but the last.
    pub const BLOCK: usize = BLOCK;

    /// Takes the next block in.
    pub fn block(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    /// The hash.
    #[must_use]
    pub fn finish(self) -> u64 {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use raftwerk_core::{LogId, Members, Membership, NodeId};

    fn file(state: &[u8]) -> Vec<u8> {
        let mut meta = SnapshotMeta {
            last: LogId::new(3, 40),
            membership: Membership {
                id: LogId::new(0, 1),
                members: Members::of_voters((1..=3).map(NodeId)),
            },
            ..SnapshotMeta::default()
        };
        sign(&mut meta, state);
        let mut bytes = Head::new(ClusterId(7), meta).encode().expect("short");
        bytes.extend_from_slice(state);
        bytes
    }

    #[test]
    fn a_snapshot_comes_back_and_every_flip_and_cut_is_noticed() {
        let good = file(b"the state");
        let (head, state) = read(&good).expect("good");
        assert_eq!((head.cluster, state), (ClusterId(7), &b"the state"[..]));
        assert_eq!(head.meta.last, LogId::new(3, 40));
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            assert!(read(&bad).is_err(), "byte {at}");
            assert!(read(&good[..at]).is_err(), "cut at {at}");
        }
        let longer = [&good[..], &[0]].concat();
        assert_eq!(read(&longer), Err(Bad::Length));
    }

    #[test]
    fn another_version_is_named() {
        let mut head = Head::new(ClusterId(7), SnapshotMeta::default());
        head.format = 9;
        let bytes = head.encode().expect("short");
        assert_eq!(read(&bytes), Err(Bad::Version { format: 9 }));
    }

    proptest! {
        #[test]
        fn random_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(read(&bytes).is_err());
            let _ = read(&[&MAGIC[..], &bytes].concat());
        }
    }
}
