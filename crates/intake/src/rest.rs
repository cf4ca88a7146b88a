//! Any JSON API as a source: how it knows us, how it turns pages, and where in its records a signal's fields are.
//!
//! The address is the customer's: it is reached through the guard that keeps to public addresses, unless the operator allows
//! private ones. Links of the next page must stay on the same host, because the credentials go with them.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use connectors::signal::Signal;
use connectors::source::{Account, Cursor, Page, Reading, Rejection, Source, SourceError, Stream};
use kernel::config::Secret;
use kernel::http::{Http, HttpError, Method, Request, Response, Url};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::connections::secrets::Secrets;
use crate::paths::{self, Extract, Recipe};

/// The largest answer.
const LARGEST: usize = 32 << 20;
/// Asked for again by the next reading: the API's clock may be behind ours, and what it writes may be seen late.
const OVERLAP: TimeDelta = TimeDelta::minutes(10);
/// The one stream there is.
pub(crate) const STREAM: &str = "records";

/// How the API knows us. The secret part is kept sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Auth {
    /// Not at all.
    #[default]
    None,
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Basic`.
    Basic {
        /// The user; the secret is the password.
        user: String,
    },
    /// A header with the secret.
    Header {
        /// Its name.
        name: String,
    },
    /// A parameter with the secret.
    Query {
        /// Its name.
        name: String,
    },
    /// OAuth 2 client credentials; the secret is the client's.
    Oauth2 {
        /// Where tokens are given.
        token_url: String,
        /// The client.
        client_id: String,
        /// What is asked for.
        #[serde(default)]
        scope: String,
    },
}

/// How pages are turned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Pages {
    /// One page has everything.
    #[default]
    None,
    /// Pages are numbered.
    Page {
        /// The parameter with the number.
        parameter: String,
        /// The first number.
        #[serde(default = "one")]
        first: u64,
    },
    /// Records are counted.
    Offset {
        /// The parameter with the count.
        parameter: String,
    },
    /// Each page names the next.
    Cursor {
        /// The parameter to send it in.
        parameter: String,
        /// Where in the answer it is.
        path: String,
    },
    /// The next address is in the `Link` header (RFC 8288).
    Link,
}

fn one() -> u64 {
    1
}

/// A REST connection's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RestConfig {
    /// The address of the records.
    pub url: String,
    pub auth: Auth,
    pub pages: Pages,
    /// Where in an answer the records are; the answer itself when it is a list.
    pub records: String,
    /// Where in an answer the number of all records is; shown, never believed.
    pub total: Option<String>,
    /// Parameters that go with every request.
    pub query: BTreeMap<String, String>,
    /// The parameter that asks for records changed since an instant (RFC 3339).
    pub since_parameter: Option<String>,
    /// How records become signals.
    pub recipe: Recipe,
}

impl RestConfig {
    /// What is wrong with it, field by field.
    pub(crate) fn problems(&self, secrets: &Secrets) -> Vec<(String, String)> {
        let mut wrong = Vec::new();
        if let Err(error) = kernel::http::guard::check(&self.url, true) {
            wrong.push(("url".to_owned(), error.to_string()));
        }
        if self.auth != Auth::None && secrets.of("secret").is_none() {
            wrong.push(("secret".to_owned(), "is required by this kind of authentication".to_owned()));
        }
        let mut path = |field: &str, path: &str| {
            if let Err(error) = paths::parse(path) {
                wrong.push((field.to_owned(), error));
            }
        };
        path("records", self.records_path());
        if let Some(total) = &self.total {
            path("total", total);
        }
        if let Pages::Cursor { path: cursor, .. } = &self.pages {
            path("pages.path", cursor);
        }
        if let Err(found) = Extract::new(&self.recipe, "rest") {
            wrong.extend(found.into_iter().map(|(field, why)| (format!("recipe.{field}"), why)));
        }
        wrong
    }

    fn records_path(&self) -> &str {
        if self.records.is_empty() { "$[*]" } else { &self.records }
    }
}

/// How far it was read.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    /// Records changed since then are asked for.
    since: Option<DateTime<Utc>>,
    /// When the reading under way began: the next one asks from there.
    begun: Option<DateTime<Utc>>,
    /// The number, the count or the word of the next page.
    next: Option<Value>,
}

/// A JSON API.
pub(crate) struct Rest {
    pub http: Http,
    pub allow_private: bool,
    pub config: RestConfig,
    pub secret: Option<Secret>,
    pub extract: Extract,
    pub now: DateTime<Utc>,
}

impl Rest {
    fn request(&self, url: &str) -> Result<Request, SourceError> {
        let request = self.http.tenant(Method::GET, url, self.allow_private);
        let request = request.map_err(|error| SourceError::Refused(error.to_string()))?;
        Ok(request.max_body(LARGEST).timeout(Duration::from_secs(60)))
    }

    async fn signed(&self, request: Request) -> Result<Request, SourceError> {
        let secret = self.secret.as_ref().map(Secret::reveal).unwrap_or_default();
        Ok(match &self.config.auth {
            Auth::None => request,
            Auth::Bearer => request.bearer(secret),
            Auth::Basic { user } => request.basic(user, secret),
            Auth::Header { name } => {
                let name: kernel::http::header::HeaderName =
                    name.parse().map_err(|_| SourceError::Refused(format!("{name} is not the name of a header")))?;
                request.header(name, secret)
            }
            Auth::Query { name } => request.query(&[(name.as_str(), secret)]),
            Auth::Oauth2 { token_url, client_id, scope } => {
                let token = self.token(token_url, client_id, scope, secret).await?;
                request.bearer(token.reveal())
            }
        })
    }

    async fn token(&self, url: &str, client: &str, scope: &str, secret: &str) -> Result<Secret, SourceError> {
        let request = self.http.tenant(Method::POST, url, self.allow_private);
        let request = request.map_err(|error| SourceError::Refused(error.to_string()))?;
        let mut form = vec![("grant_type", "client_credentials")];
        if !scope.is_empty() {
            form.push(("scope", scope));
        }
        let response = request.basic(client, secret).form(&form).send().await.map_err(|error| unreached(&error))?;
        let answer: Value =
            judged(response, self.now)?.json().map_err(|error| SourceError::Malformed(error.to_string()))?;
        let token = answer["access_token"].as_str();
        token.map(Secret::new).ok_or_else(|| SourceError::Malformed("the answer has no access token".to_owned()))
    }

    async fn get(&self, place: &Place) -> Result<Response, SourceError> {
        let linked = match (&self.config.pages, &place.next) {
            (Pages::Link, Some(Value::String(next))) => Some(self.same_host(next)?),
            _ => None,
        };
        let mut query: Vec<(String, String)> = Vec::new();
        if linked.is_none() {
            query.extend(self.config.query.clone());
            if let (Some(parameter), Some(since)) = (&self.config.since_parameter, place.since) {
                query.push((parameter.clone(), since.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)));
            }
            match (&self.config.pages, &place.next) {
                (Pages::Page { parameter, first }, next) => {
                    let number = next.as_ref().and_then(Value::as_u64).unwrap_or(*first);
                    query.push((parameter.clone(), number.to_string()));
                }
                (Pages::Offset { parameter }, next) => {
                    let count = next.as_ref().and_then(Value::as_u64).unwrap_or(0);
                    query.push((parameter.clone(), count.to_string()));
                }
                (Pages::Cursor { parameter, .. }, Some(next)) => {
                    let word = next.as_str().map_or_else(|| next.to_string(), str::to_owned);
                    query.push((parameter.clone(), word));
                }
                _ => {}
            }
        }
        let request = self.request(linked.as_deref().unwrap_or(&self.config.url))?;
        let request = if query.is_empty() { request } else { request.query(&query) };
        let response = self.signed(request).await?.send().await.map_err(|error| unreached(&error))?;
        judged(response, self.now)
    }

    fn same_host(&self, next: &str) -> Result<String, SourceError> {
        let wrong = || {
            SourceError::Malformed("the link of the next page leads to another host; it was not followed".to_owned())
        };
        let base = Url::parse(&self.config.url).map_err(|_| wrong())?;
        let url = base.join(next).map_err(|_| wrong())?;
        if url.host_str() != base.host_str()
            || url.port_or_known_default() != base.port_or_known_default()
            || url.scheme() != base.scheme()
        {
            return Err(wrong());
        }
        Ok(url.into())
    }

    fn next(
        &self,
        place: &Place,
        response: &Response,
        answer: &Value,
        count: usize,
    ) -> Result<Option<Value>, SourceError> {
        Ok(match &self.config.pages {
            Pages::None => None,
            _ if count == 0 && !matches!(self.config.pages, Pages::Cursor { .. } | Pages::Link) => None,
            Pages::Page { first, .. } => {
                Some(json!(place.next.as_ref().and_then(Value::as_u64).unwrap_or(*first).saturating_add(1)))
            }
            Pages::Offset { .. } => {
                Some(json!(place.next.as_ref().and_then(Value::as_u64).unwrap_or(0).saturating_add(count as u64)))
            }
            Pages::Cursor { path, .. } => {
                let found = query(path, answer)?.into_iter().next();
                found
                    .filter(|next| !next.is_null() && next.as_str() != Some("") && *next != &Value::Bool(false))
                    .cloned()
            }
            Pages::Link => response.header("link").and_then(next_link).map(Value::String),
        })
    }
}

fn query<'a>(path: &str, answer: &'a Value) -> Result<Vec<&'a Value>, SourceError> {
    let path = paths::parse(path).map_err(SourceError::Refused)?;
    Ok(path.query(answer).all())
}

/// The address of `rel="next"`.
fn next_link(header: &str) -> Option<String> {
    header.split(',').find_map(|link| {
        let (address, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
        let next = rest.split(';').any(|part| matches!(part.trim(), "rel=\"next\"" | "rel=next"));
        next.then(|| address.to_owned())
    })
}

fn unreached(error: &HttpError) -> SourceError {
    match error {
        HttpError::NotSent { why: kernel::http::NotSent::Forbidden(why), .. } => SourceError::Refused(why.to_string()),
        HttpError::NotSent { why: kernel::http::NotSent::Invalid(why), .. } => SourceError::Refused(why.clone()),
        other => SourceError::Unavailable(other.to_string()),
    }
}

fn judged(response: Response, now: DateTime<Utc>) -> Result<Response, SourceError> {
    match response.status.as_u16() {
        200..=299 => Ok(response),
        401 | 403 => Err(SourceError::Reconnect(format!("it answered {}", response.status.as_u16()))),
        429 => Err(SourceError::RateLimited { retry_after: response.retry_after(now) }),
        status @ (408 | 425 | 500..) => match response.retry_after(now) {
            Some(wait) => Err(SourceError::RateLimited { retry_after: Some(wait) }),
            None => Err(SourceError::Unavailable(format!("it answered {status}"))),
        },
        status => Err(SourceError::Refused(format!("it answered {status}"))),
    }
}

#[async_trait]
impl Source for Rest {
    async fn check(&self) -> Result<Account, SourceError> {
        let response = self.get(&Place::default()).await?;
        let answer: Value = response.json().map_err(|error| SourceError::Malformed(error.to_string()))?;
        query(self.config.records_path(), &answer)?;
        let host =
            Url::parse(&self.config.url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        Ok(Account { id: host.clone(), name: host })
    }

    async fn discover(&self) -> Result<Vec<Stream>, SourceError> {
        Ok(vec![Stream {
            name: STREAM.to_owned(),
            title: "Records".to_owned(),
            fields: self.config.recipe.fields.keys().cloned().collect(),
            incremental: self.config.since_parameter.is_some(),
        }])
    }

    async fn read(&self, reading: Reading<'_>) -> Result<Page, SourceError> {
        let mut place: Place = match &reading.cursor.0 {
            Value::Null => Place { since: Some(reading.since), ..Place::default() },
            kept => serde_json::from_value(kept.clone()).unwrap_or_default(),
        };
        let begun = *place.begun.get_or_insert(reading.now);
        let response = self.get(&place).await?;
        let answer: Value = response.json().map_err(|error| SourceError::Malformed(error.to_string()))?;
        let records: Vec<Value> = query(self.config.records_path(), &answer)?.into_iter().cloned().collect();
        let total = match &self.config.total {
            Some(path) => query(path, &answer)?.first().and_then(|total| total.as_u64()),
            None => None,
        };
        let next = self.next(&place, &response, &answer, records.len())?;
        let done = next.is_none();
        let after = if done {
            Place { since: Some(begun - OVERLAP), begun: None, next: None }
        } else {
            Place { next, ..place }
        };
        let after = serde_json::to_value(after).map_err(|error| SourceError::Malformed(error.to_string()))?;
        Ok(Page { records, next: Cursor(after), done, total })
    }

    fn map(&self, _stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
        self.extract.signal(record, self.now).map(|signal| vec![signal])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_link_is_found_among_others() {
        let header = "<https://a.example/x?page=1>; rel=\"prev\", <https://a.example/x?page=3>; rel=\"next\"";
        assert_eq!(next_link(header).as_deref(), Some("https://a.example/x?page=3"));
        assert_eq!(next_link("<https://a.example/x>; rel=\"last\""), None);
    }

    #[test]
    fn settings_say_what_is_wrong_with_them() {
        let config: RestConfig = serde_json::from_value(json!({
            "url": "ftp://a.example", "auth": {"kind": "bearer"}, "pages": {"kind": "cursor", "parameter": "c", "path": "$["},
            "recipe": {"fields": {"at": {"path": "$.at"}}},
        }))
        .expect("settings");
        let fields: Vec<String> = config.problems(&Secrets::default()).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["url", "secret", "pages.path", "recipe.fields.external_id", "recipe.fields.kind"]);
    }
}
