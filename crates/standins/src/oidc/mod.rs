//! An `OpenID` provider that approves everybody at once, for one client and one person at a time. It checks what a provider
//! checks (the client, the redirect address, PKCE, codes used once), and can be told to lie in each way that a relying party
//! must notice.
//!
//! A newcomer's mistake: making a lie the default. Without a [`Twist`] everything it says is true.

mod keys;
mod token;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use crate::delivery::Courier;
use crate::server::{Handle, Shared, Standin, locked};
use keys::Keys;

/// The one client it knows.
#[derive(Clone, Debug)]
pub struct OidcConfig {
    /// Its id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Of ids and codes.
    pub seed: u64,
}

impl Default for OidcConfig {
    fn default() -> Self {
        // Both have characters that must be encoded before they are joined in an `Authorization` header.
        Self { client_id: "recoup:web/1".into(), client_secret: "s3cr3t +/%:é".into(), seed: 1 }
    }
}

/// A lie, told until another is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Twist {
    /// The truth.
    #[default]
    None,
    /// The token names another issuer.
    Issuer,
    /// The token is meant for another client.
    Audience,
    /// The token is meant for us and another, and was issued to the other.
    AuthorizedParty,
    /// The token answers another request.
    Nonce,
    /// The token answers no request.
    NoNonce,
    /// The token expired an hour ago.
    Expired,
    /// The token was issued in an hour.
    Future,
    /// The token is not valid before an hour.
    NotYet,
    /// The token belongs to another access token.
    AccessHash,
    /// The token is not signed.
    AlgNone,
    /// The token is "signed" by HMAC with the public key as the secret.
    AlgHmac,
    /// The token names a key that is not published.
    UnknownKey,
    /// The token is signed with a key that is not published, under the name of one that is.
    ForeignKey,
    /// The redirect carries another `state`.
    State,
    /// The redirect says it comes from another provider.
    MixUp,
    /// The redirect does not say where it comes from, though discovery promises it.
    NoIss,
    /// The person says no.
    Denied,
    /// Userinfo is about another person.
    Userinfo,
}

/// The provider.
pub struct Oidc {
    /// How it was set up.
    pub config: OidcConfig,
    shared: Arc<Shared>,
    state: Mutex<Inside>,
}

struct Inside {
    twist: Twist,
    keys: Keys,
    /// Claims of the ID token.
    person: Map<String, Value>,
    /// Claims that only userinfo tells.
    userinfo: Map<String, Value>,
    /// What discovery says instead, or besides.
    discovery: Map<String, Value>,
    grants: BTreeMap<String, Grant>,
    access: BTreeMap<String, String>,
}

/// A code that was given out.
#[derive(Clone)]
struct Grant {
    redirect_uri: String,
    challenge: String,
    nonce: String,
}

impl Standin for Oidc {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn courier(&self) -> Option<&Courier> {
        None
    }
}

impl Oidc {
    /// Starts a provider on `bind`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(config: OidcConfig, bind: SocketAddr) -> std::io::Result<Handle<Self>> {
        let shared = Shared::new("oidc", config.seed, |status, _| {
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        });
        let state = Inside {
            twist: Twist::None,
            keys: Keys::new(),
            person: Map::new(),
            userinfo: Map::new(),
            discovery: Map::new(),
            grants: BTreeMap::new(),
            access: BTreeMap::new(),
        };
        let oidc = Arc::new(Self { config, shared, state: Mutex::new(state) });
        Handle::start(bind, Arc::clone(&oidc), routes(oidc)).await
    }

    /// Whoever signs in next, as claims of the ID token; `sub` is among them.
    pub fn person(&self, claims: Value) {
        locked(&self.state).person = object(claims);
    }

    /// What only the userinfo endpoint tells.
    pub fn userinfo(&self, claims: Value) {
        locked(&self.state).userinfo = object(claims);
    }

    /// Lies from now on.
    pub fn twist(&self, twist: Twist) {
        locked(&self.state).twist = twist;
    }

    /// Says something else in the discovery document; null leaves a field out.
    pub fn discovery(&self, fields: Value) {
        locked(&self.state).discovery.extend(object(fields));
    }

    /// Signs with a new key from now on; the old one is published no more.
    pub fn rotate(&self) {
        locked(&self.state).keys.rotate();
    }

    /// Signs with the other published key, of the other algorithm.
    pub fn other_key(&self) {
        locked(&self.state).keys.swap();
    }

    /// How often the keys were asked for.
    pub fn keys_asked(&self) -> u64 {
        self.shared.counted("jwks")
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn routes(oidc: Arc<Oidc>) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/jwks", get(jwks))
        .route("/authorize", get(authorize))
        .route("/token", post(token::exchange))
        .route("/userinfo", get(token::userinfo))
        .with_state(oidc)
}

async fn discovery(State(oidc): State<Arc<Oidc>>) -> Json<Value> {
    let base = oidc.shared.base_url();
    let mut document = object(json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/authorize?tenant=one"),
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/jwks"),
        "userinfo_endpoint": format!("{base}/userinfo"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "EdDSA"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    }));
    for (name, value) in &locked(&oidc.state).discovery {
        if value.is_null() {
            document.remove(name);
        } else {
            document.insert(name.clone(), value.clone());
        }
    }
    Json(Value::Object(document))
}

async fn jwks(State(oidc): State<Arc<Oidc>>) -> Json<Value> {
    oidc.shared.count("jwks");
    Json(json!({ "keys": locked(&oidc.state).keys.published() }))
}

async fn authorize(State(oidc): State<Arc<Oidc>>, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let get = |name: &str| asked.get(name).cloned().unwrap_or_default();
    let sound = get("response_type") == "code"
        && get("client_id") == oidc.config.client_id
        && get("scope").split(' ').any(|scope| scope == "openid")
        && get("code_challenge_method") == "S256"
        && get("code_challenge").len() == 43
        && get("state").len() >= 22
        && get("tenant") == "one";
    if !sound {
        return (StatusCode::BAD_REQUEST, format!("not an authorization request: {asked:?}")).into_response();
    }
    let mut state = locked(&oidc.state);
    let code = format!("code-{}", oidc.shared.dice.word(24));
    let redirect_uri = get("redirect_uri");
    let grant = Grant { redirect_uri: redirect_uri.clone(), challenge: get("code_challenge"), nonce: get("nonce") };
    state.grants.insert(code.clone(), grant);
    let mut back = vec![("state", get("state"))];
    match state.twist {
        Twist::Denied => {
            back.push(("error", "access_denied".into()));
            back.push(("error_description", "The person <b>said no</b>".into()));
        }
        _ => back.push(("code", code)),
    }
    match state.twist {
        Twist::State => back[0].1 = "another-state-another-state-another-state-x".into(),
        Twist::MixUp => back.push(("iss", "https://honest.example".into())),
        _ => {}
    }
    if !matches!(state.twist, Twist::MixUp | Twist::NoIss) {
        back.push(("iss", oidc.shared.base_url().to_owned()));
    }
    let query: Vec<String> = back.iter().map(|(name, value)| format!("{name}={}", token::encoded(value))).collect();
    (StatusCode::SEE_OTHER, [(header::LOCATION, format!("{redirect_uri}?{}", query.join("&")))]).into_response()
}
