//! Giving votes and counting them (P5.2, P5.4.1; P figure 2, "RequestVote RPC"; T9.6, T4.2.3).

use super::state::{Node, State};
use super::{Rule, Ruling, must};
use raftwerk_core::trace::{Kind, Role, VoteRefusal};
use raftwerk_core::{HardState, LogId, NodeId, Term};
use std::sync::Arc;

const ONE_VOTE: Rule = Rule {
    says: "a node votes for at most one candidate in a term",
    section: "P5.2",
};
const OWN_TERM: Rule = Rule {
    says: "a vote is given in the own term, a pre-vote for a term that is not older",
    section: "P5.1, P5.2, T9.6",
};
const LOG_UP_TO_DATE: Rule = Rule {
    says: "a vote goes only to a log that is at least as up-to-date as the own",
    section: "P5.4.1",
};
const OWN_END: Rule = Rule {
    says: "what is compared is where the own log ends",
    section: "P5.4.1",
};
const WAS_ASKED: Rule = Rule {
    says: "a vote answers a question of that candidate about that log",
    section: "P5.2, T9.6",
};
const TRUE_REFUSAL: Rule = Rule {
    says: "a vote is refused for a reason that is true",
    section: "P5.2, P5.4.1, T4.2.3",
};
const ASKED_FOR: Rule = Rule {
    says: "only who asks for votes counts them, and each kind for itself",
    section: "P5.2, T9.6",
};
const WAS_GIVEN: Rule = Rule {
    says: "a vote that counts was given, and was on disk before it left",
    section: "P5.2, P figure 2",
};
const TALLY: Rule = Rule {
    says: "votes are those of voters, each counted once, and a majority is more than half",
    section: "P5.2",
};

/// All of them.
pub(super) const RULES: &[Rule] = &[
    ONE_VOTE,
    OWN_TERM,
    LOG_UP_TO_DATE,
    OWN_END,
    WAS_ASKED,
    TRUE_REFUSAL,
    ASKED_FOR,
    WAS_GIVEN,
    TALLY,
];

/// Events of votes.
pub(super) fn judge(state: &mut State, id: NodeId, kind: &Kind) -> Ruling {
    match *kind {
        Kind::GrantedVote {
            to,
            pre,
            proposed,
            theirs,
            mine,
        } => {
            ends(state.node(id), mine)?;
            if pre {
                granted_pre_vote(state, id, to, proposed, theirs)
            } else {
                granted(state, id, to, proposed, theirs)
            }
        }
        Kind::RefusedVote {
            to,
            pre,
            proposed,
            reason,
        } => refused(state, id, to, pre, proposed, reason),
        Kind::CountedVote {
            from,
            pre,
            granted,
            yes,
            need,
        } => counted(state, id, from, pre, granted, (yes, need)),
        _ => Ok(()),
    }
}

fn ends(node: &Node, mine: LogId) -> Ruling {
    must(mine == node.last(), OWN_END, || {
        format!("{mine}, log ends at {}", node.last())
    })
}

/// P figure 2, RequestVote: grant if votedFor is null or the candidate, and its log is at least
/// as up-to-date.
fn granted(state: &mut State, id: NodeId, to: NodeId, proposed: Term, theirs: LogId) -> Ruling {
    let node = state.node(id);
    must(proposed == node.term, OWN_TERM, || {
        format!("term {proposed} in {}", node.term)
    })?;
    let free = node.vote.is_none_or(|vote| vote == to);
    must(free, ONE_VOTE, || {
        format!("for {to}, given to {:?}", node.vote)
    })?;
    up_to_date(node, theirs)?;
    let campaign = state.campaigns.get(&(proposed, to));
    let asked = campaign.is_some_and(|campaign| campaign.asks && campaign.last == theirs);
    must(asked, WAS_ASKED, || format!("{campaign:?}"))?;
    let node = state.node_mut(id);
    node.vote = Some(to);
    node.disk.hard_state(HardState {
        term: proposed,
        vote: Some(to),
    });
    Ok(())
}

/// T9.6: the same comparison, but nothing is promised.
fn granted_pre_vote(
    state: &mut State,
    id: NodeId,
    to: NodeId,
    proposed: Term,
    theirs: LogId,
) -> Ruling {
    let node = state.node(id);
    must(proposed >= node.term, OWN_TERM, || {
        format!("term {proposed} in {}", node.term)
    })?;
    up_to_date(node, theirs)?;
    let asked = state.pre_campaigns.get(&(proposed, to));
    let asked = asked.is_some_and(|logs| logs.contains(&theirs));
    must(asked, WAS_ASKED, || format!("{to} about {theirs}"))?;
    Arc::make_mut(&mut state.pre_votes).insert((proposed, id, to));
    Ok(())
}

/// P5.4.1: the later last term wins, then the longer log.
fn up_to_date(node: &Node, theirs: LogId) -> Ruling {
    let mine = node.last();
    let fits = (theirs.term, theirs.index) >= (mine.term, mine.index);
    must(fits, LOG_UP_TO_DATE, || format!("{theirs} against {mine}"))
}

/// P5.2, P5.4.1: the reason must be true.
fn refused(
    state: &State,
    id: NodeId,
    to: NodeId,
    pre: bool,
    proposed: Term,
    reason: VoteRefusal,
) -> Ruling {
    let node = state.node(id);
    let fits = match reason {
        VoteRefusal::LeaderAlive { leader, .. } => {
            let reign = state.reigns.get(&node.term);
            reign.is_some_and(|reign| reign.leader == leader)
        }
        VoteRefusal::OlderTerm { theirs, mine } => {
            mine == node.term && theirs == proposed && theirs < mine
        }
        VoteRefusal::VotedFor(vote) => {
            node.vote == Some(vote) && vote != to && proposed == node.term
        }
        VoteRefusal::LogBehind { theirs, mine } => mine == node.last() && theirs < mine,
        VoteRefusal::Leading => node.role == Role::Leader && proposed <= node.term,
        VoteRefusal::NoMembership => state.membership(id).is_none(),
        VoteRefusal::Suspect => node.suspect.is_some(),
        // Its promise is looked at in `silence`.
        VoteRefusal::Silent { .. } => true,
    };
    let kind = if pre { "pre-vote" } else { "vote" };
    must(fits, TRUE_REFUSAL, || {
        format!("{kind} for {to} in {proposed} because of {reason:?}")
    })
}

/// P5.2: answers count in the campaign that asked, each voter once.
fn counted(
    state: &mut State,
    id: NodeId,
    from: NodeId,
    pre: bool,
    granted: bool,
    tally: (usize, usize),
) -> Ruling {
    let node = state.node(id);
    let phase = if pre {
        Role::PreCandidate
    } else {
        Role::Candidate
    };
    must(node.role == phase, ASKED_FOR, || {
        format!("{:?} counts for {phase:?}", node.role)
    })?;
    if granted {
        was_given(state, id, from, pre)?;
    }
    let members = state.membership(id).map(|(_, members)| members.clone());
    let members = members.unwrap_or_default();
    must(members.is_voter(from) || from == id, TALLY, || {
        format!("{from} is no voter")
    })?;
    let node = state.node_mut(id);
    node.votes.insert(from, granted);
    let voters = node.votes.iter();
    let yes = voters.filter(|vote| *vote.1 && members.is_voter(*vote.0));
    let counted = (yes.count(), members.voters.len() / 2 + 1);
    must(counted == tally, TALLY, || {
        format!("{tally:?} are told, {counted:?} are so")
    })
}

fn was_given(state: &State, id: NodeId, from: NodeId, pre: bool) -> Ruling {
    let term = state.node(id).term;
    let given = if from == id {
        let campaign = state.campaigns.get(&(term, id));
        pre || campaign.is_some_and(|campaign| campaign.asks)
    } else if pre {
        state.pre_votes.contains(&(Term(term.0 + 1), from, id))
    } else {
        state.votes.contains(&(term, from, id))
    };
    must(given, WAS_GIVEN, || format!("by {from} in term {term}"))
}
