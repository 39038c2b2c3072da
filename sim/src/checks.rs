//! What must hold in every run, looked at after every event (core design 4.2, items 3 and 4).
//!
//! Incremental: only what the event changed is looked at, so that every check can stay on while
//! a storm runs. What nodes did is compared with a ledger of the whole run ([`Ledger`]): which
//! entry was seen under which id, what is committed, and which digest the state machine had
//! after each index. [`Checks::everything`] looks at whole logs again; storms call it at their
//! end. A crashed node's disk still counts where disks are counted (trap X2), and an operation
//! without an answer is unknown, not absent.

mod ledger;
mod list;
mod node;
#[cfg(test)]
mod tests;
mod tickets;

use crate::disk::Disk;
use ledger::Ledger;
use list::ALL;
pub(crate) use list::Check;
pub(crate) use node::Seen;
use raftwerk_core::{AppendResult, Body, LogId, Message, Output, Raft, StableHasher};
use raftwerk_kv::{Answer, Request};
use raftwerk_wire::view::{CheckView, ViolationView};
use std::hash::{Hash, Hasher};
pub(crate) use tickets::Taken;
use tickets::Tickets;

/// The first violated check of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Name of the check.
    pub check: &'static str,
    /// What was seen.
    pub detail: String,
    /// At which event.
    pub event: u64,
}

impl From<&Violation> for ViolationView {
    fn from(violation: &Violation) -> ViolationView {
        ViolationView {
            check: violation.check.to_string(),
            detail: violation.detail.clone(),
            event: violation.event,
        }
    }
}

/// State of all checks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checks {
    ledger: Ledger,
    /// (term, leader), in order of term.
    leaders: Vec<(u64, u64)>,
    /// (session, newest sequence, hash of its answer), in order of session.
    sessions: Vec<(u64, u64, u64)>,
    tickets: Tickets,
    /// Highest index that some finished linearizable operation reflects.
    floor: u64,
    violation: Option<Violation>,
    /// Number of the event under way.
    pub event: u64,
}

impl Checks {
    /// The first violation.
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Notes a violation; only the first of a run is kept.
    pub fn fail(&mut self, check: Check, detail: String) {
        if self.violation.is_none() {
            let name = ALL
                .iter()
                .find(|(one, ..)| *one == check)
                .map_or("", |(_, name, _)| name);
            self.violation = Some(Violation {
                check: name,
                detail,
                event: self.event,
            });
        }
    }

    /// All checks for a screen.
    pub fn view(&self) -> Vec<CheckView> {
        let broken = self.violation.as_ref().map(|violation| violation.check);
        let view = |(_, name, statement): &(Check, &str, &str)| CheckView {
            name: (*name).to_string(),
            statement: (*statement).to_string(),
            holds: broken != Some(*name),
        };
        ALL.iter().map(view).collect()
    }

    /// Highest committed index.
    pub fn committed(&self) -> u64 {
        self.ledger.committed()
    }

    /// How many elections were won.
    pub fn elections(&self) -> u64 {
        self.leaders.len() as u64
    }

    /// The leader of the highest term so far.
    pub fn newest_leader(&self) -> Option<u64> {
        self.leaders.last().map(|(_, node)| *node)
    }

    /// What a read that begins now must cover.
    pub fn floor(&self) -> u64 {
        self.floor
    }

    /// About how many bytes of memory are held.
    pub fn memory(&self) -> u64 {
        let small = 16 * self.leaders.len() as u64 + 24 * self.sessions.len() as u64;
        self.ledger.memory() + self.tickets.memory() + small
    }

    /// A node hands something out; `reached` is the place in the order so far in this drain,
    /// `given` the last entry handed to the state machine.
    pub fn on_output(&mut self, node: u64, given: u64, reached: &mut u8, output: &Output) {
        let rank = rank(output);
        if rank < *reached {
            self.fail(
                Check::DrainOrder,
                format!("S{node} hands out {output:?} too late"),
            );
        }
        *reached = rank;
        self.on_end(node, given, output);
    }

    /// A message leaves: does the disk hold what it promises?
    pub fn on_send(&mut self, raft: &Raft, disk: &Disk, message: &Message) {
        match &message.body {
            Body::VoteReply { granted: true } => {
                let found = disk.hard_state();
                if found.term != message.term || found.vote != Some(message.to) {
                    let (from, to, term) = (message.from, message.to, message.term);
                    self.fail(
                        Check::DurableFirst,
                        format!("{from} grants {to} its vote of term {term}; disk: {found:?}"),
                    );
                }
            }
            Body::AppendReply {
                result: AppendResult::Accepted { durable, .. },
                ..
            } => {
                let mine = raft.view().term_at(*durable);
                let found = disk.id_at(durable.0).map(|id| id.term);
                if durable.0 > 0 && (found.is_none() || found != mine) {
                    let from = message.from;
                    self.fail(
                        Check::DurableFirst,
                        format!(
                            "{from} acknowledges index {durable} of term {mine:?}; \
                             its disk holds {found:?} there"
                        ),
                    );
                }
            }
            _ => {}
        }
    }

    /// A node applied a command: same state everywhere, same answer for the same request?
    pub fn on_apply(&mut self, node: u64, index: u64, digest: u64, entry: &[u8], answer: &Answer) {
        match self.ledger.digest(index) {
            None => {
                self.ledger.set_digest(index, digest);
                self.remember_answer(index, entry, answer);
            }
            Some(known) if known != digest => self.fail(
                Check::SameState,
                format!("S{node} has digest {digest:x} after index {index}, others have {known:x}"),
            ),
            Some(_) => {}
        }
    }

    /// Runs once per index: all nodes with this digest gave this answer.
    fn remember_answer(&mut self, index: u64, entry: &[u8], answer: &Answer) {
        let Some(tag) = Request::decode(entry)
            .ok()
            .and_then(|request| request.session)
        else {
            return;
        };
        if matches!(
            answer,
            Answer::UnknownSession | Answer::StaleSequence { .. }
        ) {
            return;
        }
        let hash = hash_of(answer);
        match self
            .sessions
            .binary_search_by_key(&tag.session, |known| known.0)
        {
            Err(place) => self
                .sessions
                .insert(place, (tag.session, tag.sequence, hash)),
            Ok(place) => {
                let (_, sequence, known) = self.sessions[place];
                if sequence == tag.sequence && known != hash {
                    self.fail(
                        Check::SessionAnswers,
                        format!(
                            "request {sequence} of session {} is answered differently at index \
                             {index}",
                            tag.session
                        ),
                    );
                }
                if sequence < tag.sequence {
                    self.sessions[place] = (tag.session, tag.sequence, hash);
                }
            }
        }
    }

    /// A client was told that its write is done as entry `id`.
    pub fn on_acknowledged(&mut self, id: LogId, tag: Option<(u64, u64)>, answer: &Answer) {
        let found = self.ledger.committed_term(id.index.0);
        if found != Some(id.term.0) {
            self.fail(
                Check::Acknowledged,
                format!("a client was told that {id} is done; committed there: {found:?}"),
            );
        }
        if let Some((session, sequence)) = tag
            && let Ok(place) = self
                .sessions
                .binary_search_by_key(&session, |known| known.0)
        {
            let (_, newest, known) = self.sessions[place];
            if newest == sequence && known != hash_of(answer) {
                self.fail(
                    Check::SessionAnswers,
                    format!("the client of session {session} got another answer to {sequence}"),
                );
            }
        }
        self.floor = self.floor.max(id.index.0);
    }

    /// A read that began when the floor was `floor` was served from a state that covers
    /// everything up to `applied`.
    pub fn on_read(&mut self, node: u64, applied: u64, floor: u64) {
        if applied < floor {
            self.fail(
                Check::FreshReads,
                format!("S{node} answers from index {applied}, finished before: {floor}"),
            );
        }
        self.floor = self.floor.max(applied);
    }

    /// A core says that a read may be served from `index`; it has handed out entries up to
    /// `given`.
    pub fn on_serve(&mut self, node: u64, given: u64, index: u64) {
        if given < index {
            self.fail(
                Check::FreshReads,
                format!("S{node} serves a read of index {index}, handed out so far: {given}"),
            );
        }
    }
}

/// Place of an output in the order every drain keeps.
fn rank(output: &Output) -> u8 {
    match output {
        Output::Write(_) => 0,
        Output::Send(_) => 1,
        Output::Apply { .. } => 2,
        Output::Settled { .. } | Output::ReadAt { .. } | Output::ReadFailed { .. } => 3,
        Output::Leader { .. } | Output::Members { .. } | Output::Removed | Output::Fenced(_) => 4,
    }
}

fn hash_of(answer: &Answer) -> u64 {
    let mut hasher = StableHasher::new();
    answer.hash(&mut hasher);
    hasher.finish()
}
