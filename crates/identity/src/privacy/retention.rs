//! `/v2/privacy/retention`: how long each kind is kept.

use chrono::{DateTime, Duration, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, OrgId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::privacy::{Expiry, Traces};
use serde::{Deserialize, Serialize};
use shell::auth::permission::{ErasePersonalData, View};
use shell::{Allowed, AppError, Json};
use utoipa::ToSchema;

use crate::Identity;
use crate::input::Check;
use crate::origin::Origin;

/// The most rows of one kind that are removed in one transaction, and the most transactions of one organisation in one run.
const BATCH: i64 = 1_000;
const BATCHES: usize = 50;

/// How long each kind is kept, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, sqlx::FromRow)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names of the API: a number without its unit would be read as years")]
pub(crate) struct Rules {
    /// Conversations, after their last message: 30 to 3660.
    #[schema(minimum = 30, maximum = 3660)]
    pub conversations_days: i32,
    /// Decision records of the AI: 1 to 3660.
    #[schema(minimum = 1, maximum = 3660)]
    pub ai_days: i32,
    /// Raw deliveries of the platforms: 1 to 3660.
    #[schema(minimum = 1, maximum = 3660)]
    pub receipts_days: i32,
}

impl Default for Rules {
    /// Two years, ninety days, thirty days.
    fn default() -> Self {
        Self { conversations_days: 730, ai_days: 90, receipts_days: 30 }
    }
}

/// How long each kind is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetentionOut {
    #[serde(flatten)]
    rules: Rules,
    /// The audit log, in years: not to be shortened.
    audit_years: i32,
    /// Dead letters, in days; they are archived then.
    dead_letters_days: i32,
}

impl From<Rules> for RetentionOut {
    fn from(rules: Rules) -> Self {
        Self { rules, audit_years: 7, dead_letters_days: 7 }
    }
}

/// The organisation's rules, or the defaults.
pub(super) async fn load(tx: &mut OrgTx) -> Result<Rules, sqlx::Error> {
    let found =
        sqlx::query_as("select conversations_days, ai_days, receipts_days from retention_rules where org_id = $1")
            .bind(tx.org())
            .fetch_optional(tx.conn())
            .await?;
    Ok(found.unwrap_or_default())
}

/// How long each kind is kept.
#[utoipa::path(get, path = "/v2/privacy/retention", tag = "privacy", responses((status = 200, body = RetentionOut)))]
pub(crate) async fn get(by: Allowed<View>) -> Result<Json<RetentionOut>, AppError> {
    Ok(Json(load(&mut by.tx().await?).await?.into()))
}

/// Change how long each kind is kept. What is older goes within the hour, and does not come back.
#[utoipa::path(put, path = "/v2/privacy/retention", tag = "privacy", request_body = Rules,
    responses((status = 200, body = RetentionOut)))]
pub(crate) async fn put(
    by: Allowed<ErasePersonalData>,
    origin: Origin,
    Json(rules): Json<Rules>,
) -> Result<Json<RetentionOut>, AppError> {
    let mut tx = by.tx().await?;
    save(&mut tx, rules, by.actor(), &origin).await?;
    tx.commit().await?;
    Ok(Json(rules.into()))
}

/// Keeps new rules.
pub(super) async fn save(tx: &mut OrgTx, rules: Rules, by: Actor, origin: &Origin) -> Result<(), AppError> {
    let mut check = Check::default();
    let within = [
        ("conversations_days", rules.conversations_days, 30),
        ("ai_days", rules.ai_days, 1),
        ("receipts_days", rules.receipts_days, 1),
    ];
    for (field, days, least) in within {
        if !(least..=3_660).contains(&days) {
            check.complain(field, format!("must be from {least} to 3660 days"));
        }
    }
    check.done()?;
    let was = load(tx).await?;
    sqlx::query(
        "insert into retention_rules (org_id, conversations_days, ai_days, receipts_days, updated_at) values ($1, $2, $3, $4, $5) \
         on conflict (org_id) do update set conversations_days = excluded.conversations_days, ai_days = excluded.ai_days, \
         receipts_days = excluded.receipts_days, updated_at = excluded.updated_at",
    )
    .bind(tx.org())
    .bind(rules.conversations_days)
    .bind(rules.ai_days)
    .bind(rules.receipts_days)
    .bind(tx.clock().now())
    .execute(tx.conn())
    .await?;
    tx.append(Event::new(Subject::Org(tx.org()), by, Fact::SettingsChanged { group: "retention".to_owned() }));
    let entry = AuditEntry::new(by, "settings.changed").about("retention").from_ip(origin.ip);
    let detail = serde_json::json!({ "group": "retention", "before": was, "after": rules });
    audit::record(tx, entry.detail(detail)).await?;
    Ok(())
}

/// Removes what is older than an organisation keeps it, batch by batch; says how many rows went.
pub(super) async fn expire(identity: &Identity, org: OrgId) -> anyhow::Result<u64> {
    let mut total = 0;
    for _ in 0..BATCHES {
        let gone = expire_batch(identity, org, BATCH).await?;
        total += gone;
        if gone == 0 {
            break;
        }
    }
    Ok(total)
}

async fn expire_batch(identity: &Identity, org: OrgId, most: i64) -> anyhow::Result<u64> {
    let mut tx = identity.kernel().db.begin(org).await?;
    let rules = load(&mut tx).await?;
    let now = tx.clock().now();
    let held = held(identity, &mut tx).await?;
    let expiry = Expiry {
        conversations: before(now, rules.conversations_days),
        ai: before(now, rules.ai_days),
        receipts: before(now, rules.receipts_days),
        held,
        most,
    };
    let mut gone = 0;
    for holder in identity.holders().iter() {
        let removed = holder.expire(&mut tx, &expiry).await?;
        gone += removed.iter().map(|one| one.rows).sum::<u64>();
    }
    tx.commit().await?;
    Ok(gone)
}

fn before(now: DateTime<Utc>, days: i32) -> DateTime<Utc> {
    now - Duration::days(i64::from(days))
}

/// Everything of every contact that a legal hold keeps.
async fn held(identity: &Identity, tx: &mut OrgTx) -> anyhow::Result<Traces> {
    let contacts: Vec<ContactId> =
        sqlx::query_scalar("select contact_id from legal_holds where org_id = $1 and released_at is null")
            .bind(tx.org())
            .fetch_all(tx.conn())
            .await?;
    let mut all = Traces::default();
    for contact in contacts {
        all.add(identity.holders().gather(tx, contact).await?);
    }
    Ok(all)
}
