//! What a list is asked for: in the address, or in the body of a `POST …/.search`. Unknown parameters are tolerated: Entra's
//! base address carries some (`?aadOptscim062020`).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde_json::{Map, Value};

use super::ScimError;
use super::filter::{self, Filter};
use super::projection::Projection;

/// The most resources in one answer.
pub(crate) const MOST: usize = 200;
/// So many when nobody says how many.
const USUAL: usize = 100;

/// A list's filter, window and attributes.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) filter: Option<Filter>,
    /// How many resources come before.
    pub(crate) skip: usize,
    /// How many are wanted.
    pub(crate) count: usize,
    pub(crate) projection: Projection,
}

impl Query {
    /// From the query of an address.
    pub(crate) fn of_address(query: &str) -> Result<Self, ScimError> {
        let mut fields = Map::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (decoded(name), decoded(value)) else {
                return Err(ScimError::bad("invalidSyntax", "the query is not encoded as it should be"));
            };
            fields.insert(name, value.into());
        }
        Self::of_body(&fields)
    }

    /// From the body of a search.
    pub(crate) fn of_body(fields: &Map<String, Value>) -> Result<Self, ScimError> {
        let get = |name: &str| filter::get(fields, name).filter(|value| !value.is_null());
        let filter = match get("filter") {
            None => None,
            Some(Value::String(text)) if text.trim().is_empty() => None,
            Some(Value::String(text)) => Some(filter::filter(text).map_err(|error| error.as_filter())?),
            Some(_) => return Err(ScimError::bad("invalidFilter", "a filter is a text")),
        };
        let start = get("startIndex").map_or(Ok(1), |value| integer("startIndex", value))?.max(1);
        let count = get("count").map_or(Ok(USUAL as i64), |value| integer("count", value))?.max(0);
        let names = |name: &str| get(name).map(list).unwrap_or_default();
        let (only, without) = (names("attributes"), names("excludedAttributes"));
        Ok(Self {
            filter,
            skip: usize::try_from(start - 1).unwrap_or(usize::MAX),
            count: usize::try_from(count).unwrap_or(MOST).min(MOST),
            projection: Projection::of(only.iter().map(String::as_str), without.iter().map(String::as_str)),
        })
    }
}

/// `attributes` and `excludedAttributes` alone, for one resource; what else the address says is ignored.
impl<S: Send + Sync> FromRequestParts<S> for Projection {
    type Rejection = ScimError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ScimError> {
        let query = parts.uri.query().unwrap_or_default();
        let wanted = |pair: &&str| {
            let name = pair.split('=').next().unwrap_or_default();
            name.eq_ignore_ascii_case("attributes") || name.eq_ignore_ascii_case("excludedAttributes")
        };
        let kept: Vec<_> = query.split('&').filter(wanted).collect();
        Ok(Query::of_address(&kept.join("&"))?.projection)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = ScimError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ScimError> {
        Self::of_address(parts.uri.query().unwrap_or_default())
    }
}

fn integer(name: &str, value: &Value) -> Result<i64, ScimError> {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| ScimError::bad("invalidValue", format!("{name} is an integer")))
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => text.split(',').map(str::to_owned).collect(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Percent decoding, with `+` for a space.
fn decoded(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let (mut at, mut plain) = (0, Vec::with_capacity(bytes.len()));
    while at < bytes.len() {
        match bytes[at] {
            b'+' => plain.push(b' '),
            b'%' => {
                let pair = text.get(at + 1..at + 3).filter(|pair| pair.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
                plain.push(u8::from_str_radix(pair, 16).ok()?);
                at += 2;
            }
            other => plain.push(other),
        }
        at += 1;
    }
    String::from_utf8(plain).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn window(query: &str) -> (usize, usize) {
        let query = Query::of_address(query).unwrap_or_else(|error| panic!("{query}: {error:?}"));
        (query.skip, query.count)
    }

    #[test]
    fn the_window_begins_at_one_and_is_bounded() {
        assert_eq!(window(""), (0, 100));
        assert_eq!(window("startIndex=1&count=100&aadOptscim062020&x=%20y"), (0, 100));
        assert_eq!(window("STARTINDEX=101&count=0"), (100, 0));
        assert_eq!(window("startIndex=-5&count=-1"), (0, 0));
        assert_eq!(window("startIndex=0&count=9999"), (0, MOST));
        for query in
            ["count=ten", "startIndex=1.5", "filter=x%", "filter=%FF", "filter=%+1", "count=99999999999999999999"]
        {
            assert!(Query::of_address(query).is_err(), "{query}");
        }
    }

    #[test]
    fn a_filter_is_decoded_and_a_search_says_the_same_in_json() {
        let address =
            Query::of_address("filter=userName+eq+%22a%2Bb%40x.example%22&attributes=userName,emails").expect("reads");
        let body = json!({ "filter": "userName eq \"a+b@x.example\"", "count": 3, "startIndex": "2", "attributes": ["userName"] });
        let search = Query::of_body(body.as_object().expect("an object")).expect("reads");
        assert_eq!(address.filter, search.filter);
        assert_eq!((search.skip, search.count), (1, 3));
        assert!(address.projection.gives("emails") && !search.projection.gives("emails"));
        assert!(Query::of_body(json!({ "filter": 1 }).as_object().expect("an object")).is_err());
    }
}
