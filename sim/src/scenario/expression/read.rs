//! How a question is read: precedence `or`, `and`, `not`, comparison; names are checked at once.

use super::{CLIENT, Expression, NODE, PEER, Part, ROOTS, Sign, Value, numbered};

impl Expression {
    /// Reads a question.
    ///
    /// # Errors
    /// What is wrong with it and what could stand there.
    pub fn parse(text: &str) -> Result<Expression, String> {
        let mut reader = Reader {
            text,
            rest: text.trim_start(),
            parts: 0,
        };
        let read = reader.either().and_then(|expression| match reader.rest {
            "" => Ok(expression),
            rest => Err(format!("{rest:?} is too much")),
        });
        read.map_err(|why| format!("{:?}: {why}", reader.text))
    }
}

/// Most comparisons and negations of one question: more are no question a person asks, and depth
/// costs stack.
const MAX_PARTS: usize = 64;

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    parts: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, token: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(token) else {
            return false;
        };
        let word = token.ends_with(char::is_alphanumeric);
        if word && rest.starts_with(|next: char| next.is_alphanumeric() || next == '_') {
            return false;
        }
        self.rest = rest.trim_start();
        true
    }

    fn either(&mut self) -> Result<Expression, String> {
        let mut one = self.both()?;
        while self.take("or") {
            one = Expression::Or(Box::new(one), Box::new(self.both()?));
        }
        Ok(one)
    }

    fn both(&mut self) -> Result<Expression, String> {
        let mut one = self.one()?;
        while self.take("and") {
            one = Expression::And(Box::new(one), Box::new(self.one()?));
        }
        Ok(one)
    }

    fn one(&mut self) -> Result<Expression, String> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(format!("more than {MAX_PARTS} parts; ask less at once"));
        }
        if self.take("not") {
            return Ok(Expression::Not(Box::new(self.one()?)));
        }
        let left = self.value()?;
        let signs = [
            ("!=", Sign::Unequal),
            ("<=", Sign::AtMost),
            (">=", Sign::AtLeast),
            ("=", Sign::Equal),
            ("<", Sign::Less),
            (">", Sign::More),
        ];
        for (token, sign) in signs {
            if self.take(token) {
                let right = self.value()?;
                return Ok(Expression::Compare(Box::new(left), sign, Box::new(right)));
            }
        }
        Ok(left)
    }

    fn value(&mut self) -> Result<Expression, String> {
        if self.take("(") {
            let inner = self.either()?;
            return match self.take(")") {
                true => Ok(inner),
                false => Err("a parenthesis is not closed".to_string()),
            };
        }
        if let Some(rest) = self.rest.strip_prefix('\'') {
            let (quoted, rest) = rest.split_once('\'').ok_or("a quote is not closed")?;
            self.rest = rest.trim_start();
            return Ok(Expression::Value(Value::Text(quoted.to_string())));
        }
        let word = self.word();
        let spaced = self.rest;
        self.rest = spaced.trim_start();
        match word {
            "" => Err(format!("something is missing before {:?}", self.rest)),
            "none" => Ok(Expression::Value(Value::None)),
            "true" | "false" => Ok(Expression::Value(Value::Truth(word == "true"))),
            word if word.starts_with(|first: char| first.is_ascii_digit()) => {
                let number = word.parse().map_err(|_| format!("{word:?} is no number"))?;
                Ok(Expression::Value(Value::Number(number)))
            }
            word => {
                self.rest = spaced;
                self.path(word)
            }
        }
    }

    fn word(&mut self) -> &'a str {
        let inside = |next: char| next.is_alphanumeric() || next == '_';
        let end = self
            .rest
            .find(|next| !inside(next))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn path(&mut self, first: &'a str) -> Result<Expression, String> {
        let mut parts = vec![self.part(first)?];
        while let Some(rest) = self.rest.strip_prefix('.') {
            self.rest = rest;
            let name = self.word();
            parts.push(self.part(name)?);
        }
        self.rest = self.rest.trim_start();
        known(&parts)?;
        Ok(Expression::Path(parts))
    }

    fn part(&mut self, name: &str) -> Result<Part, String> {
        let mut arguments = Vec::new();
        if let Some(rest) = self.rest.strip_prefix('(') {
            let (inside, rest) = rest.split_once(')').ok_or("a parenthesis is not closed")?;
            self.rest = rest;
            let words = inside.split(',').map(|word| word.trim().trim_matches('\''));
            arguments = words.map(ToString::to_string).collect();
        }
        let name = name.to_string();
        Ok(Part { name, arguments })
    }
}

/// Whether every name of a path exists, so that a misspelt one is told before the run.
fn known(parts: &[Part]) -> Result<(), String> {
    let is_in = |list: &str, name: &str| {
        let names = list
            .split(", ")
            .map(|known| known.split('(').next().unwrap_or(known));
        let mut names = names.map(str::trim);
        names.any(|known| known == name)
    };
    let name = |at: usize| parts.get(at).map_or("", |part: &Part| part.name.as_str());
    let fail = |what: &str, list: &str| Err(format!("there is no {what:?}; known: {list}"));
    let node = numbered(name(0), 'S').is_some();
    if node || ["least", "most"].contains(&name(0)) {
        return match is_in(NODE, name(1)) {
            true if name(1) == "peer" && !is_in(PEER, name(2)) => fail(name(2), PEER),
            true => Ok(()),
            false => fail(name(1), NODE),
        };
    }
    if numbered(name(0), 'C').is_some() {
        return match is_in(CLIENT, name(1)) {
            true => Ok(()),
            false => fail(name(1), CLIENT),
        };
    }
    match ["leader", "committed", "violation", "count", "flying"].contains(&name(0)) {
        true => Ok(()),
        false => fail(name(0), ROOTS),
    }
}
