//! Whether a setup makes sense. It may come from a link that anybody can write: what passes here
//! can be played, so every number has a limit.

use super::{MAX_CLIENTS, MAX_NODES, MILLION, Setup};

/// Most syncs a disk can lie about.
const MAX_LIES: u32 = 64;
/// Most entries that are applied at once.
const MAX_BATCH: u64 = 1_000_000;
/// Most bytes of a chunk of a snapshot.
const MAX_CHUNK: u64 = 16 << 20;
/// Longest time anything in a setup may take: one hour.
const MAX_TIME: u64 = 3_600_000_000;

/// What is wrong, one sentence each.
struct Wrong(Vec<String>);

impl Wrong {
    fn need(&mut self, holds: bool, why: &str) {
        if !holds {
            self.0.push(why.to_string());
        }
    }
}

impl Setup {
    /// Says everything that is wrong, one sentence each.
    ///
    /// # Errors
    /// The list of reasons when there is at least one.
    pub fn validate(&self) -> Result<(), Vec<String>> {
        let mut wrong = Wrong(self.config(1, 0).validate().err().unwrap_or_default());
        self.check_nodes(&mut wrong);
        for (name, min, max) in self.hosts_times().into_iter().chain(self.faults_times()) {
            wrong.need(
                min <= max,
                &format!("{name}: the shortest time is above the longest"),
            );
            wrong.need(max <= MAX_TIME, &format!("{name}: at most one hour"));
        }
        self.check_rates(&mut wrong);
        self.check_limits(&mut wrong);
        if wrong.0.is_empty() {
            Ok(())
        } else {
            Err(wrong.0)
        }
    }

    fn check_nodes(&self, wrong: &mut Wrong) {
        let faults = &self.faults;
        wrong.need(
            (1..=MAX_NODES).contains(&self.nodes),
            "nodes must be from 1 to 9",
        );
        wrong.need(
            self.learners.saturating_add(self.newcomers) < self.nodes,
            "at least one node must vote",
        );
        wrong.need(
            faults.gone <= self.nodes,
            "who dies for good must be a node",
        );
        wrong.need(
            faults.wiped <= self.nodes,
            "whose disk is wiped must be a node",
        );
        wrong.need(self.clients <= MAX_CLIENTS, "clients must be at most 16");
    }

    /// Shortest and longest time of what nodes, network and clients do.
    fn hosts_times(&self) -> [(&'static str, u64, u64); 9] {
        let (network, disk, host) = (&self.network, &self.disk, &self.host);
        let (snapshots, patience) = (&self.snapshots, &self.patience);
        let workload = &self.workload;
        [
            ("network delay", network.delay_min, network.delay_max),
            ("extra delay", 0, network.reorder_extra),
            ("disk sync", disk.sync_min, disk.sync_max),
            ("applying", host.apply_min, host.apply_max),
            ("busy host", 0, host.busy_max),
            ("taking a snapshot", snapshots.take_min, snapshots.take_max),
            ("sending a chunk again", 1, snapshots.resend),
            ("client pause", workload.pause_min, workload.pause_max),
            ("client patience", patience.attempt, patience.operation),
        ]
    }

    /// Shortest and longest time of faults and between them.
    fn faults_times(&self) -> [(&'static str, u64, u64); 14] {
        let faults = &self.faults;
        let (churn, clocks, rots, bursts) =
            (&faults.churn, &faults.clocks, &faults.rots, &faults.bursts);
        [
            ("fault pause", faults.pause_min, faults.pause_max),
            ("fault length", faults.lasts_min, faults.lasts_max),
            (
                "pause between stalls",
                faults.stall_pause_min,
                faults.stall_pause_max,
            ),
            ("stall", faults.stall_min, faults.stall_max),
            ("pause between wishes", churn.pause_min, churn.pause_max),
            (
                "pause between changes of a clock",
                clocks.pause_min,
                clocks.pause_max,
            ),
            ("jump of a clock", 0, clocks.jump_max),
            ("pause between damages", rots.pause_min, rots.pause_max),
            (
                "pause between storms of one kind",
                bursts.pause_min,
                bursts.pause_max,
            ),
            ("gap in a storm of one kind", 0, bursts.gap_max),
            (
                "pause between clogged links",
                faults.clogs.pause_min,
                faults.clogs.pause_max,
            ),
            (
                "time a link is clogged",
                faults.clogs.lasts_min,
                faults.clogs.lasts_max,
            ),
            (
                "pause between full disks",
                faults.fill_pause_min,
                faults.fill_pause_max,
            ),
            (
                "pause between failures",
                faults.fail_pause_min,
                faults.fail_pause_max,
            ),
        ]
    }

    fn check_rates(&self, wrong: &mut Wrong) {
        let (network, disk) = (&self.network, &self.disk);
        for (name, rate) in [
            ("loss", network.loss_per_million),
            ("duplication", network.duplicate_per_million),
            ("reordering", network.reorder_per_million),
            ("strangers", network.strangers_per_million),
            ("writes kept in a crash", disk.keep_per_million),
            ("torn writes", disk.tear_per_million),
            ("writes out of order", disk.reorder_per_million),
            ("busy host", self.host.busy_per_million),
        ] {
            wrong.need(
                rate <= MILLION,
                &format!("{name}: at most 1,000,000 per million"),
            );
        }
        wrong.need(
            self.faults.clocks.drift_ppm < MILLION,
            "clocks cannot stand still or run backwards",
        );
    }

    fn check_limits(&self, wrong: &mut Wrong) {
        wrong.need(
            (1..=MAX_BATCH).contains(&self.host.apply_entries),
            "a batch to apply needs room for an entry, and for a million at most",
        );
        wrong.need(
            (1..=MAX_CHUNK).contains(&self.snapshots.chunk_bytes),
            "a chunk of a snapshot needs a byte, and 16 MiB at most",
        );
        wrong.need(
            self.disk.lies <= MAX_LIES,
            "disks can lie about 64 syncs at most",
        );
        wrong.need(
            self.patience.attempt > 0,
            "clients must wait longer than zero",
        );
        wrong.need(
            (1..=MAX_TIME).contains(&self.patience.backoff),
            "clients must pause longer than zero after a refusal, and one hour at most",
        );
        wrong.need(
            !self.workload.is_on() || self.workload.keys > 0,
            "the workload needs a key",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_storm_and_every_playground_is_valid() {
        for seed in 0..500 {
            assert_eq!(Setup::storm(seed).validate(), Ok(()), "seed {seed}");
        }
        for nodes in 0..12 {
            let plain = Setup::playground(nodes, 1);
            assert_eq!(plain.validate(), Ok(()));
            for wanted in [3, 5, 7] {
                let piloted = plain.clone().with_autopilot(Some(wanted));
                assert_eq!(piloted.validate(), Ok(()), "{nodes} nodes, {wanted} wanted");
            }
        }
    }

    #[test]
    fn a_bad_setup_is_told_what_is_wrong() {
        let mut setup = Setup::playground(5, 1);
        setup.nodes = 10;
        setup.network.delay_min = 30_000;
        let wrong = setup.validate().unwrap_err();
        assert_eq!(wrong.len(), 2, "{wrong:?}");
    }
}
