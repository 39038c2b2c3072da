//! Jumps through a history: by events, by interesting events, to a moment, to another branch.

use super::{Driver, Undo};
use raftwerk_sim::scenario::Pace;

impl Driver {
    /// Back one event.
    pub fn back(&mut self) -> bool {
        let moved = self.history.back();
        self.settle();
        moved
    }

    /// Forward one event.
    pub fn forward(&mut self) -> bool {
        let moved = self.one(u64::MAX) != Pace::Later;
        self.settle();
        moved
    }

    /// To the previous interesting event.
    pub fn previous_landmark(&mut self) -> bool {
        let moved = self.history.previous_landmark();
        self.settle();
        moved
    }

    /// To the next interesting event.
    pub fn next_landmark(&mut self) -> bool {
        let moved = if self.lesson.is_none() {
            self.history.next_landmark()
        } else {
            self.next_of_lesson()
        };
        self.settle();
        moved
    }

    /// To an event number.
    pub fn seek(&mut self, position: u64) {
        self.history.seek(position);
        self.settle();
    }

    /// To the last recorded event of this branch.
    pub fn seek_end(&mut self) {
        let end = self.history.end();
        self.seek(end);
    }

    /// So many microseconds on, or back.
    pub fn shift(&mut self, by: f64) {
        self.play(false);
        self.seek_time((self.playhead + by).max(0.0) as u64);
    }

    /// To a moment of the recorded run; beyond its end by playing on, as far as a frame allows.
    pub fn seek_time(&mut self, time: u64) {
        let position = self.history.position_of_time(time);
        self.history.seek(position);
        self.playhead = time as f64;
        self.run_to(time as f64);
        self.refresh();
    }

    /// Goes to another branch, to its end.
    pub fn switch(&mut self, branch: usize) {
        self.history.switch(branch);
        self.settle();
    }

    /// Goes back to where a branch was begun.
    pub fn undo(&mut self, undo: Undo) {
        self.history.switch(undo.branch);
        self.seek(undo.position);
    }
}
