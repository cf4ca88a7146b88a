//! Draws from one binomial distribution, many times: a table of its cumulative probabilities and a search in it.

/// Counts of successes in `n` draws with a fixed probability.
#[derive(Clone, Debug)]
pub(crate) struct Binomial {
    first: usize,
    cumulative: Vec<f64>,
}

impl Binomial {
    /// The table, over the counts whose probability is not below 10⁻¹⁸ of the likeliest one's.
    pub fn new(n: usize, probability: f64) -> Self {
        if probability <= 0.0 || n == 0 {
            return Self { first: 0, cumulative: vec![1.0] };
        }
        if probability >= 1.0 {
            return Self { first: n, cumulative: vec![1.0] };
        }
        let odds = probability / (1.0 - probability);
        let likeliest = (((n + 1) as f64 * probability) as usize).min(n);
        let (mut below, mut weight, mut k) = (Vec::new(), 1.0, likeliest);
        while k > 0 && weight > 1e-18 {
            weight *= k as f64 / ((n - k + 1) as f64 * odds);
            below.push(weight);
            k -= 1;
        }
        let first = k;
        below.reverse();
        let mut weights = below;
        weights.push(1.0);
        let (mut weight, mut k) = (1.0, likeliest);
        while k < n && weight > 1e-18 {
            weight *= (n - k) as f64 * odds / (k + 1) as f64;
            weights.push(weight);
            k += 1;
        }
        let total: f64 = weights.iter().sum();
        let mut sum = 0.0;
        for weight in &mut weights {
            sum += *weight / total;
            *weight = sum;
        }
        Self { first, cumulative: weights }
    }

    /// The count below which the share `uniform` of the probability lies.
    pub fn at(&self, uniform: f64) -> usize {
        let place = self.cumulative.partition_point(|cumulative| *cumulative <= uniform);
        self.first + place.min(self.cumulative.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::Binomial;
    use crate::Chance;

    #[test]
    fn the_moments_and_the_edges_are_right() {
        let mut chance = Chance::new(9);
        for (n, p) in [(1, 0.5), (40, 0.02), (1_800, 0.2), (200, 0.97), (100_000, 0.3)] {
            let table = Binomial::new(n, p);
            let draws: Vec<f64> = (0..20_000).map(|_| table.at(chance.unit()) as f64).collect();
            let mean = draws.iter().sum::<f64>() / draws.len() as f64;
            let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / draws.len() as f64;
            let (true_mean, true_variance) = (n as f64 * p, n as f64 * p * (1.0 - p));
            assert!((mean - true_mean).abs() < 5.0 * (true_variance / 20_000.0).sqrt(), "{n} {p}: {mean}");
            assert!((variance / true_variance - 1.0).abs() < 0.08, "{n} {p}: {variance}");
            assert!(draws.iter().all(|d| *d <= n as f64));
        }
        assert_eq!((Binomial::new(5, 0.0).at(0.99), Binomial::new(5, 1.0).at(0.01)), (0, 5));
        assert_eq!(
            (Binomial::new(2, 0.5).at(0.2), Binomial::new(2, 0.5).at(0.5), Binomial::new(2, 0.5).at(0.999)),
            (0, 1, 2)
        );
    }
}
