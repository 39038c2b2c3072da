//! The few things the log asks of a file system, and the real one.
//!
//! The log runs on [`Files`] only, so that tests can put a file system underneath that fails,
//! forgets what was not synced and tears what was being written.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// One directory.
pub trait Files: Send + 'static {
    /// One open file.
    type File: LogFile;

    /// Names of all files.
    ///
    /// # Errors
    /// What the operating system says; so everywhere here.
    fn names(&self) -> io::Result<Vec<String>>;

    /// Makes a new empty file; an error when it exists.
    ///
    /// # Errors
    /// See [`Files::names`].
    fn create(&self, name: &str) -> io::Result<Self::File>;

    /// Opens a file for reading and writing.
    ///
    /// # Errors
    /// See [`Files::names`].
    fn open(&self, name: &str) -> io::Result<Self::File>;

    /// Removes a file.
    ///
    /// # Errors
    /// See [`Files::names`].
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Gives a file another name, in place of the one that has it. Not durable before
    /// [`Files::sync_dir`].
    ///
    /// # Errors
    /// See [`Files::names`].
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Makes names that were created, changed or removed durable (trap D4).
    ///
    /// # Errors
    /// See [`Files::names`].
    fn sync_dir(&self) -> io::Result<()>;

    /// Bytes that are free for files here; `None`: that is not known.
    fn room(&self) -> Option<u64>;
}

/// One open file.
pub trait LogFile: Send + 'static {
    /// Reads all of it.
    ///
    /// # Errors
    /// See [`Files::names`].
    fn read(&mut self) -> io::Result<Vec<u8>>;

    /// Writes all bytes at an offset; the file grows as needed.
    ///
    /// # Errors
    /// See [`Files::names`].
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Returns when everything written, and the file's length, is on disk.
    ///
    /// # Errors
    /// See [`Files::names`].
    fn sync(&mut self) -> io::Result<()>;

    /// How many bytes it has.
    ///
    /// # Errors
    /// See [`Files::names`].
    fn length(&self) -> io::Result<u64>;

    /// Cuts the file to a length.
    ///
    /// # Errors
    /// See [`Files::names`].
    fn set_len(&mut self, length: u64) -> io::Result<()>;
}

/// A directory of the real file system.
#[derive(Clone, Debug)]
pub struct DirFiles {
    path: PathBuf,
}

impl DirFiles {
    /// Uses this directory and makes it when it is missing, durably.
    ///
    /// # Errors
    /// See [`Files::names`].
    pub fn new(path: &Path) -> io::Result<DirFiles> {
        if !path.is_dir() {
            std::fs::create_dir_all(path)?;
            if let Some(parent) = path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty())
            {
                File::open(parent)?.sync_all()?;
            }
        }
        Ok(DirFiles {
            path: path.to_path_buf(),
        })
    }
}

impl Files for DirFiles {
    type File = File;

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for found in std::fs::read_dir(&self.path)? {
            names.extend(found?.file_name().into_string());
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(self.path.join(name))
    }

    fn open(&self, name: &str) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.path.join(name))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path.join(name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path.join(from), self.path.join(to))
    }

    fn sync_dir(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    fn room(&self) -> Option<u64> {
        let found = rustix::fs::statvfs(&self.path).ok()?;
        found.f_bavail.checked_mul(found.f_frsize)
    }
}

impl LogFile for File {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        // fdatasync: also writes the length, which is needed to read the data back.
        self.sync_data()
    }

    fn length(&self) -> io::Result<u64> {
        self.metadata().map(|meta| meta.len())
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        File::set_len(self, length)
    }
}
