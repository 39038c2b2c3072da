//! Requests to the store, and its snapshots.

use super::Samples;
use raftwerk_kv::{Command, Expect, Request, Store};

/// Every request.
pub fn requests() -> Samples {
    let cas = |expect, value: Option<&str>| Command::CompareAndSet {
        key: b"key"[..].into(),
        expect,
        value: value.map(|value| value.as_bytes().into()),
    };
    let plain = |command| Request::from(command).encode();
    let old = Expect::Value(b"old"[..].into());
    vec![
        ("put", plain(Command::put("key", "value"))),
        ("delete", plain(Command::delete("key"))),
        ("if-absent", plain(cas(Expect::Absent, Some("new")))),
        ("if-value", plain(cas(old, None))),
        (
            "if-revision",
            plain(cas(Expect::Revision(1 << 40), Some(""))),
        ),
        ("open", plain(Command::OpenSession)),
        ("close", plain(Command::CloseSession { session: 9 })),
        (
            "tagged",
            Request::tagged(7, 1, Command::put("k", [0xff])).encode(),
        ),
    ]
}

/// Snapshots of the store: an empty one, and one with keys, sessions with answers and a history.
pub fn stores() -> Samples {
    let mut store = Store::new();
    let empty = store.encode();
    let requests = [
        Request::from(Command::put("a", "1")),
        Command::OpenSession.into(),
        Request::tagged(2, 1, Command::put("b", "2")),
        Command::put("a", "3").into(),
        Command::delete("b").into(),
        Command::OpenSession.into(),
        Request::tagged(6, 4, Command::delete("a")),
        Command::put("c", [0, 0xff]).into(),
    ];
    for (at, request) in requests.iter().enumerate() {
        store.apply(at as u64 + 1, 1_000 + at as u64, &request.encode());
    }
    vec![("empty", empty), ("full", store.encode())]
}
