//! A disk that runs full: the reserve carries the log on, until it is used up (trap D7).

use super::*;
use crate::wal::RESERVE;

const BYTES: u64 = 4_000;

/// A log with a reserve on a disk with so much space beside them.
fn full(sizes: Sizes, left: u64) -> (MemFiles, Wal<MemFiles>) {
    let files = MemFiles::default();
    let (mut wal, _) = open(&files, sizes).expect("a new log");
    files.set_space(Some(files.used() + 2 * BYTES));
    wal.keep_reserve(BYTES);
    assert!(!wal.is_low());
    files.set_space(Some(files.used() + left));
    (files, wal)
}

/// Appends until that fails; what was acknowledged, and how many were so while it was low.
fn append_all(wal: &mut Wal<MemFiles>, writes: &[Write]) -> (usize, usize) {
    let (mut done, mut low) = (0, 0);
    for write in writes {
        match wal.append(std::slice::from_ref(write)) {
            Ok(()) => done += 1,
            Err(_) => break,
        }
        low += usize::from(wal.is_low());
    }
    (done, low)
}

#[test]
fn d7_a_log_without_space_goes_on_with_the_reserve_and_then_ends() {
    let writes = script(400);
    let all = states(&writes);
    for sizes in [SMALL, ONE_FILE] {
        for left in [0, 1, 100, 999] {
            let (files, mut wal) = full(sizes, left);
            let (done, low) = append_all(&mut wal, &writes);
            assert!(low > 10 && done < writes.len(), "{low} of {done}");
            let gone = !files
                .names()
                .expect("no fault")
                .contains(&RESERVE.to_string());
            assert!(gone, "it is used");
            assert!(matches!(wal.append(&writes[..1]), Err(WalError::Ended)));
            drop(wal);
            for how in [Crash::Process, Crash::Lose, Crash::Tear(left + 7)] {
                let after = files.crash(how);
                after.set_space(None);
                let (_, found) = open(&after, sizes).expect("a good log");
                let kept = [done, done + 1].map(|count| &all[count.min(writes.len())]);
                assert!(kept.contains(&&found.state), "{how:?}");
            }
        }
    }
}

/// Room for a part of it is not enough: what made room is not taken from it at once.
#[test]
fn d7_the_reserve_is_made_again_when_there_is_space() {
    let writes = script(20);
    let (files, mut wal) = full(ONE_FILE, 10);
    let (done, _) = append_all(&mut wal, &writes[..6]);
    assert!(done == 6 && wal.is_low());
    wal.keep_reserve(BYTES);
    assert!(wal.is_low(), "still no space");
    files.set_space(Some(files.used() + 2 * BYTES - 1));
    wal.keep_reserve(BYTES);
    assert!(wal.is_low());
    files.set_space(Some(files.used() + 2 * BYTES));
    wal.keep_reserve(BYTES);
    assert!(!wal.is_low());
    assert_eq!(files.bytes(RESERVE).len() as u64, BYTES);
    // An unfinished one is none, and a whole one stays.
    files.set_bytes(RESERVE, vec![1; 7]);
    wal.keep_reserve(BYTES);
    assert_eq!(files.bytes(RESERVE).len() as u64, BYTES);
    wal.append(&writes[6..]).expect("there is space");
    drop(wal);
    let (_, found) = open(&files, ONE_FILE).expect("a good log");
    assert_eq!(Some(&found.state), states(&writes).last());
    // Whoever wants none has none.
    let (mut wal, _) = open(&files, ONE_FILE).expect("a good log");
    wal.keep_reserve(0);
    let names = files.names().expect("no fault");
    assert!(!wal.is_low() && !names.contains(&RESERVE.to_string()));
}

/// The write that uses the reserve fails at any call, and the machine dies then: what was
/// acknowledged before is there.
#[test]
fn d7_using_the_reserve_may_be_cut_off_anywhere() {
    let writes = script(9);
    let all = states(&writes);
    let (last, rest) = writes.split_last().expect("not empty");
    for sizes in [SMALL, ONE_FILE] {
        for call in 0..10 {
            for how in [Crash::Process, Crash::Lose, Crash::Tear(call)] {
                let (files, mut wal) = full(sizes, 100_000);
                wal.append(rest).expect("there is space");
                files.set_space(Some(files.used()));
                files.fail_after(call);
                let done = wal.append(std::slice::from_ref(last)).is_ok();
                drop(wal);
                let after = files.crash(how);
                after.set_space(None);
                let (_, found) = open(&after, sizes).expect("a good log");
                let full = Some(&found.state) == all.last();
                let before = found.state == all[rest.len()];
                assert!(full || (before && !done), "call {call}, {how:?}");
            }
        }
    }
}

/// A sync that fails is the end whatever the reason, for nobody knows what it has lost (trap D2).
#[test]
fn d2_after_a_failed_sync_the_reserve_is_of_no_use() {
    let (files, mut wal) = full(ONE_FILE, 100_000);
    files.fail_after(1);
    assert!(wal.append(&script(3)).is_err());
    assert!(
        files
            .names()
            .expect("no fault")
            .contains(&RESERVE.to_string())
    );
    assert!(matches!(wal.append(&script(1)), Err(WalError::Ended)));
}
