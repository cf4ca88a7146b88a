//! Versions (RFC 7644, 3.14): weak entity tags, for reading only what changed and for not overwriting what changed.

use axum::extract::FromRequestParts;
use axum::http::header::{IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use ring::digest;
use serde_json::{Map, Value};

use super::ScimError;

/// The version of a resource that keeps no count: a hash of all that is in it.
pub(crate) fn of(fields: &Map<String, Value>) -> String {
    // Keys come in one order and the values are our own, so that writing them cannot fail.
    let text = serde_json::to_vec(fields).unwrap_or_default();
    format!("W/\"{}\"", hex::encode(&digest::digest(&digest::SHA256, &text).as_ref()[..10]))
}

/// What a request says about versions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Versions {
    only_if: Option<String>,
    unless: Option<String>,
}

impl Versions {
    /// Refuses a change of something that is not (any more) as the caller knows it.
    pub(crate) fn require(&self, version: &str) -> Result<(), ScimError> {
        match &self.only_if {
            Some(wanted) if !names(wanted, version) => Err(ScimError::stale()),
            _ => Ok(()),
        }
    }

    /// Whether the caller knows it as it is.
    pub(crate) fn is_known(&self, version: &str) -> bool {
        self.unless.as_deref().is_some_and(|known| names(known, version))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Versions {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self { only_if: header(&parts.headers, &IF_MATCH), unless: header(&parts.headers, &IF_NONE_MATCH) })
    }
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().unwrap_or_default().to_owned())
}

/// Whether a list of tags has this one. Weak and strong are alike, and some clients leave the quotes away.
fn names(list: &str, version: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned();
    list.split(',').any(|tag| tag.trim() == "*" || bare(tag) == bare(version))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tags_are_compared_weakly_and_in_lists() {
        let versions = |tag: &str| Versions { only_if: Some(tag.into()), unless: Some(tag.into()) };
        for tag in ["*", "W/\"7\"", "\"7\"", "7", "\"1\", W/\"7\""] {
            assert!(versions(tag).require("W/\"7\"").is_ok() && versions(tag).is_known("W/\"7\""), "{tag}");
        }
        for tag in ["", "W/\"8\"", "77", "\"1\", \"2\""] {
            assert!(versions(tag).require("W/\"7\"").is_err() && !versions(tag).is_known("W/\"7\""), "{tag}");
        }
        assert!(Versions::default().require("W/\"7\"").is_ok() && !Versions::default().is_known("W/\"7\""));
    }

    #[test]
    fn another_content_is_another_version() {
        let version = |value: Value| of(value.as_object().expect("an object"));
        assert_eq!(version(json!({ "a": 1, "b": 2 })), version(json!({ "b": 2, "a": 1 })));
        assert_ne!(version(json!({ "a": 1 })), version(json!({ "a": 2 })));
    }
}
