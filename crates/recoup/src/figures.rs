//! The revenue room's figures as the reports ask for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use kernel::db::OrgTx;
use kernel::ids::LocationId;
use reports::figures::{
    Action, Anomaly, Ask, Component, Experiment, LeakRow, LeakStage, Leaks, Look, Metric, Place, Reading, Score,
    ScoreDay, Split, Sum, Unit, View, ViewFigure, ViewSeries,
};
use reports::period::{Period, day_in};
use revenue::brief::{self, Analysed, Asked, Noticed, Proposed, ReadOut};
use revenue::read::{self, By, Daily, Group, LeakFilter, METRICS, ScoreType, Shown};
use uuid::Uuid;

/// The most leaks that are counted by stage.
const MOST_LEAKS: i64 = 5_000;
/// A score that was stored longer ago says nothing of today.
const STALE_DAYS: u64 = 14;

/// Scores in the order of a briefing: money first.
const ORDER: [ScoreType; 5] = [
    ScoreType::RevenueAtRisk,
    ScoreType::RevenueRecovery,
    ScoreType::ResponseVelocity,
    ScoreType::LeadLeakage,
    ScoreType::CompetitiveVisibility,
];

/// The figures.
pub struct RevenueFigures {
    people: Arc<dyn revenue::People>,
}

impl RevenueFigures {
    /// The figures; `people` names contacts and members in views of analytics.
    pub fn new(people: Arc<dyn revenue::People>) -> Self {
        Self { people }
    }
}

#[async_trait]
impl reports::Figures for RevenueFigures {
    async fn currency(&self, tx: &mut OrgTx) -> anyhow::Result<String> {
        Ok(read::currency(tx).await?.code().to_owned())
    }

    fn metrics(&self) -> Vec<Metric> {
        METRICS.iter().map(metric).collect()
    }

    async fn places(&self, tx: &mut OrgTx) -> anyhow::Result<Vec<Place>> {
        let places = read::locations(tx).await?;
        Ok(places.into_iter().map(|place| Place { id: place.id, name: place.name }).collect())
    }

    async fn scores(&self, tx: &mut OrgTx, day: NaiveDate, place: Option<LocationId>) -> anyhow::Result<Vec<Score>> {
        let (id, today) = (place.map(LocationId::uuid), zone(tx).await?.1);
        if day >= today {
            let stored = read::stored_scores(tx, id).await?;
            let of = |kind: ScoreType| stored.iter().find(|score| score.kind == kind);
            return Ok(ORDER.iter().filter_map(|kind| of(*kind)).map(|one| score(one, today)).collect());
        }
        let mut scores = Vec::new();
        for kind in ORDER {
            let points = read::history(tx, id, kind, day - Days::new(STALE_DAYS), day).await?;
            scores.extend(points.last().map(|point| Score {
                value: point.value,
                range: point.low.zip(point.high),
                day: point.day,
                ..empty(kind, point.day)
            }));
        }
        Ok(scores)
    }

    async fn history(
        &self,
        tx: &mut OrgTx,
        period: Period,
        place: Option<LocationId>,
    ) -> anyhow::Result<Vec<ScoreDay>> {
        let mut days = Vec::new();
        for kind in ORDER {
            let points = read::history(tx, place.map(LocationId::uuid), kind, period.from, period.to).await?;
            days.extend(points.into_iter().map(|point| ScoreDay {
                kind: kind.as_str().to_owned(),
                day: point.day,
                value: point.value,
            }));
        }
        Ok(days)
    }

    async fn sums(&self, tx: &mut OrgTx, ask: &Ask) -> anyhow::Result<Vec<Sum>> {
        let asked = Daily {
            metrics: ask.metrics.clone(),
            from: ask.period.from,
            to: ask.period.to,
            group: Group::Day,
            by: match ask.split {
                Split::Whole => By::None,
                Split::Place => By::Location,
                Split::Source => By::Source,
            },
            location: ask.place.map(LocationId::uuid),
            source: ask.source.clone(),
        };
        let sums = read::daily(tx, &asked).await?;
        let key = |key: String| if ask.split == Split::Place { place_key(&key) } else { key };
        Ok(sums
            .into_iter()
            .map(|sum| Sum { day: sum.day, key: key(sum.key), metric: sum.metric, n: sum.n, amount: sum.amount })
            .collect())
    }

    async fn leaks(
        &self,
        tx: &mut OrgTx,
        period: Period,
        place: Option<LocationId>,
        most: i64,
    ) -> anyhow::Result<Leaks> {
        let zone = zone(tx).await?.0;
        let filter = LeakFilter {
            location: place.map(LocationId::uuid),
            from: Some(midnight(zone, period.from)),
            to: Some(midnight(zone, period.to + Days::new(1)).min(tx.clock().now())),
            ..LeakFilter::default()
        };
        let leaks = read::leaks(tx, &filter, None, MOST_LEAKS).await?;
        let mut stages: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        for leak in &leaks {
            let (leads, value) = stages.entry(leak.stage.as_str()).or_default();
            *leads += 1;
            *value += leak.value_minor;
        }
        let mut stages: Vec<LeakStage> = stages
            .into_iter()
            .map(|(stage, (leads, value))| LeakStage {
                name: stage_words(stage).to_owned(),
                leads,
                value: (value > 0).then_some(value),
            })
            .collect();
        stages.sort_by(|a, b| (b.value, b.leads).cmp(&(a.value, a.leads)).then_with(|| a.name.cmp(&b.name)));
        let rows = leaks.iter().take(usize::try_from(most).unwrap_or(0)).map(|leak| LeakRow {
            source: leak.source.clone(),
            arrived: day_in(zone, leak.arrived_at),
            leaked: day_in(zone, leak.leaked_at),
            stage: stage_words(&leak.stage).to_owned(),
            href: String::new(),
        });
        Ok(Leaks { rows: rows.collect(), stages })
    }

    async fn anomalies(
        &self,
        tx: &mut OrgTx,
        period: Period,
        place: Option<LocationId>,
    ) -> anyhow::Result<Vec<Anomaly>> {
        let found = brief::noticed(tx, place.map(LocationId::uuid), (period.from, period.to)).await?;
        let anomaly = |noticed: Noticed| Anomaly {
            day: noticed.last_day,
            sentence: noticed.sentence,
            good: noticed.good,
            href: format!("/revenue/anomalies/{}", noticed.id),
        };
        Ok(found.into_iter().map(anomaly).collect())
    }

    async fn experiments(&self, tx: &mut OrgTx, period: Period) -> anyhow::Result<Vec<Experiment>> {
        let zone = zone(tx).await?.0;
        let span = (midnight(zone, period.from), midnight(zone, period.to + Days::new(1)));
        let outs = brief::read_outs(tx, None, span).await?;
        let experiment = |out: ReadOut| Experiment {
            play: out.play.title().to_owned(),
            treated: i64::try_from(out.treated).unwrap_or(i64::MAX),
            held_out: i64::try_from(out.held).unwrap_or(i64::MAX),
            won: out.incremental_minor,
            interval: out.interval_minor,
            sentence: out.sentence,
            href: format!("/revenue/plays/{}", out.play.as_str()),
        };
        Ok(outs.into_iter().map(experiment).collect())
    }

    /// Of today alone: what was proposed on a day before is not kept.
    async fn actions(&self, tx: &mut OrgTx, day: NaiveDate, place: Option<LocationId>) -> anyhow::Result<Vec<Action>> {
        if day < zone(tx).await?.1 {
            return Ok(Vec::new());
        }
        let proposed = brief::proposed(tx, place.map(LocationId::uuid)).await?;
        let action =
            |one: Proposed| Action { title: one.title, why: one.why, expected: one.expected_minor, href: one.href };
        Ok(proposed.into_iter().map(action).collect())
    }

    async fn view(&self, tx: &mut OrgTx, view: &str, look: &Look) -> anyhow::Result<Option<View>> {
        let Look { from, to, compare, location, source } = look.clone();
        let asked = Asked { view: view.to_owned(), from, to, compare, location, source };
        Ok(brief::analysed(tx, self.people.as_ref(), &asked).await?.map(viewed))
    }
}

/// A view of the revenue room as the reports take it.
fn viewed(view: Analysed) -> View {
    let period = |(from, to): (NaiveDate, NaiveDate)| Period { from, to };
    View {
        name: view.title,
        period: period(view.days),
        before: view.before.map(period),
        figures: view
            .figures
            .into_iter()
            .map(|figure| ViewFigure {
                unit: unit(&figure.unit),
                name: figure.title,
                value: figure.value,
                previous: figure.previous,
                better: figure.higher_is_better,
            })
            .collect(),
        series: view
            .series
            .into_iter()
            .map(|series| ViewSeries {
                unit: unit(&series.unit),
                name: series.title,
                over_time: series.over_time,
                labels: series.labels,
                values: series.values,
                previous: series.previous,
            })
            .collect(),
        of: view.of,
        columns: view.columns.into_iter().map(|(name, word)| (name, unit(&word))).collect(),
        rows: view.rows,
    }
}

/// A unit by the word of the revenue room.
fn unit(word: &str) -> Unit {
    match word {
        "money" => Unit::Money,
        "seconds" => Unit::Seconds,
        "share" => Unit::Share,
        "points" => Unit::Points,
        "stars" => Unit::Rating,
        _ => Unit::Count,
    }
}

fn metric(metric: &read::Metric) -> Metric {
    let (reading, unit) = match metric.shown {
        Shown::Count => (Reading::Number, Unit::Count),
        Shown::Money => (Reading::Sum, Unit::Money),
        Shown::MeanSeconds => (Reading::Mean, Unit::Seconds),
        Shown::MeanMicro => (Reading::MeanOfMillionths, Unit::Points),
        Shown::MeanHundredths => (Reading::MeanOfHundredths, Unit::Rating),
        Shown::Share(of) => (Reading::ShareOf(of.to_owned()), Unit::Share),
    };
    Metric {
        key: metric.name.to_owned(),
        name: metric.title.to_owned(),
        reading,
        unit,
        better: metric.higher_is_better,
    }
}

/// A score of a kind without a value.
fn empty(kind: ScoreType, day: NaiveDate) -> Score {
    Score {
        kind: kind.as_str().to_owned(),
        name: kind.title().to_owned(),
        unit: if kind == ScoreType::RevenueAtRisk { Unit::Money } else { Unit::Points },
        better: kind.higher_is_better(),
        value: None,
        range: None,
        coverage: None,
        day,
        components: Vec::new(),
        missing: String::new(),
        lever: None,
    }
}

fn score(stored: &read::Score, day: NaiveDate) -> Score {
    let mut components: Vec<Component> = stored
        .components
        .iter()
        .filter(|component| component.contribution != 0.0)
        .map(|component| Component { name: component.title.clone(), value: component.contribution })
        .collect();
    components.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()).then_with(|| a.name.cmp(&b.name)));
    Score {
        value: stored.value,
        range: stored.low.zip(stored.high),
        coverage: Some(stored.coverage),
        components,
        missing: stored.missing.clone().unwrap_or_default(),
        lever: stored.lever.as_ref().map(|lever| (lever.advice.clone(), lever.gain)),
        ..empty(stored.kind, day)
    }
}

/// The organisation's time zone and the day it is there.
async fn zone(tx: &mut OrgTx) -> anyhow::Result<(Tz, NaiveDate)> {
    let zone: String = sqlx::query_scalar("select time_zone from organisations where id = $1")
        .bind(tx.org())
        .fetch_one(tx.conn())
        .await?;
    let zone = zone.parse().unwrap_or(Tz::UTC);
    Ok((zone, day_in(zone, tx.clock().now())))
}

/// When a day begins; after the gap, where the clocks skip midnight.
fn midnight(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    let start = day.and_time(NaiveTime::MIN);
    let found = (0..4).find_map(|hours| (start + chrono::TimeDelta::hours(hours)).and_local_timezone(zone).earliest());
    found.map_or_else(|| start.and_utc(), |at| at.with_timezone(&Utc))
}

/// A place's key as the sums name it, as its id; empty where no place was named.
fn place_key(key: &str) -> String {
    match key.parse::<Uuid>() {
        Ok(id) if !id.is_nil() => LocationId::from_uuid(id).to_string(),
        _ => String::new(),
    }
}

fn stage_words(stage: &str) -> &str {
    match stage {
        "answer" => "Calls nobody answered or returned",
        "respond" => "Messages and forms without an answer in time",
        "reach" => "People who were never reached",
        "book" => "Quotes that were not followed up",
        "show" => "No-shows and cancellations not booked again",
        "pay" => "Bookings that were not paid",
        other => other,
    }
}
