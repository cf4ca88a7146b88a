//! The pages of the scores: overview, one page per score, the rows behind a figure, places, rivals, settings.
//!
//! Rules a newcomer would break: a page reads stored scores and never calculates; every figure leads to its rows; what is not
//! known reads "insufficient data" and says what to connect, never 0.

pub(crate) mod competitors;
pub(crate) mod locations;
pub(crate) mod overview;
pub(crate) mod rows;
pub(crate) mod score;
pub(crate) mod settings;
pub(crate) mod store;
pub(crate) mod words;

use axum::Router;
use axum::routing::{get, post};
use kernel::ids::LocationId;
use shell::{AppError, Tab};

use crate::Revenue;
use crate::locations::Location;

/// The routes of these pages.
pub(crate) fn routes() -> Router<Revenue> {
    Router::new()
        .route("/revenue", get(overview::page))
        .route("/revenue/scores/{kind}", get(score::page))
        .route("/revenue/scores/{kind}/rows", get(rows::page))
        .route("/revenue/leads/{id}", get(rows::detail))
        .route("/revenue/locations", get(locations::page))
        .route("/revenue/locations/{id}", post(locations::change))
        .route("/revenue/competitors", get(competitors::page).post(competitors::keep))
        .route("/settings/scores", get(settings::page).post(settings::save))
}

/// The tabs over every page of the revenue pages; `here` is the address of the current one.
pub fn tabs(here: &str) -> Vec<Tab> {
    [
        ("Scores", "/revenue"),
        ("Locations", "/revenue/locations"),
        ("Competitors", "/revenue/competitors"),
        ("Analytics", "/analytics"),
        ("Anomalies", "/revenue/anomalies"),
        ("Plays", "/revenue/plays"),
        ("Maturity", "/maturity"),
    ]
    .into_iter()
    .map(|(label, href)| Tab::new(label, href, href == here))
    .collect()
}

/// A place as it is named in an address; empty is the whole organisation.
pub(crate) fn placed(text: &str) -> Result<Option<LocationId>, AppError> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| AppError::field("location", "is not the id of a location"))
}

/// The choice of a place: its id (empty for the whole organisation), its name, whether it is chosen.
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) chosen: bool,
}

/// Every place to choose from, the whole organisation first. A place that is not there is 404.
pub(crate) fn choices(places: &[Location], chosen: Option<LocationId>) -> Result<Vec<Choice>, AppError> {
    if chosen.is_some_and(|id| places.iter().all(|place| place.id != id)) {
        return Err(AppError::not_found("location"));
    }
    let whole = Choice { value: String::new(), label: "Every location".to_owned(), chosen: chosen.is_none() };
    let each = places.iter().map(|place| Choice {
        value: place.id.to_string(),
        label: place.name.clone(),
        chosen: chosen == Some(place.id),
    });
    Ok(std::iter::once(whole).chain(each).collect())
}
