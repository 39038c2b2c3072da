//! Text that others write: bodies of the client API, the observe stream, runs, small files, URLs
//! and query strings.

use crate::meter::bounded;
use raftwerk_native::api::query::{self, Query};
use raftwerk_native::identity::{Addresses, Identity};
use raftwerk_native::node::PeerUrl;
use raftwerk_native::play::{Cluster, take_node};
use raftwerk_sim::scenario::File;
use raftwerk_sim::{Run, World};
use raftwerk_wire::client::{
    Item, ListPage, MemberChange, MemberList, Problem, ReadMode, SessionOpened, Status, TransferTo,
    Transferred, Written,
};
use raftwerk_wire::observe::{Chaos, FromSupervisor, Tell};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// The smallest text of a view's element is two bytes, `{}` or `[]`; the element has hundreds.
const TIMES: usize = 400;

/// Reads a value; what was read, written and read again is the same, and so is its text.
fn json<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) -> Option<T> {
    let value: T = bounded(bytes, TIMES, |bytes| serde_json::from_slice(bytes).ok())?;
    let text = serde_json::to_vec(&value).expect("what was read can be written");
    let again: T = serde_json::from_slice(&text).expect("what was written can be read");
    assert_eq!(again, value);
    let twice = serde_json::to_vec(&again).expect("it was written before");
    assert_eq!(twice, text);
    Some(value)
}

/// What a page hears from a node or from the supervisor.
pub fn observe(bytes: &[u8]) -> bool {
    json::<FromSupervisor>(bytes).is_some() | json::<Tell>(bytes).is_some()
}

/// Bodies of requests and answers.
pub fn body(bytes: &[u8]) -> bool {
    json::<Chaos>(bytes).is_some()
        | json::<Problem>(bytes).is_some()
        | json::<Status>(bytes).is_some()
        | json::<ListPage>(bytes).is_some()
        | json::<Item>(bytes).is_some()
        | json::<Written>(bytes).is_some()
        | json::<SessionOpened>(bytes).is_some()
        | json::<MemberChange>(bytes).is_some()
        | json::<MemberList>(bytes).is_some()
        | json::<TransferTo>(bytes).is_some()
        | json::<Transferred>(bytes).is_some()
}

/// Small files of a data directory.
pub fn file(bytes: &[u8]) -> bool {
    let cluster = bounded(bytes, TIMES, Cluster::read);
    if let Ok(cluster) = &cluster {
        let again = serde_json::to_vec(cluster).expect("what was read can be written");
        assert_eq!(Cluster::read(&again).as_ref(), Ok(cluster));
    }
    // `peers.json` has the form of `addresses.json`, `removed.json` is one word.
    cluster.is_ok()
        | json::<Identity>(bytes).is_some()
        | json::<Addresses>(bytes).is_some()
        | json::<bool>(bytes).is_some()
}

/// Where a peer says that it is reached.
pub fn url(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let Ok(url) = bounded(bytes, 64, |_| PeerUrl::parse(text)) else {
        return false;
    };
    assert!(!url.host().is_empty());
    let again = format!("http://{}", url.authority);
    assert_eq!(PeerUrl::parse(&again), Ok(url));
    true
}

/// Parameters of a request and the key in its path.
pub fn query(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    const NAMES: [&str; 9] = [
        "read",
        "prev",
        "if_revision",
        "if_value",
        "prefix",
        "after",
        "limit",
        "boot",
        "node",
    ];
    let (path, text) = text.split_once('?').unwrap_or((text, ""));
    let key = bounded(bytes, 16, |_| query::key(path));
    if let Ok(key) = &key {
        let encoded: String = key.iter().map(|byte| format!("%{byte:02x}")).collect();
        let again = query::key(&format!("/v1/kv/{encoded}"));
        assert_eq!(again.ok().as_ref(), Some(key));
    }
    // The supervisor takes its own parameter out and passes on the rest.
    if let Ok((node, rest)) = bounded(bytes, 64, |_| take_node(text)) {
        let again = take_node(rest.strip_prefix('?').unwrap_or(&rest)).ok();
        assert_eq!(again, Some((None, rest.clone())), "nothing is left of it");
        assert!(node.is_some() || rest.len() <= text.len() + 1);
    }
    let Ok(query) = bounded(bytes, 64, |_| Query::parse(text, &NAMES)) else {
        return false;
    };
    for name in NAMES {
        let _ = (query.bytes(name), query.text(name).is_ok());
        let _ = (query.number(name).is_ok(), query.flag(name).is_ok());
    }
    let mode = query.text("read").ok().flatten().and_then(ReadMode::parse);
    assert!(mode.is_none_or(|mode| ReadMode::parse(mode.name()) == Some(mode)));
    key.is_ok()
}

/// A scenario file, with the commands and questions in it.
pub fn scenario(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    // Each mistake is told with what is possible instead.
    bounded(bytes, 2_000, |_| File::read("cold-start", text)).is_ok()
}

/// A run, as the text of a file or as the word in an address. What is accepted can be played, and
/// says the same as a word.
pub fn run(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    // The setup is told by its difference from another one, which has a size of its own.
    let Ok(run) = bounded(bytes, 2_000, |_| Run::from_file(text)) else {
        return false;
    };
    let word = run.to_word();
    let again = Run::from_word(&word).expect("what was read can be read as a word");
    assert_eq!(again.to_word(), word);
    let mut world = World::new(&run.setup);
    for act in run.acts.iter().take(100) {
        (0..5).for_each(|_| _ = world.step());
        // A refusal is an answer too.
        let _ = world.act(&act.what);
    }
    (0..300).for_each(|_| _ = world.step());
    true
}
