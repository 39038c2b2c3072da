//! L14: the age that a stale read tells is no less than the true one.

use crate::kit::*;
use raftwerk_core::*;

fn age(c: &Cluster, id: u64) -> Option<Span> {
    c.node(id).raft.staleness(c.now)
}

/// S1 leads and everybody has followed it for a while.
fn at_work() -> Cluster {
    let mut c = Cluster::with(3, |config| config.switches.check_quorum = false);
    c.now = Time(1_000_000);
    c.elect(1);
    c.run(Span::millis(500));
    c
}

fn two_heartbeats() -> Span {
    Span(2 * config(1).timing.heartbeat.0 + 10_000)
}

#[test]
fn l14_an_age_is_known_once_a_leader_was_proven_and_is_about_a_heartbeat() {
    let mut c = Cluster::new(3);
    c.now = Time(1_000_000);
    assert_eq!(age(&c, 1), None, "nobody leads");
    c.win(1);
    assert_eq!(age(&c, 1), None, "its opening entry is not applied");
    c.run(Span::millis(500));
    for id in 1..=3 {
        let told = age(&c, id).expect("known");
        assert!(told <= two_heartbeats(), "S{id}: {told:?}");
    }
    c.restart(2);
    assert_eq!(age(&c, 2), None, "the state machine begins anew");
    c.run(Span::millis(500));
    assert!(age(&c, 2).is_some());
}

/// What was committed before it led a leader learns with its own opening entry: its state is old
/// until that is applied, though everybody follows it.
#[test]
fn l14_a_new_leader_is_old_until_its_opening_entry_is_applied() {
    let mut c = at_work();
    c.partition(&[1], &[2, 3]);
    c.now = c.now + Span::millis(1_000);
    c.win(2);
    c.mail.clear();
    c.heartbeat(2);
    let is_empty = |m: &Message| match &m.body {
        Body::Append { entries, .. } => entries.is_empty(),
        _ => true,
    };
    c.deliver_if(is_empty);
    c.deliver_if(is_empty);
    assert!(age(&c, 2) >= Some(Span::millis(1_000)));
    c.run(Span::millis(300));
    assert!(age(&c, 2) <= Some(two_heartbeats()));
}

#[test]
fn l14_a_node_that_hears_its_leader_and_applies_nothing_grows_old() {
    let mut c = at_work();
    c.fast_apply = false;
    c.propose(1, 1, "x").expect("accepted");
    c.run(Span::millis(1_000));
    for id in 1..=3 {
        assert!(age(&c, id) >= Some(Span::millis(1_000)), "S{id}");
    }
    let heard = c.view(2).leader_heard().expect("all the time");
    assert!(c.now.since(heard) <= two_heartbeats());
    for id in 1..=3 {
        c.finish_apply(id);
    }
    c.run(Span::millis(500));
    assert!(age(&c, 2) <= Some(two_heartbeats()));
}

#[test]
fn l14_a_node_with_a_hung_disk_grows_old_and_so_does_one_that_catches_up() {
    let mut c = at_work();
    c.slow.insert(3);
    c.propose(1, 1, "x").expect("accepted");
    c.run(Span::millis(1_000));
    assert_eq!(c.commands(2), ["x"]);
    assert!(age(&c, 3) >= Some(Span::millis(1_000)), "it lacks x");
    // What it has got on disk by now is still not all.
    c.propose(1, 2, "y").expect("accepted");
    c.run(Span::millis(300));
    c.complete_write(3);
    c.settle();
    assert_eq!(c.commands(3), ["x"]);
    assert!(age(&c, 3) >= Some(Span::millis(300)), "it lacks y");
}

#[test]
fn l14_a_leader_that_was_cut_off_grows_old_and_so_does_who_follows_it() {
    let mut c = Cluster::with(5, |config| config.switches.check_quorum = false);
    c.now = Time(1_000_000);
    c.elect(1);
    c.run(Span::millis(500));
    c.partition(&[1, 2], &[3, 4, 5]);
    c.run(Span::millis(2_000));
    assert!(c.leaders().len() == 2, "it knows nothing of the other");
    for id in [1, 2] {
        assert!(age(&c, id) >= Some(Span::millis(2_000)), "S{id}");
    }
    let heard = c.view(2).leader_heard().expect("all the time");
    assert!(c.now.since(heard) <= two_heartbeats());
    assert!(age(&c, 3) <= Some(two_heartbeats()));
}

/// What was long on the way tells of the time when it left, also when it is the answer to a probe
/// that was long on the way itself.
#[test]
fn l14_a_message_that_was_late_makes_nothing_younger() {
    let mut c = at_work();
    c.heartbeat(1);
    for _ in 0..3 {
        let late = std::mem::take(&mut c.mail);
        c.now = c.now + Span::millis(700);
        c.mail = late;
        c.deliver_if(|_| true);
    }
    let mut sent = c.now;
    c.heartbeat(1);
    for _ in 0..4 {
        let late = std::mem::take(&mut c.mail);
        c.now = c.now + Span::millis(700);
        c.mail = late;
        let told = age(&c, 2).expect("known");
        c.deliver_if(|_| true);
        let now = age(&c, 2).expect("known");
        assert!(now <= told, "nothing is unlearned");
        assert!(
            now >= Span::millis(700),
            "{now:?} after {:?}",
            c.now.since(sent)
        );
        c.heartbeat(1);
        sent = c.now;
    }
}

/// A proof that names an earlier probe says nothing about when the last one left. (The leader tells
/// of the same probe once more when it is proven anew, and that may come late.)
#[test]
fn l14_the_proof_of_an_earlier_probe_tells_nothing() {
    let mut c = at_work();
    let (prev, term) = (c.view(2).last(), c.view(2).term());
    let prev = (prev.term.0, prev.index.0);
    let say = |c: &mut Cluster, round, proof: Option<Proof>| {
        c.mail.clear();
        let mut body = heartbeat(term.0, round, prev, 0);
        if let Body::Append { standing, .. } = &mut body {
            *standing = Standing(proof.map(Box::new));
        }
        c.forge(1, 2, term.0, body);
        let probe = c.mail.iter().find_map(|m| match m.body {
            Body::AppendReply { probe, .. } => Some(probe),
            _ => None,
        });
        probe.expect("every round is answered")
    };
    let heard = say(&mut c, 100, None);
    let proof = Proof {
        heard,
        before: Span(0),
        covers: Index(prev.1),
    };
    c.now = c.now + Span::millis(500);
    assert_ne!(say(&mut c, 101, Some(proof)), heard, "another one");
    c.now = c.now + Span::millis(500);
    let told = age(&c, 2);
    assert!(told >= Some(Span::millis(1_000)), "{told:?}");
    say(&mut c, 102, Some(proof));
    assert_eq!(age(&c, 2), told);
}

#[test]
fn l14_who_decides_alone_is_never_old() {
    let mut c = Cluster::new(1);
    c.now = Time(1_000_000);
    c.elect(1);
    c.run(Span::millis(300));
    assert_eq!(age(&c, 1), Some(Span(0)));
    c.fast_apply = false;
    c.propose(1, 1, "x").expect("accepted");
    c.now = c.now + Span::millis(30);
    assert!(age(&c, 1) >= Some(Span::millis(30)), "x is not applied");
}
