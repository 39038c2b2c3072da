//! Properties over random courses of sights, and for each guard a proof that they would notice.

use super::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config as Cases, RngAlgorithm, TestRng, TestRunner};

/// What happens between two looks.
#[derive(Clone, Debug)]
enum Act {
    /// So many heartbeats.
    Wait(u64),
    /// The leader is frozen for so many heartbeats; meanwhile everybody was the other way: who is
    /// silent spoke, who is steady was away.
    Freeze(u64),
    Silence(u64),
    Wake(u64),
    Lag(u64),
    CatchUp(u64),
    /// Somebody else changes the members, until `Ready`.
    Busy,
    Ready,
}

fn act() -> impl Strategy<Value = Act> {
    let node = 2..=8u64;
    prop_oneof![
        12 => (1..=5u64).prop_map(Act::Wait),
        1 => (10..=80u64).prop_map(Act::Freeze),
        2 => node.clone().prop_map(Act::Silence),
        3 => node.clone().prop_map(Act::Wake),
        1 => node.clone().prop_map(Act::Lag),
        2 => node.prop_map(Act::CatchUp),
        1 => Just(Act::Busy),
        1 => Just(Act::Ready),
    ]
}

/// Voters among S1 to S8; the others are learners or nothing.
fn start() -> impl Strategy<Value = (Policy, Members)> {
    let part = prop::collection::vec(0..4u8, 7);
    (prop::sample::select(vec![3, 5, 7]), part).prop_map(|(target, parts)| {
        let of = |wanted: &[u8]| {
            let all = (2..=8).zip(&parts);
            let some = all.filter(|(_, part)| wanted.contains(part));
            some.map(|(id, _)| id).collect::<Vec<u64>>()
        };
        let voters = [&[1][..], &of(&[0, 1])].concat();
        let policy = Policy {
            stable_after: Span::millis(1_000),
            dead_after: Span::millis(1_500),
            forget_after: Span::millis(20_000),
            pause: Span::millis(500),
            ..Policy::demo(target)
        };
        (policy, members(&voters, &of(&[2])))
    })
}

/// The truth about each node: when it was last there; since when it was steady, with no break
/// longer than `contact`; since when it was silent.
#[derive(Clone, Copy, Default)]
struct Truth {
    there: Option<Time>,
    steady: Option<Time>,
    silent: Option<Time>,
}

impl Truth {
    fn is(&mut self, now: Time, contact: Span, there: bool, lags: bool) {
        if there {
            self.there = Some(now);
        }
        let broke = self.there.is_none_or(|last| now.since(last) > contact);
        self.steady = (!broke && !lags).then(|| self.steady.unwrap_or(now));
        self.silent = (!there).then(|| self.silent.unwrap_or(now));
    }

    fn was_the_other_way(&mut self) {
        (self.steady, self.silent) = (None, None);
    }
}

/// Plays a course and judges each decision by what really was the case. Gives what is wrong.
fn play(
    policy: Policy,
    first: &Members,
    acts: &[Act],
    broken: Option<Guard>,
) -> Result<(), String> {
    let mut scene = Scene::new(policy, first.clone());
    scene.pilot.broken = broken;
    let mut truth: BTreeMap<u64, Truth> = BTreeMap::new();
    // When the members last changed, and whether a change is under way.
    let (mut changed, mut ready_at) = (scene.now, None::<(Time, Decision)>);
    let mut busy = false;
    for act in acts {
        match act {
            Act::Silence(node) => drop(scene.silent.insert(*node)),
            Act::Wake(node) => drop(scene.silent.remove(node)),
            Act::Lag(node) => drop(scene.behind.insert(*node)),
            Act::CatchUp(node) => drop(scene.behind.remove(node)),
            Act::Busy => busy = true,
            Act::Ready => busy = false,
            Act::Freeze(_) => truth.values_mut().for_each(Truth::was_the_other_way),
            Act::Wait(_) => {}
        }
        let steps = match act {
            Act::Wait(beats) => vec![1; usize::try_from(*beats).expect("few")],
            Act::Freeze(beats) => vec![*beats],
            _ => continue,
        };
        for step in steps {
            scene.now = scene.now + Span(step * BEAT.0);
            for node in 2..=8 {
                let (there, lags) = (!scene.silent.contains(&node), scene.behind.contains(&node));
                let one = truth.entry(node).or_default();
                one.is(scene.now, policy.contact, there, lags);
            }
            if ready_at.as_ref().is_some_and(|(at, _)| *at <= scene.now)
                && let Some((_, decision)) = ready_at.take()
            {
                scene.members = decision.target;
                changed = scene.now;
            }
            scene.free = ready_at.is_none() && !busy;
            let free = scene.free;
            let Some(decision) = scene.look() else {
                continue;
            };
            judge(&scene, &policy, &truth, &decision, (free, changed))?;
            ready_at = Some((scene.now + Span(3 * BEAT.0), decision));
        }
    }
    Ok(())
}

fn judge(
    scene: &Scene,
    policy: &Policy,
    truth: &BTreeMap<u64, Truth>,
    decision: &Decision,
    (free, changed): (bool, Time),
) -> Result<(), String> {
    let must = |holds: bool, what: &str| {
        if holds {
            Ok(())
        } else {
            Err(format!("{what}: {decision:?} of {:?}", scene.members))
        }
    };
    let (now, before, after) = (scene.now, &scene.members, &decision.target);
    must(free, "while another change is in flight")?;
    must(
        now.since(changed) >= policy.pause,
        "too soon after a change",
    )?;
    let lately = |node: &NodeId| {
        let heard = scene.heard.get(&node.0);
        *node == NodeId(1) || heard.is_some_and(|heard| now.since(*heard) <= policy.contact)
    };
    for voters in [&before.voters, &after.voters] {
        let live = voters.iter().filter(|node| lately(node)).count();
        must(live > voters.len() / 2, "without a live majority")?;
    }
    must(after.is_voter(NodeId(1)), "the leader loses its vote")?;
    let come = after
        .voters
        .iter()
        .filter(|node| !before.is_voter(**node))
        .count();
    let go = before
        .voters
        .iter()
        .filter(|node| !after.is_voter(**node))
        .count();
    must(come <= 1 && go <= 1, "more than one voter comes or goes")?;
    must(*before != *after, "nothing changes")?;
    let span = |since: Option<Time>| since.map_or(Span(0), |since| now.since(since));
    let of = |node: NodeId| truth.get(&node.0).copied().unwrap_or_default();
    let steady = |node| span(of(node).steady) >= policy.stable_after;
    let dead = |node| span(of(node).silent) >= policy.dead_after;
    match decision.reason {
        Reason::Promote { learner, .. } => must(steady(learner), "not steady")?,
        Reason::Replace {
            dead: voter, spare, ..
        } => {
            must(steady(spare), "the spare is not steady")?;
            must(dead(voter), "the voter is not dead")?;
        }
        Reason::Shrink {
            voter, dead: told, ..
        } => {
            must(told.is_none() || dead(voter), "the voter is not dead")?;
            must(before.voters.len() as u64 > policy.target, "not too many")?;
        }
        Reason::Forget { learner, .. } => {
            let long = span(of(learner).silent) >= policy.forget_after;
            must(long, "the learner is not lost")?;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_course_leads_to_a_decision_that_could_cost_the_quorum_or_flaps(
        (policy, first) in start(), acts in prop::collection::vec(act(), 1..400)
    ) {
        prop_assert_eq!(play(policy, &first, &acts, None), Ok(()));
    }

    /// When nothing happens any more the wanted size is reached if there are enough nodes, and
    /// then nothing more is decided.
    #[test]
    fn in_peace_the_wanted_size_is_reached_and_kept(
        (policy, first) in start(), silent in prop::collection::btree_set(2..=8u64, 0..3)
    ) {
        let mut scene = Scene::new(policy, first.clone());
        let down = |node: &NodeId| silent.contains(&node.0);
        let voters_up = first.voters.iter().filter(|node| !down(node)).count();
        prop_assume!(voters_up > first.voters.len() / 2);
        scene.silent.clone_from(&silent);
        let mut decisions = 0;
        while let Some((_, decision)) = scene.run(Span::millis(5_000)) {
            scene.carry_out(&decision);
            decisions += 1;
            prop_assert!(decisions < 20, "it does not come to rest");
        }
        let up = scene.members.all().into_iter().filter(|node| !down(node)).count();
        let dead = scene.members.voters.iter().filter(|node| down(node)).count();
        let (voters, wanted) = (scene.members.voters.len(), policy.target as usize);
        prop_assert!(voters <= wanted || dead > 0, "{:?}", scene.members);
        if up >= wanted {
            prop_assert_eq!((voters, dead), (wanted, 0), "{:?}", scene.members);
        }
    }

    #[test]
    fn the_same_sights_lead_to_the_same_decisions(
        (policy, first) in start(), acts in prop::collection::vec(act(), 1..100)
    ) {
        let (mut left, mut right) = (Scene::new(policy, first.clone()), Scene::new(policy, first));
        for act in acts {
            for scene in [&mut left, &mut right] {
                match act {
                    Act::Silence(node) => drop(scene.silent.insert(node)),
                    Act::Wake(node) => drop(scene.silent.remove(&node)),
                    _ => scene.now = scene.now + BEAT,
                }
            }
            prop_assert_eq!(left.look(), right.look());
            prop_assert_eq!(&left.pilot, &right.pilot);
        }
    }
}

/// Each guard is needed: without it the first property fails, at the check that is meant.
#[test]
fn without_a_guard_the_property_fails() {
    for (guard, told) in [
        (Guard::Free, "while another change is in flight"),
        (Guard::Pause, "too soon after a change"),
        (Guard::Margin, "without a live majority"),
        (Guard::Steady, "not steady"),
        (Guard::Dead, "is not dead"),
        (Guard::Looked, "is not dead"),
    ] {
        let mut found = Vec::new();
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
        let mut runner = TestRunner::new_with_rng(Cases::default(), rng);
        let course = (start(), prop::collection::vec(act(), 300..400));
        for _ in 0..600 {
            let ((policy, first), acts) = course.new_tree(&mut runner).expect("drawn").current();
            found.extend(play(policy, &first, &acts, Some(guard)).err());
            if found.iter().any(|why| why.contains(told)) {
                break;
            }
        }
        let caught = found.iter().any(|why| why.contains(told));
        assert!(caught, "nobody misses {guard:?}: {:?}", found.first());
    }
}
