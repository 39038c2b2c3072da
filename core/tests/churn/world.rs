//! A cluster whose members change: the acts of a schedule, and what must hold after each.

use crate::kit::*;
use proptest::prelude::*;
use raftwerk_core::trace::{Role, Timer};
use raftwerk_core::*;
use std::collections::BTreeMap;

/// Nodes that run; the first few of them are the first members.
const NODES: u64 = 6;

/// One step of a schedule.
#[derive(Clone, Debug)]
pub enum Act {
    /// Of the messages that wait, this one arrives; a copy may stay on the way.
    Mail(usize, bool),
    Lose(usize),
    /// All that waits arrives, and disks and state machines finish what they have.
    Calm,
    /// Milliseconds pass; what is due is fired.
    Pass(u64),
    TimeOut(u64),
    /// A node's oldest write is done.
    Disk(u64),
    /// Whoever leads (there may be two who think so) is asked for something.
    Propose(bool),
    Read(bool),
    Transfer(bool, Option<u64>),
    Reconfigure(bool, u8, u8),
    Restart(u64),
    /// One direction is cut.
    Cut(u64, u64),
    /// Everything around a node, or around a leader, is cut.
    Isolate(Option<u64>),
    Heal,
}

/// How the cluster is made.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub voters: u64,
    pub fast_disk: bool,
    pub pre_vote: bool,
}

pub fn setup() -> impl Strategy<Value = Setup> {
    (1..=4u64, any::<bool>(), any::<bool>()).prop_map(|(voters, fast_disk, pre_vote)| Setup {
        voters,
        fast_disk,
        pre_vote,
    })
}

pub fn act() -> impl Strategy<Value = Act> {
    let node = || 1..=NODES;
    let mail = (any::<usize>(), prop::bool::weighted(0.1));
    let target = (any::<bool>(), prop::option::of(node()));
    let masks = (any::<bool>(), 1..64u8, 0..64u8);
    prop_oneof![
        30 => mail.prop_map(|(at, copy)| Act::Mail(at, copy)),
        2 => any::<usize>().prop_map(Act::Lose),
        20 => Just(Act::Calm),
        8 => (1..120u64).prop_map(Act::Pass),
        3 => node().prop_map(Act::TimeOut),
        8 => node().prop_map(Act::Disk),
        8 => any::<bool>().prop_map(Act::Propose),
        2 => any::<bool>().prop_map(Act::Read),
        3 => target.prop_map(|(last, to)| Act::Transfer(last, to)),
        10 => masks.prop_map(|(last, voters, learners)| Act::Reconfigure(last, voters, learners)),
        2 => node().prop_map(Act::Restart),
        1 => (node(), node()).prop_map(|(from, to)| Act::Cut(from, to)),
        3 => prop::option::of(node()).prop_map(Act::Isolate),
        1 => Just(Act::Heal),
    ]
}

fn members(voters: u8, learners: u8) -> Members {
    let of = |mask: u8| (0..8).filter(move |bit| mask & (1 << bit) != 0);
    let mut members = Members::of_voters(of(voters).map(|bit| NodeId(bit + 1)));
    members.learners = of(learners & !voters).map(|bit| NodeId(bit + 1)).collect();
    members
}

pub struct World {
    pub cluster: Cluster,
    tickets: u64,
    /// What every state machine has in common.
    agreed: Vec<Entry>,
    leaders: BTreeMap<Term, u64>,
}

impl World {
    pub fn new(setup: Setup) -> World {
        let first = Members::of_voters((1..=setup.voters).map(NodeId));
        let disk = |id| match id <= setup.voters {
            true => Durable::bootstrap(&first),
            false => Durable::default(),
        };
        let disks = (1..=NODES).map(|id| (id, disk(id)));
        let mut cluster = Cluster::on(disks, |config| {
            config.switches.pre_vote = setup.pre_vote;
            config.limits.catch_up_rounds = 3;
        });
        cluster.fast_disk = setup.fast_disk;
        World {
            cluster,
            tickets: 0,
            agreed: Vec::new(),
            leaders: BTreeMap::new(),
        }
    }

    /// Does one thing and checks everything.
    pub fn act(&mut self, act: &Act) {
        match *act {
            Act::Mail(pick, copy) => self.arrive(pick, copy),
            Act::Lose(pick) => {
                if let Some(at) = pick.checked_rem(self.cluster.mail.len()) {
                    self.cluster.mail.remove(at);
                }
            }
            Act::Calm => {
                self.cluster.deliver_if(|_| true);
                for id in 1..=NODES {
                    self.cluster.complete_writes(id);
                }
            }
            Act::Pass(millis) => {
                self.cluster.now = self.cluster.now + Span::millis(millis);
                self.cluster.expire_due();
            }
            Act::TimeOut(id) => self
                .cluster
                .give(id, Input::Fire(Timer::Election))
                .expect("no ticket"),
            Act::Disk(id) => {
                if !self.cluster.node(id).writes.is_empty() {
                    self.cluster.complete_write(id);
                }
            }
            Act::Propose(last) => {
                let ticket = self.ticket();
                let bytes = Payload::from(ticket.0.to_be_bytes().to_vec());
                self.ask(last, Input::Propose(ticket, bytes));
            }
            Act::Read(last) => {
                let ticket = self.ticket();
                self.ask(last, Input::Read(ticket, ReadPath::Leader));
            }
            Act::Transfer(last, to) => {
                let ticket = self.ticket();
                self.ask(last, Input::Transfer(ticket, to.map(NodeId)));
            }
            Act::Reconfigure(last, voters, learners) => {
                let ticket = self.ticket();
                self.ask(last, Input::Reconfigure(ticket, members(voters, learners)));
            }
            Act::Restart(id) => self.cluster.restart(id),
            Act::Cut(from, to) => {
                self.cluster.cut.insert((from, to));
            }
            Act::Isolate(id) => {
                let leader = self.cluster.leaders().last().copied();
                let id = id.or(leader).unwrap_or(1);
                let others: Vec<u64> = (1..=NODES).filter(|other| *other != id).collect();
                self.cluster.partition(&[id], &others);
            }
            Act::Heal => self.cluster.cut.clear(),
        }
        self.check();
    }

    fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    fn arrive(&mut self, pick: usize, copy: bool) {
        let Some(at) = pick.checked_rem(self.cluster.mail.len()) else {
            return;
        };
        let message = match copy {
            true => self.cluster.mail[at].clone(),
            false => self.cluster.mail.remove(at),
        };
        self.cluster.deliver(message);
    }

    fn ask(&mut self, last: bool, input: Input) {
        let leaders = self.cluster.leaders();
        let leader = if last {
            leaders.last()
        } else {
            leaders.first()
        };
        if let Some(leader) = leader {
            // A refusal is an answer, too.
            let _ = self.cluster.give(*leader, input);
        }
    }

    fn check(&mut self) {
        for (id, node) in &self.cluster.nodes {
            for (at, entry) in node.applied.iter().enumerate() {
                if at == self.agreed.len() {
                    step_is_legal(&self.agreed, entry);
                    self.agreed.push(entry.clone());
                }
                assert_eq!(&self.agreed[at], entry, "S{id} applies something else");
            }
        }
        for (id, node) in &self.cluster.nodes {
            let view = node.raft.view();
            if view.role() != Role::Leader {
                continue;
            }
            let newest = self
                .leaders
                .last_key_value()
                .is_none_or(|(term, _)| *term < view.term());
            let leader = *self.leaders.entry(view.term()).or_insert(*id);
            assert_eq!(leader, *id, "two leaders in term {}", view.term());
            for entry in self.agreed.iter().filter(|_| newest) {
                let mine = view.term_at(entry.id.index);
                assert_eq!(
                    mine,
                    Some(entry.id.term),
                    "S{id} leads without {}",
                    entry.id
                );
            }
        }
    }

    /// Faults end, and everybody goes on for a while.
    pub fn heal(&mut self) {
        self.cluster.cut.clear();
        self.cluster.fast_disk = true;
        for id in 1..=NODES {
            self.cluster.complete_writes(id);
        }
        for _ in 0..50 {
            self.cluster.run(Span::millis(100));
            self.check();
        }
    }

    fn change(&mut self, target: &Members) -> bool {
        let leaders = self.cluster.leaders();
        assert_eq!(leaders.len(), 1, "one leads");
        let ticket = self.ticket();
        let asked = self.cluster.reconfigure(leaders[0], ticket.0, target);
        assert_eq!(asked, Ok(()));
        self.cluster.run(Span::millis(1_500));
        self.check();
        let ended = self.cluster.node(leaders[0]).settled.iter();
        let how = ended.rev().find(|(ended, _)| *ended == ticket);
        let how = how.map(|(_, how)| *how).expect("it ended");
        let lost = [Outcome::Aborted(Abort::LeadershipLost), Outcome::Unknown];
        assert!(
            matches!(how, Outcome::Committed(_)) || lost.contains(&how),
            "{how:?}"
        );
        matches!(how, Outcome::Committed(_))
    }

    /// After healing one leads, every ticket has ended, and the members can be changed to any
    /// set, which then has everything.
    pub fn check_end(&mut self) {
        for (id, node) in &self.cluster.nodes {
            assert!(node.open.is_empty(), "S{id} owes {:?}", node.open);
        }
        let target = members(0b10_1010, 0b00_0101);
        // A node that comes back with a higher term deposes the leader, each of them once.
        let changed = (0..NODES).any(|_| self.change(&target));
        assert!(changed, "members cannot be changed");
        let leaders = self.cluster.leaders();
        assert!(matches!(leaders[..], [2] | [4] | [6]), "{leaders:?}");
        let ticket = self.ticket().0;
        assert_eq!(self.cluster.propose(leaders[0], ticket, "the end"), Ok(()));
        self.cluster.run(Span::millis(300));
        self.check();
        for id in target.all() {
            assert_eq!(self.cluster.members(id.0), target);
            assert_eq!(
                self.cluster.commands(id.0).last().map(String::as_str),
                Some("the end")
            );
        }
    }
}

/// Each committed membership is one step from the one before (paper 6, thesis 4.1).
fn step_is_legal(before: &[Entry], entry: &Entry) {
    let members = |entry: &Entry| match &entry.body {
        EntryBody::Membership(members) => Some((**members).clone()),
        _ => None,
    };
    let Some(next) = members(entry) else {
        return;
    };
    let Some(last) = before.iter().rev().find_map(members) else {
        return;
    };
    let differ = |left: &Members, right: &Members| {
        left.voters
            .iter()
            .filter(|node| !right.voters.contains(node))
            .count()
    };
    let legal = match (last.is_joint(), next.is_joint()) {
        (false, false) => differ(&last, &next) + differ(&next, &last) <= 1,
        (false, true) => next.outgoing == last.voters,
        (true, false) => next.voters == last.voters,
        (true, true) => false,
    };
    assert!(legal, "{last:?} is followed by {next:?}");
}
