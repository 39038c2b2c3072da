//! Short words that others write: headers of requests, flags of the command line, names of files in
//! a data directory, places of nodes in the address of the page.

use crate::layout::Layout;
use crate::meter::bounded;
use raftwerk_native::api::{is_local, same_origin, session};
use raftwerk_native::cli::{cluster_id, member};
use raftwerk_native::client;
use raftwerk_native::http::{HeaderMap, HeaderName, HeaderValue, header};
use raftwerk_native::play::check;
use raftwerk_native::snapshots::folder::{parse, snap, staged};
use raftwerk_native::ui::{names_tag, takes_gzip};
use raftwerk_native::wal::{segment_name, segment_number};

/// Lines `name: value`; what is no header is left out, as a server of HTTP would refuse it before.
fn map(bytes: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n').take(32) {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (name, value) = (parts.next(), parts.next().map(<[u8]>::trim_ascii));
        let name = name.and_then(|name| HeaderName::from_bytes(name).ok());
        let value = value.and_then(|value| HeaderValue::from_bytes(value).ok());
        if let (Some(name), Some(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}

/// Headers of a request: who may ask for what, the session, what a browser takes and has.
pub fn header(bytes: &[u8]) -> bool {
    let headers = map(bytes);
    let text = |name| {
        let value = headers.get(name).map(|value| value.to_str().unwrap_or(""));
        value.unwrap_or("")
    };
    let (host, origin) = (text(header::HOST), text(header::ORIGIN));
    let found = bounded(bytes, 64, |_| {
        let tag = text(header::IF_NONE_MATCH);
        _ = (takes_gzip(&headers), names_tag(tag, "\"tag\""));
        (session(&headers).ok(), check(&headers, true).is_ok())
    });
    let (session, passes) = found;
    let local = is_local(host, &[]);
    // A page of another place gets no further, however it writes its name.
    let own = headers.get(header::ORIGIN).is_none() || same_origin(origin, Some(host));
    assert!(!passes || local && own, "{host:?} {origin:?}");
    if let Some(Some(tag)) = session {
        assert!(tag.session > 0 && tag.sequence > 0);
    }
    passes && session.is_some()
}

/// Values of flags: the cluster, a member, an endpoint.
pub fn flag(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let cluster = bounded(bytes, 64, |_| cluster_id(text));
    if let Ok(id) = &cluster {
        assert_eq!(cluster_id(&format!("{:x}", id.0)).as_ref(), Ok(id));
    }
    let named = bounded(bytes, 64, |_| member(text));
    if let Ok((id, url)) = &named {
        assert_eq!(
            member(&format!("{id}={url}")).as_ref(),
            Ok(&(*id, url.clone()))
        );
    }
    let endpoint = bounded(bytes, 64, |_| client::check(text));
    assert!(endpoint.is_err() || text.len() > "http://".len());
    cluster.is_ok() | named.is_ok() | endpoint.is_ok()
}

/// A name in the folder of the log or of the snapshots: each file has one.
pub fn name(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let found = bounded(bytes, 64, |_| {
        let snapshot = |kind| parse(text, kind);
        (segment_number(text), snapshot(".snap"), snapshot(".staged"))
    });
    let again = match found {
        (Some(first), None, None) => segment_name(first),
        (None, Some(last), None) => snap(last),
        (None, None, Some(last)) => staged(last),
        (None, None, None) => return false,
        more => panic!("{text:?} names several files: {more:?}"),
    };
    assert_eq!(again, text);
    true
}

/// Places of nodes, as they stand in the address of the page.
pub fn places(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let layout = bounded(bytes, 64, |_| Layout::parse(text));
    assert_eq!(Layout::parse(&layout.to_text()), layout);
    !layout.is_ring()
}
