//! What a crash leaves of the writes that were not synced (raft thesis 3.8, trap D3).
//!
//! Nothing at all; or some whole writes in order, and perhaps the beginning of one more; or, where
//! the device writes in whatever order it likes, any of their pieces, also a later one without an
//! earlier. The log is one stream of numbered records: whoever reads it back finds the first number
//! that is missing and cuts there, for good. What lies behind that hole is as it should be by its
//! checksum, and worth nothing all the same: entries without those before them, a vote without the
//! log it was given with, a cut without what was to follow. So a node always starts from a prefix
//! of its writes; who took a record from behind a hole would not (`wal::scan` does the same).

use super::Disk;
use crate::faults::Class;
use crate::rng::Stream;
use crate::setup::DiskModel;
use raftwerk_core::Write;

impl Disk {
    /// Power is gone, and with it all that was not synced, or some of it.
    pub fn crash(&mut self, model: &DiskModel, luck: &mut Stream) {
        let lost = std::mem::take(&mut self.waiting).into_iter();
        let lost: Vec<Write> = lost.map(|(write, _)| write).collect();
        self.syncing = 0;
        if let Some(really) = self.cache.lost() {
            // Nothing came after what the device never wrote.
            self.device = really;
            return;
        }
        if !luck.chance(model.keep_per_million) {
            return;
        }
        if luck.chance(model.reorder_per_million) {
            let count = lost.iter().map(pieces).sum();
            let reached = any_of(count, luck);
            return self.read_back(lost, &reached);
        }
        self.leave_beginning(lost, model, luck);
    }

    /// Whole writes in order, and perhaps the beginning of one more.
    fn leave_beginning(&mut self, lost: Vec<Write>, model: &DiskModel, luck: &mut Stream) {
        let whole = luck.below(lost.len() as u64 + 1) as usize;
        let mut lost = lost.into_iter();
        for write in lost.by_ref().take(whole) {
            if !self.fits(&write) {
                return;
            }
            self.struck.once(Class::Kept);
            self.land(write);
        }
        if let Some(write) = lost.next()
            && luck.chance(model.tear_per_million)
            && self.fits(&write)
        {
            self.struck.once(Class::Torn);
            let kept = luck.below(pieces(&write));
            self.land(beginning(write, kept));
            self.torn = Some(self.device.end());
        }
    }

    /// Reads the log on behind what was synced, where these pieces of the next writes have reached
    /// the device: up to the first that has not. What is behind it is cut off.
    pub(super) fn read_back(&mut self, writes: Vec<Write>, reached: &[bool]) {
        let good = reached.iter().take_while(|there| **there).count();
        let behind = reached[good..].iter().any(|there| *there);
        let mut left = good as u64;
        for write in writes {
            let kept = left.min(pieces(&write));
            if kept == 0 || !self.fits(&write) {
                break;
            }
            left -= kept;
            if kept == pieces(&write) {
                self.struck.once(Class::Kept);
                self.land(write);
            } else {
                self.land(beginning(write, kept));
            }
        }
        if self.struck.if_so(Class::Reordered, behind) {
            self.torn = Some(self.device.end());
        }
    }
}

/// Which of so many pieces have reached the device: nearly all of them, or every other one.
fn any_of(count: u64, luck: &mut Stream) -> Vec<bool> {
    let missing = [2, 4, 16][luck.below(3) as usize];
    (0..count).map(|_| luck.below(missing) > 0).collect()
}

/// How many pieces of a write can be on the device one without the next: term and vote, the
/// install, the cut, each entry. Always at least one.
pub(super) fn pieces(write: &Write) -> u64 {
    let head = [
        write.hard_state.is_some(),
        write.install.is_some(),
        write.cut_from.is_some(),
    ];
    let head = head.into_iter().filter(|there| *there).count();
    (head + write.append.len()).max(1) as u64
}

/// The first pieces of a write.
pub(super) fn beginning(write: Write, mut kept: u64) -> Write {
    let mut keep = || {
        let one = kept > 0;
        kept -= u64::from(one);
        one
    };
    Write {
        hard_state: write.hard_state.filter(|_| keep()),
        install: write.install.filter(|_| keep()),
        cut_from: write.cut_from.filter(|_| keep()),
        append: write
            .append
            .iter()
            .take_while(|_| keep())
            .cloned()
            .collect(),
        trim_to: None,
        ..write
    }
}
