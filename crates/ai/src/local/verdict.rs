//! From the sums of a head to probabilities and a decision.
//!
//! Probabilities are calibrated on texts the head has not seen; `shift` and `threshold` only decide and were chosen
//! for the measure the gate uses, so the winner is not always the most probable class.

use serde::Deserialize;

/// What a head names and how its sums become probabilities.
#[derive(Debug, Deserialize)]
pub struct Scheme {
    pub name: String,
    pub classes: Vec<String>,
    link: Link,
    slope: Vec<f32>,
    shift: Vec<f32>,
    threshold: Vec<f32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Link {
    Softmax,
    Sigmoid,
}

/// What one head says about one text.
#[derive(Clone, Debug)]
pub struct Verdict<'a> {
    scheme: &'a Scheme,
    logits: Vec<f32>,
}

impl<'a> Verdict<'a> {
    pub(super) fn new(scheme: &'a Scheme, logits: Vec<f32>) -> Verdict<'a> {
        Verdict { scheme, logits }
    }

    /// The sums before calibration, in the order of the classes.
    pub fn logits(&self) -> &[f32] {
        &self.logits
    }

    pub fn classes(&self) -> &'a [String] {
        &self.scheme.classes
    }

    /// Calibrated probabilities, in the order of the classes.
    pub fn probabilities(&self) -> Vec<f32> {
        let scheme = self.scheme;
        match scheme.link {
            Link::Sigmoid => self
                .logits
                .iter()
                .zip(scheme.slope.iter().zip(&scheme.shift))
                .map(|(z, (slope, shift))| 1.0 / (1.0 + (-z.mul_add(*slope, *shift)).exp()))
                .collect(),
            Link::Softmax => softmax(self.logits.iter().zip(&scheme.slope).map(|(z, slope)| z * slope)),
        }
    }

    /// The class that wins among `allowed` once the decision shift is added, and its calibrated probability.
    pub fn decide(&self, allowed: impl Fn(&str) -> bool) -> (usize, f32) {
        let scheme = self.scheme;
        let mut best = (0, f32::NEG_INFINITY);
        for (class, name) in scheme.classes.iter().enumerate() {
            let z = self.logits[class].mul_add(scheme.slope[class], scheme.shift[class]);
            if allowed(name) && z > best.1 {
                best = (class, z);
            }
        }
        (best.0, self.probabilities()[best.0])
    }

    /// Whether a probability of this class is over its threshold.
    pub fn reaches(&self, class: usize, p: f32) -> bool {
        p > self.scheme.threshold[class]
    }

    /// Classes whose probability reaches their threshold, most probable first.
    pub fn over_threshold(&self) -> Vec<(usize, f32)> {
        let p = self.probabilities();
        let mut over: Vec<(usize, f32)> = (0..p.len())
            .filter(|class| p[*class] > self.scheme.threshold[*class])
            .map(|class| (class, p[class]))
            .collect();
        over.sort_by(|a, b| b.1.total_cmp(&a.1));
        over
    }
}

/// Exponentials that add up to one.
pub fn softmax(logits: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut values: Vec<f32> = logits.collect();
    let top = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut total = 0.0;
    for value in &mut values {
        *value = (*value - top).exp();
        total += *value;
    }
    for value in &mut values {
        *value /= total;
    }
    values
}
