//! The one queue of things to come, ordered by (time, sequence).
//!
//! Two kinds of things wait in it. *Arrivals* come once: messages on the way. *Slots* exist once
//! and are moved: the timer and the disk of each node, each client, the fault plan. Moving a
//! slot costs no entry that must be recognised as stale later, which matters because a
//! follower's deadline moves with every heartbeat. Whatever is set gets the next sequence
//! number, so two things at one time happen in the order in which they were arranged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A time that never comes.
pub(crate) const NEVER: u64 = u64::MAX;

/// Something that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The slot of this number is due.
    Slot(usize),
    /// The arrival arranged with this sequence number, at this place in its owner's table.
    Arrival { place: u32, seq: u64 },
}

#[derive(Clone, Copy, Debug)]
struct Due {
    time: u64,
    seq: u64,
}

/// The queue.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    seq: u64,
    slots: Vec<Due>,
    arrivals: BinaryHeap<Reverse<(u64, u64, u32)>>,
}

impl Queue {
    /// An empty queue with this many slots.
    pub fn new(slots: usize) -> Queue {
        let never = Due {
            time: NEVER,
            seq: 0,
        };
        Queue {
            seq: 0,
            slots: vec![never; slots],
            arrivals: BinaryHeap::new(),
        }
    }

    fn number(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    /// Moves a slot. It keeps its place among equals when its time does not change.
    pub fn set(&mut self, slot: usize, time: u64) {
        if self.slots[slot].time != time {
            let seq = self.number();
            self.slots[slot] = Due { time, seq };
        }
    }

    /// Arranges an arrival; returns its sequence number.
    pub fn arrive(&mut self, time: u64, place: u32) -> u64 {
        let seq = self.number();
        self.arrivals.push(Reverse((time, seq, place)));
        seq
    }

    /// What comes next and when, unless nothing does.
    pub fn peek(&self) -> Option<(u64, Next)> {
        let mut best = (NEVER, NEVER);
        let mut next = None;
        for (slot, due) in self.slots.iter().enumerate() {
            if due.time != NEVER && (due.time, due.seq) < best {
                best = (due.time, due.seq);
                next = Some(Next::Slot(slot));
            }
        }
        if let Some(Reverse((time, seq, place))) = self.arrivals.peek().copied()
            && (time, seq) < best
        {
            best = (time, seq);
            next = Some(Next::Arrival { place, seq });
        }
        next.map(|next| (best.0, next))
    }

    /// Takes the arrival that comes first of all arrivals.
    pub fn pop_arrival(&mut self) {
        self.arrivals.pop();
    }

    /// Drops arrivals from the front as long as they are not wanted any more.
    pub fn drop_stale(&mut self, wanted: impl Fn(u32, u64) -> bool) {
        while let Some(Reverse((_, seq, place))) = self.arrivals.peek().copied() {
            if wanted(place, seq) {
                break;
            }
            self.arrivals.pop();
        }
    }

    /// Every slot's time and number, for hashing.
    pub fn slots(&self) -> impl Iterator<Item = (u64, u64)> {
        self.slots.iter().map(|due| (due.time, due.seq))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_decides_then_the_order_of_arranging() {
        let mut queue = Queue::new(2);
        queue.set(1, 5);
        let seq = queue.arrive(5, 9);
        queue.set(0, 5);
        assert_eq!(queue.peek(), Some((5, Next::Slot(1))));
        queue.set(1, NEVER);
        assert_eq!(queue.peek(), Some((5, Next::Arrival { place: 9, seq })));
        queue.pop_arrival();
        assert_eq!(queue.peek(), Some((5, Next::Slot(0))));
        queue.arrive(4, 3);
        assert_eq!(queue.peek().map(|next| next.0), Some(4));
        queue.drop_stale(|_, _| false);
        queue.set(0, NEVER);
        assert_eq!(queue.peek(), None);
    }

    #[test]
    fn setting_the_same_time_again_keeps_the_place() {
        let mut queue = Queue::new(2);
        queue.set(0, 5);
        queue.set(1, 5);
        queue.set(0, 5);
        assert_eq!(queue.peek(), Some((5, Next::Slot(0))));
    }
}
