//! A real cluster of five processes, watched and broken from a real browser.

use anyhow::{Context, Result, ensure};
use raftwerk_tests::{Browser, Raftwerk, Viewport, artifact, free_port, until, until_true};
use std::process::Command;
use std::time::Duration;

struct Live {
    cluster: Raftwerk,
    port: u16,
}

impl Live {
    fn start() -> Result<Live> {
        let port = free_port()?;
        let text = port.to_string();
        let args = [
            "play",
            "--no-open",
            "--nodes",
            "5",
            "--port",
            &text,
            "--data",
            "{dir}/data",
        ];
        Ok(Live {
            cluster: Raftwerk::start(&args)?,
            port,
        })
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Runs the command line against the cluster; tells whether it succeeded and what it said.
    fn cli(&self, args: &[&str]) -> Result<(bool, String)> {
        let run = Command::new(raftwerk_tests::binary()?)
            .args(args)
            .args(["--endpoint", &self.url()])
            .output()?;
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        Ok((run.status.success(), said))
    }

    async fn writes(&self, key: &str, value: &str) -> Result<()> {
        until_true("a write", async || Ok(self.cli(&["put", key, value])?.0)).await
    }

    async fn reads(&self, key: &str, value: &str) -> Result<()> {
        until_true("a read", async || {
            let (fine, said) = self.cli(&["get", key])?;
            Ok(fine && said.trim() == value)
        })
        .await
    }
}

async fn leader(browser: &Browser) -> Result<u64> {
    let script = "const all = [...document.querySelectorAll('[data-role][data-node]')]\
        .filter(n => n.dataset.role === 'leader' && n.dataset.condition === 'up')\
        .sort((a, b) => b.dataset.term - a.dataset.term);\
        return all.length ? +all[0].dataset.node : 0";
    let found = browser.wait_for(script).await?;
    found.as_u64().context("a leader has a number")
}

#[tokio::test]
async fn a_live_cluster_survives_the_crash_of_its_leader_and_a_full_stop() -> Result<()> {
    let mut live = Live::start()?;
    live.writes("city", "Basel").await?;
    let mut browser = Browser::open(Viewport::DESK).await?;
    browser.goto(&format!("{}/?mode=live", live.url())).await?;
    let first = leader(&browser).await?;
    browser.screenshot(&artifact("live-leader.png")).await?;

    // kill -9 of the leader, from the page.
    browser.click("#arm").await?;
    select(&browser, first).await?;
    press_button(&browser, "Crash").await?;
    browser
        .find(&format!(
            "[data-role][data-node='{first}'][data-condition='crashed']"
        ))
        .await?;
    let second = until("a new leader on screen", async || {
        let now = leader(&browser).await?;
        Ok((now != first).then_some(now))
    })
    .await?;
    ensure!(second != first);
    browser.screenshot(&artifact("live-crashed.png")).await?;
    live.reads("city", "Basel").await?;
    live.writes("river", "Rhine").await?;
    browser.must_be_quiet().await?;
    drop(browser);

    // Stop everything, start again on the same data, read back.
    live.cluster.interrupt()?;
    until_true("the end", async || {
        Ok(live.cluster.process().ended()?.is_some())
    })
    .await?;
    live.cluster.restart()?;
    live.reads("city", "Basel").await?;
    live.reads("river", "Rhine").await
}

#[tokio::test]
async fn faults_by_clicks_and_two_leaders_of_different_terms() -> Result<()> {
    let live = Live::start()?;
    live.writes("city", "Basel").await?;
    let mut browser = Browser::open(Viewport::DESK).await?;
    browser.goto(&format!("{}/?mode=live", live.url())).await?;
    let first = leader(&browser).await?;
    browser.click("#arm").await?;
    select(&browser, first).await?;
    press_button(&browser, "Freeze").await?;
    condition(&browser, first, "frozen").await?;
    // The frozen one is still shown as what it said last: a leader, of an older term.
    let terms = browser
        .wait_for(
            "const all = [...document.querySelectorAll('[data-role=leader][data-node]')]; \
             return all.length === 2 && all.map(n => +n.dataset.term).sort((a, b) => a - b)",
        )
        .await?;
    ensure!(terms[0].as_u64() < terms[1].as_u64(), "{terms}");
    browser
        .screenshot(&artifact("live-two-leaders.png"))
        .await?;
    press_button(&browser, "Thaw").await?;
    condition(&browser, first, "up").await?;
    let second = leader(&browser).await?;

    // Put and get from the panel, at a node that does not lead.
    let other = (1..=5).find(|id| *id != second).context("there are five")?;
    ask(&browser, other, "put", "river", "Rhine").await?;
    ask(&browser, other, "get", "river", "").await?;
    browser.wait_for_text("#kv-answers", "Rhine").await?;
    live.reads("river", "Rhine").await?;

    // Cut off by a click, a third one leads; healed by a key, all follow it.
    select(&browser, second).await?;
    press_button(&browser, "Isolate").await?;
    let third = until("a leader in the majority", async || {
        let now = leader(&browser).await?;
        Ok((now != second).then_some(now))
    })
    .await?;
    browser.press("h").await?;
    let follows = format!(
        "const n = document.querySelector(\"[data-node='{second}'][data-role]\"); \
         const l = document.querySelector(\"[data-node='{third}'][data-role]\"); \
         return n.dataset.role === 'follower' && n.dataset.term === l.dataset.term"
    );
    browser.wait_for(&follows).await?;
    browser.must_be_quiet().await
}

#[tokio::test]
async fn the_last_minutes_can_be_looked_at() -> Result<()> {
    let mut live = Live::start()?;
    live.writes("city", "Basel").await?;
    let browser = Browser::open(Viewport::DESK).await?;
    browser.goto(&format!("{}/?mode=live", live.url())).await?;
    let first = leader(&browser).await?;
    browser.click("#arm").await?;
    select(&browser, first).await?;
    press_button(&browser, "Crash").await?;
    condition(&browser, first, "crashed").await?;
    until("a new leader on screen", async || {
        Ok((leader(&browser).await? != first).then_some(()))
    })
    .await?;

    // The interesting event before is the election; the one before that, or the start of what
    // is kept, shows the crashed one alive and leading.
    browser.press("[").await?;
    browser.find("#live-moment[data-live='false']").await?;
    browser.press("Home").await?;
    let was = format!("[data-node='{first}'][data-role='leader'][data-condition='up']");
    browser.find(&was).await?;
    browser.screenshot(&artifact("live-past.png")).await?;
    // Of the past nothing can be changed, armed or not.
    press_button(&browser, "Crash").await?;
    browser
        .wait_for_text(".toast", "a moment of the past")
        .await?;
    browser.press(".").await?;
    browser.press("End").await?;
    browser.find("#live-moment[data-live='true']").await?;
    condition(&browser, first, "crashed").await?;

    // Dragging on the strip looks back; its right edge is now.
    let (x, y) = browser.middle("#live-strip").await?;
    let right = "const r = document.querySelector('#live-strip').getBoundingClientRect(); \
                 return r.right";
    let right = browser.script(right).await?.as_f64().context("a number")?;
    browser.drag((right - 40.0, y), (right - 8.0, y)).await?;
    browser.find("#live-moment[data-live='false']").await?;
    browser.drag((x, y), (right + 6.0, y)).await?;
    browser.find("#live-moment[data-live='true']").await?;

    // While nobody answers the page, nothing is known; afterwards that is a gap for every node.
    live.cluster.process().kill()?;
    browser
        .find("[data-node='1'][data-condition='unknown']")
        .await?;
    browser
        .wait_for_text("#live-notice", "Connection lost")
        .await?;
    live.cluster.restart()?;
    leader(&browser).await?;
    browser
        .wait_for(
            "const rows = [...document.querySelectorAll('#live-strip i.gap')]\
             .map(g => g.style.getPropertyValue('--row-at')); return new Set(rows).size === 5",
        )
        .await?;

    browser.resize(Viewport::PHONE).await?;
    let fits = "const wide = document.documentElement.scrollWidth; \
        const line = document.getElementById('live-status').getClientRects(); \
        const bar = document.querySelector('.topbar'); \
        const inside = [...bar.querySelectorAll('button, span')] \
            .every(e => e.getBoundingClientRect().right <= 390); \
        return wide === 390 && line.length === 1 && line[0].height < 30 && inside";
    browser.wait_for(fits).await?;
    browser.press("Space").await?;
    browser.find("#live-moment[data-live='false']").await?;
    browser.screenshot(&artifact("live-phone.png")).await
}

#[tokio::test]
async fn keys_do_what_buttons_do_and_nothing_while_locked() -> Result<()> {
    let live = Live::start()?;
    live.writes("city", "Basel").await?;
    let mut browser = Browser::open(Viewport::DESK).await?;
    browser.goto(&format!("{}/?mode=live", live.url())).await?;
    let first = leader(&browser).await?;
    select(&browser, first).await?;
    for key in ["x", "z", "t", "i", "p", "h", "Shift+t"] {
        browser.press("Escape").await?;
        select(&browser, first).await?;
        browser.press(key).await?;
        browser
            .wait_for_text(".toast", "Arm the controls")
            .await
            .with_context(|| format!("key {key}"))?;
        browser.press("Escape").await?;
        browser
            .wait_for("return document.querySelector('.toast') === null")
            .await?;
    }
    // What no real cluster can do is no key, and the list does not name it.
    browser.press("?").await?;
    browser.find("[role='dialog'] .keys kbd").await?;
    let caps = "return [...document.querySelectorAll('[role=dialog] .keys kbd')]\
                .map(cap => cap.textContent)";
    let caps: Vec<String> = serde_json::from_value(browser.script(caps).await?)?;
    ensure!(caps.contains(&"X".to_string()), "{caps:?}");
    ensure!(!caps.contains(&"G".to_string()), "{caps:?}");
    browser.press("Escape").await?;
    let open = "return document.querySelector('[role=dialog]') === null \
                && document.querySelector('.link.cut') === null";
    browser.wait_for(open).await?;
    condition(&browser, first, "up").await?;

    browser.click("#arm").await?;
    select(&browser, first).await?;
    browser.press("z").await?;
    condition(&browser, first, "frozen").await?;
    browser.press("z").await?;
    condition(&browser, first, "up").await?;
    browser.press("x").await?;
    condition(&browser, first, "crashed").await?;
    browser.press("x").await?;
    condition(&browser, first, "up").await?;
    browser.press("i").await?;
    let cut = "return document.querySelectorAll('.link.cut').length === 8";
    browser.wait_for(cut).await?;
    browser.press("h").await?;
    let healed = "return document.querySelector('.link.cut') === null";
    browser.wait_for(healed).await?;
    browser.must_be_quiet().await
}

/// Selects a node as a person would: who sees that a click did not take clicks again. On a busy
/// machine the two halves of a click can be so far apart that the page takes it for a long press.
async fn select(browser: &Browser, node: u64) -> Result<()> {
    let glyph = format!("[data-role][data-node='{node}']");
    let pressed = format!(
        "return document.querySelector(\"{glyph}\")?.getAttribute('aria-pressed') === 'true'"
    );
    until_true("the node is selected", async || {
        browser.click(&glyph).await?;
        for _ in 0..20 {
            if browser.script(&pressed).await?.as_bool() == Some(true) {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        browser.press("Escape").await?;
        Ok(false)
    })
    .await
}

async fn condition(browser: &Browser, node: u64, name: &str) -> Result<()> {
    let glyph = format!("[data-role][data-node='{node}'][data-condition='{name}']");
    browser.find(&glyph).await.map(drop)
}

/// Sends an operation from the form of the clients and waits until it ended well.
async fn ask(browser: &Browser, node: u64, op: &str, key: &str, value: &str) -> Result<()> {
    let node = node.to_string();
    let mut fields = vec![("kv-op", op), ("kv-node", node.as_str()), ("kv-key", key)];
    if op == "put" {
        fields.push(("kv-value", value));
    }
    for (id, value) in fields {
        let script = format!(
            "const e = document.getElementById('{id}'); e.value = '{value}'; \
             for (const kind of ['input', 'change']) \
             e.dispatchEvent(new Event(kind, {{bubbles: true}})); return true"
        );
        browser.wait_for(&script).await?;
    }
    let text = format!("{op} {key}");
    browser.click("#kv-send").await?;
    let done = format!(
        "return [...document.querySelectorAll('#kv-answers [data-outcome=ok]')] \
         .some(e => e.textContent.includes('{text}'))"
    );
    browser.wait_for(&done).await.map(drop)
}

/// Clicks the button of the selected node that is called so.
async fn press_button(browser: &Browser, name: &str) -> Result<()> {
    let script = format!(
        "const b = [...document.querySelectorAll('button')]\
        .find(b => b.textContent.trim().startsWith('{name}')); \
        if (!b || b.disabled) return false; b.click(); return true;"
    );
    browser.wait_for(&script).await?;
    Ok(())
}
