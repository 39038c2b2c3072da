//! A snapshot with its bytes, as a simulated host keeps it (raft thesis 5).

use raftwerk_core::{SnapshotMeta, StableHasher};
use raftwerk_kv::{DecodeError, Store};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A snapshot. Copies share the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub meta: SnapshotMeta,
    pub bytes: Arc<[u8]>,
    /// A byte has rotted; for who knows the world from outside. Who reads it looks at the hash.
    pub rotten: bool,
}

impl Snapshot {
    /// Writes a state machine down; `meta` says what it covers and learns length and hash.
    pub fn of(store: &Store, mut meta: SnapshotMeta) -> Snapshot {
        let bytes: Arc<[u8]> = store.encode().into();
        (meta.bytes, meta.hash) = (bytes.len() as u64, digest(&bytes));
        Snapshot {
            meta,
            bytes,
            rotten: false,
        }
    }

    /// The same with a byte that rotted.
    pub fn rotted(&self) -> Snapshot {
        let mut bytes = self.bytes.to_vec();
        let place = bytes.len() / 2;
        bytes
            .iter_mut()
            .skip(place)
            .take(1)
            .for_each(|byte| *byte ^= 1);
        Snapshot {
            meta: self.meta.clone(),
            bytes: bytes.into(),
            rotten: true,
        }
    }

    /// Whether it is what it says: to be asked before it is loaded, sent or installed.
    pub fn is_whole(&self) -> bool {
        self.bytes.len() as u64 == self.meta.bytes && digest(&self.bytes) == self.meta.hash
    }

    /// What came over the network, if it is what it says.
    pub fn verified(meta: SnapshotMeta, bytes: &[u8]) -> Option<Snapshot> {
        let snapshot = Snapshot {
            meta,
            bytes: bytes.into(),
            rotten: false,
        };
        snapshot.is_whole().then_some(snapshot)
    }

    /// The state machine inside.
    pub fn load(&self) -> Result<Store, DecodeError> {
        Store::decode(&self.bytes)
    }
}

impl Hash for Snapshot {
    fn hash<H: Hasher>(&self, to: &mut H) {
        (&self.meta, self.rotten).hash(to);
    }
}

fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = StableHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_same_bytes_are_verified() {
        let snapshot = Snapshot::of(&Store::new(), SnapshotMeta::default());
        let (meta, bytes) = (&snapshot.meta, &snapshot.bytes);
        let again = Snapshot::verified(meta.clone(), bytes).expect("the same");
        assert_eq!(
            again.load().map(|store| store.digest()),
            Ok(Store::new().digest())
        );
        assert!(snapshot.is_whole() && !snapshot.rotted().is_whole());
        for at in 0..bytes.len() {
            let mut other = bytes.to_vec();
            other[at] ^= 1;
            assert_eq!(Snapshot::verified(meta.clone(), &other), None);
        }
        assert_eq!(Snapshot::verified(meta.clone(), &bytes[1..]), None);
    }
}
