//! Flags that must be the same for all nodes of a cluster, and a word where they are not.
//!
//! `--autopilot` (whoever leads goes by its own numbers) and `--lease-reads` (a lease rests on votes
//! that all of them withhold). Each node tells its own with the request that opens a connection, in a
//! header, so that nodes of earlier versions neither send nor miss it. Who differs is not turned
//! away: a cluster must be able to change its flags node by node. It is said in the log, in
//! `/v1/cluster` and by `raftwerk status`, until that node comes back with the same.

use super::{Link, Peers};
use axum::http::{HeaderMap, HeaderValue};
use raftwerk_core::{Config, Span};
use std::sync::PoisonError;

/// The header.
pub const FLAGS: &str = "raftwerk-flags";

/// What a node tells of its flags.
#[must_use]
pub fn flags(config: &Config) -> String {
    let ms = |span: Span| span.0 / 1_000;
    let pilot = match &config.autopilot {
        Some(policy) => format!(
            "{} --autopilot-stable-ms {} --autopilot-dead-ms {}",
            policy.target,
            ms(policy.stable_after),
            ms(policy.dead_after)
        ),
        None => "off".to_string(),
    };
    let leases = match config.switches.lease_reads {
        true => "on",
        false => "off",
    };
    format!("--autopilot {pilot}, --lease-reads {leases}")
}

impl Peers {
    /// Tells a peer this node's flags.
    pub(super) fn tell_flags(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.flags) {
            headers.insert(FLAGS, value);
        }
    }

    /// A peer tells its flags, or is of an earlier version.
    pub(super) fn compare_flags(&self, id: u64, theirs: Option<&str>) {
        let Some(link) = self.find(id) else {
            return;
        };
        let unlike = theirs.filter(|theirs| *theirs != self.flags);
        let unlike = unlike.map(|theirs| {
            format!(
                "it was started with other flags than node {}, which must be the same for all: \
                 {theirs}, not {}",
                self.hello.node.0, self.flags
            )
        });
        let mut told = link.unlike.lock().unwrap_or_else(PoisonError::into_inner);
        if *told == unlike {
            return;
        }
        self.log.line(match &unlike {
            Some(why) => format!("WARNING: node {id}: {why}"),
            None => format!("node {id} has the same flags again"),
        });
        *told = unlike;
    }
}

impl Link {
    /// What is wrong with its flags.
    pub(super) fn unlike(&self) -> Option<String> {
        let unlike = self.unlike.lock().unwrap_or_else(PoisonError::into_inner);
        unlike.clone()
    }
}
