//! What a business measured, put in place of what was said: a result of its own, and the one before stays as it was shown.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use shell::{AppError, FieldErrors, Form, Path};

use super::result::{Letter, answer};
use super::{BEGUN, open, to_where_one_was};
use crate::audit::answers::{Given, first};
use crate::audit::observed::{FACTS, Observed};
use crate::audit::submit;
use crate::core::Core;
use crate::inquiries::rate;
use crate::visit::Visit;

/// The form of what was measured.
pub(super) struct Measured {
    pub action: String,
    pub fields: Vec<Field>,
    /// Whether something of it could not be used.
    pub wrong: bool,
}

/// A figure in it.
pub(super) struct Field {
    pub name: &'static str,
    pub label: String,
    pub hint: String,
    pub value: String,
    pub error: String,
}

impl Measured {
    /// The form as it was typed.
    pub(super) fn of(token: &str, given: &Given, errors: &FieldErrors) -> Self {
        let fields = FACTS.iter().map(|fact| Field {
            name: fact.key,
            label: format!("{}, in {}", fact.label, if fact.unit == "%" { "percent" } else { fact.unit }),
            hint: fact.hint(),
            value: first(given, fact.key).to_owned(),
            error: errors.on(fact.key).to_owned(),
        });
        // Where it stands, for a form that is refused.
        let action = format!("/audit/results/{token}/measured#measured");
        Self { action, fields: fields.collect(), wrong: !errors.is_empty() }
    }
}

/// `POST /audit/results/{token}/measured`
pub(super) async fn send(
    visit: Visit,
    State(core): State<Core>,
    Path(token): Path<String>,
    Form(given): Form<Given>,
) -> Result<Response, AppError> {
    rate::check(&core, &visit, "audit", BEGUN).await?;
    let audit = open(&core, &visit, &token).await?;
    if audit.outcome.is_none() {
        return Ok(to_where_one_was(&token, &audit).into_response());
    }
    match Observed::of_form(&given) {
        Ok(observed) => {
            let done = submit::anew(&core, &visit, &audit, observed).await?;
            Ok(Redirect::to(&format!("/audit/results/{}#main", done.token)).into_response())
        }
        Err(wrong) => {
            let letter = Letter::new(&core, &visit, &token, &Given::new(), FieldErrors::default(), false).await?;
            let measured = Measured::of(&token, &given, &FieldErrors::from(wrong));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, answer(&visit, audit, &token, letter, measured)?).into_response())
        }
    }
}
