//! What a node must keep to by itself, besides its own invariants and its disk's.

use super::host::{Finding, Host};
use super::world::{FIRST_READ, FIRST_TRANSFER};
use raftwerk_core::trace::Role;
use raftwerk_core::{EntryBody, Members, Ticket, View};

/// Looks at a node that is drained, and at what it was before the step.
pub(crate) fn check(before: &Host, host: &Host) -> Result<(), Finding> {
    nothing_falls(before, host)?;
    nobody_is_forgotten(host)?;
    only_voters_campaign(host)
}

/// Terms and the commit index never fall in a life, and a vote stays given (trap E2).
fn nothing_falls(before: &Host, host: &Host) -> Result<(), Finding> {
    if before.life != host.life {
        return Ok(());
    }
    let (old, new) = (before.raft.view(), host.raft.view());
    let kept = match old.term() == new.term() {
        true => old.vote().is_none() || old.vote() == new.vote(),
        false => old.term() < new.term(),
    };
    if kept && old.commit() <= new.commit() {
        return Ok(());
    }
    let told = |view: View<'_>| {
        let vote = view
            .vote()
            .map_or("nobody".to_string(), |vote| vote.to_string());
        format!(
            "term {}, vote for {vote}, commit {}",
            view.term(),
            view.commit()
        )
    };
    let detail = format!("{} goes from {} to {}", new.id(), told(old), told(new));
    Err(Finding::new("NothingFalls", detail))
}

/// Whoever waits is known to the core (traps L2, L12), and only a leader lets proposals wait.
fn nobody_is_forgotten(host: &Host) -> Result<(), Finding> {
    let view = host.raft.view();
    let is_read = |ticket: &&Ticket| ticket.0 >= u64::from(FIRST_READ);
    let reads = host.open.iter().filter(is_read).count();
    let waiting: usize = view.reads().iter().map(|waiting| waiting.count).sum();
    let leads = view.role() == Role::Leader;
    // A leader counts the reads of followers as well.
    let reads_fit = if leads {
        reads <= waiting
    } else {
        reads == waiting
    };
    let proposed = |ticket: &Ticket| ticket.0 < u64::from(FIRST_TRANSFER);
    if reads_fit && (leads || !host.open.iter().any(proposed)) {
        return Ok(());
    }
    let (id, open) = (view.id(), &host.open);
    let detail = format!("{id} has {open:?} open; reads that wait in its core: {waiting}");
    Err(Finding::new("NobodyIsForgotten", detail))
}

/// Who campaigns votes in the newest membership of its log, or did in the one before while the
/// newest is not known to be committed (trap E16).
fn only_voters_campaign(host: &Host) -> Result<(), Finding> {
    let view = host.raft.view();
    if !matches!(view.role(), Role::Candidate | Role::PreCandidate) {
        return Ok(());
    }
    let id = view.id();
    let log = host.log();
    let mut memberships = log.iter().rev().filter_map(|entry| match &entry.body {
        EntryBody::Membership(members) => Some((entry.id.index, members)),
        _ => None,
    });
    let newest = memberships.next();
    let before = memberships
        .next()
        .filter(|_| newest.is_some_and(|(at, _)| at > view.commit()));
    let votes = |members: &Members| members.is_voter(id);
    if newest.is_some_and(|(_, members)| votes(members))
        || before.is_some_and(|(_, members)| votes(members))
    {
        return Ok(());
    }
    Err(Finding::new(
        "OnlyVotersCampaign",
        format!("{id} campaigns and has no vote"),
    ))
}
