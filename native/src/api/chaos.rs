//! `POST /v1/chaos`: faults of this node, only when it was started with `--enable-chaos`.
//!
//! A node can stop sending to peers and let its election timer fire. Faults of processes belong
//! to who started them (`raftwerk play`). With `?everywhere=true` the node passes a fault on to
//! those whom it concerns, so that the page of any node can break the whole cluster.

use super::query::Query;
use super::{Answer, Ask, Server};
use crate::client::{Client, Limits};
use crate::limits::{CHAOS_PASSED_ON, JSON_BODY_BYTES};
use crate::node::inbox::Urgent;
use crate::problem::Trouble;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Bytes;
use raftwerk_wire::client::Problem;
use raftwerk_wire::observe::Chaos;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Carries out one fault.
pub async fn chaos(State(server): State<Arc<Server>>, request: Request<Body>) -> Answer {
    if !server.chaos {
        let why = "faults are switched off; start the node with --enable-chaos to allow them";
        return Err(Trouble::new(StatusCode::FORBIDDEN, "chaos_disabled", why));
    }
    let ask = Ask::read(request, JSON_BODY_BYTES).await?;
    let fault: Chaos =
        serde_json::from_slice(&ask.body).map_err(|error| Trouble::bad_fault(&error))?;
    if Query::parse(ask.query(), &["everywhere"])?.flag("everywhere")? {
        server.spread(&fault, &ask.body).await?;
    } else {
        server.carry_out(&fault)?;
    }
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

    /// Carries out a fault here and at the others whom it concerns.
    async fn spread(&self, fault: &Chaos, body: &Bytes) -> Result<(), Trouble> {
        let only = match fault {
            Chaos::Cut { from, to } | Chaos::Restore { from, to } => {
                self.known(&[*from, *to])?;
                Some(*from)
            }
            Chaos::TimeOut { node } => {
                self.known(&[*node])?;
                Some(*node)
            }
            _ => None,
        };
        let concerns = |id: u64| only.is_none_or(|only| only == id);
        if concerns(self.id) {
            // What it refuses, nobody is asked for.
            self.carry_out(fault)?;
        }
        let mut asked = JoinSet::new();
        for (id, url) in self.known_nodes() {
            if id != self.id && concerns(id) {
                asked.spawn(pass_on(self.client.clone(), id, url, body.clone()));
            }
        }
        let mut missing: Vec<String> = asked.join_all().await.into_iter().flatten().collect();
        if missing.is_empty() {
            return Ok(());
        }
        missing.sort_unstable();
        let why = format!("not everywhere: {}", missing.join("; "));
        Err(Trouble::new(StatusCode::BAD_GATEWAY, "not_everywhere", why))
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

/// Asks another node to do the same; `Some`: why it did not.
async fn pass_on(client: Client, node: u64, url: String, body: Bytes) -> Option<String> {
    let url = format!("{url}/v1/chaos");
    let limits = Limits {
        connect: CHAOS_PASSED_ON,
        total: CHAOS_PASSED_ON,
        ..Limits::default()
    };
    let none = HeaderMap::new();
    let answer = client.request(Method::POST, &url, none, body, limits).await;
    match answer {
        Ok(answer) if answer.status.is_success() => None,
        Ok(answer) => {
            let said = serde_json::from_slice::<Problem>(&answer.body);
            let said = said.map_or_else(|_| answer.status.to_string(), |problem| problem.detail);
            Some(format!("node {node}: {said}"))
        }
        Err(why) => Some(format!("node {node}: {why}")),
    }
}
