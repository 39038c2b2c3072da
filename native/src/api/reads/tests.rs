//! When a read that any node serves is asked for again, with a core that says what is scripted.

use super::*;
use crate::node::answer::Result as Answered;
use crate::node::leadership::Leadership;
use raftwerk_core::{NodeId, Term};
use std::cell::RefCell;
use tokio::sync::watch;

fn found() -> Result<Read, Trouble> {
    Ok(Read::Found(Found {
        result: Answered::Item(None),
        revision: 7,
        term: 1,
        age_ms: None,
    }))
}

const NO_LEADER: Refusal = Refusal::NotLeader {
    hint: None,
    term: Term(1),
};

/// How it ends, and how many of the core's words were left unheard.
async fn asked(
    tell: &watch::Sender<Leadership>,
    says: Vec<Result<Read, Trouble>>,
) -> (Result<u64, String>, usize) {
    let says = RefCell::new(says.into_iter());
    let look = || {
        let said = says.borrow_mut().next();
        async { said.expect("asked no more often than it takes") }
    };
    let ended = again(tell.subscribe(), look).await;
    let ended = ended.map(|found| found.revision);
    (
        ended.map_err(|trouble| trouble.kind().to_string()),
        says.take().count(),
    )
}

#[tokio::test]
async fn a_read_without_its_answer_is_asked_for_again_without_a_new_leader() {
    let (tell, _) = watch::channel(Leadership {
        term: 1,
        leader: Some(2),
    });
    let no = |why| Ok(Read::Refused(why));
    for why in [Refusal::TimedOut, Refusal::LeaderLost] {
        let says = vec![no(why), no(why), found()];
        assert_eq!(asked(&tell, says).await, (Ok(7), 0), "{why:?}");
    }
    let says = vec![no(Refusal::Overloaded), found()];
    assert_eq!(asked(&tell, says).await, (Err("overloaded".into()), 1));
    let says = vec![no(Refusal::TimedOut), no(Refusal::Fenced), found()];
    assert_eq!(asked(&tell, says).await, (Err("fenced".into()), 1));
}

#[tokio::test]
async fn the_same_leader_may_be_back_and_nobody_waits_who_had_none_to_begin_with() {
    let (tell, _) = watch::channel(Leadership {
        term: 1,
        leader: None,
    });
    let no = |why| Ok(Read::Refused(why));
    let says = vec![no(NO_LEADER), found()];
    assert_eq!(asked(&tell, says).await, (Err("no_leader".into()), 1));
    let says = vec![no(Refusal::LeaderLost), no(NO_LEADER), found()];
    let back = async {
        tokio::task::yield_now().await;
        tell.send_replace(Leadership {
            term: 1,
            leader: Some(NodeId(2).0),
        });
    };
    let (ended, ()) = tokio::join!(asked(&tell, says), back);
    assert_eq!(ended, (Ok(7), 0));
}
