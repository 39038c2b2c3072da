//! The store: applies entries, answers reads. Thesis section 6.3 for sessions, etcd v3 for
//! revisions: an empty store is at 1, the first write makes 2, each change advances by one, what
//! changes nothing does not advance, and a version starts again at 1 after a delete.
//!
//! Guarantees: equal histories of `apply` give equal stores; every entry gets an answer.

use std::hash::{Hash, Hasher};

use crate::answer::{Answer, KeyValue};
use crate::codec::Sink;
use crate::command::{Command, Expect, Payload, Request};
use crate::digest::Digest;
use crate::entry::write_answer;
use crate::history::{Change, Changes, Compacted, History};
use crate::session::{SessionInfo, Sessions};
use crate::table::{Row, Table};

/// The state that the log builds. Clones share their contents, so they are cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    pub(crate) applied: u64,
    pub(crate) time: u64,
    pub(crate) revision: u64,
    pub(crate) digest: u64,
    pub(crate) keys: Table<KeyValue>,
    pub(crate) sessions: Sessions,
    pub(crate) history: History,
}

/// A page of keys in ascending order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Page {
    /// The keys found; to go on, ask for those after the last one.
    pub items: Vec<KeyValue>,
    /// Whether there are more.
    pub more: bool,
    /// The revision of the store that was read.
    pub revision: u64,
}

impl Row for KeyValue {
    type Key = [u8];
    fn key(&self) -> &[u8] {
        &self.key
    }
}

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}

impl Hash for Store {
    /// Hashes the summary only: the running digest already covers all that led to this state.
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        for number in [self.applied, self.time, self.revision, self.digest] {
            hasher.write_u64(number);
        }
    }
}

impl Store {
    /// The state before the first entry.
    pub fn new() -> Self {
        Self {
            applied: 0,
            time: 0,
            revision: 1,
            digest: 0,
            keys: Table::new(),
            sessions: Sessions::new(),
            history: History::new(0),
        }
    }

    /// Applies the committed entry at `index`. `stamp` is the leader's time inside the entry; the
    /// store never asks for the time itself. Indexes may have gaps (not every entry of the log is
    /// for the store), but they must ascend: anything else is a bug of the host, and panics.
    pub fn apply(&mut self, index: u64, stamp: u64, entry: &[u8]) -> Answer {
        assert!(
            index > self.applied,
            "entry {index} comes after entry {}",
            self.applied
        );
        self.applied = index;
        self.time = self.time.max(stamp);
        let answer = match Request::decode(entry) {
            Ok(request) => self.answer(index, request),
            Err(_) => Answer::Malformed,
        };
        let mut digest = Digest::new(self.digest);
        digest.number(index);
        digest.number(stamp);
        digest.number(entry.len() as u64);
        digest.raw(entry);
        write_answer(&mut digest, &answer);
        self.digest = digest.finish();
        answer
    }

    /// The key as it stands, if it exists.
    pub fn get(&self, key: &[u8]) -> Option<&KeyValue> {
        self.keys.get(key)
    }

    /// Up to `limit` keys that begin with `prefix`, in ascending order, those after `after` only.
    pub fn range(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Page {
        let (from, inclusive) = match after {
            Some(after) if after >= prefix => (after, false),
            _ => (prefix, true),
        };
        let mut found = self.keys.iter_from(from, inclusive);
        let mut found = found
            .by_ref()
            .take_while(|item| item.key.starts_with(prefix));
        let items = found.by_ref().take(limit).cloned().collect();
        Page {
            items,
            more: found.next().is_some(),
            revision: self.revision,
        }
    }

    /// Up to `limit` changes with a revision above `revision`, oldest first. 0 asks for all.
    ///
    /// # Errors
    /// [`Compacted`] if some of those changes are no longer kept: there is no silent gap.
    pub fn changes_after(&self, revision: u64, limit: usize) -> Result<Changes, Compacted> {
        let mut changes = self.history.after(revision)?;
        let items = changes.by_ref().take(limit).cloned().collect();
        Ok(Changes {
            items,
            more: changes.next().is_some(),
            revision: self.revision,
        })
    }

    /// Changes up to this revision are no longer kept; 0 while all are.
    pub fn compacted_revision(&self) -> u64 {
        self.history.compacted()
    }

    /// The revision of the newest change; 1 for an empty store.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The index of the last entry applied; 0 before the first.
    pub fn applied(&self) -> u64 {
        self.applied
    }

    /// The greatest stamp applied: time as the cluster knows it. 0 before the first entry.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// A running digest of everything applied: index, stamp, entry and answer, in order. Two
    /// stores with the same past have the same digest; it survives a snapshot. 0 at the start.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The open sessions, in ascending order of their ids.
    pub fn sessions(&self) -> impl Iterator<Item = SessionInfo> {
        self.sessions.iter().map(|session| session.info)
    }

    /// How many keys exist.
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// The same store with no session left: what a snapshot would hold without them (thesis 6.3).
    #[cfg(feature = "sabotage")]
    #[must_use]
    pub fn without_sessions(&self) -> Self {
        Self {
            sessions: Sessions::new(),
            ..self.clone()
        }
    }

    fn answer(&mut self, index: u64, request: Request) -> Answer {
        let Some(tag) = request.session else {
            return self.execute(index, request.command);
        };
        if let Some(recalled) = self.sessions.recall(index, tag) {
            return recalled;
        }
        let answer = self.execute(index, request.command);
        self.sessions.remember(tag, &answer);
        answer
    }

    fn execute(&mut self, index: u64, command: Command) -> Answer {
        match command {
            Command::Put { key, value } => {
                let previous = self.put(key, value);
                Answer::Put {
                    revision: self.revision,
                    previous,
                }
            }
            Command::Delete { key } => {
                let previous = self.delete(&key);
                Answer::Deleted {
                    revision: self.revision,
                    previous,
                }
            }
            Command::CompareAndSet { key, expect, value } => {
                let succeeded = is_as_expected(self.keys.get(&key), &expect);
                match value {
                    Some(value) if succeeded => drop(self.put(key.clone(), value)),
                    None if succeeded => drop(self.delete(&key)),
                    _ => {}
                }
                let current = self.keys.get(&key).cloned();
                Answer::Compared {
                    succeeded,
                    revision: self.revision,
                    current,
                }
            }
            Command::OpenSession => self.sessions.open(index),
            Command::CloseSession { session } => self.sessions.close(session),
        }
    }

    /// Sets a key under a new revision; returns what was there.
    fn put(&mut self, key: Payload, value: Payload) -> Option<KeyValue> {
        self.revision += 1;
        let revision = self.revision;
        let (create_revision, version) = match self.keys.get(&key) {
            Some(present) => (present.create_revision, present.version + 1),
            None => (revision, 1),
        };
        let item = KeyValue {
            key,
            value,
            create_revision,
            mod_revision: revision,
            version,
        };
        self.history.push(Change::Put(item.clone()));
        self.keys.insert(item)
    }

    /// Removes a key, under a new revision if it was there; returns what was there.
    fn delete(&mut self, key: &[u8]) -> Option<KeyValue> {
        let removed = self.keys.remove(key)?;
        self.revision += 1;
        let change = Change::Deleted {
            key: removed.key.clone(),
            revision: self.revision,
        };
        self.history.push(change);
        Some(removed)
    }
}

fn is_as_expected(found: Option<&KeyValue>, expect: &Expect) -> bool {
    match expect {
        Expect::Absent => found.is_none(),
        Expect::Value(value) => found.is_some_and(|item| item.value == *value),
        // No key has mod revision 0, so 0 stands for "does not exist".
        Expect::Revision(revision) => found.map_or(0, |item| item.mod_revision) == *revision,
    }
}
