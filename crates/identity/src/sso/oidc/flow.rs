//! `/auth/oidc/{connection}/start` and `/callback`: to the provider and back.
//!
//! What was begun is kept in the database under the hash of `state`, taken once, and bound to the browser by a cookie: a
//! callback that somebody else began, or that comes twice, ends here.

// Providers add parameters of their own (`session_state`, `scope`, …), which our own reader would refuse.
use axum::extract::{Query as Lenient, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use kernel::Kernel;
use kernel::audit::{self, AuditEntry};
use kernel::db::system;
use kernel::ids::{OrgId, SsoId};
use kernel::ledger::Actor;
use ring::digest;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shell::{App, AppError, Path, Query, RequestInfo};

use super::id_token::{Claims, Expected};
use super::provider::{Refused, address};
use super::token::{self, Client};
use super::{Settings, Untrusted, callback_url, proof, secret};
use crate::origin::Origin;
use crate::sign_in::page::inside;
use crate::sso::arrive::arrive;
use crate::sso::{Proof, browser, refused};
use crate::store::sso::attempts;
use crate::store::sso::connections::{self, Connection, Kind};
use crate::{Identity, secrets};

/// How long somebody may take at the provider.
const LASTS: Duration = Duration::minutes(10);

/// What is compared on the way back.
#[derive(Serialize, Deserialize)]
struct Kept {
    issuer: String,
    nonce: String,
    verifier: String,
    return_to: String,
}

#[derive(Deserialize)]
pub(crate) struct Start {
    #[serde(default)]
    return_to: String,
    #[serde(default)]
    login_hint: String,
}

#[derive(Deserialize)]
pub(crate) struct Back {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
    iss: Option<String>,
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

/// Sends the browser to the provider.
pub(crate) async fn start(
    State(identity): State<Identity>,
    State(app): State<App>,
    info: RequestInfo,
    headers: HeaderMap,
    Path(id): Path<SsoId>,
    Query(start): Query<Start>,
) -> Result<Response, AppError> {
    let (org, connection) = find(identity.kernel(), id).await?;
    match begin(&identity, &app, &headers, org, &connection, &start).await {
        Ok((url, cookie)) => Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::to(&url)).into_response()),
        Err(error) => refused::page(&info, &error),
    }
}

async fn begin(
    identity: &Identity,
    app: &App,
    headers: &HeaderMap,
    org: OrgId,
    connection: &Connection,
    start: &Start,
) -> Result<(String, HeaderValue), AppError> {
    let kernel = identity.kernel();
    let settings = Settings::of(connection)?;
    let provider = identity.providers().of(kernel, connection).await;
    let provider =
        provider.map_err(|trouble| AppError::unavailable(format!("your provider cannot be asked: {trouble}")))?;
    let (state, cookie) = (secrets::fresh("")?, browser::cookie(headers, app)?);
    let kept = Kept {
        issuer: connection.issuer.clone(),
        nonce: secrets::fresh("")?,
        verifier: secrets::fresh("")?,
        return_to: inside(&start.return_to).to_owned(),
    };
    let mut url =
        address(kernel, &provider.metadata.authorization_endpoint).map_err(|e| AppError::unavailable(e.to_string()))?;
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &settings.client_id)
        .append_pair("redirect_uri", &callback_url(&app.settings().public_url, connection.id))
        .append_pair("scope", &settings.scope())
        .append_pair("state", &state)
        .append_pair("nonce", &kept.nonce)
        .append_pair("code_challenge", &challenge(&kept.verifier))
        .append_pair("code_challenge_method", "S256");
    if !start.login_hint.is_empty() && start.login_hint.len() <= 254 {
        url.query_pairs_mut().append_pair("login_hint", &start.login_hint);
    }
    if !settings.hosted_domain.is_empty() {
        url.query_pairs_mut().append_pair("hd", &settings.hosted_domain);
    }
    let kept = serde_json::to_value(kept).map_err(AppError::internal)?;
    let mut tx = kernel.db.begin(org).await?;
    attempts::add(&mut tx, connection.id, (&state, cookie.value()), &kept, LASTS).await?;
    tx.commit().await?;
    Ok((url.into(), cookie.header()?))
}

/// Takes the browser back from the provider and, when everything holds, opens a session.
pub(crate) async fn callback(
    State(identity): State<Identity>,
    State(app): State<App>,
    info: RequestInfo,
    origin: Origin,
    headers: HeaderMap,
    (Path(id), Lenient(back)): (Path<SsoId>, Lenient<Back>),
) -> Result<Response, AppError> {
    let (org, connection) = find(identity.kernel(), id).await?;
    let entered = async {
        let kept = take(identity.kernel(), &app, &headers, org, &connection, &back).await?;
        let proof = match prove(&identity, &app, org, &connection, &kept, &back).await {
            Ok(proof) => proof,
            Err(refused) => return Err(note(identity.kernel(), org, &connection, refused, &origin).await?),
        };
        let cookie = arrive(&identity, org, &connection, &proof, &origin).await?;
        Ok::<_, AppError>((cookie, kept.return_to))
    };
    match entered.await {
        Ok((cookie, return_to)) => {
            let cookies = [(header::SET_COOKIE, cookie.header(&app)?), (header::SET_COOKIE, browser::cleared(&app))];
            Ok((AppendHeaders(cookies), Redirect::to(inside(&return_to))).into_response())
        }
        Err(error) => refused::page(&info, &error),
    }
}

/// The connection behind an address, while it is in use.
async fn find(kernel: &Kernel, id: SsoId) -> Result<(OrgId, Connection), AppError> {
    let none = || AppError::not_found("connection");
    let org = system::sso_organisation(&kernel.db, id).await?.ok_or_else(none)?;
    let mut tx = kernel.db.begin(org).await?;
    let connection = connections::find(&mut tx, id).await?.ok_or_else(none)?;
    if connection.enabled && connection.kind == Kind::Oidc { Ok((org, connection)) } else { Err(none()) }
}

/// What was begun: taken once, by the browser that began it, before it ends.
async fn take(
    kernel: &Kernel,
    app: &App,
    headers: &HeaderMap,
    org: OrgId,
    connection: &Connection,
    back: &Back,
) -> Result<Kept, AppError> {
    let mut tx = kernel.db.begin(org).await?;
    let attempt = attempts::take(&mut tx, connection.id, &back.state).await?;
    tx.commit().await?;
    let over = || AppError::bad_request("this sign-in has ended or was used already; start it again");
    let attempt = attempt.ok_or_else(over)?;
    if !browser::is_same(headers, app, &attempt.browser_hash) {
        return Err(AppError::bad_request("this sign-in was begun in another browser; start it again in this one"));
    }
    serde_json::from_value(attempt.kept).map_err(|_| over())
}

/// Everything between the provider's redirect and a proven person.
async fn prove(
    identity: &Identity,
    app: &App,
    org: OrgId,
    connection: &Connection,
    kept: &Kept,
    back: &Back,
) -> Result<Proof, Failed> {
    let kernel = identity.kernel();
    let settings = Settings::of(connection)?;
    let provider = identity.providers().of(kernel, connection).await;
    let provider = provider.map_err(|trouble| Refused::Trouble((*trouble).clone()))?;
    let metadata = &provider.metadata;
    // An answer of another provider, carried to this one's address (RFC 9207).
    let named =
        back.iss.as_deref().or((!metadata.authorization_response_iss_parameter_supported).then_some(&kept.issuer));
    if named != Some(connection.issuer.as_str()) || kept.issuer != connection.issuer {
        return Err(Refused::from(Untrusted("it comes from another provider (iss)")).into());
    }
    if !back.error.is_empty() || back.code.is_empty() {
        let said = if back.error.is_empty() { "it sent no code" } else { back.error.as_str() };
        return Err(Refused::Denied(token::brief(format!("{said} {}", back.error_description).trim())).into());
    }
    let secret = secret(kernel, org, connection).await?;
    let client = Client { kernel, metadata, settings: &settings, secret: &secret };
    let callback = callback_url(&app.settings().public_url, connection.id);
    let tokens = client.exchange(&back.code, &kept.verifier, &callback).await?;
    let (payload, alg) = provider.proved(kernel, &tokens.id_token).await?;
    let mut claims = Claims::read(&payload).map_err(Refused::from)?;
    let now = kernel.clock.now().timestamp();
    let (issuer, client_id, access_token) = (&connection.issuer, &settings.client_id, &tokens.access_token);
    claims.check(&Expected { issuer, client_id, nonce: &kept.nonce, now, alg, access_token }).map_err(Refused::from)?;
    let wants_groups = !connection.group_roles.is_empty();
    if wants_groups && claims.groups_left_out(settings.groups_claim()) {
        return Err(Refused::Denied(
            "you are in more groups than your provider tells; assign the groups to the application".into(),
        )
        .into());
    }
    if (!claims.has("email") || (wants_groups && !claims.has(settings.groups_claim())))
        && let Some(more) = client.userinfo(access_token).await?
    {
        claims.add(more).map_err(Refused::from)?;
    }
    Ok(proof(&settings, &claims).map_err(Refused::from)?)
}

/// Why there is no proof: the provider's doing, or ours.
enum Failed {
    Refused(Refused),
    Ours(AppError),
}

impl From<Refused> for Failed {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<AppError> for Failed {
    fn from(error: AppError) -> Self {
        Self::Ours(error)
    }
}

/// Writes down why a provider's answer was refused, and words it for the person.
async fn note(
    kernel: &Kernel,
    org: OrgId,
    connection: &Connection,
    failed: Failed,
    origin: &Origin,
) -> Result<AppError, AppError> {
    let refused = match failed {
        Failed::Refused(refused) => refused,
        Failed::Ours(error) => return Ok(error),
    };
    let text = refused.to_string();
    let mut tx = kernel.db.begin(org).await?.called_from(origin.caller());
    let entry = AuditEntry::new(Actor::System, "sso.failed").about(connection.id).detail(json!({ "why": text }));
    audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    tx.commit().await?;
    Ok(match refused {
        Refused::Trouble(_) => AppError::unavailable(format!("your provider cannot be asked: {text}")),
        Refused::Untrusted(_) | Refused::Denied(_) => AppError::forbidden(text),
    })
}

/// `BASE64URL(SHA256(verifier))` (RFC 7636).
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_challenge_is_that_of_rfc_7636() {
        let challenge = super::challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
