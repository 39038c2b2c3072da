//! Checks of one node after an input: against its own past, against the ledger, against disks.

use super::halves::Halves;
use super::ledger::{Committed, Known, hash_of};
use super::members::holds;
use super::{Check, Checks};
use crate::node::Node;
use raftwerk_core::trace::Role;
use raftwerk_core::{Index, LogId, NodeId, Raft};

/// What a node looked like after its last input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub role: Role,
    pub term: u64,
    pub vote: Option<NodeId>,
    pub commit: u64,
    pub applied: u64,
    pub last: LogId,
    pub snapshot: LogId,
}

impl Seen {
    /// Looks at a node.
    pub fn of(raft: &Raft) -> Seen {
        let view = raft.view();
        Seen {
            role: view.role(),
            term: view.term().0,
            vote: view.vote(),
            commit: view.commit().0,
            applied: view.applied().0,
            last: view.last(),
            snapshot: view.snapshot().map(|meta| meta.last).unwrap_or_default(),
        }
    }
}

impl Checks {
    /// A node has started: its term is at least the disk's, and its log is what the disk holds.
    pub fn on_boot(&mut self, node: &Node) -> Seen {
        let Some(raft) = &node.raft else {
            return Seen::default();
        };
        let now = Seen::of(raft);
        let disk = node.disk.hard_state();
        if now.term < disk.term.0 {
            let detail = format!(
                "S{} starts in term {}, its disk: {disk:?}",
                node.id, now.term
            );
            self.fail(Check::Monotonic, detail);
        }
        self.on_term_after_boot(node.id, now.term);
        self.promises_silence(raft, node.time(self.now));
        self.note_entries(node.id, raft, 1, now.last.index.0);
        self.on_members(&[], raft, &now, &now);
        if now.snapshot != LogId::ORIGIN {
            self.in_force(node.id, now.snapshot);
            self.on_load(node.id, now.snapshot.index.0, &node.store);
        }
        if let Some(snapshot) = node.disk.snapshot() {
            self.on_snapshot(node.id, snapshot);
        }
        now
    }

    /// A node was drained: its own numbers must fit together now.
    pub fn on_drained(&mut self, nodes: &[Node], at: usize) -> Seen {
        if let Some(raft) = &nodes[at].raft {
            if let Err(broken) = raft.check() {
                self.fail(Check::Node, broken.to_string());
            }
            self.open_for_a_reason(&nodes[at], raft);
            self.fit_to_lead(raft, nodes[at].time(self.now));
            self.in_touch_to_lead(raft, nodes[at].time(self.now));
            self.at_work_on(&nodes[at], raft);
            if raft.view().config().switches.lease_reads {
                self.one_lease(nodes, at);
            }
        }
        self.on_input(nodes, at)
    }

    /// A node has handled an input; others may follow before the drain. Returns what to compare
    /// with next time.
    pub fn on_input(&mut self, nodes: &[Node], at: usize) -> Seen {
        let node = &nodes[at];
        let Some(raft) = &node.raft else {
            return node.seen;
        };
        let (was, now) = (node.seen, Seen::of(raft));
        if was == now {
            return now;
        }
        self.monotonic(node.id, &was, &now);
        self.keeps_silent(raft, node.time(self.now), &was, &now);
        if now.snapshot != was.snapshot {
            self.in_force(node.id, now.snapshot);
        }
        if now.last != was.last {
            self.log_changed(node.id, raft, &was, &now);
            self.on_members(nodes, raft, &was, &now);
        }
        let began = was.role != now.role || was.term != now.term;
        if began && matches!(now.role, Role::PreCandidate | Role::Candidate) {
            self.on_campaign(raft);
        }
        if now.role == Role::Leader && (was.role != Role::Leader || was.term != now.term) {
            self.elected(node.id, raft, now.term);
            self.on_votes(nodes, raft, now.term);
        }
        if now.commit > was.commit {
            self.committed_more(nodes, node.id, raft, &was, &now);
        }
        now
    }

    fn monotonic(&mut self, node: u64, was: &Seen, now: &Seen) {
        if now.term < was.term || now.commit < was.commit || now.applied < was.applied {
            let detail = format!("S{node} was {was:?} and is {now:?}");
            self.fail(Check::Monotonic, detail);
        }
        if now.term == was.term && was.vote.is_some() && now.vote != was.vote {
            let detail = format!(
                "S{node} in term {}: {:?}, then {:?}",
                now.term, was.vote, now.vote
            );
            self.fail(Check::OneVote, detail);
        }
    }

    fn elected(&mut self, node: u64, raft: &Raft, term: u64) {
        match self.leaders.binary_search_by_key(&term, |known| known.0) {
            Err(place) => self.leaders.insert(place, (term, node)),
            Ok(place) if self.leaders[place].1 == node => {}
            Ok(place) => {
                let other = self.leaders[place].1;
                self.fail(
                    Check::ElectionSafety,
                    format!("S{other} and S{node} both lead in term {term}"),
                );
            }
        }
        let index = self.ledger.committed_before(term);
        let wanted = self
            .ledger
            .committed_at(index)
            .map(|entry| (entry.term, entry.hash));
        let (first, last) = (raft.view().first().0, raft.view().last().index.0);
        if index < first {
            // It was dropped; then the place where the log starts must have been committed.
            self.first_shown(node, raft);
            return;
        }
        let found = (first..=last).contains(&index).then(|| {
            let entry = raft.entries(Index(index), Index(index)).next();
            let entry = entry.expect("it is in the log");
            (entry.id.term.0, hash_of(entry))
        });
        if index > 0 && found != wanted {
            let committed = wanted.map_or(0, |(term, _)| term);
            let has = match found {
                None => "no entry there".to_string(),
                Some((other, _)) if other != committed => format!("one of term {other}"),
                Some(_) => "another entry of that term".to_string(),
            };
            self.fail(
                Check::LeaderCompleteness,
                format!(
                    "S{node} leads term {term} and its log ends at {last}; entry {index} was \
                     committed in term {committed}, it has {has}"
                ),
            );
        }
    }

    fn log_changed(&mut self, node: u64, raft: &Raft, was: &Seen, now: &Seen) {
        let kept = raft.view().term_at(was.last.index) == Some(was.last.term);
        if !kept && now.role == Role::Leader && was.role == Role::Leader && now.term == was.term {
            let detail = format!("S{node} leads term {} and cut {}", now.term, was.last);
            self.fail(Check::AppendOnly, detail);
        }
        // After a cut everything above the commit index may be new.
        let from = if kept {
            was.last.index.0
        } else {
            was.commit.min(now.commit)
        } + 1;
        self.note_entries(node, raft, from, now.last.index.0);
    }

    fn note_entries(&mut self, node: u64, raft: &Raft, from: u64, to: u64) {
        let Some(first) = self.first_shown(node, raft) else {
            return;
        };
        let from = from.max(first);
        if from > to {
            return;
        }
        let mut before = raft
            .view()
            .term_at(Index(from - 1))
            .map_or(0, |term| term.0);
        let mut place = from;
        for entry in raft.entries(Index(from), Index(to)) {
            if entry.id.index.0 != place {
                break;
            }
            place += 1;
            let term = entry.id.term.0;
            let seen = Known {
                term,
                before,
                hash: hash_of(entry),
            };
            if let Some(known) = self.ledger.note(entry.id.index.0, seen) {
                self.fail(
                    Check::LogMatching,
                    format!(
                        "S{node} holds {} as {seen:x?}, elsewhere {known:x?}",
                        entry.id
                    ),
                );
            }
            self.ledger.note_members(entry);
            before = term;
        }
        if place <= to {
            let detail = format!("S{node} has a log up to {to}, and no entry {place} in its place");
            self.fail(Check::NoHoles, detail);
        }
    }

    pub(super) fn committed_more(
        &mut self,
        nodes: &[Node],
        node: u64,
        raft: &Raft,
        was: &Seen,
        now: &Seen,
    ) {
        let known = self.ledger.committed();
        let last = now.last.index.0;
        let at = raft.view().term_at(Index(now.commit)).map(|term| term.0);
        let members = raft.view().membership().map(|now| &now.members);
        let halves = members.map(Halves::of).unwrap_or_default();
        let led = was.role == Role::Leader && now.role == Role::Leader && was.term == now.term;
        if led && at != Some(now.term) {
            let detail = format!(
                "S{node} leads {}, commits {} of {at:?}",
                now.term, now.commit
            );
            self.fail(Check::CommitRule, detail);
        }
        let Some(first) = self.first_shown(node, raft) else {
            return;
        };
        let from = first.max(was.commit + 1);
        for entry in raft.entries(Index(from), Index(now.commit.min(last))) {
            let (id, hash) = (entry.id, hash_of(entry));
            match self.ledger.committed_at(id.index.0) {
                Some(committed) if (committed.term, committed.hash) != (id.term.0, hash) => {
                    let was = committed.term;
                    self.fail(
                        Check::CommittedStays,
                        format!("S{node} commits {id}, committed there before: term {was}"),
                    );
                    self.on_undone(node, id);
                }
                Some(_) => {}
                None => {
                    self.on_committed(id);
                    self.ledger.commit(Committed {
                        term: id.term.0,
                        hash,
                        by: now.term,
                        halves,
                    });
                }
            }
        }
        if self.ledger.committed() > known {
            self.on_disks(nodes, self.ledger.committed());
        }
    }

    /// A crashed node's disk counts too (trap X2).
    fn on_disks(&mut self, nodes: &[Node], index: u64) {
        let Some(committed) = self.ledger.committed_at(index) else {
            return;
        };
        let id = LogId::new(committed.term, index);
        if !committed.halves.majority(|node| holds(nodes, node, id)) {
            let all = nodes.iter().map(|node| NodeId(node.id));
            let on = all.filter(|node| holds(nodes, *node, id));
            let on: Vec<String> = on.map(|node| node.to_string()).collect();
            let (by, on) = (committed.halves, on.join(" "));
            let on = if on.is_empty() { "nobody" } else { &on };
            self.fail(
                Check::MajorityOnDisk,
                format!("{id} is committed by a majority of {by}; it is on the disks of: {on}"),
            );
        }
    }

    /// Looks at every log, every disk and every digest again, from the start.
    pub fn everything(&mut self, nodes: &[Node]) {
        // What is found stays, what was looked at does not: the world is as it was.
        let mut all = self.clone();
        all.look_at_everything(nodes);
        (self.violation, self.broken) = (all.violation, all.broken);
    }

    fn look_at_everything(&mut self, nodes: &[Node]) {
        for node in nodes {
            if let Some(raft) = &node.raft {
                self.note_entries(node.id, raft, 1, raft.view().last().index.0);
                let commit = raft.view().commit().0;
                let was = Seen {
                    commit: 0,
                    ..Seen::default()
                };
                let now = Seen {
                    commit,
                    ..Seen::of(raft)
                };
                self.committed_more(nodes, node.id, raft, &was, &now);
                self.on_load(node.id, node.applied, &node.store);
            }
        }
        // Every committed entry must be on a majority of disks at every later time too.
        self.on_disk_cut(nodes, 1);
    }

    /// A disk removed entries from here on: what is committed must still be on enough others.
    pub fn on_disk_cut(&mut self, nodes: &[Node], from: u64) {
        let indexes = from..=self.ledger.committed();
        indexes.for_each(|index| self.on_disks(nodes, index));
    }
}
