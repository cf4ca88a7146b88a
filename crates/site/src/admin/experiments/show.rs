//! The pages of experiments.

use askama::Template;
use axum::response::Html;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::ExperimentId;
use shell::auth::permission::ManageChannels;
use shell::chart::{Interval, Svg, Tone};
use shell::page::{count, percent};
use shell::{Allowed, AppError, FieldErrors, Frame, Path, Tab, show};

use super::form::{GOALS, Typed};
use super::judge::{Arm, Verdict, judge};
use super::pages;
use super::store::{self, Experiment};
use crate::admin::tabs;

const HERE: &str = "/admin/experiments";

#[derive(Template)]
#[template(path = "site_admin/experiments.html")]
struct ListPage {
    frame: Frame,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
}

struct Row {
    id: ExperimentId,
    name: String,
    page: &'static str,
    state: &'static str,
    tone: &'static str,
    said: String,
    created_at: DateTime<Utc>,
}

/// The form of a draft.
#[derive(Template)]
#[template(path = "site_admin/experiment_edit.html")]
struct EditPage {
    frame: Frame,
    tabs: Vec<Tab>,
    csrf: String,
    /// Empty while it is new.
    id: String,
    typed: Typed,
    errors: FieldErrors,
    pages: Vec<Choice>,
    goals: Vec<Choice>,
    /// The texts of each page.
    texts: Vec<(&'static str, Vec<(String, String)>)>,
    needed: String,
    /// Of the page, until each wording has enough.
    visitors: String,
}

struct Choice {
    value: &'static str,
    label: &'static str,
    chosen: bool,
}

/// An experiment that runs or ran.
#[derive(Template)]
#[template(path = "site_admin/experiment.html")]
struct ExperimentPage {
    frame: Frame,
    tabs: Vec<Tab>,
    csrf: String,
    id: ExperimentId,
    name: String,
    page: &'static str,
    goal: &'static str,
    running: bool,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    decision: String,
    needed: String,
    baseline: String,
    effect: String,
    tone: &'static str,
    verdict: String,
    told: bool,
    arms: Vec<Compared>,
}

/// A wording, and what came of it.
struct Compared {
    name: String,
    /// Of all visitors.
    share: String,
    shown: String,
    reached: String,
    rate: String,
    apart: String,
    chart: Option<Svg>,
    words: Vec<(String, String)>,
}

/// `GET /admin/experiments`
pub(super) async fn list(by: Allowed<ManageChannels>) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    let (pages, mut rows) = (pages::all(), Vec::new());
    for experiment in store::all(&mut tx).await? {
        let said = match (experiment.state.as_str(), &experiment.decision) {
            ("draft", _) => String::new(),
            ("stopped", Some(decision)) => decision.clone(),
            _ => {
                let (arms, verdict) = judged(&mut tx, &experiment).await?;
                verdict.words(&arms).1
            }
        };
        let (state, tone) = badge(&experiment.state);
        rows.push(Row {
            id: experiment.id,
            page: named(&pages, &experiment.plan.page),
            name: experiment.plan.name,
            state,
            tone,
            said,
            created_at: experiment.created_at,
        });
    }
    show(&ListPage { frame: by.frame("Experiments"), tabs: tabs(HERE), rows })
}

/// `GET /admin/experiments/new`
pub(super) async fn new(by: Allowed<ManageChannels>) -> Result<Html<String>, AppError> {
    let typed = Typed { page: "home".to_owned(), goal: "audit_begun".to_owned(), ..Typed::default() };
    edit(&by, None, typed, FieldErrors::default())
}

/// `GET /admin/experiments/{id}`: the form of a draft, or what came out.
pub(super) async fn page(by: Allowed<ManageChannels>, Path(id): Path<ExperimentId>) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    let experiment = store::held(&mut tx, id).await?.ok_or_else(|| AppError::not_found("experiment"))?;
    if experiment.state == "draft" {
        return edit(&by, Some(id), Typed::of(&experiment.plan), FieldErrors::default());
    }
    let (arms, verdict) = judged(&mut tx, &experiment).await?;
    let (tone, words) = verdict.words(&arms);
    let told = !matches!(verdict, Verdict::TooEarly { .. });
    let frame = by.frame(experiment.plan.name.clone());
    let plan = experiment.plan;
    let compared = arms.iter().zip(&plan.variants).zip(plan.percents());
    show(&ExperimentPage {
        csrf: frame.csrf.clone(),
        frame,
        tabs: tabs(HERE),
        id,
        page: named(&pages::all(), &plan.page),
        goal: named(&GOALS, &plan.goal),
        running: experiment.state == "running",
        started_at: experiment.started_at,
        ended_at: experiment.ended_at,
        decision: experiment.decision.unwrap_or_default(),
        needed: count(plan.needed as i64),
        baseline: percent(plan.baseline),
        effect: points(plan.effect),
        tone,
        verdict: words,
        told,
        arms: compared.map(|((arm, variant), share)| of_arm(arm, &variant.fields, (share, told))).collect(),
        name: plan.name,
    })
}

pub(super) async fn judged(tx: &mut OrgTx, experiment: &Experiment) -> Result<(Vec<Arm>, Verdict), AppError> {
    let variants = &experiment.plan.variants;
    let counts = store::counts(tx, experiment.id, variants.len()).await?;
    Ok(judge(variants, &counts, experiment.plan.needed))
}

/// The form, as it was typed.
pub(super) fn edit(
    by: &Allowed<ManageChannels>,
    id: Option<ExperimentId>,
    typed: Typed,
    errors: FieldErrors,
) -> Result<Html<String>, AppError> {
    let (pages, plan) = (pages::all(), typed.read().ok());
    let frame = by.frame(if id.is_some() { "Experiment" } else { "New experiment" });
    show(&EditPage {
        csrf: frame.csrf.clone(),
        frame,
        tabs: tabs(HERE),
        id: id.map(|id| id.to_string()).unwrap_or_default(),
        pages: choices(&pages, &typed.page),
        goals: choices(&GOALS, &typed.goal),
        texts: pages.iter().map(|(page, name)| (*name, pages::texts(page))).collect(),
        needed: plan.as_ref().map(|plan| count(plan.needed as i64)).unwrap_or_default(),
        visitors: plan.map(|plan| count(plan.visitors() as i64)).unwrap_or_default(),
        typed,
        errors,
    })
}

fn choices(all: &[(&'static str, &'static str)], chosen: &str) -> Vec<Choice> {
    all.iter().map(|&(value, label)| Choice { value, label, chosen: value == chosen }).collect()
}

fn of_arm(arm: &Arm, fields: &serde_json::Value, (share, told): (u16, bool)) -> Compared {
    let fields = fields.as_object().into_iter().flatten();
    let rate =
        |arm: &Arm| if arm.shown == 0 { "–".to_owned() } else { percent(arm.reached as f64 / arm.shown as f64) };
    let chart = |(low, between, high): (f64, f64, f64)| {
        let tone = if low > 0.0 {
            Tone::Won
        } else if high < 0.0 {
            Tone::Risk
        } else {
            Tone::Quiet
        };
        let at = |share: f64| (share * 100.0, points(share));
        Interval::new(
            format!("{} against what stands now, in points", arm.name),
            tone,
            [at(low), at(between), at(high)],
        )
        .draw()
    };
    Compared {
        name: arm.name.clone(),
        share: format!("{share} %"),
        shown: count(arm.shown as i64),
        // Who is ahead is not shown before it means something.
        reached: if told { count(arm.reached as i64) } else { "–".to_owned() },
        rate: if told { rate(arm) } else { "–".to_owned() },
        apart: arm
            .apart
            .map(|(low, between, high)| format!("{} ({} to {})", points(between), points(low), points(high)))
            .unwrap_or_default(),
        chart: arm.apart.map(chart),
        words: fields.filter_map(|(name, said)| Some((name.clone(), said.as_str()?.to_owned()))).collect(),
    }
}

/// A difference of shares: `+1.5 points`.
fn points(share: f64) -> String {
    format!("{:+.1} points", share * 100.0)
}

fn badge(state: &str) -> (&'static str, &'static str) {
    match state {
        "running" => ("running", "accent"),
        "stopped" => ("over", "won"),
        _ => ("draft", ""),
    }
}

fn named(all: &[(&'static str, &'static str)], word: &str) -> &'static str {
    all.iter().find(|(known, _)| *known == word).map(|(_, name)| *name).unwrap_or_default()
}
