//! Goals of a scenario: what its steps expect; and steps that a reader leaves out (playground plan 6.2).
//!
//! Guarantees: while nobody leaves a step out, a goal that is not reached ends the run with an error.
//! After that it counts as *not seen*, whether its step was left out or counts on one that was, and
//! so does one whose step does not come; orders that are not possible any more are passed over.

use super::{Ask, Note, Played, Player};
use crate::scenario::expression::Expression;
use crate::world::World;

impl Player {
    /// Leaves out the step that is awaited or under way, with what it would still do, say, ask and
    /// branch to. What a driver was told to do for it, and has not done, is not to be done.
    pub fn skip(&mut self, world: &World) {
        let Some(step) = self.steps.get(self.at).cloned() else {
            return;
        };
        // Also one that does nothing: a later one may count on having waited for it.
        self.strayed = true;
        self.lines
            .push(format!("-- step {} is left out", self.at + 1));
        self.orders.clear();
        self.targets.clear();
        for expect in &step.expect {
            self.goal(expect, false);
        }
        let due = |id: &str| step.id.as_deref() == Some(id);
        for _ in self.asked.iter().filter(|ask| due(&ask.answer_at)) {
            self.notes.push(Note::NoAnswer);
        }
        self.since = world.now();
        self.at += 1;
        self.begun = false;
    }

    /// Whether a step was left out.
    #[must_use]
    pub fn strayed(&self) -> bool {
        self.strayed
    }

    /// One expectation of a step whose commands are done.
    pub(super) fn expect(&mut self, text: &str, world: &World) -> Played<()> {
        let expression = Expression::parse(text)?;
        let seen = match self.holds(&expression, world) {
            // What it asks about may not be there in this story.
            Err(_) if self.strayed => false,
            holds => holds?,
        };
        if !seen && !self.strayed {
            let said = self.sides(&expression, world);
            return Err(format!("expected {text}, but {said}"));
        }
        self.goal(text, seen);
        Ok(())
    }

    /// The run says which answer to a question is right.
    pub(super) fn answer(&mut self, ask: &Ask, world: &World) -> Played<()> {
        let mut right = Vec::new();
        for (at, choice) in ask.choices.iter().enumerate() {
            let holds = match self.holds(&Expression::parse(&choice.right)?, world) {
                Err(_) if self.strayed => false,
                holds => holds?,
            };
            if holds {
                right.push((at, self.quote(&choice.text, world)?));
            }
        }
        let [(at, right)] = right.as_slice() else {
            if self.strayed {
                self.notes.push(Note::NoAnswer);
                return Ok(());
            }
            let question = &ask.question;
            return Err(format!(
                "the question {question:?} has {} right answers in this run; it must have one",
                right.len()
            ));
        };
        self.lines.push(format!("! {right}"));
        self.notes.push(Note::Right(*at));
        Ok(())
    }

    fn goal(&mut self, text: &str, seen: bool) {
        if !seen {
            self.lines.push(format!("- not seen: {text}"));
        }
        self.notes.push(Note::Goal(text.to_string(), seen));
    }

    /// What the sides of a comparison say, for somebody who expected something else.
    fn sides(&self, expression: &Expression, world: &World) -> String {
        let view = world.view(world.now());
        let said = expression.sides(self.facts(&view));
        let ms = world.now() / 1_000;
        format!("{} at {ms} ms", said.join(", "))
    }
}
