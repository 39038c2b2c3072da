//! The store seen from outside: one module per rule book.

mod encoding;
mod forged;
mod golden;
mod history;
mod model;
mod revisions;
mod sessions;

use raftwerk_kv::{Answer, Command, Expect, KeyValue, Payload, Request, Store};

/// A store with a log in front of it: entries get the next index.
#[derive(Default)]
struct Log {
    store: Store,
    entries: Vec<Vec<u8>>,
}

impl Log {
    fn submit(&mut self, request: impl Into<Request>) -> Answer {
        self.append(request.into().encode())
    }

    fn append(&mut self, entry: Vec<u8>) -> Answer {
        let index = self.store.applied() + 1;
        let answer = self.store.apply(index, 10 * index, &entry);
        self.entries.push(entry);
        answer
    }

    fn put(&mut self, key: &str, value: &str) -> Answer {
        self.submit(Command::put(key, value))
    }

    fn delete(&mut self, key: &str) -> Answer {
        self.submit(Command::delete(key))
    }

    fn cas(&mut self, key: &str, expect: Expect, value: Option<&str>) -> Answer {
        let value = value.map(bytes);
        self.submit(Command::CompareAndSet {
            key: bytes(key),
            expect,
            value,
        })
    }

    fn open(&mut self) -> u64 {
        match self.submit(Command::OpenSession) {
            Answer::SessionOpened { session } => session,
            other => panic!("expected an open session, got {other:?}"),
        }
    }
}

fn bytes(text: &str) -> Payload {
    text.as_bytes().into()
}

/// A key record: create revision, mod revision, version.
fn item(key: &str, value: &str, [create_revision, mod_revision, version]: [u64; 3]) -> KeyValue {
    KeyValue {
        key: bytes(key),
        value: bytes(value),
        create_revision,
        mod_revision,
        version,
    }
}
