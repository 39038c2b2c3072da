//! Three processes of `raftwerk node` that can be killed, frozen and cut off.

use super::http;
use anyhow::{Result, bail};
use raftwerk_tests::{BOUND, Raftwerk, Signal, free_port};
use std::time::{Duration, Instant};

pub struct Cluster {
    nodes: Vec<Raftwerk>,
    ports: Vec<u16>,
}

impl Cluster {
    /// Starts all three.
    pub fn start() -> Result<Cluster> {
        let ports = (0..3).map(|_| free_port()).collect::<Result<Vec<u16>>>()?;
        let url = |(at, port): (usize, &u16)| format!("{}=http://127.0.0.1:{port}", at + 1);
        let members: Vec<String> = ports.iter().enumerate().map(url).collect();
        let start = |(at, port): (usize, &u16)| {
            let own = format!("--id={} --listen=127.0.0.1:{port}", at + 1);
            let all = "--data={dir}/data --cluster=beef --enable-chaos --lease-reads \
                       --heartbeat-ms=30 --election-ms-min=150 --election-ms-max=300 \
                       --snapshot-entries=300 --snapshot-keep=50";
            let members = format!("--initial-cluster={}", members.join(","));
            let words = own
                .split(' ')
                .chain(all.split(' '))
                .filter(|word| !word.is_empty());
            let args: Vec<&str> = ["node"]
                .into_iter()
                .chain(words)
                .chain([&*members])
                .collect();
            Raftwerk::start(&args)
        };
        let nodes = ports.iter().enumerate().map(start).collect::<Result<_>>()?;
        Ok(Cluster { nodes, ports })
    }

    pub fn ports(&self) -> Vec<u16> {
        self.ports.clone()
    }

    /// The leader that a node knows, as soon as one of them knows one.
    pub fn leader(&self) -> Result<u64> {
        let start = Instant::now();
        while start.elapsed() < BOUND {
            for port in &self.ports {
                let Ok(answer) = http::ask(*port, "GET", "/v1/cluster", b"") else {
                    continue;
                };
                let status: serde_json::Value = serde_json::from_slice(&answer.body)?;
                if let Some(leader) = status["leader"].as_u64() {
                    return Ok(leader);
                }
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        bail!("no leader in {} s", BOUND.as_secs())
    }

    fn node(&mut self, id: u64) -> &mut Raftwerk {
        &mut self.nodes[id as usize - 1]
    }

    pub fn kill(&mut self, id: u64) -> Result<()> {
        self.node(id).process().kill()
    }

    pub fn start_again(&mut self, id: u64) -> Result<()> {
        self.node(id).restart()
    }

    pub fn freeze(&mut self, id: u64) -> Result<()> {
        self.node(id).process().signal(Signal::STOP)
    }

    pub fn thaw(&mut self, id: u64) -> Result<()> {
        self.node(id).process().signal(Signal::CONT)
    }

    /// A fault at every node.
    pub fn chaos(&self, fault: &str) -> Result<()> {
        for port in &self.ports {
            match http::ask(*port, "POST", "/v1/chaos", fault.as_bytes()) {
                Ok(answer) if answer.status == 204 => {}
                Ok(answer) => bail!("{fault}: {}", String::from_utf8_lossy(&answer.body)),
                Err(why) => bail!("{fault}: {why:?}"),
            }
        }
        Ok(())
    }
}
