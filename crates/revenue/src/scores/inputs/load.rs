//! Reads what scores are made of, for every place at once.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use kernel::db::OrgTx;
use uuid::Uuid;

use super::{Everywhere, Inputs, Seen, Span, edge};
use crate::metrics as m;
use crate::scores::facts::{self, VisibilityFact};
use crate::settings::Rules;

/// Reads the inputs of every place.
pub(crate) async fn load(tx: &mut OrgTx, rules: &Rules, as_of: DateTime<Utc>) -> anyhow::Result<Everywhere> {
    let span = Span::of(rules, as_of);
    let mut all = empty(rules, as_of);
    read_sums(tx, span, &mut all).await?;
    read_edge(tx, span, as_of, &mut all).await?;
    read_pending(tx, span, as_of, &mut all).await?;
    read_paid(tx, span, &mut all).await?;
    read_reviews(tx, span, &mut all).await?;
    read_facts(tx, &mut all).await?;
    Ok(all)
}

/// The whole and every place, with nothing told yet.
fn empty(rules: &Rules, as_of: DateTime<Utc>) -> Everywhere {
    let mut all: Everywhere = BTreeMap::new();
    all.insert(Uuid::nil(), Inputs::empty(as_of, rules.whole.clone()));
    for (id, place) in &rules.places {
        all.insert(*id, Inputs::empty(as_of, place.clone()));
    }
    all
}

/// Tells a place and the whole; what is of no known place is of the whole alone.
fn both(all: &mut Everywhere, place: Uuid, mut tell: impl FnMut(&mut Inputs)) {
    if let Some(inputs) = all.get_mut(&Uuid::nil()) {
        tell(inputs);
    }
    if !place.is_nil()
        && let Some(inputs) = all.get_mut(&place)
    {
        tell(inputs);
    }
}

/// A sum in each of the three windows.
#[derive(sqlx::FromRow)]
struct SumRow {
    location_id: Uuid,
    source: String,
    metric: String,
    now_n: Option<i64>,
    now_amount: Option<i64>,
    before_n: Option<i64>,
    before_amount: Option<i64>,
    rates_n: Option<i64>,
    rates_amount: Option<i64>,
}

async fn read_sums(tx: &mut OrgTx, span: Span, all: &mut Everywhere) -> Result<(), sqlx::Error> {
    let rows: Vec<SumRow> = sqlx::query_as(
        "select location_id, source, metric, \
           sum(n) filter (where day >= $3 and day < $5)::bigint as now_n, \
           sum(amount) filter (where day >= $3 and day < $5)::bigint as now_amount, \
           sum(n) filter (where day >= $4 and day < $3)::bigint as before_n, \
           sum(amount) filter (where day >= $4 and day < $3)::bigint as before_amount, \
           sum(n) filter (where day >= $2 and day < $5)::bigint as rates_n, \
           sum(amount) filter (where day >= $2 and day < $5)::bigint as rates_amount \
         from daily_metrics where org_id = $1 and day >= least($2, $4) and day < $5 and metric <> 'leaks' \
           and (day >= $3 or metric not like 'wait:%') \
         group by location_id, source, metric",
    )
    .bind(tx.org())
    .bind(span.rates)
    .bind(span.first)
    .bind(span.before)
    .bind(span.edge)
    .fetch_all(tx.conn())
    .await?;
    for row in rows {
        let (n, amount) = (|n: Option<i64>| n.unwrap_or(0), |amount: Option<i64>| amount.unwrap_or(0));
        both(all, row.location_id, |inputs| {
            inputs.now.add(&row.source, &row.metric, n(row.now_n), amount(row.now_amount));
            inputs.before.add(&row.source, &row.metric, n(row.before_n), amount(row.before_amount));
            inputs.rates.add(&row.source, &row.metric, n(row.rates_n), amount(row.rates_amount));
        });
    }
    Ok(())
}

async fn read_edge(tx: &mut OrgTx, span: Span, as_of: DateTime<Utc>, all: &mut Everywhere) -> Result<(), sqlx::Error> {
    for (place, edge) in edge::read(tx, span, as_of).await? {
        both(all, place, |inputs| {
            inputs.now.join(&edge);
            inputs.rates.join(&edge);
        });
    }
    Ok(())
}

/// Leaks of earlier arrivals that fall due after the instant.
async fn read_pending(
    tx: &mut OrgTx,
    span: Span,
    as_of: DateTime<Utc>,
    all: &mut Everywhere,
) -> Result<(), sqlx::Error> {
    let rows: Vec<(Option<Uuid>, String, String, NaiveDate, i64, i64)> = sqlx::query_as(
        "select location_id, source, leak_stage, case when day >= $3 then $3 else $2 end, count(*), sum(value_minor)::bigint \
         from journeys where org_id = $1 and leaks_at > $5 and leak_stage is not null and day >= $2 and day < $4 \
         group by 1, 2, 3, 4",
    )
    .bind(tx.org())
    .bind(span.rates)
    .bind(span.first)
    .bind(span.edge)
    .bind(as_of)
    .fetch_all(tx.conn())
    .await?;
    for (place, source, stage, since, n, value) in rows {
        let metric = format!("{}{stage}", m::LEAKED_AT);
        both(all, place.unwrap_or_else(Uuid::nil), |inputs| {
            let windows = [Some(&mut inputs.rates), (since == span.first).then_some(&mut inputs.now)];
            for window in windows.into_iter().flatten() {
                window.add(&source, &metric, -n, -value);
                window.add(&source, m::LEAKED, -n, -value);
            }
        });
    }
    Ok(())
}

/// The newest payments of leads, for the band of their mean.
async fn read_paid(tx: &mut OrgTx, span: Span, all: &mut Everywhere) -> Result<(), sqlx::Error> {
    let rows: Vec<(Option<Uuid>, i64)> = sqlx::query_as(
        "select location_id, paid_minor from journeys where org_id = $1 and paid_minor > 0 and day between $2 and $3 \
         order by day desc, id limit 1000",
    )
    .bind(tx.org())
    .bind(span.rates)
    .bind(span.day + Days::new(1))
    .fetch_all(tx.conn())
    .await?;
    for (place, minor) in rows {
        both(all, place.unwrap_or_else(Uuid::nil), |inputs| inputs.paid.push(minor as f64));
    }
    Ok(())
}

async fn read_reviews(tx: &mut OrgTx, span: Span, all: &mut Everywhere) -> Result<(), sqlx::Error> {
    let rows: Vec<(Uuid, String, i64, i64, Option<i64>)> = sqlx::query_as(
        "select location_id, metric, sum(n)::bigint, sum(amount)::bigint, sum(n) filter (where day > $2)::bigint \
         from daily_metrics where org_id = $1 and day <= $3 \
           and (metric = any('{reviews,reviews_replied}') or (metric >= 'rival' and metric < 'rivam')) \
         group by location_id, metric",
    )
    .bind(tx.org())
    .bind(span.day - Days::new(90))
    .bind(span.day + Days::new(1))
    .fetch_all(tx.conn())
    .await?;
    for (place, metric, n, stars, recent) in rows {
        both(all, place, |inputs| {
            let add = |seen: &mut Seen| {
                seen.n += n;
                seen.stars += stars;
                seen.recent += recent.unwrap_or(0);
            };
            if metric == m::REVIEWS {
                add(&mut inputs.reviews);
            } else if metric == m::REVIEWS_REPLIED {
                inputs.reviews.replied += n;
            } else if let Some(rival) = metric.strip_prefix(m::RIVAL_REVIEWS) {
                add(inputs.rivals.entry(rival.to_owned()).or_default());
            } else if let Some(rival) = metric.strip_prefix(m::RIVAL_REPLIES) {
                inputs.rivals.entry(rival.to_owned()).or_default().replied += n;
            }
        });
    }
    Ok(())
}

async fn read_facts(tx: &mut OrgTx, all: &mut Everywhere) -> Result<(), sqlx::Error> {
    let facts = facts::all(tx).await?;
    for (place, inputs) in all.iter_mut() {
        // A place without a fact of its own has the organisation's.
        let own: Vec<VisibilityFact> = facts.iter().filter(|fact| fact.place() == *place).cloned().collect();
        let whole =
            facts.iter().filter(|fact| fact.place().is_nil() && own.iter().all(|one| one.factor != fact.factor));
        inputs.facts = own.iter().chain(whole.filter(|_| !place.is_nil())).cloned().collect();
    }
    Ok(())
}

#[cfg(test)]
mod tests;
