//! Taking out of an outcome what was known before: CUPED (Deng, Xu, Kohavi and Walker 2013).
//!
//! A new rule has a covariate from before the experiment only: one that the treatment could touch would hide its effect.

/// Outcomes with the part that the covariate explains taken out.
#[derive(Clone, Debug, PartialEq)]
pub struct Cuped {
    /// The slope: covariance of outcome and covariate over the variance of the covariate.
    pub theta: f64,
    /// `y − theta · (x − mean x)`, in the order of `y`; the mean is that of `y`.
    pub adjusted: Vec<f64>,
}

/// Adjusts `y` by `x`, pair by pair; what has no pair is left out. A covariate without spread changes nothing.
pub fn cuped(y: &[f64], x: &[f64]) -> Cuped {
    let pairs: Vec<(f64, f64)> = y.iter().copied().zip(x.iter().copied()).collect();
    let theta = slope_within([pairs.as_slice()]);
    let mean = mean_of(pairs.iter().map(|(_, x)| *x));
    Cuped { theta, adjusted: pairs.iter().map(|(y, x)| y - theta * (x - mean)).collect() }
}

/// The common slope of outcome on covariate within groups of (outcome, covariate), so that what separates the groups does not
/// take part in it.
pub fn slope_within<'a>(groups: impl IntoIterator<Item = &'a [(f64, f64)]>) -> f64 {
    let (mut together, mut alone) = (0.0, 0.0);
    for group in groups {
        let (y_mean, x_mean) = (mean_of(group.iter().map(|(y, _)| *y)), mean_of(group.iter().map(|(_, x)| *x)));
        for (y, x) in group {
            together += (y - y_mean) * (x - x_mean);
            alone += (x - x_mean) * (x - x_mean);
        }
    }
    if alone > 0.0 { together / alone } else { 0.0 }
}

fn mean_of(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len();
    if n == 0 { 0.0 } else { values.sum::<f64>() / n as f64 }
}

#[cfg(test)]
mod tests {
    use super::cuped;
    use crate::Chance;

    #[test]
    fn the_mean_stays_and_the_variance_falls_by_the_square_of_the_correlation() {
        let mut chance = Chance::new(5);
        let x: Vec<f64> = (0..20_000).map(|_| chance.normal()).collect();
        let y: Vec<f64> = x.iter().map(|x| 3.0 + 2.0 * x + chance.normal()).collect();
        let told = cuped(&y, &x);
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let variance = |v: &[f64]| v.iter().map(|a| (a - mean(v)).powi(2)).sum::<f64>() / v.len() as f64;
        assert!((told.theta - 2.0).abs() < 0.03);
        assert!((mean(&told.adjusted) - mean(&y)).abs() < 1e-9);
        assert!((variance(&told.adjusted) / variance(&y) - 0.2).abs() < 0.01, "correlation² is 4/5");
        let flat = vec![7.0; y.len()];
        assert_eq!(cuped(&y, &flat).adjusted, y);
    }
}
