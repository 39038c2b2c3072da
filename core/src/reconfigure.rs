//! Changing the members (paper 6; thesis 4; traps M1 to M13, R4, R14).
//!
//! The target is a whole membership; this file finds the way. New voters first get the log as
//! learners, in rounds, until they keep up (thesis 4.2.1). Then one entry says the target when at
//! most one voter comes or goes (4.1), else a joint entry does, and whichever leader finds that
//! one committed leaves it (4.3). One entry is on its way at a time, and none before the leader
//! has committed one of its own term (the bug of 2015).
//!
//! All but the first step is taken while draining, from what the log says: so it does not matter
//! which leader began it (trap M9). Guarantees: the ticket ends exactly once; a leader outside its
//! own membership leads on until that is committed, without counting itself, and then hands over
//! (M6). Who was removed is told by `parting` (M7).

use crate::catch_up::CatchUp;
use crate::io::{Abort, Fence, Outcome, Refusal};
use crate::membership::{Members, Membership};
use crate::parting::Leaving;
use crate::progress::Progress;
use crate::raft::Raft;
use crate::sabotage::{Rule, Rules};
use crate::state::{Leading, State};
use crate::time::Time;
use crate::trace::{Cause, FollowerReason, Kind, Step, TransferReason};
use crate::types::{Entry, EntryBody, Index, Lane, LogId, NodeId, Ticket};
use std::collections::BTreeMap;

/// A change that somebody asked this leader for, or its autopilot decided on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Change {
    /// Who asked; `None`: the autopilot.
    pub ticket: Option<Ticket>,
    pub target: Members,
    pub stage: Stage,
}

/// How far a change is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    /// New voters receive the log.
    CatchingUp(BTreeMap<NodeId, CatchUp>),
    /// The joint entry is in the log.
    Joint,
    /// The entry that names the target is in the log.
    Final(LogId),
}

impl Raft {
    /// Changes the members to `target`: voters and learners. The ticket ends exactly once, in
    /// `Settled`: committed (with the entry that names the target), aborted (a new voter did not
    /// keep up, or leadership was lost before the voters changed; it may then be a learner), or
    /// unknown. A target that is in force already is committed without doing anything.
    ///
    /// # Errors
    /// Not leader, handing over, nonsense, nothing of the own term committed yet, another change
    /// on its way, fenced: nothing was done and the ticket is free.
    pub fn reconfigure(
        &mut self,
        now: Time,
        ticket: Ticket,
        target: Members,
    ) -> Result<(), Refusal> {
        self.enter(now, Cause::Client(ticket));
        let target = target.checked().map_err(Refusal::BadMembers);
        match self.may_change_members() {
            // What is wrong with the wish is said before what is in its way.
            Err(why @ (Refusal::NotReady | Refusal::ChangePending)) => {
                Err(target.err().unwrap_or(why))
            }
            Err(why) => Err(why),
            Ok(()) => self.change_members(Some(ticket), target?),
        }
    }

    /// Whether a change of members may begin now.
    pub(crate) fn may_change_members(&self) -> Result<(), Refusal> {
        if self.fenced.is_some() {
            return Err(Refusal::Fenced);
        }
        let State::Leader(leading) = &self.state else {
            return Err(self.not_leader());
        };
        if leading.transfer.is_some() {
            return Err(Refusal::Transferring);
        }
        if !self.opened(leading) {
            return Err(Refusal::NotReady);
        }
        let (joint, index) = self.membership().map_or((false, Index(0)), |current| {
            (current.members.is_joint(), current.index())
        });
        let busy = leading.change.is_some() && self.rule(Rule::M1TwoAtOnce);
        if busy || joint || !self.settled_at(index) {
            return Err(Refusal::ChangePending);
        }
        Ok(())
    }

    /// Begins a change that may begin.
    pub(crate) fn change_members(
        &mut self,
        ticket: Option<Ticket>,
        target: Members,
    ) -> Result<(), Refusal> {
        let current = self.membership().cloned().unwrap_or_default();
        let voters = current.members.voters.iter();
        let is_new = |node: &NodeId| !voters.clone().any(|voter| voter == node);
        let new_voters: Vec<NodeId> = target.voters.iter().copied().filter(is_new).collect();
        self.trace(|_| Kind::ChangeStarted {
            ticket,
            target: target.clone(),
            new_voters: new_voters.clone(),
        });
        self.begin_change(ticket, target, &current, &new_voters)
    }

    fn begin_change(
        &mut self,
        ticket: Option<Ticket>,
        target: Members,
        current: &Membership,
        new_voters: &[NodeId],
    ) -> Result<(), Refusal> {
        let (id, current) = (current.id, &current.members);
        let stage = if target == *current {
            Stage::Final(id)
        } else {
            let mut first = current.clone();
            let strangers = new_voters.iter().filter(|node| !current.contains(**node));
            first.learners.extend(strangers);
            first.learners.sort_unstable();
            if first != *current && self.rule(Rule::M8NoCatchUp) {
                let appended = self.append_members(first, Step::Learners);
                appended.ok_or(Refusal::Fenced)?;
            }
            let round = CatchUp {
                round: 1,
                goal: self.log.last().index,
                since: self.now,
                done: !self.rule(Rule::M8NoCatchUp),
            };
            Stage::CatchingUp(new_voters.iter().map(|node| (*node, round)).collect())
        };
        let change = Change {
            ticket,
            target,
            stage,
        };
        if let State::Leader(leading) = &mut self.state
            && let Some(overtaken) = leading.change.replace(change)
        {
            self.leave_change(overtaken);
        }
        Ok(())
    }

    /// While draining: takes the next step that the log allows.
    pub(crate) fn tend_membership(&mut self) {
        let State::Leader(leading) = &self.state else {
            return;
        };
        if !leading.leaving.is_empty() {
            self.part();
        }
        self.follow_catch_up();
        let (State::Leader(leading), Some(membership)) = (&self.state, self.membership()) else {
            return;
        };
        // One entry at a time, none before an own one is committed, none after TimeoutNow.
        let sent = leading.transfer.is_some_and(|transfer| transfer.sent);
        if !self.settled_at(membership.index()) || !self.opened(leading) || sent {
            return;
        }
        let began = leading.change.is_some() || self.rule(Rule::M9NobodyLeaves);
        if membership.members.is_joint() && began {
            let after = membership.members.after_joint();
            return self.append_step(after, Step::Leave);
        }
        if leading.transfer.is_some() {
            return;
        }
        if let Some(change) = &leading.change
            && let Stage::CatchingUp(rounds) = &change.stage
            && rounds.values().all(|round| round.done)
        {
            let next = match self.rule(Rule::M4Direct) {
                true => membership.members.toward(&change.target),
                false => change.target.clone(),
            };
            let step = match next.is_joint() {
                true => Step::Joint,
                false => Step::Direct,
            };
            return self.append_step(next, step);
        }
        if !membership.members.is_voter(self.id()) && self.rule(Rule::M6Stays) {
            self.retire_removed();
        }
    }

    /// Whether an entry of this term is committed: else the change of an older leader may still
    /// win, and its majorities need not meet those of ours (the bug of 2015, trap M1).
    fn opened(&self, leading: &Leading) -> bool {
        self.commit >= leading.noop || !self.rule(Rule::M1NoOwnEntry)
    }

    /// Whether a membership is committed, so that the next one may come: each is at most one
    /// step from the last that is (paper 6).
    fn settled_at(&self, at: Index) -> bool {
        at <= self.commit || !self.rule(Rule::M1TwoAtOnce)
    }

    /// A leader that is no voter any more hands over, or steps down where it cannot (trap M6).
    fn retire_removed(&mut self) {
        match self.best_successor() {
            Some(to) => self.start_transfer(None, to, TransferReason::Removed),
            None => self.step_down_removed(),
        }
    }

    pub(crate) fn step_down_removed(&mut self) {
        let term = self.hard_state.term;
        self.become_follower(term, None, FollowerReason::Removed);
    }

    fn append_step(&mut self, members: Members, step: Step) {
        let joint = members.is_joint();
        let appended = self.append_members(members, step);
        if let State::Leader(leading) = &mut self.state
            && let Some(id) = appended
            && let Some(change) = &mut leading.change
        {
            change.stage = match joint {
                true => Stage::Joint,
                false => Stage::Final(id),
            };
        }
    }

    /// Appends a membership, in force at once (thesis 4.1, trap M2). `None`: out of positions.
    fn append_members(&mut self, members: Members, step: Step) -> Option<LogId> {
        let Some(index) = self.log.last().index.following() else {
            self.fence(Fence::Overflow);
            return None;
        };
        let term = self.hard_state.term;
        let id = LogId { term, index };
        self.trace(|_| Kind::AppendedMembership { id, step });
        let entry = Entry {
            id,
            body: EntryBody::Membership(members.clone().into()),
        };
        let size = entry.size();
        self.log.push(entry);
        self.note_membership(false);
        let (own, now, rules) = (self.id(), self.now, self.config.rules());
        if let State::Leader(leading) = &mut self.state {
            leading.uncommitted += size;
            leading.since = now;
            leading.take_members(&members, own, id, rules);
        }
        // Where a voter goes, what the others have may be enough already.
        self.advance_commit();
        Some(id)
    }

    /// The change ends and this node goes on leading.
    pub(crate) fn abort_change(&mut self, why: Abort) {
        if let State::Leader(leading) = &mut self.state
            && let Some(change) = leading.change.take()
        {
            let ended = change.ticket.map(|ticket| (ticket, Outcome::Aborted(why)));
            self.settled.extend(ended);
            self.trace(|_| Kind::ChangeAborted { why });
        }
    }

    /// Leadership is gone: before the voters changed nothing will come of it, after that the
    /// next leader decides.
    pub(crate) fn leave_change(&mut self, change: Change) {
        let why = Abort::LeadershipLost;
        let outcome = match change.stage {
            Stage::CatchingUp(_) => Outcome::Aborted(why),
            Stage::Joint | Stage::Final(_) => Outcome::Unknown,
        };
        self.settled
            .extend(change.ticket.map(|ticket| (ticket, outcome)));
        if outcome != Outcome::Unknown {
            self.trace(|_| Kind::ChangeAborted { why });
        }
    }
}

impl Leading {
    /// Opens a lane to every new peer and parts from those that are gone. A peer that comes back
    /// gets a new lane, so that nothing from before counts for it (trap R4).
    fn take_members(&mut self, members: &Members, own: NodeId, id: LogId, rules: Rules) {
        let lane = Lane::first(id.term, id.index);
        for node in members.all().into_iter().filter(|node| *node != own) {
            let was_leaving = self.leaving.remove(&node).is_some();
            if was_leaving || !self.peers.contains_key(&node) {
                self.peers.insert(node, Progress::new(lane, id.index));
            }
        }
        if !rules.hold(Rule::M7Untold) {
            self.peers.retain(|node, _| members.contains(*node));
        }
        for node in self.peers.keys() {
            if !members.contains(*node) {
                let leaving = self.leaving.entry(*node);
                leaving.or_insert(Leaving::new(id.index));
            }
        }
    }
}
