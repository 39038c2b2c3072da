//! `POST /v1/chaos`: faults of this node, only when it was started with `--enable-chaos`.
//!
//! A node can stop sending to peers and let its election timer fire. Faults of processes belong
//! to who started them (`raftwerk play`).

use super::{Answer, Ask, Server};
use crate::limits::JSON_BODY_BYTES;
use crate::node::inbox::Urgent;
use crate::problem::Trouble;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, Response, StatusCode};
use raftwerk_wire::observe::Chaos;
use std::sync::Arc;

/// Carries out one fault.
pub async fn chaos(State(server): State<Arc<Server>>, request: Request<Body>) -> Answer {
    if !server.chaos {
        let why = "faults are switched off; start the node with --enable-chaos to allow them";
        return Err(Trouble::new(StatusCode::FORBIDDEN, "chaos_disabled", why));
    }
    let ask = Ask::read(request, JSON_BODY_BYTES).await?;
    let fault: Chaos =
        serde_json::from_slice(&ask.body).map_err(|error| Trouble::bad_fault(&error))?;
    server.carry_out(&fault)?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

impl Server {
    fn carry_out(&self, fault: &Chaos) -> Result<(), Trouble> {
        let me = self.id;
        match fault {
            Chaos::Cut { from, to } => {
                self.known(&[*from, *to])?;
                if *from == me {
                    self.peers.cut(|cuts| {
                        cuts.insert(*to);
                    });
                }
            }
            Chaos::Restore { from, to } => {
                self.known(&[*from, *to])?;
                if *from == me {
                    self.peers.cut(|cuts| {
                        cuts.remove(to);
                    });
                }
            }
            Chaos::Partition { groups } => {
                self.known(&groups.concat())?;
                let mine = |id: &u64| groups.iter().position(|group| group.contains(id));
                let others: Vec<u64> = self
                    .peers
                    .ids()
                    .filter(|id| mine(id) != mine(&me))
                    .collect();
                self.peers.cut(|cuts| *cuts = others.into_iter().collect());
            }
            Chaos::Heal => self.peers.cut(std::collections::BTreeSet::clear),
            Chaos::TimeOut { node } if *node == me => self.inbox.urgent(Urgent::TimeOut),
            Chaos::TimeOut { node } => {
                return Err(Trouble::bad(
                    "wrong_node",
                    format!("this is node {me}, not {node}"),
                ));
            }
            Chaos::Crash { .. }
            | Chaos::Restart { .. }
            | Chaos::Freeze { .. }
            | Chaos::Thaw { .. } => {
                let why = "a node cannot do this to itself; ask the supervisor of raftwerk play";
                return Err(Trouble::bad("not_here", why));
            }
        }
        Ok(())
    }

    fn known(&self, ids: &[u64]) -> Result<(), Trouble> {
        match ids.iter().find(|id| self.url(**id).is_none()) {
            Some(id) => Err(Trouble::bad(
                "unknown_node",
                format!("there is no node {id}"),
            )),
            None => Ok(()),
        }
    }
}
