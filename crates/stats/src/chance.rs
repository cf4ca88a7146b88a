//! Seeded chance: the same seed gives the same draws in every release, so that a printed interval can be printed again.
//!
//! Not for secrets. The generator is xoshiro256++ 1.0 (Blackman and Vigna, 2019), seeded with splitmix64.

/// A stream of draws.
#[derive(Clone, Debug)]
pub struct Chance {
    state: [u64; 4],
}

impl Chance {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        let mut weyl = seed;
        let state = std::array::from_fn(|_| {
            weyl = weyl.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = weyl;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        });
        Self { state }
    }

    /// Sixty-four random bits.
    pub fn bits(&mut self) -> u64 {
        let [first, second, third, fourth] = self.state;
        let drawn = first.wrapping_add(fourth).rotate_left(23).wrapping_add(first);
        let (mixed, turned) = (third ^ first, fourth ^ second);
        self.state = [first ^ turned, second ^ mixed, mixed ^ (second << 17), turned.rotate_left(45)];
        drawn
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Uniform in 0..n, by multiplication; the bias is below n / 2⁶⁴. Zero for n = 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// Standard normal, by Box and Muller (1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Poisson with the given mean: by multiplication (Knuth) up to 30, by the rounded normal above it.
    pub fn poisson(&mut self, mean: f64) -> f64 {
        if mean > 30.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0);
        }
        let floor = (-mean.max(0.0)).exp();
        let (mut count, mut product) = (0.0, self.unit());
        while product > floor {
            count += 1.0;
            product *= self.unit();
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn a_seed_repeats_itself_and_differs_from_its_neighbour() {
        let draws = |seed| {
            let mut chance = Chance::new(seed);
            (0..8).map(|_| chance.bits()).collect::<Vec<u64>>()
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
    }

    #[test]
    fn the_moments_are_those_of_the_distributions() {
        let mut chance = Chance::new(1);
        let n = 200_000;
        let mean = |draw: &mut dyn FnMut() -> f64| (0..n).map(|_| draw()).sum::<f64>() / f64::from(n);
        assert!((mean(&mut || chance.unit()) - 0.5).abs() < 0.005);
        assert!(mean(&mut || chance.normal()).abs() < 0.01);
        assert!((mean(&mut || chance.normal().powi(2)) - 1.0).abs() < 0.02);
        assert!((mean(&mut || chance.poisson(3.0)) - 3.0).abs() < 0.03);
        assert!((mean(&mut || chance.poisson(80.0)) - 80.0).abs() < 0.15);
        assert!((mean(&mut || chance.below(10) as f64) - 4.5).abs() < 0.05);
    }
}
