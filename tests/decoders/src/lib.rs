//! Every decoder under hostile bytes (core design 4.2, item 10).
//!
//! A [`Target`] is one decoder with what it promises: it never panics; it allocates at most a
//! fixed multiple of what it was given; what it accepts encodes to bytes that mean the same and
//! encode to themselves. Two drivers run the same targets: the fuzzer (`fuzz/`, `RUSTC_BOOTSTRAP=1`),
//! and `tests/bounded.rs`, which mutates the kept samples a fixed number of times by a fixed
//! seed, on every build.
//!
//! | file      | what                                                        |
//! |-----------|-------------------------------------------------------------|
//! | `binary`  | peer frames, log records, snapshots, requests, the store    |
//! | `log`     | a whole log directory, read back by the server; its note    |
//! | `text`    | JSON of the client API, observe stream, runs, files; URLs   |
//! | `words`   | headers, flags, names of files, places in an address        |
//! | `layout`  | the page's own file, read here a second time                |
//! | `samples` | well-formed inputs of today's version                       |
//! | `mutate`  | small damage, drawn from a seed                             |
//! | `meter`   | how much memory a decoder holds at most                     |

pub mod binary;
#[path = "../../../web/src/stage/layout.rs"]
pub mod layout;
pub mod log;
pub mod meter;
pub mod mutate;
pub mod samples;
pub mod text;
pub mod words;

/// One decoder and what it promises.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, which is also that of its samples' folder and of its fuzz target.
    pub name: &'static str,
    /// Decodes, and checks what is promised. True if the bytes were accepted.
    pub run: fn(&[u8]) -> bool,
    /// Well-formed inputs of today's version, by name.
    pub samples: fn() -> Vec<(&'static str, Vec<u8>)>,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    target("frame", binary::frame, samples::frames),
    target("record", binary::record, samples::records),
    target("log", log::log, samples::logs),
    target("note", log::note, samples::notes),
    target("snapshot", binary::snapshot, samples::snapshots),
    target("request", binary::request, samples::requests),
    target("store", binary::store, samples::stores),
    target("observe", text::observe, samples::told),
    target("body", text::body, samples::bodies),
    target("query", text::query, samples::queries),
    target("run", text::run, samples::runs),
    target("scenario", text::scenario, samples::scenarios),
    target("file", text::file, samples::files),
    target("url", text::url, samples::urls),
    target("header", words::header, samples::headers),
    target("flag", words::flag, samples::flags),
    target("name", words::name, samples::names),
    target("places", words::places, samples::places),
];

const fn target(
    name: &'static str,
    run: fn(&[u8]) -> bool,
    samples: fn() -> Vec<(&'static str, Vec<u8>)>,
) -> Target {
    Target { name, run, samples }
}

/// Runs the target of this name; for the fuzzer.
///
/// # Panics
/// When there is none, or when the decoder breaks a promise.
pub fn fuzz(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("a target of this name").run)(bytes);
}
