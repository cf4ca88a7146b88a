//! Leads as the desk reads them.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, ConversationId, LeadId, MemberId};
use kernel::ledger::Signal;
use sqlx::types::Json;
use uuid::Uuid;

/// A lead.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct LeadRow {
    pub id: LeadId,
    pub contact_id: ContactId,
    pub conversation_id: Option<ConversationId>,
    pub channel_kind: Option<String>,
    pub stage: String,
    pub score: i32,
    pub tag: String,
    pub tag_by: String,
    pub tag_at: DateTime<Utc>,
    pub signals: Json<Vec<Signal>>,
    pub topic: Option<String>,
    pub intent: Option<String>,
    pub recommended_action: Option<String>,
    pub summary: Option<String>,
    pub value_minor: Option<i64>,
    pub currency: String,
    pub owner_id: Option<MemberId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
}

/// The columns of [`LeadRow`].
macro_rules! columns {
    () => {
        "id, contact_id, conversation_id, channel_kind, stage, score, tag, tag_by, tag_at, signals, topic, intent, \
         recommended_action, summary, value_minor, currency, owner_id, created_at, updated_at, closed_at"
    };
}

/// Which leads, newest change first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub tag: Option<String>,
    pub stage: Option<String>,
    pub contacts: Option<Vec<ContactId>>,
    pub after: Option<(DateTime<Utc>, LeadId)>,
    pub limit: i64,
}

/// A page of leads.
pub(crate) async fn list_rows(tx: &mut OrgTx, wanted: &Wanted) -> Result<Vec<LeadRow>, sqlx::Error> {
    let contacts: Option<Vec<Uuid>> = wanted.contacts.as_ref().map(|ids| ids.iter().map(|id| id.uuid()).collect());
    sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from leads where org_id = $1 and ($2::text is null or tag = $2) and ($3::text is null or stage = $3) \
         and ($4::uuid[] is null or contact_id = any($4)) and ($5::timestamptz is null or (updated_at, id) < ($5, $6)) \
         order by updated_at desc, id desc limit $7"
    ))
    .bind(tx.org())
    .bind(&wanted.tag)
    .bind(&wanted.stage)
    .bind(contacts)
    .bind(wanted.after.map(|(at, _)| at))
    .bind(wanted.after.map(|(_, id)| id))
    .bind(wanted.limit)
    .fetch_all(tx.conn())
    .await
}

/// One lead.
pub(crate) async fn find(tx: &mut OrgTx, id: LeadId) -> Result<Option<LeadRow>, sqlx::Error> {
    sqlx::query_as(concat!("select ", columns!(), " from leads where org_id = $1 and id = $2"))
        .bind(tx.org())
        .bind(id)
        .fetch_optional(tx.conn())
        .await
}

/// One lead, locked until the transaction ends.
pub(crate) async fn lock(tx: &mut OrgTx, id: LeadId) -> Result<Option<LeadRow>, sqlx::Error> {
    sqlx::query_as(concat!("select ", columns!(), " from leads where org_id = $1 and id = $2 for update"))
        .bind(tx.org())
        .bind(id)
        .fetch_optional(tx.conn())
        .await
}
