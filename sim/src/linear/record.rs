//! Writes down what the clients of a world ask and are told, for [`check`](super::check).
//!
//! It only looks, after every event: the world does not change and remembers nothing for it.

use super::{Action, Operation, Outcome, Told};
use crate::clients::{Client, Ending, Finished};
use crate::world::World;

/// What was asked and told so far.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    history: Vec<Operation>,
    /// For each client when its newest operation began and ended.
    newest: Vec<Option<(u64, u64)>>,
}

impl Recorder {
    /// Looks at the clients; to be called after every event.
    ///
    /// # Panics
    /// If a write was told what is no answer to it.
    pub fn look(&mut self, world: &World) {
        self.newest.resize(world.clients.len(), None);
        for (newest, client) in self.newest.iter_mut().zip(&world.clients) {
            let Some(done) = client.done.back() else {
                continue;
            };
            let times = Some((done.started, done.ended));
            if *newest != times {
                *newest = times;
                self.history.extend(operation(client, done));
            }
        }
    }

    /// All of it, with what clients still wait for as unknown.
    #[must_use]
    pub fn history(&self, world: &World) -> Vec<Operation> {
        let mut history = self.history.clone();
        for client in &world.clients {
            let Some(current) = &client.current else {
                continue;
            };
            history.extend(Action::of(&current.op).map(|action| Operation {
                client: client.id,
                key: current.op.key().as_bytes().into(),
                action,
                called: current.started,
                outcome: Outcome::Unknown,
            }));
        }
        history
    }
}

fn operation(client: &Client, done: &Finished) -> Option<Operation> {
    let action = Action::of(&done.op)?;
    let answered = |told| Outcome::Answered {
        at: done.ended,
        told,
    };
    let outcome = match &done.ending {
        Ending::Unknown(_) => Outcome::Unknown,
        Ending::Failed(_) => Outcome::Failed,
        Ending::Read { item, .. } => answered(Told::read(item.as_ref())),
        Ending::Written(answer) => {
            let told = Told::written(&action, answer);
            answered(told.expect("a write is answered as a write"))
        }
    };
    Some(Operation {
        client: client.id,
        key: done.op.key().as_bytes().into(),
        action,
        called: done.started,
        outcome,
    })
}
