//! Order statistics: quantiles, the median, and a spread that outliers do not move.

/// The quantile `q` in [0, 1] by linear interpolation between closest ranks (type 7 of Hyndman and Fan 1996). Values need no
/// order; none is none.
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile_of_sorted(&sorted, q)
}

/// The same of values that are in order already.
pub fn quantile_of_sorted(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let rank = q.clamp(0.0, 1.0) * last as f64;
    let below = rank.floor() as usize;
    let above = (below + 1).min(last);
    Some(sorted[below] + (rank - below as f64) * (sorted[above] - sorted[below]))
}

/// The middle value; none of none.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The spread as 1.4826 · median absolute deviation from the median, which for normal values is the standard deviation
/// (Rousseeuw and Croux 1993). Half of the values may be anything.
pub fn robust_spread(values: &[f64]) -> Option<f64> {
    let middle = median(values)?;
    let away: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    Some(1.4826 * median(&away)?)
}

#[cfg(test)]
mod tests {
    use super::{median, quantile, robust_spread};
    use crate::Chance;

    #[test]
    fn quantiles_as_r_gives_them() {
        let values = [15.0, 20.0, 35.0, 40.0, 50.0];
        assert_eq!(quantile(&values, 0.4), Some(29.0));
        assert_eq!(quantile(&values, 0.0), Some(15.0));
        assert_eq!(quantile(&values, 1.0), Some(50.0));
        assert_eq!(median(&[3.0, 1.0]), Some(2.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn a_few_absurd_values_do_not_move_the_spread() {
        let mut chance = Chance::new(4);
        let mut values: Vec<f64> = (0..2_000).map(|_| 10.0 + 3.0 * chance.normal()).collect();
        let clean = robust_spread(&values).unwrap_or_default();
        assert!((clean - 3.0).abs() < 0.2, "{clean}");
        values.iter_mut().take(200).for_each(|value| *value = 1e9);
        let dirty = robust_spread(&values).unwrap_or_default();
        assert!(dirty < 4.5, "{dirty}");
    }
}
