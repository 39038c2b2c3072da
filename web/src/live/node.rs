//! One node as the page knows it, and its card for the picture.

use super::kept::Kept;
use raftwerk_wire::view::{NodeCard, NodeCondition, NodeView, TimerView, ViolationView};

/// A connected node that says nothing for this long is not called up any more (microseconds).
pub const SILENCE: u64 = 5_000_000;

/// What is known of one node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Life of its process.
    pub boot: u64,
    /// Its process, as the supervisor says.
    pub process: Option<NodeCondition>,
    /// Whether its own stream is connected.
    pub connected: bool,
    /// What it said of itself last.
    pub view: Option<Kept>,
    /// When it said something last.
    pub heard: Option<u64>,
    /// Page time minus node time, the smallest seen in this life.
    pub offset: Option<i64>,
    /// Whom it does not send to.
    pub cuts: Vec<u64>,
}

impl Node {
    /// What its process is at a moment, as far as that is known.
    #[must_use]
    pub fn condition(&self, now: u64) -> NodeCondition {
        let silent = |heard| now.saturating_sub(heard) >= SILENCE;
        match self.process {
            Some(NodeCondition::Crashed) => NodeCondition::Crashed,
            Some(NodeCondition::Frozen) => NodeCondition::Frozen,
            _ if self.connected && self.heard.is_some_and(|heard| !silent(heard)) => {
                NodeCondition::Up
            }
            _ => NodeCondition::Unknown,
        }
    }

    /// What it said last, without log and keys.
    #[must_use]
    pub fn said(&self) -> Option<&NodeView> {
        self.view.as_ref().map(Kept::rest)
    }

    /// Bytes of it, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        size_of::<Node>() + self.view.as_ref().map_or(0, Kept::weight)
    }

    /// Whether only routine lies between the two.
    #[must_use]
    pub fn is_like(&self, other: &Node) -> bool {
        let state = |node: &Node| (node.boot, node.process, node.connected);
        state(self) == state(other)
            && self.cuts == other.cuts
            && match (&self.view, &other.view) {
                (Some(a), Some(b)) => a.is_like(b),
                (a, b) => a.is_none() && b.is_none(),
            }
    }
}

/// How a card is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The moment.
    pub now: u64,
    /// When the page began.
    pub begun: u64,
    /// With log and keys.
    pub whole: bool,
}

/// The card of a node at a moment, without its last event; `gap` tells whether something of the
/// node was not received then.
#[must_use]
pub fn card(id: u64, node: Option<&Node>, wanted: Wanted, gap: bool) -> NodeCard {
    let Wanted { now, begun, whole } = wanted;
    let Some(node) = node else {
        return NodeCard {
            id,
            condition: NodeCondition::Unknown,
            view: None,
            age: now.saturating_sub(begun),
            last_event: None,
        };
    };
    // Who never spoke has been silent since the page began.
    let heard = node.heard.unwrap_or(begun);
    let condition = match node.condition(now) {
        NodeCondition::Up if gap => NodeCondition::Unknown,
        condition => condition,
    };
    let offset = node.offset.unwrap_or(0);
    let view = node.view.as_ref();
    NodeCard {
        id,
        condition,
        view: view.map(|kept| {
            let view = if whole { kept.view() } else { kept.outline() };
            on_page_clock(view, offset)
        }),
        age: now.saturating_sub(heard),
        last_event: None,
    }
}

/// Two faults a node can only see when a rule of Raft is broken; it stops and says so.
#[must_use]
pub fn violation(card: &NodeCard) -> Option<ViolationView> {
    let why = card.view.as_ref()?.fenced.as_deref()?;
    let (check, seen) = match why {
        "TwoLeaders" => ("Election safety", "two leaders in one term"),
        "CommittedCut" => (
            "Leader completeness",
            "a committed entry about to be removed",
        ),
        _ => return None,
    };
    let event = card.last_event.as_ref().map_or(0, |event| event.id);
    let detail = format!("S{} saw {seen} and has stopped.", card.id);
    Some(ViolationView {
        check: check.to_string(),
        detail,
        event,
    })
}

/// Moves every time in a view from the node's clock to the page's.
fn on_page_clock(mut view: NodeView, offset: i64) -> NodeView {
    let timer = |timer: &TimerView| TimerView {
        set: moved(timer.set, offset),
        due: moved(timer.due, offset),
    };
    view.clock = moved(view.clock, offset);
    view.election = view.election.as_ref().map(timer);
    view.heartbeat = view.heartbeat.as_ref().map(timer);
    view.check_quorum = view.check_quorum.as_ref().map(timer);
    if let Some(transfer) = &mut view.transfer {
        transfer.limit = timer(&transfer.limit);
    }
    for peer in &mut view.peers {
        peer.heard = peer.heard.map(|heard| moved(heard, offset));
    }
    view
}

/// A time as a number that differences may be taken of.
#[must_use]
pub fn signed(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

/// A moment moved by an offset; "never" stays "never".
#[must_use]
pub fn moved(time: u64, offset: i64) -> u64 {
    if time == u64::MAX {
        time
    } else {
        time.saturating_add_signed(offset)
    }
}
