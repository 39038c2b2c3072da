//! What clients of real processes saw has an order (thesis 6.3, 6.4; core design 4.2, item 12).
//!
//! Three nodes with leases and small snapshots are killed, frozen and cut off from each other, while
//! clients write and read at all of them in every mode that promises freshness. Afterwards the search
//! for an order, the same that judges the simulator, looks at all that they were told. Which moments
//! are hit differs from run to run; whatever they are, there must be an order.

mod cluster;
mod http;
mod load;

use anyhow::{Result, bail, ensure};
use cluster::Cluster;
use load::{Clock, Load};
use raftwerk_sim::linear::{Action, Limit, Operation, Outcome, Shown, Told, Verdict, check};
use std::sync::Arc;
use std::time::Duration;

/// Faults, one after the other, each lasting as long as the next comment says.
const FAULTS: u64 = 18;
/// A fault lasts for this long, and so does the calm after it: some elections.
const LASTS: Duration = Duration::from_millis(600);
/// Clients; each asks one thing at a time.
const CLIENTS: u64 = 6;
/// Operations that must have ended with an answer; far fewer than there are.
const ANSWERED: usize = 500;

/// One fault and its end.
fn strike(cluster: &mut Cluster, number: u64) -> Result<()> {
    let leader = cluster.leader()?;
    // The leader is hit twice as often as each of the others.
    let hit = match number % 4 {
        0 | 2 => leader,
        other => (leader + other) % 3 + 1,
    };
    match number % 3 {
        0 => {
            cluster.kill(hit)?;
            std::thread::sleep(LASTS);
            cluster.start_again(hit)
        }
        1 => {
            cluster.freeze(hit)?;
            std::thread::sleep(LASTS);
            cluster.thaw(hit)
        }
        _ => {
            let rest: Vec<u64> = [1, 2, 3].into_iter().filter(|id| *id != hit).collect();
            let split = format!("{{\"fault\":\"partition\",\"groups\":[[{hit}],{rest:?}]}}");
            cluster.chaos(&split)?;
            std::thread::sleep(LASTS);
            cluster.chaos("{\"fault\":\"heal\"}")
        }
    }
}

/// Everything that the clients asked and were told.
fn play() -> Result<Vec<Operation>> {
    let mut cluster = Cluster::start()?;
    cluster.leader()?;
    let (load, clock) = (Arc::new(Load::new(cluster.ports())), Clock::start());
    let clients: Vec<_> = (1..=CLIENTS)
        .map(|client| {
            let load = Arc::clone(&load);
            std::thread::spawn(move || load.ask_on(client, clock))
        })
        .collect();
    let mut struck = Ok(());
    for number in 0..FAULTS {
        struck = strike(&mut cluster, number);
        std::thread::sleep(LASTS);
        if struck.is_err() {
            break;
        }
    }
    load.end();
    let mut history = Vec::new();
    for client in clients {
        match client.join() {
            Ok(asked) => history.extend(asked?),
            Err(_) => bail!("a client panicked"),
        }
    }
    struck?;
    // In calm, every key once more.
    cluster.leader()?;
    history.extend(load.read_all(clock)?);
    Ok(history)
}

fn answered(history: &[Operation]) -> usize {
    let answered = |one: &&Operation| matches!(one.outcome, Outcome::Answered { .. });
    history.iter().filter(answered).count()
}

/// A last read that is told an overwritten value: nobody can have seen that.
fn spoilt(history: &[Operation]) -> Option<Vec<Operation>> {
    let put = |one: &Operation| match (&one.action, &one.outcome) {
        (Action::Put(value), Outcome::Answered { at, .. }) => Some((value.clone(), *at)),
        _ => None,
    };
    let mut spoilt = history.to_vec();
    for last in (0..history.len()).rev() {
        let read = &history[last];
        if read.action != Action::Get {
            continue;
        }
        let same = || history.iter().filter(|one| one.key == read.key);
        let puts = || same().filter_map(|one| Some((one.called, put(one)?)));
        let older = puts().find(|(_, (_, ended))| {
            puts().any(|(began, (_, at))| began > *ended && at < read.called)
        });
        if let (Some((_, (value, _))), Outcome::Answered { told, .. }) =
            (older, &mut spoilt[last].outcome)
        {
            *told = Told {
                succeeded: true,
                shown: Shown::Present(load::record(value)),
                revision: None,
            };
            return Some(spoilt);
        }
    }
    None
}

#[test]
fn there_is_an_order_of_what_clients_of_real_processes_saw() -> Result<()> {
    let history = play()?;
    let answered = answered(&history);
    println!("{} operations, {answered} answered", history.len());
    ensure!(answered >= ANSWERED, "only {answered} answers");
    match check(&history, Limit::default()) {
        Verdict::Linearizable(_) => {}
        Verdict::Impossible(found) => bail!("{found}\n{:#?}", history[found.operation]),
        Verdict::GaveUp { key, states } => bail!("no verdict on {key:?} after {states} states"),
    }
    // The judge looks: one answer that cannot be is found among all.
    let spoilt = spoilt(&history);
    ensure!(spoilt.is_some(), "no key was written twice and read");
    let verdict = check(&spoilt.unwrap_or_default(), Limit::default());
    ensure!(matches!(verdict, Verdict::Impossible(_)), "{verdict:?}");
    Ok(())
}
