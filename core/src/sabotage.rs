//! Switches that take one rule away each, to prove that the tests would notice.
//!
//! A simulator that never fails proves nothing. Behind the cargo feature `sabotage` (which no
//! server has; [`SABOTAGE`] says so at compile time) `Config::sabotage` names one rule that this
//! node does not keep, and some check must catch it. Each switch stands where its rule stands, as
//! `self.rule(Rule::...)`; without the feature that is the constant `true` and costs nothing.

mod rules;

use crate::config::Config;
use crate::membership::Members;
use crate::raft::Raft;
use crate::types::NodeId;
pub use rules::Rule;
use std::borrow::Cow;

/// Whether this build can break its own rules. No server is ever built so.
pub const SABOTAGE: bool = cfg!(feature = "sabotage");

impl Rule {
    /// The rule of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Rule> {
        Rule::ALL.iter().copied().find(|rule| rule.name() == name)
    }
}

/// Which rules hold: all, or all but one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    #[cfg(feature = "sabotage")]
    broken: Option<Rule>,
}

impl Rules {
    /// Every rule holds.
    pub const ALL: Rules = Rules {
        #[cfg(feature = "sabotage")]
        broken: None,
    };

    /// Whether the rule holds: always, without the feature.
    #[must_use]
    pub fn hold(self, rule: Rule) -> bool {
        #[cfg(feature = "sabotage")]
        return self.broken != Some(rule);
        #[cfg(not(feature = "sabotage"))]
        {
            let _ = rule;
            true
        }
    }

    /// Whether nothing is broken.
    pub(crate) fn all(self) -> bool {
        #[cfg(feature = "sabotage")]
        return self.broken.is_none();
        #[cfg(not(feature = "sabotage"))]
        true
    }

    /// The members that decide something; the rule says that both halves do.
    pub(crate) fn both_halves(self, rule: Rule, members: &Members) -> Cow<'_, Members> {
        if self.hold(rule) || !members.is_joint() {
            return Cow::Borrowed(members);
        }
        Cow::Owned(Members::of_voters(members.voters.iter().copied()))
    }

    /// The members whose marks a quorum read needs; the rule says those of both halves. Without
    /// it the old half alone: once the joint membership is committed, the new half alone would be
    /// enough. It then holds whatever the old half has ever committed, and every later write.
    pub(crate) fn marking(self, members: &Members) -> Cow<'_, Members> {
        if self.hold(Rule::M4Marks) || !members.is_joint() {
            return Cow::Borrowed(members);
        }
        Cow::Owned(Members::of_voters(members.outgoing.iter().copied()))
    }

    /// The members that decide what is committed; a leader outside is none of them (trap R14).
    pub(crate) fn committing(self, own: NodeId, members: &Members) -> Cow<'_, Members> {
        let members = self.both_halves(Rule::M4Commits, members);
        if self.hold(Rule::R14CountSelf) || members.is_voter(own) {
            return members;
        }
        Cow::Owned(Members::of_voters(
            members.voters.iter().copied().chain([own]),
        ))
    }
}

impl Config {
    /// Which rules this node keeps.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules {
            #[cfg(feature = "sabotage")]
            broken: self.sabotage,
        }
    }
}

impl Raft {
    /// Whether the rule holds.
    pub(crate) fn rule(&self, rule: Rule) -> bool {
        self.config.rules().hold(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::{fs, path::Path};

    #[test]
    fn names_are_unique_and_found_again() {
        let names: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        assert_eq!(names.len(), Rule::ALL.len());
        for rule in Rule::ALL {
            let name = rule.name();
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(name.chars().all(plain), "{name}");
            assert_eq!(Rule::named(name), Some(*rule));
            assert!(rule.section().starts_with(['P', 'T', 'H', 'F']), "{name}");
            assert!(rule.what().ends_with('.'), "{name}");
        }
        assert_eq!(Rule::named("none"), None);
    }

    #[test]
    fn every_switch_stands_somewhere() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut text = String::new();
        for file in fs::read_dir(folder).expect("the sources are there") {
            let path = file.expect("readable").path();
            let own = path.file_name().is_some_and(|name| name == "sabotage.rs");
            if path.is_file() && !own {
                text += &fs::read_to_string(path).expect("readable");
            }
        }
        // These stand in `committing` and `marking` above, which commit rule and marks ask.
        let here = [Rule::M4Commits, Rule::R14CountSelf, Rule::M4Marks];
        assert!(text.contains(".committing(") && text.contains(".marking("));
        for rule in Rule::ALL {
            let used = text.contains(&format!("Rule::{rule:?})"))
                || text.contains(&format!("Rule::{rule:?},"));
            assert!(used || here.contains(rule), "{} has no switch", rule.name());
        }
    }

    #[cfg(not(feature = "sabotage"))]
    #[test]
    fn without_the_feature_every_rule_holds_and_nothing_is_kept() {
        let config = Config::demo(NodeId(1), crate::ClusterId(1), 1);
        assert!(Rule::ALL.iter().all(|rule| config.rules().hold(*rule)));
        assert_eq!(size_of::<Rules>(), 0);
    }

    #[cfg(feature = "sabotage")]
    #[test]
    fn one_rule_is_broken_and_all_others_hold() {
        let mut config = Config::demo(NodeId(1), crate::ClusterId(1), 1);
        assert!(Rule::ALL.iter().all(|rule| config.rules().hold(*rule)));
        for broken in Rule::ALL {
            config.sabotage = Some(*broken);
            let off = Rule::ALL.iter().filter(|rule| !config.rules().hold(**rule));
            assert!(off.eq([broken]));
        }
    }
}
