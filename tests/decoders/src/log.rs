//! A whole log directory as the server reads it back (`raftwerk_native::wal`).
//!
//! The input holds the mark file, the length of the first log file, and both log files. Whatever
//! they hold, opening never panics and either refuses or gives a log that a node can start from,
//! perhaps suspect;
//! what was opened once opens again to the same.

use crate::binary::mend_record;
use crate::meter::bounded;
use raftwerk_core::{ClusterId, LogId, NodeId};
use raftwerk_native::wal::{Files, LogFile, MARK, NOTE, Note, Sizes, Verdict, Wal};
use raftwerk_wire::record::{self, FORMAT, Header, Opening};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

/// Bytes of the mark file.
const MARK_BYTES: usize = 16;

/// Whose log it is.
pub const OPENING: Opening = Opening {
    format: FORMAT,
    cluster: ClusterId(77),
    node: NodeId(1),
};

/// Files small enough that a few writes need two of them.
pub const SIZES: Sizes = Sizes {
    segment: 400,
    growth: 64,
};

type Content = Arc<Mutex<Vec<u8>>>;

/// A directory in memory; clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<BTreeMap<String, Content>>>);

/// An open file of it.
#[derive(Debug)]
pub struct MemoryFile(Content);

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().expect("nothing panics while holding it")
}

impl Files for Memory {
    type File = MemoryFile;

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(lock(&self.0).keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<MemoryFile> {
        let content = Content::default();
        let old = lock(&self.0).insert(name.to_string(), content.clone());
        match old {
            None => Ok(MemoryFile(content)),
            Some(_) => Err(io::ErrorKind::AlreadyExists.into()),
        }
    }

    fn open(&self, name: &str) -> io::Result<MemoryFile> {
        let found = lock(&self.0).get(name).cloned();
        found.map(MemoryFile).ok_or(io::ErrorKind::NotFound.into())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let old = lock(&self.0).remove(name);
        old.map(drop).ok_or(io::ErrorKind::NotFound.into())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let content = lock(&self.0).remove(from);
        let content = content.ok_or(io::Error::from(io::ErrorKind::NotFound))?;
        lock(&self.0).insert(to.to_string(), content);
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        Ok(())
    }

    fn room(&self) -> Option<u64> {
        None
    }
}

impl LogFile for MemoryFile {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        Ok(lock(&self.0).clone())
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut content = lock(&self.0);
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let end = offset + bytes.len();
        let length = content.len().max(end);
        content.resize(length, 0);
        content[offset..end].copy_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(lock(&self.0).len() as u64)
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(io::Error::other)?;
        lock(&self.0).resize(length, 0);
        Ok(())
    }
}

impl Memory {
    fn put(&self, name: &str, bytes: &[u8]) {
        let content = Arc::new(Mutex::new(bytes.to_vec()));
        lock(&self.0).insert(name.to_string(), content);
    }

    /// The directory that an input means.
    #[must_use]
    pub fn of(input: &[u8]) -> Memory {
        let files = Memory::default();
        let (mark, rest) = input.split_at(input.len().min(MARK_BYTES));
        files.put(MARK, mark);
        let (length, rest) = rest.split_at(rest.len().min(4));
        let length = length
            .iter()
            .rev()
            .fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
        let (first, second) = rest.split_at(rest.len().min(length));
        if !first.is_empty() {
            files.put("log-0000000000000001.rwl", first);
        }
        if let Some(header) = Header::read(second) {
            files.put(&format!("log-{:016x}.rwl", header.number), second);
        }
        files
    }

    /// The input that means this directory of at most two log files.
    #[must_use]
    pub fn input(&self) -> Vec<u8> {
        let files = lock(&self.0);
        let content = |name: &String| lock(&files[name]).clone();
        let logs: Vec<Vec<u8>> = files
            .keys()
            .filter(|name| *name != MARK)
            .map(content)
            .collect();
        let mut input = content(&MARK.to_string());
        let first = logs.first().map_or(0, Vec::len) as u32;
        input.extend(first.to_le_bytes());
        logs.iter().for_each(|bytes| input.extend(bytes));
        input
    }
}

/// Makes every sum in a run of records fit; between files there are zeros.
fn mend(mut bytes: &mut [u8]) {
    while bytes.len() >= 8 {
        let length = match bytes[..8] {
            [0, 0, 0, 0, 0, 0, 0, 0] => Some(8),
            _ => mend_record(bytes),
        };
        let Some(length) = length else { break };
        bytes = &mut bytes[length..];
    }
}

/// A log directory.
pub fn log(bytes: &[u8]) -> bool {
    let mut mended = bytes.to_vec();
    if let Some(records) = mended.get_mut(MARK_BYTES + 4..) {
        mend(records);
    }
    let plain = open(bytes);
    open(&mended) || plain
}

fn open(input: &[u8]) -> bool {
    opens(input, Memory::of)
}

/// The note of a suspect node, by itself and beside a log that is whole.
pub fn note(bytes: &[u8]) -> bool {
    let mut mended = bytes.to_vec();
    if let Some((said, sum)) = mended.split_last_chunk_mut::<4>() {
        *sum = record::checksum(said).to_le_bytes();
    }
    let found = [bytes, &mended].map(|bytes| bounded(bytes, 2, Note::decode));
    for note in found.iter().flatten() {
        assert_eq!(Note::decode(&note.bytes()).as_ref(), Some(note));
    }
    let log = crate::samples::whole_log();
    for bytes in [bytes, &mended] {
        opens(bytes, |bytes| {
            let files = Memory::of(&log);
            files.put(NOTE, bytes);
            files
        });
    }
    found[1].is_some()
}

/// Opens the directory that an input means, and again what became of it.
fn opens(input: &[u8], means: impl Fn(&[u8]) -> Memory) -> bool {
    let opened = bounded(input, 400, |input| {
        let files = means(input);
        let found = Wal::open(files.clone(), OPENING, SIZES);
        found.ok().map(|(_, found)| (files, found))
    });
    let Some((files, found)) = opened else {
        return false;
    };
    let mut last = LogId::new(0, found.state.base.0);
    for entry in &found.state.entries {
        assert_eq!(entry.id.index, last.index.next(), "no gap");
        assert!(entry.id.term >= last.term, "terms never fall");
        last = entry.id;
    }
    let Ok((_, again)) = Wal::open(files, OPENING, SIZES) else {
        panic!("what was opened does not open again");
    };
    assert_eq!(again.state, found.state);
    match found.verdict {
        Verdict::Suspect(_) => assert_eq!(again.verdict, found.verdict, "it is not forgotten"),
        _ => assert_eq!(again.verdict, Verdict::Clean, "the torn tail is gone"),
    }
    true
}
