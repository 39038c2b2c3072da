//! Leading: building appends, hearing answers, looking back for the place where logs meet.
//!
//! Paper 5.3, thesis 3.5 and 10.2. Appends are built from state while draining, so that any
//! number of proposals share one message per peer. Guarantees: a commit index sent never
//! exceeds what the peer has proven (trap R5); a heartbeat is anchored at the proven match, or
//! before every log, and so can never conflict; refusals concern one probe and never move
//! `matched` (R3).

use crate::io::Fence;
use crate::message::{AppendResult, Body, Message, Probe};
use crate::progress::Progress;
use crate::raft::Raft;
use crate::sabotage::{Rule, Rules};
use crate::staleness::Leadership;
use crate::state::State;
use crate::trace::{Cause, IgnoreReason, Kind, Pace, Timer};
use crate::types::{Entries, Index, Lane, LogId, NodeId, Round, SnapshotMeta, Term};

impl Raft {
    /// Starts a new contact round when the heartbeat is due.
    pub(crate) fn heartbeat_if_due(&mut self) {
        let (now, heartbeat) = (self.now, self.config.timing.heartbeat);
        if let State::Leader(leading) = &mut self.state
            && now >= leading.heartbeat.due
        {
            self.cause = Cause::Timer(Timer::Heartbeat);
            let Some(round) = leading.round.next() else {
                return self.fence(Fence::Overflow);
            };
            leading.heartbeat.set = now;
            leading.heartbeat.due = now + heartbeat;
            leading.round = round;
            leading.lease.begin(round, now, &self.config.timing);
            leading.beat = true;
            self.give_up_unanswered();
            self.look_after_members();
            self.prove_leadership();
        }
    }

    /// Everything this leader has to say now, one peer after the other.
    pub(crate) fn build_appends(&mut self) {
        let (cluster, from, term) = (self.config.cluster, self.id(), self.hard_state.term);
        let (limits, now, commit) = (self.config.limits, self.now, self.commit);
        let (rules, leadership) = (self.config.rules(), self.leadership());
        let State::Leader(leading) = &mut self.state else {
            return;
        };
        let (round, beat) = (leading.round, std::mem::take(&mut leading.beat));
        let last = self.log.last().index;
        let mut say = |to: &NodeId, body| {
            self.outbox.push_back(Message {
                cluster,
                from,
                to: *to,
                term,
                body,
            });
        };
        for (to, peer) in &mut leading.peers {
            let mut said = false;
            while peer.may_send(limits.window_messages, limits.window_bytes) {
                if peer.pace == Pace::Replicate && peer.next > last {
                    break;
                }
                let prev = self
                    .log
                    .id_at(peer.next.prev())
                    .expect("next follows something that is in the log");
                let (entries, bytes) = self.log.batch(peer.next, limits.append_bytes);
                let large = entries.len() == 1 && bytes > limits.append_bytes;
                if large && !rules.hold(Rule::R8TooLarge) {
                    break;
                }
                match entries.last() {
                    Some(entry) => peer.sent(entry.id.index, bytes, round, now),
                    // Nothing to send, but whether the logs meet is still to be asked: all that
                    // the peer lacks may be gone from here (trap S10).
                    None if peer.pace == Pace::Probe
                        && peer.matched < prev.index
                        && rules.hold(Rule::S10EmptyLog) =>
                    {
                        peer.probing = true;
                    }
                    None => break,
                }
                let body = append(rules, peer, (round, leadership), prev, entries, commit);
                say(to, body);
                said = true;
            }
            let offer_due = peer.sending.as_ref().is_some_and(|sending| !sending.asked);
            // An offer has no word of what is committed.
            let untold = peer.sending.is_none() && commit.min(peer.matched) > peer.sent_commit;
            let news = round > peer.sent_round || untold || offer_due;
            let throttled = !peer.may_send(limits.window_messages, limits.window_bytes);
            let speaks = !throttled || rules.hold(Rule::R11Throttled);
            if said || !(beat || news) || !speaks {
                continue;
            }
            // Nothing can contradict the place before every log. It stands in for a match whose
            // term is gone with the entry.
            let prev = self.log.id_at(peer.matched).unwrap_or(LogId::ORIGIN);
            let body = sign_of_life(rules, peer, (round, leadership), prev, commit);
            say(to, body);
        }
    }

    /// An answer to an append of the own term.
    pub(crate) fn on_append_reply(
        &mut self,
        from: NodeId,
        lane: Lane,
        round: Round,
        result: AppendResult,
        probe: Probe,
    ) {
        if !self.note_reply(from, lane, round) {
            return;
        }
        let now = self.now;
        let peer = self.peer(from);
        if peer.probe != probe {
            (peer.probe, peer.probed) = (probe, now);
        }
        match result {
            AppendResult::Accepted { durable, received } => {
                self.note_trusted(from);
                self.on_accepted(from, round, durable, received);
            }
            AppendResult::Refused { probe, hint } => {
                self.note_trusted(from);
                if !self.broke_promise(from, round, probe) {
                    self.on_refused(from, probe, hint);
                }
            }
            AppendResult::Outdated => {}
            AppendResult::Regaining { durable, received } => {
                self.on_regaining(from, round, durable, received);
            }
            AppendResult::Lacking { probe, hint } => self.on_lacking(from, probe, hint),
        }
        self.confirm_reads();
    }

    /// Notes who was heard, unless the reply is of no session of this leader.
    pub(crate) fn note_reply(&mut self, from: NodeId, lane: Lane, round: Round) -> bool {
        let (now, rules) = (self.now, self.config.rules());
        let reason = match &mut self.state {
            State::Leader(leading) => match leading.peers.get_mut(&from) {
                None => IgnoreReason::NotMember,
                Some(peer) if peer.lane != lane && rules.hold(Rule::R4AnyLane) => {
                    IgnoreReason::StaleLane
                }
                // Nobody echoes what was never said: this comes from no correct node.
                Some(_) if round > leading.round => IgnoreReason::Malformed,
                Some(peer) => {
                    peer.heard = Some(now);
                    let news = round > peer.echoed;
                    peer.echoed = peer.echoed.max(round);
                    self.extend_lease(from, round);
                    if news {
                        self.prove_leadership();
                    }
                    return true;
                }
            },
            _ => IgnoreReason::TooLate,
        };
        self.ignore(from, reason);
        false
    }

    /// The peer has everything up to `received`, and up to `durable` on disk.
    pub(crate) fn on_accepted(
        &mut self,
        from: NodeId,
        round: Round,
        durable: Index,
        received: Index,
    ) {
        let last = self.log.last().index;
        if durable > received || received > last {
            // Nobody has more than its leader: this comes from no correct node.
            return self.ignore(from, IgnoreReason::Malformed);
        }
        let patience = self.now - self.config.timing.heartbeat;
        let (first, rules) = (self.log.first(), self.config.rules());
        let barred = self.may_still_campaign();
        let peer = self.peer(from);
        let (pace, matched) = (peer.pace, peer.matched);
        if durable > matched {
            (peer.matched, peer.matched_in) = (durable, round);
        }
        peer.free(received);
        let forgot = peer.forgot(round, received) && rules.hold(Rule::R11Forgot);
        let lost = peer.lost_before(round, patience) && rules.hold(Rule::R11Lost);
        match pace {
            // The probe found the place where the logs meet.
            Pace::Probe if received >= peer.next.prev() => peer.replicate(received),
            // An empty append came back and the probe did not: send it again (trap R11).
            Pace::Probe => {
                peer.probing &= !rules.hold(Rule::R11Probe);
                peer.next = peer.next.max(peer.matched.next());
            }
            Pace::Replicate if forgot || lost => {
                peer.probe(received.next(), first);
            }
            Pace::Replicate => peer.next = peer.next.max(received.next()),
            // The peer has what comes before our log, however it got it (trap S8).
            Pace::Snapshot if received >= first.prev() && rules.hold(Rule::S8AnyReply) => {
                peer.replicate(received);
            }
            // An older snapshot is in force there, and ours begins later by now.
            Pace::Snapshot => peer.next = peer.next.max(peer.matched.next()),
        }
        let (now_pace, next, to) = (peer.pace, peer.next, peer.matched);
        if now_pace != pace {
            self.trace(|_| Kind::ChangedPace {
                peer: from,
                pace: now_pace,
                next,
            });
        }
        if to > matched {
            self.trace(|_| Kind::Matched { peer: from, to });
            if barred {
                self.tell_lease_regained();
            }
            // Mostly a majority had it before the last one says so.
            if to > self.commit {
                self.advance_commit();
            }
        }
    }

    /// A peer may refuse what it acknowledged only in answers that have overtaken each other, and
    /// those are of one round. One of a later round proves that its disk has lost what it promised
    /// to hold (trap R5). Its log is not looked at again, as it would be after a mere conflict:
    /// whatever it says next is worth as little. It is told from the others as one that is suspect,
    /// and is to be replaced (D9); and its copies count for nothing that is not committed yet.
    fn broke_promise(&mut self, from: NodeId, round: Round, probe: LogId) -> bool {
        let looks = self.rule(Rule::R5BrokenPromise);
        let peer = self.peer(from);
        let broken = probe.index <= peer.matched && round > peer.matched_in && looks;
        if broken {
            peer.broke_promise = true;
            self.ignore(from, IgnoreReason::BrokenPromise);
        }
        broken
    }

    pub(crate) fn on_refused(&mut self, from: NodeId, probe: LogId, hint: LogId) {
        let each = !self.rule(Rule::R10EachRefusal);
        let peer = self.peer(from);
        let matched = peer.matched;
        let relevant = match peer.pace {
            Pace::Probe if !each => probe.index == peer.next.prev(),
            Pace::Probe => probe.index > matched,
            Pace::Replicate => probe.index > matched,
            Pace::Snapshot => false,
        };
        if !relevant {
            return self.ignore(from, IgnoreReason::TooLate);
        }
        let (base, limit) = (self.log.base(), hint.index.min(probe.index.prev()));
        // Where the logs meet is no longer in ours.
        if limit < base.index && matched < base.index {
            return self.send_snapshot(from);
        }
        // Both sides skip whole terms: at most one probe for each (trap R9).
        let meet = self.meeting_point(limit, hint.term);
        let counts = !self.rule(Rule::R3RefusalCounts);
        let peer = self.peer(from);
        if counts {
            peer.matched = peer.matched.max(probe.index.prev());
        }
        peer.probe(meet.index.next(), base.index.next());
        let next = peer.next;
        self.trace(|_| Kind::Backtracked {
            peer: from,
            probe,
            hint,
            next,
        });
    }

    /// Where to look next for the place at which two logs meet, on either side.
    pub(crate) fn meeting_point(&self, limit: Index, term: Term) -> LogId {
        let term = match self.rule(Rule::R9OneByOne) {
            true => term,
            false => Term(u64::MAX),
        };
        self.log.meeting_point(limit, term)
    }

    pub(crate) fn peer(&mut self, node: NodeId) -> &mut Progress {
        let State::Leader(leading) = &mut self.state else {
            unreachable!("only a leader has peers");
        };
        leading
            .peers
            .get_mut(&node)
            .expect("the caller looked it up")
    }
}

/// What is said to a peer that gets no entries now: a heartbeat, or the snapshot that it needs.
fn sign_of_life(
    rules: Rules,
    peer: &mut Progress,
    (round, leadership): (Round, Leadership),
    prev: LogId,
    commit: Index,
) -> Body {
    if let Some(sending) = &peer.sending {
        let meta = sending.meta.clone();
        return offer(peer, round, meta);
    }
    append(
        rules,
        peer,
        (round, leadership),
        prev,
        Entries::default(),
        commit,
    )
}

/// An offer in place of a heartbeat, noted in the peer's progress. It says nothing of what is
/// committed.
fn offer(peer: &mut Progress, round: Round, meta: SnapshotMeta) -> Body {
    peer.sent_round = peer.sent_round.max(round);
    peer.offered = peer.offered.max(round);
    let (lane, meta) = (peer.lane, meta.into());
    Body::SnapshotOffer { lane, round, meta }
}

/// One append, with what it carries noted in the peer's progress.
fn append(
    rules: Rules,
    peer: &mut Progress,
    (round, leadership): (Round, Leadership),
    prev: LogId,
    entries: Entries,
    commit: Index,
) -> Body {
    // While this holds nobody is told what it cannot use yet: trap R20 shows only without it.
    let proven = rules.hold(Rule::R5Commit) && rules.hold(Rule::R20ForgetCommit);
    let commit = match proven {
        true => commit.min(peer.matched),
        false => commit,
    };
    peer.sent_round = peer.sent_round.max(round);
    peer.sent_commit = peer.sent_commit.max(commit);
    Body::Append {
        lane: peer.lane,
        round,
        prev,
        entries,
        commit,
        standing: leadership.told_to(peer),
    }
}
