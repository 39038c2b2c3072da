//! A small cluster that does whatever it is told: the acts of a random schedule, and what must
//! hold after each of them.

use crate::acts::*;
use crate::kit::*;
use raftwerk_core::trace::Role;
use raftwerk_core::*;
use std::collections::{BTreeMap, BTreeSet};

pub struct World {
    pub cluster: Cluster,
    setup: Setup,
    tickets: u64,
    /// Tickets of commands.
    commands: BTreeSet<Ticket>,
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
        for id in 1..=setup.joiners {
            cluster.join(setup.size + id);
        }
        cluster.fast_disk = setup.fast_disk;
        cluster.fast_apply = setup.fast_apply;
        World {
            cluster,
            setup,
            tickets: 0,
            commands: BTreeSet::new(),
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
            Act::Lead(morsels) => {
                if let Some(leader) = self.cluster.leaders().last() {
                    self.act(&Act::Feed(*leader, morsels.clone()));
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
            Act::Rot(id, from) => self.rot(node(*id), *from),
        }
        self.check();
    }

    fn input(&mut self, id: u64, morsel: Morsel) -> Option<Input> {
        match morsel {
            Morsel::Mail(pick) => Some(Input::Receive(self.mail_to(id, pick, false)?)),
            Morsel::Copy(pick) => Some(Input::Receive(self.mail_to(id, pick, true)?)),
            Morsel::Propose(length) => Some(self.proposal(length)),
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
            Morsel::Transfer(to) => Some(Input::Transfer(self.ticket(), to.map(NodeId))),
            Morsel::Reconfigure(voters, learners) => {
                let all = self.cluster.nodes.len() as u64;
                let chosen = |bits: u8| (0..all).filter(move |bit| bits & (1 << bit) != 0);
                let mut members = Members::of_voters(chosen(voters).map(|bit| NodeId(bit + 1)));
                members.learners = chosen(learners & !voters)
                    .map(|bit| NodeId(bit + 1))
                    .collect();
                let ticket = self.ticket();
                self.setup
                    .changes
                    .then_some(Input::Reconfigure(ticket, members))
            }
        }
    }

    fn proposal(&mut self, length: usize) -> Input {
        let ticket = self.ticket();
        self.commands.insert(ticket);
        Input::Propose(ticket, command(ticket, length))
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

    /// Whether enough nodes are sound without this one, as far as that can be said: members must
    /// not change.
    fn is_spare(&self, id: u64) -> bool {
        let sound = |(other, node): &(&u64, &Node)| {
            **other != id && node.fenced.is_none() && node.raft.view().suspect().is_none()
        };
        let left = self.cluster.nodes.iter().filter(sound).count();
        !self.setup.changes && left >= quorum::majority(self.cluster.nodes.len())
    }

    fn fail_disk(&mut self, id: u64) {
        let seq = self.cluster.node(id).writes.first().map(|write| write.seq);
        if let Some(seq) = seq
            && self.is_spare(id)
        {
            self.cluster.feed(id, [Input::PersistFailed(seq)]);
        }
    }

    fn rot(&mut self, id: u64, from: usize) {
        let entries = self.cluster.node(id).disk.entries.len();
        if let Some(from) = from.checked_rem(entries)
            && self.is_spare(id)
        {
            self.cluster.rot(id, from as u64 + 1);
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
        // Long enough for a new voter that is not heard to be given up.
        let limits = config(1).limits.catch_up_rounds;
        let longest = 2 * limits * config(1).timing.election_max.0;
        self.cluster.run(Span(longest.max(3_000_000)));
        self.check();
    }

    /// After healing: every ticket has ended, none for the wrong entry, and a last command is
    /// committed and applied by everybody who can.
    pub fn check_end(&mut self) {
        let leaders = self.cluster.leaders();
        assert_eq!(leaders.len(), 1, "one leads");
        let propose = self.proposal(0);
        let ticket = propose.ticket().expect("it has one");
        let taken = self.cluster.feed(leaders[0], [propose]);
        assert_eq!(taken, [Ok(())]);
        self.cluster.run(Span::millis(300));
        self.check();
        let last = self.agreed.last().map(|entry| entry.body.clone());
        assert_eq!(last, Some(EntryBody::Command(command(ticket, 0))));
        let members = self.cluster.view(leaders[0]).membership().cloned();
        let members = members.expect("a leader knows them").members;
        assert!(!members.is_joint(), "no change is left half done");
        for (id, node) in &self.cluster.nodes {
            assert!(node.open.is_empty(), "S{id} owes {:?}", node.open);
            if node.fenced.is_none() && members.contains(NodeId(*id)) {
                assert_eq!(node.applied.len(), self.agreed.len(), "S{id} has it all");
            }
            for (ticket, outcome) in &node.settled {
                self.check_outcome(*ticket, *outcome);
            }
        }
    }

    /// What is said to be committed is, at that place; only transfers and changes, which have no
    /// entry of their own or another kind of it, end otherwise.
    fn check_outcome(&self, ticket: Ticket, outcome: Outcome) {
        let is_command = self.commands.contains(&ticket);
        let Outcome::Committed(at) = outcome else {
            assert!(
                !is_command || outcome == Outcome::Unknown,
                "{ticket}: {outcome:?}"
            );
            return;
        };
        match &self.agreed[at.index.0 as usize - 1].body {
            EntryBody::Command(bytes) => {
                assert!(
                    is_command && bytes.starts_with(&ticket.0.to_be_bytes()),
                    "{ticket} at {at}"
                );
            }
            EntryBody::Membership(_) => assert!(!is_command, "{ticket} at {at}"),
            EntryBody::Noop => panic!("{ticket} at {at}: nobody asked for this entry"),
        }
    }
}

/// A command that names its ticket.
fn command(ticket: Ticket, length: usize) -> Payload {
    let mut bytes = ticket.0.to_be_bytes().to_vec();
    bytes.resize(8 + length, 0);
    Payload::from(bytes)
}
