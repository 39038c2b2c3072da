//! Query strings and keys in paths: percent-decoding to bytes, and parameters by name.
//!
//! Keys are bytes, so a path is decoded here and not by the router, which wants text. Unknown
//! parameters are refused: a misspelt `if_revision` must not become an unconditional write.

use crate::problem::Trouble;

/// Most parameters of one request.
const MAX_PARAMETERS: usize = 16;

/// Parameters of one request.
#[derive(Debug)]
pub struct Query {
    parameters: Vec<(String, Vec<u8>)>,
}

impl Query {
    /// Reads a query string in which only these names may occur. `node` may always: the
    /// supervisor of `raftwerk play` chooses a node by it, and it means nothing here.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(query: &str, names: &[&str]) -> Result<Query, Trouble> {
        let mut parameters: Vec<(String, Vec<u8>)> = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let bad = |why: String| Trouble::bad("bad_parameter", why);
            if name != "node" && !names.contains(&name) {
                let known = names.join(", ");
                return Err(bad(format!(
                    "there is no parameter {name:?} here; known: {known}"
                )));
            }
            if parameters.iter().any(|(seen, _)| seen == name) {
                return Err(bad(format!("the parameter {name:?} is given twice")));
            }
            if parameters.len() >= MAX_PARAMETERS {
                return Err(bad(format!("more than {MAX_PARAMETERS} parameters")));
            }
            let value = decode(&value.replace('+', " "))
                .ok_or_else(|| bad(format!("the value of {name:?} has a broken %-sequence")))?;
            parameters.push((name.to_string(), value));
        }
        Ok(Query { parameters })
    }

    /// The bytes of a parameter.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.parameters
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_slice())
    }

    /// The text of a parameter.
    ///
    /// # Errors
    /// It is not text.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Trouble> {
        let text = self.bytes(name).map(std::str::from_utf8).transpose();
        text.map_err(|_| Trouble::bad("bad_parameter", format!("{name} is not text in UTF-8")))
    }

    /// A parameter as a number.
    ///
    /// # Errors
    /// It is no number.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Trouble> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            Trouble::bad(
                "bad_parameter",
                format!(
                    "{name} must be a whole number up to {}, not {text:?}",
                    u64::MAX
                ),
            )
        })
    }

    /// A parameter that is there or not: `?prev`, also `?prev=true`.
    ///
    /// # Errors
    /// It has another value.
    pub fn flag(&self, name: &str) -> Result<bool, Trouble> {
        match self.text(name)? {
            None | Some("false" | "0") => Ok(false),
            Some("" | "true" | "1") => Ok(true),
            Some(other) => Err(Trouble::bad(
                "bad_parameter",
                format!("{name} is there or not, or true or false; not {other:?}"),
            )),
        }
    }
}

/// The key in `/v1/kv/{key}`: everything after the prefix, slashes included, as bytes.
///
/// # Errors
/// A broken percent sequence.
pub fn key(path: &str) -> Result<Vec<u8>, Trouble> {
    let encoded = path.strip_prefix("/v1/kv/").unwrap_or_default();
    decode(encoded).ok_or_else(|| {
        Trouble::bad(
            "bad_key",
            "the key has a broken %-sequence; write % itself as %25",
        )
    })
}

/// Percent-decoding; `None` when a sequence is broken.
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let value = digit()? * 16 + digit()?;
            bytes.push(u8::try_from(value).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_are_bytes() {
        let key = |path| super::key(path).ok();
        assert_eq!(key("/v1/kv/a/b%2Fc%00%ff"), Some(b"a/b/c\0\xff".to_vec()));
        assert_eq!(key("/v1/kv/a+b"), Some(b"a+b".to_vec()));
        assert_eq!(key("/v1/kv/%e2%82%ac"), Some("€".as_bytes().to_vec()));
        assert_eq!(key("/v1/kv/%4"), None);
        assert_eq!(key("/v1/kv/%zz"), None);
    }

    #[test]
    fn parameters_are_checked() {
        let query = Query::parse("a=1&b&c=x+y%21&node=3", &["a", "b", "c"]).expect("good");
        assert_eq!(query.number("a").ok(), Some(Some(1)));
        assert_eq!(query.flag("b").ok(), Some(true));
        assert_eq!(query.bytes("c"), Some(b"x y!".as_slice()));
        assert_eq!(query.number("d").ok(), Some(None));
        assert!(query.number("c").is_err() && query.flag("c").is_err());
        for bad in ["z=1", "a=1&a=2", "a=%f"] {
            assert!(Query::parse(bad, &["a"]).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,40}") {
            let _ = Query::parse(&text, &["a"]);
            let _ = key(&format!("/v1/kv/{text}"));
        }
    }
}
