//! The leader and its autopilot: shown the peers once a heartbeat, carried out what it decides.
//!
//! Off unless `Config::autopilot` names a policy. What it has learned is the leader's own and
//! gone with its leadership: a new leader looks for itself. A decision is carried out as a change
//! of members that nobody asked for (`reconfigure`), with the same steps and the same guards.

use crate::autopilot::{Seen, Sight};
use crate::raft::Raft;
use crate::state::State;
use crate::trace::Kind;

impl Raft {
    /// Once a heartbeat: shows the autopilot what this leader sees, and does what it says.
    pub(crate) fn look_after_members(&mut self) {
        let (now, leader, commit) = (self.now, self.id(), self.commit);
        let free = self.may_change_members().is_ok();
        let members = self.members();
        let State::Leader(leading) = &mut self.state else {
            return;
        };
        let Some(pilot) = &mut leading.pilot else {
            return;
        };
        let peers = leading
            .peers
            .iter()
            .filter(|(id, _)| members.contains(**id));
        let seen = peers.map(|(id, peer)| Seen {
            node: *id,
            matched: peer.matched,
            heard: peer.heard,
            suspect: peer.is_suspect(),
        });
        let sight = Sight {
            leader,
            members: &members,
            free: free && members.is_voter(leader),
            commit,
            peers: seen.collect(),
        };
        let Some(decision) = pilot.look(now, &sight) else {
            return;
        };
        let target = decision.target.clone();
        self.trace(|_| Kind::Decided { decision });
        let begun = self.change_members(None, target);
        assert!(
            begun.is_ok() || self.fenced.is_some(),
            "the autopilot asks only for what may be done: {begun:?}"
        );
    }
}
