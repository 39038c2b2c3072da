//! Clients that are told something else than the log says are seen.

use super::super::{Check, Checks, ReadBack, Written, ledger};
use super::{ask, name, others, run, settled};
use crate::intervention::{Intervention, Op};
use crate::network::{Content, Place, Reply, Told};
use crate::world::World;
use raftwerk_core::LogId;
use raftwerk_kv::{Answer, Command, KeyValue, Request, SessionTag};
use raftwerk_wire::client::ReadMode;

/// Index 1 opens a session, indexes 2 and 3 set x to 1 and to 2 in it; all of term 1.
fn written() -> Checks {
    let mut checks = Checks::default();
    let entries = [
        (Request::from(Command::OpenSession), opened(1)),
        (request(1), put(2, None)),
        (request(2), put(3, Some(item(1)))),
    ];
    for (at, (request, answer)) in entries.into_iter().enumerate() {
        let (term, hash, by, index) = (1, 0, 1, at as u64 + 1);
        checks.ledger.commit(ledger::Committed {
            term,
            hash,
            by,
            halves: Default::default(),
        });
        checks.on_apply(1, index, index, &request.encode(), &answer);
    }
    assert_eq!(checks.violation(), None);
    checks
}

fn request(sequence: u64) -> Request {
    Request::tagged(1, sequence, Command::put("x", sequence.to_string()))
}

fn opened(session: u64) -> Answer {
    Answer::SessionOpened { session }
}

fn put(revision: u64, previous: Option<KeyValue>) -> Answer {
    Answer::Put { revision, previous }
}

/// x as the request of this sequence leaves it.
fn item(sequence: u64) -> KeyValue {
    KeyValue {
        key: b"x".as_slice().into(),
        value: sequence.to_string().as_bytes().into(),
        create_revision: 2,
        mod_revision: sequence + 1,
        version: sequence,
    }
}

fn tag(sequence: u64) -> SessionTag {
    let session = 1;
    SessionTag { session, sequence }
}

fn seen(checks: &Checks) -> Option<&'static str> {
    checks.violation().map(|violation| violation.check)
}

/// What the checks say when the client of request 2 is told `answer` by `id`.
fn told(id: LogId, answer: &Answer, sequence: u64, floor: u64) -> Option<&'static str> {
    let mut checks = written();
    checks.on_acknowledged(Written {
        id,
        answer,
        tag: Some(tag(sequence)),
        command: &Command::put("x", "2"),
        floor,
    });
    seen(&checks)
}

#[test]
fn an_acknowledged_write_that_is_not_committed_or_not_done_is_seen() {
    let (id, answer) = (LogId::new(1, 3), put(3, Some(item(1))));
    assert_eq!(told(id, &answer, 2, 2), None);
    let wrong = Some(name(Check::Acknowledged));
    assert_eq!(told(LogId::new(2, 3), &answer, 2, 2), wrong);
    assert_eq!(told(LogId::new(1, 4), &answer, 2, 2), wrong);
    let wrong = Some(name(Check::Linearizable));
    assert_eq!(told(id, &answer, 3, 2), wrong, "a phantom");
    assert_eq!(
        told(id, &put(3, None), 1, 0),
        wrong,
        "lost: it is not the newest"
    );
    assert_eq!(told(id, &answer, 2, 3), wrong, "done before it was asked");
    assert_eq!(told(LogId::new(1, 2), &answer, 2, 1), wrong, "done later");
    assert_eq!(told(id, &Answer::UnknownSession, 4, 2), wrong);
    let wrong = Some(name(Check::SessionAnswers));
    assert_eq!(told(id, &put(3, None), 2, 2), wrong);
}

#[test]
fn another_command_than_the_clients_is_seen() {
    let mut checks = written();
    checks.on_acknowledged(Written {
        id: LogId::new(1, 3),
        answer: &put(3, Some(item(1))),
        tag: Some(tag(2)),
        command: &Command::put("x", "blue"),
        floor: 2,
    });
    assert_eq!(seen(&checks), Some(name(Check::Linearizable)));
}

#[test]
fn a_session_that_is_not_the_one_opened_is_seen() {
    let told = |answer: &Answer, floor| {
        let mut checks = written();
        let (id, tag, command) = (LogId::new(1, 1), None, &Command::OpenSession);
        checks.on_acknowledged(Written {
            id,
            answer,
            tag,
            command,
            floor,
        });
        seen(&checks)
    };
    let wrong = Some(name(Check::Linearizable));
    assert_eq!(told(&opened(1), 0), None);
    assert_eq!(told(&opened(2), 0), wrong);
    assert_eq!(told(&Answer::SessionClosed, 0), wrong);
    assert_eq!(told(&opened(1), 1), wrong, "opened before it was asked");
}

#[test]
fn a_state_machine_that_answers_wrongly_is_seen() {
    let answers = |request: Request, answer: &Answer| {
        let mut checks = written();
        checks.on_apply(1, 4, 4, &request.encode(), answer);
        seen(&checks)
    };
    assert_eq!(answers(request(3), &put(4, Some(item(2)))), None);
    let wrong = Some(name(Check::Linearizable));
    assert_eq!(answers(request(3), &put(4, Some(item(1)))), wrong);
    assert_eq!(answers(request(3), &put(5, Some(item(2)))), wrong);
    // A retry: executed once, answered alike.
    assert_eq!(answers(request(2), &put(3, Some(item(1)))), None);
    let wrong = Some(name(Check::SessionAnswers));
    assert_eq!(
        answers(request(2), &put(4, Some(item(2)))),
        wrong,
        "done twice"
    );
    let stale = Answer::StaleSequence { last: 2 };
    assert_eq!(answers(request(1), &stale), None);
    assert_eq!(answers(request(1), &Answer::UnknownSession), wrong);
}

/// Trap X2: what was told to have failed must never be found done; what is unknown may.
#[test]
fn what_failed_and_is_done_is_seen_before_and_after() {
    let mut checks = written();
    checks.on_failed(tag(1));
    assert_eq!(
        seen(&checks),
        None,
        "no longer the newest: not known any more"
    );
    checks.on_failed(tag(2));
    assert_eq!(seen(&checks), Some(name(Check::Linearizable)));
    let mut checks = written();
    checks.on_failed(tag(3));
    assert_eq!(seen(&checks), None);
    let answer = put(4, Some(item(2)));
    checks.on_apply(1, 4, 4, &request(3).encode(), &answer);
    assert_eq!(seen(&checks), Some(name(Check::Linearizable)));
}

#[test]
fn values_that_no_order_explains_are_seen() {
    let reads = |item: Option<&KeyValue>, applied, floor| {
        let mut checks = written();
        checks.on_read(ReadBack {
            node: 1,
            key: "x",
            item,
            point: applied,
            applied,
            floor,
        });
        seen(&checks)
    };
    let (one, two) = (item(1), item(2));
    assert_eq!(reads(Some(&two), 3, Some(3)), None);
    assert_eq!(
        reads(Some(&one), 2, Some(1)),
        None,
        "another write was finished later"
    );
    assert_eq!(reads(None, 1, Some(0)), None);
    let wrong = Some(name(Check::Linearizable));
    assert_eq!(reads(Some(&one), 3, Some(3)), wrong, "stale");
    assert_eq!(reads(None, 3, Some(3)), wrong, "lost");
    assert_eq!(reads(Some(&two), 2, Some(1)), wrong, "from the future");
    assert_eq!(reads(Some(&item(3)), 3, Some(3)), wrong, "a phantom");
    let mut forged = two.clone();
    forged.value = b"blue".as_slice().into();
    assert_eq!(reads(Some(&forged), 3, Some(3)), wrong, "never written");
    assert_eq!(reads(Some(&one), 2, Some(3)), Some(name(Check::FreshReads)));
    assert_eq!(reads(Some(&one), 2, None), None, "a stale read may be old");
    assert_eq!(reads(Some(&one), 3, None), wrong, "but it says how old");
}

/// Two reads one after the other must not go back in time.
#[test]
fn reads_that_go_back_are_seen() {
    let mut checks = written();
    let (one, two) = (item(1), item(2));
    let mut read = |item, applied, floor| {
        checks.on_read(ReadBack {
            node: 1,
            key: "x",
            item: Some(item),
            point: applied,
            applied,
            floor: Some(floor),
        });
        (checks.floor(), seen(&checks))
    };
    assert_eq!(read(&two, 3, 0), (3, None));
    assert_eq!(read(&one, 2, 0), (3, None), "they ran side by side");
    assert_eq!(read(&one, 2, 3).1, Some(name(Check::FreshReads)));
}

/// That the node had applied more by chance makes a read point that is too small no better.
#[test]
fn a_read_point_below_what_was_finished_is_seen() {
    let two = item(2);
    let read = |point, floor| {
        let mut checks = written();
        checks.on_read(ReadBack {
            node: 1,
            key: "x",
            item: Some(&two),
            point,
            applied: 3,
            floor,
        });
        seen(&checks)
    };
    assert_eq!(read(2, Some(2)), None);
    assert_eq!(read(2, Some(3)), Some(name(Check::FreshReads)));
    assert_eq!(read(2, None), None, "a stale read promises nothing");
}

#[test]
fn a_read_point_beyond_what_was_handed_out_is_seen() {
    let mut checks = Checks::default();
    checks.on_serve(1, 5, 5);
    assert_eq!(seen(&checks), None);
    checks.on_serve(1, 4, 5);
    assert_eq!(seen(&checks), Some(name(Check::FreshReads)));
}

fn get(world: &mut World, node: u64, mode: ReadMode) {
    let key = "x".into();
    ask(world, node, Op::Get { key, mode });
}

/// In a whole world: the answer on its way to the client is changed.
#[test]
fn an_answer_that_changed_on_the_way_is_seen() {
    let (mut world, leader) = settled();
    get(&mut world, leader % 3 + 1, ReadMode::Follower);
    let mut changed = 0;
    while !world.is_idle(1) {
        world.network.forge(|content| {
            if let Content::Reply(reply) = content
                && let Told::Read { item, .. } = &mut reply.result
                && let Some(item) = item
            {
                item.value = b"9".as_slice().into();
                changed += 1;
            }
        });
        assert!(world.step());
    }
    assert!(changed > 0);
    assert_eq!(seen(&world.checks), Some(name(Check::Linearizable)));
}

/// In a whole world: a deposed leader answers from what it has, without asking anybody.
#[test]
fn a_deposed_leader_that_serves_reads_is_seen() {
    for mode in [ReadMode::Stale, ReadMode::Leader, ReadMode::Follower] {
        let (mut world, leader) = settled();
        let others: Vec<u64> = others(leader).collect();
        let alone = Intervention::Partition(vec![vec![leader], others.clone()]);
        world.act(&alone).unwrap();
        run(&mut world, 2_000_000);
        let (key, value) = ("x".into(), "3".into());
        ask(&mut world, others[0], Op::Put { key, value });
        while !world.is_idle(1) {
            assert!(world.step());
        }
        let old = &world.nodes[leader as usize - 1];
        let (item, applied) = (old.store.get(b"x").cloned(), old.applied);
        assert!(item.as_ref().is_some_and(|item| *item.value == *b"2"));
        get(&mut world, others[1], mode);
        let reply = Reply {
            client: 1,
            attempt: world.clients[0].attempt(),
            node: leader,
            result: Told::Read {
                item,
                point: applied,
                applied,
                age: None,
            },
        };
        let (now, from, to) = (world.now(), Place::Node(leader), Place::Client(1));
        let content = Content::Reply(reply);
        world.network.model.delay_max = world.network.model.delay_min;
        world.network.send(&mut world.queue, now, from, to, content);
        while !world.is_idle(1) {
            assert!(world.step());
        }
        let wrong = (mode != ReadMode::Stale).then_some(name(Check::FreshReads));
        assert_eq!(seen(&world.checks), wrong, "{mode:?}");
    }
}

/// A stale answer may be old, but not older than it says.
#[test]
fn a_state_that_is_older_than_it_says_is_seen() {
    let mut checks = Checks::default();
    for (now, index) in [(1_000_000, 3), (2_000_000, 7)] {
        checks.now = now;
        checks.finish(index);
    }
    checks.now = 3_000_000;
    let says = |applied, age, drift| {
        let mut checks = checks.clone();
        checks.on_stale(1, applied, age, drift);
        seen(&checks)
    };
    let wrong = Some(name(Check::FreshReads));
    assert_eq!(says(7, Some(0), 0), None);
    assert_eq!(says(6, Some(1_000_000), 0), None, "index 7 may be younger");
    assert_eq!(says(6, Some(999_000), 0), wrong);
    assert_eq!(says(2, Some(1_999_000), 0), wrong);
    assert_eq!(says(2, Some(2_000_000), 0), None);
    assert_eq!(says(0, None, 0), None, "it says nothing");
    assert_eq!(says(6, Some(950_000), 100_000), None, "its clock was slow");
    assert_eq!(says(6, Some(850_000), 100_000), wrong, "but not so slow");
    // However much was finished, old moments are forgotten by halves and never demand too much.
    for index in 8..5_000 {
        checks.now += 1_000;
        checks.finish(index);
    }
    for back in 1..1_900 {
        let covers = 4_999 - back;
        let mut checks = checks.clone();
        checks.on_stale(1, covers, Some(back * 1_000), 0);
        assert_eq!(checks.violation(), None, "{back}");
    }
    checks.on_stale(1, 4_000, Some(900_000), 0);
    assert_eq!(seen(&checks), wrong);
}

/// What clients were told is undone when another entry takes the place of theirs.
#[test]
fn what_clients_were_told_and_is_undone_is_seen() {
    let (mut world, leader) = settled();
    let index = world.committed();
    world.checks.on_undone(leader, LogId::new(99, index + 1));
    assert_eq!(world.violation(), None, "nobody was told");
    world.checks.on_undone(leader, LogId::new(99, index));
    let seen = world.violation().map(|violation| violation.check);
    assert_eq!(seen, Some(name(Check::Acknowledged)));
}
