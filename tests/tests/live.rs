//! A real cluster of five processes, watched and broken from a real browser.

use anyhow::{Context, Result, ensure};
use raftwerk_tests::{Browser, Raftwerk, Viewport, artifact, free_port, until, until_true};
use std::process::Command;

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
    browser
        .click(&format!("[data-role][data-node='{first}']"))
        .await?;
    press_crash(&browser).await?;
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

/// Clicks the button of the selected node that crashes it.
async fn press_crash(browser: &Browser) -> Result<()> {
    let script = "const b = [...document.querySelectorAll('button')]\
        .find(b => b.textContent.trim().startsWith('Crash')); \
        if (!b) return false; b.click(); return true;";
    browser.wait_for(script).await?;
    Ok(())
}
