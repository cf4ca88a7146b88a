//! `/revenue/plays`: the plays, and a play's read-out.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use kernel::ids::ContactId;
use serde::Deserialize;
use shell::auth::permission::{ManageChannels, View};
use shell::chart::{Interval, Svg, Tone};
use shell::page::{amount, count, percent};
use shell::{Allowed, AppError, Form, Frame, Path, Permission, Tab, Toast, show};
use uuid::Uuid;

use super::api::{self, EffectOut, PlayOut, PlayPatch};
use crate::people::People;

#[derive(Template)]
#[template(path = "plays/list.html")]
struct ListPage {
    frame: Frame,
    tabs: Vec<Tab>,
    may_change: bool,
    plays: Vec<PlayOut>,
}

#[derive(Template)]
#[template(path = "plays/show.html")]
struct ShowPage {
    frame: Frame,
    may_change: bool,
    play: PlayOut,
    sentence: String,
    arms: Vec<ArmRow>,
    interval: Option<Svg>,
    power: String,
    running: i64,
    rows: Vec<Row>,
}

struct ArmRow {
    name: &'static str,
    leads: String,
    payers: String,
    paid: String,
    mean: String,
}

struct Row {
    lead: Uuid,
    name: String,
    arm: String,
    arm_tone: &'static str,
    action: &'static str,
    at: DateTime<Utc>,
    paid: String,
}

/// The plays.
pub(crate) async fn list(by: Allowed<View>) -> Result<Response, AppError> {
    let plays = api::all(&mut by.tx().await?).await?;
    let may_change = by.may(Permission::ManageChannels);
    let tabs = crate::pages::tabs("/revenue/plays");
    Ok(show(&ListPage { frame: by.frame("Plays"), tabs, may_change, plays })?.into_response())
}

/// One play's read-out.
pub(crate) async fn read_out(
    State(people): State<Arc<dyn People>>,
    by: Allowed<View>,
    Path(play): Path<String>,
) -> Result<Response, AppError> {
    let play = api::named(&play)?;
    let mut tx = by.tx().await?;
    let told = api::results(&mut tx, play, by.now()).await?;
    let contacts: Vec<ContactId> = told.enrolments.iter().map(|row| row.contact_id).collect();
    let names: HashMap<ContactId, String> = people.names(&mut tx, &contacts).await?;
    let money = |minor: i64| amount(minor, &told.currency);
    let arm = |name, arm: &api::ArmOut| ArmRow {
        name,
        leads: count(arm.leads as i64),
        payers: count(arm.payers as i64),
        paid: money(arm.paid_minor),
        mean: money(arm.mean_minor),
    };
    let rows = told
        .enrolments
        .iter()
        .map(|row| Row {
            lead: row.lead,
            name: names.get(&row.contact_id).cloned().unwrap_or_else(|| "Somebody without a contact here".to_owned()),
            arm: row.exempt.clone().unwrap_or_else(|| row.arm.clone()),
            arm_tone: match row.arm.as_str() {
                "treated" => "accent",
                "held" => "",
                _ => "wait",
            },
            action: action(&row.action),
            at: row.enrolled_at,
            paid: if row.paid_minor == 0 { String::new() } else { money(row.paid_minor) },
        })
        .collect();
    let page = ShowPage {
        may_change: by.may(Permission::ManageChannels),
        arms: vec![arm("Treated", &told.treated), arm("Held back", &told.held)],
        interval: told.effect.as_ref().map(|effect| interval(effect, &told.currency)),
        power: told.effect.as_ref().map(|effect| percent(effect.power_for_a_fifth)).unwrap_or_default(),
        running: told.running,
        rows,
        sentence: told.sentence,
        frame: by.frame(told.play.title),
        play: told.play,
    };
    Ok(show(&page)?.into_response())
}

fn action(word: &str) -> &'static str {
    match word {
        "message" => "message sent",
        "task" => "a person was asked",
        "due" => "waits",
        "not_needed" => "not needed any more",
        "nobody" => "nobody to reach",
        _ => "nothing, on purpose",
    }
}

/// The effect with its interval and zero, on one line.
fn interval(effect: &EffectOut, currency: &str) -> Svg {
    let tone = if effect.is_increase {
        Tone::Won
    } else if effect.high_minor < 0 {
        Tone::Risk
    } else {
        Tone::Quiet
    };
    let point = |minor: i64| (minor as f64, amount(minor, currency));
    let points = [effect.low_minor, effect.incremental_minor, effect.high_minor].map(point);
    Interval::new("Paid more than without the play, with its 95 % interval", tone, points).draw()
}

/// The form of a play.
#[derive(Deserialize)]
#[serde(default)]
pub(crate) struct PlayForm {
    enabled: bool,
    holdout_percent: i32,
    message: String,
}

impl Default for PlayForm {
    fn default() -> Self {
        Self { enabled: false, holdout_percent: 10, message: String::new() }
    }
}

/// Saves a play.
pub(crate) async fn save(
    by: Allowed<ManageChannels>,
    Path(play): Path<String>,
    Form(form): Form<PlayForm>,
) -> Result<Response, AppError> {
    let play = api::named(&play)?;
    let PlayForm { enabled, holdout_percent, message } = form;
    let mut tx = by.tx().await?;
    let patch = PlayPatch { enabled: Some(enabled), holdout_percent: Some(holdout_percent), message: Some(message) };
    api::change(&mut tx, by.actor(), play, patch).await?;
    tx.commit().await?;
    let said = if enabled { "The play is on" } else { "The play is off" };
    let toast = Toast::done(said).on_next_page();
    Ok((toast, Redirect::to(&format!("/revenue/plays/{}", play.as_str()))).into_response())
}
