//! What leaders are asked for at random: to hand over, to change the members (thesis 3.10, 4).
//!
//! Any node that believes it leads may be asked, a deposed one too, at any moment: right after its
//! election, while a change is on its way, while it hands over. A core may refuse; what it takes
//! on it must end. Drawn from a stream of its own, so that other faults stay where they were.

use super::State;
use crate::rng::{Purpose, Stream};
use crate::setup::{Churn, Setup};
use raftwerk_core::{Members, NodeId};

/// A wish and who is asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wish {
    pub at: u64,
    pub what: Wished,
}

/// What a leader can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wished {
    /// Hand over, to this node or to whom the leader thinks best.
    Transfer(Option<u64>),
    /// One node becomes a voter, or a learner, or no member.
    One { node: u64, role: Part },
    /// The members are these, as bits.
    Many { voters: u16, learners: u16 },
    /// One whose disk was wiped is no member, and the one it came back as is: a learner first.
    /// Where an autopilot is on, all but that first step is left to it.
    Exchange { old: u64, new: u64, piloted: bool },
}

/// What a node is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Voter,
    Learner,
    Nothing,
}

/// When the next wish comes, and what it will be.
#[derive(Clone, Debug, Hash)]
pub(super) struct Wishes {
    pub next: u64,
    stream: Stream,
}

impl Wishes {
    pub fn new(setup: &Setup) -> Wishes {
        let churn = &setup.faults.churn;
        let mut stream = Stream::new(setup.seed, Purpose::Churn, 0);
        let next = super::first(&mut stream, churn.is_on(), churn.pause_min, churn.pause_max);
        Wishes { next, stream }
    }

    /// Draws the wish that is due. `None`: nobody believes to lead.
    pub fn draw(&mut self, now: u64, churn: &Churn, state: State) -> Option<Wish> {
        let draw = &mut self.stream;
        self.next = now + draw.within(churn.pause_min.max(1), churn.pause_max);
        let nodes = state.nodes;
        let class = draw.weighted(&[churn.transfer, churn.one, churn.many])?;
        let (place, node) = (draw.bits(), draw.within(1, nodes));
        let (part, voters, members) = (draw.below(4), draw.below(1 << nodes), draw.bits());
        let what = match class {
            0 => Wished::Transfer((part > 0).then_some(node)),
            1 => Wished::One {
                node,
                role: [Part::Voter, Part::Voter, Part::Learner, Part::Nothing][part as usize],
            },
            _ => Wished::Many {
                voters: (voters << 1) as u16,
                learners: (members as u16) & !((voters << 1) as u16) & (((1 << nodes) - 1) << 1),
            },
        };
        let at = state.who_leads(place)?;
        Some(Wish { at, what })
    }
}

impl Wished {
    /// The members asked for, when the leader's are these; `None` when it is to hand over.
    pub fn members(self, now: &Members) -> Option<Members> {
        match self {
            Wished::Transfer(_) => None,
            Wished::Many { voters, learners } => Some(Members {
                learners: nodes(learners),
                ..Members::of_voters(nodes(voters))
            }),
            Wished::Exchange { old, new, piloted } => exchanged(now, old, new, piloted),
            Wished::One { node, role } => {
                let node = NodeId(node);
                let without = |list: &[NodeId]| without(list, node);
                let mut members = Members::of_voters(without(&now.voters));
                members.learners = without(&now.learners);
                match role {
                    Part::Voter => members.voters.push(node),
                    Part::Learner => members.learners.push(node),
                    Part::Nothing => {}
                }
                Some(members)
            }
        }
    }
}

fn without(list: &[NodeId], node: NodeId) -> Vec<NodeId> {
    let others = list.iter().filter(|other| **other != node);
    others.copied().collect()
}

/// The next step of the exchange; `None` when there is nothing left to do.
fn exchanged(now: &Members, old: u64, new: u64, piloted: bool) -> Option<Members> {
    let (old, new) = (NodeId(old), NodeId(new));
    let mut members = Members::of_voters(now.voters.iter().copied());
    members.learners.clone_from(&now.learners);
    if !now.contains(new) {
        members.learners.push(new);
    } else if !piloted {
        members.learners = without(&members.learners, new);
        members.voters = without(&members.voters, old);
        if !members.voters.contains(&new) {
            members.voters.push(new);
        }
    }
    if !piloted {
        members.learners = without(&members.learners, old);
        members.voters = without(&members.voters, old);
    }
    let same = |a: &[NodeId], b: &[NodeId]| a.len() == b.len() && a.iter().all(|n| b.contains(n));
    let done = same(&members.voters, &now.voters) && same(&members.learners, &now.learners);
    (!done && !members.voters.is_empty()).then_some(members)
}

fn nodes(bits: u16) -> Vec<NodeId> {
    let set = (1..16).filter(|node| bits & (1 << node) != 0);
    set.map(NodeId).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::NEVER;

    fn voters(ids: &[u64]) -> Members {
        Members::of_voters(ids.iter().copied().map(NodeId))
    }

    #[test]
    fn one_node_comes_goes_and_changes_its_part() {
        let of = |role| Wished::One { node: 3, role };
        let with = Members {
            learners: vec![NodeId(3)],
            ..voters(&[1, 2])
        };
        for before in [voters(&[1, 2, 3]), voters(&[1, 2]), with.clone()] {
            let after = |role| of(role).members(&before).unwrap();
            assert_eq!(after(Part::Voter), voters(&[1, 2, 3]));
            assert_eq!(after(Part::Learner), with);
            assert_eq!(after(Part::Nothing), voters(&[1, 2]));
        }
        assert_eq!(Wished::Transfer(None).members(&with), None);
    }

    #[test]
    fn wishes_are_made_to_who_believes_to_lead() {
        let mut setup = Setup::playground(5, 7);
        assert_eq!(Wishes::new(&setup).next, NEVER);
        setup.faults.churn = Churn {
            pause_min: 10,
            pause_max: 20,
            transfer: 1,
            one: 1,
            many: 1,
        };
        let mut wishes = Wishes::new(&setup);
        let mut state = State {
            nodes: 5,
            leader: None,
            down: 0,
            stalled: 0,
            leads: 0,
        };
        let mut draw = |state| {
            let now = wishes.next;
            let wish = wishes.draw(now, &setup.faults.churn, state);
            assert!((now + 10..=now + 20).contains(&wishes.next));
            wish
        };
        assert_eq!(draw(state), None);
        state.leads = 0b1_0100;
        let drawn: Vec<Wish> = (0..200).filter_map(|_| draw(state)).collect();
        assert_eq!(drawn.len(), 200);
        for at in [2, 4] {
            assert!(drawn.iter().any(|wish| wish.at == at));
        }
        assert!(drawn.iter().all(|wish| [2, 4].contains(&wish.at)));
        let many = drawn.iter().filter_map(|wish| match wish.what {
            Wished::Many { voters, learners } => Some((voters, learners)),
            _ => None,
        });
        for (voters, learners) in many {
            assert_eq!(voters & learners, 0);
            assert_eq!((voters | learners) & !0b11_1110, 0);
        }
    }
}
