//! `/ingestion/connect/{kind}`: the form that connects something.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Map, Value};
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, FieldErrors, Form, Frame, Path, Toast, show};

use crate::connections::api::shown;
use crate::connections::change::{self, Given};
use crate::connections::secrets::SIGNING;
use crate::core::Core;
use crate::kinds::{Ask, Kind};
use crate::sources;

#[derive(Template)]
#[template(path = "intake/connect.html")]
struct ConnectPage {
    frame: Frame,
    kind: Kind,
    name: String,
    problem: String,
    asks: Vec<Asked>,
    /// Whether a consent can be given here, and is the only way.
    consent: bool,
    only_consent: bool,
    /// Raw settings of a webhook and of a REST API.
    json: String,
    json_error: String,
}

/// A field of the form with what was entered.
pub(super) struct Asked {
    pub ask: Ask,
    pub name: String,
    pub value: String,
    pub error: String,
}

#[derive(Template)]
#[template(path = "intake/made.html")]
struct MadePage {
    frame: Frame,
    kind: Kind,
    name: String,
    door: String,
    host: String,
    href: String,
}

/// A first text for settings that are JSON.
pub(super) fn example(kind: Kind) -> &'static str {
    match kind {
        Kind::Rest => {
            "{\n  \"url\": \"https://api.example.com/v1/orders\",\n  \"auth\": {\"kind\": \"bearer\"},\n  \"pages\": {\"kind\": \"cursor\", \"parameter\": \"after\", \"path\": \"$.next\"},\n  \"records\": \"$.data[*]\",\n  \"since_parameter\": \"updated_since\",\n  \"recipe\": {\"fields\": {\n    \"external_id\": {\"path\": \"$.id\"},\n    \"at\": {\"path\": \"$.paid_at\"},\n    \"kind\": {\"value\": \"payment\"},\n    \"value\": {\"path\": \"$.total\"},\n    \"currency\": {\"path\": \"$.currency\"},\n    \"contact\": {\"path\": \"$.customer.email\"}\n  }}\n}"
        }
        Kind::Webhook => "{\n  \"records\": \"\",\n  \"schema\": null,\n  \"recipe\": {\"fields\": {}}\n}",
        _ => "",
    }
}

/// What a kind asks for beyond its list.
pub(super) fn asks(kind: Kind) -> Vec<Ask> {
    let mut all = kind.asks().to_vec();
    let ask = |name, label, hint, secret| Ask { name, label, hint, secret, required: false };
    match kind {
        Kind::Rest => all.push(ask(
            "secret",
            "Key, token or password",
            "For the kind of authentication below. Kept sealed.",
            true,
        )),
        Kind::Webhook => {
            all.push(ask(
                "secret",
                "Secret for signatures",
                "Where set, bodies must carry X-Signature: sha256=… (HMAC).",
                true,
            ));
        }
        Kind::Drop => {
            all.push(ask("password", "Password", "For programs that cannot use a key.", true));
            all.push(ask("public_key", "Or a public key", "One line, as in authorized_keys.", false));
        }
        _ => {}
    }
    if kind.gives_notice() {
        all.push(ask(SIGNING, "Signing secret", "Of its notices; it can wait until you set them up there.", true));
    }
    all
}

/// What a form says, as settings and secrets.
pub(super) fn given(kind: Kind, form: &BTreeMap<String, String>) -> Result<Given, AppError> {
    let mut given = Given { name: form.get("name").cloned().unwrap_or_default(), ..Given::default() };
    if let Some(text) = form.get("json").filter(|text| !text.trim().is_empty()) {
        let settings: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| AppError::field("json", format!("is not JSON: {error}")))?;
        given.settings = settings;
    }
    for ask in asks(kind) {
        let Some(value) = form.get(ask.name).map(|value| value.trim()) else { continue };
        if ask.secret {
            given.secrets.insert(ask.name.to_owned(), value.to_owned());
        } else {
            given.settings.insert(ask.name.to_owned(), value.into());
        }
    }
    Ok(given)
}

/// The fields with what was entered and what is wrong with them.
pub(super) fn asked(kind: Kind, values: impl Fn(&Ask) -> String, errors: &FieldErrors) -> Vec<Asked> {
    asks(kind)
        .into_iter()
        .map(|ask| {
            let group = if ask.secret { "secrets" } else { "settings" };
            let error = errors.on(&format!("{group}.{}", ask.name)).to_owned();
            Asked { ask, name: ask.name.to_owned(), value: values(&ask), error }
        })
        .collect()
}

/// Every complaint about settings that are JSON, in one text.
pub(super) fn json_error(error: &AppError) -> String {
    let about = |field: &str| field == "json" || field.starts_with("settings");
    let found = error.details().iter().filter(|detail| about(&detail.field));
    found
        .map(|detail| format!("{} {}", detail.field.trim_start_matches("settings."), detail.reason))
        .collect::<Vec<_>>()
        .join("; ")
}

fn kind_of(name: &str) -> Result<Kind, AppError> {
    Kind::named(name).ok_or_else(|| AppError::not_found("kind of source"))
}

pub(super) async fn page(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(kind): Path<String>,
) -> Result<Response, AppError> {
    let kind = kind_of(&kind)?;
    let page = ConnectPage {
        frame: by.frame(format!("Connect {}", kind.title())),
        kind,
        name: String::new(),
        problem: String::new(),
        asks: asked(kind, |_| String::new(), &FieldErrors::default()),
        consent: sources::app(&core, kind).is_some(),
        only_consent: kind.only_by_consent(),
        json: example(kind).to_owned(),
        json_error: String::new(),
    };
    Ok(show(&page)?.into_response())
}

pub(super) async fn save(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(kind): Path<String>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Result<Response, AppError> {
    let kind = kind_of(&kind)?;
    let made = match given(kind, &form) {
        Ok(given) => change::make(&core, by.org(), by.actor(), by.request().caller(), kind, given).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(made) => {
            let href = format!("/ingestion/connections/{}", made.connection.id);
            if let Some(door) = &made.door {
                let config = &core.kernel.config.sftp;
                let host = config
                    .host
                    .clone()
                    .or_else(|| config.listen.map(|address| address.to_string()))
                    .unwrap_or_default();
                let page = MadePage {
                    frame: by.frame(format!("Connect {}", kind.title())),
                    kind,
                    name: made.connection.name,
                    door: shown(&core, kind, door),
                    host,
                    href,
                };
                return Ok(show(&page)?.into_response());
            }
            if made.connection.state == "reconnect" && sources::app(&core, kind).is_some() {
                return Ok(Redirect::to(&format!("{href}/consent")).into_response());
            }
            Ok((Toast::done(format!("{} is connected", made.connection.name)).on_next_page(), Redirect::to(&href))
                .into_response())
        }
        Err(error) if matches!(error, AppError::Internal(_)) => Err(error),
        Err(error) => {
            let errors = FieldErrors::from(&error);
            let value =
                |ask: &Ask| if ask.secret { String::new() } else { form.get(ask.name).cloned().unwrap_or_default() };
            let page = ConnectPage {
                frame: by.frame(format!("Connect {}", kind.title())),
                kind,
                name: form.get("name").cloned().unwrap_or_default(),
                problem: if error.details().is_empty() { error.to_string() } else { String::new() },
                asks: asked(kind, value, &errors),
                consent: sources::app(&core, kind).is_some(),
                only_consent: kind.only_by_consent(),
                json: form.get("json").cloned().unwrap_or_else(|| example(kind).to_owned()),
                json_error: json_error(&error),
            };
            Ok((error.status(), show(&page)?).into_response())
        }
    }
}
