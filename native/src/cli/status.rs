//! `status`: every member is asked itself, at the same time. `health`: one is asked whether it lives.

use super::endpoints::Endpoints;
use super::output::{End, Output};
use crate::node::looper::REMOVED;
use hyper::body::Bytes;
use hyper::http::Method;
use raftwerk_wire::client::{MemberStatus, Status};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinSet;

/// A member answers within this time, or counts as not reachable.
const PATIENCE: Duration = Duration::from_secs(2);

/// What one member says, or why it says nothing.
struct Row {
    member: MemberStatus,
    said: Result<Status, String>,
}

/// `status`.
pub async fn status(to: &Endpoints) -> Result<Output, End> {
    let (from, answer) = to.ask(Method::GET, "/v1/cluster", Bytes::new()).await?;
    let known: Status = serde_json::from_slice(&answer.body).map_err(|why| {
        End::failed(
            "bad_answer",
            format!("{from} does not answer as a node does: {why}"),
        )
    })?;
    let one = to.hurried(PATIENCE);
    let mut asking = JoinSet::new();
    for member in known.members.clone() {
        let one = one.clone();
        asking.spawn(async move {
            let said = ask(&one, &member).await;
            Row { member, said }
        });
    }
    let mut rows = asking.join_all().await;
    rows.sort_by_key(|row| row.member.id);
    let nodes: Vec<Value> = rows.iter().map(Row::json).collect();
    let json = json!({
        "cluster": known.cluster, "from": from, "removed": known.removed, "nodes": nodes,
    });
    let mut plain = format!("cluster {} as its nodes say\n", known.cluster);
    if known.removed {
        plain.push_str(&format!("node {}: {REMOVED}\n", known.node));
    }
    plain.push_str(&table(&rows));
    Ok(Output {
        json,
        plain: plain.into_bytes(),
        note: None,
    })
}

/// `health`.
pub async fn health(to: &Endpoints) -> Result<Output, End> {
    let (from, _) = to.ask(Method::GET, "/healthz", Bytes::new()).await?;
    Ok(Output {
        json: json!({ "from": from, "alive": true }),
        plain: format!("{from} is alive\n").into_bytes(),
        note: None,
    })
}

async fn ask(to: &Endpoints, member: &MemberStatus) -> Result<Status, String> {
    let url = format!("{}/v1/cluster", member.url.trim_end_matches('/'));
    let answer = to.ask_one(&url).await.map_err(|why| why.to_string())?;
    if !answer.status.is_success() {
        return Err(format!("it answered {}", answer.status));
    }
    let status: Status = serde_json::from_slice(&answer.body).map_err(|why| why.to_string())?;
    if status.node != member.id {
        return Err(format!("node {} answers there", status.node));
    }
    Ok(status)
}

impl Row {
    fn json(&self) -> Value {
        let MemberStatus { id, url, kind, .. } = &self.member;
        match &self.said {
            Ok(status) => json!({
                "id": id, "url": url, "kind": kind, "reachable": true, "status": status,
            }),
            Err(why) => json!({
                "id": id, "url": url, "kind": kind, "reachable": false, "error": why,
            }),
        }
    }

    fn cells(&self) -> Vec<String> {
        let MemberStatus { id, url, .. } = &self.member;
        let mut cells = vec![id.to_string()];
        match &self.said {
            Ok(said) => {
                let leader = said
                    .leader
                    .map_or("-".to_string(), |leader| leader.to_string());
                let numbers = [said.commit, said.applied, said.last, said.revision];
                cells.extend([said.role.clone(), said.term.to_string(), leader]);
                cells.extend(numbers.map(|number| number.to_string()));
                let trouble = self.member.trouble.as_ref();
                let trouble = trouble.map_or(String::new(), |why| format!("  ({why})"));
                cells.push(
                    match said.disk.as_str() {
                        _ if let Some(lost) = &said.suspect => format!("{url}  suspect: {lost}"),
                        "" | "clean" => url.clone(),
                        // What the checksums found is no secret of the log file.
                        found => format!("{url}  disk: {found}"),
                    } + &trouble,
                );
            }
            Err(why) => {
                cells.push("not reachable".to_string());
                cells.extend(std::iter::repeat_n("-".to_string(), 6));
                cells.push(why.clone());
            }
        }
        cells
    }
}

const HEAD: [&str; 9] = [
    "node", "role", "term", "leader", "commit", "applied", "last", "revision", "url",
];

fn table(rows: &[Row]) -> String {
    let head = HEAD.iter().map(ToString::to_string).collect();
    let mut lines: Vec<Vec<String>> = vec![head];
    lines.extend(rows.iter().map(Row::cells));
    let width = |column: usize| {
        lines
            .iter()
            .map(|line| line[column].len())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        let cells: Vec<String> = cells.collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_is_silent_is_marked() {
        let member = |id: u64| {
            let (url, kind) = (format!("http://h:{id}"), "voter".to_string());
            MemberStatus {
                id,
                url,
                kind,
                ..MemberStatus::default()
            }
        };
        let said = Status {
            node: 1,
            role: "leader".to_string(),
            term: 7,
            ..Status::default()
        };
        let unlike = MemberStatus {
            trouble: Some("other flags".to_string()),
            ..member(1)
        };
        let rows = [
            Row {
                member: unlike,
                said: Ok(said),
            },
            Row {
                member: member(2),
                said: Err("refused".to_string()),
            },
        ];
        let text = table(&rows);
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[1].contains("leader") && lines[1].ends_with("http://h:1  (other flags)"),
            "{text}"
        );
        assert!(
            lines[2].contains("not reachable") && lines[2].ends_with("refused"),
            "{text}"
        );
        assert_eq!(rows[1].json()["reachable"], false);
    }
}
