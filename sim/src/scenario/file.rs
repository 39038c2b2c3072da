//! What a scenario file holds, and whether it makes sense (playground plan, 6.2).
//!
//! The file is JSON and holds data only. Reading it checks everything that can be checked without
//! running it, and says for each mistake the file, the step and what to do.

use super::command::Order;
use super::expression::Expression;
use crate::setup::Setup;
use raftwerk_core::Span;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A scenario file as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its name, which is also that of the file.
    pub id: String,
    /// 1 (the happy path) to 6 (changing the cluster).
    pub level: u8,
    /// Sections of the paper ("P5.2") and the thesis ("T3.4") that it shows.
    pub sections: Vec<String>,
    /// Where every random number comes from.
    #[serde(default = "one")]
    pub seed: u64,
    /// Nodes S1 to Sn.
    pub nodes: u64,
    /// So many of them are no members at first: the last ones.
    #[serde(default)]
    pub newcomers: u64,
    /// So many of the others learn at first, the last ones; the rest vote.
    #[serde(default)]
    pub learners: u64,
    /// The leader keeps so many voters by itself: 3, 5 or 7.
    #[serde(default)]
    pub autopilot: Option<u64>,
    /// Clients C1 to Cn.
    #[serde(default)]
    pub clients: u64,
    /// How long things take.
    #[serde(default)]
    pub times: Times,
    /// Optional rules that differ from the default: `pre_vote`, `check_quorum`, `stickiness`,
    /// `snapshots`.
    #[serde(default)]
    pub switches: BTreeMap<String, bool>,
    /// Limits of the core that differ from the default.
    #[serde(default)]
    pub limits: BTreeMap<String, u64>,
    /// Panels that the playground opens.
    #[serde(default)]
    pub panels: Vec<String>,
    /// Texts by language and key; `title` must be there. English must be there.
    pub words: BTreeMap<String, BTreeMap<String, String>>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

fn one() -> u64 {
    1
}

/// How long things take, milliseconds: shortest and longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Times {
    /// A message.
    pub delay: (u64, u64),
    /// A write with its sync.
    pub sync: (u64, u64),
    /// Election timeout.
    pub election: (u64, u64),
    /// Heartbeat.
    pub heartbeat: u64,
    /// A client asks another node after this long.
    pub patience: u64,
    /// A client gives up after this long.
    pub give_up: u64,
}

impl Default for Times {
    fn default() -> Times {
        Times {
            delay: (10, 20),
            sync: (1, 3),
            election: (150, 300),
            heartbeat: 50,
            patience: 600,
            give_up: 5_000,
        }
    }
}

/// One step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// A name, for `ask`.
    pub id: Option<String>,
    /// When it comes; see [`When`]. At once, if it is left out.
    pub when: Option<String>,
    /// It must come within this many milliseconds of the step before.
    pub within: Option<u64>,
    /// Commands, carried out when it comes (`scenario::command`).
    #[serde(rename = "do")]
    pub orders: Vec<String>,
    /// Key of what is said; `{S1.term}` in the text quotes a live value.
    pub say: Option<String>,
    /// What is pointed at: `S1`, `S1->S2`, `log S1 3`.
    pub focus: Option<String>,
    /// A question to the reader.
    pub ask: Option<Ask>,
    /// What must hold after the commands.
    pub expect: Vec<String>,
    /// A branch that leaves here, played to its end; then the story goes on from here.
    pub fork: Option<Fork>,
}

/// A question to the reader.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Key of the question.
    pub question: String,
    /// Answers to choose from.
    pub choices: Vec<Choice>,
    /// The step after which the run itself says which one is right.
    pub answer_at: String,
}

/// One answer to choose.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Key of its text.
    pub text: String,
    /// True of the run exactly if this is the answer.
    pub right: String,
}

/// A branch.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fork {
    /// Its name.
    pub name: String,
    /// What happens on it.
    pub steps: Vec<Step>,
}

/// When a step comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// At once.
    Now,
    /// `at 500`: at this time, milliseconds.
    At(u64),
    /// `after 100`: so long after the step before, milliseconds.
    After(u64),
    /// `event RefusedVote 2 LogBehind`: when this is told: kind, node (or `*`), a text in it.
    Event(String, Option<u64>, String),
    /// `user`: when the reader goes on. A headless run does not wait.
    User,
    /// Anything else: as soon as it is true.
    Holds(Expression),
}

impl When {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<When, String> {
        let number = |text: &str| {
            let wrong = format!("{text:?} is no number of milliseconds");
            text.trim().parse().map_err(|_| wrong)
        };
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        match verb {
            "at" => number(rest).map(When::At),
            "after" => number(rest).map(When::After),
            "user" => Ok(When::User),
            "event" => {
                let mut words = rest.splitn(3, ' ');
                let kind = words.next().unwrap_or_default().to_string();
                let node = words.next().and_then(|node| node.parse().ok());
                Ok(When::Event(
                    kind,
                    node,
                    words.next().unwrap_or_default().to_string(),
                ))
            }
            _ => Expression::parse(text).map(When::Holds),
        }
    }
}

impl File {
    /// Reads a scenario and checks it. `name` is the file's name, for messages.
    ///
    /// # Errors
    /// Everything that is wrong, one sentence each, with the file and the step.
    pub fn read(name: &str, text: &str) -> Result<File, Vec<String>> {
        let file: File = serde_json::from_str(text).map_err(|why| {
            vec![format!(
                "{name}: {why}. See docs/scenarios.md for the format"
            )]
        })?;
        let mut wrong = Vec::new();
        if name.strip_suffix(".json").unwrap_or(name) != file.id {
            wrong.push(format!(
                "{name}: its id is {:?}; name the file after it",
                file.id
            ));
        }
        if let Err(why) = file.setup() {
            wrong.extend(why.iter().map(|why| format!("{name}: {why}")));
        }
        if !(1..=6).contains(&file.level) {
            wrong.push(format!(
                "{name}: level {}; levels go from 1 to 6",
                file.level
            ));
        }
        let Some(english) = file.words.get("en") else {
            wrong.push(format!("{name}: there are no words in \"en\""));
            return Err(wrong);
        };
        if !english.contains_key("title") {
            wrong.push(format!("{name}: the words have no \"title\""));
        }
        let mut check = Check {
            name,
            words: english,
            used: vec!["title"],
            wrong: &mut wrong,
        };
        check.steps("step", &file.steps);
        let used = std::mem::take(&mut check.used);
        for key in english.keys().filter(|key| !used.contains(&key.as_str())) {
            wrong.push(format!(
                "{name}: nothing says the words {key:?}; use or remove them"
            ));
        }
        if wrong.is_empty() {
            Ok(file)
        } else {
            Err(wrong)
        }
    }

    /// Reads a scenario that was checked before, as those are that a page brings along.
    ///
    /// # Errors
    /// It is none.
    pub fn trusted(text: &str) -> Result<File, String> {
        serde_json::from_str(text).map_err(|why| why.to_string())
    }

    /// What its world is told at birth.
    ///
    /// # Errors
    /// Everything in it that no world can have.
    pub fn setup(&self) -> Result<Setup, Vec<String>> {
        let mut setup = Setup::playground(self.nodes, self.seed);
        let mut wrong = Vec::new();
        (setup.nodes, setup.clients) = (self.nodes, self.clients);
        setup = setup.with_autopilot(self.autopilot);
        (setup.learners, setup.newcomers) = (self.learners, self.newcomers);
        let ms = |ms: u64| ms.saturating_mul(1_000);
        let times = &self.times;
        let network = &mut setup.network;
        (network.delay_min, network.delay_max) = (ms(times.delay.0), ms(times.delay.1));
        (setup.disk.sync_min, setup.disk.sync_max) = (ms(times.sync.0), ms(times.sync.1));
        setup.timing.election_min = Span(ms(times.election.0));
        setup.timing.election_max = Span(ms(times.election.1));
        setup.timing.heartbeat = Span(ms(times.heartbeat));
        setup.timing.transfer_limit = Span(ms(times.election.1));
        setup.patience.attempt = ms(times.patience);
        setup.patience.operation = ms(times.give_up);
        for (switch, on) in &self.switches {
            let place = match switch.as_str() {
                "pre_vote" => &mut setup.switches.pre_vote,
                "check_quorum" => &mut setup.switches.check_quorum,
                "stickiness" => &mut setup.switches.stickiness,
                "snapshots" => &mut setup.switches.snapshots,
                "lease_reads" => &mut setup.switches.lease_reads,
                "quorum_reads" => &mut setup.switches.quorum_reads,
                other => {
                    wrong.push(format!("there is no switch {other:?}"));
                    continue;
                }
            };
            *place = *on;
        }
        for (limit, value) in &self.limits {
            let limits = &mut setup.limits;
            match limit.as_str() {
                "append_bytes" => limits.append_bytes = *value,
                "window_messages" => limits.window_messages = *value as usize,
                "uncommitted_bytes" => limits.uncommitted_bytes = *value,
                "snapshot_entries" => limits.snapshot_entries = *value,
                "retained_entries" => limits.retained_entries = *value,
                other => wrong.push(format!("there is no limit {other:?}")),
            }
        }
        wrong.extend(setup.validate().err().unwrap_or_default());
        if wrong.is_empty() {
            Ok(setup)
        } else {
            Err(wrong)
        }
    }

    /// The words of a key: in a language, else in English.
    #[must_use]
    pub fn text<'a>(&'a self, language: &str, key: &str) -> Option<&'a str> {
        let languages = [language, "en"];
        let mut found = languages
            .iter()
            .filter_map(|one| self.words.get(*one)?.get(key));
        found.next().map(String::as_str)
    }
}

/// Pieces of a text: plain, and live values in braces.
///
/// # Errors
/// What is wrong with a live value.
pub fn pieces(text: &str) -> Result<Vec<(&str, Option<Expression>)>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('{') {
        let (inside, after) = after.split_once('}').ok_or("a brace is not closed")?;
        pieces.push((plain, Some(Expression::parse(inside)?)));
        rest = after;
    }
    pieces.push((rest, None));
    Ok(pieces)
}

struct Check<'a, 'w> {
    name: &'a str,
    words: &'a BTreeMap<String, String>,
    used: Vec<&'a str>,
    wrong: &'w mut Vec<String>,
}

impl<'a> Check<'a, '_> {
    fn steps(&mut self, place: &str, steps: &'a [Step]) {
        if steps.is_empty() {
            self.wrong
                .push(format!("{}: {place}s are missing", self.name));
        }
        for (at, step) in steps.iter().enumerate() {
            let place = format!("{place} {}", at + 1);
            self.step(&place, step, steps);
            if let Some(fork) = &step.fork {
                self.steps(&format!("{place}, fork {:?}, step", fork.name), &fork.steps);
            }
        }
    }

    fn step(&mut self, place: &str, step: &'a Step, among: &[Step]) {
        self.note(
            place,
            step.when
                .as_deref()
                .map_or(Ok(()), |when| When::parse(when).map(drop)),
        );
        for order in &step.orders {
            self.note(place, Order::parse(order).map(drop));
        }
        for expect in &step.expect {
            self.note(place, Expression::parse(expect).map(drop));
        }
        if let Some(say) = &step.say {
            self.say(place, say);
        }
        let Some(ask) = &step.ask else { return };
        self.say(place, &ask.question);
        for choice in &ask.choices {
            self.say(place, &choice.text);
            self.note(place, Expression::parse(&choice.right).map(drop));
        }
        if !among
            .iter()
            .any(|step| step.id.as_deref() == Some(&ask.answer_at))
        {
            let why = format!("no step here has the id {:?}", ask.answer_at);
            self.note(place, Err(why));
        }
    }

    fn say(&mut self, place: &str, key: &'a str) {
        self.used.push(key);
        match self.words.get(key) {
            Some(text) => self.note(place, pieces(text).map(drop)),
            None => self.note(place, Err(format!("there are no words {key:?} in \"en\""))),
        }
    }

    fn note(&mut self, place: &str, result: Result<(), String>) {
        if let Err(why) = result {
            self.wrong.push(format!("{}, {place}: {why}", self.name));
        }
    }
}
