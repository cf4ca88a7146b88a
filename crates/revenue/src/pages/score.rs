//! `/revenue/scores/{type}`: a score, how it is made, what would move it, how it went.

use askama::Template;
use axum::response::Html;
use chrono::Days;
use serde::Deserialize;
use shell::auth::permission::View;
use shell::chart::{Line, Svg, Tone};
use shell::{Allowed, AppError, Frame, Path, Query, Tab, show};

use super::{Choice, choices, placed, words};
use crate::read;
use crate::scores::benchmarks::{self, Quantiles};
use crate::scores::{Component, Score, ScoreType};
use crate::settings::Rules;

/// Days of the history.
const DAYS: u64 = 180;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Look {
    location: String,
}

#[derive(Template)]
#[template(path = "revenue/score.html")]
struct ScorePage {
    frame: Frame,
    tabs: Vec<Tab>,
    kinds: Vec<Tab>,
    places: Vec<Choice>,
    here: String,
    title: &'static str,
    meaning: &'static str,
    dial: Svg,
    value: String,
    band: String,
    change: String,
    tone: &'static str,
    coverage: String,
    missing: String,
    teach: (&'static str, &'static str, &'static str),
    components: Vec<Part>,
    beside: Vec<(String, String, String)>,
    lever: Option<(String, String, String)>,
    bench: String,
    history: Option<Svg>,
    formula: &'static [&'static str],
    version: i32,
    calculated_at: Option<chrono::DateTime<chrono::Utc>>,
    rows: String,
}

/// A component in the table.
struct Part {
    title: String,
    weight: String,
    value: String,
    contribution: String,
    change: String,
    tone: &'static str,
    n: String,
    origin: &'static str,
    origin_tone: &'static str,
    href: String,
}

pub(crate) async fn page(
    by: Allowed<View>,
    Path(kind): Path<String>,
    Query(look): Query<Look>,
) -> Result<Html<String>, AppError> {
    let kind = ScoreType::named(&kind).ok_or_else(|| AppError::not_found("score"))?;
    let place = placed(&look.location)?;
    let mut tx = by.tx().await?;
    let locations = read::locations(&mut tx).await?;
    let places = choices(&locations, place)?;
    let id = place.map(kernel::ids::LocationId::uuid);
    let score = read::stored_scores(&mut tx, id).await?.into_iter().find(|score| score.kind == kind);
    let rules = Rules::load(&mut tx).await?;
    let rule = rules.of(id);
    let today = rule.day(by.now());
    let points = read::history(&mut tx, id, kind, today - Days::new(DAYS), today).await?;
    let quantiles = benchmarks::quantiles(&mut tx).await?.into_iter().find(|known| known.score == kind.as_str());
    let query = place.map(|id| format!("?location={id}")).unwrap_or_default();
    let kinds = ScoreType::ALL
        .into_iter()
        .map(|other| Tab::new(other.title(), format!("/revenue/scores/{}{query}", other.as_str()), other == kind))
        .collect();
    let unit = score.as_ref().map_or("points", |score| score.unit.as_str()).to_owned();
    let rows = format!("/revenue/scores/{}/rows{query}", kind.as_str());
    let none = Score::missing(kind, &unit, by.now(), "Nothing that this score is made of has arrived yet.");
    let found = score.as_ref().unwrap_or(&none);
    let (change, tone) = words::change(found);
    show(&ScorePage {
        frame: by.frame(kind.title()),
        tabs: super::tabs("/revenue"),
        kinds,
        places,
        here: format!("/revenue/scores/{}", kind.as_str()),
        title: kind.title(),
        meaning: words::meaning(kind),
        dial: words::dial(found).draw(),
        value: words::value(found),
        band: words::band(found),
        change,
        tone,
        coverage: shell::page::percent(found.coverage),
        missing: found.missing.clone().unwrap_or_default(),
        teach: words::teaches(kind),
        components: found.components.iter().map(|part| shown(part, found, &rows)).collect(),
        beside: found.beside.iter().map(|beside| told(beside, rules.whole.settings.currency.code())).collect(),
        lever: found.lever.as_ref().map(|lever| {
            let part = found.components.iter().find(|part| part.key == lever.key);
            let title = part.map_or_else(String::new, |part| part.title.clone());
            (title, lever.advice.clone(), words::figure(lever.gain.abs(), &unit, &unit))
        }),
        bench: bench(quantiles.as_ref(), found, &rules.whole.settings.industry),
        history: history(kind, &points, &unit),
        formula: words::formula(kind),
        version: found.version,
        calculated_at: score.as_ref().map(|score| score.calculated_at),
        rows,
    })
}

fn shown(part: &Component, score: &Score, rows: &str) -> Part {
    let unit = score.unit.as_str();
    let (change, tone) = match (part.value, part.previous) {
        (Some(value), Some(previous)) => words::changed(value, previous, unit, score.kind.higher_is_better()),
        _ => (String::new(), ""),
    };
    let (origin, origin_tone) = words::origin(part.source);
    let join = if rows.contains('?') { '&' } else { '?' };
    Part {
        title: part.title.clone(),
        weight: shell::page::percent(part.weight),
        value: part.value.map_or_else(|| "not measured".to_owned(), |value| words::figure(value, unit, unit)),
        contribution: words::figure(part.contribution, unit, unit),
        change,
        tone,
        n: shell::page::count(part.n),
        origin,
        origin_tone,
        href: format!("{rows}{join}component={}", shell::page::url_encoded(&part.key)),
    }
}

/// A figure beside the score: what, how much, compared with what.
fn told(beside: &crate::scores::Beside, currency: &str) -> (String, String, String) {
    let said = |value: f64| words::figure(value, &beside.unit, currency);
    let value = beside.value.map_or_else(|| "–".to_owned(), said);
    let note = beside.reference.map(|reference| format!("market {}", said(reference))).unwrap_or_default();
    (beside.title.clone(), value, note)
}

/// Where the score stands among others that share theirs.
fn bench(quantiles: Option<&Quantiles>, score: &Score, industry: &str) -> String {
    let Some(known) = quantiles else {
        return if industry.is_empty() {
            "Say which industry you are in, under Settings, Scores, to see how others do.".to_owned()
        } else {
            "Fewer than ten organisations like yours share theirs, so there is nothing to compare with yet.".to_owned()
        };
    };
    let said = |value: f64| words::figure(value, &score.unit, &score.unit);
    let place = match score.value {
        Some(value) if (value >= known.p50) == score.kind.higher_is_better() => "You are in the better half.",
        Some(_) => "You are in the worse half.",
        None => "",
    };
    let (low, high) = (said(known.p25), said(known.p75));
    let of = if known.industry.is_empty() { "organisations" } else { "organisations of your industry" };
    let (organisations, middle) = (known.organisations, said(known.p50));
    format!("Half of {organisations} {of} lie between {low} and {high}, the middle at {middle}. {place}")
}

/// The line with its band, and a mark where the definition changed.
fn history(kind: ScoreType, points: &[read::Point], unit: &str) -> Option<Svg> {
    if points.iter().filter(|point| point.value.is_some()).count() < 2 {
        return None;
    }
    let money = unit != "points";
    let scaled = |value: Option<f64>| {
        let value = value.unwrap_or(f64::NAN);
        if money { words::major(value, unit) } else { value }
    };
    let labels = points.iter().map(|point| point.day.format("%-d %b").to_string()).collect();
    let tone = if kind.higher_is_better() { Tone::Accent } else { Tone::Risk };
    let mut line = Line::new(format!("{}, 180 days", kind.title()), if money { unit } else { "points" }, labels)
        .series("value", tone, points.iter().map(|point| scaled(point.value)).collect())
        .band(
            "band",
            tone,
            points.iter().map(|point| scaled(point.low)).collect(),
            points.iter().map(|point| scaled(point.high)).collect(),
        );
    for (n, pair) in points.windows(2).enumerate() {
        if pair[0].version != pair[1].version {
            line = line.note(n + 1, format!("version {}", pair[1].version));
        }
    }
    Some(line.draw())
}
