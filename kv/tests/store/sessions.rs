//! Sessions: exactly once, thesis section 6.3; and who has to go when there are too many.

use raftwerk_kv::{Answer, Command, MAX_SESSIONS, Request, SessionInfo, Store};

use crate::{Log, item};

#[test]
fn without_a_session_a_retry_executes_again() {
    let mut log = Log::default();
    log.put("x", "1");
    let previous = Some(item("x", "1", [2, 2, 1]));
    assert_eq!(
        log.put("x", "1"),
        Answer::Put {
            revision: 3,
            previous
        }
    );
}

#[test]
fn a_retry_hears_the_first_answer_and_changes_nothing() {
    let mut log = Log::default();
    let session = log.open();
    let request = Request::tagged(session, 1, Command::put("x", "1"));
    let first = log.submit(request.clone());
    assert_eq!(
        first,
        Answer::Put {
            revision: 2,
            previous: None
        }
    );
    // Another client writes in between; the late retry must not undo that.
    log.put("x", "2");
    assert_eq!(log.submit(request), first);
    assert_eq!(log.store.get(b"x"), Some(&item("x", "2", [2, 3, 2])));
    assert_eq!(log.store.revision(), 3);
}

#[test]
fn the_sequence_decides_and_not_the_command() {
    let mut log = Log::default();
    let session = log.open();
    let first = log.submit(Request::tagged(session, 1, Command::put("x", "1")));
    assert_eq!(
        log.submit(Request::tagged(session, 1, Command::delete("x"))),
        first
    );
    assert_eq!(log.store.keys(), 1);
}

#[test]
fn an_older_sequence_is_stale_and_does_nothing() {
    let mut log = Log::default();
    let session = log.open();
    log.submit(Request::tagged(session, 1, Command::put("x", "1")));
    log.submit(Request::tagged(session, 5, Command::put("x", "5")));
    for sequence in [0, 1, 4] {
        let late = Request::tagged(session, sequence, Command::put("x", "late"));
        assert_eq!(log.submit(late), Answer::StaleSequence { last: 5 });
    }
    assert_eq!(log.store.get(b"x").unwrap().value[..], *b"5");
}

#[test]
fn sequence_zero_is_never_executed() {
    let mut log = Log::default();
    let session = log.open();
    let zero = Request::tagged(session, 0, Command::put("x", "1"));
    assert_eq!(log.submit(zero), Answer::StaleSequence { last: 0 });
    assert_eq!(log.store.keys(), 0);
}

#[test]
fn an_unknown_session_does_nothing() {
    let mut log = Log::default();
    let session = log.open();
    let unknown = Request::tagged(session + 7, 1, Command::put("x", "1"));
    assert_eq!(log.submit(unknown), Answer::UnknownSession);
    assert_eq!(
        log.submit(Command::CloseSession { session: 9 }),
        Answer::UnknownSession
    );
    assert_eq!(
        log.submit(Command::CloseSession { session }),
        Answer::SessionClosed
    );
    assert_eq!(
        log.submit(Command::CloseSession { session }),
        Answer::UnknownSession
    );
    let closed = Request::tagged(session, 1, Command::put("x", "1"));
    assert_eq!(log.submit(closed), Answer::UnknownSession);
    assert_eq!(log.store.keys(), 0);
}

#[test]
fn a_session_may_close_itself_and_open_another() {
    let mut log = Log::default();
    let session = log.open();
    let open = Request::tagged(session, 1, Command::OpenSession);
    assert_eq!(
        log.submit(open.clone()),
        Answer::SessionOpened { session: 2 }
    );
    assert_eq!(log.submit(open), Answer::SessionOpened { session: 2 });
    assert_eq!(log.store.sessions().count(), 2);
    let close = Request::tagged(session, 2, Command::CloseSession { session });
    assert_eq!(log.submit(close.clone()), Answer::SessionClosed);
    assert_eq!(log.submit(close), Answer::UnknownSession);
}

#[test]
fn the_sessions_tell_their_last_use() {
    let mut log = Log::default();
    let (a, b) = (log.open(), log.open());
    log.submit(Request::tagged(a, 3, Command::delete("x")));
    log.submit(Request::tagged(a, 3, Command::delete("x")));
    let all: Vec<SessionInfo> = log.store.sessions().collect();
    let info = |id, last_sequence, last_used| SessionInfo {
        id,
        last_sequence,
        last_used,
    };
    assert_eq!(all, [info(a, 3, 4), info(b, 0, 2)]);
}

#[test]
fn the_answer_survives_a_snapshot() {
    let mut log = Log::default();
    let session = log.open();
    let request = Request::tagged(session, 1, Command::put("x", "1"));
    let first = log.submit(request.clone());
    log.store = Store::decode(&log.store.encode()).unwrap();
    assert_eq!(log.submit(request), first);
    assert_eq!(log.store.revision(), 2);
}

#[test]
fn too_many_sessions_push_out_the_one_unused_for_longest() {
    let mut log = Log::default();
    let all: Vec<u64> = (0..MAX_SESSIONS).map(|_| log.open()).collect();
    assert_eq!(log.store.sessions().count(), MAX_SESSIONS);
    // The first is used again, so the second and third are now the oldest. A retry is a use too.
    log.submit(Request::tagged(all[0], 1, Command::put("x", "1")));
    let (fresh, other) = (log.open(), log.open());
    assert_eq!(log.store.sessions().count(), MAX_SESSIONS);
    let ids: Vec<u64> = log.store.sessions().map(|session| session.id).collect();
    assert!(ids.contains(&all[0]) && ids.contains(&fresh) && ids.contains(&other));
    assert!(!ids.contains(&all[1]) && !ids.contains(&all[2]) && ids.contains(&all[3]));
    let request = Request::tagged(all[1], 1, Command::put("x", "2"));
    assert_eq!(log.submit(request), Answer::UnknownSession);
    let full = log.store.encode();
    assert_eq!(Store::decode(&full).unwrap(), log.store);
}
