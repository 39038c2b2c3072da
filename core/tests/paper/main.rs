//! One test per sentence of the paper's rules that the core implements, named by section
//! ("p" the extended Raft paper, "t" the thesis).

#[path = "../kit/mod.rs"]
mod kit;

mod elections;
mod figure_2;
mod log;
mod page;
mod reads;

use kit::Cluster;
use raftwerk_core::*;

/// Puts the paper's log terms on a node's disk before it starts.
fn with_logs(logs: &[&[u64]], term: u64) -> Cluster {
    let mut cluster = Cluster::new(logs.len() as u64);
    for (at, terms) in logs.iter().enumerate() {
        let id = at as u64 + 1;
        let node = cluster.nodes.get_mut(&id).expect("known node");
        for entry_term in *terms {
            let index = node.disk.entries.len() as u64 + 1;
            node.disk.entries.push(Entry {
                id: LogId::new(*entry_term, index),
                body: EntryBody::Command(Payload::from(format!("{entry_term}.{index}").as_bytes())),
            });
        }
        node.disk.hard_state.term = Term(term);
        cluster.restart(id);
    }
    cluster
}
