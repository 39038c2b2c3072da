//! Serialisation of a shared payload as one run of bytes (only with feature `serde`).

use crate::types::Payload;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserializer, Serializer};
use std::fmt;

/// Writes the payload as bytes, not as a list of numbers, where the format knows bytes.
pub fn serialize<S: Serializer>(payload: &Payload, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_bytes(payload)
}

/// Reads what [`serialize`] wrote, from binary formats and from JSON.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Payload, D::Error> {
    from.deserialize_bytes(PayloadVisitor)
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
