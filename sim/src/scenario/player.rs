//! Plays a scenario on a world that somebody else drives: after each event the driver asks what
//! is to be done before the next one.
//!
//! The player changes nothing itself. What it wants done are plain interventions, so a run that a
//! scenario has played is replayed, stepped back and branched like any other.
//!
//! What is expected are its goals (`goals`). A reader may leave steps out: then the story may become
//! another one, and a goal that is not reached was *not seen*; nothing has failed.

mod goals;

use super::command::{Order, Pattern, Verb};
use super::expression::{Expression, Facts};
use super::file::{Ask, File, Fork, Step, When, pieces};
use super::told::Told;
use crate::intervention::Intervention;
use crate::world::World;
use raftwerk_wire::view::ClusterView;
use std::collections::VecDeque;
use std::sync::Arc;

/// How long a step may be waited for, microseconds, if it does not say.
const PATIENCE: u64 = 10_000_000;

/// What the driver does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Do this, at this time, and ask again.
    Act(u64, Intervention),
    /// Let the next event happen, and ask again.
    Step,
    /// Play this branch on a copy of the world, and ask again.
    Fork(Fork),
    /// The scenario is at its end.
    End,
}

/// What a scenario says to its reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A text.
    Say(String),
    /// A question with its choices, in their order.
    Ask(String, Vec<String>),
    /// The right choice of the question asked longest ago, of those without an answer.
    Right(usize),
    /// That question has no answer in this run, since a step was left out.
    NoAnswer,
    /// What was expected, and whether it was seen.
    Goal(String, bool),
}

/// A scenario under way.
#[derive(Clone, Debug)]
pub struct Player {
    file: Arc<File>,
    steps: Arc<Vec<Step>>,
    /// The step that is awaited or under way.
    at: usize,
    /// Its condition has come true.
    begun: bool,
    /// When the step before was over, and how much was told before its commands.
    since: u64,
    since_told: usize,
    orders: VecDeque<Order>,
    /// Messages an order still has to be carried out on.
    targets: VecDeque<(Verb, u64)>,
    rules: Vec<(Verb, Pattern)>,
    /// The last message that the rules have seen.
    ruled: u64,
    asked: Vec<Ask>,
    /// A step was left out: what comes later may be another story.
    strayed: bool,
    told: Told,
    /// The event up to which everything was heard.
    heard: Option<u64>,
    /// Lines of the trace that nobody has taken yet.
    lines: Vec<String>,
    /// The same for what is said.
    notes: Vec<Note>,
}

type Played<T> = Result<T, String>;

impl Player {
    /// A scenario at its start.
    #[must_use]
    pub fn new(file: Arc<File>) -> Player {
        let steps = Arc::new(file.steps.clone());
        Player {
            file,
            steps,
            at: 0,
            begun: false,
            since: 0,
            since_told: 0,
            orders: VecDeque::new(),
            targets: VecDeque::new(),
            rules: Vec::new(),
            ruled: 0,
            asked: Vec::new(),
            strayed: false,
            told: Told::default(),
            heard: None,
            lines: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The same, on a branch: everything known so far, other steps ahead.
    #[must_use]
    pub fn fork(&self, fork: &Fork, world: &World) -> Player {
        let mut branch = self.clone();
        branch.steps = Arc::new(fork.steps.clone());
        (branch.at, branch.begun) = (0, false);
        (branch.since, branch.since_told) = (world.now(), branch.told.len());
        branch.lines.clear();
        branch.notes.clear();
        branch
    }

    /// The lines of the trace since the last call.
    pub fn take_lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }

    /// What was said since the last call.
    pub fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    /// Whether the next step waits for the reader to go on.
    #[must_use]
    pub fn waits_for_reader(&self) -> bool {
        let step = self.steps.get(self.at);
        let when = step.and_then(|step| step.when.as_deref());
        !self.begun && when.is_some_and(|when| When::parse(when) == Ok(When::User))
    }

    /// How many steps there are.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps.len()
    }

    /// Number of the step under way, from 1.
    #[must_use]
    pub fn step(&self) -> usize {
        self.at + 1
    }

    /// What is to be done next. To be called after each event and after each thing done.
    ///
    /// # Errors
    /// An expectation does not hold, a step does not come, or a question has no one answer; in
    /// one sentence with the number of the step.
    pub fn next(&mut self, world: &World) -> Result<Wish, String> {
        self.hear(world);
        let wish = self.wish(world);
        wish.map_err(|why| format!("step {}: {why}", self.step()))
    }

    fn hear(&mut self, world: &World) {
        if self.heard == Some(world.events()) {
            return;
        }
        self.heard = Some(world.events());
        for event in world.fresh_events() {
            let line = self.told.note(event);
            self.lines.push(line.text.clone());
        }
    }

    fn wish(&mut self, world: &World) -> Played<Wish> {
        if let Some(what) = self.rule(world) {
            return Ok(Wish::Act(world.now(), what));
        }
        loop {
            if let Some((verb, id)) = self.targets.pop_front() {
                return Ok(Wish::Act(world.now(), verb.on(id)));
            }
            if let Some(order) = self.orders.pop_front() {
                match self.carry_out(order, world) {
                    Ok(Some(what)) => return Ok(Wish::Act(self.time(world), what)),
                    Ok(None) => {}
                    Err(why) if self.strayed => self.lines.push(format!("> not possible: {why}")),
                    Err(why) => return Err(why),
                }
                continue;
            }
            let Some(step) = self.steps.get(self.at).cloned() else {
                return Ok(Wish::End);
            };
            if self.begun {
                self.finish(&step, world)?;
                if let Some(fork) = step.fork {
                    return Ok(Wish::Fork(fork));
                }
                continue;
            }
            match self.comes(&step, world) {
                Ok(true) => self.begin(&step, world)?,
                Ok(false) => return Ok(Wish::Step),
                // What it waits for was to come of what was left out.
                Err(_) if self.strayed => self.skip(world),
                Err(why) => return Err(why),
            }
        }
    }

    /// What the standing orders say about messages that are new on the way.
    fn rule(&mut self, world: &World) -> Option<Intervention> {
        if self.rules.is_empty() {
            return None;
        }
        for flight in world.peer_flights() {
            if flight.id <= self.ruled {
                continue;
            }
            self.ruled = flight.id;
            let fits =
                |(_, pattern): &&(Verb, Pattern)| pattern.fits(flight.kind, flight.from, flight.to);
            if let Some((verb, _)) = self.rules.iter().find(fits) {
                return Some(verb.on(flight.id));
            }
        }
        None
    }

    /// The time at which orders of the step under way are carried out.
    fn time(&self, world: &World) -> u64 {
        let step = self.steps.get(self.at);
        let when = step.and_then(|step| step.when.as_deref());
        let when = when.and_then(|when| When::parse(when).ok());
        let due = when.and_then(|when| self.due(&when)).unwrap_or(0);
        due.max(world.now())
    }

    fn due(&self, when: &When) -> Option<u64> {
        match when {
            When::At(ms) => Some(ms * 1_000),
            When::After(ms) => Some(self.since + ms * 1_000),
            _ => None,
        }
    }

    fn comes(&self, step: &Step, world: &World) -> Played<bool> {
        let when = step.when.as_deref().map_or(Ok(When::Now), When::parse)?;
        if let Some(due) = self.due(&when) {
            return Ok(world.now() >= due || world.next_time().is_none_or(|next| next > due));
        }
        let comes = match &when {
            When::Event(kind, node, with) => {
                self.told.count_since(self.since_told, kind, *node, with) > 0
            }
            When::Holds(expression) => self.holds(expression, world)?,
            _ => true,
        };
        let limit = step.within.map_or(PATIENCE, |ms| ms * 1_000);
        let over = world
            .next_time()
            .is_none_or(|next| next > self.since + limit);
        if !comes && over {
            let when = step.when.as_deref().unwrap_or_default();
            let ms = limit / 1_000;
            return Err(format!("{when:?} has not come within {ms} ms"));
        }
        Ok(comes)
    }

    fn begin(&mut self, step: &Step, world: &World) -> Played<()> {
        self.begun = true;
        // The next step may wait for what this one's commands lead to at once.
        self.since_told = self.told.len();
        let mut head = format!("== step {}", self.at + 1);
        if let Some(when) = &step.when {
            head.push_str(&format!(": {when}"));
        }
        self.lines.push(head);
        if let Some(key) = &step.say {
            let said = self.quote(key, world)?;
            self.lines.push(format!("\" {said}"));
            self.notes.push(Note::Say(said));
        }
        if let Some(ask) = &step.ask {
            let asked = self.quote(&ask.question, world)?;
            self.lines.push(format!("? {asked}"));
            let choices = ask.choices.iter().map(|one| self.quote(&one.text, world));
            let choices = choices.collect::<Played<Vec<String>>>()?;
            self.notes.push(Note::Ask(asked, choices));
            self.asked.push(ask.clone());
        }
        for order in &step.orders {
            self.orders.push_back(Order::parse(order)?);
        }
        Ok(())
    }

    fn carry_out(&mut self, order: Order, world: &World) -> Played<Option<Intervention>> {
        let meant = |verb: Verb, pattern: &Pattern| -> Vec<u64> {
            // What is held is not held again; what is not held cannot go on.
            let may = |held: bool| match verb {
                Verb::Hold => !held,
                Verb::Release => held,
                _ => true,
            };
            let flights = world.peer_flights().into_iter().filter(|one| may(one.held));
            let fit = flights.filter(|one| pattern.fits(one.kind, one.from, one.to));
            fit.map(|one| one.id).collect()
        };
        match order {
            Order::Act(what) => {
                self.lines.push(format!("> {what}"));
                return Ok(Some(what));
            }
            Order::Each(verb, pattern) | Order::Next(verb, pattern)
                if meant(verb, &pattern).is_empty() =>
            {
                return Err(format!(
                    "there is no {pattern} on the way to {}",
                    verb.name()
                ));
            }
            Order::Each(verb, pattern) => {
                let ids = meant(verb, &pattern);
                self.lines
                    .push(format!("> {} {pattern}: {}", verb.name(), ids.len()));
                self.targets.extend(ids.into_iter().map(|id| (verb, id)));
            }
            Order::Next(verb, pattern) => {
                let first = meant(verb, &pattern).into_iter().next();
                self.lines
                    .push(format!("> {} the next {pattern}", verb.name()));
                self.targets.extend(first.map(|id| (verb, id)));
            }
            Order::Always(verb, pattern) => {
                if self.rules.is_empty() {
                    self.ruled = world.peer_flights().last().map_or(0, |flight| flight.id);
                }
                self.lines
                    .push(format!("> from now on, {} {pattern}", verb.name()));
                self.rules.push((verb, pattern));
            }
            Order::Refused(what) => match world.clone().act(&what) {
                Err(why) => self.lines.push(format!("> {what}; refused: {why}")),
                Ok(()) => return Err(format!("{what}: this was to be refused")),
            },
            Order::Never => {
                self.lines.push("> standing orders end".to_string());
                self.rules.clear();
            }
        }
        Ok(None)
    }

    /// The commands of a step are done: expectations, and answers that are due.
    fn finish(&mut self, step: &Step, world: &World) -> Played<()> {
        for expect in &step.expect {
            self.expect(expect, world)?;
        }
        for ask in self.asked.clone() {
            if step.id.as_deref() == Some(&ask.answer_at) {
                self.answer(&ask, world)?;
            }
        }
        self.since = self.time(world);
        self.at += 1;
        self.begun = false;
        Ok(())
    }

    fn holds(&self, expression: &Expression, world: &World) -> Played<bool> {
        let view = world.view(world.now());
        expression.holds(self.facts(&view))
    }

    fn facts<'a>(&'a self, view: &'a ClusterView) -> Facts<'a> {
        Facts {
            view,
            told: &self.told,
        }
    }

    fn quote(&self, key: &str, world: &World) -> Played<String> {
        let text = self.file.text("en", key).unwrap_or(key);
        let view = world.view(world.now());
        let mut said = String::new();
        for (plain, live) in pieces(text)? {
            said.push_str(plain);
            if let Some(live) = live {
                let value = match live.value(self.facts(&view)) {
                    Ok(value) => value.to_string(),
                    Err(_) if self.strayed => "?".to_string(),
                    Err(why) => return Err(why),
                };
                said.push_str(&value);
            }
        }
        Ok(said)
    }
}
