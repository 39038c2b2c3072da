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
}

impl Snapshot {
    /// Writes a state machine down; `meta` says what it covers and learns length and hash.
    pub fn of(store: &Store, mut meta: SnapshotMeta) -> Snapshot {
        let bytes: Arc<[u8]> = store.encode().into();
        (meta.bytes, meta.hash) = (bytes.len() as u64, digest(&bytes));
        Snapshot { meta, bytes }
    }

    /// What came over the network, if it is what it says.
    pub fn verified(meta: SnapshotMeta, bytes: &[u8]) -> Option<Snapshot> {
        let good = bytes.len() as u64 == meta.bytes && digest(bytes) == meta.hash;
        good.then(|| Snapshot {
            meta,
            bytes: bytes.into(),
        })
    }

    /// The state machine inside.
    pub fn load(&self) -> Result<Store, DecodeError> {
        Store::decode(&self.bytes)
    }
}

impl Hash for Snapshot {
    fn hash<H: Hasher>(&self, to: &mut H) {
        self.meta.hash(to);
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
        for at in 0..bytes.len() {
            let mut other = bytes.to_vec();
            other[at] ^= 1;
            assert_eq!(Snapshot::verified(meta.clone(), &other), None);
        }
        assert_eq!(Snapshot::verified(meta.clone(), &bytes[1..]), None);
    }
}
