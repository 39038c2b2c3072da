//! A small cluster that does whatever it is told: the acts of a random schedule, and what must
//! hold after each of them.

use crate::kit::*;
use proptest::prelude::*;
use raftwerk_core::trace::{Role, Timer};
use raftwerk_core::*;
use std::collections::BTreeMap;

/// One thing that is fed to a node. What it is made of is looked up when it happens.
#[derive(Clone, Copy, Debug)]
pub enum Morsel {
    /// A message that waits for it, counted from any end.
    Mail(usize),
    /// The same, and a copy stays on the way.
    Copy(usize),
    Propose(usize),
    Read(ReadPath),
    /// Perhaps too early.
    Expire,
    Fire(Timer),
    /// Its oldest write is done.
    Disk,
    /// Its state machine has applied what was handed out.
    Apply,
    Link(u64, bool),
}

/// One step of a schedule.
#[derive(Clone, Debug)]
pub enum Act {
    /// Feeds a node, everything before one drain.
    Feed(u64, Vec<Morsel>),
    /// Whoever leads is handed so many commands, all before one drain.
    Write(usize),
    /// Everything on the way arrives, is answered or not, and disks finish what they have.
    Calm,
    /// Milliseconds pass; what is due is fired.
    Pass(u64),
    /// Milliseconds pass and nobody is called.
    Oversleep(u64),
    Lose(usize),
    Cut(u64, u64),
    Heal,
    Restart(u64),
    /// Its next write fails, if a majority is left without it.
    FailDisk(u64),
}

/// How the cluster is made.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub size: u64,
    pub fast_disk: bool,
    pub fast_apply: bool,
    pub pre_vote: bool,
    pub check_quorum: bool,
    pub stickiness: bool,
    pub tight: bool,
}

pub fn setup() -> impl Strategy<Value = Setup> {
    let size = prop_oneof![1 => Just(1u64), 1 => Just(2), 6 => Just(3), 2 => Just(5)];
    (size, any::<[bool; 6]>()).prop_map(|(size, on)| Setup {
        size,
        fast_disk: on[0],
        fast_apply: on[1],
        pre_vote: on[2],
        check_quorum: on[3],
        stickiness: on[4],
        tight: on[5],
    })
}

fn morsel() -> impl Strategy<Value = Morsel> {
    let path = prop_oneof![
        Just(ReadPath::Leader),
        Just(ReadPath::Follower),
        Just(ReadPath::Lease)
    ];
    let timer = prop_oneof![
        2 => Just(Timer::Election),
        2 => Just(Timer::Heartbeat),
        1 => Just(Timer::CheckQuorum)
    ];
    prop_oneof![
        12 => any::<usize>().prop_map(Morsel::Mail),
        2 => any::<usize>().prop_map(Morsel::Copy),
        4 => (0usize..400).prop_map(Morsel::Propose),
        3 => path.prop_map(Morsel::Read),
        2 => Just(Morsel::Expire),
        1 => timer.prop_map(Morsel::Fire),
        5 => Just(Morsel::Disk),
        3 => Just(Morsel::Apply),
        1 => (1..=5u64, any::<bool>()).prop_map(|(peer, up)| Morsel::Link(peer, up)),
    ]
}

pub fn act() -> impl Strategy<Value = Act> {
    let morsels = prop::collection::vec(morsel(), 1..6);
    prop_oneof![
        30 => (1..=5u64, morsels).prop_map(|(node, morsels)| Act::Feed(node, morsels)),
        5 => (1..5usize).prop_map(Act::Write),
        12 => Just(Act::Calm),
        8 => (1..120u64).prop_map(Act::Pass),
        1 => (1..1_000u64).prop_map(Act::Oversleep),
        2 => any::<usize>().prop_map(Act::Lose),
        1 => (1..=5u64, 1..=5u64).prop_map(|(from, to)| Act::Cut(from, to)),
        1 => Just(Act::Heal),
        1 => (1..=5u64).prop_map(Act::Restart),
        1 => (1..=5u64).prop_map(Act::FailDisk),
    ]
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
        let mut cluster = Cluster::with(setup.size, |config| {
            config.switches.pre_vote = setup.pre_vote;
            config.switches.check_quorum = setup.check_quorum;
            config.switches.stickiness = setup.stickiness;
            if setup.tight {
                config.limits.append_bytes = 100;
                config.limits.window_bytes = 200;
                config.limits.command_bytes = 300;
                config.limits.uncommitted_bytes = 4_096;
                config.limits.unapplied_entries = 2;
                config.limits.open_reads = 3;
            }
        });
        cluster.fast_disk = setup.fast_disk;
        cluster.fast_apply = setup.fast_apply;
        World {
            cluster,
            tickets: 0,
            agreed: Vec::new(),
            leaders: BTreeMap::new(),
        }
    }

    /// Does one thing and checks everything.
    pub fn act(&mut self, act: &Act) {
        let size = self.cluster.nodes.len() as u64;
        let node = |id: u64| (id - 1) % size + 1;
        match act {
            Act::Feed(id, morsels) => {
                let id = node(*id);
                let inputs: Vec<Input> = morsels
                    .iter()
                    .filter_map(|morsel| self.input(id, *morsel))
                    .collect();
                self.cluster.feed(id, inputs);
            }
            Act::Write(many) => {
                if let Some(leader) = self.cluster.leaders().first() {
                    let morsels = vec![Morsel::Propose(40); *many];
                    self.act(&Act::Feed(*leader, morsels));
                }
            }
            Act::Calm => {
                self.cluster.deliver_if(|_| true);
                for id in 1..=size {
                    self.finish(id);
                }
            }
            Act::Pass(millis) => {
                self.cluster.now = self.cluster.now + Span::millis(*millis);
                self.cluster.expire_due();
            }
            Act::Oversleep(millis) => {
                self.cluster.now = self.cluster.now + Span::millis(*millis);
            }
            Act::Lose(pick) => {
                if let Some(at) = pick.checked_rem(self.cluster.mail.len()) {
                    self.cluster.mail.remove(at);
                }
            }
            Act::Cut(from, to) => {
                self.cluster.cut.insert((node(*from), node(*to)));
            }
            Act::Heal => self.cluster.cut.clear(),
            Act::Restart(id) => self.cluster.restart(node(*id)),
            Act::FailDisk(id) => self.fail_disk(node(*id)),
        }
        self.check();
    }

    fn input(&mut self, id: u64, morsel: Morsel) -> Option<Input> {
        match morsel {
            Morsel::Mail(pick) => Some(Input::Receive(self.mail_to(id, pick, false)?)),
            Morsel::Copy(pick) => Some(Input::Receive(self.mail_to(id, pick, true)?)),
            Morsel::Propose(length) => {
                let ticket = self.ticket();
                Some(Input::Propose(ticket, command(ticket, length)))
            }
            Morsel::Read(path) => Some(Input::Read(self.ticket(), path)),
            Morsel::Expire => Some(Input::Expire),
            Morsel::Fire(timer) => Some(Input::Fire(timer)),
            Morsel::Disk => {
                let waits = !self.cluster.node(id).writes.is_empty();
                waits.then(|| Input::Persisted(self.cluster.perform_oldest(id)))
            }
            Morsel::Apply => {
                let handed_out = self.cluster.node(id).applied.len() as u64;
                Some(Input::Applied(Index(handed_out)))
            }
            Morsel::Link(peer, up) => Some(Input::Link(NodeId(peer), up)),
        }
    }

    fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    fn mail_to(&mut self, id: u64, pick: usize, copy: bool) -> Option<Message> {
        let cluster = &mut self.cluster;
        let cut = &cluster.cut;
        cluster.mail.retain(|m| !cut.contains(&(m.from.0, m.to.0)));
        let to = |(at, m): (usize, &Message)| (m.to == NodeId(id)).then_some(at);
        let waiting: Vec<usize> = cluster.mail.iter().enumerate().filter_map(to).collect();
        let at = waiting[pick.checked_rem(waiting.len())?];
        match copy {
            true => Some(cluster.mail[at].clone()),
            false => Some(cluster.mail.remove(at)),
        }
    }

    /// Everything a node's disk and state machine have to do is done.
    fn finish(&mut self, id: u64) {
        self.cluster.complete_writes(id);
        let handed_out = self.cluster.node(id).applied.len() as u64;
        if Index(handed_out) > self.cluster.view(id).applied() {
            self.cluster.feed(id, [Input::Applied(Index(handed_out))]);
        }
    }

    fn fail_disk(&mut self, id: u64) {
        let alive = |node: &&Node| node.fenced.is_none();
        let (all, left) = (
            self.cluster.nodes.len(),
            self.cluster.nodes.values().filter(alive).count(),
        );
        let seq = self.cluster.node(id).writes.first().map(|write| write.seq);
        if let Some(seq) = seq
            && left > quorum::majority(all)
        {
            self.cluster.feed(id, [Input::PersistFailed(seq)]);
        }
    }

    /// Election safety and state machine safety. (What each node owes alone, the kit checks.)
    fn check(&mut self) {
        for (id, node) in &self.cluster.nodes {
            let view = node.raft.view();
            if view.role() == Role::Leader {
                let leader = *self.leaders.entry(view.term()).or_insert(*id);
                assert_eq!(leader, *id, "two leaders in term {}", view.term());
            }
            for (at, entry) in node.applied.iter().enumerate() {
                if at == self.agreed.len() {
                    self.agreed.push(entry.clone());
                }
                assert_eq!(&self.agreed[at], entry, "S{id} applies something else");
            }
        }
    }

    /// Faults end, and everybody goes on for a while.
    pub fn heal(&mut self) {
        self.cluster.cut.clear();
        self.cluster.fast_disk = true;
        self.cluster.fast_apply = true;
        for id in self.cluster.nodes.keys().copied().collect::<Vec<_>>() {
            if self.cluster.node(id).fenced.is_none() {
                self.finish(id);
            }
        }
        self.cluster.run(Span::millis(3_000));
        self.check();
    }

    /// After healing: every ticket has ended, none for the wrong entry, and a last command is
    /// committed and applied by everybody who can.
    pub fn check_end(&mut self) {
        let ticket = self.ticket();
        let leaders = self.cluster.leaders();
        assert_eq!(leaders.len(), 1, "one leads");
        let propose = Input::Propose(ticket, command(ticket, 0));
        let taken = self.cluster.feed(leaders[0], [propose]);
        assert_eq!(taken, [Ok(())]);
        self.cluster.run(Span::millis(300));
        self.check();
        let last = self.agreed.last().map(|entry| entry.body.clone());
        assert_eq!(last, Some(EntryBody::Command(command(ticket, 0))));
        for (id, node) in &self.cluster.nodes {
            assert!(node.open.is_empty(), "S{id} owes {:?}", node.open);
            if node.fenced.is_none() {
                assert_eq!(
                    node.applied.len(),
                    self.agreed.len(),
                    "S{id} has everything"
                );
            }
            for (ticket, outcome) in &node.settled {
                let Outcome::Committed(at) = outcome else {
                    continue;
                };
                let EntryBody::Command(bytes) = &self.agreed[at.index.0 as usize - 1].body else {
                    panic!("{ticket} was a command");
                };
                assert!(
                    bytes.starts_with(&ticket.0.to_be_bytes()),
                    "{ticket} is at {at}"
                );
            }
        }
    }
}

/// A command that names its ticket.
fn command(ticket: Ticket, length: usize) -> Payload {
    let mut bytes = ticket.0.to_be_bytes().to_vec();
    bytes.resize(8 + length, 0);
    Payload::from(bytes)
}
