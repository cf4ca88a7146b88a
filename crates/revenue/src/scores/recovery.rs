//! Revenue recovery: what plays won back, above what would have come anyway, of what was at risk.

use super::inputs::{Inputs, Recovered};
use super::{Beside, Component, Lever, Origin, Score, ScoreType};

/// The score of a place.
pub(crate) fn score(inputs: &Inputs) -> Score {
    let missing = |why: &str| Score::missing(ScoreType::RevenueRecovery, "points", inputs.as_of, why);
    let Some(recovered) = inputs.recovered else {
        return missing("No play has run in the window. Start one: its holdout tells what it wins back.");
    };
    let month = f64::from(inputs.place.settings.window_days) / 30.4375;
    let Some(recoverable) = inputs.recoverable.map(|money| money * month).filter(|money| *money > 0.0) else {
        return missing("Nothing was at risk when the window began, or it is not known.");
    };
    let Recovered { treated, baseline, low, high } = recovered;
    let points = |money: f64| 100.0 * money / recoverable;
    let base = points(treated - baseline);
    let part = |key: &str, title: &str, money: f64| Component {
        key: key.to_owned(),
        title: title.to_owned(),
        weight: 1.0,
        value: Some(points(money)),
        contribution: points(money),
        previous: None,
        n: 0,
        source: Origin::Measured,
    };
    Score {
        value: Some(base.clamp(0.0, 100.0)),
        low: Some(points(low).min(base)),
        base: Some(base),
        high: Some(points(high).max(base)),
        components: vec![
            part("recovered", "Paid after a play", treated),
            part("baseline", "Would have been paid anyway", -baseline),
        ],
        beside: vec![
            Beside::new("incremental", "Won back", Some(treated - baseline), "money", None),
            Beside::new("recoverable", "At risk when the window began", Some(recoverable), "money", None),
            Beside::new("ratio", "Ratio, not cut", Some((treated - baseline) / recoverable), "ratio", None),
        ],
        lever: (base < 100.0).then(|| Lever {
            key: "recovered".to_owned(),
            advice: "Let a play answer the stage at which most revenue is at risk.".to_owned(),
            gain: (100.0 - base).min(100.0),
        }),
        coverage: 1.0,
        missing: None,
        ..missing("")
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::inputs;
    use super::*;

    #[test]
    fn it_is_what_was_won_above_the_holdout_and_adds_up() {
        let mut some = inputs(std::iter::empty());
        assert_eq!(super::score(&some).value, None);
        some.recovered = Some(Recovered { treated: 900.0, baseline: 400.0, low: 100.0, high: 900.0 });
        some.recoverable = Some(1_000.0 * 30.4375 / 28.0);
        let score = super::score(&some);
        assert!((score.value.expect("a value") - 50.0).abs() < 1e-9);
        let sum: f64 = score.components.iter().map(|component| component.contribution).sum();
        assert!((sum - 50.0).abs() < 1e-9);
        some.recovered = Some(Recovered { treated: 0.0, baseline: 400.0, low: -900.0, high: 100.0 });
        assert_eq!(super::score(&some).value, Some(0.0), "a play that harms wins nothing back");
    }
}
