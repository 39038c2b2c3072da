//! What is wrong with a single step is seen, also where a search would meet another check first.

use super::*;
use crate::explore::scopes;
use raftwerk_core::{Index, Lane, LogId, SnapshotMeta, Term};

fn setting() -> Setting {
    scopes()[0].setting()
}

/// A step of the first node in which nothing has happened yet.
fn ran(setting: &Setting) -> Ran {
    Ran {
        host: Host::first(NodeId(1), setting).expect("it starts"),
        sends: Vec::new(),
        told: Vec::new(),
        events: Vec::new(),
        refused: false,
        finding: None,
    }
}

fn check(found: Option<Finding>) -> &'static str {
    found.expect("it is seen").check
}

#[test]
fn a_node_that_writes_on_after_its_disk_failed_is_seen() {
    let setting = setting();
    let mut host = ran(&setting).host;
    // The core does not know; one that does is silent.
    host.failed = true;
    let campaigns = host.run(Input::Timeout, &setting, false);
    assert_eq!(check(campaigns.finding), "SilentAfterFailure");
}

#[test]
fn entries_that_are_applied_out_of_order_are_seen() {
    let setting = setting();
    let mut ran = ran(&setting);
    let (from, to) = (Index(3), Index(4));
    let found = ran.take(Output::Apply { from, to }, &setting);
    assert_eq!(check(found.err()), "AppliedInOrder");
}

#[test]
fn a_snapshot_that_is_sent_and_not_there_is_seen() {
    let setting = setting();
    let meta = SnapshotMeta {
        last: LogId::new(1, 2),
        ..SnapshotMeta::default()
    };
    let stream = Output::Stream {
        to: NodeId(2),
        meta: meta.into(),
        lane: Lane {
            term: Term(1),
            membership: Index(1),
            generation: 0,
        },
    };
    let found = ran(&setting).take(stream, &setting);
    assert_eq!(check(found.err()), "SendsWhatItHas");
}

#[cfg(feature = "sabotage")]
#[test]
fn a_learner_that_campaigns_is_seen() {
    let mut setting = setting();
    setting.members.voters.retain(|node| *node != NodeId(1));
    setting.members.learners.push(NodeId(1));
    setting.config.sabotage = Some(raftwerk_core::Rule::E16Anybody);
    let campaigns = ran(&setting).host.run(Input::Timeout, &setting, false);
    assert_eq!(check(campaigns.finding), "OnlyVotersCampaign");
}
