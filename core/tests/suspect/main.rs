//! A node whose log rotted: silent, useful, and trusted again (traps D3, E16, L13, R5; FAST 2018).
//!
//! `silent` tells what it does and does not do meanwhile, `trust` when that ends, `leader` how its
//! leader deals with it.

#[path = "../kit/mod.rs"]
mod kit;

mod leader;
mod silent;
mod trust;

use kit::*;
use raftwerk_core::*;

/// S1 leads term 1, and all have "a" at 3 and "b" at 4 on disk and know them to be committed.
fn with_a_and_b(size: u64) -> Cluster {
    let mut c = Cluster::new(size);
    c.elect(1);
    c.commit_all(1, &["a", "b"]);
    c
}

/// How a request for a vote, or for a pre-vote, is answered.
fn answer(c: &mut Cluster, voter: u64, from: u64, term: u64, body: Body) -> Option<bool> {
    c.mail.clear();
    c.forge(from, voter, term, body);
    let reply = c.mail.iter().find_map(|message| match message.body {
        Body::VoteReply { granted } | Body::PreVoteReply { granted, .. } => Some(granted),
        _ => None,
    });
    c.mail.clear();
    reply
}
