//! From what the simulator's clients ask and the store answers to what is checked.

use super::{Action, Expect, Payload, Record, Shown, Told};
use crate::intervention::Op;
use raftwerk_kv::{Answer, Command, KeyValue, Request};
use raftwerk_wire::client::ReadMode;

impl Action {
    /// What an operation of the simulator asks; `None` for a stale read, which promises nothing.
    #[must_use]
    pub fn of(op: &Op) -> Option<Action> {
        let bytes = |text: &String| Payload::from(text.as_bytes());
        Some(match op {
            Op::Get {
                mode: ReadMode::Stale,
                ..
            } => return None,
            Op::Get { .. } => Action::Get,
            Op::Put { value, .. } => Action::Put(bytes(value)),
            Op::Delete { .. } => Action::Delete,
            Op::CompareAndSet { expect, value, .. } => Action::CompareAndSet {
                expect: expect
                    .as_ref()
                    .map_or(Expect::Absent, |value| Expect::Value(bytes(value))),
                value: Some(bytes(value)),
            },
        })
    }

    /// The value it may write.
    pub(crate) fn written(&self) -> Option<&Payload> {
        match self {
            Action::Put(value) => Some(value),
            Action::CompareAndSet { value, .. } => value.as_ref(),
            Action::Get | Action::Delete => None,
        }
    }

    /// A short line for people, such as `put x=1`.
    #[must_use]
    pub fn describe(&self, key: &Payload) -> String {
        let key = key.clone();
        let command = match self.clone() {
            Action::Get => {
                let delete = Request::from(Command::Delete { key }).describe();
                return delete.replacen("delete", "get", 1);
            }
            Action::Put(value) => Command::Put { key, value },
            Action::Delete => Command::Delete { key },
            Action::CompareAndSet { expect, value } => {
                Command::CompareAndSet { key, expect, value }
            }
        };
        Request::from(command).describe()
    }
}

impl Told {
    /// What a read was told.
    #[must_use]
    pub fn read(item: Option<&KeyValue>) -> Told {
        Told {
            succeeded: true,
            shown: Shown::of(item),
            revision: None,
        }
    }

    /// What a write was told; `None` if this is no answer to it.
    #[must_use]
    pub fn written(action: &Action, answer: &Answer) -> Option<Told> {
        let (succeeded, item, revision) = match (action, answer) {
            (Action::Put(_), Answer::Put { revision, previous })
            | (Action::Delete, Answer::Deleted { revision, previous }) => {
                (true, previous, *revision)
            }
            (
                Action::CompareAndSet { .. },
                Answer::Compared {
                    succeeded,
                    revision,
                    current,
                },
            ) => (*succeeded, current, *revision),
            _ => return None,
        };
        Some(Told {
            succeeded,
            shown: Shown::of(item.as_ref()),
            revision: Some(revision),
        })
    }
}

impl Shown {
    /// All that a record says.
    #[must_use]
    pub fn of(item: Option<&KeyValue>) -> Shown {
        item.map_or(Shown::Absent, |item| {
            Shown::Present(Record {
                value: item.value.clone(),
                version: Some(item.version),
                create_revision: Some(item.create_revision),
                mod_revision: Some(item.mod_revision),
            })
        })
    }

    /// A value, or none, and nothing else.
    #[must_use]
    pub fn value(value: Option<&[u8]>) -> Shown {
        value.map_or(Shown::Absent, |value| {
            Shown::Present(Record {
                value: value.into(),
                version: None,
                create_revision: None,
                mod_revision: None,
            })
        })
    }
}
