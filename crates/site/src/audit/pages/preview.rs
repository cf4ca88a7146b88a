//! The audit as the desk has drafted it: all questions on one page, and the result of trying them. Nothing of it is kept.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use shell::{AppError, Form};

use super::private;
use super::questions::{self, Asked, Problem};
use super::result::ResultPage;
use crate::audit::answers::{Given, first};
use crate::audit::api::{is_on, missing};
use crate::audit::model::{Answers, Config, Step};
use crate::audit::{config, submit};
use crate::core::Core;
use crate::pages::SiteFrame;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "site/audit/preview.html")]
struct Preview {
    frame: SiteFrame,
    token: String,
    pages: Vec<Page>,
    problems: Vec<Problem>,
}

/// A page of the audit, among the others.
struct Page {
    title: String,
    lead: String,
    questions: Vec<Asked>,
}

/// `/audit?preview=…`
pub(super) async fn show(core: &Core, visit: &Visit, token: &str) -> Result<Response, AppError> {
    let (_, config) = draft(core, visit, token).await?;
    let page = |step: &Step| Page {
        title: step.title.clone(),
        lead: step.lead.clone(),
        questions: questions::kept(step, &Answers::default()),
    };
    let pages = config.steps.iter().map(page).collect();
    private(&Preview { frame: frame(visit), token: token.to_owned(), pages, problems: Vec::new() })
}

/// The result of answers that were tried.
pub(super) async fn score(
    visit: Visit,
    State(core): State<Core>,
    Form(given): Form<Given>,
) -> Result<Response, AppError> {
    is_on(&visit)?;
    let token = first(&given, "preview");
    let (version, config) = draft(&core, &visit, token).await?;
    let (mut answers, mut pages, mut problems) = (Answers::default(), Vec::new(), Vec::new());
    for step in &config.steps {
        let wrong = answers.take(step, &given, false);
        problems.extend(questions::problems(step, &wrong));
        let questions = questions::typed(step, &given, &wrong);
        pages.push(Page { title: step.title.clone(), lead: step.lead.clone(), questions });
    }
    let outcome = submit::outcome(&config, version, &answers, &visit.site.settings.currency);
    if problems.is_empty() && outcome.is_none() {
        problems.push(Problem { href: "#f-page".to_owned(), text: submit::too_little().to_string() });
    }
    match outcome {
        Some(outcome) if problems.is_empty() => private(&ResultPage::preview(&visit, outcome, "/roi".to_owned())),
        _ => {
            let page = Preview { frame: frame(&visit), token: token.to_owned(), pages, problems };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, private(&page)?).into_response())
        }
    }
}

/// The draft that a preview's token shows.
async fn draft(core: &Core, visit: &Visit, token: &str) -> Result<(i32, Arc<Config>), AppError> {
    let mut tx = core.kernel().db.begin_site(visit.site.org, Some(token)).await?;
    config::draft(&mut tx).await?.ok_or_else(missing)
}

fn frame(visit: &Visit) -> SiteFrame {
    SiteFrame::new(visit, "Preview of the audit", "A draft of the maturity audit.").private()
}
