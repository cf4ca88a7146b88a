//! Anomalies for those who tell of them: what was found on some days, in sentences.

use chrono::NaiveDate;
use kernel::db::OrgTx;
use uuid::Uuid;

use super::store::{self, Anomaly};
use super::words;
use crate::brief::Noticed;
use crate::metrics::Metric;
use crate::read;

/// The most that are looked through.
const MOST: i64 = 200;
/// The most open ones that are told.
const OPEN: i64 = 20;

/// What was found on days of one place, of the whole organisation where none is given, the most unusual first. Muted ones are left
/// out.
pub(crate) async fn noticed(
    tx: &mut OrgTx,
    location: Option<Uuid>,
    (from, to): (NaiveDate, NaiveDate),
) -> anyhow::Result<Vec<Noticed>> {
    let filter = store::Filter { place: Some(location.unwrap_or_else(Uuid::nil)), ..store::Filter::default() };
    let mut found = store::list(tx, &filter, MOST).await?;
    found.retain(|anomaly| anomaly.state != "muted" && anomaly.last_day >= from && anomaly.day <= to);
    found.sort_by(|a, b| b.z.abs().total_cmp(&a.z.abs()).then_with(|| a.metric.cmp(&b.metric)));
    told(tx, &found).await
}

/// What is open of one place, of the whole organisation where none is given, the newest first.
pub(crate) async fn open(tx: &mut OrgTx, location: Option<Uuid>) -> anyhow::Result<Vec<Noticed>> {
    let filter = store::Filter {
        state: Some("open".to_owned()),
        place: Some(location.unwrap_or_else(Uuid::nil)),
        ..store::Filter::default()
    };
    let found = store::list(tx, &filter, OPEN).await?;
    told(tx, &found).await
}

async fn told(tx: &mut OrgTx, found: &[Anomaly]) -> anyhow::Result<Vec<Noticed>> {
    let currency = read::currency(tx).await?;
    Ok(found
        .iter()
        .map(|anomaly| Noticed {
            id: anomaly.id,
            last_day: anomaly.last_day,
            sentence: words::sentence(anomaly, currency.code()),
            good: Metric::named(&anomaly.metric)
                .and_then(|metric| metric.higher_is_better)
                .map(|higher| (anomaly.z > 0.0) == higher),
        })
        .collect())
}
