//! Changing the members (paper 6, thesis 4): the way of a change, and the traps M1 to M13.

#[path = "../kit/mod.rs"]
mod kit;
mod leaving;
mod outsiders;
mod rules;
mod way;

use kit::{Cluster, Input};
use raftwerk_core::trace::{FollowerReason, IgnoreReason, Kind, Role, Step, VoteRefusal};
use raftwerk_core::*;

fn voters(ids: &[u64]) -> Members {
    Members::of_voters(ids.iter().map(|id| NodeId(*id)))
}

fn with_learners(ids: &[u64], learners: &[u64]) -> Members {
    Members {
        learners: learners.iter().map(|id| NodeId(*id)).collect(),
        ..voters(ids)
    }
}

/// S1 leads, everybody knows that all is committed.
fn led(size: u64) -> Cluster {
    let mut c = Cluster::new(size);
    c.elect(1);
    c.heartbeat(1);
    c.settle();
    c
}

/// S1 leads voters 1 to 3; S4 and S5 are learners that have everything.
fn led_with_learners() -> Cluster {
    let mut c = led(3);
    c.join(4);
    c.join(5);
    c.reconfigure(1, 900, &with_learners(&[1, 2, 3], &[4, 5]))
        .expect("taken");
    c.run(Span::millis(120));
    assert!(c.ended(1).iter().any(|(ticket, _)| *ticket == 900));
    c.nodes.get_mut(&1).expect("known").settled.clear();
    c
}

fn committed(c: &Cluster, id: u64, ticket: u64) -> bool {
    let ended = c.ended(id);
    ended
        .iter()
        .any(|(t, outcome)| *t == ticket && matches!(outcome, Outcome::Committed(_)))
}

fn to(ids: &'static [u64]) -> impl Fn(&Message) -> bool {
    move |message| ids.contains(&message.to.0)
}

fn steps(c: &Cluster, id: u64) -> Vec<Step> {
    let step = |kind: &Kind| match kind {
        Kind::AppendedMembership { step, .. } => Some(*step),
        _ => None,
    };
    c.node(id)
        .events
        .iter()
        .filter_map(|event| step(&event.kind))
        .collect()
}

/// No two nodes applied different entries at one position.
fn agree(c: &Cluster) -> bool {
    let ids: Vec<u64> = c.nodes.keys().copied().collect();
    ids.iter().all(|a| {
        ids.iter().all(|b| {
            let (a, b) = (&c.node(*a).applied, &c.node(*b).applied);
            a.iter().zip(b).all(|(left, right)| left == right)
        })
    })
}

/// S1 leads the joint membership {1, 4, 5} with {1, 2, 3}, whose entry is on its way.
fn in_joint() -> (Cluster, Index) {
    let mut c = led_with_learners();
    c.reconfigure(1, 1, &voters(&[1, 4, 5])).expect("taken");
    assert!(c.members(1).is_joint());
    let entry = c.view(1).last().index;
    (c, entry)
}
