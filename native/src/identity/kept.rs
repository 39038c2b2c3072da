//! What a node keeps of the cluster while it runs: the disks of its peers, where they are reached,
//! who the members are, and whether it is one.
//!
//! One write at a time; each file is replaced as a whole.

use super::{Addresses, DataDir};
use crate::node::NodeError;
use raftwerk_core::Membership;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Most disks of peers that are remembered: some 35 bytes each, so that the file can be read again.
const MAX_MET: usize = 1_024;

/// The disks that peers were met with, kept in `peers.json`.
#[derive(Debug)]
pub struct PeerDisks {
    dir: DataDir,
    known: Mutex<BTreeMap<u64, String>>,
}

impl PeerDisks {
    /// Reads what is known; keeps the directory locked.
    ///
    /// # Errors
    /// The file is there and cannot be understood.
    pub fn new(dir: DataDir) -> Result<PeerDisks, NodeError> {
        let known = dir.read("peers.json")?.unwrap_or_default();
        Ok(PeerDisks {
            dir,
            known: Mutex::new(known),
        })
    }

    /// Keeps where peers are reached, as it is when the turn comes to write it.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn keep_urls(&self, urls: impl FnOnce() -> Addresses) -> Result<(), String> {
        let _one_at_a_time = self.known.lock();
        let kept = self.dir.write("addresses.json", &urls());
        kept.map_err(|error| error.to_string())
    }

    /// Keeps whether this node is a member no more.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn keep_removed(&self, removed: bool) -> Result<(), String> {
        let _one_at_a_time = self.known.lock();
        let kept = self.dir.write("removed.json", &removed);
        kept.map_err(|error| error.to_string())
    }

    /// Keeps who the members are, unless newer ones are kept already.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn keep_members(&self, members: &Membership) -> Result<(), String> {
        let _one_at_a_time = self.known.lock();
        let noted = self.dir.members();
        if noted.is_some_and(|noted| noted.index() >= members.index()) {
            return Ok(());
        }
        let kept = self.dir.write("members.json", members);
        kept.map_err(|error| error.to_string())
    }

    /// Whether a peer is on the disk it was met with first. A peer met for the first time is
    /// remembered, durably, before it is listened to. Only so many are: where there is no room, the
    /// lowest id that is not `needed` is forgotten, since ids only go up and none is used again.
    ///
    /// # Errors
    /// Why it must not be listened to.
    pub fn meet(&self, peer: u64, disk: u64, needed: impl Fn(u64) -> bool) -> Result<(), String> {
        let disk = format!("{disk:016x}");
        let mut known = self
            .known
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match known.get(&peer) {
            Some(first) if *first == disk => Ok(()),
            Some(_) => Err(format!(
                "node {peer} came back with an empty disk; it may have forgotten a vote. Remove it \
                 and add it under a new id"
            )),
            None => {
                let mut more = known.clone();
                while more.len() >= MAX_MET {
                    let old = more.keys().copied().find(|id| !needed(*id));
                    let old = old.ok_or("this node has met too many others")?;
                    more.remove(&old);
                }
                more.insert(peer, disk);
                self.dir
                    .write("peers.json", &more)
                    .map_err(|error| error.to_string())?;
                *known = more;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::MAX_FILE_BYTES;
    use super::*;
    use raftwerk_core::{LogId, Members, NodeId};

    /// However many are met, what is kept can be read at the next start.
    #[test]
    fn what_is_remembered_of_peers_is_bounded() {
        let path = std::env::temp_dir().join(format!("raftwerk-met-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        let most = MAX_MET as u64;
        let met: BTreeMap<u64, String> = (1..=most).map(|id| (id, format!("{:016x}", 5))).collect();
        let dir = DataDir::lock(&path).expect("free");
        dir.write("peers.json", &met).expect("short enough");
        let disks = PeerDisks::new(dir).expect("readable");
        // Node 1 is a member, node 2 is none any more.
        assert!(disks.meet(most + 1, 7, |id| id == 1).is_ok());
        assert!(disks.meet(most + 2, 7, |_| true).is_err(), "all are needed");
        drop(disks);
        let disks = PeerDisks::new(DataDir::lock(&path).expect("free")).expect("readable");
        assert!(disks.meet(1, 6, |_| true).is_err() && disks.meet(most + 1, 8, |_| true).is_err());
        assert!(disks.meet(2, 6, |id| id != 3).is_ok(), "forgotten");
        let long = "x".repeat(MAX_FILE_BYTES as usize);
        let urls = Addresses::from([(1, long)]);
        assert!(
            disks
                .keep_urls(|| urls)
                .is_err_and(|why| why.contains("too long"))
        );
        assert!(disks.dir.addresses().expect("as before").is_empty());
        std::fs::remove_dir_all(&path).expect("clean up");
    }

    #[test]
    fn the_newest_members_are_noted_and_a_damaged_note_is_none() {
        let path = std::env::temp_dir().join(format!("raftwerk-members-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        let disks = PeerDisks::new(DataDir::lock(&path).expect("free")).expect("readable");
        assert_eq!(disks.dir.members(), None);
        let members = |index, voters: &[u64]| Membership {
            id: LogId::new(1, index),
            members: Members::of_voters(voters.iter().copied().map(NodeId)),
        };
        let (older, newer) = (members(4, &[1]), members(9, &[1, 2, 3]));
        for noted in [&older, &newer, &older] {
            disks.keep_members(noted).expect("writable");
        }
        assert_eq!(disks.dir.members(), Some(newer.clone()));
        std::fs::write(path.join("members.json"), "{").expect("writable");
        assert_eq!(disks.dir.members(), None);
        disks.keep_members(&older).expect("writable");
        assert_eq!(disks.dir.members(), Some(older));
        std::fs::remove_dir_all(&path).expect("clean up");
    }

    #[test]
    fn a_removal_is_remembered_until_it_is_taken_back() {
        let path = std::env::temp_dir().join(format!("raftwerk-removed-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        let disks = PeerDisks::new(DataDir::lock(&path).expect("free")).expect("readable");
        assert_eq!(disks.dir.removed().ok(), Some(false));
        for removed in [true, false] {
            disks.keep_removed(removed).expect("writable");
            assert_eq!(disks.dir.removed().ok(), Some(removed));
        }
        std::fs::remove_dir_all(&path).expect("clean up");
    }
}
