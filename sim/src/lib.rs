//! A deterministic world around the Raft core: network, disks, clients, faults, checks, time
//! travel.

mod history;
mod intervention;
mod rng;
mod setup;
mod timeline;
mod world;

pub use history::{BranchInfo, History};
pub use intervention::{Intervention, Op};
pub use setup::{
    DiskModel, FaultPlan, MAX_CLIENTS, MAX_NODES, NetworkModel, Patience, Setup, Workload,
};
pub use timeline::{Lane, Mark, MarkKind, Span, Timeline};
pub use world::{Violation, World};
