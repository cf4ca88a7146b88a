//! HubSpot: OAuth, contacts, deals, notes, links between them, properties, search and webhooks; as a source in [`feed`].
//!
//! Rules a newcomer would break: secrets travel in the form body, never in the address; a batch takes at most 100
//! inputs and may fail in part (207); every value is text; only reads and upserts may be repeated blindly, since a
//! create that lost its answer may have happened.

pub mod account;
pub mod batch;
pub mod calls;
pub mod failure;
pub mod feed;
pub mod oauth;
pub mod objects;
pub mod webhooks;

use kernel::http::{Http, HttpError, Method, Request, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use failure::{Failure, FailureKind};
pub use feed::{Config, source};

/// HubSpot's own address.
pub const BASE_URL: &str = "https://api.hubapi.com";

/// Talks to HubSpot for one account at a time: every call takes the account's access token.
#[derive(Debug, Clone)]
pub struct HubSpot {
    http: Http,
    base_url: String,
}

impl HubSpot {
    /// A client of the API at `base_url`.
    pub fn new(http: Http, base_url: impl Into<String>) -> Self {
        Self { http, base_url: base_url.into().trim_end_matches('/').to_owned() }
    }

    fn request(&self, method: Method, path: &str) -> Request {
        self.http.request("hubspot", method, format!("{}{path}", self.base_url))
    }

    /// A call with a JSON body.
    async fn call<T: DeserializeOwned>(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: &(impl Serialize + ?Sized),
    ) -> Result<T, Failure> {
        read(&self.send(self.request(method, path).bearer(token).json(body)).await?)
    }

    async fn send(&self, request: Request) -> Result<Response, Failure> {
        let response = request.send().await.map_err(|error| lost(&error))?;
        if response.status.is_success() {
            return Ok(response);
        }
        let wait = response.retry_after(self.http.clock().now());
        Err(Failure::from_answer(response.status.as_u16(), wait, &response.body))
    }
}

fn read<T: DeserializeOwned>(response: &Response) -> Result<T, Failure> {
    response.json().map_err(|error| Failure::new(FailureKind::Malformed, error.to_string()))
}

fn lost(error: &HttpError) -> Failure {
    let kind = if error.may_have_happened() { FailureKind::Lost } else { FailureKind::Unavailable };
    Failure::new(kind, error.to_string())
}
