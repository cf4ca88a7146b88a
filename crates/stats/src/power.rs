//! What an experiment of two arms can see.
//!
//! Both are the usual normal approximations for a difference of two means with a two-sided test at 5 % (Cohen 1988, chapter 2).

use crate::normal;

/// The two-sided 5 % point.
const Z_95: f64 = 1.959_964;
/// The point below which 80 % lie: the power that is promised when nothing else is said.
const Z_80: f64 = 0.841_621;

/// The probability that a true difference of means of `effect` is found, in [0, 1].
///
/// `sd` is the standard deviation of one observation, in the unit of `effect`. An empty arm finds nothing; with no spread at all
/// every difference is found.
pub fn power(n_treated: u64, n_held: u64, sd: f64, effect: f64) -> f64 {
    let Some(error) = standard_error(n_treated, n_held, sd) else { return 0.0 };
    if error <= 0.0 {
        return if effect == 0.0 { 0.05 } else { 1.0 };
    }
    let shift = effect.abs() / error;
    (normal::cumulative(shift - Z_95) + normal::cumulative(-shift - Z_95)).min(1.0)
}

/// The smallest true difference of means that is found with a probability of 80 %; none when an arm is empty.
pub fn minimum_detectable_effect(n_treated: u64, n_held: u64, sd: f64) -> Option<f64> {
    Some((Z_95 + Z_80) * standard_error(n_treated, n_held, sd)?)
}

/// The same from a standard error that is known.
pub fn detectable_with(standard_error: f64) -> f64 {
    (Z_95 + Z_80) * standard_error
}

/// The power from a standard error that is known.
pub fn power_with(standard_error: f64, effect: f64) -> f64 {
    power(1, 1, standard_error / std::f64::consts::SQRT_2, effect)
}

fn standard_error(n_treated: u64, n_held: u64, sd: f64) -> Option<f64> {
    (n_treated > 0 && n_held > 0).then(|| sd * (1.0 / n_treated as f64 + 1.0 / n_held as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::{minimum_detectable_effect, power, power_with};

    #[test]
    fn as_tabulated_and_its_own_inverse() {
        // Cohen's table for d = 0.5 and 64 in each arm: 0.80.
        assert!((power(64, 64, 1.0, 0.5) - 0.807).abs() < 0.005);
        let smallest = minimum_detectable_effect(1_800, 200, 250.0).unwrap_or_default();
        assert!((power(1_800, 200, 250.0, smallest) - 0.8).abs() < 1e-3);
        assert!((power(100, 100, 1.0, 0.0) - 0.05).abs() < 1e-4, "no effect is found as often as the test errs");
        assert!((power(0, 10, 1.0, 5.0)).abs() < 1e-12);
        assert!(minimum_detectable_effect(10, 0, 1.0).is_none());
        assert!((power_with(1.0, 1.959_964 + 0.841_621) - 0.8).abs() < 1e-3);
    }
}
