//! `/v2/site/settings`: for programs that name a site, publish it, or turn a part of it on or off.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Detail, Json};
use utoipa::ToSchema;

use super::form::Typed;
use super::write;
use crate::admin::content::{address, site};
use crate::core::Core;
use crate::sites::{Flags, Site};

/// What a site is called and which parts of it are on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteSettings)]
pub(super) struct SettingsOut {
    name: String,
    tagline: String,
    /// Null: the installation's own address.
    domain: Option<String>,
    published: bool,
    /// Where visitors find it.
    address: String,
    /// `audit`, `calculator`, `assistant`, `booking`, `blog`, `letters` and `analytics`.
    #[schema(value_type = Object, example = json!({"audit": true, "blog": false}))]
    flags: Flags,
    currency: String,
    time_zone: String,
}

impl SettingsOut {
    fn of(core: &Core, site: Site) -> Self {
        let address = address(core, &site);
        let Site { name, tagline, domain, published, flags, settings, .. } = site;
        let (currency, time_zone) = (settings.currency, settings.time_zone);
        Self { name, tagline, domain, published, address, flags, currency, time_zone }
    }
}

/// A change of the settings; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[schema(as = SiteSettingsPatch)]
pub(super) struct SettingsPatch {
    #[schema(example = "Northwind Recovery")]
    name: Option<String>,
    tagline: Option<String>,
    /// Empty: the installation's own address.
    domain: Option<String>,
    published: Option<bool>,
    /// Parts that are turned on or off; others stay.
    #[schema(value_type = Object, example = json!({"blog": true}))]
    flags: BTreeMap<String, bool>,
}

impl SettingsPatch {
    /// The settings with the change, as the form would send them.
    fn over(self, before: &Site) -> Result<Typed, AppError> {
        let Self { name, tagline, domain, published, flags } = self;
        let mut typed = Typed::of(before);
        for (text, given) in [(&mut typed.name, name), (&mut typed.tagline, tagline), (&mut typed.domain, domain)] {
            if let Some(given) = given {
                *text = given;
            }
        }
        typed.published = published.unwrap_or(typed.published);
        let mut wrong = Vec::new();
        for (name, on) in flags {
            let flag = match name.as_str() {
                "audit" => &mut typed.audit,
                "calculator" => &mut typed.calculator,
                "assistant" => &mut typed.assistant,
                "booking" => &mut typed.booking,
                "blog" => &mut typed.blog,
                "letters" => &mut typed.letters,
                "analytics" => &mut typed.analytics,
                _ => {
                    wrong.push(Detail::new("flags", "has a name that is no part of a site"));
                    continue;
                }
            };
            *flag = on;
        }
        wrong.truncate(1);
        if wrong.is_empty() { Ok(typed) } else { Err(AppError::fields(wrong)) }
    }
}

/// Show what the site is called, where it is, and which parts of it are on.
#[utoipa::path(get, path = "/v2/site/settings", tag = "site", responses((status = 200, body = SettingsOut)))]
pub(super) async fn show(by: Allowed<ManageChannels>, State(core): State<Core>) -> Result<Json<SettingsOut>, AppError> {
    let mut tx = by.tx().await?;
    Ok(Json(SettingsOut::of(&core, site(&mut tx).await?)))
}

/// Name the site, publish it, or turn parts of it on or off; visitors see it at once.
#[utoipa::path(patch, path = "/v2/site/settings", tag = "site", request_body = SettingsPatch,
    responses((status = 200, body = SettingsOut), (status = 422, description = "What is wrong with which field")))]
pub(super) async fn change(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Json(given): Json<SettingsPatch>,
) -> Result<Json<SettingsOut>, AppError> {
    let mut tx = by.tx().await?;
    let before = site(&mut tx).await?;
    let typed = given.over(&before)?;
    write(&by, &core, &mut tx, &before, &typed).await?;
    let after = site(&mut tx).await?;
    tx.commit().await?;
    core.hosts().forget();
    Ok(Json(SettingsOut::of(&core, after)))
}
