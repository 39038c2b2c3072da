//! Terms, votes, and who leads.

use super::id;
use raftwerk_core::trace::{ElectionReason, FollowerReason, Kind, Role, VoteRefusal};
use raftwerk_core::{LogId, NodeId, Span, Term, Ticket};

pub fn election_kinds() -> Vec<Kind> {
    let (to, leader) = (NodeId(5), NodeId(2));
    let mut kinds = vec![
        Kind::Booted {
            term: Term(3),
            vote: Some(to),
            last: id(3, 7),
        },
        Kind::Booted {
            term: Term(0),
            vote: None,
            last: LogId::ORIGIN,
        },
        Kind::ElectionTimedOut {
            waited: Span(212_000),
            leader: Some(leader),
        },
        Kind::ElectionTimedOut {
            waited: Span(2_400),
            leader: None,
        },
        Kind::StartedPreVote {
            proposed: Term(4),
            last: id(3, 7),
        },
        Kind::GrantedVote {
            to,
            pre: true,
            proposed: Term(4),
            theirs: id(3, 8),
            mine: id(3, 7),
        },
        Kind::GrantedVote {
            to,
            pre: false,
            proposed: Term(4),
            theirs: id(4, 1),
            mine: id(3, 7),
        },
        Kind::CountedVote {
            from: to,
            pre: false,
            granted: true,
            yes: 2,
            need: 3,
        },
        Kind::CountedVote {
            from: NodeId(3),
            pre: true,
            granted: false,
            yes: 3,
            need: 3,
        },
        Kind::BecameLeader {
            votes: vec![NodeId(1), leader, NodeId(3)],
        },
        Kind::AppendedNoop { id: id(4, 8) },
        Kind::AppendedCommand {
            ticket: Ticket(9),
            id: id(4, 9),
        },
        Kind::FoundLeader { leader },
    ];
    for reason in [
        FollowerReason::Started,
        FollowerReason::HigherTerm {
            from: to,
            mine: Term(3),
            theirs: Term(4),
        },
        FollowerReason::LeaderSpoke { leader },
        FollowerReason::VoteLost,
        FollowerReason::Voted { to },
        FollowerReason::QuorumSilent { heard: 2, need: 3 },
        FollowerReason::DiskStalled {
            waited: raftwerk_core::Span(300_000),
        },
        FollowerReason::Removed,
    ] {
        kinds.push(Kind::BecameFollower {
            was: Role::Leader,
            reason,
        });
    }
    for reason in [
        ElectionReason::Timeout,
        ElectionReason::PreVoteWon,
        ElectionReason::TimeoutNow,
    ] {
        kinds.push(Kind::StartedElection {
            reason,
            last: id(3, 7),
        });
    }
    for reason in [
        VoteRefusal::LeaderAlive {
            leader,
            heard: Span(40_000),
        },
        VoteRefusal::OlderTerm {
            theirs: Term(2),
            mine: Term(3),
        },
        VoteRefusal::VotedFor(leader),
        VoteRefusal::LogBehind {
            theirs: id(3, 7),
            mine: id(4, 9),
        },
        VoteRefusal::Leading,
        VoteRefusal::NoMembership,
    ] {
        kinds.push(Kind::RefusedVote {
            to,
            pre: false,
            proposed: Term(4),
            reason,
        });
    }
    kinds
}
