//! A small stable 64-bit digest of bytes. Not for security: it tells accidents, not attacks.
//!
//! The bytes are taken eight at a time as little-endian words. Each word is mixed in by steps that
//! lose nothing (exclusive or, multiplication by an odd constant, rotation, exclusive or with the
//! high half), so two inputs that differ in one word never meet. The last word is filled up with
//! zeros and the length is mixed in behind it. All arithmetic is on `u64`, hence the same natively
//! and on wasm32; how the input is cut into writes does not matter.

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn digest(bytes: &[u8]) -> u64 {
        let mut digest = Digest::new(0);
        digest.raw(bytes);
        digest.finish()
    }

    proptest! {
        #[test]
        fn does_not_see_how_the_input_is_cut(parts: Vec<Vec<u8>>) {
            let mut pieces = Digest::new(0);
            parts.iter().for_each(|part| pieces.raw(part));
            prop_assert_eq!(pieces.finish(), digest(&parts.concat()));
        }
    }

    #[test]
    fn tells_single_bits_lengths_and_seeds_apart() {
        let mut seen = BTreeSet::new();
        for length in 0..40 {
            let mut bytes = vec![0; length];
            assert!(seen.insert(digest(&bytes)));
            for bit in 0..8 * length {
                bytes[bit / 8] ^= 1 << (bit % 8);
                assert!(seen.insert(digest(&bytes)));
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
        assert!((1..1000).all(|seed| seen.insert(Digest::new(seed).finish())));
    }

    #[test]
    fn one_flipped_bit_flips_about_half_of_the_digest() {
        let bytes: Vec<u8> = (0..37).collect();
        let mut flips = 0;
        for bit in 0..8 * bytes.len() {
            let mut other = bytes.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            let changed = (digest(&bytes) ^ digest(&other)).count_ones();
            assert!((12..=52).contains(&changed), "bit {bit} changes {changed}");
            flips += changed;
        }
        let mean = flips / (8 * 37);
        assert!((30..=34).contains(&mean), "{mean} on average");
    }

    /// The values are pinned: a change of the digest makes old and new builds disagree.
    #[test]
    fn is_what_it_always_was() {
        assert_eq!(digest(b""), PINNED[0]);
        assert_eq!(digest(b"raft"), PINNED[1]);
        assert_eq!(
            digest(b"in search of an understandable consensus"),
            PINNED[2]
        );
    }

    const PINNED: [u64; 3] = [
        0xb8c7_b8cf_3f9f_b6d0,
        0x12cc_21fb_a8f4_32b7,
        0xd45e_1b67_4ea3_e109,
    ];
}
