//! Recorded trace events, kept small: encoded, in chunks, the oldest dropped beyond a limit.
//!
//! A decoded event takes some 200 bytes, an encoded one about 30. Each keeps its step and
//! whether it is a landmark beside it, so that jumping from landmark to landmark and listing
//! the latest events decodes nothing it does not show.

use raftwerk_core::trace::Event;
use raftwerk_wire::view::EventView;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Events per chunk.
const CHUNK: usize = 512;
/// Most bytes of one log; the oldest chunk goes when there would be more.
pub(super) const MAX_BYTES: u64 = 24 << 20;

#[derive(Clone, Debug)]
struct Head {
    /// End of its bytes.
    end: u32,
    /// Steps since the first of the chunk, doubled, plus one for a landmark.
    mark: u32,
}

#[derive(Clone, Debug)]
struct Chunk {
    first_id: u64,
    first_step: u64,
    heads: Vec<Head>,
    bytes: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Stored<E> {
    /// How many events before this one its cause lies; 0: none known.
    cause_back: u64,
    event: E,
}

/// Events of one branch, with consecutive numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct EventLog {
    chunks: VecDeque<Chunk>,
    bytes: u64,
}

impl Chunk {
    fn step(&self, at: usize) -> u64 {
        self.first_step + u64::from(self.heads[at].mark >> 1)
    }

    fn is_landmark(&self, at: usize) -> bool {
        self.heads[at].mark & 1 == 1
    }

    fn last_step(&self) -> u64 {
        self.heads
            .len()
            .checked_sub(1)
            .map_or(self.first_step, |at| self.step(at))
    }

    fn view(&self, at: usize) -> Option<EventView> {
        let start = if at == 0 {
            0
        } else {
            self.heads[at - 1].end as usize
        };
        let bytes = &self.bytes[start..self.heads[at].end as usize];
        let stored: Stored<Event> = postcard::from_bytes(bytes).ok()?;
        let id = self.first_id + at as u64;
        let cause = (stored.cause_back > 0).then(|| id - stored.cause_back);
        Some(EventView {
            id,
            step: self.step(at),
            cause,
            event: stored.event,
        })
    }
}

impl EventLog {
    /// Adds the next event.
    pub fn push(&mut self, view: &EventView) {
        let far = |chunk: &Chunk| view.step - chunk.first_step > u64::from(u32::MAX >> 1);
        if self
            .chunks
            .back()
            .is_none_or(|chunk| chunk.heads.len() >= CHUNK || far(chunk))
        {
            let (first_id, first_step) = (view.id, view.step);
            let (heads, bytes) = (Vec::new(), Vec::new());
            if let Some(full) = self.chunks.back_mut() {
                full.heads.shrink_to_fit();
                full.bytes.shrink_to_fit();
            }
            self.chunks.push_back(Chunk {
                first_id,
                first_step,
                heads,
                bytes,
            });
        }
        let Some(chunk) = self.chunks.back_mut() else {
            return;
        };
        let cause_back = view.cause.map_or(0, |cause| view.id.saturating_sub(cause));
        let stored = Stored {
            cause_back,
            event: &view.event,
        };
        let bytes = postcard::to_allocvec(&stored).expect("a trace event can be encoded");
        chunk.bytes.extend_from_slice(&bytes);
        self.bytes += bytes.len() as u64 + size_of::<Head>() as u64;
        let mark = ((view.step - chunk.first_step) as u32) << 1;
        let mark = mark | u32::from(view.event.kind.is_landmark());
        chunk.heads.push(Head {
            end: chunk.bytes.len() as u32,
            mark,
        });
        while self.bytes > MAX_BYTES && self.chunks.len() > 1 {
            if let Some(old) = self.chunks.pop_front() {
                let heads = old.heads.len() * size_of::<Head>();
                self.bytes -= (old.bytes.len() + heads) as u64;
            }
        }
    }

    /// The event of this number, if it is (still) here.
    pub fn get(&self, id: u64) -> Option<EventView> {
        let place = self
            .chunks
            .partition_point(|chunk| chunk.first_id <= id)
            .checked_sub(1)?;
        let chunk = &self.chunks[place];
        let at = (id - chunk.first_id) as usize;
        (at < chunk.heads.len()).then(|| chunk.view(at)).flatten()
    }

    /// First landmark step above `from` and not above `to`.
    pub fn landmark_after(&self, from: u64, to: u64) -> Option<u64> {
        let skip = self
            .chunks
            .partition_point(|chunk| chunk.last_step() <= from);
        for chunk in self.chunks.iter().skip(skip) {
            for at in 0..chunk.heads.len() {
                let step = chunk.step(at);
                if step > to {
                    return None;
                }
                if step > from && chunk.is_landmark(at) {
                    return Some(step);
                }
            }
        }
        None
    }

    /// Last landmark step below `before`.
    pub fn landmark_before(&self, before: u64) -> Option<u64> {
        let keep = self
            .chunks
            .partition_point(|chunk| chunk.first_step < before);
        for chunk in self.chunks.iter().take(keep).rev() {
            for at in (0..chunk.heads.len()).rev() {
                if chunk.step(at) < before && chunk.is_landmark(at) {
                    return Some(chunk.step(at));
                }
            }
        }
        None
    }

    /// Bytes held.
    pub fn memory(&self) -> u64 {
        self.bytes + (self.chunks.len() * size_of::<Chunk>()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use raftwerk_core::trace::{Cause, Kind};
    use raftwerk_core::{LogId, NodeId, Term, Time};

    fn event(id: u64, step: u64, landmark: bool) -> EventView {
        let to = NodeId(2);
        let kind = if landmark {
            Kind::BecameLeader { votes: vec![to] }
        } else {
            Kind::AppendedNoop {
                id: LogId::new(1, id),
            }
        };
        let (node, at, term, cause) = (NodeId(1), Time(step), Term(3), Cause::Boot);
        let event = Event {
            node,
            at,
            term,
            cause,
            kind,
        };
        EventView {
            id,
            step,
            cause: (id > 5).then(|| id - 3),
            event,
        }
    }

    #[test]
    fn events_come_back_as_they_went_in() {
        let mut log = EventLog::default();
        let all: Vec<EventView> = (1..2_000)
            .map(|id| event(id, 2 * id, id % 100 == 0))
            .collect();
        all.iter().for_each(|event| log.push(event));
        for event in &all {
            assert_eq!(log.get(event.id).as_ref(), Some(event));
        }
        assert_eq!(log.get(0), None);
        assert_eq!(log.get(2_000), None);
        assert!(log.memory() < 2_000 * 40);
    }

    #[test]
    fn landmarks_are_found_in_both_directions() {
        let mut log = EventLog::default();
        (1..2_000).for_each(|id| log.push(&event(id, 2 * id, id % 100 == 0)));
        assert_eq!(log.landmark_after(0, 9_999), Some(200));
        assert_eq!(log.landmark_after(200, 9_999), Some(400));
        assert_eq!(log.landmark_after(200, 399), None);
        assert_eq!(log.landmark_after(3_800, 9_999), None);
        assert_eq!(log.landmark_before(200), None);
        assert_eq!(log.landmark_before(201), Some(200));
        assert_eq!(log.landmark_before(9_999), Some(3_800));
    }

    #[test]
    fn the_oldest_go_when_the_limit_is_reached() {
        let mut log = EventLog::default();
        let many = MAX_BYTES / 12;
        (1..many).for_each(|id| log.push(&event(id, id, false)));
        assert!(log.bytes <= MAX_BYTES);
        assert_eq!(log.get(1), None);
        assert!(log.get(many - 1).is_some());
    }
}
