//! A counterexample in words: every action of the path, and what the node did and why.
//!
//! The path is walked once more with the real nodes, this time listening to their trace, so the
//! reasons are the core's own.

use super::action::{Action, path};
use super::group::name;
use super::host::Finding;
use super::replay::Replay;
use super::shots::BYTES;
use super::table::Table;
use raftwerk_core::{
    AppendResult, Body, Entry, EntryBody, LogId, Members, Message, NodeId, ReadPath, Ticket,
};
use raftwerk_wire::explain::explain;
use std::fmt;

/// A shortest way to a broken rule.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// The rule that is broken at its end.
    pub finding: Finding,
    /// How the scope's starting point was reached.
    pub prelude: Vec<Told>,
    /// The way from there.
    pub path: Vec<Told>,
    /// What the machine of the paper has against that way; `None`: nothing. It knows what each node
    /// may do and not what is broken between nodes or on disks by others than the core.
    pub rejected: Option<String>,
}

/// An action and what came of it.
#[derive(Clone, Debug)]
pub struct Told {
    /// What happened, from outside.
    pub action: String,
    /// What the node did, one sentence or two each, with the rule it followed.
    pub why: Vec<String>,
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.finding.check, self.finding.detail)?;
        if !self.prelude.is_empty() {
            let steps = self.prelude.len();
            writeln!(f, "before the search, {steps} steps:")?;
            for told in &self.prelude {
                writeln!(f, "      {}", told.action)?;
            }
        }
        writeln!(f, "the way there, {} steps:", self.path.len())?;
        for (step, told) in (1..).zip(&self.path) {
            writeln!(f, "{step:4}. {}", told.action)?;
            for why in &told.why {
                writeln!(f, "        {why}")?;
            }
        }
        match &self.rejected {
            Some(why) => writeln!(f, "the machine of the paper rejects this: {why}"),
            None => writeln!(f, "the machine of the paper allows each of these steps"),
        }
    }
}

/// Puts a path into words.
pub(crate) fn counterexample(
    table: &Table,
    nodes: u8,
    prelude: &[Action],
    path: &[Action],
    finding: Finding,
) -> Counterexample {
    let (mut replay, _) = Replay::new(table, nodes);
    let mut tell = |actions: &[Action]| {
        let told = actions
            .iter()
            .map(|action| step(table, &mut replay, *action));
        told.collect()
    };
    Counterexample {
        finding,
        prelude: tell(prelude),
        path: tell(path),
        rejected: None,
    }
}

fn step(table: &Table, replay: &mut Replay, action: Action) -> Told {
    let events = replay.act(table, action);
    let why = events.iter().map(|event| {
        let explained = explain(event);
        let compared = explained
            .compared
            .map_or(String::new(), |told| format!(" {told}"));
        format!("{}{compared} [{}]", explained.what, event.kind.section())
    });
    Told {
        action: words(table, action),
        why: why.collect(),
    }
}

fn words(table: &Table, action: Action) -> String {
    let mail = |message: u32| describe(&table.mail(message).message);
    match action {
        Action::Deliver(message) => format!("arrives: {}", mail(message)),
        Action::Duplicate(message) => {
            format!("arrives, and may once more: {}", mail(message))
        }
        Action::Stall(node) => format!("the disk of {} takes its time", name(node)),
        Action::Delay(message) => format!("is late: {}", mail(message)),
        Action::Forge { message, voter } => {
            format!(
                "arrives as if it were from {}: {}",
                name(voter),
                mail(message)
            )
        }
        Action::Persist { node, count: 1 } => format!("{}'s oldest write completes", name(node)),
        Action::Persist { node, count } => {
            format!("{}'s oldest {count} writes complete together", name(node))
        }
        Action::Timeout(node) => format!("{}'s election timer fires", name(node)),
        Action::Heartbeat(node) => format!("{}'s heartbeat timer fires", name(node)),
        Action::Silence(node) => format!("{} hears nobody for an election timeout", name(node)),
        Action::Tick(node) => format!("{}'s clock goes on by one step", name(node)),
        Action::Wait(node) => format!("the transfer takes {} too long", name(node)),
        Action::Change {
            node,
            target,
            ticket,
        } => {
            let target = &table.setting.targets[usize::from(target)];
            format!(
                "{} is asked for other members: {} (request #{ticket})",
                name(node),
                members(target)
            )
        }
        Action::Transfer { node, to, ticket } => {
            let (node, to) = (name(node), name(to));
            format!("{node} is asked to hand over to {to} (request #{ticket})")
        }
        Action::Propose { node, ticket } => {
            format!("a client proposes at {} (request #{ticket})", name(node))
        }
        Action::Read {
            node,
            ticket,
            path: way,
        } => {
            let way = match path(way) {
                ReadPath::Follower => "through its leader",
                ReadPath::Leader => "at the leader",
                ReadPath::Quorum => "from a majority",
                ReadPath::Lease => "from the lease",
            };
            let ticket = Ticket(u64::from(ticket));
            format!("a client reads at {}, {way} (request {ticket})", name(node))
        }
        Action::Reboot { node, kept } => {
            format!(
                "{} crashes and starts; {kept} waiting writes survive",
                name(node)
            )
        }
        Action::Rot { node, kept } => {
            format!(
                "{} crashes and starts; of its log only {kept} entries can be read",
                name(node)
            )
        }
        Action::Fail { node, kept } => {
            format!(
                "the disk of {} fails for good with {kept} waiting writes on it",
                name(node)
            )
        }
        Action::LinkDown { node, peer } => {
            format!(
                "{} is told that its link to {} broke",
                name(node),
                name(peer)
            )
        }
        Action::LinkUp { node, peer } => {
            format!(
                "{} is told that its link to {} is up",
                name(node),
                name(peer)
            )
        }
    }
}

/// A message in a line.
fn describe(message: &Message) -> String {
    let Message {
        from,
        to,
        term,
        body,
        ..
    } = message;
    let says = match body {
        Body::PreVote { proposed, last } => format!("term {proposed}, last entry {last}"),
        Body::PreVoteReply { proposed, granted } => format!("term {proposed}, {}", yes(*granted)),
        Body::Vote { last, .. } => format!("last entry {last}"),
        Body::VoteReply { granted } => yes(*granted).to_string(),
        Body::Append {
            round: BYTES,
            entries,
            ..
        } => {
            let last = entries.last().map_or(LogId::ORIGIN, |last| last.id);
            format!("all bytes of a snapshot up to {last}")
        }
        Body::Append {
            round,
            prev,
            entries,
            commit,
            ..
        } => {
            let entry = |entry: &Entry| match &entry.body {
                EntryBody::Noop => format!("{} (opening)", entry.id),
                EntryBody::Command(_) => entry.id.to_string(),
                EntryBody::Membership(new) => format!("{} ({})", entry.id, members(new)),
            };
            let ids: Vec<String> = entries.iter().map(entry).collect();
            let ids = match ids.is_empty() {
                true => "nothing".to_string(),
                false => ids.join(" "),
            };
            format!("{ids} after {prev}, commit {commit}, round {}", round.0)
        }
        Body::AppendReply { round, result, .. } => {
            let result = match result {
                AppendResult::Accepted { durable, received } => {
                    format!("received {received}, on disk {durable}")
                }
                AppendResult::Refused { probe, hint } => format!("refuses {probe}, try {hint}"),
                AppendResult::Regaining { durable, received } => {
                    format!("its log rotted: received {received}, on disk {durable}")
                }
                AppendResult::Lacking { probe, hint } => {
                    format!("its log rotted: refuses {probe}, try {hint}")
                }
                AppendResult::Outdated => "outdated".to_string(),
            };
            format!("{result}, round {}", round.0)
        }
        Body::TimeoutNow { last, lane } => {
            format!(
                "last entry {last}, session {}.{}",
                lane.membership, lane.generation
            )
        }
        Body::ReadIndexReply { index, .. } => match index {
            Some(index) => format!("read at {index}"),
            None => "no".to_string(),
        },
        _ => String::new(),
    };
    let comma = if says.is_empty() { "" } else { ": " };
    format!(
        "{} of term {term} from {from} to {to}{comma}{says}",
        body.name()
    )
}

/// Members in a few words.
pub(crate) fn members(members: &Members) -> String {
    let list = |nodes: &[NodeId]| {
        let names: Vec<String> = nodes.iter().map(NodeId::to_string).collect();
        names.join(" ")
    };
    let mut told = list(&members.voters);
    for (nodes, what) in [
        (&members.outgoing, "leaving"),
        (&members.learners, "learning"),
    ] {
        if !nodes.is_empty() {
            told += &format!(", {what} {}", list(nodes));
        }
    }
    told
}

fn yes(granted: bool) -> &'static str {
    match granted {
        true => "yes",
        false => "no",
    }
}
