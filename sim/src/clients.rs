//! Clients: they ask, wait, follow hints, try again elsewhere, and give up (thesis 6.3).
//!
//! A client has one operation at a time. Before its first write it opens a session; each write
//! then carries the next sequence number, and every retry carries the same one, so that it is
//! executed at most once. When it gives up, the outcome is *unknown* if any attempt may have
//! been executed, and *failed* only if certainly none was (trap C3).

use crate::checks::{Checks, ReadBack, Written};
use crate::intervention::Op;
use crate::network::{Question, Reply, Told, Wanted};
use crate::queue::NEVER;
use crate::setup::Setup;
use crate::workload::Workman;
use raftwerk_core::{Payload, Refusal};
use raftwerk_kv::{Answer, Command, KeyValue, Request, SessionTag};
use raftwerk_wire::client::ReadMode;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

/// Finished operations that stay visible.
const SHOWN_DONE: usize = 20;
/// Hints followed in a row without a pause.
const MAX_HOPS: u32 = 3;

/// What a client sees of the world while it thinks.
pub(crate) struct Env<'a> {
    pub now: u64,
    pub setup: &'a Setup,
    pub checks: &'a mut Checks,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Executed, with this answer.
    Written(Answer),
    /// Read.
    Read {
        item: Option<KeyValue>,
        age: Option<u64>,
    },
    /// Certainly not executed, and why.
    Failed(String),
    /// Perhaps executed.
    Unknown(String),
}

/// A finished operation.
#[derive(Clone, Debug)]
pub(crate) struct Finished {
    pub op: Op,
    pub node: u64,
    pub started: u64,
    pub ended: u64,
    pub ending: Ending,
}

/// The operation that waits.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Operation {
    pub op: Op,
    /// The node asked last, or to be asked next.
    pub node: u64,
    pub started: u64,
    /// The session is being opened first.
    opening: bool,
    /// The bytes for the log, once they are known.
    payload: Option<Payload>,
    /// Attempts from this number on are about the present phase.
    first_attempt: u64,
    /// An answer is awaited; otherwise it pauses before the next attempt.
    asked: bool,
    /// End of the wait or of the pause.
    wake: u64,
    give_up: u64,
    /// An attempt may have been executed.
    maybe: bool,
    /// What a fresh read must cover.
    floor: u64,
    hops: u32,
}

/// A client.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub id: u64,
    /// Whom it believes to lead: a node that did what only a leader does, or the last hint. It
    /// decides nothing here, so it is no part of the hash; people ask whom the client believes.
    pub leader: Option<u64>,
    pub current: Option<Operation>,
    pub done: VecDeque<Finished>,
    /// Operations that ended with an answer, and without knowing the outcome.
    pub answered: u64,
    pub unknown: u64,
    session: Option<u64>,
    sequence: u64,
    attempt: u64,
    work: Workman,
}

type Asked = Option<(u64, Question)>;

impl Client {
    /// A client that has done nothing yet.
    pub fn new(setup: &Setup, id: u64) -> Client {
        Client {
            id,
            leader: None,
            current: None,
            done: VecDeque::new(),
            answered: 0,
            unknown: 0,
            session: None,
            sequence: 0,
            attempt: 0,
            work: Workman::new(setup, id),
        }
    }

    /// When the client wants to act by itself.
    pub fn due(&self) -> u64 {
        match &self.current {
            Some(current) => current.wake.min(current.give_up),
            None => self.work.next,
        }
    }

    /// Number of the newest attempt.
    #[cfg(test)]
    pub fn attempt(&self) -> u64 {
        self.attempt
    }

    /// Stops inventing operations.
    pub fn rest(&mut self) {
        self.work.next = NEVER;
        self.work.on = false;
    }

    /// Starts an operation at a node. The client must be idle.
    pub fn start(&mut self, env: &mut Env, node: u64, op: Op) -> Asked {
        assert!(self.current.is_none(), "a client does one thing at a time");
        let opening = op.command().is_some() && self.session.is_none();
        self.current = Some(Operation {
            op,
            node,
            started: env.now,
            opening,
            payload: None,
            first_attempt: self.attempt + 1,
            asked: false,
            wake: env.now,
            give_up: env.now + env.setup.patience.operation,
            maybe: false,
            floor: env.checks.floor(),
            hops: 0,
        });
        self.ask(env)
    }

    /// Time has come: an answer is overdue, a pause is over, or something new begins.
    pub fn wake(&mut self, env: &mut Env) -> Asked {
        let Some(current) = &mut self.current else {
            let (node, op) = self.work.invent(env.now, env.setup, self.id);
            return self.start(env, node, op);
        };
        if current.asked {
            // The node may be dead, or its answer lost: the next one is asked.
            self.leader.take_if(|leader| *leader == current.node);
            current.asked = false;
            current.maybe |= !current.opening && current.payload.is_some();
            current.node = current.node % env.setup.nodes + 1;
        }
        if env.now >= current.give_up {
            let why = "no answer in time".to_string();
            let maybe = current.maybe;
            self.finish(
                env,
                if maybe {
                    Ending::Unknown(why)
                } else {
                    Ending::Failed(why)
                },
            );
            return None;
        }
        self.ask(env)
    }

    fn ask(&mut self, env: &Env) -> Asked {
        self.attempt += 1;
        let current = self.current.as_mut()?;
        let what = match (&current.op, current.op.command()) {
            (Op::Get { key, mode }, _) => Wanted::Read {
                key: key.as_bytes().into(),
                mode: *mode,
            },
            (_, None) => return None,
            (_, Some(_)) if current.opening => {
                Wanted::Write(Request::from(Command::OpenSession).encode().into())
            }
            (_, Some(command)) => {
                let session = self.session?;
                let payload = current.payload.get_or_insert_with(|| {
                    self.sequence += 1;
                    Request::tagged(session, self.sequence, command)
                        .encode()
                        .into()
                });
                Wanted::Write(payload.clone())
            }
        };
        current.asked = true;
        current.wake = env.now + env.setup.patience.attempt;
        Some((
            current.node,
            Question {
                client: self.id,
                attempt: self.attempt,
                what,
            },
        ))
    }

    /// A node answers.
    pub fn hear(&mut self, env: &mut Env, reply: Reply) -> Asked {
        self.believe(&reply);
        let tag = self.tag();
        let current = self.current.as_mut()?;
        if reply.attempt < current.first_attempt {
            return None;
        }
        let newest = reply.attempt == self.attempt && current.asked;
        match reply.result {
            Told::Done { id, answer } => {
                let opening = Command::OpenSession;
                let own = current.op.command().filter(|_| !current.opening);
                env.checks.on_acknowledged(Written {
                    id,
                    answer: &answer,
                    tag: tag.filter(|_| !current.opening),
                    command: own.as_ref().unwrap_or(&opening),
                    floor: current.floor,
                });
                current.node = reply.node;
                self.written(env, answer)
            }
            Told::Read {
                item,
                point,
                applied,
                age,
            } => {
                env.checks.on_read(ReadBack {
                    node: reply.node,
                    key: current.op.key(),
                    item: item.as_ref(),
                    point,
                    applied,
                    floor: (!is_stale(&current.op)).then_some(current.floor),
                });
                current.node = reply.node;
                self.work.saw(&current.op, item.as_ref());
                self.finish(env, Ending::Read { item, age });
                None
            }
            Told::Refused(refusal) if newest => self.refused(env, reply.node, refusal),
            Told::Lost if newest => self.pause(env, reply.node % env.setup.nodes + 1),
            Told::Unknown if newest => {
                current.maybe |= !current.opening;
                self.pause(env, reply.node)
            }
            Told::Refused(_) | Told::Lost => None,
            Told::Unknown => {
                current.maybe |= !current.opening;
                None
            }
        }
    }

    /// What an answer says about who leads.
    fn believe(&mut self, reply: &Reply) {
        let read_at_leader = |op: &Op| {
            matches!(
                op,
                Op::Get {
                    mode: ReadMode::Leader,
                    ..
                }
            )
        };
        match &reply.result {
            Told::Done { .. } => self.leader = Some(reply.node),
            Told::Read { .. } => {
                if self.current.as_ref().is_some_and(|c| read_at_leader(&c.op)) {
                    self.leader = Some(reply.node);
                }
            }
            Told::Refused(Refusal::NotLeader {
                hint: Some(leader), ..
            }) => self.leader = Some(leader.0),
            Told::Refused(Refusal::NotLeader { .. } | Refusal::LeaderLost)
            | Told::Lost
            | Told::Unknown => {
                self.leader.take_if(|leader| *leader == reply.node);
            }
            Told::Refused(_) => {}
        }
    }

    fn written(&mut self, env: &mut Env, answer: Answer) -> Asked {
        let current = self.current.as_mut()?;
        match answer {
            Answer::SessionOpened { session } if current.opening => {
                current.opening = false;
                current.first_attempt = self.attempt + 1;
                self.session = Some(session);
                self.sequence = 0;
                return self.ask(env);
            }
            Answer::UnknownSession | Answer::StaleSequence { .. } => {
                let maybe = current.maybe;
                let why = "the session is gone".to_string();
                let ending = if maybe {
                    Ending::Unknown(why)
                } else {
                    Ending::Failed(why)
                };
                self.finish(env, ending);
                self.session = None;
            }
            answer => {
                self.work.wrote(&current.op, &answer);
                self.finish(env, Ending::Written(answer));
            }
        }
        None
    }

    fn refused(&mut self, env: &mut Env, node: u64, refusal: Refusal) -> Asked {
        let current = self.current.as_mut()?;
        match refusal {
            Refusal::NotLeader {
                hint: Some(leader), ..
            } if leader.0 != node && current.hops < MAX_HOPS => {
                current.hops += 1;
                current.node = leader.0;
                self.ask(env)
            }
            Refusal::TooLarge => {
                self.finish(env, Ending::Failed("the command is too large".to_string()));
                None
            }
            Refusal::Overloaded => self.pause(env, node),
            _ => self.pause(env, node % env.setup.nodes + 1),
        }
    }

    fn pause(&mut self, env: &Env, next: u64) -> Asked {
        let current = self.current.as_mut()?;
        current.node = next;
        current.asked = false;
        current.hops = 0;
        current.wake = env.now + env.setup.patience.backoff;
        None
    }

    /// The newest request of the session.
    fn tag(&self) -> Option<SessionTag> {
        let sequence = self.sequence;
        self.session.map(|session| SessionTag { session, sequence })
    }

    fn finish(&mut self, env: &mut Env, ending: Ending) {
        let tag = self.tag();
        let Some(current) = self.current.take() else {
            return;
        };
        // Where messages arrive twice, a refusal says nothing about the second copy.
        let certain = env.setup.network.duplicate_per_million == 0;
        match ending {
            Ending::Unknown(_) => self.unknown += 1,
            Ending::Written(_) | Ending::Read { .. } => self.answered += 1,
            Ending::Failed(_) if certain && current.payload.is_some() => {
                tag.into_iter().for_each(|tag| env.checks.on_failed(tag));
            }
            Ending::Failed(_) => {}
        }
        self.work.done(env.now, current.node);
        if self.done.len() == SHOWN_DONE {
            self.done.pop_front();
        }
        let (op, node, started) = (current.op, current.node, current.started);
        self.done.push_back(Finished {
            op,
            node,
            started,
            ended: env.now,
            ending,
        });
    }

    /// Bytes of memory held, about.
    pub fn memory(&self) -> u64 {
        // Each finished operation has a key, a value and sometimes a reason.
        (size_of::<Client>() + self.done.len() * (size_of::<Finished>() + 64)) as u64
    }

    /// Feeds everything that determines the future.
    pub fn hash(&self, to: &mut impl Hasher) {
        (self.id, self.session, self.sequence, self.attempt).hash(to);
        self.current.hash(to);
        self.work.hash(to);
    }
}

fn is_stale(op: &Op) -> bool {
    matches!(
        op,
        Op::Get {
            mode: ReadMode::Stale,
            ..
        }
    )
}
