//! `GET /v2/site/analytics`

use axum::extract::State;
use chrono::NaiveDate;
use serde::Serialize;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json, Query};
use utoipa::{IntoParams, ToSchema};

use super::figures::{self, Group, Look, Range, STEPS};
use crate::admin::content::site;
use crate::core::Core;
use crate::tally::day_of;

/// Which days.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query string; `Look` reads it")]
pub(super) struct Days {
    /// The first day; four weeks before the last one when it is not given.
    #[param(example = "2026-11-01")]
    from: Option<NaiveDate>,
    /// The last day; today when it is not given.
    #[param(example = "2026-11-27")]
    to: Option<NaiveDate>,
}

/// The visits of some days. A visitor is one browser on one day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SiteAnalytics)]
pub(super) struct AnalyticsOut {
    from: NaiveDate,
    to: NaiveDate,
    days: Vec<DayOut>,
    /// The most seen first.
    pages: Vec<PageOut>,
    /// An empty name: they came by themselves.
    sources: Vec<GroupOut>,
    devices: Vec<GroupOut>,
    /// How far visitors came in the audit, step by step.
    funnel: Vec<StepOut>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SiteDay)]
struct DayOut {
    day: NaiveDate,
    visitors: i64,
    views: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SitePage)]
struct PageOut {
    path: String,
    views: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteVisitors)]
struct GroupOut {
    name: String,
    visitors: i64,
    audits_begun: i64,
    audits_done: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SiteFunnelStep)]
struct StepOut {
    name: &'static str,
    visitors: i64,
}

impl From<Group> for GroupOut {
    fn from(Group { name, visitors, begun, done }: Group) -> Self {
        Self { name, visitors, audits_begun: begun, audits_done: done }
    }
}

/// The visits of the site.
///
/// By day, page, source and device, and how far visitors came in the audit. Counted without cookies.
#[utoipa::path(get, path = "/v2/site/analytics", tag = "site", params(Days), responses((status = 200, body = AnalyticsOut)))]
pub(super) async fn show(
    by: Allowed<View>,
    State(core): State<Core>,
    Query(look): Query<Look>,
) -> Result<Json<AnalyticsOut>, AppError> {
    core.tally().settle().await;
    let mut tx = by.tx().await?;
    let range = Range::read(&look, day_of(by.now(), &site(&mut tx).await?))?;
    let figures = figures::read(&mut tx, range).await?;
    let visited = StepOut { name: "Visited", visitors: figures.visitors };
    let steps = STEPS.into_iter().zip(figures.reached).map(|(name, visitors)| StepOut { name, visitors });
    Ok(Json(AnalyticsOut {
        from: range.from,
        to: range.to,
        days: figures
            .days
            .into_iter()
            .map(|(day, of)| DayOut { day, visitors: of.visitors, views: of.views })
            .collect(),
        pages: figures.pages.into_iter().map(|(path, views)| PageOut { path, views }).collect(),
        sources: figures.sources.into_iter().map(GroupOut::from).collect(),
        devices: figures.devices.into_iter().map(GroupOut::from).collect(),
        funnel: std::iter::once(visited).chain(steps).collect(),
    }))
}
