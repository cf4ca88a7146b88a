//! The last days before the instant: their sums, put right where leads stood otherwise at the instant.
//!
//! Sums know of no instant. A lead that came after it, that was open at it, or that something became of after it is read by itself:
//! it is taken out of the sums and counted as it stood. Leaks that fall due after the instant are most of what differs on a busy
//! day, so they are added up where they lie. All of it is one statement, because sums and leads of two moments do not go together.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, TimeDelta, Utc};
use kernel::db::OrgTx;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, FromRow as _, Row as _};
use uuid::Uuid;

use super::{Span, Window};
use crate::journeys::Journey;
use crate::journeys::store::{COLUMNS, Stored};
use crate::metrics as m;

/// A lead is past answering after so many seconds.
const LATE_S: i64 = 86_400;

/// What leads add to the day on which they arrived ([`crate::journeys::sums::each`]), but for the families. What signals count by
/// themselves is of whole days alone.
const METRICS: &[&str] = &[
    m::LEADS,
    m::LEADS_CALL,
    m::ANSWERED,
    m::ANSWERED_5,
    m::ANSWERED_60,
    m::VELOCITY,
    m::VELOCITY_BUSINESS,
    m::VELOCITY_VALUE,
    m::LEAD_VALUE,
    m::LEAKED,
    m::RETURNED,
    m::REACHED,
    m::QUOTED,
    m::QUOTED_CLOSED,
    m::BOOKED,
    m::MISSED,
    m::PAID,
    m::CLOSED,
    m::ANSWERED_CLOSED,
    m::ANSWERED_IN_TIME,
];

/// The families among them, as patterns.
const FAMILIES: &[&str] = &["wait:%", "delay:%", "leaked:%"];

/// A lead that stood at the instant as it is stored, but for a leak that falls due later. Others are read by themselves.
const SETTLED: &str = "greatest(arrived_at, arrived_at + answered_after_s * interval '1 second', reached_at, quoted_at, \
      booked_at, no_show_at, paid_at) <= $4 \
    and (answered_after_s is not null or arrived_at <= $5 or (leak_stage is not null and leaks_at <= $4))";

/// The column of a metric, after those of a lead; its count and its amount follow. A row that is a lead has none.
const METRIC: usize = 22;

/// What each place (nil: none was named) adds to the windows that reach up to the instant.
pub(super) async fn read(
    tx: &mut OrgTx,
    span: Span,
    as_of: DateTime<Utc>,
) -> Result<BTreeMap<Uuid, Window>, sqlx::Error> {
    let mut edge: BTreeMap<Uuid, Window> = BTreeMap::new();
    for row in rows(tx, span, as_of).await? {
        let place: Option<Uuid> = row.try_get(2)?;
        let window = edge.entry(place.unwrap_or_else(Uuid::nil)).or_default();
        let metric: Option<&str> = row.try_get(METRIC)?;
        if let Some(metric) = metric {
            let source: &str = row.try_get(3)?;
            window.add(source, metric, row.try_get(METRIC + 1)?, row.try_get(METRIC + 2)?);
        } else {
            let Stored(journey) = Stored::from_row(&row)?;
            put_right(window, journey, as_of);
        }
    }
    Ok(edge)
}

async fn rows(tx: &mut OrgTx, span: Span, as_of: DateTime<Utc>) -> Result<Vec<PgRow>, sqlx::Error> {
    sqlx::query(AssertSqlSafe(statement()))
        .bind(tx.org())
        .bind(span.edge)
        .bind(span.day + Days::new(1))
        .bind(as_of)
        .bind(as_of - TimeDelta::seconds(LATE_S))
        .bind(METRICS)
        .bind(FAMILIES)
        .fetch_all(tx.conn())
        .await
}

/// Leads to be put right, the sums, and what to take from them for leaks that fall due later.
fn statement() -> String {
    let days = "org_id = $1 and day between $2 and $3";
    // What a sum lacks of the columns of a lead after its source.
    let nothing = vec!["null"; METRIC - 4].join(", ");
    format!(
        "select {COLUMNS}, null::text, null::bigint, null::bigint from journeys where {days} and ({SETTLED}) is not true \
         union all \
         select null, null, location_id, source, {nothing}, metric, sum(n)::bigint, sum(amount)::bigint from daily_metrics \
         where {days} and (metric = any($6) or metric like any($7)) group by location_id, source, metric \
         union all \
         select null, null, due.location_id, due.source, {nothing}, less.metric, less.n, less.amount \
         from (select location_id, source, leak_stage, count(*) as leads, sum(value_minor)::bigint as worth, \
             count(*) filter (where returned) as back, \
             count(*) filter (where booked_at is not null or paid_at is not null) as closed \
           from journeys where {days} and leak_stage is not null and (leaks_at <= $4) is not true and ({SETTLED}) is true \
           group by location_id, source, leak_stage) as due \
         cross join lateral (values ('leaked', -leads, -worth), ('leaked:' || leak_stage, -leads, -worth), \
           ('returned', -back, 0), \
           ('answered_in_time', case when leak_stage in ('answer', 'respond') then leads else 0 end, 0), \
           ('answered_closed', case when leak_stage in ('answer', 'respond') then closed else 0 end, 0) \
         ) as less (metric, n, amount)"
    )
}

/// Takes a lead out of the sums, and counts it as it stood at the instant.
fn put_right(window: &mut Window, journey: Journey, as_of: DateTime<Utc>) {
    window.take_out(&journey);
    if journey.arrived_at > as_of {
        return;
    }
    let (journey, open) = as_it_stood(journey, as_of);
    if open {
        window.count_open(&journey);
    } else {
        window.count(&journey);
    }
}

/// A journey as it stood at an instant, and whether it could still be answered in time then.
pub(super) fn as_it_stood(mut journey: Journey, as_of: DateTime<Utc>) -> (Journey, bool) {
    let age = (as_of - journey.arrived_at).num_seconds();
    if journey.answered_after_s.is_some_and(|seconds| seconds > age) {
        journey.answered_after_s = None;
        journey.answered_after_business_s = None;
    }
    if !journey.has_leaked(as_of) {
        journey.leak_stage = None;
        journey.leaks_at = None;
        journey.leaks_day = None;
        journey.returned = false;
    }
    for at in [
        &mut journey.reached_at,
        &mut journey.quoted_at,
        &mut journey.booked_at,
        &mut journey.no_show_at,
        &mut journey.paid_at,
    ] {
        *at = at.filter(|at| *at <= as_of);
    }
    let open = journey.answered_after_s.is_none() && age < LATE_S && journey.leak_stage.is_none();
    (journey, open)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::journeys::{Opening, Stage, sums};
    use crate::scores::testing::lead;

    #[test]
    fn every_sum_that_a_lead_adds_to_is_read_and_no_other() {
        let lead = lead(0, Some(60));
        let at = Some(lead.arrived_at);
        let full = Journey {
            opening: Opening::Call,
            value_minor: 5_000,
            paid_minor: 5_000,
            reached_at: at,
            quoted_at: at,
            booked_at: at,
            no_show_at: at,
            paid_at: at,
            leak_stage: Some(Stage::Reach),
            leaks_at: at,
            returned: true,
            ..lead
        };
        let mut told = BTreeSet::new();
        sums::each(&full, |metric, _, _| {
            told.insert(metric.to_owned());
        });
        let is_of = |metric: &str, family: &&str| metric.starts_with(family.trim_end_matches('%'));
        for family in FAMILIES {
            assert!(told.iter().any(|metric| is_of(metric, family)), "{family}");
        }
        told.retain(|metric| !FAMILIES.iter().any(|family| is_of(metric, family)));
        let read: BTreeSet<String> = METRICS.iter().map(|metric| (*metric).to_owned()).collect();
        assert_eq!(told, read);
    }

    #[test]
    fn a_row_has_the_columns_of_a_lead_first() {
        assert_eq!(COLUMNS.split(',').count(), METRIC);
    }
}
