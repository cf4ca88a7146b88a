//! One page of questions. What is on it is saved as it is left, forward and back; the last one ends in the result.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use shell::{AppError, Detail, Form, Path};

use super::questions::{self, Asked, Problem};
use super::{open, private, to_where_one_was};
use crate::audit::answers::{Given, first};
use crate::audit::api::missing;
use crate::audit::model::{Config, Step};
use crate::audit::store::Audit;
use crate::audit::submit::{self, Contact};
use crate::audit::{config, store};
use crate::core::Core;
use crate::inquiries::guard::{self, Guard};
use crate::inquiries::rate;
use crate::pages::SiteFrame;
use crate::ports::Person;
use crate::tally::Reach;
use crate::visit::Visit;

/// Pages that one address may save in an hour.
const SAVED: u32 = 600;

/// `/audit/{token}/{step}`
#[derive(Template)]
#[template(path = "site/audit/step.html")]
struct StepPage {
    frame: SiteFrame,
    action: String,
    /// From 1.
    step: usize,
    title: String,
    lead: String,
    stations: Vec<Station>,
    questions: Vec<Asked>,
    problems: Vec<Problem>,
    /// On the last page: who it was, if they like.
    contact: Option<ContactView>,
}

/// A page in the progress.
struct Station {
    title: String,
    /// Where it is; empty for the one that is open, and for those that come later.
    href: String,
    current: bool,
    done: bool,
}

/// The fields of the contact as they were typed.
struct ContactView {
    name: String,
    email: String,
    company: String,
    letters: bool,
    /// Whether letters can be asked for.
    letters_on: bool,
    /// Whether the result can be sent.
    mail: bool,
    email_error: String,
    name_error: String,
    company_error: String,
    guard: Guard,
}

/// What a page is shown for.
struct Place<'a> {
    token: &'a str,
    /// From 1.
    step: usize,
    config: &'a Config,
    page: &'a Step,
    /// How far the audit has come, from 1.
    reached: usize,
}

/// Shows a page with what was answered. Pages after the first open one are not there yet.
pub(super) async fn show(
    visit: Visit,
    State(core): State<Core>,
    Path((token, step)): Path<(String, usize)>,
) -> Result<Response, AppError> {
    let audit = open(&core, &visit, &token).await?;
    let config = questions_of(&core, &visit, &audit).await?;
    let page = step.checked_sub(1).and_then(|place| config.steps.get(place)).ok_or_else(missing)?;
    let reached = reached(&audit);
    if audit.outcome.is_some() || step > reached {
        return Ok(to_where_one_was(&token, &audit).into_response());
    }
    let place = Place { token: &token, step, config: &config, page, reached };
    private(&view(&core, &visit, &place, questions::kept(page, &audit.answers), &[], &Given::new()).await?)
}

/// Saves a page and goes on, back, or to the result.
pub(super) async fn save(
    visit: Visit,
    State(core): State<Core>,
    Path((token, step)): Path<(String, usize)>,
    Form(given): Form<Given>,
) -> Result<Response, AppError> {
    rate::check(&core, &visit, "audit-page", SAVED).await?;
    let audit = open(&core, &visit, &token).await?;
    let config = questions_of(&core, &visit, &audit).await?;
    let page = step.checked_sub(1).and_then(|place| config.steps.get(place)).ok_or_else(missing)?;
    // Handed in once, it stays: the form of another tab, or a second click, leads to the result.
    if audit.outcome.is_some() || step > reached(&audit) {
        return Ok(to_where_one_was(&token, &audit).into_response());
    }
    let back = first(&given, "go") == "back" && step > 1;
    let place = Place { token: &token, step, config: &config, page, reached: reached(&audit) };
    match kept(&core, &visit, &place, &given, back).await {
        Ok(to) => Ok(to.into_response()),
        Err(error) if error.status() == StatusCode::UNPROCESSABLE_ENTITY => {
            let mut wrong = error.details().to_vec();
            if wrong.is_empty() {
                wrong.push(Detail::new("page", error.to_string()));
            }
            let asked = questions::typed(page, &given, &wrong);
            let shown = private(&view(&core, &visit, &place, asked, &wrong, &given).await?)?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, shown).into_response())
        }
        Err(error) => Err(error),
    }
}

/// Writes the answers of a page down, and says where it goes on.
async fn kept(core: &Core, visit: &Visit, place: &Place<'_>, given: &Given, back: bool) -> Result<Redirect, AppError> {
    let Place { token, step, config, page, .. } = *place;
    let mut tx = core.kernel().db.begin_site(visit.site.org, Some(token)).await?;
    let audit = store::held(&mut tx, token).await?.ok_or_else(missing)?;
    let mut answers = audit.answers.clone();
    let wrong = answers.take(page, given, back);
    let last = step == config.steps.len();
    let to = match (back, last) {
        (true, _) => step - 1,
        (false, true) => step,
        (false, false) => step + 1,
    };
    // What is right is kept even where something else on the page is wrong.
    let reached = if wrong.is_empty() { to } else { step };
    store::keep(&mut tx, audit.id, &answers, i16::try_from(reached).unwrap_or(1)).await?;
    tx.commit().await?;
    if !wrong.is_empty() && !back {
        return Err(AppError::fields(wrong));
    }
    if last && !back {
        return finished(core, visit, place, given).await;
    }
    core.tally().reached(visit, Reach::Step(u8::try_from(to).unwrap_or(1)));
    Ok(Redirect::to(&format!("/audit/{token}/{to}")))
}

/// Hands the audit in with what was kept of it.
async fn finished(core: &Core, visit: &Visit, place: &Place<'_>, given: &Given) -> Result<Redirect, AppError> {
    let Place { token, config, .. } = *place;
    let mut tx = core.kernel().db.begin_site(visit.site.org, Some(token)).await?;
    let audit = store::held(&mut tx, token).await?.ok_or_else(missing)?;
    if audit.outcome.is_some() {
        return Ok(to_where_one_was(token, &audit));
    }
    let outcome = submit::outcome(config, audit.config_version, &audit.answers, &visit.site.settings.currency);
    let outcome = outcome.ok_or_else(submit::too_little)?;
    let contact = contact(visit, given);
    let reach = if contact.is_some() { Reach::Contact } else { Reach::Result };
    if let Some(contact) = contact {
        submit::make_known(core, visit, &mut tx, (audit.id, token, &outcome), contact).await?;
    }
    submit::hand_in(core, &mut tx, audit.id, &outcome).await?;
    tx.commit().await?;
    core.tally().reached(visit, reach);
    Ok(Redirect::to(&format!("/audit/results/{token}")))
}

/// The questions that an audit was begun with.
async fn questions_of(core: &Core, visit: &Visit, audit: &Audit) -> Result<Arc<Config>, AppError> {
    let mut tx = core.kernel().db.begin_site(visit.site.org, None).await?;
    let config = config::read(&mut tx, audit.config_version).await?;
    config
        .ok_or_else(|| AppError::internal(anyhow::anyhow!("the version {} of the audit is gone", audit.config_version)))
}

fn reached(audit: &Audit) -> usize {
    usize::try_from(audit.step).unwrap_or(1).max(1)
}

/// Who it was, where an address was given or anything else that asks for one.
pub(super) fn contact(visit: &Visit, given: &Given) -> Option<Contact> {
    let person = Person {
        name: first(given, "name").to_owned(),
        email: first(given, "email").to_owned(),
        phone: first(given, "phone").to_owned(),
        company: first(given, "company").to_owned(),
    };
    let letters = first(given, "letters") == "yes";
    let said = letters
        || [&person.name, &person.email, &person.phone, &person.company].iter().any(|one| !one.trim().is_empty());
    let guard = guard::Given {
        stamp: first(given, "stamp").to_owned(),
        proof: first(given, "proof").to_owned(),
        website: first(given, "website").to_owned(),
    };
    said.then_some(Contact { person, letters: visit.site.flags.letters.then_some(letters), guard: Some(guard) })
}

async fn view(
    core: &Core,
    visit: &Visit,
    place: &Place<'_>,
    questions: Vec<Asked>,
    wrong: &[Detail],
    given: &Given,
) -> Result<StepPage, AppError> {
    let Place { token, step, config, page, reached } = *place;
    let station = |(place, of): (usize, &Step)| {
        let number = place + 1;
        let open = number <= reached && number != step;
        Station {
            title: of.title.clone(),
            href: if open { format!("/audit/{token}/{number}") } else { String::new() },
            current: number == step,
            done: number < reached,
        }
    };
    let contact =
        if step == config.steps.len() { Some(ContactView::of(core, visit, given, wrong).await?) } else { None };
    let title = format!("{}, page {step} of {}", page.title, config.steps.len());
    Ok(StepPage {
        frame: SiteFrame::new(visit, title, "A page of the maturity audit.").private(),
        action: format!("/audit/{token}/{step}"),
        step,
        title: page.title.clone(),
        lead: page.lead.clone(),
        stations: config.steps.iter().enumerate().map(station).collect(),
        problems: questions::problems(page, wrong),
        questions,
        contact,
    })
}

impl ContactView {
    async fn of(core: &Core, visit: &Visit, given: &Given, wrong: &[Detail]) -> Result<Self, AppError> {
        let field = |name: &str| first(given, name).to_owned();
        let error =
            |name: &str| wrong.iter().find(|one| one.field == name).map(|one| one.reason.clone()).unwrap_or_default();
        Ok(Self {
            name: field("name"),
            email: field("email"),
            company: field("company"),
            letters: field("letters") == "yes",
            letters_on: visit.site.flags.letters,
            mail: core.kernel().config.mail.is_set(),
            email_error: error("email"),
            name_error: error("name"),
            company_error: error("company"),
            guard: guard::issue(core, visit).await?,
        })
    }
}
