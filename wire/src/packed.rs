//! An event of the core in JSON: a sentence for people, and the event itself as one word.
//!
//! A page that reads every field of every kind of event by its name is a fifth larger than one that
//! reads them from a word, and nobody reads the names: whoever looks at a stream wants to know what
//! happened. The word is the event in postcard, in hexadecimal; it is of this version of the
//! protocol only, as the stream is (`observe`).

use crate::explain::what;
use raftwerk_core::trace::Event;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize)]
struct Written<'a> {
    says: &'a str,
    word: String,
}

#[derive(Deserialize)]
struct Read {
    word: String,
}

/// For `#[serde(with = "packed")]`.
pub fn serialize<S: Serializer>(event: &Event, to: S) -> Result<S::Ok, S::Error> {
    let bytes = postcard::to_allocvec(event).map_err(S::Error::custom)?;
    let mut word = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            word.push(char::from_digit(half.into(), 16).unwrap_or_default());
        }
    }
    let says = &what(event);
    Written { says, word }.serialize(to)
}

/// For `#[serde(with = "packed")]`.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Event, D::Error> {
    let Read { word } = Read::deserialize(from)?;
    let broken = || D::Error::custom("this is no event of this version");
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let pair = |pair: &[u8; 2]| Some((digit(pair[0])? << 4 | digit(pair[1])?) as u8);
    let (pairs, rest) = word.as_bytes().as_chunks();
    let bytes: Option<Vec<u8>> = pairs.iter().map(pair).collect();
    let bytes = bytes.filter(|_| rest.is_empty()).ok_or_else(broken)?;
    match postcard::take_from_bytes(&bytes) {
        Ok((event, [])) => Ok(event),
        _ => Err(broken()),
    }
}
