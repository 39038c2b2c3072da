//! What the command line takes and refuses.

use super::*;
use clap::CommandFactory;

fn parse(line: &str) -> Result<Verb, String> {
    let words = std::iter::once("raftwerk").chain(line.split_whitespace());
    let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
    Ok(cli.command)
}

#[test]
fn the_flags_fit_together() {
    Cli::command().debug_assert();
}

#[test]
fn play_has_the_defaults_of_the_readme() {
    let Ok(Verb::Play(flags)) = parse("play") else {
        panic!("play")
    };
    let options = flags.options();
    assert_eq!(
        (options.nodes, options.port, options.open),
        (None, 7878, true)
    );
    assert_eq!(options.data, PathBuf::from("./data/play"));
    let Ok(Verb::Play(flags)) = parse("play --nodes 3 --port 0 --data d --no-open") else {
        panic!("play with flags")
    };
    let options = flags.options();
    assert_eq!(
        (options.nodes, options.port, options.open),
        (Some(3), 0, false)
    );
}

#[test]
fn endpoints_are_repeated_or_separated_by_commas() {
    let Ok(Verb::Get { reach, read, .. }) =
        parse("get k --read stale --endpoint http://a:1 --endpoint http://b:2,http://c:3 --json")
    else {
        panic!("get")
    };
    assert_eq!(reach.endpoints, ["http://a:1", "http://b:2", "http://c:3"]);
    assert_eq!((read, reach.json), (ReadMode::Stale, true));
}

#[test]
fn what_is_wrong_is_said() {
    assert!(
        parse("get k --read newest")
            .unwrap_err()
            .contains("leader, lease, follower, quorum or stale")
    );
    assert!(parse("put k").unwrap_err().contains("VALUE"));
    assert!(parse("play --port 70000").is_err());
    assert!(
        parse("node --id 1 --data d")
            .unwrap_err()
            .contains("--cluster")
    );
    assert!(parse("dance").is_err());
}

#[test]
fn a_node_is_described_by_its_flags() {
    let line = "node --id 2 --data d --listen 127.0.0.1:7902 --advertise http://h:7902 \
                --cluster 00ff --initial-cluster 1=http://h:7901,2=http://h:7902 --enable-chaos \
                --heartbeat-ms 20 --election-ms-min 200 --election-ms-max 400";
    let Ok(Verb::Node(flags)) = parse(line) else {
        panic!("node")
    };
    let options = flags.options();
    assert_eq!((options.id, options.cluster.0), (2, 255));
    assert_eq!(options.initial_cluster[1], (2, "http://h:7902".to_string()));
    assert!(options.enable_chaos && options.page.is_some());
    assert_eq!(options.election_ms_max, Some(400));
    for bad in ["1=http://h:1,2", "x=http://h:1", "1http"] {
        let line = format!("node --id 1 --data d --cluster 1 --initial-cluster {bad}");
        assert!(
            parse(&line).unwrap_err().contains("1=http://host:port"),
            "{bad}"
        );
    }
    assert!(parse("node --id 1 --data d --cluster xyz --initial-cluster 1=http://h:1").is_err());
}
