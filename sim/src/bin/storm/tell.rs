//! What came out of many seeds, and how it is told.

use crate::options::{Options, Smaller};
use crate::smaller::{again, seen};
use raftwerk_sim::{Counts, PANIC, Report, Struck};

/// Most violations told in full; more are only counted.
pub const TOLD: usize = 10;

/// What went wrong with one seed.
pub struct Failure {
    pub seed: u64,
    pub check: String,
    pub detail: String,
    pub event: u64,
}

/// All seeds together.
#[derive(Default)]
pub struct Total {
    pub counts: Counts,
    /// Commits before any healing: without them a storm shows nothing.
    pub stormy: u64,
    pub time: u64,
    /// How often each class of faults struck.
    pub struck: Struck,
    /// Operations for which an order was looked for, and seeds whose search was cut off.
    pub operations: u64,
    pub gave_up: Vec<(u64, String)>,
    /// Seeds whose traces were judged, and events of theirs.
    pub refined: u64,
    pub judged: u64,
    pub failures: Vec<Failure>,
}

impl Total {
    /// Adds what came out of a seed: a report, or what a panic said.
    pub fn add(&mut self, seed: u64, result: Result<Report, String>) {
        let failure = match result {
            Ok(report) => {
                self.count(seed, &report);
                report.violation.map(|violation| Failure {
                    seed,
                    check: violation.check.to_string(),
                    detail: violation.detail,
                    event: violation.event,
                })
            }
            Err(detail) => Some(Failure {
                seed,
                check: PANIC.to_string(),
                detail,
                event: 0,
            }),
        };
        self.failures.extend(failure);
    }

    fn count(&mut self, seed: u64, report: &Report) {
        let (sum, one) = (&mut self.counts, report.counts);
        sum.events += one.events;
        sum.elections += one.elections;
        sum.commits += one.commits;
        sum.answered += one.answered;
        sum.unknown += one.unknown;
        sum.snapshots += one.snapshots;
        sum.installs += one.installs;
        self.stormy += report.stormy.commits;
        self.time += report.time;
        self.struck.add(&report.struck);
        self.operations += report.judged.operations;
        self.refined += u64::from(report.judged.events > 0);
        self.judged += report.judged.events;
        let gave_up = report.judged.gave_up.clone();
        self.gave_up.extend(gave_up.map(|why| (seed, why)));
    }

    /// What is wrong and what was not found out, line by line. All is well when there is no line.
    pub fn told(&mut self, options: &Options) -> Vec<String> {
        let mut lines = self.findings(options);
        lines.extend(self.open());
        lines
    }

    /// What is wrong: for each violation what was seen and how to see it again.
    fn findings(&mut self, options: &Options) -> Vec<String> {
        self.failures.sort_by_key(|failure| failure.seed);
        let mut lines = Vec::new();
        for (number, failure) in self.failures.iter().take(TOLD).enumerate() {
            let Failure {
                seed,
                check,
                detail,
                event,
            } = failure;
            lines.push(format!("seed {seed}, event {event}: {check}: {detail}"));
            lines.push(format!("  reproduce: {}", again(&options.words(*seed))));
            let shrinks = match options.smaller {
                Smaller::First => number == 0,
                Smaller::All => true,
                Smaller::None => false,
            };
            lines.extend(seen(options, *seed, check, shrinks));
        }
        if self.failures.len() > TOLD {
            lines.push(format!("and {} more", self.failures.len() - TOLD));
        }
        if self.failures.is_empty() && self.stormy == 0 {
            let told = "nothing was committed before the healing in any run; take more steps";
            lines.push(told.to_string());
        }
        lines
    }

    /// What was not found out: it is no violation, and no proof of the opposite. So it is not well.
    fn open(&mut self) -> Vec<String> {
        self.gave_up.sort();
        let told = |(seed, why): &(u64, String)| {
            format!("seed {seed} was not judged: the search for an order was cut off at {why}")
        };
        let mut lines: Vec<String> = self.gave_up.iter().take(TOLD).map(told).collect();
        if self.gave_up.len() > TOLD {
            let more = self.gave_up.len() - TOLD;
            lines.push(format!("and {more} more were not judged"));
        }
        lines
    }

    /// The numbers, as one line of JSON or of words.
    pub fn sum(&self, options: &Options, seconds: f64) -> String {
        let rate = (self.counts.events as f64 / seconds.max(1e-9)) as u64;
        let threads = options.threads.min(options.seeds);
        if options.json {
            return self.json(options.seeds, threads, rate, seconds).to_string();
        }
        let counts = self.counts;
        format!(
            "{} seeds, {} events, {} violations; {} elections, {} commits, {} answers, {} unknown; \
             an order of {} operations ({} searches cut off), {} trace events of {} seeds judged; \
             {} simulated seconds in {seconds:.1} s: {rate} events per second on {threads} threads\n\
             faults: {}",
            options.seeds,
            counts.events,
            self.failures.len(),
            counts.elections,
            counts.commits,
            counts.answered,
            counts.unknown,
            self.operations,
            self.gave_up.len(),
            self.judged,
            self.refined,
            self.time / 1_000_000,
            self.faults(),
        )
    }

    /// Every class of faults with how often it struck.
    fn faults(&self) -> String {
        let told = |(name, count): (&str, u64)| format!("{name} {count}");
        let each: Vec<String> = self.struck.each().map(told).collect();
        each.join(", ")
    }

    fn json(&self, seeds: u64, threads: u64, rate: u64, seconds: f64) -> serde_json::Value {
        let failure = |failure: &Failure| {
            serde_json::json!({
                "seed": failure.seed,
                "check": failure.check,
                "detail": failure.detail,
                "event": failure.event,
            })
        };
        let failures: Vec<_> = self.failures.iter().take(TOLD).map(failure).collect();
        let counts = self.counts;
        serde_json::json!({
            "seeds": seeds,
            "steps": counts.events,
            "violations": self.failures.len(),
            "steps_per_second": rate,
            "steps_per_second_per_thread": rate / threads,
            "threads": threads,
            "elections": counts.elections,
            "commits": counts.commits,
            "acknowledged": counts.answered,
            "unknown": counts.unknown,
        "snapshots": counts.snapshots,
        "installs": counts.installs,
            "operations_ordered": self.operations,
            "searches_cut_off": self.gave_up.len(),
            "seeds_refined": self.refined,
            "trace_events_judged": self.judged,
            "faults": self.struck.each().collect::<std::collections::BTreeMap<_, _>>(),
            "simulated_seconds": self.time / 1_000_000,
            "seconds": seconds,
            "failures": failures,
        })
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use raftwerk_sim::{Judged, Violation};

    /// Nothing is made smaller.
    pub fn options() -> Options {
        let words = ["--steps", "1", "--no-shrink"].map(str::to_string);
        Options::parse(words.into_iter()).unwrap()
    }

    fn failing() -> Report {
        Report {
            violation: Some(Violation {
                check: "Log matching",
                detail: "seen".to_string(),
                event: 77,
            }),
            ..Report::default()
        }
    }

    #[test]
    fn many_findings_are_counted() {
        let mut total = Total::default();
        for seed in 0..13 {
            total.add(seed, Ok(failing()));
        }
        let lines = total.told(&options());
        // What was seen, how to see it again, and a link.
        assert_eq!(lines.len(), 3 * TOLD + 1);
        assert_eq!(lines.last().map(String::as_str), Some("and 3 more"));
    }

    #[test]
    fn a_search_that_was_cut_off_is_no_violation_and_not_well() {
        let mut total = Total::default();
        let judged = Judged {
            operations: 9,
            gave_up: Some("key k1, after 7 states".to_string()),
            ..Judged::default()
        };
        let mut report = Report {
            judged,
            ..Report::default()
        };
        report.stormy.commits = 1;
        total.add(4, Ok(report.clone()));
        assert_eq!(total.findings(&options()), Vec::<String>::new());
        let told = "was not judged: the search for an order was cut off at key k1, after 7 states";
        assert_eq!(total.told(&options()), [format!("seed 4 {told}")]);
        let object = total.json(1, 1, 1, 1.0);
        assert_eq!(
            (&object["searches_cut_off"], &object["violations"]),
            (&1.into(), &0.into())
        );
        (5..16).for_each(|seed| total.add(seed, Ok(report.clone())));
        let lines = total.told(&options());
        assert_eq!(lines.last().unwrap(), "and 2 more were not judged");
    }
}
