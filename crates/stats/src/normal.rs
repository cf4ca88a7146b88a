//! The standard normal distribution.

/// The probability below `z`, to 1.5 · 10⁻⁷: formula 7.1.26 of Abramowitz and Stegun (1964) for the error function.
pub fn cumulative(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let series = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592];
    let tail = 0.5 * t * series.iter().fold(0.0, |sum, factor| sum * t + factor) * (-x * x).exp();
    if z < 0.0 { tail } else { 1.0 - tail }
}

/// The `z` below which the probability `p` lies: the root of [`cumulative`], within ±9.
pub fn point(p: f64) -> f64 {
    let (mut low, mut high) = (-9.0, 9.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if cumulative(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::{cumulative, point};

    #[test]
    fn as_tabulated() {
        for (z, p) in [(0.0, 0.5), (1.0, 0.841_345), (1.96, 0.975_002), (-2.575_829, 0.005), (3.0, 0.998_650)] {
            assert!((cumulative(z) - p).abs() < 1e-6, "{z}: {}", cumulative(z));
            assert!((point(p) - z).abs() < 1e-3, "{p}: {}", point(p));
        }
    }
}
