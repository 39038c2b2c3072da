//! The same done at the same times to both, in the same simulator; leaders come by the script. They
//! must agree on everything, act by act: terms, votes, leaders, logs, what is committed and applied,
//! and what clients are told.
//!
//! `RAFTWERK_SEEDS=N` draws N scripts; `RAFTWERK_SEED=S` runs one of them.

use raftwerk_differential::script::{beginning, draw, peace};
use raftwerk_differential::twins::{Picture, Twins};
use std::collections::BTreeMap;

/// Scripts, and acts of each between its beginning and its end.
const SEEDS: u64 = 60;
const ACTS: usize = 60;

/// What the scripts have met, so that agreement is not about nothing.
#[derive(Debug, Default)]
struct Met {
    leaders: u64,
    two_leaders: u64,
    cut: u64,
    committed: u64,
    answered: u64,
    unknown: u64,
    compared: u64,
    behind: u64,
}

impl Met {
    fn note(&mut self, before: &Picture, now: &Picture) {
        let leads = |picture: &Picture| picture.leaders().len();
        self.two_leaders += u64::from(leads(now) > 1);
        for (before, now) in before.nodes.iter().zip(&now.nodes) {
            let (Some(before), Some(now)) = (before, now) else {
                continue;
            };
            self.compared += 1;
            self.leaders += u64::from(now.leads && !before.leads);
            // Only the end of a log is shown.
            let shown: BTreeMap<u64, String> = now.entries().collect();
            let replaced = |(index, entry)| shown.get(&index).is_some_and(|now| *now != entry);
            let cut = now.last < before.last || before.entries().any(replaced);
            self.cut += u64::from(cut);
        }
    }
}

fn compare(seed: u64, met: &mut Met) {
    let (nodes, drawn) = draw(seed, ACTS);
    let mut acts = beginning();
    acts.extend(drawn);
    acts.extend(peace(nodes));
    let mut twins = Twins::new(nodes, seed);
    let mut before = twins.compare("at the start");
    for (at, act) in acts.iter().enumerate() {
        twins.play(act);
        let earlier = &acts[at.saturating_sub(10)..at];
        let place =
            || format!("seed {seed}, {nodes} nodes, act {at}: {act:?}; before: {earlier:?}");
        let now = twins.compare(&place());
        met.note(&before, &now);
        before = now;
    }
    let [ours, theirs] = twins.committed();
    assert_eq!(ours, theirs, "seed {seed}: committed in the end");
    let last = before.nodes.iter().flatten().map(|node| node.commit).min();
    assert_eq!(last, Some(ours), "seed {seed}: all know it in the end");
    met.committed += ours;
    met.behind += twins.behind;
    let told = before
        .clients
        .iter()
        .flat_map(|client| client.as_array().cloned());
    for operation in told.flatten() {
        met.answered += u64::from(operation[1] == "ok");
        met.unknown += u64::from(operation[1] == "unknown");
    }
}

#[test]
fn scripts_agree() {
    let number = |name| std::env::var(name).ok()?.parse::<u64>().ok();
    let seeds = match number("RAFTWERK_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("RAFTWERK_SEEDS").unwrap_or(SEEDS),
    };
    let (mut met, many) = (Met::default(), seeds.end - seeds.start);
    seeds.for_each(|seed| compare(seed, &mut met));
    println!("{many} scripts: {met:?}");
    if many >= SEEDS {
        let rich = met.leaders > 5 * many && met.committed > 30 * many && met.answered > 10 * many;
        assert!(rich && met.cut > many / 6 && met.two_leaders > many / 3 && met.unknown > many);
        assert!(1_000 * met.behind < met.compared, "a rare exception");
    }
}
