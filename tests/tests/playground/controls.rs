//! What can be done by hand: links one way and both ways, nodes by keys, every operation and
//! every way to read of a client.

use super::visit::{faster, leader, opened, set};
use anyhow::{Context, Result};
use raftwerk_tests::{Browser, Viewport, until_true};

/// Clicks the button whose text starts so.
async fn press_button(browser: &Browser, start: &str) -> Result<()> {
    let script = format!(
        "const b = [...document.querySelectorAll('button')] \
         .find(b => b.textContent.trim().startsWith('{start}') && !b.disabled); \
         if (!b) return false; b.click(); return true"
    );
    browser.wait_for(&script).await.map(drop)
}

/// A point of a lane, a third of the way along, where no node and no other lane is.
async fn on_lane(browser: &Browser, link: &str) -> Result<(f64, f64)> {
    let script = format!(
        "const p = document.querySelector(\"[data-link='{link}'] .grip\"); \
         const m = p.getScreenCTM(), q = p.getPointAtLength(p.getTotalLength() / 3); \
         return [m.a * q.x + m.c * q.y + m.e, m.b * q.x + m.d * q.y + m.f]"
    );
    let point = browser.script(&script).await?;
    serde_json::from_value(point).context("a point")
}

#[tokio::test]
async fn a_link_is_cut_one_way_then_both_and_healed() -> Result<()> {
    let (mut browser, _server) = opened(Viewport::DESK).await?;
    faster(&browser).await?;
    leader(&browser).await?;
    browser.press("Space").await?;
    until_true("the link is selected", async || {
        let point = on_lane(&browser, "1-2").await?;
        browser.drag(point, point).await?;
        let selected = "return document.querySelector(\".link.selected[data-link='1-2'], \
                        .link.selected[data-link='2-1']\") !== null";
        Ok(browser.script(selected).await?.as_bool() == Some(true))
    })
    .await?;
    press_button(&browser, "Cut S1").await?;
    browser
        .find(".link.cut:not(.both)[data-link='1-2']")
        .await?;
    browser.find(".link:not(.cut)[data-link='2-1']").await?;
    press_button(&browser, "Cut S2").await?;
    browser.find(".link.both[data-link='1-2']").await?;
    press_button(&browser, "Restore S1").await?;
    browser.find(".link:not(.cut)[data-link='1-2']").await?;
    browser.find(".link.cut[data-link='2-1']").await?;
    browser.press("h").await?;
    browser
        .wait_for("return document.querySelector('.link.cut') === null")
        .await?;
    browser.must_be_quiet().await
}

#[tokio::test]
async fn a_node_is_frozen_timed_out_and_isolated_by_keys() -> Result<()> {
    let (mut browser, _server) = opened(Viewport::DESK).await?;
    faster(&browser).await?;
    let leader = leader(&browser).await?;
    browser.press("Space").await?;
    let node = leader % 5 + 1;
    let is = |what: &str| format!("[data-role][data-node='{node}']{what}");
    browser.press(&node.to_string()).await?;
    browser.press("z").await?;
    browser.find(&is("[data-condition='frozen']")).await?;
    browser.press("z").await?;
    browser.find(&is("[data-condition='up']")).await?;
    browser.press("t").await?;
    browser.find(&is("[data-role='pre_candidate']")).await?;
    browser.press("i").await?;
    browser
        .find(&format!(".link.both[data-link='{leader}-{node}']"))
        .await?;
    browser.press("i").await?;
    browser
        .wait_for("return document.querySelector('.link.cut') === null")
        .await?;
    browser.must_be_quiet().await
}

#[tokio::test]
async fn a_client_writes_compares_deletes_and_reads_in_every_way() -> Result<()> {
    let (mut browser, _server) = opened(Viewport::DESK).await?;
    faster(&browser).await?;
    leader(&browser).await?;
    let steps: [&[(&str, &str)]; 6] = [
        &[("kv-op", "put"), ("kv-key", "x"), ("kv-value", "1")],
        &[("kv-op", "get"), ("kv-key", "x"), ("kv-read", "leader")],
        &[("kv-op", "get"), ("kv-key", "x"), ("kv-read", "follower")],
        &[("kv-op", "get"), ("kv-key", "x"), ("kv-read", "stale")],
        &[
            ("kv-op", "cas"),
            ("kv-key", "x"),
            ("kv-expect", "1"),
            ("kv-value", "2"),
        ],
        &[("kv-op", "delete"), ("kv-key", "x")],
    ];
    for (done, step) in steps.iter().enumerate() {
        for (id, value) in *step {
            browser.find(&format!("#{id}")).await?;
            set(&browser, id, value).await?;
        }
        browser.click("#kv-send").await?;
        let answers = format!(
            "return document.querySelectorAll('#kv-answers li[data-outcome=\"ok\"]').length > {done}"
        );
        browser.wait_for(&answers).await?;
    }
    browser.must_be_quiet().await
}
