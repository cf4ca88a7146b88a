//! `POST /webhooks/hubspot`: a lead status that people changed in HubSpot becomes the lead's tag.
//!
//! The newer change wins: one that is older than our tag's last change is left alone, so a repeated delivery changes nothing.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use connectors::hubspot::webhooks::{Signed, WebhookEvent, read_events, verify_v3};
use kernel::db::system::crm_organisations;
use kernel::ids::{LeadId, OrgId};
use kernel::ledger::Actor;
use shell::{App, AppError};

use super::{SYSTEM, connection};
use crate::core::Core;
use crate::desk::{store, tag, tag_of};

/// Verifies and applies a delivery. Anything but 2xx is delivered again by HubSpot.
pub(crate) async fn receive(
    State(app): State<App>,
    State(core): State<Core>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, AppError> {
    let secret = &core.kernel.config.connectors.hubspot.client_secret;
    if secret.is_empty() {
        return Err(AppError::unauthenticated("no HubSpot app is configured"));
    }
    let uri = format!("{}/webhooks/hubspot", app.settings().public_url);
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signed = Signed { method: "POST", uri: &uri, body: &body };
    let (signature, timestamp) = (header("x-hubspot-signature-v3"), header("x-hubspot-request-timestamp"));
    verify_v3(secret.reveal(), signed, signature, timestamp, core.kernel.clock.now())
        .map_err(|error| AppError::unauthenticated(error.to_string()))?;
    let (events, unread) = read_events(&body).map_err(|_| AppError::bad_request("the body is not a list of events"))?;
    if unread > 0 {
        tracing::warn!(webhook.unread = unread, "some events of a HubSpot delivery could not be read");
    }
    for event in &events {
        apply(&core, event).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn apply(core: &Core, event: &WebhookEvent) -> Result<(), AppError> {
    let is_status =
        event.subscription_type.ends_with("propertyChange") && event.property_name.as_deref() == Some("hs_lead_status");
    let own = event.app_id.is_some_and(|app| event.is_own_write(app));
    if !is_status || own {
        return Ok(());
    }
    for org in crm_organisations(&core.kernel.db, SYSTEM, &event.portal_id.to_string()).await? {
        change(core, org, event).await?;
    }
    Ok(())
}

async fn change(core: &Core, org: OrgId, event: &WebhookEvent) -> Result<(), AppError> {
    let status = event.property_value.as_deref().unwrap_or_default();
    let Some(at) = DateTime::<Utc>::from_timestamp_millis(event.occurred_at) else { return Ok(()) };
    let mut tx = core.kernel.db.begin(org).await?;
    let Some(known) = connection::find(&mut tx).await? else { return Ok(()) };
    // A status equal to what we wrote last is our own write coming back, whoever HubSpot says made it.
    let lead: Option<LeadId> = sqlx::query_scalar(
        "select k.lead_id from crm_links k join leads l on l.org_id = k.org_id and l.id = k.lead_id and l.closed_at is null \
         where k.org_id = $1 and k.system = $2 and k.remote_contact_id = $3 and k.remote_status is distinct from $4",
    )
    .bind(org)
    .bind(SYSTEM)
    .bind(event.object_id.to_string())
    .bind(status)
    .fetch_optional(tx.conn())
    .await?;
    let Some(lead) = lead else { return Ok(()) };
    let Some(row) = store::lock(&mut tx, lead).await? else { return Ok(()) };
    if at <= row.tag_at {
        return Ok(());
    }
    sqlx::query("update crm_links set remote_status = $4 where org_id = $1 and system = $2 and lead_id = $3")
        .bind(org)
        .bind(SYSTEM)
        .bind(lead)
        .bind(status)
        .execute(tx.conn())
        .await?;
    if let Some(became) = known.mapping.tag_of(status).and_then(tag_of) {
        tag::write(&mut tx, &row, became, SYSTEM, at).await?;
        if became.word() != row.tag {
            tag::correct(&mut tx, &row, became, SYSTEM).await?;
            tag::announce(&mut tx, &row, became, Actor::System);
        }
    }
    Ok(tx.commit().await?)
}
