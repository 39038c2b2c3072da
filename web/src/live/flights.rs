//! Real messages, as their senders and receivers report them: those on the way now, and those of
//! the last minutes for looking back.
//!
//! A flight begins when the sender says so and gets its arrival when the receiver says so; the
//! two reports come on different streams and in any order. On one machine a message takes far
//! less than a frame, so every flight is shown for at least [`TRAVEL`]. What nobody confirms
//! leaves the picture after [`PATIENCE`]. Bounded in number and bytes: the oldest go first.

use raftwerk_wire::view::{Flight, MessageView};
use std::collections::{BTreeMap, VecDeque};

/// Shortest time a message is shown (microseconds).
pub const TRAVEL: u64 = 280_000;
/// How long a message nobody confirms stays in the picture (microseconds).
pub const PATIENCE: u64 = 1_200_000;
/// How long a flight is kept after it has arrived (microseconds).
const LINGER: u64 = 150_000;
/// No flight is in the picture longer than this after it was sent (microseconds).
const LONGEST: u64 = 4_000_000;
/// Most flights kept, and their bytes.
const MOST: usize = 30_000;
const BYTES: usize = 8 << 20;
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

/// The messages, in the order in which they were heard of.
#[derive(Default)]
pub struct Flights {
    list: VecDeque<Flight>,
    /// How many have been dropped: a flight's place is its number less this.
    dropped: u64,
    places: BTreeMap<u64, u64>,
    bytes: usize,
    from: u64,
    early: VecDeque<(u64, u64)>,
}

impl Flights {
    /// A sender says that a message left. Moments do not decrease from call to call.
    pub fn sent(&mut self, now: u64, id: u64, from: u64, to: u64, content: MessageView) {
        if self.places.contains_key(&id) {
            return;
        }
        self.early
            .retain(|(_, at)| now.saturating_sub(*at) < PATIENCE);
        let early = self.early.iter().position(|(other, _)| *other == id);
        let due = early
            .and_then(|at| self.early.remove(at))
            .map(|_| now + TRAVEL);
        let flight = Flight {
            id,
            from,
            to,
            sent: now,
            due,
            held: false,
            lost: false,
            content,
        };
        self.bytes += weight(&flight);
        self.places
            .insert(id, self.dropped + self.list.len() as u64);
        self.list.push_back(flight);
        while self.list.len() > MOST || self.bytes > BYTES {
            self.drop_oldest();
        }
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
        let oldest = now.saturating_sub(LONGEST);
        let first = self.list.partition_point(|flight| flight.sent < oldest);
        let later = self.list.partition_point(|flight| flight.sent <= now);
        self.list
            .range(first.min(later)..later)
            .filter(|flight| is_current(flight, now))
            .cloned()
            .collect()
    }

    /// Forgets what was sent before a moment.
    pub fn forget(&mut self, before: u64) {
        while self.list.front().is_some_and(|flight| flight.sent < before) {
            self.drop_oldest();
        }
    }

    /// The earliest moment from which on every message is kept.
    #[must_use]
    pub fn from(&self) -> u64 {
        self.from
    }

    fn drop_oldest(&mut self) {
        if let Some(gone) = self.list.pop_front() {
            self.dropped += 1;
            self.places.remove(&gone.id);
            self.bytes -= weight(&gone);
            // What was on the way then is not whole any more.
            self.from = gone.sent + LONGEST;
        }
    }

    fn find(&mut self, id: u64) -> Option<&mut Flight> {
        let place = self.places.get(&id)?.checked_sub(self.dropped)?;
        self.list.get_mut(usize::try_from(place).ok()?)
    }
}

fn is_current(flight: &Flight, now: u64) -> bool {
    match flight.due {
        Some(due) => now <= due + LINGER,
        None => now.saturating_sub(flight.sent) < PATIENCE,
    }
}

/// Bytes of a flight, about.
fn weight(flight: &Flight) -> usize {
    let fields = flight.content.fields.iter();
    let fields: usize = fields
        .map(|(name, value)| 2 * size_of::<String>() + name.len() + value.len())
        .sum();
    // With its place in the index.
    size_of::<Flight>() + flight.content.kind.len() + fields + 48
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
    fn everything_is_bounded_and_the_rest_is_found() {
        let mut flights = Flights::default();
        let many = 2 * MOST as u64;
        for id in 0..many {
            flights.sent(id, id, 1, 2, content());
            flights.received(id, 1_000_000 + id);
        }
        assert!(flights.list.len() <= MOST && flights.bytes <= BYTES);
        assert_eq!(flights.places.len(), flights.list.len());
        assert!(flights.early.len() <= MOST_EARLY);
        flights.dropped(many - 1);
        assert!(flights.list.back().unwrap().lost);
        let first = flights.list[0].id;
        flights.dropped(first);
        assert!(flights.list[0].lost);
        flights.dropped(first - 1);
        assert!(flights.from() >= first, "what was dropped is told");
        flights.forget(many);
        assert!(flights.list.is_empty() && flights.places.is_empty() && flights.bytes == 0);
    }

    #[test]
    fn the_past_is_drawn_as_it_was() {
        let mut flights = Flights::default();
        flights.sent(1_000_000, 7, 1, 2, content());
        flights.received(1_000_500, 7);
        flights.sent(9_000_000, 8, 1, 2, content());
        assert!(flights.list(999_999).is_empty(), "not sent yet");
        assert_eq!(flights.list(1_100_000)[0].id, 7);
        assert!(flights.list(2_000_000).is_empty());
        assert_eq!(flights.list(9_000_000)[0].id, 8);
    }

    #[test]
    fn another_life_is_another_message() {
        assert_ne!(flight_id(1, 5, 9), flight_id(1, 6, 9));
        assert_ne!(flight_id(1, 5, 9), flight_id(2, 5, 9));
    }
}
