//! Where the live picture stands: now, or at a moment of the last minutes while the cluster runs
//! on. Only looking: nothing of the past can be changed.

use super::fold::Fold;
use crate::action::Action;

/// How far the keys for a small step of time go (microseconds).
const STEP: u64 = 1_000_000;

/// What a journey led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// At another moment, or back at now.
    Elsewhere,
    /// Nowhere; here is why.
    Nowhere(&'static str),
    /// The action is not about time.
    NotTime,
}

/// The moment shown; `None`: now, whenever that is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor(pub Option<u64>);

impl Cursor {
    /// Moves as an action says; `now` is the page's clock.
    pub fn travel(&mut self, action: &Action, fold: &Fold, now: u64) -> Arrived {
        let here = self.0.unwrap_or(now);
        let past = fold.past();
        let any = |_: &_| true;
        let landmark = |event: &raftwerk_wire::view::EventView| event.event.kind.is_landmark();
        let there = match action {
            Action::TogglePlay if self.0.is_some() => return self.follow(),
            Action::Play(true) | Action::End => return self.follow(),
            Action::TogglePlay | Action::Play(false) => Some(here),
            Action::Back => past.step(here, true, any),
            Action::Forward => past.step(here, false, any),
            Action::PreviousLandmark => past.step(here, true, landmark),
            Action::NextLandmark => past.step(here, false, landmark),
            Action::BackTime => Some(here.saturating_sub(STEP)),
            Action::ForwardTime => Some(here.saturating_add(STEP)),
            Action::Start => Some(0),
            Action::Seek(event) => past.find(*event).map(|heard| heard.at),
            Action::SeekTime(moment) => Some(*moment),
            _ => return Arrived::NotTime,
        };
        match there {
            // At the right edge there is nothing more to look at but now.
            Some(there) if there > now => self.follow(),
            Some(there) => {
                self.0 = Some(there.max(past.from().min(now)));
                Arrived::Elsewhere
            }
            None if matches!(action, Action::Seek(_)) => {
                Arrived::Nowhere("This event is not kept any more.")
            }
            None if matches!(action, Action::Forward | Action::NextLandmark) => {
                Arrived::Nowhere("Nothing newer was told of. Space follows the cluster again.")
            }
            None => Arrived::Nowhere("Nothing older is kept."),
        }
    }

    fn follow(&mut self) -> Arrived {
        self.0 = None;
        Arrived::Elsewhere
    }
}
