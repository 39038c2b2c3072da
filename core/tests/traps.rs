//! Known traps, by their ids in the design (E elections, R replication, L reads, D disk).

mod kit;

use kit::Cluster;
use raftwerk_core::trace::{IgnoreReason, Kind, Pace, Role, Timer, VoteRefusal};
use raftwerk_core::*;

fn vote(term: u64, index: u64) -> Body {
    Body::Vote {
        last: LogId::new(term, index),
        transfer: false,
    }
}

fn granted(c: &Cluster, from: u64) -> bool {
    c.mail
        .iter()
        .any(|m| m.from.0 == from && matches!(m.body, Body::VoteReply { granted: true }))
}

#[test]
fn e1_a_vote_leaves_only_when_term_and_vote_are_on_disk() {
    let mut c = Cluster::new(3);
    c.fast_disk = false;
    c.forge(2, 1, 5, vote(4, 9));
    assert!(!granted(&c, 1));
    let write = &c.node(1).writes[0];
    let expect = HardState {
        term: Term(5),
        vote: Some(NodeId(2)),
    };
    assert_eq!(write.hard_state, Some(expect), "one record holds both");
    c.complete_write(1);
    assert!(granted(&c, 1));
    c.restart(1);
    c.mail.clear();
    c.forge(3, 1, 5, vote(4, 9));
    assert!(!granted(&c, 1), "it remembers after a restart");
}

/// Found by seed 73 of the simulator: all others granted before the candidate's own disk was
/// done. After a crash it would have led the same term a second time.
#[test]
fn e1_a_candidate_wins_only_when_its_own_term_is_on_disk() {
    let mut c = Cluster::with(3, |config| config.switches.pre_vote = false);
    c.fast_disk = false;
    c.time_out(1);
    for from in [2, 3] {
        c.forge(from, 1, 1, Body::VoteReply { granted: true });
    }
    assert_eq!(c.view(1).role(), Role::Candidate);
    c.complete_write(1);
    assert_eq!(c.view(1).role(), Role::Leader);
}

#[test]
fn e2_stepping_down_inside_a_term_keeps_the_vote() {
    let mut c = Cluster::with(3, |config| config.switches.pre_vote = false);
    c.time_out(1);
    c.mail.clear();
    let lane = Lane {
        term: Term(1),
        membership: Index(1),
        generation: 0,
    };
    let (prev, commit) = (LogId::new(0, 1), Index(0));
    let body = Body::Append {
        lane,
        round: Round(1),
        prev,
        entries: vec![],
        commit,
    };
    c.forge(2, 1, 1, body);
    assert_eq!(
        (c.view(1).role(), c.view(1).vote()),
        (Role::Follower, Some(NodeId(1)))
    );
}

#[test]
fn e3_a_voter_counts_once_and_a_stranger_never() {
    let mut c = Cluster::with(5, |config| config.switches.pre_vote = false);
    c.time_out(1);
    c.mail.clear();
    for _ in 0..3 {
        c.forge(2, 1, 1, Body::VoteReply { granted: true });
        c.forge(77, 1, 1, Body::VoteReply { granted: true });
    }
    assert_eq!(c.view(1).role(), Role::Candidate);
    c.forge(3, 1, 1, Body::VoteReply { granted: true });
    assert_eq!(c.view(1).role(), Role::Leader);
}

#[test]
fn e4_answers_of_another_term_or_phase_do_not_count() {
    let mut c = Cluster::new(3);
    c.time_out(1);
    c.mail.clear();
    c.forge(2, 1, 0, Body::VoteReply { granted: true });
    assert_eq!(
        c.view(1).role(),
        Role::PreCandidate,
        "a vote is no pre-vote"
    );
    c.forge(
        2,
        1,
        0,
        Body::PreVoteReply {
            proposed: Term(9),
            granted: true,
        },
    );
    assert_eq!(c.view(1).role(), Role::PreCandidate, "of another question");
    c.forge(
        2,
        1,
        0,
        Body::PreVoteReply {
            proposed: Term(1),
            granted: true,
        },
    );
    assert_eq!(
        (c.view(1).role(), c.view(1).term()),
        (Role::Candidate, Term(1))
    );
    c.forge(
        2,
        1,
        0,
        Body::PreVoteReply {
            proposed: Term(1),
            granted: true,
        },
    );
    assert_eq!(c.view(1).role(), Role::Candidate, "a pre-vote is no vote");
}

#[test]
fn e5_logs_are_compared_by_last_term_before_length() {
    let mut c = Cluster::new(3);
    c.elect(2);
    c.now = Time(10_000_000);
    c.mail.clear();
    c.forge(3, 1, 9, vote(0, 900));
    assert!(!granted(&c, 1), "longer, but of an older term");
    c.forge(3, 1, 10, vote(2, 1));
    assert!(granted(&c, 1), "shorter, but of a newer term");
}

#[test]
fn e6_the_candidate_already_voted_for_is_granted_again() {
    let mut c = Cluster::new(3);
    for _ in 0..2 {
        c.mail.clear();
        c.forge(2, 1, 3, vote(3, 9));
        assert!(granted(&c, 1));
    }
}

#[test]
fn e8_the_election_timer_is_reset_by_the_right_things_only() {
    let mut c = Cluster::new(3);
    c.elect(2);
    let due = |c: &Cluster| c.view(1).election().expect("a follower has one").set;
    let before = due(&c);
    c.now = c.now + Span::millis(40);
    c.forge(3, 1, 0, vote(0, 0));
    c.forge(3, 1, 1, vote(0, 0));
    assert_eq!(due(&c), before, "refused votes do not reset it");
    let lane = Lane {
        term: Term(1),
        membership: Index(1),
        generation: 0,
    };
    let probe = Body::Append {
        lane,
        round: Round(9),
        prev: LogId::new(1, 99),
        entries: vec![],
        commit: Index(0),
    };
    c.forge(2, 1, 1, probe);
    assert_eq!(
        due(&c),
        c.now,
        "the leader's append does, even when it is refused"
    );
}

#[test]
fn e9_each_timeout_is_drawn_anew() {
    let mut c = Cluster::new(3);
    let mut spans = std::collections::BTreeSet::new();
    for _ in 0..20 {
        c.time_out(1);
        c.mail.clear();
        let timer = c.view(1).election().expect("it is no leader");
        spans.insert(timer.due.since(timer.set).0);
    }
    assert!(spans.len() > 15);
    let timing = kit::config(1).timing;
    assert!(
        spans
            .iter()
            .all(|s| (timing.election_min.0..timing.election_max.0).contains(s))
    );
}

#[test]
fn e10_longest_log_here_and_highest_term_there_still_elect() {
    let mut c = Cluster::new(2);
    c.elect(1);
    c.partition(&[1], &[2]);
    c.propose(1, 1, "only here").expect("accepted");
    c.settle();
    // S2 lost its leader and has seen a much higher term.
    c.forge(1, 2, 40, Body::VoteReply { granted: false });
    c.cut.clear();
    c.run(Span::millis(3_000));
    assert_eq!(c.leaders(), [1]);
    assert!(c.view(1).term() > Term(40));
}

#[test]
fn e10c_a_pre_candidate_knows_no_leader_and_e10d_a_deposed_leader_refuses_nobody() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.time_out(2);
    assert_eq!(c.view(2).leader(), None);
    c.mail.clear();
    c.partition(&[1], &[2, 3]);
    c.run(Span::millis(400));
    assert_ne!(c.view(1).role(), Role::Leader);
    assert_eq!(c.view(1).leader(), None);
    let ask = Body::PreVote {
        proposed: Term(90),
        last: LogId::new(80, 9),
    };
    c.forge(2, 1, 1, ask);
    let yes = |m: &Message| matches!(m.body, Body::PreVoteReply { granted: true, .. });
    assert!(c.mail.iter().any(|m| m.from.0 == 1 && yes(m)));
}

#[test]
fn e11_a_leader_of_an_older_term_is_told_of_the_newer_one() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.partition(&[3], &[1, 2]);
    c.forge(2, 3, 7, Body::VoteReply { granted: false });
    c.cut.clear();
    c.heartbeat(1);
    c.settle();
    assert_eq!(
        (c.view(1).role(), c.view(1).term()),
        (Role::Follower, Term(7))
    );
}

#[test]
fn e12_a_leader_does_not_campaign() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.time_out(1);
    assert_eq!(
        (c.view(1).role(), c.view(1).term()),
        (Role::Leader, Term(1))
    );
}

#[test]
fn e16_only_a_voter_campaigns() {
    let members = Members::of_voters([NodeId(1), NodeId(2)]);
    let mut raft =
        Raft::boot(kit::config(9), Durable::bootstrap(&members), Time(0)).expect("boots");
    raft.fire(Time(1), Timer::Election);
    while raft.poll().is_some() {}
    assert_eq!(raft.view().role(), Role::Follower);
}

#[test]
fn e18_an_absurd_term_is_a_fault_of_the_link() {
    let mut c = Cluster::new(3);
    c.forge(2, 1, u64::MAX, vote(1, 1));
    assert_eq!(c.view(1).term(), Term(0));
    assert!(c.saw(1, |k| matches!(
        k,
        Kind::Ignored {
            reason: IgnoreReason::TermJump { .. },
            ..
        }
    )));
}

#[test]
fn e19_two_leaders_in_one_term_fence_the_node() {
    let mut c = Cluster::new(3);
    c.elect(1);
    let lane = Lane {
        term: Term(1),
        membership: Index(1),
        generation: 0,
    };
    let (prev, commit) = (LogId::new(0, 1), Index(0));
    c.forge(
        2,
        1,
        1,
        Body::Append {
            lane,
            round: Round(1),
            prev,
            entries: vec![],
            commit,
        },
    );
    assert_eq!(c.node(1).fenced, Some(Fence::TwoLeaders));
    assert_eq!(c.propose(1, 1, "x"), Err(Refusal::Fenced));
}

#[test]
fn r1_a_late_shorter_append_removes_nothing() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.propose(1, 1, "a").expect("accepted");
    let late: Vec<Message> = c.mail.clone();
    c.mail.clear();
    c.propose(1, 2, "b").expect("accepted");
    c.heartbeat(1);
    c.settle();
    c.heartbeat(1);
    c.settle();
    c.run(Span::millis(200));
    assert_eq!(c.view(2).last().index, Index(4));
    c.mail = late;
    c.settle();
    assert_eq!(c.view(2).last().index, Index(4));
}

#[test]
fn r2_a_follower_acknowledges_only_what_this_leader_proved() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.partition(&[1], &[2, 3]);
    c.propose(1, 1, "never seen by others").expect("accepted");
    c.mail.clear();
    c.cut.clear();
    c.partition(&[1], &[3]);
    // S2 leads a newer term; its heartbeat proves only the shared prefix on S1.
    let lane = Lane {
        term: Term(2),
        membership: Index(1),
        generation: 0,
    };
    let (prev, commit) = (LogId::new(1, 2), Index(99));
    c.forge(
        2,
        1,
        2,
        Body::Append {
            lane,
            round: Round(1),
            prev,
            entries: vec![],
            commit,
        },
    );
    let reply = c.mail.iter().find_map(|m| match m.body {
        Body::AppendReply { result, .. } => Some(result),
        _ => None,
    });
    let proven = Index(2);
    assert_eq!(
        reply,
        Some(AppendResult::Accepted {
            durable: proven,
            received: proven
        })
    );
    assert_eq!(c.view(1).commit(), Index(2), "nor is more committed");
}

#[test]
fn r4_a_reply_of_another_lane_gives_no_credit() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.mail.clear();
    c.propose(1, 1, "x").expect("accepted");
    c.mail.clear();
    let lane = Lane {
        term: Term(1),
        membership: Index(1),
        generation: 8,
    };
    let result = AppendResult::Accepted {
        durable: Index(3),
        received: Index(3),
    };
    c.forge(
        2,
        1,
        1,
        Body::AppendReply {
            lane,
            round: Round(1),
            result,
        },
    );
    assert_eq!(c.view(1).commit(), Index(2));
    assert!(c.saw(1, |k| matches!(
        k,
        Kind::Ignored {
            reason: IgnoreReason::StaleLane,
            ..
        }
    )));
}

#[test]
fn r5_the_commit_index_sent_never_exceeds_what_the_peer_has_proven() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.partition(&[3], &[1, 2]);
    for ticket in 1..=5 {
        c.propose(1, ticket, "x").expect("accepted");
    }
    c.settle();
    c.heartbeat(1);
    for message in &c.mail {
        if let Body::Append { commit, .. } = message.body {
            let matched = c
                .view(1)
                .peers()
                .iter()
                .find(|p| p.id == message.to)
                .map(|p| p.matched);
            assert!(Some(commit) <= matched);
        }
    }
}

#[test]
fn r7_entries_with_holes_are_not_taken() {
    let mut c = Cluster::new(3);
    c.elect(1);
    let noop = |term, index| Entry {
        id: LogId::new(term, index),
        body: EntryBody::Noop,
    };
    let lane = Lane {
        term: Term(1),
        membership: Index(1),
        generation: 0,
    };
    let (prev, commit) = (LogId::new(1, 2), Index(0));
    for entries in [
        vec![noop(1, 4)],
        vec![noop(1, 3), noop(0, 4)],
        vec![noop(5, 3)],
    ] {
        let body = Body::Append {
            lane,
            round: Round(3),
            prev,
            entries,
            commit,
        };
        c.forge(1, 2, 1, body);
        assert_eq!(c.view(2).last().index, Index(2));
    }
}

#[test]
fn r10_while_probing_one_append_is_on_the_way() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.with_raft(1, |raft, now| raft.link(now, NodeId(2), false));
    for ticket in 1..=5 {
        c.propose(1, ticket, "x").expect("accepted");
    }
    let with_entries = |m: &&Message| {
        m.to.0 == 2 && matches!(&m.body, Body::Append { entries, .. } if !entries.is_empty())
    };
    assert_eq!(c.mail.iter().filter(with_entries).count(), 1);
}

#[test]
fn r11_a_full_window_that_was_lost_drains_again() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.settle();
    for ticket in 1..=6 {
        c.propose(1, ticket, "x").expect("accepted");
        c.mail.clear();
    }
    assert!(
        c.view(1)
            .peers()
            .iter()
            .all(|peer| peer.full && peer.pace == Pace::Replicate)
    );
    c.run(Span::millis(400));
    assert_eq!(c.leaders(), [1]);
    assert!((1..=3).all(|id| c.commands(id).len() == 6));
}

#[test]
fn r15_a_single_node_answers_only_from_disk() {
    let mut c = Cluster::new(1);
    c.elect(1);
    c.fast_disk = false;
    c.propose(1, 1, "x").expect("accepted");
    assert!(c.node(1).settled.is_empty());
    c.complete_write(1);
    assert_eq!(
        c.node(1).settled,
        [(Ticket(1), Outcome::Committed(LogId::new(1, 3)))]
    );
}

#[test]
fn r20_a_commit_notice_is_remembered_until_the_disk_has_the_entry() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.fast_disk = false;
    c.propose(1, 1, "x").expect("accepted");
    c.deliver_if(|m| m.to.0 == 2);
    // The leader commits with S3's help and tells S2, whose disk is still busy.
    let lane = Lane {
        term: Term(1),
        membership: Index(1),
        generation: 0,
    };
    let (prev, commit) = (LogId::new(1, 3), Index(3));
    c.forge(
        1,
        2,
        1,
        Body::Append {
            lane,
            round: Round(7),
            prev,
            entries: vec![],
            commit,
        },
    );
    assert!(c.commands(2).is_empty());
    c.complete_write(2);
    assert_eq!(c.commands(2), ["x"]);
}

#[test]
fn r22_tickets_end_exactly_once_and_unknown_when_leadership_is_lost() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.propose(1, 1, "kept").expect("accepted");
    c.settle();
    c.partition(&[1], &[2, 3]);
    c.propose(1, 2, "lost").expect("accepted");
    c.run(Span::millis(1_000));
    c.cut.clear();
    c.run(Span::millis(1_000));
    let id = LogId::new(1, 3);
    let expect = [
        (Ticket(1), Outcome::Committed(id)),
        (Ticket(2), Outcome::Unknown),
    ];
    assert_eq!(c.node(1).settled, expect);
    assert_eq!(c.commands(1), ["kept"], "the uncommitted entry was cut");
}

#[test]
fn l1_a_new_leader_serves_no_read_below_its_opening_entry() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    c.now = Time(10_000_000);
    c.time_out(2);
    c.deliver_if(|m| matches!(m.body, Body::PreVote { .. }));
    c.deliver_if(|m| matches!(m.body, Body::PreVoteReply { .. }));
    c.deliver_if(|m| matches!(m.body, Body::Vote { .. }));
    c.deliver_if(|m| matches!(m.body, Body::VoteReply { .. }));
    assert_eq!(c.view(2).role(), Role::Leader);
    c.read(2, 1, ReadPath::Leader).expect("taken");
    c.settle();
    assert_eq!(
        c.node(2).reads,
        [(Ticket(1), Ok(Index(4)))],
        "the opening entry is at 4"
    );
}

#[test]
fn l3_an_echo_of_an_earlier_round_confirms_nothing() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.heartbeat(1);
    let early: Vec<Message> = c.mail.clone();
    c.mail.clear();
    c.read(1, 1, ReadPath::Leader).expect("taken");
    c.mail = early;
    c.settle();
    assert!(
        c.node(1).reads.is_empty(),
        "only echoes of older rounds came back"
    );
    c.heartbeat(1);
    c.settle();
    assert_eq!(c.node(1).reads.len(), 1);
}

#[test]
fn l12_reads_fail_with_a_reason_when_leadership_is_lost() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.partition(&[1], &[2, 3]);
    c.read(1, 1, ReadPath::Leader).expect("taken");
    c.run(Span::millis(1_000));
    assert_eq!(c.node(1).reads, [(Ticket(1), Err(Refusal::LeaderLost))]);
    assert!(matches!(
        c.read(1, 2, ReadPath::Leader),
        Err(Refusal::NotLeader { .. })
    ));
}

#[test]
fn d1_an_acknowledgement_waits_for_the_disk() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.fast_disk = false;
    c.propose(1, 1, "x").expect("accepted");
    c.deliver_if(|m| m.to.0 == 2);
    let claims = |c: &Cluster| {
        c.mail.iter().any(|m| {
            m.from.0 == 2
                && matches!(
                    m.body,
                    Body::AppendReply {
                        result: AppendResult::Accepted {
                            durable: Index(3),
                            ..
                        },
                        ..
                    }
                )
        })
    };
    assert!(!claims(&c));
    c.complete_write(2);
    assert!(claims(&c));
}

#[test]
fn d2_a_failed_write_ends_the_node_for_good() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.fast_disk = false;
    c.propose(1, 1, "x").expect("accepted");
    let seq = c.node(1).writes[0].seq;
    c.mail.clear();
    c.with_raft(1, |raft, now| raft.persist_failed(now, seq));
    assert_eq!(c.node(1).fenced, Some(Fence::Storage));
    assert_eq!(c.node(1).settled, [(Ticket(1), Outcome::Unknown)]);
    c.now = Time(60_000_000);
    c.with_raft(1, |raft, now| raft.expire(now));
    c.forge(2, 1, 9, vote(8, 8));
    assert!(c.mail.is_empty(), "it says nothing any more");
}

#[test]
fn limits_refuse_with_reasons() {
    let mut c = Cluster::with(3, |config| {
        config.limits.command_bytes = 100;
        config.limits.uncommitted_bytes = 4_096;
    });
    let refused = c.propose(2, 1, "x");
    assert_eq!(
        refused,
        Err(Refusal::NotLeader {
            hint: None,
            term: Term(0)
        })
    );
    c.elect(1);
    assert_eq!(c.propose(1, 2, &"x".repeat(101)), Err(Refusal::TooLarge));
    let taken = (10..1_000)
        .take_while(|t| c.propose(1, *t, &"x".repeat(90)).is_ok())
        .count();
    assert!(
        (30..=34).contains(&taken),
        "{taken} commands of 122 bytes fit in 4096"
    );
    assert_eq!(
        c.propose(1, 5_000, "x".repeat(90).as_str()),
        Err(Refusal::Overloaded)
    );
    assert_eq!(c.read(1, 1, ReadPath::Quorum), Err(Refusal::Disabled));
    assert!(c.saw(1, |k| !matches!(
        k,
        Kind::RefusedVote {
            reason: VoteRefusal::Leading,
            ..
        }
    )));
}

#[test]
fn batching_many_proposals_make_one_write_and_one_append_a_peer() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.fast_disk = false;
    c.with_raft(1, |raft, now| {
        for ticket in 0..500 {
            let command = Payload::from(&b"x"[..]);
            raft.propose(now, Ticket(ticket), command)
                .expect("accepted");
        }
    });
    assert_eq!(c.node(1).writes.len(), 1);
    assert_eq!(c.node(1).writes[0].append.len(), 500);
    let appends = c
        .mail
        .iter()
        .filter(|m| matches!(m.body, Body::Append { .. }));
    assert!(
        appends.count() <= 4,
        "two appends of at most 16 KiB fit each window"
    );
}
