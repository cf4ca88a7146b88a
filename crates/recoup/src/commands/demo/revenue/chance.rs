//! What the demo draws: everything from one seeded stream a day and place.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::spots::WISHES;

/// A number around a mean, as arrivals of a day are; at most 400.
pub fn arrivals(rng: &mut ChaCha8Rng, mean: f64) -> usize {
    let (limit, mut product, mut count) = ((-mean.clamp(0.0, 200.0)).exp(), 1.0, 0);
    while count < 400 {
        product *= rng.random_range(0.0..1.0);
        if product <= limit {
            break;
        }
        count += 1;
    }
    count
}

/// Minutes of waiting with a median: most wait a little, a few wait long.
pub fn minutes(rng: &mut ChaCha8Rng, median: f64) -> f64 {
    // Twelve evenly drawn numbers less six are close to a normal one.
    let normal: f64 = (0..12).map(|_| rng.random_range(0.0..1.0)).sum::<f64>() - 6.0;
    (median.ln() + 0.9 * normal).exp().clamp(0.3, 2_880.0)
}

/// What somebody came for and what it costs, in cents.
pub fn wish(rng: &mut ChaCha8Rng) -> (&'static str, i64) {
    let mut drawn = rng.random_range(0..100);
    for (name, price, share) in WISHES {
        if drawn < share {
            let cents = price as f64 * rng.random_range(0.88..1.18);
            return (name, (cents / 500.0).round() as i64 * 500);
        }
        drawn -= share;
    }
    (WISHES[0].0, WISHES[0].1)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn draws_are_as_they_are_said_to_be() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mean = (0..2_000).map(|_| arrivals(&mut rng, 12.0)).sum::<usize>() as f64 / 2_000.0;
        assert!((11.5..12.5).contains(&mean), "{mean}");
        let mut waits: Vec<f64> = (0..2_001).map(|_| minutes(&mut rng, 20.0)).collect();
        waits.sort_by(f64::total_cmp);
        assert!((17.0..23.0).contains(&waits[1_000]), "{}", waits[1_000]);
        let mut paid: Vec<i64> = (0..2_001).map(|_| wish(&mut rng).1).collect();
        paid.sort_unstable();
        let mean = paid.iter().sum::<i64>() / 2_001;
        assert!(mean > paid[1_000] * 3 / 2, "values are skewed: mean {mean}, median {}", paid[1_000]);
    }
}
