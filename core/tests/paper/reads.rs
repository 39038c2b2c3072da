//! Linearizable reads: thesis 6.4.

use crate::kit::*;
use raftwerk_core::*;

#[test]
fn t6_4_a_read_waits_for_a_round_that_a_majority_echoes() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    c.partition(&[1], &[2, 3]);
    c.read(1, 9, ReadPath::Leader).expect("taken");
    c.settle();
    assert!(
        c.node(1).reads.is_empty(),
        "nobody has confirmed that S1 still leads"
    );
    c.cut.clear();
    c.heartbeat(1);
    c.settle();
    assert_eq!(c.node(1).reads, [(Ticket(9), Ok(Index(3)))]);
}

#[test]
fn t6_4_a_follower_serves_a_read_at_the_leaders_index() {
    let mut c = Cluster::new(3);
    c.elect(1);
    c.propose(1, 1, "x").expect("accepted");
    c.settle();
    c.read(2, 5, ReadPath::Follower).expect("taken");
    c.read(2, 6, ReadPath::Follower).expect("taken");
    c.settle();
    let mut reads = c.node(2).reads.clone();
    reads.sort_by_key(|read| read.0);
    assert_eq!(
        reads,
        [(Ticket(5), Ok(Index(3))), (Ticket(6), Ok(Index(3)))]
    );
    assert_eq!(
        c.commands(2),
        ["x"],
        "the read came after the apply that covers it"
    );
}
