//! The autopilot in the playground: chosen in the settings, part of the link, and the very module
//! that servers run: a voter dies for good, and a spare takes its place with nobody's help.

use super::visit::{faster, leader, opened, opened_with, set};
use anyhow::Result;
use raftwerk_tests::{Browser, Viewport, artifact};

/// Learners are drawn as rounded squares.
const SPARES: &str = "return [4, 5].every(n => \
    document.querySelector(`[data-role][data-node='${n}'] rect.body`) !== null)";

/// Opens the settings and chooses how many voters the leader keeps.
async fn choose(browser: &Browser, wanted: &str) -> Result<()> {
    browser.click("#settings-open").await?;
    browser.find("#set-autopilot").await?;
    set(browser, "set-autopilot", wanted).await?;
    browser.click("#settings-open").await
}

#[tokio::test]
async fn a_spare_takes_the_place_of_a_dead_voter() -> Result<()> {
    let (mut browser, _server) = opened_with(Viewport::DESK, "&autopilot=3").await?;
    browser.wait_for(SPARES).await?;
    faster(&browser).await?;
    let leader = leader(&browser).await?;
    let dead = (1..=3).find(|node| *node != leader).expect("two others");
    browser.press(&dead.to_string()).await?;
    browser.press("x").await?;
    browser
        .find(&format!("[data-node='{dead}'][data-condition='crashed']"))
        .await?;
    let replaced = "return [4, 5].some(n => \
        document.querySelector(`[data-role][data-node='${n}'] circle.body`) !== null)";
    browser.wait_for(replaced).await?;
    browser.press(&leader.to_string()).await?;
    browser
        .wait_for_text("aside.right", &format!("takes the place of S{dead}"))
        .await?;
    browser
        .screenshot(&artifact("playground-autopilot.png"))
        .await?;
    browser.must_be_quiet().await
}

#[tokio::test]
async fn it_is_switched_on_and_off_in_the_settings() -> Result<()> {
    let (mut browser, _server) = opened(Viewport::DESK).await?;
    choose(&browser, "3").await?;
    browser.wait_for(SPARES).await?;
    choose(&browser, "off").await?;
    let voters = "return document.querySelectorAll('[data-role] circle.body').length === 5";
    browser.wait_for(voters).await?;
    browser.must_be_quiet().await
}
