//! The scores on the command centre: revenue at risk and recovered, five dials, the locations, what is out of the ordinary.

use askama::Template;
use axum::response::Html;
use chrono::{Days, NaiveDate};
use kernel::db::OrgTx;
use kernel::ids::AnomalyId;
use shell::auth::permission::View;
use shell::{Allowed, AppError, show};
use uuid::Uuid;

use crate::metrics::Metric;
use crate::pages::overview::{Card, PlaceRow, card, row};
use crate::pages::{store, words};
use crate::plays;
use crate::read;
use crate::scores::{Score, ScoreType};

/// Locations in the table; the page of locations has all.
const PLACES: usize = 8;
const ANOMALIES: i64 = 4;

/// The panel, refreshed.
#[derive(Template)]
#[template(path = "centre/_money.html")]
pub(crate) struct Panel {
    known: bool,
    risk: Big,
    recovered: Big,
    cards: Vec<Card>,
    places: Vec<PlaceRow>,
    more_places: usize,
    anomalies: Vec<Odd>,
    plays: Vec<Ran>,
}

/// An amount with its interval.
struct Big {
    value: String,
    change: String,
    tone: &'static str,
    band: String,
    note: String,
}

/// Something out of the ordinary that nobody has seen yet.
struct Odd {
    href: String,
    title: String,
    day: NaiveDate,
    more: bool,
    good: Option<bool>,
}

/// A play that is on.
struct Ran {
    href: String,
    title: &'static str,
    treated: String,
    held: String,
}

/// The panel alone.
pub(crate) async fn show_panel(by: Allowed<View>) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    let scores = read::stored_scores(&mut tx, None).await?;
    show(&panel(&mut tx, &scores).await?)
}

/// The panel of the scores given: a handful of look-ups, nothing is calculated.
pub(crate) async fn panel(tx: &mut OrgTx, scores: &[Score]) -> Result<Panel, AppError> {
    let since = tx.clock().now().date_naive() - Days::new(90);
    let of = |kind: ScoreType| scores.iter().find(|score| score.kind == kind);
    let mut lines = store::lines_at(tx, Uuid::nil(), since).await?;
    let places = store::places(tx, since, PLACES).await?;
    let anomalies = anomalies(tx).await?;
    let currency = read::currency(tx).await?;
    let plays = plays::api::all(tx).await?.into_iter().filter(|play| play.enabled).map(|play| Ran {
        href: format!("/revenue/plays/{}", play.play.as_str()),
        title: play.title,
        treated: shell::page::count(play.treated),
        held: shell::page::count(play.held),
    });
    Ok(Panel {
        known: !scores.is_empty(),
        risk: at_risk(of(ScoreType::RevenueAtRisk)),
        recovered: recovered(of(ScoreType::RevenueRecovery), currency.code()),
        cards: ScoreType::ALL
            .into_iter()
            .map(|kind| card(kind, of(kind), &lines.remove(&kind).unwrap_or_default(), ""))
            .collect(),
        more_places: places.len().saturating_sub(PLACES),
        places: places.iter().take(PLACES).map(row).collect(),
        anomalies,
        plays: plays.collect(),
    })
}

fn at_risk(score: Option<&Score>) -> Big {
    let (change, tone) = score.map(words::change).unwrap_or_default();
    Big {
        value: score.map(words::value).filter(|value| !value.is_empty()).unwrap_or_else(|| "–".to_owned()),
        change,
        tone,
        band: score.map(words::band).unwrap_or_default(),
        note: "a month".to_owned(),
    }
}

/// What plays won back, with the interval of the score put into money.
fn recovered(score: Option<&Score>, currency: &str) -> Big {
    let beside = |key: &str| score.and_then(|score| score.beside.iter().find(|beside| beside.key == key)?.value);
    let won = beside("incremental").filter(|_| score.is_some_and(|score| score.value.is_some()));
    let ends = score.and_then(|score| Some((score.low?, score.high?))).zip(beside("recoverable"));
    let said = |minor: f64| words::money(minor, currency);
    Big {
        value: won.map_or_else(|| "–".to_owned(), said),
        change: String::new(),
        tone: "won",
        band: match (won, ends) {
            (Some(_), Some(((low, high), recoverable))) => {
                format!("{} to {}", said(low / 100.0 * recoverable), said(high / 100.0 * recoverable))
            }
            _ => String::new(),
        },
        note: if won.is_some() { "against the holdout" } else { "no play has a result yet" }.to_owned(),
    }
}

async fn anomalies(tx: &mut OrgTx) -> Result<Vec<Odd>, sqlx::Error> {
    let rows: Vec<(AnomalyId, String, NaiveDate, f64, Option<String>)> = sqlx::query_as(
        "select a.id, a.metric, a.last_day, a.z, l.name from anomalies a \
           left join locations l on l.org_id = a.org_id and l.id = a.location_id \
         where a.org_id = $1 and a.state = 'open' order by a.last_day desc, a.id limit $2",
    )
    .bind(tx.org())
    .bind(ANOMALIES)
    .fetch_all(tx.conn())
    .await?;
    let told = |(id, metric, day, z, place): (AnomalyId, String, NaiveDate, f64, Option<String>)| {
        let known = Metric::named(&metric);
        let title = known.map_or_else(|| metric.clone(), |known| known.title.to_owned());
        Odd {
            href: format!("/revenue/anomalies/{id}"),
            title: place.map_or_else(|| title.clone(), |place| format!("{title} at {place}")),
            day,
            more: z > 0.0,
            good: known.and_then(|known| known.higher_is_better).map(|better| better == (z > 0.0)),
        }
    };
    Ok(rows.into_iter().map(told).collect())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::scores::Beside;

    #[test]
    fn recovered_money_has_the_interval_of_its_score_and_none_without_one() {
        let score = Score {
            value: Some(25.0),
            low: Some(10.0),
            high: Some(40.0),
            beside: vec![
                Beside::new("incremental", "", Some(25_000.0), "money", None),
                Beside::new("recoverable", "", Some(100_000.0), "money", None),
            ],
            ..Score::missing(ScoreType::RevenueRecovery, "points", DateTime::UNIX_EPOCH, "")
        };
        let big = recovered(Some(&score), "USD");
        assert_eq!((big.value.as_str(), big.band.as_str()), ("$250", "$100 to $400"));
        assert_eq!(recovered(None, "USD").value, "–");
    }
}
