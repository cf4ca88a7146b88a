//! `/v2/crm/hubspot`: connect with a token or the code of the consent page, look, change the mapping, let go.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use connectors::hubspot::failure::{Failure, FailureKind};
use connectors::hubspot::oauth::{App, Tokens};
use connectors::hubspot::objects::ObjectKind;
use kernel::audit::{self, AuditEntry};
use kernel::config::Secret;
use kernel::db::Caller;
use kernel::ids::{CrmId, OrgId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::{CanFail, Clock};
use serde::{Deserialize, Serialize};
use shell::auth::permission::{ManageChannels, View};
use shell::{Allowed, AppError, Json};
use utoipa::ToSchema;

use super::connection::{self, Connection, Keys};
use super::mapping::Mapping;
use super::{SYSTEM, follower};
use crate::core::Core;

/// Our key on a contact.
pub(super) const CONTACT_KEY: &str = "recoup_contact_id";
/// Our key on a deal.
pub(super) const DEAL_KEY: &str = "recoup_lead_id";

/// How to connect, or what to change.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectIn {
    /// A private app's token.
    pub access_token: Option<String>,
    /// The code of the consent page.
    pub oauth: Option<OauthIn>,
    /// From `HOT`, `WARM` and `COLD` to a lead status of the account; the usual ones when absent.
    pub lead_status: Option<BTreeMap<String, String>>,
    /// The stage a new deal begins in.
    pub deal_stage: Option<String>,
}

/// What the consent page gave back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OauthIn {
    pub code: String,
    /// The same address the consent page was opened with.
    pub redirect_uri: String,
}

/// The connected account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionOut {
    pub system: String,
    /// HubSpot's id of the account.
    pub account_id: String,
    /// `connected`, `reauthorise`, `paused` or `disconnected`.
    pub status: String,
    pub mapping: Mapping,
    pub last_error: Option<String>,
    pub last_synced_at: Option<DateTime<Utc>>,
}

impl From<Connection> for ConnectionOut {
    fn from(connection: Connection) -> Self {
        let Connection { account_id, mapping, status, last_error, last_synced_at, .. } = connection;
        Self { system: SYSTEM.to_owned(), account_id, status, mapping: mapping.0, last_error, last_synced_at }
    }
}

/// Our app at HubSpot.
pub(super) fn app(core: &Core) -> App {
    let config = &core.kernel.config.connectors.hubspot;
    App { client_id: config.client_id.clone(), client_secret: config.client_secret.reveal().to_owned() }
}

/// Tokens as the connection keeps them.
pub(super) fn keys_of(clock: &Clock, tokens: Tokens) -> Keys {
    let lasts = Duration::from_secs(tokens.expires_in);
    Keys {
        access: Secret::new(tokens.access_token),
        refresh: Some(Secret::new(tokens.refresh_token)),
        expires_at: Some(clock.now() + lasts),
    }
}

/// Connects an account or changes the mapping: first everything is asked of HubSpot, then it is kept.
pub(crate) async fn connect(
    core: &Core,
    org: OrgId,
    actor: Actor,
    caller: Caller,
    given: ConnectIn,
) -> Result<Connection, AppError> {
    let vault = core.kernel.vault.of(org).await?;
    let mut tx = core.kernel.db.begin(org).await?;
    let known = connection::find(&mut tx).await?;
    drop(tx);
    let ConnectIn { access_token, oauth, lead_status, deal_stage } = given;
    let fresh = fresh_keys(core, access_token, oauth).await?;
    let asked = match (&fresh, &known) {
        (Some((keys, hub)), _) => Some(ask(core, keys, *hub).await?),
        (None, Some(_)) => None,
        (None, None) => return Err(AppError::field("access_token", "is required: no account is connected")),
    };
    let id = known.as_ref().map_or_else(|| CrmId::new(&core.kernel.clock), |known| known.id);
    let mut tx = core.kernel.db.begin(org).await?.called_from(caller);
    if let (Some((keys, _)), Some((account, usual))) = (fresh, asked) {
        let mapping = usual.decided(lead_status, deal_stage)?;
        connection::save(&mut tx, &vault, id, &account, &keys, &mapping).await.map_err(AppError::internal)?;
        audit::record(&mut tx, AuditEntry::new(actor, "crm.connected").about(id)).await?;
    } else {
        let before = known.map(|known| known.mapping.0).unwrap_or_default();
        let mapping = before.clone().decided(lead_status, deal_stage)?;
        connection::save_mapping(&mut tx, &mapping).await?;
        let (before, after) = audit::difference(&before, &mapping).map_err(AppError::internal)?;
        audit::record(&mut tx, AuditEntry::new(actor, "crm.changed").about(id).change(before, after)).await?;
    }
    follower::enqueue_open(&mut tx).await?;
    tx.append(Event::new(Subject::Crm(id), actor, Fact::SettingsChanged { group: "crm.hubspot".to_owned() }));
    let made = connection::find(&mut tx).await?.ok_or_else(|| AppError::not_found("connection"))?;
    tx.commit().await?;
    Ok(made)
}

/// New keys and, with the consent page, the account they are of.
async fn fresh_keys(
    core: &Core,
    access_token: Option<String>,
    oauth: Option<OauthIn>,
) -> Result<Option<(Keys, Option<i64>)>, AppError> {
    if let Some(OauthIn { code, redirect_uri }) = oauth {
        let tokens = core
            .hubspot
            .exchange_code(&app(core), &code, &redirect_uri)
            .await
            .map_err(|failure| refused("oauth", &failure))?;
        let hub = tokens.hub_id;
        return Ok(Some((keys_of(&core.kernel.clock, tokens), hub)));
    }
    let token = access_token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
    Ok(token.map(|token| (Keys { access: Secret::new(token), refresh: None, expires_at: None }, None)))
}

/// Asks the account who it is and what values it has, and adds our keys to it.
async fn ask(core: &Core, keys: &Keys, hub: Option<i64>) -> Result<(String, Mapping), AppError> {
    let token = keys.access.reveal();
    let hubspot = &core.hubspot;
    let work = async {
        let account = match hub {
            Some(hub) => hub,
            None => hubspot.account(token).await?.portal_id,
        };
        let statuses = hubspot.property(token, ObjectKind::Contacts, "hs_lead_status").await?;
        let stages = match hubspot.property(token, ObjectKind::Deals, "dealstage").await {
            Err(failure) if failure.kind == FailureKind::NotFound => None,
            stages => Some(stages?),
        };
        hubspot.ensure_key(token, ObjectKind::Contacts, CONTACT_KEY, "Recoup contact").await?;
        hubspot.ensure_key(token, ObjectKind::Deals, DEAL_KEY, "Recoup lead").await?;
        Ok((account.to_string(), Mapping::fitting(&statuses, stages.as_ref())))
    };
    work.await.map_err(|failure| refused("access_token", &failure))
}

fn refused(field: &'static str, failure: &Failure) -> AppError {
    match &failure.kind {
        FailureKind::Unauthorised | FailureKind::GrantExpired => AppError::field(field, "HubSpot does not accept it"),
        FailureKind::MissingScopes => AppError::field(
            field,
            "needs the scopes crm.objects and crm.schemas of contacts and deals, read and write: without the schemas a lost answer could make doubles",
        ),
        FailureKind::RateLimited(limit) => AppError::too_many(failure.retry_after.unwrap_or_else(|| limit.wait())),
        FailureKind::Invalid | FailureKind::Conflict { .. } | FailureKind::NotFound => {
            AppError::field(field, format!("HubSpot says: {}", failure.message))
        }
        FailureKind::Unavailable | FailureKind::Lost | FailureKind::Malformed => {
            AppError::unavailable("HubSpot did not answer; nothing was changed, try again")
        }
    }
}

/// Lets the account go.
pub(crate) async fn disconnect(core: &Core, by: &Allowed<ManageChannels>) -> Result<(), AppError> {
    let actor = by.actor();
    let vault = core.kernel.vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    let known = connection::find(&mut tx).await?.filter(|known| known.status != "disconnected");
    let known = known.ok_or_else(|| AppError::not_found("connection"))?;
    connection::let_go(&mut tx).await?;
    audit::record(&mut tx, AuditEntry::new(actor, "crm.disconnected").about(known.id)).await?;
    tx.append(Event::new(Subject::Crm(known.id), actor, Fact::SettingsChanged { group: "crm.hubspot".to_owned() }));
    tx.commit().await?;
    let refresh = known.keys(&vault, "disconnect").ok().and_then(|keys| keys.refresh);
    if let Some(refresh) = refresh {
        core.hubspot
            .revoke(&app(core), refresh.reveal())
            .await
            .can_fail("withdrawing a token that we have already forgotten");
    }
    Ok(())
}

/// The connected HubSpot account.
#[utoipa::path(get, path = "/v2/crm/hubspot", tag = "crm", responses((status = 200, body = ConnectionOut)))]
pub(crate) async fn show_connection(by: Allowed<View>) -> Result<Json<ConnectionOut>, AppError> {
    let mut tx = by.tx().await?;
    let known = connection::find(&mut tx).await?.ok_or_else(|| AppError::not_found("connection"))?;
    Ok(Json(known.into()))
}

/// Connect a HubSpot account, or change how tags map to its lead statuses.
#[utoipa::path(put, path = "/v2/crm/hubspot", tag = "crm", request_body = ConnectIn, responses((status = 200, body = ConnectionOut)))]
pub(crate) async fn put_connection(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Json(given): Json<ConnectIn>,
) -> Result<Json<ConnectionOut>, AppError> {
    Ok(Json(connect(&core, by.org(), by.actor(), by.request().caller(), given).await?.into()))
}

/// Let the HubSpot account go: its tokens are destroyed, what it holds stays there.
#[utoipa::path(delete, path = "/v2/crm/hubspot", tag = "crm", responses((status = 204)))]
pub(crate) async fn delete_connection(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
) -> Result<StatusCode, AppError> {
    disconnect(&core, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}
