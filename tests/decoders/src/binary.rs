//! Binary decoders: peer frames, log records, snapshot files, requests, snapshots of the store.
//!
//! A sum in front keeps damage out, so each input is tried twice where there is one: as it is,
//! and with sums that fit, which is what a peer that means harm would send.

use crate::meter::bounded;
use raftwerk_kv::{Command, Request, Store};
use raftwerk_wire::frame::{self, Incoming};
use raftwerk_wire::record::{self, Change, HEADER_BYTES, Header, Kind, Start};
use raftwerk_wire::snapshot::{self, Head};

/// A list makes room for as many entries as it claims and as there are bytes left: one entry in
/// memory for a byte. Lists grow in place of an old one, and one may stand inside another.
const TIMES: usize = 2 * size_of::<raftwerk_core::Entry>();

/// A frame of a peer.
pub fn frame(bytes: &[u8]) -> bool {
    let mut mended = bytes.to_vec();
    if let Some((head, body)) = mended.split_at_mut_checked(6) {
        let mut sum = crc32fast::Hasher::new();
        sum.update(&head[1..2]);
        sum.update(body);
        head[2..6].copy_from_slice(&sum.finalize().to_le_bytes());
    }
    let found = [bytes, &mended].map(|bytes| bounded(bytes, TIMES, frame::decode));
    for incoming in found.iter().flatten() {
        let again = encode(incoming);
        assert!(again.len() <= bytes.len(), "the encoding is the shortest");
        assert_eq!(frame::decode(&again).as_ref(), Ok(incoming));
    }
    found[1].is_ok()
}

fn encode(incoming: &Incoming) -> Vec<u8> {
    match incoming {
        Incoming::Hello(hello) => hello.encode(),
        Incoming::Chunk(chunk) => chunk.encode(),
        Incoming::Got(got) => got.encode(),
        Incoming::Message(frame) => {
            let (group, serial, boot) = (frame.group, frame.serial, frame.boot);
            frame::encode(group, serial, boot, &frame.message).expect("it was no longer")
        }
    }
}

/// One record of a log file, and its body by itself.
pub fn record(bytes: &[u8]) -> bool {
    bounded(bytes, TIMES, |bytes| {
        let header = Header::read(bytes)?;
        header.body(bytes).map(<[u8]>::len)
    });
    let mut mended = bytes.to_vec();
    mend_record(&mut mended);
    let Some(header) = Header::read(&mended) else {
        return false;
    };
    let Some(body) = header.body(&mended) else {
        return false;
    };
    let mut again = Vec::new();
    let push = |out: &mut Vec<u8>, change: &Change| {
        record::push(out, header.kind, header.number, header.synced, change);
    };
    match header.kind {
        Kind::Data => {
            let Some(change) = bounded(body, TIMES, |body| record::read_body::<Change>(body))
            else {
                return is_older(header.kind, body);
            };
            push(&mut again, &change);
            let header = Header::read(&again).expect("what was written is read");
            let body = header.body(&again).expect("with its body");
            assert_eq!(record::read_body(body), Some(change));
            assert!(body.len() <= bytes.len(), "the encoding is the shortest");
        }
        Kind::Open => {
            let Some(opening) = bounded(body, TIMES, |body| record::read_body::<Start>(body))
            else {
                return is_older(header.kind, body);
            };
            record::push(&mut again, header.kind, 1, 0, &opening);
            let header = Header::read(&again).expect("what was written is read");
            let body = header.body(&again).expect("with its body");
            assert_eq!(record::read_body(body), Some(opening));
        }
    }
    true
}

/// Whether it is a body of the version before, as far as it tells by itself.
fn is_older(kind: Kind, body: &[u8]) -> bool {
    match kind {
        Kind::Data => bounded(body, TIMES, |body| record::read_change(1, body)).is_some(),
        Kind::Open => {
            let read = bounded(body, TIMES, record::read_start);
            matches!(read, Some((opening, None)) if opening.format == 1)
        }
    }
}

/// The file of a snapshot: its head, and the state behind it if that is as it was written.
pub fn snapshot(bytes: &[u8]) -> bool {
    let mut mended = bytes.to_vec();
    let length = bytes.get(8..12).map_or(0, |length| {
        u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize
    });
    if let Some(head) = bytes.get(16..).and_then(|rest| rest.get(..length)) {
        mended[12..16].copy_from_slice(&crc32fast::hash(head).to_le_bytes());
    }
    let found = [bytes, &mended].map(|bytes| bounded(bytes, TIMES, Head::read));
    for (head, start) in found.iter().flatten() {
        let again = head.encode().expect("it was no longer");
        assert!(again.len() <= *start, "the encoding is the shortest");
        assert_eq!(
            Head::read(&again).as_ref(),
            Ok(&(head.clone(), again.len()))
        );
    }
    if let Ok((head, state)) = snapshot::read(bytes) {
        assert_eq!(head.meta.bytes, state.len() as u64);
    }
    found[1].is_ok()
}

/// Makes the sums of the record at the start fit. Returns its length, if it is all there.
pub fn mend_record(bytes: &mut [u8]) -> Option<usize> {
    let (head, rest) = bytes.split_at_mut_checked(HEADER_BYTES)?;
    let length = u32::from_le_bytes([head[12], head[13], head[14], head[15]]) as usize;
    if let Some(body) = rest.get(..length) {
        head[32..36].copy_from_slice(&crc32fast::hash(body).to_le_bytes());
    }
    let sum = crc32fast::hash(&head[..36]);
    head[36..40].copy_from_slice(&sum.to_le_bytes());
    let whole = record::aligned(HEADER_BYTES + length);
    (whole <= bytes.len()).then_some(whole)
}

/// A request in the log: there is one encoding in each version, so what is accepted is what is written.
pub fn request(bytes: &[u8]) -> bool {
    let said = &bytes[..bytes.len().saturating_sub(4)];
    let sealed = one_request(&Request::sealed(said.to_vec()));
    one_request(bytes) | sealed
}

fn one_request(bytes: &[u8]) -> bool {
    let Ok(request) = bounded(bytes, 2, Request::decode) else {
        // The store must take it as an entry all the same, and stay readable.
        Store::new().apply(1, 0, bytes);
        return false;
    };
    assert!(Request::is_intact(bytes));
    assert!(
        request.encode() == bytes || bytes[0] == 1,
        "the version before this is still read"
    );
    assert_eq!(Request::decode(&request.encode()), Ok(request));
    true
}

/// A snapshot of the store: the same, and it can go on from there.
pub fn store(bytes: &[u8]) -> bool {
    let Ok(mut store) = bounded(bytes, TIMES, Store::decode) else {
        return false;
    };
    assert_eq!(store.encode(), bytes);
    if let Some(next) = store.applied().checked_add(1) {
        store.apply(next, 1, &Request::from(Command::put("k", "v")).encode());
        assert_eq!(Store::decode(&store.encode()), Ok(store));
    }
    true
}
