//! What a new directory is given: whose it is, and the first write of its log.

use crate::identity::{FORMAT, Identity};
use crate::node::start::random;
use crate::node::{NodeError, NodeOptions};
use crate::wal::{DirFiles, State, Wal};
use raftwerk_core::{Durable, HardState, Members, NodeId, Term, Write, WriteSeq};

/// Whose directory it is, as this node was told.
pub fn told_identity(
    options: &NodeOptions,
    found: Option<&Identity>,
) -> Result<Identity, NodeError> {
    let founders = match (&options.learned, found) {
        (Some(learned), _) => learned.founders.clone(),
        // It joined in an earlier life, and nobody says otherwise.
        (None, Some(found)) if !options.join.is_empty() => found.founders.clone(),
        (None, _) => options.initial_cluster.iter().map(|(id, _)| *id).collect(),
    };
    let mut founders: Vec<u64> = founders;
    founders.sort_unstable();
    if founders.is_empty() {
        let why = "the cluster does not say who its first members were; is it another version?";
        return Err(NodeError::Options(vec![why.to_string()]));
    }
    Ok(Identity {
        format: FORMAT,
        cluster: format!("{:032x}", options.cluster.0),
        node: options.id,
        disk: format!("{:016x}", random()?),
        founders,
    })
}

/// What a new node starts from: a first member from the first members, which are the same for
/// all; one that joins from nothing but a term, which tells a new log from one that was removed.
fn first_state(options: &NodeOptions, told: &Identity) -> State {
    if !options.join.is_empty() {
        let (term, vote) = (Term(1), None);
        return State {
            hard_state: HardState { term, vote },
            ..State::default()
        };
    }
    let members = Members::of_voters(told.founders.iter().copied().map(NodeId));
    let Durable {
        hard_state,
        entries,
        ..
    } = Durable::bootstrap(&members);
    State {
        hard_state,
        entries,
        ..State::default()
    }
}

fn first_write(state: &State) -> Write {
    Write {
        seq: WriteSeq(0),
        install: None,
        hard_state: Some(state.hard_state),
        cut_from: None,
        append: state.entries.clone().into(),
        trim_to: None,
        must_sync: true,
    }
}

/// A new directory gets its first entry; or it has it, and the process died before the identity
/// was written.
pub fn begin(
    options: &NodeOptions,
    told: &Identity,
    wal: &mut Wal<DirFiles>,
    state: &mut State,
) -> Result<(), String> {
    let first = first_state(options, told);
    if *state == State::default() {
        let begun = wal.append(&[first_write(&first)]);
        begun.map_err(|error| error.to_string())?;
        *state = first;
    } else if *state != first {
        return Err("there is a log, but identity.json is missing beside it".to_string());
    }
    Ok(())
}
