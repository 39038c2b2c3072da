//! Reading records in order, up to the end of the log or to the first one that was promised and
//! cannot be read.

use super::chain::Chain;
use super::recover::segment_name;
use super::{State, WalError};
use raftwerk_core::Index;
use raftwerk_wire::record::{self, Change, HEADER_BYTES, Header, Kind, Opening, Start};

/// One file of the log with what was read from it.
pub(super) struct Segment<F> {
    pub first: u64,
    pub name: String,
    pub file: F,
    pub bytes: Vec<u8>,
}

/// The first record that was promised and cannot be read.
#[derive(Clone, Debug)]
pub(super) struct Rot {
    /// Which file, perhaps one after the last.
    pub segment: usize,
    /// Its name, or the name it would have.
    pub file: String,
    pub offset: usize,
    pub record: u64,
    pub why: &'static str,
}

impl Rot {
    /// The node must not start.
    pub fn refusal(&self) -> WalError {
        WalError::Suspect {
            file: self.file.clone(),
            offset: self.offset as u64,
            record: self.record,
            why: self.why,
        }
    }
}

/// Why reading stopped before the end.
pub(super) enum Stop {
    Rot(Rot),
    Error(WalError),
}

/// Where reading stopped.
pub(super) struct End {
    /// Which segment.
    pub segment: usize,
    /// Offset after its last good record.
    pub offset: usize,
    /// Whether anything but zeros follows.
    pub dirty: bool,
    /// Position of the first record in it that the mark does not cover.
    pub unmarked: Option<usize>,
}

/// Replays records in order.
pub(super) struct Scan {
    pub opening: Opening,
    /// Last record that the mark file calls synced.
    pub marked: u64,
    pub state: State,
    /// The files that were read.
    pub chain: Chain,
    /// Version of the format of the file being read.
    pub format: u16,
    /// Number of the record that comes next.
    pub next: u64,
    /// Whether the first file may be one that was never finished: the log was just being begun, or
    /// begun anew because all of it had rotted. Else files before it were removed, which is done
    /// only when it is on disk.
    pub fresh: bool,
}

impl Scan {
    /// Reads all segments; `None` when there is not one good record.
    pub fn run<F>(&mut self, segments: &[Segment<F>]) -> Result<Option<End>, Stop> {
        let mut end = None;
        for (at, segment) in segments.iter().enumerate() {
            if segment.first != self.next {
                return Err(self.rot(at, segment, 0, "is missing: so is its file"));
            }
            let found = self.segment(at, segment)?;
            let complete = found.offset > 0 && !found.dirty;
            if complete {
                end = Some(found);
                continue;
            }
            let begun = found.offset > 0 || at > 0 || self.fresh;
            let followed = at + 1 < segments.len() || !begun;
            let promised = promised(&segment.bytes, found.offset, self.next, self.marked);
            if promised || followed {
                return Err(self.rot(at, segment, found.offset, "cannot be read"));
            }
            // A first record that was never finished: the file is dropped as a whole.
            if found.offset > 0 {
                end = Some(found);
            }
            break;
        }
        if self.marked >= self.next {
            let (at, offset) = end.as_ref().map_or((0, 0), |end| (end.segment, end.offset));
            let Some(segment) = segments.get(at) else {
                return Err(Stop::Rot(Rot {
                    segment: 0,
                    file: segment_name(1),
                    offset: 0,
                    record: 1,
                    why: "is missing: so is its file",
                }));
            };
            return Err(self.rot(at, segment, offset, "is missing"));
        }
        Ok(end)
    }

    /// Replays one file up to its end or the first record that cannot be read.
    fn segment<F>(&mut self, at: usize, segment: &Segment<F>) -> Result<End, Stop> {
        let bytes = &segment.bytes;
        let mut end = End {
            segment: at,
            offset: 0,
            dirty: false,
            unmarked: None,
        };
        while let Some(header) = bytes.get(end.offset..).and_then(Header::read) {
            let rest = &bytes[end.offset..];
            if header.number != self.next {
                return Err(self.rot(at, segment, end.offset, "has another number"));
            }
            let Some(body) = header.body(rest) else { break };
            let fits = if end.offset == 0 {
                Kind::Open
            } else {
                Kind::Data
            } == header.kind;
            if !fits || !self.replay(&segment.name, header.kind, body)? {
                return Err(self.rot(at, segment, end.offset, "contradicts what is before"));
            }
            if self.next > self.marked && end.unmarked.is_none() {
                end.unmarked = Some(end.offset);
            }
            self.next += 1;
            end.offset = (end.offset + header.record_bytes()).min(bytes.len());
        }
        end.dirty = bytes[end.offset..].iter().any(|byte| *byte != 0);
        Ok(end)
    }

    fn replay(&mut self, name: &str, kind: Kind, body: &[u8]) -> Result<bool, Stop> {
        match kind {
            Kind::Open => match record::read_start(body) {
                Some((found, start)) if is_ours(found, self.opening) => {
                    self.format = found.format;
                    Ok(self.begin(name, start))
                }
                Some((found, _)) => Err(Stop::Error(WalError::Foreign { found })),
                None => Ok(false),
            },
            Kind::Data => {
                let change = record::read_change(self.format, body);
                Ok(change.is_some_and(|change| self.change(change)))
            }
        }
    }

    /// A file begins where the log ends; for the first one that is where it says.
    fn begin(&mut self, name: &str, start: Option<Start>) -> bool {
        let Some(start) = start else {
            // It does not say: then nothing before it was ever removed.
            self.chain.begin(name.to_string(), self.state.end());
            return !self.chain.is_first() || self.next == 1;
        };
        if self.chain.is_empty() {
            self.state.begin(&start);
        }
        let known = (self.state.hard_state, self.state.end());
        self.chain.begin(name.to_string(), start.end);
        (start.hard_state, start.end) == known
    }

    fn change(&mut self, change: Change) -> bool {
        if let Some(last) = change.after {
            self.chain.restart(last.index);
        }
        if let Some(cut) = change.cut_from {
            self.chain.cut(Index(cut.0.saturating_sub(1)));
        }
        self.state.replay(change)
    }

    /// The record that comes next was promised and is not to be had.
    fn rot<F>(&self, at: usize, segment: &Segment<F>, offset: usize, why: &'static str) -> Stop {
        Stop::Rot(Rot {
            segment: at,
            file: segment.name.clone(),
            offset,
            record: self.next,
            why,
        })
    }
}

/// Whether a file that was found belongs to this log, in a version that can be read.
pub(super) fn is_ours(found: Opening, ours: Opening) -> bool {
    let known = (1..=record::FORMAT).contains(&found.format);
    let Opening { cluster, node, .. } = ours;
    known && (found.cluster, found.node) == (cluster, node)
}

/// Whether record `next`, which should be at `offset`, was synced once, as far as anybody knows.
pub(super) fn promised(bytes: &[u8], offset: usize, next: u64, marked: u64) -> bool {
    let mut behind = (record::aligned(offset)..bytes.len())
        .step_by(8)
        .take_while(|at| at + HEADER_BYTES <= bytes.len())
        .filter_map(|at| Header::read(&bytes[at..]));
    marked >= next || behind.any(|header| header.synced >= next)
}
