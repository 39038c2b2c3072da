//! How a message's picture is taken: its outline, which is enough to draw it, and its fields.

use crate::view::{EntryView, MessageView};
use raftwerk_core::{AppendResult, Body, Message};

/// Most entries of an append that are told one by one.
const MOST_ENTRIES: usize = 8;

impl MessageView {
    /// What is drawn of a message in flight: everything but its fields.
    #[must_use]
    pub fn outline(message: &Message) -> MessageView {
        let (mut accepted, mut entries) = (None, 0);
        match &message.body {
            Body::PreVoteReply { granted, .. } | Body::VoteReply { granted } => {
                accepted = Some(*granted);
            }
            Body::Append { entries: list, .. } => entries = list.len(),
            Body::AppendReply { result, .. } => {
                accepted = Some(matches!(result, AppendResult::Accepted { .. }));
            }
            Body::ReadIndexReply { index, .. } => accepted = Some(index.is_some()),
            _ => {}
        }
        MessageView {
            kind: message.body.name().to_string(),
            term: message.term.0,
            reply: message.body.is_reply(),
            accepted,
            entries,
            fields: Vec::new(),
        }
    }
}

impl From<&Message> for MessageView {
    fn from(message: &Message) -> MessageView {
        MessageView {
            fields: fields(&message.body),
            ..MessageView::outline(message)
        }
    }
}

fn fields(body: &Body) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut field = |name: &str, value: String| fields.push((name.to_string(), value));
    match body {
        Body::PreVote { proposed, last } => {
            field("would campaign in term", proposed.to_string());
            field("last entry", last.to_string());
        }
        Body::PreVoteReply { proposed, granted } => {
            field("asked about term", proposed.to_string());
            field("granted", granted.to_string());
        }
        Body::Vote { last, transfer } => {
            field("last entry", last.to_string());
            field("leader handed over", transfer.to_string());
        }
        Body::VoteReply { granted } => field("granted", granted.to_string()),
        Body::Append {
            lane: _,
            round,
            prev,
            entries,
            commit,
            standing: _,
        } => {
            field("round", round.to_string());
            field("entry before", prev.to_string());
            field("entries", entries.len().to_string());
            for entry in entries.iter().take(MOST_ENTRIES) {
                field(&entry.id.to_string(), EntryView::from(entry).text);
            }
            field("commit index", commit.to_string());
        }
        Body::AppendReply {
            lane: _,
            round,
            result,
            probe: _,
        } => {
            field("round", round.to_string());
            match result {
                AppendResult::Accepted { durable, received } => {
                    field("on disk", durable.to_string());
                    field("received", received.to_string());
                }
                AppendResult::Refused { probe, hint } => {
                    field("refused entry before", probe.to_string());
                    field("try", hint.to_string());
                }
                AppendResult::Regaining { durable, received } => {
                    field("its log rotted, on disk now", durable.to_string());
                    field("received", received.to_string());
                }
                AppendResult::Lacking { probe, hint } => {
                    field("its log rotted, lacks entry before", probe.to_string());
                    field("try", hint.to_string());
                }
                AppendResult::Outdated => field("refused", "older term".to_string()),
            }
        }
        Body::ReadIndex { request } => field("request", request.to_string()),
        Body::ReadIndexReply { request, index } => {
            field("request", request.to_string());
            let index = index.map_or("not proven".to_string(), |i| i.to_string());
            field("read index", index);
        }
        Body::SnapshotOffer {
            lane: _,
            round,
            meta,
        } => {
            field("round", round.to_string());
            field("up to", meta.last.to_string());
            field("bytes", meta.bytes.to_string());
        }
        Body::SnapshotReply {
            lane: _,
            round,
            matched,
        } => {
            field("round", round.to_string());
            field("on disk", matched.to_string());
        }
        other => field("content", format!("{other:?}")),
    }
    fields
}
