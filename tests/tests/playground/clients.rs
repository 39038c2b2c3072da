//! Clients on the stage: requests fly as pills, answers fly back, and a dotted line shows whom
//! each client believes to lead.

use super::visit::{answered, faster, leader, opened, put};
use anyhow::{Context, Result, ensure};
use raftwerk_tests::{Browser, Viewport, artifact, until};
use serde_json::{Value, json};

/// Where a message of clients is seen now: its kind, number, and the middle of it.
async fn seen(browser: &Browser) -> Result<Vec<(String, u64, f64, f64)>> {
    let script = "return [...document.querySelectorAll('.client-flight[data-flight]')].map(f => { \
        const r = f.querySelector('.hit').getBoundingClientRect(); \
        return [f.dataset.kind, +f.dataset.flight, r.left + r.width / 2, r.top + r.height / 2] })";
    Ok(serde_json::from_value(browser.script(script).await?)?)
}

async fn middle(browser: &Browser, css: &str) -> Result<(f64, f64)> {
    let script = format!(
        "const r = document.querySelector(\"{css}\").getBoundingClientRect(); \
         return [r.left + r.width / 2, r.top + r.height / 2]"
    );
    Ok(serde_json::from_value(browser.script(&script).await?)?)
}

/// Steps forward until a message of this kind has come a part of its way.
async fn until_seen(browser: &Browser, kind: &str) -> Result<(u64, f64, f64)> {
    until(kind, async || {
        let all = seen(browser).await?;
        let found = all.into_iter().find(|(other, ..)| other == kind);
        if found.is_none() {
            browser.press(".").await?;
        }
        Ok(found.map(|(_, id, x, y)| (id, x, y)))
    })
    .await
}

#[tokio::test]
async fn requests_and_answers_fly_between_the_dock_and_the_node() -> Result<()> {
    let (mut browser, _server) = opened(Viewport::DESK).await?;
    faster(&browser).await?;
    let leader = leader(&browser).await?;
    browser.press("Space").await?;
    put(&browser, 1, leader, "x", "1").await?;
    let (id, x, y) = until_seen(&browser, "OpenSession").await?;
    let dock = middle(&browser, ".client[data-client='1']").await?;
    let node = middle(
        &browser,
        &format!("[data-role][data-node='{leader}'] .body"),
    )
    .await?;
    // It has just left: at the client's place in the dock.
    ensure!(
        (x - dock.0).abs() < 20.0,
        "it leaves at {x}, the dock is {dock:?}"
    );
    ensure!(y < dock.1 && dock.1 - y < 60.0, "{y} above {dock:?}");
    // Ten simulated milliseconds later it is on its way to the node, on nobody's order but the
    // simulator's; and back in time it is where it was.
    let before = browser.script("return window.raftwerk.hash()").await?;
    browser.press("Shift+.").await?;
    let later = until("the request under way", async || {
        let all = seen(&browser).await?;
        Ok(all.into_iter().find(|(_, other, ..)| *other == id))
    })
    .await?;
    let toward = |(x, y): (f64, f64)| (x - node.0).hypot(y - node.1);
    ensure!(
        toward((later.2, later.3)) < toward((x, y)) - 20.0,
        "{later:?} is nearer to {node:?} than {x}, {y}"
    );
    browser
        .screenshot(&artifact("playground-request.png"))
        .await?;
    browser.press("Shift+,").await?;
    browser
        .wait_for(&format!(
            "return window.raftwerk.hash() === '{}'",
            before.as_str().context("a hash is text")?
        ))
        .await?;
    let (_, again_x, again_y) = until_seen(&browser, "OpenSession").await?;
    ensure!(
        (again_x - x).hypot(again_y - y) < 6.0,
        "{again_x}, {again_y}"
    );
    // The answer comes back hollow, to the same place.
    until_seen(&browser, "Answer").await?;
    let hollow = "return document.querySelector('[data-kind=\"Answer\"] .hollow') !== null";
    ensure!(browser.script(hollow).await? == json!(true));
    browser.must_be_quiet().await
}

#[tokio::test]
async fn a_dotted_line_shows_whom_a_client_believes() -> Result<()> {
    let (mut browser, _server) = opened(Viewport::DESK).await?;
    faster(&browser).await?;
    let leader = leader(&browser).await?;
    let lines = "return [...document.querySelectorAll('[data-belief]')].map(l => l.dataset.belief)";
    ensure!(
        browser.script(lines).await? == json!([]),
        "nobody knows anything"
    );
    // Asked at a follower, the client is told who leads, and follows.
    put(&browser, 1, leader % 5 + 1, "x", "1").await?;
    answered(&browser, "put x=1", "ok").await?;
    browser.find(&format!("[data-belief='1-{leader}']")).await?;
    // The leader crashes: the client believes in it until its own patience ends.
    browser
        .click(&format!("[data-role][data-node='{leader}']"))
        .await?;
    browser.press("x").await?;
    browser
        .find(&format!(
            "[data-role][data-node='{leader}'][data-condition='crashed']"
        ))
        .await?;
    ensure!(browser.script(lines).await? == json!([format!("1-{leader}")]));
    put(&browser, 1, leader, "y", "2").await?;
    answered(&browser, "put y=2", "ok").await?;
    let now: Vec<String> = serde_json::from_value(browser.script(lines).await?)?;
    ensure!(now.len() == 1 && now[0] != format!("1-{leader}"), "{now:?}");
    browser.must_be_quiet().await
}

#[tokio::test]
async fn a_request_can_be_looked_at_and_dropped() -> Result<()> {
    let (mut browser, _server) = opened(Viewport::DESK).await?;
    faster(&browser).await?;
    let leader = leader(&browser).await?;
    browser.press("Space").await?;
    put(&browser, 2, leader, "k", "v").await?;
    let (id, ..) = until_seen(&browser, "OpenSession").await?;
    // Messages of clients come first among those that J goes through.
    browser.script("document.activeElement.blur()").await?;
    browser.press("j").await?;
    browser.wait_for_text("#inspector", "open session").await?;
    browser.wait_for_text("#inspector", "C2").await?;
    browser.press("d").await?;
    let gone = format!("return document.querySelector('[data-flight=\"{id}\"]') === null");
    browser.wait_for(&gone).await?;
    // The client's patience ends, it asks again, and the write is done once.
    browser.press("Escape").await?;
    browser.press("Space").await?;
    answered(&browser, "put k=v", "ok").await?;
    let count = "return document.querySelectorAll('#kv-answers li').length";
    ensure!(browser.script(count).await? == Value::from(1));
    browser.must_be_quiet().await
}
