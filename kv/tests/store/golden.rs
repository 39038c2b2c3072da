//! Pinned bytes and digests. They must be the same on every platform and in every build: where
//! one of these fails, replicas of different builds would disagree, and old data would not load.

use raftwerk_kv::{Answer, Command, Expect, Request};

use crate::{Log, bytes};

/// A small history that passes through every command and every answer.
fn history() -> Log {
    let mut log = Log::default();
    log.put("x", "1");
    let session = log.open();
    log.submit(Request::tagged(session, 1, Command::put("x", "2")));
    log.submit(Request::tagged(session, 1, Command::put("x", "2")));
    log.submit(Request::tagged(session, 3, Command::delete("nothing")));
    log.submit(Request::tagged(session, 2, Command::put("x", "late")));
    log.submit(Request::tagged(99, 1, Command::put("x", "lost")));
    log.cas("y", Expect::Revision(0), Some("3"));
    log.cas("y", Expect::Value(bytes("4")), None);
    log.cas("z", Expect::Absent, Some("5"));
    log.delete("x");
    let short = log.open();
    log.submit(Command::CloseSession { session: short });
    assert_eq!(log.append(b"noise".to_vec()), Answer::Malformed);
    log
}

#[test]
fn request_bytes_are_pinned() {
    let put = Request::tagged(7, 1, Command::put("x", "hi")).encode();
    assert_eq!(
        put,
        b"\x02\x01\x07\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x01\x01\0\0\0x\x02\0\0\0hi\x0c\x92\x6c\x6f"
    );
    let delete = Request::from(Command::delete("x")).encode();
    let sealed = |said: &[u8]| Request::sealed(said.to_vec());
    assert_eq!(delete, sealed(b"\x02\0\x02\x01\0\0\0x"));
    let key = bytes("x");
    let expect = Expect::Revision(258);
    let cas = Command::CompareAndSet {
        key,
        expect,
        value: Some(bytes("")),
    };
    assert_eq!(
        Request::from(cas).encode(),
        sealed(b"\x02\0\x03\x01\0\0\0x\x02\x02\x01\0\0\0\0\0\0\x01\0\0\0\0")
    );
    let open = Request::from(Command::OpenSession).encode();
    assert_eq!(open, sealed(b"\x02\0\x04"));
    let close = Request::from(Command::CloseSession { session: 5 }).encode();
    assert_eq!(close, sealed(b"\x02\0\x05\x05\0\0\0\0\0\0\0"));
}

#[test]
fn digests_are_pinned() {
    let store = history().store;
    assert_eq!((store.applied(), store.revision()), (14, 6));
    let pinned = (store.digest(), store.state_digest(), store.encode().len());
    assert_eq!(pinned, (0x554f_740d_86bc_3fea, 0xb768_0edf_4870_b77b, 321));
}
