//! The keyboard: one table says which key asks for what. What is carried out (`read`), what
//! tooltips print and what `?` lists are all taken from it, so none can differ from the others.
//!
//! Keys without a modifier do nothing while somebody types (`page`), and single characters can be
//! switched off. On a live cluster a key does what the button does: nothing, unless armed.

pub mod page;
pub mod read;
mod table;

use crate::action::Mode;
use std::cell::Cell;
pub use table::KEYS;
use yew::prelude::*;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is told by its row of the table")]
pub enum Does {
    TogglePlay,
    Back,
    Forward,
    PreviousLandmark,
    NextLandmark,
    BackTime,
    ForwardTime,
    Start,
    End,
    Slower,
    Faster,
    LessonBack,
    LessonOn,
    Node,
    Neighbour,
    Message,
    Link,
    Menu,
    Escape,
    Crash,
    Freeze,
    TimeOut,
    Split,
    Isolate,
    Transfer,
    CutOne,
    CutBoth,
    Hold,
    Partition,
    Heal,
    Deliver,
    Drop,
    Duplicate,
    Write,
    Read,
    ReadMode,
    Arrange,
    Ring,
    Push,
    Panel,
    CopyLink,
    Help,
}

impl Does {
    /// Whether it harms the cluster, or undoes harm: real processes must be armed for that.
    #[must_use]
    pub fn is_fault(self) -> bool {
        use Does as D;
        matches!(self, |D::Crash| D::Freeze
            | D::TimeOut
            | D::Split
            | D::Isolate
            | D::CutOne
            | D::CutBoth
            | D::Partition
            | D::Heal)
    }
}

/// Whether a key works while real processes are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Live {
    /// It does the same.
    Same,
    /// It does something like it, in other words.
    As(&'static str),
    /// There is no such thing.
    Not,
}

/// A line of the list: keys that belong together, and what each asks for.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The keys by name: `X`, `Shift+T`, `Home`, `,`.
    pub keys: &'static [(&'static str, Does)],
    /// How they are printed, if not one by one.
    pub printed: &'static str,
    /// What they do.
    pub what: &'static str,
    /// What they do on a live cluster.
    pub live: Live,
}

impl Row {
    /// What it does in this mode; `None`: nothing.
    #[must_use]
    pub fn what(&self, mode: Mode) -> Option<&'static str> {
        match (mode, self.live) {
            (Mode::Playground, _) | (Mode::Live, Live::Same) => Some(self.what),
            (Mode::Live, Live::As(what)) => Some(what),
            (Mode::Live, Live::Not) => None,
        }
    }

    /// Its keys as they are printed.
    pub fn caps(&self) -> Html {
        if !self.printed.is_empty() {
            return html! { <kbd>{ self.printed }</kbd> };
        }
        let mut names: Vec<Html> = Vec::new();
        for (name, _) in self.keys {
            names.push(html! { <kbd>{ printed(name) }</kbd> });
        }
        html! { <>{ for names }</> }
    }
}

fn rows() -> impl Iterator<Item = &'static Row> {
    KEYS.iter().flat_map(|(_, rows)| rows.iter())
}

/// What the key of this name asks for, in this mode.
#[must_use]
pub fn asked(name: &str, mode: Mode) -> Option<Does> {
    let rows = rows().filter(|row| row.what(mode).is_some());
    let mut keys = rows.flat_map(|row| row.keys.iter());
    keys.find(|(key, _)| *key == name).map(|(_, does)| *does)
}

/// The name of the first key that asks for it, as the browser's `aria-keyshortcuts` wants it;
/// empty where single characters are switched off.
#[must_use]
pub fn name(does: Does) -> &'static str {
    let mut keys = rows().flat_map(|row| row.keys.iter());
    let found = keys.find(|(_, other)| *other == does);
    let name = found.map_or("", |(name, _)| *name);
    if is_single(name) && !LETTERS.get() {
        return "";
    }
    name
}

/// A tooltip: what a button does, with its key.
#[must_use]
pub fn tip(text: &str, does: Does) -> String {
    match name(does) {
        "" => text.to_string(),
        name => format!("{text} ({})", printed(name)),
    }
}

/// The key of a button, beside what it says.
pub fn cap(does: Option<Does>) -> Html {
    match does.map(name) {
        None | Some("") => html! {},
        Some(name) => html! { <kbd>{ printed(name) }</kbd> },
    }
}

fn printed(name: &str) -> String {
    match name {
        "Escape" => "Esc".to_string(),
        "PageUp" => "Page up".to_string(),
        "PageDown" => "Page down".to_string(),
        _ => name.replace('+', " "),
    }
}

/// Whether a key is one that people with a slip of the finger, or who speak to their computer,
/// may want to switch off: a single printable character, with Shift or without.
#[must_use]
pub fn is_single(name: &str) -> bool {
    let name = name.strip_prefix("Shift+").unwrap_or(name);
    name.chars().count() == 1
}

thread_local! {
    /// Whether single characters are keys: what tooltips print depends on it.
    static LETTERS: Cell<bool> = const { Cell::new(true) };
}

/// Says whether single characters are keys, for what is drawn from now on.
pub fn print_letters(on: bool) {
    LETTERS.set(on);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_asks_for_two_things() {
        let mut names: Vec<&str> = rows()
            .flat_map(|row| row.keys.iter().map(|(name, _)| *name))
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn tooltips_print_what_the_table_says() {
        assert_eq!(tip("Back one event", Does::Back), "Back one event (,)");
        assert_eq!(tip("Both", Does::CutBoth), "Both (Shift C)");
        print_letters(false);
        assert_eq!(tip("Crash", Does::Crash), "Crash");
        assert_eq!(tip("Start", Does::Start), "Start (Home)");
    }

    #[test]
    fn what_no_real_cluster_can_do_is_no_key_there() {
        assert_eq!(asked("D", Mode::Playground), Some(Does::Drop));
        assert_eq!(asked("D", Mode::Live), None);
        assert_eq!(asked("X", Mode::Live), Some(Does::Crash));
    }
}
