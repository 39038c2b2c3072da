//! Traces written by hand that are wrong in one place: each is rejected there, by the rule that
//! was broken. Every rule is broken but those that the others imply.

#[path = "broken/elections.rs"]
mod elections;
#[path = "broken/members.rs"]
mod members;
#[path = "broken/recovery.rs"]
mod recovery;
#[path = "broken/replication.rs"]
mod replication;

use crate::kinds::*;
use raftwerk_core::trace::{
    ElectionReason, Event, FollowerReason, Held, Kind, ReadProof, Role, Silence, SnapshotUseless,
    Step, TrustReason, VoteRefusal,
};
use raftwerk_core::{Index, LogId, NodeId, ReadPath, Round, Span, Suspicion, Term, Ticket, Time};
use raftwerk_sim::refine::{Machine, rules};
use std::collections::BTreeSet;

/// Broken only together with another rule, which is then named: what Raft promises follows from
/// its rules (P5.4.3).
const IMPLIED: [&str; 2] = [
    "a term has at most one leader",
    "what is committed at a position is the same everywhere and for ever",
];

/// A trace that is right so far, and the rules that were broken on its way.
#[derive(Clone)]
struct Tale {
    machine: Machine,
    broken: BTreeSet<&'static str>,
    /// What every clock shows.
    now: Time,
}

impl Tale {
    /// Three nodes that have just started.
    fn new() -> Tale {
        Tale::of(Machine::new(&voters(&[1, 2, 3])))
    }

    fn of(machine: Machine) -> Tale {
        let (broken, now) = (BTreeSet::new(), Time(0));
        let mut tale = Tale {
            machine,
            broken,
            now,
        };
        tale.broken(1, 0, timed_out(), "only a node that was started");
        tale.broken(1, 3, booted(3, None, at(0, 1)), "a new node knows no term");
        (1..=3).for_each(|node| tale.so(node, 0, booted(0, None, at(0, 1))));
        tale
    }

    /// This happens, rightly.
    fn so(&mut self, node: u64, term: u64, kind: Kind) {
        if let Err(rejection) = self.machine.accept(&self.event(node, term, kind)) {
            panic!("{rejection}");
        }
    }

    fn event(&self, node: u64, term: u64, kind: Kind) -> Event {
        Event {
            at: self.now,
            ..event(node, term, kind)
        }
    }

    /// If this happened, this rule would be broken.
    fn broken(&mut self, node: u64, term: u64, kind: Kind, rule: &str) {
        let event = self.event(node, term, kind);
        match self.machine.clone().accept(&event) {
            Err(rejection) => {
                assert!(rejection.rule.says.starts_with(rule), "{rejection}");
                self.broken.insert(rejection.rule.says);
            }
            Ok(()) => panic!("{event:?} is accepted"),
        }
    }

    /// A node campaigns in a term, and another one votes for it.
    fn campaign(&mut self, node: u64, term: u64, voter: u64, last: LogId, mine: LogId) {
        let before = self.machine.look(NodeId(voter)).expect("it has started");
        self.so(node, term, started(last));
        self.so(node, term, released(Held::OwnVote));
        self.so(node, term, counted(node, 1));
        self.so(voter, term, higher(before.role, node, before.term.0, term));
        self.so(voter, term, granted(node, term, last, mine));
        self.so(voter, term, released(Held::Vote(NodeId(node))));
        self.so(node, term, counted(voter, 2));
    }

    /// S1 leads term 1, and its opening entry is on the disks of S1 and S2 and committed by S1.
    fn led() -> Tale {
        let mut tale = Tale::new();
        tale.campaign(1, 1, 2, at(0, 1), at(0, 1));
        tale.so(1, 1, leads(&[1, 2]));
        tale.so(1, 1, Kind::AppendedNoop { id: at(1, 2) });
        tale.so(1, 1, persisted(2));
        tale.so(2, 1, accepted(1, at(0, 1), 2, 1));
        tale.so(2, 1, persisted(2));
        tale.so(1, 1, matched(2, 2));
        tale.so(1, 1, by_counting(0, 2, &[(1, 2), (2, 2), (3, 0)]));
        tale
    }
}

#[test]
fn every_rule_is_missed_where_it_is_broken() {
    let parts = [
        elections::elections(),
        replication::replication(),
        members::members_and_transfer(),
        recovery::snapshots(),
        recovery::rot(),
        recovery::silence(),
    ];
    let mut left: BTreeSet<&str> = rules().iter().map(|rule| rule.says).collect();
    parts.iter().flatten().for_each(|rule| {
        left.remove(rule);
    });
    assert_eq!(left, BTreeSet::from(IMPLIED));
}
