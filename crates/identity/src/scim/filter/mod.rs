//! Filters and paths (RFC 7644, 3.4.2.2 and 3.5.2): what they are, and how they are written.
//!
//! [`parse`] reads them, [`matches()`] decides in memory, [`super::sql`] finds candidates in the database. A filter reads back
//! from what it prints; that is tested with random ones.

mod lex;
mod matches;
mod parse;

use std::fmt;

use serde_json::Number;

pub(crate) use matches::{as_flag, check, get, matches, matches_element};
pub(crate) use parse::{filter, path};

use super::ScimError;

/// Where an attribute is: `name.familyName`, `urn:…:User:department`, `emails[type eq "work"].value`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Path {
    /// The URN before the name, as it was written.
    pub(crate) schema: Option<String>,
    /// The attribute; empty for a whole extension.
    pub(crate) name: String,
    /// Which of several values.
    pub(crate) filter: Option<Box<Filter>>,
    /// The sub-attribute.
    pub(crate) sub: Option<String>,
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
}

impl Op {
    pub(crate) const ALL: [Self; 9] =
        [Self::Eq, Self::Ne, Self::Co, Self::Sw, Self::Ew, Self::Gt, Self::Ge, Self::Lt, Self::Le];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }
}

/// What is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Text(String),
    Number(Number),
    Bool(bool),
    Null,
}

/// A condition on a resource.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Present(Path),
    Compare(Path, Op, Literal),
    /// `emails[type eq "work"]` on its own: there is such a value.
    Has(Path),
}

/// What a filter or path cannot be read as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) at: usize,
    pub(crate) what: String,
}

impl Unreadable {
    pub(crate) fn as_filter(&self) -> ScimError {
        ScimError::bad("invalidFilter", format!("the filter cannot be read {self}"))
    }

    pub(crate) fn as_path(&self) -> ScimError {
        ScimError::bad("invalidPath", format!("the path cannot be read {self}"))
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {}: {}", self.at, self.what)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) if self.name.is_empty() => f.write_str(schema)?,
            Some(schema) => write!(f, "{schema}:{}", self.name)?,
            None => f.write_str(&self.name)?,
        }
        if let Some(filter) = &self.filter {
            write!(f, "[{filter}]")?;
        }
        match &self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // JSON's own escapes; a JSON text is what the grammar asks for.
            Self::Text(text) => f.write_str(&serde_json::Value::from(text.as_str()).to_string()),
            Self::Number(number) => number.fmt(f),
            Self::Bool(flag) => flag.fmt(f),
            Self::Null => f.write_str("null"),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(left, right) => {
                within(f, left, matches!(**left, Self::Or(..)))?;
                f.write_str(" and ")?;
                within(f, right, matches!(**right, Self::Or(..) | Self::And(..)))
            }
            Self::Or(left, right) => {
                within(f, left, false)?;
                f.write_str(" or ")?;
                within(f, right, matches!(**right, Self::Or(..)))
            }
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::Compare(path, op, literal) => write!(f, "{path} {} {literal}", op.word()),
            Self::Has(path) => path.fmt(f),
        }
    }
}

fn within(f: &mut fmt::Formatter<'_>, filter: &Filter, parentheses: bool) -> fmt::Result {
    if parentheses { write!(f, "({filter})") } else { write!(f, "{filter}") }
}
