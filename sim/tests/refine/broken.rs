//! Traces written by hand that are wrong in one place: each is rejected there, by the rule that
//! was broken. Every rule is broken but those that the others imply.

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

fn elections() -> BTreeSet<&'static str> {
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

fn replication() -> BTreeSet<&'static str> {
    let mut tale = Tale::new();
    tale.campaign(1, 1, 2, at(0, 1), at(0, 1));
    tale.so(1, 1, leads(&[1, 2]));
    tale.broken(
        2,
        1,
        Kind::AppendedNoop { id: at(1, 2) },
        "the first entry of a reign",
    );
    tale.broken(
        2,
        1,
        command(at(1, 2)),
        "only the leader of the term makes entries",
    );
    tale.broken(1, 1, command(at(1, 2)), "the first entry of a reign");
    tale.broken(
        1,
        1,
        Kind::AppendedNoop { id: at(1, 3) },
        "a leader puts entries of its own",
    );
    tale.so(1, 1, Kind::AppendedNoop { id: at(1, 2) });
    tale.broken(1, 1, persisted(3), "the disk holds no more than memory");
    tale.so(1, 1, persisted(2));
    tale.broken(
        2,
        1,
        accepted(3, at(0, 1), 2, 1),
        "entries are taken from the leader",
    );
    tale.broken(
        2,
        1,
        accepted(1, at(1, 2), 2, 0),
        "entries are accepted only after",
    );
    tale.broken(
        2,
        1,
        accepted(1, at(0, 1), 3, 2),
        "after accepting entries the log agrees",
    );
    let ack = |durable| {
        let (to, received, durable) = (NodeId(1), Index(2), Index(durable));
        released(Held::Acknowledgement {
            to,
            received,
            durable,
        })
    };
    let refused = |prev| Kind::RefusedAppend {
        leader: NodeId(1),
        prev,
        mine: None,
        hint: at(0, 1),
    };
    tale.broken(2, 1, refused(at(0, 1)), "entries are refused only if");
    tale.so(2, 1, refused(at(1, 2)));
    tale.so(2, 1, accepted(1, at(0, 1), 2, 1));
    tale.broken(2, 1, ack(2), "an acknowledgement tells no more");
    tale.broken(1, 1, matched(2, 2), "what counts as matched agrees");
    tale.broken(
        2,
        1,
        cut(2, 1, 1, 1),
        "entries are cut only from the first on",
    );
    tale.so(2, 1, persisted(2));
    tale.so(2, 1, ack(2));
    let copies = |third| by_counting(0, 2, &[(1, 2), (2, 2), (3, third)]);
    tale.broken(1, 1, copies(0), "the copies that are counted");
    tale.so(1, 1, matched(2, 2));
    tale.broken(1, 1, next_of(2, 2), "the next index of a peer lies above");
    tale.broken(1, 1, copies(2), "the copies that are counted");
    let too_few = by_counting(0, 2, &[(1, 2), (2, 1), (3, 0)]);
    tale.broken(
        1,
        1,
        too_few,
        "an entry is committed when the disks of a majority",
    );
    tale.broken(2, 1, copies(0), "only a leader commits by counting");
    let older = by_counting(0, 1, &[(1, 2), (2, 2), (3, 0)]);
    tale.broken(1, 1, older, "only entries of the leader's own term");
    tale.broken(
        2,
        1,
        by_word(0, 2, 1),
        "a follower commits what a leader has committed",
    );
    tale.broken(
        1,
        1,
        applying(1, 2),
        "committed entries are applied one after",
    );
    tale.so(1, 1, copies(0));
    tale.broken(
        1,
        1,
        by_counting(0, 2, &[]),
        "the commit index goes up from where it was",
    );
    tale.so(2, 1, by_word(0, 2, 1));
    tale.broken(2, 1, cut(2, 1, 1, 1), "what is committed is never cut");
    let (proof, reads) = (ReadProof::Round(Round(1)), 1);
    let confirmed = |index| Kind::ReadConfirmed {
        proof: proof.clone(),
        index: Index(index),
        reads,
    };
    tale.broken(1, 1, confirmed(1), "a read point covers the opening entry");
    let marked = |marks: &[(u64, u64)], index| Kind::ReadConfirmed {
        proof: ReadProof::Marks {
            membership: at(0, 1),
            marks: marks
                .iter()
                .map(|(node, last)| (NodeId(*node), Index(*last)))
                .collect(),
        },
        index: Index(index),
        reads,
    };
    let longest = "a quorum read takes the longest log of a majority";
    tale.broken(2, 1, marked(&[(1, 2)], 2), longest);
    tale.broken(2, 1, marked(&[(1, 2), (2, 1)], 1), longest);
    let (ticket, path) = (Ticket(7), ReadPath::Leader);
    tale.so(1, 1, Kind::ReadQueued { ticket, path });
    tale.so(1, 1, confirmed(2));
    let index = Index(2);
    tale.broken(
        1,
        1,
        Kind::ReadServed { ticket, index },
        "a read is served when",
    );
    tale.so(1, 1, applying(1, 2));
    tale.so(1, 1, Kind::ReadServed { ticket, index });
    // S3 accepts in term 1 what it has not got on disk, and is said to start in term 0.
    tale.so(3, 1, higher(Role::Follower, 1, 0, 1));
    tale.so(3, 1, accepted(1, at(0, 1), 2, 1));
    tale.broken(
        3,
        0,
        booted(0, None, at(1, 2)),
        "no entry is newer than the term",
    );
    tale.broken
}

fn members_and_transfer() -> BTreeSet<&'static str> {
    let mut tale = Tale::led();
    tale.broken(
        2,
        1,
        told_to_campaign(3, at(1, 2)),
        "who is told to campaign has the whole",
    );
    tale.broken(2, 1, handing_over(3), "only a leader changes the members");
    tale.broken(1, 1, handing_over(1), "a leader hands over to one voter");
    tale.broken(
        1,
        1,
        told_to_campaign(2, at(1, 2)),
        "a leader hands over to one voter",
    );
    tale.so(1, 1, handing_over(2));
    tale.broken(
        1,
        1,
        command(at(1, 3)),
        "a leader that hands over takes no more",
    );
    tale.so(1, 1, told_to_campaign(2, at(1, 2)));
    let mut tale = Tale {
        broken: tale.broken,
        ..Tale::led()
    };
    let id = at(1, 3);
    tale.so(1, 1, appended(id, Step::Direct));
    tale.broken(
        1,
        1,
        in_force(id, voters(&[4, 5])),
        "majorities before and after a change",
    );
    tale.broken(
        1,
        1,
        in_force(at(1, 4), voters(&[1, 2])),
        "the newest membership in the log",
    );
    tale.so(1, 1, in_force(id, voters(&[1, 2])));
    tale.broken(
        1,
        1,
        appended(at(1, 4), Step::Direct),
        "a change begins when the one before",
    );
    tale.broken(
        1,
        1,
        Kind::MembershipCommitted { id },
        "a membership is committed with",
    );
    // S3 learns and hears that it is no voter any more, then campaigns all the same.
    tale.so(3, 1, higher(Role::Follower, 1, 0, 1));
    tale.so(3, 1, accepted(1, at(0, 1), 3, 2));
    tale.so(1, 1, persisted(3));
    tale.so(2, 1, accepted(1, at(1, 2), 3, 1));
    tale.so(2, 1, persisted(3));
    tale.so(1, 1, matched(2, 3));
    tale.so(1, 1, by_counting(2, 3, &[(1, 3), (2, 3)]));
    tale.so(1, 1, Kind::MembershipCommitted { id });
    tale.so(3, 1, by_word(0, 3, 1));
    tale.broken(3, 2, started(at(1, 3)), "only a voter campaigns");
    tale.broken
}

fn snapshots() -> BTreeSet<&'static str> {
    let mut tale = Tale::led();
    let taken = |last| Kind::SnapshotTaken { last, bytes: 1 };
    tale.broken(1, 1, taken(at(1, 2)), "a snapshot holds what was applied");
    tale.so(1, 1, applying(1, 2));
    tale.so(1, 1, taken(at(1, 2)));
    let sent = |last| Kind::SnapshotSent {
        peer: NodeId(3),
        last,
        first: Index(3),
    };
    tale.broken(1, 1, sent(at(0, 1)), "a leader sends a snapshot of its own");
    tale.so(1, 1, sent(at(1, 2)));
    tale.so(3, 1, higher(Role::Follower, 1, 0, 1));
    let ignored = |last, why| Kind::SnapshotIgnored { last, why };
    let in_log = ignored(at(1, 2), SnapshotUseless::InLog);
    tale.broken(3, 1, in_log, "a snapshot is left aside only if");
    tale.broken(
        3,
        1,
        installing(at(1, 3), at(0, 1)),
        "only what is committed gets into",
    );
    tale.broken(
        2,
        1,
        installing(at(1, 2), at(1, 2)),
        "a snapshot takes the place of a log",
    );
    tale.so(3, 1, installing(at(1, 2), at(0, 1)));
    let installed = Kind::SnapshotInstalled { last: at(1, 2) };
    tale.broken(
        3,
        1,
        installed.clone(),
        "the state machine gets a snapshot that is on disk",
    );
    tale.so(3, 1, persisted(2));
    tale.so(3, 1, installed);
    // S1 starts again: with its snapshot, or it was not one.
    tale.so(1, 1, booted(1, Some(1), at(1, 2)));
    tale.broken(1, 1, applying(2, 2), "a node starts with nothing committed");
    tale.broken
}

/// S2, on whose disk and S1's the opening entry is committed, loses it.
fn rot() -> BTreeSet<&'static str> {
    let mut tale = Tale::led();
    let suspicion = |to: u64| Suspicion {
        from: Index(2),
        to: Some(Index(to)),
        since: Term(1),
    };
    let found = |to| Kind::FoundRot {
        suspicion: suspicion(to),
        alone: false,
    };
    let lost = |peer| Kind::PeerSuspect {
        peer: NodeId(peer),
        promised: Index(2),
    };
    tale.broken(9, 1, found(2), "rot is found by a node that had a disk");
    tale.so(2, 1, found(2));
    tale.so(2, 1, booted(1, Some(1), at(0, 1)));
    tale.broken(1, 1, lost(3), "a leader begins anew");
    tale.so(1, 1, lost(2));
    let trusted = |reason, durable| Kind::Trusted {
        reason,
        durable: Index(durable),
    };
    let covered = |to, durable| trusted(TrustReason::Covered { to: Index(to) }, durable);
    let is_trusted = "it is trusted when its disk has";
    tale.broken(2, 1, covered(1, 1), is_trusted);
    tale.so(2, 1, accepted(1, at(0, 1), 2, 1));
    tale.broken(2, 1, covered(2, 2), is_trusted);
    tale.so(2, 1, persisted(2));
    tale.broken(
        2,
        1,
        trusted(TrustReason::NewerTerm { since: Term(0) }, 2),
        is_trusted,
    );
    tale.broken(
        2,
        1,
        trusted(TrustReason::NewerTerm { since: Term(1) }, 2),
        is_trusted,
    );
    let silent = "who lost part of its log";
    tale.broken(2, 2, started(at(1, 2)), silent);
    tale.so(2, 1, covered(2, 2));
    tale.so(2, 2, started(at(1, 2)));
    tale.broken
}

/// Leases are on: promises of silence last 100.
fn silence() -> BTreeSet<&'static str> {
    let promises = "who heard its leader, voted or started helps nobody else";
    let (last, proposed) = (at(0, 1), Term(1));
    let machine = Machine::new(&voters(&[1, 2, 3])).with_silence(Some(Span(100)));
    let mut tale = Tale::of(machine);
    let ask = |proposed| Kind::StartedPreVote { proposed, last };
    // They have just started.
    tale.now = Time(50);
    tale.broken(1, 0, ask(proposed), promises);
    tale.broken(1, 1, started(last), promises);
    let silent = |left: u64| {
        let (why, left) = (Silence::Started, Span(left));
        refused_vote(3, 1, VoteRefusal::Silent { why, left })
    };
    let so_long = "who is silent has promised it";
    for left in [0, 49, 101] {
        tale.broken(2, 0, silent(left), so_long);
    }
    tale.so(2, 0, silent(50));
    tale.now = Time(100);
    tale.broken(2, 0, silent(0), so_long);
    tale.campaign(1, 1, 2, last, last);
    // S2 has voted for S1; S3, which has not, campaigns.
    tale.now = Time(150);
    tale.so(3, 1, started(last));
    tale.so(3, 2, started(last));
    tale.so(3, 2, released(Held::OwnVote));
    let mut later = tale.clone();
    for tale in [&mut tale, &mut later] {
        tale.so(2, 1, granted(1, 1, last, last));
        tale.broken(2, 1, ask(Term(2)), promises);
        tale.so(2, 2, higher(Role::Follower, 3, 1, 2));
        tale.broken(2, 2, granted(3, 2, last, last), promises);
    }
    later.now = Time(250);
    later.so(2, 2, granted(3, 2, last, last));
    // S1 leads and is heard by S2, then hands over to it: S3 was silent too and votes for it.
    let mut tale = Tale {
        broken: tale.broken,
        ..Tale::of(Machine::new(&voters(&[1, 2, 3])).with_silence(Some(Span(100))))
    };
    tale.now = Time(100);
    tale.campaign(1, 1, 2, last, last);
    tale.so(1, 1, leads(&[1, 2]));
    tale.so(1, 1, Kind::AppendedNoop { id: at(1, 2) });
    tale.so(1, 1, persisted(2));
    tale.now = Time(180);
    tale.so(2, 1, accepted(1, last, 2, 1));
    tale.so(2, 1, persisted(2));
    tale.so(3, 1, higher(Role::Follower, 1, 0, 1));
    let leader = NodeId(1);
    tale.so(3, 1, Kind::FoundLeader { leader });
    tale.now = Time(250);
    tale.broken(2, 2, started(at(1, 2)), promises);
    tale.broken(3, 1, ask(Term(2)), promises);
    tale.so(1, 1, matched(2, 2));
    tale.so(1, 1, by_counting(0, 2, &[(1, 2), (2, 2), (3, 0)]));
    tale.so(1, 1, handing_over(2));
    tale.so(1, 1, told_to_campaign(2, at(1, 2)));
    tale.so(2, 2, started_for(ElectionReason::TimeoutNow, at(1, 2)));
    tale.so(2, 2, released(Held::OwnVote));
    tale.so(3, 2, higher(Role::Follower, 2, 1, 2));
    tale.so(3, 2, granted(2, 2, at(1, 2), last));
    tale.broken
}

#[test]
fn every_rule_is_missed_where_it_is_broken() {
    let parts = [
        elections(),
        replication(),
        members_and_transfer(),
        snapshots(),
        rot(),
        silence(),
    ];
    let mut left: BTreeSet<&str> = rules().iter().map(|rule| rule.says).collect();
    parts.iter().flatten().for_each(|rule| {
        left.remove(rule);
    });
    assert_eq!(left, BTreeSet::from(IMPLIED));
}
