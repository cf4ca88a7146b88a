//! Intervals by drawing again: the studentised bootstrap (Efron 1979; Hall 1992, chapter 3), seeded.
//!
//! Money is skewed and mostly zero, where the plain percentile interval is too short: the studentised one corrects for the
//! skewness. The value that occurs most is drawn as one count, so that many zeros cost nothing.

use crate::binomial::Binomial;
use crate::chance::Chance;
use crate::order::quantile_of_sorted;

/// An interval for the mean of what the values were drawn from.
///
/// `rounds` draws (at least 200 are made), `level` such as 0.95. Fewer than two values, or values that are all alike, give their
/// mean twice; no values give NaN twice.
pub fn bootstrap_mean_interval(values: &[f64], seed: u64, rounds: usize, level: f64) -> (f64, f64) {
    let drawn = Drawn::new(values);
    let (mean, error) = drawn.moments;
    interval(mean, error, rounds, level, &mut Chance::new(seed), |chance| {
        let (again, again_error) = drawn.again(chance);
        (again - mean, again_error)
    })
}

/// An interval for the difference of means, `treated` less `held`, each arm drawn from itself.
///
/// Multiply both ends by the number of the treated for the whole effect. For money that is mostly zero use
/// [`crate::experiment::incremental`], which knows strata and what was before, and holds its level in small arms.
pub fn bootstrap_difference_interval(
    treated: &[f64],
    held: &[f64],
    seed: u64,
    rounds: usize,
    level: f64,
) -> (f64, f64) {
    let (one, other) = (Drawn::new(treated), Drawn::new(held));
    let difference = one.moments.0 - other.moments.0;
    let error = one.moments.1.hypot(other.moments.1);
    interval(difference, error, rounds, level, &mut Chance::new(seed), |chance| {
        let (a, b) = (one.again(chance), other.again(chance));
        (a.0 - b.0 - difference, a.1.hypot(b.1))
    })
}

/// The studentised interval around an estimate with its standard error: `again` draws once more and tells by how much the new
/// estimate is off, and its own standard error.
fn interval(
    estimate: f64,
    error: f64,
    rounds: usize,
    level: f64,
    chance: &mut Chance,
    again: impl FnMut(&mut Chance) -> (f64, f64),
) -> (f64, f64) {
    if estimate.is_nan() || error.is_nan() || error <= 0.0 {
        return (estimate, estimate);
    }
    let mut ratios = ratios(rounds, chance, again);
    ratios.sort_by(f64::total_cmp);
    let tail = (1.0 - level.clamp(0.0, 1.0)) / 2.0;
    let at = |q| quantile_of_sorted(&ratios, q).unwrap_or(0.0);
    (estimate - at(1.0 - tail) * error, estimate - at(tail) * error)
}

/// How many standard errors an estimate is off at most with the probability `level`, whichever way: half of a symmetric
/// studentised interval, whose level is nearer to what is asked for than that of one with equal tails (Hall 1988).
pub(crate) fn reach(
    rounds: usize,
    level: f64,
    chance: &mut Chance,
    again: impl FnMut(&mut Chance) -> (f64, f64),
) -> f64 {
    let mut ratios: Vec<f64> = ratios(rounds, chance, again).into_iter().map(f64::abs).collect();
    ratios.sort_by(f64::total_cmp);
    quantile_of_sorted(&ratios, level.clamp(0.0, 1.0)).unwrap_or(0.0)
}

/// Draws again and again: what each is off, over its own standard error.
fn ratios(rounds: usize, chance: &mut Chance, mut again: impl FnMut(&mut Chance) -> (f64, f64)) -> Vec<f64> {
    (0..rounds.max(200))
        .map(|_| {
            let (off, its_error) = again(chance);
            // A draw without spread says that it could be off by any amount; it takes its place at the end.
            if its_error > 0.0 { off / its_error } else { off.signum() * f64::from(u16::MAX) }
        })
        .collect()
}

/// Values to draw from, less the one that occurs most.
struct Drawn {
    n: usize,
    base: f64,
    others: Vec<f64>,
    count: Binomial,
    /// Mean and standard error.
    moments: (f64, f64),
}

impl Drawn {
    fn new(values: &[f64]) -> Self {
        let base = commonest(values).unwrap_or(f64::NAN);
        let others: Vec<f64> =
            values.iter().filter(|value| value.total_cmp(&base).is_ne()).map(|value| value - base).collect();
        let n = values.len();
        let sums = others.iter().fold((0.0, 0.0), |(sum, squares), value| (sum + value, squares + value * value));
        let count = Binomial::new(n, others.len() as f64 / n.max(1) as f64);
        Self { n, base, others, count, moments: moments(n, base, sums) }
    }

    fn again(&self, chance: &mut Chance) -> (f64, f64) {
        let mut sums = (0.0, 0.0);
        for _ in 0..self.count.at(chance.unit()) {
            let value = self.others[chance.below(self.others.len())];
            sums.0 += value;
            sums.1 += value * value;
        }
        moments(self.n, self.base, sums)
    }
}

fn moments(n: usize, base: f64, (sum, squares): (f64, f64)) -> (f64, f64) {
    let n = n as f64;
    let off = sum / n;
    let variance = if n > 1.0 { ((squares - n * off * off) / (n - 1.0)).max(0.0) } else { 0.0 };
    (base + off, (variance / n).sqrt())
}

/// The value that occurs most, the least of several; none of none.
pub(crate) fn commonest(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let longest = sorted.chunk_by(|a, b| a.total_cmp(b).is_eq()).reduce(|a, b| if b.len() > a.len() { b } else { a });
    longest.map(|run| run[0])
}

#[cfg(test)]
mod tests {
    use super::{bootstrap_difference_interval, bootstrap_mean_interval, commonest};
    use crate::Chance;

    #[test]
    fn the_same_seed_says_the_same_and_the_mean_lies_inside() {
        let values: Vec<f64> = (0..300).map(|i| f64::from(i % 7) * f64::from(i % 3)).collect();
        let told = bootstrap_mean_interval(&values, 1, 1_000, 0.95);
        assert_eq!(told, bootstrap_mean_interval(&values, 1, 1_000, 0.95));
        let mean = values.iter().sum::<f64>() / 300.0;
        assert!(told.0 < mean && mean < told.1, "{told:?}");
        let wider = bootstrap_mean_interval(&values, 1, 1_000, 0.99);
        assert!(wider.0 < told.0 && told.1 < wider.1);
        assert_eq!(bootstrap_mean_interval(&[4.0; 9], 1, 1_000, 0.95), (4.0, 4.0));
        assert!(bootstrap_mean_interval(&[], 1, 1_000, 0.95).0.is_nan());
    }

    #[test]
    fn it_covers_a_skewed_mean_and_a_difference() {
        let (mut covered, mut covered_difference, rounds) = (0, 0, 400);
        let mut chance = Chance::new(11);
        for seed in 0..rounds {
            // Exponential values, a third of them zero: mean 2/3.
            let mut draw = |n: usize| -> Vec<f64> {
                (0..n).map(|_| if chance.below(3) == 0 { 0.0 } else { -(1.0 - chance.unit()).ln() }).collect()
            };
            let (a, b) = (draw(80), draw(60));
            let (low, high) = bootstrap_mean_interval(&a, seed, 400, 0.95);
            covered += i32::from(low <= 2.0 / 3.0 && 2.0 / 3.0 <= high);
            let (low, high) = bootstrap_difference_interval(&a, &b, seed, 400, 0.95);
            covered_difference += i32::from(low <= 0.0 && 0.0 <= high);
        }
        assert!((364..=394).contains(&covered), "{covered} of {rounds}");
        assert!((364..=394).contains(&covered_difference), "{covered_difference} of {rounds}");
    }

    #[test]
    fn the_commonest_value_is_found() {
        assert_eq!(commonest(&[1.0, 0.0, 2.0, 0.0]), Some(0.0));
        assert_eq!(commonest(&[]), None);
    }
}
