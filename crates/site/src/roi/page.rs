//! `/roi`: the calculator. Its forms ask for the page anew with their figures in the address, so that a forecast can be sent to others.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;
use shell::{AppError, FieldErrors};

use super::given::Given;
use super::hours::Hours;
use super::model::{forecast, usual};
use super::view::ForecastView;
use crate::core::Core;
use crate::pages::{SiteFrame, show_page};
use crate::visit::Visit;

const PATH: &str = "/roi";
/// The figure that the second form is about.
const HOURS: &str = "hoursSavedMonth";

#[derive(Template)]
#[template(path = "site/roi.html")]
struct RoiPage {
    frame: SiteFrame,
    forecast: ForecastView,
    /// Whether a figure that was typed could not be used.
    wrong: bool,
    hours: Hours,
    /// Whether the forecast counts with them.
    counted: bool,
    /// The figures that the form of the hours takes along.
    along: Vec<(&'static str, String)>,
}

pub(super) async fn show(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    if !visit.site.flags.calculator {
        return Err(AppError::not_found("page"));
    }
    core.tally().view(&visit);
    let (given, hours) = (Given::of(&visit, &usual()), Hours::of(&visit));
    if given.typed.is_empty() && !hours.is_asked() {
        let make = async { show_page(&page(&visit, given, hours)) };
        return core.cache().answer(&visit, (PATH, 0), "text/html; charset=utf-8", make).await;
    }
    let is_fine = given.wrong.is_empty() && !hours.is_wrong();
    let status = if is_fine { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let html = show_page(&page(&visit, given, hours))?;
    let headers = [(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"))];
    Ok((status, headers, Html(html)).into_response())
}

fn page(visit: &Visit, given: Given, hours: Hours) -> RoiPage {
    let Given { mut assumptions, typed, wrong } = given;
    let site = &visit.site;
    let about = "What inquiries that nobody answers cost, and what answering them would bring: an open formula with figures that \
        are yours to change.";
    let frame = SiteFrame::new(visit, "What unanswered inquiries cost", about).with_json_ld(&json!({
        "@context": "https://schema.org",
        "@type": "WebApplication",
        "name": format!("Calculator of {}", site.name),
        "url": format!("{}{PATH}", visit.base),
        "applicationCategory": "BusinessApplication",
        "operatingSystem": "Any",
        "isAccessibleForFree": true
    }));
    // One address is the page; the same with somebody's figures is theirs.
    let frame = if typed.is_empty() && !hours.is_asked() { frame } else { frame.private() };
    let (mut sources, mut counted) = (Vec::new(), false);
    // Who types the figure itself knows it better than the second form.
    if let Some(saved) = hours.saved.as_ref().filter(|_| !typed.contains_key(HOURS)) {
        assumptions.hours_saved_month = saved.hours;
        counted = true;
        sources.push((HOURS, "Counted from the hours that you entered below.".to_owned()));
    }
    let assumptions = assumptions.clamped();
    let along = typed.iter().filter(|(name, _)| **name != HOURS).map(|(name, value)| (*name, value.clone())).collect();
    let is_wrong = !wrong.is_empty();
    let forecast = ForecastView::new(&forecast(&assumptions), &site.settings.currency, PATH.to_owned())
        .with_sources(sources.into_iter())
        .with_errors(&typed, &FieldErrors::from(wrong));
    RoiPage { frame, forecast, wrong: is_wrong, hours, counted, along }
}
