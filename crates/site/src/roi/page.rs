//! `/roi`: the calculator. Its form asks for the page anew with its figures in the address, so that a forecast can be sent to others.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;
use shell::{AppError, Detail, FieldErrors};

use super::given::Given;
use super::model::{Assumptions, forecast, usual};
use super::view::ForecastView;
use crate::core::Core;
use crate::pages::{SiteFrame, show_page};
use crate::visit::Visit;

const PATH: &str = "/roi";

#[derive(Template)]
#[template(path = "site/roi.html")]
struct RoiPage {
    frame: SiteFrame,
    forecast: ForecastView,
    /// Whether something that was typed could not be used.
    wrong: bool,
}

pub(super) async fn show(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    if !visit.site.flags.calculator {
        return Err(AppError::not_found("page"));
    }
    core.tally().view(&visit);
    let Given { assumptions, typed, wrong } = Given::of(&visit, &usual());
    if typed.is_empty() {
        let make = async { show_page(&page(&visit, &assumptions, &typed, wrong)) };
        return core.cache().answer(&visit, (PATH, 0), "text/html; charset=utf-8", make).await;
    }
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let html = show_page(&page(&visit, &assumptions, &typed, wrong))?;
    let headers = [(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"))];
    Ok((status, headers, Html(html)).into_response())
}

fn page(
    visit: &Visit,
    assumptions: &Assumptions,
    typed: &BTreeMap<&'static str, String>,
    wrong: Vec<Detail>,
) -> RoiPage {
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
    let frame = if typed.is_empty() { frame } else { frame.private() };
    let is_wrong = !wrong.is_empty();
    let view = ForecastView::new(&forecast(assumptions), &site.settings.currency, PATH.to_owned())
        .with_errors(typed, &FieldErrors::from(wrong));
    RoiPage { frame, forecast: view, wrong: is_wrong }
}
