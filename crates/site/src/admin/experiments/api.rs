//! `/v2/site/experiments`: for programs that compare wordings, by the rules of the desk.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::ExperimentId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Detail, Json, Listed, Path, Query};
use utoipa::{IntoParams, ToSchema};

use super::change;
use super::form::Typed;
use super::show::judged;
use super::store::{self, Experiment};
use crate::core::Core;

/// The most wordings beside what stands now.
const MOST: usize = 3;

/// A comparison of wordings.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteExperiment)]
pub(super) struct ExperimentOut {
    id: ExperimentId,
    name: String,
    page: String,
    /// `audit_begun`, `audit_done` or contact.
    goal: String,
    /// draft, running or stopped.
    state: String,
    /// Visitors that each wording needs before anything is said.
    needed: u64,
    /// What can be said by now, in words; empty for a draft.
    verdict: String,
    /// The first one is the page as it is.
    wordings: Vec<WordingOut>,
    decision: Option<String>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

/// A wording, who saw it, and who then reached the goal.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteWording)]
struct WordingOut {
    name: String,
    /// The texts of the page it says differently; null for the page as it is.
    #[schema(value_type = Option<Object>)]
    fields: Value,
    /// How many of 100 visitors see it.
    percent: u16,
    visitors: u64,
    reached: u64,
}

/// A new comparison.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SiteExperimentIn)]
pub(super) struct ExperimentIn {
    #[schema(example = "A shorter headline")]
    name: String,
    /// The page whose texts it changes.
    #[schema(example = "home")]
    page: String,
    /// `audit_begun`, `audit_done` or contact.
    #[schema(example = "audit_begun")]
    goal: String,
    /// How many of 100 visitors reach the goal now.
    #[schema(example = 5.0)]
    baseline_percent: f64,
    /// The difference worth finding, in percentage points.
    #[schema(example = 1.0)]
    effect_points: f64,
    /// How many of 100 visitors see the page as it is; without it what the wordings leave, or as many as see each wording.
    #[serde(default)]
    #[schema(example = 80)]
    as_it_is_percent: Option<u16>,
    /// One to three, beside the page as it is.
    wordings: Vec<WordingIn>,
}

/// A wording.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SiteWordingIn)]
struct WordingIn {
    #[schema(example = "Short")]
    name: String,
    /// Texts of the page by their names.
    #[schema(value_type = Object, example = json!({"headline": "Customers you never hear from again"}))]
    fields: BTreeMap<String, String>,
    /// How many of 100 visitors see it, 1 to 99. Give it for all or for none; with that of the page as it is they add up to 100.
    #[serde(default)]
    #[schema(example = 20)]
    percent: Option<u16>,
}

/// What was decided.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Decided {
    /// Kept with the experiment, for those who ask later.
    decision: Option<String>,
}

impl ExperimentIn {
    /// As the form would send it.
    fn typed(self) -> Result<Typed, AppError> {
        if self.wordings.len() > MOST {
            return Err(AppError::field("wordings", format!("are at most {MOST}, beside the page as it is")));
        }
        let share = |percent: Option<u16>| percent.map(|percent| percent.to_string()).unwrap_or_default();
        let mut wordings = self.wordings.into_iter().map(|wording| {
            let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            let line = |(name, words): (&String, &String)| format!("{}: {}", one_line(name), one_line(words));
            (wording.name, wording.fields.iter().map(line).collect::<Vec<_>>().join("\n"), share(wording.percent))
        });
        let [(name_1, words_1, share_1), (name_2, words_2, share_2), (name_3, words_3, share_3)] =
            [(); MOST].map(|()| wordings.next().unwrap_or_default());
        Ok(Typed {
            name: self.name,
            page: self.page,
            goal: self.goal,
            baseline: self.baseline_percent.to_string(),
            effect: self.effect_points.to_string(),
            share_0: share(self.as_it_is_percent),
            name_1,
            words_1,
            share_1,
            name_2,
            words_2,
            share_2,
            name_3,
            words_3,
            share_3,
        })
    }
}

/// List the comparisons, those that run first.
#[utoipa::path(get, path = "/v2/site/experiments", tag = "site", responses((status = 200, body = Listed<ExperimentOut>)))]
pub(super) async fn list(by: Allowed<ManageChannels>) -> Result<Json<Listed<ExperimentOut>>, AppError> {
    let mut tx = by.tx().await?;
    let mut rows = Vec::new();
    for experiment in store::all(&mut tx).await? {
        rows.push(told(&mut tx, experiment).await?);
    }
    Ok(Json(Listed::whole(rows)))
}

/// Plan a comparison: a draft until it is run.
#[utoipa::path(post, path = "/v2/site/experiments", tag = "site", request_body = ExperimentIn,
    responses((status = 201, body = ExperimentOut), (status = 422, description = "What is wrong with which field")))]
pub(super) async fn create(
    by: Allowed<ManageChannels>,
    Json(given): Json<ExperimentIn>,
) -> Result<(StatusCode, Json<ExperimentOut>), AppError> {
    let plan = given.typed()?.read().map_err(|error| named(&error))?;
    let id = ExperimentId::new(&by.kernel().clock);
    let mut tx = by.tx().await?;
    change::keep(&by, &mut tx, id, &plan).await?;
    let kept = change::find(&mut tx, id).await?;
    let out = told(&mut tx, kept).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(out)))
}

/// Run a comparison: visitors see its wordings by chance.
#[utoipa::path(put, path = "/v2/site/experiments/{id}/run", tag = "site", params(("id" = ExperimentId, Path,)),
    responses((status = 204), (status = 404), (status = 409, description = "Another one runs on the page, or it has begun")))]
pub(super) async fn run(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ExperimentId>,
) -> Result<StatusCode, AppError> {
    change::set_going(&by, &core, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End a comparison: everybody sees the page as it is.
#[utoipa::path(delete, path = "/v2/site/experiments/{id}/run", tag = "site", params(("id" = ExperimentId, Path,), Decided),
    responses((status = 204), (status = 404), (status = 409, description = "It is not running")))]
pub(super) async fn end(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<ExperimentId>,
    Query(decided): Query<Decided>,
) -> Result<StatusCode, AppError> {
    change::end(&by, &core, id, &decided.decision.unwrap_or_default()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Complaints by the names that fields have here.
fn named(error: &AppError) -> AppError {
    let name = |field: &str| match field {
        "baseline" => "baselinePercent".to_owned(),
        "effect" => "effectPoints".to_owned(),
        "share_0" => "asItIsPercent".to_owned(),
        "name_1" | "name_2" | "name_3" | "words_1" | "words_2" | "words_3" | "share_1" | "share_2" | "share_3" => {
            let (part, place) = field.split_once('_').unwrap_or((field, "1"));
            let part = match part {
                "name" => "name",
                "share" => "percent",
                _ => "fields",
            };
            format!("wordings.{}.{part}", place.parse().unwrap_or(1_usize) - 1)
        }
        other => other.to_owned(),
    };
    AppError::fields(error.details().iter().map(|one| Detail::new(name(&one.field), one.reason.clone())).collect())
}

async fn told(tx: &mut OrgTx, experiment: Experiment) -> Result<ExperimentOut, AppError> {
    let (arms, verdict) = judged(tx, &experiment).await?;
    let is_draft = experiment.state == "draft";
    let verdict = if is_draft { String::new() } else { verdict.words(&arms).1 };
    let Experiment { id, plan, state, decision, started_at, ended_at, .. } = experiment;
    let percents = plan.percents();
    let wordings = plan.variants.into_iter().zip(arms).zip(percents).map(|((variant, arm), percent)| WordingOut {
        name: variant.name,
        fields: variant.fields,
        percent,
        visitors: arm.shown,
        reached: arm.reached,
    });
    Ok(ExperimentOut {
        id,
        name: plan.name,
        page: plan.page,
        goal: plan.goal,
        state,
        needed: plan.needed,
        verdict,
        wordings: wordings.collect(),
        decision,
        started_at,
        ended_at,
    })
}
