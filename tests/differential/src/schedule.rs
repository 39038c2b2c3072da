//! What is done to a cluster: by hand, or drawn from a seed.

use crate::luck::Luck;

/// One act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The election timer of a node fires.
    Campaign(u64),
    /// Clients ask a node for all of these at once.
    Propose(u64, Vec<Vec<u8>>),
    /// A node is to hand over to another.
    Transfer(u64, u64),
    /// A node stops.
    Crash(u64),
    /// It starts again.
    Restart(u64),
    /// Nothing goes between two nodes.
    Cut(u64, u64),
    /// It goes again.
    Restore(u64, u64),
    /// Nothing goes between these and the others.
    Split(Vec<u64>),
    /// Every link is open.
    Heal,
}

/// Size of the cluster and what is done to it. No transfers: whether a leader that hears no
/// majority begins one is each one's own affair.
#[must_use]
pub fn draw(seed: u64, length: usize) -> (u64, Vec<Act>) {
    let mut luck = Luck(seed);
    let size = [3, 3, 4, 5, 5, 7][luck.below(6) as usize];
    let mut value = 0;
    let acts = (0..length).map(|_| {
        let node = luck.below(size) + 1;
        let other = (node + luck.below(size - 1)) % size + 1;
        match luck.below(19) {
            0..=3 => Act::Campaign(node),
            4..=10 => {
                let count = 1 + luck.below(4);
                let commands = (0..count).map(|_| {
                    value += 1;
                    format!("{value}").into_bytes()
                });
                Act::Propose(node, commands.collect())
            }
            11 | 12 => Act::Crash(node),
            13 | 14 => Act::Restart(node),
            15 => Act::Cut(node, other),
            16 => Act::Restore(node, other),
            17 => Act::Split((1..=size).filter(|_| luck.below(2) == 0).collect()),
            _ => Act::Heal,
        }
    });
    (size, acts.collect())
}

/// The end of every schedule: all run, all links are open, somebody leads, and writes once.
#[must_use]
pub fn peace(size: u64) -> Vec<Act> {
    let restarts = (1..=size).map(Act::Restart);
    // Whoever has the newest log wins at the latest when its term has come by.
    let campaigns = (0..2).flat_map(|_| (1..=size).map(Act::Campaign));
    let writes = (1..=size).map(|id| Act::Propose(id, vec![b"last".to_vec()]));
    [Act::Heal]
        .into_iter()
        .chain(restarts)
        .chain(campaigns)
        .chain(writes)
        .collect()
}
