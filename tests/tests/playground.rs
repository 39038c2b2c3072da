//! The playground in a real browser: what a visitor does on the first afternoon.

use anyhow::{Context, Result, ensure};
use raftwerk_tests::{Browser, FileServer, Viewport, artifact, dist, until, until_true};
use serde_json::Value;

/// The page in the playground, running fast so that the test need not wait.
async fn opened(viewport: Viewport) -> Result<(Browser, FileServer)> {
    let server = FileServer::start(&dist())?;
    let browser = Browser::open(viewport).await?;
    let url = format!("{}?mode=playground&seed=7", server.url());
    browser.goto(&url).await?;
    browser.find("[data-node='1']").await?;
    Ok((browser, server))
}

async fn faster(browser: &Browser) -> Result<()> {
    for _ in 0..4 {
        browser.press("=").await?;
    }
    Ok(())
}

/// The running leader with the highest term, once there is one.
async fn leader(browser: &Browser) -> Result<u64> {
    let script = "const all = [...document.querySelectorAll('[data-role][data-node]')]\
        .filter(n => n.dataset.role === 'leader' && n.dataset.condition === 'up')\
        .sort((a, b) => b.dataset.term - a.dataset.term);\
        return all.length ? +all[0].dataset.node : 0";
    let found = browser.wait_for(script).await?;
    found.as_u64().context("a leader has a number")
}

/// Waits for a leader that is not this one.
async fn other_leader(browser: &Browser, old: u64) -> Result<u64> {
    until("another leader", async || {
        let now = leader(browser).await?;
        Ok((now != old).then_some(now))
    })
    .await
}

async fn text(browser: &Browser, script: &str) -> Result<String> {
    let value = browser.script(script).await?;
    Ok(value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned))
}

async fn hash(browser: &Browser) -> Result<String> {
    text(
        browser,
        "return document.getElementById('hash').dataset.hash",
    )
    .await
}

async fn position(browser: &Browser) -> Result<u64> {
    let script = "return document.getElementById('position').dataset.position";
    Ok(text(browser, script).await?.parse()?)
}

/// Sets a field of the key-value form as a person would.
async fn set(browser: &Browser, id: &str, value: &str) -> Result<()> {
    let script = format!(
        "const e = document.getElementById('{id}'); \
         const proto = e.tagName === 'SELECT' ? HTMLSelectElement : HTMLInputElement; \
         Object.getOwnPropertyDescriptor(proto.prototype, 'value').set.call(e, '{value}'); \
         e.dispatchEvent(new Event('input', {{bubbles: true}})); \
         e.dispatchEvent(new Event('change', {{bubbles: true}}));"
    );
    browser.script(&script).await?;
    Ok(())
}

async fn put(browser: &Browser, client: u64, node: u64, key: &str, value: &str) -> Result<()> {
    let (client, node) = (client.to_string(), node.to_string());
    let fields = [
        ("kv-client", client.as_str()),
        ("kv-op", "put"),
        ("kv-node", node.as_str()),
        ("kv-key", key),
        ("kv-value", value),
    ];
    for (id, value) in fields {
        set(browser, id, value).await?;
    }
    browser.click("#kv-send").await
}

async fn answered(browser: &Browser, text: &str, outcome: &str) -> Result<()> {
    let script = format!(
        "return [...document.querySelectorAll('#kv-answers li[data-outcome=\"{outcome}\"]')]\
         .some(li => li.textContent.includes('{text}'))"
    );
    browser.wait_for(&script).await?;
    Ok(())
}

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
    let lost = "return [...document.querySelectorAll('#kv-answers li[data-outcome=\"ok\"]')]\
        .some(li => li.textContent.includes('put left'))";
    ensure!(
        browser.script(lost).await? == Value::Bool(false),
        "no majority, no answer"
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

/// Clicks the button of the selected node that crashes it.
async fn press_crash(browser: &Browser) -> Result<()> {
    let script = "const b = [...document.querySelectorAll('button')]\
        .find(b => b.textContent.trim().startsWith('Crash')); \
        if (!b) return false; b.click(); return true;";
    browser.wait_for(script).await?;
    Ok(())
}
