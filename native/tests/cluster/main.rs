//! Whole nodes on real sockets: the API form by form, forwarding, restarts, chaos, handshakes,
//! the observe stream.

mod api;
mod damage;
mod faults;
mod full;
mod inspect;
mod members;
mod moved;
mod observe;
mod peers;
mod rig;
