//! A cluster without a supervisor: the page of any node shows all of them.

use anyhow::Result;
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
        ])
    };
    let nodes = ports.iter().enumerate().map(start).collect::<Result<_>>()?;
    Ok((nodes, ports))
}

#[tokio::test]
async fn the_page_of_one_node_shows_all_nodes_and_notices_who_goes_and_comes() -> Result<()> {
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
