//! Where a peer is reached, and how it may move.
//!
//! At first a peer is where this node was told. Its own greeting says where it wants to be reached;
//! if that is elsewhere, both places are tried in turn whenever there is no connection, and the one
//! that works is where it is reached from then on. So a node may be started again at another address,
//! and a greeting that names an address which is of no use from here does no harm. That it is the
//! same node its disk proves (`greet`). What was learned so is kept; at the next start what the flags
//! say is tried first.

use super::{Link, Peers};
use crate::node::PeerUrl;
use std::sync::{Arc, MutexGuard, PoisonError};

/// Where a peer is reached.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Where it was reached last, or should be.
    known: PeerUrl,
    /// Where it says that it is reached, if that is elsewhere.
    said: Option<PeerUrl>,
}

impl Place {
    /// Where this node was told; and what it learned in an earlier life, if that is elsewhere.
    pub fn new(known: PeerUrl, learned: Option<PeerUrl>) -> Place {
        let said = learned.filter(|url| *url != known);
        Place { known, said }
    }

    /// It says that it is reached here. Whether that is news.
    fn says(&mut self, url: &PeerUrl) -> bool {
        let said = Some(url).filter(|url| **url != self.known).cloned();
        let news = said.is_some() && said != self.said;
        self.said = said;
        news
    }

    /// Where to try after this place.
    fn after(&self, tried: &PeerUrl) -> PeerUrl {
        let other = self.said.as_ref().filter(|_| *tried == self.known);
        other.unwrap_or(&self.known).clone()
    }

    /// It was reached here. Whether it has moved.
    fn reached(&mut self, url: &PeerUrl) -> bool {
        let moved = *url != self.known;
        if moved {
            let before = std::mem::replace(&mut self.known, url.clone());
            // Should it move back, it says so.
            self.said = Some(before);
        }
        moved
    }
}

impl Link {
    /// Where it is reached, as far as is known.
    pub(super) fn url(&self) -> PeerUrl {
        self.place().known.clone()
    }

    /// Where to try after this place failed, or the connection there ended.
    pub(super) fn url_after(&self, tried: &PeerUrl) -> PeerUrl {
        self.place().after(tried)
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Peers {
    /// A peer that was met says where it is reached.
    pub(super) fn says(&self, id: u64, url: &PeerUrl) {
        let Some(link) = self.find(id) else {
            return;
        };
        let (news, known) = {
            let mut place = link.place();
            (place.says(url), place.known.clone())
        };
        if news {
            self.log.line(format!(
                "node {id} says that it is reached at {url}; it is known at {known}, and both are \
                 tried"
            ));
        }
    }

    /// A peer was reached here: that is where it is.
    pub(super) fn reached(self: &Arc<Self>, link: &Link, url: &PeerUrl) {
        if link.place().reached(url) {
            self.log
                .line(format!("node {} has moved to {url}", link.id));
            self.keep_addresses();
        }
    }

    /// Keeps where all peers are reached, for the next life.
    pub(super) fn keep_addresses(self: &Arc<Self>) {
        let peers = Arc::clone(self);
        self.in_background(move || peers.disks.keep_urls(|| peers.addresses()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(port: u16) -> PeerUrl {
        PeerUrl::parse(&format!("http://h:{port}")).expect("good")
    }

    /// Both places are tried in turn; the one that works is known, and the peer may move back.
    #[test]
    fn a_peer_is_where_it_was_reached_last() {
        let mut place = Place::new(url(1), None);
        assert!(!place.says(&url(1)) && place.after(&url(1)) == url(1));
        assert!(place.says(&url(2)) && !place.says(&url(2)), "once");
        assert_eq!(place.known, url(1), "not before it is reached there");
        assert_eq!(
            (place.after(&url(1)), place.after(&url(2))),
            (url(2), url(1))
        );
        assert!(place.reached(&url(2)) && !place.reached(&url(2)));
        assert_eq!(
            (place.known.clone(), place.after(&url(2))),
            (url(2), url(1))
        );
        assert!(!place.says(&url(2)), "it is known there");
        assert_eq!(place.after(&url(2)), url(2), "and the old place is dropped");
        assert!(place.says(&url(1)) && place.reached(&url(1)));
        let learned = Place::new(url(1), Some(url(7)));
        assert_eq!(learned.after(&url(1)), url(7));
    }
}
