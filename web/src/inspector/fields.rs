//! The facts about a node, as (name, value) in two columns, and which of them changed.

use crate::panel::{node_or_dash, span};
use raftwerk_core::trace::Role;
use raftwerk_wire::explain::role_name;
use raftwerk_wire::view::{NodeCondition, NodeView, TimerView};
use std::collections::BTreeMap;

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its value in words.
    pub value: String,
    /// Whether a change of it is marked; what changes all the time is not.
    pub marked: bool,
}

pub(super) fn field(name: &'static str, value: impl Into<String>) -> Field {
    Field {
        name,
        value: value.into(),
        marked: true,
    }
}

pub(super) fn moving(name: &'static str, value: String) -> Field {
    Field {
        name,
        value,
        marked: false,
    }
}

/// A condition worth a word; `None` for a node that simply runs.
#[must_use]
pub fn condition_name(condition: NodeCondition) -> Option<&'static str> {
    match condition {
        NodeCondition::Up => None,
        NodeCondition::Crashed => Some("crashed"),
        NodeCondition::Frozen => Some("frozen"),
        NodeCondition::Unknown => Some("no word from it"),
    }
}

/// What survives a crash.
#[must_use]
pub fn durable(view: &NodeView) -> Vec<Field> {
    let disk = &view.disk;
    let log = if disk.durable == 0 {
        "empty".to_string()
    } else {
        format!("{}\u{2013}{}", view.first.max(1), disk.durable)
    };
    let snapshot = match view.snapshot {
        Some(snapshot) if snapshot.installing => format!("up to {}, not saved yet", snapshot.last),
        Some(snapshot) => format!("up to {} (term {})", snapshot.last, snapshot.last_term),
        None => "none".to_string(),
    };
    let mut fields = vec![
        field("term", disk.term.to_string()),
        field("vote", node_or_dash(disk.vote)),
        field("log", log),
        field("snapshot", snapshot),
    ];
    if disk.writing > 0 {
        fields.push(moving("writing", count(disk.writing, "write")));
    }
    fields
}

/// What is only in memory.
#[must_use]
pub fn volatile(view: &NodeView, now: u64) -> Vec<Field> {
    let mut fields = Vec::new();
    if view.term != view.disk.term || view.vote != view.disk.vote {
        fields.push(field("term", format!("{}, not saved yet", view.term)));
        fields.push(field(
            "vote",
            format!("{}, not saved yet", node_or_dash(view.vote)),
        ));
    }
    fields.push(field(
        "last",
        format!("{}, term {}", view.log.last, view.log.last_term),
    ));
    fields.push(field("commit", view.commit.to_string()));
    fields.push(field("applied", view.applied.to_string()));
    for (name, timer) in [
        ("election", &view.election),
        ("heartbeat", &view.heartbeat),
        ("quorum", &view.check_quorum),
    ] {
        if let Some(timer) = timer {
            fields.push(moving(name, remaining(*timer, now)));
        }
    }
    if !view.votes.is_empty() && view.role != Role::Leader {
        fields.push(field("votes", votes(view)));
    }
    for read in &view.reads {
        let waits = match read.waits_for.as_str() {
            "round" => "a majority to answer",
            "marks" => "a majority to tell the ends of their logs",
            "leader" => "a read index from the leader",
            _ => "its read index to be applied",
        };
        fields.push(moving(
            "reads",
            format!("{} for {waits}", count(read.count, "read")),
        ));
    }
    for held in &view.held {
        fields.push(moving("held back", held.clone()));
    }
    if let Some(lost) = &view.suspect {
        fields.push(field(
            "suspect",
            format!("{lost}; silent until it has them again"),
        ));
    }
    if let Some(why) = &view.fenced {
        fields.push(field("stopped", why.clone()));
    }
    fields
}

/// The line under the name: role, term and whom it follows.
#[must_use]
pub fn headline(view: &NodeView) -> String {
    let leader = match (view.role, view.leader) {
        (Role::Leader, _) => String::new(),
        (_, Some(leader)) => format!(", believes S{leader} leads"),
        (_, None) => ", knows no leader".to_string(),
    };
    format!("{}, term {}{leader}", role_name(view.role), view.term)
}

pub(super) fn remaining(timer: TimerView, now: u64) -> String {
    match timer.due {
        u64::MAX => "off".to_string(),
        due if due > now => format!("in {}", span(due - now)),
        _ => "due".to_string(),
    }
}

fn votes(view: &NodeView) -> String {
    let list: Vec<String> = view
        .votes
        .iter()
        .map(|vote| match vote.granted {
            Some(true) => format!("S{} yes", vote.node),
            Some(false) => format!("S{} no", vote.node),
            None => format!("S{} ?", vote.node),
        })
        .collect();
    let yes = view
        .votes
        .iter()
        .filter(|vote| vote.granted == Some(true))
        .count();
    format!("{yes} of {} needed: {}", view.votes_needed, list.join(", "))
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// Remembers what a node looked like before its last event, to mark what changed.
#[derive(Default)]
pub struct Memory {
    node: u64,
    step: u64,
    before: BTreeMap<(u8, &'static str), String>,
    now: BTreeMap<(u8, &'static str), String>,
}

impl Memory {
    /// Takes in what is shown now; `step` is the step of the node's last event. Going back in
    /// time or to another node forgets, so that nothing is marked that did not just happen.
    pub fn take(&mut self, node: u64, step: u64, groups: [&[Field]; 3]) {
        let fields = (0..).zip(groups).flat_map(|(group, fields)| {
            fields
                .iter()
                .map(move |field| ((group, field.name), field.value.clone()))
        });
        let shown: BTreeMap<(u8, &'static str), String> = fields.collect();
        if node != self.node || step < self.step {
            self.before = shown.clone();
        } else if step > self.step {
            self.before = std::mem::take(&mut self.now);
        }
        (self.node, self.step, self.now) = (node, step, shown);
    }

    /// What a field was before the node's last event, if that differs.
    #[must_use]
    pub fn was(&self, group: u8, field: &Field) -> Option<&str> {
        let before = self.before.get(&(group, field.name))?;
        (field.marked && *before != field.value).then_some(before.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_event_marks_and_only_forwards() {
        let at = |commit: u64| [field("commit", commit.to_string())];
        let mut memory = Memory::default();
        let take =
            |memory: &mut Memory, step, commit| memory.take(1, step, [&[], &at(commit), &[]]);
        take(&mut memory, 5, 1);
        assert_eq!(memory.was(1, &at(1)[0]), None);
        take(&mut memory, 6, 2);
        assert_eq!(memory.was(1, &at(2)[0]), Some("1"));
        take(&mut memory, 6, 2);
        assert_eq!(
            memory.was(1, &at(2)[0]),
            Some("1"),
            "the same picture again"
        );
        take(&mut memory, 7, 2);
        assert_eq!(
            memory.was(1, &at(2)[0]),
            None,
            "the next event changed nothing"
        );
        take(&mut memory, 3, 1);
        assert_eq!(memory.was(1, &at(1)[0]), None, "going back marks nothing");
        memory.take(2, 9, [&[], &at(8), &[]]);
        assert_eq!(memory.was(1, &at(8)[0]), None, "another node");
    }
}
