//! What the nodes of a world do not keep, for whoever opens a run of it.

use super::Setup;

impl Setup {
    /// The rule that is switched off, and on which nodes, in two sentences; `None` where all are
    /// kept, as in every build without the feature `sabotage`.
    #[must_use]
    pub fn switched_off(&self) -> Option<String> {
        #[cfg(feature = "sabotage")]
        if let Some(off) = self.sabotage {
            let breaks = |node: &u64| off.nodes & (1 << node) != 0;
            let nodes: Vec<String> = (1..=self.nodes)
                .filter(breaks)
                .map(|node| format!("S{node}"))
                .collect();
            let on = match nodes.len() as u64 == self.nodes {
                true => "all nodes".to_string(),
                false => nodes.join(", "),
            };
            let (name, what) = (off.rule.name(), off.rule.what());
            return Some(format!("Rule {name} is switched off on {on}. {what}"));
        }
        #[cfg(feature = "sabotage")]
        if let Some(rule) = self.careless {
            let (name, what) = rule.told();
            return Some(format!("Rule {name} is switched off on all nodes. {what}"));
        }
        None
    }
}
