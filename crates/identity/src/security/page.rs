//! The card of the second factor on `/settings/sign-in`.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::db::system;
use serde::Deserialize;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Form, Toast, show};

use super::rule::{self, RuleIn, USUAL_GRACE};
use crate::origin::Origin;
use crate::sign_in::page::problem;
use crate::store::factor_rules;
use crate::{Identity, policy};

/// The grace periods of the form, in days.
const GRACES: [(i32, &str); 5] =
    [(0, "at once"), (3, "after 3 days"), (7, "after a week"), (14, "after two weeks"), (30, "after a month")];

#[derive(Template)]
#[template(path = "security/_second_factor.html")]
struct SecondFactorCard {
    csrf: String,
    required: bool,
    sso_too: bool,
    graces: Vec<Grace>,
    members: i64,
    with_factor: i64,
    problem: String,
}

struct Grace {
    days: i32,
    label: String,
    selected: bool,
}

#[derive(Deserialize)]
pub(crate) struct RuleForm {
    #[serde(default)]
    required: String,
    grace_days: i32,
    #[serde(default)]
    sso_too: String,
}

pub(crate) async fn post(
    State(identity): State<Identity>,
    by: Allowed<ManagePeople>,
    origin: Origin,
    Form(RuleForm { required, grace_days, sso_too }): Form<RuleForm>,
) -> Result<Response, AppError> {
    let (required, sso_too) = (!required.is_empty(), !sso_too.is_empty());
    match rule::set(&identity, &by, RuleIn { required, grace_days: Some(grace_days), sso_too }, &origin).await {
        Ok(rule) => {
            let word = if rule.is_some() { "Everybody needs a second factor" } else { "A second factor is up to each" };
            Ok((Toast::done(word).on_next_page(), Redirect::to("/settings/sign-in")).into_response())
        }
        Err(error) if matches!(error, AppError::Needs { .. }) || error.status().is_server_error() => Err(error),
        Err(error) => {
            let card = card(&identity, &by, problem(&error)).await?;
            let page = policy::page::page(&identity, &by, &origin, (None, Some(card))).await?;
            Ok((error.status(), page).into_response())
        }
    }
}

/// The card as it is now.
pub(crate) async fn card(identity: &Identity, by: &Allowed<ManagePeople>, problem: String) -> Result<String, AppError> {
    let mut tx = by.tx().await?;
    let rule = factor_rules::get(&mut tx).await?;
    let members: i64 = sqlx::query_scalar("select count(*) from members where org_id = $1")
        .bind(by.org())
        .fetch_one(tx.conn())
        .await?;
    let chosen = rule.as_ref().map_or(USUAL_GRACE, |rule| rule.grace_days);
    let grace = |(days, label): (i32, &str)| Grace { days, label: label.to_owned(), selected: days == chosen };
    let mut graces: Vec<Grace> = GRACES.into_iter().map(grace).collect();
    if !graces.iter().any(|grace| grace.selected) {
        // Set through the API: shown as it is.
        graces.push(grace((chosen, &format!("after {chosen} days"))));
    }
    let card = SecondFactorCard {
        csrf: by.frame("").csrf,
        required: rule.is_some(),
        sso_too: rule.is_some_and(|rule| rule.sso_too),
        graces,
        members,
        with_factor: system::members_with_factor(&identity.kernel().db, by.org()).await?.len() as i64,
        problem,
    };
    Ok(show(&card)?.0)
}
