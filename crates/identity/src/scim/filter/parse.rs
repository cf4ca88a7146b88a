//! Reading filters and paths: a descent by precedence (`or` binds least, then `and`, then `not`).
//!
//! Two liberties, both unambiguous: a value without quotes is a text when it is one word and no keyword (`externalId eq jyoung`,
//! as Entra's documentation writes it), and a value path may be compared (`emails[type eq "work"].value eq "x"`).

use super::lex::{Token, tokens};
use super::{Filter, Literal, Op, Path, Unreadable};
use crate::scim::schema::KNOWN;

/// How deep brackets may be nested.
const DEEPEST: usize = 32;
/// How many comparisons a filter may have.
const MOST: usize = 500;

/// Reads a filter.
pub(crate) fn filter(text: &str) -> Result<Filter, Unreadable> {
    let mut reader = Reader::new(text)?;
    let filter = reader.or()?;
    reader.end()?;
    Ok(filter)
}

/// Reads the path of a patch.
pub(crate) fn path(text: &str) -> Result<Path, Unreadable> {
    let mut reader = Reader::new(text)?;
    let path = reader.path()?;
    reader.end()?;
    Ok(path)
}

struct Reader {
    tokens: Vec<(usize, Token)>,
    next: usize,
    length: usize,
    depth: usize,
    comparisons: usize,
}

impl Reader {
    fn new(text: &str) -> Result<Self, Unreadable> {
        Ok(Self { tokens: tokens(text)?, next: 0, length: text.chars().count(), depth: 0, comparisons: 0 })
    }

    fn peek(&self) -> Option<&(usize, Token)> {
        self.tokens.get(self.next)
    }

    fn or(&mut self) -> Result<Filter, Unreadable> {
        let mut left = self.and()?;
        while self.keyword("or") {
            left = Filter::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Filter, Unreadable> {
        let mut left = self.term()?;
        while self.keyword("and") {
            left = Filter::And(Box::new(left), Box::new(self.term()?));
        }
        Ok(left)
    }

    fn term(&mut self) -> Result<Filter, Unreadable> {
        if self.next_is(&Token::Open) {
            return self.nested(Self::or, &Token::Close, "a closing parenthesis");
        }
        // `not` is an attribute's name unless a parenthesis follows: `not pr` asks for an attribute called "not".
        let negated = matches!(self.peek(), Some((_, Token::Word(word))) if word.eq_ignore_ascii_case("not"))
            && matches!(self.tokens.get(self.next + 1), Some((_, Token::Open)));
        if negated {
            self.next += 1;
            let inner = self.nested(Self::or, &Token::Close, "a closing parenthesis")?;
            return Ok(Filter::Not(Box::new(inner)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Filter, Unreadable> {
        self.comparisons += 1;
        if self.comparisons > MOST {
            return Err(self.wrong("it compares more than 500 times"));
        }
        let path = self.path()?;
        let ends = |token: Option<&(usize, Token)>| match token {
            None | Some((_, Token::Close | Token::CloseValue)) => true,
            Some((_, Token::Word(word))) => is_joint(word),
            _ => false,
        };
        if path.filter.is_some() && path.sub.is_none() && ends(self.peek()) {
            return Ok(Filter::Has(path));
        }
        let (at, word) = self.word("an operator is missing after the attribute")?;
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(path));
        }
        let op = Op::ALL.into_iter().find(|op| op.word().eq_ignore_ascii_case(&word));
        let op = op.ok_or_else(|| Unreadable { at, what: "this is not an operator".into() })?;
        Ok(Filter::Compare(path, op, self.literal()?))
    }

    fn literal(&mut self) -> Result<Literal, Unreadable> {
        if let Some((_, Token::Text(text))) = self.peek() {
            let text = Literal::Text(text.clone());
            self.next += 1;
            return Ok(text);
        }
        let (at, word) = self.word("a value is missing after the operator")?;
        match word.as_str() {
            word if is_joint(word) || word.eq_ignore_ascii_case("not") => {
                Err(Unreadable { at, what: "a value is missing before this word".into() })
            }
            word if word.eq_ignore_ascii_case("true") => Ok(Literal::Bool(true)),
            word if word.eq_ignore_ascii_case("false") => Ok(Literal::Bool(false)),
            word if word.eq_ignore_ascii_case("null") => Ok(Literal::Null),
            word => Ok(serde_json::from_str(word).map_or_else(|_| Literal::Text(word.into()), Literal::Number)),
        }
    }

    fn word(&mut self, missing: &str) -> Result<(usize, String), Unreadable> {
        let Some((at, Token::Word(word))) = self.peek() else { return Err(self.wrong(missing)) };
        let found = (*at, word.clone());
        self.next += 1;
        Ok(found)
    }

    fn path(&mut self) -> Result<Path, Unreadable> {
        let (at, word) = self.word("the name of an attribute is missing")?;
        let mut path = named(&word).ok_or_else(|| Unreadable { at, what: "this is not an attribute's name".into() })?;
        if path.name.is_empty() || path.sub.is_some() || !self.next_is(&Token::OpenValue) {
            return Ok(path);
        }
        path.filter = Some(Box::new(self.nested(Self::or, &Token::CloseValue, "a closing bracket")?));
        if let Some((at, Token::Word(word))) = self.peek()
            && let Some(sub) = word.strip_prefix('.')
        {
            if !is_name(sub) {
                return Err(Unreadable { at: *at, what: "this is not a sub-attribute's name".into() });
            }
            path.sub = Some(sub.to_owned());
            self.next += 1;
        }
        Ok(path)
    }

    /// What is in brackets; the next token is the opening one.
    fn nested(
        &mut self,
        inside: fn(&mut Self) -> Result<Filter, Unreadable>,
        close: &Token,
        missing: &str,
    ) -> Result<Filter, Unreadable> {
        self.next += 1;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong("brackets are nested more than 32 deep"));
        }
        let filter = inside(self)?;
        if !self.next_is(close) {
            return Err(self.wrong(&format!("{missing} is missing")));
        }
        self.next += 1;
        self.depth -= 1;
        Ok(filter)
    }

    fn keyword(&mut self, keyword: &str) -> bool {
        let word = |token: &(usize, Token)| matches!(&token.1, Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        let found = self.peek().is_some_and(word);
        self.next += usize::from(found);
        found
    }

    fn next_is(&self, token: &Token) -> bool {
        self.peek().is_some_and(|(_, next)| next == token)
    }

    fn wrong(&self, what: &str) -> Unreadable {
        let at = self.peek().map_or(self.length + 1, |(at, _)| *at);
        Unreadable { at, what: what.to_owned() }
    }

    fn end(&mut self) -> Result<(), Unreadable> {
        match self.peek() {
            None => Ok(()),
            Some((at, _)) => Err(Unreadable { at: *at, what: "there is more than was expected".into() }),
        }
    }
}

/// A name with its schema before it and its sub-attribute behind it.
fn named(word: &str) -> Option<Path> {
    let (schema, rest) = split_schema(word);
    if rest.is_empty() {
        return schema.map(|schema| Path { schema: Some(schema.to_owned()), ..Path::default() });
    }
    let (name, sub) = rest.split_once('.').map_or((rest, None), |(name, sub)| (name, Some(sub)));
    let whole = is_name(name) && sub.is_none_or(is_name);
    whole.then(|| Path {
        schema: schema.map(str::to_owned),
        name: name.to_owned(),
        filter: None,
        sub: sub.map(str::to_owned),
    })
}

/// Cuts a URN from the name behind it. URNs have points and colons in them, so the known ones are looked for first.
fn split_schema(word: &str) -> (Option<&str>, &str) {
    for urn in KNOWN {
        if let Some(head) = word.get(..urn.len())
            && head.eq_ignore_ascii_case(urn)
        {
            match &word[urn.len()..] {
                "" => return (Some(head), ""),
                rest if rest.starts_with(':') => return (Some(head), &rest[1..]),
                _ => {}
            }
        }
    }
    match word.rsplit_once(':') {
        Some((schema, name)) if schema.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("urn:")) => {
            (Some(schema), name)
        }
        _ => (None, word),
    }
}

fn is_name(text: &str) -> bool {
    let rest = text.strip_prefix('$').unwrap_or(text);
    rest.starts_with(|c: char| c.is_ascii_alphabetic())
        && rest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

fn is_joint(word: &str) -> bool {
    word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or")
}

#[cfg(test)]
mod tests;
