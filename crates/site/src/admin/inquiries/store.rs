//! Inquiries as the desk reads and changes them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{InquiryId, LeadId, MaturityId, MemberId, NoteId, UserId};
use kernel::ledger::Actor;
use kernel::vault::OrgVault;
use serde::Deserialize;
use sqlx::types::Json;

use crate::inquiries::Kind;
use crate::inquiries::store::Letter;

/// The most notes that are shown of one.
const NOTES: i64 = 200;
/// The most members to choose from.
const MEMBERS: i64 = 500;

/// Where in the list to read on.
pub(super) type Key = (DateTime<Utc>, InquiryId);

/// What spoke for spam.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Point {
    pub reason: String,
    pub points: i64,
}

/// An inquiry of the list.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub id: InquiryId,
    pub kind: Kind,
    pub topic: String,
    pub letter: Letter,
    pub state: String,
    pub spam: Vec<Point>,
    pub consent: bool,
    pub audit: Option<MaturityId>,
    pub score: Option<i16>,
    pub lead: Option<LeadId>,
    pub assignee: Option<MemberId>,
    pub follow_up_at: Option<DateTime<Utc>>,
    pub at: DateTime<Utc>,
    pub source: serde_json::Value,
    /// Of a consultation: when it is, or was to be.
    pub starts_at: Option<DateTime<Utc>>,
}

/// Inquiries with the score of their audit and the time of their consultation.
const ROWS: &str = "select i.id, i.kind, i.topic, i.sealed, i.state, i.spam, i.consent, i.audit_id, a.score, i.lead_id, i.assignee, \
    i.follow_up_at, i.at, i.source, b.starts_at from site_inquiries i \
    left join site_audits a on a.org_id = i.org_id and a.id = i.audit_id \
    left join lateral (select starts_at from site_bookings where org_id = i.org_id and inquiry_id = i.id \
      order by at desc limit 1) b on true";

#[derive(sqlx::FromRow)]
struct Stored {
    id: InquiryId,
    kind: String,
    topic: String,
    sealed: Vec<u8>,
    state: String,
    spam: Json<Vec<Point>>,
    consent: bool,
    audit_id: Option<MaturityId>,
    score: Option<i16>,
    lead_id: Option<LeadId>,
    assignee: Option<MemberId>,
    follow_up_at: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
    source: serde_json::Value,
    starts_at: Option<DateTime<Utc>>,
}

impl Stored {
    fn open(self, vault: &OrgVault) -> Row {
        Row {
            // The table holds no other words.
            kind: Kind::from_word(&self.kind).unwrap_or(Kind::Contact),
            letter: Letter::open(vault, self.id, &self.sealed),
            id: self.id,
            topic: self.topic,
            state: self.state,
            spam: self.spam.0,
            consent: self.consent,
            audit: self.audit_id,
            score: self.score,
            lead: self.lead_id,
            assignee: self.assignee,
            follow_up_at: self.follow_up_at,
            at: self.at,
            source: self.source,
            starts_at: self.starts_at,
        }
    }
}

/// Inquiries in some states, the newest first.
pub(super) async fn list(
    tx: &mut OrgTx,
    vault: &OrgVault,
    states: &[&str],
    after: Option<Key>,
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    let (at, id) = after.unzip();
    let query = format!(
        "{ROWS} where i.org_id = $1 and i.state = any($2) and ($3::timestamptz is null or (i.at, i.id) < ($3, $4)) \
         order by i.at desc, i.id desc limit $5"
    );
    let rows: Vec<Stored> = sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(tx.org())
        .bind(states)
        .bind(at)
        .bind(id)
        .bind(limit)
        .fetch_all(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| row.open(vault)).collect())
}

/// One, locked until the transaction ends.
pub(super) async fn held(tx: &mut OrgTx, vault: &OrgVault, id: InquiryId) -> Result<Option<Row>, sqlx::Error> {
    let query = format!("{ROWS} where i.org_id = $1 and i.id = $2 for update of i");
    let row: Option<Stored> =
        sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await?;
    Ok(row.map(|row| row.open(vault)))
}

/// How many there are in each state.
pub(crate) async fn counts(tx: &mut OrgTx) -> Result<BTreeMap<String, i64>, sqlx::Error> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("select state, count(*) from site_inquiries where org_id = $1 group by state")
            .bind(tx.org())
            .fetch_all(tx.conn())
            .await?;
    Ok(rows.into_iter().collect())
}

/// Since when the oldest one waits that nobody has taken up.
pub(crate) async fn waiting_since(tx: &mut OrgTx) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar("select min(at) from site_inquiries where org_id = $1 and state = 'new'")
        .bind(tx.org())
        .fetch_one(tx.conn())
        .await
}

/// Writes what the desk changed.
pub(super) async fn update(tx: &mut OrgTx, row: &Row) -> Result<(), sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query(
        "update site_inquiries set state = $3, assignee = $4, follow_up_at = $5, updated_at = $6 where org_id = $1 and id = $2",
    )
    .bind(org)
    .bind(row.id)
    .bind(&row.state)
    .bind(row.assignee)
    .bind(row.follow_up_at)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What was done about an inquiry.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Note {
    pub kind: String,
    pub body: String,
    pub by_actor: String,
    pub at: DateTime<Utc>,
}

/// What was done about an inquiry, the newest first.
pub(super) async fn notes(tx: &mut OrgTx, id: InquiryId) -> Result<Vec<Note>, sqlx::Error> {
    sqlx::query_as(
        "select kind, body, by_actor, at from site_inquiry_notes where org_id = $1 and inquiry_id = $2 \
         order by at desc, id desc limit $3",
    )
    .bind(tx.org())
    .bind(id)
    .bind(NOTES)
    .fetch_all(tx.conn())
    .await
}

/// Writes down what was done.
pub(super) async fn note(tx: &mut OrgTx, id: InquiryId, kind: &str, body: &str, by: Actor) -> Result<(), sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    let note = NoteId::new(tx.clock());
    sqlx::query(
        "insert into site_inquiry_notes (org_id, id, inquiry_id, kind, body, by_actor, at) values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(org)
    .bind(note)
    .bind(id)
    .bind(kind)
    .bind(body)
    .bind(by.to_string())
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Somebody who can see to an inquiry, or is told of it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Member {
    pub id: MemberId,
    pub user_id: UserId,
    pub name: String,
}

/// The members of the organisation, by name.
pub(crate) async fn members(tx: &mut OrgTx) -> Result<Vec<Member>, sqlx::Error> {
    sqlx::query_as(
        "select m.id, m.user_id, u.name from members m join users u on u.id = m.user_id \
         where m.org_id = $1 and m.suspended_at is null order by u.name, m.id limit $2",
    )
    .bind(tx.org())
    .bind(MEMBERS)
    .fetch_all(tx.conn())
    .await
}

/// The name of who did something.
pub(crate) fn name_of(members: &[Member], actor: &str) -> String {
    match actor.parse() {
        Ok(Actor::User(user)) => {
            let known = members.iter().find(|member| member.user_id == user);
            known.map_or_else(|| "Somebody who left".to_owned(), |member| member.name.clone())
        }
        Ok(Actor::Key(_)) => "A key".to_owned(),
        _ => "Recoup".to_owned(),
    }
}
