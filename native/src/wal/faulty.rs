//! A file system in memory for tests: it fails on demand, and forgets or tears what was not
//! synced when it crashes.

use super::{Files, LogFile};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

/// Unit that a crash keeps or loses as a whole.
const SECTOR: usize = 16;

#[derive(Clone, Debug, Default)]
struct Content {
    /// What a crash keeps for certain.
    durable: Vec<u8>,
    /// What a reader sees.
    visible: Vec<u8>,
    /// Ranges that the next sync has to write. A failed sync forgets them, as kernels do: the
    /// bytes are still seen and never written (trap D2).
    dirty: Vec<std::ops::Range<usize>>,
}

#[derive(Debug, Default)]
struct Disk {
    /// Names that are there; a name is durable once the directory was synced.
    visible: BTreeMap<String, Arc<Mutex<Content>>>,
    durable: BTreeMap<String, Arc<Mutex<Content>>>,
    /// Calls that change something, so far.
    calls: u64,
    /// The call that fails, if any; it has a partial effect.
    fail_at: Option<u64>,
    /// Most bytes that all files may have together.
    space: Option<u64>,
}

/// The directory; clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct MemFiles(Arc<Mutex<Disk>>);

/// An open file of it.
#[derive(Debug)]
pub struct MemFile {
    disk: MemFiles,
    content: Arc<Mutex<Content>>,
}

/// What a crash does to bytes that were written and not synced.
#[derive(Clone, Copy, Debug)]
pub enum Crash {
    /// Nothing: only the process died. What a failed sync left unwritten still looks written.
    Process,
    /// All are lost.
    Lose,
    /// Each sector, length and name is kept or lost by the bits of this number.
    Tear(u64),
}

impl MemFiles {
    fn lock(&self) -> MutexGuard<'_, Disk> {
        self.0
            .lock()
            .expect("no test thread panics while holding it")
    }

    /// Lets one call fail: the one after this many more.
    pub fn fail_after(&self, calls: u64) {
        let mut disk = self.lock();
        disk.fail_at = Some(disk.calls + calls);
    }

    /// Only so many bytes fit in all files together; `None`: no bound.
    pub fn set_space(&self, bytes: Option<u64>) {
        self.lock().space = bytes;
    }

    /// Bytes of all files together.
    pub fn used(&self) -> u64 {
        let contents: Vec<_> = self.lock().visible.values().cloned().collect();
        let length = |content: &Arc<Mutex<Content>>| {
            content.lock().expect("not poisoned").visible.len() as u64
        };
        contents.iter().map(length).sum()
    }

    /// Calls so far that changed something.
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    fn call(&self) -> io::Result<()> {
        let mut disk = self.lock();
        let failing = disk.fail_at == Some(disk.calls);
        disk.calls += 1;
        if failing {
            Err(io::Error::other("the test wants this call to fail"))
        } else {
            Ok(())
        }
    }

    /// What is on disk after a crash, as a new file system.
    pub fn crash(&self, how: Crash) -> MemFiles {
        let mut random = Bits(match how {
            Crash::Tear(seed) => seed.wrapping_mul(2).wrapping_add(1),
            _ => 1,
        });
        let disk = self.lock();
        let mut after = Disk::default();
        let mut names: Vec<&String> = disk.visible.keys().chain(disk.durable.keys()).collect();
        names.sort();
        names.dedup();
        for name in names {
            let (now, safe) = (disk.visible.get(name), disk.durable.get(name));
            let keep_now = match how {
                Crash::Process => true,
                Crash::Lose => false,
                Crash::Tear(_) => random.bit(),
            };
            let Some(content) = (if keep_now { now } else { safe }) else {
                continue;
            };
            let content = content.lock().expect("not poisoned");
            let bytes = match how {
                Crash::Process => content.visible.clone(),
                Crash::Lose => content.durable.clone(),
                Crash::Tear(_) => torn(&content, &mut random),
            };
            let mut content = content.clone();
            if !matches!(how, Crash::Process) {
                (content.durable, content.dirty) = (bytes.clone(), Vec::new());
            }
            content.visible = bytes;
            after
                .visible
                .insert(name.clone(), Arc::new(Mutex::new(content)));
        }
        after.space = disk.space;
        after.durable.clone_from(&after.visible);
        MemFiles(Arc::new(Mutex::new(after)))
    }

    /// The visible bytes of a file.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        self.lock().visible[name]
            .lock()
            .expect("not poisoned")
            .visible
            .clone()
    }

    /// Replaces the bytes of a file, durably.
    pub fn set_bytes(&self, name: &str, bytes: Vec<u8>) {
        let disk = self.lock();
        let mut content = disk.visible[name].lock().expect("not poisoned");
        content.durable.clone_from(&bytes);
        content.visible = bytes;
    }
}

/// Keeps or loses each sector that differs, and the length.
fn torn(content: &Content, random: &mut Bits) -> Vec<u8> {
    let (old, new) = (&content.durable, &content.visible);
    let length = if random.bit() { new.len() } else { old.len() };
    let mut bytes = vec![0; length];
    for start in (0..length).step_by(SECTOR) {
        let from = if random.bit() { new } else { old };
        let end = (start + SECTOR).min(length);
        for (at, byte) in (start..end).zip(&mut bytes[start..end]) {
            *byte = from.get(at).or(old.get(at)).copied().unwrap_or(0);
        }
    }
    bytes
}

/// A small generator (splitmix), good enough for coins.
struct Bits(u64);

impl Bits {
    fn bit(&mut self) -> bool {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 40) & 1 == 1
    }
}

impl Files for MemFiles {
    type File = MemFile;

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.lock().visible.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<MemFile> {
        self.call()?;
        let content = Arc::new(Mutex::new(Content::default()));
        let earlier = self
            .lock()
            .visible
            .insert(name.to_string(), Arc::clone(&content));
        assert!(earlier.is_none(), "{name} exists");
        Ok(MemFile {
            disk: self.clone(),
            content,
        })
    }

    fn open(&self, name: &str) -> io::Result<MemFile> {
        let content = Arc::clone(&self.lock().visible[name]);
        Ok(MemFile {
            disk: self.clone(),
            content,
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.call()?;
        self.lock()
            .visible
            .remove(name)
            .map(drop)
            .ok_or_else(|| io::Error::other("no such file"))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.call()?;
        let mut disk = self.lock();
        let content = disk.visible.remove(from);
        let content = content.ok_or_else(|| io::Error::other("no such file"))?;
        disk.visible.insert(to.to_string(), content);
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.call()?;
        let mut disk = self.lock();
        disk.durable = disk.visible.clone();
        Ok(())
    }

    fn room(&self) -> Option<u64> {
        let space = self.lock().space?;
        Some(space.saturating_sub(self.used()))
    }
}

impl MemFile {
    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().expect("not poisoned")
    }
}

impl LogFile for MemFile {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.content().visible.clone())
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut result = self.disk.call();
        let end = offset + bytes.len() as u64;
        let more = end.saturating_sub(self.content().visible.len() as u64);
        if result.is_ok() && self.disk.room().is_some_and(|room| room < more) {
            result = Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        // A failed write may have done half of its work.
        let done = if result.is_ok() {
            bytes.len()
        } else {
            bytes.len() / 2
        };
        let offset = usize::try_from(offset).expect("small");
        let mut content = self.content();
        let end = content.visible.len().max(offset + done);
        content.visible.resize(end, 0);
        content.visible[offset..offset + done].copy_from_slice(&bytes[..done]);
        content.dirty.push(offset..offset + done);
        result
    }

    fn sync(&mut self) -> io::Result<()> {
        let result = self.disk.call();
        let mut content = self.content();
        let dirty = std::mem::take(&mut content.dirty);
        if result.is_ok() {
            let Content {
                durable, visible, ..
            } = &mut *content;
            durable.resize(visible.len(), 0);
            for range in dirty {
                let range = range.start..range.end.min(visible.len());
                durable[range.clone()].copy_from_slice(&visible[range]);
            }
        }
        result
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.content().visible.len() as u64)
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.disk.call()?;
        self.content()
            .visible
            .resize(usize::try_from(length).expect("small"), 0);
        Ok(())
    }
}
