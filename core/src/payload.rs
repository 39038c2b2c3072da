//! The bytes of a command: shared by log, disk and messages, never copied and never changed.
//!
//! Commands that come together may lie in one buffer ([`Payload::batch`]): taking a batch over is
//! then one allocation and not one for each. The price is that the buffer lives as long as the
//! last of its commands. Equality, order of bytes and hash are those of the bytes alone.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// The bytes of a command.
#[derive(Clone)]
pub struct Payload {
    buffer: Arc<[u8]>,
    start: u32,
    length: u32,
}

impl Payload {
    /// The commands of a batch, copied into one buffer.
    ///
    /// # Panics
    /// When all of them together are longer than 4 GiB, far above what a leader takes on.
    pub fn batch<'a>(
        commands: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> impl Iterator<Item = Payload> {
        let buffer = Payload::joined(commands.clone());
        let mut start = 0;
        commands.map(move |command| {
            let payload = Payload {
                buffer: buffer.clone(),
                start,
                length: command.len() as u32,
            };
            start += payload.length;
            payload
        })
    }

    fn joined<'a>(mut commands: impl Iterator<Item = &'a [u8]> + Clone) -> Arc<[u8]> {
        let all: usize = commands.clone().map(<[u8]>::len).sum();
        assert!(u32::try_from(all).is_ok(), "a batch fits into 4 GiB");
        let first = commands.next().unwrap_or_default();
        // One alone needs no buffer to be filled.
        if first.len() == all {
            return first.into();
        }
        let mut buffer: Arc<[u8]> = std::iter::repeat_n(0, all).collect();
        let mut rest = Arc::get_mut(&mut buffer).expect("nobody else has it yet");
        for command in [first].into_iter().chain(commands) {
            let (here, after) = rest.split_at_mut(command.len());
            here.copy_from_slice(command);
            rest = after;
        }
        buffer
    }
}

impl Deref for Payload {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        let start = self.start as usize;
        &self.buffer[start..start + self.length as usize]
    }
}

impl AsRef<[u8]> for Payload {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<Arc<[u8]>> for Payload {
    /// # Panics
    /// Above 4 GiB.
    fn from(buffer: Arc<[u8]>) -> Payload {
        let length = u32::try_from(buffer.len()).expect("a command is below 4 GiB");
        Payload {
            buffer,
            start: 0,
            length,
        }
    }
}

impl From<&[u8]> for Payload {
    fn from(bytes: &[u8]) -> Payload {
        Payload::from(Arc::<[u8]>::from(bytes))
    }
}

impl<const N: usize> From<[u8; N]> for Payload {
    fn from(bytes: [u8; N]) -> Payload {
        Payload::from(&bytes[..])
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Payload {
        Payload::from(Arc::<[u8]>::from(bytes))
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Payload) -> bool {
        **self == **other
    }
}

impl Eq for Payload {}

impl Hash for Payload {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// As one run of bytes, not as a list of numbers, where the format knows bytes.
#[cfg(feature = "serde")]
mod serial {
    use super::Payload;
    use serde::de::{Error, SeqAccess, Visitor};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::fmt;

    impl Serialize for Payload {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            to.serialize_bytes(self)
        }
    }

    impl<'de> Deserialize<'de> for Payload {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Payload, D::Error> {
            from.deserialize_bytes(PayloadVisitor)
        }
    }

    struct PayloadVisitor;

    impl<'de> Visitor<'de> for PayloadVisitor {
        type Value = Payload;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("bytes")
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Payload, E> {
            Ok(Payload::from(bytes))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Payload, A::Error> {
            // The length hint of a stranger is not trusted: growth is paid for by real bytes.
            let mut bytes = Vec::new();
            while let Some(byte) = seq.next_element::<u8>()? {
                bytes.push(byte);
            }
            Ok(Payload::from(bytes))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_its_commands_in_one_buffer() {
        let commands: [&[u8]; 4] = [b"one", b"", b"three", b"x"];
        let batch: Vec<Payload> = Payload::batch(commands.into_iter()).collect();
        assert_eq!(batch.len(), 4);
        for (payload, command) in batch.iter().zip(commands) {
            assert_eq!(**payload, *command);
            assert_eq!(*payload, Payload::from(command));
            assert!(Arc::ptr_eq(&payload.buffer, &batch[0].buffer));
        }
        assert_eq!(Payload::batch(std::iter::empty()).count(), 0);
    }
}
