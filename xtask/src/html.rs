//! The `data-trunk` directives of `web/index.html`.
//!
//! The same file serves Trunk and this bundler, so this reads the part of Trunk's language that
//! the page uses: `<link data-trunk rel="rust|css|icon|copy-file|copy-dir" href="...">`. Anything
//! else is an error, never left in the page silently.

use std::ops::Range;

use anyhow::{Context, Result, bail};

/// What a directive asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The program itself.
    Rust,
    /// A style sheet: linked under a name that changes with its content.
    Css,
    /// The picture of the tab: as a style sheet.
    Icon,
    /// A file that keeps its name.
    CopyFile,
    /// A folder that keeps its names.
    CopyDir,
}

/// One directive: where it stands in the page, and what it says.
#[derive(Debug)]
pub struct Directive {
    /// The bytes of the page that the finished tags replace.
    pub span: Range<usize>,
    /// What is asked for.
    pub kind: Kind,
    /// The file, as written: relative to the page's folder.
    pub href: String,
    /// The media type of an icon, if given.
    pub media_type: Option<String>,
}

/// All directives of a page in order.
pub fn directives(page: &str) -> Result<Vec<Directive>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = page[at..].find('<').map(|offset| at + offset) {
        let rest = &page[open..];
        let end = if rest.starts_with("<!--") {
            open + rest
                .find("-->")
                .context("a comment in index.html is not closed")?
                + 3
        } else if let Some(end) = tag_end(rest) {
            open + end
        } else {
            open + 1
        };
        let tag = &page[open..end];
        let attributes = if tag.starts_with("<link") {
            attributes(tag)
        } else {
            Vec::new()
        };
        if value(&attributes, "data-trunk").is_some() {
            found.push(directive(open..end, &attributes)?);
        } else if !tag.starts_with("<!--") && tag.contains("data-trunk") {
            bail!("index.html: cannot bundle {tag}");
        }
        at = end + raw_text(tag, &page[end..]);
    }
    Ok(found)
}

/// The length of the script or style that the tag opens: text in which `<` means nothing.
fn raw_text(tag: &str, after: &str) -> usize {
    let close = match tag {
        tag if tag.starts_with("<script") => "</script",
        tag if tag.starts_with("<style") => "</style",
        _ => return 0,
    };
    after.find(close).unwrap_or(after.len())
}

fn directive(span: Range<usize>, attributes: &[(String, String)]) -> Result<Directive> {
    let rel = value(attributes, "rel").context("a data-trunk link without rel")?;
    let kind = match rel {
        "rust" => Kind::Rust,
        "css" => Kind::Css,
        "icon" => Kind::Icon,
        "copy-file" => Kind::CopyFile,
        "copy-dir" => Kind::CopyDir,
        other => bail!("index.html: cannot bundle rel=\"{other}\""),
    };
    let href = value(attributes, "href")
        .context("a data-trunk link without href")?
        .to_owned();
    let media_type = value(attributes, "type").map(str::to_owned);
    Ok(Directive {
        span,
        kind,
        href,
        media_type,
    })
}

fn value<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
    attributes
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

/// The length of the tag at the start of the text, if it is one; `>` inside quotes does not end it.
fn tag_end(text: &str) -> Option<usize> {
    if !text[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') {
        return None;
    }
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == '>' => return Some(at + 1),
            None => {}
        }
    }
    None
}

/// The attributes of a tag; one without a value has an empty one.
fn attributes(tag: &str) -> Vec<(String, String)> {
    let inner = tag
        .trim_start_matches('<')
        .trim_end_matches('>')
        .trim_end_matches('/');
    let mut rest = inner
        .trim_start_matches(|c: char| !c.is_whitespace())
        .trim_start();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| c == '=' || c.is_whitespace())
            .unwrap_or(rest.len());
        let name = rest[..end].to_owned();
        rest = rest[end..].trim_start();
        let mut value = String::new();
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| *c == '"' || *c == '\'');
            let body = &after[quote.map_or(0, char::len_utf8)..];
            let end = match quote {
                Some(quote) => body.find(quote).unwrap_or(body.len()),
                None => body.find(char::is_whitespace).unwrap_or(body.len()),
            };
            value.push_str(&body[..end]);
            rest = body[end..].trim_start_matches(['"', '\'']).trim_start();
        }
        found.push((name, value));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_directives_and_skips_comments_and_scripts() {
        let page = r#"<!doctype html><head>
            <!-- <link data-trunk rel="css" href="no.css"> -->
            <script>if (i<n) say('<link data-trunk>" it');</script>
            <link data-trunk rel="icon" href="../static/a.svg" type="image/svg+xml" />
            <link rel="stylesheet" href="plain.css">
            <link data-trunk rel=rust data-cargo-profile='wasm' href="Cargo.toml">"#;
        let found = directives(page).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].kind, Kind::Icon);
        assert_eq!(found[0].href, "../static/a.svg");
        assert_eq!(found[0].media_type.as_deref(), Some("image/svg+xml"));
        assert_eq!(found[1].kind, Kind::Rust);
        assert_eq!(found[1].href, "Cargo.toml");
        assert!(page[found[1].span.clone()].starts_with("<link"));
        assert!(page[found[1].span.clone()].ends_with('>'));
    }

    #[test]
    fn refuses_what_it_cannot_bundle() {
        assert!(directives(r#"<link data-trunk rel="sass" href="a.scss">"#).is_err());
        assert!(directives(r#"<script data-trunk src="a.js"></script>"#).is_err());
        assert!(directives(r#"<link data-trunk rel="css">"#).is_err());
    }
}
