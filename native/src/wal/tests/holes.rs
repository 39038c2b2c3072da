//! Unsynced records that reach the disk in any order: a later one without an earlier one is not
//! taken, and does not come back behind what is written in its place (trap D3).

use super::*;
use raftwerk_wire::record::Header;

const GROWING: Sizes = Sizes {
    segment: u64::MAX,
    growth: 4_096,
};

/// Records that one sync was to cover, and the file without and with them.
struct Unsynced {
    files: MemFiles,
    name: String,
    mark: Vec<u8>,
    without: Vec<u8>,
    with: Vec<u8>,
    /// Where each of them begins, and where the last one ends.
    places: Vec<usize>,
}

/// All but the last four writes are synced; each of those is one record.
fn unsynced(writes: &[Write], sizes: Sizes) -> Unsynced {
    let files = MemFiles::default();
    let (mut wal, _) = open(&files, sizes).expect("a new log");
    let (synced, under_way) = writes.split_at(writes.len() - 4);
    wal.append(synced).expect("no fault");
    let mark = files.bytes(MARK);
    let names = files.names().expect("no fault").into_iter();
    let mut logs = names.filter(|name| name != MARK);
    let name = logs.next_back().expect("a file");
    let (without, mut at) = (files.bytes(&name), wal.segment_offset() as usize);
    wal.append(under_way).expect("no fault");
    let with = files.bytes(&name);
    let mut places = vec![at];
    while let Some(header) = with.get(at..).and_then(Header::read) {
        at += header.record_bytes();
        places.push(at);
    }
    assert_eq!(places.len(), 5, "one record for each write");
    Unsynced {
        files,
        name,
        mark,
        without,
        with,
        places,
    }
}

impl Unsynced {
    /// Power goes; these of the records have reached the disk.
    fn crash(&self, reached: u32) -> MemFiles {
        let files = self.files.crash(Crash::Process);
        let mut bytes = self.without.clone();
        bytes.resize(self.with.len(), 0);
        for record in (0..4).filter(|record| reached >> record & 1 == 1) {
            let end = self.places[record + 1].min(self.with.len());
            let range = self.places[record]..end;
            bytes[range.clone()].copy_from_slice(&self.with[range]);
        }
        files.set_bytes(&self.name, bytes);
        files.set_bytes(MARK, self.mark.clone());
        files
    }
}

/// Every subset of four records. The log ends before the first that is missing, and what lies
/// behind is a torn tail: nobody was promised any of it.
#[test]
fn d3_a_later_record_without_the_earlier_one_is_not_taken() {
    for sizes in [ONE_FILE, GROWING] {
        let writes = script(14);
        let all = states(&writes);
        let unsynced = unsynced(&writes, sizes);
        for reached in 0..16_u32 {
            let files = unsynced.crash(reached);
            let first = reached.trailing_ones() as usize;
            let (_, found) = open(&files, sizes).expect("a hole is no reason to refuse");
            assert_eq!(found.state, all[writes.len() - 4 + first], "{reached:04b}");
            let behind = reached >> first != 0;
            let torn = matches!(found.verdict, Verdict::TornTail { .. });
            assert_eq!(torn, behind, "{reached:04b}: {:?}", found.verdict);
            assert!(torn || found.verdict == Verdict::Clean);
        }
    }
}

/// The worst case: what is missing is written again, byte for byte, so that the record from behind
/// the hole would fit, number and all. It was cut off for good.
#[test]
fn d3_what_was_behind_a_hole_does_not_come_back() {
    for sizes in [ONE_FILE, GROWING] {
        let writes = script(14);
        let all = states(&writes);
        let unsynced = unsynced(&writes, sizes);
        for reached in 0..16_u32 {
            let first = reached.trailing_ones() as usize;
            let files = unsynced.crash(reached);
            let (mut wal, _) = open(&files, sizes).expect("a hole is no reason to refuse");
            let from = writes.len() - 4 + first;
            let again: Vec<Write> = writes[from..].iter().take(1).cloned().collect();
            wal.append(&again).expect("no fault");
            for how in [Crash::Process, Crash::Lose, Crash::Tear(reached.into())] {
                let (_, found) = open(&files.crash(how), sizes).expect("a good log");
                let state = &all[from + again.len()];
                assert_eq!(found.state, *state, "{reached:04b}, {how:?}");
                assert_eq!(found.verdict, Verdict::Clean, "{reached:04b}, {how:?}");
            }
        }
    }
}
