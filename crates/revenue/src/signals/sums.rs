//! Sums by day, place and source: integers that signals and journeys add to and take away from.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use connectors::signal::SignalKind;
use kernel::db::OrgTx;
use serde_json::{Value, json};
use uuid::Uuid;

use super::StoredSignal;
use crate::metrics as m;
use crate::settings::Rules;

/// Which sum: day, place (nil: none was named), source, metric.
pub(crate) type Key = (NaiveDate, Uuid, String, String);

/// Sums, or what changes of them: counts and amounts by key. Keys whose sums are zero are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums(pub BTreeMap<Key, (i64, i64)>);

impl Sums {
    /// Adds to one sum.
    pub(crate) fn add(&mut self, key: Key, n: i64, amount: i64) {
        let sum = self.0.entry(key).or_default();
        sum.0 += n;
        sum.1 = sum.1.saturating_add(amount);
    }

    /// Adds others, `sign` times.
    pub(crate) fn extend(&mut self, other: &Self, sign: i64) {
        for (key, (n, amount)) in &other.0 {
            self.add(key.clone(), sign * n, sign * amount);
        }
    }

    /// Leaves out what is zero.
    pub(crate) fn trimmed(mut self) -> Self {
        self.0.retain(|_, sum| *sum != (0, 0));
        self
    }

    /// Adds what a signal counts by itself, `sign` times: everything that is not of a lead's story.
    pub(crate) fn count(&mut self, signal: &StoredSignal, rules: &Rules, sign: i64) {
        let day = rules.of(signal.location).day(signal.at);
        let place = signal.location.unwrap_or_else(Uuid::nil);
        each(signal, |metric, n, amount| {
            self.add((day, place, signal.source.clone(), metric.to_owned()), sign * n, sign * amount);
        });
    }

    /// As the table of waiting batches holds them.
    pub(crate) fn to_json(&self) -> Value {
        let rows = self
            .0
            .iter()
            .map(|((day, place, source, metric), (n, amount))| json!([day, place, source, metric, n, amount]));
        Value::Array(rows.collect())
    }

    /// Reads them back.
    pub(crate) fn from_json(value: Value) -> Result<Self, serde_json::Error> {
        let rows: Vec<(NaiveDate, Uuid, String, String, i64, i64)> = serde_json::from_value(value)?;
        let mut sums = Self::default();
        for (day, place, source, metric, n, amount) in rows {
            sums.add((day, place, source, metric), n, amount);
        }
        Ok(sums)
    }

    /// Adds them to the table; a sum that becomes zero goes.
    pub(crate) async fn apply(self, tx: &mut OrgTx) -> Result<(), sqlx::Error> {
        let sums = self.trimmed();
        if sums.0.is_empty() {
            return Ok(());
        }
        let (mut days, mut places, mut sources, mut metrics) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut counts, mut amounts) = (Vec::new(), Vec::new());
        for ((day, place, source, metric), (n, amount)) in sums.0 {
            days.push(day);
            places.push(place);
            sources.push(source);
            metrics.push(metric);
            counts.push(n);
            amounts.push(amount);
        }
        sqlx::query(
            "insert into daily_metrics as d (org_id, day, location_id, source, metric, n, amount) \
             select $1, * from unnest($2::date[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::bigint[]) \
             on conflict (org_id, day, location_id, source, metric) \
             do update set n = d.n + excluded.n, amount = d.amount + excluded.amount",
        )
        .bind(tx.org())
        .bind(&days)
        .bind(&places)
        .bind(&sources)
        .bind(&metrics)
        .bind(&counts)
        .bind(&amounts)
        .execute(tx.conn())
        .await?;
        sqlx::query(
            "delete from daily_metrics d using unnest($2::date[], $3::uuid[], $4::text[], $5::text[]) \
               as k (day, location_id, source, metric) \
             where d.org_id = $1 and d.day = k.day and d.location_id = k.location_id and d.source = k.source \
               and d.metric = k.metric and d.n = 0 and d.amount = 0",
        )
        .bind(tx.org())
        .bind(&days)
        .bind(&places)
        .bind(&sources)
        .bind(&metrics)
        .execute(tx.conn())
        .await?;
        Ok(())
    }
}

/// Tells what a signal counts by itself on its day: metric, count, amount. What is of a lead's story is told by the journey.
pub(crate) fn each(signal: &StoredSignal, mut add: impl FnMut(&str, i64, i64)) {
    let minor = signal.minor.unwrap_or(0);
    match signal.kind {
        SignalKind::Lead => add(m::ENQUIRIES, 1, 0),
        SignalKind::Response => add(m::RESPONSES, 1, 0),
        SignalKind::Quote => add(m::QUOTES, 1, minor),
        SignalKind::NoShow => add(m::NO_SHOWS, 1, 0),
        SignalKind::Call => {
            let (metric, missed) =
                if signal.is_inbound_call() { (m::CALLS, m::MISSED_CALLS) } else { (m::CALLS_OUT, "") };
            add(metric, 1, signal.number("duration_s").unwrap_or(0));
            if !missed.is_empty() && !signal.is_answered_call() {
                add(missed, 1, 0);
            }
        }
        SignalKind::Booking if signal.flag("cancelled") == Some(true) => add(m::CANCELLATIONS, 1, 0),
        SignalKind::Booking => add(m::BOOKINGS, 1, minor),
        SignalKind::Payment => {
            add(m::PAYMENTS, 1, minor);
            add(m::REVENUE, 1, minor);
        }
        SignalKind::Refund => {
            add(m::REFUNDS, 1, minor);
            add(m::REVENUE, 0, -minor);
        }
        SignalKind::Review => review(signal, &mut add),
        SignalKind::AdSpend => {
            add(m::AD_SPEND, 1, minor);
            let (clicks, shown) = (signal.number("clicks").unwrap_or(0), signal.number("impressions").unwrap_or(0));
            add(m::AD_CLICKS, clicks, 0);
            add(m::AD_IMPRESSIONS, shown, 0);
        }
        SignalKind::Visit => add(m::VISITS, signal.number("count").unwrap_or(1), 0),
    }
}

/// A review of ours or of a rival: ratings are summed in hundredths.
fn review(signal: &StoredSignal, add: &mut impl FnMut(&str, i64, i64)) {
    let rating = (signal.real("rating").unwrap_or(0.0) * 100.0).round() as i64;
    let replied = signal.instant("replied_at").is_some();
    match signal.word("rival").map(str::trim).filter(|rival| !rival.is_empty()) {
        None => {
            add(m::REVIEWS, 1, rating);
            if replied {
                add(m::REVIEWS_REPLIED, 1, 0);
            }
        }
        Some(rival) => {
            let rival: String = rival.to_lowercase().chars().take(60).collect();
            add(&format!("{}{rival}", m::RIVAL_REVIEWS), 1, rating);
            if replied {
                add(&format!("{}{rival}", m::RIVAL_REPLIES), 1, 0);
            }
        }
    }
}
