//! Scenarios: scripts that are data, lessons of the playground and golden tests at once
//! (core design 4.2 item 2; playground plan 6.2).
//!
//! [`File::read`] checks a file, [`run`] plays it on a world without a screen and returns the
//! whole trace, [`Player`] plays it on a world that somebody else drives. The format is told in
//! docs/scenarios.md; the files lie in `static/scenarios`, each with its trace beside it.
//!
//! | file         | what                                               |
//! |--------------|----------------------------------------------------|
//! | `file`       | what a file holds, and whether it makes sense      |
//! | `command`    | interventions as text                              |
//! | `expression` | questions about a run, in one line                 |
//! | `told`       | trace events as lines                              |
//! | `player`     | step by step; goals, and steps that are left out   |
//! | `lesson`     | on a history that somebody steps through           |

mod command;
mod expression;
mod file;
mod lesson;
mod player;
mod told;

pub use command::{COMMANDS, Line, Order, Pattern, Verb};
pub use expression::{Expression, Facts, Value};
pub use file::{Ask, Choice, File, Fork, Step, Times, When};
pub use lesson::{Goal, Lesson, LessonView, Pace, Question, Standing};
pub use player::{Note, Player, Wish};
pub use told::Told;

use crate::linear::Limit;
use crate::storm::{Effort, Judges, Watch};
use crate::world::World;
use std::sync::Arc;

/// Most events of one scenario with all its forks.
const MAX_EVENTS: u64 = 200_000;

/// Every scenario is judged whole: its trace by the machine of the paper, what its clients were
/// told by the search for an order.
const EFFORT: Effort = Effort {
    order: true,
    refine: true,
    limit: Limit {
        states: 200_000,
        bytes: 32 << 20,
    },
};

/// Plays a scenario to its end, forks first where they leave, and returns its trace.
///
/// # Errors
/// The step that did not go as the scenario says, in one sentence, with the trace up to there.
pub fn run(file: File) -> Result<String, (String, String)> {
    let file = Arc::new(file);
    let setup = file
        .setup()
        .map_err(|why| (why.join("; "), String::new()))?;
    let title = file.text("en", "title").unwrap_or_default();
    let mut trace = vec![format!("{}: {title}", file.id)];
    let mut world = World::traced(&setup);
    let mut judges = Judges::new(&world, &EFFORT);
    judges.look(&mut world);
    let played = play(&mut world, Player::new(file), &mut judges, &mut trace, "");
    let trace = trace.join("\n") + "\n";
    match played {
        Ok(()) => Ok(trace),
        Err(why) => Err((why, trace)),
    }
}

fn play(
    world: &mut World,
    mut player: Player,
    judges: &mut Judges,
    trace: &mut Vec<String>,
    indent: &str,
) -> Result<(), String> {
    loop {
        let wish = player.next(world);
        let lines = player.take_lines();
        trace.extend(lines.iter().map(|line| format!("{indent}{line}")));
        let step = player.step();
        match wish? {
            Wish::Act(at, what) => world
                .act_at(&what, at)
                .map_err(|why| format!("step {step}: {}: {why}", Line(&what)))?,
            Wish::Step => {
                if !world.step() {
                    return Err(format!("step {step}: nothing is left to happen"));
                }
            }
            Wish::Fork(fork) => {
                trace.push(format!("{indent}-- fork {}", fork.name));
                let branch = player.fork(&fork, world);
                let (mut copy, mut seen) = (world.clone(), judges.clone());
                play(&mut copy, branch, &mut seen, trace, &format!("{indent}  "))
                    .map_err(|why| format!("fork {:?}, {why}", fork.name))?;
                trace.push(format!("{indent}-- end of fork {}", fork.name));
            }
            Wish::End => break,
        }
        judges.look(world);
        holds(world, step)?;
        if world.events() > MAX_EVENTS {
            return Err(format!("step {step}: more than {MAX_EVENTS} events"));
        }
    }
    judges.verdict(world);
    holds(world, player.step())
}

fn holds(world: &World, step: usize) -> Result<(), String> {
    match world.violation() {
        None => Ok(()),
        Some(violation) => Err(format!(
            "step {step}: {}: {}",
            violation.check, violation.detail
        )),
    }
}
