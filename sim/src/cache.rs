//! A device that lies about sync: it reports writes as durable while they lie in a cache that dies
//! with the power. That is outside of Raft's model of faults (raft thesis 3.8, 10.2.1), so checks
//! may fail; it is here to show that they do.

use crate::disk::Device;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

/// What a lying device has not really written yet. Empty, and free, for an honest one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cache {
    /// How many reported syncs are held back.
    depth: usize,
    /// What is really there before each of them, oldest first.
    really: VecDeque<Device>,
}

impl Cache {
    /// A cache for so many syncs.
    pub fn new(depth: u32) -> Cache {
        Cache {
            depth: depth as usize,
            really: VecDeque::new(),
        }
    }

    /// A sync is about to be reported; the device is said to hold this so far.
    pub fn reports(&mut self, device: &Device) {
        if self.depth == 0 {
            return;
        }
        if self.really.len() == self.depth {
            self.really.pop_front();
        }
        self.really.push_back(device.clone());
    }

    /// Power is gone: what is really there, if that is less than was reported.
    pub fn lost(&mut self) -> Option<Device> {
        let really = self.really.pop_front();
        self.really.clear();
        really
    }

    /// Feeds everything that determines the future.
    pub fn hash(&self, to: &mut impl Hasher) {
        self.really.iter().for_each(|device| device.hash(to));
    }
}
