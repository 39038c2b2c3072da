//! 128-bit fingerprints: one number for a node, a message, a world.
//!
//! Deterministic on every platform. Of a node's core everything that its `Hash` tells goes in,
//! but for one word: the state of the generator that draws timeouts. Timers fire here when the
//! search says so, so a draw decides nothing, and two paths that reset a timer a different number
//! of times are one state. Where that word stands is found by experiment, never assumed: [`Blind`]
//! says how; where it cannot be found nothing is left out, which costs states and no truth.

use raftwerk_core::{Config, Durable, NodeId, Raft, Time, trace::Timer};
use std::hash::{Hash, Hasher};

const FACTOR: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;

/// An id no node has.
pub(crate) const NOBODY: NodeId = NodeId(0);

/// Sum over a stream of words, still open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fingerprint {
    state: u128,
    words: usize,
}

impl Fingerprint {
    /// Starts from a constant.
    pub fn new() -> Fingerprint {
        Fingerprint {
            state: FACTOR >> 1,
            words: 0,
        }
    }

    /// Fingerprint of one value.
    pub fn of(value: &impl Hash) -> u128 {
        let mut sum = Fingerprint::new();
        sum.add(value);
        sum.get()
    }

    /// Adds a value.
    pub fn add(&mut self, value: &impl Hash) {
        value.hash(&mut Stream(|word| self.word(word)));
    }

    /// Adds a core, but for the word that says nothing here.
    pub fn add_core(&mut self, raft: &Raft, blind: Blind) {
        let mut at = 0;
        raft.hash(&mut Stream(|word| {
            if blind.0 != Some(at) {
                self.word(word);
            }
            at += 1;
        }));
    }

    /// All 128 bits.
    pub fn get(self) -> u128 {
        mix(self.state ^ self.words as u128)
    }

    fn word(&mut self, word: u64) {
        self.state = (self.state ^ u128::from(word))
            .wrapping_mul(FACTOR)
            .rotate_left(67);
        self.words += 1;
    }
}

/// Spreads every bit over all of them.
pub(crate) fn mix(value: u128) -> u128 {
    let folded = (value ^ (value >> 71)).wrapping_mul(FACTOR);
    let folded = (folded ^ (folded >> 59)).wrapping_mul(FACTOR);
    folded ^ (folded >> 64)
}

/// Which word of a core's hash is the state of its generator.
///
/// A node that is nobody's voter draws a new timeout when its timer fires and does nothing else.
/// Two such nodes that differ by one firing therefore differ, times left out, in the generator
/// alone. The word found is used only if what comes before it is the configuration and nothing
/// else, so that it stands at the same place in every node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Blind(Option<usize>);

impl Blind {
    /// Finds it out.
    pub fn find(config: &Config, now: Time) -> Blind {
        let Ok(mut fresh) = Raft::boot(config.clone(), Durable::default(), now) else {
            return Blind(None);
        };
        settle(&mut fresh, now);
        let mut fired = fresh.clone();
        fired.fire(now, Timer::Election);
        settle(&mut fired, now);
        let (fresh, fired) = (words(&fresh), words(&fired));
        if fresh.len() != fired.len() {
            return Blind(None);
        }
        let differ = |word: &usize| fresh[*word] != fired[*word];
        let differing: Vec<usize> = (0..fresh.len()).filter(differ).collect();
        match differing[..] {
            [word] if word == words(config).len() => Blind(Some(word)),
            _ => Blind(None),
        }
    }
}

/// Drains a core and gives its last input, which only words its trace, always the same name:
/// the form in which cores are compared.
fn settle(raft: &mut Raft, now: Time) {
    while raft.poll().is_some() {}
    raft.link(now, NOBODY, true);
    while raft.poll().is_some() {}
}

fn words(value: &impl Hash) -> Vec<u64> {
    let mut words = Vec::new();
    value.hash(&mut Stream(|word| words.push(word)));
    words
}

/// Turns whatever a value hashes into 64-bit words.
struct Stream<F: FnMut(u64)>(F);

impl<F: FnMut(u64)> Hasher for Stream<F> {
    /// Nobody asks: what matters is the words.
    fn finish(&self) -> u64 {
        0
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            (self.0)(u64::from_le_bytes(word));
        }
        (self.0)(bytes.len() as u64);
    }
    fn write_u8(&mut self, n: u8) {
        (self.0)(u64::from(n));
    }
    fn write_u16(&mut self, n: u16) {
        (self.0)(u64::from(n));
    }
    fn write_u32(&mut self, n: u32) {
        (self.0)(u64::from(n));
    }
    fn write_u64(&mut self, n: u64) {
        (self.0)(n);
    }
    fn write_u128(&mut self, n: u128) {
        (self.0)(n as u64);
        (self.0)((n >> 64) as u64);
    }
    fn write_usize(&mut self, n: usize) {
        (self.0)(n as u64);
    }
    fn write_isize(&mut self, n: isize) {
        (self.0)(n as i64 as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use raftwerk_core::{
        Body, ClusterId, Entries, Index, Lane, LogId, Members, Message, Round, Standing, Term,
    };

    const NOW: Time = Time(9);

    fn config() -> Config {
        Config::demo(NodeId(1), ClusterId(7), 3)
    }

    fn of(raft: &Raft, blind: Blind) -> u128 {
        let mut sum = Fingerprint::new();
        sum.add_core(raft, blind);
        sum.get()
    }

    /// The same heartbeat twice: a follower resets its timer and answers as before.
    #[test]
    fn a_timer_that_was_reset_once_more_is_the_same_state() {
        let blind = Blind::find(&config(), NOW);
        assert_ne!(blind, Blind(None), "the generator's word was found");
        let disk = Durable::bootstrap(&Members::of_voters((1..=3).map(NodeId)));
        let mut raft = Raft::boot(config(), disk, NOW).expect("boots");
        settle(&mut raft, NOW);
        let heartbeat = Message {
            cluster: ClusterId(7),
            from: NodeId(2),
            to: NodeId(1),
            term: Term(1),
            body: Body::Append {
                lane: Lane::default(),
                round: Round(1),
                prev: LogId::new(0, 1),
                entries: Entries::default(),
                commit: Index(0),
                standing: Standing::default(),
            },
        };
        raft.receive(NOW, heartbeat.clone());
        settle(&mut raft, NOW);
        let once = raft.clone();
        raft.receive(NOW, heartbeat);
        settle(&mut raft, NOW);
        assert_ne!(
            raft.digest(),
            once.digest(),
            "the draw is in the core's own digest"
        );
        assert_eq!(of(&raft, blind), of(&once, blind));
        assert_ne!(of(&raft, Blind(None)), of(&once, Blind(None)));
        raft.fire(NOW, Timer::Election);
        settle(&mut raft, NOW);
        assert_ne!(of(&raft, blind), of(&once, blind), "everything else counts");
    }
}
