//! A second, plain state machine: what executing the committed log one entry after the other
//! must give (design 4.2, item 6).
//!
//! The log is the witness of linearizability: each write takes effect at the entry that first
//! carries it, each read right after the last entry that the state it was served from had
//! applied. It then suffices that every answer is the one given at its place, and that places
//! respect real time, which the checks compare with a floor. That costs a look per operation, so
//! it is always on. Operations that ended without an answer are unknown, not absent (trap X2):
//! they may be in the log or not, now or later.
//!
//! Written apart from `raftwerk_kv` on purpose; only the types of requests and answers are
//! shared. The past is kept, so that a read can be compared with the state it was served from.

use crate::shared::Shared;
use raftwerk_kv::{
    Answer, Command, Expect, KeyValue, MAX_SESSIONS, Payload, Request, SessionTag, Store,
};
use std::collections::BTreeMap;

/// One change of one key.
#[derive(Clone, Debug)]
struct Change {
    index: u64,
    /// Number of the change of the same key before it.
    before: Option<usize>,
    /// The key from here on; `None`: it is gone.
    item: Option<KeyValue>,
}

/// A request of a session that was executed.
#[derive(Clone, Debug)]
pub(super) struct Executed {
    pub sequence: u64,
    /// The entry that executed it; later ones that carry it only recall the answer.
    pub index: u64,
    pub command: Command,
    pub answer: Answer,
}

#[derive(Clone, Debug)]
struct Session {
    /// Its latest entry.
    used: u64,
    newest: Option<Executed>,
}

/// What an entry must give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// It was executed.
    First(Answer),
    /// It was executed before, or cannot be: this is recalled.
    Again(Answer),
}

/// The plain state machine with its past.
#[derive(Clone, Debug)]
pub(super) struct Oracle {
    revision: u64,
    changes: Shared<Change>,
    /// Number of the newest change of each key.
    newest: BTreeMap<Payload, usize>,
    sessions: BTreeMap<u64, Session>,
}

impl Default for Oracle {
    fn default() -> Oracle {
        Oracle {
            revision: 1,
            changes: Shared::default(),
            newest: BTreeMap::new(),
            sessions: BTreeMap::new(),
        }
    }
}

impl Oracle {
    /// Executes the next command of the committed log.
    pub fn execute(&mut self, index: u64, request: Request) -> Given {
        let Some(tag) = request.session else {
            return Given::First(self.perform(index, &request.command));
        };
        let Some(session) = self.sessions.get_mut(&tag.session) else {
            return Given::Again(Answer::UnknownSession);
        };
        session.used = index;
        let last = session.newest.as_ref().map_or(0, |newest| newest.sequence);
        match &session.newest {
            Some(newest) if last == tag.sequence => return Given::Again(newest.answer.clone()),
            _ if last >= tag.sequence => return Given::Again(Answer::StaleSequence { last }),
            _ => {}
        }
        let answer = self.perform(index, &request.command);
        if let Some(session) = self.sessions.get_mut(&tag.session) {
            session.newest = Some(Executed {
                sequence: tag.sequence,
                index,
                command: request.command,
                answer: answer.clone(),
            });
        }
        Given::First(answer)
    }

    fn perform(&mut self, index: u64, command: &Command) -> Answer {
        match command {
            Command::Put { key, value } => {
                let previous = self.change(index, key, Some(value));
                let revision = self.revision;
                Answer::Put { revision, previous }
            }
            Command::Delete { key } => {
                let previous = self.change(index, key, None);
                let revision = self.revision;
                Answer::Deleted { revision, previous }
            }
            Command::CompareAndSet { key, expect, value } => {
                let succeeded = match (expect, self.item(key)) {
                    (Expect::Absent | Expect::Revision(0), found) => found.is_none(),
                    (Expect::Value(value), Some(found)) => found.value == *value,
                    (Expect::Revision(revision), Some(found)) => found.mod_revision == *revision,
                    (_, None) => false,
                };
                if succeeded {
                    self.change(index, key, value.as_ref());
                }
                let (revision, current) = (self.revision, self.item(key).cloned());
                Answer::Compared {
                    succeeded,
                    revision,
                    current,
                }
            }
            Command::OpenSession => self.open(index),
            Command::CloseSession { session } => match self.sessions.remove(session) {
                Some(_) => Answer::SessionClosed,
                None => Answer::UnknownSession,
            },
        }
    }

    fn open(&mut self, index: u64) -> Answer {
        if self.sessions.len() >= MAX_SESSIONS {
            let age = |(id, session): (&u64, &Session)| (session.used, *id);
            if let Some((_, oldest)) = self.sessions.iter().map(age).min() {
                self.sessions.remove(&oldest);
            }
        }
        let (used, newest) = (index, None);
        self.sessions.insert(index, Session { used, newest });
        Answer::SessionOpened { session: index }
    }

    /// Sets or removes a key; returns what was there. Removing nothing changes nothing.
    fn change(&mut self, index: u64, key: &Payload, value: Option<&Payload>) -> Option<KeyValue> {
        let previous = self.item(key).cloned();
        if value.is_none() && previous.is_none() {
            return None;
        }
        self.revision += 1;
        let revision = self.revision;
        let item = value.map(|value| KeyValue {
            key: key.clone(),
            value: value.clone(),
            create_revision: previous.as_ref().map_or(revision, |p| p.create_revision),
            mod_revision: revision,
            version: previous.as_ref().map_or(0, |p| p.version) + 1,
        });
        let before = self.newest.insert(key.clone(), self.changes.len());
        self.changes.push(Change {
            index,
            before,
            item,
        });
        previous
    }

    fn item(&self, key: &[u8]) -> Option<&KeyValue> {
        self.item_at(key, u64::MAX)
    }

    /// A key as it was right after an index.
    pub fn item_at(&self, key: &[u8], index: u64) -> Option<&KeyValue> {
        let mut number = self.newest.get(key).copied();
        while let Some(change) = number.and_then(|number| self.changes.get(number)) {
            if change.index <= index {
                return change.item.as_ref();
            }
            number = change.before;
        }
        None
    }

    /// What in a state machine is not as it was right after an index, in words.
    pub fn differs_from(&self, store: &Store, index: u64) -> Option<String> {
        let mut keys = 0;
        for key in self.newest.keys() {
            let (right, found) = (self.item_at(key, index), store.get(key));
            if right != found {
                return Some(format!("{found:?}, it was {right:?}"));
            }
            keys += usize::from(right.is_some());
        }
        if keys != store.keys() {
            return Some(format!("{} keys, there were {keys}", store.keys()));
        }
        let open: BTreeMap<u64, u64> = store
            .sessions()
            .map(|one| (one.id, one.last_sequence))
            .collect();
        if let Some(id) = open.keys().find(|id| **id > index) {
            return Some(format!("session {id} of later"));
        }
        // Of those that are still open it is known what they had executed when.
        let then = self.sessions.range(..=index);
        let mut wrong = then.filter(|(id, session)| {
            let found = open.get(id).copied();
            match &session.newest {
                Some(newest) if newest.index <= index => found != Some(newest.sequence),
                Some(newest) => found.is_none_or(|found| found >= newest.sequence),
                None => found != Some(0),
            }
        });
        wrong.next().map(|(id, session)| {
            let found = open.get(id);
            format!(
                "session {id} at {found:?}; now it is at {:?}",
                session.newest
            )
        })
    }

    /// Whether a session is open.
    pub fn is_open(&self, session: u64) -> bool {
        self.sessions.contains_key(&session)
    }

    /// A request of a session, if it is the newest one executed in it.
    pub fn executed(&self, tag: SessionTag) -> Option<&Executed> {
        let newest = self.sessions.get(&tag.session)?.newest.as_ref()?;
        (newest.sequence == tag.sequence).then_some(newest)
    }

    /// About how many bytes a copy holds that shares nothing.
    pub fn memory(&self) -> u64 {
        let sessions = self.sessions.len() * (size_of::<Session>() + 64);
        let changes = self.changes.len() * (size_of::<Change>() + 64);
        (sessions + changes + 64 * self.newest.len()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn command() -> impl Strategy<Value = Command> {
        let key = || (0..3u8).prop_map(|key| Payload::from([key]));
        let value = || (0..4u8).prop_map(|value| Payload::from([value]));
        let expect = prop_oneof![
            Just(Expect::Absent),
            value().prop_map(Expect::Value),
            (0..12u64).prop_map(Expect::Revision),
        ];
        prop_oneof![
            4 => (key(), value()).prop_map(|(key, value)| Command::Put { key, value }),
            2 => key().prop_map(|key| Command::Delete { key }),
            3 => (key(), expect, prop::option::of(value())).prop_map(|(key, expect, value)| {
                Command::CompareAndSet { key, expect, value }
            }),
            1 => Just(Command::OpenSession),
            1 => (1..12u64).prop_map(|session| Command::CloseSession { session }),
        ]
    }

    proptest! {
        /// Two machines written apart give the same answers, and the past stays as it was.
        #[test]
        fn gives_what_the_store_gives(
            entries in prop::collection::vec(
                (command(), prop::option::of((1..6u64, 0..4u64))), 1..80,
            ),
        ) {
            let (mut oracle, mut store) = (Oracle::default(), Store::new());
            let mut past = Vec::new();
            let opening = (1..4).map(|_| Request::from(Command::OpenSession));
            let others = entries.into_iter().map(|(command, tag)| Request {
                session: tag.map(|(session, sequence)| SessionTag { session, sequence }),
                command,
            });
            for (at, request) in opening.chain(others).enumerate() {
                let index = 2 * at as u64 + 1;
                let told = store.apply(index, 0, &request.encode());
                let (Given::First(answer) | Given::Again(answer)) = oracle.execute(index, request);
                prop_assert_eq!(answer, told);
                past.push((index, store.clone()));
            }
            for (index, store) in past {
                for key in 0..3u8 {
                    prop_assert_eq!(oracle.item_at(&[key], index), store.get(&[key]));
                    prop_assert_eq!(oracle.item_at(&[key], index + 1), store.get(&[key]));
                }
                let open = store.sessions().all(|session| {
                    // A session that was open then may be closed by now.
                    !oracle.is_open(session.id) || session.id <= index
                });
                prop_assert!(open);
            }
        }
    }
}
