//! What the files of the page can do without: comments, blanks, and the hashes in names.
//!
//! wasm-bindgen gives each function that the program takes from the browser a name that ends in 16
//! random digits, which nothing packs. They stand once in the program and once in its JavaScript;
//! both halves are made together, so a number does as well.

use anyhow::{Result, ensure};

/// Digits of the hash at the end of a name.
const HASH: usize = 16;

/// A name of an import for each of those that are given, in the same order: a number where it ends
/// in a hash, else as it was. A page with names that people can read is made by `--dev`.
pub fn names(long: &[String]) -> Vec<String> {
    let short = |(number, name): (usize, &String)| match has_hash(name) {
        true => format!("i{number}"),
        false => name.clone(),
    };
    long.iter().enumerate().map(short).collect()
}

fn has_hash(name: &str) -> bool {
    let digit = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    let hash = name.rsplit_once('_').map_or("", |(_, hash)| hash);
    name.starts_with("__wb") && hash.len() == HASH && hash.chars().all(digit)
}

/// JavaScript without indentation, empty lines, and comments that have lines of their own.
///
/// # Errors
///
/// Blanks in a template over several lines would matter: there may be none.
pub fn js(text: &str) -> Result<String> {
    let mut short = String::with_capacity(text.len());
    let mut comment = false;
    for line in text.lines().map(str::trim_start) {
        comment |= line.starts_with("/*");
        if comment {
            let end = line.trim_end().ends_with("*/");
            ensure!(end || !line.contains("*/"), "code after a comment: {line}");
            comment = !end;
        } else if !line.is_empty() && !line.starts_with("//") {
            let ticks = line.matches('`').count();
            ensure!(ticks % 2 == 0, "a template over several lines: {line}");
            short.push_str(line);
            short.push('\n');
        }
    }
    Ok(short)
}

/// A style sheet without comments, and with blanks only where they part something.
pub fn css(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
        } else if matches!(next, '"' | '\'') {
            let end = end_of_string(rest, next);
            short.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if next.is_whitespace() {
            rest = rest.trim_start();
            let parts = !short.is_empty() && !short.ends_with([' ', '{', '}', ';', ',', ':']);
            if parts {
                short.push(' ');
            }
        } else {
            if matches!(next, '{' | '}' | ';' | ',') && short.ends_with(' ') {
                short.pop();
            }
            if next == '}' && short.ends_with(';') {
                short.pop();
            }
            short.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    short
}

/// Where a string ends that begins the text, its last quote included.
fn end_of_string(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_hash_are_numbers() {
        let long = [
            "__wbg_key_0123456789abcdef",
            "__wbg_key",
            "__wbg_key_fedcba9876543210",
        ];
        assert_eq!(names(&long.map(str::to_owned)), ["i0", "__wbg_key", "i2"]);
    }

    #[test]
    fn scripts_lose_comments_and_indentation() {
        let text = "/**\n * About.\n */\nlet a = `x`;\n\n    // why\n    a += \"//\";\n";
        assert_eq!(js(text).unwrap(), "let a = `x`;\na += \"//\";\n");
        assert!(js("let a = `\n  b`;\n").is_err());
        assert!(js("/* a */ b /*\n*/ c\n").is_err());
    }

    #[test]
    fn style_sheets_keep_what_parts_and_what_is_quoted() {
        let text = "/* a */\na :hover,\nb > c {\n  margin: calc(1px + 2px) 0;\n  /* b */\n}\n\
            @media (width: 1px) { i::after { content: \" ; \\\" }\"; } }\n";
        let expect = "a :hover,b > c{margin:calc(1px + 2px) 0}\
            @media (width:1px){i::after{content:\" ; \\\" }\"}}";
        assert_eq!(css(text), expect);
    }
}
