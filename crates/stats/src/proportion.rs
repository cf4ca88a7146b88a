//! Shares of counts: an interval for one, and a rate drawn towards what its neighbours show.

/// The strength when the groups cannot tell it: twenty observations' worth of belief in the mean of all.
pub const STRENGTH_UNKNOWN: f64 = 20.0;
/// The least and the most that [`fit_strength`] answers.
const STRENGTHS: (f64, f64) = (1.0, 10_000.0);

/// Wilson's score interval for a share (Wilson 1927), without continuity correction; `z` is 1.96 for 95 %.
///
/// Both ends lie in [0, 1]; nothing observed says nothing: (0, 1). More successes than observations count as all.
pub fn wilson(successes: u64, n: u64, z: f64) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    let n = n as f64;
    let share = (successes as f64 / n).min(1.0);
    let z2 = z * z;
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    ((centre - half).clamp(0.0, share), (centre + half).clamp(share, 1.0))
}

/// A rate drawn towards a prior: the mean of a beta posterior, (successes + strength · prior) / (n + strength).
///
/// `strength` is the number of observations that the prior is worth; with no observations the prior is the answer.
pub fn shrink(successes: f64, n: f64, prior_mean: f64, strength: f64) -> f64 {
    let weight = n.max(0.0) + strength.max(0.0);
    if weight <= 0.0 { prior_mean } else { (successes + strength.max(0.0) * prior_mean) / weight }
}

/// How alike groups are, as the strength for [`shrink`]: empirical Bayes by moments for the beta-binomial (Kleinman 1973).
///
/// Each group is (successes, observations). With ρ the correlation within groups, strength = 1/ρ − 1, within 1 and 10,000:
/// groups that differ no more than chance would make them are drawn together hard. Fewer than two groups with observations, or
/// shares of all or nothing, tell nothing: [`STRENGTH_UNKNOWN`].
pub fn fit_strength(groups: &[(u64, u64)]) -> f64 {
    let known: Vec<(f64, f64)> =
        groups.iter().filter(|(_, n)| *n > 0).map(|(s, n)| ((*s).min(*n) as f64, *n as f64)).collect();
    let total: f64 = known.iter().map(|(_, n)| n).sum();
    let mean = known.iter().map(|(s, _)| s).sum::<f64>() / total.max(1.0);
    let variance = mean * (1.0 - mean);
    let count = known.len() as f64;
    let room = total - count - known.iter().map(|(_, n)| n * n).sum::<f64>() / total.max(1.0) + 1.0;
    if known.len() < 2 || variance <= 0.0 || room <= 0.0 {
        return STRENGTH_UNKNOWN;
    }
    let spread: f64 = known.iter().map(|(s, n)| n * (s / n - mean).powi(2)).sum();
    let correlation = (spread / variance - (count - 1.0)) / room;
    if correlation <= 0.0 { STRENGTHS.1 } else { (1.0 / correlation - 1.0).clamp(STRENGTHS.0, STRENGTHS.1) }
}

#[cfg(test)]
mod tests {
    use super::{STRENGTH_UNKNOWN, fit_strength, shrink, wilson};
    use crate::Chance;

    fn near(a: f64, b: f64, within: f64) {
        assert!((a - b).abs() < within, "{a} is not {b}");
    }

    #[test]
    fn wilson_as_published() {
        // Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29, method 3.
        for (s, n, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let (l, h) = wilson(s, n, 1.959_964);
            near(l, low, 1e-4);
            near(h, high, 1e-4);
        }
        assert_eq!(wilson(0, 0, 1.96), (0.0, 1.0));
    }

    #[test]
    fn wilson_holds_the_share_and_narrows() {
        for n in [1_u64, 2, 5, 40, 1_000] {
            for s in 0..=n.min(40) {
                let (low, high) = wilson(s, n, 1.96);
                let share = s as f64 / n as f64;
                assert!((0.0..=share).contains(&low) && (share..=1.0).contains(&high), "{s}/{n}: {low} {high}");
                let (low10, high10) = wilson(10 * s, 10 * n, 1.96);
                assert!(high10 - low10 < high - low, "{s}/{n}");
            }
        }
    }

    #[test]
    fn shrinking_lies_between_the_share_and_the_prior() {
        near(shrink(0.0, 0.0, 0.3, 20.0), 0.3, 1e-12);
        near(shrink(5.0, 10.0, 0.3, 10.0), 0.4, 1e-12);
        near(shrink(5.0, 10.0, 0.3, 0.0), 0.5, 1e-12);
        near(shrink(0.0, 0.0, 0.3, 0.0), 0.3, 1e-12);
    }

    #[test]
    fn the_strength_that_made_the_groups_is_found() {
        let mut chance = Chance::new(3);
        // Rates from a beta(6, 14): strength 20. A beta with whole parameters is the sixth smallest of 19 uniform draws.
        let groups: Vec<(u64, u64)> = (0..400)
            .map(|_| {
                let mut uniform: Vec<f64> = (0..19).map(|_| chance.unit()).collect();
                uniform.sort_by(f64::total_cmp);
                let rate = uniform[5];
                ((0..60).filter(|_| chance.unit() < rate).count() as u64, 60)
            })
            .collect();
        let found = fit_strength(&groups);
        assert!((14.0..28.0).contains(&found), "{found}");
        let alike: Vec<(u64, u64)> =
            (0..200).map(|_| ((0..50).filter(|_| chance.unit() < 0.3).count() as u64, 50)).collect();
        assert!(fit_strength(&alike) > 200.0, "groups that only chance makes different");
        near(fit_strength(&[(3, 10)]), STRENGTH_UNKNOWN, 1e-12);
        near(fit_strength(&[(0, 10), (0, 20)]), STRENGTH_UNKNOWN, 1e-12);
        near(fit_strength(&[(0, 50), (50, 50)]), 1.0, 1e-12);
    }
}
