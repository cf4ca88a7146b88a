//! `/revenue/competitors`: the business beside its rivals, group by group, and what somebody measured by hand.

use std::collections::BTreeMap;

use askama::Template;
use axum::response::{Html, IntoResponse, Redirect, Response};
use chrono::{DateTime, Days, NaiveDate, Utc};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::LocationId;
use kernel::ledger::{Event, Fact, Subject};
use serde::Deserialize;
use serde_json::{Value, json};
use shell::auth::Permission;
use shell::auth::permission::{ManageChannels, View};
use shell::chart::{Bars, Svg, Tone};
use shell::{Allowed, AppError, Form, Frame, Json, Query, Tab, Toast, show};
use uuid::Uuid;

use super::overview::{Card, card};
use super::{Choice, choices, placed};
use crate::read;
use crate::scores::ScoreType;
use crate::scores::facts::{VisibilityFact, put_visibility_fact};

/// The groups that are measured by hand: name, title, what to count.
const FACTORS: [(&str, &str, &str); 6] = [
    ("profile", "Business profile", "how complete it is, 0 to 100"),
    ("on_page", "Website", "score of a page audit, 0 to 100"),
    ("behaviour", "Clicks, calls, directions", "a month"),
    ("links", "Links to the website", "domains that link to it"),
    ("citations", "Listings in directories", "correct listings"),
    ("social", "Social profiles", "followers"),
];

/// The most rivals of one group.
const RIVALS: usize = 20;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Look {
    location: String,
}

#[derive(Template)]
#[template(path = "revenue/competitors.html")]
struct CompetitorsPage {
    frame: Frame,
    tabs: Vec<Tab>,
    csrf: String,
    places: Vec<Choice>,
    location: String,
    card: Card,
    groups: Vec<Group>,
    reviews: Vec<Reviewed>,
    may_change: bool,
}

/// A group of competitive visibility.
struct Group {
    factor: &'static str,
    title: &'static str,
    hint: &'static str,
    weight: String,
    points: String,
    own: String,
    rivals: String,
    measured: bool,
    updated_at: Option<DateTime<Utc>>,
    chart: Option<Svg>,
}

/// Reviews of the business or of a rival over a year.
struct Reviewed {
    name: String,
    ours: bool,
    count: String,
    rating: String,
    replied: String,
}

#[derive(sqlx::FromRow)]
struct Known {
    factor: String,
    own: f64,
    rivals: Vec<f64>,
    source: String,
    updated_at: DateTime<Utc>,
}

async fn facts(tx: &mut OrgTx, place: Uuid) -> Result<Vec<Known>, sqlx::Error> {
    sqlx::query_as(
        "select factor, own, rivals, source, updated_at from visibility_facts where org_id = $1 and location_id = $2",
    )
    .bind(tx.org())
    .bind(place)
    .fetch_all(tx.conn())
    .await
}

/// Sums of reviews by whose they are; the business's own has an empty name.
async fn reviews(
    tx: &mut OrgTx,
    place: Option<Uuid>,
    since: NaiveDate,
) -> Result<BTreeMap<String, (i64, i64, i64)>, sqlx::Error> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "select metric, sum(n)::bigint, sum(amount)::bigint from daily_metrics where org_id = $1 and day >= $2 \
           and (metric in ('reviews', 'reviews_replied') or (metric >= 'rival' and metric < 'rivam')) \
           and ($3::uuid is null or location_id = $3) group by metric",
    )
    .bind(tx.org())
    .bind(since)
    .bind(place)
    .fetch_all(tx.conn())
    .await?;
    let mut sums: BTreeMap<String, (i64, i64, i64)> = BTreeMap::new();
    for (metric, n, amount) in rows {
        let (name, replies) = match metric.as_str() {
            "reviews" => ("", false),
            "reviews_replied" => ("", true),
            other => match (other.strip_prefix("rival:"), other.strip_prefix("rival_replied:")) {
                (Some(name), _) => (name, false),
                (_, Some(name)) => (name, true),
                _ => continue,
            },
        };
        let sum = sums.entry(name.to_owned()).or_default();
        if replies {
            sum.2 += n;
        } else {
            (sum.0, sum.1) = (sum.0 + n, sum.1 + amount);
        }
    }
    Ok(sums)
}

pub(crate) async fn page(by: Allowed<View>, Query(look): Query<Look>) -> Result<Html<String>, AppError> {
    let place = placed(&look.location)?;
    let mut tx = by.tx().await?;
    let places = choices(&read::locations(&mut tx).await?, place)?;
    let id = place.map(LocationId::uuid);
    let kind = ScoreType::CompetitiveVisibility;
    let score = read::stored_scores(&mut tx, id).await?.into_iter().find(|score| score.kind == kind);
    let facts = facts(&mut tx, id.unwrap_or_default()).await?;
    let reviewed = reviews(&mut tx, id, by.now().date_naive() - Days::new(365)).await?;
    let groups = FACTORS.map(|(factor, title, hint)| {
        let fact = facts.iter().find(|fact| fact.factor == factor);
        let part = score.as_ref().and_then(|score| score.components.iter().find(|part| part.key == factor));
        Group {
            factor,
            title,
            hint,
            weight: part.map(|part| shell::page::percent(part.weight)).unwrap_or_default(),
            points: part.and_then(|part| part.value).map(|value| format!("{value:.0}")).unwrap_or_default(),
            own: fact.map(|fact| plain(fact.own)).unwrap_or_default(),
            rivals: fact
                .map(|fact| fact.rivals.iter().copied().map(plain).collect::<Vec<_>>().join(", "))
                .unwrap_or_default(),
            measured: fact.is_some_and(|fact| fact.source == "measured"),
            updated_at: fact.map(|fact| fact.updated_at),
            chart: fact.map(chart),
        }
    });
    let query = place.map(|id| format!("?location={id}")).unwrap_or_default();
    let frame = by.frame("Competitors");
    show(&CompetitorsPage {
        csrf: frame.csrf.clone(),
        frame,
        tabs: super::tabs("/revenue/competitors"),
        places,
        location: look.location,
        card: card(kind, score.as_ref(), &[], &query),
        groups: groups.into(),
        reviews: reviewed.into_iter().map(|(name, sums)| shown(name, sums)).collect(),
        may_change: by.may(Permission::ManageChannels),
    })
}

fn shown(name: String, (count, stars, replied): (i64, i64, i64)) -> Reviewed {
    let of = |part: i64| (count > 0).then(|| part as f64 / count as f64);
    Reviewed {
        ours: name.is_empty(),
        name: if name.is_empty() { "You".to_owned() } else { name },
        count: shell::page::count(count),
        rating: of(stars).map_or_else(|| "–".to_owned(), |mean| format!("{:.2}", mean / 100.0)),
        replied: of(replied).map_or_else(|| "–".to_owned(), shell::page::percent),
    }
}

/// A number without needless digits.
fn plain(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value}") }
}

fn chart(fact: &Known) -> Svg {
    let mut rows = vec![("You".to_owned(), fact.own)];
    rows.extend(fact.rivals.iter().enumerate().map(|(n, value)| (format!("Rival {}", n + 1), *value)));
    Bars::new("You and your rivals", "").tone(Tone::Accent).rows(rows).draw()
}

/// What somebody measured.
#[derive(Debug, Deserialize)]
pub(crate) struct FactForm {
    factor: String,
    #[serde(default)]
    location: String,
    own: String,
    #[serde(default)]
    rivals: String,
}

fn number(field: &str, text: &str) -> Result<f64, AppError> {
    let read: Option<f64> = text.trim().parse().ok().filter(|value: &f64| (0.0..=1e12).contains(value));
    read.ok_or_else(|| AppError::field(field, "is a number of 0 or more"))
}

/// Keeps what somebody measured; nothing in "yours" takes it away.
pub(crate) async fn keep(by: Allowed<ManageChannels>, Form(given): Form<FactForm>) -> Result<Response, AppError> {
    let known = FACTORS.iter().find(|(factor, _, _)| *factor == given.factor);
    let (factor, title, _) =
        *known.ok_or_else(|| AppError::field("factor", "is not a group of competitive visibility"))?;
    let place = placed(&given.location)?;
    let rivals = given.rivals.split([',', ';', ' ']).filter(|text| !text.trim().is_empty());
    let rivals = rivals.map(|text| number("rivals", text)).collect::<Result<Vec<f64>, AppError>>()?;
    if rivals.len() > RIVALS {
        return Err(AppError::field("rivals", "are at most 20"));
    }
    if given.own.trim().is_empty() {
        forget(&by, place, factor).await?;
    } else {
        let own = number("own", &given.own)?;
        let fact = VisibilityFact {
            location_id: place,
            factor: factor.to_owned(),
            own,
            rivals,
            source: "measured".to_owned(),
        };
        put_visibility_fact(by, Json(fact)).await?;
    }
    let back =
        place.map_or_else(|| "/revenue/competitors".to_owned(), |id| format!("/revenue/competitors?location={id}"));
    Ok((Toast::done(format!("{title} is kept; the score follows")).on_next_page(), Redirect::to(&back)).into_response())
}

/// Takes a fact away; the scores follow.
async fn forget(by: &Allowed<ManageChannels>, place: Option<LocationId>, factor: &str) -> Result<(), AppError> {
    let id = place.map(LocationId::uuid).unwrap_or_default();
    let mut tx = by.tx().await?;
    let before = facts(&mut tx, id).await?.into_iter().find(|fact| fact.factor == factor);
    let Some(before) = before else { return Ok(()) };
    sqlx::query("delete from visibility_facts where org_id = $1 and location_id = $2 and factor = $3")
        .bind(tx.org())
        .bind(id)
        .bind(factor)
        .execute(tx.conn())
        .await?;
    let org = tx.org();
    tx.append(Event::new(Subject::Org(org), by.actor(), Fact::SignalsFolded { places: vec![id] }));
    let before = json!({ "own": before.own, "rivals": before.rivals });
    let entry = AuditEntry::new(by.actor(), "visibility.forgotten").about(factor).change(before, Value::Null);
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_wrong_ones_named() {
        assert!((number("own", " 12.5 ").expect("a number") - 12.5).abs() < 1e-9);
        for text in ["-1", "x", "NaN", "inf"] {
            assert!(number("own", text).is_err(), "{text}");
        }
        assert_eq!((plain(12.0), plain(0.5)), ("12".to_owned(), "0.5".to_owned()));
    }
}
