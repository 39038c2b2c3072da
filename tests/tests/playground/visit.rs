//! A visitor of the playground: opens it, looks, presses, asks.

use anyhow::{Context, Result};
use raftwerk_tests::{Browser, FileServer, Viewport, dist, until};

/// The page in the playground, running fast so that the test need not wait.
pub async fn opened(viewport: Viewport) -> Result<(Browser, FileServer)> {
    opened_with(viewport, "").await
}

/// The same with more in the address, such as `&lies=2`.
pub async fn opened_with(viewport: Viewport, more: &str) -> Result<(Browser, FileServer)> {
    let server = FileServer::start(&dist())?;
    let browser = Browser::open(viewport).await?;
    let url = format!("{}?mode=playground&seed=7{more}", server.url());
    browser.goto(&url).await?;
    browser.find("[data-node='1']").await?;
    Ok((browser, server))
}

pub async fn faster(browser: &Browser) -> Result<()> {
    for _ in 0..4 {
        browser.press("=").await?;
    }
    Ok(())
}

/// The running leader with the highest term, once there is one.
pub async fn leader(browser: &Browser) -> Result<u64> {
    let script = "const all = [...document.querySelectorAll('[data-role][data-node]')]\
        .filter(n => n.dataset.role === 'leader' && n.dataset.condition === 'up')\
        .sort((a, b) => b.dataset.term - a.dataset.term);\
        return all.length ? +all[0].dataset.node : 0";
    let found = browser.wait_for(script).await?;
    found.as_u64().context("a leader has a number")
}

/// Waits for a leader that is not this one.
pub async fn other_leader(browser: &Browser, old: u64) -> Result<u64> {
    until("another leader", async || {
        let now = leader(browser).await?;
        Ok((now != old).then_some(now))
    })
    .await
}

pub async fn text(browser: &Browser, script: &str) -> Result<String> {
    let value = browser.script(script).await?;
    Ok(value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned))
}

pub async fn hash(browser: &Browser) -> Result<String> {
    text(
        browser,
        "return document.getElementById('hash').dataset.hash",
    )
    .await
}

pub async fn position(browser: &Browser) -> Result<u64> {
    let script = "return document.getElementById('position').dataset.position";
    Ok(text(browser, script).await?.parse()?)
}

/// Sets a field of the key-value form as a person would.
pub async fn set(browser: &Browser, id: &str, value: &str) -> Result<()> {
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

pub async fn put(browser: &Browser, client: u64, node: u64, key: &str, value: &str) -> Result<()> {
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

pub async fn answered(browser: &Browser, text: &str, outcome: &str) -> Result<()> {
    let script = format!(
        "return [...document.querySelectorAll('#kv-answers li[data-outcome=\"{outcome}\"]')]\
         .some(li => li.textContent.includes('{text}'))"
    );
    browser.wait_for(&script).await?;
    Ok(())
}

/// Clicks the button of the selected node that crashes it.
pub async fn press_crash(browser: &Browser) -> Result<()> {
    let script = "const b = [...document.querySelectorAll('button')]\
        .find(b => b.textContent.trim().startsWith('Crash')); \
        if (!b) return false; b.click(); return true;";
    browser.wait_for(script).await?;
    Ok(())
}
