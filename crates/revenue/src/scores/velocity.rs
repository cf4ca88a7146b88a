//! Response velocity: how fast leads get a first answer that says something.

use super::inputs::{Counts, Inputs, OPEN, Window};
use super::{Beside, Component, ENOUGH, FEWEST, Lever, Origin, Score, ScoreType, share};
use crate::metrics as m;
use crate::rollup::seconds_of;

/// Published: 37 % of companies answer within an hour, 23 % never (Harvard Business Review, March 2011).
const MARKET_HOUR: f64 = 0.37;
const MARKET_NEVER: f64 = 0.23;
/// The most sources that are told apart.
const SOURCES: usize = 8;

/// The score of a place; `whole` is the organisation, to which a place with few leads is drawn.
pub(crate) fn score(inputs: &Inputs, whole: &Inputs) -> Score {
    let (n, prior) = (inputs.now.all.n(m::VELOCITY), prior(&inputs.now, &whole.now));
    if n < FEWEST {
        let why = format!(
            "{n} leads are old enough to tell how fast they were answered; {FEWEST} are needed. Connect a source of leads."
        );
        return Score::missing(ScoreType::ResponseVelocity, "points", inputs.as_of, why);
    }
    let components = components(&inputs.now, &inputs.before, prior);
    let base: f64 = components.iter().map(|component| component.contribution).sum();
    let (low, high) = band(&inputs.now.all, base, n);
    let previous = (inputs.before.all.n(m::VELOCITY) >= FEWEST)
        .then(|| mean(&inputs.before.all, m::VELOCITY, self::prior(&inputs.before, &whole.before)))
        .flatten();
    Score {
        value: Some(base.clamp(0.0, 100.0)),
        low: Some(low),
        base: Some(base),
        high: Some(high),
        lever: lever(&components),
        beside: beside(&inputs.now.all),
        components,
        previous,
        coverage: 1.0,
        missing: None,
        ..Score::missing(ScoreType::ResponseVelocity, "points", inputs.as_of, "")
    }
}

/// The organisation's mean, for a place with few leads; none where it is the organisation or stands for itself.
fn prior(window: &Window, whole: &Window) -> Option<f64> {
    let (n, of_whole) = (window.all.n(m::VELOCITY), whole.all.n(m::VELOCITY));
    (n < ENOUGH && n < of_whole).then(|| whole.all.amount(m::VELOCITY) as f64 / 1e6 / of_whole as f64)
}

/// A mean of micro-points, drawn to the prior.
fn mean(counts: &Counts, metric: &str, prior: Option<f64>) -> Option<f64> {
    let (n, points) = (counts.n(metric) as f64, counts.amount(metric) as f64 / 1e6);
    match prior {
        Some(mean) => Some((points + ENOUGH as f64 * mean) / (n + ENOUGH as f64)),
        None => (n > 0.0).then(|| points / n),
    }
}

fn components(now: &Window, before: &Window, prior: Option<f64>) -> Vec<Component> {
    let n = now.all.n(m::VELOCITY) as f64;
    let whole = n + prior.map_or(0.0, |_| ENOUGH as f64);
    let mut sources: Vec<(&String, &Counts)> =
        now.sources.iter().filter(|(_, counts)| counts.n(m::VELOCITY) > 0).collect();
    sources.sort_by_key(|(name, counts)| (std::cmp::Reverse(counts.n(m::VELOCITY)), *name));
    let mut components = Vec::new();
    for (name, counts) in sources.iter().take(SOURCES) {
        let previous = before.sources.get(*name).and_then(|counts| mean(counts, m::VELOCITY, None));
        components.push(component(name, name, counts.n(m::VELOCITY), counts.amount(m::VELOCITY), whole, previous));
    }
    let rest = sources.iter().skip(SOURCES);
    let (leads, points) = rest.fold((0, 0), |(leads, points), (_, counts)| {
        (leads + counts.n(m::VELOCITY), points + counts.amount(m::VELOCITY))
    });
    if leads > 0 {
        components.push(component("other", "Other sources", leads, points, whole, None));
    }
    if let Some(mean) = prior {
        components.push(Component {
            key: "prior".to_owned(),
            title: "The organisation's mean, while there are few leads".to_owned(),
            weight: ENOUGH as f64 / whole,
            value: Some(mean),
            contribution: mean * ENOUGH as f64 / whole,
            previous: None,
            n: 0,
            source: Origin::Measured,
        });
    }
    components
}

fn component(key: &str, title: &str, n: i64, points: i64, whole: f64, previous: Option<f64>) -> Component {
    let points = points as f64 / 1e6;
    Component {
        key: key.to_owned(),
        title: title.to_owned(),
        weight: n as f64 / whole,
        value: Some(points / n as f64),
        contribution: points / whole,
        previous,
        n,
        source: Origin::Measured,
    }
}

/// A band for a mean of points: each lead lies between 0 and 100, so the mean behaves like a rate of its own size (Wilson).
fn band(counts: &Counts, base: f64, n: i64) -> (f64, f64) {
    let successes = (counts.amount(m::VELOCITY) as f64 / 1e8).round().max(0.0) as u64;
    let (low, high) = stats::wilson(successes.min(n as u64), n as u64, 1.96);
    ((low * 100.0).min(base), (high * 100.0).max(base))
}

fn lever(components: &[Component]) -> Option<Lever> {
    let gain = |component: &Component| component.weight * (100.0 - component.value.unwrap_or(100.0));
    let most =
        components.iter().filter(|component| component.key != "prior").max_by(|a, b| gain(a).total_cmp(&gain(b)))?;
    (gain(most) > 0.05).then(|| Lever {
        key: most.key.clone(),
        advice: format!("Answer leads from {} within five minutes.", most.title),
        gain: gain(most),
    })
}

fn beside(counts: &Counts) -> Vec<Beside> {
    let (leads, open, answered) = (counts.n(m::LEADS), counts.n(OPEN), counts.n(m::ANSWERED));
    let waits = counts.waits();
    let by_value = (counts.amount(m::LEAD_VALUE) > 0)
        .then(|| counts.amount(m::VELOCITY_VALUE) as f64 / 100.0 / counts.amount(m::LEAD_VALUE) as f64);
    vec![
        Beside::new(
            "business_hours",
            "In opening hours alone",
            mean(counts, m::VELOCITY_BUSINESS, None),
            "points",
            None,
        ),
        Beside::new("by_value", "Weighted by value", by_value, "points", None),
        Beside::new("median_s", "Median wait", quantile(&waits, 0.5), "seconds", None),
        Beside::new("p90_s", "Nine of ten within", quantile(&waits, 0.9), "seconds", None),
        Beside::new(
            "within_5_min",
            "Answered within 5 minutes",
            share(counts.n(m::ANSWERED_5), leads - open),
            "share",
            None,
        ),
        Beside::new(
            "within_60_min",
            "Answered within an hour",
            share(counts.n(m::ANSWERED_60), leads - open),
            "share",
            Some(MARKET_HOUR),
        ),
        Beside::new(
            "never",
            "Never answered",
            share(leads - open - answered, leads - open),
            "share",
            Some(MARKET_NEVER),
        ),
        Beside::new("leads", "Leads", Some(leads as f64), "count", None),
    ]
}

/// The wait below which a share of the answers lies, from the histogram.
pub(crate) fn quantile(waits: &[(i16, i64)], share: f64) -> Option<f64> {
    let total: i64 = waits.iter().map(|(_, n)| n).sum();
    let wanted = (total as f64 * share).ceil() as i64;
    let mut sum = 0;
    waits
        .iter()
        .find(|(_, n)| {
            sum += n;
            sum >= wanted && total > 0
        })
        .map(|(bucket, _)| seconds_of(*bucket))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{inputs, lead};

    #[test]
    fn all_answered_at_once_is_100_and_none_ever_is_0() {
        let fast = inputs((0..40).map(|n| lead(n, Some(n as i64))));
        let score = super::score(&fast, &fast);
        assert_eq!(score.value, Some(100.0));
        let never = inputs((0..40).map(|n| lead(n, None)));
        assert_eq!(super::score(&never, &never).value, Some(0.0));
    }

    #[test]
    fn contributions_add_up_and_few_leads_are_drawn_to_the_organisation() {
        let whole = inputs((0..200).map(|n| lead(n, Some(60))));
        let place = inputs((0..10).map(|n| lead(n, None)));
        let score = super::score(&place, &whole);
        let sum: f64 = score.components.iter().map(|component| component.contribution).sum();
        assert!((sum - score.base.expect("a base")).abs() < 1e-9);
        assert!((score.value.expect("a value") - 75.0).abs() < 1e-9, "30 of 40 parts are the organisation's 100");
    }

    #[test]
    fn two_leads_are_no_score() {
        let few = inputs((0..2).map(|n| lead(n, Some(5))));
        let score = super::score(&few, &few);
        assert!(score.value.is_none() && score.missing.is_some());
    }
}
