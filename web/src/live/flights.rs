//! Real messages on the way, as their senders and receivers report them.
//!
//! A flight begins when the sender says so and gets its arrival when the receiver says so; the
//! two reports come on different streams and in any order. On one machine a message takes far
//! less than a frame, so every flight is shown for at least [`TRAVEL`]. Bounded: the oldest go
//! first, and what nobody confirms leaves the picture after [`PATIENCE`].

use raftwerk_wire::view::{Flight, MessageView};
use std::collections::VecDeque;

/// Shortest time a message is shown (microseconds).
pub const TRAVEL: u64 = 280_000;
/// How long a message nobody confirms stays in the picture (microseconds).
pub const PATIENCE: u64 = 1_200_000;
/// How long a flight is kept after it has arrived (microseconds).
const LINGER: u64 = 150_000;
/// Most flights kept.
const MOST: usize = 400;
/// Most arrivals kept that came before their departure was heard of.
const MOST_EARLY: usize = 400;

/// Names a message: its sender, the life of the sender, and the number it gave.
#[must_use]
pub fn flight_id(from: u64, boot: u64, serial: u64) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in [from, boot, serial]
        .iter()
        .flat_map(|part| part.to_le_bytes())
    {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

/// The messages on the way.
#[derive(Default)]
pub struct Flights {
    list: VecDeque<Flight>,
    early: VecDeque<(u64, u64)>,
}

impl Flights {
    /// A sender says that a message left.
    pub fn sent(&mut self, now: u64, id: u64, from: u64, to: u64, content: MessageView) {
        self.clean(now);
        if self.list.iter().any(|flight| flight.id == id) {
            return;
        }
        let early = self.early.iter().position(|(other, _)| *other == id);
        let due = early
            .and_then(|at| self.early.remove(at))
            .map(|_| now + TRAVEL);
        if self.list.len() >= MOST {
            self.list.pop_front();
        }
        let sent = now;
        self.list.push_back(Flight {
            id,
            from,
            to,
            sent,
            due,
            lost: false,
            content,
        });
    }

    /// The receiver says that it arrived.
    pub fn received(&mut self, now: u64, id: u64) {
        match self.find(id) {
            Some(flight) => flight.due = Some(now.max(flight.sent + TRAVEL)),
            None => {
                if self.early.len() >= MOST_EARLY {
                    self.early.pop_front();
                }
                self.early.push_back((id, now));
            }
        }
    }

    /// The sender says that it did not hand it to the network.
    pub fn dropped(&mut self, id: u64) {
        if let Some(flight) = self.find(id) {
            flight.lost = true;
            flight.due = Some(flight.sent + TRAVEL);
        }
    }

    /// What is in the picture at a moment.
    #[must_use]
    pub fn list(&self, now: u64) -> Vec<Flight> {
        self.list
            .iter()
            .filter(|flight| is_current(flight, now))
            .cloned()
            .collect()
    }

    /// Forgets everything, when the stream of the sender starts anew.
    pub fn clear(&mut self) {
        self.list.clear();
        self.early.clear();
    }

    fn find(&mut self, id: u64) -> Option<&mut Flight> {
        self.list.iter_mut().rev().find(|flight| flight.id == id)
    }

    fn clean(&mut self, now: u64) {
        self.list.retain(|flight| is_current(flight, now));
        self.early
            .retain(|(_, at)| now.saturating_sub(*at) < PATIENCE);
    }
}

fn is_current(flight: &Flight, now: u64) -> bool {
    match flight.due {
        Some(due) => now <= due + LINGER,
        None => now.saturating_sub(flight.sent) < PATIENCE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content() -> MessageView {
        MessageView {
            kind: "Append".into(),
            term: 1,
            reply: false,
            accepted: None,
            entries: 0,
            fields: Vec::new(),
        }
    }

    #[test]
    fn a_message_flies_at_least_long_enough_to_be_seen() {
        let mut flights = Flights::default();
        flights.sent(1_000, 7, 1, 2, content());
        assert_eq!(flights.list(1_000)[0].due, None, "nobody has confirmed it");
        flights.received(1_500, 7);
        assert_eq!(flights.list(1_500)[0].due, Some(1_000 + TRAVEL));
        assert!(flights.list(1_000 + TRAVEL + LINGER + 1).is_empty());
    }

    #[test]
    fn an_arrival_heard_before_the_departure_still_counts() {
        let mut flights = Flights::default();
        flights.received(900, 7);
        flights.sent(1_000, 7, 1, 2, content());
        assert_eq!(flights.list(1_000)[0].due, Some(1_000 + TRAVEL));
    }

    #[test]
    fn what_nobody_confirms_leaves_and_what_is_dropped_is_lost() {
        let mut flights = Flights::default();
        flights.sent(0, 1, 1, 2, content());
        flights.sent(0, 2, 1, 3, content());
        flights.dropped(2);
        assert!(flights.list(10)[1].lost);
        assert_eq!(flights.list(PATIENCE).len(), 0);
    }

    #[test]
    fn both_lists_are_bounded() {
        let mut flights = Flights::default();
        for id in 0..2_000 {
            flights.sent(5, id, 1, 2, content());
            flights.received(5, 1_000_000 + id);
        }
        assert_eq!(flights.list.len(), MOST);
        assert_eq!(flights.early.len(), MOST_EARLY);
    }

    #[test]
    fn another_life_is_another_message() {
        assert_ne!(flight_id(1, 5, 9), flight_id(1, 6, 9));
        assert_ne!(flight_id(1, 5, 9), flight_id(2, 5, 9));
    }
}
