//! Makes a failing run smaller: what was done to it is left out, piece by piece, as long as the
//! same check still fails (delta debugging, Zeller and Hildebrandt 2002), then what is special
//! about its setup.
//!
//! Whoever calls says what failing means and replays; here it is only decided what to try next,
//! always in the same order, and not more often than allowed.

use crate::run::{Act, Run};
use crate::setup::Setup;

/// How many seeds are tried for each smaller run.
const DICE: u64 = 4;
/// What comes first is tried this early, microseconds.
const SOON: u64 = 1_500_000;

/// A failing run, made smaller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// The smallest one found.
    pub run: Run,
    /// How many runs were tried.
    pub tries: u64,
}

struct Search<'a> {
    best: Run,
    tries: u64,
    most: u64,
    fails: &'a dyn Fn(&Run) -> Option<Run>,
}

/// Makes a run smaller by at most so many tries. `fails` replays a run and returns, if the same
/// check still fails, what was really done in it. `None` if the run itself does not fail.
pub fn shrink(run: &Run, most: u64, fails: &dyn Fn(&Run) -> Option<Run>) -> Option<Shrunk> {
    let mut search = Search {
        best: fails(run)?,
        tries: 1,
        most,
        fails,
    };
    // The fewer dice there are, the less one thing left out changes all that comes later.
    search.simplify();
    search.leave_out();
    search.sooner();
    while search.simplify() | search.leave_out_pairs() {
        search.leave_out();
    }
    Some(Shrunk {
        run: search.best,
        tries: search.tries,
    })
}

impl Run {
    /// How many things are done before every fault ends.
    #[must_use]
    pub fn deeds(&self) -> usize {
        let is_calm = |act: &Act| act.what.calms();
        self.acts
            .iter()
            .position(is_calm)
            .unwrap_or(self.acts.len())
    }

    /// The same without some of them, and without what the healing does by itself.
    fn without(&self, from: usize, to: usize) -> Run {
        let deeds = self.deeds();
        let kept = self.acts[..from].iter().chain(&self.acts[to..deeds]);
        let calm = self.acts.get(deeds);
        Run {
            acts: kept.chain(calm).cloned().collect(),
            ..self.clone()
        }
    }
}

impl Search<'_> {
    /// Whether a run fails too; then it is the best so far. What is left out shifts the dice of
    /// what comes later, so it may take other dice to come to the same end.
    fn try_this(&mut self, run: &Run) -> bool {
        let mut run = run.clone();
        if run.setup.validate().is_err() {
            return false;
        }
        for _ in 0..DICE {
            if self.tries >= self.most {
                return false;
            }
            self.tries += 1;
            if let Some(smaller) = (self.fails)(&run) {
                self.best = smaller;
                return true;
            }
            run.setup.seed = run.setup.seed.wrapping_add(1);
        }
        false
    }

    /// Leaves out halves of what was done, then quarters, at last single things.
    fn leave_out(&mut self) {
        let mut size = self.best.deeds().div_ceil(2).max(1);
        loop {
            let (mut at, mut any) = (0, false);
            while at < self.best.deeds() && self.tries < self.most {
                let to = (at + size).min(self.best.deeds());
                let candidate = self.best.without(at, to);
                if self.try_this(&candidate) {
                    any = true;
                } else {
                    at += size;
                }
            }
            if (size == 1 && !any) || self.tries >= self.most {
                return;
            }
            size = (size / 2).max(1);
        }
    }

    /// Leaves out the time before anything is done.
    fn sooner(&mut self) {
        let mut candidate = self.best.without(0, 0);
        let first = candidate.acts.first().map_or(candidate.until, |act| act.at);
        let earlier = first.saturating_sub(SOON);
        candidate.acts.iter_mut().for_each(|act| act.at -= earlier);
        candidate.until -= earlier;
        if earlier > 0 {
            self.try_this(&candidate);
        }
    }

    /// Leaves out what begins together with what ends it: alone, neither may go.
    fn leave_out_pairs(&mut self) -> bool {
        let (mut at, mut any) = (0, false);
        while at < self.best.deeds() {
            let acts = &self.best.acts[..self.best.deeds()];
            let ends = |act: &Act| act.what.ends(&acts[at].what);
            let end = acts.iter().skip(at + 1).position(ends);
            let candidate = end.map(|end| {
                let mut run = self.best.without(at, at + 1);
                run.acts.remove(at + end);
                run
            });
            if candidate.is_some_and(|candidate| self.try_this(&candidate)) {
                any = true;
            } else {
                at += 1;
            }
        }
        any
    }

    /// Makes the setup an ordinary one, property by property. Whether that was possible at all.
    fn simplify(&mut self) -> bool {
        let mut any = false;
        for change in SIMPLER {
            let mut candidate = self.best.without(0, 0);
            change(&mut candidate.setup);
            any |= candidate.setup != self.best.setup && self.try_this(&candidate);
        }
        any
    }
}

/// What can be simpler about a setup.
const SIMPLER: [fn(&mut Setup); 15] = [
    |setup| setup.network.delay_min = setup.network.delay_max,
    |setup| setup.disk.sync_min = setup.disk.sync_max,
    |setup| setup.network.loss_per_million = 0,
    |setup| setup.network.duplicate_per_million = 0,
    |setup| setup.network.reorder_per_million = 0,
    |setup| setup.network.strangers_per_million = 0,
    |setup| setup.disk.keep_per_million = 0,
    |setup| setup.disk.reorder_per_million = 0,
    |setup| setup.host.busy_per_million = 0,
    |setup| setup.host = Setup::playground(1, 0).host,
    |setup| setup.limits = Setup::playground(1, 0).limits,
    |setup| setup.nodes = setup.nodes.min(3),
    |setup| setup.nodes = setup.nodes.min(5),
    |setup| setup.clients = setup.clients.min(1),
    |setup| setup.clients = setup.clients.min(2),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervention::Intervention;
    fn run(nodes: &[u64]) -> Run {
        let act = |node: &u64| Act {
            at: *node,
            what: Intervention::Crash(*node),
        };
        Run {
            setup: Setup::storm(3),
            acts: nodes.iter().map(act).collect(),
            until: 1_000,
            claim: None,
        }
    }

    fn has(run: &Run, nodes: &[u64]) -> bool {
        let crash = |node: &u64| run.acts.iter().any(|act| act.at == *node);
        nodes.iter().all(crash)
    }

    #[test]
    fn only_what_is_needed_is_left() {
        let all: Vec<u64> = (1..=500).collect();
        for needed in [&[][..], &[7], &[1, 500], &[3, 4, 5, 250, 333]] {
            let fails = |run: &Run| has(run, needed).then(|| run.clone());
            let shrunk = shrink(&run(&all), 3_000, &fails).unwrap();
            assert_eq!(shrunk.run.acts, run(needed).acts);
            assert!(shrunk.tries < 1_000, "{} tries", shrunk.tries);
            assert_eq!(shrunk.run.setup.limits, Setup::playground(1, 0).limits);
        }
    }

    #[test]
    fn what_belongs_together_goes_together() {
        let mut whole = run(&[]);
        for (at, what) in [
            (1, Intervention::StallDisk(1)),
            (2, Intervention::Crash(2)),
            (3, Intervention::ResumeDisk(1)),
            (4, Intervention::StallDisk(1)),
        ] {
            whole.acts.push(Act { at, what });
        }
        // Fails with the crash, and as many stalls as ends of stalls, or one more.
        let fails = |run: &Run| {
            let count = |what: Intervention| run.acts.iter().filter(|a| a.what == what).count();
            let stalls = count(Intervention::StallDisk(1));
            let crashes = count(Intervention::Crash(2)) == 1;
            (crashes && stalls == count(Intervention::ResumeDisk(1)) + 1).then(|| run.clone())
        };
        let shrunk = shrink(&whole, 100, &fails).unwrap();
        assert_eq!(shrunk.run.acts.len(), 2, "{:?}", shrunk.run.acts);
    }

    #[test]
    fn it_ends_when_it_has_tried_enough_and_where_nothing_fails() {
        let all: Vec<u64> = (1..=500).collect();
        let fails = |run: &Run| has(run, &[9, 400]).then(|| run.clone());
        let shrunk = shrink(&run(&all), 40, &fails).unwrap();
        assert_eq!(shrunk.tries, 40);
        assert!(has(&shrunk.run, &[9, 400]) && shrunk.run.acts.len() < 500);
        assert_eq!(shrink(&run(&all), 5, &|_| None), None);
    }
}
