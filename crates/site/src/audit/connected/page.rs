//! `/maturity`: what was said, what is measured, which of the two counts, and what to do first.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use shell::auth::Permits;
use shell::auth::permission::{ManageChannels, View};
use shell::chart::{Radar, Svg, Tone};
use shell::page::count;
use shell::{Allowed, AppError, Detail, FieldErrors, Form, Frame, Permission, Tab, Toast, show};

use super::api::compared;
use super::compare::{Area, Comparison, Counting, Level, Reading};
use super::{HERE, take};
use crate::audit::model::Advice;
use crate::audit::observed::Fact;
use crate::core::Core;
use crate::ports::Measured;

/// What the form sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    #[serde(rename = "auditId")]
    audit: String,
}

#[derive(Template)]
#[template(path = "site_admin/maturity.html")]
struct MaturityPage {
    frame: Frame,
    tabs: Vec<Tab>,
    csrf: String,
    may_manage: bool,
    /// Where an audit is done; empty where there is none.
    audit_href: String,
    typed: Typed,
    errors: FieldErrors,
    found: Option<Found>,
}

/// A result that was taken over.
struct Found {
    comparison: Comparison,
    done_on: String,
    /// Such as `−7 points`, and whether that is good; empty where both scores are the same.
    moved: String,
    moved_tone: &'static str,
    chart: Svg,
    rows: Vec<Row>,
    measured: usize,
    measurable: usize,
    top: Vec<Told>,
    more: Vec<Told>,
}

/// An area.
struct Row {
    name: String,
    mark: &'static str,
    mark_tone: &'static str,
    said: Option<Level>,
    measured: Option<Shown>,
}

/// A figure of the organisation's own.
struct Shown {
    label: &'static str,
    value: String,
    href: &'static str,
    level: Option<Level>,
    /// What was counted, of how many, and when.
    made_of: String,
    /// Why it does not count; empty where it does.
    but: String,
    needs: String,
}

/// Something to do.
struct Told {
    advice: Advice,
    area: String,
    effort: String,
}

/// `GET /maturity`
pub(super) async fn show_it(
    by: Allowed<View>,
    State(core): State<Core>,
    State(measured): State<Arc<dyn Measured>>,
) -> Result<Html<String>, AppError> {
    show(&page(&by, &core, measured.as_ref(), Typed::default(), FieldErrors::default()).await?)
}

/// `POST /maturity`
pub(super) async fn take_over(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    State(measured): State<Arc<dyn Measured>>,
    Form(typed): Form<Typed>,
) -> Result<Response, AppError> {
    let errors = match take::take(&core, &by, &typed.audit).await {
        Ok(_) => {
            let done = Toast::done("Taken over: it stands beside what you measure").on_next_page();
            return Ok((done, Redirect::to(HERE)).into_response());
        }
        Err(error @ AppError::Unprocessable { .. }) => FieldErrors::from(&error),
        Err(AppError::NotFound(text) | AppError::Conflict(text)) => {
            FieldErrors::from(vec![Detail::new(take::FIELD, text.into_owned())])
        }
        Err(error) => return Err(error),
    };
    let page = page(&by, &core, measured.as_ref(), typed, errors).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)?).into_response())
}

/// `POST /maturity/remove`
pub(super) async fn remove(by: Allowed<ManageChannels>) -> Result<Response, AppError> {
    take::remove(&by).await?;
    let done = Toast::done("Forgotten; the result on the site stays as it is").on_next_page();
    Ok((done, Redirect::to(HERE)).into_response())
}

async fn page<P: Permits>(
    by: &Allowed<P>,
    core: &Core,
    measured: &dyn Measured,
    typed: Typed,
    errors: FieldErrors,
) -> Result<MaturityPage, AppError> {
    let found = compared(&mut by.tx().await?, measured).await?;
    let frame = by.frame("Maturity");
    Ok(MaturityPage {
        csrf: frame.csrf.clone(),
        frame,
        tabs: measured.tabs(HERE),
        may_manage: by.may(Permission::ManageChannels),
        audit_href: audit_href(core).await?,
        typed,
        errors,
        found: found.map(Found::of),
    })
}

/// The audit of the site at the installation's own address.
async fn audit_href(core: &Core) -> Result<String, AppError> {
    let site = core.hosts().find("").await?.filter(|site| site.flags.audit);
    let base = core.kernel().config.http.base_url();
    Ok(site.map(|site| format!("{}/audit", site.address(&base))).unwrap_or_default())
}

impl Found {
    fn of(comparison: Comparison) -> Self {
        let (before, after) = (i16::from(comparison.before.score), i16::from(comparison.after.score));
        let (moved, moved_tone) = moved(after - before);
        let tell = |advice: &Advice| Told::of(advice, &comparison.areas);
        let top: Vec<Told> = comparison.this_quarter.iter().map(tell).collect();
        let rest = comparison.recommendations.iter();
        let more = rest.filter(|one| top.iter().all(|told| told.advice.id != one.id)).map(tell).collect();
        Self {
            done_on: comparison.done_at.format("%-d %B %Y").to_string(),
            moved,
            moved_tone,
            chart: chart(&comparison.areas),
            rows: comparison.areas.iter().map(|area| Row::of(area, comparison.fewest)).collect(),
            measured: comparison.measured(),
            measurable: comparison.areas.iter().filter(|area| area.measured.is_some()).count(),
            top,
            more,
            comparison,
        }
    }
}

/// How a score changed, and its tone.
fn moved(points: i16) -> (String, &'static str) {
    let unit = if points.abs() == 1 { "point" } else { "points" };
    match points {
        0 => (String::new(), ""),
        1.. => (format!("+{points} {unit}"), "won"),
        _ => (format!("−{} {unit}", points.abs()), "risk"),
    }
}

/// Both scores around a middle.
fn chart(areas: &[Area]) -> Svg {
    let level = |level: Option<u8>| level.map_or(f64::NAN, f64::from);
    let said = |area: &Area| area.said.as_ref().map(|said| said.level);
    let now = |area: &Area| match area.counts {
        Counting::Measured => area.measured.as_ref().and_then(|one| one.level.as_ref()).map(|one| one.level),
        Counting::Said | Counting::Nothing => said(area),
    };
    Radar::new("Level of each area, 0 to 4", 4.0, areas.iter().map(|area| area.name.clone()).collect())
        .series("With what is measured", Tone::Accent, areas.iter().map(|area| level(now(area))).collect())
        .series("As you said", Tone::Wait, areas.iter().map(|area| level(said(area))).collect())
        .draw()
}

impl Row {
    fn of(area: &Area, fewest: u64) -> Self {
        let (mark, mark_tone) = match area.counts {
            Counting::Measured => ("What is measured counts", "accent"),
            Counting::Said => ("What you said counts", ""),
            Counting::Nothing => ("Not answered", "wait"),
        };
        let measured = area.measured.as_ref().map(|reading| Shown::of(area, reading, fewest));
        Self { name: area.name.clone(), mark, mark_tone, said: area.said.clone(), measured }
    }
}

impl Shown {
    fn of(area: &Area, reading: &Reading, fewest: u64) -> Self {
        let fact = Fact::about(area.dimension);
        let in_words = |value| fact.map(|fact| fact.in_words(value)).unwrap_or_default();
        let cases = count(reading.cases as i64);
        let (from, to) = (reading.from.format("%-d %B"), reading.to.format("%-d %B %Y"));
        let of = if reading.cases == 1 { "1 case".to_owned() } else { format!("{cases} cases") };
        let but = match (reading.value, &reading.level) {
            (_, Some(_)) => String::new(),
            (None, None) => "Nothing tells it yet, so what you said counts.".to_owned(),
            (Some(_), None) => format!("It takes {fewest} cases before it counts."),
        };
        Self {
            label: reading.label,
            value: reading.value.map_or_else(|| "not measured".to_owned(), in_words),
            href: reading.page,
            level: reading.level.clone(),
            made_of: format!("{} {of}, {from} to {to}.", reading.how),
            but,
            needs: fact.map(Fact::hint).unwrap_or_default(),
        }
    }
}

impl Told {
    fn of(advice: &Advice, areas: &[Area]) -> Self {
        let area = areas.iter().find(|area| area.dimension == advice.dimension);
        let days = advice.effort_days;
        Self {
            area: area.map(|area| area.name.clone()).unwrap_or_default(),
            effort: if days == 1 { "1 day".to_owned() } else { format!("{days} days") },
            advice: advice.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_said_with_its_sign() {
        assert_eq!(moved(0), (String::new(), ""));
        assert_eq!(moved(1), ("+1 point".to_owned(), "won"));
        assert_eq!(moved(-12), ("−12 points".to_owned(), "risk"));
    }
}
