//! `cargo xtask figures`: figure 16 of the extended Raft paper, from the simulator.
//!
//! Runs the simulator's `figures` and draws its times as cumulative percentages on a logarithmic
//! axis, beside what the paper's text says about its own; writes docs/figures.md.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::bench::{last_line, list, number};
use crate::chart::{Axis, Chart, Curve, Panel, Point, grouped};
use crate::page;
use crate::workspace::Workspace;

/// What the text of the paper says: line (ms), time (ms), percent of trials, in words.
const PUBLISHED: [(u64, u64, f64, f64, &str); 4] = [
    (
        150,
        150,
        10_000.0,
        0.0,
        "150–150 ms: consistently longer than 10 s",
    ),
    (150, 155, 287.0, 50.0, "150–155 ms: median 287 ms"),
    (
        150,
        200,
        513.0,
        100.0,
        "150–200 ms: longest of 1,000 trials 513 ms",
    ),
    (
        12,
        24,
        152.0,
        100.0,
        "12–24 ms: longest 152 ms (mean 35 ms)",
    ),
];

/// Runs the trials, draws, writes the page.
pub fn run(workspace: &Workspace, args: &[String]) -> Result<()> {
    crate::only(args, &["--json"])?;
    let result = measured(workspace, &[], &["--json"])?;
    let tried = measured(
        workspace,
        &["--features", "sabotage"],
        &["--reasons", "--json"],
    )?;
    let docs = workspace.root.join("docs");
    fs::create_dir_all(docs.join("figures"))?;
    for (rules, title) in [
        (
            "paper",
            "Time without a leader, by the rules of the paper's figure 2",
        ),
        (
            "quick",
            "Time without a leader, by the same rules, broadcasts of 10 ms",
        ),
        (
            "shipped",
            "Time without a leader, with pre-vote, and no votes while led",
        ),
    ] {
        let name = format!("figures/leaderless-{rules}.svg");
        fs::write(docs.join(name), chart(&result, rules, title)?.svg())?;
    }
    let tables = format!("{}\n{}", table(&result)?, reasons(&tried)?);
    page::fill(&docs.join("figures.md"), &tables)?;
    if crate::has(args, "--json") {
        println!("{result}");
    }
    Ok(())
}

/// What the simulator's `figures` says.
fn measured(workspace: &Workspace, features: &[&str], args: &[&str]) -> Result<Value> {
    let mut figures = workspace.cargo();
    figures.args(["run", "--release", "--quiet", "-p", "raftwerk-sim"]);
    figures.args(features).args(["--bin", "figures", "--"]);
    last_line(figures.args(args))
}

fn chart(result: &Value, rules: &str, title: &str) -> Result<Chart> {
    let mut panels = Vec::new();
    for panel in list(&result["panels"])? {
        if panel["rules"] == rules {
            panels.push(drawn(panel, rules != "shipped")?);
        }
    }
    Ok(Chart {
        title: title.to_owned(),
        panels,
    })
}

fn drawn(panel: &Value, with_published: bool) -> Result<Panel> {
    let scale = panel["panel"] == "scale";
    let (title, range) = match scale {
        true => ("Shorter and shorter election timeouts", (10.0, 1_000.0)),
        false => ("More and more randomness", (50.0, 100_000.0)),
    };
    let percent = [0.0, 25.0, 50.0, 75.0, 100.0].map(|at| (at, format!("{at} %")));
    let (mut curves, mut points) = (Vec::new(), Vec::new());
    for (at, line) in list(&panel["lines"])?.iter().enumerate() {
        let (min, max) = (number(&line["min"])?, number(&line["max"])?);
        curves.push(Curve {
            name: format!("{min}–{max} ms"),
            points: cumulated(line, range.0)?,
            marked: false,
        });
        for (low, high, time, share, says) in PUBLISHED {
            if with_published && (low as f64, high as f64) == (min, max) {
                points.push(Point {
                    at: (time, share),
                    name: says.to_owned(),
                    curve: at,
                });
            }
        }
    }
    Ok(Panel {
        title: title.to_owned(),
        x: Axis::decades("time without a leader (ms)", range, |at| grouped(at as u64)),
        y: Axis {
            label: "share of trials".to_owned(),
            range: (0.0, 100.0),
            logarithmic: false,
            ticks: percent.to_vec(),
        },
        curves,
        points,
    })
}

/// The share of all trials that had a leader again by each of some 200 times.
fn cumulated(line: &Value, left: f64) -> Result<Vec<(f64, f64)>> {
    let (times, trials) = (list(&line["times"])?, number(&line["trials"])?);
    let mut points = vec![(left, 0.0)];
    let step = (times.len() / 200).max(1);
    for (at, time) in times.iter().enumerate() {
        let time = number(time)? / 1_000.0;
        if at == 0 {
            points.push((time, 0.0));
        }
        if at % step == 0 || at + 1 == times.len() {
            points.push((time, 100.0 * (at + 1) as f64 / trials));
        }
    }
    Ok(points)
}

/// Every line of every panel, in Markdown.
fn table(result: &Value) -> Result<String> {
    let mut out = String::from(
        "| rules | election timeout | trials | with a new leader within 100 s | mean | median | \
         longest |\n|---|---|---:|---:|---:|---:|---:|\n",
    );
    for panel in list(&result["panels"])? {
        let rules = panel["rules"].as_str().context("rules have a name")?;
        for line in list(&panel["lines"])? {
            writeln!(out, "| {rules} | {}", row(line))?;
        }
    }
    Ok(out)
}

/// Every line with something assumed otherwise, in Markdown.
fn reasons(tried: &Value) -> Result<String> {
    let mut out = String::from(
        "| assumed otherwise | election timeout | trials | with a new leader within 100 s | mean | \
         median | longest |\n|---|---|---:|---:|---:|---:|---:|\n",
    );
    for line in list(&tried["lines"])? {
        let otherwise = line["otherwise"].as_str().context("lines have a reason")?;
        let otherwise = if otherwise.is_empty() {
            "nothing"
        } else {
            otherwise
        };
        writeln!(out, "| {otherwise} | {}", row(line))?;
    }
    Ok(out)
}

/// The rest of a row, after what names it.
fn row(line: &Value) -> String {
    let shown = |field: &str| match line[field].as_u64() {
        Some(time) => format!("{} ms", grouped(time / 1_000)),
        None => "-".to_owned(),
    };
    format!(
        "{}–{} ms | {} | {} | {} | {} | {} |",
        line["min"],
        line["max"],
        line["trials"],
        line["elected"],
        shown("mean"),
        shown("median"),
        shown("longest"),
    )
}
