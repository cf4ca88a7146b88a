//! Two shares compared: how many observations it takes, how far they lie apart, and whether the groups are as large as they should be.

use crate::{normal, wilson};

/// The chance of finding a difference that is there.
const POWER: f64 = 0.8;
/// The chance of finding one that is not there.
const ALPHA: f64 = 0.05;
/// Groups are called uneven when chance makes them so in fewer than one of a thousand experiments.
const UNEVEN: f64 = 0.001;

/// Observations in each of two groups, so that a difference of `effect` from `baseline` is found with a probability of 80 % in a
/// two-sided test at 5 %, when `comparisons` of them share that 5 % (Bonferroni). Fleiss, Levin and Paik (2003), formula 4.14.
///
/// None where the two shares are not both between 0 and 1, or are the same.
pub fn observations_needed(baseline: f64, effect: f64, comparisons: u32) -> Option<u64> {
    let other = baseline + effect;
    let possible = |share: f64| share > 0.0 && share < 1.0;
    if !possible(baseline) || !possible(other) || effect == 0.0 || !effect.is_finite() {
        return None;
    }
    let mean = f64::midpoint(baseline, other);
    let spread = |share: f64| share * (1.0 - share);
    let sum = two_sided(comparisons) * (2.0 * spread(mean)).sqrt()
        + normal::point(POWER) * (spread(baseline) + spread(other)).sqrt();
    Some((sum / effect).powi(2).ceil() as u64)
}

/// How far the second share lies from the first: the estimate between the ends of its interval, which all `comparisons` together hold
/// with 95 %. Newcombe (1998), method 10. None where a group is empty.
pub fn difference((s1, n1): (u64, u64), (s2, n2): (u64, u64), comparisons: u32) -> Option<(f64, f64, f64)> {
    if n1 == 0 || n2 == 0 {
        return None;
    }
    let z = two_sided(comparisons);
    let share = |s: u64, n: u64| (s as f64 / n as f64).min(1.0);
    let (p1, p2) = (share(s1, n1), share(s2, n2));
    let ((low1, high1), (low2, high2)) = (wilson(s1, n1, z), wilson(s2, n2, z));
    let between = p2 - p1;
    let below = ((p2 - low2).powi(2) + (high1 - p1).powi(2)).sqrt();
    let above = ((high2 - p2).powi(2) + (p1 - low1).powi(2)).sqrt();
    Some((between - below, between, between + above))
}

/// Whether groups differ more from the sizes they should have than chance explains: each is given with its weight. Something else
/// than the draw decided then, and their shares cannot be compared.
pub fn is_uneven(groups: &[(u64, f64)]) -> bool {
    let total: f64 = groups.iter().map(|(n, _)| *n as f64).sum();
    let weights: f64 = groups.iter().map(|(_, weight)| weight).sum();
    if total <= 0.0 || weights <= 0.0 || groups.len() < 2 {
        return false;
    }
    let least = groups.iter().map(|(n, weight)| {
        let expected = weight / weights;
        let spread = (total * expected * (1.0 - expected)).sqrt();
        let away = (*n as f64 - total * expected).abs();
        if spread > 0.0 { 2.0 * normal::cumulative(-away / spread) } else { f64::from(u8::from(away < 0.5)) }
    });
    // Of two groups the second says what the first says.
    let tests = if groups.len() == 2 { 1.0 } else { groups.len() as f64 };
    least.fold(1.0, f64::min) * tests < UNEVEN
}

fn two_sided(comparisons: u32) -> f64 {
    normal::point(1.0 - ALPHA / (2.0 * f64::from(comparisons.max(1))))
}

#[cfg(test)]
mod tests {
    use super::{difference, is_uneven, observations_needed};
    use crate::Chance;

    #[test]
    fn observations_as_tabulated() {
        // Fleiss, Levin and Paik (2003), table A.4 without the continuity correction: 0.1 against 0.2 takes 199.
        let found = observations_needed(0.1, 0.1, 1).expect("possible");
        assert!((198..=200).contains(&found), "{found}");
        assert_eq!(observations_needed(0.2, -0.1, 1), observations_needed(0.1, 0.1, 1));
        assert!(observations_needed(0.1, 0.1, 2) > Some(found), "more comparisons take more");
        for (baseline, effect) in
            [(0.0, 0.1), (0.9, 0.1), (0.5, 0.0), (0.2, -0.3), (f64::NAN, 0.1), (0.2, f64::INFINITY)]
        {
            assert_eq!(observations_needed(baseline, effect, 1), None, "{baseline} {effect}");
        }
    }

    #[test]
    fn a_difference_as_published() {
        // Newcombe (1998), table II: 56 of 70 against 48 of 80, method 10.
        let (low, between, high) = difference((48, 80), (56, 70), 1).expect("both have some");
        assert!((between - 0.2).abs() < 1e-9);
        assert!((low - 0.0524).abs() < 1e-3 && (high - 0.3339).abs() < 1e-3, "{low} {high}");
        let (low3, _, high3) = difference((48, 80), (56, 70), 3).expect("both have some");
        assert!(low3 < low && high3 > high);
        assert_eq!(difference((0, 0), (1, 2), 1), None);
    }

    #[test]
    fn the_promised_power_is_kept() {
        let (baseline, effect) = (0.1, 0.05);
        let n = observations_needed(baseline, effect, 1).expect("possible");
        let mut chance = Chance::new(5);
        let mut of = |share: f64| (0..n).filter(|_| chance.unit() < share).count() as u64;
        let rounds = 400;
        let found = (0..rounds)
            .filter(|_| {
                let (now, new) = ((of(baseline), n), (of(baseline + effect), n));
                difference(now, new, 1).is_some_and(|(low, _, _)| low > 0.0)
            })
            .count();
        assert!((0.73..0.87).contains(&(found as f64 / f64::from(rounds))), "{found} of {rounds}");
    }

    #[test]
    fn groups_that_the_draw_did_not_make_are_found() {
        assert!(!is_uneven(&[(5_050, 1.0), (4_950, 1.0)]));
        assert!(is_uneven(&[(5_300, 1.0), (4_700, 1.0)]));
        assert!(!is_uneven(&[(7_500, 3.0), (2_500, 1.0)]));
        assert!(is_uneven(&[(3_000, 1.0), (3_000, 1.0), (3_500, 1.0)]));
        assert!(!is_uneven(&[]) && !is_uneven(&[(0, 1.0), (0, 1.0)]));
        assert!(is_uneven(&[(100, 1.0), (3, 0.0)]), "who has no weight has nobody");
    }
}
