//! Records of a node's log files: what one write leaves on disk.
//!
//! ```text
//! magic u32 | kind u8 | 0 u8 | 0 u16 | group u32 | length u32 | number u64 | synced u64
//!           | crc32 of the body u32 | crc32 of the header u32 | body | zeros to 8 bytes
//! ```
//!
//! Numbers are little-endian; a header has [`HEADER_BYTES`]. Header and body have separate
//! checksums, so that damage inside a record can be told from a record that is not there. Records
//! are numbered without gaps over all files; `synced` is the number of the last record that was
//! known to be on disk when this one was made. So a damaged record with a later one that calls
//! it synced was promised and rotted; one without may never have been finished (trap D3).
//!
//! Guarantees: decoding never panics and allocates at most a fixed multiple of the record; no
//! length is trusted before the header's checksum holds (trap D6).

use raftwerk_core::{ClusterId, Entry, HardState, Index, LogId, NodeId};
use serde::{Deserialize, Serialize};

/// Length of a header.
pub const HEADER_BYTES: usize = 40;

/// Longest body. A write with more is cut into several records; an entry (2 MiB at most)
/// always fits.
pub const MAX_BODY_BYTES: usize = 4 << 20;

/// First bytes of every record: "RWL1".
const MAGIC: [u8; 4] = *b"RWL1";

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// First record of a file.
    Open,
    /// State to replay.
    Data,
}

/// A header whose checksum holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the record is.
    pub kind: Kind,
    /// Raft group; 0 today.
    pub group: u32,
    /// Length of the body.
    pub length: u32,
    /// Position in the sequence of records, from 1.
    pub number: u64,
    /// Last record known to be on disk when this one was made.
    pub synced: u64,
    body_sum: u32,
}

/// Whose log a file is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Version of the format.
    pub format: u16,
    /// The cluster.
    pub cluster: ClusterId,
    /// The node.
    pub node: NodeId,
}

/// Body of an `Open` record: whose log this is, and where it stood when the file was begun. So the
/// log can be read from any file on, once a snapshot covers what the files before it held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Whose log it is. Stays in front in every version of the format, so that a log of another
    /// version is told from damage.
    pub opening: Opening,
    /// Term and vote.
    pub hard_state: HardState,
    /// Last index of the log.
    pub end: Index,
}

/// Version of the log format. Version 1 is read, too: its files do not say where the log stood, and
/// its records remove no beginning.
pub const FORMAT: u16 = 2;

/// Body of a `Data` record: replayed in order, field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// New term and vote.
    pub hard_state: Option<HardState>,
    /// Remove every entry; the log goes on after this one, the last inside a snapshot that is in
    /// force from here on.
    pub after: Option<LogId>,
    /// Remove this position and all after it.
    pub cut_from: Option<Index>,
    /// Then append these.
    pub append: Vec<Entry>,
}

/// The checksum of records and of small files beside them.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// Where a record starts, rounded up: records lie at multiples of 8, so that one can be found
/// again behind damage.
#[must_use]
pub fn aligned(length: usize) -> usize {
    length.next_multiple_of(8)
}

/// Adds one record to `out`.
///
/// # Panics
/// When the body is longer than [`MAX_BODY_BYTES`] or a value cannot be encoded, both of which
/// only a bug can cause.
pub fn push<T: Serialize>(out: &mut Vec<u8>, kind: Kind, number: u64, synced: u64, body: &T) {
    let start = out.len();
    out.resize(start + HEADER_BYTES, 0);
    let taken = std::mem::take(out);
    *out = postcard::to_extend(body, taken).expect("log records are always encodable");
    let length = out.len() - start - HEADER_BYTES;
    assert!(length <= MAX_BODY_BYTES, "a log record of {length} bytes");
    let body_sum = crc32fast::hash(&out[start + HEADER_BYTES..]);
    let length = u32::try_from(length).expect("checked above");
    let header = Header {
        kind,
        group: 0,
        length,
        number,
        synced,
        body_sum,
    };
    out[start..start + HEADER_BYTES].copy_from_slice(&header.bytes());
    out.resize(start + aligned(out.len() - start), 0);
}

impl Header {
    fn bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..4].copy_from_slice(&MAGIC);
        bytes[4] = match self.kind {
            Kind::Open => 1,
            Kind::Data => 2,
        };
        bytes[8..12].copy_from_slice(&self.group.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.length.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.number.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.synced.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.body_sum.to_le_bytes());
        let sum = crc32fast::hash(&bytes[..36]);
        bytes[36..40].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Reads the header at the start of `bytes`, if there is a good one.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Header> {
        let head: &[u8; HEADER_BYTES] = bytes.first_chunk()?;
        let word =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let long = |at: usize| u64::from(word(at)) | (u64::from(word(at + 4)) << 32);
        if head[..4] != MAGIC || word(36) != crc32fast::hash(&head[..36]) || head[5..8] != [0; 3] {
            return None;
        }
        let kind = match head[4] {
            1 => Kind::Open,
            2 => Kind::Data,
            _ => return None,
        };
        let header = Header {
            kind,
            group: word(8),
            length: word(12),
            number: long(16),
            synced: long(24),
            body_sum: word(32),
        };
        (header.length as usize <= MAX_BODY_BYTES).then_some(header)
    }

    /// Bytes the whole record takes, with the zeros that fill it up.
    #[must_use]
    pub fn record_bytes(&self) -> usize {
        aligned(HEADER_BYTES + self.length as usize)
    }

    /// The body, if `record` (which starts at the header) holds all of it undamaged.
    #[must_use]
    pub fn body<'a>(&self, record: &'a [u8]) -> Option<&'a [u8]> {
        let body = record.get(HEADER_BYTES..HEADER_BYTES + self.length as usize)?;
        (crc32fast::hash(body) == self.body_sum).then_some(body)
    }
}

/// Reads the body of an `Open` record: whose log it is, and for this version of the format where
/// the log stood.
#[must_use]
pub fn read_start(body: &[u8]) -> Option<(Opening, Option<Start>)> {
    let (opening, rest) = postcard::take_from_bytes::<Opening>(body).ok()?;
    match opening.format {
        FORMAT => read_body(body).map(|start| (opening, Some(start))),
        1 if !rest.is_empty() => None,
        _ => Some((opening, None)),
    }
}

/// Reads the body of a `Data` record in a file of this version of the format.
#[must_use]
pub fn read_change(format: u16, body: &[u8]) -> Option<Change> {
    if format == FORMAT {
        return read_body(body);
    }
    let (hard_state, cut_from, append) = read_body(body)?;
    Some(Change {
        hard_state,
        after: None,
        cut_from,
        append,
    })
}

/// Reads a body that passed its checksum; it must be filled exactly.
#[must_use]
pub fn read_body<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Option<T> {
    match postcard::take_from_bytes(body) {
        Ok((value, [])) => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use raftwerk_core::{EntryBody, Term};

    fn change() -> Change {
        let command = |index, text: &str| Entry {
            id: LogId::new(3, index),
            body: EntryBody::Command(text.as_bytes().into()),
        };
        Change {
            hard_state: Some(HardState {
                term: Term(3),
                vote: Some(NodeId(2)),
            }),
            after: Some(LogId::new(2, 7)),
            cut_from: Some(Index(8)),
            append: vec![command(8, "a"), command(9, "bc")],
        }
    }

    #[test]
    fn records_come_back() {
        let mut out = Vec::new();
        let opening = Opening {
            format: FORMAT,
            cluster: ClusterId(5),
            node: NodeId(1),
        };
        let start = Start {
            opening,
            hard_state: HardState::default(),
            end: Index(9),
        };
        push(&mut out, Kind::Open, 1, 0, &start);
        let first = Header::read(&out).expect("the first record");
        assert_eq!((first.kind, first.number, first.synced), (Kind::Open, 1, 0));
        assert_eq!(first.body(&out).and_then(read_body), Some(start));
        let read = first.body(&out).and_then(read_start);
        assert_eq!(read, Some((opening, Some(start))));
        let at = first.record_bytes();
        assert_eq!((at, at % 8), (out.len(), 0));
        push(&mut out, Kind::Data, 2, 1, &change());
        let second = Header::read(&out[at..]).expect("the second record");
        assert_eq!(
            (second.kind, second.number, second.synced),
            (Kind::Data, 2, 1)
        );
        assert_eq!(second.body(&out[at..]).and_then(read_body), Some(change()));
        assert_eq!(at + second.record_bytes(), out.len());
    }

    #[test]
    fn damage_is_told_apart() {
        let mut good = Vec::new();
        push(&mut good, Kind::Data, 2, 1, &change());
        let length = Header::read(&good).expect("good").length as usize;
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            let header = Header::read(&bad);
            if at < HEADER_BYTES {
                assert_eq!(header, None, "byte {at}");
            } else if at < HEADER_BYTES + length {
                assert_eq!(
                    header.expect("the header is good").body(&bad),
                    None,
                    "byte {at}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn random_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let found = Header::read(&bytes).and_then(|h| h.body(&bytes).map(<[u8]>::len));
            prop_assert_eq!(found, None);
            let _: Option<Change> = read_body(&bytes);
            let _: Option<Start> = read_body(&bytes);
            let _ = (read_start(&bytes), read_change(1, &bytes));
        }
    }
}
