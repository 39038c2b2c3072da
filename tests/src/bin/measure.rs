//! Measures the page in a real browser: main-thread work per frame and frames shown.
//!
//! `cargo run --release -p raftwerk-tests --bin measure` after `cargo xtask ui`. The last line
//! is one JSON object. Nothing is judged here: the machine's load decides, so the numbers go
//! into docs/measurements.md with their targets and are no test.

use anyhow::Result;
use raftwerk_tests::{Browser, FileServer, Viewport, dist};
use serde_json::{Value, json};
use std::time::Duration;

/// How long each case runs.
const RUN: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() -> Result<()> {
    let server = FileServer::start(&dist())?;
    let url = format!("{}?mode=playground&seed=7", server.url());
    let calm = case(&format!("{url}&nodes=5"), 0).await?;
    let busy = case(&format!("{url}&nodes=9"), 200).await?;
    println!(
        "{}",
        json!({"five_nodes": calm, "nine_nodes_200_messages": busy})
    );
    Ok(())
}

/// Lets the page run and reads its own account of its frames.
async fn case(url: &str, messages: u64) -> Result<Value> {
    let browser = Browser::open(Viewport::DESK).await?;
    browser.goto(url).await?;
    browser.find("[data-node='1']").await?;
    if messages > 0 {
        browser
            .script(&format!("window.raftwerk.stress(9, {messages})"))
            .await?;
    }
    // The first seconds are start-up, not the work of a frame.
    tokio::time::sleep(Duration::from_secs(5)).await;
    browser.script("window.raftwerk.reset_stats()").await?;
    let (mut seen, mut looks) = (0, 0);
    let end = std::time::Instant::now() + RUN;
    while std::time::Instant::now() < end {
        let drawn = browser.script("return window.raftwerk.drawn()").await?;
        seen += drawn.as_f64().unwrap_or(0.0) as u64;
        looks += 1;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let stats = browser
        .script("return window.raftwerk.frame_stats()")
        .await?;
    let frames = stats["frames"].as_f64().unwrap_or(0.0);
    Ok(json!({
        "work_ms": {"p50": stats["p50"], "p95": stats["p95"], "p99": stats["p99"]},
        "frames_per_second": (frames / RUN.as_secs_f64()).round(),
        "messages_drawn_mean": seen / looks.max(1),
    }))
}
