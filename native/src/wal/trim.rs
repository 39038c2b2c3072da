//! What leaves the log: files that a snapshot covers, and everything when a snapshot takes its
//! place or is lost (paper 7; traps S3, S4, D3).

use super::note::Note;
use super::{Files, Wal, WalError, io_error, sync_dir};
use raftwerk_core::{Index, LogId, SnapshotMeta, Suspicion, Write, WriteSeq};

/// A file with less in it is not worth being replaced by a new one at a trim.
const LEAST_BYTES: u64 = 64 << 10;

impl<F: Files> Wal<F> {
    /// A snapshot on disk covers everything up to here: files that hold nothing else are removed,
    /// the oldest first, so that what is left is a log at any time. The next write begins a new
    /// file, so that the present one can go at one of the next trims.
    pub(super) fn drop_files(&mut self, covered: Index) -> Result<(), WalError> {
        self.roll |= self.offset >= (self.sizes.segment / 4).min(LEAST_BYTES);
        while let Some(name) = self.chain.useless(covered) {
            let what = format!("removing the log file {name}");
            self.files.remove(name).map_err(io_error(what))?;
            self.sync_dir()?;
            self.chain.drop_oldest();
        }
        Ok(())
    }

    /// The log ends before the snapshot in force does: it goes on behind that.
    ///
    /// # Errors
    /// See [`Wal::append`].
    pub fn restart(&mut self, last: LogId) -> Result<(), WalError> {
        self.append(&[restart(last)])
    }

    /// The snapshot that this log begins behind cannot be read, and no other reaches up to it:
    /// everything is lost, here. Notes that first, then empties the log; its files stay under
    /// names that nobody reads. Says what the node cannot know any more.
    ///
    /// # Errors
    /// See [`Wal::append`].
    pub fn lose_all(&mut self, noted: Option<Suspicion>) -> Result<Suspicion, WalError> {
        let to = noted.map_or(Some(self.end), |old| old.to.map(|to| to.max(self.end)));
        let suspicion = Suspicion {
            from: Index(1),
            to: to.map(|to| to.max(Index(1))),
            since: self.hard_state.term,
        };
        let mut note = Note {
            suspicion,
            hard_state: self.hard_state,
            cut: false,
        };
        note.write(&self.files)?;
        self.keep_files()?;
        self.restart(LogId::ORIGIN)?;
        note.cut = true;
        note.write(&self.files)?;
        Ok(suspicion)
    }

    /// An entry can be read and is of no use: what it holds was damaged before it was written. It and
    /// all behind it are lost, here. Notes that first, keeps what the entry holds, and copies of all
    /// files of the log, under names that nobody reads, then cuts. Says what the node cannot know any more.
    ///
    /// # Errors
    /// See [`Wal::append`].
    ///
    /// # Panics
    /// When the entry is not in the log.
    pub fn lose_from(
        &mut self,
        lost: (Index, &[u8]),
        noted: Option<Suspicion>,
    ) -> Result<Suspicion, WalError> {
        let (from, held) = lost;
        assert!(from <= self.end, "an entry of this log");
        let to = noted.map_or(Some(self.end), |old| old.to.map(|to| to.max(self.end)));
        let suspicion = Suspicion {
            from: noted.map_or(from, |old| old.from.min(from)),
            to,
            since: self.hard_state.term,
        };
        let mut note = Note {
            suspicion,
            hard_state: self.hard_state,
            cut: false,
        };
        note.write(&self.files)?;
        let read = io_error("reading the log directory");
        let names = self.files.names().map_err(read)?;
        super::rot::keep_copy(&self.files, &names, &format!("entry-{}", from.0), held)?;
        // What follows may have been promised as well: whoever restores by hand finds it there.
        self.keep_files()?;
        self.append(&[cut(from)])?;
        note.cut = true;
        note.write(&self.files)?;
        Ok(suspicion)
    }

    /// Copies all files of the log, for whoever wants to look.
    fn keep_files(&self) -> Result<(), WalError> {
        let read = io_error("reading the log directory");
        let names = self.files.names().map_err(read)?;
        for name in names.iter().filter(|name| name.starts_with("log-")) {
            let what = || io_error(format!("keeping {name}"));
            let bytes = super::LogFile::read(&mut self.files.open(name).map_err(what())?);
            super::rot::keep_copy(&self.files, &names, name, &bytes.map_err(what())?)?;
        }
        self.sync_dir()
    }

    pub(super) fn sync_dir(&self) -> Result<(), WalError> {
        sync_dir(&self.files)
    }
}

/// A write that puts a snapshot in the log's place and does nothing else.
fn restart(last: LogId) -> Write {
    let meta = SnapshotMeta {
        last,
        ..SnapshotMeta::default()
    };
    Write {
        install: Some(meta.into()),
        ..nothing()
    }
}

/// A write that removes an entry and all behind it.
fn cut(from: Index) -> Write {
    Write {
        cut_from: Some(from),
        ..nothing()
    }
}

fn nothing() -> Write {
    Write {
        seq: WriteSeq(0),
        install: None,
        hard_state: None,
        cut_from: None,
        append: [].into(),
        trim_to: None,
        must_sync: true,
    }
}
