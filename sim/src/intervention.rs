//! What a person can do to a run: faults, messages, clients. Each counts as one event.
//!
//! A run is its setup plus its interventions, so these are plain data: they go into a file or a
//! URL and mean the same everywhere. Node, client and message numbers are checked when the
//! intervention is carried out; what is wrong is told in one sentence and changes nothing.

mod words;

use raftwerk_kv::{Command, Expect};
use raftwerk_wire::client::ReadMode;
use serde::{Deserialize, Serialize};

/// An operation of a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Op {
    /// Set a key.
    Put {
        /// Which.
        key: String,
        /// To what.
        value: String,
    },
    /// Read a key.
    Get {
        /// Which.
        key: String,
        /// How fresh.
        mode: ReadMode,
    },
    /// Remove a key.
    Delete {
        /// Which.
        key: String,
    },
    /// Set a key if it is as expected.
    CompareAndSet {
        /// Which.
        key: String,
        /// Its value now; `None`: it must be absent.
        expect: Option<String>,
        /// To what.
        value: String,
    },
}

/// One thing a person does to a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Intervention {
    /// Stop a node; what its disk had not synced is lost.
    Crash(u64),
    /// Start a crashed node from its disk.
    Restart(u64),
    /// Stop a node without losing anything.
    Freeze(u64),
    /// Let a frozen node go on.
    Thaw(u64),
    /// Let a node's election timer fire now.
    TimeOut(u64),
    /// Let a leader's heartbeat be due now.
    Beat(u64),
    /// Let the write that a node's disk is busy with be done now, even if the disk hangs.
    CompleteWrite(u64),
    /// Let a node's disk hang: it finishes no write, whatever the node does (trap D8).
    StallDisk(u64),
    /// Let a disk that hangs go on.
    ResumeDisk(u64),
    /// Cut both directions of every link of a node.
    Isolate(u64),
    /// Restore both directions of every link of a node.
    Reconnect(u64),
    /// Nothing more goes from one node to another, in this direction.
    Cut {
        /// From.
        from: u64,
        /// To.
        to: u64,
    },
    /// Undo a cut of one direction.
    Restore {
        /// From.
        from: u64,
        /// To.
        to: u64,
    },
    /// Cut everything between groups; nodes not named form a group of their own.
    Partition(Vec<Vec<u64>>),
    /// Undo every cut; clogged links let go of what they have.
    Heal,
    /// Lose a message that is on the way.
    Drop(u64),
    /// Let a message that is on the way arrive now.
    Deliver(u64),
    /// Send a second copy of a message that is on the way.
    Duplicate(u64),
    /// Keep a message on the way until it is released.
    Hold(u64),
    /// Let a message that is held go on; it arrives after the shortest delay.
    Release(u64),
    /// Ask a node to hand leadership over.
    Transfer {
        /// The node asked, which must lead.
        node: u64,
        /// To whom; `None`: to whom it thinks best.
        to: Option<u64>,
    },
    /// Ask a node to change the members.
    Reconfigure {
        /// The node asked, which must lead.
        node: u64,
        /// Who is to vote.
        voters: Vec<u64>,
        /// Who is to receive the log without a vote.
        learners: Vec<u64>,
    },
    /// Let a client ask a node.
    Ask {
        /// The client.
        client: u64,
        /// The node it asks first.
        node: u64,
        /// What it asks.
        op: Op,
    },
    /// Cut everything between these nodes and all others; other cuts stay as they are.
    CutOff(Vec<u64>),
    /// Undo that.
    Rejoin(Vec<u64>),
    /// Let a node's disk fail its next write: the node stops for good (trap D2).
    FailDisk(u64),
    /// Let a disk that was to fail its next write do it after all.
    MendDisk(u64),
    /// End every fault and every random operation, and let none begin: nodes run, disks and links
    /// work, nothing is lost.
    Calm,
    /// The same, but who died for good stays down.
    CalmButGone,
    /// From now on a node's clock goes on by so many microseconds in a million; 1,000,000 is right.
    RunClock {
        /// Whose.
        node: u64,
        /// Parts of a million.
        rate: u32,
    },
    /// A node's clock is ahead by so much at once.
    JumpClock {
        /// Whose.
        node: u64,
        /// Microseconds.
        by: u64,
    },
    /// A node's disk has so many bytes left for its log; a write that needs more fails, and the
    /// node stops for good (traps D2, D7).
    FillDisk {
        /// Whose.
        node: u64,
        /// Bytes.
        left: u64,
    },
    /// A node's disk has space again.
    FreeDisk(u64),
    /// A node's disk is wiped. The node never comes back; its machine does, as the next newcomer,
    /// with an empty disk (trap D9).
    Wipe(u64),
    /// A record of a node's log rots; the node finds it when it starts (trap D3).
    Rot {
        /// Whose.
        node: u64,
        /// How many before the last.
        before: u64,
    },
    /// The last entry of a node's next write lands in the place of another, and its own stays as it
    /// was.
    Misdirect {
        /// Whose.
        node: u64,
        /// How many places lie between the two.
        before: u64,
    },
    /// The last entry of a node's next write is never written, though the disk says so.
    LoseWrite(u64),
    /// What goes from one node to another is held back, in this direction.
    Clog {
        /// From.
        from: u64,
        /// To.
        to: u64,
    },
    /// A clogged direction lets go at once of all it has.
    Unclog {
        /// From.
        from: u64,
        /// To.
        to: u64,
    },
    /// Term and vote of a node rot. When it starts it cannot tell what it promised: it does not come
    /// back, its machine does as the next newcomer (trap D9).
    RotVote(u64),
    /// A byte of a node's snapshot rots; the node finds it when it starts, or is to send it.
    RotSnapshot(u64),
}

impl Op {
    /// The command for the log; `None` for reads, which do not go through it.
    #[must_use]
    pub fn command(&self) -> Option<Command> {
        let bytes = |text: &str| text.as_bytes().into();
        match self {
            Op::Put { key, value } => Some(Command::put(key, value)),
            Op::Delete { key } => Some(Command::delete(key)),
            Op::CompareAndSet { key, expect, value } => Some(Command::CompareAndSet {
                key: bytes(key),
                expect: match expect {
                    Some(value) => Expect::Value(bytes(value)),
                    None => Expect::Absent,
                },
                value: Some(bytes(value)),
            }),
            Op::Get { .. } => None,
        }
    }

    /// The key it is about.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Op::Put { key, .. }
            | Op::Get { key, .. }
            | Op::Delete { key }
            | Op::CompareAndSet { key, .. } => key,
        }
    }

    /// Whether the store would take it.
    ///
    /// # Errors
    /// What is wrong, in one sentence.
    pub fn validate(&self) -> Result<(), String> {
        let command = self
            .command()
            .unwrap_or_else(|| Command::delete(self.key()));
        command
            .validate()
            .map_err(|wrong| format!("This cannot be asked: {wrong}."))
    }
}

impl Intervention {
    /// Whether random faults end with it.
    #[must_use]
    pub fn calms(&self) -> bool {
        matches!(self, Intervention::Calm | Intervention::CalmButGone)
    }

    /// Whether this is the end of what another one began.
    #[must_use]
    pub fn ends(&self, other: &Intervention) -> bool {
        use Intervention as It;
        match (other, self) {
            (It::Crash(one), It::Restart(two))
            | (It::FailDisk(one), It::Restart(two) | It::MendDisk(two))
            | (It::FillDisk { node: one, .. }, It::FreeDisk(two))
            | (It::Freeze(one), It::Thaw(two))
            | (It::StallDisk(one), It::ResumeDisk(two))
            | (It::Isolate(one), It::Reconnect(two)) => one == two,
            (It::CutOff(one), It::Rejoin(two)) => one == two,
            (It::Cut { from, to }, It::Restore { from: a, to: b }) => (from, to) == (a, b),
            (It::Clog { from, to }, It::Unclog { from: a, to: b }) => (from, to) == (a, b),
            (It::Partition(_), It::Heal) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interventions_survive_json() {
        let op = Op::CompareAndSet {
            key: "x".into(),
            expect: None,
            value: "1".into(),
        };
        for what in [
            Intervention::Partition(vec![vec![1, 2], vec![3]]),
            Intervention::Cut { from: 1, to: 2 },
            Intervention::StallDisk(3),
            Intervention::CutOff(vec![1, 2]),
            Intervention::Calm,
            Intervention::Transfer { node: 1, to: None },
            Intervention::Reconfigure {
                node: 1,
                voters: vec![1, 2],
                learners: vec![3],
            },
            Intervention::Ask {
                client: 1,
                node: 2,
                op,
            },
        ] {
            let text = serde_json::to_string(&what).unwrap();
            assert_eq!(serde_json::from_str::<Intervention>(&text).unwrap(), what);
        }
    }

    #[test]
    fn they_read_as_sentences() {
        let split = Intervention::Partition(vec![vec![1, 2], vec![3]]);
        assert_eq!(split.to_string(), "the network is split: S1 S2 | S3");
        let op = Op::Put {
            key: "x".into(),
            value: "1".into(),
        };
        let ask = Intervention::Ask {
            client: 1,
            node: 2,
            op,
        };
        assert_eq!(ask.to_string(), "C1 asks S2: put x=1");
        let (node, voters) = (1, vec![1, 2]);
        let change = |learners| Intervention::Reconfigure {
            node,
            voters: voters.clone(),
            learners,
        };
        assert_eq!(
            change(vec![]).to_string(),
            "S1 is to change the voters to S1 S2"
        );
        assert_eq!(
            change(vec![3]).to_string(),
            "S1 is to change the voters to S1 S2, the learners to S3"
        );
        let transfer = |to| Intervention::Transfer { node, to }.to_string();
        assert_eq!(transfer(None), "S1 is to hand over");
        assert_eq!(transfer(Some(2)), "S1 is to hand over to S2");
    }

    #[test]
    fn an_empty_key_is_refused_for_reads_too() {
        let get = Op::Get {
            key: String::new(),
            mode: ReadMode::Leader,
        };
        assert!(get.validate().unwrap_err().contains("key is empty"));
    }
}
