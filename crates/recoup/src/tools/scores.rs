//! The five scores.

use advisor::{Action, Asked, Chart, Citation, Found, Tool};
use async_trait::async_trait;
use chrono::TimeDelta;
use kernel::db::OrgTx;
use kernel::money::Currency;
use revenue::read::{self, Score, ScoreType};
use serde_json::{Value, json};

use super::words;

/// How many days its line shows.
const LINE: i64 = 90;

/// The tool.
pub(super) struct Scores;

#[async_trait]
impl Tool for Scores {
    fn name(&self) -> &'static str {
        "scores"
    }

    fn description(&self) -> &'static str {
        "The five scores (revenue at risk, revenue recovery, lead leakage, response velocity, competitive visibility) as they stand: \
         value, band, change, components with their source, and what would move each most."
    }

    fn words(&self) -> &'static [&'static str] {
        &[
            "score",
            "at risk",
            "risk",
            "recover",
            "won back",
            "win back",
            "leakage",
            "velocity",
            "visibility",
            "competit",
            "rival",
            "how are we",
            "what should we do",
            "do first",
            "improve",
        ]
    }

    async fn call(&self, tx: &mut OrgTx, asked: &Asked) -> anyhow::Result<Found> {
        let place = words::place(tx, asked.location.as_deref(), &asked.question).await?;
        let location = words::id_of(place.as_ref());
        let currency = read::currency(tx).await?;
        let scores = read::stored_scores(tx, location).await?;
        if scores.is_empty() {
            return Ok(Found {
                data: json!({"scores": [], "note": "no signals yet"}),
                sentences: vec![
                    "There are no scores yet: connect a source, or let a few conversations happen.".to_owned(),
                ],
                citations: vec![Citation { title: "Connect a source".to_owned(), href: "/ingestion".to_owned() }],
                ..Found::default()
            });
        }
        let at = words::at(place.as_ref());
        let meant: Vec<&Score> = meant(&asked.question, &scores);
        let mut found = Found {
            data: json!({"place": place.as_ref().map(|place| &place.name), "currency": currency.code()}),
            ..Found::default()
        };
        found.data["scores"] = meant.iter().map(|score| told(score, currency)).collect();
        for score in &meant {
            found.sentences.push(sentence(score, &at, currency));
            let query =
                location.map(|id| format!("?location={}", kernel::ids::LocationId::from_uuid(id))).unwrap_or_default();
            let href = format!("/revenue/scores/{}{query}", score.kind.as_str());
            found.citations.push(Citation { title: score.kind.title().to_owned(), href: href.clone() });
            if let Some(lever) = &score.lever {
                let is_money = score.kind == ScoreType::RevenueAtRisk;
                let worth = is_money.then(|| words::whole(lever.gain, currency));
                let gain =
                    if is_money { words::money(lever.gain, currency) } else { format!("{:.0} points", lever.gain) };
                let reason = format!("It would move {} by up to {gain}.", score.kind.title().to_lowercase());
                found.actions.push(Action { title: lever.advice.clone(), reason, expected_value: worth, href });
            }
        }
        if let [only] = meant.as_slice() {
            let to = read::today(tx, location).await?;
            let points = read::history(tx, location, only.kind, to - TimeDelta::days(LINE), to).await?;
            let value =
                |value: f64| if only.kind == ScoreType::RevenueAtRisk { words::whole(value, currency) } else { value };
            if points.len() > 1 {
                found.chart = Some(Chart {
                    title: only.kind.title().to_owned(),
                    unit: if only.kind == ScoreType::RevenueAtRisk {
                        currency.code().to_owned()
                    } else {
                        "points".to_owned()
                    },
                    labels: points.iter().map(|point| point.day.format("%b %-d").to_string()).collect(),
                    values: points.iter().map(|point| point.value.map(value)).collect(),
                });
            }
        }
        Ok(found)
    }
}

/// The scores a question is about; all where it names none.
fn meant<'a>(question: &str, scores: &'a [Score]) -> Vec<&'a Score> {
    let question = question.to_lowercase();
    let words = |kind: ScoreType| -> &[&str] {
        match kind {
            ScoreType::RevenueAtRisk => &["at risk", "risk"],
            ScoreType::RevenueRecovery => &["recover", "won back", "win back"],
            ScoreType::LeadLeakage => &["leak", "lose leads", "losing leads"],
            ScoreType::ResponseVelocity => &["velocity", "how fast"],
            ScoreType::CompetitiveVisibility => &["visib", "competit", "rival"],
        }
    };
    let named: Vec<&Score> =
        scores.iter().filter(|score| words(score.kind).iter().any(|word| question.contains(word))).collect();
    if named.is_empty() { scores.iter().collect() } else { named }
}

/// Money in whole units, points as they are.
fn in_units(score: &Score, value: Option<f64>, currency: Currency) -> Option<f64> {
    let round = |value: f64| (value * 10.0).round() / 10.0;
    value.map(|value| if score.kind == ScoreType::RevenueAtRisk { words::whole(value, currency) } else { round(value) })
}

fn told(score: &Score, currency: Currency) -> Value {
    let units = |value: Option<f64>| in_units(score, value, currency);
    let components: Vec<Value> = score
        .components
        .iter()
        .map(|part| {
            json!({"title": part.title, "value": units(part.value), "contribution": units(Some(part.contribution)),
                "before": units(part.previous), "n": part.n, "source": part.source})
        })
        .collect();
    json!({
        "score": score.kind.title(), "value": units(score.value), "low": units(score.low), "high": units(score.high),
        "before": units(score.previous), "unit": if score.kind == ScoreType::RevenueAtRisk { currency.code() } else { "points of 100" },
        "better": if score.kind.higher_is_better() { "higher" } else { "lower" },
        "coverage_percent": (score.coverage * 100.0).round(), "missing": score.missing, "components": components,
    })
}

fn sentence(score: &Score, at: &str, currency: Currency) -> String {
    let title = score.kind.title();
    let Some(value) = score.value else {
        let why = score.missing.as_deref().unwrap_or("there is not enough data");
        return format!("{title}{at}: insufficient data; {why}");
    };
    let is_money = score.kind == ScoreType::RevenueAtRisk;
    let said = |value: f64| if is_money { words::money(value, currency) } else { format!("{value:.0}") };
    let band = match (score.low, score.high) {
        (Some(low), Some(high)) if is_money && high > low => format!(" (between {} and {})", said(low), said(high)),
        _ => String::new(),
    };
    let unit = if is_money { " a month" } else { " of 100" };
    let before = score.previous.map(|before| format!(", {} in the 28 days before", said(before))).unwrap_or_default();
    let biggest = score
        .components
        .iter()
        .filter(|part| part.contribution.abs() > 0.0)
        .max_by(|a, b| a.contribution.abs().total_cmp(&b.contribution.abs()));
    let biggest = match biggest {
        Some(part) if is_money => {
            format!(" Most of it, {}, is {}.", said(part.contribution), part.title.to_lowercase())
        }
        _ => String::new(),
    };
    format!("{title}{at} is {}{unit}{band}{before}.{biggest}", said(value))
}
