//! The result: shown at once and to whoever has its address, with everything it was made from.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use shell::chart::Svg;
use shell::{AppError, FieldErrors, Form, Path};

use super::measured::Measured;
use super::{open, private, step, to_where_one_was};
use crate::audit::answers::{Given, first};
use crate::audit::api::{missing, page_of};
use crate::audit::model::{Advice, DimensionScore, Outcome};
use crate::audit::store::Audit;
use crate::audit::{paper, submit, words};
use crate::core::Core;
use crate::inquiries::guard::{self, Guard};
use crate::pages::SiteFrame;
use crate::roi::model::forecast;
use crate::roi::{ForecastView, Given as Figures};
use crate::tally::Reach;
use crate::visit::Visit;

/// `/audit/results/{token}`
#[derive(Template)]
#[template(path = "site/audit/result.html")]
pub(super) struct ResultPage {
    frame: SiteFrame,
    outcome: Outcome,
    chart: Svg,
    rows: Vec<Row>,
    top: Vec<Told>,
    all: Vec<Told>,
    /// Whether a model worded the recommendations.
    worded: bool,
    forecast: ForecastView,
    /// Whether a figure of the forecast could not be used.
    figures_wrong: bool,
    /// None in a preview.
    kept: Option<Kept>,
}

/// What only a result has that was kept.
struct Kept {
    done_at: String,
    link: String,
    pdf: String,
    letter: Letter,
    measured: Measured,
}

/// The form that has the result sent.
pub(super) struct Letter {
    action: String,
    name: String,
    email: String,
    company: String,
    letters: bool,
    letters_on: bool,
    /// Whether letters can be sent from here.
    mail: bool,
    errors: FieldErrors,
    sent: bool,
    guard: Guard,
}

/// A dimension in the table.
struct Row {
    score: DimensionScore,
    /// Of similar businesses, as a level: `1.6`.
    peers: String,
}

/// A recommendation as it is shown.
pub(super) struct Told {
    advice: Advice,
    /// From 1.
    place: usize,
    dimension: String,
    /// Such as `2 days`.
    effort: String,
    /// Five circles, the first ones full.
    effect: String,
}

/// Shows a result; an audit that is still open leads to its questions.
pub(super) async fn show(
    visit: Visit,
    State(core): State<Core>,
    Path(token): Path<String>,
) -> Result<Response, AppError> {
    let audit = open(&core, &visit, &token).await?;
    if audit.outcome.is_none() {
        return Ok(to_where_one_was(&token, &audit).into_response());
    }
    let sent = visit.query_value("sent").is_some();
    let letter = Letter::new(&core, &visit, &token, &Given::new(), FieldErrors::default(), sent).await?;
    answer(&visit, audit, &token, letter, Measured::of(&token, &Given::new(), &FieldErrors::default()))
}

/// Has the result sent to an address.
pub(super) async fn letter(
    visit: Visit,
    State(core): State<Core>,
    Path(token): Path<String>,
    Form(given): Form<Given>,
) -> Result<Response, AppError> {
    let audit = open(&core, &visit, &token).await?;
    let Some(outcome) = &audit.outcome else {
        return Ok(to_where_one_was(&token, &audit).into_response());
    };
    let contact = step::contact(&visit, &given).unwrap_or_default();
    let mut tx = core.kernel().db.begin_site(visit.site.org, Some(&token)).await?;
    match submit::make_known(&core, &visit, &mut tx, (audit.id, &token, outcome), contact).await {
        Ok(()) => {
            tx.commit().await?;
            core.tally().reached(&visit, Reach::Contact);
            Ok(Redirect::to(&format!("/audit/results/{token}?sent=yes#send")).into_response())
        }
        Err(error) if error.status() == StatusCode::UNPROCESSABLE_ENTITY => {
            drop(tx);
            let letter = Letter::new(&core, &visit, &token, &given, FieldErrors::from(&error), false).await?;
            let measured = Measured::of(&token, &Given::new(), &FieldErrors::default());
            Ok((StatusCode::UNPROCESSABLE_ENTITY, answer(&visit, audit, &token, letter, measured)?).into_response())
        }
        Err(error) => Err(error),
    }
}

/// Whoever comes to the form's address is shown the form.
pub(super) async fn back(Path(token): Path<String>) -> Result<Redirect, AppError> {
    kernel::ids::decode(&token).ok_or_else(missing)?;
    Ok(Redirect::to(&format!("/audit/results/{token}")))
}

/// The page of a result that was kept, with its forms as they were typed.
pub(super) fn answer(
    visit: &Visit,
    audit: Audit,
    token: &str,
    letter: Letter,
    measured: Measured,
) -> Result<Response, AppError> {
    let (Some(outcome), Some(done_at)) = (audit.outcome, audit.done_at) else { return Err(missing()) };
    // What somebody put in goes with what they hand on.
    let figures = Figures::of(visit, &outcome.assumptions).query(&outcome.assumptions);
    let kept = Kept {
        done_at: done_at.format("%-d %B %Y").to_string(),
        pdf: format!("/audit/results/{token}/report.pdf{figures}"),
        link: format!("{}{figures}", page_of(visit, token)),
        letter,
        measured,
    };
    let action = format!("/audit/results/{token}#forecast");
    private(&ResultPage::new(visit, outcome, audit.words.as_ref(), action, Some(kept)))
}

impl ResultPage {
    pub(super) fn preview(visit: &Visit, outcome: Outcome, action: String) -> Self {
        Self::new(visit, outcome, None, action, None)
    }

    fn new(
        visit: &Visit,
        outcome: Outcome,
        texts: Option<&serde_json::Value>,
        action: String,
        kept: Option<Kept>,
    ) -> Self {
        let figures = Figures::of(visit, &outcome.assumptions);
        let changed = figures.changed(&outcome.assumptions);
        let Figures { assumptions, typed, wrong } = figures;
        let sources = outcome.sources.iter().map(|one| (one.of.as_str(), paper::in_words(&one.source)));
        let figures_wrong = !wrong.is_empty();
        let forecast = ForecastView::new(&forecast(&assumptions), &outcome.currency, action)
            .with_sources(sources)
            .with_sources(changed.into_iter().map(|input| (input.key, paper::CHANGED.to_owned())))
            .with_errors(&typed, &FieldErrors::from(wrong));
        let title = format!("Maturity audit: {} of 100", outcome.total);
        Self {
            frame: SiteFrame::new(visit, title, "The result of a maturity audit.").private(),
            chart: paper::radar(&outcome).draw(),
            rows: rows(&outcome),
            top: told(&words::told(&outcome.top, texts), &outcome),
            all: told(&words::told(&outcome.all, texts), &outcome),
            worded: words::are_there(texts),
            forecast,
            figures_wrong,
            kept,
            outcome,
        }
    }

    /// Where the score stands on a scale of a thousand.
    fn mark(&self) -> u32 {
        u32::from(self.outcome.total) * 10
    }

    /// The same of similar businesses.
    fn peers_mark(&self) -> Option<u32> {
        self.outcome.peers.as_ref().map(|peers| u32::from(peers.total) * 10)
    }

    /// Of whom the result is, such as `Dentist · 6–20 people`.
    fn business(&self) -> String {
        let Outcome { industry, size, .. } = &self.outcome;
        format!("{} · {}", industry.name, size.name)
    }
}

impl Letter {
    pub(super) async fn new(
        core: &Core,
        visit: &Visit,
        token: &str,
        given: &Given,
        errors: FieldErrors,
        sent: bool,
    ) -> Result<Self, AppError> {
        let field = |name: &str| first(given, name).to_owned();
        Ok(Self {
            // A form that is refused is shown where it stands.
            action: format!("/audit/results/{token}/letter#send"),
            name: field("name"),
            email: field("email"),
            company: field("company"),
            letters: field("letters") == "yes",
            letters_on: visit.site.flags.letters,
            mail: core.kernel().config.mail.is_set(),
            errors,
            sent,
            guard: guard::issue(core, visit).await?,
        })
    }
}

fn rows(outcome: &Outcome) -> Vec<Row> {
    let peers = outcome.peers.as_ref();
    let row = |(place, score): (usize, &DimensionScore)| {
        let points = peers.and_then(|peers| peers.scores.get(place));
        let peers = points.map(|points| format!("{:.1}", f64::from(*points) / 25.0)).unwrap_or_default();
        Row { score: score.clone(), peers }
    };
    outcome.dimensions.iter().enumerate().map(row).collect()
}

fn told(advice: &[Advice], outcome: &Outcome) -> Vec<Told> {
    let tell = |(place, advice): (usize, &Advice)| {
        let of = outcome.dimensions.iter().find(|one| one.dimension == advice.dimension);
        let full = usize::from(advice.effect.min(5));
        Told {
            place: place + 1,
            dimension: of.map(|of| of.name.clone()).unwrap_or_default(),
            effort: if advice.effort_days == 1 { "1 day".to_owned() } else { format!("{} days", advice.effort_days) },
            effect: format!("{}{}", "●".repeat(full), "○".repeat(5 - full)),
            advice: advice.clone(),
        }
    };
    advice.iter().enumerate().map(tell).collect()
}
