//! A lesson that plays on the driver's history: it decides which event comes next at its end, and
//! the clock stops where it has something to say.

use super::Driver;
use raftwerk_sim::scenario::{File, Lesson, LessonView, Pace};
use std::sync::Arc;

/// How far the next interesting event of a lesson is looked for (simulated microseconds).
const LANDMARK_LIMIT: u64 = 10_000_000;

impl Driver {
    /// Begins a lesson, keeping speed and the like.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn begin_lesson(&mut self, file: Arc<File>) -> Result<(), String> {
        let (lesson, history) = Lesson::begin(file)?;
        self.restart(history.setup().clone());
        self.history = history;
        self.lesson = Some(lesson);
        self.settle();
        Ok(())
    }

    /// What the lesson under way shows here.
    #[must_use]
    pub fn lesson(&self) -> Option<LessonView> {
        let lesson = self.lesson.as_ref()?;
        Some(lesson.view(&self.history))
    }

    /// Chooses an answer to the question of the lesson.
    pub fn choose_answer(&mut self, choice: usize) {
        if let Some(lesson) = &mut self.lesson {
            lesson.choose(&self.history, choice);
        }
    }

    /// Goes back to where another way of the lesson leaves, and along it.
    ///
    /// # Errors
    /// Why that is not possible.
    pub fn take_way(&mut self, name: &str) -> Result<(), String> {
        if let Some(lesson) = &mut self.lesson {
            lesson.take(&mut self.history, name)?;
        }
        self.settle();
        self.play(true);
        Ok(())
    }

    /// Leaves out the step under way and goes on.
    pub fn skip_step(&mut self) {
        if let Some(lesson) = &mut self.lesson {
            lesson.skip(&self.history);
        }
        self.play(true);
    }

    /// Goes back to the branch of the lesson, to its end.
    pub fn return_to_lesson(&mut self) {
        if let Some(branch) = self.lesson.as_ref().map(Lesson::branch) {
            self.history.switch(branch);
            self.seek_end();
        }
    }

    /// Back to where the lesson said something else, or to its start.
    pub fn back_in_lesson(&mut self) {
        self.play(false);
        let said = |driver: &Driver| driver.lesson().map(|lesson| lesson.text);
        let here = said(self);
        while said(self) == here {
            if !self.history.previous_landmark() {
                self.history.seek(0);
                break;
            }
        }
        self.settle();
    }

    /// The run goes on without its lesson.
    pub fn leave_lesson(&mut self) {
        self.lesson = None;
    }

    /// One event at or before a time, by the lesson if there is one.
    pub(super) fn one(&mut self, until: u64) -> Pace {
        let paced = self.lesson.as_mut();
        match paced.map_or(Pace::Free, |lesson| {
            lesson.advance(&mut self.history, until)
        }) {
            Pace::Free if self.history.run_until(until, 1) == 1 => Pace::Played,
            Pace::Free => Pace::Later,
            pace => pace,
        }
    }

    /// At most so many events at or before a time: how many there were, and whether the lesson
    /// wants to be read.
    pub(super) fn several(&mut self, until: u64, most: u64) -> (u64, bool) {
        if self.lesson.is_none() {
            return (self.history.run_until(until, most), false);
        }
        for played in 0..most {
            match self.one(until) {
                Pace::Played => {}
                pace => return (played, pace == Pace::Told),
            }
        }
        (most, false)
    }

    /// To the next interesting event of a lesson, or to what it says before.
    pub(super) fn next_of_lesson(&mut self) -> bool {
        let until = self.history.now() + LANDMARK_LIMIT;
        loop {
            match self.one(until) {
                Pace::Played if !self.at_landmark() => {}
                pace => return pace != Pace::Later,
            }
        }
    }
}
