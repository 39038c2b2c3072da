//! Who leads, as this node's core believes: told by the loop, read by whoever passes requests on.

use tokio::sync::watch;

/// A belief about the leader. Beliefs are ordered by their terms; a term has at most one leader
/// (paper 5.2), so a later term with a leader means that the earlier one leads no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leadership {
    /// Term of the belief; 0 before the core has told any.
    pub term: u64,
    /// The leader; `None`: nobody is known.
    pub leader: Option<u64>,
}

/// Where the newest belief is read.
pub type Leaderships = watch::Receiver<Leadership>;

/// Waits until a leader of a later term is known and returns that belief; never returns when the
/// loop has ended.
pub async fn after(news: &mut Leaderships, term: u64) -> Leadership {
    wait(news, |known| known.leader.is_some() && known.term > term).await
}

/// Waits until a leader is known, of whatever term; never returns when the loop has ended.
pub async fn known(news: &mut Leaderships) -> Leadership {
    wait(news, |known| known.leader.is_some()).await
}

async fn wait(news: &mut Leaderships, fits: impl FnMut(&Leadership) -> bool) -> Leadership {
    let found = news.wait_for(fits).await.map(|known| *known);
    match found {
        Ok(known) => known,
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test]
    async fn only_a_leader_of_a_later_term_counts() {
        let known = |term, leader| Leadership { term, leader };
        let (tell, mut news) = watch::channel(known(3, Some(1)));
        let moment = Duration::from_millis(1);
        for not_yet in [known(3, Some(1)), known(3, None), known(4, None)] {
            tell.send_replace(not_yet);
            let waited = timeout(moment, after(&mut news, 3)).await;
            assert!(waited.is_err(), "{not_yet:?}");
        }
        assert!(timeout(moment, super::known(&mut news)).await.is_err());
        tell.send_replace(known(4, Some(2)));
        assert_eq!(super::known(&mut news).await, known(4, Some(2)));
        assert_eq!(after(&mut news, 3).await, known(4, Some(2)));
        drop(tell);
        assert!(timeout(moment, after(&mut news, 4)).await.is_err());
    }
}
