//! `raftwerk inspect`: what it says of directories of real nodes, whole and damaged, and that it
//! changes nothing.

use super::damage::{
    contents, damage_command, damage_snapshots, fill, folder, large, options, until_trimmed,
};
use super::rig::Rig;
use raftwerk_core::{HardState, Index, Suspicion, Term};
use raftwerk_native::NodeOptions;
use raftwerk_native::inspect::{Damage, Inspected, inspect};
use raftwerk_native::wal::{NOTE, Note};
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

/// A node does not start, and the reason can be seen in its directory.
fn is_seen_before_a_start(rig: &mut Rig, options: NodeOptions, place: &str, words: [&str; 2]) {
    let found = look(rig, 1, None);
    let fits = |one: &&Damage| one.place == place && one.what.contains(words[0]);
    assert_eq!(found.damage.iter().filter(fits).count(), 1, "{found:?}");
    let why = rig.start_with(options).expect_err("it does not start");
    assert!(why.to_string().contains(words[1]), "{why}");
}

/// A snapshot that is not there any more leaves no damaged file behind, but a log that needs it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_without_its_snapshot_is_seen() {
    let mut rig = Rig::new(1);
    let options = options(&rig, 1, &[1]);
    rig.start_with(options.clone()).expect("it starts");
    rig.leader().await;
    fill(&rig, 1, &large()).await;
    until_trimmed(&rig, 1).await;
    rig.stop(1).await;
    let found = look(&rig, 1, None);
    assert!(found.log.first > 1 && found.damage.is_empty(), "{found:?}");
    let snapshots = folder(&rig, 1).join("snapshots");
    std::fs::remove_dir_all(&snapshots).expect("writable");
    let words = ["no snapshot that can be used", "No other node votes"];
    is_seen_before_a_start(&mut rig, options, "log", words);
}

/// Parts that are whole, but missing or not of one another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_belong_together_is_seen() {
    let mut rig = Rig::started(1).await;
    rig.stop(1).await;
    let (options, folder) = (rig.options(1), folder(&rig, 1));
    let (identity, note) = (folder.join("identity.json"), folder.join("log").join(NOTE));

    // A note that was never written beside this log, which is in a later term.
    let foreign = Note {
        suspicion: Suspicion {
            from: Index(1),
            to: None,
            since: Term(0),
        },
        hard_state: HardState::default(),
        cut: false,
    };
    std::fs::write(&note, foreign.bytes()).expect("writable");
    let words = ["is not of this log", "is not of this log"];
    is_seen_before_a_start(&mut rig, options.clone(), "log/suspect", words);
    std::fs::remove_file(&note).expect("writable");
    assert!(look(&rig, 1, None).damage.is_empty());

    let text = std::fs::read_to_string(&identity).expect("readable");
    std::fs::remove_file(&identity).expect("writable");
    let words = ["missing beside a log", "identity.json is missing"];
    is_seen_before_a_start(&mut rig, options.clone(), "identity.json", words);

    let other = text.replace("\"node\": 1", "\"node\": 2");
    assert_ne!(other, text);
    std::fs::write(&identity, other).expect("writable");
    let words = ["not of the same node", "belongs to node 2"];
    is_seen_before_a_start(&mut rig, options.clone(), "identity.json", words);
    std::fs::write(&identity, text).expect("writable");
    assert!(look(&rig, 1, None).damage.is_empty());

    std::fs::remove_dir_all(folder.join("log")).expect("writable");
    let words = ["the log is empty", "the log is empty"];
    is_seen_before_a_start(&mut rig, options, "identity.json", words);
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
