//! A run as something to keep and to hand on: its setup, what was done to it and when, and what
//! is said to come of it. It fits into a file and, as one word, into the address of a page.
//!
//! In the word the setup is told by how it differs from [`Setup::playground`], so that it is
//! short and stays readable when a setup gets a new field. What a build does not know, such as a
//! broken rule in a build that keeps them all, is an error, never left out.
//!
//! Doing something at a time means: all events up to that time are played, then it is done; what is
//! done at the same time follows at once. What is not possible then is left out.

mod word;

use crate::intervention::Intervention;
use crate::setup::{FaultPlan, Setup, Workload};
use crate::world::World;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One thing that is done, and when.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Act {
    /// Microseconds.
    pub at: u64,
    /// What.
    pub what: Intervention,
}

/// What a run is said to come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The check that fails; [`PANIC`] where a core stops itself.
    pub check: String,
    /// What it says.
    pub detail: String,
    /// At which event; where a core stops itself, the last one before.
    pub event: u64,
    /// The state hash then.
    pub hash: u64,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// How it begins.
    pub setup: Setup,
    /// What is done, in this order.
    pub acts: Vec<Act>,
    /// Until when it is played, microseconds.
    pub until: u64,
    /// What comes of it.
    pub claim: Option<Claim>,
}

/// The run as it is packed into a word.
#[derive(Serialize, Deserialize)]
struct Packed {
    nodes: u64,
    seed: u64,
    /// What else the setup changes, as JSON.
    changes: String,
    /// Each with the time since the one before.
    acts: Vec<Act>,
    until: u64,
    claim: Option<Claim>,
}

/// First letter of every word; another one when the packing changes.
const VERSION: char = '1';
/// What a run is said to come to that makes a core stop itself: a bug, and the end of the run.
pub const PANIC: &str = "Panic";
/// What comes before the word in an address.
pub const IN_ADDRESS: &str = "#run=";
/// Longest word that is read, and most things done in a run.
const MAX_WORD: usize = 1 << 20;
const MAX_ACTS: usize = 100_000;

impl Run {
    /// What happened to a recorded world, as a run of its own: what random faults and random
    /// operations came to is done again, without the dice.
    #[must_use]
    pub fn of(world: &World) -> Run {
        let plan = &world.setup().faults;
        // Who dies for good, and when, is for the healing to know.
        let lasts = !plan.churn.changes();
        let faults = FaultPlan {
            gone: if lasts { plan.gone } else { 0 },
            gone_at: if lasts { plan.gone_at } else { 0 },
            ..FaultPlan::default()
        };
        let setup = Setup {
            faults,
            workload: Workload::default(),
            ..world.setup().clone()
        };
        let claim = world.violation().map(|violation| Claim {
            check: violation.check.to_string(),
            detail: violation.detail.clone(),
            event: world.events(),
            hash: world.hash(),
        });
        Run {
            setup,
            acts: world.journal().to_vec(),
            until: world.now(),
            claim,
        }
    }

    /// The run as one word of letters that an address may have.
    #[must_use]
    pub fn to_word(&self) -> String {
        let packed = Packed {
            nodes: self.setup.nodes,
            seed: self.setup.seed,
            changes: changes(&self.setup),
            acts: since(&self.acts),
            until: self.until,
            claim: self.claim.clone(),
        };
        let bytes = postcard::to_allocvec(&packed).expect("plain data can be packed");
        format!("{VERSION}{}", word::write(&bytes))
    }

    /// Reads a run: its word, or an address with its word in it.
    ///
    /// # Errors
    /// What is wrong with it, in one sentence.
    pub fn from_word(text: &str) -> Result<Run, String> {
        let word = text.trim();
        let word = word.split_once(IN_ADDRESS).map_or(word, |(_, word)| word);
        let packed = word
            .strip_prefix(VERSION)
            .filter(|_| word.len() <= MAX_WORD);
        let packed = packed.and_then(word::read);
        let packed = packed.and_then(|bytes| postcard::from_bytes::<Packed>(&bytes).ok());
        let broken = "This is no run, or one of another version.";
        let packed = packed.ok_or_else(|| broken.to_string())?;
        let mut run = Run {
            setup: setup(packed.nodes, packed.seed, &packed.changes)?,
            acts: packed.acts,
            until: packed.until,
            claim: packed.claim,
        };
        let mut now = 0u64;
        for act in &mut run.acts {
            now = now.saturating_add(act.at);
            act.at = now;
        }
        run.validate()?;
        Ok(run)
    }

    /// Reads a run from the text of a file: JSON, or a word.
    ///
    /// # Errors
    /// What is wrong with it, in one sentence.
    pub fn from_file(text: &str) -> Result<Run, String> {
        if !text.trim_start().starts_with('{') {
            return Run::from_word(text);
        }
        let run: Run = serde_json::from_str(text).map_err(|why| format!("No run: {why}."))?;
        run.validate()?;
        Ok(run)
    }

    fn validate(&self) -> Result<(), String> {
        if self.acts.len() > MAX_ACTS {
            return Err(format!("A run has at most {MAX_ACTS} interventions."));
        }
        self.setup.validate().map_err(|wrong| wrong.join("; "))
    }
}

/// The acts, each with the time since the one before.
fn since(acts: &[Act]) -> Vec<Act> {
    let mut before = 0;
    let since = |act: &Act| {
        let at = act.at.saturating_sub(before);
        before += at;
        let what = act.what.clone();
        Act { at, what }
    };
    acts.iter().map(since).collect()
}

fn base(nodes: u64, seed: u64) -> Value {
    serde_json::to_value(Setup::playground(nodes, seed)).expect("a setup is plain data")
}

/// How a setup differs from the playground's, as JSON.
fn changes(setup: &Setup) -> String {
    let all = serde_json::to_value(setup).expect("a setup is plain data");
    let changed = difference(&base(setup.nodes, setup.seed), &all);
    changed.unwrap_or(Value::Object(Map::new())).to_string()
}

fn difference(base: &Value, value: &Value) -> Option<Value> {
    let (Value::Object(base), Value::Object(value)) = (base, value) else {
        return (base != value).then(|| value.clone());
    };
    let field = |(name, value): (&String, &Value)| {
        let changed = match base.get(name) {
            Some(base) => difference(base, value)?,
            None => value.clone(),
        };
        Some((name.clone(), changed))
    };
    let changed: Map<String, Value> = value.iter().filter_map(field).collect();
    (!changed.is_empty()).then_some(Value::Object(changed))
}

fn setup(nodes: u64, seed: u64, changes: &str) -> Result<Setup, String> {
    let wrong = |why: serde_json::Error| format!("The setup of this run cannot be read: {why}.");
    let changes: Value = serde_json::from_str(changes).map_err(wrong)?;
    let mut wanted = base(nodes, seed);
    apply(&mut wanted, &changes);
    let setup: Setup = serde_json::from_value(wanted.clone()).map_err(wrong)?;
    let got = serde_json::to_value(&setup).map_err(wrong)?;
    match difference(&got, &wanted) {
        None => Ok(setup),
        Some(lost) => Err(format!("This run needs what this build cannot do: {lost}.")),
    }
}

fn apply(value: &mut Value, changes: &Value) {
    match (value, changes) {
        (Value::Object(value), Value::Object(changes)) => {
            for (name, change) in changes {
                apply(value.entry(name.clone()).or_insert(Value::Null), change);
            }
        }
        (value, changes) => *value = changes.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervention::Op;

    fn run(seed: u64) -> Run {
        let op = Op::Put {
            key: "k".into(),
            value: "v".into(),
        };
        let (client, node) = (1, 2);
        let ask = Intervention::Ask { client, node, op };
        let acts = [
            (5, Intervention::Crash(1)),
            (5, ask),
            (900, Intervention::Calm),
        ];
        let acts = acts.into_iter().map(|(at, what)| Act { at, what });
        Run {
            setup: Setup::storm(seed),
            acts: acts.collect(),
            until: 1_000,
            claim: Some(Claim {
                check: "One vote per term".into(),
                detail: "seen".into(),
                event: 12,
                hash: u64::MAX,
            }),
        }
    }

    #[test]
    fn a_run_survives_its_word_and_its_file() {
        for seed in 0..50 {
            let run = run(seed);
            let word = run.to_word();
            let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
            assert!(word.chars().all(allowed), "{word}");
            assert_eq!(Run::from_word(&word).as_ref(), Ok(&run));
            let link = format!("http://127.0.0.1:7878/?mode=playground{IN_ADDRESS}{word}");
            assert_eq!(Run::from_word(&link).as_ref(), Ok(&run));
            let file = serde_json::to_string_pretty(&run).unwrap();
            assert_eq!(Run::from_file(&file).as_ref(), Ok(&run));
            assert_eq!(Run::from_file(&word), Ok(run));
        }
    }

    #[test]
    fn what_is_no_run_is_told() {
        let word = run(1).to_word();
        for text in ["", "1", "2abc", &word[..word.len() / 2], &word[1..], "{}"] {
            assert!(Run::from_file(text).is_err(), "{text}");
        }
        let mut wrong = run(1);
        wrong.setup.nodes = 20;
        let told = Run::from_word(&wrong.to_word()).unwrap_err();
        assert!(told.contains("nodes must be from 1 to 9"), "{told}");
    }

    #[test]
    fn what_a_build_does_not_know_is_not_left_out() {
        let told = setup(3, 1, r#"{"disk":{"melts":true}}"#).unwrap_err();
        assert!(told.contains("melts"), "{told}");
        assert_eq!(setup(3, 1, "{}"), Ok(Setup::playground(3, 1)));
    }

    /// A build that keeps all rules refuses the run, and says what it would take.
    #[test]
    fn a_rule_that_is_switched_off_goes_with_the_run() {
        let changes = r#"{"sabotage":{"rule":"e1-vote","nodes":4}}"#;
        let read = setup(3, 1, changes);
        #[cfg(not(feature = "sabotage"))]
        {
            let told = read.unwrap_err();
            assert!(
                told.contains("cannot do") && told.contains("e1-vote"),
                "{told}"
            );
        }
        #[cfg(feature = "sabotage")]
        {
            let mut run = run(1);
            run.setup = read.unwrap();
            let off = run.setup.switched_off().unwrap();
            assert!(
                off.starts_with("Rule e1-vote is switched off on S2. "),
                "{off}"
            );
            assert_eq!(Run::from_word(&run.to_word()), Ok(run));
        }
    }
}
