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
//! | `player`     | step by step                                       |
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
pub use lesson::{Lesson, LessonView, Pace, Question, Standing};
pub use player::{Note, Player, Wish};
pub use told::Told;

use crate::world::World;
use std::sync::Arc;

/// Most events of one scenario with all its forks.
const MAX_EVENTS: u64 = 200_000;

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
    let played = play(&mut world, Player::new(file), &mut trace, "");
    let trace = trace.join("\n") + "\n";
    match played {
        Ok(()) => Ok(trace),
        Err(why) => Err((why, trace)),
    }
}

fn play(
    world: &mut World,
    mut player: Player,
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
                play(&mut world.clone(), branch, trace, &format!("{indent}  "))
                    .map_err(|why| format!("fork {:?}, {why}", fork.name))?;
                trace.push(format!("{indent}-- end of fork {}", fork.name));
            }
            Wish::End => break,
        }
        if let Some(violation) = world.violation() {
            return Err(format!(
                "step {step}: {}: {}",
                violation.check, violation.detail
            ));
        }
        if world.events() > MAX_EVENTS {
            return Err(format!("step {step}: more than {MAX_EVENTS} events"));
        }
    }
    Ok(())
}
