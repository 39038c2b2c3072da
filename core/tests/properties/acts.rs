//! What can be done to a small cluster, drawn at random: its setup, and the acts of a schedule.

use proptest::prelude::*;
use raftwerk_core::ReadPath;
use raftwerk_core::trace::Timer;

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
    /// Leadership goes to a node, or to the best.
    Transfer(Option<u64>),
    /// The members become these: bits of voters, bits of learners.
    Reconfigure(u8, u8),
}

/// One step of a schedule.
#[derive(Clone, Debug)]
pub enum Act {
    /// Feeds a node, everything before one drain.
    Feed(u64, Vec<Morsel>),
    /// Feeds whoever leads, everything before one drain.
    Lead(Vec<Morsel>),
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
    /// Power off and on, and the log has rotted from somewhere on, if a majority is left that is
    /// neither suspect nor stopped.
    Rot(u64, usize),
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
    /// Members are changed; then no disk fails for good, so that every majority is there in the
    /// end.
    pub changes: bool,
    /// Nodes that start with an empty disk.
    pub joiners: u64,
}

pub fn setup() -> impl Strategy<Value = Setup> {
    let size = prop_oneof![1 => Just(1u64), 1 => Just(2), 6 => Just(3), 2 => Just(5)];
    (size, any::<[bool; 7]>(), 0..=2u64).prop_map(|(size, on, joiners)| Setup {
        size,
        fast_disk: on[0],
        fast_apply: on[1],
        pre_vote: on[2],
        check_quorum: on[3],
        // With neither rule, who was removed unknowingly disturbs for ever (trap E14).
        stickiness: on[4] || (on[6] && !on[2]),
        tight: on[5],
        changes: on[6],
        joiners: if on[6] { joiners.min(5 - size) } else { 0 },
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
        4 => request(),
        2 => path.prop_map(Morsel::Read),
        2 => Just(Morsel::Expire),
        1 => timer.prop_map(Morsel::Fire),
        5 => Just(Morsel::Disk),
        3 => Just(Morsel::Apply),
        1 => (1..=5u64, any::<bool>()).prop_map(|(peer, up)| Morsel::Link(peer, up)),
    ]
}

/// What a leader is asked for.
fn request() -> impl Strategy<Value = Morsel> {
    let members = any::<(u8, u8)>();
    prop_oneof![
        10 => (0usize..400).prop_map(Morsel::Propose),
        2 => Just(Morsel::Read(ReadPath::Leader)),
        1 => prop::option::of(1..=5u64).prop_map(Morsel::Transfer),
        3 => members.prop_map(|(voters, rest)| Morsel::Reconfigure(voters, rest)),
    ]
}

pub fn act() -> impl Strategy<Value = Act> {
    let morsels = prop::collection::vec(morsel(), 1..6);
    prop_oneof![
        30 => (1..=5u64, morsels).prop_map(|(node, morsels)| Act::Feed(node, morsels)),
        7 => prop::collection::vec(request(), 1..5).prop_map(Act::Lead),
        12 => Just(Act::Calm),
        8 => (1..120u64).prop_map(Act::Pass),
        1 => (1..1_000u64).prop_map(Act::Oversleep),
        2 => any::<usize>().prop_map(Act::Lose),
        1 => (1..=5u64, 1..=5u64).prop_map(|(from, to)| Act::Cut(from, to)),
        1 => Just(Act::Heal),
        1 => (1..=5u64).prop_map(Act::Restart),
        4 => (1..=5u64).prop_map(Act::FailDisk),
        1 => (1..=5u64, any::<usize>()).prop_map(|(node, from)| Act::Rot(node, from)),
    ]
}
