//! The trace of a run as text: one line an event, the same on every platform.

use raftwerk_wire::view::EventView;

/// All events of a run so far.
#[derive(Clone, Debug, Default)]
pub struct Told {
    events: Vec<Line>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where.
    pub node: u64,
    /// Name of what happened.
    pub kind: String,
    /// All of it.
    pub text: String,
}

impl Line {
    /// The line of an event.
    #[must_use]
    pub fn of(event: &EventView) -> Line {
        let event = &event.event;
        let what = short(&format!("{:?}", event.kind));
        let end = what.find([' ', '(']).unwrap_or(what.len());
        let kind = what[..end].to_string();
        let (at, node, term) = (event.at.0, event.node.0, event.term.0);
        let (ms, us) = (at / 1_000, at % 1_000);
        let text = format!("{ms:6}.{us:03} S{node} t{term} {what}");
        Line { node, kind, text }
    }
}

/// Debug text without the names of wrappers: `NodeId(1)` is `S1`, `Index(3)` is `3`.
fn short(text: &str) -> String {
    let wrappers = [
        ("NodeId(", "S"),
        ("Index(", ""),
        ("Term(", ""),
        ("Span(", ""),
        ("Time(", ""),
        ("Round(", ""),
        ("Ticket(", ""),
        ("WriteSeq(", ""),
        ("LogId { term: ", ""),
    ];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    'outer: while let Some(first) = rest.chars().next() {
        let fresh = !out.ends_with(char::is_alphanumeric);
        for (wrapper, letter) in wrappers {
            if !fresh || !rest.starts_with(wrapper) {
                continue;
            }
            let inside = &rest[wrapper.len()..];
            if wrapper.starts_with("LogId") {
                // `LogId { term: Term(2), index: Index(3) }` is `2:3`.
                let Some((id, after)) = inside.split_once(" }") else {
                    continue;
                };
                let id = short(id).replace(", index: ", ":");
                out.push_str(&id);
                rest = after;
                continue 'outer;
            }
            let Some((number, after)) = inside.split_once(')') else {
                continue;
            };
            out.push_str(letter);
            out.push_str(number);
            rest = after;
            continue 'outer;
        }
        out.push(first);
        rest = &rest[first.len_utf8()..];
    }
    out
}

impl Told {
    /// Notes an event; returns its line.
    pub fn note(&mut self, event: &EventView) -> &Line {
        let at = self.events.len();
        self.events.push(Line::of(event));
        &self.events[at]
    }

    /// How many events there were.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether nothing has happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Events of a kind (`*`: any), on a node (`None`: any), with a text in their line.
    #[must_use]
    pub fn count(&self, kind: &str, node: Option<u64>, with: &str) -> u64 {
        self.count_since(0, kind, node, with)
    }

    /// The same from a place on.
    #[must_use]
    pub fn count_since(&self, from: usize, kind: &str, node: Option<u64>, with: &str) -> u64 {
        let fits = |line: &&Line| {
            (kind == "*" || line.kind == kind)
                && node.is_none_or(|node| node == line.node)
                && line.text.contains(with)
        };
        self.events[from.min(self.events.len())..]
            .iter()
            .filter(fits)
            .count() as u64
    }
}
