//! The kept samples, and a fixed number of mutations of them, through every decoder.
//!
//! `RAFTWERK_REWRITE=1` keeps new samples; a kept one is never changed. When a binary format
//! changes, the new sample is kept beside the old one under the next number.
//! `RAFTWERK_FUZZ_INPUTS=N` runs N mutations of each target; `RAFTWERK_FUZZ_SEED=S` others.

use raftwerk_decoders::meter::{self, Meter};
use raftwerk_decoders::mutate::{Luck, mutate};
use raftwerk_decoders::{TARGETS, Target};
use raftwerk_wire::frame::PROTOCOL;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

#[global_allocator]
static METER: Meter = Meter;

/// Mutations of each target.
const INPUTS: u64 = 50_000;

fn number(name: &str, otherwise: u64) -> u64 {
    let Ok(text) = std::env::var(name) else {
        return otherwise;
    };
    text.parse()
        .unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}"))
}

fn folder(target: &Target) -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.join("samples").join(target.name)
}

/// Kept samples as (file name, bytes), in order of name.
fn kept(target: &Target) -> Vec<(String, Vec<u8>)> {
    let Ok(found) = fs::read_dir(folder(target)) else {
        return Vec::new();
    };
    let mut files: Vec<(String, Vec<u8>)> = found
        .map(|file| {
            let path = file.expect("readable").path();
            let name = path
                .file_name()
                .expect("a file has a name")
                .to_string_lossy()
                .into_owned();
            (name, fs::read(path).expect("readable"))
        })
        .collect();
    files.sort();
    files
}

/// Text formats may gain fields with defaults; a binary one changes by a new version only.
fn is_text(target: &Target) -> bool {
    let texts = [
        "observe", "body", "query", "run", "scenario", "file", "url", "header", "flag", "name",
        "places",
    ];
    texts.contains(&target.name)
}

/// What is refused today, with a reason: peers of different versions do not talk to each other,
/// and a page is of the version of the server that it comes from.
fn is_outlived(target: &Target, file: &str, bytes: &[u8]) -> bool {
    match target.name {
        "frame" => bytes.first() != Some(&PROTOCOL),
        "observe" => file.ends_with(".1") || file == "event.2",
        _ => false,
    }
}

#[test]
fn every_version_is_kept_and_still_read() {
    let rewrite = std::env::var_os("RAFTWERK_REWRITE").is_some();
    for target in TARGETS {
        let files = kept(target);
        for (name, bytes) in (target.samples)() {
            let versions = files
                .iter()
                .filter(|(file, _)| file.rsplit_once('.').is_some_and(|(stem, _)| stem == name));
            let newest = versions.clone().count();
            let mut read = versions
                .clone()
                .filter(|(file, kept)| !is_outlived(target, file, kept));
            let same = versions.clone().any(|(_, kept)| *kept == bytes);
            if same || is_text(target) && read.next().is_some() {
                continue;
            }
            assert!(
                rewrite,
                "{}: the sample {name} is not kept as it is written today. If the format is to \
                 change, raise its version, and keep the new sample with RAFTWERK_REWRITE=1",
                target.name
            );
            fs::create_dir_all(folder(target)).unwrap();
            let file = folder(target).join(format!("{name}.{}", newest + 1));
            fs::write(file, bytes).unwrap();
        }
        for (name, bytes) in kept(target) {
            let accepted = (target.run)(&bytes);
            assert_eq!(
                accepted,
                !is_outlived(target, &name, &bytes),
                "{}: {name}",
                target.name
            );
        }
    }
}

/// A decoder that breaks a promise is told with the input, ready to become a sample.
fn run(target: &Target, input: &[u8], what: &str) -> bool {
    match catch_unwind(AssertUnwindSafe(|| (target.run)(input))) {
        Ok(accepted) => accepted,
        Err(_) => panic!(
            "{}: {what}: {}\n{:?}",
            target.name,
            hex(input),
            String::from_utf8_lossy(input)
        ),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn mutations_do_no_harm() {
    let (inputs, seed) = (
        number("RAFTWERK_FUZZ_INPUTS", INPUTS),
        number("RAFTWERK_FUZZ_SEED", 1),
    );
    for (at, target) in TARGETS.iter().enumerate() {
        let mut samples = kept(target);
        samples.retain(|(name, bytes)| !is_outlived(target, name, bytes));
        let samples: Vec<Vec<u8>> = samples.into_iter().map(|(_, bytes)| bytes).collect();
        assert!(!samples.is_empty(), "{}: no samples", target.name);
        let mut luck = Luck::new((seed << 8) | at as u64);
        let mut accepted = 0;
        for input in 0..inputs {
            let bytes = mutate(&samples, &mut luck);
            accepted += u64::from(run(target, &bytes, &format!("mutation {input}")));
        }
        // Or the mutations are too wild to reach anything, or too tame to be refused.
        let share = accepted * 100 / inputs.max(1);
        assert!(
            (1..=95).contains(&share),
            "{}: {share} % accepted",
            target.name
        );
        println!("{}: {inputs} inputs, {share} % accepted", target.name);
    }
}

/// The fuzzer has the same targets, or a decoder would be left out there.
#[test]
fn the_fuzzer_has_every_target() {
    let fuzz = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).expect("readable");
    let page = fs::read_to_string(fuzz.join("../docs/correctness.md")).expect("readable");
    for Target { name, .. } in TARGETS {
        let file = fs::read_to_string(fuzz.join(format!("fuzz_targets/{name}.rs")));
        let file = file.unwrap_or_else(|why| panic!("{name}: {why}"));
        assert!(file.contains(&format!("fuzz({name:?}, bytes)")), "{name}");
        assert!(manifest.contains(&format!("name = {name:?}")), "{name}");
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
    let files = fs::read_dir(fuzz.join("fuzz_targets")).expect("readable");
    assert_eq!(files.count(), TARGETS.len(), "a file for each target");
}

#[test]
fn noise_does_no_harm() {
    let mut luck = Luck::new(7);
    for target in TARGETS {
        for input in 0..500 {
            let length = luck.below(200);
            let bytes: Vec<u8> = (0..length).map(|_| luck.bits() as u8).collect();
            run(target, &bytes, &format!("noise {input}"));
        }
    }
}

#[test]
fn the_meter_counts() {
    let (bytes, most) = meter::most_held(|| vec![0u8; 10_000].len() + vec![0u8; 5_000].len());
    assert_eq!(bytes, 15_000);
    assert!((10_000..=15_100).contains(&most), "{most}");
    let greedy = catch_unwind(|| meter::bounded(b"x", 2, |_| drop(vec![0u8; 1 << 20])));
    assert!(greedy.is_err(), "a megabyte for one byte is too much");
}
