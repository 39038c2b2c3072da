//! Linearizability: histories written by hand, and ten thousand random ones that three judges
//! must agree on.

#[path = "linear/agree.rs"]
mod agree;
#[path = "linear/by_hand.rs"]
mod by_hand;
#[path = "linear/judges.rs"]
mod judges;
#[path = "linear/random.rs"]
mod random;
#[path = "linear/records.rs"]
mod records;
#[path = "linear/reference.rs"]
mod reference;
#[path = "linear/simulated.rs"]
mod simulated;
