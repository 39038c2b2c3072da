//! Reading a log back after any kind of end: what is there, what was torn, what rotted.
//!
//! A record that cannot be read was either never finished (torn: nobody was promised anything)
//! or promised and lost (the node is suspect, trap D3; `rot` tells what is done then). It was
//! promised if the mark file or any later record says that it had been synced, or if a later file
//! exists, which is only begun when everything before is on disk.

use super::chain::Chain;
use super::note::{Found, Note};
use super::scan::{End, Scan, Segment, Stop};
use super::{
    Files, LogFile, MARK, Sizes, State, Wal, WalError, io_error, rot, sync_dir, sync_error,
};
use raftwerk_core::{HardState, Index, Suspicion, Write, WriteSeq};
use raftwerk_wire::record::{self, Kind, Opening, Start};

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
    /// Promised entries could not be read, now or at an earlier start, and the node has not got
    /// them back. The log was cut before them; term and vote are certain.
    Suspect(Suspicion),
}

/// File name of the segment that begins with a record.
#[must_use]
pub fn segment_name(first: u64) -> String {
    format!("log-{first:016x}.rwl")
}

/// The record with which the segment of this name begins, if it is one.
#[must_use]
pub fn segment_number(name: &str) -> Option<u64> {
    let hex = name.strip_prefix("log-")?.strip_suffix(".rwl")?;
    let number = u64::from_str_radix(hex, 16).ok()?;
    // Numbers written in another way make no second name for the same segment.
    (segment_name(number) == name).then_some(number)
}

/// Makes an empty segment; its directory entry is not durable yet.
pub(super) fn create_file<F: Files>(files: &F, first: u64) -> Result<(String, F::File), WalError> {
    let name = segment_name(first);
    let file = files
        .create(&name)
        .map_err(io_error(format!("creating the log file {name}")))?;
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
pub(super) fn read_mark(bytes: &[u8]) -> u64 {
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

pub(super) fn open<F: Files>(
    files: F,
    opening: Opening,
    sizes: Sizes,
) -> Result<(Wal<F>, Recovered), WalError> {
    open_again(files, opening, sizes, false)
}

/// Opens a log, perhaps one that was just cut because it had rotted: then the disk gives back what
/// is left of it, or this is the end.
fn open_again<F: Files>(
    files: F,
    opening: Opening,
    sizes: Sizes,
    was_cut: bool,
) -> Result<(Wal<F>, Recovered), WalError> {
    let names = files
        .names()
        .map_err(io_error("reading the log directory"))?;
    let (mark, marked) = open_mark(&files, &names)?;
    let noted = Note::read(&files, &names)?;
    let segments = read_segments(&files, names)?;
    let mut scan = scan(opening, marked, &segments, noted);
    let end = match scan.run(&segments) {
        Ok(end) => end,
        Err(Stop::Error(error)) => return Err(error),
        Err(Stop::Rot(found)) if was_cut => return Err(found.refusal()),
        Err(Stop::Rot(found)) => {
            let known = (&scan.state, opening, marked);
            rot::repair(&files, segments, &found, known, noted)?;
            return open_again(files, opening, sizes, true);
        }
    };
    if let Some(Found::Note(note)) = noted {
        note.fits(scan.state.hard_state)?;
    }
    let (wal, recovered) = open_good((files, opening, sizes), mark, segments, end, scan)?;
    match noted {
        None => Ok((wal, recovered)),
        Some(noted) => stay_suspect(wal, recovered, noted),
    }
}

/// Ready to read. Where a snapshot covered what the first files held, or all of them were removed
/// because they had rotted, the log begins with another record than the first.
pub(super) fn scan<F>(
    opening: Opening,
    marked: u64,
    files: &[Segment<F>],
    noted: Option<Found>,
) -> Scan {
    let being_cut = matches!(noted, Some(Found::Note(note)) if !note.cut);
    let first = files.first().map(|segment| segment.first);
    let next = match first {
        None if being_cut => marked.saturating_add(1),
        first => first.unwrap_or(1),
    };
    Scan {
        opening,
        marked,
        state: State::default(),
        chain: Chain::default(),
        format: record::FORMAT,
        next,
        fresh: next == 1 || being_cut,
    }
}

/// A log that was cut, now or earlier, and is whole as far as it goes: the suspicion goes on. The
/// first time the log is made to say term and vote again.
fn stay_suspect<F: Files>(
    mut wal: Wal<F>,
    mut recovered: Recovered,
    noted: Found,
) -> Result<(Wal<F>, Recovered), WalError> {
    let state = &mut recovered.state;
    let mut note = match noted {
        Found::Note(note) => note,
        // The note itself has rotted: what was lost nobody can tell, but not more than this.
        Found::Unreadable => Note {
            suspicion: Suspicion {
                from: state.end().next(),
                to: None,
                since: state.hard_state.term,
            },
            hard_state: state.hard_state,
            cut: false,
        },
    };
    if !note.cut {
        wal.append(&[Write {
            seq: WriteSeq(0),
            install: None,
            hard_state: Some(note.hard_state),
            cut_from: None,
            append: [].into(),
            trim_to: None,
            must_sync: true,
        }])?;
        state.hard_state = note.hard_state;
        note.cut = true;
        note.write(&wal.files)?;
    }
    recovered.verdict = Verdict::Suspect(note.suspicion);
    Ok((wal, recovered))
}

/// Opens a log in which every promised record can be read.
fn open_good<F: Files>(
    (files, opening, sizes): (F, Opening, Sizes),
    mark: F::File,
    mut segments: Vec<Segment<F::File>>,
    end: Option<End>,
    scan: Scan,
) -> Result<(Wal<F>, Recovered), WalError> {
    let Scan {
        state,
        next,
        chain,
        format,
        ..
    } = scan;
    let Some(end) = end else {
        // Nothing is there, or only a first file whose first record was never finished.
        remove(&files, segments)?;
        let wal = begin(files, opening, sizes, (mark, next))?;
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
    sync_dir(&files)?;
    let at = record::aligned(end.offset) as u64;
    let mut wal = Wal::assemble(
        files,
        opening,
        sizes,
        (last.name, last.file, at, length),
        next,
        mark,
    );
    (wal.hard_state, wal.end, wal.chain) = (state.hard_state, state.end(), chain);
    // What is written from now on is of this version.
    wal.roll = format != record::FORMAT;
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

/// Begins a log with a record of this number.
fn begin<F: Files>(
    files: F,
    opening: Opening,
    sizes: Sizes,
    (mark, next): (F::File, u64),
) -> Result<Wal<F>, WalError> {
    let (name, file) = create_file(&files, next)?;
    sync_dir(&files)?;
    let mut wal = Wal::assemble(files, opening, sizes, (name, file, 0, 0), next, mark);
    let start = Start {
        opening,
        hard_state: wal.hard_state,
        end: wal.end,
    };
    record::push(&mut wal.buffer, Kind::Open, next, next - 1, &start);
    wal.next += 1;
    wal.chain.begin(wal.name.clone(), wal.end);
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
            hard_state: HardState::default(),
            end: Index(0),
            chain: Chain::default(),
            roll: false,
            low: false,
            ended: false,
        }
    }
}

pub(super) fn read_segments<F: Files>(
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

pub(super) fn verdict<F>(segments: &[Segment<F>], end: &End, state: &State) -> Verdict {
    let cut_at = state.end().next();
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
        .map_err(sync_error(format!("syncing the log file {}", last.name)))?;
    Ok(length as u64)
}
