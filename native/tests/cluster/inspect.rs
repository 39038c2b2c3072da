//! `raftwerk inspect`: what it says of directories of real nodes, whole and damaged, and that it
//! changes nothing.

use super::damage::{contents, damage_command, damage_snapshots, fill, folder};
use super::rig::Rig;
use raftwerk_native::inspect::{Inspected, inspect};
use raftwerk_wire::record::{HEADER_BYTES, Header};
use std::ops::RangeInclusive;

/// Looks at a node's directory, of which every byte stays as it is.
fn look(rig: &Rig, id: u64, entries: Option<RangeInclusive<u64>>) -> Inspected {
    let before = contents(&folder(rig, id));
    let found = inspect(&folder(rig, id), entries).expect("readable");
    assert_eq!(contents(&folder(rig, id)), before, "nothing was changed");
    found
}

fn places(found: &Inspected) -> Vec<&str> {
    found.damage.iter().map(|one| one.place.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_is_shown_as_it_is() {
    let mut rig = Rig::started(3).await;
    for n in 10..40 {
        assert_eq!(rig.put(1, &format!("key{n}"), b"value").await.status, 200);
    }
    rig.leader().await;
    assert!(inspect(&folder(&rig, 1), None).expect("readable").in_use);
    let status = rig.status(1).await;
    for id in 1..=3 {
        rig.stop(id).await;
    }
    let found = look(&rig, 1, Some(1..=1));
    let identity = found.identity.as_ref().expect("there");
    assert_eq!((identity.node, &identity.founders[..]), (1, &[1, 2, 3][..]));
    assert!(!found.in_use && !found.removed && found.suspect.is_none());
    assert!(
        found.damage.is_empty() && found.kept.is_empty(),
        "{found:?}"
    );
    assert!(
        found.term >= status.term && found.vote.is_some(),
        "{found:?}"
    );
    assert_eq!(found.log.first, 1);
    assert!(found.log.last >= status.last && found.log.last_term >= 1);
    let members = found.members.as_ref().expect("known");
    assert_eq!((&members.voters[..], members.index), (&[1, 2, 3][..], 1));
    assert_eq!(found.entries.len(), 1);
    assert_eq!(found.entries[0].kind, "members");
    let all = look(&rig, 1, Some(0..=u64::MAX));
    assert_eq!(all.entries.len() as u64, all.log.last);
    let texts: Vec<&str> = all.entries.iter().map(|one| one.text.as_str()).collect();
    assert!(texts.contains(&"put key10=value"), "{texts:?}");
}

/// Each kind of damage is named, with its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_is_shown_with_its_place() {
    let mut rig = Rig::new(1);
    let mut options = rig.options(1);
    options.snapshot_entries = Some(20);
    rig.start_with(options).expect("it starts");
    rig.leader().await;
    fill(&rig, 1, "value").await;
    rig.stop(1).await;
    let found = look(&rig, 1, None);
    assert!(places(&found).is_empty(), "{found:?}");
    let snapshot = found.snapshots.first().expect("one");
    assert!(snapshot.keys > 10 && snapshot.revision > 10 && snapshot.last > 20);

    damage_snapshots(&rig, 1);
    std::fs::write(folder(&rig, 1).join("members.json"), "{").expect("writable");
    damage_command(&rig, 1, "k30");
    let found = look(&rig, 1, None);
    let all = places(&found);
    assert!(all.contains(&"members.json"), "{all:?}");
    let has = |start: &str| all.iter().any(|place| place.starts_with(start));
    assert!(has("snapshots/") && has("log, entry "), "{all:?}");

    // A record of which the middle rots; the ones behind it vouch for term and vote.
    let name = "log-0000000000000001.rwl";
    let path = folder(&rig, 1).join("log").join(name);
    let mut bytes = std::fs::read(&path).expect("the log");
    let second = Header::read(&bytes).expect("a record").record_bytes();
    bytes[second + HEADER_BYTES] ^= 1;
    std::fs::write(&path, &bytes).expect("writable");
    let rotten = look(&rig, 1, None);
    let place = format!("log/{name}, byte {second}");
    let what = rotten.damage.iter().find(|one| one.place == place);
    let what = &what.unwrap_or_else(|| panic!("{rotten:?}")).what;
    assert!(what.contains("is suspect"), "{what}");
    assert_eq!((rotten.term, rotten.vote), (found.term, found.vote));
    assert_eq!(rotten.log.last, 0, "nothing in front of it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_data_directory_is_said() {
    let rig = Rig::new(1);
    let why = inspect(&rig.path, None).expect_err("nothing is there");
    assert!(why.contains("is no directory"), "{why}");
    std::fs::create_dir_all(&rig.path).expect("writable");
    let why = inspect(&rig.path, None).expect_err("it is empty");
    assert!(why.contains("no data directory of a node"), "{why}");
}
