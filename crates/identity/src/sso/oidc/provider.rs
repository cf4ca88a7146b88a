//! What is asked of a provider: its discovery document and its keys, kept for an hour.
//!
//! Every address here was typed by somebody of an organisation or came from where such an address leads, so every call goes
//! through [`call`]: public addresses over TLS only, unless the operator allows more; redirects are not followed.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::Kernel;
use kernel::http::{HttpError, Lost, Method, NotSent, Request, Response, Url};
use kernel::ids::SsoId;
use moka::future::Cache;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::Untrusted;
use super::jws::{Alg, Jwk, Jws, Unsigned};
use crate::store::sso::connections::Connection;

/// How long what a provider published is used without asking again.
const KEPT_FOR: Duration = Duration::from_secs(3_600);
/// An unknown key makes us ask again at most this often.
const ASK_AGAIN: TimeDelta = TimeDelta::seconds(60);
/// A provider answers within this time.
const PATIENCE: Duration = Duration::from_secs(10);
/// No document of a provider is longer.
const LARGEST: usize = 512 * 1024;
/// More keys are not looked at.
const MOST_KEYS: usize = 50;

/// Why a provider could not be asked, or what was wrong with its answer; safe to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// The address itself.
    #[error("{0} is not an address that may be used: {1}")]
    Address(String, String),
    #[error("the host name of {0} cannot be resolved (DNS)")]
    Dns(String),
    #[error("{0} has no certificate that can be trusted (TLS): {1}")]
    Tls(String, String),
    #[error("no connection to {0}: {1}")]
    Connect(String, String),
    #[error("{0} does not answer in time")]
    Slow(String),
    #[error("{0} answers with status {1}")]
    Status(String, u16),
    #[error("{0} does not answer with the JSON that was expected: {1}")]
    Body(String, String),
    #[error("{0}")]
    Content(String),
}

/// The discovery document, as far as it is used.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    pub(super) issuer: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
    pub(super) jwks_uri: String,
    pub(super) userinfo_endpoint: Option<String>,
    pub(super) response_types_supported: Vec<String>,
    pub(super) id_token_signing_alg_values_supported: Vec<String>,
    pub(super) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    pub(super) authorization_response_iss_parameter_supported: bool,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

/// What is known of every provider in use.
#[derive(Clone)]
pub(crate) struct Providers {
    known: Cache<(SsoId, DateTime<Utc>), Arc<Known>>,
}

/// What is known of one.
pub(super) struct Known {
    pub(super) metadata: Metadata,
    keys: Mutex<Keys>,
}

struct Keys {
    all: Arc<Vec<Jwk>>,
    /// When an unknown key last made us ask again.
    asked_again: Option<DateTime<Utc>>,
}

impl Default for Providers {
    fn default() -> Self {
        Self { known: Cache::builder().max_capacity(10_000).time_to_live(KEPT_FOR).build() }
    }
}

impl Providers {
    /// What the provider of a connection published. A changed connection is asked anew.
    pub(super) async fn of(&self, kernel: &Kernel, connection: &Connection) -> Result<Arc<Known>, Arc<Trouble>> {
        let key = (connection.id, connection.updated_at);
        let ask = async {
            let metadata = discover(kernel, &connection.issuer).await?;
            sound(kernel, &metadata, &connection.issuer)?;
            let all = Arc::new(keys(kernel, &metadata.jwks_uri).await?);
            Ok(Arc::new(Known { metadata, keys: Mutex::new(Keys { all, asked_again: None }) }))
        };
        self.known.try_get_with(key, ask).await
    }
}

impl Known {
    /// The payload of a token that the provider signed, and the algorithm. Keys are asked for once more when the token names
    /// one that is not known: the provider may have a new one.
    pub(super) async fn proved(&self, kernel: &Kernel, token: &str) -> Result<(Vec<u8>, Alg), Refused> {
        let token = Jws::read(token)?;
        let mut keys = self.keys.lock().await;
        match token.proved(&keys.all) {
            Ok(payload) => return Ok((payload.to_vec(), token.alg)),
            Err(Unsigned::Wrong) => return Err(Untrusted("its signature is not the provider's").into()),
            Err(Unsigned::UnknownKey) => {}
        }
        let unknown = || Refused::from(Untrusted("it is signed with a key that the provider does not publish"));
        let now = kernel.clock.now();
        if keys.asked_again.is_some_and(|at| now < at + ASK_AGAIN) {
            return Err(unknown());
        }
        // Noted before asking: a provider that fails is left alone as long as one that answers.
        keys.asked_again = Some(now);
        keys.all = Arc::new(self::keys(kernel, &self.metadata.jwks_uri).await?);
        match token.proved(&keys.all) {
            Ok(payload) => Ok((payload.to_vec(), token.alg)),
            Err(Unsigned::Wrong) => Err(Untrusted("its signature is not the provider's").into()),
            Err(Unsigned::UnknownKey) => Err(unknown()),
        }
    }
}

/// Why a sign-in ends at the provider.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// It could not be asked.
    #[error("{0}")]
    Trouble(Trouble),
    /// Its word does not count.
    #[error("your provider's answer cannot be trusted: {0}")]
    Untrusted(#[from] Untrusted),
    /// It says no.
    #[error("your provider refused the sign-in: {0}")]
    Denied(String),
}

impl From<Trouble> for Refused {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// The discovery document of an issuer.
pub(super) async fn discover(kernel: &Kernel, issuer: &str) -> Result<Metadata, Trouble> {
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let answer = get(kernel, &url).await?;
    answer.json().map_err(|error| Trouble::Body(url, error.to_string()))
}

/// The keys at an address: those that read, at most [`MOST_KEYS`].
pub(super) async fn keys(kernel: &Kernel, url: &str) -> Result<Vec<Jwk>, Trouble> {
    let set: KeySet =
        get(kernel, url).await?.json().map_err(|error| Trouble::Body(url.to_owned(), error.to_string()))?;
    let all = set.keys.into_iter().take(MOST_KEYS).filter_map(|key| serde_json::from_value(key).ok());
    Ok(all.collect())
}

/// Whether a discovery document can be worked with.
pub(super) fn sound(kernel: &Kernel, metadata: &Metadata, issuer: &str) -> Result<(), Trouble> {
    let content = |text: String| Err(Trouble::Content(text));
    if metadata.issuer != issuer {
        return content(format!(
            "the document says the issuer is “{}”, the connection says “{issuer}”; they must be the same, letter by letter",
            metadata.issuer
        ));
    }
    for (name, value) in [
        ("authorization_endpoint", &metadata.authorization_endpoint),
        ("token_endpoint", &metadata.token_endpoint),
        ("jwks_uri", &metadata.jwks_uri),
    ] {
        if value.is_empty() {
            return content(format!("the document has no {name}"));
        }
        address(kernel, value)?;
    }
    let algorithms = &metadata.id_token_signing_alg_values_supported;
    if !algorithms.iter().any(|name| Alg::named(name).is_some()) {
        return content(format!(
            "the provider signs with {}; RS256, PS256, ES256 or EdDSA is needed",
            if algorithms.is_empty() { "nothing it names".to_owned() } else { algorithms.join(", ") }
        ));
    }
    if !metadata.response_types_supported.iter().any(|kind| kind == "code") {
        return content("the provider does not offer the authorization code flow (response type `code`)".into());
    }
    Ok(())
}

/// An address that a provider or an administrator gave, when it may be used.
pub(crate) fn address(kernel: &Kernel, text: &str) -> Result<Url, Trouble> {
    let allow = kernel.config.sso.allow_private;
    let wrong = |why: String| Trouble::Address(text.to_owned(), why);
    let url = kernel::http::guard::check(text, allow).map_err(|error| wrong(error.to_string()))?;
    if url.scheme() != "https" && !allow {
        return Err(wrong("it does not begin with https://".into()));
    }
    Ok(url)
}

/// A call to a provider.
pub(crate) fn call(kernel: &Kernel, method: Method, url: &str) -> Result<Request, Trouble> {
    address(kernel, url)?;
    let request = kernel.http.tenant(method, url, kernel.config.sso.allow_private);
    let request = request.map_err(|error| Trouble::Address(url.to_owned(), error.to_string()))?;
    Ok(request.header(kernel::http::header::ACCEPT, "application/json").timeout(PATIENCE).max_body(LARGEST))
}

async fn get(kernel: &Kernel, url: &str) -> Result<Response, Trouble> {
    let answer = call(kernel, Method::GET, url)?.safe_to_repeat(2).send().await.map_err(|error| unsent(url, &error))?;
    if answer.status.is_success() { Ok(answer) } else { Err(Trouble::Status(url.to_owned(), answer.status.as_u16())) }
}

/// What a failed call means to a person.
pub(crate) fn unsent(url: &str, error: &HttpError) -> Trouble {
    let url = url.to_owned();
    match error {
        HttpError::NotSent { why: NotSent::Dns, .. } => Trouble::Dns(url),
        HttpError::NotSent { why: NotSent::Forbidden(why), .. } => Trouble::Address(url, why.to_string()),
        HttpError::NotSent { why: NotSent::Refused(text), .. } if is_tls(text) => Trouble::Tls(url, text.clone()),
        HttpError::NotSent { why: NotSent::Refused(text), .. } => Trouble::Connect(url, text.clone()),
        HttpError::NotSent { why, .. } => Trouble::Connect(url, why.to_string()),
        HttpError::Unknown { why: Lost::Timeout, .. } => Trouble::Slow(url),
        HttpError::Unknown { why, .. } => Trouble::Connect(url, why.to_string()),
    }
}

/// Whether the reason of a failed connection is one of rustls.
fn is_tls(text: &str) -> bool {
    ["certificate", "received corrupt message", "received fatal alert", "HandshakeFailure", "peer is incompatible"]
        .iter()
        .any(|part| text.contains(part))
}

#[cfg(test)]
mod tests {
    use kernel::testing::TestDb;

    use super::*;

    fn metadata() -> Metadata {
        Metadata {
            issuer: "https://id.example".into(),
            authorization_endpoint: "https://id.example/authorize".into(),
            token_endpoint: "https://id.example/token".into(),
            jwks_uri: "https://id.example/keys".into(),
            response_types_supported: vec!["code".into()],
            id_token_signing_alg_values_supported: vec!["RS256".into()],
            ..Metadata::default()
        }
    }

    #[tokio::test]
    async fn a_discovery_document_leads_into_no_private_network() {
        let db = TestDb::new().await;
        let kernel = db.kernel().await;
        assert_eq!(sound(&kernel, &metadata(), "https://id.example"), Ok(()));
        for inside in [
            "https://169.254.169.254/latest/meta-data",
            "https://127.0.0.1:8080/",
            "https://[::ffff:10.0.0.1]/",
            "https://0x7f000001/",
            "http://id.example/",
            "file:///etc/passwd",
            "https://user@id.example/",
        ] {
            for change in [
                (|m, to| m.jwks_uri = to) as fn(&mut Metadata, String),
                |m, to| m.token_endpoint = to,
                |m, to| m.authorization_endpoint = to,
            ] {
                let mut lying = metadata();
                change(&mut lying, inside.to_owned());
                let trouble = sound(&kernel, &lying, "https://id.example").expect_err("must be refused");
                assert!(matches!(trouble, Trouble::Address(..)), "{inside}: {trouble}");
            }
            // The call itself is guarded too, whatever was checked before (userinfo is not asked of everybody).
            assert!(matches!(call(&kernel, Method::GET, inside), Err(Trouble::Address(..))), "{inside}");
        }
        // A name that leads inside is refused when it is resolved.
        let error = keys(&kernel, "https://localhost/keys").await.expect_err("must be refused");
        assert!(matches!(error, Trouble::Address(..)), "{error}");
    }
}
