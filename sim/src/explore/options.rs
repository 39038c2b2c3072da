//! Which steps there are in a world.

use super::action::{Action, number_of};
use super::group::name;
use super::moves::Moves;
use super::scope::Order;
use super::world::{Budget, FIRST_CHANGE, FIRST_READ, FIRST_TRANSFER, WRITE, World};
use raftwerk_core::trace::Role;
use raftwerk_core::{Body, ReadPath};

impl Moves {
    /// Everything that may happen in a world.
    pub fn options(&self, world: &World, options: &mut Vec<Action>) {
        options.clear();
        match self.scope.order {
            Order::Any => self.any_message(world, options),
            Order::InTurn => self.next_message(world, options),
        }
        if self.is_calm(world) || world.left(Budget::Delays) > 0 {
            for node in 0..self.scope.nodes {
                self.at_node(world, node, options);
            }
        }
    }

    fn any_message(&self, world: &World, options: &mut Vec<Action>) {
        let mut last = None;
        for message in world.pending() {
            if last.replace(*message) == Some(*message) {
                continue;
            }
            options.push(Action::Deliver(*message));
            self.copies(world, *message, options);
        }
        for node in 0..self.scope.nodes {
            let writes = self.table.facts(world.state(node)).writes as u8;
            let persist = |count| Action::Persist { node, count };
            options.extend((1..=writes).map(persist));
        }
    }

    fn next_message(&self, world: &World, options: &mut Vec<Action>) {
        if let Some(first) = world.first_in_turn() {
            self.arrival(world, first, options);
            if world.left(Budget::Delays) > 0 {
                options.push(match first & WRITE {
                    0 => Action::Delay(first),
                    _ => Action::Stall((first & !WRITE) as u8),
                });
            }
        }
        let mut last = None;
        for late in world.late() {
            if last.replace(late) != Some(late) {
                self.arrival(world, late, options);
            }
        }
    }

    fn arrival(&self, world: &World, item: u32, options: &mut Vec<Action>) {
        if item & WRITE != 0 {
            let node = (item & !WRITE) as u8;
            options.push(Action::Persist { node, count: 1 });
        } else {
            options.push(Action::Deliver(item));
            self.copies(world, item, options);
        }
    }

    fn copies(&self, world: &World, message: u32, options: &mut Vec<Action>) {
        if world.left(Budget::Duplicates) > 0 {
            options.push(Action::Duplicate(message));
        }
        let mail = &self.table.mail(message).message;
        if world.left(Budget::Forgeries) > 0 && mail.body == (Body::VoteReply { granted: true }) {
            let voters = (0..self.scope.nodes)
                .filter(|voter| name(*voter) != mail.from && name(*voter) != mail.to);
            options.extend(voters.map(|voter| Action::Forge { message, voter }));
        }
    }

    fn at_node(&self, world: &World, node: u8, options: &mut Vec<Action>) {
        let facts = self.table.facts(world.state(node));
        let leads = facts.role == Role::Leader;
        let may = |budget| world.left(budget) > 0;
        // A leader has no election timer; that firing it does nothing is a rule too (trap E12).
        if may(Budget::Timeouts) && facts.term.0 < self.scope.terms {
            options.push(Action::Timeout(node));
        }
        if let Some(clocks) = self.scope.clocks {
            let all = (0..self.scope.nodes).map(|node| self.table.facts(world.state(node)).ticks);
            let slowest = all.min().unwrap_or_default();
            if facts.ticks < clocks.most && facts.ticks < slowest + clocks.apart {
                options.push(Action::Tick(node));
            }
        }
        if leads && may(Budget::Heartbeats) {
            options.push(Action::Heartbeat(node));
        }
        if leads && may(Budget::Silences) {
            options.push(Action::Silence(node));
        }
        if leads && may(Budget::Waits) {
            options.push(Action::Wait(node));
        }
        if may(Budget::Reboots) {
            let kept = 0..=facts.writes as u8;
            options.extend(kept.map(|kept| Action::Reboot { node, kept }));
        }
        if may(Budget::Rots) {
            let kept = 0..facts.disk.len() as u8;
            options.extend(kept.map(|kept| Action::Rot { node, kept }));
        }
        if may(Budget::Failures) && facts.writes > 0 {
            let kept = 0..=facts.writes as u8;
            options.extend(kept.map(|kept| Action::Fail { node, kept }));
        }
        if leads && may(Budget::Links) {
            for peer in self.others(node) {
                options.push(Action::LinkDown { node, peer });
                options.push(Action::LinkUp { node, peer });
            }
        }
        self.asked_of(world, node, leads, options);
    }

    /// What clients and operators may ask of a node.
    fn asked_of(&self, world: &World, node: u8, leads: bool, options: &mut Vec<Action>) {
        let budgets = &self.scope.budgets;
        let next = |budget, all: u8| {
            let left = world.left(budget);
            (left > 0).then(|| all - left)
        };
        if let Some(number) = next(Budget::Reads, budgets.reads) {
            let ticket = FIRST_READ + number;
            let usual = match leads {
                true => &[ReadPath::Leader],
                false => &[ReadPath::Follower],
            };
            let paths = match self.scope.paths {
                [] => usual,
                paths => paths,
            };
            for path in paths {
                let path = number_of(*path);
                options.push(Action::Read { node, ticket, path });
            }
        }
        if !leads {
            return;
        }
        if let Some(ticket) = next(Budget::Proposals, budgets.proposals) {
            options.push(Action::Propose { node, ticket });
        }
        if let Some(number) = next(Budget::Changes, budgets.changes) {
            let ticket = FIRST_CHANGE + number;
            let targets = 0..self.table.setting.targets.len() as u8;
            options.extend(targets.map(|target| Action::Change {
                node,
                target,
                ticket,
            }));
        }
        if let Some(number) = next(Budget::Transfers, budgets.transfers) {
            let ticket = FIRST_TRANSFER + number;
            let to = self.others(node);
            options.extend(to.map(|to| Action::Transfer { node, to, ticket }));
        }
    }

    fn others(&self, node: u8) -> impl Iterator<Item = u8> + use<> {
        (0..self.scope.nodes).filter(move |other| *other != node)
    }
}
