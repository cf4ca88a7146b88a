//! `/revenue/locations`: the places ranked, each with its lines, and what is edited of them.

use askama::Template;
use axum::response::{Html, IntoResponse, Redirect, Response};
use chrono::Days;
use kernel::ids::LocationId;
use serde::Deserialize;
use serde_json::json;
use shell::auth::Permission;
use shell::auth::permission::{ManageChannels, View};
use shell::chart::{Svg, sparkline};
use shell::{Allowed, AppError, Form, Frame, Json, Path, Tab, Toast, show};
use uuid::Uuid;

use super::overview::{PlaceRow, row};
use super::store;
use crate::locations::Location;
use crate::read;
use crate::scores::ScoreType;

/// Places that are drawn with their lines; the table has all.
const DRAWN: usize = 24;

#[derive(Template)]
#[template(path = "revenue/locations.html")]
struct LocationsPage {
    frame: Frame,
    tabs: Vec<Tab>,
    csrf: String,
    places: Vec<PlaceRow>,
    small: Vec<Small>,
    edits: Vec<Edit>,
    may_change: bool,
}

/// One of the small multiples.
struct Small {
    id: String,
    name: String,
    risk: String,
    lines: Vec<(&'static str, Svg)>,
}

/// What can be edited of a place.
struct Edit {
    id: String,
    name: String,
    zone: String,
    capacity: String,
}

pub(crate) async fn page(by: Allowed<View>) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    let since = by.now().date_naive() - Days::new(90);
    let places = store::places(&mut tx, since, DRAWN).await?;
    let ids: Vec<Uuid> = places.iter().take(DRAWN).map(|place| place.id.uuid()).collect();
    let velocity = store::lines_of(&mut tx, &ids, ScoreType::ResponseVelocity, since).await?;
    let leakage = store::lines_of(&mut tx, &ids, ScoreType::LeadLeakage, since).await?;
    let small = places.iter().take(DRAWN).map(|place| {
        let of = |title: &str, line: Option<&Vec<f64>>| {
            sparkline(&format!("{title} at {}, 90 days", place.name), line.map(Vec::as_slice).unwrap_or_default())
        };
        Small {
            id: place.id.to_string(),
            name: place.name.clone(),
            risk: row(place).risk,
            lines: vec![
                ("At risk", of("Revenue at risk", Some(&place.line))),
                ("Velocity", of("Response velocity", velocity.get(&place.id.uuid()))),
                ("Leakage", of("Lead leakage", leakage.get(&place.id.uuid()))),
            ],
        }
    });
    let known = read::locations(&mut tx).await?;
    let frame = by.frame("Locations");
    show(&LocationsPage {
        csrf: frame.csrf.clone(),
        frame,
        tabs: super::tabs("/revenue/locations"),
        places: places.iter().map(row).collect(),
        small: small.collect(),
        edits: known.into_iter().map(edit).collect(),
        may_change: by.may(Permission::ManageChannels),
    })
}

fn edit(place: Location) -> Edit {
    Edit {
        id: place.id.to_string(),
        name: place.name,
        zone: place.time_zone.unwrap_or_default(),
        capacity: place.monthly_capacity.map(|bookings| bookings.to_string()).unwrap_or_default(),
    }
}

/// The form of a place; empty fields are taken from the organisation.
#[derive(Debug, Deserialize)]
pub(crate) struct EditForm {
    name: String,
    #[serde(default)]
    time_zone: String,
    #[serde(default)]
    monthly_capacity: String,
}

/// Changes a place, as `PATCH /v2/locations/{id}` does. `new` makes one.
pub(crate) async fn change(
    by: Allowed<ManageChannels>,
    Path(id): Path<String>,
    Form(given): Form<EditForm>,
) -> Result<Response, AppError> {
    let zone = given.time_zone.trim();
    let capacity = match given.monthly_capacity.trim() {
        "" => None,
        text => Some(text.parse::<i32>().map_err(|_| AppError::field("monthly_capacity", "is a whole number"))?),
    };
    let fields = json!({
        "name": given.name, "time_zone": (!zone.is_empty()).then_some(zone), "monthly_capacity": capacity,
    });
    let Json(place) = if id == "new" {
        let fields = serde_json::from_value(fields).map_err(AppError::internal)?;
        crate::locations::create_location(by, Json(fields)).await?
    } else {
        let id: LocationId = id.parse().map_err(|_| AppError::not_found("location"))?;
        let fields = serde_json::from_value(fields).map_err(AppError::internal)?;
        crate::locations::change_location(by, Path(id), Json(fields)).await?
    };
    let said = format!("{} is kept", place.name);
    Ok((Toast::done(said).on_next_page(), Redirect::to("/revenue/locations")).into_response())
}
