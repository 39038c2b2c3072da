//! The keyboard: every key of the list does what it says, none while somebody types, and single
//! characters can be switched off for good.

use super::visit::{answered, faster, leader, opened, opened_with};
use anyhow::{Context, Result, ensure};
use raftwerk_tests::{Browser, Viewport, artifact, until_true};
use serde_json::json;

/// A moment with a leader, at which the clock stands.
async fn standing() -> Result<(Browser, raftwerk_tests::FileServer, u64)> {
    let (browser, server) = opened(Viewport::DESK).await?;
    faster(&browser).await?;
    let leader = leader(&browser).await?;
    browser.press("Space").await?;
    Ok((browser, server, leader))
}

async fn is_selected(browser: &Browser, node: u64) -> Result<()> {
    let glyph = format!(".node.selected[data-node='{node}']");
    browser.find(&glyph).await.map(drop)
}

#[tokio::test]
async fn the_list_names_what_works_and_tooltips_say_the_same() -> Result<()> {
    let (mut browser, _server, _) = standing().await?;
    browser.press("?").await?;
    browser.find("[role='dialog'] .keys kbd").await?;
    let caps = "return [...document.querySelectorAll('[role=dialog] .keys kbd')]\
                .map(cap => cap.textContent)";
    let caps: Vec<String> = serde_json::from_value(browser.script(caps).await?)?;
    browser.screenshot(&artifact("playground-keys.png")).await?;
    browser.press("Escape").await?;
    browser.press("1").await?;
    browser.find("#inspector .actions kbd").await?;
    // Every key that a button has is in the list, and its tooltip ends with it.
    let pairs = "return [...document.querySelectorAll('[aria-keyshortcuts]')]\
        .map(e => [e.getAttribute('aria-keyshortcuts').replace('+', ' '), e.title])\
        .concat([...document.querySelectorAll('#inspector .actions button')]\
        .map(b => [b.querySelector('kbd').textContent, b.title]))";
    let pairs: Vec<(String, String)> = serde_json::from_value(browser.script(pairs).await?)?;
    ensure!(pairs.len() > 10, "{pairs:?}");
    for (key, title) in pairs {
        ensure!(caps.contains(&key), "{key} is not in the list");
        ensure!(title.ends_with(&format!("({key})")), "{title} and {key}");
    }
    browser.must_be_quiet().await
}

#[tokio::test]
async fn leadership_is_given_and_two_elections_begin_at_once() -> Result<()> {
    let (mut browser, _server, first) = standing().await?;
    let heir = first % 5 + 1;
    browser.press(&heir.to_string()).await?;
    is_selected(&browser, heir).await?;
    browser.press("g").await?;
    browser.press("Space").await?;
    browser
        .find(&format!("[data-node='{heir}'][data-role='leader']"))
        .await?;
    browser.press("Space").await?;
    browser.press("Shift+t").await?;
    browser
        .wait_for("return document.querySelectorAll('[data-role=pre_candidate]').length === 2")
        .await?;
    browser.must_be_quiet().await
}

#[tokio::test]
async fn a_link_is_clogged_and_lets_go_and_both_are_explained() -> Result<()> {
    let (mut browser, _server, leader) = standing().await?;
    browser.press(&leader.to_string()).await?;
    is_selected(&browser, leader).await?;
    browser.press("n").await?;
    browser.find(".link.selected").await?;
    browser.press("m").await?;
    browser.find(".link.selected.clogged .plug").await?;
    browser.press("Space").await?;
    browser
        .wait_for("return +document.querySelector('.link.clogged .held').textContent >= 3")
        .await?;
    browser.wait_for_text("#inspector", "held back").await?;
    browser
        .screenshot(&artifact("playground-clogged.png"))
        .await?;
    browser.click("#tab-events").await?;
    browser.wait_for_text(".events", "is clogged.").await?;
    browser
        .wait_for_text(".events", "would arrive waits")
        .await?;
    browser.press("m").await?;
    browser
        .wait_for("return document.querySelector('.link.clogged') === null")
        .await?;
    browser.wait_for_text(".events", "oldest first").await?;
    browser.must_be_quiet().await
}

#[tokio::test]
async fn a_message_is_held_and_goes_on() -> Result<()> {
    let (mut browser, _server, _) = standing().await?;
    // Step until something is on the way.
    until_true("a message", async || {
        browser.press(".").await?;
        browser.press("j").await?;
        let chosen = "return document.querySelector('.flight.chosen') !== null";
        Ok(browser.script(chosen).await? == json!(true))
    })
    .await?;
    browser.press("m").await?;
    browser
        .wait_for_text("#inspector", "when it is released")
        .await?;
    browser.press("m").await?;
    browser
        .wait_for("return !document.querySelector('#inspector').textContent.includes('released')")
        .await?;
    browser.press("d").await?;
    browser
        .wait_for_text("#inspector", "not on the way any more")
        .await?;
    browser.must_be_quiet().await
}

#[tokio::test]
async fn panels_and_lessons_are_gone_through_by_keys() -> Result<()> {
    let (mut browser, _server) = opened_with(Viewport::DESK, "&lesson=cold-start").await?;
    browser
        .wait_for_text("#lesson .said", "Five nodes, no term yet")
        .await?;
    for tab in ["events", "checks", "clients"] {
        browser.press("v").await?;
        browser
            .find(&format!("#tab-{tab}[aria-selected='true']"))
            .await?;
    }
    browser.find("#lesson-on:not([disabled])").await?;
    faster(&browser).await?;
    browser.press("PageDown").await?;
    let further = "return !document.querySelector('#lesson .said').textContent\
                   .includes('Five nodes, no term yet')";
    browser.wait_for(further).await?;
    until_true("what was said at first", async || {
        browser.press("PageUp").await?;
        let said = browser.find("#lesson .said").await?.text().await?;
        Ok(said.contains("Five nodes, no term yet"))
    })
    .await?;
    browser.must_be_quiet().await
}

#[tokio::test]
async fn no_key_works_while_somebody_types() -> Result<()> {
    let (mut browser, _server, leader) = standing().await?;
    browser.press(&leader.to_string()).await?;
    is_selected(&browser, leader).await?;
    browser.press("w").await?;
    let typing = "return document.activeElement.id === 'kv-key' \
                  && document.getElementById('kv-op').value === 'put'";
    browser.wait_for(typing).await?;
    browser.press("x").await?;
    browser.press("h").await?;
    let typed = browser
        .script("return document.getElementById('kv-key').value")
        .await?;
    let typed = typed.as_str().context("a text")?;
    ensure!(typed.contains("xh"), "the field says {typed:?}");
    browser
        .find(&format!("[data-node='{leader}'][data-condition='up']"))
        .await?;
    browser.script("document.activeElement.blur()").await?;
    browser.press("Shift+r").await?;
    browser
        .wait_for("return document.activeElement.id === 'kv-read'")
        .await?;
    browser.script("document.activeElement.blur()").await?;
    browser.press("r").await?;
    browser
        .wait_for("return document.activeElement.id === 'kv-key'")
        .await?;
    browser.press("Enter").await?;
    browser.script("document.activeElement.blur()").await?;
    browser.press("k").await?;
    answered(&browser, "get", "ok").await?;
    browser.must_be_quiet().await
}

#[tokio::test]
async fn switched_off_characters_stay_off_and_are_printed_nowhere() -> Result<()> {
    let (mut browser, server) = opened(Viewport::DESK).await?;
    browser.click("#settings-open").await?;
    browser.click("#letters").await?;
    browser.goto(&format!("{}?seed=7", server.url())).await?;
    browser.find("[data-node='1']").await?;
    browser.press("1").await?;
    browser.press("?").await?;
    browser.press("ArrowRight").await?;
    browser.find(".node.selected").await?;
    let none = "return document.querySelector('[role=dialog]') === null \
        && document.getElementById('help').title === 'Keys and signs' \
        && document.getElementById('start').title.endsWith('(Home)') \
        && document.querySelector('#inspector .actions kbd') === null";
    browser.wait_for(none).await?;
    browser.must_be_quiet().await
}
