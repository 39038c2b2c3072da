//! Waiting for a condition: looks again and again until it holds or the bound has passed.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Long enough for a busy machine; nothing that works comes near it.
pub const BOUND: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(50);

/// Looks until there is something, for at most [`BOUND`]. An error of the look ends the wait.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if start.elapsed() > BOUND {
            bail!("waited {} s in vain for: {what}", BOUND.as_secs());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Looks until it is true, for at most [`BOUND`]. An error of the look ends the wait.
pub async fn until_true(what: &str, mut look: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    until(what, async || Ok(look().await?.then_some(()))).await
}
