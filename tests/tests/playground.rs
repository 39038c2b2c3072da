//! The playground in a real browser: what a visitor does on the first afternoon.

#[path = "playground/autopilot.rs"]
mod autopilot;
#[path = "playground/checks.rs"]
mod checks;
#[path = "playground/clients.rs"]
mod clients;
#[path = "playground/controls.rs"]
mod controls;
#[path = "playground/keys.rs"]
mod keys;
#[path = "playground/lessons.rs"]
mod lessons;
#[path = "playground/link.rs"]
mod link;
#[path = "playground/stage.rs"]
mod stage;
#[path = "playground/visit.rs"]
mod visit;

use anyhow::{Result, ensure};
use raftwerk_tests::{Viewport, artifact, until_true};
use serde_json::Value;
use visit::{
    answered, faster, hash, leader, opened, other_leader, position, press_crash, put, set,
};

#[tokio::test]
async fn a_leader_appears_and_after_its_crash_by_click_another_one() -> Result<()> {
    let (mut browser, _server) = opened(Viewport::DESK).await?;
    faster(&browser).await?;
    let first = leader(&browser).await?;
    browser
        .screenshot(&artifact("playground-leader.png"))
        .await?;
    browser
        .click(&format!("[data-role][data-node='{first}']"))
        .await?;
    press_crash(&browser).await?;
    browser
        .find(&format!(
            "[data-role][data-node='{first}'][data-condition='crashed']"
        ))
        .await?;
    let second = other_leader(&browser, first).await?;
    ensure!(second != first);
    browser
        .screenshot(&artifact("playground-crashed.png"))
        .await?;
    browser.must_be_quiet().await
}

#[tokio::test]
async fn a_partition_by_keyboard_takes_writes_on_one_side_only_and_heals() -> Result<()> {
    let (mut browser, _server) = opened(Viewport::DESK).await?;
    faster(&browser).await?;
    let old = leader(&browser).await?;
    let friend = old % 5 + 1;
    let rest: Vec<u64> = (1..=5).filter(|n| *n != old && *n != friend).collect();
    let names: String = rest.iter().map(ToString::to_string).collect();
    browser.press("p").await?;
    browser.find("#partition-input").await?;
    set(
        &browser,
        "partition-input",
        &format!("{old}{friend}/{names}"),
    )
    .await?;
    browser.click("#partition-apply").await?;
    browser
        .wait_for("return document.querySelectorAll('[data-group]').length === 2")
        .await?;
    // A write on each side of the cut.
    put(&browser, 1, old, "left", "1").await?;
    let new = other_leader(&browser, old).await?;
    ensure!(
        rest.contains(&new),
        "the majority elects: {new} of {rest:?}"
    );
    put(&browser, 2, new, "right", "2").await?;
    answered(&browser, "right", "ok").await?;
    // No majority, no answer: neither of the two on the left ever says that the write is done. A
    // client that gave up waiting for them may have asked on the right by now.
    let answered_left = format!(
        "return [...document.querySelectorAll('#kv-answers li[data-outcome=\"ok\"]')]\
         .map(li => li.textContent).filter(text => text.includes('put left'))\
         .filter(text => /at S({old}|{friend})\\b/.test(text))"
    );
    let told = browser.script(&answered_left).await?;
    ensure!(
        told == serde_json::json!([]),
        "answered without a majority: {told}"
    );
    browser
        .screenshot(&artifact("playground-partition.png"))
        .await?;
    browser.press("h").await?;
    browser
        .wait_for("return document.querySelectorAll('[data-group]').length === 0")
        .await?;
    browser
        .find(&format!(
            "[data-role][data-node='{old}'][data-role='follower']"
        ))
        .await?;
    browser.must_be_quiet().await
}

#[tokio::test]
async fn a_partition_by_mouse() -> Result<()> {
    let (mut browser, _server) = opened(Viewport::DESK).await?;
    browser.press("Space").await?;
    // A lasso around the upper node alone.
    let (x, y) = browser.middle("[data-role][data-node='1']").await?;
    let corner = |dx: f64, dy: f64| (x + dx, (y + dy).max(52.0));
    let around = [
        corner(-95.0, -60.0),
        corner(95.0, -60.0),
        corner(95.0, 75.0),
        corner(-95.0, 75.0),
        corner(-95.0, -55.0),
    ];
    browser.draw(&around).await?;
    browser.click("#lasso-partition").await?;
    browser
        .wait_for("return document.querySelectorAll('[data-group]').length === 2")
        .await?;
    browser
        .screenshot(&artifact("playground-lasso.png"))
        .await?;
    browser.must_be_quiet().await
}

#[tokio::test]
async fn back_and_forward_give_the_identical_state() -> Result<()> {
    let (mut browser, _server) = opened(Viewport::DESK).await?;
    faster(&browser).await?;
    leader(&browser).await?;
    browser.press("Space").await?;
    let at = position(&browser).await?;
    let mut trail = vec![(at, hash(&browser).await?)];
    for step in 1..=20 {
        browser.press(",").await?;
        until_true("one event back", async || {
            Ok(position(&browser).await? == at - step)
        })
        .await?;
        trail.push((at - step, hash(&browser).await?));
    }
    ensure!(
        trail.windows(2).any(|pair| pair[0].1 != pair[1].1),
        "states differ"
    );
    for (place, expect) in trail.iter().rev().skip(1) {
        browser.press(".").await?;
        until_true("one event forward", async || {
            Ok(position(&browser).await? == *place)
        })
        .await?;
        ensure!(
            hash(&browser).await? == *expect,
            "event {place} has another hash"
        );
    }
    browser.must_be_quiet().await
}

#[tokio::test]
async fn a_phone_shows_everything_without_scrolling_sideways() -> Result<()> {
    let (mut browser, _server) = opened(Viewport::PHONE).await?;
    faster(&browser).await?;
    leader(&browser).await?;
    let wide = browser
        .script("return document.documentElement.scrollWidth")
        .await?;
    ensure!(wide == 390, "the page is {wide} px wide");
    let seen = "return ['play', 'back', 'forward', 'speed'].every(id => { \
        const r = document.getElementById(id).getBoundingClientRect(); \
        return r.width > 0 && r.left >= 0 && r.right <= 390 && r.bottom <= innerHeight; })";
    ensure!(
        browser.script(seen).await? == Value::Bool(true),
        "the transport is in reach"
    );
    browser
        .screenshot(&artifact("playground-phone.png"))
        .await?;
    browser.must_be_quiet().await
}

/// The same 50 seeds here and in the browser: the same state hash after every event.
#[tokio::test]
async fn fifty_seeds_give_the_same_hashes_natively_and_in_wasm() -> Result<()> {
    const EVENTS: u64 = 2_000;
    let (browser, _server) = opened(Viewport::DESK).await?;
    browser.press("Space").await?;
    for seed in 0..50 {
        let script = format!("return window.raftwerk.trail({seed}, {EVENTS})");
        let page = browser.script(&script).await?;
        let page: Vec<String> = serde_json::from_value(page)?;
        let own = raftwerk_sim::hash_trail(seed, EVENTS);
        ensure!(
            page.len() == own.len(),
            "seed {seed}: {} events there",
            page.len()
        );
        for (event, (there, here)) in page.iter().zip(&own).enumerate() {
            ensure!(
                *there == format!("{here:016x}"),
                "seed {seed} differs at event {event}"
            );
        }
    }
    Ok(())
}
