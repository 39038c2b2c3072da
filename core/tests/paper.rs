//! One test per sentence of the paper's rules that the core implements, named by section
//! ("p" the extended Raft paper, "t" the thesis).

mod kit;

use kit::Cluster;
use raftwerk_core::trace::{FollowerReason, Kind, Role, VoteRefusal};
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

#[test]
fn p5_1_terms_act_as_a_clock_and_a_stale_leader_steps_down() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.forge(2, 1, 9, Body::VoteReply { granted: false });
    assert_eq!(
        (c.view(1).role(), c.view(1).term()),
        (Role::Follower, Term(9))
    );
    assert!(c.saw(1, |k| matches!(
        k,
        Kind::BecameFollower {
            was: Role::Leader,
            reason: FollowerReason::HigherTerm { .. }
        }
    )));
}

#[test]
fn p5_2_a_majority_elects_a_leader_and_one_alone_does_not() {
    let mut c = Cluster::new(5);
    c.partition(&[1], &[2, 3, 4, 5]);
    c.time_out(1);
    c.settle();
    assert_eq!(c.view(1).role(), Role::PreCandidate);
    assert_eq!(c.view(1).term(), Term(0), "pre-vote raises no term (t9.6)");
    c.cut.clear();
    c.elect(1);
    assert_eq!(c.leaders(), [1]);
    assert!((2..=5).all(|id| c.view(id).leader() == Some(NodeId(1))));
}

#[test]
fn p5_2_a_split_vote_elects_nobody_and_ends_by_timeout() {
    let mut c = Cluster::with(4, |config| config.switches.pre_vote = false);
    c.time_out(1);
    c.time_out(2);
    let vote = |m: &Message, to: u64, from: u64| m.to.0 == to && m.from.0 == from;
    c.deliver_if(|m| vote(m, 3, 1));
    c.deliver_if(|m| vote(m, 4, 2));
    c.settle();
    assert!(c.leaders().is_empty());
    c.run(Span::millis(2_000));
    assert_eq!(c.leaders().len(), 1);
}

#[test]
fn p5_2_a_candidate_follows_a_leader_of_its_own_term() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.forge(
        1,
        2,
        1,
        Body::PreVote {
            proposed: Term(2),
            last: LogId::new(9, 9),
        },
    );
    c.mail.clear();
    c.partition(&[3], &[1, 2]);
    c.time_out(3);
    c.settle();
    assert_eq!(c.view(3).role(), Role::PreCandidate);
    c.cut.clear();
    c.heartbeat(1);
    c.settle();
    assert_eq!(
        (c.view(3).role(), c.view(3).leader()),
        (Role::Follower, Some(NodeId(1)))
    );
}

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
    let refused = |id: u64| {
        c.saw(id, |k| {
            matches!(
                k,
                Kind::RefusedVote {
                    reason: VoteRefusal::LogBehind { .. },
                    ..
                }
            )
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
fn p5_4_1_a_log_that_lacks_a_committed_entry_cannot_win() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.partition(&[3], &[1, 2]);
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    c.cut.clear();
    c.now = Time(10_000_000);
    c.time_out(3);
    c.settle();
    assert_ne!(c.view(3).role(), Role::Leader);
    assert!(c.saw(2, |k| matches!(
        k,
        Kind::RefusedVote {
            to: NodeId(3),
            reason: VoteRefusal::LogBehind { .. },
            ..
        }
    )));
}

#[test]
fn p5_4_2_figure_8_an_old_entry_on_a_majority_is_not_committed() {
    // S1 led term 2 and reached S2; S5 led term 3 alone. S1 leads term 4 and copies the old
    // entry to S3: three of five have it, and still it is not committed.
    let mut c = with_logs(&[&[1, 2], &[1, 2], &[1], &[1], &[1, 3]], 3);
    c.partition(&[5], &[1, 2, 3, 4]);
    c.time_out(1);
    c.deliver_if(|m| matches!(m.body, Body::PreVote { .. } | Body::PreVoteReply { .. }));
    c.deliver_if(|m| matches!(m.body, Body::PreVoteReply { .. }));
    c.deliver_if(|m| matches!(m.body, Body::Vote { .. }));
    c.deliver_if(|m| matches!(m.body, Body::VoteReply { .. }));
    assert_eq!(
        (c.view(1).role(), c.view(1).term()),
        (Role::Leader, Term(4))
    );
    // Forged acknowledgements: S2 and S3 have everything up to the old entry and no more.
    let lane = c
        .mail
        .iter()
        .find_map(|m| match m.body {
            Body::Append { lane, .. } => Some(lane),
            _ => None,
        })
        .expect("the new leader speaks");
    let upto = |at: u64| AppendResult::Accepted {
        durable: Index(at),
        received: Index(at),
    };
    for from in [2, 3] {
        let body = Body::AppendReply {
            lane,
            round: Round(1),
            result: upto(3),
        };
        c.forge(from, 1, 4, body);
    }
    assert_eq!(c.view(1).commit(), Index(0));
    assert!(c.saw(1, |k| matches!(k, Kind::CommitWithheld { .. })));
    // As soon as the entry of term 4 is on a majority, all before it are committed too.
    for from in [2, 3] {
        let body = Body::AppendReply {
            lane,
            round: Round(1),
            result: upto(4),
        };
        c.forge(from, 1, 4, body);
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
fn t4_2_3_a_vote_is_refused_while_a_leader_is_heard() {
    let mut c = Cluster::with(3, |config| config.switches.pre_vote = false);
    c.elect(1);
    c.time_out(3);
    c.settle();
    assert_eq!(
        (c.view(1).role(), c.view(1).term()),
        (Role::Leader, Term(1))
    );
    assert!(c.saw(2, |k| matches!(
        k,
        Kind::RefusedVote {
            reason: VoteRefusal::LeaderAlive { .. },
            ..
        }
    )));
    // With the rule off, the healthy leader is deposed.
    let mut c = Cluster::with(3, |config| {
        config.switches.pre_vote = false;
        config.switches.stickiness = false;
    });
    c.elect(1);
    c.time_out(3);
    c.settle();
    assert_eq!(c.leaders(), [3]);
}

#[test]
fn t6_2_a_leader_without_a_majority_steps_down() {
    for check_quorum in [true, false] {
        let mut c = Cluster::with(3, |config| config.switches.check_quorum = check_quorum);
        c.elect(1);
        c.partition(&[1], &[2, 3]);
        c.run(Span::millis(1_000));
        assert_eq!(c.view(1).role() == Role::Leader, !check_quorum);
    }
}

#[test]
fn t6_4_a_read_waits_for_a_round_that_a_majority_echoes() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    c.partition(&[1], &[2, 3]);
    c.read(1, 9, ReadPath::Leader).expect("taken");
    c.settle();
    assert!(
        c.node(1).reads.is_empty(),
        "nobody has confirmed that S1 still leads"
    );
    c.cut.clear();
    c.heartbeat(1);
    c.settle();
    assert_eq!(c.node(1).reads, [(Ticket(9), Ok(Index(3)))]);
}

#[test]
fn t6_4_a_follower_serves_a_read_at_the_leaders_index() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    c.read(2, 5, ReadPath::Follower).expect("taken");
    c.read(2, 6, ReadPath::Follower).expect("taken");
    c.settle();
    let mut reads = c.node(2).reads.clone();
    reads.sort_by_key(|read| read.0);
    assert_eq!(
        reads,
        [(Ticket(5), Ok(Index(3))), (Ticket(6), Ok(Index(3)))]
    );
    assert_eq!(
        c.commands(2),
        ["x"],
        "the read came after the apply that covers it"
    );
}

#[test]
fn t9_6_a_returning_node_does_not_depose_a_healthy_leader() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.partition(&[3], &[1, 2]);
    c.run(Span::millis(3_000));
    assert_eq!(c.view(3).term(), Term(1), "its term does not climb");
    c.cut.clear();
    c.run(Span::millis(1_000));
    assert_eq!((c.leaders(), c.view(1).term()), (vec![1], Term(1)));
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
