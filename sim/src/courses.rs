//! Courses: ways to look for trouble, each a world drawn from a seed and how its run goes.
//!
//! The storm is one of them. The others ask what a storm asks too seldom, or not at all. None may
//! find anything while every rule of the core is kept.

mod ages;
mod calm;
mod hard;
mod late;
mod told;

use crate::rng::{Purpose, Stream};
use crate::setup::{Churn, Clocks, FaultPlan, Setup, Workload};
use crate::storm::{Effort, Judges, Onlooker, Report, Watch, rage, report, settle};
use crate::world::World;

/// A way to look for trouble.
#[derive(Debug)]
pub struct Course {
    /// Its name.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
    /// The world of a seed.
    pub setup: fn(u64) -> Setup,
    /// Plays the world for about so many events, or until a check fails.
    pub play: fn(&mut World, u64),
}

/// All of them.
pub static COURSES: [Course; 18] = [
    Course {
        name: "storm",
        about: "A random world with random faults, then healing and proof of life.",
        setup: Setup::storm,
        play: |world, steps| {
            rage(world, steps, &mut ());
            settle(world, &mut ());
        },
    },
    Course {
        name: "reads",
        about: "Clients read and write without rest while leaders freeze, are cut off with some \
                of the others, and are asked for other members.",
        setup: reads,
        play: |world, steps| {
            rage(world, steps, &mut ());
            settle(world, &mut ());
        },
    },
    Course {
        name: "leases",
        about: "The same with leaders that read from their leases, and nodes that start again.",
        setup: leases,
        play: |world, steps| {
            rage(world, steps, &mut ());
            settle(world, &mut ());
        },
    },
    Course {
        name: "return",
        about: "In a calm world a follower is cut off for a while and comes back: the leader stays.",
        setup: calm::setup,
        play: calm::comes_back,
    },
    Course {
        name: "deaf",
        about: "In an idle world a follower does not hear the leader any more: the leader stays.",
        setup: calm::idle,
        play: calm::is_deaf,
    },
    Course {
        name: "aside",
        about: "In a calm world the leader is cut off with less than half of the nodes: soon it \
                leads no more, and another does.",
        setup: calm::setup,
        play: calm::is_aside,
    },
    Course {
        name: "told",
        about: "In a calm world the word that an entry is committed overtakes the entry: it is \
                applied when it comes.",
        setup: told::setup,
        play: told::play,
    },
    Course {
        name: "late-answer",
        about: "In a calm world an answer comes after its sender's log has rotted and the leader \
                has heard of it: nothing hangs on it.",
        setup: late::setup,
        play: late::answer,
    },
    Course {
        name: "late-word",
        about: "In a calm world the word to campaign comes after its transfer was given up: the \
                leader stays.",
        setup: late::setup,
        play: late::word,
    },
    Course {
        name: "hole",
        about: "In a calm world an append with a hole arrives: it is not taken, and the entries \
                come all the same.",
        setup: late::setup,
        play: late::hole,
    },
    Course {
        name: "handed-over",
        about: "In a calm world leadership is handed over: the node that is named leads at once.",
        setup: late::setup,
        play: hard::handed_over,
    },
    Course {
        name: "lied",
        about: "In a calm world a disk has lied about a sync, and what its node had acknowledged \
                is gone: the leader counts that node no more.",
        setup: hard::three,
        play: hard::lied,
    },
    Course {
        name: "half",
        about: "In a calm world a leader in a joint membership hears the new half alone, and the \
                old half has another leader: it does not take its state for a young one.",
        setup: ages::setup,
        play: ages::half,
    },
    Course {
        name: "absurd-term",
        about: "In a calm world an answer names a term that nobody can be in: the leader stays.",
        setup: late::setup,
        play: late::term,
    },
    Course {
        name: "last-copy",
        about: "In a calm world the entry that removes a node is on that node alone, and the \
                leader stops: another is found.",
        setup: hard::four,
        play: hard::last_copy,
    },
    Course {
        name: "unheard",
        about: "In a calm world the leader is cut off, and all clients write through it.",
        setup: hard::many_clients,
        play: hard::unheard,
    },
    Course {
        name: "forgotten",
        about: "In a calm world a follower loses in a crash what it had received, and nothing new \
                is written: it gets it again.",
        setup: late::setup,
        play: hard::forgotten,
    },
    Course {
        name: "overtaken",
        about: "In a calm world each snapshot for a node that was away comes when the next one is \
                taken already: the first that comes is enough.",
        setup: hard::often,
        play: hard::overtaken_snapshots,
    },
];

fn reads(seed: u64) -> Setup {
    let mut draw = Stream::new(seed, Purpose::Course, 1);
    let mut setup = Setup::storm(seed);
    let nodes = [3, 5, 7][draw.below(3) as usize];
    (setup.nodes, setup.learners, setup.autopilot) = (nodes, 0, None);
    (setup.newcomers, setup.clients) = (0, 6);
    setup.timing = Setup::playground(nodes, seed).timing;
    setup.workload = Workload {
        pause_min: 500,
        pause_max: draw.between(2_000, 30_000),
        keys: 2,
        put: 3,
        delete: 0,
        compare: 0,
        read_leader: 6,
        read_follower: draw.below(4) as u32,
        read_stale: 0,
        read_quorum: draw.below(4) as u32,
        read_lease: 0,
    };
    setup.faults = FaultPlan {
        pause_min: 10_000,
        pause_max: draw.between(30_000, 400_000),
        lasts_min: 100_000,
        lasts_max: draw.between(300_000, 1_500_000),
        most_down: nodes / 2,
        aim_per_million: 800_000,
        freeze: draw.below(8) as u32,
        isolate: draw.below(8) as u32,
        partition: 1 + draw.below(8) as u32,
        ..FaultPlan::default()
    };
    setup.faults.churn = Churn {
        pause_min: 10_000,
        pause_max: draw.between(20_000, 300_000),
        transfer: draw.below(2) as u32,
        one: 0,
        many: draw.below(3) as u32,
    };
    setup
}

fn leases(seed: u64) -> Setup {
    let mut draw = Stream::new(seed, Purpose::Course, 4);
    let mut setup = reads(seed);
    setup.switches.lease_reads = true;
    (setup.workload.read_leader, setup.workload.read_lease) = (0, 8);
    setup.faults.crash = 1 + draw.below(8) as u32;
    setup.faults.time_out = draw.below(8) as u32;
    setup.faults.churn.transfer = 1 + draw.below(4) as u32;
    setup.faults.churn.many = draw.below(3) as u32;
    if draw.below(2) == 0 {
        drift(&mut setup, &mut draw);
    }
    setup
}

/// Clocks run as far apart as the leases are told, and no farther. A lease that lasted too long
/// would do harm only where an election and a write are over sooner.
fn drift(setup: &mut Setup, draw: &mut Stream) {
    let bound = [200_000, 400_000][draw.below(2) as usize];
    setup.timing.drift_ppm = bound.into();
    setup.faults.clocks = Clocks {
        pause_min: 1_000_000,
        pause_max: 5_000_000,
        drift_ppm: bound,
        jump_max: 0,
    };
    (setup.network.delay_min, setup.network.delay_max) = (200, draw.between(500, 4_000));
    (setup.disk.sync_min, setup.disk.sync_max) = (100, draw.between(200, 2_000));
    // One key, asked for without rest: a value that is too old is soon seen.
    (setup.workload.keys, setup.workload.put) = (1, 4);
    setup.workload.pause_max = draw.between(1_000, 4_000);
    setup.faults.isolate += 4;
}

impl Course {
    /// Plays a seed while the judges of a storm look on.
    #[must_use]
    pub fn judged(&self, seed: u64, steps: u64, effort: &Effort) -> Report {
        let setup = (self.setup)(seed);
        let mut world = if effort.refine {
            World::traced(&setup)
        } else {
            World::new(&setup)
        };
        self.judged_in(&mut world, steps, effort)
    }

    /// The same in a world that has just begun. It must be traced if the trace is to be judged.
    /// Where a course heals its world by itself, what happened before is not told apart.
    pub fn judged_in(&self, world: &mut World, steps: u64, effort: &Effort) -> Report {
        let mut judges = Judges::new(world, effort);
        judges.look(world);
        world.onlooker = Some(Box::new(judges));
        (self.play)(world, steps);
        let onlooker = world.onlooker.take().map(Onlooker::into_judges);
        let judges = onlooker.expect("who looks on stays until the end");
        report(world, world.counts(), &judges)
    }

    /// The course of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Course> {
        COURSES.iter().find(|course| course.name == name)
    }
}
