//! The files that a log consists of, and which of them nobody needs any more (paper 7).
//!
//! Each file says where the log ended when it was begun. Entries that are in the log now and stand
//! behind that place were written to this file or a later one; unless the log was cut below it
//! since, and then the same holds for the place of the cut. So the log can be read from that file
//! on, and gives all entries behind the lowest such place. Files before it may go when a snapshot
//! covers everything up to there.

use raftwerk_core::Index;
use std::collections::VecDeque;

/// The files, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Chain(VecDeque<Part>);

#[derive(Clone, Debug)]
struct Part {
    name: String,
    /// Read from this file on, the log holds the entries after this one.
    base: Index,
}

impl Chain {
    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is just one file.
    pub fn is_first(&self) -> bool {
        self.0.len() == 1
    }

    /// A file is begun where the log ends.
    pub fn begin(&mut self, name: String, end: Index) {
        self.0.push_back(Part { name, base: end });
    }

    /// Everything behind an entry was removed.
    pub fn cut(&mut self, last: Index) {
        for part in &mut self.0 {
            part.base = part.base.min(last);
        }
    }

    /// Everything was removed, and the log goes on behind an entry.
    pub fn restart(&mut self, last: Index) {
        for part in &mut self.0 {
            part.base = last;
        }
    }

    /// The oldest file, if a snapshot that covers everything up to `covered` makes it useless.
    pub fn useless(&self, covered: Index) -> Option<&str> {
        let second = self.0.get(1)?;
        (second.base <= covered).then(|| self.0[0].name.as_str())
    }

    /// The oldest file is gone.
    pub fn drop_oldest(&mut self) {
        self.0.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(ends: &[u64]) -> Chain {
        let mut chain = Chain::default();
        for (at, end) in ends.iter().enumerate() {
            chain.begin(at.to_string(), Index(*end));
        }
        chain
    }

    fn dropped(chain: &mut Chain, covered: u64) -> usize {
        let before = chain.0.len();
        while chain.useless(Index(covered)).is_some() {
            chain.drop_oldest();
        }
        before - chain.0.len()
    }

    #[test]
    fn a_file_goes_when_the_next_one_begins_inside_the_snapshot() {
        let mut log = chain(&[0, 10, 20, 30]);
        assert_eq!(dropped(&mut log, 9), 0);
        assert_eq!(dropped(&mut log, 20), 2);
        assert_eq!(dropped(&mut log, 29), 0);
        assert_eq!(dropped(&mut log, 999), 1, "the last one stays");
    }

    #[test]
    fn what_was_written_again_after_a_cut_is_in_later_files() {
        let mut log = chain(&[0, 10, 20, 30]);
        log.cut(Index(5));
        assert_eq!(dropped(&mut log, 4), 0);
        assert_eq!(dropped(&mut log, 5), 3, "all behind 5 is in the last file");
        let mut log = chain(&[0, 10, 20]);
        log.restart(Index(50));
        assert_eq!(dropped(&mut log, 49), 0);
        assert_eq!(dropped(&mut log, 50), 2);
    }
}
