//! `cargo xtask bench core`: the core beside other Raft crates, and the simulator's speed.
//!
//! Runs `cargo bench -p raftwerk-core` and `storm`, both of which end with one line of JSON, and
//! writes table and pictures into docs/benchmarks.md. With `--quick` nothing is written: rounds
//! are too short for a page.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::chart::{Axis, Chart, Curve, Panel, grouped};
use crate::page;
use crate::workspace::{Workspace, shown};

/// Seeds and steps of the simulator's run.
const STORM: [&str; 7] = [
    "--seeds",
    "300",
    "--steps",
    "20000",
    "--threads",
    "1",
    "--json",
];

/// Runs what the arguments name; there is only the core.
pub fn run(workspace: &Workspace, args: &[String]) -> Result<()> {
    match args.split_first() {
        Some((what, rest)) if what == "core" => core(workspace, rest),
        _ => bail!("what? there is: cargo xtask bench core"),
    }
}

fn core(workspace: &Workspace, args: &[String]) -> Result<()> {
    crate::only(args, &["--json", "--quick"])?;
    let quick = crate::has(args, "--quick");
    let mut bench = workspace.cargo();
    bench.args([
        "bench",
        "--quiet",
        "-p",
        "raftwerk-core",
        "--bench",
        "compare",
    ]);
    if quick {
        bench.args(["--", "--quick"]);
    }
    let mut storm = workspace.cargo();
    storm.args([
        "run",
        "--release",
        "--quiet",
        "-p",
        "raftwerk-sim",
        "--bin",
        "storm",
        "--",
    ]);
    storm.args(STORM);
    let result = json!({
        "machine": machine(),
        "core": last_line(&mut bench)?,
        "simulator": last_line(&mut storm)?,
    });
    if !quick {
        write(workspace, &result)?;
    }
    if crate::has(args, "--json") {
        println!("{result}");
    } else {
        println!("{}", table(&result)?);
    }
    Ok(())
}

/// Runs a program, shows what it says on standard error, and reads its last line as JSON.
pub fn last_line(command: &mut Command) -> Result<Value> {
    let line = shown(command);
    eprintln!("$ {line}");
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{line}`"))?;
    let output = child.stdout.take().context("its output is a pipe")?;
    let mut last = String::new();
    for line in BufReader::new(output).lines() {
        if !last.is_empty() {
            eprintln!("{last}");
        }
        last = line?;
    }
    let status = child.wait()?;
    ensure!(status.success(), "`{line}` failed ({status})");
    serde_json::from_str(&last).with_context(|| format!("the last line of `{line}` is no JSON"))
}

/// What it was measured on.
fn machine() -> Value {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = cpu.lines().find_map(|line| line.strip_prefix("model name"));
    let name = name.map_or("unknown CPU", |line| line.trim_matches([' ', '\t', ':']));
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    json!({
        "cores": cores,
        "cpu": name,
        "system": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "date": said_by("date", &["-u", "+%Y-%m-%d"]),
        "commit": said_by("git", &["describe", "--always", "--dirty"]),
        "load_before": load,
    })
}

/// What a small program says; nothing when there is no such program.
fn said_by(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    said.unwrap_or_default()
}

fn write(workspace: &Workspace, result: &Value) -> Result<()> {
    let docs = workspace.root.join("docs");
    let pictures = docs.join("benchmarks");
    fs::create_dir_all(&pictures)?;
    let speed = Axis::decades("entries per second", (1e4, 1e8), |at| grouped(at as u64));
    let picture = chart(result, "per_second", "Committed entries per second", speed)?;
    let count = Axis::decades("allocations per entry", (0.01, 100.0), |at| format!("{at}"));
    fs::write(pictures.join("speed.svg"), picture.svg())?;
    let picture = chart(result, "allocations", "Allocations per entry", count)?;
    fs::write(pictures.join("allocations.svg"), picture.svg())?;
    page::fill(&docs.join("benchmarks.md"), &table(result)?)
}

/// One panel for each payload, one curve for each contestant.
fn chart(result: &Value, field: &str, title: &str, axis: Axis) -> Result<Chart> {
    let cells = list(&result["core"]["cells"])?;
    let mut panels: Vec<Panel> = Vec::new();
    for cell in cells {
        let (payload, per_drain) = (&cell["payload"], number(&cell["per_drain"])?);
        let head = format!("{title}, commands of {payload} bytes");
        let contestants = list(&cell["contestants"])?;
        if panels.last().is_none_or(|panel| panel.title != head) {
            panels.push(empty(head, &axis, contestants));
        }
        let panel = panels.last_mut().context("one was just added")?;
        for (curve, contestant) in panel.curves.iter_mut().zip(contestants) {
            curve.points.push((per_drain, number(&contestant[field])?));
        }
    }
    Ok(Chart {
        title: format!("{title}, three replicas in one thread"),
        panels,
    })
}

fn empty(title: String, axis: &Axis, contestants: &[Value]) -> Panel {
    let ticks = [1, 16, 256].map(|count| (f64::from(count), count.to_string()));
    let curve = |contestant: &Value| Curve {
        name: contestant["name"].as_str().unwrap_or_default().to_owned(),
        points: Vec::new(),
        marked: true,
    };
    Panel {
        title,
        x: Axis {
            label: "proposals per drain".to_owned(),
            range: (0.8, 320.0),
            logarithmic: true,
            ticks: ticks.to_vec(),
        },
        y: Axis {
            label: axis.label.clone(),
            range: axis.range,
            logarithmic: axis.logarithmic,
            ticks: axis.ticks.clone(),
        },
        curves: contestants.iter().map(curve).collect(),
        points: Vec::new(),
    }
}

/// Everything that was measured, in Markdown.
fn table(result: &Value) -> Result<String> {
    let (machine, core) = (&result["machine"], &result["core"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut out = format!(
        "{}, {} cores, {} {}, {}, at {}; load of the machine before it began: {}. The best of {} \
         rounds, contestants in turn.\n\n\
         | bytes | per drain | contestant | entries/s | ns/entry | allocations/entry | \
         messages/entry | ours is | digest of all replicas |\n\
         |---:|---:|---|---:|---:|---:|---:|---:|---|\n",
        text(&machine["cpu"]),
        machine["cores"],
        text(&machine["system"]),
        text(&machine["architecture"]),
        text(&machine["date"]),
        text(&machine["commit"]),
        text(&machine["load_before"]),
        core["rounds"],
    );
    for cell in list(&core["cells"])? {
        let contestants = list(&cell["contestants"])?;
        let ours = number(&contestants[0]["per_second"])?;
        for contestant in contestants {
            let speed = number(&contestant["per_second"])?;
            writeln!(
                out,
                "| {} | {} | {} | {} | {} | {:.2} | {:.3} | {:.2} x | `{}` |",
                cell["payload"],
                cell["per_drain"],
                text(&contestant["name"]),
                grouped(speed as u64),
                contestant["nanoseconds"],
                number(&contestant["allocations"])?,
                number(&contestant["messages"])?,
                ours / speed,
                text(&cell["digest"]),
            )?;
        }
    }
    write!(out, "\n{}", targets(result)?)?;
    let versions = list(&core["contestants"])?.iter();
    let versions = versions.map(|one| format!("{} {}", text(&one["name"]), text(&one["version"])));
    let simulator = &result["simulator"];
    write!(
        out,
        "\nVersions: {}.\n\nSimulator, all checks on, one thread: {} steps per second \
         ({} steps of {} seeds, {} violations).",
        versions.collect::<Vec<_>>().join(", "),
        grouped(number(&simulator["steps_per_second_per_thread"])? as u64),
        grouped(number(&simulator["steps"])? as u64),
        simulator["seeds"],
        simulator["violations"],
    )?;
    Ok(out)
}

/// What was aimed at, beside what was measured.
fn targets(result: &Value) -> Result<String> {
    let mut out = "| target | measured | reached |\n|---|---|---|\n".to_owned();
    let cells = list(&result["core"]["cells"])?;
    for (other, times) in [("raft", 2.0), ("openraft", 5.0)] {
        let mut ratios = Vec::new();
        for cell in cells {
            let contestants = list(&cell["contestants"])?;
            let ours = number(&contestants[0]["per_second"])?;
            for contestant in contestants.iter().filter(|one| one["name"] == other) {
                ratios.push(ours / number(&contestant["per_second"])?);
            }
        }
        let reached = ratios.iter().filter(|ratio| **ratio >= times).count();
        let (least, most) = ends(&ratios);
        writeln!(
            out,
            "| {times}x `{other}` in every cell | {least:.2}x to {most:.2}x | in {reached} of {} |",
            cells.len()
        )?;
    }
    let full = cells.iter().filter(|cell| cell["per_drain"] == 256);
    let counts = full.map(|cell| number(&cell["contestants"][0]["allocations"]));
    let (_, most) = ends(&counts.collect::<Result<Vec<f64>>>()?);
    writeln!(
        out,
        "| at most 1 allocation per entry at 256 per drain | {most:.2} at most | {} |",
        yes(most <= 1.0)
    )?;
    let steps = number(&result["simulator"]["steps_per_second_per_thread"])?;
    writeln!(
        out,
        "| 300,000 steps of the simulator per second and core | {} | {} |",
        grouped(steps as u64),
        yes(steps >= 300_000.0)
    )?;
    Ok(out)
}

/// The least and the greatest.
fn ends(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    (least, values.iter().copied().fold(0.0, f64::max))
}

const fn yes(reached: bool) -> &'static str {
    if reached { "yes" } else { "**no**" }
}

/// The value as a list.
pub fn list(value: &Value) -> Result<&[Value]> {
    value
        .as_array()
        .map(Vec::as_slice)
        .context("a list was expected")
}

/// The value as a number.
pub fn number(value: &Value) -> Result<f64> {
    value.as_f64().context("a number was expected")
}
