//! Snapshots, rot and silence that paper and thesis do not allow (paper 7; thesis 6.4.1).

use super::*;

pub fn snapshots() -> BTreeSet<&'static str> {
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
pub fn rot() -> BTreeSet<&'static str> {
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
pub fn silence() -> BTreeSet<&'static str> {
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
