//! `/revenue`: the five scores, and the same by location.

use askama::Template;
use axum::response::Html;
use chrono::Days;
use shell::auth::permission::View;
use shell::chart::{Svg, sparkline};
use shell::{Allowed, AppError, Frame, Tab, show};
use uuid::Uuid;

use super::store::{self, PlaceScores};
use super::words;
use crate::read;
use crate::scores::{Score, ScoreType};

/// Places whose lines are drawn; the page of locations has all.
const LINES: usize = 12;

#[derive(Template)]
#[template(path = "revenue/overview.html")]
struct OverviewPage {
    frame: Frame,
    tabs: Vec<Tab>,
    cards: Vec<Card>,
    places: Vec<PlaceRow>,
    more_places: usize,
}

/// A score on a card.
pub(crate) struct Card {
    pub(crate) href: String,
    pub(crate) dial: Svg,
    pub(crate) band: String,
    pub(crate) change: String,
    pub(crate) tone: &'static str,
    pub(crate) line: Option<Svg>,
    pub(crate) mover: String,
    pub(crate) missing: String,
}

/// A location in a table.
pub(crate) struct PlaceRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) risk: String,
    pub(crate) velocity: String,
    pub(crate) leakage: String,
    pub(crate) visibility: String,
    pub(crate) recovery: String,
    pub(crate) line: Svg,
}

pub(crate) async fn page(by: Allowed<View>) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    let scores = read::stored_scores(&mut tx, None).await?;
    let since = by.now().date_naive() - Days::new(90);
    let mut lines = store::lines_at(&mut tx, Uuid::nil(), since).await?;
    let places = store::places(&mut tx, since, LINES).await?;
    let more_places = places.len().saturating_sub(LINES);
    show(&OverviewPage {
        frame: by.frame("Revenue"),
        tabs: super::tabs("/revenue"),
        cards: ScoreType::ALL
            .into_iter()
            .map(|kind| {
                let score = scores.iter().find(|score| score.kind == kind);
                card(kind, score, &lines.remove(&kind).unwrap_or_default(), "")
            })
            .collect(),
        places: places.iter().take(LINES).map(row).collect(),
        more_places,
    })
}

/// The card of a score; `query` is what its link carries besides, such as `?location=…`.
pub(crate) fn card(kind: ScoreType, score: Option<&Score>, line: &[f64], query: &str) -> Card {
    let href = format!("/revenue/scores/{}{query}", kind.as_str());
    let title = kind.title();
    let Some(score) = score else {
        let none = Score::missing(kind, "points", chrono::DateTime::UNIX_EPOCH, "");
        return Card {
            href,
            dial: words::dial(&none).draw(),
            band: String::new(),
            change: String::new(),
            tone: "",
            line: None,
            mover: String::new(),
            missing: words::teaches(kind).0.to_owned(),
        };
    };
    let (change, tone) = words::change(score);
    Card {
        href,
        dial: words::dial(score).draw(),
        band: words::band(score),
        change,
        tone,
        line: (line.len() > 1).then(|| sparkline(&format!("{title}, 90 days"), line)),
        mover: mover(score),
        missing: if score.value.is_none() { score.missing.clone().unwrap_or_default() } else { String::new() },
    }
}

/// The component that moved a score most since the window before, in a few words.
pub(crate) fn mover(score: &Score) -> String {
    let gone = |part: &crate::scores::Component| {
        part.value.zip(part.previous).map(|(value, previous)| (value - previous) * part.weight.max(0.01))
    };
    let moved = score.components.iter().filter_map(|part| gone(part).map(|gone| (part, gone)));
    let Some((part, _)) = moved.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())) else { return String::new() };
    let (Some(value), Some(previous)) = (part.value, part.previous) else { return String::new() };
    let (said, _) = words::changed(value, previous, &score.unit, score.kind.higher_is_better());
    if said == "±0" { String::new() } else { format!("{} {said}", part.title) }
}

/// A location as a row of a table.
pub(crate) fn row(place: &PlaceScores) -> PlaceRow {
    let points =
        |kind: ScoreType| place.values.get(&kind).map_or_else(|| "–".to_owned(), |value| format!("{value:.0}"));
    PlaceRow {
        id: place.id.to_string(),
        name: place.name.clone(),
        risk: place
            .values
            .get(&ScoreType::RevenueAtRisk)
            .map_or_else(|| "–".to_owned(), |value| words::money(*value, &place.currency)),
        velocity: points(ScoreType::ResponseVelocity),
        leakage: points(ScoreType::LeadLeakage),
        visibility: points(ScoreType::CompetitiveVisibility),
        recovery: points(ScoreType::RevenueRecovery),
        line: sparkline(&format!("Revenue at risk at {}", place.name), &place.line),
    }
}
