//! From values to places in a drawing.

/// A linear scale with round ticks that starts at zero, because the length of a bar must mean its value.
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) step: f64,
}

impl Scale {
    /// Covers the values with about `ticks` round steps.
    pub(super) fn over(values: impl Iterator<Item = f64>, ticks: f64) -> Self {
        let (mut low, mut high) = (0.0_f64, 0.0_f64);
        for value in values.filter(|value| value.is_finite()) {
            low = low.min(value);
            high = high.max(value);
        }
        if high - low <= 0.0 {
            high = low + 1.0;
        }
        let step = round_step((high - low) / ticks);
        Self { low: (low / step).floor() * step, high: (high / step).ceil() * step, step }
    }

    /// The value's place between 0 (low) and 1 (high).
    pub(super) fn at(&self, value: f64) -> f64 {
        if value.is_finite() { ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// The round values along the axis.
    pub(super) fn ticks(&self) -> impl Iterator<Item = f64> {
        let count = ((self.high - self.low) / self.step).round() as u32;
        let (low, step) = (self.low, self.step);
        (0..=count).map(move |n| low + f64::from(n) * step)
    }
}

/// 1, 2 or 5 times a power of ten, at least as large.
fn round_step(raw: f64) -> f64 {
    let power = 10_f64.powf(raw.log10().floor());
    let factor = raw / power;
    let nice = if factor <= 1.0 {
        1.0
    } else if factor <= 2.0 {
        2.0
    } else if factor <= 5.0 {
        5.0
    } else {
        10.0
    };
    nice * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_cover_the_values() {
        let scale = Scale::over([3.0, 41.0, 17.0].into_iter(), 4.0);
        assert_eq!(scale.ticks().collect::<Vec<_>>(), [0.0, 20.0, 40.0, 60.0]);
        let scale = Scale::over([-5.0, 12.0].into_iter(), 4.0);
        assert_eq!(scale.ticks().collect::<Vec<_>>(), [-5.0, 0.0, 5.0, 10.0, 15.0]);
        assert!((scale.at(15.0) - 1.0).abs() < 1e-9);
    }
}
