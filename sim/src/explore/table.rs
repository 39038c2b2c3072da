//! Every node state and message once, and every step of a node once.
//!
//! A world of three nodes with a dozen messages on the way differs from its neighbour in one
//! node, so there are few node states for many worlds. Each is kept once under a number, with
//! its twins (`group`), and what a node does with an input is worked out by the real core once
//! and then looked up. A world is then a handful of numbers.

use super::action::{Action, path};
use super::facts::Facts;
use super::fingerprint::{Fingerprint, mix};
use super::group::{Group, name};
use super::host::{Finding, Host, Setting};
use super::index::Index;
use super::step::{Input, Ran};
use raftwerk_core::trace::Event;
use raftwerk_core::{Message, Output, Ticket};

/// A node state.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub host: Host,
    pub facts: Facts,
    /// The state under every permutation.
    pub twins: Box<[u32]>,
    /// What it adds to the fingerprint of its world, under every permutation.
    pub parts: Box<[u128]>,
}

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub message: Message,
    /// The message under every permutation.
    pub twins: Box<[u32]>,
    /// What it adds to the fingerprint of its world, under every permutation.
    pub parts: Box<[u128]>,
}

/// What a node does with an input.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// In which state it took which action.
    of: (u32, Action),
    /// The state it is in afterwards.
    pub next: u32,
    pub sends: Box<[u32]>,
    pub told: Box<[Output]>,
    /// Why, if the setting listens.
    pub events: Box<[Event]>,
    /// Nothing changed and nothing was said.
    pub idle: bool,
    pub finding: Option<Box<Finding>>,
}

/// Everything known so far.
pub(crate) struct Table {
    pub setting: Setting,
    pub group: Group,
    nodes: Vec<Known>,
    node_index: Index,
    messages: Vec<Mail>,
    message_index: Index,
    steps: Vec<Step>,
    step_index: Index,
}

impl Table {
    /// Nothing is known.
    pub fn new(setting: Setting, group: Group) -> Table {
        Table {
            setting,
            group,
            nodes: Vec::new(),
            node_index: Index::default(),
            messages: Vec::new(),
            message_index: Index::default(),
            steps: Vec::new(),
            step_index: Index::default(),
        }
    }

    /// A node state.
    pub fn node(&self, state: u32) -> &Known {
        &self.nodes[state as usize]
    }

    /// What others see of a node state.
    pub fn facts(&self, state: u32) -> &Facts {
        &self.nodes[state as usize].facts
    }

    /// A message.
    pub fn mail(&self, message: u32) -> &Mail {
        &self.messages[message as usize]
    }

    /// A step that was taken.
    pub fn step(&self, step: u32) -> &Step {
        &self.steps[step as usize]
    }

    /// The same step under a permutation.
    pub fn twin(&self, step: u32, perm: usize) -> u32 {
        let (state, action) = self.step(step).of;
        let twin = self.nodes[state as usize].twins[perm];
        let key = step_key(twin, self.rename(perm, action));
        self.step_index
            .find(key)
            .expect("twins take their steps together")
    }

    /// How many node states, messages and steps there are.
    pub fn sizes(&self) -> [usize; 3] {
        [self.nodes.len(), self.messages.len(), self.steps.len()]
    }

    /// States in which the nodes start.
    pub fn first(&mut self, nodes: u8) -> Result<Vec<u32>, Finding> {
        let mut states = Vec::new();
        for node in 0..nodes {
            let host = Host::first(name(node), &self.setting)?;
            states.push(self.learn_node(host));
        }
        for (node, state) in (0..).zip(&states) {
            let twin = |perm| states[usize::from(self.group.number(perm, node))];
            let twins = (0..self.group.len()).map(twin).collect();
            self.nodes[*state as usize].set_twins(twins);
        }
        Ok(states)
    }

    /// What a node does. The action must be one of a single node.
    pub fn take(&mut self, state: u32, action: Action) -> u32 {
        match self.step_index.find(step_key(state, action)) {
            Some(step) => step,
            None => self.take_with_twins(state, action),
        }
    }

    /// Takes a step for a node and all its twins, and makes sure that they stay twins.
    fn take_with_twins(&mut self, state: u32, action: Action) -> u32 {
        let perms = self.group.len();
        let mut steps = Vec::with_capacity(perms);
        for perm in 0..perms {
            let twin = self.nodes[state as usize].twins[perm];
            let renamed = self.rename(perm, action);
            steps.push(match self.step_index.find(step_key(twin, renamed)) {
                Some(step) => step,
                None => self.take_alone(twin, renamed),
            });
        }
        if perms > 1 && self.step(steps[0]).finding.is_none() {
            self.compare_twins(&steps);
        } else if perms == 1 {
            let next = self.step(steps[0]).next;
            self.nodes[next as usize].set_twins(Box::new([next]));
        }
        steps[0]
    }

    fn take_alone(&mut self, state: u32, action: Action) -> u32 {
        let host = &self.nodes[state as usize].host;
        let ran = host.run(self.input(action), &self.setting, self.setting.listen);
        let step = self.learn_step((state, action), ran);
        self.steps.push(step);
        self.step_index.insert(step_key(state, action)).0
    }

    fn learn_step(&mut self, of: (u32, Action), ran: Ran) -> Step {
        let (state, _) = of;
        let mut step = Step {
            of,
            next: state,
            sends: Box::new([]),
            told: Box::new([]),
            events: ran.events.into(),
            idle: true,
            finding: ran.finding.map(Box::new),
        };
        if step.finding.is_some() || ran.refused {
            step.idle = ran.refused;
            return step;
        }
        step.next = self.learn_node(ran.host);
        step.sends = ran
            .sends
            .into_iter()
            .map(|message| self.learn_message(message))
            .collect();
        step.told = ran.told.into();
        step.idle = step.next == state && step.sends.is_empty() && step.told.is_empty();
        step
    }

    /// The core treats all nodes alike, or this finds out (see `group`).
    fn compare_twins(&mut self, steps: &[u32]) {
        let perms = self.group.len();
        let next = |step: u32| self.steps[step as usize].next;
        let mut twins = Vec::with_capacity(perms);
        for a in 0..perms {
            let row: Box<[u32]> = (0..perms)
                .map(|b| next(steps[self.group.then(b, a)]))
                .collect();
            twins.push((next(steps[a]), row));
            let mut renamed: Vec<u32> = self.step(steps[0]).sends.to_vec();
            renamed
                .iter_mut()
                .for_each(|message| *message = self.mail(*message).twins[a]);
            let mut sent = self.step(steps[a]).sends.to_vec();
            renamed.sort_unstable();
            sent.sort_unstable();
            assert_eq!(
                renamed,
                sent,
                "the core favours a node: {:?}",
                self.step(steps[a])
            );
        }
        for (state, row) in twins {
            let known = &mut self.nodes[state as usize];
            if known.twins.is_empty() {
                known.set_twins(row);
            } else {
                assert_eq!(known.twins, row, "the core favours a node");
            }
        }
    }

    /// The action as a node takes it.
    pub fn input(&self, action: Action) -> Input<'_> {
        let ticket = |ticket: u8| Ticket(u64::from(ticket));
        match action {
            Action::Deliver(message) => Input::Deliver(&self.mail(message).message),
            Action::Persist { count, .. } => Input::Persist(usize::from(count)),
            Action::Timeout(_) => Input::Timeout,
            Action::Heartbeat(_) => Input::Heartbeat,
            Action::Silence(_) => Input::Silence,
            Action::Wait(_) => Input::Wait,
            Action::Change {
                target,
                ticket: number,
                ..
            } => Input::Change(ticket(number), &self.setting.targets[usize::from(target)]),
            Action::Transfer {
                to, ticket: number, ..
            } => Input::Transfer(ticket(number), name(to)),
            Action::Propose { ticket: number, .. } => Input::Propose(ticket(number)),
            Action::Read {
                ticket: number,
                path: way,
                ..
            } => Input::Read(ticket(number), path(way)),
            Action::Tick(_) => Input::Tick,
            Action::Reboot { kept, .. } => Input::Reboot(usize::from(kept)),
            Action::Rot { kept, .. } => Input::Rot(usize::from(kept)),
            Action::Fail { kept, .. } => Input::Fail(usize::from(kept)),
            Action::LinkDown { peer, .. } => Input::Link(name(peer), false),
            Action::LinkUp { peer, .. } => Input::Link(name(peer), true),
            Action::Duplicate(_) | Action::Delay(_) | Action::Stall(_) | Action::Forge { .. } => {
                unreachable!("no business of a node: {action:?}")
            }
        }
    }

    /// The action as it reads when all names are changed. Which node acts is told by its state.
    fn rename(&self, perm: usize, action: Action) -> Action {
        let other = |node: u8| self.group.number(perm, node);
        match action {
            Action::Deliver(message) => Action::Deliver(self.mail(message).twins[perm]),
            Action::LinkDown { node, peer } => Action::LinkDown {
                node: other(node),
                peer: other(peer),
            },
            Action::LinkUp { node, peer } => Action::LinkUp {
                node: other(node),
                peer: other(peer),
            },
            Action::Transfer { node, to, ticket } => Action::Transfer {
                node: other(node),
                to: other(to),
                ticket,
            },
            // The targets are the same whatever the nodes are called (see `Scope::group`).
            _ => action.at(other(action.node().unwrap_or_default())),
        }
    }

    fn learn_node(&mut self, host: Host) -> u32 {
        let (state, new) = self.node_index.insert(host.fingerprint(&self.setting));
        if new {
            self.nodes.push(Known {
                facts: Facts::of(&host),
                host,
                twins: Box::new([]),
                parts: Box::new([]),
            });
        }
        state
    }

    /// Number of a message.
    pub fn learn_message(&mut self, message: Message) -> u32 {
        if let Some(known) = self.message_index.find(Fingerprint::of(&message)) {
            return known;
        }
        // All its renamings become known at once, each with its own twins.
        let perms = self.group.len();
        let mut numbers = Vec::with_capacity(perms);
        for perm in 0..perms {
            let renamed = self.group.message(perm, &message);
            let (number, new) = self.message_index.insert(Fingerprint::of(&renamed));
            if new {
                self.messages.push(Mail {
                    message: renamed,
                    twins: Box::new([]),
                    parts: Box::new([]),
                });
            }
            numbers.push(number);
        }
        for (a, number) in numbers.iter().enumerate() {
            let twins: Box<[u32]> = (0..perms).map(|b| numbers[self.group.then(b, a)]).collect();
            let mail = &mut self.messages[*number as usize];
            mail.parts = twins
                .iter()
                .map(|twin| part(Part::Message, *twin))
                .collect();
            mail.twins = twins;
        }
        numbers[0]
    }
}

impl Known {
    fn set_twins(&mut self, twins: Box<[u32]>) {
        self.parts = twins.iter().map(|twin| part(Part::Node, *twin)).collect();
        self.twins = twins;
    }
}

/// What the fingerprint of a world is a sum of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    Node = 1,
    Message,
    Chain,
    Leaders,
}

/// A summand. The sum tells which summands it has and not in which order they came.
pub(crate) fn part(kind: Part, number: u32) -> u128 {
    mix((kind as u128) << 64 | u128::from(number))
}

fn step_key(state: u32, action: Action) -> u128 {
    mix(u128::from(state) << 32 | u128::from(action.code()))
}
