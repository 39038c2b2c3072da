//! `POST /v1/chaos` of the supervisor: real faults on real processes.
//!
//! What concerns a process (crash, restart, freeze, thaw) is done with signals; what concerns
//! links and timers is passed to the nodes that carry it out. Cuts are remembered: a node that
//! was down or frozen is brought up to them when it answers again. Guarantees: the answer says
//! what was done and what is still to come; nothing is told as done that was not.

use super::cuts::{Cuts, Orders, PartitionError, partition};
use super::fleet::{Cannot, Fleet};
use super::say;
use crate::client::{Client, Limits};
use crate::intake;
use crate::limits::JSON_BODY_BYTES;
use crate::problem::Trouble;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use raftwerk_wire::client::Problem;
use raftwerk_wire::observe::Chaos;
use raftwerk_wire::view::NodeCondition;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinSet;

/// A node carries out an order within this time.
const ORDER: Duration = Duration::from_secs(2);
/// A node that was started answers within this time.
const START: Duration = Duration::from_secs(30);

/// Where faults are asked for.
#[derive(Clone)]
pub struct Desk {
    fleet: Arc<Fleet>,
    client: Client,
    cuts: Arc<Mutex<Cuts>>,
}

/// The answer.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Done {
    /// What was done, a sentence each.
    done: Vec<String>,
    /// What is done as soon as a node can do it.
    pending: Vec<String>,
}

/// `POST /v1/chaos`.
pub async fn chaos(State(desk): State<Desk>, body: Body) -> Result<Response, Trouble> {
    let body = intake::whole(body, JSON_BODY_BYTES).await?;
    let fault: Chaos = serde_json::from_slice(&body).map_err(|why| Trouble::bad_fault(&why))?;
    let done = desk.carry_out(fault).await?;
    let form = [(header::CONTENT_TYPE, "application/json")];
    let text = serde_json::to_vec(&done).expect("sentences make JSON");
    Ok((form, text).into_response())
}

impl Desk {
    /// A desk with no cuts yet.
    #[must_use]
    pub fn new(fleet: Arc<Fleet>, client: Client) -> Desk {
        Desk {
            fleet,
            client,
            cuts: Arc::default(),
        }
    }

    async fn carry_out(&self, fault: Chaos) -> Result<Done, Trouble> {
        match fault {
            Chaos::Crash { node } => {
                let pid = self.fleet.crash(node).await?;
                Ok(one(format!("node {node}: process {pid} was killed")))
            }
            Chaos::Restart { node } => self.restart(node).await,
            Chaos::Freeze { node } => {
                let pid = self.fleet.freeze(node)?;
                Ok(one(format!("node {node}: process {pid} is stopped")))
            }
            Chaos::Thaw { node } => {
                let pid = self.fleet.thaw(node)?;
                self.catch_up(node);
                Ok(one(format!("node {node}: process {pid} goes on")))
            }
            Chaos::Cut { from, to } => self.link(from, to, true).await,
            Chaos::Restore { from, to } => self.link(from, to, false).await,
            Chaos::Partition { groups } => {
                let wanted = partition(&self.fleet.ids(), &groups)?;
                let what = format!("the network is split: {} directions are cut", wanted.len());
                self.replace(wanted, what).await
            }
            Chaos::Heal => {
                self.replace(BTreeSet::new(), "every link is open".to_string())
                    .await
            }
            Chaos::TimeOut { node } => self.time_out(node).await,
        }
    }

    async fn restart(&self, node: u64) -> Result<Done, Trouble> {
        let mut cuts = self.cuts.lock().await;
        let pid = self.fleet.restart(node)?;
        cuts.forgotten(node);
        self.catch_up(node);
        Ok(one(format!("node {node}: started as process {pid}")))
    }

    /// Brings a node up to the wanted cuts as soon as it answers.
    fn catch_up(&self, node: u64) {
        let desk = self.clone();
        tokio::spawn(async move {
            if !desk.fleet.answers(node, START).await {
                return;
            }
            let mut cuts = desk.cuts.lock().await;
            if desk.bring(&mut cuts, &[node]).await.is_err() {
                say(&format!(
                    "Node {node} did not take its cut links; heal or cut them again."
                ));
            }
        });
    }

    async fn link(&self, from: u64, to: u64, cut: bool) -> Result<Done, Trouble> {
        for node in [from, to] {
            self.fleet.condition(node).ok_or(Cannot::NoSuchNode(node))?;
        }
        if from == to {
            let detail = format!("node {from} has no link to itself");
            return Err(Trouble::bad("bad_fault", detail));
        }
        let mut cuts = self.cuts.lock().await;
        let new = if cut {
            cuts.cut((from, to))
        } else {
            cuts.restore((from, to))
        };
        let pending = self.bring(&mut cuts, &[from]).await?;
        let (was, state) = (
            if new { "is" } else { "was" },
            if cut { "cut" } else { "open" },
        );
        let already = if new { "" } else { " already" };
        let done = vec![format!(
            "the way from {from} to {to} {was} {state}{already}"
        )];
        Ok(Done { done, pending })
    }

    async fn replace(&self, wanted: BTreeSet<(u64, u64)>, what: String) -> Result<Done, Trouble> {
        let mut cuts = self.cuts.lock().await;
        cuts.replace(wanted);
        let pending = self.bring(&mut cuts, &self.fleet.ids()).await?;
        Ok(Done {
            done: vec![what],
            pending,
        })
    }

    /// Gives each node its orders, all at the same time; tells which must wait.
    async fn bring(
        &self,
        cuts: &mut MutexGuard<'_, Cuts>,
        nodes: &[u64],
    ) -> Result<Vec<String>, Trouble> {
        let (mut pending, mut at_work) = (Vec::new(), JoinSet::new());
        for &node in nodes {
            let orders = cuts.orders(node);
            if orders == Orders::default() {
                continue;
            }
            match self
                .fleet
                .condition(node)
                .ok_or(Cannot::NoSuchNode(node))?
                .0
            {
                NodeCondition::Up => {
                    let desk = self.clone();
                    at_work.spawn(async move { desk.order(node, orders).await });
                }
                NodeCondition::Frozen => {
                    pending.push(format!("node {node} is frozen; it follows when it goes on"))
                }
                _ => pending.push(format!("node {node} is down; it follows when it runs")),
            }
        }
        let mut failed = None;
        while let Some(ended) = at_work.join_next().await {
            // A task is never cancelled here, and a panic in it is a bug told by its own message.
            let Ok((node, carried_out, trouble)) = ended else {
                continue;
            };
            for (to, cut) in carried_out {
                cuts.carried_out(node, to, cut);
            }
            failed = failed.or(trouble);
        }
        failed.map_or(Ok(pending), Err)
    }

    /// Tells one node its orders; gives what it carried out and what went wrong.
    async fn order(self, node: u64, orders: Orders) -> (u64, Vec<(u64, bool)>, Option<Trouble>) {
        let mut carried_out = Vec::new();
        if !self.fleet.answers(node, ORDER).await {
            let detail = format!("node {node} does not answer; its links are set when it restarts");
            return (node, carried_out, Some(failed("no_answer", detail)));
        }
        let cut = orders
            .cut
            .into_iter()
            .map(|to| (to, true, Chaos::Cut { from: node, to }));
        let restore = orders
            .restore
            .into_iter()
            .map(|to| (to, false, Chaos::Restore { from: node, to }));
        for (to, cut, fault) in cut.chain(restore) {
            match self.tell(node, &fault).await {
                Ok(()) => carried_out.push((to, cut)),
                Err(trouble) => return (node, carried_out, Some(trouble)),
            }
        }
        (node, carried_out, None)
    }

    async fn time_out(&self, node: u64) -> Result<Done, Trouble> {
        match self
            .fleet
            .condition(node)
            .ok_or(Cannot::NoSuchNode(node))?
            .0
        {
            NodeCondition::Up => {}
            NodeCondition::Frozen => {
                let why = format!("node {node} is frozen; let it go on first");
                return Err(Cannot::Refused(why).into());
            }
            _ => {
                return Err(
                    Cannot::Refused(format!("node {node} is down; restart it first")).into(),
                );
            }
        }
        self.tell(node, &Chaos::TimeOut { node }).await?;
        Ok(one(format!("node {node}: its election timer fired")))
    }

    /// Passes a fault to the node that carries it out.
    async fn tell(&self, node: u64, fault: &Chaos) -> Result<(), Trouble> {
        let (_, url) = self.fleet.condition(node).ok_or(Cannot::NoSuchNode(node))?;
        let form = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, form)]);
        let body = serde_json::to_vec(fault).expect("a fault has text keys only");
        let limits = Limits {
            connect: ORDER,
            total: ORDER,
            body: 1 << 16,
        };
        let url = format!("{url}/v1/chaos");
        let sent = self
            .client
            .request(Method::POST, &url, headers, body, limits)
            .await;
        let answer = sent.map_err(|why| failed("no_answer", format!("node {node}: {why}")))?;
        if answer.status.is_success() {
            return Ok(());
        }
        let problem = serde_json::from_slice::<Problem>(&answer.body);
        let detail = problem.map_or_else(|_| answer.status.to_string(), |problem| problem.detail);
        let status = match answer.status {
            StatusCode::CONFLICT => StatusCode::CONFLICT,
            _ => StatusCode::BAD_GATEWAY,
        };
        Err(Trouble::new(
            status,
            "refused",
            format!("node {node} refused: {detail}"),
        ))
    }
}

fn one(done: String) -> Done {
    Done {
        done: vec![done],
        pending: Vec::new(),
    }
}

fn failed(kind: &str, detail: String) -> Trouble {
    Trouble::new(StatusCode::BAD_GATEWAY, kind, detail)
}

impl From<Cannot> for Trouble {
    fn from(cannot: Cannot) -> Trouble {
        match cannot {
            Cannot::NoSuchNode(node) => {
                let detail = format!("there is no node {node}");
                Trouble::new(StatusCode::NOT_FOUND, "no_such_node", detail)
            }
            Cannot::Refused(why) => Trouble::new(StatusCode::CONFLICT, "refused", why),
            Cannot::Failed(why) => Trouble::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", why),
        }
    }
}

impl From<PartitionError> for Trouble {
    fn from(error: PartitionError) -> Trouble {
        match error {
            PartitionError::NoSuchNode(node) => Cannot::NoSuchNode(node).into(),
            PartitionError::Twice(node) => Trouble::bad(
                "bad_fault",
                format!("node {node} is named twice; name it once"),
            ),
        }
    }
}
