//! A cluster without a supervisor: the page of any node shows all of them, and breaks them.

use anyhow::{Context, Result};
use raftwerk_tests::{Browser, Raftwerk, Viewport, artifact, free_port};

/// Three processes of `raftwerk node`.
fn cluster() -> Result<(Vec<Raftwerk>, Vec<u16>)> {
    let ports = (0..3).map(|_| free_port()).collect::<Result<Vec<u16>>>()?;
    let url = |(at, port): (usize, &u16)| format!("{}=http://127.0.0.1:{port}", at + 1);
    let members: Vec<String> = ports.iter().enumerate().map(url).collect();
    let members = members.join(",");
    let start = |(at, port): (usize, &u16)| {
        let (id, listen) = ((at + 1).to_string(), format!("127.0.0.1:{port}"));
        Raftwerk::start(&[
            "node",
            "--id",
            &id,
            "--data",
            "{dir}/data",
            "--listen",
            &listen,
            "--cluster",
            "beef",
            "--initial-cluster",
            &members,
            "--enable-chaos",
        ])
    };
    let nodes = ports.iter().enumerate().map(start).collect::<Result<_>>()?;
    Ok((nodes, ports))
}

#[tokio::test]
async fn the_page_of_one_node_shows_and_breaks_all_of_them() -> Result<()> {
    let (mut nodes, ports) = cluster()?;
    let mut browser = Browser::open(Viewport::DESK).await?;
    browser
        .goto(&format!("http://127.0.0.1:{}/?mode=live", ports[0]))
        .await?;
    let up = "const up = [...document.querySelectorAll('[data-role][data-node]')]\
        .filter(n => n.dataset.condition === 'up');";
    let all = format!("{up} return up.length === 3 && up.some(n => n.dataset.role === 'leader')");
    browser.wait_for(&all).await?;
    browser.screenshot(&artifact("live-nodes.png")).await?;
    browser.must_be_quiet().await?;

    // Asked for here, done by whom it concerns: the leader is cut off wherever it is.
    let leader = "const l = [...document.querySelectorAll('[data-role=leader][data-node]')]\
        .sort((a, b) => b.dataset.term - a.dataset.term);";
    let asked = format!("{leader} return +l[0].dataset.node");
    let first = browser.script(&asked).await?;
    let first = first.as_u64().context("a number")?;
    browser.click("#arm").await?;
    browser
        .click(&format!("[data-role][data-node='{first}']"))
        .await?;
    let isolate = "const b = [...document.querySelectorAll('button')]\
        .find(b => b.textContent.trim().startsWith('Isolate'));\
        if (!b || b.disabled) return false; b.click(); return true;";
    browser.wait_for(isolate).await?;
    browser
        .wait_for(&format!(
            "{leader} return l.length > 0 && +l[0].dataset.node !== {first}"
        ))
        .await?;
    browser.press("h").await?;
    let one = "return document.querySelectorAll('[data-role=leader][data-node]').length === 1";
    browser.wait_for(one).await?;

    nodes[2].process().kill()?;
    browser
        .wait_for(&format!(
            "{up} return up.length === 2 && !up.some(n => n.dataset.node === '3')"
        ))
        .await?;
    nodes[2].restart()?;
    browser.wait_for(&all).await?;
    Ok(())
}
