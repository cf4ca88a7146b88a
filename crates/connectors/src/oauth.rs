//! Permission to read an outside system: OAuth 2.0 for every source that has it, and the credentials a source is made with.
//!
//! Rules a newcomer would break: a refresh may replace the refresh token, so what [`OAuthApp::refresh`] returned is stored before
//! it is used; an answer without a refresh token means that the old one stays good; what was granted may be less than what was
//! asked for, so compare [`Tokens::scopes`].

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use kernel::config::Secret;
use kernel::http::header::ACCEPT;
use kernel::http::{Http, Method, Response, Url};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Map, Value, json};

pub use self::access::{Access, Renew, Renewal};
use crate::call::unreached;
use crate::source::SourceError;
use crate::wire::each;

mod access;

/// How our app proves itself at the token endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenStyle {
    /// Client id and secret in a form, with the grant.
    #[default]
    Form,
    /// Client id and secret in `Authorization: Basic`, the grant in a form.
    Basic,
    /// All of it as JSON.
    Json,
    /// All of it in the address of a `GET`, as the Graph wants it. There are no refresh tokens then: an access token that still
    /// works is traded for one that lasts, so the access token stands in the place of the refresh token.
    Query,
}

/// A token that is traded is traded this long before it ends: afterwards only a person could connect again.
const TRADED_EARLY_DAYS: i64 = 7;

/// Our app at an outside system.
#[derive(Clone, Debug, Default)]
pub struct OAuthApp {
    /// The system's name: of its breaker, and in errors.
    pub service: String,
    /// Public.
    pub client_id: String,
    /// Empty for a public client, which then proves itself by PKCE alone.
    pub client_secret: Secret,
    /// The consent page.
    pub authorise_url: String,
    /// Where codes and refresh tokens are exchanged.
    pub token_url: String,
    /// What we ask for.
    pub scopes: Vec<String>,
    /// Between scopes; a space where nothing is set.
    pub scope_separator: Option<char>,
    /// What else the consent page wants, such as `access_type=offline`.
    pub extra: Vec<(String, String)>,
    /// Whether a code is bound to a verifier.
    pub pkce: bool,
    /// How the app proves itself.
    pub style: TokenStyle,
}

/// Where a person gives consent, and what to keep until the code comes back.
#[derive(Clone, Debug)]
pub struct Consent {
    /// The consent page.
    pub url: String,
    /// The PKCE verifier, where the app uses one.
    pub verifier: Option<Secret>,
}

/// What a token endpoint gave.
#[derive(Clone, PartialEq)]
pub struct Tokens {
    /// For calls.
    pub access_token: Secret,
    /// For a new access token.
    pub refresh_token: Option<Secret>,
    /// When the access token ends; `None`: it does not, or nobody says.
    pub expires_at: Option<DateTime<Utc>>,
    /// What was granted, where it was told.
    pub scopes: Vec<String>,
    /// What else was told, such as `instance_url` or `merchant_id`; no secrets.
    pub more: Map<String, Value>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("expires_at", &self.expires_at)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

impl Tokens {
    /// An access token that nobody refreshes.
    pub fn fixed(access_token: Secret) -> Self {
        Self { access_token, refresh_token: None, expires_at: None, scopes: Vec::new(), more: Map::new() }
    }

    /// Reads an answer of a token endpoint that came at `now`.
    pub fn read(answer: &Value, now: DateTime<Utc>) -> Option<Self> {
        let secret = |name: &str| answer[name].as_str().filter(|text| !text.is_empty()).map(Secret::new);
        let seconds = answer["expires_in"].as_i64().or_else(|| answer["expires_in"].as_str()?.parse().ok());
        let at = || DateTime::parse_from_rfc3339(answer["expires_at"].as_str()?).ok().map(|at| at.with_timezone(&Utc));
        let after = |seconds: i64| now.checked_add_signed(Duration::try_seconds(seconds)?);
        let given = answer["scope"].as_str().unwrap_or_default().split([' ', ',']);
        let listed = each(&answer["scopes"]).filter_map(Value::as_str);
        let mut more = answer.as_object().cloned().unwrap_or_default();
        let told_above = ["scope", "scopes", "expires_in", "expires_at", "more"];
        more.retain(|name, value| {
            let plain = value.is_string() || value.is_number();
            plain && !name.contains("token") && !told_above.contains(&name.as_str())
        });
        Some(Self {
            access_token: secret("access_token")?,
            refresh_token: secret("refresh_token"),
            // Graph writes 0 for a token that does not end.
            expires_at: seconds.filter(|seconds| *seconds > 0).and_then(after).or_else(at),
            scopes: given.chain(listed).filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
            more,
        })
    }

    /// All of it as JSON, to be sealed; it holds the secrets in the open.
    pub fn to_sealable(&self) -> Value {
        json!({
            "access_token": self.access_token.reveal(),
            "refresh_token": self.refresh_token.as_ref().map(Secret::reveal),
            "expires_at": self.expires_at.map(|at| at.to_rfc3339()),
            "scopes": self.scopes,
            "more": self.more,
        })
    }

    /// The opposite of [`Tokens::to_sealable`].
    pub fn from_sealable(kept: &Value) -> Option<Self> {
        let mut tokens = Self::read(kept, DateTime::UNIX_EPOCH)?;
        tokens.more = kept["more"].as_object().cloned().unwrap_or_default();
        Some(tokens)
    }
}

impl OAuthApp {
    /// Where a person gives consent; `state` comes back with the code.
    pub fn authorise_url(&self, state: &str, redirect_uri: &str) -> Result<Consent, SourceError> {
        let mut url = Url::parse(&self.authorise_url)
            .map_err(|error| SourceError::Refused(format!("the address of the consent page is wrong: {error}")))?;
        let verifier = if self.pkce { Some(verifier()?) } else { None };
        let separator = self.scope_separator.unwrap_or(' ').to_string();
        let mut query = url.query_pairs_mut();
        query.append_pair("response_type", "code");
        query.append_pair("client_id", &self.client_id);
        query.append_pair("redirect_uri", redirect_uri);
        query.append_pair("state", state);
        if !self.scopes.is_empty() {
            query.append_pair("scope", &self.scopes.join(&separator));
        }
        query.extend_pairs(&self.extra);
        if let Some(verifier) = &verifier {
            query.append_pair("code_challenge", &challenge(verifier.reveal()));
            query.append_pair("code_challenge_method", "S256");
        }
        drop(query);
        Ok(Consent { url: url.into(), verifier })
    }

    /// Turns the code into tokens. A code is good once.
    pub async fn exchange(
        &self,
        http: &Http,
        code: &str,
        redirect_uri: &str,
        verifier: Option<&Secret>,
    ) -> Result<Tokens, SourceError> {
        let mut grant = vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri)];
        grant.extend(verifier.map(|verifier| ("code_verifier", verifier.reveal())));
        let tokens = self.token(http, &grant).await?;
        // What comes for a code lasts an hour or two.
        if self.style == TokenStyle::Query { self.refresh(http, &tokens.access_token).await } else { Ok(tokens) }
    }

    /// New tokens. [`SourceError::Reconnect`] when the grant is gone and a person must consent again.
    pub async fn refresh(&self, http: &Http, refresh_token: &Secret) -> Result<Tokens, SourceError> {
        if self.style == TokenStyle::Query {
            let grant = [("grant_type", "fb_exchange_token"), ("fb_exchange_token", refresh_token.reveal())];
            let tokens = self.token(http, &grant).await?;
            return Ok(Tokens {
                refresh_token: Some(tokens.access_token.clone()),
                expires_at: tokens.expires_at.map(|at| at - Duration::days(TRADED_EARLY_DAYS)),
                ..tokens
            });
        }
        let grant = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.reveal())];
        let mut tokens = self.token(http, &grant).await?;
        tokens.refresh_token.get_or_insert_with(|| refresh_token.clone());
        Ok(tokens)
    }

    async fn token(&self, http: &Http, grant: &[(&str, &str)]) -> Result<Tokens, SourceError> {
        let mut fields = grant.to_vec();
        if self.style != TokenStyle::Basic {
            fields.push(("client_id", &self.client_id));
            if !self.client_secret.is_empty() {
                fields.push(("client_secret", self.client_secret.reveal()));
            }
        }
        let method = if self.style == TokenStyle::Query { Method::GET } else { Method::POST };
        let request = http.request(self.service.clone(), method, &self.token_url).header(ACCEPT, "application/json");
        let request = match self.style {
            TokenStyle::Form => request.form(&fields),
            TokenStyle::Basic => request.basic(&self.client_id, self.client_secret.reveal()).form(&fields),
            TokenStyle::Query => request.query(&fields),
            TokenStyle::Json => {
                let fields: Map<String, Value> =
                    fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
                request.json(&fields)
            }
        };
        let response = request.send().await.map_err(|error| unreached(&error))?;
        let now = http.clock().now();
        if !response.status.is_success() {
            return Err(refused(&response, now));
        }
        let answer: Value = response.json().map_err(|error| SourceError::Malformed(error.to_string()))?;
        // Some systems answer 200 with an error in it.
        if !answer["error"].is_null() && answer["access_token"].is_null() {
            return Err(refused(&response, now));
        }
        Tokens::read(&answer, now).ok_or_else(|| SourceError::Malformed("the answer has no access token".to_owned()))
    }
}

/// Words that mean: this grant is gone.
const GONE: [&str; 6] = [
    "invalid_grant",
    "bad_refresh_token",
    "bad_auth_code",
    "access_denied",
    "consent_required",
    "interaction_required",
];

fn refused(response: &Response, now: DateTime<Utc>) -> SourceError {
    let status = response.status.as_u16();
    let answer: Value = response.json().unwrap_or_default();
    if status == 429 {
        return SourceError::RateLimited { retry_after: response.retry_after(now) };
    }
    if status >= 500 {
        return SourceError::Unavailable(format!("its token endpoint answered {status}"));
    }
    // RFC 6749 has a word; Graph an object; others a category or a code.
    let word = [&answer["error"], &answer["category"], &answer["status"], &answer["error"]["type"], &answer["code"]];
    let word = word.into_iter().find_map(Value::as_str).unwrap_or_default();
    let text = [&answer["error_description"], &answer["message"], &answer["error"]["message"]];
    let text = text.into_iter().find_map(Value::as_str).unwrap_or_default();
    let said = match (word, text) {
        ("", "") => format!("its token endpoint answered {status}"),
        (word, "") => word.to_owned(),
        ("", text) => text.to_owned(),
        (word, text) => format!("{word}: {text}"),
    };
    let graph = answer["error"]["code"].as_i64().is_some_and(|code| matches!(code, 100 | 102 | 190 | 450 | 452));
    if graph || GONE.contains(&word.to_ascii_lowercase().as_str()) {
        SourceError::Reconnect(said)
    } else {
        SourceError::Refused(said)
    }
}

/// A new PKCE verifier.
fn verifier() -> Result<Secret, SourceError> {
    let mut random = [0_u8; 32];
    SystemRandom::new().fill(&mut random).map_err(|_| SourceError::Unavailable("no randomness".to_owned()))?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(random)))
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// What a source is made with. How it travels (header, query, basic) is each connector's business.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// An access token that may be renewed.
    OAuth(Access),
    /// A key or a token that stays as it is.
    Key(Secret),
    /// A user (or access key) and its secret.
    Basic {
        /// Public half.
        user: String,
        /// Secret half.
        secret: Secret,
    },
    /// An app's key, and a member of staff who signs in with it.
    Staff {
        /// The app's key.
        api_key: Secret,
        /// Who signs in.
        user: String,
        /// With what.
        password: Secret,
    },
}

impl Credentials {
    /// An access token that nobody renews.
    pub fn token(access_token: impl Into<String>) -> Self {
        Self::OAuth(Access::fixed(Tokens::fixed(Secret::new(access_token))))
    }

    /// A key.
    pub fn key(key: impl Into<String>) -> Self {
        Self::Key(Secret::new(key))
    }

    /// A user and a secret.
    pub fn basic(user: impl Into<String>, secret: impl Into<String>) -> Self {
        Self::Basic { user: user.into(), secret: Secret::new(secret) }
    }

    /// The secret that goes with a call at `now`: the access token (renewed when it is about to end), the key, or the basic
    /// secret; a staff's API key.
    pub async fn secret(&self, now: DateTime<Utc>) -> Result<Secret, SourceError> {
        match self {
            Self::OAuth(access) => access.token(now).await,
            Self::Key(secret) | Self::Basic { secret, .. } | Self::Staff { api_key: secret, .. } => Ok(secret.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app() -> OAuthApp {
        OAuthApp {
            service: "test".into(),
            client_id: "id".into(),
            client_secret: Secret::new("hush"),
            authorise_url: "https://accounts.example.com/auth?theme=dark".into(),
            scopes: vec!["a".into(), "b.c".into()],
            extra: vec![("access_type".into(), "offline".into())],
            pkce: true,
            ..OAuthApp::default()
        }
    }

    #[test]
    fn the_consent_page_gets_all_it_needs_and_no_secret() {
        let consent = app().authorise_url("s t", "https://us.example.com/back").expect("an address");
        let url = Url::parse(&consent.url).expect("an address");
        let query: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!(
            (query["theme"].as_str(), query["scope"].as_str(), query["state"].as_str()),
            ("dark", "a b.c", "s t")
        );
        assert_eq!(query["access_type"], "offline");
        assert_eq!(query["code_challenge"], challenge(consent.verifier.expect("a verifier").reveal()));
        assert!(!consent.url.contains("hush"));
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn tokens_survive_being_kept_and_do_not_show() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).expect("an instant");
        let answer = json!({
            "access_token": "at-1", "refresh_token": "rt-1", "expires_in": "3600", "scope": "a b.c", "id_token": "x.y.z",
            "instance_url": "https://na1.example.com",
        });
        let tokens = Tokens::read(&answer, now).expect("tokens");
        assert_eq!(tokens.expires_at, Some(now + Duration::seconds(3600)));
        assert_eq!(tokens.scopes, ["a", "b.c"]);
        assert_eq!(tokens.more["instance_url"], "https://na1.example.com");
        assert_eq!(tokens.more.len(), 1, "neither secrets nor what has its own place: {:?}", tokens.more);
        assert_eq!(Tokens::from_sealable(&tokens.to_sealable()), Some(tokens.clone()));
        let shown = format!("{tokens:?} {:?} {:?}", app(), Credentials::basic("user", "hush"));
        assert!(!shown.contains("at-1") && !shown.contains("rt-1") && !shown.contains("hush"), "{shown}");
        assert_eq!(Tokens::read(&json!({"token_type": "bearer"}), now), None);
    }
}
