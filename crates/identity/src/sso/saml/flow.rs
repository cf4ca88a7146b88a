//! `/auth/saml/{connection}/start`, `/acs`, `/finish` and `/metadata`.
//!
//! The identity provider's page posts the response to `/acs` from its own site, so no cookie of ours comes with it. What is
//! posted is checked there and used up, and the browser is sent on to `/finish` with a ticket: that is a plain navigation, on
//! which the cookie of the browser that began does come. So a response that somebody else's browser earned signs nobody
//! in here, over HTTP as over HTTPS, and no cookie has to be open to other sites.

use axum::extract::{Form, State};
use axum::http::{HeaderMap, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Duration;
use kernel::Kernel;
use kernel::audit::{self, AuditEntry};
use kernel::db::{OrgTx, system};
use kernel::ids::{OrgId, SsoId};
use kernel::ledger::Actor;
use saml::{AuthnRequest, Expected, Refusal, ServiceProvider, SignIn};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shell::{App, AppError, Path, Query, RequestInfo};

use super::{Addresses, Settings};
use crate::origin::Origin;
use crate::sign_in::page::inside;
use crate::sso::arrive::arrive;
use crate::sso::{Proof, browser, refused};
use crate::store::sso::assertions;
use crate::store::sso::attempts::{self, Attempt};
use crate::store::sso::connections::{self, Connection, Kind};
use crate::{Identity, secrets};

/// How long somebody may take at the identity provider.
const LASTS: Duration = Duration::minutes(10);
/// How long the browser may take from `/acs` to `/finish`.
const TICKET_LASTS: Duration = Duration::minutes(1);

/// What is kept of somebody on their way.
#[derive(Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
enum Kept {
    /// At the identity provider: what the response has to answer.
    Provider { request: String, return_to: String },
    /// Between `/acs` and `/finish`: who was proven, sealed.
    Ticket { proof: String, return_to: String },
}

#[derive(Deserialize)]
pub(crate) struct Start {
    #[serde(default)]
    return_to: String,
    /// A request has no place for it that providers read.
    #[serde(default, rename = "login_hint")]
    _login_hint: String,
}

#[derive(Deserialize)]
pub(crate) struct Posted {
    #[serde(rename = "SAMLResponse", default)]
    response: String,
    #[serde(rename = "RelayState", default)]
    relay_state: String,
}

#[derive(Deserialize)]
pub(crate) struct Finish {
    #[serde(default)]
    ticket: String,
}

/// Sends the browser to the identity provider.
pub(crate) async fn start(
    State(identity): State<Identity>,
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<SsoId>,
    Query(start): Query<Start>,
) -> Result<Response, AppError> {
    let kernel = identity.kernel();
    let (org, connection) = in_use(kernel, id).await?;
    let settings = Settings::of(&connection)?;
    let ours = Addresses::of(&app.settings().public_url, id);
    let (relay_state, cookie) = (secrets::fresh("")?, browser::cookie(&headers, &app)?);
    let request = AuthnRequest::id(secrets::random()?);
    let format = Some(settings.name_id_format.as_str()).filter(|format| !format.is_empty());
    let url = AuthnRequest {
        id: &request,
        issued: kernel.clock.now(),
        issuer: &ours.entity_id,
        acs: &ours.acs,
        destination: &settings.sso_url,
        name_id_format: format,
    }
    .redirect(&relay_state);
    let kept = Kept::Provider { request, return_to: inside(&start.return_to).to_owned() };
    let kept = serde_json::to_value(kept).map_err(AppError::internal)?;
    let mut tx = kernel.db.begin(org).await?;
    attempts::add(&mut tx, id, (&relay_state, cookie.value()), &kept, LASTS).await?;
    tx.commit().await?;
    Ok((AppendHeaders([(header::SET_COOKIE, cookie.header()?)]), Redirect::to(&url)).into_response())
}

/// Our metadata for this connection; also before the connection is in use, since that is when it is needed.
pub(crate) async fn metadata(
    State(identity): State<Identity>,
    State(app): State<App>,
    Path(id): Path<SsoId>,
) -> Result<Response, AppError> {
    find(identity.kernel(), id).await?;
    let Addresses { entity_id, acs } = Addresses::of(&app.settings().public_url, id);
    let document = ServiceProvider { entity_id: &entity_id, acs: &acs }.metadata();
    Ok(([(header::CONTENT_TYPE, "application/samlmetadata+xml")], document).into_response())
}

/// Takes a response that the identity provider's page posted.
pub(crate) async fn acs(
    State(identity): State<Identity>,
    State(app): State<App>,
    info: RequestInfo,
    origin: Origin,
    Path(id): Path<SsoId>,
    // Not our own form, which refuses unknown fields: a provider may add some.
    Form(posted): Form<Posted>,
) -> Result<Response, AppError> {
    let visit = Visit::of(identity, app, origin, id).await?;
    let followed = match visit.receive(&posted).await {
        Ok(Next::Finish(ticket)) => {
            return Ok(Redirect::to(&format!("/auth/saml/{id}/finish?ticket={ticket}")).into_response());
        }
        Ok(Next::Enter(proof)) => visit.enter(&proof, "").await,
        Err(error) => Err(error),
    };
    followed.or_else(|error| refused::page(&info, &error))
}

/// Lets the browser in that began what was proven at `/acs`.
pub(crate) async fn finish(
    State(identity): State<Identity>,
    State(app): State<App>,
    info: RequestInfo,
    origin: Origin,
    headers: HeaderMap,
    (Path(id), Query(finish)): (Path<SsoId>, Query<Finish>),
) -> Result<Response, AppError> {
    let visit = Visit::of(identity, app, origin, id).await?;
    let followed = match visit.redeem(&headers, &finish.ticket).await {
        Ok((proof, return_to)) => visit.enter(&proof, &return_to).await,
        Err(error) => Err(error),
    };
    followed.or_else(|error| refused::page(&info, &error))
}

/// Somebody on the way back from an identity provider.
struct Visit {
    identity: Identity,
    app: App,
    origin: Origin,
    org: OrgId,
    connection: Connection,
}

/// A request that waits for its response.
struct Outstanding {
    request: String,
    return_to: String,
    browser_hash: Vec<u8>,
}

/// What follows a response that holds.
enum Next {
    /// The browser that began shows itself.
    Finish(String),
    /// The identity provider began, so there is no browser to compare with.
    Enter(Proof),
}

impl Visit {
    async fn of(identity: Identity, app: App, origin: Origin, id: SsoId) -> Result<Self, AppError> {
        let (org, connection) = in_use(identity.kernel(), id).await?;
        Ok(Self { identity, app, origin, org, connection })
    }

    async fn tx(&self) -> Result<OrgTx, AppError> {
        Ok(self.identity.kernel().db.begin(self.org).await?.called_from(self.origin.caller()))
    }

    async fn receive(&self, posted: &Posted) -> Result<Next, AppError> {
        let outstanding = self.outstanding(&posted.relay_state).await?;
        if outstanding.is_none() && !self.connection.idp_initiated {
            return Err(over());
        }
        let settings = Settings::of(&self.connection)?;
        let read = self.read(&settings, outstanding.as_ref(), &posted.response)?;
        let mut tx = self.tx().await?;
        let sign_in = match read {
            Ok(sign_in) => sign_in,
            Err(refusal) => return Err(self.note(tx, &refusal.to_string()).await?),
        };
        let id = self.connection.id;
        if !assertions::use_once(&mut tx, id, &sign_in.assertion_id, sign_in.usable_until).await? {
            return Err(self.note(tx, "the assertion was used already (replay)").await?);
        }
        let proof = settings.proof(&sign_in);
        let next = match outstanding {
            None => Next::Enter(proof),
            Some(Outstanding { browser_hash, return_to, request: _ }) => {
                let ticket = secrets::fresh("")?;
                let kept = Kept::Ticket { proof: self.seal(&proof).await?, return_to };
                let kept = serde_json::to_value(kept).map_err(AppError::internal)?;
                attempts::pass_on(&mut tx, id, (&ticket, &browser_hash), &kept, TICKET_LASTS).await?;
                Next::Finish(ticket)
            }
        };
        tx.commit().await?;
        Ok(next)
    }

    /// The request that a response says it answers: taken for good before anything else is looked at, so that a request
    /// gets one response.
    async fn outstanding(&self, relay_state: &str) -> Result<Option<Outstanding>, AppError> {
        let mut tx = self.tx().await?;
        let attempt = attempts::take(&mut tx, self.connection.id, relay_state).await?;
        tx.commit().await?;
        let Some(Attempt { browser_hash, kept }) = attempt else { return Ok(None) };
        match serde_json::from_value(kept) {
            Ok(Kept::Provider { request, return_to }) => Ok(Some(Outstanding { request, return_to, browser_hash })),
            _ => Err(over()),
        }
    }

    fn read(
        &self,
        settings: &Settings,
        outstanding: Option<&Outstanding>,
        response: &str,
    ) -> Result<Result<SignIn, Refusal>, AppError> {
        let certificates = settings.pinned()?;
        let ours = Addresses::of(&self.app.settings().public_url, self.connection.id);
        let expected = Expected {
            idp: &self.connection.issuer,
            certificates: &certificates,
            audience: &ours.entity_id,
            acs: &ours.acs,
            request: outstanding.map(|outstanding| outstanding.request.as_str()),
            now: self.identity.kernel().clock.now(),
        };
        Ok(saml::read_response(response, &expected))
    }

    /// Writes down why a response was refused, and words it for the person.
    async fn note(&self, mut tx: OrgTx, why: &str) -> Result<AppError, AppError> {
        let entry = AuditEntry::new(Actor::System, "sso.failed").about(self.connection.id);
        audit::record(&mut tx, entry.detail(json!({ "why": why })).from_ip(self.origin.ip)).await?;
        tx.commit().await?;
        Ok(AppError::forbidden(format!("your provider's answer was not accepted: {why}")))
    }

    async fn redeem(&self, headers: &HeaderMap, ticket: &str) -> Result<(Proof, String), AppError> {
        let mut tx = self.tx().await?;
        let attempt = attempts::take(&mut tx, self.connection.id, ticket).await?;
        tx.commit().await?;
        let Attempt { browser_hash, kept } = attempt.ok_or_else(over)?;
        if !browser::is_same(headers, &self.app, &browser_hash) {
            return Err(AppError::bad_request("this sign-in was begun in another browser; start it again in this one"));
        }
        let Ok(Kept::Ticket { proof, return_to }) = serde_json::from_value(kept) else { return Err(over()) };
        Ok((self.open(&proof).await?, return_to))
    }

    /// Opens the session and goes where the person wanted to.
    async fn enter(&self, proof: &Proof, return_to: &str) -> Result<Response, AppError> {
        let cookie = arrive(&self.identity, self.org, &self.connection, proof, &self.origin).await?;
        let cookies =
            [(header::SET_COOKIE, cookie.header(&self.app)?), (header::SET_COOKIE, browser::cleared(&self.app))];
        Ok((AppendHeaders(cookies), Redirect::to(inside(return_to))).into_response())
    }

    /// A name and an address wait in the database for a moment: sealed.
    async fn seal(&self, proof: &Proof) -> Result<String, AppError> {
        let text = serde_json::to_string(proof).map_err(AppError::internal)?;
        let vault = self.identity.kernel().vault.of(self.org).await?;
        Ok(STANDARD.encode(vault.seal_text(&self.place(), &text)?))
    }

    async fn open(&self, sealed: &str) -> Result<Proof, AppError> {
        let sealed = STANDARD.decode(sealed).map_err(AppError::internal)?;
        let vault = self.identity.kernel().vault.of(self.org).await?;
        serde_json::from_str(&vault.open_text(&self.place(), &sealed)?).map_err(AppError::internal)
    }

    /// What the vault binds a ticket's proof to.
    fn place(&self) -> String {
        format!("sso/{}/ticket", self.connection.id)
    }
}

/// The connection behind an address.
async fn find(kernel: &Kernel, id: SsoId) -> Result<(OrgId, Connection), AppError> {
    let none = || AppError::not_found("connection");
    let org = system::sso_organisation(&kernel.db, id).await?.ok_or_else(none)?;
    let mut tx = kernel.db.begin(org).await?;
    let connection = connections::find(&mut tx, id).await?.ok_or_else(none)?;
    if connection.kind == Kind::Saml { Ok((org, connection)) } else { Err(none()) }
}

/// The connection behind an address, while it is in use.
async fn in_use(kernel: &Kernel, id: SsoId) -> Result<(OrgId, Connection), AppError> {
    let (org, connection) = find(kernel, id).await?;
    if connection.enabled { Ok((org, connection)) } else { Err(AppError::not_found("connection")) }
}

fn over() -> AppError {
    AppError::bad_request("this sign-in has ended or was used already; start it again")
}
