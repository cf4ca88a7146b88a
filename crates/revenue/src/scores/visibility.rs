//! Competitive visibility: how the business stands beside its best rivals, in what is measured.

use super::inputs::{Inputs, Seen};
use super::{Beside, Component, Lever, Origin, Score, ScoreType};

/// Reviews count as much as so many of the mean of the set: few reviews say little.
const C: f64 = 20.0;

/// The score of a place.
pub(crate) fn score(inputs: &Inputs) -> Score {
    let mut measured: Vec<(&'static str, f64, f64, i64, Origin)> = Vec::new();
    let weights = inputs.place.settings.weights.list();
    for (factor, weight) in weights {
        if factor == "reviews" {
            if let Some(points) = reviews(inputs.reviews, &inputs.rivals.values().copied().collect::<Vec<_>>()) {
                measured.push((factor, weight, points, inputs.reviews.n, Origin::Measured));
            }
        } else if let Some(fact) = inputs.facts.iter().find(|fact| fact.factor == factor) {
            let points =
                if fact.rivals.is_empty() { fact.own.clamp(0.0, 100.0) } else { against(fact.own, &fact.rivals) };
            measured.push((factor, weight, points, fact.rivals.len() as i64, fact.origin()));
        }
    }
    let (all, known): (f64, f64) =
        (weights.iter().map(|(_, weight)| weight).sum(), measured.iter().map(|(_, weight, ..)| weight).sum());
    if known <= 0.0 {
        let why = "Nothing of the profile, the reviews or the website is measured. Connect Google Business Profile, or enter facts.";
        return Score::missing(ScoreType::CompetitiveVisibility, "points", inputs.as_of, why);
    }
    let components: Vec<Component> = measured
        .into_iter()
        .map(|(factor, weight, points, n, source)| Component {
            key: factor.to_owned(),
            title: title(factor).to_owned(),
            weight: weight / known,
            value: Some(points),
            contribution: points * weight / known,
            previous: None,
            n,
            source,
        })
        .collect();
    let base: f64 = components.iter().map(|component| component.contribution).sum();
    let rating = |seen: Seen| (seen.n > 0).then(|| seen.stars as f64 / 100.0 / seen.n as f64);
    Score {
        value: Some(base.clamp(0.0, 100.0)),
        base: Some(base),
        lever: lever(&components),
        components,
        beside: vec![
            Beside::new("rating", "Rating", rating(inputs.reviews), "stars", None),
            Beside::new(
                "reviews",
                "Reviews",
                Some(inputs.reviews.n as f64),
                "count",
                top(&inputs.rivals.values().map(|seen| seen.n as f64).collect::<Vec<_>>()),
            ),
            Beside::new("rivals", "Rivals that are known", Some(inputs.rivals.len() as f64), "count", None),
        ],
        coverage: if all > 0.0 { known / all } else { 0.0 },
        missing: None,
        ..Score::missing(ScoreType::CompetitiveVisibility, "points", inputs.as_of, "")
    }
}

/// The median of the top three; none of nothing.
fn top(values: &[f64]) -> Option<f64> {
    let mut best: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    best.sort_by(|a, b| b.total_cmp(a));
    best.truncate(3);
    match best.as_slice() {
        [] => None,
        [one] => Some(*one),
        [one, other] => Some(f64::midpoint(*one, *other)),
        [_, middle, ..] => Some(*middle),
    }
}

/// A figure against the best rivals: as much as the median of the top three is 100.
fn against(own: f64, rivals: &[f64]) -> f64 {
    match top(rivals) {
        Some(best) if best > 0.0 => 100.0 * (own / best).clamp(0.0, 1.0),
        _ => 100.0,
    }
}

/// Points of reviews: rating, number, recency and the owner's replies, as far as each can be told.
fn reviews(own: Seen, rivals: &[Seen]) -> Option<f64> {
    if own.n <= 0 {
        return None;
    }
    let n = own.n as f64;
    let stars = |seen: &Seen| seen.stars as f64 / 100.0;
    let set = rivals.iter().chain([&own]).fold((0.0, 0.0), |(sum, n), seen| (sum + stars(seen), n + seen.n as f64));
    let mean = set.0 / set.1;
    let rating = (C * mean + stars(&own)) / (C + n);
    let mut parts = vec![((rating - 1.0) / 4.0 * 100.0).clamp(0.0, 100.0), 100.0 * own.replied as f64 / n];
    let counts: Vec<f64> = rivals.iter().filter(|seen| seen.n > 0).map(|seen| seen.n as f64).collect();
    if let Some(best) = top(&counts) {
        parts.push(100.0 * (n.ln_1p() / best.ln_1p()).min(1.0));
    }
    // A quarter of a year holds a quarter of the reviews of a business that goes on being reviewed.
    let share = own.recent as f64 / n;
    let shares: Vec<f64> =
        rivals.iter().filter(|seen| seen.n > 0).map(|seen| seen.recent as f64 / seen.n as f64).collect();
    let best = top(&shares).filter(|best| *best > 0.0).unwrap_or(0.25);
    parts.push(100.0 * (share / best).min(1.0));
    Some(parts.iter().sum::<f64>() / parts.len() as f64)
}

fn title(factor: &str) -> &'static str {
    match factor {
        "profile" => "Business profile",
        "reviews" => "Reviews",
        "on_page" => "Website",
        "behaviour" => "Clicks and calls",
        "links" => "Links",
        "citations" => "Directories",
        _ => "Social profiles",
    }
}

fn lever(components: &[Component]) -> Option<Lever> {
    let gain = |component: &Component| component.weight * (100.0 - component.value.unwrap_or(100.0));
    let most = components.iter().max_by(|a, b| gain(a).total_cmp(&gain(b)))?;
    let advice = match most.key.as_str() {
        "profile" => "Complete the business profile.",
        "reviews" => "Ask customers for reviews, and answer each.",
        "on_page" => "Say on the website what you do and where.",
        "behaviour" => "Make it easy to call and to find the way.",
        "links" => "Earn links from local sites.",
        "citations" => "Be listed, and alike, in directories.",
        _ => "Be present where customers are.",
    };
    (gain(most) > 0.05).then(|| Lever { key: most.key.clone(), advice: advice.to_owned(), gain: gain(most) })
}

#[cfg(test)]
mod tests {
    use super::super::facts::VisibilityFact;
    use super::super::testing::inputs;
    use super::*;

    #[test]
    fn what_is_measured_is_renormalised_and_adds_up() {
        let mut some = inputs(std::iter::empty());
        assert_eq!(super::score(&some).value, None);
        some.reviews = Seen { n: 50, stars: 25_000, recent: 20, replied: 50 };
        some.facts.push(VisibilityFact::measured("profile", 6.0, vec![10.0, 12.0, 14.0, 2.0]));
        let score = super::score(&some);
        let sum: f64 = score.components.iter().map(|component| component.contribution).sum();
        assert!((sum - score.base.expect("a base")).abs() < 1e-9);
        assert!((score.coverage - 52.0 / 94.0).abs() < 1e-9);
        assert_eq!(score.components[0].value, Some(50.0), "6 of the median 12");
        assert_eq!(score.components[1].value, Some(100.0), "the best reviews there can be, and no rival");
    }

    #[test]
    fn few_reviews_are_drawn_to_the_mean_of_the_set() {
        let rival = Seen { n: 400, stars: 160_000, recent: 100, replied: 0 };
        let few = reviews(Seen { n: 2, stars: 1_000, recent: 2, replied: 0 }, &[rival]).expect("points");
        let many = reviews(Seen { n: 400, stars: 200_000, recent: 100, replied: 0 }, &[rival]).expect("points");
        assert!(few < many, "{few} {many}");
    }
}
