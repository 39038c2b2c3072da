//! Lessons in the page: chosen from the list or by the address, read, answered, taken another way.

use super::visit::{faster, opened, opened_with};
use anyhow::{Result, ensure};
use raftwerk_tests::{Browser, Viewport, artifact};

/// Goes on whenever the lesson waits, until its story is over.
async fn to_the_end(browser: &Browser) -> Result<()> {
    let script = "const lesson = document.getElementById('lesson'); \
        if (lesson.dataset.standing === 'over') return true; \
        if (lesson.dataset.standing !== 'going') throw new Error(lesson.textContent); \
        const on = document.getElementById('lesson-on'); \
        if (on && !on.disabled) on.click(); \
        return false";
    browser.wait_for(script).await.map(drop)
}

#[tokio::test]
async fn a_lesson_is_read_answered_and_ends() -> Result<()> {
    let (mut browser, _server) = opened(Viewport::DESK).await?;
    browser.click("#lessons-open").await?;
    browser
        .screenshot(&artifact("playground-lessons.png"))
        .await?;
    browser.click("[data-lesson='cold-start']").await?;
    browser
        .wait_for_text("#lesson .said", "Five nodes, no term yet")
        .await?;
    // The clock stands until it is read.
    browser.find("#lesson-on:not([disabled])").await?;
    browser.click("#lesson .ask button:nth-of-type(1)").await?;
    browser
        .find("#lesson .ask button[aria-pressed='true']")
        .await?;
    browser
        .screenshot(&artifact("playground-lesson.png"))
        .await?;
    faster(&browser).await?;
    to_the_end(&browser).await?;
    let wrong = "[data-right='false'][aria-pressed='true']";
    browser.find(&format!("#lesson .ask {wrong}")).await?;
    browser
        .wait_for_text("#lesson [data-right='true']", "three")
        .await?;
    // Back at the start it is as unanswered as it was.
    browser.press("Home").await?;
    browser
        .wait_for_text("#lesson .said", "Five nodes, no term yet")
        .await?;
    browser
        .wait_for("return document.querySelector('#lesson [data-right]') === null")
        .await?;
    browser.click("#lesson .head button").await?;
    browser
        .wait_for("return document.getElementById('lesson') === null")
        .await?;
    browser.must_be_quiet().await
}

#[tokio::test]
async fn the_other_way_of_a_story_is_taken_from_where_it_leaves() -> Result<()> {
    let (mut browser, _server) = opened_with(Viewport::DESK, "&lesson=figure-8").await?;
    browser.find("#lesson").await?;
    faster(&browser).await?;
    to_the_end(&browser).await?;
    let other = "const b = [...document.querySelectorAll('#lesson button')]\
        .find(b => b.textContent.startsWith('The other way')); \
        if (!b) return false; b.click(); return true";
    browser.wait_for(other).await?;
    browser.find("#lesson[data-standing='going']").await?;
    to_the_end(&browser).await?;
    browser.wait_for_text("#lesson .said", "Branch e").await?;
    browser.must_be_quiet().await
}

/// Presses *Skip* where the lesson first waits, for the three parts and for the two steps that count
/// on them: what these were to show is not seen, and nothing has failed. All in one moment, so that
/// none of them comes in between.
#[tokio::test]
async fn steps_that_are_skipped_leave_their_goals_not_seen() -> Result<()> {
    let (mut browser, _server) = opened_with(Viewport::DESK, "&lesson=partition").await?;
    faster(&browser).await?;
    browser
        .wait_for_text("#lesson .said", "Three times")
        .await?;
    browser.find("#lesson-skip:not([disabled])").await?;
    let skips = "for (let i = 0; i < 3; i++) document.getElementById('lesson-skip').click()";
    browser.script(skips).await?;
    browser.find("#lesson[data-standing='over']").await?;
    browser
        .wait_for_text("#lesson-goals summary", "Goals: 1 seen, 4 not seen")
        .await?;
    browser.click("#lesson-goals summary").await?;
    browser
        .screenshot(&artifact("playground-goals.png"))
        .await?;
    let missed = "return [...document.querySelectorAll('#lesson-goals [data-seen=\"false\"] code')]\
        .map(goal => goal.textContent).join('; ')";
    let missed = browser.script(missed).await?;
    let expect = "committed = 2; count(BecameLeader) = 1; S6.commit = 2; S8.commit = 2";
    ensure!(missed == expect, "not seen: {missed}");
    browser.must_be_quiet().await
}

#[tokio::test]
async fn a_hand_in_the_run_ends_the_lesson_and_a_phone_can_read_it() -> Result<()> {
    let (mut browser, _server) = opened_with(Viewport::PHONE, "&lesson=partition").await?;
    browser.find("#lesson-on:not([disabled])").await?;
    browser
        .screenshot(&artifact("playground-lesson-phone.png"))
        .await?;
    let wide = "return document.documentElement.scrollWidth <= innerWidth";
    ensure!(
        browser.script(wide).await?.as_bool() == Some(true),
        "nothing sticks out at the side"
    );
    browser.press("1").await?;
    browser.press("x").await?;
    browser.find("#lesson[data-standing='taken-over']").await?;
    browser.must_be_quiet().await
}
