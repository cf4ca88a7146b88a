//! `/settings/crm`: connect HubSpot, choose how tags map, see how the sync is doing.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, FieldErrors, Form, Frame, Toast, show};

use super::act::Nothing;
use crate::core::Core;
use crate::crm::{self, ConnectIn, SyncStatus, find_connection, status_of};

#[derive(Template)]
#[template(path = "crm/show.html")]
struct CrmPage {
    frame: Frame,
    status: SyncStatus,
    account: String,
    /// Whether the account was ever connected and its tokens are there.
    known: bool,
    selects: Vec<Select>,
    errors: FieldErrors,
    webhook: String,
}

/// One choice of the mapping.
struct Select {
    name: String,
    label: String,
    options: Vec<SelectOption>,
}

struct SelectOption {
    value: String,
    label: String,
    chosen: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CrmForm {
    access_token: String,
    hot: String,
    warm: String,
    cold: String,
    deal_stage: String,
}

pub(crate) async fn page(by: Allowed<ManageChannels>, State(core): State<Core>) -> Result<Response, AppError> {
    Ok(show(&look(&by, &core, FieldErrors::default()).await?)?.into_response())
}

pub(crate) async fn save(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Form(form): Form<CrmForm>,
) -> Result<Response, AppError> {
    let CrmForm { access_token, hot, warm, cold, deal_stage } = form;
    let chosen = [("HOT", hot), ("WARM", warm), ("COLD", cold)].into_iter().filter(|(_, value)| !value.is_empty());
    let mapping: BTreeMap<String, String> = chosen.map(|(tag, value)| (tag.to_owned(), value)).collect();
    // With a new token the usual mapping of that account is taken: the choices on the page were of another one.
    let connects = !access_token.trim().is_empty();
    let given = ConnectIn {
        access_token: connects.then_some(access_token),
        oauth: None,
        lead_status: (!connects).then_some(mapping),
        deal_stage: (!connects).then_some(deal_stage),
    };
    match crm::connect(&core, by.org(), by.actor(), by.request().caller(), given).await {
        Ok(_) => {
            let said = if connects { "HubSpot is connected; open leads are on their way" } else { "Saved" };
            Ok((Toast::done(said).on_next_page(), Redirect::to("/settings/crm")).into_response())
        }
        Err(error) if error.details().is_empty() => Err(error),
        Err(error) => Ok((error.status(), show(&look(&by, &core, FieldErrors::from(&error)).await?)?).into_response()),
    }
}

pub(crate) async fn disconnect(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    crm::disconnect(&core, &by).await?;
    Ok((
        Toast::done("HubSpot is disconnected; what it holds stays there").on_next_page(),
        Redirect::to("/settings/crm"),
    )
        .into_response())
}

async fn look(by: &Allowed<ManageChannels>, core: &Core, errors: FieldErrors) -> Result<CrmPage, AppError> {
    let mut tx = by.tx().await?;
    let status = status_of(&mut tx).await?;
    let known = find_connection(&mut tx).await?;
    let mapping = known.as_ref().map(|known| known.mapping.0.clone()).unwrap_or_default();
    let select = |name: &str, label: &str, choices: &[crm::Choice], chosen: Option<&str>| {
        let option = |choice: &crm::Choice| SelectOption {
            value: choice.value.clone(),
            label: choice.label.clone(),
            chosen: chosen == Some(choice.value.as_str()),
        };
        Select { name: name.to_owned(), label: label.to_owned(), options: choices.iter().map(option).collect() }
    };
    let mut selects: Vec<Select> = ["HOT", "WARM", "COLD"]
        .into_iter()
        .map(|tag| {
            select(&tag.to_lowercase(), &format!("A {tag} lead's status"), &mapping.statuses, mapping.status_of(tag))
        })
        .collect();
    selects.push(select("deal_stage", "A new deal begins in", &mapping.stages, mapping.deal_stage.as_deref()));
    Ok(CrmPage {
        frame: by.frame("CRM"),
        account: known.as_ref().map(|known| known.account_id.clone()).unwrap_or_default(),
        known: known.is_some_and(|known| known.status != "disconnected"),
        status,
        selects,
        errors,
        webhook: format!("{}/webhooks/hubspot", core.kernel.config.http.base_url()),
    })
}
