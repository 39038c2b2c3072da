//! What can happen to a world, packed into one word so that millions of steps can be remembered.

use raftwerk_core::ReadPath;

/// One step of a world. Nodes are numbers from zero, messages are numbers of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// A message arrives and is gone.
    Deliver(u32),
    /// A message arrives and is still on its way once more.
    Duplicate(u32),
    /// The message whose turn it is loses it: it may arrive at any time now, or never.
    Delay(u32),
    /// The same for a write of a node.
    Stall(u8),
    /// A granted vote arrives as that of another node, and will as its own (a broken network).
    Forge { message: u32, voter: u8 },
    /// The oldest so many writes reach the disk.
    Persist { node: u8, count: u8 },
    /// The election timer fires.
    Timeout(u8),
    /// The heartbeat timer fires.
    Heartbeat(u8),
    /// A leader notices that nobody answers.
    Silence(u8),
    /// A leader's transfer takes too long.
    Wait(u8),
    /// A client proposes; the number is the ticket and the command.
    Propose { node: u8, ticket: u8 },
    /// Somebody asks for other members: which of the scope's targets.
    Change { node: u8, target: u8, ticket: u8 },
    /// Somebody asks a leader to hand over.
    Transfer { node: u8, to: u8, ticket: u8 },
    /// A client reads.
    Read { node: u8, ticket: u8, path: u8 },
    /// A node's clock goes on by one step.
    Tick(u8),
    /// Power off and on; so many waiting writes had reached the disk.
    Reboot { node: u8, kept: u8 },
    /// Power off and on, and of the log on disk only so many entries can be read (trap D3).
    Rot { node: u8, kept: u8 },
    /// The disk fails for good; so many waiting writes had reached it.
    Fail { node: u8, kept: u8 },
    /// The host says a connection broke.
    LinkDown { node: u8, peer: u8 },
    /// The host says it is there again.
    LinkUp { node: u8, peer: u8 },
}

impl Action {
    /// Packs it: kind in the high byte.
    pub fn code(self) -> u32 {
        let pack = |kind: u32, node: u8, argument: u8| {
            kind << 27 | u32::from(node) << 8 | u32::from(argument)
        };
        let long = |kind: u32, message: u32| {
            assert!(message < 1 << 24, "fewer than 16 million messages");
            kind << 27 | message
        };
        match self {
            Action::Deliver(message) => long(0, message),
            Action::Duplicate(message) => long(1, message),
            Action::Delay(message) => long(3, message),
            Action::Forge { message, voter } => long(4, message) | u32::from(voter) << 24,
            Action::Persist { node, count } => pack(5, node, count),
            Action::Timeout(node) => pack(6, node, 0),
            Action::Heartbeat(node) => pack(7, node, 0),
            Action::Silence(node) => pack(8, node, 0),
            Action::Propose { node, ticket } => pack(9, node, ticket),
            Action::Read { node, ticket, path } => pack(10, node, ticket << 2 | path),
            Action::Tick(node) => pack(19, node, 0),
            Action::Reboot { node, kept } => pack(11, node, kept),
            Action::Rot { node, kept } => pack(20, node, kept),
            Action::LinkDown { node, peer } => pack(12, node, peer),
            Action::LinkUp { node, peer } => pack(13, node, peer),
            Action::Stall(node) => pack(14, node, 0),
            Action::Wait(node) => pack(15, node, 0),
            Action::Change {
                node,
                target,
                ticket,
            } => pack(16, node, ticket) | u32::from(target) << 16,
            Action::Fail { node, kept } => pack(18, node, kept),
            Action::Transfer { node, to, ticket } => pack(17, node, ticket) | u32::from(to) << 16,
        }
    }

    /// The node that acts, where the action itself says so.
    pub fn node(self) -> Option<u8> {
        match self {
            Action::Deliver(_)
            | Action::Duplicate(_)
            | Action::Delay(_)
            | Action::Stall(_)
            | Action::Forge { .. } => None,
            Action::Persist { node, .. }
            | Action::Timeout(node)
            | Action::Heartbeat(node)
            | Action::Silence(node)
            | Action::Wait(node)
            | Action::Tick(node)
            | Action::Change { node, .. }
            | Action::Transfer { node, .. }
            | Action::Propose { node, .. }
            | Action::Read { node, .. }
            | Action::Reboot { node, .. }
            | Action::Rot { node, .. }
            | Action::Fail { node, .. }
            | Action::LinkDown { node, .. }
            | Action::LinkUp { node, .. } => Some(node),
        }
    }

    /// The same done by another node.
    pub fn at(mut self, other: u8) -> Action {
        match &mut self {
            Action::Deliver(_)
            | Action::Duplicate(_)
            | Action::Delay(_)
            | Action::Stall(_)
            | Action::Forge { .. } => {}
            Action::Persist { node, .. }
            | Action::Timeout(node)
            | Action::Heartbeat(node)
            | Action::Silence(node)
            | Action::Wait(node)
            | Action::Tick(node)
            | Action::Change { node, .. }
            | Action::Transfer { node, .. }
            | Action::Propose { node, .. }
            | Action::Read { node, .. }
            | Action::Reboot { node, .. }
            | Action::Rot { node, .. }
            | Action::Fail { node, .. }
            | Action::LinkDown { node, .. }
            | Action::LinkUp { node, .. } => *node = other,
        }
        self
    }

    /// Unpacks what [`Action::code`] made.
    pub fn from_code(code: u32) -> Action {
        let message = code & 0x00ff_ffff;
        let (node, argument) = ((code >> 8) as u8, code as u8);
        match code >> 27 {
            0 => Action::Deliver(message),
            1 => Action::Duplicate(message),
            3 => Action::Delay(message),
            4 => Action::Forge {
                message,
                voter: (code >> 24) as u8 & 7,
            },
            5 => Action::Persist {
                node,
                count: argument,
            },
            6 => Action::Timeout(node),
            7 => Action::Heartbeat(node),
            8 => Action::Silence(node),
            9 => Action::Propose {
                node,
                ticket: argument,
            },
            10 => Action::Read {
                node,
                ticket: argument >> 2,
                path: argument & 3,
            },
            19 => Action::Tick(node),
            11 => Action::Reboot {
                node,
                kept: argument,
            },
            12 => Action::LinkDown {
                node,
                peer: argument,
            },
            13 => Action::LinkUp {
                node,
                peer: argument,
            },
            14 => Action::Stall(node),
            15 => Action::Wait(node),
            16 => Action::Change {
                node,
                target: (code >> 16) as u8,
                ticket: argument,
            },
            17 => Action::Transfer {
                node,
                to: (code >> 16) as u8,
                ticket: argument,
            },
            18 => Action::Fail {
                node,
                kept: argument,
            },
            20 => Action::Rot {
                node,
                kept: argument,
            },
            kind => unreachable!("no action of kind {kind}"),
        }
    }
}

/// The ways to read, by number.
const PATHS: [ReadPath; 4] = [
    ReadPath::Leader,
    ReadPath::Follower,
    ReadPath::Quorum,
    ReadPath::Lease,
];

/// The way of a read, by its number.
pub(crate) fn path(number: u8) -> ReadPath {
    PATHS[usize::from(number)]
}

/// The number of a way to read.
pub(crate) fn number_of(path: ReadPath) -> u8 {
    let place = PATHS.iter().position(|one| *one == path);
    place.expect("every way has a number") as u8
}

#[cfg(test)]
mod tests {
    use super::Action;

    #[test]
    fn what_is_packed_can_be_unpacked() {
        let (node, peer, ticket) = (2, 5, 19);
        let message = (1 << 24) - 1;
        for action in [
            Action::Deliver(message),
            Action::Duplicate(message),
            Action::Delay(message),
            Action::Stall(node),
            Action::Forge { message, voter: 4 },
            Action::Persist { node, count: 2 },
            Action::Timeout(node),
            Action::Heartbeat(node),
            Action::Silence(node),
            Action::Wait(node),
            Action::Tick(node),
            Action::Propose { node, ticket: 7 },
            Action::Change {
                node,
                target: 3,
                ticket: 11,
            },
            Action::Transfer {
                node,
                to: peer,
                ticket: 15,
            },
            Action::Read {
                node,
                ticket,
                path: 3,
            },
            Action::Reboot { node, kept: 1 },
            Action::Rot { node, kept: 3 },
            Action::Fail { node, kept: 2 },
            Action::LinkDown { node, peer },
            Action::LinkUp { node, peer },
        ] {
            assert_eq!(Action::from_code(action.code()), action);
        }
    }
}
