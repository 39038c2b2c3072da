//! `/v1/cluster/members` and `/v1/cluster/transfer`: the members, and who leads them.
//!
//! Changes go to the leader by the one rule of `forward`. Whoever is added enters as a learner;
//! what is asked for twice is done once, the second answer is that of the first.

use super::forward::Flow;
use super::{Answer, Ask, Server, json, stamped};
use crate::limits::{HEALTH, JSON_BODY_BYTES};
use crate::node::inbox::{Order, Urgent};
use crate::node::members::Senseless;
use crate::node::{MAX_NODE_ID, PeerUrl};
use crate::problem::Trouble;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use raftwerk_core::{Abort, Members, NodeId, Outcome};
use raftwerk_wire::client::{MemberChange, MemberList, TransferTo, Transferred};
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// `GET /v1/cluster/members`: as the node asked knows them.
pub async fn list(State(server): State<Arc<Server>>) -> Answer {
    let (reply, answer) = oneshot::channel();
    server.inbox.urgent(Urgent::Status(reply));
    let Ok(Ok(mut status)) = timeout(HEALTH, answer).await else {
        let why = "the node does not answer: it is overloaded, its disk hangs, or it has stopped";
        return Err(Trouble::later("unhealthy", why));
    };
    server.fill_in(&mut status.members);
    let list = MemberList {
        leader: status.leader,
        members: status.members,
    };
    let response = json(StatusCode::OK, &list);
    Ok(stamped(response, server.id, status.term, status.revision))
}

/// `POST /v1/cluster/members`.
pub async fn change(State(server): State<Arc<Server>>, request: Request<Body>) -> Answer {
    let ask = Ask::read(request, JSON_BODY_BYTES).await?;
    let change = serde_json::from_slice(&ask.body).map_err(|error| {
        let like = r#"{"do":"add","id":4,"url":"http://host:port"}, {"do":"promote","id":4}, {"do":"demote","id":4}, {"do":"remove","id":4} or {"do":"replace","id":2,"by":4}"#;
        Trouble::bad(
            "bad_change",
            format!("this is no change of members: {error}; it looks like {like}"),
        )
    })?;
    server.change(&ask, change).await
}

/// `DELETE /v1/cluster/members/{id}`.
pub async fn remove(State(server): State<Arc<Server>>, request: Request<Body>) -> Answer {
    let ask = Ask::read(request, JSON_BODY_BYTES).await?;
    let id = ask.path().rsplit('/').next().and_then(|id| id.parse().ok());
    let Some(id) = id else {
        return Err(Trouble::bad("bad_node", "a node id is a number"));
    };
    server.change(&ask, MemberChange::Remove { id }).await
}

/// `POST /v1/cluster/transfer`: with `{"to":2}`, or `{}` for whom the leader thinks best.
pub async fn transfer(State(server): State<Arc<Server>>, request: Request<Body>) -> Answer {
    let ask = Ask::read(request, JSON_BODY_BYTES).await?;
    let body: &[u8] = if ask.body.is_empty() {
        b"{}"
    } else {
        &ask.body
    };
    let TransferTo { to } = serde_json::from_slice(body).map_err(|error| {
        let detail = format!(r#"this names no node: {error}; it looks like {{"to":2}}"#);
        Trouble::bad("bad_transfer", detail)
    })?;
    match server.order(&ask, Order::Transfer(to)).await? {
        Flow::There(response) => Ok(response),
        Flow::Here((Outcome::HandedOver(leader), _, term)) => {
            let answer = json(StatusCode::OK, &Transferred { leader: leader.0 });
            Ok(stamped(answer, server.id, term, 0))
        }
        Flow::Here((outcome, _, _)) => Err(not_done(outcome)),
    }
}

impl Server {
    async fn change(self: &Arc<Self>, ask: &Ask, change: MemberChange) -> Answer {
        self.check(&change)?;
        match self.order(ask, Order::Change(change)).await? {
            Flow::There(response) => Ok(response),
            Flow::Here((Outcome::Committed(_), members, term)) => {
                let list = self.told(&members);
                let response = json(StatusCode::OK, &list);
                Ok(stamped(response, self.id, term, 0))
            }
            Flow::Here((outcome, _, _)) => Err(not_done(outcome)),
        }
    }

    /// What can be wrong with a change whatever the members are. A new node's URL is learned.
    fn check(&self, change: &MemberChange) -> Result<(), Trouble> {
        let (MemberChange::Add { id, .. }
        | MemberChange::Promote { id }
        | MemberChange::Demote { id }
        | MemberChange::Remove { id }
        | MemberChange::Replace { id, .. }) = change;
        if *id == 0 || *id > MAX_NODE_ID {
            let why = format!("a node id is a number from 1 to {MAX_NODE_ID}");
            return Err(Trouble::bad("bad_node", why));
        }
        let MemberChange::Add { id, url } = change else {
            return Ok(());
        };
        let url = PeerUrl::parse(url).map_err(|why| Trouble::bad("bad_url", why))?;
        if let Some(known) = self.url(*id).filter(|known| *known != url.to_string()) {
            let why = format!(
                "node {id} is known, and it is reached at {known}; a new node gets an id that was \
                 never used"
            );
            return Err(Trouble::new(StatusCode::CONFLICT, "id_in_use", why));
        }
        let learned = self.peers.learn(*id, &url);
        learned.map_err(|why| Trouble::later("overloaded", why))
    }

    /// Members as they are told.
    fn told(&self, members: &Members) -> MemberList {
        let mut list = crate::node::report::member_list(members);
        self.fill_in(&mut list);
        let leader = self.leader.borrow().leader;
        MemberList {
            leader,
            members: list,
        }
    }
}

/// A change or a transfer that was given up.
fn not_done(outcome: Outcome) -> Trouble {
    match outcome {
        Outcome::Aborted(Abort::NotCaughtUp(NodeId(node))) => {
            let why = format!(
                "node {node} does not keep up or does not answer, so it was not made a voter; it \
                 may be a learner now"
            );
            Trouble::new(StatusCode::CONFLICT, "not_caught_up", why)
        }
        Outcome::Aborted(Abort::TimeLimit) => Trouble::later(
            "time_limit",
            "the node named did not take over in time; the leader is the same, try again",
        ),
        Outcome::Aborted(Abort::TargetGone) => {
            let why = "the node named is no voter any more; the leader is the same";
            Trouble::new(StatusCode::CONFLICT, "not_voter", why)
        }
        Outcome::Aborted(Abort::TargetSuspect) => Trouble::later(
            "suspect",
            "the log of the node named has rotted; the leader is the same",
        ),
        Outcome::Aborted(Abort::LeadershipLost) | Outcome::Lost => Trouble::later(
            "leader_lost",
            "the leader changed before the change began, nothing was done; try again",
        ),
        _ => Trouble::change_unknown("leadership was lost while it was under way"),
    }
}

/// A change that makes no sense for the members there are.
pub(super) fn senseless(why: Senseless) -> Trouble {
    let detail = match why {
        Senseless::NoMember(id) => {
            let why = format!("there is no member {id}; add it first");
            return Trouble::new(StatusCode::NOT_FOUND, "unknown_member", why);
        }
        Senseless::NoLearner(id) => format!("node {id} is no learner; add it first"),
        Senseless::NoVoter(id) => format!("node {id} does not vote"),
        Senseless::LastVoter(id) => format!("node {id} is the only voter; nobody would vote"),
    };
    Trouble::new(StatusCode::CONFLICT, "not_possible", detail)
}
