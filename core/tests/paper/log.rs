//! Entries, commitment and what survives: paper 5.3, 5.4.2, 5.5, 8; thesis 3.8, 10.2.1.

use crate::kit::*;
use crate::with_logs;
use raftwerk_core::trace::{Kind, Role, VoteRefusal};
use raftwerk_core::*;

#[test]
fn p5_3_a_write_is_committed_when_a_majority_has_it_and_then_applied_everywhere() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.partition(&[3], &[1, 2]);
    c.propose(1, 1, "x=1").expect("accepted");
    c.settle();
    assert_eq!(
        c.node(1).settled,
        [(Ticket(1), Outcome::Committed(LogId::new(1, 3)))]
    );
    assert_eq!(c.commands(1), ["x=1"]);
    assert!(c.commands(3).is_empty());
    c.cut.clear();
    c.run(Span::millis(120));
    assert_eq!(
        (c.commands(2), c.commands(3)),
        (vec!["x=1".into()], vec!["x=1".into()])
    );
}

#[test]
fn p5_3_figure_7_every_log_is_brought_to_the_leaders() {
    let leader: &[u64] = &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
    let followers: [&[u64]; 6] = [
        &[1, 1, 1, 4, 4, 5, 5, 6, 6],
        &[1, 1, 1, 4],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
        &[1, 1, 1, 4, 4, 4, 4],
        &[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    ];
    let mut logs = vec![leader];
    logs.extend(followers);
    let mut c = with_logs(&logs, 7);
    c.elect(1);
    let mut expect = vec![0];
    expect.extend(leader);
    expect.push(8);
    c.run(Span::millis(200));
    for id in 1..=7 {
        assert_eq!(c.terms(id), expect, "S{id}");
    }
    // The longer log of the same term and the one that ends in term 7 refuse (paper 5.4.1).
    let behind = |reason: &VoteRefusal| matches!(reason, VoteRefusal::LogBehind { .. });
    let refused = |id: u64| {
        c.saw(id, |k| {
            let Kind::RefusedVote { reason, .. } = k else {
                return false;
            };
            behind(reason)
        })
    };
    let refusers: Vec<u64> = (2..=7).filter(|id| refused(*id)).collect();
    assert_eq!(refusers, [4, 5]);
}

#[test]
fn p5_3_backtracking_needs_at_most_one_probe_a_term() {
    let mut leader = vec![1; 3];
    leader.extend([4; 40]);
    let mut follower = vec![1; 3];
    follower.extend([2; 20]);
    follower.extend([3; 20]);
    let mut c = with_logs(&[&leader, &leader, &follower], 4);
    c.elect(1);
    c.run(Span::millis(100));
    assert_eq!(c.terms(3), c.terms(1));
    let probes = c
        .node(1)
        .events
        .iter()
        .filter(|e| matches!(e.kind, Kind::Backtracked { .. }));
    assert!(probes.count() <= 3, "terms 2, 3 and the last one");
}

#[test]
fn p5_4_2_figure_8_an_old_entry_on_a_majority_is_not_committed() {
    // S1 led term 2 and reached S2; S5 led term 3 alone. S1 leads term 4 and copies the old
    // entry to S3: three of five have it, and still it is not committed.
    let mut c = with_logs(&[&[1, 2], &[1, 2], &[1], &[1], &[1, 3]], 3);
    c.partition(&[5], &[1, 2, 3, 4]);
    c.win(1);
    assert_eq!(c.view(1).term(), Term(4));
    // Answers made by hand: S2 and S3 have everything up to the old entry and no more.
    for from in [2, 3] {
        c.forge(from, 1, 4, append_reply(4, 1, accepted(3)));
    }
    assert_eq!(c.view(1).commit(), Index(0));
    assert!(c.saw(1, |k| matches!(k, Kind::CommitWithheld { .. })));
    // As soon as the entry of term 4 is on a majority, all before it are committed too.
    for from in [2, 3] {
        c.forge(from, 1, 4, append_reply(4, 1, accepted(4)));
    }
    assert_eq!(c.view(1).commit(), Index(4));
}

#[test]
fn p5_5_a_repeated_append_changes_nothing() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.propose(1, 1, "a").expect("accepted");
    let copies: Vec<Message> = c.mail.clone();
    c.propose(1, 2, "b").expect("accepted");
    c.settle();
    let before = (c.terms(2), c.view(2).commit());
    c.mail = copies;
    c.settle();
    assert_eq!((c.terms(2), c.view(2).commit()), before);
}

#[test]
fn p8_a_leader_opens_its_term_with_an_empty_entry() {
    let mut c = Cluster::new(3);
    c.elect(2);
    let last = c.view(2).tail(1)[0].clone();
    assert_eq!(
        last,
        Entry {
            id: LogId::new(1, 2),
            body: EntryBody::Noop
        }
    );
    assert_eq!(c.view(2).commit(), Index(2));
}

#[test]
fn t3_8_term_vote_and_log_survive_a_restart_and_nothing_else_does() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    let (term, vote, last) = (c.view(1).term(), c.view(1).vote(), c.view(1).last());
    c.restart(1);
    let view = c.view(1);
    assert_eq!((view.term(), view.vote(), view.last()), (term, vote, last));
    assert_eq!(
        (view.role(), view.leader(), view.commit()),
        (Role::Follower, None, Index(0))
    );
}

#[test]
fn t10_2_1_the_leader_counts_itself_only_when_its_disk_has_the_entry() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.fast_disk = false;
    c.propose(1, 1, "x").expect("accepted");
    c.deliver_if(|_| true);
    assert_eq!(c.view(1).durable(), Index(2));
    c.complete_write(2);
    c.settle();
    assert_eq!(
        c.view(1).commit(),
        Index(2),
        "one follower and no own copy: two are needed"
    );
    c.complete_write(3);
    c.settle();
    assert_eq!(
        c.view(1).commit(),
        Index(3),
        "two followers commit before the leader's own disk"
    );
    assert!(
        c.commands(1).is_empty(),
        "but it applies only what it has itself"
    );
    c.complete_write(1);
    assert_eq!(c.commands(1), ["x"]);
}
