//! A log of which a promised record cannot be read (trap D3; FAST 2018, protocol-aware recovery).
//!
//! What comes before it is good. What comes behind is of no use as a log, since a hole is in it,
//! but it still says what the node must know before it may start without it: its term and vote,
//! and how far its log went. Every record says both (see `Wal::encode`), so one that can be read
//! behind the last one that cannot is enough; without one nobody can vouch for the vote, and the
//! node must not start.
//!
//! Records behind are found by the length in a header whose checksum holds, at the start of a
//! later file, or, where a header is bad, by looking for the next good one. Such a find counts
//! only if the mark file knows its number and if from there one record follows the other to the
//! end of the file: entries hold what clients like, even bytes that look like records.
//!
//! Order of the repair, each step durable before the next: the note, copies of the files that are
//! damaged or left over, the cut, the mark, a record with term and vote, the note that it is done.

use super::note::{Found, Note};
use super::recover::mark_bytes;
use super::scan::{Rot, Segment, is_ours, promised};
use super::{Files, LogFile, MARK, State, WalError, io_error, sync_dir, sync_error};
use raftwerk_core::{HardState, Index, Suspicion};
use raftwerk_wire::record::{self, HEADER_BYTES, Header, Kind, Opening};

/// What the records behind the rot vouch for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vouched {
    pub hard_state: HardState,
    /// Last index of the log; `None`: no record said.
    end: Option<Index>,
}

/// Notes what the log lost and cuts it; then it can be opened.
pub(super) fn repair<F: Files>(
    files: &F,
    mut segments: Vec<Segment<F::File>>,
    rot: &Rot,
    (before, opening, marked): (&State, Opening, u64),
    noted: Option<Found>,
) -> Result<(), WalError> {
    let Some(vouched) = certain(&segments, rot, (before, opening, marked), noted) else {
        return Err(rot.refusal());
    };
    note(before, vouched, noted).write(files)?;
    keep_damaged(files, &segments, rot)?;
    cut(files, &mut segments, rot)?;
    let mut mark = files
        .open(MARK)
        .map_err(io_error(format!("opening {MARK}")))?;
    mark.write_at(0, &mark_bytes(rot.record - 1))
        .map_err(io_error(format!("writing {MARK}")))?;
    mark.sync().map_err(sync_error(format!("syncing {MARK}")))
}

/// What may be noted of this rot. `None`: term and vote of now are not certain.
pub(super) fn certain<F>(
    segments: &[Segment<F>],
    rot: &Rot,
    (before, opening, marked): (&State, Opening, u64),
    noted: Option<Found>,
) -> Option<Vouched> {
    let vouched = match noted {
        // A crash in the middle of a repair: the note says it all, and nothing was written since.
        Some(Found::Note(note)) if !note.cut => Some(Vouched {
            hard_state: note.hard_state,
            end: note.suspicion.to,
        }),
        _ => vouch(segments, rot, opening, marked),
    };
    vouched.filter(|v| v.hard_state.term >= before.hard_state.term)
}

/// What is noted: the suspicion of this rot, widened by one that was noted before.
pub(super) fn note(before: &State, vouched: Vouched, noted: Option<Found>) -> Note {
    let (mut from, mut to) = (before.end().next(), vouched.end);
    match noted {
        Some(Found::Note(note)) => {
            from = from.min(note.suspicion.from);
            to = to.zip(note.suspicion.to).map(|(new, old)| new.max(old));
        }
        Some(Found::Unreadable) => to = None,
        None => {}
    }
    // What was cut by a record that rotted is still here: the log went less far.
    from = from.min(to.unwrap_or(from)).max(Index(1));
    Note {
        suspicion: Suspicion {
            from,
            to: to.map(|to| to.max(from)),
            since: vouched.hard_state.term,
        },
        hard_state: vouched.hard_state,
        cut: false,
    }
}

// ------------------------------------------------------------------ looking behind

/// Reads on behind the rot. `None`: term and vote of now are not certain.
fn vouch<F>(segments: &[Segment<F>], rot: &Rot, opening: Opening, marked: u64) -> Option<Vouched> {
    let mut behind = Behind {
        opening,
        marked,
        format: segments.get(rot.segment).map_or(record::FORMAT, format_of),
        next: rot.record,
        hard_state: None,
        end: None,
    };
    for (at, segment) in segments.iter().enumerate().skip(rot.segment) {
        let offset = if at == rot.segment { rot.offset } else { 0 };
        if offset == 0 {
            // A file is named after its first record; those between are gone.
            if segment.first < behind.next {
                return None;
            }
            behind.lose(segment.first);
        }
        behind.read(&segment.bytes, offset, at + 1 < segments.len())?;
    }
    if behind.next <= marked {
        return None;
    }
    Some(Vouched {
        hard_state: behind.hard_state?,
        end: behind.end,
    })
}

/// Version of the format that a file's first record tells.
fn format_of<F>(segment: &Segment<F>) -> u16 {
    let header = Header::read(&segment.bytes).filter(|header| header.kind == Kind::Open);
    let body = header.and_then(|header| header.body(&segment.bytes));
    let told = body.and_then(record::read_start);
    told.map_or(record::FORMAT, |(opening, _)| opening.format)
}

/// What was read behind the rot, since the last record that could not be.
struct Behind {
    opening: Opening,
    marked: u64,
    /// Version of the format of the file being read.
    format: u16,
    next: u64,
    hard_state: Option<HardState>,
    end: Option<Index>,
}

impl Behind {
    /// Everything before this record counts for nothing, if there is anything.
    fn lose(&mut self, next: u64) {
        if next > self.next {
            (self.hard_state, self.end) = (None, None);
            self.next = next;
        }
    }

    /// Reads one file from an offset to its end. `None`: it is no log of ours.
    fn read(&mut self, bytes: &[u8], mut offset: usize, followed: bool) -> Option<()> {
        while bytes.get(offset..)?.iter().any(|byte| *byte != 0) {
            let header = Header::read(&bytes[offset..]).filter(|h| h.number == self.next);
            let body = header.and_then(|header| header.body(&bytes[offset..]));
            if let (Some(header), Some(body)) = (header, body) {
                self.take(header.kind, body)?;
                self.next = self.next.checked_add(1)?;
                offset = (offset + header.record_bytes()).min(bytes.len());
            } else if !followed && !promised(bytes, offset, self.next, self.marked) {
                // Never finished, as far as anybody knows.
                return Some(());
            } else if let Some(header) = header {
                self.lose(header.number.checked_add(1)?);
                offset = (offset + header.record_bytes()).min(bytes.len());
            } else if let Some((place, number)) = self.search(bytes, offset) {
                self.lose(number);
                offset = place;
            } else {
                // What else is in this file nobody can tell; a later file may.
                self.lose(self.next.checked_add(1)?);
                return Some(());
            }
        }
        Some(())
    }

    fn take(&mut self, kind: Kind, body: &[u8]) -> Option<()> {
        match kind {
            Kind::Open => {
                let (found, start) = record::read_start(body)?;
                self.format = found.format;
                if let Some(start) = start {
                    (self.hard_state, self.end) = (Some(start.hard_state), Some(start.end));
                }
                is_ours(found, self.opening).then_some(())
            }
            Kind::Data => {
                let change = record::read_change(self.format, body)?;
                self.hard_state = change.hard_state.or(self.hard_state);
                let after = change.after.map(|last| last.index);
                let cut = change.cut_from.map(|cut| Index(cut.0.saturating_sub(1)));
                let last = change.append.last().map(|entry| entry.id.index);
                self.end = last.or(cut).or(after).or(self.end);
                Some(())
            }
        }
    }

    /// The next record that can be read, and is one for certain.
    fn search(&self, bytes: &[u8], from: usize) -> Option<(usize, u64)> {
        let places = (record::aligned(from + 1)..bytes.len()).step_by(8);
        let mut places = places.take_while(|at| at + HEADER_BYTES <= bytes.len());
        places.find_map(|at| {
            let number = Header::read(&bytes[at..])?.number;
            let known = number > self.next && number <= self.marked;
            (known && runs_to_the_end(bytes, at)).then_some((at, number))
        })
    }
}

/// Whether one record after the other follows, without a gap in numbers, up to the zeros.
fn runs_to_the_end(bytes: &[u8], mut at: usize) -> bool {
    let mut before = None;
    while bytes[at..].iter().any(|byte| *byte != 0) {
        let header = Header::read(&bytes[at..]);
        let Some(header) =
            header.filter(|h| before.is_none_or(|n| h.number.checked_sub(1) == Some(n)))
        else {
            return false;
        };
        before = Some(header.number);
        at = (at + header.record_bytes()).min(bytes.len());
    }
    true
}

// ---------------------------------------------------------------------- cutting

/// Copies what is about to be cut to files that nobody reads, for whoever wants to look.
fn keep_damaged<F: Files>(
    files: &F,
    segments: &[Segment<F::File>],
    rot: &Rot,
) -> Result<(), WalError> {
    let names = files
        .names()
        .map_err(io_error("reading the log directory"))?;
    for segment in segments.iter().skip(rot.segment) {
        if is_cut(segment, rot) {
            keep_copy(files, &names, &segment.name, &segment.bytes)?;
        }
    }
    sync_dir(files)
}

/// Copies a file to one that nobody reads.
pub(super) fn keep_copy<F: Files>(
    files: &F,
    names: &[String],
    name: &str,
    bytes: &[u8],
) -> Result<(), WalError> {
    let mut copies = (1..).map(|number| format!("damaged-{number}-{name}"));
    let copy = copies
        .find(|copy| !names.contains(copy))
        .expect("there are numbers enough");
    let what = || io_error(format!("keeping a copy of {name}"));
    let mut copy = files.create(&copy).map_err(what())?;
    copy.write_at(0, bytes).map_err(what())?;
    copy.sync()
        .map_err(sync_error(format!("syncing a copy of {name}")))
}

/// Whether anything of this file, at or behind the rot, is to go.
fn is_cut<F>(segment: &Segment<F>, rot: &Rot) -> bool {
    let from = if segment.first < rot.record {
        rot.offset
    } else {
        0
    };
    from == 0
        || segment.bytes[from.min(segment.bytes.len())..]
            .iter()
            .any(|byte| *byte != 0)
}

/// Removes the first record that cannot be read and all behind it.
fn cut<F: Files>(
    files: &F,
    segments: &mut Vec<Segment<F::File>>,
    rot: &Rot,
) -> Result<(), WalError> {
    let keeps_part = |segment: &Segment<F::File>| segment.first < rot.record && rot.offset > 0;
    let first_gone = match segments.get(rot.segment) {
        Some(segment) if keeps_part(segment) => rot.segment + 1,
        _ => rot.segment,
    };
    // The last ones first: what is left is a log with an end at any time.
    for segment in segments.drain(first_gone..).rev() {
        let what = format!("removing the damaged log file {}", segment.name);
        files.remove(&segment.name).map_err(io_error(what))?;
    }
    sync_dir(files)?;
    if let Some(segment) = segments.get_mut(rot.segment) {
        let what = io_error(format!("cutting the damaged {}", segment.name));
        segment.file.set_len(rot.offset as u64).map_err(what)?;
        let what = sync_error(format!("syncing the damaged {}", segment.name));
        segment.file.sync().map_err(what)?;
    }
    Ok(())
}
