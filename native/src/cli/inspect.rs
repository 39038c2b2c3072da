//! `inspect`: what a node's data directory holds. No node is asked, and nothing is changed.

use super::output::{End, Output};
use crate::inspect::{self, Inspected, Known};
use clap::Args;
use serde_json::json;
use std::fmt::Write;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// Flags of `raftwerk inspect`.
#[derive(Debug, Args)]
pub struct InspectFlags {
    /// The data directory, which was --data of the node.
    dir: PathBuf,
    /// Show these entries of the log, such as 17..20, 17.. or ..20; both ends are shown.
    #[arg(long, value_name = "FROM..TO", value_parser = range)]
    entries: Option<RangeInclusive<u64>>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `inspect`.
pub fn inspect(flags: InspectFlags) -> Result<Output, End> {
    let found = inspect::inspect(&flags.dir, flags.entries);
    let found = found.map_err(|why| End::failed("unreadable", why))?;
    Ok(Output {
        plain: words(&found).into_bytes(),
        json: json!(found),
        note: None,
    })
}

fn range(text: &str) -> Result<RangeInclusive<u64>, String> {
    let form = || "a range of entries looks like 17..20, 17.. or ..20".to_string();
    let (from, to) = text.split_once("..").ok_or_else(form)?;
    let number = |text: &str, other: u64| match text {
        "" => Ok(other),
        text => text.parse().map_err(|_| form()),
    };
    let (from, to) = (number(from, 0)?, number(to, u64::MAX)?);
    match from <= to {
        true => Ok(from..=to),
        false => Err(format!("{from} comes after {to}")),
    }
}

/// What was found, for people.
fn words(found: &Inspected) -> String {
    let mut lines: Vec<String> = Vec::new();
    if found.in_use {
        let why = "a node is using this directory: what is being written may look half finished";
        lines.push(why.to_string());
    }
    lines.push(match &found.identity {
        Some(one) => format!(
            "node {} of cluster {}, disk {}, first members {:?}",
            one.node, one.cluster, one.disk, one.founders
        ),
        None => "whose it is cannot be read".to_string(),
    });
    if found.removed {
        lines.push("removed: the node knows that it is a member no more".to_string());
    }
    let vote = found
        .vote
        .map_or("nobody".to_string(), |node| format!("node {node}"));
    lines.push(format!("term {}, vote for {vote}", found.term));
    lines.push(log(found));
    for one in &found.snapshots {
        lines.push(format!(
            "snapshot {}: up to entry {} of term {}, {} bytes, {} keys, revision {}",
            one.name, one.last, one.term, one.bytes, one.keys, one.revision
        ));
    }
    if found.snapshots.is_empty() {
        lines.push("no snapshot".to_string());
    }
    lines.push(
        found
            .members
            .as_ref()
            .map_or("members unknown".to_string(), members),
    );
    for (id, url) in &found.addresses {
        lines.push(format!("node {id} is reached at {url}"));
    }
    lines.extend(found.suspect.iter().map(|lost| format!("suspect: {lost}")));
    for one in &found.damage {
        lines.push(format!("DAMAGE {}: {}", one.place, one.what));
    }
    if found.damage.is_empty() {
        lines.push("no damage found".to_string());
    }
    lines.extend(
        found
            .kept
            .iter()
            .map(|name| format!("kept from earlier damage: {name}")),
    );
    for entry in &found.entries {
        let (index, term, text) = (entry.index, entry.term, &entry.text);
        lines.push(format!("{index}\tterm {term}\t{}\t{text}", entry.kind));
    }
    lines.join("\n") + "\n"
}

fn log(found: &Inspected) -> String {
    let log = &found.log;
    let bytes: usize = log.files.iter().map(|(_, bytes)| bytes).sum();
    let mut line = match log.first > log.last {
        true => format!("log: no entries, it goes on at {}", log.first),
        false => format!(
            "log: entries {} to {}, the last of term {}",
            log.first, log.last, log.last_term
        ),
    };
    let files = log.files.len();
    let _ = write!(
        line,
        "; {} records, {files} files, {bytes} bytes",
        log.records
    );
    line
}

fn members(known: &Known) -> String {
    let Known {
        from,
        index,
        voters,
        outgoing,
        learners,
    } = known;
    let mut line = format!("members: voters {voters:?}, learners {learners:?}");
    if !outgoing.is_empty() {
        let _ = write!(line, ", until the change is done also {outgoing:?}");
    }
    let _ = write!(line, " (entry {index}, from {from})");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_strictly() {
        assert_eq!(range("3..5"), Ok(3..=5));
        assert_eq!(range("3.."), Ok(3..=u64::MAX));
        assert_eq!(range("..5"), Ok(0..=5));
        for bad in ["", "3", "a..b", "5..3", "1..2..3", "-1..2"] {
            assert!(range(bad).is_err(), "{bad}");
        }
    }
}
