//! A scope: a small cluster, what may happen to it, and where it starts.

use super::fingerprint::Blind;
use super::group::{Group, name};
use super::host::{Broken, Setting};
use super::start::{Before, FRESH};
use super::world::Budgets;
use raftwerk_core::{Body, ClusterId, Config, Members, NodeId, ReadPath, Rule, Span, Time};

/// Walks through each scope.
const WALKS: u64 = 500;

/// In which order messages arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// In any; one that never arrives is a lost one.
    Any,
    /// In the order they were sent, each as soon as it can, and nothing else happens meanwhile,
    /// but for as many departures as `Budgets::delays` grants: a message or a write is late and
    /// may come at any later time, or never; or something happens while others are on the way.
    InTurn,
}

/// What the machine of the paper ([`refine`](crate::refine)) reads of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judging {
    /// Nothing.
    Nothing,
    /// Every step between two worlds once: along the first way to the world that it starts from.
    Steps,
    /// Every step on every way. Two ways to a world are one if they leave the machine in the same
    /// state; so whatever happens in a scope that is searched to its end is read.
    Ways,
}

/// Clocks that go on by steps, no two of them ever further apart than they may be. Within such a
/// bound every way in which they can drift is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// One step.
    pub step: Span,
    /// So many steps a clock may be ahead of the slowest.
    pub apart: u8,
    /// So many steps each may take.
    pub most: u8,
}

/// Members that may be asked for: 1 is the first node, called S1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// They vote.
    pub voters: &'static [u8],
    /// They learn.
    pub learners: &'static [u8],
}

/// A small cluster and what may happen to it.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is for, in one line.
    pub about: &'static str,
    /// How many nodes there are.
    pub nodes: u8,
    /// How many of them, the first, vote at first.
    pub voters: u8,
    /// How many of them, those after the voters, are learners at first. The rest knows nothing.
    pub learners: u8,
    /// Members that may be asked for.
    pub targets: &'static [Target],
    /// Highest term a node may campaign in; at most eight.
    pub terms: u64,
    /// What may happen so many times.
    pub budgets: Budgets,
    /// In which order messages arrive.
    pub order: Order,
    /// How clients read; empty: at the leader, and through the others.
    pub paths: &'static [ReadPath],
    /// Clocks that go on, each by itself; without, no time passes.
    pub clocks: Option<Clocks>,
    /// What happens before the search.
    pub start: &'static [Before],
    /// Writes complete when the search says so; otherwise at once.
    pub slow_disk: bool,
    /// Changes to the configuration of every node.
    pub configure: fn(&mut Config),
    /// Messages that the network always loses: a scope about something else is smaller without.
    pub lost: fn(&Body) -> bool,
    /// Replies that can never matter again are forgotten (see `moves`).
    pub forget: bool,
    /// Worlds that differ only in the names of nodes are one world.
    pub symmetric: bool,
    /// What a node says is compared with its disk.
    pub promises: bool,
    /// What of the search the machine of the paper reads: nothing where something is wrong on
    /// purpose, unless a test asks for it.
    pub judging: Judging,
    /// So many random walks are read by it when the search is over, in the same scopes.
    pub walks: u64,
    /// What is wrong with the host, to prove that the search finds it.
    pub broken: Option<Broken>,
    /// A rule that the cores do not keep; only in a build with the feature `sabotage`.
    pub sabotage: Option<Rule>,
}

impl Scope {
    /// Three nodes, nothing may happen; scopes say what differs.
    #[must_use]
    pub fn new(name: &'static str, about: &'static str) -> Scope {
        Scope {
            name,
            about,
            nodes: 3,
            voters: 3,
            learners: 0,
            targets: &[],
            terms: 1,
            budgets: Budgets::default(),
            order: Order::Any,
            paths: &[],
            clocks: None,
            start: FRESH,
            slow_disk: false,
            configure: |_| {},
            lost: |_| false,
            forget: true,
            symmetric: true,
            promises: true,
            judging: Judging::Ways,
            walks: WALKS,
            broken: None,
            sabotage: None,
        }
    }

    /// The same with cores that do not keep a rule. Nothing is forgotten and nodes are told
    /// apart: what is true of a correct core may not be of a broken one.
    #[must_use]
    pub fn without(self, rule: Rule) -> Scope {
        Scope {
            sabotage: Some(rule),
            forget: false,
            symmetric: false,
            judging: Judging::Nothing,
            walks: 0,
            ..self
        }
    }

    /// The same with a broken host. Nothing is forgotten: what a correct core ignores for ever
    /// may matter to a broken one.
    #[must_use]
    pub fn broken(self, broken: Broken) -> Scope {
        Scope {
            broken: Some(broken),
            forget: false,
            judging: Judging::Nothing,
            walks: 0,
            ..self
        }
    }

    pub(crate) fn setting(&self) -> Setting {
        let mut config = Config::demo(NodeId(1), ClusterId(7), 1);
        // Both only keep elections from happening, and where no time passes a leader that was
        // heard once would be kept for ever: scopes about these rules turn them on.
        config.switches.stickiness = false;
        config.switches.pre_vote = false;
        // Shorter than everything else, so that a wait for it is no wait for anything else.
        config.timing.transfer_limit = Span(1);
        (self.configure)(&mut config);
        if let Some(rule) = self.sabotage {
            break_rule(&mut config, rule);
        }
        Setting {
            blind: Blind::find(&config, Time(0)),
            members: self.members(),
            targets: self.targets.iter().map(Target::members).collect(),
            config,
            slow_disk: self.slow_disk,
            promises: self.promises,
            clocks: self.clocks,
            listen: self.judging != Judging::Nothing,
            broken: self.broken,
        }
    }

    fn members(&self) -> Members {
        Members {
            learners: (self.voters..self.voters + self.learners)
                .map(name)
                .collect(),
            ..Members::of_voters((0..self.voters).map(name))
        }
    }

    pub(crate) fn group(&self) -> Group {
        let mark =
            |node| u8::from(node >= self.voters) + u8::from(node >= self.voters + self.learners);
        let marks: Vec<u8> = (0..self.nodes).map(mark).collect();
        // A leader sends to its peers in the order of their names: where messages arrive in turn
        // a renamed world would have them in another order. And targets name nodes.
        match self.symmetric && self.order == Order::Any && self.targets.is_empty() {
            true => Group::within(&marks),
            false => Group::trivial(marks.len()),
        }
    }
}

#[cfg(feature = "sabotage")]
fn break_rule(config: &mut Config, rule: Rule) {
    config.sabotage = Some(rule);
}

#[cfg(not(feature = "sabotage"))]
fn break_rule(_: &mut Config, rule: Rule) {
    panic!(
        "{} can be broken only with the feature sabotage",
        rule.name()
    );
}

impl Target {
    fn members(&self) -> Members {
        let names = |numbers: &[u8]| numbers.iter().map(|number| name(number - 1)).collect();
        let voters: Vec<NodeId> = names(self.voters);
        Members {
            learners: names(self.learners),
            ..Members::of_voters(voters)
        }
    }
}
