//! The command line of `raftwerk`: the same verbs for people and for scripts.
//!
//! Guarantees: the exit status is 0 when it is done, 1 when it certainly is not, 2 when a write
//! may or may not have happened; with `--json` there is exactly one JSON value on standard
//! output, also when it fails.

mod endpoints;
mod inspect;
mod kv;
mod member;
mod node;
mod output;
mod status;

// What reads text from outside is public for `tests/decoders`.
#[doc(hidden)]
pub use node::{cluster_id, member};

use crate::play::{self, DEFAULT_PORT, PlayOptions};
use clap::{Args, Parser, Subcommand};
use endpoints::Endpoints;
use output::{End, Output};
use raftwerk_wire::client::ReadMode;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::runtime::{Builder, Runtime};

const STATUS_HELP: &str = "\
Exit status:
  0  done
  1  failed: certainly not done
  2  outcome unknown: the write may or may not have happened

Start with `raftwerk play`, then try `raftwerk put city Basel` and `raftwerk status`.";

/// Raft you can watch, break and run.
#[derive(Debug, Parser)]
#[command(name = "raftwerk", version, after_help = STATUS_HELP, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Start a cluster of real processes on this machine, with a page to watch and break it.
    Play(PlayFlags),
    /// Run one node of a cluster.
    Node(Box<node::NodeFlags>),
    /// Set a key.
    #[command(after_help = WRITE_HELP)]
    Put {
        /// The key.
        key: String,
        /// The value; `-` reads it from standard input.
        value: String,
        #[command(flatten)]
        reach: Reach,
    },
    /// Print the value of a key, byte for byte.
    Get {
        /// The key.
        key: String,
        /// How fresh: `leader`, `lease`, `follower` and `quorum` are linearizable, `stale` may be
        /// old.
        #[arg(long, value_name = "MODE", default_value = "leader", value_parser = read_mode)]
        read: ReadMode,
        #[command(flatten)]
        reach: Reach,
    },
    /// Delete a key; a key that is not there is no failure.
    #[command(after_help = WRITE_HELP)]
    Del {
        /// The key.
        key: String,
        #[command(flatten)]
        reach: Reach,
    },
    /// Print keys and values in order of keys.
    List {
        /// Only keys that begin with this.
        #[arg(default_value = "")]
        prefix: String,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u64,
        /// Only keys after this one, to go on after a page.
        #[arg(long, value_name = "KEY")]
        after: Option<String>,
        #[command(flatten)]
        reach: Reach,
    },
    /// Show every node as it says itself.
    Status {
        #[command(flatten)]
        reach: Reach,
    },
    /// Whether a node is alive: exit status 0 when its loop answers.
    #[command(after_help = HEALTH_HELP)]
    Health {
        #[command(flatten)]
        reach: Reach,
    },
    /// Show or change the members of the cluster.
    Member {
        #[command(subcommand)]
        what: member::What,
    },
    /// Show what a node's data directory holds, and what in it is damaged; nothing is changed.
    ///
    /// For a node that is down, since what a running one writes meanwhile may look half finished;
    /// that is said then. While it looks no node can start on the directory.
    Inspect(inspect::InspectFlags),
    /// Let the leader hand over.
    Transfer {
        /// The voter that shall lead; nobody named: whom the leader thinks best.
        to: Option<u64>,
        #[command(flatten)]
        reach: Reach,
    },
}

const WRITE_HELP: &str = "\
Exit status 2 means that the outcome is unknown: the request was sent and no answer came, so the
write may or may not have happened. It is not repeated by itself. Read the key to find out, or
repeat the command when writing twice does no harm.";

const HEALTH_HELP: &str = "\
Meant for probes, such as the health check of a container. A node that is alive need not have a
leader: ask `raftwerk status` for that. Of several endpoints, the first that is alive will do.";

#[derive(Debug, Args)]
struct PlayFlags {
    /// How many nodes, 1 to 9; the data keeps the number [default: 5, or what the data has].
    #[arg(long, value_name = "N")]
    nodes: Option<u64>,
    /// Port of the page and the API on 127.0.0.1; 0 takes any free one.
    #[arg(long, value_name = "PORT", default_value_t = DEFAULT_PORT)]
    port: u16,
    /// Where the data lies; starting again there goes on with it.
    #[arg(long, value_name = "DIR", default_value = "./data/play")]
    data: PathBuf,
    /// Do not open the page in the browser.
    #[arg(long)]
    no_open: bool,
}

/// Whom to ask, and how to answer.
#[derive(Clone, Debug, Args)]
struct Reach {
    /// A node or the port of `raftwerk play`; the next one is asked when one is not reachable.
    #[arg(
        long = "endpoint",
        value_name = "URL",
        env = "RAFTWERK_ENDPOINT",
        value_delimiter = ',',
        default_value = "http://127.0.0.1:7878"
    )]
    endpoints: Vec<String>,
    /// Seconds to wait for an answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = 1..=600)]
    timeout: i64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn read_mode(name: &str) -> Result<ReadMode, String> {
    ReadMode::parse(name).ok_or_else(|| format!("it is {}", ReadMode::NAMES))
}

/// Runs the command of this process to its end.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            return refused(&error, std::env::args_os().any(|word| word == "--json"));
        }
    };
    match cli.command {
        Verb::Play(flags) => serve("play", play::run(flags.options())),
        Verb::Node(flags) => serve("node", node::run(*flags)),
        Verb::Put { key, value, reach } => ask(&reach, async |to| kv::put(to, &key, &value).await),
        Verb::Get { key, read, reach } => ask(&reach, async |to| kv::get(to, &key, read).await),
        Verb::Del { key, reach } => ask(&reach, async |to| kv::del(to, &key).await),
        Verb::List {
            prefix,
            limit,
            after,
            reach,
        } => {
            let page = kv::Page {
                prefix,
                limit,
                after,
            };
            ask(&reach, async |to| kv::list(to, &page).await)
        }
        Verb::Member { what } => {
            let (reach, order) = what.split();
            ask(&reach, async |to| member::member(to, order).await)
        }
        Verb::Transfer { to: node, reach } => {
            ask(&reach, async |to| member::transfer(to, node).await)
        }
        Verb::Inspect(flags) => {
            let json = flags.json;
            output::print(inspect::inspect(flags), json)
        }
        Verb::Status { reach } => ask(&reach, async |to| status::status(to).await),
        Verb::Health { reach } => ask(&reach, async |to| status::health(to).await),
    }
}

/// What the words of the command line are refused with; `--help` and `--version` end here, too.
fn refused(error: &clap::Error, json: bool) -> ExitCode {
    if json && error.use_stderr() {
        let why = error.render().to_string();
        return output::print(Err(End::failed("usage", why.trim())), true);
    }
    // Nobody to print to is no other failure. Status 2 is taken, so it is not used here.
    let _ = error.print();
    ExitCode::from(u8::from(error.use_stderr()))
}

impl PlayFlags {
    fn options(self) -> PlayOptions {
        let PlayFlags {
            nodes,
            port,
            data,
            no_open,
        } = self;
        PlayOptions {
            nodes,
            port,
            data,
            open: !no_open,
        }
    }
}

/// Runs what goes on until it is asked to end.
fn serve(name: &str, work: impl Future<Output = Result<(), String>>) -> ExitCode {
    let ended = runtime(Builder::new_multi_thread()).and_then(|runtime| {
        let ended = runtime.block_on(work);
        // What still runs, such as a wait for a browser, must not hold up the end.
        runtime.shutdown_background();
        ended
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            output::complain(&format!("raftwerk {name}: {why}"));
            ExitCode::FAILURE
        }
    }
}

/// Asks the endpoints once and prints the answer.
fn ask(reach: &Reach, work: impl AsyncFnOnce(&Endpoints) -> Result<Output, End>) -> ExitCode {
    let asked = || {
        let endpoints = Endpoints::new(&reach.endpoints, reach.timeout)?;
        runtime(Builder::new_current_thread())
            .map_err(|why| End::failed("runtime", why))?
            .block_on(work(&endpoints))
    };
    output::print(asked(), reach.json)
}

fn runtime(mut builder: Builder) -> Result<Runtime, String> {
    let built = builder.enable_all().build();
    built.map_err(|why| format!("cannot start threads: {why}"))
}

#[cfg(test)]
mod tests;
