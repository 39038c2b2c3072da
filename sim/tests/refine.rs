//! Traces of the core are what Figure 2 of the paper and the thesis allow.

#[path = "refine/broken.rs"]
mod broken;
#[path = "refine/kinds.rs"]
mod kinds;
// The core's own kit, which also takes snapshots; not all of it is used here.
#[allow(unexpected_cfgs)]
#[path = "../../core/tests/kit/mod.rs"]
mod kit;
#[path = "refine/mutants.rs"]
mod mutants;
#[path = "refine/snapshots.rs"]
mod snapshots;
#[path = "refine/storms.rs"]
mod storms;
