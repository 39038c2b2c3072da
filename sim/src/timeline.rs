//! The whole run at a glance: who was what when, and the moments worth a mark.
//!
//! Bounded: at most [`MAX_SPANS`] spans per node and [`MAX_MARKS`] marks; beyond that the
//! shortest spans join their neighbours and every second commit mark goes.

use crate::intervention::Intervention;
use crate::world::World;
use raftwerk_core::trace::Role;
use raftwerk_wire::view::NodeCondition;
use serde::{Deserialize, Serialize};

/// Most spans of one lane.
pub const MAX_SPANS: usize = 512;
/// Most marks.
pub const MAX_MARKS: usize = 1_024;

/// The run at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// Time of the last recorded event, microseconds.
    pub end_time: u64,
    /// One per node, in order of id.
    pub lanes: Vec<Lane>,
    /// In order of time.
    pub marks: Vec<Mark>,
}

/// One node over time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// Which node.
    pub node: u64,
    /// Without gaps, in order of time.
    pub spans: Vec<Span>,
}

/// A stretch of time in which a node stayed what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Start, microseconds.
    pub from: u64,
    /// End, microseconds.
    pub to: u64,
    /// Its term.
    pub term: u64,
    /// Its role; of a crashed node the one it had last.
    pub role: Role,
    /// Its process.
    pub condition: NodeCondition,
}

/// A moment worth a mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When, microseconds.
    pub time: u64,
    /// Event number.
    pub position: u64,
    /// What kind.
    pub kind: MarkKind,
    /// What, in a few words.
    pub text: String,
    /// What somebody or something did to the run, of a fault.
    #[serde(default)]
    pub what: Option<Intervention>,
}

/// Kinds of marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// Something was committed.
    Commit,
    /// A fault began or ended.
    Fault,
    /// A check failed.
    Violation,
    /// A node became leader.
    Leader,
}

/// Writes the timeline while the run is played for the first time.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    timeline: Timeline,
    committed: u64,
    elections: u64,
    violated: bool,
    /// Only every so many commits get a mark; doubled when there are too many.
    commit_step: u64,
}

impl Recorder {
    /// Begins with the world as it is.
    pub fn new(world: &World) -> Recorder {
        let lane = |node| Lane {
            node,
            spans: Vec::new(),
        };
        let timeline = Timeline {
            end_time: world.now(),
            lanes: (1..=world.setup().nodes).map(lane).collect(),
            marks: Vec::new(),
        };
        let (committed, elections) = (world.committed(), world.counts().elections);
        let mut recorder = Recorder {
            timeline,
            committed,
            elections,
            violated: false,
            commit_step: 1,
        };
        recorder.lanes(world);
        recorder
    }

    /// The same up to a world on the way, for a branch that leaves there.
    pub fn until(&self, world: &World) -> Recorder {
        let (time, position) = (world.now(), world.events());
        let mut copy = self.clone();
        copy.timeline.end_time = time;
        copy.timeline.marks.retain(|mark| mark.position <= position);
        for lane in &mut copy.timeline.lanes {
            lane.spans.retain(|span| span.from <= time);
            if let Some(last) = lane.spans.last_mut() {
                last.to = last.to.min(time);
            }
        }
        (copy.committed, copy.elections) = (world.committed(), world.counts().elections);
        copy.violated = world.violation().is_some();
        copy
    }

    /// The last faults up to an event, newest first.
    pub fn faults_until(&self, position: u64, count: usize) -> Vec<Mark> {
        let marks = self.timeline.marks.iter().rev();
        let faults = marks.filter(|m| m.kind == MarkKind::Fault && m.position <= position);
        faults.take(count).cloned().collect()
    }

    /// Something was done to the world.
    pub fn intervention(&mut self, world: &World, what: &Intervention) {
        if !matches!(what, Intervention::Ask { .. }) {
            self.mark(world, MarkKind::Fault, what.to_string());
            let mark = self.timeline.marks.last_mut();
            mark.into_iter()
                .for_each(|mark| mark.what = Some(what.clone()));
        }
    }

    /// An event has happened.
    pub fn after(&mut self, world: &World) {
        self.timeline.end_time = world.now();
        self.lanes(world);
        let (committed, elections) = (world.committed(), world.counts().elections);
        if elections > self.elections {
            let leader = world.newest_leader().unwrap_or_default();
            self.mark(world, MarkKind::Leader, format!("S{leader} leads"));
            self.elections = elections;
        }
        if committed > self.committed {
            if committed.is_multiple_of(self.commit_step) {
                self.mark(
                    world,
                    MarkKind::Commit,
                    format!("index {committed} is committed"),
                );
            }
            self.committed = committed;
        }
        if let Some(violation) = world.violation()
            && !self.violated
        {
            self.violated = true;
            self.mark(world, MarkKind::Violation, violation.check.to_string());
        }
    }

    fn lanes(&mut self, world: &World) {
        let now = world.now();
        for lane in &mut self.timeline.lanes {
            let Some((role, term, condition)) = world.glance(lane.node) else {
                continue;
            };
            if let Some(last) = lane.spans.last_mut() {
                last.to = now;
                if (last.role, last.term, last.condition) == (role, term, condition) {
                    continue;
                }
            }
            lane.spans.push(Span {
                from: now,
                to: now,
                term,
                role,
                condition,
            });
            if lane.spans.len() > MAX_SPANS {
                join_shortest(&mut lane.spans);
            }
        }
    }

    fn mark(&mut self, world: &World, kind: MarkKind, text: String) {
        let (time, position) = (world.now(), world.events());
        let marks = &mut self.timeline.marks;
        marks.push(Mark {
            time,
            position,
            kind,
            text,
            what: None,
        });
        if marks.len() <= MAX_MARKS {
            return;
        }
        // Every second commit goes; when that is not enough, every second mark of any kind
        // except violations.
        self.commit_step *= 2;
        for all in [false, true] {
            let mut count = 0_u32;
            let marks = &mut self.timeline.marks;
            marks.retain(|mark| {
                let thin =
                    mark.kind != MarkKind::Violation && (all || mark.kind == MarkKind::Commit);
                count += u32::from(thin);
                !thin || count.is_multiple_of(2)
            });
            if marks.len() <= MAX_MARKS * 3 / 4 {
                break;
            }
        }
    }

    /// The timeline as it is now.
    pub fn picture(&self) -> Timeline {
        let mut timeline = self.timeline.clone();
        for lane in &mut timeline.lanes {
            if let Some(last) = lane.spans.last_mut() {
                last.to = timeline.end_time;
            }
        }
        timeline
    }

    /// Bytes held, about.
    pub fn memory(&self) -> u64 {
        let spans: usize = self
            .timeline
            .lanes
            .iter()
            .map(|lane| lane.spans.len())
            .sum();
        (spans * size_of::<Span>() + self.timeline.marks.len() * (size_of::<Mark>() + 24)) as u64
    }
}

/// Gives the shortest span to the one before it; the last one still grows and is left alone.
fn join_shortest(spans: &mut Vec<Span>) {
    let inner = 1..spans.len().saturating_sub(1);
    let Some(shortest) = inner.min_by_key(|at| spans[*at].to - spans[*at].from) else {
        return;
    };
    let gone = spans.remove(shortest);
    spans[shortest - 1].to = gone.to;
}
