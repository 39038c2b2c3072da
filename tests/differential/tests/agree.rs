//! Both implementations, act by act: the same leaders in the same terms, the same logs, the same
//! entries committed.
//!
//! `RAFTWERK_SEEDS=N` draws N schedules; `RAFTWERK_SEED=S` runs one of them.

use raftwerk_differential::ours::Ours;
use raftwerk_differential::schedule::{Act, draw, peace};
use raftwerk_differential::tikv::Tikv;
use raftwerk_differential::{Cluster, Seen};

/// Schedules, and acts of each.
const SEEDS: u64 = 400;
const ACTS: usize = 120;

/// What the schedules have met, so that agreement is not about nothing.
#[derive(Debug, Default)]
struct Met {
    leaders: u64,
    taken: u64,
    committed: u64,
    cut: u64,
    two_leaders: u64,
}

/// Runs one schedule through both and compares after each act.
fn compare(what: &str, size: u64, acts: &[Act], met: &mut Met) {
    let (mut ours, mut theirs) = (Cluster::<Ours>::new(size), Cluster::<Tikv>::new(size));
    // The most that was ever known to be committed, here and there.
    let mut most = (0, 0);
    let mut before: Vec<Option<Seen>> = Vec::new();
    for (at, act) in acts.iter().enumerate() {
        let place = || {
            let (before, first) = (&before, at.saturating_sub(12));
            let acts = &acts[first..at];
            format!("{what}, act {at}: {act:?}; before: {acts:?}; nodes before: {before:?}")
        };
        assert_eq!(ours.act(act), theirs.act(act), "taken or not: {}", place());
        let (mine, other) = (ours.seen(), theirs.seen());
        let commit = |seen: &[Option<Seen>]| seen.iter().flatten().map(|one| one.commit).max();
        most.0 = most.0.max(commit(&mine).unwrap_or(0));
        most.1 = most.1.max(commit(&other).unwrap_or(0));
        assert_eq!(most.0, most.1, "ever committed: {}", place());
        for (node, (mine, other)) in mine.iter().zip(&other).enumerate() {
            let (Some(mine), Some(other)) = (mine, other) else {
                assert_eq!(mine.is_some(), other.is_some());
                continue;
            };
            let told = Seen {
                commit: other.commit,
                ..mine.clone()
            };
            assert_eq!(told, *other, "S{}: {}", node + 1, place());
            let agree = match mine.leads {
                true => mine.commit == other.commit,
                // Theirs keeps it on disk, and tells it with votes, too.
                false => mine.commit <= other.commit,
            };
            assert!(
                agree,
                "S{}: committed {} here, {} there: {}",
                node + 1,
                mine.commit,
                other.commit,
                place()
            );
        }
        note(&before, &mine, met);
        before = mine;
    }
    assert_eq!(ours.seen(), theirs.seen(), "{what}: in the end");
    let applied = ours.applied();
    assert_eq!(applied, theirs.applied(), "{what}: commands applied");
    met.committed += applied
        .iter()
        .flatten()
        .map(|one| one.len() as u64)
        .max()
        .unwrap_or(0);
}

fn note(before: &[Option<Seen>], now: &[Option<Seen>], met: &mut Met) {
    let leaders = |seen: &[Option<Seen>]| seen.iter().flatten().filter(|one| one.leads).count();
    met.two_leaders += u64::from(leaders(now) > 1);
    for (before, now) in before.iter().zip(now) {
        let (Some(before), Some(now)) = (before, now) else {
            continue;
        };
        met.leaders += u64::from(now.leads && !before.leads);
        met.taken += u64::from(now.log.len() > before.log.len());
        met.cut += u64::from(!now.log.starts_with(&before.log));
    }
}

#[test]
fn random_schedules_agree() {
    let number = |name| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    let seeds = match number("RAFTWERK_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("RAFTWERK_SEEDS").unwrap_or(SEEDS),
    };
    let (mut met, many) = (Met::default(), seeds.end - seeds.start);
    for seed in seeds {
        let (size, mut acts) = draw(seed, ACTS);
        acts.extend(peace(size));
        compare(&format!("seed {seed}, {size} nodes"), size, &acts, &mut met);
    }
    println!("{many} schedules: {met:?}");
    if many >= SEEDS {
        let rich = met.leaders > many && met.committed > many && met.cut > many / 5;
        assert!(rich && met.two_leaders > many / 4, "{met:?}");
    }
}

fn put(node: u64, value: &str) -> Act {
    Act::Propose(node, vec![value.as_bytes().to_vec()])
}

/// Figure 8 of the paper, both ways it can end.
#[test]
fn figure_8_agrees() {
    let start = [
        Act::Campaign(1),
        Act::Split(vec![1, 2]),
        put(1, "old"),
        Act::Crash(1),
        Act::Campaign(5),
        Act::Split(vec![5]),
        put(5, "other"),
        Act::Crash(5),
        Act::Restart(1),
        Act::Split(vec![1, 2, 3]),
        Act::Campaign(1),
        Act::Campaign(1),
    ];
    let ends = [
        vec![
            Act::Crash(1),
            Act::Heal,
            Act::Restart(5),
            Act::Campaign(5),
            Act::Campaign(5),
        ],
        vec![
            put(1, "new"),
            Act::Heal,
            Act::Restart(5),
            Act::Campaign(5),
            Act::Campaign(1),
        ],
    ];
    for end in ends {
        let mut acts = start.to_vec();
        acts.extend(end);
        acts.extend(peace(5));
        compare("figure 8", 5, &acts, &mut Met::default());
    }
}

/// Writes on both sides of a split; the smaller side's are gone afterwards.
#[test]
fn a_partition_with_writes_on_both_sides_agrees() {
    let mut acts = vec![
        Act::Campaign(1),
        put(1, "a"),
        Act::Split(vec![1, 2]),
        put(1, "lost"),
        Act::Campaign(3),
        put(3, "kept"),
        put(1, "lost, too"),
        Act::Heal,
        put(3, "b"),
    ];
    acts.extend(peace(5));
    compare("partition", 5, &acts, &mut Met::default());
    let mut ours = Cluster::<Ours>::new(5);
    acts.iter().for_each(|act| _ = ours.act(act));
    let applied = ours.applied();
    let first = applied[0].expect("it runs");
    assert_eq!(first[..3], [b"a".to_vec(), b"kept".to_vec(), b"b".to_vec()]);
}

/// Leadership goes round by transfer, with a write in each term.
#[test]
fn transfers_agree() {
    let mut acts = vec![Act::Campaign(1)];
    for node in [1, 2, 3, 1] {
        acts.push(put(node, "x"));
        acts.push(Act::Transfer(node, node % 3 + 1));
    }
    acts.extend(peace(3));
    compare("transfers", 3, &acts, &mut Met::default());
}
