//! Interventions as text: what a scenario's `do` holds and a person may type.
//!
//! Every [`Intervention`] has one text, and its text reads back as the same intervention. Numbers
//! of messages are hard to foresee, so an [`Order`] may also name messages by kind and link
//! (`drop Append 1->2`), for those on the way now or, with `always`, for all that come.

mod op;
mod show;

use crate::intervention::{Intervention, Op};
pub use show::Line;
use std::fmt;

/// Messages by kind and link.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// Kind, such as `Append`; `None`: any.
    pub kind: Option<String>,
    /// Sender; `None`: any node.
    pub from: Option<u64>,
    /// Receiver; `None`: any node.
    pub to: Option<u64>,
}

/// What is done to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// It is lost.
    Drop,
    /// It arrives now.
    Deliver,
    /// It is doubled.
    Double,
    /// It stays on the way.
    Hold,
    /// It goes on.
    Release,
}

/// One line of text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// An intervention.
    Act(Intervention),
    /// The same to every matching message that is on the way now, oldest first.
    Each(Verb, Pattern),
    /// The same to the oldest matching message that is on the way now.
    Next(Verb, Pattern),
    /// The same to every matching message, from now on.
    Always(Verb, Pattern),
    /// Ends everything that `always` began.
    Never,
    /// An intervention that must be refused, and changes nothing.
    Refused(Intervention),
}

/// One line for each command, for messages and pages.
pub const COMMANDS: &[&str] = &[
    "crash 1",
    "restart 1",
    "freeze 1",
    "thaw 1",
    "time-out 1",
    "beat 1",
    "write 1",
    "stall 1",
    "resume 1",
    "isolate 1",
    "reconnect 1",
    "cut 1->2",
    "restore 1->2",
    "clog 1->2",
    "unclog 1->2",
    "partition 1 2 | 3 4 5",
    "heal",
    "cut-off 1 2",
    "rejoin 1 2",
    "fail-disk 1",
    "mend-disk 1",
    "fill-disk 1 500",
    "free-disk 1",
    "wipe 1",
    "rot 1 0",
    "misdirect 1 3",
    "lose-write 1",
    "rot-vote 1",
    "rot-snapshot 1",
    "clock-rate 1 900000",
    "clock-ahead 1 250000",
    "calm",
    "calm-but-gone",
    "transfer 1",
    "transfer 1 to 2",
    "members 1: 1 2 3",
    "members 1: 1 2 3 learners 4",
    "ask 1 at 2: put x=1",
    "ask 1 at 2: put x=1 if =0",
    "ask 1 at 2: put x=1 if absent",
    "ask 1 at 2: delete x",
    "ask 1 at 2: get x",
    "ask 1 at 2: get x stale",
    "drop #7",
    "deliver #7",
    "double #7",
    "hold #7",
    "release #7",
    "drop Append 1->2",
    "next drop Append 1->*",
    "always hold any *->3",
    "always nothing",
    "refused members 1: 1 2",
];

impl Verb {
    const ALL: [(Verb, &'static str); 5] = [
        (Verb::Drop, "drop"),
        (Verb::Deliver, "deliver"),
        (Verb::Double, "double"),
        (Verb::Hold, "hold"),
        (Verb::Release, "release"),
    ];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Verb::ALL.iter().find(|(verb, _)| *verb == self);
        found.map_or("", |(_, name)| name)
    }

    fn parse(word: &str) -> Option<Verb> {
        let found = Verb::ALL.iter().find(|(_, name)| *name == word);
        found.map(|(verb, _)| *verb)
    }

    /// As an intervention on one message.
    #[must_use]
    pub fn on(self, id: u64) -> Intervention {
        match self {
            Verb::Drop => Intervention::Drop(id),
            Verb::Deliver => Intervention::Deliver(id),
            Verb::Double => Intervention::Duplicate(id),
            Verb::Hold => Intervention::Hold(id),
            Verb::Release => Intervention::Release(id),
        }
    }
}

impl Pattern {
    /// Whether a message is meant.
    #[must_use]
    pub fn fits(&self, kind: &str, from: u64, to: u64) -> bool {
        self.kind.as_ref().is_none_or(|wanted| wanted == kind)
            && self.from.is_none_or(|wanted| wanted == from)
            && self.to.is_none_or(|wanted| wanted == to)
    }

    /// Reads a kind and a link: `Append 1->2`, `any *->3`.
    ///
    /// # Errors
    /// What it should look like.
    pub fn read(text: &str) -> Result<Pattern, String> {
        let (kind, link) = text.trim().split_once(' ').ok_or("write Append 1->2")?;
        Pattern::parse(kind, link.trim())
    }

    fn parse(kind: &str, link: &str) -> Result<Pattern, String> {
        let (from, to) = link
            .split_once("->")
            .ok_or_else(|| format!("{link:?} is no link; write 1->2, or * for any node"))?;
        let end = |text: &str| match text {
            "*" => Ok(None),
            text => number(text).map(Some),
        };
        Ok(Pattern {
            kind: (kind != "any").then(|| kind.to_string()),
            from: end(from)?,
            to: end(to)?,
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |node: Option<u64>| node.map_or("*".to_string(), |node| node.to_string());
        let kind = self.kind.as_deref().unwrap_or("any");
        write!(f, "{kind} {}->{}", end(self.from), end(self.to))
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is no number; nodes and clients are named 1, 2, 3"))
}

fn numbers<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Vec<u64>, String> {
    words.into_iter().map(number).collect()
}

impl Order {
    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it and what it should look like.
    pub fn parse(line: &str) -> Result<Order, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let fail = |why: String| format!("{line:?}: {why}");
        match words.as_slice() {
            ["always", "nothing"] => Ok(Order::Never),
            ["refused", ..] => {
                let (_, what) = line.trim().split_at("refused".len());
                Intervention::parse(what).map(Order::Refused)
            }
            ["always", verb, kind, link] => pattern(verb, kind, link)
                .map(|(verb, pattern)| Order::Always(verb, pattern))
                .map_err(fail),
            ["next", verb, kind, link] => pattern(verb, kind, link)
                .map(|(verb, pattern)| Order::Next(verb, pattern))
                .map_err(fail),
            [verb, kind, link] if Verb::parse(verb).is_some() => pattern(verb, kind, link)
                .map(|(verb, pattern)| Order::Each(verb, pattern))
                .map_err(fail),
            _ => Intervention::parse(line).map(Order::Act),
        }
    }
}

fn pattern(verb: &str, kind: &str, link: &str) -> Result<(Verb, Pattern), String> {
    let known = "write drop, deliver, double, hold or release";
    let verb =
        Verb::parse(verb).ok_or_else(|| format!("{verb:?} is done to no message; {known}"))?;
    Ok((verb, Pattern::parse(kind, link)?))
}

impl Intervention {
    /// Reads its text ([`COMMANDS`]).
    ///
    /// # Errors
    /// What is wrong with it and what it should look like.
    pub fn parse(line: &str) -> Result<Intervention, String> {
        let (verb, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let rest = rest.trim();
        let parsed = match verb {
            "cut" => link(rest).map(|(from, to)| Intervention::Cut { from, to }),
            "restore" => link(rest).map(|(from, to)| Intervention::Restore { from, to }),
            "clog" => link(rest).map(|(from, to)| Intervention::Clog { from, to }),
            "unclog" => link(rest).map(|(from, to)| Intervention::Unclog { from, to }),
            "partition" => rest
                .split('|')
                .map(|group| numbers(group.split_whitespace()))
                .collect::<Result<_, _>>()
                .map(Intervention::Partition),
            "cut-off" => numbers(rest.split_whitespace()).map(Intervention::CutOff),
            "rejoin" => numbers(rest.split_whitespace()).map(Intervention::Rejoin),
            "calm" if rest.is_empty() => Ok(Intervention::Calm),
            "calm-but-gone" if rest.is_empty() => Ok(Intervention::CalmButGone),
            "heal" if rest.is_empty() => Ok(Intervention::Heal),
            "transfer" => transfer(rest),
            "members" => members(rest),
            "ask" => ask(rest),
            "clock-rate" => pair(rest).map(|(node, rate)| {
                let rate = u32::try_from(rate).unwrap_or(u32::MAX);
                Intervention::RunClock { node, rate }
            }),
            "fill-disk" => pair(rest).map(|(node, left)| Intervention::FillDisk { node, left }),
            "rot" => pair(rest).map(|(node, before)| Intervention::Rot { node, before }),
            "misdirect" => {
                pair(rest).map(|(node, before)| Intervention::Misdirect { node, before })
            }
            "clock-ahead" => pair(rest).map(|(node, by)| Intervention::JumpClock { node, by }),
            verb if Verb::parse(verb).is_some() => message(rest).map(|id| {
                let verb = Verb::parse(verb).unwrap_or(Verb::Deliver);
                verb.on(id)
            }),
            verb => one_node(verb, rest),
        };
        parsed.map_err(|why| format!("{line:?}: {why}"))
    }
}

fn one_node(verb: &str, rest: &str) -> Result<Intervention, String> {
    let make = match verb {
        "crash" => Intervention::Crash,
        "restart" => Intervention::Restart,
        "freeze" => Intervention::Freeze,
        "thaw" => Intervention::Thaw,
        "time-out" => Intervention::TimeOut,
        "beat" => Intervention::Beat,
        "write" => Intervention::CompleteWrite,
        "stall" => Intervention::StallDisk,
        "resume" => Intervention::ResumeDisk,
        "fail-disk" => Intervention::FailDisk,
        "mend-disk" => Intervention::MendDisk,
        "free-disk" => Intervention::FreeDisk,
        "wipe" => Intervention::Wipe,
        "lose-write" => Intervention::LoseWrite,
        "rot-vote" => Intervention::RotVote,
        "rot-snapshot" => Intervention::RotSnapshot,
        "isolate" => Intervention::Isolate,
        "reconnect" => Intervention::Reconnect,
        _ => {
            return Err(format!(
                "there is no such command; known: {}",
                COMMANDS.join(", ")
            ));
        }
    };
    number(rest).map(make)
}

/// A node and a number.
fn pair(text: &str) -> Result<(u64, u64), String> {
    let wrong = "write the node and a number, clock-rate 1 900000";
    let (node, amount) = text.split_once(' ').ok_or(wrong)?;
    Ok((number(node)?, number(amount.trim())?))
}

fn link(text: &str) -> Result<(u64, u64), String> {
    let (from, to) = text.split_once("->").ok_or("a direction is written 1->2")?;
    Ok((number(from.trim())?, number(to.trim())?))
}

fn message(text: &str) -> Result<u64, String> {
    let digits = text
        .strip_prefix('#')
        .ok_or("a message is named by its number, #7, or by kind and link, Append 1->2")?;
    number(digits)
}

fn transfer(text: &str) -> Result<Intervention, String> {
    let (node, to) = match text.split_once(" to ") {
        Some((node, to)) => (node, Some(number(to.trim())?)),
        None => (text, None),
    };
    let node = number(node.trim())?;
    Ok(Intervention::Transfer { node, to })
}

fn members(text: &str) -> Result<Intervention, String> {
    let (node, lists) = text
        .split_once(':')
        .ok_or("write members 1: 1 2 3, or members 1: 1 2 learners 3")?;
    let (voters, learners) = lists.split_once("learners").unwrap_or((lists, ""));
    Ok(Intervention::Reconfigure {
        node: number(node.trim())?,
        voters: numbers(voters.split_whitespace())?,
        learners: numbers(learners.split_whitespace())?,
    })
}

fn ask(text: &str) -> Result<Intervention, String> {
    let wrong = "write ask 1 at 2: put x=1";
    let (who, what) = text.split_once(':').ok_or(wrong)?;
    let (client, node) = who.split_once(" at ").ok_or(wrong)?;
    Ok(Intervention::Ask {
        client: number(client.trim())?,
        node: number(node.trim())?,
        op: Op::parse(what)?,
    })
}
