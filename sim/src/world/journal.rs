//! What was done to a world, in order and with its time, so that it can be done again without the
//! dice that led to it: faults of the plan as interventions, operations of the workload as if
//! somebody had asked for them.

use super::World;
use crate::faults::{Fault, Wish, Wished};
use crate::intervention::Intervention;
use crate::run::Act;
use crate::setup::Setup;
use raftwerk_core::Members;
use raftwerk_wire::view::NodeCondition::{Crashed, Frozen};

impl World {
    /// A world that writes down what is done to it; `traced` as in [`World::traced`].
    #[must_use]
    pub fn recorded(setup: &Setup, traced: bool) -> World {
        let mut world = World::start(setup, traced);
        world.journal = Some(Vec::new());
        world
    }

    /// What was done so far; nothing unless the world is recorded.
    #[must_use]
    pub fn journal(&self) -> &[Act] {
        self.journal.as_deref().unwrap_or_default()
    }

    pub(super) fn note(&mut self, what: Intervention) {
        let at = self.now;
        self.journal.iter_mut().for_each(|journal| {
            let what = what.clone();
            journal.push(Act { at, what });
        });
    }

    /// A fault of the plan begins.
    pub(super) fn note_fault(&mut self, fault: Fault) {
        let what = match fault {
            Fault::Partition(0) => return,
            Fault::Crash(node) | Fault::Restart(node) | Fault::Die(node) => {
                Intervention::Crash(node)
            }
            Fault::Fill(node, left) => Intervention::FillDisk { node, left },
            Fault::Freeze(node) => Intervention::Freeze(node),
            Fault::Cut(from, to) => Intervention::Cut { from, to },
            Fault::CutBoth(from, to) => {
                self.note(Intervention::Cut { from, to });
                let (from, to) = (to, from);
                Intervention::Cut { from, to }
            }
            Fault::Clog(from, to) => Intervention::Clog { from, to },
            Fault::Isolate(node) => Intervention::Isolate(node),
            Fault::Partition(set) => Intervention::CutOff(self.set(set)),
            Fault::TimeOut(node) => Intervention::TimeOut(node),
            Fault::Stall(node) => Intervention::StallDisk(node),
            Fault::FailDisk(node) => Intervention::FailDisk(node),
            Fault::Rate(node, rate) => Intervention::RunClock { node, rate },
            Fault::Jump(node, by) => Intervention::JumpClock { node, by },
            // Noted when it is granted, which also needs the leader's members.
            Fault::Wish(_) | Fault::Urge(_) | Fault::Exchange(_) => return,
            Fault::Wipe(node) => Intervention::Wipe(node),
            Fault::Rot(node, before) => Intervention::Rot { node, before },
            Fault::Misdirect(node, before) => Intervention::Misdirect { node, before },
            Fault::LoseWrite(node) => Intervention::LoseWrite(node),
            Fault::RotVote(node) => Intervention::RotVote(node),
            Fault::RotSnapshot(node) => Intervention::RotSnapshot(node),
        };
        self.note(what);
    }

    /// A fault of the plan ends.
    pub(super) fn note_end(&mut self, fault: Fault) {
        let what = match fault {
            Fault::Crash(node) | Fault::Freeze(node) | Fault::Restart(node) => {
                return self.note_return(node);
            }
            Fault::Fill(node, _) => {
                if self.nodes[node as usize - 1].disk.room.is_some() {
                    self.note(Intervention::FreeDisk(node));
                }
                return self.note_return(node);
            }
            Fault::FailDisk(node) => {
                if self.nodes[node as usize - 1].failing {
                    self.note(Intervention::MendDisk(node));
                }
                return self.note_return(node);
            }
            Fault::Partition(0) => return,
            Fault::Cut(from, to) => Intervention::Restore { from, to },
            Fault::CutBoth(from, to) => {
                self.note(Intervention::Restore { from, to });
                let (from, to) = (to, from);
                Intervention::Restore { from, to }
            }
            Fault::Clog(from, to) if self.network.is_clogged(from, to) => {
                Intervention::Unclog { from, to }
            }
            Fault::Clog(..) => return,
            Fault::Isolate(node) => Intervention::Reconnect(node),
            Fault::Partition(set) => Intervention::Rejoin(self.set(set)),
            Fault::Stall(node) => Intervention::ResumeDisk(node),
            Fault::TimeOut(_) | Fault::Wish(_) | Fault::Urge(_) | Fault::Die(_) => return,
            Fault::Wipe(_) | Fault::Exchange(_) | Fault::Rot(..) => return,
            Fault::Misdirect(..) | Fault::LoseWrite(_) => return,
            Fault::RotVote(_) | Fault::RotSnapshot(_) => return,
            Fault::Rate(..) | Fault::Jump(..) => return,
        };
        self.note(what);
    }

    fn note_return(&mut self, node: u64) {
        if self.faults.gone() == Some(node) || !self.nodes[node as usize - 1].is_here() {
            return;
        }
        match self.nodes[node as usize - 1].condition {
            Crashed => self.note(Intervention::Restart(node)),
            Frozen => self.note(Intervention::Thaw(node)),
            _ => {}
        }
    }

    /// A leader is asked for something; these are to be the members, if it is that.
    pub(super) fn note_wish(&mut self, wish: Wish, target: Option<&Members>) {
        let ids = |list: &[raftwerk_core::NodeId]| list.iter().map(|node| node.0).collect();
        let what = match (wish.what, target) {
            (Wished::Transfer(to), _) => Intervention::Transfer { node: wish.at, to },
            (_, Some(members)) => Intervention::Reconfigure {
                node: wish.at,
                voters: ids(&members.voters),
                learners: ids(&members.learners),
            },
            _ => return,
        };
        self.note(what);
    }

    fn set(&self, bits: u64) -> Vec<u64> {
        let nodes = 1..=self.setup.nodes;
        nodes.filter(|node| bits & (1 << node) != 0).collect()
    }
}
