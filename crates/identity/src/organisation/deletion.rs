//! `POST /v2/organisation/deletion`: the end of an organisation, which can be taken back for thirty days.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::mail::{self, Letter, one_line};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shell::auth::permission::Billing;
use shell::{Allowed, App, AppError, Json};
use utoipa::ToSchema;

use super::{GRACE, settings};
use crate::origin::Origin;
use crate::{Identity, secrets};

#[derive(Deserialize, ToSchema)]
pub(crate) struct DeletionIn {
    /// The organisation's name, so that nobody deletes another one than they think.
    #[schema(example = "Northwind Dental & Aesthetics")]
    pub(crate) name: String,
}

/// A deleted organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeletionOut {
    /// When its data keys are destroyed and its rows removed.
    pub(crate) erase_at: DateTime<Utc>,
    /// Where one of its owners takes it back until then. It is shown only now.
    pub(crate) restore_link: String,
}

/// Delete the organisation. It is closed at once and erased after thirty days; until then the link takes it back.
#[utoipa::path(post, path = "/v2/organisation/deletion", tag = "organisation", request_body = DeletionIn,
    responses((status = 202, body = DeletionOut), (status = 403, description = "A fresh proof of who you are is needed."),
        (status = 409, description = "Contacts are under a legal hold."),
        (status = 422, description = "The name is not the organisation's.")))]
pub(crate) async fn post(
    State(identity): State<Identity>,
    State(app): State<App>,
    by: Allowed<Billing>,
    origin: Origin,
    Json(DeletionIn { name }): Json<DeletionIn>,
) -> Result<(StatusCode, Json<DeletionOut>), AppError> {
    Ok((StatusCode::ACCEPTED, Json(delete(&identity, &app, &by, &name, &origin).await?)))
}

pub(crate) async fn delete(
    identity: &Identity,
    app: &App,
    by: &Allowed<Billing>,
    name: &str,
    origin: &Origin,
) -> Result<DeletionOut, AppError> {
    by.fresh()?;
    let token = secrets::fresh("")?;
    let erase_at = by.now() + GRACE;
    let mut tx = by.tx().await?;
    let organisation = settings::show(&mut tx, " for update").await?;
    if organisation.name.trim() != name.trim() {
        return Err(AppError::field("name", "is not this organisation's name; type it as it is shown"));
    }
    let held: i64 = sqlx::query_scalar("select count(*) from legal_holds where org_id = $1 and released_at is null")
        .bind(tx.org())
        .fetch_one(tx.conn())
        .await?;
    if held > 0 {
        return Err(AppError::conflict(format!(
            "{held} contacts are under a legal hold, which deleting would break; release the holds first"
        )));
    }
    sqlx::query("update organisations set deleted_at = $2, erase_at = $3, restore_hash = $4 where id = $1")
        .bind(tx.org())
        .bind(by.now())
        .bind(erase_at)
        .bind(secrets::hash(&token))
        .execute(tx.conn())
        .await?;
    // Sessions do not come back with the organisation; keys do.
    sqlx::query("update sessions set revoked_at = $2 where org_id = $1 and revoked_at is null")
        .bind(tx.org())
        .bind(by.now())
        .execute(tx.conn())
        .await?;
    let entry = AuditEntry::new(by.actor(), "organisation.deleted").about(by.org());
    let entry = entry.detail(json!({ "erase_at": erase_at })).from_ip(origin.ip);
    audit::record(&mut tx, entry).await?;
    let restore_link = format!("{}/restore/{token}", app.settings().public_url);
    tell_owners(&mut tx, by, &restore_link, erase_at).await?;
    tx.commit().await?;
    identity.doorkeeper().forget();
    Ok(DeletionOut { erase_at, restore_link })
}

/// Every owner learns it by letter, with the way back: a stolen session must not end an organisation in silence.
async fn tell_owners(
    tx: &mut OrgTx,
    by: &Allowed<Billing>,
    link: &str,
    erase_at: DateTime<Utc>,
) -> Result<(), AppError> {
    let kernel = by.kernel();
    if !kernel.config.mail.is_set() {
        return Ok(());
    }
    let owners: Vec<String> = sqlx::query_scalar(
        "select u.email from members m join users u on u.id = m.user_id where m.org_id = $1 and m.role = 'owner'",
    )
    .bind(tx.org())
    .fetch_all(tx.conn())
    .await?;
    let (org, who) = (one_line(&by.principal().org_name, 100), one_line(&by.principal().name, 100));
    let day = erase_at.format("%-d %B %Y");
    for owner in owners {
        let letter = Letter::new(owner, format!("{org} was deleted"))
            .say(&format!("{who} deleted {org}. It is closed, and on {day} its data is removed for good."))
            .link("Take it back", link)
            .say("The link works until then, for an owner with their password.");
        mail::post(tx, &kernel.vault, &letter).await.map_err(AppError::internal)?;
    }
    Ok(())
}
