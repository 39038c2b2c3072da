//! Taking and sending snapshots, by the trap ids of the design (S8, S10). Paper 7, thesis 5.1
//! and 5.3.

mod kit;

use kit::*;
use raftwerk_core::trace::{CommitReason, InstallReason, Kind, Pace, SendEnd};
use raftwerk_core::*;

#[test]
fn p7_a_follower_that_needs_dropped_entries_gets_a_snapshot_and_goes_on() {
    let (mut c, taken) = behind();
    c.beat(1);
    assert_eq!(c.node(3).installed, std::slice::from_ref(&taken));
    assert_eq!(c.commands(3), ["a", "b", "c", "d"]);
    assert_eq!(c.view(3).last(), taken.last);
    assert_eq!(c.view(3).base(), taken.last);
    assert_eq!(c.view(3).membership(), Some(&taken.membership));
    assert_eq!(c.view(1).peers()[1].pace, Pace::Replicate);
    c.commit_all(1, &["e"]);
    assert_eq!(c.commands(3), ["a", "b", "c", "d", "e"]);
    assert_eq!(c.count(1, |k| matches!(k, Kind::SnapshotSent { .. })), 1);
    let ahead = |k: &Kind| {
        matches!(
            k,
            Kind::InstallingSnapshot {
                reason: InstallReason::Ahead { .. },
                ..
            }
        )
    };
    assert!(c.saw(3, ahead));
    assert!(c.saw(3, |k| matches!(k, Kind::SnapshotInstalled { .. })));
    let known = CommitReason::Snapshot(taken.last);
    assert!(c.saw(
        3,
        |k| matches!(k, Kind::Committed { reason, .. } if *reason == known)
    ));
    c.restart(3);
    assert_eq!(
        c.node(3).applied,
        c.node(1).applied[..taken.last.index.0 as usize]
    );
}

#[test]
fn s8_any_reply_that_connects_ends_the_wait_for_a_snapshot() {
    let (mut c, taken) = behind();
    c.fast_streams = false;
    c.beat(1);
    let peer = |c: &Cluster| c.view(1).peers()[1];
    assert_eq!(
        (peer(&c).pace, peer(&c).snapshot),
        (Pace::Snapshot, Some(taken.last))
    );
    let reply = |lane, received| Body::AppendReply {
        lane,
        round: Round(1),
        result: AppendResult::Accepted {
            durable: Index(0),
            received,
        },
        probe: Probe::default(),
    };
    c.forge(3, 1, 1, reply(lane(1), Index(5)));
    assert_eq!(
        peer(&c).pace,
        Pace::Snapshot,
        "what comes next is gone from the log"
    );
    c.forge(3, 1, 1, reply(Lane::default(), Index(6)));
    assert_eq!(peer(&c).pace, Pace::Snapshot, "of another session (R4)");
    c.forge(3, 1, 1, reply(lane(1), Index(6)));
    assert_eq!((peer(&c).pace, peer(&c).snapshot), (Pace::Replicate, None));
    // The late end of the stream concerns nobody any more.
    let to = NodeId(3);
    c.feed(1, [Input::Streamed(to, lane(1), Streamed::Failed)]);
    assert_eq!(peer(&c).pace, Pace::Replicate);
}

#[test]
fn s8_a_failed_stream_leads_back_to_probing_and_another_attempt() {
    let (mut c, taken) = behind();
    c.fast_streams = false;
    c.beat(1);
    assert_eq!(c.streams.len(), 1, "asked for once, however many beats");
    let other = Input::Streamed(NodeId(3), Lane::default(), Streamed::Failed);
    c.feed(1, [other]);
    assert_eq!(
        c.peer(1, 3).pace,
        Pace::Snapshot,
        "that was another session"
    );
    c.end_stream(false);
    assert_eq!(c.view(1).peers()[1].pace, Pace::Probe);
    let failed = |k: &Kind| {
        matches!(
            k,
            Kind::SnapshotUnsent {
                why: SendEnd::Failed,
                ..
            }
        )
    };
    assert!(c.saw(1, failed));
    c.settle();
    assert_eq!(
        c.streams.len(),
        0,
        "not before the next beat, or failures would storm (R10)"
    );
    c.beat(1);
    assert_eq!(c.streams.len(), 1);
    c.end_stream(true);
    c.settle();
    assert_eq!(c.node(3).installed, [taken]);
}

#[test]
fn s8_a_delivered_snapshot_that_is_never_answered_is_sent_again() {
    let (mut c, taken) = staged_at_3();
    c.restart(3);
    c.fast_disk = true;
    c.run(Span::millis(1_000));
    let unanswered = |k: &Kind| {
        matches!(
            k,
            Kind::SnapshotUnsent {
                why: SendEnd::Unanswered,
                ..
            }
        )
    };
    assert!(c.saw(1, unanswered));
    assert_eq!(c.streams.len(), 1);
    c.end_stream(true);
    c.settle();
    assert_eq!(c.node(3).installed, [taken]);
}

/// What a peer once had on disk it must still have: no snapshot hides that it has not (R5).
#[test]
fn s8_a_peer_that_had_it_all_is_sent_no_snapshot() {
    let (mut c, taken) = behind();
    assert_eq!(c.peer(1, 2).matched, taken.last.index);
    c.feed(1, [Input::Link(NodeId(2), false)]);
    let (last, hint) = ((taken.last.term.0, taken.last.index.0), (1, 3));
    c.forge(2, 1, 1, append_reply(1, 99, refused(last, hint)));
    assert_eq!(c.peer(1, 2).pace, Pace::Probe);
    assert_eq!(c.peer(1, 2).next, taken.last.index.next());
}

/// The offer leaves with the stream, not with the next beat.
#[test]
fn an_offer_is_made_at_once() {
    let (mut c, taken) = behind();
    c.feed(1, [Input::Link(NodeId(3), false)]);
    c.deliver_if(|m| m.to == NodeId(3));
    c.fast_streams = false;
    c.deliver_if(|m| m.from == NodeId(3));
    assert_eq!(c.peer(1, 3).pace, Pace::Snapshot);
    let offered = |body: &Body| matches!(body, Body::SnapshotOffer { meta, .. } if **meta == taken);
    assert!(c.on_the_way(1, 3, offered));
    assert_eq!(c.streams.len(), 1);
}

/// Only a refusal, which somebody must be alive to send, leads to a snapshot.
#[test]
fn s8_a_peer_that_is_not_heard_is_sent_nothing() {
    let mut c = Cluster::with(3, no_tail);
    c.elect(1);
    c.partition(&[3], &[1, 2]);
    for round in 0..5 {
        c.commit_all(1, &["x", "y"]);
        c.snapshot(1);
        c.feed(1, [Input::Link(NodeId(3), round % 2 == 0)]);
        c.run(Span::millis(300));
    }
    assert_eq!(c.leaders(), [1]);
    assert!(!c.saw(1, |k| matches!(k, Kind::SnapshotSent { .. })));
    assert_eq!(c.streams.len(), 0);
}

/// Nothing to append, and yet the peer must be found out (a dead zone of others).
#[test]
fn s10_a_peer_behind_an_empty_log_is_sent_a_snapshot() {
    let (mut c, taken) = behind();
    assert_eq!(c.view(1).tail(9), Vec::new());
    c.beat(1);
    assert_eq!(c.node(3).installed, [taken]);
}

/// One entry behind what is kept, or a thousand: the same.
#[test]
fn s10_a_peer_just_behind_the_kept_tail_is_sent_a_snapshot_and_one_inside_is_not() {
    for retained in [2, 3] {
        let mut c = Cluster::with(3, |config| config.limits.retained_entries = retained);
        c.elect(1);
        c.commit_all(1, &["a"]);
        c.partition(&[3], &[1, 2]);
        c.commit_all(1, &["b", "c", "d"]);
        c.snapshot(1);
        c.cut.clear();
        c.beat(1);
        assert_eq!(c.commands(3), ["a", "b", "c", "d"]);
        assert_eq!(c.node(3).installed.len(), usize::from(retained == 2));
    }
}

/// Snapshots taken while one is on its way must not make it arrive too late, for ever.
#[test]
fn s10_the_log_after_a_snapshot_on_its_way_is_kept() {
    let (mut c, taken) = behind();
    c.fast_streams = false;
    c.beat(1);
    for text in ["e", "f", "g"] {
        c.commit_all(1, &[text]);
        c.snapshot(1);
        assert_eq!(c.view(1).base(), taken.last);
    }
    assert!(!c.saw(
        1,
        |k| matches!(k, Kind::Trimmed { kept_for: None, base, .. }
        if base.index > taken.last.index)
    ));
    c.end_stream(true);
    c.settle();
    assert_eq!(c.node(3).installed, std::slice::from_ref(&taken));
    c.beat(1);
    assert_eq!(c.commands(3), ["a", "b", "c", "d", "e", "f", "g"]);
    c.commit_all(1, &["h"]);
    let last = c.snapshot(1);
    assert_eq!(c.view(1).base(), last.last, "its claim is over");
    assert_eq!(c.count(1, |k| matches!(k, Kind::SnapshotSent { .. })), 1);
}

/// The claim of a peer that died, or lags too far behind, does not make the log grow for ever.
#[test]
fn s10_the_claim_on_the_log_is_bounded() {
    let (mut c, taken) = behind();
    c.fast_streams = false;
    c.beat(1);
    c.partition(&[3], &[1, 2]);
    c.run(Span::millis(400));
    c.commit_all(1, &["e"]);
    let second = c.snapshot(1);
    assert_eq!(
        c.view(1).base(),
        second.last,
        "S3 was not heard for an election timeout"
    );
    let (mut c, _) = {
        let mut c = Cluster::with(3, |config| {
            no_tail(config);
            config.limits.snapshot_entries = 2;
        });
        c.elect(1);
        c.partition(&[3], &[1, 2]);
        c.commit_all(1, &["b"]);
        let taken = c.snapshot(1);
        c.mail.clear();
        c.cut.clear();
        c.fast_streams = false;
        c.beat(1);
        (c, taken)
    };
    assert_eq!(c.view(1).peers()[1].pace, Pace::Snapshot);
    let base = c.view(1).base();
    c.commit_all(1, &["e", "f"]);
    c.snapshot(1);
    assert_eq!(c.view(1).base(), base, "two entries are kept for it");
    c.commit_all(1, &["g"]);
    let last = c.snapshot(1).last;
    assert_eq!(c.view(1).base(), last, "three are not");
    drop(taken);
}

#[test]
fn the_host_is_asked_for_a_snapshot_when_the_log_passes_a_limit_and_only_if_it_wants_to() {
    let asked = |change: &dyn Fn(&mut Config), texts: &[&str]| {
        let mut c = Cluster::with(1, |config| {
            config.switches.snapshots = true;
            change(config);
        });
        c.elect(1);
        c.commit_all(1, texts);
        (c.node(1).asked.clone(), c)
    };
    let six = ["a", "b", "c", "d", "e", "f"];
    let (indexes, mut c) = asked(&|config| config.limits.snapshot_entries = 4, &six);
    assert_eq!(indexes, [Index(4), Index(8)], "again after as much again");
    assert!(c.saw(1, |k| matches!(k, Kind::SnapshotDue { entries: 4, .. })));
    c.snapshot(1);
    c.commit_all(1, &["g", "h", "i"]);
    assert_eq!(c.node(1).asked.len(), 2);
    c.commit_all(1, &["j"]);
    assert_eq!(c.node(1).asked.last(), Some(&Index(12)));
    // An entry counts 32 bytes and its command.
    let bytes = |config: &mut Config| config.limits.snapshot_bytes = 3 * 32 + 8 + 1;
    let (indexes, _) = asked(&bytes, &["x"]);
    assert_eq!(indexes, [Index(3)]);
    let (indexes, _) = asked(&|config| config.switches.snapshots = false, &six);
    assert_eq!(indexes, []);
}

/// Found by seed 1963 of the simulator: a peer's refusal and a new snapshot came in before one
/// drain, and the host was asked to send a snapshot that it had just replaced.
#[test]
fn the_newest_snapshot_is_sent() {
    let (mut c, _) = behind();
    c.partition(&[3], &[1, 2]);
    c.commit_all(1, &["e"]);
    c.feed(1, [Input::Link(NodeId(3), false)]);
    let base = c.view(1).base();
    let (mut meta, state) = {
        let node = c.node(1);
        let at = node.raft.view().applied();
        let meta = node.raft.snapshot_meta(at).expect("it is here");
        (meta, node.applied.clone())
    };
    (meta.hash, meta.bytes) = (hash(&state), 1);
    let node = c.nodes.get_mut(&1).expect("known");
    node.files = Files::from([(meta.last, (meta.clone(), state))]);
    node.disk.snapshot = Some(meta.clone());
    let refusal = Message {
        cluster: ClusterId(7),
        from: NodeId(3),
        to: NodeId(1),
        term: Term(1),
        body: append_reply(1, 1, refused((base.term.0, base.index.0), (1, 3))),
    };
    let inputs = [Input::Receive(refusal), Input::Snapshotted(meta.clone())];
    c.feed(1, inputs);
    assert_eq!(c.streams.len(), 1);
    assert_eq!(c.streams[0].meta, meta);
    let offered = |body: &Body| matches!(body, Body::SnapshotOffer { meta: m, .. } if **m == meta);
    assert!(c.on_the_way(1, 3, offered));
}
