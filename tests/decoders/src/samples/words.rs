//! Short texts: headers, flags, names of files, places, addresses, queries.

use super::{Samples, url};

fn lines(samples: &[(&'static str, &str)]) -> Samples {
    let bytes = |(name, text): &(&'static str, &str)| (*name, text.as_bytes().to_vec());
    samples.iter().map(bytes).collect()
}

/// Headers of requests.
pub fn headers() -> Samples {
    lines(&[
        (
            "page",
            "host: 127.0.0.1:7878\norigin: http://127.0.0.1:7878\naccept-encoding: br;q=0.1, gzip\n\
             if-none-match: W/\"tag\", *",
        ),
        (
            "session",
            "host: localhost\nraftwerk-session: 18446744073709551615\nraftwerk-sequence: 1",
        ),
        ("six", "host: [::1]:1"),
    ])
}

/// Values of flags.
pub fn flags() -> Samples {
    lines(&[
        ("cluster", "ffffffffffffffffffffffffffffffff"),
        ("member", "18446744073709551615=http://[::1]:7878"),
        ("endpoint", "http://b.example:80/"),
    ])
}

/// Names of files.
pub fn names() -> Samples {
    lines(&[
        ("segment", "log-00000000000000ff.rwl"),
        ("snapshot", "190-6.snap"),
        ("staged", "18446744073709551615-0.staged"),
    ])
}

/// Places of nodes in an address.
pub fn places() -> Samples {
    lines(&[("two", "1.500.1000-9.120.0"), ("one", "65535.0.0")])
}

/// Where peers say that they are reached.
pub fn urls() -> Samples {
    let plain = "http://raft-3.example:7878/".to_string();
    vec![("name", plain.into_bytes()), ("six", url().into_bytes())]
}

/// Paths with queries.
pub fn queries() -> Samples {
    [
        ("plain", "/v1/kv/a/b?read=stale"),
        ("encoded", "/v1/kv/a%2Fb%00?prev&if_revision=0"),
        (
            "list",
            "/v1/kv/?prefix=a+b%e2%82%ac&after=z&limit=18446744073709551615",
        ),
    ]
    .map(|(name, text)| (name, text.as_bytes().to_vec()))
    .to_vec()
}
