//! What peers send each other.

use super::{LANE, Samples, entries, snapshot};
use raftwerk_core::*;
use raftwerk_wire::frame::{self, Chunk, Got, PeerHello};

/// One body of each kind.
fn messages() -> Vec<(&'static str, Body)> {
    let (lane, round) = (LANE, Round(900));
    let (last, prev) = (LogId::new(6, 199), LogId::new(6, 199));
    let answer = |result| Body::AppendReply {
        lane,
        round,
        result,
        probe: Probe::default(),
    };
    let accepted = AppendResult::Accepted {
        durable: Index(199),
        received: Index(203),
    };
    let refused = AppendResult::Refused {
        probe: prev,
        hint: LogId::new(5, 100),
    };
    let regaining = AppendResult::Regaining {
        durable: Index(120),
        received: Index(150),
    };
    let lacking = AppendResult::Lacking {
        probe: prev,
        hint: LogId::new(5, 100),
    };
    let append = |entries, proof: Option<Proof>| Body::Append {
        lane,
        round,
        prev,
        entries,
        commit: Index(198),
        standing: Standing(proof.map(Box::new)),
    };
    let proof = Proof {
        heard: Probe(u64::MAX),
        before: Span(3_000),
        covers: Index(200),
    };
    let (proposed, request) = (Term(8), 1 << 33);
    let (granted, index) = (true, Some(Index(200)));
    let meta = snapshot();
    let matched = Index(190);
    let membership = LogId::new(5, 150);
    vec![
        ("pre-vote", Body::PreVote { proposed, last }),
        ("pre-vote-reply", Body::PreVoteReply { proposed, granted }),
        (
            "vote",
            Body::Vote {
                last,
                transfer: true,
            },
        ),
        ("vote-reply", Body::VoteReply { granted }),
        ("heartbeat", append(Entries::default(), Some(proof))),
        ("append", append(entries().into(), None)),
        ("accepted", answer(accepted)),
        ("refused", answer(refused)),
        ("outdated", answer(AppendResult::Outdated)),
        ("regaining", answer(regaining)),
        ("lacking", answer(lacking)),
        ("read-index", Body::ReadIndex { request }),
        ("read-index-reply", Body::ReadIndexReply { request, index }),
        (
            "offer",
            Body::SnapshotOffer {
                lane,
                round,
                meta: meta.into(),
            },
        ),
        (
            "offer-reply",
            Body::SnapshotReply {
                lane,
                round,
                matched,
            },
        ),
        ("timeout-now", Body::TimeoutNow { last, lane }),
        ("read-mark", Body::ReadMark { request }),
        (
            "read-mark-reply",
            Body::ReadMarkReply {
                request,
                last: Index(203),
                membership,
            },
        ),
    ]
}

/// Frames of peers.
pub fn frames() -> Samples {
    let hello = PeerHello {
        cluster: ClusterId(u128::MAX / 3),
        node: NodeId(1),
        boot: 5,
        disk: u64::MAX,
        to: NodeId(2),
        founders: 0xdead_beef,
        url: "http://127.0.0.1:7901".to_string(),
    };
    let frame = |body| {
        let message = Message {
            cluster: ClusterId(77),
            from: NodeId(1),
            to: NodeId(2),
            term: Term(7),
            body,
        };
        frame::encode(0, 12, 34, &message).expect("it is short")
    };
    let chunk = Chunk {
        group: 0,
        lane: LANE,
        meta: snapshot(),
        offset: 300,
        bytes: b"some of the state".to_vec(),
    };
    let got = Got {
        group: 0,
        lane: LANE,
        last: LogId::new(6, 190),
        upto: 317,
        staged: true,
    };
    let mut samples = vec![
        ("hello", hello.encode()),
        ("chunk", chunk.encode()),
        ("got", got.encode()),
    ];
    samples.extend(
        messages()
            .into_iter()
            .map(|(name, body)| (name, frame(body))),
    );
    samples
}
