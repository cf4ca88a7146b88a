//! `/roi`: the calculator. Its form asks for the page anew with its figures in the address, so that a forecast can be sent to others.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;
use shell::{AppError, Detail, FieldErrors};

use super::inputs::{INPUTS, Input};
use super::model::{Assumptions, forecast, usual};
use super::view::ForecastView;
use crate::core::Core;
use crate::pages::{SiteFrame, show_page};
use crate::visit::Visit;

const PATH: &str = "/roi";
/// The longest text of a figure that is looked at.
const LONGEST: usize = 32;

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

/// Figures with those of an address, as a form without script sends them.
struct Given {
    /// What was there, with what could be used.
    assumptions: Assumptions,
    typed: BTreeMap<&'static str, String>,
    /// What could not be used.
    wrong: Vec<Detail>,
}

impl Given {
    /// The figures of the address over those that stand without one; other values (such as those of campaigns) are nobody's
    /// business here.
    fn of(visit: &Visit, own: &Assumptions) -> Self {
        let value = |input: &&'static Input| Some((input.key, visit.query_value(input.key)?));
        Self::read(own, INPUTS.iter().filter_map(value).collect())
    }

    fn read(own: &Assumptions, typed: BTreeMap<&'static str, String>) -> Self {
        let (mut assumptions, mut wrong) = (own.clone(), Vec::new());
        for input in INPUTS {
            let Some(text) = typed.get(input.key) else { continue };
            if let Some(value) = number(text).map(|shown| input.of_form(shown)).filter(|value| input.takes(*value)) {
                (input.write)(&mut assumptions, value);
            } else {
                let bounds = input.bounds(input.most_shown());
                wrong.push(Detail::new(input.key, format!("This is {bounds}, without spaces or commas.")));
            }
        }
        Self { assumptions, typed, wrong }
    }
}

fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    // `inf`, `1e9` and their like are numbers for a program, and slips of a person.
    let plain =
        !text.is_empty() && text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &str)]) -> Given {
        Given::read(&usual(), pairs.iter().map(|(key, value)| (*key, (*value).to_owned())).collect())
    }

    #[test]
    fn typed_figures_replace_the_usual_ones_and_percentages_become_shares() {
        let Given { assumptions: made, wrong, .. } =
            read(&[("missedShare", "40"), ("value", " 1250.50 "), ("rampMonths", "0")]);
        assert!(wrong.is_empty());
        assert!((made.missed_share - 0.4).abs() < 1e-12 && (made.value - 1_250.5).abs() < 1e-12);
        assert_eq!((made.ramp_months, made.clone().clamped()), (0, made));
    }

    #[test]
    fn slips_are_named_and_the_usual_figure_stands_meanwhile() {
        for text in ["", "abc", "-1", "1e5", "inf", "NaN", "12,5", "101", "<script>", "9".repeat(40).as_str()] {
            let Given { assumptions, wrong, .. } = read(&[("closeRate", text)]);
            assert_eq!((assumptions, wrong.len()), (usual(), 1), "{text}");
        }
        let wrong = read(&[("rampMonths", "1.5")]).wrong;
        assert!(wrong[0].reason.contains("whole number from 0 to 12"), "{}", wrong[0].reason);
    }
}
