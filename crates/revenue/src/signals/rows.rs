//! The rows behind a figure, and `GET /v2/signals` over them.

use chrono::{DateTime, NaiveDate, Utc};
use connectors::signal::SignalKind;
use kernel::db::OrgTx;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::scores::ScoreType;
use crate::settings::Rules;

/// Which rows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The kinds; all when empty.
    pub kinds: Vec<SignalKind>,
    /// Of one lead alone, whatever else is asked but the kinds: what names it, and what names only its contact.
    pub lead: Option<Uuid>,
    /// Leads that leaked at this stage alone.
    pub stage: Option<String>,
    /// Of one place alone.
    pub location: Option<Uuid>,
    /// Of one source alone.
    pub source: Option<String>,
    /// The first day, at the place.
    pub from: Option<NaiveDate>,
    /// The last day, included.
    pub to: Option<NaiveDate>,
}

impl Filter {
    /// The rows that a score, or one component of it, is made of.
    pub fn behind(score: ScoreType, component: Option<&str>) -> Self {
        use SignalKind as K;
        let kinds: &[K] = match score {
            ScoreType::ResponseVelocity => &[K::Lead, K::Call, K::Response],
            ScoreType::CompetitiveVisibility => &[K::Review],
            ScoreType::RevenueRecovery => &[K::Payment, K::Refund],
            ScoreType::LeadLeakage | ScoreType::RevenueAtRisk => &[],
        };
        let leaks = matches!(score, ScoreType::LeadLeakage | ScoreType::RevenueAtRisk);
        let stage = component.filter(|name| leaks && *name != "delay").map(str::to_owned);
        Self { kinds: kinds.to_vec(), stage, ..Self::default() }
    }
}

/// A row: what happened, without who it was.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema, sqlx::FromRow)]
pub struct SignalRow {
    /// The signal.
    pub id: Uuid,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: String,
    /// Where it comes from.
    pub source: String,
    /// The outside system's id.
    pub external_id: String,
    /// The place.
    pub location_id: Option<Uuid>,
    /// The lead: one of ours, or a digest.
    pub lead: Option<Uuid>,
    /// The contact: one of ours, or a digest.
    pub contact: Option<Uuid>,
    /// Minor units of the organisation's currency.
    pub minor: Option<i64>,
    /// Amount and currency as told, where it was another currency.
    pub original: Option<Value>,
    /// What else the kind knows.
    pub data: Option<Value>,
}

/// Rows, newest first, after a cursor (instant and id of the last row seen).
pub async fn read(
    tx: &mut OrgTx,
    filter: &Filter,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> anyhow::Result<Vec<SignalRow>> {
    if let Some(lead) = filter.lead {
        return Ok(of_lead(tx, lead, &filter.kinds, after, limit).await?);
    }
    let rules = Rules::load(tx).await?;
    let place = rules.of(filter.location);
    let from = filter.from.map(|day| place.instant(day, 0));
    let to = filter.to.and_then(|day| day.succ_opt()).map(|day| place.instant(day, 0));
    let kinds = if filter.kinds.is_empty() { &SignalKind::ALL[..] } else { &filter.kinds };
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let (at, id) = after.unzip();
    let now = tx.clock().now();
    // The kinds one by one, so that each is read from its end of the index and no more than a page of it.
    Ok(sqlx::query_as(
        "select s.id, s.at, s.kind, s.source, s.external_id, s.location_id, s.lead, s.contact, s.minor, s.original, s.data \
         from unnest($2::text[]) as k (kind) cross join lateral (select * from signals f \
           where f.org_id = $1 and f.kind = k.kind and f.hidden_at is null \
             and ($3::timestamptz is null or f.at >= $3) and ($4::timestamptz is null or f.at < $4) \
             and ($5::uuid is null or f.location_id = $5) and ($6::text is null or f.source = $6) \
             and ($7::text is null or exists (select 1 from journeys j where j.org_id = $1 and j.id = coalesce(f.lead, f.id) \
               and j.leak_stage = $7 and j.leaks_at <= $8)) \
             and ($9::timestamptz is null or (f.at, f.id) < ($9, $10)) \
           order by f.at desc, f.id desc limit $11) s \
         order by s.at desc, s.id desc limit $11",
    )
    .bind(tx.org())
    .bind(kinds)
    .bind(from)
    .bind(to)
    .bind(filter.location)
    .bind(&filter.source)
    .bind(&filter.stage)
    .bind(now)
    .bind(at)
    .bind(id)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?)
}

async fn of_lead(
    tx: &mut OrgTx,
    lead: Uuid,
    kinds: &[SignalKind],
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<SignalRow>, sqlx::Error> {
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let (at, id) = after.unzip();
    sqlx::query_as(
        "select s.id, s.at, s.kind, s.source, s.external_id, s.location_id, s.lead, s.contact, s.minor, s.original, s.data \
         from signals s where s.org_id = $1 and s.hidden_at is null and (cardinality($3::text[]) = 0 or s.kind = any($3)) \
           and s.id = any(array(select f.id from signals f where f.org_id = $1 and f.lead = $2 \
             union select f.id from signals f where f.org_id = $1 and f.lead is null and f.contact = any(array(\
               select j.contact from journeys j where j.org_id = $1 and j.id = $2 and j.contact is not null \
               union select a.alias from journeys j join contact_aliases a on a.org_id = $1 and a.contact = j.contact \
                 where j.org_id = $1 and j.id = $2)))) \
           and ($4::timestamptz is null or (s.at, s.id) < ($4, $5)) \
         order by s.at desc, s.id desc limit $6",
    )
    .bind(tx.org())
    .bind(lead)
    .bind(kinds)
    .bind(at)
    .bind(id)
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}
