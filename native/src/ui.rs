//! The page inside the program: what `cargo xtask ui` made, served by a node and by `play`.
//!
//! A release build carries the files of `dist/`; a debug build reads them from there. Files are
//! sent compressed when the browser takes that, because they were compressed at build time.
//! Names with a hash in them never change, so browsers may keep them; all else is asked for
//! again each time and answered with 304 when it is the same.
//!
//! Guarantees: the page may load nothing from elsewhere and may talk to nobody but the server
//! it came from; scripts run only from its own files and from the very text of `index.html`.

use crate::problem::Trouble;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest, Sha256};
use std::fmt::Write;

#[derive(RustEmbed)]
#[folder = "../dist"]
#[allow_missing = true]
struct Files;

const INDEX: &str = "index.html";

const MISSING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<title>Raftwerk</title><p>The page is not part of this build. Run <code>cargo xtask ui</code>, \
then build the server again. The API under <code>/v1/</code> works without it.</p></html>\n";

/// Routes of the page: every path that nothing else answers.
pub fn routes() -> Router {
    Router::new().fallback_service(get(serve))
}

async fn serve(uri: Uri, headers: HeaderMap) -> Response {
    page(uri.path(), &headers).unwrap_or_else(|| {
        let detail = format!("there is nothing at {}", uri.path());
        Trouble::new(StatusCode::NOT_FOUND, "no_such_path", detail).into_response()
    })
}

/// One file of the page by the path of its URL; `None`: there is no such file.
#[must_use]
pub fn page(path: &str, headers: &HeaderMap) -> Option<Response> {
    let name = match path.trim_start_matches('/') {
        "" => INDEX,
        name => name,
    };
    match Files::get(name) {
        Some(file) if !name.ends_with(".gz") => Some(respond(name, &file, headers)),
        None if name == INDEX => Some(missing()),
        _ => None,
    }
}

fn missing() -> Response {
    let form = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (StatusCode::SERVICE_UNAVAILABLE, form, MISSING).into_response()
}

fn respond(name: &str, plain: &EmbeddedFile, asked: &HeaderMap) -> Response {
    let packed = if takes_gzip(asked) {
        Files::get(&format!("{name}.gz"))
    } else {
        None
    };
    let file = packed.as_ref().unwrap_or(plain);
    let tag = tag(&file.metadata.sha256_hash());
    let fresh = asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .any(|seen| seen.to_str().is_ok_and(|seen| names_tag(seen, &tag)));
    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(file.data.to_vec()))
    };
    let headers = response.headers_mut();
    let fixed = HeaderValue::from_static;
    headers.insert(header::CONTENT_TYPE, fixed(mime(name)));
    headers.insert(header::VARY, fixed("accept-encoding"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    headers.insert(header::REFERRER_POLICY, fixed("no-referrer"));
    let keep = if has_hash(name) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    headers.insert(header::CACHE_CONTROL, fixed(keep));
    if packed.is_some() && !fresh {
        headers.insert(header::CONTENT_ENCODING, fixed("gzip"));
    }
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    if name.ends_with(".html") {
        let policy = policy(&String::from_utf8_lossy(&plain.data));
        if let Ok(policy) = HeaderValue::try_from(policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
    }
    response
}

/// What the browser may do on this page: run its own scripts and WebAssembly, talk to its server.
fn policy(html: &str) -> String {
    let mut scripts = String::from("'self' 'wasm-unsafe-eval'");
    for script in inline_scripts(html) {
        let digest = STANDARD.encode(Sha256::digest(script.as_bytes()));
        // Writing to a string does not fail.
        let _ = write!(scripts, " 'sha256-{digest}'");
    }
    format!(
        "default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; \
         manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// The text of each script that stands in the page itself.
fn inline_scripts(html: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find("<script") {
        rest = &rest[start..];
        let Some(open) = rest.find('>') else { break };
        let Some(close) = rest.find("</script>") else {
            break;
        };
        if open < close && !rest[..open].contains(" src=") {
            found.push(&rest[open + 1..close]);
        }
        rest = &rest[close + 1..];
    }
    found
}

/// Whether the answer may be packed.
#[doc(hidden)]
#[must_use]
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter();
    accepted
        .filter_map(|value| value.to_str().ok())
        .any(|list| {
            list.split(',').any(|item| {
                let (coding, weight) = item.split_once(';').unwrap_or((item, ""));
                let weight = weight.trim().strip_prefix("q=").unwrap_or("1").trim();
                coding.trim().eq_ignore_ascii_case("gzip")
                    && weight.parse().is_ok_and(|w: f32| w > 0.0)
            })
        })
}

/// Whether a list of tags that a browser has holds this one.
#[doc(hidden)]
#[must_use]
pub fn names_tag(seen: &str, tag: &str) -> bool {
    seen.split(',').any(|one| {
        let one = one.trim();
        one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag
    })
}

fn tag(hash: &[u8]) -> String {
    let mut text = String::from("\"");
    for byte in &hash[..16] {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text + "\""
}

/// True for `name-0123456789abcdef.js` and the like, as the bundler makes them.
fn has_hash(name: &str) -> bool {
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    stem.rsplit_once('-').is_some_and(|(_, hash)| {
        hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn mime(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, end)| end) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" | "md" => "text/plain; charset=utf-8",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: header::HeaderName, value: &str) -> HeaderMap {
        let value = HeaderValue::try_from(value).unwrap();
        HeaderMap::from_iter([(name, value)])
    }

    #[test]
    fn gzip_is_sent_only_to_those_who_take_it() {
        for (value, takes) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("br", false),
            ("", false),
        ] {
            assert_eq!(
                takes_gzip(&asked(header::ACCEPT_ENCODING, value)),
                takes,
                "{value}"
            );
        }
    }

    #[test]
    fn only_names_with_a_hash_are_kept_for_long() {
        assert!(has_hash("raftwerk_bg-2ad7a0bcba8220ce.wasm"));
        assert!(has_hash("style-a8c7f832281a39c5.css"));
        assert!(!has_hash("index.html"));
        assert!(!has_hash("a-b.js"));
    }

    #[test]
    fn the_policy_names_inline_scripts_and_lets_wasm_run() {
        let html = "<script src=\"a.js\"></script><script type=\"module\">let a = 1;</script>\
                    <style></style><script>b()</script>";
        assert_eq!(inline_scripts(html), ["let a = 1;", "b()"]);
        let policy = policy("<script>alert('Hello, world.');</script>");
        // The example of the specification of content security policies, level 2.
        assert!(policy.contains("'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"));
        assert!(policy.contains("'wasm-unsafe-eval'"));
        assert!(inline_scripts("<script>never closed").is_empty());
    }

    #[test]
    fn the_same_file_is_not_sent_twice() {
        let file = EmbeddedFile {
            data: b"<p>hi".into(),
            metadata: Files::get(INDEX)
                .map_or_else(|| Probe::get("lib.rs"), Some)
                .unwrap()
                .metadata,
        };
        let first = respond("x.html", &file, &HeaderMap::new());
        assert_eq!(first.status(), StatusCode::OK);
        let tag = first.headers()[header::ETAG].to_str().unwrap().to_string();
        let again = respond("x.html", &file, &asked(header::IF_NONE_MATCH, &tag));
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let other = respond("x.html", &file, &asked(header::IF_NONE_MATCH, "\"other\""));
        assert_eq!(other.status(), StatusCode::OK);
    }

    #[derive(RustEmbed)]
    #[folder = "src"]
    struct Probe;

    #[test]
    fn unknown_paths_and_packed_files_are_not_there() {
        let none = HeaderMap::new();
        assert!(page("/no-such-file", &none).is_none());
        assert!(page("/index.html.gz", &none).is_none());
        assert!(page("/../Cargo.toml", &none).is_none());
        assert!(page("/", &none).is_some());
    }
}
