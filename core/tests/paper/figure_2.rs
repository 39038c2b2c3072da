//! Figure 2 of the paper, box by box, as far as no section's own test says it already.

use crate::kit::*;
use raftwerk_core::trace::Role;
use raftwerk_core::*;

fn appends(c: &Cluster, from: u64) -> Vec<(NodeId, usize)> {
    let mail = c.mail.iter().filter(|m| m.from == NodeId(from));
    let counts = mail.filter_map(|m| match &m.body {
        Body::Append { entries, .. } => Some((m.to, entries.len())),
        _ => None,
    });
    counts.collect()
}

/// "On conversion to candidate: increment term, vote for self, reset timer, ask all others."
#[test]
fn figure_2_candidates_raise_the_term_vote_for_themselves_and_ask_all_others() {
    let mut c = Cluster::with(5, |config| config.switches.pre_vote = false);
    c.now = Time(77_000);
    c.time_out(3);
    let view = c.view(3);
    let now = (view.role(), view.term(), view.vote());
    assert_eq!(now, (Role::Candidate, Term(1), Some(NodeId(3))));
    assert_eq!(view.election().map(|timer| timer.set), Some(Time(77_000)));
    let asked: Vec<u64> = c.mail.iter().map(|m| m.to.0).collect();
    assert_eq!(asked, [1, 2, 4, 5]);
    assert!(
        c.mail
            .iter()
            .all(|m| m.body == vote((0, 1)) && m.term == Term(1))
    );
}

/// "If election timeout elapses: start new election."
#[test]
fn figure_2_candidates_start_anew_when_the_timeout_elapses_again() {
    let mut c = Cluster::with(3, |config| config.switches.pre_vote = false);
    c.partition(&[1], &[2, 3]);
    c.time_out(1);
    c.settle();
    c.now = c.now + Span::millis(300);
    c.feed(1, [Input::Expire]);
    let now = (c.view(1).role(), c.view(1).term());
    assert_eq!(now, (Role::Candidate, Term(2)));
}

/// "If election timeout elapses without AppendEntries from current leader or granting a vote:
/// convert to candidate", and not before.
#[test]
fn figure_2_followers_campaign_when_the_timeout_elapses_and_not_before() {
    let mut c = Cluster::new(3);
    c.elect(2);
    let due = c.view(1).election().expect("a follower has one").due;
    assert_eq!(c.node(1).raft.deadline(), due);
    c.now = Time(due.0 - 1);
    c.feed(1, [Input::Expire]);
    assert_eq!(c.view(1).role(), Role::Follower);
    c.now = due;
    c.feed(1, [Input::Expire]);
    assert_eq!(c.view(1).role(), Role::PreCandidate);
}

/// "Upon election: heartbeats to each server; repeat during idle periods."
#[test]
fn figure_2_leaders_speak_at_once_and_again_while_idle() {
    let mut c = Cluster::new(3);
    c.win(1);
    let opening = [(NodeId(2), 1), (NodeId(3), 1)];
    assert_eq!(appends(&c, 1), opening, "with the opening entry in it");
    c.settle();
    for _ in 0..3 {
        assert_eq!(appends(&c, 1), []);
        c.now = c.node(1).raft.deadline();
        c.feed(1, [Input::Expire]);
        assert_eq!(appends(&c, 1), [(NodeId(2), 0), (NodeId(3), 0)]);
        c.settle();
    }
    let heartbeat = config(1).timing.heartbeat;
    assert_eq!(c.now, Time(3 * heartbeat.0));
}

/// "If command received from client: append, respond after the entry is applied."
#[test]
fn figure_2_leaders_answer_after_the_entry_is_applied() {
    let mut c = Cluster::with(3, |config| config.limits.unapplied_entries = 1);
    c.elect(1);
    c.fast_apply = false;
    c.propose(1, 1, "a").expect("accepted");
    c.propose(1, 2, "b").expect("accepted");
    c.settle();
    assert_eq!(c.view(1).commit(), Index(4));
    assert_eq!(
        c.node(1).settled.len(),
        1,
        "b is committed and not handed out"
    );
    c.feed(1, [Input::Applied(Index(3))]);
    assert_eq!(c.node(1).settled.len(), 2);
    assert_eq!(c.commands(1), ["a", "b"]);
}

/// "nextIndex, initialised to leader last log index + 1; matchIndex, initialised to 0."
#[test]
fn figure_2_a_new_leader_assumes_equal_logs_and_knows_nothing() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    c.now = Time(10_000_000);
    c.win(2);
    for peer in c.view(2).peers() {
        assert_eq!((peer.next, peer.matched), (Index(4), Index(0)));
    }
}
