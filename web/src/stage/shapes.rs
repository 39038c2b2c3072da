//! The shape of each message: kind by outline, request solid, reply hollow with a mark.
//!
//! Markup is built as text once per message and then only moved. Nothing in it comes from
//! users: names of kinds and numbers only. The middle of a shape is its origin.

use raftwerk_wire::view::MessageView;
use std::fmt::Write;

/// Letters inside small shapes are drawn from this stage scale on.
const LETTERS_FROM: f64 = 1.1;

/// Outline of a kind, with the letter that tells it apart.
fn outline(content: &MessageView) -> (&'static str, &'static str) {
    match content.kind.as_str() {
        "Vote" | "VoteReply" => (TRIANGLE, "V"),
        "PreVote" | "PreVoteReply" => (TRIANGLE, "P"),
        "Append" if content.entries > 0 => (SQUARE, ""),
        "Append" => (DOT, ""),
        "AppendReply" => (SMALL_SQUARE, ""),
        "ReadIndex" | "ReadIndexReply" | "ReadMark" | "ReadMarkReply" => (DISC, "R"),
        "SnapshotOffer" | "SnapshotReply" | "SnapshotChunk" | "SnapshotChunkReply" => (BAR, ""),
        "TimeoutNow" => (STAR, ""),
        "Answer" => (PILL, ""),
        "Put" => (LONG_PILL, "put"),
        "Get" => (LONG_PILL, "get"),
        "Delete" => (LONG_PILL, "del"),
        "CompareAndSet" => (LONG_PILL, "cas"),
        "OpenSession" => (LONG_PILL, "open"),
        "Request" => (LONG_PILL, ""),
        _ => (DISC, "?"),
    }
}

const TRIANGLE: &str = "M0-8.6 8.2 5.8-8.2 5.8Z";
const SQUARE: &str = "M-7-7H7V7H-7Z";
const SMALL_SQUARE: &str = "M-5.5-5.5H5.5V5.5H-5.5Z";
const DOT: &str = "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0Z";
const DISC: &str = "M-7 0a7 7 0 1 0 14 0a7 7 0 1 0-14 0Z";
const BAR: &str = "M-12-5H12V5H-12Z";
const STAR: &str = "M0-9 2.4-3 8.8-2.8 3.8 1.2 5.5 7.4 0 3.8-5.5 7.4-3.8 1.2-8.8-2.8-2.4-3Z";
const PILL: &str = "M-6-6H6a6 6 0 0 1 0 12H-6a6 6 0 0 1 0-12Z";
const LONG_PILL: &str = "M-9-7H9a7 7 0 0 1 0 14H-9a7 7 0 0 1 0-14Z";

/// Everything inside the moving group of one message.
#[must_use]
pub fn markup(content: &MessageView, hatched: bool, lost: bool, scale: f64) -> String {
    let (path, letter) = outline(content);
    let mut out = String::with_capacity(512);
    // Writing to a String cannot fail.
    out.push_str(concat!(
        r#"<path class="tail" d="M-8 0H-28" transform="rotate(0)"/>"#,
        r#"<circle class="hit" r="12"/>"#
    ));
    if content.reply {
        let _ = write!(
            out,
            r#"<path class="rim" d="{path}"/><path class="hollow" d="{path}"/>"#
        );
        let mark = match content.accepted {
            Some(true) => "M-2.8.6-.7 2.8 3-2.2",
            Some(false) => "M-3 .8H3",
            // Nobody knows: done or not.
            None => "M-3.6 .6A1.8 1.8 0 0 1 0 0 1.8 1.8 0 0 0 3.6-.6",
        };
        let _ = write!(out, r#"<path class="mark" d="{mark}"/>"#);
    } else {
        let _ = write!(out, r#"<path class="solid" d="{path}"/>"#);
        if hatched {
            let _ = write!(out, r#"<path class="hatch" d="{path}"/>"#);
        }
        if content.kind == "PreVote" {
            // A second edge: asking whether to ask.
            out.push_str(r#"<path class="edge" d="M0-12.4 11.6 8-11.6 8Z"/>"#);
        }
        if content.entries > 0 {
            let _ = write!(
                out,
                r#"<text class="count" y="3.6">{}</text>"#,
                content.entries
            );
        } else if path == LONG_PILL {
            let _ = write!(out, r#"<text class="word" y="2.9">{letter}</text>"#);
        } else if scale >= LETTERS_FROM && !letter.is_empty() {
            let y = if letter == "R" { 3.2 } else { 4.2 };
            let _ = write!(out, r#"<text class="letter" y="{y}">{letter}</text>"#);
        }
    }
    if lost {
        out.push_str(r#"<path class="cross" d="M-5-5 5 5M5-5-5 5"/>"#);
    }
    out
}

/// What a message is called in sentences.
#[must_use]
pub fn title(content: &MessageView) -> String {
    match (content.kind.as_str(), content.entries) {
        ("Append", 0) => "Heartbeat".to_string(),
        ("Append", 1) => "Append, 1 entry".to_string(),
        ("Append", count) => format!("Append, {count} entries"),
        ("Vote", _) => "Vote request".to_string(),
        ("PreVote", _) => "Pre-vote request".to_string(),
        ("VoteReply", _) => "Vote answer".to_string(),
        ("PreVoteReply", _) => "Pre-vote answer".to_string(),
        ("AppendReply", _) => "Append answer".to_string(),
        ("ReadIndex", _) => "Read index request".to_string(),
        ("ReadIndexReply", _) => "Read index answer".to_string(),
        ("SnapshotChunk", _) => "Bytes of a snapshot".to_string(),
        ("SnapshotChunkReply", _) => "Answer to bytes of a snapshot".to_string(),
        ("TimeoutNow", _) => "Campaign now".to_string(),
        ("Answer", _) => "Answer to a client".to_string(),
        ("CompareAndSet", _) => "Request: compare and set".to_string(),
        ("OpenSession", _) => "Request: open a session".to_string(),
        ("Put" | "Get" | "Delete", _) => format!("Request: {}", content.kind.to_lowercase()),
        (other, _) => other.to_string(),
    }
}
