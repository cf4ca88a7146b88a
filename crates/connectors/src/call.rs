//! A call to a system that signals are read from: sent with its credentials, repeated once with a renewed token, and its failure
//! told as a [`SourceError`].

use chrono::{DateTime, Utc};
use kernel::config::Secret;
use kernel::http::{Http, HttpError, Request, Response};
use serde_json::Value;

use crate::oauth::Credentials;
use crate::source::SourceError;

/// How often a read is sent in all.
pub const READS: u32 = 3;
/// What is kept of the words of an answer that is no JSON.
const LONGEST_WORDS: usize = 300;

/// What an answer means that is not what we asked for.
#[derive(Debug)]
pub enum Trouble {
    /// The access token ended: with another one the call may succeed. The system's words.
    Token(String),
    /// Anything else.
    Error(SourceError),
}

impl From<SourceError> for Trouble {
    fn from(error: SourceError) -> Self {
        Self::Error(error)
    }
}

/// Sends what `build` makes of the secret. `judge` looks at every answer, also those of status 200, and gives back its JSON or
/// what is wrong with it.
pub async fn call(
    http: &Http,
    credentials: &Credentials,
    build: impl Fn(&Secret) -> Request + Send + Sync,
    judge: impl Fn(&Response, DateTime<Utc>) -> Result<Value, Trouble> + Send + Sync,
) -> Result<Value, SourceError> {
    let secret = credentials.secret(http.clock().now()).await?;
    match once(http, build(&secret), &judge).await {
        Ok(value) => Ok(value),
        Err(Trouble::Error(error)) => Err(error),
        Err(Trouble::Token(why)) => {
            let Credentials::OAuth(access) = credentials else { return Err(SourceError::Reconnect(why)) };
            let other = access.instead_of(&secret, why).await?;
            once(http, build(&other), &judge).await.map_err(|trouble| match trouble {
                Trouble::Token(why) => SourceError::Reconnect(why),
                Trouble::Error(error) => error,
            })
        }
    }
}

async fn once(
    http: &Http,
    request: Request,
    judge: &(impl Fn(&Response, DateTime<Utc>) -> Result<Value, Trouble> + Send + Sync),
) -> Result<Value, Trouble> {
    let response = request.safe_to_repeat(READS).send().await.map_err(|error| unreached(&error))?;
    judge(&response, http.clock().now())
}

/// An answer that did not come.
pub fn unreached(error: &HttpError) -> SourceError {
    SourceError::Unavailable(error.to_string())
}

/// What a status means where the body says nothing better: 401 is the token, 429 too much, 5xx and 408 are passing, a redirect or
/// any other 4xx is a refusal. A success is read as JSON.
pub fn by_status(response: &Response, now: DateTime<Utc>, said: &str) -> Result<Value, Trouble> {
    let status = response.status.as_u16();
    if response.status.is_success() {
        return Ok(json(response)?);
    }
    let said = if said.is_empty() { words(response) } else { format!("{said} (status {status})") };
    Err(match status {
        401 => Trouble::Token(said),
        429 => SourceError::RateLimited { retry_after: response.retry_after(now) }.into(),
        408 | 425 | 500.. => SourceError::Unavailable(said).into(),
        _ => SourceError::Refused(said).into(),
    })
}

/// The body as JSON.
pub fn json(response: &Response) -> Result<Value, SourceError> {
    response.json().map_err(|error| SourceError::Malformed(error.to_string()))
}

/// The first words of a body, for people.
fn words(response: &Response) -> String {
    let text: String = String::from_utf8_lossy(&response.body).trim().chars().take(LONGEST_WORDS).collect();
    let status = response.status.as_u16();
    if text.is_empty() || text.starts_with('<') {
        format!("status {status}")
    } else {
        format!("{text} (status {status})")
    }
}
