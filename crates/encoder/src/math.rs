//! The functions between the matrices, written so that the compiler does many numbers at once.
//!
//! No branches, no calls to the system's mathematics: `exp` is a polynomial, and `erf` is formula 7.1.26 of Abramowitz and
//! Stegun, both to about 1e-7. Everything is inlined into the one function that knows what the processor can do.

use std::f32::consts::{FRAC_1_SQRT_2, LN_2, LOG2_E};

const EPSILON: f32 = 1e-12;
/// Adding it leaves a rounded number in the low bits of a float.
const ROUNDER: f32 = 12_582_912.0;
/// ln 2 in two parts, the first exact in few bits.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = LN_2 - LN_2_HIGH;
/// How many sums are kept apart while adding up.
const LANES: usize = 16;

/// e to the power of `x`; numbers below −87 are taken for −87.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 88.0);
    let rounded = x * LOG2_E + ROUNDER;
    let n = rounded - ROUNDER;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    let p = 1.987_569_2e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let p = p * r * r + r + 1.0;
    f32::from_bits(p.to_bits().wrapping_add(rounded.to_bits() << 23))
}

#[inline(always)]
fn erf(x: f32) -> f32 {
    let a = x.abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * a);
    let p = ((((1.061_405_4 * t - 1.453_152) * t + 1.421_413_8) * t - 0.284_496_74) * t + 0.254_829_6) * t;
    (1.0 - p * exp(-a * a)).copysign(x)
}

/// Gaussian error linear unit, in place.
#[inline(always)]
pub(crate) fn gelu(values: &mut [f32]) {
    for x in values {
        *x *= 0.5 + 0.5 * erf(*x * FRAC_1_SQRT_2);
    }
}

/// Shares that add up to one, in place.
#[inline(always)]
pub(crate) fn softmax(values: &mut [f32]) {
    let top = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for x in &mut *values {
        *x = exp(*x - top);
    }
    let share = 1.0 / sum(values);
    for x in values {
        *x *= share;
    }
}

/// The sum of the products.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for (sum, (x, y)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

/// What a layer's norm multiplies and adds.
pub(crate) struct Norm {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

impl Norm {
    /// Mean 0 and variance 1 for one row, in place.
    #[inline(always)]
    pub(crate) fn apply(&self, row: &mut [f32]) {
        let count = row.len() as f32;
        let mean = sum(row) / count;
        for x in &mut *row {
            *x -= mean;
        }
        let scale = 1.0 / (dot(row, row) / count + EPSILON).sqrt();
        for (x, (weight, bias)) in row.iter_mut().zip(self.weight.iter().zip(&self.bias)) {
            *x = *x * scale * weight + bias;
        }
    }
}

#[inline(always)]
fn sum(row: &[f32]) -> f32 {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += x;
        }
    }
    sums.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_e_are_those_of_the_standard_library() {
        for step in -8_700..=1_000 {
            let x = step as f32 / 100.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) / exact - 1.0).abs() < 3e-7, "{x}: {} {exact}", exp(x));
        }
        assert!(exp(-1e9) < 1e-37 && exp(0.0) > 0.999_999 && exp(0.0) < 1.000_001);
    }

    #[test]
    fn the_error_function_is_that_of_the_tables() {
        for (x, expected) in [(0.0, 0.0), (0.5, 0.520_499_9), (1.0, 0.842_700_8), (2.0, 0.995_322_3), (4.0, 1.0)] {
            assert!((erf(x) - expected).abs() < 5e-7, "{x}: {}", erf(x));
            assert!((erf(-x) + expected).abs() < 5e-7, "−{x}");
        }
        let mut one = [1.0, -1.0];
        gelu(&mut one);
        assert!((one[0] - 0.841_344_7).abs() < 1e-6 && (one[1] + 0.158_655_25).abs() < 1e-6, "{one:?}");
    }

    #[test]
    fn a_row_gets_mean_and_variance() {
        let norm = Norm { weight: vec![2.0; 40], bias: vec![1.0; 40] };
        let mut row: Vec<f32> = (0..40).map(|i| i as f32 * 3.0 - 7.0).collect();
        norm.apply(&mut row);
        let mean = row.iter().sum::<f32>() / 40.0;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / 40.0;
        assert!((mean - 1.0).abs() < 1e-5 && (variance - 4.0).abs() < 1e-4, "{mean} {variance}");
    }

    #[test]
    fn shares_add_up() {
        let mut shares = [1.0, 2.0, -50.0];
        softmax(&mut shares);
        assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!((shares[1] / shares[0] - std::f32::consts::E).abs() < 1e-4 && shares[2] < 1e-20);
    }
}
