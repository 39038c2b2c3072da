//! What operations were told and what a key can be like, in words.

use super::prepare::Prepared;
use super::search::Search;
use super::state::{Detail, Key, Range, State};
use super::{Action, Expect, Operation, Outcome, Shown, Told};
use raftwerk_wire::view::show_bytes;

/// Who asked what, when, and what the answer told.
pub(super) fn sentence(operation: &Operation, detail: Detail) -> String {
    let told = answer(operation).map_or_else(String::new, |told| what(operation, told, detail));
    format!(
        "C{}'s {} ({} to {}) {told}",
        operation.client,
        operation.action.describe(&operation.key),
        moment(operation.called),
        moment(answer_time(operation)),
    )
}

pub(super) fn answer(operation: &Operation) -> Option<&Told> {
    match &operation.outcome {
        Outcome::Answered { told, .. } => Some(told),
        _ => None,
    }
}

pub(super) fn answer_time(operation: &Operation) -> u64 {
    match operation.outcome {
        Outcome::Answered { at, .. } => at,
        _ => u64::MAX,
    }
}
/// A time with its unit, exact.
fn moment(micros: u64) -> String {
    format!("{}.{:03} ms", micros / 1_000, micros % 1_000)
}

/// What an operation was told, as far as it matters.
fn what(operation: &Operation, told: &Told, detail: Detail) -> String {
    let shown = shown(&told.shown, detail);
    let revision = told.revision.filter(|_| detail == Detail::Revisions);
    let revision = revision.map_or(String::new(), |at| format!(", at revision {at}"));
    let text = match (&operation.action, shown) {
        (Action::Get, Some(shown)) => format!("read {shown}"),
        (Action::Get, None) => "read something".to_string(),
        (Action::CompareAndSet { expect, .. }, shown) => compared(expect, told.succeeded, shown),
        (_, Some(shown)) => format!("was done and found {shown}"),
        (_, None) => "was done".to_string(),
    };
    text + &revision
}

fn compared(expect: &Expect, succeeded: bool, shown: Option<String>) -> String {
    let expected = match expect {
        Expect::Absent | Expect::Revision(0) => "nothing".to_string(),
        Expect::Value(value) => show_bytes(value),
        Expect::Revision(revision) => format!("revision {revision}"),
    };
    match (succeeded, shown) {
        (true, None) => format!("succeeded and so found {expected}"),
        (true, Some(shown)) => format!("succeeded and so found {expected} and left {shown}"),
        (false, None) => format!("failed and so did not find {expected}"),
        (false, Some(shown)) => format!("failed and found {shown}"),
    }
}

fn shown(shown: &Shown, detail: Detail) -> Option<String> {
    let record = match shown {
        Shown::Untold => return None,
        Shown::Absent => return Some("nothing".to_string()),
        Shown::Present(record) => record,
    };
    let mut text = show_bytes(&record.value);
    let version = record.version.filter(|_| detail >= Detail::Versions);
    let revision = record.mod_revision.filter(|_| detail == Detail::Revisions);
    let created = record
        .create_revision
        .filter(|_| detail == Detail::Revisions);
    let parts = [
        version.map(|version| format!("version {version}")),
        created.map(|created| format!("created at revision {created}")),
        revision.map(|revision| format!("changed at revision {revision}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if !parts.is_empty() {
        text += &format!(" ({})", parts.join(", "));
    }
    Some(text)
}

/// What a key can be like when only the last answer is left to explain, each once.
pub(super) fn states_at_the_end(prepared: &Prepared, search: &Search) -> Vec<String> {
    let end = prepared.closed.len() - 1;
    let mut texts: Vec<String> = Vec::new();
    for entry in search.memo.entries() {
        if entry.position as usize == end {
            let text = describe(prepared, &entry.state);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
    }
    texts
}

/// What a key is like in a state, as far as it matters.
fn describe(prepared: &Prepared, state: &State) -> String {
    let detail = prepared.model.detail;
    let found = match (state.key, detail) {
        (Key::Present(found), _) => found,
        (Key::Anything, _) => return "something else".to_string(),
        (Key::Absent, Detail::Revisions) => {
            let floor = state.floor;
            return format!("absent, with the store at revision {floor} or later");
        }
        (Key::Absent, _) => return "absent".to_string(),
    };
    let value = prepared.values[found.value as usize].as_ref();
    let value = value.map_or_else(
        || "a value no answer shows".to_string(),
        |value| show_bytes(value),
    );
    let version = found.version;
    match detail {
        Detail::Values => value,
        Detail::Versions => format!("{value} (version {version})"),
        Detail::Revisions => format!(
            "{value} (version {version}, created at revision {}, changed at revision {}), \
             with the store at revision {} or later",
            range(found.created),
            range(found.modified),
            state.floor
        ),
    }
}

fn range(range: Range) -> String {
    match (range.low, range.high) {
        (low, high) if low == high => low.to_string(),
        (low, u64::MAX) => format!("{low} or later"),
        (low, high) => format!("{low} to {high}"),
    }
}
