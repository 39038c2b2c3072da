//! One node with its disk, driven by hand: every input is one step, every step ends drained.
//!
//! The core is the real one. The host around it is as small as the contract of `core::io` allows:
//! entries are applied at once, a write waits until the search completes it, and a crash keeps
//! any number of the oldest waiting writes, since what was not reported may yet have reached the
//! disk. A node that is down equals one that has started again and hears nothing, so crash and
//! start are one step.
//!
//! Time stands still. All moments inside a core are then the same moment, and leaving times out
//! of a fingerprint loses nothing. What follows from it, and what is done about it, is told in
//! `explore`. Two steps move a clock: [`Input::Silence`] lets an election timeout pass at a leader
//! that hears nobody, [`Input::Wait`] a moment that only a transfer notices. Afterwards every
//! moment that matters is the new one, except when waiting writes were issued, and whether that
//! was before is part of the state.

use super::fingerprint::{Blind, Fingerprint, NOBODY};
use super::scope::Clocks;
use super::shots::Shots;
use super::step::Input;
use raftwerk_core::{
    Condition, Config, Durable, Index, Members, NodeId, Raft, Suspicion, Ticket, Time, View, Write,
};
use std::collections::VecDeque;

/// What every clock shows at first.
const START: Time = Time(1_000_000_000);

/// What was found to be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Name of the rule that does not hold.
    pub check: &'static str,
    /// What was seen.
    pub detail: String,
}

impl Finding {
    pub(crate) fn new(check: &'static str, detail: impl Into<String>) -> Finding {
        Finding {
            check,
            detail: detail.into(),
        }
    }
}

/// A host or a network that breaks the contract: proves that the search can find something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Reports a write as durable when it is handed over; a crash loses it (trap D1).
    ReportsEarly,
    /// Comes back from a crash with its term and without its vote (trap E1).
    ForgetsVote,
    /// Comes back from a crash under its own name with an empty disk, which no host may let happen
    /// (trap D9); what such a node is kept from is trap M10.
    LosesDisk,
    /// A crash may keep a write and lose the one before it (trap R19).
    KeepsLaterWrites,
    /// Starts every life with the same seed (trap L3).
    SameSeed,
    /// The network hands a granted vote over as that of another voter (trap E3).
    ForgesVotes,
}

/// How nodes are set up and hosted.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// Configuration of every node, but for its id and seed.
    pub config: Config,
    /// Who belongs to the cluster at first.
    pub members: Members,
    /// Other members that may be asked for.
    pub targets: Vec<Members>,
    /// Writes wait until the search completes them; otherwise they are done at once.
    pub slow_disk: bool,
    /// Whether what leaves a node is compared with its disk.
    pub promises: bool,
    /// Clocks that go on, each by itself.
    pub clocks: Option<Clocks>,
    /// Whether steps are kept with what the node says of them.
    pub listen: bool,
    /// What is wrong with the host.
    pub broken: Option<Broken>,
    /// What a fingerprint leaves out.
    pub blind: Blind,
}

/// A node and its disk.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub raft: Raft,
    pub disk: Durable,
    /// Handed over, not on disk; each with what the clock showed.
    pub writes: VecDeque<(Write, Time)>,
    /// Counts its starts.
    pub life: u8,
    /// What its clock shows.
    pub now: Time,
    /// How often it went on by a step.
    pub ticks: u8,
    /// What its state machine has applied.
    pub applied: Index,
    /// Snapshots on its disk and under way.
    pub shots: Shots,
    /// Requests of this life that have not ended.
    pub open: Vec<Ticket>,
    /// The disk failed: the node is to be silent for the rest of this life (trap D2).
    pub failed: bool,
}

impl Host {
    /// A node's first start.
    pub fn first(id: NodeId, setting: &Setting) -> Result<Host, Finding> {
        let disk = match setting.members.contains(id) {
            true => Durable::bootstrap(&setting.members),
            false => Durable::default(),
        };
        let host = Host {
            raft: boot(id, setting, 0, disk.clone(), START)?,
            disk,
            writes: VecDeque::new(),
            life: 0,
            now: START,
            ticks: 0,
            applied: Index(0),
            shots: Shots::default(),
            open: Vec::new(),
            failed: false,
        };
        let ran = host.run(Input::Link(NOBODY, true), setting, false);
        ran.finding.map_or(Ok(ran.host), Err)
    }

    /// Everything that decides how this node goes on.
    pub fn fingerprint(&self, setting: &Setting) -> u128 {
        let mut sum = Fingerprint::new();
        sum.add_core(&self.raft, setting.blind);
        sum.add(&(&self.disk, self.life, self.applied, self.failed));
        sum.add(&self.open);
        if self.shots != Shots::default() {
            sum.add(&self.shots);
        }
        for (write, issued) in &self.writes {
            sum.add(&(write, *issued < self.now));
        }
        // Elsewhere no time decides anything; where clocks go on, what these rest on does.
        if setting.clocks.is_some() {
            let view = self.raft.view();
            let times = [Some(self.now), view.lease(), view.quiet()];
            sum.add(&times.map(|time| time.map_or(0, |time| time.0)));
            sum.add(&view.contacts());
            view.sent().iter().for_each(|time| sum.add(&time.0));
            if setting.config.switches.stickiness {
                heard(&view).iter().for_each(|time| sum.add(time));
            }
        }
        sum.get()
    }
}

impl Host {
    /// What a host does by itself: report what is applied and, with a fast disk, what is written.
    pub fn serve(&mut self, setting: &Setting) -> bool {
        let now = self.now;
        let (applied, writing) = (self.raft.view().applied(), self.raft.view().writing());
        if self.applied > applied {
            self.raft.applied(now, self.applied);
        } else if self.serve_snapshots() {
            return true;
        } else if setting.broken == Some(Broken::ReportsEarly) && writing > 0 {
            let last = self
                .writes
                .back()
                .expect("what is reported was handed over");
            self.raft.persisted(now, last.0.seq);
        } else if !setting.slow_disk && !self.writes.is_empty() {
            let seq = self.writes[0].0.seq;
            self.perform(1);
            self.raft.persisted(now, seq);
        } else {
            return false;
        }
        true
    }

    /// Brings the oldest waiting writes to the disk.
    pub fn perform(&mut self, count: usize) {
        for _ in 0..count {
            if let Some((write, _)) = self.writes.pop_front() {
                self.write(write);
            }
        }
    }

    /// What a disk does with a write. An entry that leaves a hole, which only a broken host can
    /// ask for, is lost.
    fn write(&mut self, write: Write) {
        if let Some(hard_state) = write.hard_state {
            self.disk.hard_state = hard_state;
        }
        if let Some(meta) = write.install {
            self.install(*meta);
        }
        let disk = &mut self.disk;
        if let Some(cut) = write.cut_from {
            disk.entries.retain(|entry| entry.id.index < cut);
        }
        let covered = disk
            .snapshot
            .as_ref()
            .map_or(Index(0), |meta| meta.last.index);
        for entry in write.append.iter() {
            let last = disk.entries.last().map_or(covered, |last| last.id.index);
            if entry.id.index == last.next() {
                disk.entries.push(entry.clone());
            }
        }
        if let Some(to) = write.trim_to {
            disk.entries.retain(|entry| entry.id.index > to);
        }
    }

    /// The log on disk can be read up to a position and no further: the host cuts it there and
    /// notes what may have been promised, in one step, which rot of more widens.
    pub fn rot(&mut self, kept: usize) {
        let disk = &mut self.disk;
        let end = disk.entries.last().map_or(Index(0), |last| last.id.index);
        disk.entries.truncate(kept);
        let lost = Suspicion {
            from: Index(kept as u64 + 1),
            to: Some(end),
            since: disk.hard_state.term,
        };
        disk.condition = Condition::Suspect(match disk.condition {
            Condition::Suspect(before) => Suspicion {
                from: lost.from.min(before.from),
                to: lost.to.max(before.to),
                since: lost.since,
            },
            Condition::Clean | Condition::TornTail { .. } => lost,
        });
    }

    pub fn reboot(&mut self, kept: usize, setting: &Setting) -> Result<(), Finding> {
        let lost = self.writes.len() - kept;
        if setting.broken == Some(Broken::KeepsLaterWrites) && kept > 0 && lost > 0 {
            self.writes.pop_front();
        }
        self.perform(kept);
        self.writes.clear();
        if setting.broken == Some(Broken::ForgetsVote) {
            self.disk.hard_state.vote = None;
        }
        if setting.broken == Some(Broken::LosesDisk) {
            (self.disk, self.shots) = (Durable::default(), Shots::default());
        }
        self.life += 1;
        // The state machine is loaded from the snapshot in force.
        self.applied = Index(self.shots.past.len() as u64);
        self.shots.staged.clear();
        self.open.clear();
        self.failed = false;
        let id = self.raft.view().id();
        self.raft = boot(id, setting, self.life, self.disk.clone(), self.now)?;
        Ok(())
    }
}

/// What decides whether a leader is kept: when it was heard, or, of the leader itself, its peers.
fn heard(view: &View<'_>) -> Vec<u64> {
    let majority = view.check_quorum().map(|deadline| deadline.set);
    let peers = view.peers().into_iter().map(|peer| peer.heard);
    let all = [view.leader_heard(), majority].into_iter().chain(peers);
    all.map(|time| time.map_or(0, |time| time.0)).collect()
}

fn boot(
    id: NodeId,
    setting: &Setting,
    life: u8,
    disk: Durable,
    now: Time,
) -> Result<Raft, Finding> {
    let life = match setting.broken {
        Some(Broken::SameSeed) => 0,
        _ => u64::from(life),
    };
    // Nodes of the same life share a seed, or they would not be each other's twins. It decides
    // nothing here but the number of a node's first read request, which no other node looks at.
    let seed = setting.config.seed + life;
    let config = Config {
        id,
        seed,
        ..setting.config.clone()
    };
    let booted = Raft::boot(config, disk, now);
    booted.map_err(|why| Finding::new("Boots", format!("{id} cannot start: {why}")))
}
