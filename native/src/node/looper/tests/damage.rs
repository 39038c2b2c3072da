//! A command in which a bit has flipped: refused at the door, not executed, not sent again.

use super::rig::{build, start, view};
use super::*;
use raftwerk_core::{
    Body, ClusterId, Entry, EntryBody, Lane, LogId, Message, Payload, Round, Standing,
};
use raftwerk_kv::Command;

/// A command in which one bit has flipped since it was made.
fn damaged_command() -> Payload {
    let mut command = raftwerk_kv::Request::from(Command::put("x", "2")).encode();
    command[5] ^= 1;
    assert!(!raftwerk_kv::Request::is_intact(&command));
    command.into()
}

#[test]
fn a_damaged_write_is_not_taken() {
    let rig = start();
    rig.put("1");
    let (reply, answer) = oneshot::channel();
    let command = damaged_command();
    let request = Request::Write { command, reply };
    rig.inbox.request(request).expect("room");
    assert!(matches!(answer.blocking_recv(), Ok(Written::Damaged)));
    // It is in no log, and the node goes on.
    assert!(matches!(rig.put("3"), Written::Applied { .. }));
    let now = view(&rig);
    assert_eq!((now.commit, now.store.revision), (4, 3));
    rig.inbox.urgent(Urgent::Stop);
    rig.end().expect("a clean end");
}

/// One bit of a command flips behind the door: the core has it, and it is committed.
#[test]
fn a_damaged_entry_is_not_executed_and_ends_the_node() {
    let (mut looper, rig) = build(false);
    looper.turn(Batch::default());
    while looper.parts.raft.view().applied() < Index(2) {
        let batch = looper.parts.inbox.take(looper.sleep());
        looper.turn(batch);
    }
    let (reply, answer) = oneshot::channel();
    let ticket = looper.next_ticket;
    let Parts { raft, telling, .. } = &mut looper.parts;
    telling.input();
    let taken = raft.propose(clock::now(), Ticket(ticket), damaged_command());
    taken.expect("it leads");
    telling.events(raft);
    looper.wait(ticket, Waiting::Write(reply));
    let rig = rig(std::thread::spawn(move || looper.run()));
    assert!(answer.blocking_recv().is_err(), "it is not answered");
    let end = rig.end().expect_err("it ends");
    assert!(end.to_string().contains("damaged in the memory"), "{end}");
}

/// A leader whose memory damages an entry before the others have it: none of them takes it, so it is
/// sent again, and then the leader looks and stops. A first try, and one with entries that are whole,
/// costs no look and ends nothing.
#[test]
fn a_leader_stops_that_would_send_a_damaged_entry_again() {
    let (mut looper, rig) = build(false);
    let whole = raftwerk_kv::Request::from(Command::put("x", "1")).encode();
    let append = |to: u64, commands: Vec<Payload>| {
        let entries = commands.into_iter().zip(2..).map(|(command, index)| Entry {
            id: LogId::new(1, index),
            body: EntryBody::Command(command),
        });
        let body = Body::Append {
            lane: Lane::default(),
            round: Round(0),
            prev: LogId::new(1, 1),
            entries: entries.collect(),
            commit: Index(0),
            standing: Standing::default(),
        };
        Output::Send(Message {
            cluster: ClusterId(1),
            from: NodeId(1),
            to: NodeId(to),
            term: Term(1),
            body,
        })
    };
    let whole = || whole.clone().into();
    let mut goes_on = |output| {
        looper.output(output, &mut None);
        looper.ended.is_none()
    };
    assert!(goes_on(append(2, vec![whole()])));
    assert!(
        goes_on(append(2, vec![whole(), damaged_command()])),
        "first"
    );
    assert!(
        goes_on(append(3, vec![whole(), damaged_command()])),
        "first"
    );
    assert!(goes_on(append(2, vec![])), "a heartbeat");
    assert!(goes_on(append(2, vec![whole()])), "the whole one again");
    assert!(!goes_on(append(2, vec![whole(), damaged_command()])));
    let end = looper.ended.take().expect("it ends").expect_err("an error");
    assert!(end.to_string().contains("entry 1:3"), "{end}");
    let path = rig(std::thread::spawn(|| Ok(()))).path;
    drop(looper);
    std::fs::remove_dir_all(path).expect("clean up");
}
