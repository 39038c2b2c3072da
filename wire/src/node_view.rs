//! How a node's picture is taken: from the core's `view()` and the store, nothing else.

use crate::explain;
use crate::view::{
    ChangeView, DiskView, EntryView, ItemView, LogView, NodeView, PeerView, PilotView, ReadView,
    SHOWN_KEYS, SnapshotView, StoreView, TimerView, TransferView, VoteView, show_bytes,
};
use raftwerk_core::autopilot::Autopilot;
use raftwerk_core::trace::Held;
use raftwerk_core::{Changing, Deadline, Raft, Transferring, View, Waiting};
use raftwerk_kv::Store;

impl NodeView {
    /// Takes the picture of a node, with at most `shown_entries` entries of its log.
    #[must_use]
    pub fn of(raft: &Raft, store: &Store, clock: u64, shown_entries: usize) -> NodeView {
        let view = raft.view();
        NodeView {
            log: log(view, shown_entries),
            peers: view.peers().into_iter().map(peer).collect(),
            held: view.held().into_iter().map(held).collect(),
            store: StoreView::of(store),
            switches: switches(view),
            change: view.change().as_ref().map(change),
            transfer: view.transfer().as_ref().map(transfer),
            autopilot: view.autopilot().map(pilot),
            ..NodeView::outline(raft, clock)
        }
    }

    /// What is drawn of a node on a stage: without entries, keys, peers and words. Taken on
    /// every frame, so it makes as little as it can.
    #[must_use]
    pub fn outline(raft: &Raft, clock: u64) -> NodeView {
        let view = raft.view();
        let members = view.membership().map(|m| &m.members);
        let voters: Vec<u64> = members.map_or_else(Vec::new, |m| ids(&m.voters));
        NodeView {
            id: view.id().0,
            role: view.role(),
            term: view.term().0,
            vote: view.vote().map(|node| node.0),
            leader: view.leader().map(|node| node.0),
            clock,
            election: view.election().map(timer),
            heartbeat: view.heartbeat().map(timer),
            check_quorum: view.check_quorum().map(timer),
            votes: votes(view, &voters),
            votes_needed: voters.len() / 2 + 1,
            voters,
            learners: members.map_or_else(Vec::new, |m| ids(&m.learners)),
            outgoing: members.map_or_else(Vec::new, |m| ids(&m.outgoing)),
            demote_later: members.map_or_else(Vec::new, |m| ids(&m.demote_later)),
            log: log(view, 0),
            first: view.first().0,
            snapshot: snapshot(view),
            commit: view.commit().0,
            applied: view.applied().0,
            disk: DiskView {
                term: view.hard_state_on_disk().term.0,
                vote: view.hard_state_on_disk().vote.map(|node| node.0),
                durable: view.durable().0,
                writing: view.writing(),
            },
            reads: view.reads().into_iter().map(read).collect(),
            lease: view.lease().map(|end| end.0),
            quiet: view.quiet().map(|end| end.0),
            fenced: view.fenced().map(|why| format!("{why:?}")),
            suspect: view.suspect().map(explain::suspicion),
            ..NodeView::default()
        }
    }
}

impl StoreView {
    /// Takes the picture of a store: its counters and its first keys.
    #[must_use]
    pub fn of(store: &Store) -> StoreView {
        let page = store.range(b"", None, SHOWN_KEYS);
        let item = |kv: &raftwerk_kv::KeyValue| ItemView {
            key: show_bytes(&kv.key),
            value: show_bytes(&kv.value),
            create_revision: kv.create_revision,
            mod_revision: kv.mod_revision,
            version: kv.version,
        };
        StoreView {
            revision: store.revision(),
            digest: store.digest(),
            keys: store.keys(),
            items: page.items.iter().map(item).collect(),
        }
    }
}

fn ids(nodes: &[raftwerk_core::NodeId]) -> Vec<u64> {
    nodes.iter().map(|node| node.0).collect()
}

fn timer(deadline: Deadline) -> TimerView {
    TimerView {
        set: deadline.set.0,
        due: deadline.due.0,
    }
}

fn votes(view: View<'_>, voters: &[u64]) -> Vec<VoteView> {
    let heard = view.votes();
    if heard.is_empty() && view.held().is_empty() {
        return Vec::new();
    }
    let answer = |node: u64| {
        heard
            .iter()
            .find(|vote| vote.0.0 == node)
            .map(|vote| vote.1)
    };
    let vote = |node: &u64| VoteView {
        node: *node,
        granted: answer(*node),
    };
    match view.role() {
        raftwerk_core::trace::Role::Follower => Vec::new(),
        _ => voters.iter().map(vote).collect(),
    }
}

fn log(view: View<'_>, shown: usize) -> LogView {
    let tail = if shown > 0 {
        view.tail(shown)
    } else {
        Vec::new()
    };
    let entries: Vec<EntryView> = tail.iter().map(EntryView::from).collect();
    let last = view.last();
    let first_shown = entries
        .first()
        .map_or(last.index.0 + 1, |entry| entry.index);
    LogView {
        last: last.index.0,
        last_term: last.term.0,
        first_shown,
        entries,
    }
}

fn change(change: &Changing<'_>) -> ChangeView {
    let rounds = change.rounds.iter();
    ChangeView {
        by_autopilot: change.ticket.is_none(),
        voters: ids(&change.target.voters),
        learners: ids(&change.target.learners),
        rounds: rounds
            .map(|(node, round, goal)| (node.0, *round, goal.0))
            .collect(),
    }
}

fn transfer(transfer: &Transferring) -> TransferView {
    TransferView {
        to: transfer.to.0,
        sent: transfer.sent,
        limit: timer(transfer.limit),
    }
}

fn pilot(pilot: &Autopilot) -> PilotView {
    let last = pilot.last();
    PilotView {
        wanted: pilot.policy().target,
        last: last.map(|(at, decision)| (at.0, explain::decision(decision))),
    }
}

fn snapshot(view: View<'_>) -> Option<SnapshotView> {
    view.snapshot().map(|meta| SnapshotView {
        last: meta.last.index.0,
        last_term: meta.last.term.0,
        bytes: meta.bytes,
        installing: view.installing(),
    })
}

fn peer(peer: raftwerk_core::Peer) -> PeerView {
    PeerView {
        id: peer.id.0,
        pace: peer.pace,
        next: peer.next.0,
        matched: peer.matched.0,
        in_flight: peer.in_flight,
        full: peer.full,
        round: peer.echoed.0,
        heard: peer.heard.map(|time| time.0),
        snapshot: peer.snapshot.map(|last| last.index.0),
        suspect: peer.suspect,
    }
}

fn read(waiting: Waiting) -> ReadView {
    let waits_for = match (waiting.round, waiting.index) {
        (Some(_), _) => "round",
        (None, Some(_)) => "apply",
        (None, None) if waiting.marks => "marks",
        (None, None) => "leader",
    };
    ReadView {
        waits_for: waits_for.to_string(),
        round: waiting.round.map(|round| round.0),
        index: waiting.index.map(|index| index.0),
        count: waiting.count,
    }
}

fn held(held: Held) -> String {
    match held {
        Held::Vote(to) => format!("vote for {to}, until term and vote are on disk"),
        Held::OwnVote => "own vote, until term and vote are on disk".to_string(),
        Held::Acknowledgement {
            to,
            received,
            durable,
        } => {
            format!("acknowledgement of {received} to {to}; on disk up to {durable}")
        }
    }
}

fn switches(view: View<'_>) -> Vec<String> {
    let switches = view.config().switches;
    [
        (switches.pre_vote, "pre-vote"),
        (switches.check_quorum, "check-quorum"),
        (switches.stickiness, "stickiness"),
        (switches.lease_reads, "lease reads"),
    ]
    .into_iter()
    .filter(|(on, _)| *on)
    .map(|(_, name)| name.to_string())
    .collect()
}
