//! The failing world of a rule as a link: the page opens it with the same rule switched off.

use raftwerk_sim::IN_ADDRESS;
use raftwerk_sim::sabotage::page::Found;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Most runs tried to find a smaller one.
const TRIES: u64 = 500;
/// Where the playground is, unless told otherwise.
const PAGE: &str = "http://127.0.0.1:7878/?mode=playground";

/// What is said of it below the line of the seed.
pub fn told(found: &Found, steps: u64) -> impl Iterator<Item = String> {
    let caught = found.caught.iter();
    caught.map(move |caught| {
        // Where the core stops itself there is nothing to be seen in a page.
        let run = AssertUnwindSafe(|| found.plan.run(caught.seed, steps, &caught.by, TRIES));
        match catch_unwind(run) {
            Ok(Some(run)) => format!("  see it: {PAGE}{IN_ADDRESS}{}", run.to_word()),
            _ => "  its course does what no hand can, so there is no link".to_string(),
        }
    })
}
