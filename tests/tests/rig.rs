//! The rig itself: what hands do arrives in the page, errors are seen, nothing is left running.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use raftwerk_tests::{Browser, FileServer, Viewport, until_true};

/// A page that writes down what happens to it.
const PAGE: &str = r#"<!doctype html><title>rig</title><link rel="icon" href="data:,">
<style>body{margin:0} #a{position:absolute;left:40px;top:40px;width:100px;height:100px}</style>
<div id="a"></div><p id="log"></p><script>
const log = document.getElementById("log");
for (const kind of ["keydown", "pointerdown", "pointermove", "pointerup"])
  addEventListener(kind, e => log.append(
    kind + ":" + (e.key ? (e.ctrlKey ? "^" : "") + e.key : e.pointerType + e.buttons) + " "));
</script>"#;

async fn opened(viewport: Viewport) -> Result<(Browser, FileServer, tempfile::TempDir)> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("index.html"), PAGE)?;
    let server = FileServer::start(folder.path())?;
    let browser = Browser::open(viewport).await?;
    browser.goto(&server.url()).await?;
    Ok((browser, server, folder))
}

#[tokio::test]
async fn keys_and_mouse_arrive() -> Result<()> {
    let (browser, _server, _folder) = opened(Viewport::DESK).await?;
    browser.press("ArrowLeft").await?;
    browser.wait_for_text("#log", "keydown:ArrowLeft").await?;
    browser.press("Control+z").await?;
    browser.wait_for_text("#log", "keydown:^z").await?;
    browser.drag((90.0, 90.0), (300.0, 200.0)).await?;
    browser
        .wait_for_text("#log", "pointerdown:mouse1 pointermove:mouse1")
        .await?;
    browser.wait_for_text("#log", "pointerup:mouse0").await?;
    ensure!(browser.middle("#a").await? == (90.0, 90.0));
    Ok(())
}

#[tokio::test]
async fn fingers_arrive() -> Result<()> {
    let (browser, _server, _folder) = opened(Viewport::PHONE).await?;
    browser.tap("#a").await?;
    browser.wait_for_text("#log", "pointerdown:touch1").await?;
    browser.wait_for_text("#log", "pointerup:touch0").await
}

#[tokio::test]
async fn errors_are_seen_and_nothing_is_left_running() -> Result<()> {
    let (mut browser, _server, _folder) = opened(Viewport::DESK).await?;
    browser.must_be_quiet().await?;
    browser
        .script("setTimeout(() => { throw new Error('as planned') })")
        .await?;
    until_true("the error on the console", async || {
        let lines = browser.console().await?;
        Ok(lines
            .iter()
            .any(|line| line.level == "SEVERE" && line.text.contains("as planned")))
    })
    .await?;
    ensure!(browser.must_be_quiet().await.is_err());
    let id = browser
        .process_id()
        .context("chromedriver tells the number of the browser")?;
    drop(browser);
    until_true("the end of the browser", async || {
        Ok(!Path::new("/proc").join(id.to_string()).join("exe").exists())
    })
    .await
}
