//! A run that can be played, stepped back, sought and branched.
//!
//! A position counts events; an intervention is one event. Going to a position takes the
//! nearest snapshot at or before it and plays on from there, which gives the very same world,
//! trace numbers included, because a world is a function of its setup and its interventions.
//! Intervening in the past starts a branch; what was recorded before is kept.
//!
//! Bounded: snapshots are thinned to [`MAX_SNAPSHOT_BYTES`], trace events and marks have limits
//! of their own, a branch ends at [`MAX_POSITION`] and there are at most [`MAX_BRANCHES`].

mod branch;
mod events;
mod look;
mod replay;

use crate::intervention::Intervention;
use crate::setup::Setup;
use crate::timeline::Recorder;
use crate::world::World;
use branch::Branch;

/// Most bytes of all snapshots together, by their own estimate.
pub const MAX_SNAPSHOT_BYTES: u64 = 32 << 20;
/// Most snapshots of one branch.
const MAX_SNAPSHOTS: usize = 512;
/// Most branches; the oldest one that nothing hangs on goes when there would be more.
pub const MAX_BRANCHES: usize = 64;
/// Most events of a run.
pub const MAX_POSITION: u64 = 4_000_000;

/// One line of a run's tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BranchInfo {
    /// Its number.
    pub id: usize,
    /// The branch it leaves; `None` for the first.
    pub parent: Option<usize>,
    /// Where it leaves, as event number.
    pub fork_position: u64,
    /// When it leaves, microseconds.
    pub fork_time: u64,
    /// Number of its last recorded event.
    pub end: u64,
}

/// A recorded run with a place in it.
#[derive(Clone, Debug)]
pub struct History {
    setup: Setup,
    world: World,
    /// In order of number.
    branches: Vec<Branch>,
    current: usize,
    next_branch: usize,
}

impl History {
    /// A new run at its start.
    ///
    /// # Panics
    /// When the setup makes no sense; ask [`Setup::validate`] first if it comes from outside.
    #[must_use]
    pub fn new(setup: Setup) -> History {
        let world = World::traced(&setup);
        let mut root = Branch::new(0, None, &world, Recorder::new(&world));
        world.fresh.iter().for_each(|event| root.events.push(event));
        root.fork_event = 0;
        History {
            setup,
            world,
            branches: vec![root],
            current: 0,
            next_branch: 1,
        }
    }

    // ------------------------------------------------------------------ playing

    /// Plays one event; false when nothing is left to happen or the run is full.
    pub fn forward(&mut self) -> bool {
        if self.position() < self.end() {
            self.replay();
            return true;
        }
        if self.end() >= MAX_POSITION || !self.world.step() {
            return false;
        }
        self.record();
        true
    }

    /// Goes back one event; false at the start.
    pub fn back(&mut self) -> bool {
        let position = self.position();
        if position > 0 {
            self.seek(position - 1);
        }
        position > 0
    }

    /// Goes to a position; beyond the end it stops at the end.
    pub fn seek(&mut self, position: u64) {
        let position = position.min(self.end());
        let here = self.position();
        let base = self.nearest(position);
        let base_at = base.map_or(0, World::events);
        if (here > position || here < base_at)
            && let Some(base) = base
        {
            self.world = base.clone();
        }
        while self.position() < position {
            self.replay();
        }
    }

    /// Plays events with time up to `time`, at most `max_events`; returns how many.
    pub fn run_until(&mut self, time: u64, max_events: u64) -> u64 {
        let mut played = 0;
        while played < max_events && self.next_time().is_some_and(|next| next <= time) {
            if !self.forward() {
                break;
            }
            played += 1;
        }
        played
    }

    /// Intervenes at a time between now and the next event. In the past this starts a branch.
    ///
    /// # Errors
    /// Why it is not possible, in one sentence; then nothing has changed.
    pub fn act(&mut self, what: Intervention, at: u64) -> Result<(), String> {
        let position = self.position();
        if position >= MAX_POSITION {
            return Err(format!(
                "The run is full at {MAX_POSITION} events; start a new one."
            ));
        }
        let at = at.clamp(
            self.now(),
            self.next_time().unwrap_or(u64::MAX - 1).max(self.now()),
        );
        if position < self.end() {
            // Whether it is possible is tried on a copy: a branch is begun only if it is.
            let before = self.world.clone();
            self.world.act_at(&what, at)?;
            let after = std::mem::replace(&mut self.world, before);
            self.branch_here()?;
            self.world = after;
        } else {
            self.world.act_at(&what, at)?;
        }
        let branch = &mut self.branches[self.current];
        branch.timeline.intervention(&self.world, &what);
        branch.acts.insert(position, (at, what));
        self.record();
        Ok(())
    }

    /// Starts a branch here, without doing anything yet.
    ///
    /// # Errors
    /// There are too many branches already.
    pub fn branch_here(&mut self) -> Result<(), String> {
        let room = self.room()?;
        let here = &self.branches[self.current];
        let timeline = here.timeline.until(&self.world);
        let fork = Branch::new(self.next_branch, Some(here.id), &self.world, timeline);
        self.branches.push(fork);
        self.next_branch += 1;
        if let Some(oldest) = room {
            self.branches.remove(oldest);
        }
        self.current = self.branches.len() - 1;
        Ok(())
    }

    /// Plays an event that is recorded already.
    fn replay(&mut self) {
        let position = self.position();
        match self.act_at(position) {
            Some((at, what)) => {
                let done = self.world.act_at(&what, at);
                assert!(
                    done.is_ok(),
                    "what was possible once is possible again: {done:?}"
                );
            }
            None => {
                let stepped = self.world.step();
                assert!(stepped, "what happened once happens again");
            }
        }
    }

    /// Notes the event that has just happened at the end.
    fn record(&mut self) {
        let branch = &mut self.branches[self.current];
        branch.end = self.world.events();
        branch.times.push(self.world.now());
        self.world
            .fresh
            .iter()
            .for_each(|event| branch.events.push(event));
        branch.timeline.after(&self.world);
        if branch.end.is_multiple_of(branch.spacing) {
            branch.snapshot(&self.world);
            self.thin();
        }
    }

    /// Keeps snapshots within their limits.
    fn thin(&mut self) {
        loop {
            let total: u64 = self
                .branches
                .iter()
                .map(|branch| branch.snapshot_bytes)
                .sum();
            let Some(largest) = self.branches.iter_mut().max_by_key(|b| b.snapshot_bytes) else {
                return;
            };
            let many = largest.snapshots.len() > MAX_SNAPSHOTS;
            if (total <= MAX_SNAPSHOT_BYTES && !many) || largest.snapshots.len() <= 8 {
                return;
            }
            largest.thin();
        }
    }

    /// The branch that must go when one more is made: the oldest that nothing hangs on.
    fn room(&self) -> Result<Option<usize>, String> {
        if self.branches.len() < MAX_BRANCHES {
            return Ok(None);
        }
        let here = self.branches[self.current].id;
        let is_parent = |id| self.branches.iter().any(|branch| branch.parent == Some(id));
        let oldest = self
            .branches
            .iter()
            .position(|b| b.id != here && !is_parent(b.id));
        oldest.map(Some).ok_or_else(|| {
            format!("There are {MAX_BRANCHES} branches, each from the last; start a new run.")
        })
    }

    // ------------------------------------------------------------------ the tree

    /// The current branch and its ancestors, each with the last position it counts for.
    fn line(&self) -> impl Iterator<Item = (&Branch, u64)> {
        let first = (&self.branches[self.current], u64::MAX);
        std::iter::successors(Some(first), |(branch, _)| {
            let parent = branch.parent?;
            let at = self.branches.iter().position(|other| other.id == parent)?;
            Some((&self.branches[at], branch.fork))
        })
    }

    fn act_at(&self, position: u64) -> Option<(u64, Intervention)> {
        let (branch, _) = self.line().find(|(branch, _)| position >= branch.fork)?;
        branch.acts.get(&position).cloned()
    }

    fn nearest(&self, position: u64) -> Option<&World> {
        self.line()
            .find_map(|(branch, last)| branch.nearest(position.min(last)))
    }

    /// All branches, oldest first.
    #[must_use]
    pub fn branches(&self) -> Vec<BranchInfo> {
        let info = |branch: &Branch| BranchInfo {
            id: branch.id,
            parent: branch.parent,
            fork_position: branch.fork,
            fork_time: branch.fork_time,
            end: branch.end,
        };
        self.branches.iter().map(info).collect()
    }

    /// Number of the current branch.
    #[must_use]
    pub fn branch(&self) -> usize {
        self.branches[self.current].id
    }

    /// Goes to another branch: to the same position if it has that, else to its end. A number
    /// that does not exist (any more) changes nothing.
    pub fn switch(&mut self, id: usize) {
        let Some(place) = self.branches.iter().position(|branch| branch.id == id) else {
            return;
        };
        let position = self.position();
        self.current = place;
        let target = position.min(self.end());
        if let Some(base) = self.nearest(target) {
            self.world = base.clone();
        }
        self.seek(target);
    }
}
