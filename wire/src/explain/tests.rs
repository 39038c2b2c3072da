//! Every kind has sentences that name the node, end properly and shout at nobody.

mod kinds;

use super::*;
use kinds::*;
use raftwerk_core::trace::{Cause, Timer};
use raftwerk_core::{Ticket, Time, WriteSeq};

fn explained(kind: Kind) -> Explained {
    explain(&Event {
        node: NodeId(3),
        at: Time(1_284_000),
        term: Term(4),
        cause: Cause::Boot,
        kind,
    })
}

#[test]
fn every_kind_reads_as_sentences_about_the_node() {
    let all = [
        election_kinds(),
        log_kinds(),
        read_kinds(),
        transfer_kinds(),
        membership_kinds(),
        trouble_kinds(),
        snapshot_kinds(),
    ]
    .concat();
    for kind in all {
        let told = explained(kind.clone());
        assert!(told.what.contains("S3"), "{kind:?}: {}", told.what);
        assert!(told.what.ends_with('.'), "{}", told.what);
        let books = ["Raft paper", "Raft thesis", "HotCloud 2017"];
        assert!(books.iter().any(|book| told.rule.contains(book)));
        assert!(told.rule.ends_with('.'), "{}", told.rule);
        let text = format!("{} {:?} {}", told.what, told.compared, told.rule);
        assert!(!text.contains('!'), "{text}");
        assert!(!text.contains("  "), "{text}");
        assert!(!told.what.contains('{'), "{}", told.what);
    }
}

#[test]
fn a_refused_vote_says_both_ends() {
    let reason = VoteRefusal::LogBehind {
        theirs: id(3, 7),
        mine: id(4, 9),
    };
    let told = explained(Kind::RefusedVote {
        to: NodeId(5),
        pre: false,
        proposed: Term(4),
        reason,
    });
    assert_eq!(
        told.what,
        "S5 asks S3 for its vote in term 4. S3 refuses: S5's log ends at 3:7, S3's ends at 4:9."
    );
    assert_eq!(
        told.compared.as_deref(),
        Some("S5's log ends at 3:7, S3's at 4:9: behind (the term decides)")
    );
    assert!(
        told.rule.ends_with("Raft paper, section 5.4.1."),
        "{}",
        told.rule
    );
}

#[test]
fn a_commit_names_every_voter() {
    let matched = vec![
        (NodeId(1), Index(8)),
        (NodeId(2), Index(8)),
        (NodeId(3), Index(6)),
    ];
    let reason = CommitReason::Quorum { matched };
    let told = explained(Kind::Committed {
        from: Index(7),
        to: Index(8),
        reason,
    });
    assert_eq!(told.what, "S3 commits entry 8: a majority has it on disk.");
    assert_eq!(
        told.compared.as_deref(),
        Some("On disk: S1 8, S2 8, S3 6. Entry 8 is on 2 of 3")
    );
}

#[test]
fn sections_are_spelled_out() {
    assert_eq!(section("P5.4.1"), "Raft paper, section 5.4.1");
    assert_eq!(
        section("P5.3, P5.4.2"),
        "Raft paper, sections 5.3 and 5.4.2"
    );
    assert_eq!(
        section("P8, T6.4"),
        "Raft paper, section 8; Raft thesis, section 6.4"
    );
    assert_eq!(
        section("P figure 2, T3.8"),
        "Raft paper, figure 2; Raft thesis, section 3.8"
    );
}

#[test]
fn every_cause_has_words() {
    for what in [
        Cause::Boot,
        Cause::Timer(Timer::Election),
        Cause::Timer(Timer::ReadRetry),
        Cause::Timer(Timer::ReadMark),
        Cause::Timer(Timer::Transfer),
        Cause::Message { from: NodeId(1) },
        Cause::Client(Ticket(1)),
        Cause::Disk(WriteSeq(1)),
        Cause::Applied(Index(1)),
        Cause::Link(NodeId(1)),
        Cause::Snapshot(id(3, 40)),
    ] {
        assert!(cause(&what).len() > 5);
    }
}
