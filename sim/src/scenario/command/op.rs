//! Operations of clients as a scenario writes them.

use crate::intervention::Op;
use raftwerk_wire::client::ReadMode;

impl Op {
    /// Reads an operation: `put x=1`, `put x=1 if =0`, `put x=1 if absent`, `delete x`, `get x`,
    /// `get x stale`.
    ///
    /// # Errors
    /// What is wrong with it and what it should look like.
    pub fn parse(text: &str) -> Result<Op, String> {
        let text = text.trim();
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        let (key, rest) = match verb {
            "put" => rest.split_once('=').ok_or("write put x=1")?,
            "get" | "delete" => rest.split_once(' ').unwrap_or((rest, "")),
            _ => {
                return Err(format!(
                    "{verb:?} is no operation; write put, get or delete"
                ));
            }
        };
        let key = key.to_string();
        match verb {
            "delete" if rest.is_empty() => Ok(Op::Delete { key }),
            "get" if rest.is_empty() => Ok(Op::Get {
                key,
                mode: ReadMode::Leader,
            }),
            "get" => {
                let mode = ReadMode::parse(rest).ok_or_else(|| {
                    format!(
                        "{rest:?} is no way to read; write leader, follower, quorum, lease or stale"
                    )
                })?;
                Ok(Op::Get { key, mode })
            }
            "put" => Ok(put(key, rest)),
            _ => Err("write delete x".to_string()),
        }
    }
}

fn put(key: String, rest: &str) -> Op {
    if let Some(value) = rest.strip_suffix(" if absent") {
        let value = value.to_string();
        return Op::CompareAndSet {
            key,
            expect: None,
            value,
        };
    }
    match rest.split_once(" if =") {
        Some((value, expect)) => Op::CompareAndSet {
            key,
            expect: Some(expect.to_string()),
            value: value.to_string(),
        },
        None => Op::Put {
            key,
            value: rest.to_string(),
        },
    }
}
