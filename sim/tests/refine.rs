//! Traces of the core are what Figure 2 of the paper and the thesis allow.

#[path = "refine/broken.rs"]
mod broken;
#[path = "refine/kinds.rs"]
mod kinds;
#[path = "refine/mutants.rs"]
mod mutants;
#[path = "refine/storms.rs"]
mod storms;
