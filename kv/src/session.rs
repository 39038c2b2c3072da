//! Sessions: a retried request is answered again, not executed again. Raft thesis section 6.3.
//!
//! Each session keeps its newest sequence and the answer to it, as the thesis does for clients
//! with one request under way at a time. The table is part of the state and of the snapshot. At
//! most [`MAX_SESSIONS`] are open: the one not used for longest, counted in log indexes and
//! therefore the same on every replica, makes room for a new one.

use crate::answer::Answer;
use crate::command::SessionTag;
use crate::limits::MAX_SESSIONS;
use crate::table::{Row, Table};

/// What is known of an open session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SessionInfo {
    /// Its id: the log index of the entry that opened it.
    pub id: u64,
    /// The newest sequence answered; 0 before the first.
    pub last_sequence: u64,
    /// The log index of its latest entry, retries included.
    pub last_used: u64,
}

/// One open session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub info: SessionInfo,
    /// The answer to `last_sequence`; `None` before the first request.
    pub answer: Option<Answer>,
}

impl Row for Session {
    type Key = u64;
    fn key(&self) -> &u64 {
        &self.info.id
    }
}

/// All open sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sessions {
    table: Table<Session>,
}

impl Sessions {
    pub fn new() -> Self {
        Self {
            table: Table::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.table.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Session> {
        self.table.iter()
    }

    /// Opens the session whose id is `index`, and closes the least used one if there are too many.
    pub fn open(&mut self, index: u64) -> Answer {
        if self.table.len() >= MAX_SESSIONS {
            let age = |session: &Session| (session.info.last_used, session.info.id);
            let oldest = self.table.iter().map(age).min();
            if let Some((_, id)) = oldest {
                self.table.remove(&id);
            }
        }
        let info = SessionInfo {
            id: index,
            last_sequence: 0,
            last_used: index,
        };
        self.restore(Session { info, answer: None });
        Answer::SessionOpened { session: index }
    }

    /// Puts back a session from a snapshot.
    pub fn restore(&mut self, session: Session) {
        let twin = self.table.insert(session);
        assert!(twin.is_none(), "a log index opens one session");
    }

    pub fn close(&mut self, session: u64) -> Answer {
        match self.table.remove(&session) {
            Some(_) => Answer::SessionClosed,
            None => Answer::UnknownSession,
        }
    }

    /// Marks the session as used and looks up the request: `Some` is the answer to give without
    /// executing, `None` means that the request is new.
    pub fn recall(&mut self, index: u64, tag: SessionTag) -> Option<Answer> {
        let recalled = self.table.update(&tag.session, |session| {
            session.info.last_used = index;
            let last = session.info.last_sequence;
            if tag.sequence > last {
                return None;
            }
            // Before the first request `last` is 0, which no request may use.
            let kept = session.answer.clone().filter(|_| tag.sequence == last);
            Some(kept.unwrap_or(Answer::StaleSequence { last }))
        });
        recalled.unwrap_or(Some(Answer::UnknownSession))
    }

    /// Keeps the answer of an executed request. A request that closed its own session leaves
    /// nothing to keep it in: its retry hears [`Answer::UnknownSession`].
    pub fn remember(&mut self, tag: SessionTag, answer: &Answer) {
        self.table.update(&tag.session, |session| {
            assert!(
                tag.sequence > session.info.last_sequence,
                "only new requests are executed"
            );
            session.info.last_sequence = tag.sequence;
            session.answer = Some(answer.clone());
        });
    }
}
