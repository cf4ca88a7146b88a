//! `/v2/scoring`: calculating, history, benchmarks, settings.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::ids::{LocationId, OrgId};
use kernel::money::Currency;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shell::auth::permission::{ManageChannels, RunReports, View};
use shell::{Allowed, AppError, Json, Path, Query, known_day};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::benchmarks::{PUBLISHED, Published, Quantiles};
use super::{Score, ScoreType, benchmarks, calculate, facts, refresh};
use crate::read::{self, Point};
use crate::settings::{self, Rules, Settings};
use crate::{Revenue, journeys};

/// The longest history of one request, in days.
const LONGEST: i64 = 3 * 366;

/// The routes.
pub(crate) fn api() -> OpenApiRouter<Revenue> {
    OpenApiRouter::new()
        .routes(routes!(calculate_scores))
        .routes(routes!(score_history))
        .routes(routes!(score_benchmarks))
        .routes(routes!(get_scoring_settings, put_scoring_settings))
        .routes(routes!(facts::list_visibility_facts, facts::put_visibility_fact))
}

/// What to calculate.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CalculateIn {
    /// The organisation; yours when absent.
    #[serde(default)]
    org_id: Option<OrgId>,
    /// The place; the whole organisation when absent.
    #[serde(default)]
    location_id: Option<LocationId>,
    /// The instant; now when absent.
    #[serde(default)]
    as_of: Option<DateTime<Utc>>,
}

/// Scores.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScoresOut {
    scores: Vec<Score>,
}

/// Calculate the five scores, with whatever was told before this request. As of now they are stored too; as of an earlier instant
/// they are only shown.
///
/// Each score says what it is in: `unit` is `points` (0 to 100) or the ISO 4217 code of the organisation's currency, and amounts
/// of money, components and bands among them, are in its **minor units** (cents): `value` divided by 10 to the power of `decimals`
/// is in dollars. Revenue at risk is what would be lost in a month: what was lost in the window of days (28 unless it was
/// edited) times 30.4375 days. `base` is the value before it is cut to its range. Fewer than five leads are insufficient data:
/// `value` is null, and `missing` says why.
#[utoipa::path(post, path = "/v2/scoring/calculate", tag = "scores", request_body = CalculateIn, responses((status = 200, body = ScoresOut)))]
pub(crate) async fn calculate_scores(
    by: Allowed<RunReports>,
    Json(given): Json<CalculateIn>,
) -> Result<Json<ScoresOut>, AppError> {
    own(given.org_id.unwrap_or_else(|| by.org()), by.org())?;
    let now = by.now();
    if given.as_of.is_some_and(|at| at > now || at.timestamp() < 631_152_000) {
        return Err(AppError::field("as_of", "lies in the future or before 1990"));
    }
    let mut tx = by.tx().await?;
    let location = place(&Rules::load(&mut tx).await?, given.location_id)?;
    // Whoever has just told signals asks about them: what waits for the follower is folded first, unless it is a large file.
    journeys::apply_waiting(&mut tx).await.map_err(AppError::internal)?;
    let scores = if let Some(at) = given.as_of {
        calculate(&mut tx, location, at).await.map_err(AppError::internal)?
    } else {
        let asked = location.unwrap_or_else(Uuid::nil);
        let all = refresh::refresh(&mut tx, [asked].into()).await.map_err(AppError::internal)?;
        all.into_iter().find(|(id, _)| *id == asked).map(|(_, scores)| scores).unwrap_or_default()
    };
    tx.commit().await?;
    Ok(Json(ScoresOut { scores }))
}

/// Which history.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// The score.
    #[serde(rename = "type")]
    #[param(value_type = String, required = true)]
    kind: Option<ScoreType>,
    /// The first day; 90 days ago when absent.
    from: Option<NaiveDate>,
    /// The last day, included; today when absent.
    to: Option<NaiveDate>,
    /// The place; the whole organisation when absent.
    #[param(value_type = Option<String>)]
    location_id: Option<LocationId>,
}

/// A score over days.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistoryOut {
    #[serde(rename = "type")]
    kind: ScoreType,
    /// `points`, or the ISO 4217 code of a currency in whose minor units the values are.
    unit: String,
    /// Digits after the point of the currency; 0 for points.
    decimals: u32,
    /// Oldest first; days on which nothing was stored are left out.
    data: Vec<Point>,
}

/// Show a score over days.
#[utoipa::path(get, path = "/v2/scoring/{org}/history", tag = "scores", params(("org" = String, Path), HistoryQuery), responses((status = 200, body = HistoryOut)))]
pub(crate) async fn score_history(
    by: Allowed<View>,
    Path(org): Path<OrgId>,
    Query(asked): Query<HistoryQuery>,
) -> Result<Json<HistoryOut>, AppError> {
    own(org, by.org())?;
    let kind = asked.kind.ok_or_else(|| AppError::field("type", "is required: the name of a score"))?;
    let mut tx = by.tx().await?;
    let rules = Rules::load(&mut tx).await?;
    let location = place(&rules, asked.location_id)?;
    let to = known_day("to", asked.to.unwrap_or_else(|| rules.of(location).day(by.now())))?;
    let from = known_day("from", asked.from.unwrap_or(to - chrono::Days::new(90)))?;
    if from > to || (to - from).num_days() > LONGEST {
        return Err(AppError::field("from", "lies before `to`, by three years at most"));
    }
    let data = read::history(&mut tx, location, kind, from, to).await?;
    let currency = (kind == ScoreType::RevenueAtRisk).then_some(rules.whole.settings.currency);
    let unit = currency.map_or_else(|| "points".to_owned(), |currency| currency.code().to_owned());
    let decimals = currency.map_or(0, Currency::digits);
    Ok(Json(HistoryOut { kind, unit, decimals, data }))
}

/// What others are like.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BenchmarksOut {
    /// Published figures, each with its source and how far it can be trusted.
    published: Vec<Published>,
    /// Quantiles of ten or more organisations that share; your industry and size where there are enough.
    shared: Vec<Quantiles>,
}

/// Show benchmarks.
#[utoipa::path(get, path = "/v2/scoring/{org}/benchmarks", tag = "scores", params(("org" = String, Path)), responses((status = 200, body = BenchmarksOut)))]
pub(crate) async fn score_benchmarks(
    by: Allowed<View>,
    Path(org): Path<OrgId>,
) -> Result<Json<BenchmarksOut>, AppError> {
    own(org, by.org())?;
    let shared = benchmarks::quantiles(&mut by.tx().await?).await?;
    Ok(Json(BenchmarksOut { published: PUBLISHED.to_vec(), shared }))
}

/// Whose settings.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SettingsQuery {
    /// The place; the whole organisation when absent.
    #[param(value_type = Option<String>)]
    location_id: Option<LocationId>,
}

/// Show the settings in force.
#[utoipa::path(get, path = "/v2/scoring/settings", tag = "scores", params(SettingsQuery), responses((status = 200, body = Settings)))]
pub(crate) async fn get_scoring_settings(
    by: Allowed<View>,
    Query(asked): Query<SettingsQuery>,
) -> Result<Json<Settings>, AppError> {
    let rules = Rules::load(&mut by.tx().await?).await?;
    let location = place(&rules, asked.location_id)?;
    Ok(Json(rules.of(location).settings.clone()))
}

/// Set the defaults of the scores. What is left out takes the default; at a place, the organisation's. The scores are made anew.
#[utoipa::path(put, path = "/v2/scoring/settings", tag = "scores", params(SettingsQuery), request_body = Settings, responses((status = 200, body = Settings)))]
pub(crate) async fn put_scoring_settings(
    by: Allowed<ManageChannels>,
    Query(asked): Query<SettingsQuery>,
    Json(given): Json<Value>,
) -> Result<Json<Settings>, AppError> {
    let mut tx = by.tx().await?;
    let kept = settings::keep(&mut tx, by.actor(), asked.location_id, given).await?;
    tx.commit().await?;
    Ok(Json(kept))
}

/// Somebody else's organisation is none.
fn own(asked: OrgId, ours: OrgId) -> Result<(), AppError> {
    if asked == ours { Ok(()) } else { Err(AppError::not_found("organisation")) }
}

/// A known place.
fn place(rules: &Rules, asked: Option<LocationId>) -> Result<Option<Uuid>, AppError> {
    let known = |id: &LocationId| rules.places.contains_key(&id.uuid());
    match asked {
        Some(id) if !known(&id) => Err(AppError::not_found("location")),
        other => Ok(other.map(LocationId::uuid)),
    }
}
