//! Random faults: when they come, which they are, and when they are undone.
//!
//! Every fault is one a Raft cluster must survive: a crash loses only what the disk had not
//! synced, cuts and freezes lose nothing that was promised. So any violation is a bug, never
//! bad luck (trap X5). Faults are drawn from streams of their own; switching a class off or
//! adding one shifts no draw of the network, the disks or the clients. Disks that hang (trap D8)
//! come and go by a plan of their own, so that they neither displace nor move other faults; and
//! so does what leaders are asked for (`churn`), storms of restarts and of transfers (`bursts`),
//! clocks (`clocks`), links that clog (`clogs`), writes that fail (`failures`), disks that are full
//! (`full`). What has struck is counted by class (`class`).

mod atlas;
mod bursts;
mod churn;
mod class;
mod clocks;
mod clogs;
mod failures;
mod full;
mod rots;
mod wipe;

use crate::queue::NEVER;
use crate::rng::{Purpose, Stream};
use crate::setup::{FaultPlan, Setup};
pub(crate) use atlas::{survive_any, survives_without};
use bursts::Storms;
use churn::Wishes;
pub(crate) use churn::{Wish, Wished};
pub(crate) use class::Class;
pub use class::Struck;
use clocks::Drifts;
use clogs::Clogged;
use failures::Failures;
use full::Fills;
use rots::Damages;
pub(crate) use wipe::Wiped;

/// Most faults waiting to be undone; while there are so many, none is added.
const MAX_UNDO: usize = 32;

/// A random fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    Crash(u64),
    Freeze(u64),
    Cut(u64, u64),
    CutBoth(u64, u64),
    /// The direction holds back all it has.
    Clog(u64, u64),
    Isolate(u64),
    /// The nodes in this set of bits against all others.
    Partition(u64),
    TimeOut(u64),
    /// The node's disk finishes nothing.
    Stall(u64),
    /// The node's disk fails its next write; the node is started again later.
    FailDisk(u64),
    /// A leader is asked for something.
    Wish(Wish),
    /// The node's clock goes on by so many microseconds in a million.
    Rate(u64, u32),
    /// The node's clock is ahead by so many microseconds at once.
    Jump(u64, u64),
    /// A crash, one of many.
    Restart(u64),
    /// A wish for a transfer, one of many.
    Urge(Wish),
    /// The node's disk has so many bytes left.
    Fill(u64, u64),
    /// A crash for good.
    Die(u64),
    /// The node's disk is wiped.
    Wipe(u64),
    /// An operator asks for what follows from that.
    Exchange(Wish),
    /// A record of the node's log rots, so many before the last.
    Rot(u64, u64),
    /// The last entry of the node's next write lands so many places before the one it belongs to.
    Misdirect(u64, u64),
    /// The last entry of the node's next write is never written.
    LoseWrite(u64),
    /// The node's term and vote rot.
    RotVote(u64),
    /// A byte of the node's snapshot rots.
    RotSnapshot(u64),
}

/// What the choice of a fault looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    pub nodes: u64,
    /// The leader of the newest term.
    pub leader: Option<u64>,
    /// How many nodes are crashed or frozen.
    pub down: u64,
    /// How many disks hang.
    pub stalled: u64,
    /// Who runs and believes to lead, as bits.
    pub leads: u16,
}

impl State {
    /// One of those that lead.
    pub fn who_leads(self, choice: u64) -> Option<u64> {
        let mut leaders = (1..=self.nodes).filter(|node| self.leads & (1 << node) != 0);
        let count = u64::from(self.leads.count_ones()).max(1);
        leaders.nth((choice % count) as usize)
    }
}

/// The fault plan of a run.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Faults {
    next: u64,
    next_stall: u64,
    /// What ends when.
    undo: Vec<(u64, Fault)>,
    when: Stream,
    what: Stream,
    stall: Stream,
    wishes: Wishes,
    failures: Failures,
    drifts: Drifts,
    clogged: Clogged,
    storms: Storms,
    fills: Fills,
    pub wipe: Wiped,
    damages: Damages,
    /// Who dies for good and when, and who has.
    dies: Option<(u64, u64)>,
    gone: Option<u64>,
}

impl Faults {
    pub fn new(setup: &Setup) -> Faults {
        let mut when = Stream::new(setup.seed, Purpose::Faults, 1);
        let mut stall = Stream::new(setup.seed, Purpose::Stall, 0);
        let plan = &setup.faults;
        let (mut next, mut next_stall) = (NEVER, NEVER);
        if plan.is_on() {
            next = when.within(plan.pause_min, plan.pause_max);
        }
        if plan.stalls() {
            next_stall = stall.within(plan.stall_pause_min, plan.stall_pause_max);
        }
        let what = Stream::new(setup.seed, Purpose::Faults, 2);
        Faults {
            next,
            next_stall,
            undo: Vec::new(),
            when,
            what,
            stall,
            wishes: Wishes::new(setup),
            failures: Failures::new(setup),
            drifts: Drifts::new(setup),
            clogged: Clogged::new(setup),
            storms: Storms::new(setup),
            fills: Fills::new(setup),
            wipe: Wiped::new(setup),
            damages: Damages::new(setup),
            dies: (plan.gone > 0).then_some((plan.gone_at, plan.gone)),
            gone: None,
        }
    }

    /// When something is to be done or undone.
    pub fn due(&self) -> u64 {
        let next = self.next.min(self.next_stall);
        let next = next.min(self.wishes.next).min(self.failures.next);
        let next = next.min(self.drifts.next).min(self.storms.next);
        let next = next.min(self.fills.next).min(self.wipe.due());
        let next = next.min(self.damages.next).min(self.clogged.next);
        let next = next.min(self.dies.map_or(NEVER, |(when, _)| when));
        self.undo.iter().map(|(time, _)| *time).fold(next, u64::min)
    }

    /// No more faults; those under way are left to the caller to undo.
    pub fn stop(&mut self) {
        (self.next, self.next_stall) = (NEVER, NEVER);
        (self.wishes.next, self.failures.next) = (NEVER, NEVER);
        (self.drifts.next, self.storms.next, self.fills.next) = (NEVER, NEVER, NEVER);
        (self.damages.next, self.clogged.next) = (NEVER, NEVER);
        self.wipe.stop();
        self.dies = None;
        self.undo.clear();
    }

    /// Who has died for good.
    pub fn gone(&self) -> Option<u64> {
        self.gone
    }

    /// Who has died for good, or will.
    pub fn doomed(&self) -> Option<u64> {
        self.gone.or(self.dies.map(|(_, node)| node))
    }

    /// Who has died for good may be started again.
    pub fn forgive(&mut self) {
        self.gone = None;
    }

    /// The fault that ends now, if any.
    pub fn ended(&mut self, now: u64) -> Option<Fault> {
        let place = self.undo.iter().position(|(time, _)| *time <= now)?;
        Some(self.undo.remove(place).1)
    }

    /// Draws the fault that is due, of the first plan that has one. `None`: this draw comes to
    /// nothing.
    pub fn draw(&mut self, now: u64, plan: &FaultPlan, state: State) -> Option<Fault> {
        if self.next_stall <= now {
            return self.draw_stall(now, plan, state);
        }
        if self.wishes.next <= now {
            return self.wishes.draw(now, &plan.churn, state).map(Fault::Wish);
        }
        if self.failures.next <= now {
            let (node, lasts) = self.failures.draw(now, plan, state)?;
            return self.for_a_while(Fault::FailDisk(node), now + lasts);
        }
        if self.fills.next <= now {
            let (fault, lasts) = self.fills.draw(now, plan, state)?;
            return self.for_a_while(fault, now + lasts);
        }
        if self.storms.next <= now {
            let (fault, lasts) = self.storms.draw(now, &plan.bursts, state)?;
            if matches!(fault, Fault::Urge(_)) {
                return Some(fault);
            }
            return self.for_a_while(fault, now + lasts);
        }
        if self.clogged.next <= now {
            let (fault, lasts) = self.clogged.draw(now, &plan.clogs, state);
            return self.for_a_while(fault, now + lasts);
        }
        if self.drifts.next <= now {
            return Some(self.drifts.draw(now, &plan.clocks, state));
        }
        if self.damages.next <= now {
            return self.damages.draw(now, &plan.rots, state);
        }
        if self.wipe.due() <= now {
            return self.wipe.draw(now, state);
        }
        if let Some((_, node)) = self.dies.take_if(|(when, _)| *when <= now) {
            self.gone = Some(node);
            return Some(Fault::Die(node));
        }
        self.draw_common(now, plan, state)
    }

    /// The classes that every storm has.
    fn draw_common(&mut self, now: u64, plan: &FaultPlan, state: State) -> Option<Fault> {
        let State {
            nodes,
            leader,
            down,
            ..
        } = state;
        self.next = now + self.when.within(plan.pause_min.max(1), plan.pause_max);
        let lasts = self.when.within(plan.lasts_min, plan.lasts_max);
        let class = self.what.weighted(&plan.weights())?;
        let aimed = self.what.chance(plan.aim_per_million);
        let random = self.what.within(1, nodes);
        let other = (random + self.what.within(1, nodes.max(2) - 1) - 1) % nodes + 1;
        let set = self.what.below(1 << nodes);
        let node = leader.filter(|_| aimed).unwrap_or(random);
        let fault = match class {
            0 => Fault::Crash(node),
            1 => Fault::Freeze(node),
            2 => Fault::Cut(random, other),
            3 => Fault::CutBoth(random, other),
            4 => Fault::Isolate(node),
            5 => Fault::Partition(set << 1),
            _ => Fault::TimeOut(random),
        };
        let stops = matches!(fault, Fault::Crash(_) | Fault::Freeze(_));
        if self.undo.len() >= MAX_UNDO || (stops && down >= plan.most_down) {
            return None;
        }
        if !matches!(fault, Fault::TimeOut(_)) {
            self.undo.push((now + lasts, fault));
        }
        Some(fault)
    }

    /// The fault, if there is room to undo it then.
    fn for_a_while(&mut self, fault: Fault, until: u64) -> Option<Fault> {
        let room = self.undo.len() < MAX_UNDO;
        self.undo.extend(room.then_some((until, fault)));
        room.then_some(fault)
    }

    fn draw_stall(&mut self, now: u64, plan: &FaultPlan, state: State) -> Option<Fault> {
        let pause = self
            .stall
            .within(plan.stall_pause_min.max(1), plan.stall_pause_max);
        self.next_stall = now + pause;
        let lasts = self.stall.within(plan.stall_min, plan.stall_max);
        let aimed = self.stall.chance(plan.aim_per_million);
        let random = self.stall.within(1, state.nodes);
        if self.undo.len() >= MAX_UNDO || state.stalled >= plan.most_down {
            return None;
        }
        let fault = Fault::Stall(state.leader.filter(|_| aimed).unwrap_or(random));
        self.undo.push((now + lasts, fault));
        Some(fault)
    }
}

impl Fault {
    /// These nodes against all others.
    pub fn of_group(group: &[u64]) -> Fault {
        Fault::Partition(group.iter().fold(0, |bits, node| bits | 1 << node))
    }

    /// Directions a fault cuts.
    pub fn pairs(self, nodes: u64) -> Vec<(u64, u64)> {
        let cut = |a: u64, b: u64| match self {
            Fault::Cut(from, to) => (a, b) == (from, to),
            Fault::CutBoth(one, two) => (a, b) == (one, two) || (a, b) == (two, one),
            Fault::Isolate(node) => a == node || b == node,
            Fault::Partition(set) => (set >> a) & 1 != (set >> b) & 1,
            Fault::Crash(_) | Fault::Freeze(_) | Fault::TimeOut(_) => false,
            Fault::Clog(..) | Fault::Stall(_) | Fault::FailDisk(_) | Fault::Wish(_) => false,
            Fault::Rate(..) | Fault::Jump(..) | Fault::Fill(..) => false,
            Fault::Restart(_) | Fault::Die(_) | Fault::Urge(_) => false,
            Fault::Wipe(_) | Fault::Exchange(_) | Fault::LoseWrite(_) => false,
            Fault::Rot(..) | Fault::Misdirect(..) => false,
            Fault::RotVote(_) | Fault::RotSnapshot(_) => false,
        };
        let all = (1..=nodes).flat_map(|a| (1..=nodes).map(move |b| (a, b)));
        all.filter(|(a, b)| a != b && cut(*a, *b)).collect()
    }
}

/// When the first fault of a kind comes; never, where the kind is off.
fn first(stream: &mut Stream, on: bool, min: u64, max: u64) -> u64 {
    if on { stream.within(min, max) } else { NEVER }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_cut_what_they_name() {
        assert_eq!(Fault::Cut(1, 2).pairs(3), vec![(1, 2)]);
        assert_eq!(
            Fault::Isolate(2).pairs(3),
            vec![(1, 2), (2, 1), (2, 3), (3, 2)]
        );
        assert_eq!(
            Fault::Partition(0b10).pairs(3),
            vec![(1, 2), (1, 3), (2, 1), (3, 1)]
        );
        assert!(Fault::Crash(1).pairs(3).is_empty());
    }

    #[test]
    fn a_plan_without_pauses_never_comes() {
        assert_eq!(Faults::new(&Setup::playground(5, 1)).due(), NEVER);
        assert!(Faults::new(&Setup::storm(1)).due() < NEVER);
    }

    #[test]
    fn disks_that_hang_come_by_a_plan_of_their_own() {
        let mut setup = Setup::playground(3, 1);
        setup.faults = FaultPlan {
            stall_pause_min: 10,
            stall_pause_max: 20,
            stall_min: 5,
            stall_max: 5,
            most_down: 1,
            ..FaultPlan::default()
        };
        let mut faults = Faults::new(&setup);
        let mut now = faults.due();
        assert!((10..=20).contains(&now));
        let mut state = State {
            nodes: 3,
            leader: None,
            down: 3,
            stalled: 0,
            leads: 0,
        };
        let fault = faults.draw(now, &setup.faults, state);
        assert!(matches!(fault, Some(Fault::Stall(1..=3))), "{fault:?}");
        assert_eq!(faults.due(), now + 5);
        assert_eq!(faults.ended(now + 5), fault);
        (now, state.stalled) = (faults.due(), 1);
        assert_eq!(
            faults.draw(now, &setup.faults, state),
            None,
            "one at a time"
        );
        faults.stop();
        assert_eq!(faults.due(), NEVER);
    }
}
