//! Terms, campaigns and leaders (P5.1, P5.2; P figure 2, "Rules for servers"; T9.6, T3.10).

use super::state::{Campaign, Reign, State, is_majority};
use super::{Broken, Rule, Ruling, must};
use raftwerk_core::trace::{ElectionReason, Event, FollowerReason, IgnoreReason, Kind, Role};
use raftwerk_core::{HardState, LogId, Members, NodeId, Term};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const TERM_RISES: Rule = Rule {
    says: "a term changes only upwards: by one in a campaign, or to one that a message carries",
    section: "P5.1",
};
const TERM_EXISTS: Rule = Rule {
    says: "who sends a term has had it",
    section: "P5.1",
};
const ROLE: Rule = Rule {
    says: "a node leaves the role it has",
    section: "P5.1, P figure 4",
};
const REASON: Rule = Rule {
    says: "a node becomes a follower because of what happened to it",
    section: "P5.1, P5.2",
};
const LEADER_WAITS: Rule = Rule {
    says: "a leader does not campaign",
    section: "P5.2",
};
const OWN_LOG: Rule = Rule {
    says: "a campaign tells where the own log ends",
    section: "P5.4.1",
};
const VOTER_CAMPAIGNS: Rule = Rule {
    says: "only a voter campaigns, or who was one until a membership that is not committed",
    section: "P6, T4.2.2",
};
const NEXT_TERM: Rule = Rule {
    says: "a pre-vote asks about the next term",
    section: "T9.6",
};
const PRE_VOTE_WON: Rule = Rule {
    says: "a campaign after a pre-vote needs a majority that would vote",
    section: "T9.6",
};
const ASKED_TO_CAMPAIGN: Rule = Rule {
    says: "who campaigns at once was told to by the leader, with the same log",
    section: "T3.10",
};
const MAJORITY_ELECTS: Rule = Rule {
    says: "a leader has the votes of a majority",
    section: "P5.2, P6",
};
const VOTES_COUNTED: Rule = Rule {
    says: "a leader is a candidate whose own vote is on disk, elected by votes it counted",
    section: "P5.2, T3.8",
};
const ONE_LEADER: Rule = Rule {
    says: "a term has at most one leader",
    section: "P5.2",
};
const LEADS: Rule = Rule {
    says: "who is believed in leads the term",
    section: "P5.2",
};

/// All of them.
pub(super) const RULES: &[Rule] = &[
    TERM_RISES,
    TERM_EXISTS,
    ROLE,
    REASON,
    LEADER_WAITS,
    OWN_LOG,
    VOTER_CAMPAIGNS,
    NEXT_TERM,
    PRE_VOTE_WON,
    ASKED_TO_CAMPAIGN,
    MAJORITY_ELECTS,
    VOTES_COUNTED,
    ONE_LEADER,
    LEADS,
];

/// Events of elections.
pub(super) fn judge(state: &mut State, id: NodeId, kind: &Kind) -> Ruling {
    match kind {
        Kind::BecameFollower { was, reason } => {
            if let FollowerReason::HigherTerm { from, theirs, .. } = *reason {
                adopts_term(state, id, from, theirs)?;
            }
            became_follower(state, id, *was, *reason)
        }
        Kind::ElectionTimedOut { .. } => timed_out(state, id),
        Kind::StartedPreVote { proposed, last } => started_pre_vote(state, id, *proposed, *last),
        Kind::StartedElection { reason, last } => started_election(state, id, *reason, *last),
        Kind::BecameLeader { votes } => became_leader(state, id, votes),
        Kind::FoundLeader { leader } => found_leader(state, id, *leader),
        Kind::Ignored { reason, .. } => ignored(state, id, reason),
        _ => Ok(()),
    }
}

/// P5.1: an event happens in the node's term; only some events change it.
pub(super) fn term_of(state: &State, event: &Event) -> Ruling {
    let (mine, term) = (state.node(event.node).term, event.term);
    let fits = match &event.kind {
        Kind::BecameFollower {
            reason: FollowerReason::HigherTerm {
                mine: old, theirs, ..
            },
            ..
        } => *old == mine && *theirs == term && term > mine,
        Kind::StartedElection { .. } => term.0 == mine.0 + 1,
        // What a change of term ends is told just before the change.
        Kind::ReadFailed { .. } => term >= mine,
        _ => term == mine,
    };
    must(fits, TERM_RISES, || format!("from {mine} to {term}"))
}

/// P5.1: a higher term in a message is taken over, and the vote is free again.
fn adopts_term(state: &mut State, id: NodeId, from: NodeId, term: Term) -> Ruling {
    let highest = state.nodes.get(&from).map(|node| node.highest);
    must(highest >= Some(term), TERM_EXISTS, || {
        format!("{from} never had term {term}")
    })?;
    enter_term(state, id, term, None);
    Ok(())
}

fn enter_term(state: &mut State, id: NodeId, term: Term, vote: Option<NodeId>) {
    state.note_claim(id);
    let node = state.node_mut(id);
    (node.term, node.vote) = (term, vote);
    node.highest = node.highest.max(term);
    node.disk.hard_state(HardState { term, vote });
}

/// P5.1, P5.2: back to being a follower, for one of a few reasons.
fn became_follower(state: &mut State, id: NodeId, was: Role, reason: FollowerReason) -> Ruling {
    let role = state.node(id).role;
    must(role == was, ROLE, || format!("was {role:?}, not {was:?}"))?;
    let campaigns = matches!(role, Role::Candidate | Role::PreCandidate);
    let fits = match reason {
        FollowerReason::HigherTerm { .. } => true,
        FollowerReason::LeaderSpoke { leader } => {
            leads(state, id, leader)?;
            campaigns
        }
        FollowerReason::VoteLost => campaigns,
        FollowerReason::Voted { to } => {
            role == Role::PreCandidate && state.node(id).vote == Some(to)
        }
        // The numbers are of the newer half; in a joint change the other one may be silent.
        FollowerReason::QuorumSilent { heard, need } => {
            let joint = state.membership(id).is_some_and(|(_, m)| m.is_joint());
            role == Role::Leader && (heard < need || joint)
        }
        FollowerReason::DiskStalled { .. } => role == Role::Leader,
        FollowerReason::Removed => {
            let voter = state.membership(id).is_some_and(|(_, m)| m.is_voter(id));
            role == Role::Leader && !voter
        }
        FollowerReason::InstallsSnapshot => campaigns,
        FollowerReason::Started => false,
    };
    must(fits, REASON, || format!("{role:?} because of {reason:?}"))?;
    let node = state.node_mut(id);
    node.role = Role::Follower;
    node.votes.clear();
    Ok(())
}

/// P5.2: followers and candidates wait for a leader, leaders do not.
fn timed_out(state: &State, id: NodeId) -> Ruling {
    let role = state.node(id).role;
    must(role != Role::Leader, LEADER_WAITS, || format!("{role:?}"))
}

/// T9.6: asks whether a campaign could succeed; changes no term and no vote.
fn started_pre_vote(state: &mut State, id: NodeId, proposed: Term, last: LogId) -> Ruling {
    may_campaign(state, id, last)?;
    let term = state.node(id).term;
    must(proposed.0 == term.0 + 1, NEXT_TERM, || {
        format!("{proposed} in term {term}")
    })?;
    Arc::make_mut(&mut state.pre_campaigns)
        .entry((proposed, id))
        .or_default()
        .insert(last);
    let node = state.node_mut(id);
    node.role = Role::PreCandidate;
    node.votes.clear();
    Ok(())
}

fn may_campaign(state: &State, id: NodeId, last: LogId) -> Ruling {
    timed_out(state, id)?;
    let node = state.node(id);
    must(last == node.last(), OWN_LOG, || {
        format!("{last}, log ends at {}", node.last())
    })?;
    let newest = state.membership(id);
    let votes = |members: &Members| members.is_voter(id);
    // Only a voter that was removed may have the log that commits its removal (T4.2.2).
    let open = newest.is_some_and(|(entry, _)| entry.index > node.commit);
    let before = state.membership_before(id).filter(|_| open);
    let may = newest.is_some_and(|(_, members)| votes(members)) || before.is_some_and(votes);
    must(may, VOTER_CAMPAIGNS, || format!("{id} is in no {newest:?}"))
}

/// P5.2: a new term, the own vote, and everybody is asked.
fn started_election(state: &mut State, id: NodeId, reason: ElectionReason, last: LogId) -> Ruling {
    may_campaign(state, id, last)?;
    match reason {
        ElectionReason::Timeout => {}
        ElectionReason::PreVoteWon => pre_vote_won(state, id)?,
        ElectionReason::TimeoutNow => asked_to_campaign(state, id, last)?,
    }
    let term = Term(state.node(id).term.0 + 1);
    enter_term(state, id, term, Some(id));
    let node = state.node_mut(id);
    node.role = Role::Candidate;
    node.votes.clear();
    let campaign = Campaign {
        last,
        asks: false,
        handed: reason == ElectionReason::TimeoutNow,
    };
    Arc::make_mut(&mut state.campaigns).insert((term, id), campaign);
    Ok(())
}

fn pre_vote_won(state: &State, id: NodeId) -> Ruling {
    let node = state.node(id);
    let yes = |voter: NodeId| node.votes.get(&voter) == Some(&true);
    let won = state
        .membership(id)
        .is_some_and(|(_, m)| is_majority(m, yes));
    let asked = node.role == Role::PreCandidate;
    must(won && asked, PRE_VOTE_WON, || {
        format!("{:?} with {:?}", node.role, node.votes)
    })
}

fn asked_to_campaign(state: &State, id: NodeId, last: LogId) -> Ruling {
    let reign = state.reigns.get(&state.node(id).term);
    let asked = reign.is_some_and(|reign| reign.handed.contains(&(id, last)));
    must(asked, ASKED_TO_CAMPAIGN, || format!("log ends at {last}"))
}

/// P5.2: more than half voted for it, and nobody else can have had as many.
fn became_leader(state: &mut State, id: NodeId, votes: &[NodeId]) -> Ruling {
    let node = state.node(id);
    let term = node.term;
    let members = state.membership(id).map(|(_, members)| members.clone());
    let members = members.unwrap_or_default();
    must(
        is_majority(&members, |voter| votes.contains(&voter)),
        MAJORITY_ELECTS,
        || format!("{votes:?} of {members:?}"),
    )?;
    let campaign = state.campaigns.get(&(term, id));
    let asks = campaign.is_some_and(|campaign| campaign.asks);
    let counted = |voter: &NodeId| node.votes.get(voter) == Some(&true);
    let elected = node.role == Role::Candidate && asks && votes.iter().all(counted);
    must(elected, VOTES_COUNTED, || {
        format!("{votes:?}, counted {:?} as {:?}", node.votes, node.role)
    })?;
    if let Some(reign) = state.reigns.get(&term) {
        return Err(Broken(ONE_LEADER, format!("{} leads it", reign.leader)));
    }
    let reign = Reign {
        leader: id,
        log: node.log.clone(),
        noop: None,
        commit: node.highest_commit(),
        transfer: None,
        handed: BTreeSet::new(),
        announced: None,
    };
    state.reigns.insert(term, Arc::new(reign));
    let node = state.node_mut(id);
    node.role = Role::Leader;
    node.votes.clear();
    node.matched = BTreeMap::new();
    Ok(())
}

/// P5.2: a follower hears of the leader of its term.
fn found_leader(state: &State, id: NodeId, leader: NodeId) -> Ruling {
    let role = state.node(id).role;
    must(role == Role::Follower, ROLE, || format!("{role:?}"))?;
    leads(state, id, leader)
}

pub(super) fn leads(state: &State, id: NodeId, leader: NodeId) -> Ruling {
    let term = state.node(id).term;
    let reign = state.reigns.get(&term).map(|reign| reign.leader);
    must(reign == Some(leader), LEADS, || {
        format!("{leader} in term {term}, led by {reign:?}")
    })
}

/// P5.1: a message of an older term has no effect.
fn ignored(state: &State, id: NodeId, reason: &IgnoreReason) -> Ruling {
    let term = state.node(id).term;
    match reason {
        IgnoreReason::StaleTerm { theirs, mine } => {
            must(*mine == term && theirs < mine, TERM_RISES, || {
                format!("{theirs} is ignored in {term}")
            })
        }
        _ => Ok(()),
    }
}
