//! `put`, `get`, `del`, `list`.

use super::endpoints::{Endpoints, encode};
use super::output::{End, Output};
use crate::client::Response;
use hyper::body::Bytes;
use hyper::http::{Method, StatusCode};
use raftwerk_kv::{MAX_KEY_BYTES, MAX_VALUE_BYTES};
use raftwerk_wire::client::{
    HEADER_AGE, HEADER_NODE, HEADER_REVISION, HEADER_TERM, ListPage, ReadMode, Written,
};
use serde::de::DeserializeOwned;
use serde_json::json;
use std::io::Read;

/// Which keys `list` shows.
pub struct Page {
    /// Only keys that begin with this.
    pub prefix: String,
    /// At most so many.
    pub limit: u64,
    /// Only keys after this one.
    pub after: Option<String>,
}

/// `put KEY VALUE`.
pub async fn put(to: &Endpoints, key: &str, value: &str) -> Result<Output, End> {
    let value = if value == "-" {
        read_input()?
    } else {
        value.as_bytes().to_vec()
    };
    if value.len() > MAX_VALUE_BYTES {
        let why = format!("the value is longer than {MAX_VALUE_BYTES} bytes");
        return Err(End::failed("too_large", why));
    }
    let (_, answer) = to.ask(Method::PUT, &path(key)?, Bytes::from(value)).await?;
    let written: Written = read(&answer)?;
    Ok(Output::line(
        json!(written),
        format!("revision {}", written.revision),
    ))
}

/// `get KEY`.
pub async fn get(to: &Endpoints, key: &str, mode: ReadMode) -> Result<Output, End> {
    let path = format!("{}?read={}", path(key)?, mode.name());
    let asked = to.ask(Method::GET, &path, Bytes::new()).await;
    let (_, answer) = asked.map_err(|end| match end.status {
        Some(404) => End {
            detail: format!("there is no key {key:?}"),
            ..end
        },
        _ => end,
    })?;
    let number = |name| -> Option<u64> { answer.headers.get(name)?.to_str().ok()?.parse().ok() };
    let mut json = json!({
        "key": key,
        "value": String::from_utf8_lossy(&answer.body),
        "revision": number(HEADER_REVISION),
        "node": number(HEADER_NODE),
        "term": number(HEADER_TERM),
        "read": mode.name(),
    });
    if std::str::from_utf8(&answer.body).is_err() {
        json["lossy"] = true.into();
    }
    let note = (mode == ReadMode::Stale).then(|| {
        let age = number(HEADER_AGE);
        json["age_ms"] = json!(age);
        match age {
            Some(age) => format!("at most {age} ms old"),
            None => "may be old: age unknown".to_string(),
        }
    });
    Ok(Output {
        json,
        plain: answer.body.to_vec(),
        note,
    })
}

/// `del KEY`.
pub async fn del(to: &Endpoints, key: &str) -> Result<Output, End> {
    let (_, answer) = to.ask(Method::DELETE, &path(key)?, Bytes::new()).await?;
    let written: Written = read(&answer)?;
    let what = if written.deleted == Some(false) {
        "nothing was there"
    } else {
        "deleted"
    };
    Ok(Output::line(
        json!(written),
        format!("{what}, revision {}", written.revision),
    ))
}

/// `list PREFIX`.
pub async fn list(to: &Endpoints, page: &Page) -> Result<Output, End> {
    let mut path = format!(
        "/v1/kv?prefix={}&limit={}",
        encode(&page.prefix),
        page.limit
    );
    if let Some(after) = &page.after {
        path.push_str(&format!("&after={}", encode(after)));
    }
    let (_, answer) = to.ask(Method::GET, &path, Bytes::new()).await?;
    let found: ListPage = read(&answer)?;
    let lines = found.items.iter().map(|item| {
        // One line each, whatever is in it.
        let (key, value) = (item.key.escape_debug(), item.value.escape_debug());
        format!("{key}\t{value}\n")
    });
    let plain = lines.collect::<String>().into_bytes();
    let last = found.items.last().filter(|_| found.more);
    let note = last.map(|last| format!("more follow: --after {:?}", last.key));
    Ok(Output {
        json: json!(found),
        plain,
        note,
    })
}

fn path(key: &str) -> Result<String, End> {
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        let why = format!("a key has 1 to {MAX_KEY_BYTES} bytes");
        return Err(End::failed("bad_key", why));
    }
    Ok(format!("/v1/kv/{}", encode(key)))
}

fn read<T: DeserializeOwned>(answer: &Response) -> Result<T, End> {
    serde_json::from_slice(&answer.body).map_err(|why| {
        let detail = format!("the answer cannot be understood: {why}; is it another version?");
        End {
            status: Some(StatusCode::OK.as_u16()),
            ..End::failed("bad_answer", detail)
        }
    })
}

fn read_input() -> Result<Vec<u8>, End> {
    let mut value = Vec::new();
    // One byte more than allowed, so that too long is noticed without reading on for ever.
    let limit = MAX_VALUE_BYTES as u64 + 1;
    let done = std::io::stdin().lock().take(limit).read_to_end(&mut value);
    done.map_err(|why| End::failed("input", format!("cannot read the value: {why}")))?;
    Ok(value)
}
