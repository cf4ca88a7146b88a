//! The audit's pages: what it is, its questions one page at a time, its result.
//!
//! Everything is a link or a form: nothing here needs a script. The address of an audit is its key, so that no address of one is
//! counted, cached or shown to search engines.

mod measured;
mod preview;
mod questions;
mod result;
mod step;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use kernel::ids::decode;
use serde_json::Value;
use shell::{AppError, Path};

use super::api::{is_on, missing};
use super::model::Config;
use super::store::Audit;
use super::{config, paper, store, submit};
use crate::core::Core;
use crate::inquiries::rate;
use crate::pages::{SiteFrame, show_page};
use crate::tally;
use crate::visit::Visit;

/// Audits that one address may begin in an hour, and pages that it may save.
const BEGUN: u32 = 60;

pub(super) fn routes() -> Router<Core> {
    Router::new()
        .route("/audit", get(intro))
        .route("/audit/begin", post(begin).get(back))
        .route("/audit/preview", post(preview::score).get(back))
        .route("/audit/{token}", get(resume))
        .route("/audit/{token}/{step}", get(step::show).post(step::save))
        .route("/audit/results/{token}", get(result::show))
        .route("/audit/results/{token}/letter", post(result::letter).get(result::back))
        .route("/audit/results/{token}/measured", post(measured::send).get(result::back))
        .merge(paper::routes())
}

/// `/audit`
#[derive(Template)]
#[template(path = "site/audit/intro.html")]
struct Intro {
    frame: SiteFrame,
    title: String,
    lead: String,
    button: String,
    questions: usize,
    steps: Vec<String>,
    dimensions: Vec<String>,
}

/// What it is, what one gets, how long it takes.
async fn intro(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    is_on(&visit)?;
    if let Some(token) = visit.query_value("preview") {
        return preview::show(&core, &visit, &token).await;
    }
    core.tally().view(&visit);
    let drawn = core.tally().variant(&visit, "audit").await;
    let make = async {
        let mut tx = core.kernel().db.begin_site(visit.site.org, None).await?;
        let (_, config) = config::current(&mut tx).await?;
        show_page(&Intro::of(&visit, &config, drawn.fields.as_ref()))
    };
    core.cache().answer(&visit, ("/audit", drawn.index), "text/html; charset=utf-8", make).await
}

impl Intro {
    fn of(visit: &Visit, config: &Config, wording: Option<&Value>) -> Self {
        let said = |name: &str, otherwise: &str| {
            let text = wording.and_then(|fields| fields.get(name)).and_then(Value::as_str).unwrap_or_default();
            if text.is_empty() { otherwise.to_owned() } else { text.to_owned() }
        };
        let title = said("title", "Where does your business lose customers?");
        let lead = said(
            "lead",
            "A maturity audit of how inquiries are answered, booked, followed up and paid. Three minutes, no sign-up, and the \
             result is yours at once.",
        );
        let frame = SiteFrame::new(visit, "Maturity audit", lead.clone()).with_trail(&[("Maturity audit", "/audit")]);
        Self {
            frame,
            title,
            lead,
            button: said("button", "Start the audit"),
            questions: config.questions().count(),
            steps: config.steps.iter().map(|step| step.title.clone()).collect(),
            dimensions: config.dimensions.iter().map(|measure| measure.name.clone()).collect(),
        }
    }
}

/// Begins an audit with the questions that are published now.
async fn begin(visit: Visit, State(core): State<Core>) -> Result<Redirect, AppError> {
    is_on(&visit)?;
    rate::check(&core, &visit, "audit", BEGUN).await?;
    let token = submit::token()?;
    let mut tx = core.kernel().db.begin_site(visit.site.org, Some(&token)).await?;
    let (version, _) = config::current(&mut tx).await?;
    store::begin(&mut tx, &token, version, &tally::source(&visit)).await?;
    tx.commit().await?;
    core.tally().reached(&visit, tally::Reach::Step(1));
    Ok(Redirect::to(&format!("/audit/{token}/1")))
}

/// Whoever comes to an address that only takes forms is shown where the form is.
async fn back() -> Redirect {
    Redirect::to("/audit")
}

/// Where one was: the first page that is not answered, or the result.
async fn resume(visit: Visit, State(core): State<Core>, Path(token): Path<String>) -> Result<Redirect, AppError> {
    let audit = open(&core, &visit, &token).await?;
    Ok(to_where_one_was(&token, &audit))
}

fn to_where_one_was(token: &str, audit: &Audit) -> Redirect {
    if audit.outcome.is_some() {
        Redirect::to(&format!("/audit/results/{token}"))
    } else {
        Redirect::to(&format!("/audit/{token}/{}", audit.step))
    }
}

/// The audit of a token.
async fn open(core: &Core, visit: &Visit, token: &str) -> Result<Audit, AppError> {
    is_on(visit)?;
    decode(token).ok_or_else(missing)?;
    let mut tx = core.kernel().db.begin_site(visit.site.org, Some(token)).await?;
    store::by_token(&mut tx, token).await?.ok_or_else(missing)
}

/// A page that is one visitor's.
fn private(template: &impl Template) -> Result<Response, AppError> {
    Ok(Html(show_page(template)?).into_response())
}
