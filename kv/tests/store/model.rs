//! The store against a model so plain that it is obviously right: every answer ever given is
//! kept, every change is kept, every key is looked up in a standard map.

use std::collections::BTreeMap;

use proptest::prelude::*;
use raftwerk_kv::{Answer, Change, Command, Expect, KeyValue, Payload, Request, SessionTag, Store};

use crate::Log;

/// One step before it is known which sessions exist: the session is a guess.
#[derive(Clone, Debug)]
pub struct Step {
    session: Option<(usize, u64)>,
    command: Command,
}

fn key() -> impl Strategy<Value = Payload> {
    prop_oneof![Just("a"), Just("b"), Just("ba"), Just("bb"), Just("c")]
        .prop_map(|key| key.as_bytes().into())
}

fn value() -> impl Strategy<Value = Payload> {
    prop_oneof![Just(""), Just("1"), Just("2")].prop_map(|value| value.as_bytes().into())
}

fn expect() -> impl Strategy<Value = Expect> {
    prop_oneof![
        Just(Expect::Absent),
        value().prop_map(Expect::Value),
        (0..12u64).prop_map(Expect::Revision),
    ]
}

/// Any command, over few keys and values so that they meet.
pub fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        4 => (key(), value()).prop_map(|(key, value)| Command::Put { key, value }),
        3 => key().prop_map(|key| Command::Delete { key }),
        4 => (key(), expect(), prop::option::of(value()))
            .prop_map(|(key, expect, value)| Command::CompareAndSet { key, expect, value }),
        2 => Just(Command::OpenSession),
        1 => (1..20u64).prop_map(|session| Command::CloseSession { session }),
    ]
}

/// A history of steps.
pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (prop::option::of((0..6usize, 0..5u64)), command());
    prop::collection::vec(
        step.prop_map(|(session, command)| Step { session, command }),
        0..80,
    )
}

impl Step {
    /// Picks a session among those that were ever opened, or one that never was.
    fn request(&self, opened: &[u64]) -> Request {
        let session = self.session.map(|(pick, sequence)| {
            let session = opened.get(pick).copied().unwrap_or(1000);
            SessionTag { session, sequence }
        });
        Request {
            session,
            command: self.command.clone(),
        }
    }
}

/// The plain model.
#[derive(Default)]
struct Model {
    changes: Vec<(Payload, Option<Payload>)>,
    keys: BTreeMap<Payload, KeyValue>,
    sessions: BTreeMap<u64, BTreeMap<u64, Answer>>,
}

impl Model {
    fn revision(&self) -> u64 {
        1 + self.changes.len() as u64
    }

    fn answer(&mut self, index: u64, request: &Request) -> Answer {
        let Some(tag) = request.session else {
            return self.execute(index, &request.command);
        };
        let Some(answers) = self.sessions.get(&tag.session) else {
            return Answer::UnknownSession;
        };
        let last = answers.keys().last().copied().unwrap_or(0);
        if tag.sequence <= last || tag.sequence == 0 {
            let kept = answers
                .get(&tag.sequence)
                .filter(|_| tag.sequence == last)
                .cloned();
            return kept.unwrap_or(Answer::StaleSequence { last });
        }
        let answer = self.execute(index, &request.command);
        if let Some(answers) = self.sessions.get_mut(&tag.session) {
            answers.insert(tag.sequence, answer.clone());
        }
        answer
    }

    fn execute(&mut self, index: u64, command: &Command) -> Answer {
        match command {
            Command::Put { key, value } => {
                let previous = self.change(key, Some(value));
                Answer::Put {
                    revision: self.revision(),
                    previous,
                }
            }
            Command::Delete { key } => {
                let previous = self.change(key, None);
                Answer::Deleted {
                    revision: self.revision(),
                    previous,
                }
            }
            Command::CompareAndSet { key, expect, value } => {
                let found = self.keys.get(key);
                let succeeded = match expect {
                    Expect::Absent | Expect::Revision(0) => found.is_none(),
                    Expect::Value(value) => found.map(|item| &item.value) == Some(value),
                    Expect::Revision(n) => found.map(|item| item.mod_revision) == Some(*n),
                };
                if succeeded {
                    self.change(key, value.as_ref());
                }
                let current = self.keys.get(key).cloned();
                Answer::Compared {
                    succeeded,
                    revision: self.revision(),
                    current,
                }
            }
            Command::OpenSession => {
                self.sessions.insert(index, BTreeMap::new());
                Answer::SessionOpened { session: index }
            }
            Command::CloseSession { session } => match self.sessions.remove(session) {
                Some(_) => Answer::SessionClosed,
                None => Answer::UnknownSession,
            },
        }
    }

    fn change(&mut self, key: &Payload, value: Option<&Payload>) -> Option<KeyValue> {
        let previous = self.keys.remove(key);
        if value.is_none() && previous.is_none() {
            return None;
        }
        self.changes.push((key.clone(), value.cloned()));
        if let Some(value) = value {
            // Everything about a key is read off the list of changes.
            let of_key = self
                .changes
                .iter()
                .enumerate()
                .filter(|(_, (other, _))| other == key);
            let life: Vec<_> = of_key
                .map(|(at, (_, value))| (at as u64 + 2, value))
                .collect();
            let born = life
                .iter()
                .rposition(|(_, value)| value.is_none())
                .map_or(0, |at| at + 1);
            let item = KeyValue {
                key: key.clone(),
                value: value.clone(),
                create_revision: life[born].0,
                mod_revision: life[life.len() - 1].0,
                version: (life.len() - born) as u64,
            };
            self.keys.insert(key.clone(), item);
        }
        previous
    }
}

/// Runs the steps; every answer is compared with the model's.
pub fn run(steps: &[Step]) -> Log {
    run_beside_model(steps).0
}

fn run_beside_model(steps: &[Step]) -> (Log, Model) {
    let (mut log, mut model, mut opened) = (Log::default(), Model::default(), Vec::new());
    for step in steps {
        let request = step.request(&opened);
        let answer = log.submit(request.clone());
        assert_eq!(
            answer,
            model.answer(log.store.applied(), &request),
            "{request:?}"
        );
        if let Answer::SessionOpened { session } = answer {
            opened.push(session);
        }
    }
    (log, model)
}

proptest! {
    #[test]
    fn answers_and_state_are_those_of_the_model(steps in steps(), limit in 0..7usize) {
        let (Log { store, .. }, model) = run_beside_model(&steps);
        prop_assert_eq!(store.revision(), model.revision());
        prop_assert_eq!(store.keys(), model.keys.len());
        for prefix in ["", "a", "b", "ba", "x"].map(str::as_bytes) {
            let all: Vec<_> =
                model.keys.values().filter(|item| item.key.starts_with(prefix)).cloned().collect();
            for after in [None, Some("a"), Some("ab"), Some("bb"), Some("z")] {
                let after = after.map(str::as_bytes);
                let due: Vec<_> = all.iter().filter(|item| Some(&item.key[..]) > after).collect();
                let page = store.range(prefix, after, limit);
                prop_assert!(page.items.iter().eq(due.iter().copied().take(limit)));
                prop_assert_eq!(page.more, due.len() > limit);
            }
        }
        let changes = store.changes_after(0, usize::MAX).unwrap().items;
        let told = changes.iter().map(|change| match change {
            Change::Put(item) => (item.key.clone(), Some(item.value.clone())),
            Change::Deleted { key, .. } => (key.clone(), None),
        });
        prop_assert!(told.eq(model.changes.iter().cloned()));
        let open: Vec<u64> = store.sessions().map(|session| session.id).collect();
        prop_assert!(open.iter().eq(model.sessions.keys()));
    }

    #[test]
    fn a_replica_that_came_by_snapshot_is_no_different(steps in steps(), cut in 0..80usize) {
        let log = run(&steps);
        let mut replica = Store::new();
        for (at, entry) in log.entries.iter().enumerate() {
            if at == cut {
                let copy = Store::decode(&replica.encode()).unwrap();
                prop_assert_eq!(&copy, &replica);
                replica = copy;
            }
            let index = at as u64 + 1;
            replica.apply(index, 10 * index, entry);
        }
        prop_assert_eq!(&replica, &log.store);
        prop_assert_eq!(replica.encode(), log.store.encode());
        prop_assert_eq!(replica.digest(), log.store.digest());
        prop_assert_eq!(replica.state_digest(), log.store.state_digest());
    }

    #[test]
    fn a_clone_keeps_its_moment(steps in steps(), more in steps()) {
        let mut log = run(&steps);
        let (kept, bytes) = (log.store.clone(), log.store.encode());
        for step in &more {
            log.submit(step.command.clone());
        }
        prop_assert_eq!(kept.encode(), bytes);
        prop_assert_eq!(kept == log.store, more.is_empty());
    }

    #[test]
    fn a_retry_hears_the_identical_answer(steps in steps(), command in command()) {
        let mut log = run(&steps);
        let session = log.open();
        let request = Request::tagged(session, 1, command);
        let answer = log.submit(request.clone());
        prop_assume!(request.command != Command::CloseSession { session });
        let before = (log.store.revision(), log.store.range(b"", None, 99));
        for _ in 0..3 {
            prop_assert_eq!(log.submit(request.clone()), answer.clone());
        }
        prop_assert_eq!((log.store.revision(), log.store.range(b"", None, 99)), before);
    }

    #[test]
    fn any_difference_in_the_past_shows_in_the_digest(
        steps in steps(),
        at in any::<prop::sample::Index>(),
        other in command(),
    ) {
        prop_assume!(!steps.is_empty());
        let log = run(&steps);
        let mut entries = log.entries.clone();
        let at = at.index(entries.len());
        let other = Request::from(other).encode();
        let same = entries[at] == other;
        entries[at] = other;
        let mut changed = Log::default();
        for entry in entries {
            changed.append(entry);
        }
        prop_assert_eq!(changed.store.digest() == log.store.digest(), same);
    }
}
