//! A check that really fails: disks lie about sync, an acknowledged write dies with the power,
//! and the page names what is broken and leads to the moment.

use super::visit::{answered, faster, leader, opened_with, position, put};
use anyhow::{Context, Result, ensure};
use raftwerk_tests::{Browser, Viewport, artifact};
use serde_json::json;

/// Crashes or restarts every node by keyboard.
async fn switch_all(browser: &Browser, to: &str) -> Result<()> {
    for node in 1..=5 {
        browser.press(&node.to_string()).await?;
        browser.press("x").await?;
        let state = format!("[data-role][data-node='{node}'][data-condition='{to}']");
        browser.find(&state).await?;
    }
    Ok(())
}

/// A write is acknowledged, then power fails everywhere and comes back.
async fn power_cut(browser: &Browser) -> Result<()> {
    faster(browser).await?;
    let leader = leader(browser).await?;
    put(browser, 1, leader, "x", "1").await?;
    answered(browser, "put x=1", "ok").await?;
    switch_all(browser, "crashed").await?;
    switch_all(browser, "up").await
}

#[tokio::test]
async fn a_real_violation_is_named_in_the_banner_and_can_be_jumped_to() -> Result<()> {
    let (mut browser, _server) = opened_with(Viewport::DESK, "&lies=2").await?;
    let calm = "return document.getElementById('banner-violation') === null";
    ensure!(
        browser.script(calm).await? == json!(true),
        "so far all holds"
    );
    power_cut(&browser).await?;
    browser
        .wait_for_text("#banner-violation", "Leader completeness is violated")
        .await?;
    browser
        .screenshot(&artifact("playground-violation.png"))
        .await?;
    // The clock has stopped at the event. Elsewhere, the banner leads back to it.
    let at = position(&browser).await?;
    browser.press("Space").await?;
    browser
        .wait_for(&format!("return window.raftwerk.position() > {at}"))
        .await?;
    browser.press("Space").await?;
    browser.click("#banner-violation button").await?;
    browser
        .wait_for(&format!("return window.raftwerk.position() === {at}"))
        .await?;
    // Before it the check still holds: the banner goes, and comes again.
    browser.press(",").await?;
    browser.wait_for(calm).await?;
    browser.press(".").await?;
    browser.find("#banner-violation").await?;
    // The list of checks says the same, and so does the bar above.
    browser.click("#tab-checks").await?;
    let broken = "return [...document.querySelectorAll('[data-holds=\"false\"] > b')]\
        .map(b => b.textContent)";
    browser.find("[data-holds='false']").await?;
    ensure!(browser.script(broken).await? == json!(["Leader completeness"]));
    browser
        .wait_for_text("#checks-open", "Check violated")
        .await?;
    browser.must_be_quiet().await
}

#[tokio::test]
async fn honest_disks_in_the_same_run_keep_every_check() -> Result<()> {
    let (mut browser, _server) = opened_with(Viewport::DESK, "").await?;
    power_cut(&browser).await?;
    let term = "const all = [...document.querySelectorAll('[data-role=\"leader\"]')]; \
        return all.some(n => n.dataset.term > 1)";
    browser.wait_for(term).await?;
    let kept = "return document.getElementById('checks-open').textContent";
    let text = browser.script(kept).await?;
    let text = text.as_str().context("the button says something")?;
    ensure!(text.starts_with("Checks hold"), "{text}");
    ensure!(
        browser
            .script("return document.getElementById('banner-violation') === null")
            .await?
            == json!(true)
    );
    browser.must_be_quiet().await
}
