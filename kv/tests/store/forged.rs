//! Snapshots forged part by part: each contradiction between the parts is refused by name.

use raftwerk_kv::{DecodeError, MAX_HISTORY_CHANGES, Store};

/// A key with an empty value: create revision, mod revision, version.
type Forged = (&'static [u8], [u64; 3]);

/// The parts of a snapshot, to be written down without any check.
#[derive(Clone)]
struct Forge {
    applied: u64,
    revision: u64,
    keys: Vec<Forged>,
    /// Id, last sequence (0, so no answer follows), last use.
    sessions: Vec<[u64; 3]>,
    compacted: u64,
    changes: Vec<Forged>,
}

fn write_key(out: &mut Vec<u8>, (key, numbers): &Forged) {
    out.extend((key.len() as u32).to_le_bytes());
    out.extend(*key);
    out.extend(0u32.to_le_bytes());
    write_numbers(out, numbers);
}

fn write_numbers(out: &mut Vec<u8>, numbers: &[u64]) {
    numbers
        .iter()
        .for_each(|number| out.extend(number.to_le_bytes()));
}

impl Forge {
    /// Two keys at revision 5, of which the last two changes are kept.
    fn sound() -> Self {
        let (a, b): (Forged, Forged) = ((b"a", [2, 4, 3]), (b"b", [5, 5, 1]));
        Self {
            applied: 9,
            revision: 5,
            keys: vec![a, b],
            sessions: vec![[6, 0, 8], [7, 0, 7]],
            compacted: 3,
            changes: vec![a, b],
        }
    }

    fn decode(&self) -> Result<Store, DecodeError> {
        let mut out = vec![1];
        write_numbers(
            &mut out,
            &[self.applied, 0, self.revision, 0, self.keys.len() as u64],
        );
        self.keys.iter().for_each(|key| write_key(&mut out, key));
        write_numbers(&mut out, &[self.sessions.len() as u64]);
        self.sessions
            .iter()
            .for_each(|session| write_numbers(&mut out, session));
        write_numbers(&mut out, &[self.compacted, self.changes.len() as u64]);
        for change in &self.changes {
            out.push(1);
            write_key(&mut out, change);
        }
        let store = Store::decode(&out);
        assert!(store.as_ref().map_or(true, |store| store.encode() == out));
        store
    }
}

/// What comes of a sound snapshot after one change to it.
fn forged(change: impl FnOnce(&mut Forge)) -> Result<Store, DecodeError> {
    let mut forge = Forge::sound();
    change(&mut forge);
    forge.decode()
}

fn refused(what: &'static str) -> Result<Store, DecodeError> {
    Err(DecodeError::Inconsistent(what))
}

#[test]
fn the_sound_one_passes() {
    let store = Forge::sound().decode().unwrap();
    assert_eq!(
        (store.keys(), store.revision(), store.compacted_revision()),
        (2, 5, 3)
    );
}

#[test]
fn a_key_owes_its_revisions() {
    let with = |numbers| {
        forged(|forge| {
            forge.keys[0].1 = numbers;
            forge.changes[0].1 = numbers;
        })
    };
    // Versions 2 and 3 are possible for two revisions in between, and no others.
    assert!(with([2, 4, 2]).is_ok());
    assert!(with([4, 4, 1]).is_ok());
    for wrong in [
        [2, 4, 1],
        [2, 4, 4],
        [2, 4, 0],
        [4, 4, 2],
        [4, 4, 0],
        [5, 4, 1],
        [1, 4, 3],
    ] {
        assert_eq!(with(wrong), refused("revisions of a key"), "{wrong:?}");
    }
}

#[test]
fn the_keys_owe_their_order_and_age() {
    assert_eq!(
        forged(|forge| forge.keys.swap(0, 1)),
        refused("order of keys")
    );
    assert_eq!(
        forged(|forge| forge.keys[1].0 = b"a"),
        refused("order of keys")
    );
    let newer = forged(|forge| forge.keys[1].1 = [6, 6, 1]);
    assert_eq!(newer, refused("a key is newer than the store"));
    assert_eq!(
        forged(|forge| forge.revision = 11),
        refused("revision of the store")
    );
}

#[test]
fn the_sessions_owe_their_indexes() {
    let with = |sessions: [[u64; 3]; 2]| forged(|forge| forge.sessions = sessions.to_vec());
    assert!(with([[1, 0, 1], [9, 0, 9]]).is_ok());
    let wrong = [
        [[0, 0, 1], [7, 0, 7]],
        [[6, 0, 8], [6, 0, 8]],
        [[7, 0, 8], [6, 0, 8]],
        [[6, 0, 5], [7, 0, 7]],
        [[6, 0, 8], [7, 0, 10]],
    ];
    for sessions in wrong {
        assert_eq!(
            with(sessions),
            refused("indexes of a session"),
            "{sessions:?}"
        );
    }
}

#[test]
fn the_history_owes_every_change_since_its_start() {
    let gap = refused("revisions of the history");
    assert_eq!(forged(|forge| forge.compacted = 2), gap);
    assert_eq!(forged(|forge| forge.changes.swap(0, 1)), gap);
    assert_eq!(forged(|forge| forge.changes.truncate(1)), gap);
    let other = forged(|forge| forge.changes[0].1 = [2, 4, 2]);
    assert_eq!(other, refused("a key differs from its history"));
    // The change at 4 was of another key, so `a` cannot have been changed there.
    let missing = forged(|forge| forge.changes[0].0 = b"c");
    assert_eq!(missing, refused("a key is missing in the history"));
}

#[test]
fn the_history_owes_its_bound() {
    let with = |count: u64| {
        let key = |revision| -> Forged { (b"a", [2, revision, revision - 1]) };
        let newest = count + 1;
        let changes = (2..=newest).map(key).collect();
        let keys = vec![key(newest)];
        let sessions = vec![];
        Forge {
            applied: newest,
            revision: newest,
            keys,
            sessions,
            compacted: 0,
            changes,
        }
        .decode()
    };
    let most = MAX_HISTORY_CHANGES as u64;
    assert!(with(most).is_ok());
    assert_eq!(with(most + 1), refused("the history is too long"));
}
