//! `/reports/new` and `/reports/saved/{id}`: putting a report together, with a preview that follows every choice.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use kernel::db::OrgTx;
use kernel::ids::DesignId;
use serde::Deserialize;
use shell::auth::permission::RunReports;
use shell::{Allowed, AppError, FieldErrors, Form, Frame, Path, Toast, show};

use crate::api::designs::{ReportDefinitionIn, forget, keep};
use crate::core::Core;
use crate::custom::{ReportChart, ReportDesign, ReportGroup, custom, first_choice};
use crate::organisation;
use crate::render::View as Shown;
use crate::store::designs;

#[derive(Template)]
#[template(path = "reports/builder.html")]
struct BuilderPage {
    frame: Frame,
    /// Where it is saved.
    action: String,
    /// The saved report; empty for a new one.
    id: String,
    called: String,
    metrics: Vec<Choice>,
    groups: Vec<Choice>,
    charts: Vec<Choice>,
    spans: Vec<Choice>,
    places: Vec<Choice>,
    source: String,
    compare: bool,
    errors: FieldErrors,
    preview: Preview,
}

/// What the choices make.
#[derive(Template)]
#[template(path = "reports/_preview.html")]
struct Preview {
    note: String,
    problem: String,
    view: Option<Shown>,
}

struct Choice {
    word: String,
    label: String,
    selected: bool,
}

impl Choice {
    fn new(word: impl Into<String>, label: impl Into<String>, selected: bool) -> Self {
        Self { word: word.into(), label: label.into(), selected }
    }
}

/// The form.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct DesignForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    metrics: Vec<String>,
    group: ReportGroup,
    chart: ReportChart,
    days: u16,
    #[serde(default)]
    compare: bool,
    #[serde(default)]
    location_id: String,
    #[serde(default)]
    source: String,
}

impl DesignForm {
    fn given(self) -> ReportDefinitionIn {
        let source = self.source.trim().to_owned();
        let design = ReportDesign {
            metrics: self.metrics,
            group: self.group,
            chart: self.chart,
            days: self.days,
            compare: self.compare,
            location_id: self.location_id.parse().ok(),
            source: (!source.is_empty()).then_some(source),
        };
        ReportDefinitionIn { name: self.name, design }
    }
}

pub(crate) async fn new(State(core): State<Core>, by: Allowed<RunReports>) -> Result<Response, AppError> {
    let design = ReportDesign {
        metrics: first_choice(&core.figures.metrics()),
        days: 28,
        compare: true,
        ..ReportDesign::default()
    };
    let given = ReportDefinitionIn { name: String::new(), design };
    let mut tx = by.tx().await?;
    Ok(page(&core, &by, &mut tx, None, given, FieldErrors::default()).await?.into_response())
}

pub(crate) async fn edit(
    State(core): State<Core>,
    by: Allowed<RunReports>,
    Path(id): Path<DesignId>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let row = designs::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("saved report"))?;
    let given = ReportDefinitionIn { name: row.name, design: row.design.0 };
    Ok(page(&core, &by, &mut tx, Some(id), given, FieldErrors::default()).await?.into_response())
}

pub(crate) async fn create(
    State(core): State<Core>,
    by: Allowed<RunReports>,
    Form(form): Form<DesignForm>,
) -> Result<Response, AppError> {
    save(&core, &by, None, form.given()).await
}

pub(crate) async fn replace(
    State(core): State<Core>,
    by: Allowed<RunReports>,
    Path(id): Path<DesignId>,
    Form(form): Form<DesignForm>,
) -> Result<Response, AppError> {
    save(&core, &by, Some(id), form.given()).await
}

pub(crate) async fn remove(by: Allowed<RunReports>, Path(id): Path<DesignId>) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    forget(&mut tx, by.actor(), id).await?;
    tx.commit().await?;
    Ok((Toast::done("Removed; reports that were made stay").on_next_page(), Redirect::to("/reports")).into_response())
}

async fn save(
    core: &Core,
    by: &Allowed<RunReports>,
    id: Option<DesignId>,
    given: ReportDefinitionIn,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    match keep(core, &mut tx, by.actor(), id, &given).await {
        Ok(row) => {
            tx.commit().await?;
            let to = format!("/reports/saved/{}", row.id);
            Ok((Toast::done("Saved").on_next_page(), Redirect::to(&to)).into_response())
        }
        Err(error) if error.details().is_empty() => Err(error),
        Err(error) => {
            let errors = FieldErrors::from(&error);
            let html = page(core, by, &mut tx, id, given, errors).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, html).into_response())
        }
    }
}

/// What the choices make, as they stand.
pub(crate) async fn preview(
    State(core): State<Core>,
    by: Allowed<RunReports>,
    Form(form): Form<DesignForm>,
) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    show(&made(&core, &mut tx, &form.given()).await?)
}

async fn made(core: &Core, tx: &mut OrgTx, given: &ReportDefinitionIn) -> Result<Preview, AppError> {
    let problems = given.design.problems(&core.figures.metrics());
    if let Some(first) = problems.first() {
        let problem = format!("{}: {}", first.field, first.reason);
        return Ok(Preview { note: String::new(), problem, view: None });
    }
    let day = organisation::of(tx).await?.day(tx.clock().now());
    let period = given.design.period(day);
    let sheet = custom(tx, core.figures.as_ref(), &given.name, &given.design, (day, period)).await?;
    Ok(Preview { note: sheet.note.clone(), problem: String::new(), view: Some(Shown::of(&sheet)) })
}

async fn page(
    core: &Core,
    by: &Allowed<RunReports>,
    tx: &mut OrgTx,
    id: Option<DesignId>,
    given: ReportDefinitionIn,
    errors: FieldErrors,
) -> Result<Html<String>, AppError> {
    let preview = made(core, tx, &given).await?;
    let ReportDefinitionIn { name, design } = given;
    let metrics = core.figures.metrics().into_iter().map(|metric| {
        let selected = design.metrics.contains(&metric.key);
        Choice::new(metric.key, metric.name, selected)
    });
    let groups = [
        (ReportGroup::Day, "day", "A row a day"),
        (ReportGroup::Week, "week", "A row a week"),
        (ReportGroup::Month, "month", "A row a month"),
        (ReportGroup::Source, "source", "A row a source"),
        (ReportGroup::Location, "location", "A row a place"),
        (ReportGroup::Total, "total", "One row"),
    ];
    let charts = [
        (ReportChart::Line, "line", "Lines"),
        (ReportChart::Bars, "bars", "Bars"),
        (ReportChart::None, "none", "No chart"),
    ];
    let mut spans = vec![7, 28, 90, 182, 365];
    if !spans.contains(&design.days) {
        spans.push(design.days);
        spans.sort_unstable();
    }
    let places = core.figures.places(tx).await?;
    show(&BuilderPage {
        frame: by.frame(if id.is_some() { "Saved report" } else { "New report" }),
        action: id.map_or_else(|| "/reports/saved".to_owned(), |id| format!("/reports/saved/{id}")),
        id: id.map(|id| id.to_string()).unwrap_or_default(),
        called: name,
        metrics: metrics.collect(),
        groups: groups.map(|(group, word, label)| Choice::new(word, label, design.group == group)).into(),
        charts: charts.map(|(chart, word, label)| Choice::new(word, label, design.chart == chart)).into(),
        spans: spans
            .into_iter()
            .map(|days| Choice::new(days.to_string(), format!("{days} days"), design.days == days))
            .collect(),
        places: places
            .into_iter()
            .map(|place| Choice::new(place.id.to_string(), place.name, design.location_id == Some(place.id)))
            .collect(),
        source: design.source.unwrap_or_default(),
        compare: design.compare,
        errors,
        preview,
    })
}
