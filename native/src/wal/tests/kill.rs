//! A real process that writes a real log, killed for real.

use super::{OPENING, entry, write};
use crate::wal::{DirFiles, Sizes, Wal};

/// The child of the next test: writes as fast as it can and says what was acknowledged.
#[test]
#[ignore = "started by killed_for_real"]
fn writer_to_be_killed() {
    let Ok(path) = std::env::var("RAFTWERK_TEST_DIR") else {
        return;
    };
    let files = DirFiles::new(path.as_ref()).expect("a directory");
    let sizes = Sizes {
        segment: 64 << 10,
        growth: 16 << 10,
    };
    let (mut wal, found) = Wal::open(files, OPENING, sizes).expect("a good log");
    let mut last = found.state.entries.len() as u64;
    loop {
        let text = "y".repeat(usize::try_from(last % 3_000).expect("small"));
        let append = (1..=last % 5 + 1)
            .map(|n| entry(1, last + n, &text))
            .collect();
        wal.append(&[write(Some(1), None, append)])
            .expect("the disk works");
        last += last % 5 + 1;
        println!("acknowledged {last}");
    }
}

#[test]
fn killed_for_real() {
    use std::io::{BufRead, BufReader};
    let path = std::env::temp_dir().join(format!("raftwerk-wal-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    for round in 0..6u64 {
        let mut child = std::process::Command::new(std::env::current_exe().expect("this test"))
            .args([
                "--exact",
                "wal::tests::kill::writer_to_be_killed",
                "--ignored",
                "--nocapture",
            ])
            .env("RAFTWERK_TEST_DIR", &path)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("the child starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut number = move || {
            let line = lines.next()?.expect("text");
            Some(
                line.rsplit_once("acknowledged ")
                    .map_or(0, |(_, n)| n.parse().expect("a number")),
            )
        };
        let mut last = 0u64;
        for _ in 0..20 + 37 * round {
            last = last.max(number().expect("the child goes on"));
        }
        child.kill().expect("it runs");
        while let Some(more) = number() {
            last = last.max(more);
        }
        child.wait().expect("it ended");
        let files = DirFiles::new(&path).expect("a directory");
        let sizes = Sizes {
            segment: 64 << 10,
            growth: 16 << 10,
        };
        let (_, found) = Wal::open(files, OPENING, sizes).expect("a good log");
        assert!(
            found.state.entries.len() as u64 >= last,
            "round {round}: {last} was promised"
        );
    }
    std::fs::remove_dir_all(&path).expect("clean up");
}
