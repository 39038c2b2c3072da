//! Logs, disks and commit indexes that the paper does not allow (5.3, 5.4.2; thesis 10.2.1).

use super::*;

pub fn replication() -> BTreeSet<&'static str> {
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
