//! A path once more with the real nodes, this time listening to why they do what they do.

use super::action::Action;
use super::fingerprint::NOBODY;
use super::group::{name, number};
use super::host::Host;
use super::step::Input;
use super::table::Table;
use raftwerk_core::Message;
use raftwerk_core::trace::Event;

/// The nodes of a world, one beside the other.
pub(crate) struct Replay {
    hosts: Vec<Host>,
}

impl Replay {
    /// Nodes at their first start, and what they say of it: what the disk held.
    pub fn new(table: &Table, nodes: u8) -> (Replay, Vec<Event>) {
        let mut events = Vec::new();
        let first = |node| {
            let host = Host::first(name(node), &table.setting).ok()?;
            let ran = host.run(Input::Link(NOBODY, true), &table.setting, true);
            events.extend(ran.events);
            Some(ran.host)
        };
        let hosts = (0..nodes).map_while(first).collect();
        (Replay { hosts }, events)
    }

    /// Does one thing; what the node that it happens to says of it.
    pub fn act(&mut self, table: &Table, action: Action) -> Vec<Event> {
        let mail = |message: u32| &table.mail(message).message;
        let forged;
        let (node, input) = match action {
            Action::Delay(_) | Action::Stall(_) => return Vec::new(),
            Action::Deliver(message) | Action::Duplicate(message) => {
                (number(mail(message).to), Input::Deliver(mail(message)))
            }
            Action::Forge { message, voter } => {
                let from = name(voter);
                forged = Message {
                    from,
                    ..mail(message).clone()
                };
                (number(forged.to), Input::Deliver(&forged))
            }
            other => (other.node(), table.input(other)),
        };
        let Some(host) = node.and_then(|node| self.hosts.get_mut(usize::from(node))) else {
            return Vec::new();
        };
        let ran = host.run(input, &table.setting, true);
        *host = ran.host;
        ran.events
    }
}
