//! What a host does with the outputs of one node, in order, and what its disk makes of a write.

use super::*;

impl Node {
    pub fn take(&mut self, output: Output) {
        match output {
            Output::Write(write) => self.writes.push(write),
            Output::Apply { from, to } => {
                assert_eq!(from, self.at.next(), "each is applied once and in order");
                self.applied.extend(self.raft.entries(from, to).cloned());
                self.at = to;
            }
            Output::Settled { ticket, outcome } => {
                if let Outcome::Committed(id) = outcome {
                    let mut applied = self.applied.iter().rev();
                    assert!(applied.any(|entry| entry.id == id), "applied first");
                }
                self.end(ticket);
                self.settled.push((ticket, outcome));
            }
            Output::ReadAt {
                ticket,
                index,
                until,
            } => {
                self.leased.extend(until.map(|until| (ticket, until)));
                assert!(index <= self.at, "applied first (L5)");
                self.end(ticket);
                self.reads.push((ticket, Ok(index)));
            }
            Output::ReadFailed { ticket, why } => {
                self.end(ticket);
                self.reads.push((ticket, Err(why)));
            }
            Output::Fenced(why) => self.fenced = Some(why),
            Output::Removed => self.removed += 1,
            Output::Trusted => {
                assert!(
                    matches!(self.disk.condition, Condition::Suspect(_)),
                    "told once"
                );
                self.disk.condition = Condition::Clean;
            }
            Output::Install { meta } => self.load(*meta),
            Output::TakeSnapshot { at_least } => self.asked.push(at_least),
            Output::Discard { meta } => {
                self.staged.remove(&meta.last);
                self.discarded.push(*meta);
            }
            Output::Send(_) | Output::Stream { .. } => unreachable!("taken by the cluster"),
            Output::Leader { .. } | Output::Members { .. } => {}
        }
    }

    fn end(&mut self, ticket: Ticket) {
        assert!(self.open.remove(&ticket), "{ticket} ends exactly once");
    }
}

/// Write, sends, streams, install, apply, answers, notices; at most one write and one apply.
pub fn in_order(outputs: &[Output]) {
    let rank = |output: &Output| match output {
        Output::Write(_) => 0,
        Output::Send(_) => 1,
        Output::Stream { .. } => 2,
        Output::Install { .. } => 3,
        Output::Apply { .. } => 4,
        Output::Settled { .. } | Output::ReadAt { .. } | Output::ReadFailed { .. } => 5,
        Output::Leader { .. } | Output::Members { .. } | Output::Removed => 6,
        Output::Trusted => 6,
        Output::Fenced(_) | Output::TakeSnapshot { .. } | Output::Discard { .. } => 6,
    };
    assert!(outputs.is_sorted_by_key(rank), "out of order: {outputs:?}");
    for once in [0, 3, 4] {
        let count = outputs.iter().filter(|o| rank(o) == once).count();
        assert!(count <= 1, "one drain makes one of it: {outputs:?}");
    }
}

/// What a correct disk does with a write.
pub fn perform(disk: &mut Durable, write: &Write) {
    if let Some(hard_state) = write.hard_state {
        disk.hard_state = hard_state;
    }
    if let Some(meta) = &write.install {
        disk.snapshot = Some((**meta).clone());
        disk.entries.clear();
    }
    if let Some(trim) = write.trim_to {
        disk.entries.retain(|entry| entry.id.index > trim);
    }
    if let Some(cut) = write.cut_from {
        disk.entries.retain(|entry| entry.id.index < cut);
    }
    for entry in write.append.iter() {
        let start = disk.snapshot.as_ref();
        let start = start.map_or(LogId::ORIGIN, |meta| meta.last);
        let last = disk.entries.last().map_or(start, |last| last.id);
        let next = last.index.next();
        assert_eq!(entry.id.index, next, "the disk gets no holes");
        disk.entries.push(entry.clone());
    }
}
