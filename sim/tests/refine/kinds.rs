//! Events written by hand, in few words.

use raftwerk_core::trace::{
    Cause, CommitReason, ElectionReason, Event, FollowerReason, Held, InstallReason, Kind, Role,
    Step, TransferReason, VoteRefusal,
};
use raftwerk_core::{Index, LogId, Members, NodeId, Span, Term, Ticket, Time, WriteSeq};

pub fn at(term: u64, index: u64) -> LogId {
    LogId::new(term, index)
}

pub fn event(node: u64, term: u64, kind: Kind) -> Event {
    Event {
        node: NodeId(node),
        at: Time(0),
        term: Term(term),
        cause: Cause::Boot,
        kind,
    }
}

pub fn voters(ids: &[u64]) -> Members {
    Members::of_voters(ids.iter().copied().map(NodeId))
}

pub fn booted(term: u64, vote: Option<u64>, last: LogId) -> Kind {
    let (term, vote) = (Term(term), vote.map(NodeId));
    Kind::Booted { term, vote, last }
}

pub fn timed_out() -> Kind {
    Kind::ElectionTimedOut {
        waited: Span(1),
        leader: None,
    }
}

pub fn started(last: LogId) -> Kind {
    let reason = ElectionReason::Timeout;
    Kind::StartedElection { reason, last }
}

pub fn started_for(reason: ElectionReason, last: LogId) -> Kind {
    Kind::StartedElection { reason, last }
}

pub fn released(what: Held) -> Kind {
    Kind::Released { what }
}

pub fn higher(was: Role, from: u64, mine: u64, theirs: u64) -> Kind {
    let (from, mine, theirs) = (NodeId(from), Term(mine), Term(theirs));
    let reason = FollowerReason::HigherTerm { from, mine, theirs };
    Kind::BecameFollower { was, reason }
}

pub fn granted(to: u64, proposed: u64, theirs: LogId, mine: LogId) -> Kind {
    Kind::GrantedVote {
        to: NodeId(to),
        pre: false,
        proposed: Term(proposed),
        theirs,
        mine,
    }
}

pub fn counted(from: u64, yes: usize) -> Kind {
    Kind::CountedVote {
        from: NodeId(from),
        pre: false,
        granted: true,
        yes,
        need: 2,
    }
}

pub fn leads(votes: &[u64]) -> Kind {
    let votes = votes.iter().copied().map(NodeId).collect();
    Kind::BecameLeader { votes }
}

pub fn persisted(durable: u64) -> Kind {
    Kind::Persisted {
        seq: WriteSeq(1),
        durable: Index(durable),
    }
}

pub fn accepted(leader: u64, prev: LogId, last: u64, new: usize) -> Kind {
    let (leader, last) = (NodeId(leader), Index(last));
    Kind::AcceptedAppend {
        leader,
        prev,
        last,
        new,
    }
}

pub fn matched(peer: u64, to: u64) -> Kind {
    let (peer, to) = (NodeId(peer), Index(to));
    Kind::Matched { peer, to }
}

pub fn committed(from: u64, to: u64, reason: CommitReason) -> Kind {
    let (from, to) = (Index(from), Index(to));
    Kind::Committed { from, to, reason }
}

pub fn by_counting(from: u64, to: u64, matched: &[(u64, u64)]) -> Kind {
    let copies = matched.iter().map(|(node, to)| (NodeId(*node), Index(*to)));
    let matched = copies.collect();
    committed(from, to, CommitReason::Quorum { matched })
}

pub fn by_word(from: u64, to: u64, leader: u64) -> Kind {
    committed(from, to, CommitReason::Leader(NodeId(leader)))
}

pub fn applying(from: u64, to: u64) -> Kind {
    let (from, to) = (Index(from), Index(to));
    Kind::Applying { from, to }
}

pub fn command(id: LogId) -> Kind {
    let ticket = Ticket(1);
    Kind::AppendedCommand { ticket, id }
}

pub fn refused_vote(to: u64, proposed: u64, reason: VoteRefusal) -> Kind {
    let (to, proposed) = (NodeId(to), Term(proposed));
    Kind::RefusedVote {
        to,
        pre: false,
        proposed,
        reason,
    }
}

pub fn cut(from: u64, mine: u64, theirs: u64, removed: u64) -> Kind {
    Kind::CutLog {
        at: Index(from),
        mine: Term(mine),
        theirs: Term(theirs),
        removed,
    }
}

pub fn appended(id: LogId, step: Step) -> Kind {
    Kind::AppendedMembership { id, step }
}

pub fn in_force(id: LogId, members: Members) -> Kind {
    let rolled_back = false;
    Kind::MembershipInForce {
        id,
        members,
        rolled_back,
    }
}

pub fn told_to_campaign(to: u64, last: LogId) -> Kind {
    let to = NodeId(to);
    Kind::SentTimeoutNow { to, last }
}

pub fn handing_over(to: u64) -> Kind {
    Kind::TransferStarted {
        to: NodeId(to),
        why: TransferReason::Asked,
        matched: Index(2),
        last: Index(2),
    }
}

pub fn next_of(peer: u64, next: u64) -> Kind {
    Kind::Backtracked {
        peer: NodeId(peer),
        probe: at(0, 1),
        hint: at(0, 1),
        next: Index(next),
    }
}

pub fn installing(last: LogId, end: LogId) -> Kind {
    Kind::InstallingSnapshot {
        last,
        reason: InstallReason::Ahead { end },
        removed: 0,
    }
}
