//! The machine of the paper ([`refine`](crate::refine)) reads random walks through a scope.
//!
//! Each begins where the search does and takes one of the possible steps after the other, drawn from
//! its number, until nothing is left to happen or enough has. It goes far beyond the depth of a
//! search that was cut off. A search that was not has read all that a walk can meet, but from nodes
//! and machines that were kept once and taken for all that look alike (`table`, `reading`); here each
//! walk has its own, so what one is told is what all would have been.
//!
//! What a search looks at after each step is looked at here too.

use super::action::Action;
use super::host::Finding;
use super::judge;
use super::moves::{Came, Moves};
use super::reading;
use super::replay::Replay;
use super::world::World;
use crate::refine::Machine;
use crate::rng::{Purpose, Stream};

/// Most steps of a walk.
const STEPS: usize = 200;

/// What the machine of the paper has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Ways of the search: worlds, told apart also by what the machine knows there.
    pub ways: u64,
    /// Different states of the machine.
    pub machines: usize,
    /// Walks, and the path of a violation.
    pub walks: u64,
    /// Steps of nodes that it read, on ways and walks.
    pub steps: u64,
    /// Events that it allowed.
    pub events: u64,
}

/// A path, and what was found at its end.
pub(crate) type Found = (Vec<Action>, Finding);

/// A reader of one walk.
struct Reader {
    replay: Replay,
    machine: Machine,
}

impl Reader {
    /// At the place where the search begins.
    fn new(moves: &Moves, prelude: &[Action]) -> Result<Reader, Finding> {
        let (replay, first) = Replay::new(&moves.table, moves.scope.nodes);
        let (config, members) = (&moves.table.setting.config, &moves.table.setting.members);
        let leases = config.switches.lease_reads;
        let silence = leases.then_some(config.timing.election_min);
        let machine = Machine::new(members).with_silence(silence);
        let mut reader = Reader { replay, machine };
        reading::read(&mut reader.machine, &first)?;
        for action in prelude {
            reader.follow(moves, *action)?;
        }
        Ok(reader)
    }

    fn follow(&mut self, moves: &Moves, action: Action) -> Result<(), Finding> {
        let events = self.replay.act(&moves.table, action);
        reading::read(&mut self.machine, &events)
    }
}

/// The machine where the search begins.
pub(crate) fn first(moves: &Moves, prelude: &[Action]) -> Result<Machine, Finding> {
    Reader::new(moves, prelude).map(|reader| reader.machine)
}

/// Walks through a scope from the start of its search; the first thing found ends it.
pub(crate) fn walk(
    moves: &mut Moves,
    start: &World,
    prelude: &[Action],
    judged: &mut Coverage,
) -> Option<Found> {
    (0..moves.scope.walks).find_map(|number| one(moves, start, prelude, number, judged).err())
}

/// One walk.
fn one(
    moves: &mut Moves,
    start: &World,
    prelude: &[Action],
    number: u64,
    judged: &mut Coverage,
) -> Result<(), Found> {
    let mut luck = Stream::new(number, Purpose::Walk, 0);
    let mut path = Vec::new();
    let mut reader = Reader::new(moves, prelude).map_err(|found| (Vec::new(), found))?;
    let (mut world, mut after, mut options) = (start.clone(), World::default(), Vec::new());
    moves.options(&world, &mut options);
    while !options.is_empty() && path.len() < STEPS {
        let action = options.swap_remove(luck.below(options.len() as u64) as usize);
        let moved = match moves.act(&world, action, &mut after) {
            Came::Nothing => continue,
            Came::World(moved) => moved,
            Came::Finding(finding) => {
                path.push(action);
                return Err((path, finding));
            }
        };
        path.push(action);
        let sound = moved.map_or(Ok(()), |node| {
            judge::look(&after, &moves.table, &moves.chains, node)
        });
        let read = sound.and_then(|()| reader.follow(moves, action));
        read.map_err(|found| (path.clone(), found))?;
        std::mem::swap(&mut world, &mut after);
        moves.options(&world, &mut options);
    }
    judged.walks += 1;
    judged.steps += path.len() as u64;
    judged.events += reader.machine.accepted() as u64;
    Ok(())
}

/// What the machine says of the way to a violation: how it is broken there, or nothing.
pub(crate) fn read(
    moves: &Moves,
    prelude: &[Action],
    path: &[Action],
    judged: &mut Coverage,
) -> Option<String> {
    let mut accepted = 0;
    let mut follow = || {
        let mut reader = Reader::new(moves, prelude)?;
        for action in path {
            accepted = reader.machine.accepted();
            reader.follow(moves, *action)?;
        }
        accepted = reader.machine.accepted();
        Ok(())
    };
    let told: Result<(), Finding> = follow();
    judged.walks += 1;
    judged.steps += path.len() as u64;
    judged.events += accepted as u64;
    told.err().map(|found| found.detail)
}
