//! A hasher that gives the same number on every platform.
//!
//! The standard hashers may change between releases, and `usize` has another width in the
//! browser; this one (FNV-1a over 64-bit words, with a final mix) does not. It is for comparing
//! states, not for defending against anybody.

use std::hash::Hasher;

/// Stable 64-bit hasher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StableHasher(u64);

const PRIME: u64 = 0x0000_0100_0000_01b3;

impl StableHasher {
    /// Starts from the FNV offset.
    #[must_use]
    pub fn new() -> StableHasher {
        StableHasher(0xcbf2_9ce4_8422_2325)
    }

    fn word(&mut self, word: u64) {
        // The rotation lets high bits of a word reach low bits of the state.
        self.0 = (self.0 ^ word).wrapping_mul(PRIME).rotate_left(29);
    }
}

impl Default for StableHasher {
    fn default() -> StableHasher {
        StableHasher::new()
    }
}

impl Hasher for StableHasher {
    fn finish(&self) -> u64 {
        let mut mixed = self.0 ^ (self.0 >> 33);
        mixed = mixed.wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed ^ (mixed >> 33)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
        self.word(bytes.len() as u64);
    }

    fn write_u8(&mut self, n: u8) {
        self.word(u64::from(n));
    }
    fn write_u16(&mut self, n: u16) {
        self.word(u64::from(n));
    }
    fn write_u32(&mut self, n: u32) {
        self.word(u64::from(n));
    }
    fn write_u64(&mut self, n: u64) {
        self.word(n);
    }
    fn write_u128(&mut self, n: u128) {
        self.word(n as u64);
        self.word((n >> 64) as u64);
    }
    fn write_usize(&mut self, n: usize) {
        self.word(n as u64);
    }
    fn write_i8(&mut self, n: i8) {
        self.word(n as u64);
    }
    fn write_i16(&mut self, n: i16) {
        self.word(n as u64);
    }
    fn write_i32(&mut self, n: i32) {
        self.word(n as u64);
    }
    fn write_i64(&mut self, n: i64) {
        self.word(n as u64);
    }
    fn write_isize(&mut self, n: isize) {
        self.word(n as i64 as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::Hash;

    #[test]
    fn widths_do_not_matter_and_values_do() {
        let hash = |value: &dyn Fn(&mut StableHasher)| {
            let mut hasher = StableHasher::new();
            value(&mut hasher);
            hasher.finish()
        };
        assert_eq!(hash(&|h| 7usize.hash(h)), hash(&|h| 7u64.hash(h)));
        assert_ne!(hash(&|h| 7u64.hash(h)), hash(&|h| 8u64.hash(h)));
        assert_ne!(hash(&|h| [1u8, 2].hash(h)), hash(&|h| [1u8, 2, 0].hash(h)));
    }
}
