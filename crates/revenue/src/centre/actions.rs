//! What to do next, the most expensive first: plays to start, tasks to make, pages to go to.
//!
//! Actions are derived from the stored scores; what somebody approved stays away for four weeks, and can be taken back.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ledger::Actor;
use serde::Serialize;
use serde_json::json;
use shell::auth::Permission;
use shell::auth::permission::{ManageChannels, Reply, View};
use shell::{Allowed, AppError, Path, Toast, show};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::pages::words;
use crate::people::{NewTask, People};
use crate::plays::{self, Recipe};
use crate::read;
use crate::scores::{Component, Score, ScoreType};

/// How many are shown.
const MOST: usize = 5;
/// An approved action is not proposed again for so long.
const REST: TimeDelta = TimeDelta::days(28);
/// An approved action can be taken back from the page for so long.
const RECENT: TimeDelta = TimeDelta::days(1);

/// How an action is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ActionKind {
    /// A play is started.
    Play,
    /// A task is made.
    Task,
    /// A page is opened where it is done.
    Open,
}

/// An action.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct NextAction {
    /// What addresses it: a stage at which leads leak, `delay`, or a score that lacks data.
    pub key: String,
    pub how: ActionKind,
    /// What, in a short imperative.
    pub title: String,
    /// Why, with its figures.
    pub why: String,
    /// What it is expected to bring a month, in minor units; null while nothing was recovered yet that could tell.
    pub expected_minor: Option<i64>,
    /// What is at stake a month, in minor units; null where it is not known.
    pub at_stake_minor: Option<i64>,
    /// Where it is done, or its rows.
    pub href: String,
}

/// What somebody approved.
#[derive(Clone, Debug, sqlx::FromRow)]
#[expect(clippy::struct_field_names, reason = "the column says when, as in the table")]
pub(crate) struct Approved {
    pub key: String,
    pub title: String,
    pub approved_at: DateTime<Utc>,
    pub task_id: Option<Uuid>,
    pub play: Option<String>,
}

/// The play that mends a leak.
fn play_for(key: &str) -> Option<Recipe> {
    match key {
        "answer" => Some(Recipe::MissedCallTextBack),
        "respond" | "delay" => Some(Recipe::SlowReply),
        "reach" | "book" => Some(Recipe::StaleLead),
        "show" => Some(Recipe::AbandonedBooking),
        _ => None,
    }
}

/// What a person does about a leak.
fn task_for(key: &str) -> &'static str {
    match key {
        "answer" => "Call back the calls that nobody returned",
        "respond" => "Answer the messages that nobody answered",
        "reach" => "Try once more to reach the leads that nobody reached",
        "book" => "Follow up on the quotes that wait",
        "show" => "Offer a new time to those who did not come",
        "pay" => "Ask for what was not paid",
        _ => "Answer sooner: see who waited longest",
    }
}

/// The actions that follow from scores, the most expensive first. `running` are the plays that are on, `done` what was approved.
pub(crate) fn propose(scores: &[Score], running: &[Recipe], done: &[Approved]) -> Vec<NextAction> {
    let of = |kind: ScoreType| scores.iter().find(|score| score.kind == kind);
    let recovery = of(ScoreType::RevenueRecovery).and_then(|score| score.value).map(|value| value / 100.0);
    let mut actions: Vec<NextAction> = Vec::new();
    if let Some(score) = of(ScoreType::RevenueAtRisk).filter(|score| score.value.is_some()) {
        let mut parts: Vec<&Component> = score.components.iter().filter(|part| part.contribution >= 1.0).collect();
        parts.sort_by(|a, b| b.contribution.total_cmp(&a.contribution));
        actions.extend(parts.into_iter().map(|part| mend(part, &score.unit, recovery, running)));
    }
    if let Some(lever) = of(ScoreType::CompetitiveVisibility).and_then(|score| score.lever.as_ref()) {
        actions.push(NextAction {
            key: "visibility".to_owned(),
            how: ActionKind::Open,
            title: lever.advice.clone(),
            why: format!("Competitive visibility would rise by {:.0} points.", lever.gain),
            expected_minor: None,
            at_stake_minor: None,
            href: "/revenue/competitors".to_owned(),
        });
    }
    for kind in [ScoreType::ResponseVelocity, ScoreType::RevenueAtRisk] {
        if of(kind).is_some_and(|score| score.value.is_none()) {
            let (why, href, title) = words::teaches(kind);
            actions.push(NextAction {
                key: kind.as_str().to_owned(),
                how: ActionKind::Open,
                title: title.to_owned(),
                why: format!("{} has too little data. {why}", kind.title()),
                expected_minor: None,
                at_stake_minor: None,
                href: href.to_owned(),
            });
        }
    }
    actions.retain(|action| done.iter().all(|approved| approved.key != action.key));
    actions.truncate(MOST);
    actions
}

fn mend(part: &Component, currency: &str, recovery: Option<f64>, running: &[Recipe]) -> NextAction {
    let rows = format!("/revenue/scores/revenue_at_risk/rows?component={}", part.key);
    let play = play_for(&part.key).filter(|play| !running.contains(play));
    let why = format!("{}: {} of them, {} a month.", part.title, part.n, words::money(part.contribution, currency));
    NextAction {
        key: part.key.clone(),
        how: if play.is_some() { ActionKind::Play } else { ActionKind::Task },
        title: play.map_or_else(|| task_for(&part.key).to_owned(), |play| format!("Start {}", play.title())),
        why,
        expected_minor: recovery.map(|share| (part.contribution * share).round() as i64),
        at_stake_minor: Some(part.contribution.round() as i64),
        href: rows,
    }
}

/// What was approved and is not proposed again yet, newest first.
pub(crate) async fn approved(tx: &mut OrgTx) -> Result<Vec<Approved>, sqlx::Error> {
    let since = tx.clock().now() - REST;
    sqlx::query_as(
        "select key, title, approved_at, task_id, play from centre_actions where org_id = $1 and approved_at >= $2 \
         order by approved_at desc",
    )
    .bind(tx.org())
    .bind(since)
    .fetch_all(tx.conn())
    .await
}

/// The plays that are on.
pub(crate) async fn running(tx: &mut OrgTx) -> Result<Vec<Recipe>, AppError> {
    Ok(plays::api::all(tx).await?.into_iter().filter(|play| play.enabled).map(|play| play.play).collect())
}

/// The list on the page.
#[derive(Template)]
#[template(path = "centre/_actions.html")]
pub(crate) struct List {
    pub(super) actions: Vec<Row>,
    pub(super) done: Vec<Approved>,
}

/// An action as it reads.
pub(super) struct Row {
    pub(super) action: NextAction,
    pub(super) money: String,
    pub(super) note: &'static str,
    /// Where approving is posted; empty where it is opened instead, or where the caller may not.
    pub(super) approve: String,
}

/// What a caller may approve.
#[derive(Clone, Copy)]
pub(crate) struct May {
    pub(crate) plays: bool,
    pub(crate) tasks: bool,
}

/// The list of the scores given.
pub(crate) async fn list(tx: &mut OrgTx, scores: &[Score], may: May) -> Result<List, AppError> {
    let (done, running) = (approved(tx).await?, running(tx).await?);
    let currency = read::currency(tx).await?;
    let recent = tx.clock().now() - RECENT;
    let row = |action: NextAction| {
        let (money, note) = match (action.expected_minor, action.at_stake_minor) {
            (Some(expected), _) if expected > 0 => (words::money(expected as f64, currency.code()), "expected a month"),
            (_, Some(stake)) => (words::money(stake as f64, currency.code()), "at stake a month"),
            _ => (String::new(), ""),
        };
        let approve = match action.how {
            ActionKind::Play if may.plays => format!("/command-centre/plays/{}", action.key),
            ActionKind::Task if may.tasks => format!("/command-centre/tasks/{}", action.key),
            _ => String::new(),
        };
        Row { action, money, note, approve }
    };
    let actions = propose(scores, &running, &done).into_iter().map(row).collect();
    Ok(List { actions, done: done.into_iter().filter(|approved| approved.approved_at >= recent).collect() })
}

async fn fragment(tx: &mut OrgTx, may: May) -> Result<Html<String>, AppError> {
    let scores = read::stored_scores(tx, None).await?;
    show(&list(tx, &scores, may).await?)
}

/// The list alone, refreshed.
pub(crate) async fn show_list(by: Allowed<View>) -> Result<Html<String>, AppError> {
    let may = May { plays: by.may(Permission::ManageChannels), tasks: by.may(Permission::Reply) };
    fragment(&mut by.tx().await?, may).await
}

/// The action of a key as it is proposed now.
async fn proposed(tx: &mut OrgTx, key: &str, how: ActionKind) -> Result<NextAction, AppError> {
    // Keys are those of components; whatever else is asked for was never an action.
    if !key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
        return Err(AppError::not_found("action"));
    }
    let scores = read::stored_scores(tx, None).await?;
    let (done, running) = (approved(tx).await?, running(tx).await?);
    let found = propose(&scores, &running, &done).into_iter().find(|action| action.key == key && action.how == how);
    found.ok_or_else(|| AppError::conflict("this action is not open any more; the list shows what is"))
}

async fn keep(
    tx: &mut OrgTx,
    by: Actor,
    action: &NextAction,
    task: Option<Uuid>,
    play: Option<Recipe>,
) -> Result<(), AppError> {
    let now = tx.clock().now();
    sqlx::query(
        "insert into centre_actions (org_id, key, approved_by, approved_at, title, expected_minor, task_id, play) \
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (org_id, key) do update set approved_by = excluded.approved_by, \
           approved_at = excluded.approved_at, title = excluded.title, expected_minor = excluded.expected_minor, \
           task_id = excluded.task_id, play = excluded.play",
    )
    .bind(tx.org())
    .bind(&action.key)
    .bind(by.to_string())
    .bind(now)
    .bind(&action.title)
    .bind(action.expected_minor.or(action.at_stake_minor))
    .bind(task)
    .bind(play.map(Recipe::as_str))
    .execute(tx.conn())
    .await?;
    let detail = json!({ "title": action.title, "expected_minor": action.expected_minor, "at_stake_minor": action.at_stake_minor });
    audit::record(tx, AuditEntry::new(by, "action.approved").about(&action.key).detail(detail)).await?;
    Ok(())
}

/// Starts the play of an action.
pub(crate) async fn approve_play(by: Allowed<ManageChannels>, Path(key): Path<String>) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let action = proposed(&mut tx, &key, ActionKind::Play).await?;
    let play = play_for(&key).ok_or_else(|| AppError::not_found("action"))?;
    let on = plays::api::PlayPatch { enabled: Some(true), ..plays::api::PlayPatch::default() };
    plays::api::change(&mut tx, by.actor(), play, on).await?;
    keep(&mut tx, by.actor(), &action, None, Some(play)).await?;
    let may = May { plays: true, tasks: by.may(Permission::Reply) };
    let html = fragment(&mut tx, may).await?;
    tx.commit().await?;
    let toast = Toast::done(format!("{} runs", play.title())).undo_by_delete(format!("/command-centre/plays/{key}"));
    Ok((toast, html).into_response())
}

/// Stops the play that an action started.
pub(crate) async fn take_back_play(by: Allowed<ManageChannels>, Path(key): Path<String>) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let gone = forget(&mut tx, by.actor(), &key).await?;
    let play = gone.play.as_deref().and_then(Recipe::named).ok_or_else(|| AppError::not_found("action"))?;
    let off = plays::api::PlayPatch { enabled: Some(false), ..plays::api::PlayPatch::default() };
    plays::api::change(&mut tx, by.actor(), play, off).await?;
    let may = May { plays: true, tasks: by.may(Permission::Reply) };
    let html = fragment(&mut tx, may).await?;
    tx.commit().await?;
    let toast = Toast::done(format!("{} is off again", play.title())).and_event("centre:actions", json!({}));
    Ok((toast, html).into_response())
}

/// Makes the task of an action.
pub(crate) async fn approve_task(
    by: Allowed<Reply>,
    State(people): State<Arc<dyn People>>,
    Path(key): Path<String>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let action = proposed(&mut tx, &key, ActionKind::Task).await?;
    let task = NewTask { title: &action.title, body: &action.why, href: &action.href, key: &key };
    let id = people.make_task(&mut tx, by.actor(), task).await.map_err(AppError::internal)?;
    keep(&mut tx, by.actor(), &action, Some(id), None).await?;
    let may = May { plays: by.may(Permission::ManageChannels), tasks: true };
    let html = fragment(&mut tx, may).await?;
    tx.commit().await?;
    let toast = Toast::done("It is among the tasks now").undo_by_delete(format!("/command-centre/tasks/{key}"));
    Ok((toast, html).into_response())
}

/// Takes back the task that an action made.
pub(crate) async fn take_back_task(
    by: Allowed<Reply>,
    State(people): State<Arc<dyn People>>,
    Path(key): Path<String>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let gone = forget(&mut tx, by.actor(), &key).await?;
    let task = gone.task_id.ok_or_else(|| AppError::not_found("action"))?;
    let taken = people.take_back_task(&mut tx, task).await.map_err(AppError::internal)?;
    let may = May { plays: by.may(Permission::ManageChannels), tasks: true };
    let html = fragment(&mut tx, may).await?;
    tx.commit().await?;
    let said = if taken { "The task is gone" } else { "The task was done already; the action is open again" };
    Ok((Toast::done(said).and_event("centre:actions", json!({})), html).into_response())
}

/// Takes the row of an approved action away.
async fn forget(tx: &mut OrgTx, by: Actor, key: &str) -> Result<Approved, AppError> {
    let gone: Option<Approved> = sqlx::query_as(
        "delete from centre_actions where org_id = $1 and key = $2 returning key, title, approved_at, task_id, play",
    )
    .bind(tx.org())
    .bind(key)
    .fetch_optional(tx.conn())
    .await?;
    let gone = gone.ok_or_else(|| AppError::not_found("approved action"))?;
    audit::record(tx, AuditEntry::new(by, "action.taken_back").about(key).detail(json!({ "title": gone.title })))
        .await?;
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scores::Origin;

    fn at_risk(parts: &[(&str, f64)]) -> Score {
        let components = parts.iter().map(|(key, money)| Component {
            key: (*key).to_owned(),
            title: (*key).to_owned(),
            weight: 0.5,
            value: Some(*money),
            contribution: *money,
            previous: None,
            n: 7,
            source: Origin::Measured,
        });
        Score {
            value: Some(parts.iter().map(|(_, money)| money).sum()),
            components: components.collect(),
            missing: None,
            ..Score::missing(ScoreType::RevenueAtRisk, "USD", DateTime::UNIX_EPOCH, "")
        }
    }

    #[test]
    fn the_most_expensive_comes_first_as_a_play_or_a_task_and_what_was_approved_stays_away() {
        let scores = [at_risk(&[("respond", 40_000.0), ("answer", 90_000.0), ("pay", 10_000.0), ("show", 0.0)])];
        let actions = propose(&scores, &[Recipe::SlowReply], &[]);
        let told: Vec<_> = actions.iter().map(|action| (action.key.as_str(), action.how)).collect();
        assert_eq!(told, [("answer", ActionKind::Play), ("respond", ActionKind::Task), ("pay", ActionKind::Task)]);
        assert_eq!((actions[0].expected_minor, actions[0].at_stake_minor), (None, Some(90_000)));
        let done = Approved {
            key: "answer".to_owned(),
            title: String::new(),
            approved_at: DateTime::UNIX_EPOCH,
            task_id: None,
            play: None,
        };
        assert_eq!(propose(&scores, &[], &[done])[0].key, "respond");
    }

    #[test]
    fn what_was_recovered_tells_what_to_expect() {
        let recovered = Score {
            value: Some(25.0),
            ..Score::missing(ScoreType::RevenueRecovery, "points", DateTime::UNIX_EPOCH, "")
        };
        let actions = propose(&[at_risk(&[("answer", 90_000.0)]), recovered], &[], &[]);
        assert_eq!(actions[0].expected_minor, Some(22_500));
    }
}
