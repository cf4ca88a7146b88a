//! `Json<T>` in and out, strict about what it reads.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::nul;
use crate::AppError;
use crate::error::Detail;

/// A JSON body. Malformed is 400; a wrong, missing or unknown field is 422 with the field named.
#[derive(Clone, Debug, Default)]
pub struct Json<T>(pub T);

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = AppError;

    async fn from_request(request: Request, state: &S) -> Result<Self, AppError> {
        if !is_json(request.headers()) {
            return Err(AppError::UnsupportedMedia("send JSON with `Content-Type: application/json`".into()));
        }
        let bytes = read(request, state).await?;
        parse(&bytes).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// The whole body within the route's limit.
pub(super) async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, AppError> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
            AppError::TooLarge
        } else {
            AppError::bad_request("the body ended before it was complete")
        }
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, AppError> {
    if let Some(field) = nul::in_json(bytes) {
        return Err(AppError::field(field, "must not contain a NUL character"));
    }
    let mut unknown = Vec::new();
    let mut track = serde_path_to_error::Track::new();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let result = {
        let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
        serde_ignored::deserialize(tracked, |path| unknown.push(path.to_string()))
    };
    let value = result.map_err(|error: serde_json::Error| complain(&error, &track.path()))?;
    json.end().map_err(|_| AppError::bad_request("there is more text after the JSON value"))?;
    if unknown.is_empty() {
        return Ok(value);
    }
    Err(AppError::fields(unknown.into_iter().map(|path| Detail::new(clean(&path), "is not a known field")).collect()))
}

fn complain(error: &serde_json::Error, path: &serde_path_to_error::Path) -> AppError {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or_default();
    if !error.is_data() {
        return AppError::bad_request(format!("the body is not valid JSON: {reason}"));
    }
    // "missing field `email`" is about the field, not about the object that lacks it.
    if let Some(name) = reason.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return AppError::field(under(path, name), "is required");
    }
    if let Some(name) = reason.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()) {
        return AppError::field(under(path, name), "is not a known field");
    }
    AppError::field(path.to_string(), reason.to_owned())
}

fn under(path: &serde_path_to_error::Path, name: &str) -> String {
    let parent = path.to_string();
    let last = parent.rsplit('.').next().unwrap_or_default();
    match parent.as_str() {
        "." => name.to_owned(),
        // `unknown field` is reported at the field itself, `missing field` at its parent.
        _ if last == name => parent,
        _ => format!("{parent}.{name}"),
    }
}

/// `serde_ignored` marks optional and newtype layers with `?`; a person only wants the names.
fn clean(path: &str) -> String {
    path.split('.').filter(|part| *part != "?").collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Hours {
        from: u8,
    }

    #[derive(Debug, Deserialize)]
    struct Settings {
        name: String,
        hours: Option<Hours>,
    }

    fn refused(body: &str) -> (u16, Vec<(String, String)>) {
        let error = parse::<Settings>(body.as_bytes()).expect_err("must be refused");
        let details = error.details().iter().map(|d| (d.field.clone(), d.reason.clone())).collect();
        (error.status().as_u16(), details)
    }

    #[test]
    fn a_good_body_reads() {
        let read: Settings = parse(br#"{"name":"n","hours":{"from":9}}"#).expect("valid");
        assert_eq!((read.name.as_str(), read.hours.expect("hours").from), ("n", 9));
    }

    #[test]
    fn malformed_is_400_and_wrong_fields_are_422_with_their_path() {
        assert_eq!(refused("{").0, 400);
        assert_eq!(refused(r#"{"name":"n"} x"#).0, 400);
        assert_eq!(refused("{}"), (422, vec![("name".into(), "is required".into())]));
        let (status, details) = refused(r#"{"name":"n","hours":{"from":"x"}}"#);
        assert_eq!((status, details[0].0.as_str()), (422, "hours.from"));
        assert_eq!(refused(r#"{"name":"n","hours":{}}"#).1[0].0, "hours.from");
    }

    #[test]
    fn unknown_fields_are_refused_at_every_depth() {
        let expected = vec![
            ("hours.untl".into(), "is not a known field".into()),
            ("colour".into(), "is not a known field".into()),
        ];
        assert_eq!(refused(r#"{"name":"n","hours":{"from":1,"untl":2},"colour":1}"#), (422, expected));
    }

    #[test]
    fn a_nul_character_is_refused_and_an_escaped_backslash_is_not_one() {
        assert_eq!(refused(r#"{"name":"a\u0000b"}"#).1[0].0, "name");
        assert!(parse::<Settings>(br#"{"name":"a\\u0000b"}"#).is_ok());
    }
}
