//! The fault plan of a run: what is due now begins or ends.

use super::World;
use crate::disk::NextWrite;
use crate::faults::{Fault, State};
use crate::node::Node;
use raftwerk_wire::view::NodeCondition::{Crashed, Up};

impl World {
    /// The fault plan is due: something ends, or something new begins.
    pub(super) fn fault_due(&mut self) {
        let nodes = self.setup.nodes;
        if let Some(fault) = self.faults.ended(self.now) {
            self.note_end(fault);
            match fault {
                Fault::Crash(node) | Fault::Freeze(node) | Fault::Restart(node) => {
                    self.bring_back(node);
                }
                Fault::Fill(node, _) => {
                    self.nodes[node as usize - 1].disk.room = None;
                    self.bring_back(node);
                }
                Fault::FailDisk(node) => {
                    self.nodes[node as usize - 1].failing = false;
                    self.bring_back(node);
                }
                Fault::Stall(node) => self.stall(node, false),
                Fault::Clog(from, to) => self.unclog(from, to),
                fault => self.cut(&fault.pairs(nodes), false),
            }
        } else {
            let count = |is: fn(&Node) -> bool| self.nodes.iter().filter(|node| is(node)).count();
            let state = State {
                nodes,
                leader: self.checks.newest_leader(),
                down: count(|node| node.condition != Up && node.is_here()) as u64,
                stalled: count(|node| node.stalled) as u64,
                leads: self.leads(),
            };
            if let Some(fault) = self.faults.draw(self.now, &self.setup.faults, state) {
                self.inflict(fault);
            }
        }
        self.arrange_faults();
    }

    fn inflict(&mut self, fault: Fault) {
        let condition = |node: u64| self.nodes[node as usize - 1].condition;
        let may = match fault {
            Fault::Wipe(node) => self.may_wipe(node),
            Fault::RotVote(node) => self.may_rot_vote(node),
            Fault::RotSnapshot(node) => self.may_rot_snapshot(node),
            Fault::Rot(node, _) | Fault::Misdirect(node, _) | Fault::LoseWrite(node) => {
                self.may_damage(node)
            }
            _ => Ok(()),
        };
        if may.is_err() {
            return;
        }
        let idle = match fault {
            Fault::Crash(node) | Fault::Restart(node) | Fault::Die(node) => {
                condition(node) == Crashed
            }
            Fault::Freeze(node) | Fault::TimeOut(node) => condition(node) != Up,
            Fault::Clog(from, to) => self.network.is_clogged(from, to),
            _ => false,
        };
        if idle {
            return;
        }
        self.note_fault(fault);
        if let Fault::Wish(wish) | Fault::Urge(wish) | Fault::Exchange(wish) = fault {
            let granted = self.grant(wish);
            self.struck.if_so(fault.class(), granted);
            return;
        }
        self.struck.once(fault.class());
        match fault {
            Fault::Crash(node) | Fault::Restart(node) | Fault::Die(node) => self.crash(node),
            Fault::Freeze(node) => self.freeze(node),
            Fault::TimeOut(node) => self.time_out(node),
            Fault::Stall(node) => self.stall(node, true),
            Fault::Clog(from, to) => self.network.clog(from, to),
            Fault::FailDisk(node) => self.nodes[node as usize - 1].failing = true,
            Fault::Wipe(node) => self.wipe(node),
            Fault::Rot(node, before) => self.rot(node, before),
            Fault::Misdirect(node, before) => self.spoil(node, NextWrite::Misdirected(before)),
            Fault::LoseWrite(node) => self.spoil(node, NextWrite::Lost),
            Fault::RotVote(node) => self.rot_vote(node),
            Fault::RotSnapshot(node) => self.rot_snapshot(node),
            Fault::Fill(node, left) => self.nodes[node as usize - 1].disk.room = Some(left),
            Fault::Rate(node, rate) => self.run_clock(node, rate),
            Fault::Jump(node, by) => self.jump_clock(node, by),
            fault => self.cut(&fault.pairs(self.setup.nodes), true),
        }
    }
}
