//! `/v2/plays`: what each play does, and what it earned.

use chrono::{DateTime, Duration, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::ContactId;
use kernel::ledger::{Actor, Event, Fact, Subject};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shell::auth::permission::{ManageChannels, View};
use shell::{Allowed, AppError, Json, Path};
use stats::experiment::{Arm, Effect};
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, Choice, Enrolment};
use super::{Recipe, WINDOW_DAYS, experiment, words};
use crate::settings::Rules;

/// Enrolments in a read-out.
const MOST: i64 = 50;

/// A play.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PlayOut {
    /// Its name: what addresses it.
    pub play: Recipe,
    pub title: &'static str,
    /// What sets it off.
    pub when: &'static str,
    /// Off until somebody switches it on.
    pub enabled: bool,
    /// The share of leads held back, 5 to 50.
    pub holdout_percent: i32,
    /// What it says.
    pub message: String,
    /// When it was last changed; absent while everything is as it came.
    pub updated_at: Option<DateTime<Utc>>,
    /// Leads it acted on.
    pub treated: i64,
    /// Leads held back.
    pub held: i64,
    /// Urgent and regulated leads, which a person was asked to look after.
    pub exempt: i64,
}

/// The plays.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlaysOut {
    data: Vec<PlayOut>,
}

/// What to change; absent keeps it.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct PlayPatch {
    pub enabled: Option<bool>,
    /// 5 to 50.
    pub holdout_percent: Option<i32>,
    /// 1 to 640 characters; empty takes the one it came with.
    pub message: Option<String>,
}

/// One side of an experiment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ArmOut {
    pub leads: usize,
    pub payers: usize,
    pub paid_minor: i64,
    /// What a lead paid on average.
    pub mean_minor: i64,
}

impl From<Arm> for ArmOut {
    fn from(arm: Arm) -> Self {
        Self {
            leads: arm.units,
            payers: arm.payers,
            paid_minor: arm.total.round() as i64,
            mean_minor: arm.mean().round() as i64,
        }
    }
}

/// What a play earned.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct EffectOut {
    /// The difference of means times the treated, adjusted by what was paid before.
    pub incremental_minor: i64,
    /// The 95 % interval.
    pub low_minor: i64,
    pub high_minor: i64,
    /// Whether an increase may be claimed: the whole interval lies above zero.
    pub is_increase: bool,
    /// The smallest true effect that is found four times of five with as many leads.
    pub detectable_minor: i64,
    /// The probability that an effect of a fifth of what the holdout paid would have been found, 0 to 1.
    pub power_for_a_fifth: f64,
    /// Classes of value that were compared within.
    pub strata: usize,
}

/// A lead that took part.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct EnrolmentOut {
    pub id: Uuid,
    /// The lead, as signals name it.
    pub lead: Uuid,
    pub contact_id: ContactId,
    /// `treated`, `held` or `exempt`.
    pub arm: String,
    /// `urgent` or `regulated`, for an exempt one.
    pub exempt: Option<String>,
    /// `none`, `due`, `message`, `task`, `not_needed` or `nobody`.
    pub action: String,
    /// The message or task.
    pub action_id: Option<Uuid>,
    pub triggered_at: DateTime<Utc>,
    pub enrolled_at: DateTime<Utc>,
    pub acted_at: Option<DateTime<Utc>>,
    /// What it paid within 30 days of being enrolled.
    pub paid_minor: i64,
}

impl From<Enrolment> for EnrolmentOut {
    fn from(row: Enrolment) -> Self {
        let Enrolment {
            id, lead, contact, arm, exempt, action, action_id, triggered_at, enrolled_at, acted_at, ..
        } = row;
        let (contact_id, paid_minor) = (ContactId::from_uuid(contact), row.outcome_minor);
        Self { id, lead, contact_id, arm, exempt, action, action_id, triggered_at, enrolled_at, acted_at, paid_minor }
    }
}

/// A play's read-out.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResultsOut {
    pub play: PlayOut,
    /// The currency of every amount.
    pub currency: String,
    pub treated: ArmOut,
    pub held: ArmOut,
    /// Absent while too little is known; `sentence` says what is missing.
    pub effect: Option<EffectOut>,
    /// The reading in words.
    pub sentence: String,
    /// Leads whose 30 days are not over: what they paid so far is counted.
    pub running: i64,
    /// The newest leads.
    pub enrolments: Vec<EnrolmentOut>,
}

/// List the plays with what each is set to.
#[utoipa::path(get, path = "/v2/plays", tag = "plays", responses((status = 200, body = PlaysOut)))]
pub(crate) async fn list_plays(by: Allowed<View>) -> Result<Json<PlaysOut>, AppError> {
    Ok(Json(PlaysOut { data: all(&mut by.tx().await?).await? }))
}

/// Switch a play on or off, or change its holdout or its words.
#[utoipa::path(patch, path = "/v2/plays/{play}", tag = "plays", params(("play" = String, Path,)), request_body = PlayPatch,
    responses((status = 200, body = PlayOut)))]
pub(crate) async fn change_play(
    by: Allowed<ManageChannels>,
    Path(play): Path<String>,
    Json(patch): Json<PlayPatch>,
) -> Result<Json<PlayOut>, AppError> {
    let play = named(&play)?;
    let mut tx = by.tx().await?;
    change(&mut tx, by.actor(), play, patch).await?;
    let shown = one(&mut tx, play).await?;
    tx.commit().await?;
    Ok(Json(shown))
}

/// Show what a play earned, with its interval, and who took part.
#[utoipa::path(get, path = "/v2/plays/{play}/results", tag = "plays", params(("play" = String, Path,)),
    responses((status = 200, body = ResultsOut)))]
pub(crate) async fn show_play_results(
    by: Allowed<View>,
    Path(play): Path<String>,
) -> Result<Json<ResultsOut>, AppError> {
    let play = named(&play)?;
    Ok(Json(results(&mut by.tx().await?, play, by.now()).await?))
}

/// The play of a name in an address.
pub(super) fn named(name: &str) -> Result<Recipe, AppError> {
    Recipe::named(name).ok_or_else(|| AppError::not_found("play"))
}

/// Every play.
pub(crate) async fn all(tx: &mut OrgTx) -> Result<Vec<PlayOut>, AppError> {
    let choices = store::choices(tx).await?;
    let counts = store::counts(tx).await?;
    let of = |play: Recipe| {
        let leads = |arm: &str| {
            let rows = counts.iter().filter(|(name, side, ..)| name == play.as_str() && side == arm);
            rows.map(|(.., leads)| leads).sum::<i64>()
        };
        let choice = choices.iter().find(|choice| choice.play == play.as_str());
        PlayOut {
            play,
            title: play.title(),
            when: play.when(),
            enabled: choice.is_some_and(|choice| choice.enabled),
            holdout_percent: choice.map_or(10, |choice| choice.holdout_percent),
            message: choice.map_or_else(|| play.message().to_owned(), |choice| choice.message.clone()),
            updated_at: choice.map(|choice| choice.updated_at),
            treated: leads("treated"),
            held: leads("held"),
            exempt: leads("exempt"),
        }
    };
    Ok(Recipe::ALL.into_iter().map(of).collect())
}

async fn one(tx: &mut OrgTx, play: Recipe) -> Result<PlayOut, AppError> {
    let found = all(tx).await?.into_iter().find(|shown| shown.play == play);
    found.ok_or_else(|| AppError::not_found("play"))
}

/// Changes a play, with the state before and after in the audit log.
pub(crate) async fn change(tx: &mut OrgTx, by: Actor, play: Recipe, patch: PlayPatch) -> Result<(), AppError> {
    let PlayPatch { enabled, holdout_percent, message } = patch;
    if holdout_percent.is_some_and(|percent| !(5..=50).contains(&percent)) {
        return Err(AppError::field("holdout_percent", "must be between 5 and 50"));
    }
    let message = message.map(|text| text.trim().to_owned());
    if message.as_ref().is_some_and(|text| text.chars().count() > 640) {
        return Err(AppError::field("message", "must have at most 640 characters"));
    }
    let before = store::choice(tx, play, true).await?;
    let stood = before.clone().unwrap_or_else(|| Choice {
        play: play.as_str().to_owned(),
        enabled: false,
        holdout_percent: 10,
        message: play.message().to_owned(),
        updated_at: tx.clock().now(),
    });
    let after = Choice {
        play: stood.play.clone(),
        enabled: enabled.unwrap_or(stood.enabled),
        holdout_percent: holdout_percent.unwrap_or(stood.holdout_percent),
        message: match message {
            Some(text) if text.is_empty() => play.message().to_owned(),
            Some(text) => text,
            None => stood.message.clone(),
        },
        updated_at: tx.clock().now(),
    };
    store::keep(tx, &after).await?;
    let values = |choice: &Choice| json!({ "enabled": choice.enabled, "holdout_percent": choice.holdout_percent, "message": choice.message });
    let entry = AuditEntry::new(by, "play.changed").about(play.as_str()).change(values(&stood), values(&after));
    tx.append(Event::new(Subject::Org(tx.org()), by, Fact::SettingsChanged { group: "plays".to_owned() }));
    audit::record(tx, entry).await?;
    Ok(())
}

/// The read-out of a play.
pub(super) async fn results(tx: &mut OrgTx, play: Recipe, now: DateTime<Utc>) -> Result<ResultsOut, AppError> {
    let shown = one(tx, play).await?;
    let currency = Rules::load(tx).await?.whole.settings.currency.code().to_owned();
    let effect = experiment::read(tx, play, None, DateTime::<Utc>::UNIX_EPOCH, now + Duration::days(1)).await?;
    let running = store::running(tx, play, now - Duration::days(WINDOW_DAYS)).await?;
    let enrolments = store::enrolments(tx, play, MOST).await?.into_iter().map(EnrolmentOut::from).collect();
    Ok(ResultsOut {
        play: shown,
        sentence: words::sentence(&effect, &currency),
        treated: effect.treated.into(),
        held: effect.held.into(),
        effect: effect_out(&effect),
        currency,
        running,
        enrolments,
    })
}

fn effect_out(effect: &Effect) -> Option<EffectOut> {
    let known = effect.known.ok()?;
    let fifth = 0.2 * effect.held.mean() * effect.treated.units as f64;
    let minor = |value: f64| value.round() as i64;
    Some(EffectOut {
        incremental_minor: minor(known.total),
        low_minor: minor(known.low),
        high_minor: minor(known.high),
        is_increase: known.is_increase(),
        detectable_minor: minor(known.detectable),
        power_for_a_fifth: known.power(fifth),
        strata: known.strata,
    })
}
