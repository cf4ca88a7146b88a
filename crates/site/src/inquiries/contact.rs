//! The contact page: a form, and what happens next.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use shell::{AppError, FieldErrors, Form};

use super::guard::{self, Given, Guard};
use super::{Kind, NewInquiry, keep};
use crate::booking::slots::{next_business_day, zone_of};
use crate::core::Core;
use crate::pages::{SiteFrame, show_page};
use crate::ports::Person;
use crate::tally::Reach;
use crate::visit::Visit;

/// What somebody may want, as the form and the API name it.
pub(super) const TOPICS: [(&str, &str); 5] = [
    ("question", "A question"),
    ("demo", "See it at work"),
    ("audit", "My audit result"),
    ("setup", "Help with setting up"),
    ("other", "Something else"),
];

/// The name of a topic; none for a word that is none.
pub(super) fn topic(word: &str) -> Option<&'static str> {
    TOPICS.iter().find(|(known, _)| *known == word).map(|(_, name)| *name)
}

/// The form.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ContactForm {
    name: String,
    email: String,
    phone: String,
    company: String,
    topic: String,
    message: String,
    /// `yes` where they want letters.
    letters: String,
    #[serde(flatten)]
    guard: Given,
}

impl ContactForm {
    fn inquiry(&self, visit: &Visit) -> Result<NewInquiry, AppError> {
        let topic = match self.topic.as_str() {
            "" => "",
            word => topic(word).ok_or_else(|| AppError::field("topic", "is not one of the choices"))?,
        };
        Ok(NewInquiry {
            kind: Kind::Contact,
            topic: topic.to_owned(),
            person: Person {
                name: self.name.clone(),
                email: self.email.clone(),
                phone: self.phone.clone(),
                company: self.company.clone(),
            },
            message: self.message.clone(),
            letters: visit.site.flags.letters.then_some(self.letters == "yes"),
            audit: None,
            guard: Some(self.guard.clone()),
            source: crate::tally::source(visit),
        })
    }
}

#[derive(Template)]
#[template(path = "site/contact.html")]
struct ContactPage {
    frame: SiteFrame,
    form: ContactForm,
    errors: FieldErrors,
    guard: Guard,
    topics: Vec<(&'static str, &'static str, bool)>,
    /// The day by which somebody answers.
    answer_by: String,
}

#[derive(Template)]
#[template(path = "site/contact_thanks.html")]
struct ThanksPage {
    frame: SiteFrame,
    answer_by: String,
    /// Whether a receipt goes to the address.
    letter: bool,
}

fn frame(visit: &Visit) -> SiteFrame {
    let about = format!("Write to {}. A person answers within one business day.", visit.site.name);
    SiteFrame::new(visit, "Contact", about)
}

fn answer_by(core: &Core, visit: &Visit) -> String {
    let zone = zone_of(&visit.site);
    let by = next_business_day(&visit.site.settings.hours, zone, core.kernel().clock.now());
    by.with_timezone(&zone).format("%A, %-d %B").to_string()
}

async fn shown(core: &Core, visit: &Visit, form: ContactForm, errors: FieldErrors) -> Result<Response, AppError> {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let topics = TOPICS.into_iter().map(|(word, name)| (word, name, word == form.topic)).collect();
    let (guard, answer_by) = (guard::issue(core, visit).await?, answer_by(core, visit));
    let page = ContactPage {
        frame: frame(visit).with_trail(&[("Contact", "/contact")]),
        form,
        errors,
        guard,
        topics,
        answer_by,
    };
    Ok((status, Html(show_page(&page)?)).into_response())
}

/// `GET /contact`; `?topic=` chooses one.
pub(super) async fn page(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    core.tally().view(&visit);
    let topic = visit.query_value("topic").filter(|word| topic(word).is_some()).unwrap_or_default();
    shown(&core, &visit, ContactForm { topic, ..ContactForm::default() }, FieldErrors::default()).await
}

/// `POST /contact`. What is wrong is said beside its field, with everything that was typed.
pub(super) async fn send(
    visit: Visit,
    State(core): State<Core>,
    Form(form): Form<ContactForm>,
) -> Result<Response, AppError> {
    match take(&core, &visit, &form).await {
        Ok(()) => {
            core.tally().reached(&visit, Reach::Contact);
            Ok(Redirect::to("/contact/thanks").into_response())
        }
        Err(error) if !error.details().is_empty() => {
            let errors = FieldErrors::from(&error);
            shown(&core, &visit, form, errors).await
        }
        Err(error) => Err(error),
    }
}

async fn take(core: &Core, visit: &Visit, form: &ContactForm) -> Result<(), AppError> {
    let new = form.inquiry(visit)?;
    let mut tx = core.kernel().db.begin_site(visit.site.org, None).await?;
    keep(core, visit, &mut tx, new).await?;
    tx.commit().await?;
    Ok(())
}

/// `GET /contact/thanks`.
pub(super) async fn thanks(visit: Visit, State(core): State<Core>) -> Result<Html<String>, AppError> {
    let page = ThanksPage {
        frame: frame(&visit).private(),
        answer_by: answer_by(&core, &visit),
        letter: core.kernel().config.mail.is_set(),
    };
    Ok(Html(show_page(&page)?))
}
