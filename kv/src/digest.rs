//! A small stable 64-bit digest of bytes. Not for security: it tells accidents, not attacks.
//!
//! The bytes are taken eight at a time as little-endian words. Each word is mixed in by three
//! steps that lose nothing (exclusive or, multiplication by an odd constant, exclusive or with
//! the high half), so two inputs that differ in one word never meet. The last word is filled up
//! with zeros and the length is mixed in behind it. All arithmetic is on `u64`, hence the same
//! natively and on wasm32; how the input is cut into writes does not matter.

use crate::codec::Sink;

/// Odd, with about half of its bits set: the fraction of the golden ratio, times 2^64.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/// A digest being computed.
pub(crate) struct Digest {
    state: u64,
    /// The bytes of the word that is not full yet, in its low end.
    pending: u64,
    length: u64,
}

impl Digest {
    /// Starts from a seed, for instance from an earlier digest to chain on.
    pub fn new(seed: u64) -> Self {
        Self {
            state: mix(seed, MIX),
            pending: 0,
            length: 0,
        }
    }

    pub fn finish(self) -> u64 {
        let last = mix(mix(self.state, self.pending), self.length);
        mix(last, MIX)
    }
}

impl Sink for Digest {
    fn raw(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        while !self.length.is_multiple_of(8) {
            let Some((first, rest)) = bytes.split_first() else {
                return;
            };
            self.pend(*first);
            bytes = rest;
        }
        let (words, remainder) = bytes.as_chunks();
        for word in words {
            self.state = mix(self.state, u64::from_le_bytes(*word));
            self.length = self.length.wrapping_add(8);
        }
        for byte in remainder {
            self.pend(*byte);
        }
    }
}

impl Digest {
    fn pend(&mut self, byte: u8) {
        self.pending |= u64::from(byte) << (8 * (self.length % 8));
        self.length = self.length.wrapping_add(1);
        if self.length.is_multiple_of(8) {
            self.state = mix(self.state, self.pending);
            self.pending = 0;
        }
    }
}

/// One to one in each argument while the other stands still.
fn mix(state: u64, word: u64) -> u64 {
    let mixed = (state ^ word).wrapping_mul(MIX).rotate_left(23);
    (mixed ^ mixed >> 32).wrapping_mul(MIX)
}
