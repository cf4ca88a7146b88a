//! A filter as a condition of the database: everything a provider wrote is a bound value, never SQL.
//!
//! What the database cannot decide becomes a condition that lets too much through; the answer says so and the rest is decided
//! in memory by [`super::filter::matches()`].

use kernel::db::OrgTx;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::filter::{Filter, Literal, Op, Path};

/// A condition on the rows of a query.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cond {
    Always,
    Never,
    Not(Box<Cond>),
    And(Box<Cond>, Box<Cond>),
    Or(Box<Cond>, Box<Cond>),
    /// SQL of ours with one value of theirs in the middle.
    Value(String, Bind, &'static str),
    /// SQL of ours alone.
    Plain(&'static str),
}

/// A value of theirs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Bind {
    Text(String),
    Id(Uuid),
}

/// A condition, and whether it lets through exactly what the filter does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Candidates {
    pub(crate) cond: Cond,
    pub(crate) exact: bool,
}

impl Candidates {
    pub(crate) fn exactly(cond: Cond) -> Self {
        Self { cond, exact: true }
    }

    pub(crate) fn among(cond: Cond) -> Self {
        Self { cond, exact: false }
    }
}

/// What is asked of one attribute.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Test<'a> {
    Present,
    Is(Op, &'a Literal),
}

/// Translates a filter; `atom` knows the columns and gives none for what it cannot decide.
pub(crate) fn candidates(filter: &Filter, atom: &dyn Fn(&Path, Test<'_>) -> Option<Candidates>) -> Candidates {
    match filter {
        Filter::And(left, right) => {
            let (left, right) = (candidates(left, atom), candidates(right, atom));
            Candidates { exact: left.exact && right.exact, cond: Cond::And(Box::new(left.cond), Box::new(right.cond)) }
        }
        Filter::Or(left, right) => {
            let (left, right) = (candidates(left, atom), candidates(right, atom));
            Candidates { exact: left.exact && right.exact, cond: Cond::Or(Box::new(left.cond), Box::new(right.cond)) }
        }
        Filter::Not(inner) => turned(candidates(inner, atom)),
        Filter::Present(path) | Filter::Has(path) | Filter::Compare(path, Op::Ne, Literal::Null) => {
            perhaps(atom(path, Test::Present))
        }
        Filter::Compare(path, Op::Eq, Literal::Null) => turned(perhaps(atom(path, Test::Present))),
        Filter::Compare(path, Op::Ne, literal) => turned(perhaps(atom(path, Test::Is(Op::Eq, literal)))),
        Filter::Compare(path, op, literal) => perhaps(atom(path, Test::Is(*op, literal))),
    }
}

/// What the database cannot decide lets everything through.
fn perhaps(known: Option<Candidates>) -> Candidates {
    known.unwrap_or(Candidates::among(Cond::Always))
}

/// The opposite; what lets too much through would, turned round, let too little.
fn turned(candidates: Candidates) -> Candidates {
    if candidates.exact {
        Candidates::exactly(Cond::Not(Box::new(candidates.cond)))
    } else {
        Candidates::among(Cond::Always)
    }
}

/// A test of a column of texts. `key`: the column in lower case, which an index serves; null when case matters.
pub(crate) fn text(column: &'static str, key: Option<&'static str>, test: Test<'_>) -> Option<Candidates> {
    let Test::Is(op, literal) = test else {
        return Some(Candidates::exactly(Cond::Value(
            format!("coalesce({column}, '') <> "),
            Bind::Text(String::new()),
            "",
        )));
    };
    let wanted = match literal {
        Literal::Text(text) => text.clone(),
        Literal::Number(number) => number.to_string(),
        Literal::Bool(_) | Literal::Null => return None,
    };
    // PostgreSQL has no text with a NUL, so nothing there can be equal to one or contain it.
    if wanted.contains('\0') {
        return Some(Candidates::exactly(Cond::Never));
    }
    let (subject, wanted) = match key {
        Some(key) => (key, wanted.to_lowercase()),
        None => (column, wanted),
    };
    let (before, after) = match op {
        Op::Eq => (format!("{subject} = "), ""),
        Op::Co => (format!("strpos({subject}, "), ") > 0"),
        Op::Sw => (format!("starts_with({subject}, "), ")"),
        _ => return None,
    };
    Some(Candidates::exactly(Cond::Value(before, Bind::Text(wanted), after)))
}

impl Cond {
    /// Writes the condition at the end of a query.
    pub(crate) fn push(&self, query: &mut QueryBuilder<Postgres>) {
        match self {
            Self::Always => {
                query.push("true");
            }
            Self::Never => {
                query.push("false");
            }
            Self::Not(inner) => {
                query.push("not coalesce(");
                inner.push(query);
                query.push(", false)");
            }
            Self::And(left, right) | Self::Or(left, right) => {
                query.push("(");
                left.push(query);
                query.push(if matches!(self, Self::And(..)) { " and " } else { " or " });
                right.push(query);
                query.push(")");
            }
            Self::Value(before, bind, after) => {
                query.push(before);
                match bind {
                    Bind::Text(text) => query.push_bind(text.clone()),
                    Bind::Id(id) => query.push_bind(*id),
                };
                query.push(after);
            }
            Self::Plain(sql) => {
                query.push(*sql);
            }
        }
    }
}

/// Begins a query with what precedes the organisation, the organisation and a condition.
pub(crate) fn query(tx: &OrgTx, before: &str, cond: &Cond) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(before);
    query.push_bind(tx.org());
    query.push(" and ");
    cond.push(&mut query);
    query
}
