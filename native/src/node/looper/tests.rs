//! The loop of a single node over a log in memory, fed through its inbox.

mod damage;
mod disk;
mod rig;

use super::*;
use crate::node::answer::Result as Answered;
use crate::observe::After;
use raftwerk_core::trace::{Cause, Kind};
use raftwerk_core::{ReadPath, Term};
use raftwerk_wire::observe::Told;
use rig::{build, start};
use tokio::sync::oneshot;

#[test]
fn it_writes_reads_and_ends() {
    let rig = start();
    assert!(matches!(
        rig.put("1"),
        Written::Applied {
            answer: Answer::Put { revision: 2, .. },
            term: 1
        }
    ));
    let (reply, answer) = oneshot::channel();
    let what = Query::Get((*b"x").into());
    let read = Request::Read {
        path: Some(ReadPath::Leader),
        what,
        reply,
    };
    rig.inbox.request(read).expect("room");
    let Ok(Read::Found(found)) = answer.blocking_recv() else {
        panic!("a result")
    };
    assert_eq!((found.revision, found.term, found.age_ms), (2, 1, None));
    assert!(matches!(found.result, Answered::Item(Some(item)) if *item.value == *b"1"));
    rig.inbox.urgent(Urgent::Stop);
    assert!(rig.end().is_ok());
}

#[test]
fn events_are_linked_to_what_led_to_them() {
    let rig = start();
    rig.put("1");
    let subscription = rig.observer.subscribe().expect("room");
    let (reply, view) = oneshot::channel();
    rig.inbox.urgent(Urgent::View(reply));
    assert_eq!(view.blocking_recv().expect("a view").commit, 3);
    rig.put("2");
    rig.inbox.urgent(Urgent::Stop);
    let observer = Arc::clone(&rig.observer);
    rig.end().expect("a clean end");
    let After::Items(items) = observer.after(0) else {
        panic!("nothing is lost yet")
    };
    let events: Vec<_> = items
        .iter()
        .filter_map(|item| match &item.told {
            Told::Event(event) => Some((**event).clone()),
            _ => None,
        })
        .collect();
    // The start is told as it was, although the first write came before anybody watched.
    let begun = &events[0].event;
    assert!(
        matches!(begun.kind, Kind::Booted { term: Term(0), last, .. } if last.index == Index(1)),
        "{begun:?}"
    );
    assert_eq!((begun.cause, begun.term), (Cause::Boot, Term(0)));
    assert!(begun.at < events[1].event.at);
    let find = |fits: &dyn Fn(&Kind) -> bool| {
        events
            .iter()
            .find(|e| fits(&e.event.kind))
            .expect("it is told")
    };
    let appended = find(&|k| matches!(k, Kind::AppendedCommand { .. }));
    let persisted = find(&|k| matches!(k, Kind::Persisted { .. }));
    let committed = find(&|k| matches!(k, Kind::Committed { .. }));
    let applying = find(&|k| matches!(k, Kind::Applying { .. }));
    assert!(matches!(persisted.event.cause, Cause::Disk(_)));
    assert_eq!(persisted.cause, Some(appended.id));
    assert_eq!(committed.cause, Some(persisted.id));
    assert_eq!(applying.cause, Some(committed.id));
    assert_eq!(appended.cause, None);
    drop(subscription);
}

/// Trap L6: the clock is looked at again after the value was read, and a read that comes too late
/// is asked for again: this node still leads, so its client is told the value and no trouble.
#[test]
fn a_lease_that_is_over_when_the_value_is_there_is_not_served_from() {
    let (mut looper, rig) = build(true);
    looper.turn(Batch::default());
    while looper.parts.raft.view().applied() < Index(2) {
        let batch = looper.parts.inbox.take(looper.sleep());
        looper.turn(batch);
    }
    let read_at = |looper: &mut Looper, until| {
        let (reply, answer) = oneshot::channel();
        let ticket = looper.next_ticket;
        looper.wait(ticket, Waiting::Read(Query::Get((*b"x").into()), reply));
        let (ticket, index) = (Ticket(ticket), Index(2));
        let output = Output::ReadAt {
            ticket,
            index,
            until,
        };
        looper.output(output, &mut None);
        answer
    };
    for in_time in [None, Some(Time::NEVER)] {
        let mut answer = read_at(&mut looper, in_time);
        assert!(matches!(answer.try_recv(), Ok(Read::Found(_))));
    }
    let mut answer = read_at(&mut looper, Some(Time(1)));
    assert!(answer.try_recv().is_err(), "the lease was over long ago");
    looper.drain(clock::now());
    assert!(matches!(answer.try_recv(), Ok(Read::Found(_))));
    let reads = looper.parts.metrics.reads.load(Relaxed);
    assert_eq!((reads, looper.waiting.len()), (3, 0));
    let path = rig(std::thread::spawn(|| Ok(()))).path;
    drop(looper);
    std::fs::remove_dir_all(path).expect("clean up");
}
