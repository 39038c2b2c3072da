//! A growing set of 128-bit keys that numbers them in the order they came.
//!
//! Open addressing over numbers, with some bits of the key beside each number so that a slot of
//! another key is passed without looking the key up; about 32 bytes for a key. Keys are
//! fingerprints, so any of their bits are as good as any others.

/// Keys and their numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    keys: Vec<u128>,
    /// Number of a key plus one, and its highest bits; zero is a free slot. A power of two
    /// long, at most three quarters full.
    slots: Vec<(u32, u32)>,
}

impl Index {
    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Number of a key.
    pub fn find(&self, key: u128) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        self.slots[self.slot(key)].0.checked_sub(1)
    }

    /// Number of a key, and whether it is new.
    pub fn insert(&mut self, key: u128) -> (u32, bool) {
        if 3 * self.slots.len() <= 4 * self.keys.len() {
            self.grow();
        }
        let slot = self.slot(key);
        if let Some(found) = self.slots[slot].0.checked_sub(1) {
            return (found, false);
        }
        let number = u32::try_from(self.keys.len()).expect("fewer than four billion keys");
        self.keys.push(key);
        self.slots[slot] = (number + 1, tag(key));
        (number, true)
    }

    /// The slot that holds the key, or the free one where it belongs.
    fn slot(&self, key: u128) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = key as usize & mask;
        loop {
            let (number, bits) = self.slots[slot];
            let taken = number.checked_sub(1);
            let Some(number) = taken else {
                return slot;
            };
            if bits == tag(key) && self.keys[number as usize] == key {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let length = (2 * self.slots.len()).max(64);
        self.slots = Vec::new();
        self.slots = vec![(0, 0); length];
        for number in 0..self.keys.len() {
            let key = self.keys[number];
            let slot = self.slot(key);
            self.slots[slot] = (number as u32 + 1, tag(key));
        }
    }
}

fn tag(key: u128) -> u32 {
    (key >> 96) as u32
}

#[cfg(test)]
mod tests {
    use super::Index;

    #[test]
    fn keys_keep_their_numbers_while_it_grows() {
        let mut index = Index::default();
        let key = |n: u128| n << 94 | (n & 3);
        for n in 0..1_000 {
            assert_eq!(index.insert(key(n)), (n as u32, true));
        }
        for n in 0..1_000 {
            assert_eq!(index.insert(key(n)), (n as u32, false));
            assert_eq!(index.find(key(n)), Some(n as u32));
        }
        assert_eq!((index.len(), index.find(key(1_000))), (1_000, None));
    }
}
