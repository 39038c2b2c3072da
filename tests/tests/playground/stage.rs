//! The stage under hands: nodes are moved and put back, and other gestures go on working.

use super::visit::{faster, leader, opened, opened_with};
use anyhow::{Result, ensure};
use raftwerk_tests::{Browser, Viewport, artifact, until_true};
use serde_json::{Value, json};

/// Where the middle of a node is seen.
async fn place(browser: &Browser, node: u64) -> Result<(f64, f64)> {
    let script = format!(
        "const r = document.querySelector(\"[data-role][data-node='{node}'] .body\")\
         .getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2]"
    );
    Ok(serde_json::from_value(browser.script(&script).await?)?)
}

async fn lane(browser: &Browser, link: &str) -> Result<Value> {
    browser
        .script(&format!(
            "return document.querySelector(\"[data-link='{link}'] .line\").getAttribute('d')"
        ))
        .await
}

fn near((x, y): (f64, f64), (to_x, to_y): (f64, f64)) -> bool {
    (x - to_x).hypot(y - to_y) < 3.0
}

#[tokio::test]
async fn a_node_goes_where_it_is_dragged_and_its_links_follow() -> Result<()> {
    let (mut browser, _server) = opened(Viewport::DESK).await?;
    faster(&browser).await?;
    leader(&browser).await?;
    browser.press("Space").await?;
    let (home, lanes) = (place(&browser, 2).await?, lane(&browser, "1-2").await?);
    let far = lane(&browser, "3-4").await?;
    browser.press("a").await?;
    browser.find("#move-tool[aria-pressed='true']").await?;
    let to = (home.0 - 120.0, home.1 + 40.0);
    browser.drag(home, to).await?;
    until_true("S2 at its new place", async || {
        Ok(near(place(&browser, 2).await?, to))
    })
    .await?;
    ensure!(lane(&browser, "1-2").await? != lanes, "its link followed");
    ensure!(lane(&browser, "3-4").await? == far, "others stayed");
    browser
        .screenshot(&artifact("playground-moved.png"))
        .await?;
    // The tool is laid down: the same gesture is a band again and cuts a link.
    browser.press("Escape").await?;
    browser.find("#move-tool[aria-pressed='false']").await?;
    browser
        .drag(place(&browser, 1).await?, place(&browser, 3).await?)
        .await?;
    browser.find(".link.both[data-link='1-3']").await?;
    ensure!(near(place(&browser, 1).await?, place(&browser, 1).await?));
    browser.press("h").await?;
    // L puts it back.
    browser.press("l").await?;
    until_true("S2 on the ring", async || {
        Ok(near(place(&browser, 2).await?, home))
    })
    .await?;
    ensure!(lane(&browser, "1-2").await? == lanes);
    browser.must_be_quiet().await
}

#[tokio::test]
async fn alt_and_the_arrows_move_a_node_too_and_a_click_still_selects() -> Result<()> {
    let (mut browser, _server) = opened(Viewport::DESK).await?;
    faster(&browser).await?;
    leader(&browser).await?;
    browser.press("Space").await?;
    let home = place(&browser, 3).await?;
    // Two sources at once, key and mouse: told to the page as it would hear of them.
    let drag = format!(
        "const n = document.querySelector(\"[data-role][data-node='3']\"); \
         const at = (type, dx) => n.dispatchEvent(new PointerEvent(type, {{bubbles: true, \
            pointerId: 1, altKey: true, button: 0, clientX: {x} + dx, clientY: {y}}})); \
         at('pointerdown', 0); at('pointermove', 20); at('pointermove', 70); at('pointerup', 70);",
        x = home.0,
        y = home.1
    );
    browser.script(&drag).await?;
    until_true("S3 moved", async || {
        Ok(near(place(&browser, 3).await?, (home.0 + 70.0, home.1)))
    })
    .await?;
    ensure!(
        browser
            .script("return document.querySelectorAll('.link.cut').length")
            .await?
            == json!(0),
        "Alt is no band"
    );
    let alone = place(&browser, 5).await?;
    browser.click("[data-role][data-node='5']").await?;
    browser.find(".node.selected[data-node='5']").await?;
    browser.press("Shift+ArrowUp").await?;
    until_true("S5 higher", async || {
        let now = place(&browser, 5).await?;
        Ok((now.0 - alone.0).abs() < 3.0 && (5.0..20.0).contains(&(alone.1 - now.1)))
    })
    .await?;
    browser.find(".node.selected[data-node='5']").await?;
    browser.click("#ring").await?;
    until_true("both on the ring", async || {
        Ok(near(place(&browser, 3).await?, home) && near(place(&browser, 5).await?, alone))
    })
    .await?;
    browser.must_be_quiet().await
}

#[tokio::test]
async fn an_address_brings_moved_nodes_along() -> Result<()> {
    let (mut browser, _server) = opened_with(Viewport::DESK, "&at=1.250.500").await?;
    let board = "const r = document.querySelector('.board').getBoundingClientRect(); \
        return [r.left + 0.25 * r.width, r.top + 0.5 * r.height]";
    let expected: (f64, f64) = serde_json::from_value(browser.script(board).await?)?;
    ensure!(near(place(&browser, 1).await?, expected));
    browser.find("#ring").await?;
    browser.must_be_quiet().await
}

#[tokio::test]
async fn letters_are_no_keys_when_that_is_switched_off() -> Result<()> {
    let (mut browser, _server) = opened(Viewport::DESK).await?;
    browser.press("?").await?;
    browser.find("[role='dialog'] .keys").await?;
    browser.press("Escape").await?;
    browser.click("#settings-open").await?;
    browser.click("#letters").await?;
    browser.press("Escape").await?;
    browser.script("document.activeElement.blur()").await?;
    browser.press("?").await?;
    browser.press("p").await?;
    browser.press("1").await?;
    let none = "return document.querySelector('[role=\"dialog\"]') === null \
        && document.querySelector('.node.selected') === null";
    ensure!(browser.script(none).await? == json!(true));
    // Keys that are no letters go on working.
    browser.press("ArrowRight").await?;
    browser.find(".node.selected").await?;
    browser.must_be_quiet().await
}
