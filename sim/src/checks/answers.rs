//! Checks of what clients are told: against the committed log, against the plain state machine,
//! against real time.

use super::oracle::Given;
use super::{Check, Checks};
use raftwerk_core::LogId;
use raftwerk_kv::{Answer, Command, KeyValue, Request, SessionTag};

/// A write as its client sees it when an answer comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written<'a> {
    /// The entry that the node names.
    pub id: LogId,
    pub answer: &'a Answer,
    /// `None` while the session is being opened.
    pub tag: Option<SessionTag>,
    pub command: &'a Command,
    /// What was finished when the operation began.
    pub floor: u64,
}

/// A read as its client sees it when the answer comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadBack<'a> {
    pub node: u64,
    pub key: &'a str,
    pub item: Option<&'a KeyValue>,
    /// From here on the core allowed it to be served. What the node happened to have applied
    /// beyond that proves nothing about the core.
    pub point: u64,
    /// The state it was served from covers everything up to here.
    pub applied: u64,
    /// What was finished when the operation began; `None`: it promises nothing about that.
    pub floor: Option<u64>,
}

impl Checks {
    /// A node applied a command: same state everywhere, and the right answer?
    pub fn on_apply(&mut self, node: u64, index: u64, digest: u64, entry: &[u8], answer: &Answer) {
        match self.ledger.digest(index) {
            None => {
                self.ledger.set_digest(index, digest);
                self.execute(node, index, entry, answer);
            }
            Some(known) if known != digest => self.fail(
                Check::SameState,
                format!("S{node} has digest {digest:x} after index {index}, others have {known:x}"),
            ),
            Some(_) => {}
        }
    }

    /// Runs once per index: all nodes with this digest gave this answer.
    fn execute(&mut self, node: u64, index: u64, entry: &[u8], answer: &Answer) {
        let Ok(request) = Request::decode(entry) else {
            if *answer != Answer::Malformed {
                let detail = format!("S{node} answers {answer:?} to the nonsense at index {index}");
                self.fail(Check::Linearizable, detail);
            }
            return;
        };
        let tag = request.session;
        let (check, right) = match self.oracle.execute(index, request) {
            Given::First(right) => {
                if tag.is_some_and(|tag| self.failed.contains(&(tag.session, tag.sequence))) {
                    let detail = format!("index {index} does what its client was told had failed");
                    self.fail(Check::Linearizable, detail);
                }
                (Check::Linearizable, right)
            }
            Given::Again(right) => (Check::SessionAnswers, right),
        };
        if right != *answer {
            let detail = format!("S{node} answers index {index} with {answer:?}, not {right:?}");
            self.fail(check, detail);
        }
    }

    /// A client was told that its write is done.
    pub fn on_acknowledged(&mut self, write: Written) {
        let (id, index) = (write.id, write.id.index.0);
        let found = self.ledger.committed_term(index);
        if found != Some(id.term.0) {
            self.fail(
                Check::Acknowledged,
                format!("a client was told that {id} is done; committed there: {found:?}"),
            );
        }
        match write.tag {
            None => self.on_opened(&write),
            Some(tag) => self.on_executed(&write, tag),
        }
        self.finish(index);
    }

    /// A node takes something else for committed than others do. What clients were told rests on
    /// everything before it.
    pub(super) fn on_undone(&mut self, node: u64, id: LogId) {
        let told = self.floor;
        if id.index.0 <= told {
            let detail = format!("S{node} commits {id}; clients were told what {told} came to");
            self.fail(Check::Acknowledged, detail);
        }
    }

    fn on_opened(&mut self, write: &Written) {
        let index = write.id.index.0;
        let right = Answer::SessionOpened { session: index };
        if *write.answer != right || !self.oracle.is_open(index) || index <= write.floor {
            let detail = format!(
                "a client opened a session as {}, after index {}, and was told {:?}",
                write.id, write.floor, write.answer
            );
            self.fail(Check::Linearizable, detail);
        }
    }

    fn on_executed(&mut self, write: &Written, tag: SessionTag) {
        let SessionTag { session, sequence } = tag;
        let gone = *write.answer == Answer::UnknownSession && !self.oracle.is_open(session);
        let wrong = match self.oracle.executed(tag) {
            Some(done) if done.answer != *write.answer => {
                let (right, told) = (&done.answer, write.answer);
                let detail =
                    format!("request {sequence} of session {session}: {right:?}, {told:?}");
                return self.fail(Check::SessionAnswers, detail);
            }
            Some(done) if done.command != *write.command => {
                format!("does {:?}, not {:?}", done.command, write.command)
            }
            Some(done) if done.index <= write.floor || done.index > write.id.index.0 => format!(
                "took effect at index {}, after {} was finished and before {}",
                done.index, write.floor, write.id
            ),
            None if !gone => format!("was never done; its client was told {:?}", write.answer),
            Some(_) | None => return,
        };
        let detail = format!("request {sequence} of session {session} {wrong}");
        self.fail(Check::Linearizable, detail);
    }

    /// A client was told that its write has certainly not been done.
    pub fn on_failed(&mut self, tag: SessionTag) {
        if let Some(done) = self.oracle.executed(tag) {
            let detail = format!(
                "a client was told that what index {} did had failed",
                done.index
            );
            self.fail(Check::Linearizable, detail);
        }
        self.failed.insert((tag.session, tag.sequence));
    }

    /// A client was told what it read.
    pub fn on_read(&mut self, read: ReadBack) {
        let ReadBack {
            node,
            key,
            point,
            applied,
            ..
        } = read;
        let right = self.oracle.item_at(key.as_bytes(), applied);
        if read.item != right {
            let detail = format!(
                "S{node} read {key} after index {applied} as {:?}, it was {right:?}",
                read.item
            );
            self.fail(Check::Linearizable, detail);
        }
        let Some(floor) = read.floor else {
            return;
        };
        if point < floor {
            let detail = format!(
                "S{node} answers with read point {point} from index {applied}, finished before: \
                 {floor}"
            );
            self.fail(Check::FreshReads, detail);
        }
        self.finish(applied);
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
