//! `member` and `transfer`: who belongs to the cluster, and who leads it.

use super::Reach;
use super::endpoints::Endpoints;
use super::output::{End, Output};
use crate::client::Response;
use clap::Subcommand;
use hyper::body::Bytes;
use hyper::http::Method;
use raftwerk_wire::client::{MemberChange, MemberList, TransferTo, Transferred};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// What `member` can do.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Show the members as the node asked knows them.
    List {
        #[command(flatten)]
        reach: Reach,
    },
    /// Take a new node in as a learner; `raftwerk node --join` asks for that by itself.
    Add {
        /// Its number, never used before.
        id: u64,
        /// Where it is reached, such as http://host:port.
        url: String,
        #[command(flatten)]
        reach: Reach,
    },
    /// Make a learner a voter, once it keeps up.
    Promote {
        /// The learner.
        id: u64,
        #[command(flatten)]
        reach: Reach,
    },
    /// Make a voter a learner.
    Demote {
        /// The voter.
        id: u64,
        #[command(flatten)]
        reach: Reach,
    },
    /// Remove a voter or a learner.
    Remove {
        /// The member.
        id: u64,
        #[command(flatten)]
        reach: Reach,
    },
    /// Let a learner take the place of a voter, which is removed.
    Replace {
        /// The voter.
        id: u64,
        /// The learner.
        by: u64,
        #[command(flatten)]
        reach: Reach,
    },
}

impl What {
    /// Whom to ask, and for which change; `None`: only to be told.
    pub fn split(self) -> (Reach, Option<MemberChange>) {
        match self {
            What::List { reach } => (reach, None),
            What::Add { id, url, reach } => (reach, Some(MemberChange::Add { id, url })),
            What::Promote { id, reach } => (reach, Some(MemberChange::Promote { id })),
            What::Demote { id, reach } => (reach, Some(MemberChange::Demote { id })),
            What::Remove { id, reach } => (reach, Some(MemberChange::Remove { id })),
            What::Replace { id, by, reach } => (reach, Some(MemberChange::Replace { id, by })),
        }
    }
}

/// `member`.
pub async fn member(to: &Endpoints, change: Option<MemberChange>) -> Result<Output, End> {
    let path = "/v1/cluster/members";
    let asked = match change {
        None => to.ask(Method::GET, path, Bytes::new()).await,
        Some(change) => to.ask(Method::POST, path, body(&change)?).await,
    };
    let (_, answer) = asked?;
    let list: MemberList = read(&answer)?;
    let lines = list.members.iter().map(|member| {
        let leads = if list.leader == Some(member.id) {
            ", leads"
        } else {
            ""
        };
        let trouble = member.trouble.as_deref().map(|why| format!("  ({why})"));
        let (id, kind, url) = (member.id, &member.kind, &member.url);
        format!(
            "{id}\t{kind}{leads}\t{url}{}\n",
            trouble.unwrap_or_default()
        )
    });
    let plain = lines.collect::<String>().into_bytes();
    Ok(Output {
        json: json!(list),
        plain,
        note: None,
    })
}

/// `transfer`.
pub async fn transfer(to: &Endpoints, node: Option<u64>) -> Result<Output, End> {
    let wish = body(&TransferTo { to: node })?;
    let (_, answer) = to.ask(Method::POST, "/v1/cluster/transfer", wish).await?;
    let done: Transferred = read(&answer)?;
    let line = format!("node {} leads", done.leader);
    Ok(Output::line(json!(done), line))
}

fn body<T: Serialize>(value: &T) -> Result<Bytes, End> {
    let text = serde_json::to_vec(value);
    text.map(Bytes::from)
        .map_err(|why| End::failed("usage", why.to_string()))
}

fn read<T: DeserializeOwned>(answer: &Response) -> Result<T, End> {
    serde_json::from_slice(&answer.body).map_err(|why| {
        let detail = format!("the answer cannot be understood: {why}; is it another version?");
        End::failed("bad_answer", detail)
    })
}
