//! Looking at a log that somebody else owns: what a start would find in it, and nothing is changed.

use super::note::{Found, Note};
use super::recover::{Verdict, read_mark, read_segments, scan, verdict};
use super::rot::{certain, note};
use super::scan::{Rot, Stop, is_ours};
use super::{Files, LogFile, MARK, State, WalError, io_error};
use raftwerk_core::{ClusterId, NodeId, Suspicion};
use raftwerk_wire::record::{self, Header, Opening};
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// What a log holds.
#[derive(Debug)]
pub struct Looked {
    /// Whose it is; `None`: there is not one record.
    pub opening: Option<Opening>,
    /// Entries: all of them, or those before the damage. Term and vote: those that a start would go
    /// on with.
    pub state: State,
    /// Its files with their lengths, oldest first.
    pub files: Vec<(String, usize)>,
    /// Records that can be read, in order.
    pub records: u64,
    /// What a start would find at the end.
    pub end: Ending,
    /// The note of an earlier damage whose entries are not back; `Some(None)`: it is damaged itself.
    pub noted: Option<Option<Suspicion>>,
    /// Why a start would refuse the note.
    pub misfit: Option<WalError>,
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
        /// Whether a later record tells term and vote, or the note of an unfinished repair. Else the
        /// node cannot start.
        vouched: bool,
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
    let (end, note) = match scan.run(&segments) {
        Ok(end) => {
            let end = end.map(|end| torn(verdict(&segments, &end, &scan.state)));
            let note = noted.and_then(Found::note);
            (end.unwrap_or(Ending::Clean), note)
        }
        Err(Stop::Error(error)) => return Err(error),
        Err(Stop::Rot(rot)) => {
            let known = certain(&segments, &rot, (&scan.state, ours, marked), noted);
            let note = known.map(|vouched| note(&scan.state, vouched, noted));
            (rotten(rot, note.is_some()), note)
        }
    };
    let misfit = note.and_then(|note| note.fits(scan.state.hard_state).err());
    if let Some(note) = note.filter(|note| !note.cut) {
        // Until the log has been made to say it, the note does.
        scan.state.hard_state = note.hard_state;
    }
    let lengths = segments
        .iter()
        .map(|one| (one.name.clone(), one.bytes.len()));
    Ok(Looked {
        opening,
        files: lengths.collect(),
        records: scan.next - first,
        state: scan.state,
        end,
        noted: noted.map(|found| found.note().map(|note| note.suspicion)),
        misfit,
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

fn rotten(rot: Rot, vouched: bool) -> Ending {
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

#[cfg(test)]
mod tests {
    use super::super::faulty::MemFiles;
    use super::super::{Sizes, Wal, segment_name};
    use super::*;
    use raftwerk_core::{HardState, Index, Term, Write, WriteSeq};

    const OPENING: Opening = Opening {
        format: record::FORMAT,
        cluster: ClusterId(77),
        node: NodeId(1),
    };

    fn voted(term: u64) -> HardState {
        HardState {
            term: Term(term),
            vote: Some(NodeId(2)),
        }
    }

    /// A log in term 5, with its mark.
    fn written() -> MemFiles {
        let files = MemFiles::default();
        let open = || Wal::open(files.clone(), OPENING, Sizes::default()).expect("a good log");
        for term in [4, 5] {
            let (mut wal, _) = open();
            wal.append(&[Write {
                seq: WriteSeq(0),
                install: None,
                hard_state: Some(voted(term)),
                cut_from: None,
                append: [].into(),
                trim_to: None,
                must_sync: true,
            }])
            .expect("no fault");
        }
        drop(open());
        files
    }

    /// A note of a repair that was never finished.
    fn note(term: u64) -> Note {
        Note {
            suspicion: Suspicion {
                from: Index(1),
                to: Some(Index(9)),
                since: Term(term),
            },
            hard_state: voted(term),
            cut: false,
        }
    }

    /// Where no record tells term and vote any more, the note of an unfinished repair does.
    #[test]
    fn d3_an_unfinished_repair_is_seen_as_a_start_would_see_it() {
        let files = written();
        let mut file = files.open(&segment_name(1)).expect("there");
        let first = Header::read(&file.read().expect("no fault")).expect("a record");
        file.set_len(first.record_bytes() as u64).expect("no fault");
        let vouched = |looked: &Looked| match looked.end {
            Ending::Rot { vouched, .. } => vouched,
            _ => panic!("{looked:?}"),
        };
        let looked = look(&files).expect("readable");
        assert!(!vouched(&looked), "nothing tells it");
        let open = || Wal::open(files.clone(), OPENING, Sizes::default());
        assert!(matches!(open(), Err(WalError::Suspect { .. })));

        note(6).write(&files).expect("no fault");
        let looked = look(&files).expect("readable");
        assert!(vouched(&looked) && looked.misfit.is_none());
        assert_eq!(looked.state.hard_state, voted(6));
        let (_, recovered) = open().expect("it is repaired");
        assert_eq!(recovered.state, looked.state);
        let looked = look(&files).expect("readable");
        assert_eq!((looked.end, looked.state), (Ending::Clean, recovered.state));
    }

    /// A log that goes on without being cut is not the one that the note was written beside.
    #[test]
    fn d3_a_note_of_another_log_is_seen_as_a_start_would_see_it() {
        let files = written();
        note(4).write(&files).expect("no fault");
        let looked = look(&files).expect("readable");
        assert!(matches!(looked.misfit, Some(WalError::ForeignNote { .. })));
        let opened = Wal::open(files.clone(), OPENING, Sizes::default());
        assert!(matches!(opened, Err(WalError::ForeignNote { .. })));
        note(5).write(&files).expect("no fault");
        assert!(look(&files).expect("readable").misfit.is_none());
        assert!(Wal::open(files, OPENING, Sizes::default()).is_ok());
    }
}
