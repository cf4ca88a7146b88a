//! `Query<T>`: the query string, strict. The page's own `limit` and `cursor` belong to [`super::Page`] and are left out.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::nul;
use crate::AppError;
use crate::error::Detail;

/// The query string. A key may repeat (`?tag=HOT&tag=WARM` reads into a `Vec`).
#[derive(Clone, Debug, Default)]
pub struct Query<T>(pub T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AppError> {
        parse(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, AppError> {
    let own: Vec<&str> = query.split('&').filter(|pair| !is_page_key(pair)).collect();
    pairs(&own.join("&"))
}

/// Reads urlencoded pairs into a type, refusing unknown names and NUL.
pub(super) fn pairs<T: DeserializeOwned>(text: &str) -> Result<T, AppError> {
    if nul::in_url(text) {
        return Err(AppError::bad_request("a value must not contain a NUL character"));
    }
    let mut unknown = Vec::new();
    let mut track = serde_path_to_error::Track::new();
    let pairs = serde_html_form::Deserializer::from_bytes(text.as_bytes());
    let result = {
        let tracked = serde_path_to_error::Deserializer::new(pairs, &mut track);
        serde_ignored::deserialize(tracked, |path| unknown.push(path.to_string()))
    };
    let value = result.map_err(|error| complain(&error.to_string(), &track.path().to_string()))?;
    if unknown.is_empty() {
        return Ok(value);
    }
    Err(AppError::fields(unknown.into_iter().map(|name| Detail::new(name, "is not a known parameter")).collect()))
}

fn complain(reason: &str, path: &str) -> AppError {
    if let Some(name) = reason.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return AppError::field(name, "is required");
    }
    AppError::field(path, reason.to_owned())
}

fn is_page_key(pair: &str) -> bool {
    pair.is_empty() || matches!(pair.split('=').next(), Some("limit" | "cursor"))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Filter {
        #[serde(default)]
        tag: Vec<String>,
        owner: Option<u32>,
    }

    #[test]
    fn repeated_keys_read_into_a_list_and_page_keys_are_left_to_the_page() {
        let read: Filter = parse("tag=HOT&limit=5&tag=W%C3%A4RM&cursor=abc&owner=7").expect("valid");
        assert_eq!(read, Filter { tag: vec!["HOT".into(), "WäRM".into()], owner: Some(7) });
    }

    #[test]
    fn unknown_and_unreadable_parameters_are_named() {
        let field = |query| parse::<Filter>(query).expect_err("must be refused").details()[0].field.clone();
        assert_eq!(field("tags=HOT"), "tags");
        assert_eq!(field("owner=x"), "owner");
        assert_eq!(parse::<Filter>("tag=%00").expect_err("NUL").status().as_u16(), 400);
    }
}
