//! Clients that write and read a few keys at any node, and what they were told.

use super::http::{Answer, Nothing, ask};
use anyhow::{Result, bail};
use raftwerk_sim::linear::{Action, Expect, Operation, Outcome, Payload, Record, Shown, Told};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// Reads that promise freshness.
const MODES: [&str; 4] = ["leader", "follower", "quorum", "lease"];
/// Keys that are in use at the same time.
const KEYS: u64 = 3;
/// After so many operations come new keys, so that no key's history is too long to be judged.
const CHAPTER: u64 = 600;

/// Microseconds since the load began.
#[derive(Clone, Copy)]
pub struct Clock(Instant);

impl Clock {
    pub fn start() -> Clock {
        Clock(Instant::now())
    }

    fn now(self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// Shared by all clients.
pub struct Load {
    ports: Vec<u16>,
    asked: AtomicU64,
    ended: AtomicBool,
}

/// A record of which only the value was told.
pub fn record(value: Payload) -> Record {
    Record {
        value,
        version: None,
        create_revision: None,
        mod_revision: None,
    }
}

impl Load {
    pub fn new(ports: Vec<u16>) -> Load {
        Load {
            ports,
            asked: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        }
    }

    pub fn end(&self) {
        self.ended.store(true, SeqCst);
    }

    /// Asks one thing after the other until the end.
    pub fn ask_on(&self, client: u64, clock: Clock) -> Result<Vec<Operation>> {
        let (mut seed, mut history) = (client, Vec::new());
        let mut below = move |bound: u64| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % bound
        };
        while !self.ended.load(SeqCst) {
            let number = self.asked.fetch_add(1, SeqCst);
            let key = format!("k{}-{}", number / CHAPTER, below(KEYS));
            let value = Payload::from(format!("v{number}").as_bytes());
            let port = self.ports[below(self.ports.len() as u64) as usize];
            let (action, path) = match below(10) {
                0..4 => (Action::Put(value), format!("/v1/kv/{key}?prev=true")),
                4 => (Action::Delete, format!("/v1/kv/{key}?prev=true")),
                5 => {
                    let expect = Expect::Revision(number / 2);
                    let path = format!("/v1/kv/{key}?if_revision={}", number / 2);
                    let value = Some(value);
                    (Action::CompareAndSet { expect, value }, path)
                }
                _ => {
                    let mode = MODES[below(4) as usize];
                    (Action::Get, format!("/v1/kv/{key}?read={mode}"))
                }
            };
            let one = Ask {
                client,
                key,
                action,
                path,
            };
            let operation = one.send(port, clock)?;
            let pause = match operation.outcome {
                Outcome::Answered { .. } => below(4),
                // Nobody there, or nobody leads: not so fast, then.
                Outcome::Failed | Outcome::Unknown => 20 + below(20),
            };
            history.push(operation);
            std::thread::sleep(Duration::from_millis(pause));
        }
        Ok(history)
    }

    /// Reads every key that was used, once.
    pub fn read_all(&self, clock: Clock) -> Result<Vec<Operation>> {
        let chapters = self.asked.load(SeqCst) / CHAPTER;
        let keys = (0..=chapters).flat_map(|chapter| (0..KEYS).map(move |key| (chapter, key)));
        let read = |(chapter, key)| {
            let key = format!("k{chapter}-{key}");
            let path = format!("/v1/kv/{key}?read=leader");
            Ask {
                client: 0,
                key,
                action: Action::Get,
                path,
            }
            .send(self.ports[0], clock)
        };
        keys.map(read).collect()
    }
}

struct Ask {
    client: u64,
    key: String,
    action: Action,
    path: String,
}

impl Ask {
    fn send(self, port: u16, clock: Clock) -> Result<Operation> {
        let called = clock.now();
        let (method, body) = match &self.action {
            Action::Get => ("GET", None),
            Action::Delete => ("DELETE", None),
            Action::Put(value) => ("PUT", Some(value)),
            Action::CompareAndSet { value, .. } => ("PUT", value.as_ref()),
        };
        let answer = ask(
            port,
            method,
            &self.path,
            body.map_or(&[][..], |value| &value[..]),
        );
        let at = clock.now();
        let outcome = match answer {
            Err(Nothing::NotSent) => Outcome::Failed,
            Err(Nothing::Lost) => Outcome::Unknown,
            Ok(answer) => match self.told(&answer)? {
                Some(told) => Outcome::Answered { at, told },
                // What certainly did not happen, and what may yet.
                None if answer.status == 503 => Outcome::Failed,
                None => Outcome::Unknown,
            },
        };
        Ok(Operation {
            client: self.client,
            key: self.key.as_bytes().into(),
            action: self.action,
            called,
            outcome,
        })
    }

    /// What the answer says; `None`: it is no answer to this.
    fn told(&self, answer: &Answer) -> Result<Option<Told>> {
        let told = |succeeded, shown, revision| {
            Ok(Some(Told {
                succeeded,
                shown,
                revision,
            }))
        };
        let compares = matches!(self.action, Action::CompareAndSet { .. });
        match (answer.status, &self.action) {
            (200, Action::Get) => {
                let mod_revision = answer.number("raftwerk-revision");
                let value = Payload::from(&answer.body[..]);
                let record = Record {
                    mod_revision,
                    ..record(value)
                };
                told(true, Shown::Present(record), None)
            }
            (404, Action::Get) => told(true, Shown::Absent, None),
            (200, _) if compares => told(true, Shown::Untold, answer.number("raftwerk-revision")),
            (412, _) if compares => told(false, Shown::Untold, None),
            (200, _) => {
                let written: Value = serde_json::from_slice(&answer.body)?;
                let shown = match &written["previous"] {
                    Value::Null => Shown::Absent,
                    item => Shown::Present(Record {
                        version: item["version"].as_u64(),
                        create_revision: item["create_revision"].as_u64(),
                        mod_revision: item["mod_revision"].as_u64(),
                        ..record(item["value"].as_str().unwrap_or_default().as_bytes().into())
                    }),
                };
                told(true, shown, written["revision"].as_u64())
            }
            (503 | 504, _) => Ok(None),
            (status, action) => bail!(
                "{action:?} was answered with {status}: {}",
                String::from_utf8_lossy(&answer.body)
            ),
        }
    }
}
