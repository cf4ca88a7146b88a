//! `/v2/anomalies`: what was out of the ordinary, and who is told.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{AnomalyId, LocationId};
use kernel::ledger::Actor;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shell::auth::permission::{ManageChannels, Reply, View};
use shell::{Allowed, AppError, Json, Path, Query, known_day};
use utoipa::{IntoParams, ToSchema};

use super::alerts::{self, AlertsOut, AlertsPatch};
use super::evidence::Evidence;
use super::store::{self, Anomaly, Filter};
use super::words;
use crate::metrics::Metric;
use crate::settings::Rules;

/// Anomalies in one answer.
const MOST: i64 = 100;

/// Which anomalies.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// `open`, `acknowledged` or `muted`; all without it.
    pub state: Option<String>,
    /// The name of a metric.
    pub metric: Option<String>,
    /// A place of business.
    #[param(value_type = Option<String>)]
    pub location_id: Option<LocationId>,
    /// Those whose last day is before this one: the last day of the page before.
    pub before: Option<NaiveDate>,
}

/// A metric that was out of the ordinary.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AnomalyOut {
    pub id: AnomalyId,
    pub metric: String,
    pub title: String,
    /// The place; absent for the whole organisation.
    pub location_id: Option<LocationId>,
    /// The first day.
    pub day: NaiveDate,
    /// The last day.
    pub last_day: NaiveDate,
    /// Of the last day; money in minor units.
    pub value: f64,
    pub expected: f64,
    /// What one day may be without being noticed.
    pub low: f64,
    pub high: f64,
    /// Robust standard deviations that the last `days` are off together, over √days.
    pub z: f64,
    pub days: i32,
    /// In words.
    pub sentence: String,
    /// `open`, `acknowledged` or `muted`.
    pub state: String,
    pub by: Option<String>,
    pub acted_at: Option<DateTime<Utc>>,
    pub found_at: DateTime<Utc>,
    /// Where the signals of its days are listed.
    pub rows: String,
    /// The series with its band, and what explains it.
    pub evidence: Evidence,
}

impl AnomalyOut {
    fn of(row: Anomaly, currency: &str) -> Self {
        let sentence = words::sentence(&row, currency);
        let rows = rows(&row);
        let Anomaly { id, metric, location_id, day, last_day, value, expected, low, high, z, days, .. } = row;
        Self {
            id,
            title: words::title(&metric),
            metric,
            location_id: Some(location_id).filter(|id| !id.is_nil()).map(LocationId::from_uuid),
            day,
            last_day,
            value,
            expected,
            low,
            high,
            z,
            days,
            sentence,
            rows,
            state: row.state,
            by: row.by_actor,
            acted_at: row.acted_at,
            found_at: row.found_at,
            // A newer program may have written more than this one reads.
            evidence: serde_json::from_value(row.evidence).unwrap_or_default(),
        }
    }
}

/// The address of the signals behind an anomaly.
fn rows(row: &Anomaly) -> String {
    let mut address = format!("/v2/signals?from={}&to={}", row.day, row.last_day);
    for kind in words::kinds_of(&row.metric) {
        address.push_str(&format!("&kind={}", kind.as_str()));
    }
    if !row.location_id.is_nil() {
        address.push_str(&format!("&location_id={}", LocationId::from_uuid(row.location_id)));
    }
    address
}

/// Anomalies, the latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnomaliesOut {
    pub data: Vec<AnomalyOut>,
    /// The metrics nobody wants to hear of.
    pub muted: Vec<String>,
}

/// Whether a metric is muted.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct MuteIn {
    /// True mutes it with its open anomalies; false lets new ones be heard again.
    pub muted: bool,
}

/// List what was out of the ordinary, the latest first.
#[utoipa::path(get, path = "/v2/anomalies", tag = "anomalies", params(Wanted), responses((status = 200, body = AnomaliesOut)))]
pub(crate) async fn list_anomalies(
    by: Allowed<View>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<AnomaliesOut>, AppError> {
    Ok(Json(listed(&mut by.tx().await?, wanted).await?))
}

/// Show one with its evidence.
#[utoipa::path(get, path = "/v2/anomalies/{id}", tag = "anomalies", params(("id" = AnomalyId, Path,)),
    responses((status = 200, body = AnomalyOut)))]
pub(crate) async fn show_anomaly(by: Allowed<View>, Path(id): Path<AnomalyId>) -> Result<Json<AnomalyOut>, AppError> {
    Ok(Json(shown(&mut by.tx().await?, id).await?))
}

/// Say that one was seen.
#[utoipa::path(post, path = "/v2/anomalies/{id}/acknowledgement", tag = "anomalies", params(("id" = AnomalyId, Path,)),
    responses((status = 200, body = AnomalyOut)))]
pub(crate) async fn acknowledge_anomaly(
    by: Allowed<Reply>,
    Path(id): Path<AnomalyId>,
) -> Result<Json<AnomalyOut>, AppError> {
    let mut tx = by.tx().await?;
    acknowledge(&mut tx, id, by.actor()).await?;
    let told = shown(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(told))
}

/// Mute a metric, or hear of it again.
#[utoipa::path(put, path = "/v2/anomalies/metrics/{metric}", tag = "anomalies", params(("metric" = String, Path,)),
    request_body = MuteIn, responses((status = 200, body = AnomaliesOut)))]
pub(crate) async fn mute_metric(
    by: Allowed<ManageChannels>,
    Path(metric): Path<String>,
    Json(given): Json<MuteIn>,
) -> Result<Json<AnomaliesOut>, AppError> {
    let mut tx = by.tx().await?;
    mute(&mut tx, &metric, given.muted, by.actor()).await?;
    let told = listed(&mut tx, Wanted::default()).await?;
    tx.commit().await?;
    Ok(Json(told))
}

/// Show where alerts go.
#[utoipa::path(get, path = "/v2/anomalies/alerts", tag = "anomalies", responses((status = 200, body = AlertsOut)))]
pub(crate) async fn show_alerts(by: Allowed<ManageChannels>) -> Result<Json<AlertsOut>, AppError> {
    Ok(Json(AlertsOut::from(&alerts::load(&mut by.tx().await?).await?)))
}

/// Change where alerts go. A new webhook address gets a new signing secret, shown in this answer alone.
#[utoipa::path(patch, path = "/v2/anomalies/alerts", tag = "anomalies", request_body = AlertsPatch,
    responses((status = 200, body = AlertsOut)))]
pub(crate) async fn change_alerts(
    by: Allowed<ManageChannels>,
    Json(patch): Json<AlertsPatch>,
) -> Result<Json<AlertsOut>, AppError> {
    let mut tx = by.tx().await?;
    let told = alerts::change(&mut tx, by.kernel(), by.actor(), patch).await?;
    tx.commit().await?;
    Ok(Json(told))
}

/// Anomalies as asked for.
pub(super) async fn listed(tx: &mut OrgTx, wanted: Wanted) -> Result<AnomaliesOut, AppError> {
    let Wanted { state, metric, location_id, before } = wanted;
    if state.as_deref().is_some_and(|state| !["open", "acknowledged", "muted"].contains(&state)) {
        return Err(AppError::field("state", "is open, acknowledged or muted"));
    }
    let before = before.map(|day| known_day("before", day)).transpose()?;
    let currency = Rules::load(tx).await?.whole.settings.currency;
    let rows =
        store::list(tx, &Filter { state, metric, place: location_id.map(LocationId::uuid), before }, MOST).await?;
    let data = rows.into_iter().map(|row| AnomalyOut::of(row, currency.code())).collect();
    Ok(AnomaliesOut { data, muted: store::muted(tx).await? })
}

/// One anomaly.
pub(super) async fn shown(tx: &mut OrgTx, id: AnomalyId) -> Result<AnomalyOut, AppError> {
    let currency = Rules::load(tx).await?.whole.settings.currency;
    let row = store::one(tx, id).await?.ok_or_else(|| AppError::not_found("anomaly"))?;
    Ok(AnomalyOut::of(row, currency.code()))
}

/// Says that one was seen, with its row in the audit log.
pub(super) async fn acknowledge(tx: &mut OrgTx, id: AnomalyId, by: Actor) -> Result<(), AppError> {
    let now = tx.clock().now();
    if !store::set_state(tx, id, "acknowledged", &by.to_string(), now).await? {
        return Err(AppError::not_found("anomaly"));
    }
    audit::record(tx, AuditEntry::new(by, "anomaly.acknowledged").about(id)).await?;
    Ok(())
}

/// Mutes a metric or not, with its row in the audit log.
pub(super) async fn mute(tx: &mut OrgTx, metric: &str, muted: bool, by: Actor) -> Result<(), AppError> {
    let known = Metric::named(metric).filter(|metric| metric.watched).ok_or_else(|| AppError::not_found("metric"))?;
    let now = tx.clock().now();
    store::mute(tx, known.name, muted, &by.to_string(), now).await?;
    let entry = AuditEntry::new(by, "anomaly.metric_muted").about(known.name).detail(json!({ "muted": muted }));
    audit::record(tx, entry).await?;
    Ok(())
}
