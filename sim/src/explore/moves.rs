//! What may happen next in a world, and what comes of it.
//!
//! Where messages arrive in any order, three kinds of steps are left out, because whatever
//! follows from them follows without them: losing a message (it may as well never arrive), a
//! delivery that changes nothing and is answered by nothing (as good as a loss), and being down
//! (as good as hearing nothing). With `Scope::forget` replies that can never matter again are
//! taken off the way: of a term below the receiver's term *on disk*, or to a candidacy that is
//! over for good. That they do not matter is the core's own rule (trap E4), so it is not
//! believed but tried: what the receiver does not ignore stays.

use super::action::Action;
use super::chain::Chains;
use super::group::{Group, name, number};
use super::host::Finding;
use super::judge;
use super::scope::{Order, Scope};
use super::table::Table;
use super::world::{Budget, LATE, TERMS, WRITE, World};
use raftwerk_core::trace::Role;
use raftwerk_core::{Body, Message};

/// A scope with everything known about it so far.
pub(crate) struct Moves {
    pub scope: Scope,
    pub table: Table,
    pub chains: Chains,
    /// The start is reached: from here on the scope's messages are lost.
    pub searching: bool,
    /// What a node did in the last action; `None` where nothing happened to any.
    pub taken: Option<u32>,
}

/// What came of an action.
#[derive(Debug)]
pub(crate) enum Came {
    /// Nothing: the node would not have it, or it changes nothing.
    Nothing,
    /// Another world, left in the place given for it, and which node moved.
    World(Option<u8>),
    /// A broken rule.
    Finding(Finding),
}

impl Moves {
    /// Knows the scope and nothing else.
    pub fn new(scope: &Scope) -> Moves {
        assert!(scope.terms <= TERMS, "at most {TERMS} terms");
        let group = scope.group();
        Moves {
            chains: Chains::new(group.len()),
            table: Table::new(scope.setting(), group),
            scope: scope.clone(),
            searching: false,
            taken: None,
        }
    }

    /// Whether nothing has a turn that should come first.
    pub fn is_calm(&self, world: &World) -> bool {
        self.scope.order == Order::Any || world.first_in_turn().is_none()
    }

    /// The group of symmetries in use.
    pub fn group(&self) -> &Group {
        &self.table.group
    }

    /// Does it. The world that comes of it is left in `after`.
    pub fn act(&mut self, before: &World, action: Action, after: &mut World) -> Came {
        after.clone_from(before);
        self.taken = None;
        self.pay(after, action);
        let (node, done) = match action {
            Action::Delay(message) => {
                after.make_late(message, false);
                return Came::World(None);
            }
            Action::Stall(node) => {
                after.make_late(WRITE | u32::from(node), true);
                return Came::World(None);
            }
            Action::Deliver(message) => {
                after.remove_any(message);
                (self.receiver(message), action)
            }
            Action::Duplicate(message) => {
                if self.scope.order == Order::InTurn && !after.late().any(|late| late == message) {
                    after.make_late(message, false);
                }
                (self.receiver(message), Action::Deliver(message))
            }
            Action::Forge { message, voter } => {
                let from = name(voter);
                let forged = self.table.mail(message).message.clone();
                let forged = self.table.learn_message(Message { from, ..forged });
                (self.receiver(message), Action::Deliver(forged))
            }
            other => (other.node().expect("the rest is done by nodes"), other),
        };
        self.done_by(node, done, after)
    }

    fn receiver(&self, message: u32) -> u8 {
        let to = self.table.mail(message).message.to;
        number(to).expect("messages are for nodes")
    }

    /// Takes what an action costs.
    fn pay(&self, world: &mut World, action: Action) {
        let budget = match action {
            Action::Deliver(_) | Action::Persist { .. } | Action::Tick(_) => None,
            Action::Duplicate(_) => Some(Budget::Duplicates),
            Action::Delay(_) | Action::Stall(_) => Some(Budget::Delays),
            Action::Forge { .. } => Some(Budget::Forgeries),
            Action::Timeout(_) => Some(Budget::Timeouts),
            Action::Heartbeat(_) => Some(Budget::Heartbeats),
            Action::Silence(_) => Some(Budget::Silences),
            Action::Wait(_) => Some(Budget::Waits),
            Action::Propose { .. } => Some(Budget::Proposals),
            Action::Change { .. } => Some(Budget::Changes),
            Action::Transfer { .. } => Some(Budget::Transfers),
            Action::Read { .. } => Some(Budget::Reads),
            Action::Reboot { .. } => Some(Budget::Reboots),
            Action::Rot { .. } => Some(Budget::Rots),
            Action::Fail { .. } => Some(Budget::Failures),
            Action::LinkDown { .. } | Action::LinkUp { .. } => Some(Budget::Links),
        };
        let Some(budget) = budget else {
            return;
        };
        world.spend(budget);
        let by_itself = !matches!(
            budget,
            Budget::Duplicates | Budget::Delays | Budget::Forgeries
        );
        if by_itself && !self.is_calm(world) {
            world.spend(Budget::Delays);
        }
    }

    fn done_by(&mut self, node: u8, action: Action, world: &mut World) -> Came {
        let state = world.state(node);
        let writes = self.table.facts(state).writes;
        let step = self.table.take(state, action);
        self.taken = Some(step);
        let step = self.table.step(step);
        if let Some(finding) = &step.finding {
            return Came::Finding(finding.as_ref().clone());
        }
        // In turn an idle step still takes its message off the way.
        if step.idle && (self.scope.order == Order::Any || !matches!(action, Action::Deliver(_))) {
            return Came::Nothing;
        }
        if let Action::Read { ticket, .. } = action {
            world.set_read(ticket, Some(self.chains.links(world.chain()).len()));
        }
        world.set_state(node, step.next);
        let news = world.pending().len();
        for message in &step.sends {
            if !self.searching || !(self.scope.lost)(&self.table.mail(*message).message.body) {
                world.push(*message);
            }
        }
        if self.scope.order == Order::InTurn {
            self.queue_writes(world, node, action, writes);
        }
        let told = &step.told;
        let noted = judge::note(world, &self.table, &mut self.chains, node, told)
            .and_then(|()| judge::hands_over(world, &self.table, node, &step.sends));
        if let Err(finding) = noted {
            return Came::Finding(finding);
        }
        if self.scope.order == Order::Any {
            if self.scope.forget {
                self.forget(world, node, news);
            }
            world.sort_pending();
        }
        Came::World(Some(node))
    }

    /// Where messages arrive in turn, writes have theirs between them; behind a late write of a
    /// node all of its writes are late.
    fn queue_writes(&self, world: &mut World, node: u8, action: Action, before: usize) {
        let token = WRITE | u32::from(node);
        let mut before = before;
        match action {
            Action::Persist { .. } => {
                world.remove_any(token);
                before -= 1;
            }
            Action::Reboot { .. } | Action::Rot { .. } => {
                world.keep(|item| item & !LATE != token);
                before = 0;
            }
            _ => {}
        }
        let late = world.late().any(|item| item == token);
        for _ in before..self.table.facts(world.state(node)).writes {
            world.push(if late { token | LATE } else { token });
        }
        world.sort_late();
    }

    /// Takes replies that can never matter again off the way, after a node moved and said what
    /// stands from `news` on.
    fn forget(&mut self, world: &mut World, node: u8, news: usize) {
        let mut states = [0; 8];
        states[..world.states().len()].copy_from_slice(world.states());
        let (table, mut at) = (&mut self.table, 0);
        world.keep(|message| {
            at += 1;
            let mail = &table.mail(message).message;
            let Some(to) = number(mail.to).filter(|to| *to == node || at > news) else {
                return true;
            };
            let state = states[usize::from(to)];
            if !is_over(table, mail, state) {
                return true;
            }
            let step = table.take(state, Action::Deliver(message));
            !table.step(step).idle
        });
    }
}

/// Whether a reply answers something that its receiver will never ask again, crashes included.
fn is_over(table: &Table, mail: &Message, state: u32) -> bool {
    let facts = table.facts(state);
    let asking = |role| facts.role == role && facts.term == mail.term;
    match mail.body {
        Body::VoteReply { .. } => mail.term <= facts.term_on_disk && !asking(Role::Candidate),
        Body::AppendReply { .. } => mail.term <= facts.term_on_disk && !asking(Role::Leader),
        Body::PreVoteReply { proposed, .. } => {
            proposed <= facts.term_on_disk && mail.term <= facts.term_on_disk
        }
        Body::ReadIndexReply { .. } => mail.term < facts.term_on_disk,
        _ => false,
    }
}
