//! Ports for the nodes: the same as last time if they are free, others if not.
//!
//! Every port is held while the others are looked for, so that none is given out twice. Between
//! letting go and the node taking it, another program may come first; then the node says so, and
//! `play` starts over with other ports.

use std::net::{Ipv4Addr, TcpListener};

/// Ports that are tried in order after the first one.
const TRIED: u16 = 200;

/// A port for each node: those of last time where they are free, then the first free ones from
/// `base` on, then whatever the system gives.
///
/// # Errors
/// When this machine gives no port at all.
pub fn choose(count: u64, last: &[u16], base: u16) -> Result<Vec<u16>, String> {
    let mut held: Vec<TcpListener> = Vec::new();
    let mut candidates = (base..).take(usize::from(TRIED));
    let mut chosen = Vec::new();
    for place in 0..usize::try_from(count).unwrap_or(0) {
        let remembered = last.get(place).copied().and_then(hold);
        let found = remembered.or_else(|| candidates.find_map(hold));
        let listener = match found {
            Some(listener) => listener,
            None => TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .map_err(|why| format!("no free port on this machine: {why}"))?,
        };
        let address = listener
            .local_addr()
            .map_err(|why| format!("a port without a number: {why}"))?;
        chosen.push(address.port());
        held.push(listener);
    }
    Ok(chosen)
}

/// True if nobody listens on this port.
#[must_use]
pub fn is_free(port: u16) -> bool {
    hold(port).is_some()
}

fn hold(port: u16) -> Option<TcpListener> {
    if port == 0 {
        return None;
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_free_and_different_and_remembered() {
        let base = choose(1, &[], 0).unwrap()[0];
        let first = choose(5, &[], base).unwrap();
        let mut sorted = first.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), 5);
        let reversed: Vec<u16> = first.iter().rev().copied().collect();
        assert_eq!(choose(5, &reversed, base).unwrap(), reversed);
    }

    #[test]
    fn a_taken_port_is_replaced() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(!is_free(port));
        let chosen = choose(2, &[port, port], port).unwrap();
        assert!(!chosen.contains(&port));
        assert_ne!(chosen[0], chosen[1]);
    }
}
