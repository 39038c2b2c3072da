//! What must hold between nodes and over time (paper figure 3; core design 4.2, items 3 and 4).
//!
//! | check                      | says                                                        |
//! |----------------------------|-------------------------------------------------------------|
//! | `ElectionSafety`           | a term has one leader                                       |
//! | `StateMachineSafety`       | what one node takes for committed no other contradicts      |
//! | `LeaderCompleteness`       | leaders of later terms have it                              |
//! | `LogMatching`              | same term at a position: same logs up to there              |
//! | `CommittedOnQuorumOfDisks` | it is on most disks, those of crashed nodes included (X2);  |
//! |                            | a node that is suspect counts, whatever it has lost         |
//! | `ReadCovers`               | a read point covers what was committed when the read began  |
//! | `OneLease`                 | one node at a time may serve reads from a lease             |
//! | `HandsOverToCaughtUp`      | who is told to campaign has the leader's log on its disk    |
//! | `AnsweredOnce`             | a ticket ends once, and not as committed where it is not    |
//!
//! What one node can do wrong by itself is found when its step is taken (`host`, `promise`).

use super::chain::{Chains, Link};
use super::facts::{Facts, Row, matching};
use super::group::{name, number};
use super::host::Finding;
use super::table::Table;
use super::tell;
use super::world::{FIRST_CHANGE, FIRST_READ, TERMS, World};
use raftwerk_core::trace::Role;
use raftwerk_core::{
    Body, EntryBody, Index, LogId, Members, NodeId, Outcome, Output, Ticket, quorum,
};

/// Notes in the world's history what a node's step showed, and finds contradictions to it.
pub(crate) fn note(
    world: &mut World,
    table: &Table,
    chains: &mut Chains,
    node: u8,
    told: &[Output],
) -> Result<(), Finding> {
    let state = world.state(node);
    let facts = table.facts(state);
    if facts.role == Role::Leader {
        match world.leader(facts.term.0) {
            None => world.set_leader(facts.term.0, node),
            Some(other) if other == node => {}
            Some(other) => {
                let (term, first, second) = (facts.term, name(other), name(node));
                let detail = format!("term {term} has two leaders, {first} and {second}");
                return Err(Finding::new("ElectionSafety", detail));
            }
        }
    }
    one_lease(world, table, node)?;
    note_commit(world, table, chains, node)?;
    for output in told {
        note_answer(world, table, chains, node, output)?;
    }
    Ok(())
}

/// Whoever may serve reads without asking does so alone (thesis 6.4.1).
fn one_lease(world: &World, table: &Table, node: u8) -> Result<(), Finding> {
    if !table.facts(world.state(node)).leased {
        return Ok(());
    }
    let states = world.states().iter().enumerate();
    let mut others = states.filter(|(other, _)| *other != usize::from(node));
    match others.find(|(_, state)| table.facts(**state).leased) {
        None => Ok(()),
        Some((other, _)) => {
            let detail = format!("{} and {} have a lease", name(node), name(other as u8));
            Err(Finding::new("OneLease", detail))
        }
    }
}

fn note_commit(
    world: &mut World,
    table: &Table,
    chains: &mut Chains,
    node: u8,
) -> Result<(), Finding> {
    let state = world.state(node);
    let facts = table.facts(state);
    let links = chains.links(world.chain());
    let common = facts.commit.min(links.len());
    if common > 0 && facts.log[common - 1] != links[common - 1].row {
        let (mine, theirs) = (facts.log[common - 1].term, links[common - 1].row.term);
        let detail = format!(
            "{} takes {mine}:{common} for committed, the cluster has committed {theirs}:{common}",
            name(node)
        );
        return Err(Finding::new("StateMachineSafety", detail));
    }
    if facts.commit > links.len() {
        world.set_chain(chains.extend(world.chain(), table, state));
        on_quorum_of_disks(world, table, chains, &facts.members)?;
        lost_stays_lost(world, chains)?;
    }
    Ok(())
}

/// A node tells what came of a request.
fn note_answer(
    world: &mut World,
    table: &Table,
    chains: &Chains,
    node: u8,
    output: &Output,
) -> Result<(), Finding> {
    let ticket = match output {
        Output::Settled { ticket, .. }
        | Output::ReadAt { ticket, .. }
        | Output::ReadFailed { ticket, .. } => *ticket,
        _ => return Ok(()),
    };
    if !world.end_ticket(ticket.0 as u8) {
        let detail = format!("request {ticket} ends twice");
        return Err(Finding::new("AnsweredOnce", detail));
    }
    match output {
        Output::Settled {
            outcome: Outcome::Committed(id),
            ..
        } => is_committed(world, table, node, ticket, *id),
        Output::Settled {
            outcome: Outcome::Lost,
            ..
        } => {
            world.set_lost(ticket.0 as u8);
            lost_stays_lost(world, chains)
        }
        Output::Settled {
            outcome: Outcome::HandedOver(to),
            ..
        } => has_led(world, ticket, *to),
        Output::ReadAt { index, .. } => read_covers(world, table, node, ticket, *index),
        _ => {
            // A read that comes to nothing has ended.
            if ticket.0 >= u64::from(FIRST_READ) {
                world.set_read(ticket.0 as u8, None);
            }
            Ok(())
        }
    }
}

/// What is told committed is, by the one who tells it, and is what was asked for.
fn is_committed(
    world: &World,
    table: &Table,
    node: u8,
    ticket: Ticket,
    id: LogId,
) -> Result<(), Finding> {
    let known = table.node(world.state(node));
    let log = known.host.log();
    let entry = log.get(id.index.prev().0 as usize);
    let mine = entry.is_some_and(|entry| answers(&entry.body, ticket) && entry.id == id);
    if mine && known.facts.commit as u64 >= id.index.0 {
        return Ok(());
    }
    let detail = format!("request {ticket} is told committed at {id}, it is not");
    Err(Finding::new("AnsweredOnce", detail))
}

/// A transfer that is told done has made somebody leader (thesis 3.10).
fn has_led(world: &World, ticket: Ticket, to: NodeId) -> Result<(), Finding> {
    let led = |term| world.leader(term).map(name) == Some(to);
    if (1..=TERMS).any(led) {
        return Ok(());
    }
    let detail = format!("{to} never led, says {ticket}");
    Err(Finding::new("AnsweredOnce", detail))
}

/// A read is answered at a point that covers what was committed when it began, and is applied.
fn read_covers(
    world: &mut World,
    table: &Table,
    node: u8,
    ticket: Ticket,
    index: Index,
) -> Result<(), Finding> {
    let began = world.read_began(ticket.0 as u8);
    world.set_read(ticket.0 as u8, None);
    let applied = table.facts(world.state(node)).applying as u64;
    if began.is_some_and(|began| began as u64 <= index.0) && applied >= index.0 {
        return Ok(());
    }
    let began = began.unwrap_or_default();
    let detail = format!(
        "{} answers read {ticket} at {index} having applied {applied}; {began} entries were \
         committed when it began",
        name(node)
    );
    Err(Finding::new("ReadCovers", detail))
}

/// Who is told to campaign now has everything (thesis 3.10, trap E13).
pub(crate) fn hands_over(
    world: &World,
    table: &Table,
    node: u8,
    sends: &[u32],
) -> Result<(), Finding> {
    let own = &table.facts(world.state(node)).log;
    for message in sends {
        let mail = &table.mail(*message).message;
        if !matches!(mail.body, Body::TimeoutNow { .. }) {
            continue;
        }
        let target = number(mail.to).map(|to| table.facts(world.state(to)));
        if target.is_none_or(|target| target.disk.get(own.len() - 1) != own.last()) {
            let detail = format!("{} tells {} to campaign, who lags", mail.from, mail.to);
            return Err(Finding::new("HandsOverToCaughtUp", detail));
        }
    }
    Ok(())
}

/// What was told to be lost for certain is never committed (trap C3).
fn lost_stays_lost(world: &World, chains: &Chains) -> Result<(), Finding> {
    let links = chains.links(world.chain()).iter();
    let mut commands = links.filter_map(|link| link.row.command);
    match commands.find(|ticket| world.lost() >> ticket & 1 == 1) {
        None => Ok(()),
        Some(ticket) => {
            let detail = format!("request #{ticket} was told lost and is committed");
            Err(Finding::new("AnsweredOnce", detail))
        }
    }
}

fn answers(body: &EntryBody, ticket: Ticket) -> bool {
    match body {
        EntryBody::Command(bytes) => bytes[..] == [ticket.0 as u8],
        EntryBody::Membership(_) => ticket.0 >= u64::from(FIRST_CHANGE),
        EntryBody::Noop => false,
    }
}

/// Looks at a world in which one node has just moved.
pub(crate) fn look(world: &World, table: &Table, chains: &Chains, node: u8) -> Result<(), Finding> {
    let links = chains.links(world.chain());
    let own = table.facts(world.state(node));
    for (other, state) in (0..).zip(world.states()) {
        let facts = table.facts(*state);
        leader_completeness(other, facts, links)?;
        let pairs = [
            (&own.log, &facts.log),
            (&own.disk, &facts.disk),
            (&own.log, &facts.disk),
            (&own.disk, &facts.log),
        ];
        if !pairs.iter().all(|(a, b)| matching(a, b)) {
            let (a, b) = (name(node), name(other));
            let detail = format!("{a} and {b} agree at a position and differ before it");
            return Err(Finding::new("LogMatching", detail));
        }
    }
    // Where members never change the same quorum must have it for ever.
    match table.setting.targets.is_empty() {
        true => on_quorum_of_disks(world, table, chains, &table.setting.members),
        false => Ok(()),
    }
}

fn leader_completeness(node: u8, facts: &Facts, links: &[Link]) -> Result<(), Finding> {
    if facts.role != Role::Leader {
        return Ok(());
    }
    let older = links.iter().rposition(|link| link.in_term < facts.term);
    let Some(last) = older.filter(|last| facts.log.get(*last) != Some(&links[*last].row)) else {
        return Ok(());
    };
    let Link { row, in_term } = &links[last];
    let detail = format!(
        "{} leads term {} without {}:{}, committed in term {in_term}",
        name(node),
        facts.term,
        row.term,
        last + 1,
    );
    Err(Finding::new("LeaderCompleteness", detail))
}

fn on_quorum_of_disks(
    world: &World,
    table: &Table,
    chains: &Chains,
    members: &Members,
) -> Result<(), Finding> {
    let links = chains.links(world.chain());
    let Some(last) = links.last() else {
        return Ok(());
    };
    let at = links.len() - 1;
    let holds = |disk: &[Row]| disk.get(at) == Some(&last.row);
    let on_disk = |node: u8| holds(&table.facts(world.state(node)).disk);
    // Who knows that it lost something undoes nothing that it may have lost (FAST 2018).
    let keeps = |node: u8| on_disk(node) || table.facts(world.state(node)).suspect;
    if quorum::reached(members, |node| number(node).is_some_and(keeps)) {
        return Ok(());
    }
    let have: Vec<String> = (0..world.states().len() as u8)
        .filter(|node| on_disk(*node))
        .map(|node| name(node).to_string())
        .collect();
    let detail = format!(
        "{}:{} is committed and only on the disks of: {} (members {})",
        last.row.term,
        at + 1,
        have.join(" "),
        tell::members(members)
    );
    Err(Finding::new("CommittedOnQuorumOfDisks", detail))
}
