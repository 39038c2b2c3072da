//! A disk that runs full, in a cluster.

use super::faults::metric;
use super::rig::{Rig, number};
use std::time::{Duration, Instant};

/// A full disk is the leader's reason to refuse a write, and nobody else's: a follower passes it on
/// (trap D7). This one wants more in reserve than its disk has, so it is full to it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d7_a_follower_without_space_passes_writes_on() {
    let mut rig = Rig::new(3);
    for id in [1, 2] {
        rig.start(id).expect("it starts");
    }
    rig.leader_of(&[1, 2]).await;
    let mut full = rig.options(3);
    full.disk_reserve = Some(u64::MAX);
    // Nor does it come to lead.
    (full.election_ms_min, full.election_ms_max) = (Some(30_000), Some(60_000));
    rig.start_with(full).expect("it starts");
    rig.leader().await;
    let end = Instant::now() + Duration::from_secs(60);
    while metric(&rig, 3, "raftwerk_disk_low").await != 1 {
        assert!(Instant::now() < end, "it is low");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let put = rig.put(3, "key", b"value").await;
    assert_eq!(put.status, 200, "{:?}", put.body);
    assert_ne!(number(&put, "raftwerk-node"), 3, "who leads did it");
    assert_eq!(rig.get(3, "key").await.body, "value");
}
