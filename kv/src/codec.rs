//! Reading and writing bytes: fixed-width little-endian numbers, byte strings behind a 32-bit
//! length, one byte for a choice.
//!
//! There is one way to write each value, and the reader accepts only that way, so whatever
//! decodes encodes to the same bytes again. The reader never panics and never allocates more than
//! the bytes it was given.

use std::fmt;

use crate::command::CommandError;

/// Why bytes were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes end too early.
    Truncated,
    /// The format version is not one this build knows.
    Version {
        /// The version byte found.
        found: u8,
    },
    /// The checksum is another one.
    Damaged,
    /// A byte that stands for a choice has no meaning.
    Choice {
        /// What was being chosen.
        of: &'static str,
        /// The byte found.
        found: u8,
    },
    /// Bytes are left over behind the end.
    Trailing,
    /// A key or value breaks a limit.
    Refused(CommandError),
    /// The parts contradict each other; no store can have written this.
    Inconsistent(&'static str),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => write!(f, "the bytes end too early"),
            Self::Version { found } => write!(f, "format version {found} is not known"),
            Self::Damaged => write!(f, "the checksum is another one"),
            Self::Choice { of, found } => write!(f, "{found} is not a {of}"),
            Self::Trailing => write!(f, "bytes are left over behind the end"),
            Self::Refused(error) => write!(f, "{error}"),
            Self::Inconsistent(what) => write!(f, "inconsistent: {what}"),
        }
    }
}

impl std::error::Error for DecodeError {}

impl From<CommandError> for DecodeError {
    fn from(error: CommandError) -> Self {
        Self::Refused(error)
    }
}

/// Where encoded bytes go: a buffer, or a digest that needs no buffer.
pub(crate) trait Sink {
    /// Takes the next bytes, as they are.
    fn raw(&mut self, bytes: &[u8]);

    fn byte(&mut self, byte: u8) {
        self.raw(&[byte]);
    }

    fn number(&mut self, number: u64) {
        self.raw(&number.to_le_bytes());
    }

    /// A byte string behind its length.
    fn string(&mut self, bytes: &[u8]) {
        let length = u32::try_from(bytes.len());
        assert!(
            length.is_ok(),
            "a byte string of 4 GiB or more is beyond every limit"
        );
        self.raw(&length.unwrap_or(u32::MAX).to_le_bytes());
        self.raw(bytes);
    }

    /// A presence byte: 0 or 1.
    fn flag(&mut self, flag: bool) {
        self.byte(u8::from(flag));
    }
}

impl Sink for Vec<u8> {
    fn raw(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Takes bytes apart from the front.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        let (first, rest) = self.rest.split_first().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(*first)
    }

    pub fn number(&mut self) -> Result<u64, DecodeError> {
        let (head, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*head))
    }

    pub fn string(&mut self) -> Result<&'a [u8], DecodeError> {
        let (head, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(DecodeError::Truncated)?;
        let length = u32::from_le_bytes(*head);
        // A length that does not fit `usize` cannot be present either.
        let length = usize::try_from(length).map_err(|_| DecodeError::Truncated)?;
        let (string, rest) = rest
            .split_at_checked(length)
            .ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(string)
    }

    pub fn flag(&mut self, of: &'static str) -> Result<bool, DecodeError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            found => Err(DecodeError::Choice { of, found }),
        }
    }

    /// Reads the version byte, which must be `known`.
    pub fn version(&mut self, known: u8) -> Result<(), DecodeError> {
        match self.byte()? {
            found if found == known => Ok(()),
            found => Err(DecodeError::Version { found }),
        }
    }

    /// Call at the end: there must be nothing left.
    pub fn end(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::Trailing)
        }
    }
}
