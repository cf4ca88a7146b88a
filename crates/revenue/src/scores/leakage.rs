//! Lead leakage: the share of leads that leaked, by the stage at which each leaked first.

use super::inputs::{Inputs, Window};
use super::{Beside, Component, ENOUGH, FEWEST, Lever, Origin, Score, ScoreType, share};
use crate::journeys::Stage;
use crate::metrics as m;

/// The score of a place; `whole` is the organisation, to which a place with few leads is drawn.
pub(crate) fn score(inputs: &Inputs, whole: &Inputs) -> Score {
    let n = inputs.now.all.n(m::LEADS);
    if n < FEWEST {
        let why = format!("{n} leads arrived in the window; {FEWEST} are needed. Connect a source of leads.");
        return Score::missing(ScoreType::LeadLeakage, "points", inputs.as_of, why);
    }
    let parts = rates(&inputs.now, &whole.now);
    let before = (inputs.before.all.n(m::LEADS) >= FEWEST).then(|| rates(&inputs.before, &whole.before));
    let base: f64 = parts.iter().map(|(_, rate)| rate * 100.0).sum();
    let components: Vec<Component> = parts
        .iter()
        .enumerate()
        .map(|(place, (stage, rate))| Component {
            key: stage.as_str().to_owned(),
            title: stage.title().to_owned(),
            weight: if base > 0.0 { rate * 100.0 / base } else { 0.0 },
            value: Some(rate * 100.0),
            contribution: rate * 100.0,
            previous: before.as_ref().and_then(|before| before.get(place)).map(|(_, rate)| rate * 100.0),
            n: inputs.now.all.leaked(*stage),
            source: Origin::Measured,
        })
        .collect();
    let leaked = inputs.now.all.n(m::LEAKED);
    let (low, high) = stats::wilson(leaked.clamp(0, n) as u64, n as u64, 1.96);
    let returned = share(inputs.rates.all.n(m::RETURNED), inputs.rates.all.n(m::LEAKED));
    Score {
        value: Some(base.clamp(0.0, 100.0)),
        low: Some((low * 100.0).min(base)),
        base: Some(base),
        high: Some((high * 100.0).max(base)),
        lever: lever(&components),
        components,
        beside: vec![
            Beside::new("leads", "Leads", Some(n as f64), "count", None),
            Beside::new("leaked", "Leaked", Some(leaked as f64), "count", None),
            Beside::new("returned", "Came back unaided", returned, "share", None),
        ],
        previous: before.map(|before| before.iter().map(|(_, rate)| rate * 100.0).sum()),
        coverage: 1.0,
        missing: None,
        ..Score::missing(ScoreType::LeadLeakage, "points", inputs.as_of, "")
    }
}

/// The rate of each stage, drawn to the organisation's where leads are few. The draw is linear, so that the stages still add up.
fn rates(window: &Window, whole: &Window) -> Vec<(Stage, f64)> {
    let (n, of_whole) = (window.all.n(m::LEADS), whole.all.n(m::LEADS));
    let drawn = n < ENOUGH && n < of_whole;
    Stage::ALL
        .into_iter()
        .map(|stage| {
            let leaked = window.all.leaked(stage) as f64;
            let rate = if drawn {
                stats::shrink(leaked, n as f64, whole.all.leaked(stage) as f64 / of_whole as f64, ENOUGH as f64)
            } else {
                leaked / n as f64
            };
            (stage, rate)
        })
        .collect()
}

fn lever(components: &[Component]) -> Option<Lever> {
    let most = components.iter().max_by(|a, b| a.contribution.total_cmp(&b.contribution))?;
    let advice = match most.key.as_str() {
        "answer" => "Return missed calls within the hour.",
        "respond" => "Answer every message and form within a day.",
        "reach" => "Try six times before giving a lead up.",
        "book" => "Follow up every quote.",
        "show" => "Offer a new time after a missed booking.",
        _ => "Ask for payment after the visit.",
    };
    (most.contribution > 0.05).then(|| Lever {
        key: most.key.clone(),
        advice: advice.to_owned(),
        gain: most.contribution,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{inputs, lead, leaking};
    use super::*;

    #[test]
    fn none_answered_is_100_and_the_stages_add_up() {
        let all = inputs((0..50).map(|n| leaking(n, Stage::Respond)));
        let score = super::score(&all, &all);
        assert_eq!(score.value, Some(100.0));
        let mixed = inputs((0..50).map(|n| leaking(n, Stage::ALL[n % 6])).chain((50..80).map(|n| lead(n, Some(9)))));
        let score = super::score(&mixed, &mixed);
        let sum: f64 = score.components.iter().map(|component| component.contribution).sum();
        assert!((sum - 62.5).abs() < 1e-9 && (score.base.expect("a base") - 62.5).abs() < 1e-9);
    }

    #[test]
    fn no_leads_are_no_score_rather_than_nothing_leaked() {
        let none = inputs(std::iter::empty());
        assert_eq!(super::score(&none, &none).value, None);
    }
}
