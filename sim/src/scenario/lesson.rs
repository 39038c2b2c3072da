//! A scenario as a lesson: played on a history that its reader steps through (playground plan 6).
//!
//! The lesson drives only the end of its own branch. Going back and forth, looking at another
//! branch, or a hand in the run change nothing of what it has told: what is shown belongs to the
//! place in the history at which it was said.
//!
//! Guarantees: what [`Lesson::advance`] does to the history is what a run without a screen does
//! to its world, event by event; once somebody else has put a hand in at the end of the branch,
//! the lesson does nothing any more and says so.

use super::file::File;
use super::player::{Note, Player, Wish};
use crate::history::History;
use std::sync::Arc;

/// What one step of a lesson came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// An event happened.
    Played,
    /// Something was said or asked, or the reader is waited for; nothing happened yet.
    Told,
    /// The next event lies beyond the time that was allowed.
    Later,
    /// The lesson has nothing to do here: the history may play on by itself.
    Free,
}

/// How a lesson stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Under way.
    Going,
    /// At its end.
    Over,
    /// Somebody took the run into his own hands.
    TakenOver,
    /// It could not go on.
    Stuck(String),
}

/// A question as it stands at a place of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// The choices.
    pub choices: Vec<String>,
    /// What the reader has chosen.
    pub chosen: Option<usize>,
    /// The right one, once the run has shown it.
    pub right: Option<usize>,
    /// The run will not show it, since a step was left out.
    pub unanswered: bool,
}

/// What was expected of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// The question about the run that was to be true.
    pub text: String,
    /// It was; or else the step that was to show it, or one before, was left out.
    pub seen: bool,
}

/// What a lesson shows at a place of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonView {
    /// Its name.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Sections that it shows.
    pub sections: Vec<String>,
    /// The step under way and how many there are.
    pub step: (usize, usize),
    /// What was said last.
    pub text: String,
    /// What was asked last.
    pub question: Option<Question>,
    /// How it stands.
    pub standing: Standing,
    /// Whether the history stands on the lesson's branch.
    pub here: bool,
    /// Names of the other ways that leave at or before this place.
    pub ways: Vec<String>,
    /// What was expected up to this place.
    pub goals: Vec<Goal>,
    /// Whether there is a step here that can be left out.
    pub may_skip: bool,
}

/// Something said, and where.
#[derive(Clone, Debug)]
struct Said {
    position: u64,
    step: usize,
    note: Note,
    /// What the reader chose, of a question.
    chosen: Option<usize>,
}

/// Another way that the story can go.
#[derive(Clone, Debug)]
struct Way {
    name: String,
    branch: usize,
    position: u64,
    player: Player,
}

/// A lesson under way.
#[derive(Clone, Debug)]
pub struct Lesson {
    file: Arc<File>,
    player: Player,
    branch: usize,
    /// What is to be done next, if that is known and not done yet.
    wish: Option<Wish>,
    /// The step before which the reader was waited for last.
    waited: usize,
    said: Vec<Said>,
    ways: Vec<Way>,
    standing: Standing,
}

impl Lesson {
    /// A lesson at its start, with the history that it is played on.
    ///
    /// # Errors
    /// What no world can have; for a file that was read, never.
    pub fn begin(file: Arc<File>) -> Result<(Lesson, History), String> {
        let setup = file.setup().map_err(|why| why.join("; "))?;
        let history = History::new(setup);
        let lesson = Lesson {
            player: Player::new(file.clone()),
            file,
            branch: history.branch(),
            wish: None,
            waited: 0,
            said: Vec::new(),
            ways: Vec::new(),
            standing: Standing::Going,
        };
        Ok((lesson, history))
    }

    /// One event further, if it comes at or before `until` (microseconds).
    pub fn advance(&mut self, history: &mut History, until: u64) -> Pace {
        if self.standing != Standing::Going || history.branch() != self.branch {
            return Pace::Free;
        }
        if history.position() < history.end() {
            return if history.next_time().is_some_and(|next| next <= until) && history.forward() {
                Pace::Played
            } else {
                Pace::Later
            };
        }
        self.at_the_end(history, until)
    }

    /// At the end of the branch: what the scenario wants comes next.
    fn at_the_end(&mut self, history: &mut History, until: u64) -> Pace {
        if self.player.waits_for_reader() && self.waited < self.player.step() {
            self.waited = self.player.step();
            return Pace::Told;
        }
        loop {
            let wish = match self.wish.take() {
                Some(wish) => wish,
                None => match self.ask(history) {
                    Some(wish) => wish,
                    None => return Pace::Free,
                },
            };
            if self.listen(history) {
                self.wish = Some(wish);
                return Pace::Told;
            }
            match wish {
                Wish::Act(at, _) if at > until => {
                    self.wish = Some(wish);
                    return Pace::Later;
                }
                Wish::Act(at, what) => match history.act(what, at) {
                    Ok(()) => return Pace::Played,
                    // What was left out would have made it possible.
                    Err(_) if self.player.strayed() => {}
                    Err(why) => self.standing = Standing::Stuck(why),
                },
                Wish::Step if history.next_time().is_none_or(|next| next > until) => {
                    self.wish = Some(Wish::Step);
                    return Pace::Later;
                }
                Wish::Step if history.forward() => return Pace::Played,
                Wish::Step => {
                    self.standing = Standing::Stuck("nothing is left to happen".to_string());
                }
                Wish::Fork(fork) => self.ways.push(Way {
                    player: self.player.fork(&fork, history.world()),
                    name: fork.name,
                    branch: self.branch,
                    position: history.position(),
                }),
                Wish::End => self.standing = Standing::Over,
            }
            if self.standing != Standing::Going {
                return Pace::Free;
            }
        }
    }

    fn ask(&mut self, history: &History) -> Option<Wish> {
        match self.player.next(history.world()) {
            Ok(wish) => Some(wish),
            Err(why) => {
                self.standing = Standing::Stuck(why);
                None
            }
        }
    }

    /// Takes over what was said; whether there was anything.
    fn listen(&mut self, history: &History) -> bool {
        self.player.take_lines();
        let notes = self.player.take_notes();
        let anything = notes.iter().any(|note| !matches!(note, Note::Goal(..)));
        let (position, step) = (history.position(), self.player.step());
        self.said.extend(notes.into_iter().map(|note| Said {
            position,
            step,
            note,
            chosen: None,
        }));
        anything
    }

    /// The reader leaves out the step that is awaited or under way.
    pub fn skip(&mut self, history: &History) {
        if !self.may_skip(history) {
            return;
        }
        // Another way was offered by the step before; everything else is for the one left out.
        self.wish.take_if(|wish| !matches!(wish, Wish::Fork(_)));
        self.player.skip(history.world());
        self.listen(history);
    }

    fn may_skip(&self, history: &History) -> bool {
        self.standing == Standing::Going
            && history.branch() == self.branch
            && history.position() == history.end()
            && self.player.step() <= self.player.steps()
    }

    /// Somebody has put a hand in. Only at the end of the lesson's branch does that concern it.
    pub fn hand(&mut self, branch: usize) {
        if branch == self.branch && self.standing == Standing::Going {
            self.standing = Standing::TakenOver;
        }
    }

    /// The branch that the lesson is played on.
    #[must_use]
    pub fn branch(&self) -> usize {
        self.branch
    }

    /// The reader chooses an answer to the question last asked at this place.
    pub fn choose(&mut self, history: &History, choice: usize) {
        let position = history.position();
        let question = self
            .said
            .iter_mut()
            .rev()
            .find(|said| said.position <= position && matches!(said.note, Note::Ask(..)));
        if let Some(said) = question {
            said.chosen = Some(choice);
        }
    }

    /// Goes back to where another way leaves, and on along it.
    ///
    /// # Errors
    /// There is no such way, or no room for a branch.
    pub fn take(&mut self, history: &mut History, name: &str) -> Result<(), String> {
        let way = self.ways.iter().find(|way| way.name == name);
        let way = way.ok_or("the story has no such way")?.clone();
        history.switch(way.branch);
        history.seek(way.position);
        history.branch_here()?;
        self.branch = history.branch();
        self.player = way.player;
        (self.wish, self.waited) = (None, 0);
        self.said.retain(|said| said.position <= way.position);
        self.ways
            .retain(|other| other.position <= way.position && other.name != name);
        self.standing = Standing::Going;
        Ok(())
    }

    /// What is shown at the place where the history stands.
    #[must_use]
    pub fn view(&self, history: &History) -> LessonView {
        let here = history.branch() == self.branch;
        let position = if here { history.position() } else { u64::MAX };
        let so_far = || self.said.iter().filter(|said| said.position <= position);
        let text = so_far().rev().find_map(|said| match &said.note {
            Note::Say(text) => Some(text.clone()),
            _ => None,
        });
        let at_end = here && history.position() == history.end();
        let step = match so_far().next_back() {
            _ if at_end || !here => self.player.step(),
            Some(said) => said.step,
            None => 1,
        };
        let steps = self.player.steps();
        LessonView {
            id: self.file.id.clone(),
            title: self
                .file
                .text("en", "title")
                .unwrap_or_default()
                .to_string(),
            sections: self.file.sections.clone(),
            step: (step.min(steps), steps),
            text: text.unwrap_or_default(),
            question: self.question(position),
            standing: self.standing.clone(),
            here,
            ways: self.ways_at(position),
            goals: so_far().filter_map(|said| said.note.goal()).collect(),
            may_skip: self.may_skip(history),
        }
    }

    fn ways_at(&self, position: u64) -> Vec<String> {
        let ways = self.ways.iter().filter(|way| way.position <= position);
        ways.map(|way| way.name.clone()).collect()
    }

    /// The question last asked up to a position, with its answer if that has come.
    fn question(&self, position: u64) -> Option<Question> {
        let mut questions: Vec<Question> = Vec::new();
        for said in self.said.iter().filter(|said| said.position <= position) {
            match &said.note {
                Note::Ask(text, choices) => questions.push(Question {
                    text: text.clone(),
                    choices: choices.clone(),
                    chosen: said.chosen,
                    right: None,
                    unanswered: false,
                }),
                Note::Right(_) | Note::NoAnswer => {
                    let open = |one: &&mut Question| one.right.is_none() && !one.unanswered;
                    match (questions.iter_mut().find(open), &said.note) {
                        (Some(question), Note::Right(right)) => question.right = Some(*right),
                        (Some(question), _) => question.unanswered = true,
                        // The question itself was skipped.
                        (None, _) => {}
                    }
                }
                Note::Say(_) | Note::Goal(..) => {}
            }
        }
        questions.pop()
    }
}

impl Note {
    fn goal(&self) -> Option<Goal> {
        match self {
            Note::Goal(text, seen) => Some(Goal {
                text: text.clone(),
                seen: *seen,
            }),
            _ => None,
        }
    }
}
