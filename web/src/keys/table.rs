//! The table of keys (playground plan 5.7). Those of the plan that are missing here ask for what
//! the page does not have: bookmarks, snapshots by hand, filters of messages, a command palette.

use super::{Does, Live, Row};

const fn row(keys: &'static [(&'static str, Does)], what: &'static str, live: Live) -> Row {
    Row {
        keys,
        printed: "",
        what,
        live,
    }
}

const fn many(
    keys: &'static [(&'static str, Does)],
    printed: &'static str,
    what: &'static str,
) -> Row {
    Row {
        keys,
        printed,
        what,
        live: Live::Same,
    }
}

const DIGITS: &[(&str, Does)] = &[
    ("1", Does::Node),
    ("2", Does::Node),
    ("3", Does::Node),
    ("4", Does::Node),
    ("5", Does::Node),
    ("6", Does::Node),
    ("7", Does::Node),
    ("8", Does::Node),
    ("9", Does::Node),
];
const ARROWS: &[(&str, Does)] = &[
    ("ArrowLeft", Does::Neighbour),
    ("ArrowRight", Does::Neighbour),
    ("ArrowUp", Does::Neighbour),
    ("ArrowDown", Does::Neighbour),
];
const SHIFT_ARROWS: &[(&str, Does)] = &[
    ("Shift+ArrowLeft", Does::Push),
    ("Shift+ArrowRight", Does::Push),
    ("Shift+ArrowUp", Does::Push),
    ("Shift+ArrowDown", Does::Push),
];

/// Every key, under headings.
pub const KEYS: &[(&str, &[Row])] = {
    use Does as D;
    use Live::{As, Not, Same};
    &[
        (
            "Time",
            &[
                row(
                    &[("Space", D::TogglePlay), ("K", D::TogglePlay)],
                    "play or pause",
                    As("hold the picture, or follow the cluster"),
                ),
                row(
                    &[(",", D::Back), (".", D::Forward)],
                    "back, forward one event",
                    Same,
                ),
                row(
                    &[("[", D::PreviousLandmark), ("]", D::NextLandmark)],
                    "previous, next interesting event",
                    Same,
                ),
                row(
                    &[("Shift+,", D::BackTime), ("Shift+.", D::ForwardTime)],
                    "back, forward 10 ms",
                    As("back, forward one second"),
                ),
                row(
                    &[("Home", D::Start), ("End", D::End)],
                    "to the start, to the end so far",
                    As("to the oldest moment kept, to now"),
                ),
                row(&[("-", D::Slower), ("=", D::Faster)], "slower, faster", Not),
                row(
                    &[("PageUp", D::LessonBack), ("PageDown", D::LessonOn)],
                    "in a lesson: to what it said before, go on",
                    Not,
                ),
            ],
        ),
        (
            "Selection",
            &[
                many(DIGITS, "1 to 9", "select a node"),
                many(ARROWS, "Arrows", "next node on the ring, or next message"),
                row(
                    &[("N", D::Link)],
                    "select a link of the node, then the next",
                    Same,
                ),
                row(
                    &[("J", D::Message)],
                    "select a message, then the next",
                    Same,
                ),
                row(
                    &[("Enter", D::Menu)],
                    "what can be done with the selection",
                    Same,
                ),
                row(
                    &[("Escape", D::Escape)],
                    "close, then clear the selection",
                    Same,
                ),
            ],
        ),
        (
            "Selected node",
            &[
                row(&[("X", D::Crash)], "crash or restart it", Same),
                row(&[("Z", D::Freeze)], "freeze or thaw it", Same),
                row(&[("T", D::TimeOut)], "let its election time out now", Same),
                row(&[("I", D::Isolate)], "isolate or reconnect it", Same),
                row(&[("G", D::Transfer)], "give it the leadership", Not),
            ],
        ),
        (
            "Selected link or message",
            &[
                row(
                    &[("C", D::CutOne), ("Shift+C", D::CutBoth)],
                    "cut or restore the link this way, both ways",
                    Same,
                ),
                row(
                    &[("M", D::Hold)],
                    "hold back or release the message, or all on the link",
                    Not,
                ),
                row(&[("E", D::Deliver)], "deliver the message now", Not),
                row(&[("D", D::Drop)], "drop the message", Not),
                row(&[("U", D::Duplicate)], "duplicate the message", Not),
            ],
        ),
        (
            "Whole cluster",
            &[
                row(&[("P", D::Partition)], "partition, such as 12/345", Same),
                row(&[("H", D::Heal)], "heal every link", Same),
                row(
                    &[("Shift+T", D::Split)],
                    "let the next two elections begin at once",
                    Same,
                ),
                row(&[("W", D::Write)], "write as a client", Same),
                row(
                    &[("R", D::Read), ("Shift+R", D::ReadMode)],
                    "read as a client, choose how fresh",
                    Same,
                ),
            ],
        ),
        (
            "Page",
            &[
                row(
                    &[("A", D::Arrange)],
                    "arrange: drag nodes with the pointer",
                    Same,
                ),
                many(
                    SHIFT_ARROWS,
                    "Shift Arrows",
                    "move the node; so does Alt and dragging",
                ),
                row(&[("L", D::Ring)], "put every node back on the ring", Same),
                row(&[("V", D::Panel)], "the next panel", Same),
                row(&[("Y", D::CopyLink)], "copy a link to this run", Not),
                row(&[("?", D::Help)], "this list", Same),
            ],
        ),
    ]
};
