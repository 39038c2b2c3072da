//! Every schedule of a small world: the real core, searched breadth-first (core design 4.2,
//! item 7).
//!
//! `explore --scope NAME` searches one of the named [`scopes`]; [`explore`] does it here. A world
//! is the nodes with their disks, the messages on the way, and what is left of the scope's
//! budgets. A step is one thing happening to one node: a message arrives, late, twice or never; a
//! write reaches the disk; a timer fires; a client proposes or reads; a transfer or other members
//! are asked for; the power fails, with any number of the waiting writes kept. After every step
//! the checks of the core, those on its disk (`promise`) and those between nodes (`judge`) must
//! hold. The first violation found is a nearest one and is told step by step with the core's own
//! reasons ([`Counterexample`]).
//!
//! **What a search proves.** A scope that is exhausted has no violation within its budgets,
//! whatever the order of events. Three things are left out because whatever follows from them
//! follows without them (`moves`): losses, deliveries that change nothing, and being down. Worlds
//! that differ only in the names of nodes are one, which is checked at every step and not assumed
//! (`group`). A scope in which messages arrive in turn (`-far`) is complete when no schedule with
//! so many departures from that order is left; that is never called exhausted. States are told
//! apart by 128 bits.
//!
//! **What the paper says.** The machine that is written from the paper ([`refine`](crate::refine))
//! reads what the nodes say on every way through a scope ([`Judging::Ways`]), and what it rejects is
//! a violation. Where there are too many ways, it reads each step once, along the first way to it
//! ([`Judging::Steps`]). A search ends with some hundreds of random walks, which it reads as well; so
//! is the way to every violation.
//!
//! **Time.** Clocks stand still and timers fire when the search says so. All moments in a core
//! are then one moment, so the core's hash, which leaves times out, tells all. What depends on
//! time:
//!
//! - *Stickiness* (a live leader's voters refuse a vote): a leader once heard is live until the
//!   node's own timer fires. The rule only prevents elections, so scopes turn it off, which allows
//!   more, and one scope is about it. The same goes for pre-vote.
//! - *Check-quorum*: a step of its own lets an election timeout pass at a leader, with nothing
//!   heard. It may happen at any moment: a leader cannot tell silence from messages on their way.
//! - *A transfer's limit*: a step of its own; the limit is set shorter than anything else, so
//!   that waiting for it is waiting for nothing else.
//! - *Retries*: a read's question asked again is the same message once more (`duplicates`); an
//!   append sent again after a loss is one that arrives late.
//! - *A stalled disk, a learner's patience* take election timeouts and do not happen here.
//!
//! | file          | what                                                        |
//! |---------------|-------------------------------------------------------------|
//! | `scope`       | what may happen to which cluster; `scopes` names them       |
//! | `start`       | what happens before the search                              |
//! | `action`      | the steps                                                   |
//! | `host`        | one node and its disk; `step`: what an input does to it     |
//! | `table`       | node states, messages and steps of nodes, each once         |
//! | `group`       | renamings of nodes                                          |
//! | `world`       | a world as a row of numbers; `chain`: what was committed    |
//! | `options`     | which steps there are; `moves`: what comes of them          |
//! | `judge`       | what must hold between nodes; `facts`: what it looks at     |
//! | `conduct`     | what a node must keep to; `promise`: what its disk must hold |
//! | `shots`       | snapshots at a host, and how their bytes travel              |
//! | `search`      | layer after layer; `index`, `fingerprint`: what was seen    |
//! | `reading`     | what the machine of the paper knows on each way             |
//! | `walks`       | random walks, read by it                                    |
//! | `replay`      | a path once more, heard; `tell`: a counterexample in words  |

mod action;
mod chain;
mod conduct;
mod facts;
mod fingerprint;
mod group;
mod host;
mod index;
mod judge;
mod moves;
mod options;
mod promise;
mod reading;
mod replay;
mod scope;
mod scopes;
mod search;
mod shots;
mod start;
mod step;
mod table;
mod tell;
mod walks;
mod world;

pub use host::{Broken, Finding};
pub use scope::{Judging, Order, Scope, Target};
pub use scopes::{broken_scopes, scopes};
pub use search::{Progress, Reached, Report, explore};
pub use start::{ALL, Before, FRESH, LED};
pub use tell::{Counterexample, Told};
pub use walks::Coverage;
pub use world::Budgets;
