//! `POST /v2/ai/analysis/revenue` and `POST /v2/ai/recommendations`: the advice as checked structures.
//!
//! The figures come from tools and are put in by us; a model may word the summary and the reasons, and its words are dropped for
//! ours where a figure in them was not looked up.

use std::sync::LazyLock;

use ai::decision::Decision;
use ai::gateway::{Schema, StructuredAsk, Tier};
use axum::extract::State;
use chrono::NaiveDate;
use kernel::can_fail::CanFail;
use kernel::ids::DecisionId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shell::auth::permission::RunReports;
use shell::{Allowed, AppError, Json, known_day};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer::today;
use crate::core::Core;
use crate::figures::Allowed as Figures;
use crate::tool::{Action, Asked, Citation, Found};
use crate::web::Desk;

/// The longest period, in days.
const LONGEST: i64 = 366;
/// How many recommendations there are at most.
const MOST: usize = 10;

static SUMMARY: LazyLock<Schema> = LazyLock::new(|| {
    let form = json!({
        "type": "object",
        "properties": {"summary": {"type": "string", "maxLength": 1200}},
        "required": ["summary"],
        "additionalProperties": false
    });
    Schema::new("summary", form).expect("the form of a summary is a schema")
});

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(analyse_revenue)).routes(routes!(recommend))
}

/// What to look at.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnalysisIn {
    /// The first day; 28 days up to today where it is absent.
    #[serde(default)]
    pub from: Option<NaiveDate>,
    /// The last day; today where it is absent.
    #[serde(default)]
    pub to: Option<NaiveDate>,
    /// One place of business, by name or key.
    #[serde(default)]
    pub location: Option<String>,
    /// What is of interest, in words.
    #[serde(default)]
    pub focus: Option<String>,
}

/// A part of the analysis: one query's result.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Finding {
    /// Which query.
    pub topic: &'static str,
    /// In sentences.
    pub text: Vec<String>,
    /// The figures.
    #[schema(value_type = Object)]
    pub data: Value,
    /// The rows behind them.
    pub citations: Vec<Citation>,
}

/// An analysis.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AnalysisOut {
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// The whole in a few sentences; every figure in it is in the findings.
    pub summary: String,
    /// `model` or `recoup`.
    pub worded_by: &'static str,
    pub findings: Vec<Finding>,
    pub recommendations: Vec<Recommendation>,
    /// How it was made.
    #[schema(value_type = Option<String>)]
    pub decision_id: Option<DecisionId>,
}

/// Something to do.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Recommendation {
    /// From 1, the most valuable first.
    pub rank: usize,
    pub title: String,
    pub reason: String,
    /// In a month, in whole units of the organisation's currency; absent where the data cannot say.
    pub expected_value: Option<f64>,
    /// Where it is done.
    pub href: String,
}

/// The recommendations.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecommendationsOut {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub recommendations: Vec<Recommendation>,
}

/// Analyse the revenue of a period: what was lost, where, and what would win it back.
#[utoipa::path(post, path = "/v2/ai/analysis/revenue", tag = "advisor", request_body = AnalysisIn,
    responses((status = 200, body = AnalysisOut)))]
pub(crate) async fn analyse_revenue(
    by: Allowed<RunReports>,
    State(core): State<Core>,
    Json(given): Json<AnalysisIn>,
) -> Result<Json<AnalysisOut>, AppError> {
    let (from, to) = days(&given, today_of(&by).await?)?;
    let found = look(&by, &core, &given, from, to).await?;
    let ours: Vec<&str> = found.iter().flat_map(|(_, found)| found.sentences.iter().map(String::as_str)).collect();
    let ours = if ours.is_empty() { "There is no data for this period yet.".to_owned() } else { ours.join(" ") };
    let mut decision = Decision::new(by.org(), "advice", "analysis.1", &core.kernel.clock);
    decision.input("analysis", &json!({"from": from, "to": to, "location": given.location, "focus": given.focus}));
    let theirs = worded(&core, &mut decision, &given, &found).await;
    let worded_by = if theirs.is_some() { "model" } else { "recoup" };
    let summary = theirs.unwrap_or(ours);
    decision.conclude("answered", None, &json!({"text": summary}));
    let kept = keep(&core, &decision).await.can_fail("keeping the record of an analysis");
    let recommendations = ranked(&found);
    let findings = found.into_iter().map(|(topic, found)| Finding {
        topic,
        text: found.sentences,
        data: found.data,
        citations: found.citations,
    });
    Ok(Json(AnalysisOut {
        from,
        to,
        summary,
        worded_by,
        findings: findings.collect(),
        recommendations,
        decision_id: kept.map(|()| decision.id),
    }))
}

/// Recommend what to do, by expected value.
#[utoipa::path(post, path = "/v2/ai/recommendations", tag = "advisor", request_body = AnalysisIn,
    responses((status = 200, body = RecommendationsOut)))]
pub(crate) async fn recommend(
    by: Allowed<RunReports>,
    State(core): State<Core>,
    Json(given): Json<AnalysisIn>,
) -> Result<Json<RecommendationsOut>, AppError> {
    let (from, to) = days(&given, today_of(&by).await?)?;
    let found = look(&by, &core, &given, from, to).await?;
    Ok(Json(RecommendationsOut { from, to, recommendations: ranked(&found) }))
}

/// The day it is for whoever asks: their organisation's.
async fn today_of(by: &Allowed<RunReports>) -> Result<NaiveDate, AppError> {
    let mut tx = by.tx().await?;
    today(&mut tx, by.now()).await.map_err(AppError::internal)
}

fn days(given: &AnalysisIn, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), AppError> {
    let to = known_day("to", given.to.unwrap_or(today))?;
    let from = given.from.unwrap_or(to - chrono::TimeDelta::days(crate::period::USUAL.cast_signed() - 1));
    known_day("from", from)?;
    if from > to {
        return Err(AppError::field("from", "must not be after to"));
    }
    if (to - from).num_days() >= LONGEST {
        return Err(AppError::field("from", "must be at most 366 days before to"));
    }
    if given.focus.as_ref().is_some_and(|focus| focus.chars().count() > 1_000) {
        return Err(AppError::field("focus", "must have at most 1,000 characters"));
    }
    Ok((from, to))
}

/// Asks every tool; where a focus is given, those it means.
async fn look(
    by: &Allowed<RunReports>,
    core: &Core,
    given: &AnalysisIn,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<(&'static str, Found)>, AppError> {
    let tools = match given.focus.as_deref().map(str::trim).filter(|focus| !focus.is_empty()) {
        Some(focus) => core.toolbox.meant(focus, 4),
        None => core.toolbox.all(),
    };
    let mut tx = by.tx().await?;
    let mut all = Vec::with_capacity(tools.len());
    for tool in tools {
        let asked = Asked {
            from,
            to,
            now: by.now(),
            location: given.location.clone(),
            question: given.focus.clone().unwrap_or_default(),
            arguments: json!({}),
        };
        all.push((tool.name(), tool.call(&mut tx, &asked).await?));
    }
    tx.commit().await?;
    Ok(all)
}

fn ranked(found: &[(&'static str, Found)]) -> Vec<Recommendation> {
    let mut actions: Vec<&Action> = Vec::new();
    for action in found.iter().flat_map(|(_, found)| &found.actions) {
        if actions.iter().all(|known| known.title != action.title) {
            actions.push(action);
        }
    }
    actions.sort_by(|a, b| b.expected_value.unwrap_or(0.0).total_cmp(&a.expected_value.unwrap_or(0.0)));
    let ranked = actions.into_iter().take(MOST).zip(1..).map(|(action, rank)| Recommendation {
        rank,
        title: action.title.clone(),
        reason: action.reason.clone(),
        expected_value: action.expected_value,
        href: action.href.clone(),
    });
    ranked.collect()
}

/// A model's summary, where there is a model and each of its figures stands.
async fn worded(
    core: &Core,
    decision: &mut Decision,
    given: &AnalysisIn,
    found: &[(&'static str, Found)],
) -> Option<String> {
    if !core.gateway.has_providers() {
        return None;
    }
    let mut figures = Figures::new();
    let mut data = Vec::new();
    for (name, found) in found {
        figures.add(&found.data);
        found.sentences.iter().for_each(|text| figures.add_text(text));
        data.push((*name, json!({"result": found.data, "in_words": found.sentences}).to_string()));
    }
    let mut quoted: Vec<(&str, &str)> = data.iter().map(|(name, text)| (*name, text.as_str())).collect();
    if let Some(focus) = &given.focus {
        quoted.push(("focus", focus));
    }
    let task = "Sum up, for the owner of the business, what the query results say about revenue lost and won back, money first, \
        in at most 120 words. Use only figures that stand in the results, as they are or rounded; never calculate new ones.";
    let ask =
        StructuredAsk { stage: "sum_up", task, data: &quoted, schema: &SUMMARY, tier: Tier::Quality, max_tokens: 500 };
    let answered = core.gateway.structured(decision, &ask).await;
    let text = answered.ok()?.value["summary"].as_str()?.trim().to_owned();
    if let Some(stranger) = figures.first_stranger(&text) {
        tracing::warn!(decision = %decision.id, figure = stranger.text, "a model's summary held a figure that was not looked up");
        return None;
    }
    (!text.is_empty()).then_some(text)
}

async fn keep(core: &Core, decision: &Decision) -> anyhow::Result<()> {
    let vault = core.kernel.vault.of(decision.org).await?;
    let row = decision.seal(&vault)?;
    let mut tx = core.kernel.db.begin(decision.org).await?;
    ai::decision::insert_many(&mut tx, &[row]).await?;
    tx.commit().await?;
    Ok(())
}
