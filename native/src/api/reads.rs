//! Reads: who serves them, and when they are asked for again.
//!
//! Reads for the leader's store (`read=leader` and `read=lease`) go where every request for the
//! leader goes, by the rule in [`forward`](super::forward). All others are served by the node
//! asked, from its own store, and are passed on to nobody. Its core ends such a read without an
//! answer when the leader it asked was lost meanwhile, or when a majority was silent for too long;
//! neither says that the read cannot be served, so it is asked for again until [`FORWARD`] after
//! the arrival:
//!
//! - at once, since a quorum read needs no leader, and a leader of the *same* term may be known
//!   again: a node that missed a few heartbeats loses its leader without any election;
//! - when a leader is known again, if that is what is missing. A node that knew none at the
//!   arrival says so at once.

use super::forward::{Flow, Tried, refused, trouble};
use super::{Ask, Server};
use crate::limits::{FORWARD, REQUEST};
use crate::node::answer::{Found, Read};
use crate::node::inbox::{Query, Request};
use crate::node::leadership::{self, Leaderships};
use crate::problem::Trouble;
use raftwerk_core::{ReadPath, Refusal};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

impl Server {
    /// Reads; `path` tells how it is proven fresh.
    ///
    /// # Errors
    /// What happened instead.
    pub(super) async fn read(
        &self,
        ask: &Ask,
        path: Option<ReadPath>,
        what: Query,
    ) -> Result<Flow<Found>, Trouble> {
        if !matches!(path, Some(ReadPath::Leader | ReadPath::Lease)) {
            let look = || self.look(path, what.clone());
            return again(self.leader.clone(), look).await.map(Flow::Here);
        }
        let until = Instant::now() + REQUEST;
        let here = || async {
            match timeout_at(until, self.look(path, what.clone())).await {
                Ok(Ok(Read::Found(found))) => Tried::Answered(Ok(found)),
                Ok(Ok(Read::Refused(why))) => refused(why),
                Ok(Err(trouble)) => Tried::Answered(Err(trouble)),
                Err(_) => Tried::Unknown(Trouble::read_timeout()),
            }
        };
        self.carry(ask, here).await
    }

    /// What this node's core says to a read.
    async fn look(&self, path: Option<ReadPath>, what: Query) -> Result<Read, Trouble> {
        let (reply, answer) = oneshot::channel();
        self.hand_over(Request::Read { path, what, reply })?;
        let stopped = || Trouble::later("stopping", "this node stopped; ask another");
        answer.await.map_err(|_| stopped())
    }
}

/// Asks for a read that this node serves or nobody; `look` is one try at its core.
async fn again<F: Future<Output = Result<Read, Trouble>>>(
    mut news: Leaderships,
    look: impl Fn() -> F,
) -> Result<Found, Trouble> {
    let until = Instant::now() + FORWARD;
    // Why the last try ended without an answer.
    let mut ended = None;
    loop {
        let why = match timeout_at(until, look()).await {
            Ok(Ok(Read::Found(found))) => return Ok(found),
            Ok(Ok(Read::Refused(why))) => why,
            Ok(Err(trouble)) => return Err(trouble),
            Err(_) => return Err(ended.unwrap_or_else(Trouble::read_timeout)),
        };
        match why {
            Refusal::LeaderLost | Refusal::TimedOut => {}
            Refusal::NotLeader { .. } if ended.is_some() => {
                let known = timeout_at(until, leadership::known(&mut news)).await;
                known.map_err(|_| trouble(why))?;
            }
            _ => return Err(trouble(why)),
        }
        ended = Some(trouble(why));
    }
}

#[cfg(test)]
mod tests;
