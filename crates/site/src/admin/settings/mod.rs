//! `/admin/settings`: what the site is called, how it looks, what of it is on, and who answers for it.

mod api;
mod form;
mod patch;

use std::collections::BTreeSet;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use serde_json::{Map, Value, json};
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, FieldErrors, Form, Frame, Tab, Toast, show};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::content::{address, site};
use super::images::{Shot, latest};
use super::inquiries::store;
use super::tabs;
use crate::core::Core;
use crate::pages::{Swatch, swatches};
use crate::sites::{self, Site};
use crate::web::Back;
use form::Typed;

const HERE: &str = "/admin/settings";
/// Pictures to choose the mark from.
const PICTURES: i64 = 12;
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The desk's page of settings.
pub(super) fn pages() -> Router<Back> {
    Router::new().route(HERE, get(page).post(save))
}

#[derive(Template)]
#[template(path = "site_admin/settings.html")]
struct SettingsPage {
    frame: Frame,
    tabs: Vec<Tab>,
    csrf: String,
    typed: Typed,
    errors: FieldErrors,
    /// Where visitors find it.
    address: String,
    published: bool,
    swatches: [Swatch; 2],
    pictures: Vec<Shot>,
    members: Vec<Choice>,
    days: Vec<Choice>,
}

/// The API about the settings.
pub(super) fn api() -> OpenApiRouter<Back> {
    OpenApiRouter::new().routes(routes!(api::show, api::change))
}

/// A box to tick.
struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

async fn page(by: Allowed<ManageChannels>, State(core): State<Core>) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    let site = site(&mut tx).await?;
    show(&shown(&by, &core, &mut tx, &site, Typed::of(&site), FieldErrors::default()).await?)
}

async fn shown(
    by: &Allowed<ManageChannels>,
    core: &Core,
    tx: &mut OrgTx,
    site: &Site,
    typed: Typed,
    errors: FieldErrors,
) -> Result<SettingsPage, AppError> {
    let frame = by.frame("Settings of the site");
    let members = store::members(tx).await?.into_iter().map(|member| {
        let value = member.id.to_string();
        Choice { chosen: typed.notify.contains(&value), label: member.name, value }
    });
    let days = (1..=7_u8).zip(DAYS).map(|(number, label)| {
        let value = number.to_string();
        Choice { chosen: typed.days.contains(&value), label: label.to_owned(), value }
    });
    Ok(SettingsPage {
        csrf: frame.csrf.clone(),
        frame,
        tabs: tabs(HERE),
        address: address(core, site),
        published: site.published,
        swatches: swatches(&typed.look(site)),
        members: members.collect(),
        days: days.collect(),
        pictures: latest(tx, PICTURES, &typed.logo).await?,
        typed,
        errors,
    })
}

async fn save(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Form(typed): Form<Typed>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let before = site(&mut tx).await?;
    match write(&by, &core, &mut tx, &before, &typed).await {
        Ok(()) => {}
        Err(error) if error.details().is_empty() => return Err(error),
        Err(error) => {
            // The transaction may be of no use any more.
            let page = shown(&by, &core, &mut by.tx().await?, &before, typed, FieldErrors::from(&error)).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)?).into_response());
        }
    }
    tx.commit().await?;
    core.hosts().forget();
    Ok((Toast::done("Kept; the site shows it now").on_next_page(), Redirect::to(HERE)).into_response())
}

async fn write(
    by: &Allowed<ManageChannels>,
    core: &Core,
    tx: &mut OrgTx,
    before: &Site,
    typed: &Typed,
) -> Result<(), AppError> {
    let after = typed.read(before, &|host| core.hosts().is_own(host))?;
    if let Some(logo) = after.look.logo {
        let known: bool = sqlx::query_scalar("select exists (select from site_images where org_id = $1 and id = $2)")
            .bind(tx.org())
            .bind(logo)
            .fetch_one(tx.conn())
            .await?;
        if !known {
            return Err(AppError::field("logo", "is not there any more; choose another one"));
        }
    }
    sites::write(tx, &after).await.map_err(|error| {
        match error.as_database_error().and_then(sqlx::error::DatabaseError::constraint) {
            Some("sites_domain_key") => {
                AppError::field("domain", "is the domain of another site here; each has its own")
            }
            _ => error.into(),
        }
    })?;
    let (was, is) = differing(&told(before), &told(&after));
    let entry = AuditEntry::new(by.actor(), "site.settings_changed").about("site").change(was, is);
    audit::record(tx, entry).await?;
    Ok(())
}

fn told(site: &Site) -> Map<String, Value> {
    let whole = json!({
        "name": site.name, "tagline": site.tagline, "domain": site.domain, "published": site.published,
        "look": site.look, "flags": site.flags, "settings": site.settings,
    });
    let mut flat = Map::new();
    for (name, value) in whole.as_object().into_iter().flatten() {
        match value {
            Value::Object(parts) => {
                flat.extend(parts.iter().map(|(part, value)| (format!("{name}.{part}"), value.clone())));
            }
            value => drop(flat.insert(name.clone(), value.clone())),
        }
    }
    flat
}

/// What differs between two states, in both.
fn differing(before: &Map<String, Value>, after: &Map<String, Value>) -> (Value, Value) {
    let names: BTreeSet<&String> =
        before.keys().chain(after.keys()).filter(|name| before.get(*name) != after.get(*name)).collect();
    let of = |map: &Map<String, Value>| {
        let parts = names.iter().map(|name| ((*name).clone(), map.get(*name).cloned().unwrap_or_default()));
        Value::Object(parts.collect())
    };
    (of(before), of(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_says_what_changed_and_nothing_else() {
        let map = |value: Value| value.as_object().cloned().unwrap_or_default();
        let before = map(json!({ "name": "A", "look.hue": 200 }));
        let after = map(json!({ "name": "A", "look.hue": 20, "domain": "a.test" }));
        let (was, is) = differing(&before, &after);
        assert_eq!(
            (was, is),
            (json!({ "look.hue": 200, "domain": null }), json!({ "look.hue": 20, "domain": "a.test" }))
        );
    }
}
