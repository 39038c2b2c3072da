//! The link that a failing storm prints: the page opens it and stands at the event where the
//! check failed, in the state that the simulator was in; and a link that is damaged says so.

use anyhow::{Context, Result};
use raftwerk_sim::sabotage::plans;
use raftwerk_sim::{Claim, Effort, IN_ADDRESS, Run, Setup, World, replay, shrink, storm_in};
use raftwerk_tests::{Browser, FileServer, Viewport, artifact, dist};

/// A storm on disks that lie, which fails.
fn failing() -> Result<Run> {
    let mut setup = Setup::storm(4);
    setup.disk.lies = 8;
    let effort = Effort::default();
    let mut world = World::recorded(&setup, false);
    let report = storm_in(&mut world, 20_000, &effort);
    let check = report
        .violation
        .context("disks that lie are found out")?
        .check;
    // What dice did is done by hand, and less of it.
    let fails = |run: &Run| {
        let mut world = World::recorded(&run.setup, false);
        let seen = replay(&mut world, run, &effort).violation?;
        (seen.check == check).then(|| Run::of(&world))
    };
    let shrunk = shrink(&Run::of(&world), 300, &fails).context("it fails again")?;
    Ok(shrunk.run)
}

async fn opened(word: &str) -> Result<(Browser, FileServer)> {
    let server = FileServer::start(&dist())?;
    let browser = Browser::open(Viewport::DESK).await?;
    let url = format!("{}?mode=playground{IN_ADDRESS}{word}", server.url());
    browser.goto(&url).await?;
    browser.find("[data-node='1']").await?;
    Ok((browser, server))
}

#[tokio::test]
async fn a_failing_run_is_opened_where_it_failed() -> Result<()> {
    let run = failing()?;
    let claim = run.claim.as_ref().context("it says where it failed")?;
    let (mut browser, _server) = opened(&run.to_word()).await?;
    let there = format!(
        "return window.raftwerk.position() === {} && window.raftwerk.hash() === '{:016x}'",
        claim.event, claim.hash
    );
    browser.wait_for(&there).await?;
    browser
        .wait_for_text(".toast", &format!("At this event: {}", claim.check))
        .await?;
    browser.screenshot(&artifact("playground-link.png")).await?;
    browser.must_be_quiet().await
}

/// The link that `sabotage` prints: the page plays without the rule, says so, and comes to the same.
#[tokio::test]
async fn a_run_without_a_rule_is_opened_without_it() -> Result<()> {
    let plans = plans();
    let plan = plans.iter().find(|plan| plan.name() == "e4-pre-vote");
    let plan = plan.context("there is such a rule")?;
    let check = "Elected by a majority";
    let run = (0..20).find_map(|seed| plan.run(seed, 20_000, check, 100));
    let run = run.context("it is noticed")?;
    let claim = run.claim.as_ref().context("it says where it failed")?;
    let (mut browser, _server) = opened(&run.to_word()).await?;
    let there = format!(
        "return window.raftwerk.position() === {} && window.raftwerk.hash() === '{:016x}'",
        claim.event, claim.hash
    );
    browser.wait_for(&there).await?;
    browser.wait_for_text("#banner-violation", check).await?;
    browser
        .wait_for_text("#banner-rule", "Rule e4-pre-vote is switched off on")
        .await?;
    browser.must_be_quiet().await
}

/// What is found by looking at a whole run no check of the page sees: it says so all the same,
/// as of any other, and not before the event.
#[tokio::test]
async fn what_was_found_at_the_end_of_a_run_is_a_violation_like_any_other() -> Result<()> {
    let mut world = World::recorded(&Setup::playground(3, 1), false);
    while world.events() < 200 && world.step() {}
    let mut run = Run::of(&world);
    let found = "Linearizable history";
    run.claim = Some(Claim {
        check: found.to_owned(),
        detail: "C1 was told what nobody wrote.".to_owned(),
        event: world.events(),
        hash: world.hash(),
    });
    let (mut browser, _server) = opened(&run.to_word()).await?;
    let banner = "#banner-violation";
    for text in [found, "is violated. C1 was told what nobody wrote."] {
        browser.wait_for_text(banner, text).await?;
    }
    let gone = format!("return document.querySelector('{banner}') === null");
    browser.press(",").await?;
    browser.wait_for(&gone).await?;
    browser.press(".").await?;
    browser.find(banner).await?;
    browser.must_be_quiet().await
}

#[tokio::test]
async fn a_damaged_link_says_so_and_the_page_works() -> Result<()> {
    let (mut browser, _server) = opened("nonsense").await?;
    browser.wait_for_text(".toast", "This is no run").await?;
    browser.must_be_quiet().await
}
