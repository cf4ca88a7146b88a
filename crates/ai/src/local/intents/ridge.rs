//! Kernel ridge regression on one-hot intents: as many unknowns as examples, however long the vectors are.
//!
//! The kernel falls off exponentially with the distance of two unit vectors, so that a near example counts for more
//! than several half-way ones; the plain cosine was two to four points worse with ten examples an intent.

use super::space::Neighbours;

/// How much smoothness costs; chosen on draws from BANKING77's and CLINC150's training texts.
const LAMBDA: f32 = 0.1;
/// How fast an example's say falls with its distance; chosen like [`LAMBDA`].
const SHARPNESS: f32 = 2.0;
/// Sums kept apart while multiplying two rows, so that the processor can do them at once.
const LANES: usize = 8;

/// Dual weights: one row an example, one column an intent.
pub(super) struct Ridge {
    weights: Vec<f32>,
    intents: usize,
}

impl Ridge {
    /// Solves (K + λI) A = Y, one column an intent.
    pub(super) fn fit(examples: &Neighbours, places: &[usize], intents: usize) -> Ridge {
        let n = places.len();
        let mut kernel = Vec::with_capacity(n * n);
        for (i, vector) in examples.vectors().iter().enumerate() {
            kernel.extend(examples.similarities(vector).into_iter().map(weight));
            kernel[i * n + i] += LAMBDA;
        }
        factorise(&mut kernel, n);
        let mut weights = vec![0.0f32; n * intents];
        for intent in 0..intents {
            let mut column: Vec<f32> = places.iter().map(|place| f32::from(u8::from(*place == intent))).collect();
            solve(&kernel, &mut column);
            for (example, weight) in column.into_iter().enumerate() {
                weights[example * intents + intent] = weight;
            }
        }
        Ridge { weights, intents }
    }

    /// One score an intent, from the similarities to every example.
    pub(super) fn scores(&self, similarities: &[f32]) -> Vec<f32> {
        let mut scores = vec![0.0; self.intents];
        for (similarity, row) in similarities.iter().zip(self.weights.chunks_exact(self.intents)) {
            let say = weight(*similarity);
            for (score, weight) in scores.iter_mut().zip(row) {
                *score += say * weight;
            }
        }
        scores
    }
}

/// What an example of this cosine has to say, from 0 to 1.
fn weight(similarity: f32) -> f32 {
    (SHARPNESS * (similarity - 1.0)).exp()
}

/// Replaces the lower triangle of a positive definite matrix by its Cholesky factor.
fn factorise(matrix: &mut [f32], n: usize) {
    for i in 0..n {
        let (above, rest) = matrix.split_at_mut(i * n);
        let row = &mut rest[..n];
        for (j, other) in above.chunks_exact(n).enumerate() {
            row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
        }
        row[i] = (row[i] - dot(&row[..i], &row[..i])).max(f32::MIN_POSITIVE).sqrt();
    }
}

/// Replaces `column` by the solution, given the Cholesky factor.
fn solve(factor: &[f32], column: &mut [f32]) {
    let n = column.len();
    for i in 0..n {
        let row = &factor[i * n..];
        column[i] = (column[i] - dot(&row[..i], &column[..i])) / row[i];
    }
    for i in (0..n).rev() {
        let row = &factor[i * n..];
        let (before, rest) = column.split_at_mut(i);
        rest[0] /= row[i];
        for (value, factor) in before.iter_mut().zip(row) {
            *value -= factor * rest[0];
        }
    }
}

/// The sum of the products.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_worked_out_by_hand_is_solved() {
        // [4 2; 2 3] x = [10; 8] has the solution [1.75; 1.5].
        let mut matrix = vec![4.0, 2.0, 2.0, 3.0];
        factorise(&mut matrix, 2);
        let mut column = vec![10.0, 8.0];
        solve(&matrix, &mut column);
        assert!((column[0] - 1.75).abs() < 1e-5 && (column[1] - 1.5).abs() < 1e-5, "{column:?}");
    }

    #[test]
    fn long_rows_multiply_like_short_ones() {
        let a: Vec<f32> = (0..19).map(|i| i as f32).collect();
        let plain: f32 = a.iter().map(|x| x * x).sum();
        assert!((dot(&a, &a) - plain).abs() < 1e-3);
    }
}
