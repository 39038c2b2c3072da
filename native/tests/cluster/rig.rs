//! Nodes of one cluster inside the test process, on real sockets and real directories.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use raftwerk_core::ClusterId;
use raftwerk_native::NodeOptions;
use raftwerk_native::client::{Client, ClientError, Limits, Response};
use raftwerk_native::node::{Node, NodeError};
use raftwerk_wire::client::{Problem, Status};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

static RIGS: AtomicU64 = AtomicU64::new(0);

/// See the module. Directories are removed when it is dropped.
pub struct Rig {
    pub path: PathBuf,
    pub urls: Vec<(u64, String)>,
    listeners: Vec<Option<TcpListener>>,
    nodes: Vec<Option<Node>>,
    client: Client,
}

impl Rig {
    /// A cluster of so many nodes, none of them started.
    pub fn new(count: usize) -> Rig {
        let number = RIGS.fetch_add(1, Ordering::Relaxed);
        let name = format!("raftwerk-rig-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        let mut rig = Rig {
            path,
            urls: Vec::new(),
            listeners: Vec::new(),
            nodes: Vec::new(),
            client: Client::default(),
        };
        for id in 1..=count as u64 {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let address = listener.local_addr().expect("bound");
            rig.urls.push((id, format!("http://{address}")));
            rig.listeners.push(Some(listener));
            rig.nodes.push(None);
        }
        rig
    }

    /// A cluster with all nodes started and a leader.
    pub async fn started(count: usize) -> Rig {
        let mut rig = Rig::new(count);
        for id in 1..=count as u64 {
            rig.start(id).expect("it starts");
        }
        rig.leader().await;
        rig
    }

    pub fn options(&self, id: u64) -> NodeOptions {
        let data = self.path.join(format!("node-{id}"));
        let mut options = NodeOptions::new(id, data, ClusterId(0xfeed), self.urls.clone());
        options.listen = self.urls[id as usize - 1].1["http://".len()..]
            .parse()
            .expect("good");
        options.enable_chaos = true;
        options.heartbeat_ms = Some(30);
        options.election_ms_min = Some(150);
        options.election_ms_max = Some(300);
        // Many nodes at once on one disk: what is kept in reserve is tested on its own.
        options.disk_reserve = Some(0);
        options
    }

    pub fn start(&mut self, id: u64) -> Result<(), NodeError> {
        self.start_with(self.options(id))
    }

    pub fn start_with(&mut self, options: NodeOptions) -> Result<(), NodeError> {
        let at = options.id as usize - 1;
        let listener = match self.listeners[at].take() {
            Some(listener) => listener,
            None => raftwerk_native::node::start::listen(options.listen)?,
        };
        self.nodes[at] = Some(Node::start(options, listener)?);
        Ok(())
    }

    pub async fn stop(&mut self, id: u64) {
        if let Some(node) = self.nodes[id as usize - 1].take() {
            node.stop().await;
        }
    }

    pub fn url(&self, id: u64) -> &str {
        &self.urls[id as usize - 1].1
    }

    pub async fn send(
        &self,
        id: u64,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Response, ClientError> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a header");
            map.insert(name, HeaderValue::from_str(value).expect("a value"));
        }
        let url = format!("{}{path}", self.url(id));
        self.client
            .request(method, &url, map, body.to_vec(), Limits::default())
            .await
    }

    pub async fn put(&self, id: u64, path: &str, body: &[u8]) -> Response {
        self.send(id, Method::PUT, &format!("/v1/kv/{path}"), &[], body)
            .await
            .expect("answers")
    }

    pub async fn get(&self, id: u64, path: &str) -> Response {
        self.send(id, Method::GET, &format!("/v1/kv/{path}"), &[], b"")
            .await
            .expect("answers")
    }

    pub async fn chaos(&self, id: u64, json: &str) {
        let done = self
            .send(id, Method::POST, "/v1/chaos", &[], json.as_bytes())
            .await;
        assert_eq!(done.expect("answers").status, 204, "{json}");
    }

    pub async fn status(&self, id: u64) -> Status {
        let answer = self
            .send(id, Method::GET, "/v1/cluster", &[], b"")
            .await
            .expect("answers");
        serde_json::from_slice(&answer.body).expect("a status")
    }

    /// The leader that all running nodes follow.
    pub async fn leader(&self) -> u64 {
        let running: Vec<u64> = self.running();
        self.leader_of(&running).await
    }

    pub fn running(&self) -> Vec<u64> {
        (1..=self.nodes.len() as u64)
            .filter(|id| self.nodes[*id as usize - 1].is_some())
            .collect()
    }

    pub async fn leader_of(&self, nodes: &[u64]) -> u64 {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let mut leaders = Vec::new();
            for id in nodes {
                leaders.push(self.status(*id).await.leader);
            }
            let first = leaders[0];
            if let Some(leader) = first
                && leaders.iter().all(|l| *l == first)
                && nodes.contains(&leader)
            {
                return leader;
            }
            assert!(
                Instant::now() < deadline,
                "no leader among {nodes:?}: {leaders:?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// The error in an answer, checked for its form.
pub fn problem(response: &Response) -> Problem {
    let form = response
        .headers
        .get("content-type")
        .expect("a content type");
    assert_eq!(form, "application/problem+json", "{:?}", response.body);
    let problem: Problem = serde_json::from_slice(&response.body).expect("a problem");
    assert_eq!(problem.status, response.status.as_u16());
    assert!(!problem.detail.is_empty());
    problem
}

/// A header of an answer as a number.
pub fn number(response: &Response, header: &str) -> u64 {
    let value = response
        .headers
        .get(header)
        .unwrap_or_else(|| panic!("no {header}"));
    value.to_str().expect("text").parse().expect("a number")
}
