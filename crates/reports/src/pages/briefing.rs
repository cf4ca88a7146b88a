//! `/reports/briefing`: the briefing of a day, made as it is read.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use chrono::{Days, NaiveDate};
use kernel::db::OrgTx;
use kernel::ids::LocationId;
use serde::Deserialize;
use shell::auth::permission::{RunReports, View};
use shell::page::url_encoded;
use shell::{Allowed, AppError, Frame, Permission, Query, known_day, show};

use crate::api::reports::answer;
use crate::briefing::briefing;
use crate::core::Core;
use crate::organisation;
use crate::render::{Format, View as Shown};
use crate::sheet::Sheet;

#[derive(Template)]
#[template(path = "reports/briefing.html")]
struct BriefingPage {
    frame: Frame,
    note: String,
    before: String,
    after: String,
    file: String,
    may_run: bool,
    may_send: bool,
    places: Vec<Choice>,
    day: NaiveDate,
    view: Shown,
}

/// A place to look at.
struct Choice {
    id: String,
    name: String,
    selected: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Look {
    day: Option<NaiveDate>,
    location: String,
}

impl Look {
    fn place(&self) -> Option<LocationId> {
        self.location.parse().ok()
    }
}

/// The briefing that is looked at, and the day it is today.
async fn made(core: &Core, tx: &mut OrgTx, look: &Look) -> Result<(Sheet, NaiveDate), AppError> {
    let today = organisation::of(tx).await?.day(tx.clock().now());
    let day = known_day("day", look.day.unwrap_or(today))?;
    if day > today {
        return Err(AppError::not_found("briefing yet"));
    }
    Ok((briefing(tx, core.figures.as_ref(), day, look.place()).await?, today))
}

pub(crate) async fn page(
    State(core): State<Core>,
    by: Allowed<View>,
    Query(look): Query<Look>,
) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    let (sheet, today) = made(&core, &mut tx, &look).await?;
    let places = core.figures.places(&mut tx).await?;
    let place =
        if look.location.is_empty() { String::new() } else { format!("&location={}", url_encoded(&look.location)) };
    let at = |day: NaiveDate| format!("/reports/briefing?day={day}{place}");
    let choice = |place: crate::figures::Place| Choice {
        selected: look.place() == Some(place.id),
        id: place.id.to_string(),
        name: place.name,
    };
    show(&BriefingPage {
        frame: by.frame("Daily briefing"),
        note: sheet.note.clone(),
        before: at(sheet.day - Days::new(1)),
        after: if sheet.day < today { at(sheet.day + Days::new(1)) } else { String::new() },
        file: format!("/reports/briefing/file?day={}{place}", sheet.day),
        may_run: by.may(Permission::RunReports),
        may_send: by.may(Permission::Export),
        places: places.into_iter().map(choice).collect(),
        day: sheet.day,
        view: Shown::of(&sheet),
    })
}

/// The same as PDF.
pub(crate) async fn file(
    State(core): State<Core>,
    by: Allowed<RunReports>,
    Query(look): Query<Look>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let (sheet, _) = made(&core, &mut tx, &look).await?;
    drop(tx);
    answer(sheet, Format::Pdf, "inline").await
}
