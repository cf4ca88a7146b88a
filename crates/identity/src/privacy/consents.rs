//! `/v2/privacy/consents`: what a contact agreed to and withdrew. Records are added, never changed: the latest of a kind counts.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::{ConsentId, ContactId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use serde::{Deserialize, Serialize};
use shell::auth::permission::{Reply, View};
use shell::{Allowed, AppError, Json, Listed, Page, PageParams, Query};
use utoipa::{IntoParams, ToSchema};

use crate::Identity;
use crate::input::Check;
use crate::origin::Origin;

/// What is agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConsentKind {
    /// To be written to.
    Messages,
    /// To be sent offers.
    Marketing,
    /// That their data is worked with.
    Processing,
    /// That calls are recorded.
    Recording,
}

impl ConsentKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Marketing => "marketing",
            Self::Processing => "processing",
            Self::Recording => "recording",
        }
    }
}

/// A word of consent to keep.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsentIn {
    contact_id: ContactId,
    kind: ConsentKind,
    /// `facebook`, `instagram`, …; absent for every channel.
    #[serde(default)]
    channel: Option<String>,
    /// Given, or withdrawn.
    granted: bool,
    /// Where it came from, such as `form` or `phone call`.
    source: String,
    /// Which wording they agreed to.
    #[serde(default)]
    text_version: Option<String>,
    /// Where it can be seen: a document, a call.
    #[serde(default)]
    evidence: Option<String>,
}

/// A word of consent.
#[derive(Debug, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct ConsentOut {
    pub id: ConsentId,
    pub contact_id: ContactId,
    /// `messages`, `marketing`, `processing` or `recording`.
    pub kind: String,
    pub channel: Option<String>,
    pub granted: bool,
    pub source: String,
    pub text_version: Option<String>,
    pub evidence: Option<String>,
    /// Who wrote it down.
    pub by: String,
    pub at: DateTime<Utc>,
}

/// Whose.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Whose {
    /// The contact.
    contact_id: ContactId,
    /// Read by `Page`.
    #[param(ignore)]
    #[serde(default, rename = "limit")]
    _limit: Option<String>,
    /// Read by `Page`.
    #[param(ignore)]
    #[serde(default, rename = "cursor")]
    _cursor: Option<String>,
}

/// Records before a cursor, newest first.
pub(super) async fn rows(
    tx: &mut OrgTx,
    contact: ContactId,
    before: Option<ConsentId>,
    limit: i64,
) -> Result<Vec<ConsentOut>, sqlx::Error> {
    sqlx::query_as(
        "select id, contact_id, kind, channel, granted, source, text_version, evidence, by_actor as by, at from consent_records \
         where org_id = $1 and contact_id = $2 and ($3::uuid is null or id < $3) order by id desc limit $4",
    )
    .bind(tx.org())
    .bind(contact)
    .bind(before)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}

/// The latest word of contacts on a kind of consent (`messages`, `marketing`, `processing`, `recording`), on whatever channel it
/// was given; whoever never gave one is missing.
pub async fn latest(
    tx: &mut OrgTx,
    contacts: &[ContactId],
    kind: &str,
) -> Result<std::collections::HashMap<ContactId, bool>, sqlx::Error> {
    let ids: Vec<uuid::Uuid> = contacts.iter().map(|contact| contact.uuid()).collect();
    let rows: Vec<(ContactId, bool)> = sqlx::query_as(
        "select distinct on (contact_id) contact_id, granted from consent_records \
         where org_id = $1 and contact_id = any($2) and kind = $3 order by contact_id, id desc",
    )
    .bind(tx.org())
    .bind(ids)
    .bind(kind)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().collect())
}

/// Keeps a word about offers that the contact gave somewhere else than to a member, such as on the site; the same word again is not
/// kept twice. `evidence` says where it can be seen.
pub async fn record_marketing(
    tx: &mut OrgTx,
    contact: ContactId,
    granted: bool,
    (source, evidence): (&str, &str),
) -> Result<(), sqlx::Error> {
    if latest(tx, &[contact], ConsentKind::Marketing.word()).await?.get(&contact) == Some(&granted) {
        return Ok(());
    }
    sqlx::query(
        "insert into consent_records (org_id, id, contact_id, kind, channel, granted, source, text_version, evidence, by_actor, at) \
         values ($1, $2, $3, $4, null, $5, $6, null, $7, $8, $9)",
    )
    .bind(tx.org())
    .bind(ConsentId::new(tx.clock()))
    .bind(contact)
    .bind(ConsentKind::Marketing.word())
    .bind(granted)
    .bind(source)
    .bind(evidence)
    .bind(Actor::Contact(contact).to_string())
    .bind(tx.clock().now())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// List a contact's consent records, newest first.
#[utoipa::path(get, path = "/v2/privacy/consents", tag = "privacy", params(PageParams, Whose),
    responses((status = 200, body = Listed<ConsentOut>)))]
pub(crate) async fn list(
    State(identity): State<Identity>,
    by: Allowed<View>,
    page: Page<ConsentId>,
    Query(whose): Query<Whose>,
) -> Result<Json<Listed<ConsentOut>>, AppError> {
    let mut tx = by.tx().await?;
    known(&identity, &mut tx, whose.contact_id).await?;
    let found = rows(&mut tx, whose.contact_id, page.after, page.fetch()).await?;
    Ok(Json(Listed::new(&page, found, |row| row.id)?))
}

async fn known(identity: &Identity, tx: &mut OrgTx, contact: ContactId) -> Result<(), AppError> {
    let known = identity.holders().know(tx, contact).await.map_err(AppError::internal)?;
    if known { Ok(()) } else { Err(AppError::not_found("contact")) }
}

/// Keep a word of consent. Withdrawing `messages` stops what we send, at once.
#[utoipa::path(post, path = "/v2/privacy/consents", tag = "privacy", request_body = ConsentIn,
    responses((status = 201, body = ConsentOut)))]
pub(crate) async fn post(
    State(identity): State<Identity>,
    by: Allowed<Reply>,
    origin: Origin,
    Json(given): Json<ConsentIn>,
) -> Result<(StatusCode, Json<ConsentOut>), AppError> {
    let mut tx = by.tx().await?;
    known(&identity, &mut tx, given.contact_id).await?;
    let kept = keep(&mut tx, given, by.actor()).await?;
    let entry = AuditEntry::new(by.actor(), "consent.recorded").about(kept.contact_id).from_ip(origin.ip);
    let detail = serde_json::json!({ "consent": kept.id, "kind": kept.kind, "granted": kept.granted });
    audit::record(&mut tx, entry.detail(detail)).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(kept)))
}

async fn keep(tx: &mut OrgTx, given: ConsentIn, by: Actor) -> Result<ConsentOut, AppError> {
    let ConsentIn { contact_id, kind, channel, granted, source, text_version, evidence } = given;
    let mut check = Check::default();
    let source = check.name("source", &source);
    if source == "opt_out_word" {
        check.complain("source", "is kept for what contacts write themselves");
    }
    let mut optional = |field: &str, text: Option<String>| {
        text.filter(|text| !text.trim().is_empty()).map(|text| check.name(field, &text))
    };
    let (text_version, evidence) = (optional("text_version", text_version), optional("evidence", evidence));
    let channel: Option<ChannelKind> = channel.as_deref().map(str::parse).transpose().unwrap_or_else(|_| {
        check.complain("channel", "is not a kind of channel");
        None
    });
    check.done()?;
    if kind == ConsentKind::Messages {
        // The inbox hears it from the ledger and stops, or goes on.
        let channels = channel.map_or_else(|| ChannelKind::ALL.to_vec(), |channel| vec![channel]);
        for channel in channels {
            let fact = Fact::ContactConsent { contact: contact_id, channel, opted_out: !granted };
            tx.append(Event::new(Subject::Contact(contact_id), by, fact));
        }
    }
    Ok(sqlx::query_as(
        "insert into consent_records (org_id, id, contact_id, kind, channel, granted, source, text_version, evidence, by_actor, at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         returning id, contact_id, kind, channel, granted, source, text_version, evidence, by_actor as by, at",
    )
    .bind(tx.org())
    .bind(ConsentId::new(tx.clock()))
    .bind(contact_id)
    .bind(kind.word())
    .bind(channel.map(ChannelKind::as_str))
    .bind(granted)
    .bind(source)
    .bind(text_version)
    .bind(evidence)
    .bind(by.to_string())
    .bind(tx.clock().now())
    .fetch_one(tx.conn())
    .await?)
}
