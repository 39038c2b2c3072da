//! Looking at a log that somebody else owns: what a start would find in it, and nothing is changed.

use super::note::{Found, Note};
use super::recover::{Verdict, read_mark, read_segments, scan, verdict};
use super::rot::vouch;
use super::scan::{Rot, Stop, is_ours};
use super::{Files, LogFile, MARK, State, WalError, io_error};
use raftwerk_core::{ClusterId, HardState, NodeId, Suspicion};
use raftwerk_wire::record::{self, Header, Opening};
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// What a log holds.
#[derive(Clone, Debug)]
pub struct Looked {
    /// Whose it is; `None`: there is not one record.
    pub opening: Option<Opening>,
    /// Term, vote and entries: all of them, or those before the damage.
    pub state: State,
    /// Its files with their lengths, oldest first.
    pub files: Vec<(String, usize)>,
    /// Records that can be read, in order.
    pub records: u64,
    /// What a start would find at the end.
    pub end: Ending,
    /// The note of an earlier damage whose entries are not back; `Some(None)`: it is damaged itself.
    pub noted: Option<Option<Suspicion>>,
}

/// How a log ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With its last record.
    Clean,
    /// In the middle of a write that nobody was promised.
    Torn {
        /// In which file.
        file: String,
        /// From which byte on.
        offset: u64,
        /// How many bytes are of no use.
        bytes: u64,
    },
    /// With a record that was promised and cannot be read.
    Rot {
        /// In which file.
        file: String,
        /// At which byte.
        offset: u64,
        /// The number of the record.
        record: u64,
        /// What is wrong.
        why: &'static str,
        /// Term and vote as a later record tells them; `None`: the node cannot start.
        vouched: Option<HardState>,
    },
}

/// Looks at the log in a directory.
///
/// # Errors
/// It cannot be read, or it is of another version.
pub fn look<F: Files>(files: &F) -> Result<Looked, WalError> {
    let names = files
        .names()
        .map_err(io_error("reading the log directory"))?;
    let marked = match names.iter().any(|name| name == MARK) {
        true => {
            let read = files.open(MARK).and_then(|mut file| file.read());
            read_mark(&read.map_err(io_error(format!("reading {MARK}")))?)
        }
        false => 0,
    };
    let noted = Note::read(files, &names)?;
    let segments = read_segments(files, names)?;
    let opening = segments.iter().find_map(|segment| opening(&segment.bytes));
    let ours = opening.unwrap_or_else(nobodys);
    if !is_ours(ours, ours) {
        return Err(WalError::Foreign { found: ours });
    }
    let mut scan = scan(ours, marked, &segments, noted);
    let first = scan.next;
    let end = match scan.run(&segments) {
        Ok(None) => Ending::Clean,
        Ok(Some(end)) => torn(verdict(&segments, &end, &scan.state)),
        Err(Stop::Error(error)) => return Err(error),
        Err(Stop::Rot(rot)) => {
            let before = scan.state.hard_state.term;
            let vouched = vouch(&segments, &rot, ours, marked).map(|vouched| vouched.hard_state);
            rotten(rot, vouched.filter(|later| later.term >= before))
        }
    };
    let lengths = segments
        .iter()
        .map(|one| (one.name.clone(), one.bytes.len()));
    Ok(Looked {
        opening,
        files: lengths.collect(),
        records: scan.next - first,
        state: scan.state,
        end,
        noted: noted.map(|found| match found {
            Found::Note(note) => Some(note.suspicion),
            Found::Unreadable => None,
        }),
    })
}

fn torn(verdict: Verdict) -> Ending {
    match verdict {
        Verdict::TornTail {
            file,
            offset,
            bytes,
            ..
        } => Ending::Torn {
            file,
            offset,
            bytes,
        },
        Verdict::Clean | Verdict::Suspect(_) => Ending::Clean,
    }
}

fn rotten(rot: Rot, vouched: Option<HardState>) -> Ending {
    Ending::Rot {
        file: rot.file,
        offset: rot.offset as u64,
        record: rot.record,
        why: rot.why,
        vouched,
    }
}

/// Whose log a file belongs to, by its first record.
fn opening(bytes: &[u8]) -> Option<Opening> {
    let body = Header::read(bytes)?.body(bytes)?;
    record::read_start(body).map(|(opening, _)| opening)
}

/// Where there is no record, none is compared with it.
fn nobodys() -> Opening {
    Opening {
        format: record::FORMAT,
        cluster: ClusterId(0),
        node: NodeId(0),
    }
}

/// A directory that is read and never changed.
#[derive(Clone, Debug)]
pub struct ReadOnly(pub PathBuf);

impl ReadOnly {
    fn refused<T>() -> io::Result<T> {
        Err(io::Error::from(io::ErrorKind::ReadOnlyFilesystem))
    }
}

impl Files for ReadOnly {
    type File = ReadFile;

    /// A directory that is not there has no files.
    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        let listed = match std::fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
            listed => listed?,
        };
        for found in listed {
            names.extend(found?.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }

    fn create(&self, _: &str) -> io::Result<ReadFile> {
        ReadOnly::refused()
    }

    fn open(&self, name: &str) -> io::Result<ReadFile> {
        File::open(self.0.join(name)).map(ReadFile)
    }

    fn remove(&self, _: &str) -> io::Result<()> {
        ReadOnly::refused()
    }

    fn rename(&self, _: &str, _: &str) -> io::Result<()> {
        ReadOnly::refused()
    }

    fn sync_dir(&self) -> io::Result<()> {
        ReadOnly::refused()
    }

    fn room(&self) -> Option<u64> {
        None
    }
}

/// A file of it.
#[derive(Debug)]
pub struct ReadFile(File);

impl LogFile for ReadFile {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn write_at(&mut self, _: u64, _: &[u8]) -> io::Result<()> {
        ReadOnly::refused()
    }

    fn sync(&mut self) -> io::Result<()> {
        ReadOnly::refused()
    }

    fn length(&self) -> io::Result<u64> {
        self.0.metadata().map(|meta| meta.len())
    }

    fn set_len(&mut self, _: u64) -> io::Result<()> {
        ReadOnly::refused()
    }
}
