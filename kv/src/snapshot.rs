//! The canonical encoding of a store: what a snapshot holds. Thesis section 5.1 and 6.3.
//!
//! Layout: version, applied, time, revision, digest; number of keys and the keys; number of
//! sessions and the sessions with their kept answers; compacted revision, number of changes and
//! the changes. All in ascending order. Guarantees: equal stores give equal bytes; decoding
//! accepts only bytes that encode back to themselves, checks what the parts owe each other, never
//! panics, and allocates in proportion to the bytes that are really there.

use crate::answer::KeyValue;
use crate::codec::{DecodeError, Reader, Sink};
use crate::digest::Digest;
use crate::entry::{read_answer, read_key, read_key_value, write_answer, write_key_value};
use crate::history::{Change, History};
use crate::limits::MAX_SESSIONS;
use crate::session::{Session, SessionInfo, Sessions};
use crate::store::Store;
use crate::table::Table;

/// Version of the store format.
const STORE_VERSION: u8 = 1;

/// No store gets this far: etcd counts revisions in signed numbers. The bound keeps bytes that lie
/// from preparing an overflow.
const MAX_REVISION: u64 = u64::MAX >> 1;

impl Store {
    /// The state as bytes. Equal states give equal bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    /// A digest of the bytes of [`Store::encode`], without building them.
    pub fn state_digest(&self) -> u64 {
        let mut digest = Digest::new(0);
        self.write(&mut digest);
        digest.finish()
    }

    /// Reads what [`Store::encode`] wrote.
    ///
    /// # Errors
    /// Anything else is refused.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes);
        from.version(STORE_VERSION)?;
        let mut store = Self::new();
        store.applied = from.number()?;
        store.time = from.number()?;
        store.revision = from.number()?;
        store.digest = from.number()?;
        // Every entry makes at most one revision.
        let revisions = 1..=store.applied.saturating_add(1).min(MAX_REVISION);
        if !revisions.contains(&store.revision) {
            return Err(DecodeError::Inconsistent("revision of the store"));
        }
        store.keys = read_keys(&mut from, store.revision)?;
        store.sessions = read_sessions(&mut from, store.applied)?;
        store.history = read_history(&mut from, store.revision, &store.keys)?;
        from.end()?;
        Ok(store)
    }

    fn write(&self, out: &mut impl Sink) {
        out.byte(STORE_VERSION);
        out.number(self.applied);
        out.number(self.time);
        out.number(self.revision);
        out.number(self.digest);
        out.number(self.keys.len() as u64);
        for item in self.keys.iter() {
            write_key_value(out, item);
        }
        out.number(self.sessions.len() as u64);
        for session in self.sessions.iter() {
            write_session(out, session);
        }
        out.number(self.history.compacted());
        out.number(self.history.len() as u64);
        for change in self.history.iter() {
            write_change(out, change);
        }
    }
}

fn read_keys(from: &mut Reader, revision: u64) -> Result<Table<KeyValue>, DecodeError> {
    let mut keys: Table<KeyValue> = Table::new();
    for _ in 0..from.number()? {
        let item = read_key_value(from)?;
        if item.mod_revision > revision {
            return Err(DecodeError::Inconsistent("a key is newer than the store"));
        }
        if keys.last().is_some_and(|last| last.key >= item.key) {
            return Err(DecodeError::Inconsistent("order of keys"));
        }
        keys.insert(item);
    }
    Ok(keys)
}

fn write_session(out: &mut impl Sink, session: &Session) {
    out.number(session.info.id);
    out.number(session.info.last_sequence);
    out.number(session.info.last_used);
    // An answer is kept exactly if there was a request.
    if let Some(answer) = &session.answer {
        write_answer(out, answer);
    }
}

fn read_sessions(from: &mut Reader, applied: u64) -> Result<Sessions, DecodeError> {
    let mut sessions = Sessions::new();
    let count = from.number()?;
    if count > MAX_SESSIONS as u64 {
        return Err(DecodeError::Inconsistent("too many sessions"));
    }
    let mut newest = 0;
    for _ in 0..count {
        let (id, last_sequence, last_used) = (from.number()?, from.number()?, from.number()?);
        if id <= newest || last_used < id || last_used > applied {
            return Err(DecodeError::Inconsistent("indexes of a session"));
        }
        newest = id;
        let answer = if last_sequence == 0 {
            None
        } else {
            Some(read_answer(from)?)
        };
        let info = SessionInfo {
            id,
            last_sequence,
            last_used,
        };
        sessions.restore(Session { info, answer });
    }
    Ok(sessions)
}

fn write_change(out: &mut impl Sink, change: &Change) {
    match change {
        Change::Put(item) => {
            out.byte(1);
            write_key_value(out, item);
        }
        Change::Deleted { key, revision } => {
            out.byte(2);
            out.string(key);
            out.number(*revision);
        }
    }
}

fn read_change(from: &mut Reader) -> Result<Change, DecodeError> {
    Ok(match from.byte()? {
        1 => Change::Put(read_key_value(from)?),
        2 => Change::Deleted {
            key: read_key(from)?,
            revision: from.number()?,
        },
        found => {
            return Err(DecodeError::Choice {
                of: "change",
                found,
            });
        }
    })
}

/// The changes must run without a gap from behind the compacted revision to the newest one, and
/// every key changed since then must be among them just as it stands.
fn read_history(
    from: &mut Reader,
    revision: u64,
    keys: &Table<KeyValue>,
) -> Result<History, DecodeError> {
    let compacted = from.number()?;
    let count = from.number()?;
    // Revision 1 is the empty store: there is no change to compact there. And the newest change is
    // never compacted, so only a store without any change has none.
    let base = compacted.max(1);
    let gapless = base.checked_add(count) == Some(revision);
    if compacted == 1 || !gapless || (count == 0) != (revision == 1) {
        return Err(DecodeError::Inconsistent("revisions of the history"));
    }
    let mut history = History::new(compacted);
    let mut standing = 0;
    for before in base..revision {
        let mut change = read_change(from)?;
        if change.revision() != before + 1 {
            return Err(DecodeError::Inconsistent("revisions of the history"));
        }
        if let Change::Put(item) = &change {
            let key = keys
                .get(&item.key)
                .filter(|key| key.mod_revision == item.mod_revision);
            if let Some(key) = key {
                if key != item {
                    return Err(DecodeError::Inconsistent("a key differs from its history"));
                }
                standing += 1;
                // The bytes are shared with the table again, as they were before encoding.
                change = Change::Put(key.clone());
            }
        }
        history.push(change);
        if history.compacted() != compacted {
            return Err(DecodeError::Inconsistent("the history is too long"));
        }
    }
    if keys.iter().filter(|key| key.mod_revision > base).count() != standing {
        return Err(DecodeError::Inconsistent("a key is missing in the history"));
    }
    Ok(history)
}
