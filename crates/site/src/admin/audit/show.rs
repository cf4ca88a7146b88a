//! The pages of the audit's questions.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, Utc};
use kernel::db::{OrgTx, site_token};
use serde::Deserialize;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, FieldErrors, Frame, Path, Query, Tab, show};

use super::differ::{self, Difference};
use super::fields::{self, Form, Look};
use super::store::{self, Version};
use crate::admin::content::{address, site};
use crate::admin::inquiries::store::{members, name_of};
use crate::admin::tabs;
use crate::audit::config::{self, BUILT_IN};
use crate::audit::model::Config;
use crate::core::Core;

const HERE: &str = "/admin/audit";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Link {
    link: String,
}

#[derive(Template)]
#[template(path = "site_admin/audit.html")]
struct AuditPage {
    frame: Frame,
    tabs: Vec<Tab>,
    csrf: String,
    /// The version that is asked, and the one that is drafted.
    current: i32,
    draft: Option<i32>,
    complaints: Vec<String>,
    differences: Vec<Difference>,
    more: usize,
    /// Where a preview link leads that was just made.
    link: String,
    steps: Vec<Step>,
    recommendations: Vec<Line>,
    benchmarks: Vec<Line>,
    versions: Vec<Row>,
}

/// A page of the audit.
struct Step {
    /// Its own place.
    at: String,
    title: String,
    /// The list of its questions.
    list: String,
    questions: Vec<Line>,
}

/// Something that has a form of its own.
struct Line {
    at: String,
    label: String,
    note: String,
}

struct Row {
    version: i32,
    draft: bool,
    by: String,
    at: DateTime<Utc>,
}

/// `GET /admin/audit`
pub(super) async fn page(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Query(look): Query<Link>,
) -> Result<Html<String>, AppError> {
    overview(&by, &core, None, &look.link).await
}

/// The same, with what keeps the draft from being published.
pub(super) async fn unfit(
    by: &Allowed<ManageChannels>,
    core: &Core,
    complaints: Vec<String>,
) -> Result<Html<String>, AppError> {
    overview(by, core, Some(complaints), "").await
}

async fn overview(
    by: &Allowed<ManageChannels>,
    core: &Core,
    complaints: Option<Vec<String>>,
    link: &str,
) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    let (current, published) = config::current(&mut tx).await?;
    let draft = config::draft(&mut tx).await?;
    let versions = store::all(&mut tx).await?;
    let people = members(&mut tx).await?;
    let site = site(&mut tx).await?;
    let shown = draft.as_ref().map_or(&published, |(_, config)| config);
    let (differences, more) = draft.as_ref().map(|(_, draft)| differ::between(&published, draft)).unwrap_or_default();
    let found = draft.as_ref().and_then(|(_, draft)| config::check(draft).err());
    // Only a link that opens it is shown.
    let holds = !link.is_empty() && versions.iter().any(|one| one.preview_hash == Some(site_token(link)));
    let frame = by.frame("Audit");
    show(&AuditPage {
        csrf: frame.csrf.clone(),
        frame,
        tabs: tabs(HERE),
        current,
        draft: draft.as_ref().map(|(version, _)| *version),
        complaints: complaints.or(found).unwrap_or_default(),
        differences,
        more,
        link: if holds { format!("{}/audit?preview={link}", address(core, &site)) } else { String::new() },
        steps: steps(shown),
        recommendations: recommendations(shown),
        benchmarks: benchmarks(shown),
        versions: versions.iter().map(|one| row(one, &people)).collect(),
    })
}

fn row(one: &Version, people: &[crate::admin::inquiries::store::Member]) -> Row {
    Row {
        version: one.number,
        draft: one.state == "draft",
        by: name_of(people, &one.by_actor),
        at: one.published_at.unwrap_or(one.created_at),
    }
}

fn steps(config: &Config) -> Vec<Step> {
    let step = |(place, step): (usize, &crate::audit::model::Step)| {
        let list = format!("/steps/{place}/questions");
        let questions = step.questions.iter().enumerate().map(|(number, question)| Line {
            at: format!("{list}/{number}"),
            label: question.label.clone(),
            note: match question.choices.len() {
                0 => "a number".to_owned(),
                choices => format!("{choices} choices"),
            },
        });
        Step {
            at: format!("/steps/{place}"),
            title: step.title.clone(),
            questions: questions.collect(),
            list: list.clone(),
        }
    };
    config.steps.iter().enumerate().map(step).collect()
}

fn recommendations(config: &Config) -> Vec<Line> {
    let line = |(place, one): (usize, &crate::audit::model::Recommendation)| Line {
        at: format!("/recommendations/{place}"),
        label: one.title.clone(),
        note: format!("{}, level {} to {}", one.dimension.word().replace('_', " "), one.levels[0], one.levels[1]),
    };
    config.recommendations.iter().enumerate().map(line).collect()
}

fn benchmarks(config: &Config) -> Vec<Line> {
    let line = |(place, one): (usize, &crate::audit::model::Benchmark)| Line {
        at: format!("/benchmarks/{place}"),
        label: one.industry.as_deref().unwrap_or("all others").replace('_', " "),
        note: if one.source.assumed { "our own guess".to_owned() } else { format!("published {}", one.source.year) },
    };
    config.benchmarks.iter().enumerate().map(line).collect()
}

#[derive(Template)]
#[template(path = "site_admin/audit_edit.html")]
struct EditPage {
    frame: Frame,
    tabs: Vec<Tab>,
    csrf: String,
    at: String,
    form: Form,
    errors: FieldErrors,
    /// What is wrong with the whole.
    problem: String,
}

/// Which part of the audit.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct At {
    at: String,
}

/// `GET /admin/audit/edit`
pub(super) async fn edit(by: Allowed<ManageChannels>, Query(look): Query<At>) -> Result<Html<String>, AppError> {
    let config = working(&mut by.tx().await?).await?;
    let form = fields::form(&config, &look.at).ok_or_else(|| AppError::not_found("part of the audit"))?;
    editor(&by, look.at, form, FieldErrors::default(), String::new())
}

/// What the desk works on: the draft, or what is asked now.
async fn working(tx: &mut OrgTx) -> Result<Arc<Config>, AppError> {
    Ok(match config::draft(tx).await? {
        Some((_, config)) => config,
        None => config::current(tx).await?.1,
    })
}

fn editor(
    by: &Allowed<ManageChannels>,
    at: String,
    form: Form,
    errors: FieldErrors,
    problem: String,
) -> Result<Html<String>, AppError> {
    let frame = by.frame("Audit");
    show(&EditPage { csrf: frame.csrf.clone(), frame, tabs: tabs(HERE), at, form, errors, problem })
}

/// The form again with what was typed, and what is wrong with it.
pub(super) fn refused(
    by: &Allowed<ManageChannels>,
    config: &Config,
    at: &str,
    typed: &BTreeMap<String, String>,
    error: &AppError,
) -> Result<Response, AppError> {
    let mut form = fields::form(config, at).ok_or_else(|| AppError::not_found("part of the audit"))?;
    let errors = FieldErrors::from(error);
    for group in &mut form.groups {
        for field in group.fields.iter_mut().chain(&mut group.row).chain(&mut group.more) {
            if let Some(text) = typed.get(&field.name) {
                field.value = text.clone();
            }
        }
        group.open |= group.more.iter().any(|field| !errors.on(&field.name).is_empty());
    }
    let problem = if error.details().is_empty() { error.to_string() } else { String::new() };
    let page = editor(by, at.to_owned(), form, errors, problem)?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

#[derive(Template)]
#[template(path = "site_admin/audit_version.html")]
struct VersionPage {
    frame: Frame,
    tabs: Vec<Tab>,
    csrf: String,
    version: i32,
    before: i32,
    differences: Vec<Difference>,
    more: usize,
    may_restore: bool,
}

/// `GET /admin/audit/versions/{version}`: what a version changed.
pub(super) async fn version(by: Allowed<ManageChannels>, Path(version): Path<i32>) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    let missing = || AppError::not_found("version of the audit");
    let config = config::read(&mut tx, version).await?.ok_or_else(missing)?;
    let known = store::all(&mut tx).await?;
    let before = known.iter().map(|one| one.number).filter(|one| *one < version).max().unwrap_or(BUILT_IN);
    let old = config::read(&mut tx, before).await?.ok_or_else(missing)?;
    let (differences, more) = differ::between(&old, &config);
    let frame = by.frame(format!("Version {version} of the audit"));
    let may_restore = known.iter().all(|one| one.state != "draft");
    show(&VersionPage {
        csrf: frame.csrf.clone(),
        frame,
        tabs: tabs(HERE),
        version,
        before,
        differences,
        more,
        may_restore,
    })
}
