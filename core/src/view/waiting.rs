//! What waits in a node, and for what: promises for the disk, reads for a round, a mark or an
//! index.

use super::View;
use crate::membership::Membership;
use crate::state::State;
use crate::trace::Held;
use crate::types::{Index, NodeId, Round};

/// Reads that wait for the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Round they need, at the leader.
    pub round: Option<Round>,
    /// They wait for a majority to tell the ends of its logs.
    pub marks: bool,
    /// Read point, once known.
    pub index: Option<Index>,
    /// How many.
    pub count: usize,
}

/// A round of marks for quorum reads that is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marking<'a> {
    /// Whose voters were asked: the newest membership known to be committed.
    pub membership: &'a Membership,
    /// Who answered, with the end of its log.
    pub marks: Vec<(NodeId, Index)>,
    /// How many reads share the round.
    pub reads: usize,
}

impl<'a> View<'a> {
    /// What waits for the disk.
    #[must_use]
    pub fn held(self) -> Vec<Held> {
        let raft = self.0;
        let mut held = Vec::new();
        held.extend(raft.held_vote.map(Held::Vote));
        if let State::Candidate { votes, .. } = &raft.state
            && !votes.contains_key(&raft.config.id)
        {
            held.push(Held::OwnVote);
        }
        let (proven, durable) = (raft.proven, raft.durability.index);
        if let Some(to) = raft.leader
            && to != raft.config.id
            && proven.leader_term == raft.hard_state.term
            && proven.index > durable
        {
            held.push(Held::Acknowledgement {
                to,
                received: proven.index,
                durable,
            });
        }
        held
    }
    /// The round of marks that is on its way, for quorum reads of this node.
    #[must_use]
    pub fn marking(self) -> Option<Marking<'a>> {
        let asked = self.0.marks.asked.as_ref()?;
        Some(Marking {
            membership: &asked.basis,
            marks: asked.marks.iter().map(|mark| (*mark.0, *mark.1)).collect(),
            reads: asked.reads.len(),
        })
    }
    /// Reads that wait here, grouped.
    #[must_use]
    pub fn reads(self) -> Vec<Waiting> {
        let raft = self.0;
        let mut waiting = Vec::new();
        if let State::Leader(leading) = &raft.state {
            let open = leading.reads.open.iter();
            waiting.extend(open.map(|batch| Waiting {
                round: Some(batch.round),
                index: Some(batch.index),
                ..Waiting::bare(batch.readers.len())
            }));
            waiting.push(Waiting::bare(leading.reads.queued.len()));
        }
        let asked = raft.reads.asked.as_ref().map_or(0, |it| it.tickets.len());
        waiting.push(Waiting::bare(asked + raft.reads.queued.len()));
        let ready = raft.reads.ready.iter().map(|read| read.index);
        waiting.extend(ready.map(Waiting::at));
        waiting.push(Waiting {
            marks: true,
            ..Waiting::bare(raft.marks.unmarked())
        });
        let marked = raft.marks.waiting.iter().map(|read| read.index);
        waiting.extend(marked.map(Waiting::at));
        waiting.retain(|group| group.count > 0);
        waiting
    }
}

impl Waiting {
    /// So many reads of which nothing is known yet.
    fn bare(count: usize) -> Waiting {
        Waiting {
            round: None,
            marks: false,
            index: None,
            count,
        }
    }

    /// One read that waits for a position to be applied.
    fn at(index: Index) -> Waiting {
        Waiting {
            index: Some(index),
            ..Waiting::bare(1)
        }
    }
}
