//! Questions about a run, in one line: what `when`, `expect` and `ask` of a scenario hold.
//!
//! `S1.role = 'leader' and S2.commit >= 3`, `count(RefusedVote, 2, 'LogBehind') > 0`,
//! `not C1.waiting or leader = 3`. Everything comes from the picture every screen is drawn from
//! (`wire::view`) and from the trace; nothing is computed that a node did not say.

mod read;

use super::command::Pattern;
use super::told::Told;
use raftwerk_core::trace::Role;
use raftwerk_wire::view::{ClusterView, NodeCard, NodeCondition, NodeView};
use std::fmt;

/// A question, ready to be asked again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// Either.
    Or(Box<Expression>, Box<Expression>),
    /// Both.
    And(Box<Expression>, Box<Expression>),
    /// The contrary.
    Not(Box<Expression>),
    /// Two values side by side.
    Compare(Box<Expression>, Sign, Box<Expression>),
    /// A value.
    Value(Value),
    /// What the run says: names with their arguments, left to right.
    Path(Vec<Part>),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// `=`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u64),
    /// A text.
    Text(String),
    /// Yes or no.
    Truth(bool),
    /// There is no such thing now.
    None,
}

/// One name of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    name: String,
    arguments: Vec<String>,
}

/// What is asked about: a picture and what was told before.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The cluster now.
    pub view: &'a ClusterView,
    /// All events so far.
    pub told: &'a Told,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(number) => write!(f, "{number}"),
            Value::Text(text) => f.write_str(text),
            Value::Truth(truth) => write!(f, "{truth}"),
            Value::None => f.write_str("none"),
        }
    }
}

/// Names, as messages tell them and as they are looked up.
const NODE: &str = "role, term, vote, leader, commit, applied, last, last_term, first, durable, \
    disk_term, disk_vote, writing, up, condition, yes, revision, keys, voters, learners, snapshot, \
    fenced, entry(3), key(x), peer(2)";
const PEER: &str = "next, match, pace, in_flight";
const CLIENT: &str = "waiting, done, outcome, answer";
const ROOTS: &str = "S1, C1, least.commit, most.commit, leader, committed, violation, count(Kind, 1, 'text'), \
    flying('Append 1->2'), none, true, false";

impl Expression {
    /// Asks a yes-or-no question.
    ///
    /// # Errors
    /// The question is not one, or compares what cannot be compared.
    pub fn holds(&self, facts: Facts) -> Result<bool, String> {
        match self.value(facts)? {
            Value::Truth(truth) => Ok(truth),
            other => Err(format!("it says {other}, which is neither true nor false")),
        }
    }

    /// Asks for a value.
    ///
    /// # Errors
    /// It compares what cannot be compared, or names what this world does not have.
    pub fn value(&self, facts: Facts) -> Result<Value, String> {
        Ok(match self {
            Expression::Or(one, other) => Value::Truth(one.holds(facts)? || other.holds(facts)?),
            Expression::And(one, other) => Value::Truth(one.holds(facts)? && other.holds(facts)?),
            Expression::Not(one) => Value::Truth(!one.holds(facts)?),
            Expression::Compare(one, sign, other) => {
                Value::Truth(compare(&one.value(facts)?, *sign, &other.value(facts)?)?)
            }
            Expression::Value(value) => value.clone(),
            Expression::Path(parts) => look(parts, facts)?,
        })
    }
}

impl Expression {
    /// What each value in it says now, for somebody who expected something else.
    #[must_use]
    pub fn sides(&self, facts: Facts) -> Vec<String> {
        match self {
            Expression::Or(one, other) | Expression::And(one, other) => {
                [one.sides(facts), other.sides(facts)].concat()
            }
            Expression::Not(one) => one.sides(facts),
            Expression::Compare(one, _, other) => [one.sides(facts), other.sides(facts)].concat(),
            Expression::Value(_) => Vec::new(),
            Expression::Path(parts) => {
                let names: Vec<String> = parts.iter().map(Part::to_string).collect();
                let said = self
                    .value(facts)
                    .map_or_else(|why| why, |said| said.to_string());
                vec![format!("{} is {said}", names.join("."))]
            }
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.arguments.is_empty() {
            true => f.write_str(&self.name),
            false => write!(f, "{}({})", self.name, self.arguments.join(", ")),
        }
    }
}

fn compare(one: &Value, sign: Sign, other: &Value) -> Result<bool, String> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => Ok(match sign {
            Sign::Equal => one == other,
            Sign::Unequal => one != other,
            Sign::Less => one < other,
            Sign::AtMost => one <= other,
            Sign::More => one > other,
            Sign::AtLeast => one >= other,
        }),
        (one, other) => {
            let same_kind = std::mem::discriminant(one) == std::mem::discriminant(other);
            let comparable = same_kind || *one == Value::None || *other == Value::None;
            match sign {
                Sign::Equal if comparable => Ok(one == other),
                Sign::Unequal if comparable => Ok(one != other),
                // What is not there is neither less nor more.
                _ if comparable && !same_kind => Ok(false),
                _ => Err(format!("{one} cannot be compared with {other} like this")),
            }
        }
    }
}

// ---------------------------------------------------------------------- looking

fn maybe(number: Option<u64>) -> Value {
    number.map_or(Value::None, Value::Number)
}

fn count(number: usize) -> Value {
    Value::Number(number as u64)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_string())
}

fn list(nodes: &[u64]) -> Value {
    let words: Vec<String> = nodes.iter().map(u64::to_string).collect();
    Value::Text(words.join(" "))
}

/// `S` or `C` and a number.
fn numbered(name: &str, letter: char) -> Option<u64> {
    name.strip_prefix(letter)?.parse().ok()
}

fn look(parts: &[Part], facts: Facts) -> Result<Value, String> {
    let [first, rest @ ..] = parts else {
        return Ok(Value::None);
    };
    let view = facts.view;
    if let Some(id) = numbered(&first.name, 'S') {
        let card = view.nodes.iter().find(|card| card.id == id);
        let card = card.ok_or_else(|| format!("there is no S{id}"))?;
        return node(card, rest);
    }
    if let Some(id) = numbered(&first.name, 'C') {
        return client(view, id, rest);
    }
    Ok(match first.name.as_str() {
        "least" | "most" => return extreme(view, first.name == "least", rest),
        "leader" => maybe(leader(view)),
        "committed" => Value::Number(view.committed),
        "violation" => match &view.violation {
            Some(violation) => text(&violation.check),
            None => Value::None,
        },
        "count" => {
            let mut arguments = first.arguments.iter().map(String::as_str);
            let kind = arguments.next().unwrap_or("*");
            let node = arguments.next().and_then(|node| node.parse().ok());
            Value::Number(facts.told.count(kind, node, arguments.next().unwrap_or("")))
        }
        "flying" => {
            let pattern = Pattern::read(first.arguments.first().map_or("any *->*", |text| text))?;
            let fits = |flight: &&raftwerk_wire::view::Flight| {
                pattern.fits(&flight.content.kind, flight.from, flight.to)
            };
            count(view.flights.iter().filter(fits).count())
        }
        other => return Err(format!("there is no {other:?} here; known: {ROOTS}")),
    })
}

/// The least or the most of a number over the nodes that run.
fn extreme(view: &ClusterView, least: bool, rest: &[Part]) -> Result<Value, String> {
    let running = view
        .nodes
        .iter()
        .filter(|card| card.condition == NodeCondition::Up);
    let mut numbers = Vec::new();
    for card in running {
        match node(card, rest)? {
            Value::Number(number) => numbers.push(number),
            other => return Err(format!("{other} of S{} is no number", card.id)),
        }
    }
    Ok(maybe(match least {
        true => numbers.into_iter().min(),
        false => numbers.into_iter().max(),
    }))
}

/// The running leader with the highest term.
fn leader(view: &ClusterView) -> Option<u64> {
    let running = |card: &&NodeCard| card.condition == NodeCondition::Up;
    let views = view.nodes.iter().filter(running);
    let leads = views
        .filter_map(|card| card.view.as_ref())
        .filter(|view| view.role == Role::Leader);
    leads.max_by_key(|view| view.term).map(|view| view.id)
}

fn node(card: &NodeCard, rest: &[Part]) -> Result<Value, String> {
    let view = card.view.as_ref().ok_or("nothing is known of it")?;
    let Some((field, rest)) = rest.split_first() else {
        return Err(format!("say what of it: {NODE}"));
    };
    let argument = || field.arguments.first().map_or("", String::as_str);
    Ok(match field.name.as_str() {
        "up" => Value::Truth(card.condition == NodeCondition::Up),
        "condition" => text(match card.condition {
            NodeCondition::Up => "up",
            NodeCondition::Crashed => "crashed",
            NodeCondition::Frozen => "frozen",
            NodeCondition::Unknown => "unknown",
        }),
        "role" => text(match view.role {
            Role::Follower => "follower",
            Role::PreCandidate => "pre-candidate",
            Role::Candidate => "candidate",
            Role::Leader => "leader",
        }),
        "entry" => {
            let index: u64 = argument().parse().map_err(|_| "entry needs a number")?;
            let mut entries = view.log.entries.iter();
            maybe(
                entries
                    .find(|entry| entry.index == index)
                    .map(|entry| entry.term),
            )
        }
        "key" => {
            let mut items = view.store.items.iter();
            let item = items.find(|item| item.key == argument());
            item.map_or(Value::None, |item| text(&item.value))
        }
        "peer" => return peer(view, argument(), rest),
        "yes" => count(
            view.votes
                .iter()
                .filter(|vote| vote.granted == Some(true))
                .count(),
        ),
        "voters" => list(&view.voters),
        "learners" => list(&view.learners),
        "fenced" => view.fenced.as_deref().map_or(Value::None, text),
        name => number(view, name).ok_or_else(|| format!("it has no {name:?}; known: {NODE}"))?,
    })
}

fn number(view: &NodeView, name: &str) -> Option<Value> {
    Some(match name {
        "term" => Value::Number(view.term),
        "vote" => maybe(view.vote),
        "leader" => maybe(view.leader),
        "commit" => Value::Number(view.commit),
        "applied" => Value::Number(view.applied),
        "last" => Value::Number(view.log.last),
        "last_term" => Value::Number(view.log.last_term),
        "first" => Value::Number(view.first),
        "durable" => Value::Number(view.disk.durable),
        "disk_term" => Value::Number(view.disk.term),
        "disk_vote" => maybe(view.disk.vote),
        "writing" => count(view.disk.writing),
        "revision" => Value::Number(view.store.revision),
        "keys" => count(view.store.keys),
        "snapshot" => maybe(view.snapshot.as_ref().map(|snapshot| snapshot.last)),
        _ => return None,
    })
}

fn peer(view: &NodeView, id: &str, rest: &[Part]) -> Result<Value, String> {
    let peer = view.peers.iter().find(|peer| peer.id.to_string() == id);
    let (Some(peer), Some(field)) = (peer, rest.first()) else {
        return Ok(Value::None);
    };
    Ok(match field.name.as_str() {
        "next" => Value::Number(peer.next),
        "match" => Value::Number(peer.matched),
        "in_flight" => count(peer.in_flight),
        "pace" => text(&format!("{:?}", peer.pace).to_lowercase()),
        name => return Err(format!("a peer has no {name:?}; known: {PEER}")),
    })
}

fn client(view: &ClusterView, id: u64, rest: &[Part]) -> Result<Value, String> {
    let client = view.clients.iter().find(|client| client.id == id);
    let client = client.ok_or_else(|| format!("there is no C{id}"))?;
    let last = client.done.last();
    let field = rest.first().map_or("", |part| part.name.as_str());
    Ok(match field {
        "waiting" => Value::Truth(client.current.is_some()),
        "done" => count(client.done.len()),
        "outcome" => last
            .and_then(|last| last.outcome.as_deref())
            .map_or(Value::None, text),
        "answer" => last
            .and_then(|last| last.answer.as_deref())
            .map_or(Value::None, text),
        name => return Err(format!("a client has no {name:?}; known: {CLIENT}")),
    })
}
