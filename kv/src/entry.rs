//! The bytes of requests, answers and key records.
//!
//! Guarantees: one encoding per value, and decoding accepts nothing that
//! [`Command::validate`] refuses. A request is: version, session flag and tag, command, checksum.
//!
//! The checksum is made once, by the node that takes the request on, and goes with it into every
//! log and every message: what flips in a memory on the way is seen by whoever is about to execute
//! it, where the checksums of records and frames see only what happens on a disk or a link.

use crate::answer::{Answer, KeyValue};
use crate::codec::{DecodeError, Reader, Sink};
use crate::command::{Command, Expect, Payload, Request, SessionTag, check_key, check_value};
use crate::digest::Digest;

/// Version of the request format.
const REQUEST_VERSION: u8 = 2;
/// The one before, without a checksum: still read, never written.
const UNSUMMED_VERSION: u8 = 1;
/// Bytes of the checksum, which ends an entry of whatever version.
const SUM_BYTES: usize = 4;

impl Request {
    /// The bytes of a log entry.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        out.byte(REQUEST_VERSION);
        out.flag(self.session.is_some());
        if let Some(tag) = self.session {
            out.number(tag.session);
            out.number(tag.sequence);
        }
        write_command(&mut out, &self.command);
        Request::sealed(out)
    }

    /// These bytes with their checksum behind them. For who makes a request by hand, as tests do.
    #[must_use]
    pub fn sealed(mut said: Vec<u8>) -> Vec<u8> {
        let sum = checksum(&said);
        said.raw(&sum);
        said
    }

    /// Whether these are the bytes that [`Request::encode`] once wrote, in this or another version.
    /// If not, they were damaged on this machine: every node has them whole but this one, which
    /// must not execute anything in their place.
    #[must_use]
    pub fn is_intact(entry: &[u8]) -> bool {
        match entry.split_last_chunk() {
            _ if entry.first() == Some(&UNSUMMED_VERSION) => Request::decode(entry).is_ok(),
            Some((said, sum)) => *sum == checksum(said),
            None => false,
        }
    }

    /// Reads the bytes of a log entry.
    ///
    /// # Errors
    /// Anything that [`Request::encode`] does not write for a valid command is refused.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let Some(&UNSUMMED_VERSION) = bytes.first() else {
            Reader::new(bytes).version(REQUEST_VERSION)?;
            let (said, sum) = bytes.split_last_chunk().ok_or(DecodeError::Truncated)?;
            return match *sum == checksum(said) {
                true => Request::read(said),
                false => Err(DecodeError::Damaged),
            };
        };
        Request::read(bytes)
    }

    /// What stands between version and checksum.
    fn read(said: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(said);
        from.byte()?;
        let session = if from.flag("session flag")? {
            Some(SessionTag {
                session: from.number()?,
                sequence: from.number()?,
            })
        } else {
            None
        };
        let command = read_command(&mut from)?;
        from.end()?;
        Ok(Self { session, command })
    }
}

/// The low half of the digest: two entries that differ in one place have different digests.
fn checksum(said: &[u8]) -> [u8; SUM_BYTES] {
    let mut digest = Digest::new(0);
    digest.raw(said);
    (digest.finish() as u32).to_le_bytes()
}

fn write_command(out: &mut impl Sink, command: &Command) {
    match command {
        Command::Put { key, value } => {
            out.byte(1);
            out.string(key);
            out.string(value);
        }
        Command::Delete { key } => {
            out.byte(2);
            out.string(key);
        }
        Command::CompareAndSet { key, expect, value } => {
            out.byte(3);
            out.string(key);
            match expect {
                Expect::Absent => out.byte(0),
                Expect::Value(expected) => {
                    out.byte(1);
                    out.string(expected);
                }
                Expect::Revision(revision) => {
                    out.byte(2);
                    out.number(*revision);
                }
            }
            out.flag(value.is_some());
            if let Some(value) = value {
                out.string(value);
            }
        }
        Command::OpenSession => out.byte(4),
        Command::CloseSession { session } => {
            out.byte(5);
            out.number(*session);
        }
    }
}

fn read_command(from: &mut Reader) -> Result<Command, DecodeError> {
    Ok(match from.byte()? {
        1 => Command::Put {
            key: read_key(from)?,
            value: read_value(from)?,
        },
        2 => Command::Delete {
            key: read_key(from)?,
        },
        3 => {
            let key = read_key(from)?;
            let expect = match from.byte()? {
                0 => Expect::Absent,
                1 => Expect::Value(read_value(from)?),
                2 => Expect::Revision(from.number()?),
                found => {
                    return Err(DecodeError::Choice {
                        of: "expectation",
                        found,
                    });
                }
            };
            let value = if from.flag("value flag")? {
                Some(read_value(from)?)
            } else {
                None
            };
            Command::CompareAndSet { key, expect, value }
        }
        4 => Command::OpenSession,
        5 => Command::CloseSession {
            session: from.number()?,
        },
        found => {
            return Err(DecodeError::Choice {
                of: "command",
                found,
            });
        }
    })
}

/// Reads a key and checks its limits before it is copied.
pub(crate) fn read_key(from: &mut Reader) -> Result<Payload, DecodeError> {
    let key = from.string()?;
    check_key(key)?;
    Ok(key.into())
}

fn read_value(from: &mut Reader) -> Result<Payload, DecodeError> {
    let value = from.string()?;
    check_value(value)?;
    Ok(value.into())
}

pub(crate) fn write_key_value(out: &mut impl Sink, item: &KeyValue) {
    out.string(&item.key);
    out.string(&item.value);
    out.number(item.create_revision);
    out.number(item.mod_revision);
    out.number(item.version);
}

pub(crate) fn read_key_value(from: &mut Reader) -> Result<KeyValue, DecodeError> {
    let item = KeyValue {
        key: read_key(from)?,
        value: read_value(from)?,
        create_revision: from.number()?,
        mod_revision: from.number()?,
        version: from.number()?,
    };
    // The first write makes revision 2, and every write of a key has its own revision.
    let writes_after_first = item.mod_revision.checked_sub(item.create_revision);
    let sound = match writes_after_first {
        None => false,
        Some(0) => item.version == 1,
        Some(room) => item.version >= 2 && item.version - 1 <= room,
    };
    if !sound || item.create_revision < 2 {
        return Err(DecodeError::Inconsistent("revisions of a key"));
    }
    Ok(item)
}

fn write_optional(out: &mut impl Sink, item: Option<&KeyValue>) {
    out.flag(item.is_some());
    if let Some(item) = item {
        write_key_value(out, item);
    }
}

fn read_optional(from: &mut Reader) -> Result<Option<KeyValue>, DecodeError> {
    if from.flag("key flag")? {
        read_key_value(from).map(Some)
    } else {
        Ok(None)
    }
}

pub(crate) fn write_answer(out: &mut impl Sink, answer: &Answer) {
    match answer {
        Answer::Put { revision, previous } => {
            out.byte(1);
            out.number(*revision);
            write_optional(out, previous.as_ref());
        }
        Answer::Deleted { revision, previous } => {
            out.byte(2);
            out.number(*revision);
            write_optional(out, previous.as_ref());
        }
        Answer::Compared {
            succeeded,
            revision,
            current,
        } => {
            out.byte(3);
            out.flag(*succeeded);
            out.number(*revision);
            write_optional(out, current.as_ref());
        }
        Answer::SessionOpened { session } => {
            out.byte(4);
            out.number(*session);
        }
        Answer::SessionClosed => out.byte(5),
        Answer::UnknownSession => out.byte(6),
        Answer::StaleSequence { last } => {
            out.byte(7);
            out.number(*last);
        }
        Answer::Malformed => out.byte(8),
    }
}

pub(crate) fn read_answer(from: &mut Reader) -> Result<Answer, DecodeError> {
    Ok(match from.byte()? {
        1 => Answer::Put {
            revision: from.number()?,
            previous: read_optional(from)?,
        },
        2 => Answer::Deleted {
            revision: from.number()?,
            previous: read_optional(from)?,
        },
        3 => Answer::Compared {
            succeeded: from.flag("comparison result")?,
            revision: from.number()?,
            current: read_optional(from)?,
        },
        4 => Answer::SessionOpened {
            session: from.number()?,
        },
        5 => Answer::SessionClosed,
        6 => Answer::UnknownSession,
        7 => Answer::StaleSequence {
            last: from.number()?,
        },
        8 => Answer::Malformed,
        found => {
            return Err(DecodeError::Choice {
                of: "answer",
                found,
            });
        }
    })
}
