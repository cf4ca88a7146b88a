//! `/reports/schedules/…`: when a report is made, to whom it goes, and what became of it.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{DeliveryId, ReportId, ScheduleId};
use serde::Deserialize;
use shell::auth::permission::Export;
use shell::{Allowed, AppError, FieldErrors, Form, Frame, Path, Query, Toast, show};

use crate::api::schedules::{ReportScheduleIn, clock_words, forget, keep, try_again};
use crate::core::Core;
use crate::organisation;
use crate::render::Format;
use crate::store::reports::ReportKind;
use crate::store::{deliveries, designs, schedules};

/// The deliveries shown of a schedule.
const SHOWN: i64 = 30;

#[derive(Template)]
#[template(path = "reports/schedule.html")]
struct SchedulePage {
    frame: Frame,
    action: String,
    /// The schedule; empty for a new one.
    id: String,
    mail: bool,
    called: String,
    kinds: Vec<Choice>,
    places: Vec<Choice>,
    zones: Vec<Choice>,
    days: Vec<Choice>,
    time: String,
    recipients: String,
    formats: Vec<Choice>,
    enabled: bool,
    errors: FieldErrors,
    sent: Vec<Sent>,
}

struct Choice {
    word: String,
    label: String,
    selected: bool,
}

/// A report on its way.
struct Sent {
    id: DeliveryId,
    report: ReportId,
    day: String,
    recipient: String,
    state: String,
    error: String,
    at: DateTime<Utc>,
}

/// The form. What it makes is `briefing`, `performance` or a saved report's id.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ScheduleForm {
    name: String,
    what: String,
    location_id: String,
    time_zone: String,
    days: Vec<i16>,
    time: String,
    recipients: String,
    formats: Vec<String>,
    enabled: bool,
}

impl ScheduleForm {
    fn given(&self) -> ReportScheduleIn {
        let kind = self.what.parse().unwrap_or(ReportKind::Custom);
        let addresses = self.recipients.split([',', ';', '\n', '\r', ' ']).map(str::trim);
        ReportScheduleIn {
            name: Some(self.name.clone()),
            kind,
            report_id: self.what.parse().ok(),
            location_id: self.location_id.parse().ok(),
            time_zone: Some(self.time_zone.clone()),
            days: Some(self.days.clone()),
            time: self.time.clone(),
            recipients: addresses.filter(|address| !address.is_empty()).map(str::to_owned).collect(),
            formats: Some(self.formats.iter().filter_map(|word| word.parse().ok()).collect()),
            enabled: Some(self.enabled),
        }
    }
}

/// What a new schedule begins with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Begin {
    what: String,
}

pub(crate) async fn new(
    State(core): State<Core>,
    by: Allowed<Export>,
    Query(begin): Query<Begin>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let form = ScheduleForm {
        what: if begin.what.is_empty() { ReportKind::Briefing.word().to_owned() } else { begin.what },
        time_zone: organisation::of(&mut tx).await?.zone.name().to_owned(),
        days: vec![1, 2, 3, 4, 5],
        time: "07:30".to_owned(),
        recipients: by.principal().email.clone(),
        formats: vec![Format::Pdf.word().to_owned()],
        enabled: true,
        ..ScheduleForm::default()
    };
    Ok(page(&core, &by, &mut tx, None, form, FieldErrors::default()).await?.into_response())
}

pub(crate) async fn edit(
    State(core): State<Core>,
    by: Allowed<Export>,
    Path(id): Path<ScheduleId>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let row = schedules::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("schedule"))?;
    let form = ScheduleForm {
        name: row.name,
        what: row.design_id.map_or(row.kind, |design| design.to_string()),
        location_id: row.location_id.map(|place| place.to_string()).unwrap_or_default(),
        time_zone: row.time_zone,
        days: row.days,
        time: clock_words(row.minute_of_day),
        recipients: row.recipients.join("\n"),
        formats: row.formats,
        enabled: row.enabled,
    };
    Ok(page(&core, &by, &mut tx, Some(id), form, FieldErrors::default()).await?.into_response())
}

pub(crate) async fn create(
    State(core): State<Core>,
    by: Allowed<Export>,
    Form(form): Form<ScheduleForm>,
) -> Result<Response, AppError> {
    save(&core, &by, None, form).await
}

pub(crate) async fn replace(
    State(core): State<Core>,
    by: Allowed<Export>,
    Path(id): Path<ScheduleId>,
    Form(form): Form<ScheduleForm>,
) -> Result<Response, AppError> {
    save(&core, &by, Some(id), form).await
}

async fn save(
    core: &Core,
    by: &Allowed<Export>,
    id: Option<ScheduleId>,
    form: ScheduleForm,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    match keep(core, &mut tx, by.actor(), id, form.given()).await {
        Ok(row) => {
            tx.commit().await?;
            let said = if row.enabled {
                "Saved; the next one is on its way at the time you chose"
            } else {
                "Saved, and switched off"
            };
            Ok((Toast::done(said).on_next_page(), Redirect::to("/reports")).into_response())
        }
        Err(error) if error.details().is_empty() => Err(error),
        Err(error) => {
            let errors = FieldErrors::from(&error);
            let html = page(core, by, &mut tx, id, form, errors).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, html).into_response())
        }
    }
}

pub(crate) async fn remove(by: Allowed<Export>, Path(id): Path<ScheduleId>) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    forget(&mut tx, by.actor(), id).await?;
    tx.commit().await?;
    Ok((Toast::done("Removed; it makes no more reports").on_next_page(), Redirect::to("/reports")).into_response())
}

pub(crate) async fn again(by: Allowed<Export>, Path(id): Path<DeliveryId>) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    try_again(&mut tx, by.actor(), id).await?;
    tx.commit().await?;
    Ok((Toast::done("It is on its way again").on_next_page(), Redirect::to("/reports")).into_response())
}

async fn page(
    core: &Core,
    by: &Allowed<Export>,
    tx: &mut OrgTx,
    id: Option<ScheduleId>,
    form: ScheduleForm,
    errors: FieldErrors,
) -> Result<Html<String>, AppError> {
    let choice = |word: String, label: String, selected: bool| Choice { word, label, selected };
    let mut kinds: Vec<Choice> = [ReportKind::Briefing, ReportKind::Performance]
        .map(|kind| choice(kind.word().to_owned(), kind.label().to_owned(), form.what == kind.word()))
        .into();
    for saved in designs::all(tx).await? {
        let word = saved.id.to_string();
        let selected = form.what == word;
        kinds.push(choice(word, saved.name, selected));
    }
    let mut sent = Vec::new();
    if let Some(id) = id {
        let rows = deliveries::of(tx, id, SHOWN).await?;
        sent.extend(rows.into_iter().map(|row| Sent {
            id: row.id,
            report: row.report_id,
            day: row.day.format("%a %-d %b %Y").to_string(),
            recipient: row.recipient,
            state: row.state,
            error: row.error.unwrap_or_default(),
            at: row.settled_at.unwrap_or(row.at),
        }));
    }
    let places = core.figures.places(tx).await?;
    let names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let days =
        (1_i16..).zip(names).map(|(day, name)| choice(day.to_string(), name.to_owned(), form.days.contains(&day)));
    let formats = [Format::Pdf, Format::Xlsx, Format::Csv, Format::Html].map(|format| {
        let selected = form.formats.iter().any(|word| word == format.word());
        choice(format.word().to_owned(), format.label().to_owned(), selected)
    });
    show(&SchedulePage {
        frame: by.frame(if id.is_some() { "Schedule" } else { "New schedule" }),
        action: id.map_or_else(|| "/reports/schedules/new".to_owned(), |id| format!("/reports/schedules/{id}")),
        id: id.map(|id| id.to_string()).unwrap_or_default(),
        mail: core.kernel.config.mail.is_set(),
        kinds,
        places: places
            .into_iter()
            .map(|place| {
                let word = place.id.to_string();
                let selected = form.location_id == word;
                choice(word, place.name, selected)
            })
            .collect(),
        zones: chrono_tz::TZ_VARIANTS
            .iter()
            .map(|zone| choice(zone.name().to_owned(), zone.name().to_owned(), form.time_zone == zone.name()))
            .collect(),
        days: days.collect(),
        formats: formats.into(),
        called: form.name,
        time: form.time,
        recipients: form.recipients,
        enabled: form.enabled,
        errors,
        sent,
    })
}
