//! The sentences of a briefing, each from figures by a rule.

use super::Facts;
use crate::figures::{AT_RISK, Experiment, Score, Unit};
use crate::sheet::{Figure, Point, Tone, Value, change_words, money};

/// The most points of a section: a busy owner reads the page in a minute.
const MOST: usize = 4;
/// Changes of scores below this many points are noise.
const QUIET_POINTS: f64 = 1.0;

/// What the page says in a sentence or two: money first.
pub(super) fn headline(facts: &Facts) -> String {
    let mut said = Vec::new();
    if let Some(risk) = facts.scores.iter().find(|score| score.kind == AT_RISK)
        && let Some(now) = risk.value
    {
        let now_words = money(now.round() as i64, &facts.currency);
        let was = facts.earlier(AT_RISK).and_then(|score| score.value);
        said.push(match was.map(|was| now.round() - was.round()) {
            None => format!("{now_words} a month is at risk."),
            Some(0.0) => format!("{now_words} a month is at risk, as a week ago."),
            Some(change) => {
                let by = money(change.abs() as i64, &facts.currency);
                let more = if change > 0.0 { "more" } else { "less" };
                format!("{now_words} a month is at risk, {by} {more} than a week ago.")
            }
        });
    }
    let won: i64 = facts.experiments.iter().filter(|one| is_proved(one)).filter_map(|one| one.won).sum();
    if won > 0 {
        said.push(format!("Recovery plays won back {} in the last 28 days.", money(won, &facts.currency)));
    }
    if said.is_empty()
        && let Some(sentence) = paid(facts)
    {
        said.push(sentence);
    }
    if said.is_empty() {
        said.push(
            "There is not enough data yet for a figure to stand on. Connect a channel or bring in your past leads and payments."
                .to_owned(),
        );
    }
    said.join(" ")
}

/// Whether an increase is more than chance: its whole interval lies above zero.
fn is_proved(experiment: &Experiment) -> bool {
    experiment.interval.is_some_and(|(low, _)| low > 0)
}

/// What was paid yesterday, if money is known at all.
fn paid(facts: &Facts) -> Option<String> {
    let metric = facts.metrics.iter().find(|metric| metric.unit == Unit::Money && metric.better == Some(true))?;
    let value = facts.readings.over(metric, facts.yesterday())?;
    Some(format!("{} yesterday: {}.", metric.name, money(value.round() as i64, &facts.currency)))
}

/// The figures at the top.
pub(super) fn figures(facts: &Facts) -> Vec<Figure> {
    let scores = facts.scores.iter().map(|score| figure(facts, score));
    let mut all: Vec<Figure> = scores.filter(|figure| figure.value != Value::Missing).collect();
    let week = facts.week();
    for metric in facts.metrics.iter().filter(|metric| metric.unit == Unit::Money) {
        let Some(now) = facts.readings.over(metric, week) else { continue };
        let before = facts.readings.over(metric, week.before());
        let change = before.map(|before| now.round() - before.round());
        all.push(Figure {
            label: metric.name.clone(),
            value: Value::of(metric.unit, Some(now)),
            change: Value::of(metric.unit, change),
            tone: Tone::of(change.unwrap_or_default(), metric.better),
            note: if change.is_some() { "7 days, against the 7 before".to_owned() } else { "7 days".to_owned() },
        });
    }
    all.truncate(8);
    all
}

fn figure(facts: &Facts, score: &Score) -> Figure {
    let change = change(facts, score);
    let range = score.range.filter(|_| score.unit == Unit::Money).map(|(low, high)| {
        let words = |value: f64| money(value.round() as i64, &facts.currency);
        format!("{} to {}", words(low), words(high))
    });
    let against = if change.is_some() { "against a week ago" } else { "nothing to compare with yet" };
    Figure {
        label: score.name.clone(),
        value: Value::of(score.unit, score.value),
        change: Value::of(score.unit, change),
        tone: Tone::of(change.unwrap_or_default(), Some(score.better)),
        note: range.unwrap_or_else(|| against.to_owned()),
    }
}

/// How a score changed within the week, in what is shown of it.
pub(super) fn change(facts: &Facts, score: &Score) -> Option<f64> {
    Some(score.value?.round() - facts.earlier(&score.kind)?.value?.round())
}

/// What changed: scores that moved, then what was out of the ordinary.
pub(super) fn changes(facts: &Facts) -> Vec<Point> {
    let mut points = Vec::new();
    for score in &facts.scores {
        let Some(change) = change(facts, score).filter(|change| change.abs() >= QUIET_POINTS) else { continue };
        let now = Value::of(score.unit, score.value).words(&facts.currency);
        let by = change_words(&Value::of(score.unit, Some(change)), &facts.currency);
        let good = if (change > 0.0) == score.better { "better" } else { "worse" };
        points.push(Point::new(format!("{} is {now}, {by} within a week: {good}.", score.name)));
    }
    for experiment in facts.experiments.iter().filter(|one| is_proved(one)) {
        points.push(Point::new(format!("{}: {}", experiment.play, experiment.sentence)).at(experiment.href.clone()));
    }
    for anomaly in facts.anomalies.iter().take(MOST) {
        points.push(Point::new(anomaly.sentence.clone()).at(anomaly.href.clone()));
    }
    for metric in facts.metrics.iter().filter(|metric| metric.unit == Unit::Count && metric.better.is_some()) {
        if points.len() >= MOST {
            break;
        }
        let yesterday = facts.yesterday();
        let same = crate::period::Period::ending(yesterday.to - chrono::Days::new(7), 1);
        if let (Some(now), Some(was)) = (facts.readings.over(metric, yesterday), facts.readings.over(metric, same))
            && (now - was).abs() >= 1.0
        {
            let weekday = same.to.format("%A");
            points.push(Point::new(format!(
                "{} yesterday: {now:.0}, after {was:.0} on {weekday} a week before.",
                metric.name
            )));
        }
    }
    points.truncate(MOST);
    points
}

/// Why: where leads leak, and what moves the scores most.
pub(super) fn reasons(facts: &Facts) -> Vec<Point> {
    let mut points = Vec::new();
    for stage in facts.leaks.stages.iter().filter(|stage| stage.leads > 0).take(2) {
        let leads = if stage.leads == 1 { "1 lead".to_owned() } else { format!("{} leads", stage.leads) };
        let worth = stage.value.map_or(String::new(), |value| format!(", worth {}", money(value, &facts.currency)));
        points.push(Point::new(format!("{}: {leads} in seven days{worth}.", stage.name)));
    }
    for score in facts.scores.iter().filter(|score| score.value.is_some()) {
        if points.len() >= MOST {
            break;
        }
        if let Some(component) = score.components.first().filter(|component| component.value.is_finite()) {
            let value = Value::of(score.unit, Some(component.value)).words(&facts.currency);
            let of = Value::of(score.unit, score.value).words(&facts.currency);
            points.push(Point::new(format!("{}: {value} of {of} comes from {}.", score.name, lower(&component.name))));
        }
    }
    points.truncate(MOST);
    points
}

/// A name within a sentence.
fn lower(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// What to do, the most valuable first; where nothing is proposed, what would move the scores most.
pub(super) fn steps(facts: &Facts) -> Vec<Point> {
    let step = |action: &crate::figures::Action| {
        let expected =
            action.expected.map_or(String::new(), |value| format!(" Expected: {}.", money(value, &facts.currency)));
        let why = if action.why.is_empty() { String::new() } else { format!(" {}", action.why) };
        let title = action.title.trim_end_matches('.');
        Point::new(format!("{title}.{why}{expected}")).at(action.href.clone())
    };
    let mut steps: Vec<Point> = facts.actions.iter().take(3).map(step).collect();
    let levers = facts.scores.iter().filter_map(|score| Some((score, score.lever.as_ref()?)));
    for (score, (advice, gain)) in levers {
        if steps.len() >= 3 {
            break;
        }
        let gain = Value::of(score.unit, Some(gain.abs())).words(&facts.currency);
        let by = if score.unit == Unit::Money { format!("{gain} a month") } else { format!("{gain} points") };
        let advice = advice.trim_end_matches('.');
        steps.push(Point::new(format!("{advice}. {} would be better by {by}.", score.name)));
    }
    steps
}

/// What is not known, said plainly; empty when everything is.
pub(super) fn missing(facts: &Facts) -> String {
    let mut said = Vec::new();
    for score in facts.scores.iter().filter(|score| score.value.is_none()) {
        let why = score.missing.trim_end_matches('.');
        let why = if why.is_empty() { String::new() } else { format!(" {why}.") };
        said.push(format!("{}: insufficient data.{why}", score.name));
    }
    let thin: Vec<String> = facts
        .scores
        .iter()
        .filter(|score| score.value.is_some())
        .filter_map(|score| score.coverage.filter(|coverage| *coverage < 0.5).map(|coverage| (score, coverage)))
        .map(|(score, coverage)| format!("{} rests on {:.0} % of what it needs", score.name, coverage * 100.0))
        .collect();
    if !thin.is_empty() {
        said.push(format!("{}.", thin.join("; ")));
    }
    for experiment in facts.experiments.iter().filter(|one| !is_proved(one)) {
        said.push(format!("{}: {}", experiment.play, experiment.sentence));
    }
    said.join(" ")
}
