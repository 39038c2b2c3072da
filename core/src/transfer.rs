//! Handing leadership over (thesis 3.10; traps E12, E13, L7, M11, D8).
//!
//! The leader takes no more proposals, brings the target up to its last entry, waits until that
//! entry is committed (so that its clients get their answers), and then tells the target once to
//! campaign now. The target skips the pre-vote, and its requests for votes say that the leader
//! asked, so a live leader is no reason to refuse them.
//!
//! Guarantees: a transfer ends, at the latest at `Timing::transfer_limit`; its ticket ends exactly
//! once; between `TimeoutNow` and its end the leader appends nothing, so a target whose log does
//! not end where the message says knows that the message is late. After a transfer that was given
//! up the target gets a new lane, which shows the same where nothing was appended since.

use crate::io::{Abort, Outcome, Refusal};
use crate::message::Body;
use crate::raft::Raft;
use crate::sabotage::Rule;
use crate::state::{Deadline, State};
use crate::time::Time;
use crate::trace::{
    Cause, ElectionReason, FollowerReason, IgnoreReason, Kind, Timer, TransferReason,
};
use crate::types::{Lane, LogId, NodeId, Ticket};
use std::cmp::Reverse;

/// A leader's running transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Transfer {
    /// Who asked; `None`: the leader itself.
    pub ticket: Option<Ticket>,
    /// Who shall lead.
    pub to: NodeId,
    /// Why.
    pub why: TransferReason,
    /// When it began and when it is given up.
    pub limit: Deadline,
    /// `TimeoutNow` is out: nothing is appended any more.
    pub sent: bool,
}

/// Leadership is gone after `TimeoutNow`: the ticket ends when it is known who leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Handed {
    pub ticket: Ticket,
    pub to: NodeId,
    pub due: Time,
}

impl Raft {
    /// Hands leadership over, to the most caught-up live voter when nobody is named. The ticket
    /// ends exactly once, in `Settled`: [`Outcome::HandedOver`] when the target is known to lead
    /// (or the named node leads already), [`Outcome::Aborted`] otherwise.
    ///
    /// # Errors
    /// Not leader, a transfer is running, no such member, no voter, its log rotted, nobody to hand
    /// over to, fenced: nothing was done and the ticket is free.
    pub fn transfer(
        &mut self,
        now: Time,
        ticket: Ticket,
        to: Option<NodeId>,
    ) -> Result<(), Refusal> {
        self.enter(now, Cause::Client(ticket));
        if self.fenced.is_some() {
            return Err(Refusal::Fenced);
        }
        if !matches!(self.state, State::Leader(_)) {
            return Err(self.not_leader());
        }
        if self.transferring().is_some() {
            return Err(Refusal::Transferring);
        }
        let members = self.members();
        let to = match to {
            Some(to) if to == self.id() => {
                self.settled.push_back((ticket, Outcome::HandedOver(to)));
                return Ok(());
            }
            Some(to) if !members.contains(to) => return Err(Refusal::UnknownMember),
            Some(to) if !members.is_voter(to) && self.rule(Rule::M11Anybody) => {
                return Err(Refusal::NotVoter);
            }
            Some(to) if self.is_peer_suspect(to) => return Err(Refusal::Suspect),
            Some(to) => to,
            None => self.best_successor().ok_or(Refusal::NoTarget)?,
        };
        self.start_transfer(Some(ticket), to, TransferReason::Asked);
        Ok(())
    }

    // ------------------------------------------------------------- the leader

    /// The running transfer of a leader.
    pub(crate) fn transferring(&self) -> Option<&Transfer> {
        match &self.state {
            State::Leader(leading) => leading.transfer.as_ref(),
            _ => None,
        }
    }

    /// The live voter of the newest set of voters that has most of the log.
    pub(crate) fn best_successor(&self) -> Option<NodeId> {
        let State::Leader(leading) = &self.state else {
            return None;
        };
        let (members, now) = (self.members(), self.now);
        let limit = self.config.timing.election_min;
        let heard = |heard: Option<Time>| heard.is_some_and(|heard| now.since(heard) < limit);
        let live = leading.peers.iter().filter(|(id, peer)| {
            members.voters.binary_search(id).is_ok()
                && heard(peer.heard)
                && !self.is_peer_suspect(**id)
        });
        live.max_by_key(|(id, peer)| (peer.matched, Reverse(**id)))
            .map(|(id, _)| *id)
    }

    pub(crate) fn start_transfer(
        &mut self,
        ticket: Option<Ticket>,
        to: NodeId,
        why: TransferReason,
    ) {
        let (now, span) = (self.now, self.config.timing.transfer_limit);
        let last = self.log.last().index;
        let State::Leader(leading) = &mut self.state else {
            unreachable!("only a leader hands over");
        };
        leading.transfer = Some(Transfer {
            ticket,
            to,
            why,
            limit: Deadline {
                set: now,
                due: now + span,
            },
            sent: false,
        });
        let matched = leading.peers.get(&to).map(|peer| peer.matched);
        self.trace(|_| Kind::TransferStarted {
            to,
            why,
            matched: matched.unwrap_or_default(),
            last,
        });
    }

    /// While draining: tells the target to campaign as soon as it has everything (trap E13).
    pub(crate) fn drive_transfer(&mut self) {
        let Some(Transfer { to, sent, .. }) = self.transferring().copied() else {
            return;
        };
        if !self.members().is_voter(to) && self.rule(Rule::M11Anybody) {
            return self.abort_transfer(Abort::TargetGone);
        }
        if self.is_peer_suspect(to) {
            return self.abort_transfer(Abort::TargetSuspect);
        }
        let (last, commit) = (self.log.last(), self.commit);
        let State::Leader(leading) = &self.state else {
            return;
        };
        let Some(peer) = leading.peers.get(&to).filter(|_| !sent) else {
            return;
        };
        let ready = peer.matched >= last.index && commit >= last.index;
        if !ready && self.config.rules().hold(Rule::E13NoLogCheck) {
            return;
        }
        let lane = peer.lane;
        self.surrender_lease(to, last.index);
        if let State::Leader(leading) = &mut self.state
            && let Some(transfer) = &mut leading.transfer
        {
            transfer.sent = true;
        }
        self.send(to, Body::TimeoutNow { last, lane });
        self.trace(|_| Kind::SentTimeoutNow { to, last });
    }

    /// Gives up a transfer that took too long; a leader that had to go, goes.
    pub(crate) fn transfer_if_due(&mut self) {
        let Some(Transfer { why, limit, .. }) = self.transferring().copied() else {
            return;
        };
        if self.now < limit.due || !self.rule(Rule::E13ForEver) {
            return;
        }
        self.cause = Cause::Timer(Timer::Transfer);
        self.abort_transfer(Abort::TimeLimit);
        match why {
            TransferReason::Asked => {}
            TransferReason::DiskStalled => self.step_down_stalled(),
            TransferReason::Removed => self.step_down_removed(),
        }
    }

    /// The transfer ends and this node goes on leading.
    fn abort_transfer(&mut self, why: Abort) {
        let first = self.log.first();
        let State::Leader(leading) = &mut self.state else {
            return;
        };
        let Some(transfer) = leading.transfer.take() else {
            return;
        };
        if let Some(peer) = leading
            .peers
            .get_mut(&transfer.to)
            .filter(|_| transfer.sent)
        {
            // What is known of the peer stays true; only the session is another one.
            peer.lane.generation += 1;
            peer.probe(peer.matched.next(), first);
        }
        self.end_transfer(transfer, why);
    }

    fn end_transfer(&mut self, transfer: Transfer, why: Abort) {
        let to = transfer.to;
        self.trace(|_| Kind::TransferAborted { to, why });
        let ended = transfer
            .ticket
            .map(|ticket| (ticket, Outcome::Aborted(why)));
        self.settled.extend(ended);
    }

    /// Leadership is gone. After `TimeoutNow` that is what was wanted, if the target leads now.
    pub(crate) fn leave_transfer(&mut self, transfer: Transfer) {
        let Transfer { to, limit, .. } = transfer;
        if !transfer.sent {
            return self.end_transfer(transfer, Abort::LeadershipLost);
        }
        self.handed = transfer.ticket.map(|ticket| Handed {
            ticket,
            to,
            due: limit.due,
        });
    }

    /// While draining: ends the ticket of a transfer once it is known who leads, or never will.
    pub(crate) fn conclude_transfer(&mut self) {
        let Some(handed) = self.handed else {
            return;
        };
        let outcome = match self.leader {
            Some(leader) if leader == handed.to => Outcome::HandedOver(leader),
            None if self.now < handed.due && self.fenced.is_none() => return,
            _ => Outcome::Aborted(Abort::LeadershipLost),
        };
        self.handed = None;
        self.settled.push_back((handed.ticket, outcome));
    }

    /// When a running transfer, or the wait for its end, is over.
    pub(crate) fn transfer_due(&self) -> Time {
        let running = self.transferring().map(|transfer| transfer.limit.due);
        let running = running.filter(|_| self.rule(Rule::E13ForEver));
        let handed = self.handed.map(|handed| handed.due);
        running.or(handed).unwrap_or(Time::NEVER)
    }

    // ------------------------------------------------------------- the target

    /// "Campaign now." Late ones are recognised by their lane and by where the log ends.
    pub(crate) fn on_timeout_now(&mut self, from: NodeId, last: LogId, lane: Lane) {
        let mine = self.log.last();
        let refusal = if self.leader != Some(from) {
            Some(IgnoreReason::TooLate)
        } else if lane != self.ack.lane && self.rule(Rule::E13AnyLane) {
            Some(IgnoreReason::StaleLane)
        } else if mine != last && self.rule(Rule::E13NoLogCheck) {
            Some(IgnoreReason::LogDiffers { theirs: last, mine })
        } else if self.is_silent(Rule::E16SuspectVotes) {
            Some(IgnoreReason::Suspect)
        } else if !self.may_campaign() {
            Some(IgnoreReason::MayNotCampaign)
        } else {
            None
        };
        if let Some(reason) = refusal {
            return self.ignore(from, reason);
        }
        self.forget_leader();
        self.start_election(ElectionReason::TimeoutNow);
    }

    // -------------------------------------------------------------- own disk

    /// A leader whose disk hangs hands the crown on: the others could commit for ever without
    /// it, but it could answer nobody and its memory would grow (trap D8). Where nobody can
    /// take over it steps down.
    pub(crate) fn retire_if_stalled(&mut self) {
        let stalled = self.disk_stalled_due().is_some_and(|due| self.now >= due);
        // A transfer that took too long may just have ended its leadership.
        let leads = matches!(self.state, State::Leader(_));
        if !stalled || !leads || self.transferring().is_some() {
            return;
        }
        match self.best_successor() {
            Some(to) => self.start_transfer(None, to, TransferReason::DiskStalled),
            None => self.step_down_stalled(),
        }
    }

    fn step_down_stalled(&mut self) {
        if self.disk_stalled_due().is_some_and(|due| self.now >= due) {
            let waited = self.now.since(self.durability.oldest().unwrap_or(self.now));
            let term = self.hard_state.term;
            self.become_follower(term, None, FollowerReason::DiskStalled { waited });
        }
    }
}
