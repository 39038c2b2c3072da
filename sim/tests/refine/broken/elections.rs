//! Terms, votes and leaders that the paper does not allow (5.1, 5.2, 5.4.1; thesis 9.6).

use super::*;

pub fn elections() -> BTreeSet<&'static str> {
    let mut tale = Tale::new();
    tale.broken(1, 1, timed_out(), "a term changes only upwards");
    tale.broken(1, 2, started(at(0, 1)), "a term changes only upwards");
    tale.broken(
        1,
        1,
        started(at(0, 2)),
        "a campaign tells where the own log",
    );
    tale.broken(
        2,
        1,
        higher(Role::Follower, 1, 0, 1),
        "who sends a term has had it",
    );
    let (last, proposed) = (at(0, 1), Term(2));
    tale.broken(
        1,
        0,
        Kind::StartedPreVote { proposed, last },
        "a pre-vote asks about the next",
    );
    let proposed = Term(1);
    tale.so(1, 0, Kind::StartedPreVote { proposed, last });
    let after = |reason| started_for(reason, last);
    tale.broken(
        1,
        1,
        after(ElectionReason::PreVoteWon),
        "a campaign after a pre-vote needs",
    );
    tale.broken(
        1,
        1,
        after(ElectionReason::TimeoutNow),
        "who campaigns at once was told",
    );
    tale.so(1, 1, started(last));
    let first = |kind, rule: &str, tale: &mut Tale| tale.broken(1, 1, kind, rule);
    first(counted(1, 1), "a vote that counts was given", &mut tale);
    first(
        leads(&[1, 2]),
        "a leader is a candidate whose own vote is on disk",
        &mut tale,
    );
    tale.broken(
        2,
        1,
        granted(1, 1, last, last),
        "a term changes only upwards",
    );
    tale.so(2, 1, higher(Role::Follower, 1, 0, 1));
    tale.broken(2, 1, granted(1, 1, last, last), "a vote answers a question");
    tale.so(1, 1, released(Held::OwnVote));
    tale.broken(
        2,
        1,
        granted(1, 2, last, last),
        "a vote is given in the own term",
    );
    tale.broken(
        2,
        1,
        granted(1, 1, last, at(0, 2)),
        "what is compared is where the own",
    );
    tale.broken(
        2,
        1,
        granted(1, 1, at(0, 0), last),
        "a vote goes only to a log",
    );
    tale.so(2, 1, granted(1, 1, last, last));
    first(counted(2, 1), "a vote that counts was given", &mut tale);
    let vote = |to: u64| released(Held::Vote(NodeId(to)));
    tale.broken(2, 1, vote(3), "what waits for the disk, or stops waiting");
    tale.so(2, 1, vote(1));
    tale.broken(2, 1, booted(1, None, last), "term and vote survive a crash");
    tale.broken(
        2,
        1,
        booted(1, Some(1), at(0, 0)),
        "what the disk said it holds",
    );
    tale.broken(2, 1, counted(1, 1), "only who asks for votes counts them");
    tale.so(1, 1, counted(1, 1));
    first(counted(2, 1), "votes are those of voters", &mut tale);
    first(
        leads(&[1]),
        "a leader has the votes of a majority",
        &mut tale,
    );
    tale.so(1, 1, counted(2, 2));
    tale.so(3, 1, started(last));
    tale.so(3, 1, released(Held::OwnVote));
    tale.broken(
        2,
        1,
        granted(3, 1, last, last),
        "a node votes for at most one",
    );
    let voted = |node| refused_vote(3, 1, VoteRefusal::VotedFor(NodeId(node)));
    tale.broken(
        2,
        1,
        voted(2),
        "a vote is refused for a reason that is true",
    );
    tale.so(2, 1, voted(1));
    let leader = NodeId(1);
    tale.broken(
        2,
        1,
        Kind::FoundLeader { leader },
        "who is believed in leads the term",
    );
    tale.so(1, 1, leads(&[1, 2]));
    tale.broken(
        3,
        1,
        Kind::FoundLeader { leader },
        "a node leaves the role it has",
    );
    tale.broken(1, 1, timed_out(), "a leader does not campaign");
    let (was, reason) = (Role::Leader, FollowerReason::VoteLost);
    first(
        Kind::BecameFollower { was, reason },
        "a node becomes a follower because",
        &mut tale,
    );
    tale.broken
}
