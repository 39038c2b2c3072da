//! What a log entry asks for: commands, and the request that wraps one with its session.
//!
//! Assumes nothing about its input: [`Command::validate`] names what is wrong, and
//! [`Request::decode`](crate::Request::decode) lets nothing through that `validate` refuses.

use std::fmt;
use std::sync::Arc;

use crate::limits::{MAX_KEY_BYTES, MAX_VALUE_BYTES};

/// Keys and values are bytes, shared rather than copied.
pub type Payload = Arc<[u8]>;

/// Longest part of a key or value that [`Request::describe`] shows, in characters.
const SHOWN_CHARS: usize = 24;

/// What a compare-and-set wants to find.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Expect {
    /// The key must not exist.
    Absent,
    /// The key must exist and hold exactly this value.
    Value(Payload),
    /// The key's mod revision must be this; 0 means the key must not exist.
    Revision(u64),
}

/// What to do to the state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Command {
    /// Set a key, whether or not it exists. Always a new revision, even for an equal value.
    Put {
        /// The key to set.
        key: Payload,
        /// Its new value.
        value: Payload,
    },
    /// Remove a key. Not a new revision when there is nothing to remove.
    Delete {
        /// The key to remove.
        key: Payload,
    },
    /// Set or remove a key if it is as expected, else change nothing.
    CompareAndSet {
        /// The key to look at and to change.
        key: Payload,
        /// What must be found.
        expect: Expect,
        /// The new value; `None` removes the key.
        value: Option<Payload>,
    },
    /// Open a session; its id is the log index of this entry.
    OpenSession,
    /// Close a session and forget its answers.
    CloseSession {
        /// The session to close.
        session: u64,
    },
}

/// Marks a request as number `sequence` of a session, so that a retry is not executed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SessionTag {
    /// The id that [`crate::Answer::SessionOpened`] gave.
    pub session: u64,
    /// Counts the requests of the session, from 1. Gaps are allowed, going back is not.
    pub sequence: u64,
}

/// What one log entry carries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Request {
    /// Without a session the request is executed each time it is in the log: at least once.
    pub session: Option<SessionTag>,
    /// What to do.
    pub command: Command,
}

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// The key has no bytes.
    EmptyKey,
    /// The key is longer than [`MAX_KEY_BYTES`].
    KeyTooLong {
        /// How long it is.
        bytes: usize,
    },
    /// A value, new or expected, is longer than [`MAX_VALUE_BYTES`].
    ValueTooLong {
        /// How long it is.
        bytes: usize,
    },
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyKey => write!(f, "the key is empty"),
            Self::KeyTooLong { bytes } => {
                write!(f, "the key has {bytes} bytes, the limit is {MAX_KEY_BYTES}")
            }
            Self::ValueTooLong { bytes } => {
                write!(
                    f,
                    "the value has {bytes} bytes, the limit is {MAX_VALUE_BYTES}"
                )
            }
        }
    }
}

impl std::error::Error for CommandError {}

impl Command {
    /// A [`Command::Put`] that copies its arguments.
    pub fn put(key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        Self::Put {
            key: key.as_ref().into(),
            value: value.as_ref().into(),
        }
    }

    /// A [`Command::Delete`] that copies its argument.
    pub fn delete(key: impl AsRef<[u8]>) -> Self {
        Self::Delete {
            key: key.as_ref().into(),
        }
    }

    /// Whether the command keeps the limits; a host asks before it proposes.
    ///
    /// # Errors
    /// The first limit that is broken.
    pub fn validate(&self) -> Result<(), CommandError> {
        match self {
            Self::Put { key, value } => {
                check_key(key)?;
                check_value(value)
            }
            Self::Delete { key } => check_key(key),
            Self::CompareAndSet { key, expect, value } => {
                check_key(key)?;
                if let Expect::Value(expected) = expect {
                    check_value(expected)?;
                }
                value.as_deref().map_or(Ok(()), check_value)
            }
            Self::OpenSession | Self::CloseSession { .. } => Ok(()),
        }
    }
}

impl From<Command> for Request {
    /// A request without a session.
    fn from(command: Command) -> Self {
        Self {
            session: None,
            command,
        }
    }
}

impl Request {
    /// Request number `sequence` of `session`.
    pub fn tagged(session: u64, sequence: u64, command: Command) -> Self {
        Self {
            session: Some(SessionTag { session, sequence }),
            command,
        }
    }

    /// A short line for people, such as `put x=1`. Keys and values are shown as text where they
    /// are text, and cut to 24 characters each. The session is left out.
    pub fn describe(&self) -> String {
        match &self.command {
            Command::Put { key, value } => format!("put {}={}", shown(key), shown(value)),
            Command::Delete { key } => format!("delete {}", shown(key)),
            Command::CompareAndSet { key, expect, value } => {
                let expected = match expect {
                    Expect::Absent | Expect::Revision(0) => "absent".to_owned(),
                    Expect::Value(bytes) => format!("={}", shown(bytes)),
                    Expect::Revision(revision) => format!("revision {revision}"),
                };
                match value {
                    Some(value) => {
                        format!("put {}={} if {expected}", shown(key), shown(value))
                    }
                    None => format!("delete {} if {expected}", shown(key)),
                }
            }
            Command::OpenSession => "open session".to_owned(),
            Command::CloseSession { session } => format!("close session {session}"),
        }
    }
}

pub(crate) fn check_key(key: &[u8]) -> Result<(), CommandError> {
    match key.len() {
        0 => Err(CommandError::EmptyKey),
        bytes if bytes > MAX_KEY_BYTES => Err(CommandError::KeyTooLong { bytes }),
        _ => Ok(()),
    }
}

pub(crate) fn check_value(value: &[u8]) -> Result<(), CommandError> {
    match value.len() {
        bytes if bytes > MAX_VALUE_BYTES => Err(CommandError::ValueTooLong { bytes }),
        _ => Ok(()),
    }
}

/// Bytes as one short piece of text: what is not printable becomes the replacement character.
fn shown(bytes: &[u8]) -> String {
    // A character takes at most four bytes, so looking a little further than this suffices to
    // know both the characters shown and whether there are more.
    let head = &bytes[..bytes.len().min(4 * (SHOWN_CHARS + 1))];
    let text = String::from_utf8_lossy(head);
    let printable = |c: char| {
        if c.is_control() {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    if text.chars().nth(SHOWN_CHARS).is_none() {
        return text.chars().map(printable).collect();
    }
    text.chars()
        .take(SHOWN_CHARS - 1)
        .map(printable)
        .chain(['…'])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn describe_is_short_and_readable() {
        let line = |command: Command| Request::from(command).describe();
        assert_eq!(line(Command::put("x", "1")), "put x=1");
        assert_eq!(line(Command::delete("x")), "delete x");
        assert_eq!(line(Command::OpenSession), "open session");
        assert_eq!(
            line(Command::CloseSession { session: 7 }),
            "close session 7"
        );
        let cas = |expect, value: Option<&[u8]>| {
            let key = b"x".as_slice().into();
            line(Command::CompareAndSet {
                key,
                expect,
                value: value.map(Into::into),
            })
        };
        assert_eq!(cas(Expect::Absent, Some(b"1")), "put x=1 if absent");
        assert_eq!(cas(Expect::Revision(0), Some(b"1")), "put x=1 if absent");
        assert_eq!(cas(Expect::Revision(4), None), "delete x if revision 4");
        assert_eq!(
            cas(Expect::Value(b"0".as_slice().into()), Some(b"1")),
            "put x=1 if =0"
        );
    }

    #[test]
    fn describe_cuts_and_survives_any_bytes() {
        assert_eq!(shown(&[b'a'; 24]), "a".repeat(24));
        assert_eq!(shown(&[b'a'; 25]), format!("{}…", "a".repeat(23)));
        assert_eq!(
            shown("€".repeat(30).as_bytes()),
            format!("{}…", "€".repeat(23))
        );
        assert_eq!(shown("😀".repeat(24).as_bytes()), "😀".repeat(24));
        assert_eq!(shown(b"a\nb\xff"), "a\u{fffd}b\u{fffd}");
        assert_eq!(shown(&[0xff; 5000]).chars().count(), 24);
        assert_eq!(shown(b""), "");
    }

    #[test]
    fn validate_names_the_broken_limit() {
        let key = vec![b'k'; MAX_KEY_BYTES];
        let value = vec![0; MAX_VALUE_BYTES];
        assert_eq!(Command::put(&key, &value).validate(), Ok(()));
        assert_eq!(Command::put("k", "").validate(), Ok(()));
        assert_eq!(Command::delete("").validate(), Err(CommandError::EmptyKey));
        let long_key = vec![b'k'; MAX_KEY_BYTES + 1];
        let refused = Command::delete(&long_key).validate();
        assert_eq!(
            refused,
            Err(CommandError::KeyTooLong {
                bytes: MAX_KEY_BYTES + 1
            })
        );
        let long: Payload = vec![0; MAX_VALUE_BYTES + 1].into();
        let too_long = Err(CommandError::ValueTooLong {
            bytes: MAX_VALUE_BYTES + 1,
        });
        assert_eq!(Command::put("k", &long).validate(), too_long);
        let key: Payload = b"k".as_slice().into();
        let expect = Expect::Value(long.clone());
        let by_value = Command::CompareAndSet {
            key: key.clone(),
            expect,
            value: None,
        };
        assert_eq!(by_value.validate(), too_long);
        let expect = Expect::Absent;
        assert_eq!(
            Command::CompareAndSet {
                key,
                expect,
                value: Some(long)
            }
            .validate(),
            too_long
        );
    }
}
