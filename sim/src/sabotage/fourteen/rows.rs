//! The lessons one by one: which checks a scenario fails and when, and why others than the one that
//! is named do.

use super::LINEAR;

/// A lesson as it is written down.
pub(super) struct Row {
    pub number: u32,
    pub rule: &'static str,
    pub nodes: u16,
    pub about: &'static [&'static str],
    pub fails: &'static [(&'static str, u64)],
    pub why: &'static str,
    pub scenario: &'static str,
}

/// Every node breaks the rule.
pub(super) const EVERYBODY: u16 = u16::MAX;

macro_rules! row {
    ($number:literal, $rule:literal, $nodes:expr, $about:expr, $fails:expr, $why:literal) => {
        Row {
            number: $number,
            rule: $rule,
            nodes: $nodes,
            about: &$about,
            fails: &$fails,
            why: $why,
            scenario: include_str!(concat!("../lessons/", $rule, ".json")),
        }
    };
}

/// In the order of the playground.
pub(super) const ROWS: [Row; 14] = [
    row!(
        1,
        "e5-no-check",
        EVERYBODY,
        ["Leader completeness"],
        [("Votes for complete logs", 44), ("Leader completeness", 46)],
        "A vote for a log that lacks something is seen when it is given; the leader that it \
         makes, two events later."
    ),
    row!(
        2,
        "r13-old-term",
        EVERYBODY,
        ["State machine safety"],
        [
            ("Commit rule", 25),
            ("Leader completeness", 246),
            ("Committed on a majority of disks", 258),
            ("Committed entries stay", 265),
            ("State machine safety", 278)
        ],
        "The rule is broken in every term, first for the first members. The next leader lacks \
         the entry, others cut it from their disks for it, and another one is committed in \
         its place."
    ),
    row!(
        3,
        "e1-vote",
        EVERYBODY,
        ["Election safety"],
        [
            ("Durable before told", 5),
            ("Monotonic terms", 9),
            ("One vote per term", 17),
            ("Election safety", 19)
        ],
        "The vote is on no disk when it leaves. So after the crash the term is an older one, \
         and the vote is given again, which makes the second leader."
    ),
    row!(
        4,
        "e1-term",
        0b100,
        ["Monotonic terms", "Election safety"],
        [
            ("Durable before told", 5),
            ("Monotonic terms", 8),
            ("One vote per term", 17),
            ("Election safety", 18)
        ],
        "The vote is on no disk when it leaves, and after the crash it is given again."
    ),
    row!(
        5,
        "r1-cut-all",
        EVERYBODY,
        ["Leader completeness"],
        [
            ("Node invariants", 49),
            ("Committed on a majority of disks", 50),
            ("Leader completeness", 59)
        ],
        "S2 has told that it has what it cuts, and what was committed with it is on one disk \
         then."
    ),
    row!(
        6,
        "d1-ack-early",
        EVERYBODY,
        ["Acknowledged writes survive"],
        [
            ("Durable before told", 10),
            ("Committed on a majority of disks", 48),
            ("Leader completeness", 61),
            ("Committed entries stay", 66),
            ("Acknowledged writes survive", 66)
        ],
        "What is acknowledged early is committed on one disk alone. After the crash a leader \
         without it is elected, and commits another entry in its place."
    ),
    row!(
        7,
        "r14-half",
        EVERYBODY,
        ["Election safety"],
        [("Elected by a majority", 14), ("Election safety", 15)],
        "Two of four are no majority: the first leader is one too many already."
    ),
    row!(
        8,
        "l4-no-round",
        EVERYBODY,
        [LINEAR],
        [("Read freshness", 70), (LINEAR, 70)],
        "The same read, held against what was finished when it began; the history knows only \
         what clients saw."
    ),
    row!(
        9,
        "l1-no-own-entry",
        EVERYBODY,
        [LINEAR],
        [("Read freshness", 74), (LINEAR, 74)],
        "The same read, held against what was finished when it began; the history knows only \
         what clients saw."
    ),
    row!(
        10,
        "l6-drift",
        EVERYBODY,
        [LINEAR],
        [
            ("One lease at a time", 164),
            ("Read freshness", 182),
            (LINEAR, 182)
        ],
        "Two nodes believe in a lease as soon as the second one leads. The read is the harm \
         of it, held against what was finished when it began."
    ),
    row!(
        11,
        "c1-no-sessions",
        EVERYBODY,
        ["Session answers identical"],
        [("Session answers identical", 72), (LINEAR, 74)],
        "The answer that the client gets counts both executions, which no order of its \
         requests explains."
    ),
    row!(
        12,
        "s11-no-sessions",
        EVERYBODY,
        ["Session answers identical"],
        [
            ("Snapshots hold the past", 105),
            ("Session answers identical", 189),
            ("State machine safety", 191)
        ],
        "What the snapshot lacks is seen when it is taken. The state machine that is loaded \
         from it executes the request again, and is another one from there on."
    ),
    row!(
        13,
        "m4-direct",
        EVERYBODY,
        ["Election safety"],
        [("Members one step at a time", 39), ("Election safety", 60)],
        "The step is seen when it is taken: majorities before it and after it need not meet."
    ),
    row!(
        14,
        "m1-no-own-entry",
        EVERYBODY,
        ["State machine safety"],
        [
            ("Members one step at a time", 75),
            ("Leader completeness", 122),
            ("Committed entries stay", 140),
            ("Acknowledged writes survive", 140),
            ("Every ticket ends once", 141),
            ("Linearizable answers", 146),
            ("State machine safety", 154)
        ],
        "The step is seen when it is taken. Two leaders commit, each with members of its own, \
         and all that hangs on their entries contradicts itself: logs, tickets, answers, and \
         the state in the end."
    ),
];
