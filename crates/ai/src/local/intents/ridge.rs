//! Ridge regression on one-hot intents, in its dual form: as many unknowns as examples, however long the vectors are.

use super::space::Neighbours;

/// How much smoothness costs; chosen by cross-validation on BANKING77 and CLINC150's training halves.
const LAMBDA: f32 = 0.15;
/// Steps of the conjugate gradient; a few examples an intent converge long before.
const STEPS: usize = 60;

/// Dual weights: one row an example, one column an intent.
pub(super) struct Ridge {
    weights: Vec<f32>,
    intents: usize,
}

impl Ridge {
    /// Solves (K + λI) A = Y by conjugate gradients, one column an intent.
    pub(super) fn fit(examples: &Neighbours, places: &[usize], intents: usize) -> Ridge {
        let n = places.len();
        let mut kernel = Vec::with_capacity(n * n);
        for (i, vector) in examples.vectors().iter().enumerate() {
            kernel.extend(examples.similarities(vector));
            kernel[i * n + i] += LAMBDA;
        }
        let mut weights = vec![0.0f32; n * intents];
        for intent in 0..intents {
            let target: Vec<f32> = places.iter().map(|place| if *place == intent { 1.0 } else { 0.0 }).collect();
            for (example, weight) in solve(&kernel, &target).into_iter().enumerate() {
                weights[example * intents + intent] = weight;
            }
        }
        Ridge { weights, intents }
    }

    /// One score an intent, from the similarities to every example.
    pub(super) fn scores(&self, similarities: &[f32]) -> Vec<f32> {
        let mut scores = vec![0.0; self.intents];
        for (similarity, row) in similarities.iter().zip(self.weights.chunks_exact(self.intents)) {
            for (score, weight) in scores.iter_mut().zip(row) {
                *score += similarity * weight;
            }
        }
        scores
    }
}

fn solve(matrix: &[f32], target: &[f32]) -> Vec<f32> {
    let n = target.len();
    let mut x = vec![0.0f32; n];
    let mut residual = target.to_vec();
    let mut direction = residual.clone();
    let mut energy: f32 = residual.iter().map(|r| r * r).sum();
    for _ in 0..STEPS {
        if energy < 1e-4 {
            break;
        }
        let product: Vec<f32> =
            matrix.chunks_exact(n).map(|row| row.iter().zip(&direction).map(|(a, b)| a * b).sum()).collect();
        let step = energy / direction.iter().zip(&product).map(|(a, b)| a * b).sum::<f32>().max(f32::MIN_POSITIVE);
        for i in 0..n {
            x[i] += step * direction[i];
            residual[i] -= step * product[i];
        }
        let next: f32 = residual.iter().map(|r| r * r).sum();
        let keep = next / energy;
        for i in 0..n {
            direction[i] = residual[i] + keep * direction[i];
        }
        energy = next;
    }
    x
}
