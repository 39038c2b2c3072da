//! The bundled page starts, under any path, and says in plain words when it cannot.

use anyhow::{Context, Result, ensure};
use raftwerk_tests::{Browser, FileServer, Flaw, Viewport, artifact, dist};

#[tokio::test]
async fn starts_without_a_word_on_the_console() -> Result<()> {
    let server = FileServer::start(&dist())?;
    let mut browser = Browser::open(Viewport::DESK).await?;
    browser.goto(&server.url()).await?;
    browser.find("#app > *:not(#boot)").await?;
    let size = browser.script("return [innerWidth, innerHeight]").await?;
    ensure!(
        size == serde_json::json!([1440, 900]),
        "the window is {size}"
    );
    let loading = browser
        .script("return document.getElementById('boot') !== null")
        .await?;
    ensure!(loading == false, "the loading note is still there");
    browser.screenshot(&artifact("page-desk.png")).await?;
    browser.must_be_quiet().await
}

#[tokio::test]
async fn starts_on_a_phone_and_below_a_path() -> Result<()> {
    let server = FileServer::start_at(&dist(), "/some/where/", Flaw::None)?;
    let mut browser = Browser::open(Viewport::PHONE).await?;
    browser.goto(&server.url()).await?;
    browser.find("#app > *:not(#boot)").await?;
    let width = browser.script("return innerWidth").await?;
    ensure!(width == 390, "the window is {width} wide");
    browser.screenshot(&artifact("page-phone.png")).await?;
    browser.must_be_quiet().await
}

#[tokio::test]
async fn says_why_it_cannot_start() -> Result<()> {
    let browser = Browser::open(Viewport::DESK).await?;
    for flaw in [
        Flaw::Missing(".wasm"),
        Flaw::Garbled(".wasm"),
        Flaw::Missing(".js"),
        Flaw::Garbled(".js"),
    ] {
        let server = FileServer::start_at(&dist(), "/", flaw.clone())?;
        browser.goto(&server.url()).await?;
        let shown = browser
            .wait_for_text("#boot-error", "could not start")
            .await;
        shown.with_context(|| format!("{flaw:?}"))?;
        let detail = browser.find("#boot-error code").await?.text().await?;
        ensure!(detail.len() > 10, "{flaw:?} is explained by {detail:?}");
        browser.screenshot(&artifact("page-error.png")).await?;
    }
    Ok(())
}
