//! Reading a log back after any kind of end: what is there, what was torn, what rotted.
//!
//! A record that cannot be read was either never finished (torn: nobody was promised anything)
//! or promised and lost (suspect: the node must not start, trap D3). It was promised if the mark
//! file or any later record says that it had been synced, or if a later file exists, which is
//! only begun when everything before is on disk.

use super::{Files, LogFile, MARK, Sizes, State, Wal, WalError, io_error};
use raftwerk_core::Index;
use raftwerk_wire::record::{self, Change, HEADER_BYTES, Header, Kind, Opening};

/// What a log held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Term, vote and entries.
    pub state: State,
    /// Whether the end was clean.
    pub verdict: Verdict,
}

/// Whether the end of a log was clean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was.
    Clean,
    /// A write was under way when the process or the machine died. It was cut off, durably.
    TornTail {
        /// First index that is not there.
        cut_at: Index,
        /// File that was cut.
        file: String,
        /// Where.
        offset: u64,
        /// How many bytes went.
        bytes: u64,
    },
}

/// File name of the segment that begins with a record.
fn segment_name(first: u64) -> String {
    format!("log-{first:016x}.rwl")
}

fn segment_number(name: &str) -> Option<u64> {
    let hex = name.strip_prefix("log-")?.strip_suffix(".rwl")?;
    (hex.len() == 16).then(|| u64::from_str_radix(hex, 16).ok())?
}

/// Makes a segment and its directory entry durable; it is empty.
pub(super) fn create_segment<F: Files>(
    files: &F,
    first: u64,
) -> Result<(String, F::File), WalError> {
    let name = segment_name(first);
    let file = files
        .create(&name)
        .map_err(io_error(format!("creating the log file {name}")))?;
    files
        .sync_dir()
        .map_err(io_error("syncing the log directory"))?;
    Ok((name, file))
}

/// Content of the mark file.
pub(super) fn mark_bytes(synced: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&synced.to_le_bytes());
    bytes[8..].copy_from_slice(&(!synced.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_le_bytes());
    bytes
}

/// The mark; 0 (nothing is known) when it is not readable.
fn read_mark(bytes: &[u8]) -> u64 {
    let Some(number) = bytes.first_chunk::<8>() else {
        return 0;
    };
    let synced = u64::from_le_bytes(*number);
    if bytes == mark_bytes(synced) {
        synced
    } else {
        0
    }
}

/// One file of the log with what was read from it.
struct Segment<F> {
    first: u64,
    name: String,
    file: F,
    bytes: Vec<u8>,
}

/// Where reading stopped.
struct End {
    /// Which segment.
    segment: usize,
    /// Offset after its last good record.
    offset: usize,
    /// Whether anything but zeros follows.
    dirty: bool,
    /// Position of the first record in it that the mark does not cover.
    unmarked: Option<usize>,
}

pub(super) fn open<F: Files>(
    files: F,
    opening: Opening,
    sizes: Sizes,
) -> Result<(Wal<F>, Recovered), WalError> {
    let names = files
        .names()
        .map_err(io_error("reading the log directory"))?;
    let (mark, marked) = open_mark(&files, &names)?;
    let mut segments = read_segments(&files, names)?;
    let mut scan = Scan {
        opening,
        marked,
        state: State::default(),
        next: 1,
    };
    let end = scan.run(&segments)?;
    let Scan { state, next, .. } = scan;
    let Some(end) = end else {
        // Nothing is there, or only a first file whose first record was never finished.
        remove(&files, segments)?;
        let wal = begin(files, opening, sizes, mark)?;
        return Ok((
            wal,
            Recovered {
                state,
                verdict: Verdict::Clean,
            },
        ));
    };
    let verdict = verdict(&segments, &end, &state);
    // Files after the end hold nothing: the last one was just being begun.
    remove(&files, segments.drain(end.segment + 1..))?;
    let mut last = segments.pop().expect("the end lies in a segment");
    let length = settle(&mut last, &end)?;
    files
        .sync_dir()
        .map_err(io_error("syncing the log directory"))?;
    let at = record::aligned(end.offset) as u64;
    let mut wal = Wal::assemble(
        files,
        opening,
        sizes,
        (last.name, last.file, at, length),
        next,
        mark,
    );
    wal.note_synced()?;
    Ok((wal, Recovered { state, verdict }))
}

/// Opens the mark file, or makes it.
fn open_mark<F: Files>(files: &F, names: &[String]) -> Result<(F::File, u64), WalError> {
    let there = names.iter().any(|name| name == MARK);
    let opened = if there {
        files.open(MARK)
    } else {
        files.create(MARK)
    };
    let mut mark = opened.map_err(io_error(format!("opening {MARK}")))?;
    let bytes = mark.read().map_err(io_error(format!("reading {MARK}")))?;
    Ok((mark, read_mark(&bytes)))
}

/// Removes files that hold not one finished record.
fn remove<F: Files>(
    files: &F,
    unfinished: impl IntoIterator<Item = Segment<F::File>>,
) -> Result<(), WalError> {
    for Segment { name, .. } in unfinished {
        let what = format!("removing the unfinished log file {name}");
        files.remove(&name).map_err(io_error(what))?;
    }
    Ok(())
}

/// Begins a log.
fn begin<F: Files>(
    files: F,
    opening: Opening,
    sizes: Sizes,
    mark: F::File,
) -> Result<Wal<F>, WalError> {
    let (name, file) = create_segment(&files, 1)?;
    let mut wal = Wal::assemble(files, opening, sizes, (name, file, 0, 0), 1, mark);
    record::push(&mut wal.buffer, Kind::Open, 1, 0, &opening);
    wal.next = 2;
    wal.flush()?;
    Ok(wal)
}

impl<F: Files> Wal<F> {
    fn assemble(
        files: F,
        opening: Opening,
        sizes: Sizes,
        (name, file, offset, length): (String, F::File, u64, u64),
        next: u64,
        mark: F::File,
    ) -> Wal<F> {
        Wal {
            files,
            opening,
            sizes,
            file,
            name,
            offset,
            length,
            next,
            synced: 0,
            mark,
            buffer: Vec::new(),
            ended: false,
        }
    }
}

fn read_segments<F: Files>(
    files: &F,
    names: Vec<String>,
) -> Result<Vec<Segment<F::File>>, WalError> {
    let mut segments = Vec::new();
    for name in names {
        let Some(first) = segment_number(&name) else {
            continue;
        };
        let mut file = files
            .open(&name)
            .map_err(io_error(format!("opening {name}")))?;
        let bytes = file.read().map_err(io_error(format!("reading {name}")))?;
        segments.push(Segment {
            first,
            name,
            file,
            bytes,
        });
    }
    segments.sort_by_key(|segment| segment.first);
    Ok(segments)
}

fn verdict<F>(segments: &[Segment<F>], end: &End, state: &State) -> Verdict {
    let cut_at = state
        .entries
        .last()
        .map_or(Index(1), |entry| entry.id.index.next());
    let torn = |segment: &Segment<F>, offset: usize| Verdict::TornTail {
        cut_at,
        file: segment.name.clone(),
        offset: offset as u64,
        bytes: (segment.bytes.len() - offset) as u64,
    };
    match segments.get(end.segment + 1) {
        _ if end.dirty => torn(&segments[end.segment], end.offset),
        Some(unfinished) => torn(unfinished, 0),
        None => Verdict::Clean,
    }
}

/// Makes what was read durable, whatever the page cache only pretends to have written (trap D2):
/// bytes that the mark does not cover are written again before the sync. Returns the length.
fn settle<F: LogFile>(last: &mut Segment<F>, end: &End) -> Result<u64, WalError> {
    let mut length = last.bytes.len();
    if end.dirty {
        let what = format!("cutting the torn tail of {}", last.name);
        last.file
            .set_len(end.offset as u64)
            .map_err(io_error(what))?;
        length = end.offset;
    }
    if let Some(from) = end.unmarked {
        let what = format!("writing the end of {} again", last.name);
        last.file
            .write_at(from as u64, &last.bytes[from..end.offset])
            .map_err(io_error(what))?;
    }
    last.file
        .sync()
        .map_err(io_error(format!("syncing the log file {}", last.name)))?;
    Ok(length as u64)
}

/// Replays records in order.
struct Scan {
    opening: Opening,
    /// Last record that the mark file calls synced.
    marked: u64,
    state: State,
    /// Number of the record that comes next.
    next: u64,
}

impl Scan {
    /// Reads all segments; `None` when there is not one good record.
    fn run<F>(&mut self, segments: &[Segment<F>]) -> Result<Option<End>, WalError> {
        let mut end = None;
        for (at, segment) in segments.iter().enumerate() {
            if segment.first != self.next {
                return Err(suspect(segment, 0, self.next, "is missing: so is its file"));
            }
            let found = self.segment(at, segment)?;
            let complete = found.offset > 0 && !found.dirty;
            if complete {
                end = Some(found);
                continue;
            }
            let followed = at + 1 < segments.len();
            if self.promised(segment, found.offset) || followed {
                return Err(suspect(segment, found.offset, self.next, "cannot be read"));
            }
            // A first record that was never finished: the file is dropped as a whole.
            if found.offset > 0 {
                end = Some(found);
            }
            break;
        }
        if self.marked >= self.next {
            let segment = end
                .as_ref()
                .map_or(segments.first(), |end| segments.get(end.segment));
            let offset = end.as_ref().map_or(0, |end| end.offset);
            let none = || WalError::Suspect {
                file: segment_name(1),
                offset: 0,
                record: 1,
                why: "is missing: so is its file",
            };
            return Err(segment.map_or_else(none, |s| suspect(s, offset, self.next, "is missing")));
        }
        Ok(end)
    }

    /// Replays one file up to its end or the first record that cannot be read.
    fn segment<F>(&mut self, at: usize, segment: &Segment<F>) -> Result<End, WalError> {
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
                return Err(suspect(
                    segment,
                    end.offset,
                    self.next,
                    "has another number",
                ));
            }
            let Some(body) = header.body(rest) else { break };
            let fits = if end.offset == 0 {
                Kind::Open
            } else {
                Kind::Data
            } == header.kind;
            if !fits || !self.replay(header.kind, body)? {
                return Err(suspect(
                    segment,
                    end.offset,
                    self.next,
                    "contradicts what is before",
                ));
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

    fn replay(&mut self, kind: Kind, body: &[u8]) -> Result<bool, WalError> {
        match kind {
            Kind::Open => match record::read_body::<Opening>(body) {
                Some(found) if found != self.opening => Err(WalError::Foreign { found }),
                found => Ok(found.is_some()),
            },
            Kind::Data => {
                Ok(record::read_body::<Change>(body).is_some_and(|c| self.state.replay(c)))
            }
        }
    }

    /// Whether the record that should be at `offset` was synced once, as far as anybody knows.
    fn promised<F>(&self, segment: &Segment<F>, offset: usize) -> bool {
        let behind = (record::aligned(offset)..segment.bytes.len())
            .step_by(8)
            .take_while(|at| at + HEADER_BYTES <= segment.bytes.len())
            .filter_map(|at| Header::read(&segment.bytes[at..]));
        self.marked >= self.next || behind.into_iter().any(|header| header.synced >= self.next)
    }
}

fn suspect<F>(segment: &Segment<F>, offset: usize, record: u64, why: &'static str) -> WalError {
    WalError::Suspect {
        file: segment.name.clone(),
        offset: offset as u64,
        record,
        why,
    }
}
