//! Joining a running cluster: what a new node asks before it starts, and for after it has.
//!
//! Before: who the first members were, and where those of today are reached. After: to be taken
//! in as a learner; what follows is the autopilot's business, or an operator's. A node that has
//! lived before knows all that from its data directory and asks only for what may be new.

use crate::client::{Client, Limits};
use crate::limits::{JOIN, JOIN_PAUSE};
use crate::node::logbook::Logbook;
use crate::node::{Learned, NodeError, NodeOptions};
use axum::http::{HeaderMap, Method};
use raftwerk_wire::client::{MemberChange, Problem, Status};
use tokio::time::{Instant, sleep};

/// Asks the cluster about itself; `None`: nobody answers, and this node has lived before.
///
/// # Errors
/// This node is new and nobody answers in time, or who answers is of another cluster.
pub async fn ask(options: &NodeOptions) -> Result<Option<Learned>, NodeError> {
    let (client, until) = (Client::default(), Instant::now() + JOIN);
    let known = options.data.join("identity.json").exists();
    loop {
        let mut troubles = Vec::new();
        for url in &options.join {
            match status(&client, url).await {
                Ok(status) => return learned(options, url, status).map(Some),
                Err(why) => troubles.push(format!("{url}: {why}")),
            }
        }
        if known {
            return Ok(None);
        }
        if Instant::now() >= until {
            let why = troubles.join("; ");
            return Err(NodeError::Options(vec![format!(
                "no node of --join answers, so the cluster cannot be joined: {why}"
            )]));
        }
        sleep(JOIN_PAUSE).await;
    }
}

async fn status(client: &Client, url: &str) -> Result<Status, String> {
    let url = format!("{}/v1/cluster", url.trim_end_matches('/'));
    let (method, headers) = (Method::GET, HeaderMap::new());
    let answer = client.request(method, &url, headers, Vec::new(), Limits::default());
    let answer = answer.await.map_err(|error| error.to_string())?;
    if !answer.status.is_success() {
        return Err(format!("it answers {}", answer.status));
    }
    serde_json::from_slice(&answer.body).map_err(|_| "it does not answer as a node does".into())
}

fn learned(options: &NodeOptions, url: &str, status: Status) -> Result<Learned, NodeError> {
    let cluster = format!("{:032x}", options.cluster.0);
    if status.cluster != cluster {
        return Err(NodeError::Options(vec![format!(
            "the node at {url} is of cluster {}, but --cluster says {cluster}",
            status.cluster
        )]));
    }
    let members = status.members.into_iter();
    let members = members.filter(|member| member.id != options.id && !member.url.is_empty());
    Ok(Learned {
        founders: status.founders,
        urls: members.map(|member| (member.id, member.url)).collect(),
    })
}

/// Asks to be taken in as a learner, again and again until it is a member.
pub async fn enter(options: NodeOptions, log: Logbook) {
    let (client, mut said) = (Client::default(), String::new());
    let add = MemberChange::Add {
        id: options.id,
        url: options.advertise.clone().unwrap_or_default(),
    };
    let body = serde_json::to_vec(&add).unwrap_or_default();
    loop {
        for url in &options.join {
            let url = format!("{}/v1/cluster/members", url.trim_end_matches('/'));
            let (method, headers) = (Method::POST, HeaderMap::new());
            let answer = client.request(method, &url, headers, body.clone(), Limits::default());
            let trouble = match answer.await {
                Ok(answer) if answer.status.is_success() => {
                    return log.line("is a member of the cluster");
                }
                Ok(answer) => match serde_json::from_slice::<Problem>(&answer.body) {
                    Ok(problem) => problem.detail,
                    Err(_) => format!("it answers {}", answer.status),
                },
                Err(error) => error.to_string(),
            };
            if said != trouble {
                log.line(format!("asked {url} to be taken in: {trouble}"));
                said = trouble;
            }
        }
        sleep(JOIN_PAUSE).await;
    }
}
